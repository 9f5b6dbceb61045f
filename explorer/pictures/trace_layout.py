"""Where everything stands in the picture of a traced module: one column a concatenation, in the order they ran.

Left to right is time. A source that waited while the network went on at other sizes (a skip connection) has a post
where it was made, and an arc from there to the slice that reads it. Neighbours of one map size share a ruler.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from explorer.findings import Trace
from explorer.pictures.layout.lettering import placed
from explorer.pictures.layout.shapes import Box, Point, TextShape
from explorer.pictures.palette import Palette
from explorer.pictures.trace_labels import Mark, Scale, labels

MARGIN, TOP, FOOT = 12.0, 30.0, 58.0  # px beside, above (for totals) and below the columns
TALLEST = 280.0  # px of the widest column
_PITCH = (2.4, 104.0)  # px from a column to the next, at least and at most
_WIDEST = 24.0  # px of a column
_ARCS = 96.0  # px that all arcs take together, at most
_ROOM = 16.0  # px of pitch from which on an arc comes down beside its column, and not onto it


@dataclass(frozen=True)
class Piece:
    """One slice of one column. ``new``: nobody has read this source before."""

    source: int
    box: Box
    new: bool


@dataclass(frozen=True)
class Arc:
    """From where a source was made to the slice that reads it, as the corners of a line."""

    source: int
    points: tuple[Point, ...]
    thickness: float


@dataclass(frozen=True)
class TraceLayout:
    """Everything that is drawn, in px."""

    width: float
    height: float
    pieces: tuple[Piece, ...]
    ribbons: tuple[tuple[int, Box], ...]
    arcs: tuple[Arc, ...]
    rulers: tuple[tuple[Point, Point], ...]
    texts: tuple[TextShape, ...]


def trace_layout(found: Trace, width: float = 980.0) -> TraceLayout:
    """The picture of ``found``; wider than ``width`` px where its columns would else be too thin to be seen."""
    marks = list(_marks(found))
    arcs = _arcs(marks)
    levels = _levels(arcs)
    runs = [list(run) for _size, run in itertools.groupby(marks, key=lambda mark: mark.size)]
    pitch, gap, column = _steps(len(marks), len(runs), width)
    step = min(13.0, _ARCS / max(levels, default=1))
    base = TOP + step * max(levels, default=0) + TALLEST
    at = Scale(pitch, column, TALLEST / max((mark.channels for mark in marks), default=1), base, width)
    x, read = MARGIN, {end for _source, _start, end in arcs}
    for run in runs:
        for place, mark in enumerate(run):
            run[place] = replace(mark, left=x, read=marks.index(mark) in read)
            x += pitch
        x += gap
    named = f"trace-{width:.0f}-"  # the page has a narrow picture beside the wide one
    width = max(width, x - gap - pitch + column + MARGIN)
    marks = [mark for run in runs for mark in run]
    spans = [(run[0].left, run[-1].left + column) for run in runs]
    pieces = tuple(_pieces(marks, at))
    drawn = tuple(_drawn(arcs, levels, pieces, marks, step, at))
    texts = placed(labels(found, runs, spans, at), width, base + FOOT)
    return TraceLayout(
        width=width,
        height=base + FOOT,
        pieces=pieces,
        ribbons=tuple(_ribbons(marks, pieces, column)),
        arcs=drawn,
        rulers=tuple(((left, base + 9), (right, base + 9)) for left, right in spans),
        texts=tuple(replace(text, id=named + text.id) for text in texts),
    )


def colours(found: Trace, palette: Palette) -> tuple[str, ...]:
    """The colour of every source.

    Sources that are joined with each other begin the ramp anew, the first of them grey, as x0 of a Dense Block is.
    Where only two are (a U-Net's decoder), one ramp goes over all of them. What was given and not made is grey.
    """
    groups = _joined(found)
    alone = sorted(source for group in groups if len(group) < 3 for source in group)
    made = [source for source in alone if found.sources[source].maker == "module"]
    given = palette.source(0, 1)
    told = dict.fromkeys(range(len(found.sources)), given)
    told |= {source: palette.source(place, len(made)) for place, source in enumerate(made, 1)}
    for group in groups:
        later = [source for source in sorted(group)[1:] if found.sources[source].maker == "module"]
        if len(group) > 2:
            told[min(group)] = given
            told |= {source: palette.source(place, len(later)) for place, source in enumerate(later, 1)}
    return tuple(palette.mute if one.maker == "unknown" else told[source] for source, one in enumerate(found.sources))


def _joined(found: Trace) -> list[set[int]]:
    """Sources in groups: all that are joined with each other, however indirectly."""
    groups: list[set[int]] = []
    for cat in found.concatenations:
        now = {part.source for part in cat.slices}
        apart = [group for group in groups if not group & now]
        groups = [*apart, now.union(*(group for group in groups if group & now))]
    return groups


def _marks(found: Trace) -> Iterator[Mark]:
    """Posts and columns in the order in which they were made."""
    posts = [
        (source.made, 0, Mark(source.size, ((place, source.channels),), None))
        for place, source in enumerate(found.sources)
        if source.far
    ]
    columns = [
        (cat.made, 1, Mark(cat.size, tuple((part.source, part.channels) for part in cat.slices), place))
        for place, cat in enumerate(found.concatenations)
    ]
    yield from (mark for *_, mark in sorted([*posts, *columns], key=lambda one: one[:2]))


def _steps(count: int, runs: int, width: float) -> tuple[float, float, float]:
    """(pitch, gap between two rulers more than that, width of a column)."""
    room = width - 2 * MARGIN
    gap = min(18.0, 0.12 * room / max(runs, 1))
    pitch = (room - (runs - 1) * gap) / max(count, 1)
    pitch = min(max(pitch, _PITCH[0]), _PITCH[1])
    return pitch, gap, min(_WIDEST, max(0.72 * pitch, pitch - 8) if pitch < 24 else 0.6 * pitch)


def _pieces(marks: Sequence[Mark], at: Scale) -> Iterator[Piece]:
    seen: set[int] = set()
    for mark in marks:
        y = at.base
        for source, channels in mark.parts:
            high = channels * at.channel
            y -= high
            line = min(1.0, high / 6)  # between two slices
            yield Piece(source, Box(mark.left, y, at.column, high - line), source not in seen)
            seen.add(source)


def _ribbons(marks: Sequence[Mark], pieces: Sequence[Piece], column: float) -> Iterator[tuple[int, Box]]:
    """One band for a source that stands at the same height in neighbouring columns of one size."""
    begun: dict[tuple[int, float, float], tuple[float, float]] = {}  # (source, y, height) → where it begins and ends
    rest = iter(pieces)
    before: Mark | None = None
    for mark in marks:
        here = {(piece.source, piece.box.y, piece.box.height) for piece in itertools.islice(rest, len(mark.parts))}
        goes_on = before is not None and before.size == mark.size and before.cat is not None
        for key in [key for key in begun if not goes_on or key not in here]:
            yield from _band(key, *begun.pop(key))
        for key in here:
            begun[key] = (begun[key][0] if key in begun else mark.left + column, mark.left)
        before = mark
    for key, (start, end) in begun.items():
        yield from _band(key, start, end)


def _band(key: tuple[int, float, float], start: float, end: float) -> Iterator[tuple[int, Box]]:
    if end > start:
        yield key[0], Box(start, key[1], end - start, key[2])


def _arcs(marks: Sequence[Mark]) -> list[tuple[int, int, int]]:
    """(source, its post, the column that reads it), both as places among ``marks``."""
    posts = {mark.parts[0][0]: place for place, mark in enumerate(marks) if mark.cat is None}
    arcs = []
    for place, mark in enumerate(marks):
        before = marks[place - 1] if place and marks[place - 1].size == mark.size else None
        carried = (
            {source for source, _channels in before.parts} if before is not None and before.cat is not None else set()
        )
        for source in dict.fromkeys(source for source, _channels in mark.parts):
            if mark.cat is not None and source in posts and source not in carried:
                arcs.append((source, posts[source], place))
    return arcs


def _levels(arcs: Sequence[tuple[int, int, int]]) -> list[int]:
    """How high each arc goes, from 1, so that none lies on another."""
    levels = [0] * len(arcs)
    for place in sorted(range(len(arcs)), key=lambda one: arcs[one][2] - arcs[one][1]):
        _source, start, end = arcs[place]
        over = [
            levels[other] for other, (_source, a, b) in enumerate(arcs) if levels[other] and a <= end and start <= b
        ]
        levels[place] = max(over, default=0) + 1
    return levels


def _drawn(
    arcs: Sequence[tuple[int, int, int]],
    levels: Sequence[int],
    pieces: Sequence[Piece],
    marks: Sequence[Mark],
    step: float,
    at: Scale,
) -> Iterator[Arc]:
    firsts = list(itertools.accumulate((len(mark.parts) for mark in marks), initial=0))
    most = max(levels, default=0)
    beside: dict[int, int] = {}  # column → how many arcs come down beside it
    for (source, start, end), level in zip(arcs, levels, strict=True):
        read = next(piece for piece in pieces[firsts[end] : firsts[end + 1]] if piece.source == source)
        post = pieces[firsts[start]].box
        y = TOP + (most - level) * step - 14
        x = post.x + at.column / 2
        thick = min(5.0, max(1.5, 0.3 * at.column))
        if at.pitch >= _ROOM:
            beside[end] = beside.get(end, 0) + 1
            down = read.box.x - min(6.0 * beside[end], at.pitch - at.column - 2)
            middle = read.box.y + read.box.height / 2
            points: tuple[Point, ...] = ((x, post.y), (x, y), (down, y), (down, middle), (read.box.x, middle))
        else:
            top = min(piece.box.y for piece in pieces[firsts[end] : firsts[end + 1]])
            points = ((x, post.y), (x, y), (read.box.x + at.column / 2, y), (read.box.x + at.column / 2, top))
        yield Arc(source, points, thick)
