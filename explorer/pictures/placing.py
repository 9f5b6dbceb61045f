"""Where words stand in a chart so that nothing overlaps, whatever width the chart gets."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from explorer.pictures.figure_frame import text_width

Box = tuple[float, float, float, float]  # left, top, right, bottom in px
Anchor = Literal["left", "center", "right"]

LINE = 16  # px, one line of chart text
_SIDES: tuple[tuple[int, Anchor], ...] = ((1, "left"), (-1, "right"))
_FAR = (-44, -62, -80, 44, 62, 80, -98, 98, 116, 134)
#: From a point to its words: px to the right, px down to the middle of the line, and which end of the words that is.
SPOTS: tuple[tuple[int, int, Anchor], ...] = (
    (10, 0, "left"),
    (0, -16, "center"),
    (-10, 0, "right"),
    (0, 16, "center"),
    (7, -13, "left"),
    (-7, -13, "right"),
    (7, 13, "left"),
    (-7, 13, "right"),
    (14, -26, "left"),
    (-14, -26, "right"),
    (14, 26, "left"),
    (-14, 26, "right"),
    # Further off, for points in a heap; whoever draws them leads a line to the point.
    *(
        (side * right, down, anchor)
        for down in (-44, -62, -80, -98, 44)
        for right in (22, 44)
        for side, anchor in _SIDES
    ),
)


@dataclass(frozen=True)
class Spot:
    """Where words stand from their point: px to the right, px down, and which end of the words is there."""

    right: int
    down: int
    anchor: Anchor

    @property
    def led(self) -> bool:
        """Whether it is so far off that a line should lead to the point."""
        return abs(self.down) > 20


def spots(
    labels: Sequence[tuple[str, float, float, int]],
    taken: Callable[[float], Sequence[Box]],
    *,
    written: Sequence[Box] = (),
    widths: Sequence[float],
    height: float,
) -> list[Spot]:
    """For each label the first of :data:`SPOTS` that is free at every one of ``widths``, else the freest.

    Args:
        labels: text; its point: x from 0 to 1 of the width, y in px from the top; px that it keeps off further.
        taken: a width → lines that had better stay free of words there.
        written: other words, which stay where they are at every width.
        widths: of the axes, px, as a chart may get them.
        height: of the axes, px.
    """
    lines = {width: list(taken(width)) for width in widths}
    points = {width: [_around(x * width, y) for _, x, y, _ in labels] for width in widths}
    words = {width: list(written) for width in widths}
    found = []
    for text, x, y, pad in labels:
        best: tuple[int, Spot] | None = None
        for spot in (_padded(*each, pad) for each in SPOTS):
            bad = 0
            for width in widths:
                box = _box(text, x * width, y, spot)
                # Words over a line can be read, as they have a halo; over a point worse, over words not.
                bad += _hits(box, lines[width]) + 5 * _hits(box, points[width]) + 40 * _hits(box, words[width])
                bad += 60 * _outside(box, width, height)
                bad += sum(_hits(piece, words[width]) for piece in _leader(x * width, y, spot))
            if best is None or bad < best[0]:
                best = (bad, spot)
            if not bad:
                break
        assert best is not None
        found.append(best[1])
        for width in widths:
            words[width].append(_box(text, x * width, y, best[1]))
            lines[width] += _leader(x * width, y, best[1])
    return found


def along(points: Sequence[tuple[float, float]], pieces: int = 10) -> list[Box]:
    """A line through ``points`` (px) as small boxes."""
    boxes = []
    for (ax, ay), (bx, by) in itertools.pairwise(points):
        for piece in range(pieces + 1):
            x, y = ax + (bx - ax) * piece / pieces, ay + (by - ay) * piece / pieces
            boxes.append((x - 2, y - 2, x + 2, y + 2))
    return boxes


def apart(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places as near to ``wanted`` (rising) as they can be, ``gap`` from each other and between ``low`` and ``high``.

    Where they cannot all be, they begin at ``low`` all the same.
    """
    places: list[float] = []
    groups: list[tuple[float, int]] = []  # (where the first stands, how many follow each other)
    for want in wanted:
        groups.append((want, 1))
        while len(groups) > 1 and groups[-2][0] + gap * groups[-2][1] > groups[-1][0]:
            (first, many), (second, more) = groups[-2], groups[-1]
            start = (first * many + (second - gap * many) * more) / (many + more)
            groups[-2:] = [(start, many + more)]
    end = high
    for index in range(len(groups) - 1, -1, -1):
        start, many = groups[index]
        groups[index] = (min(start, end - gap * (many - 1)), many)
        end = groups[index][0] - gap
    floor = low
    for start, many in groups:
        start = max(start, floor)
        places += [start + gap * index for index in range(many)]
        floor = places[-1] + gap
    return places


def _padded(right: int, down: int, anchor: Anchor, pad: int) -> Spot:
    sign = (right > 0) - (right < 0), (down > 0) - (down < 0)
    return Spot(right + pad * sign[0], down + pad * sign[1], anchor)


def _around(x: float, y: float) -> Box:
    return x - 6, y - 6, x + 6, y + 6


def _box(text: str, x: float, y: float, spot: Spot) -> Box:
    wide = text_width(text) * 1.06  # bold
    left = x + spot.right - {"left": 0.0, "center": wide / 2, "right": wide}[spot.anchor]
    return left - 1, y + spot.down - LINE / 2, left + wide + 1, y + spot.down + LINE / 2


def _leader(x: float, y: float, spot: Spot) -> list[Box]:
    return along([(x, y), (x + spot.right, y + spot.down)], pieces=30)[:-1] if spot.led else []


def _hits(box: Box, others: Sequence[Box]) -> int:
    return sum(o[0] < box[2] and box[0] < o[2] and o[1] < box[3] and box[1] < o[3] for o in others)


def _outside(box: Box, width: float, height: float) -> bool:
    return box[0] < 0 or box[2] > width or box[1] < 0 or box[3] > height + 3  # the axis' numbers begin at 5
