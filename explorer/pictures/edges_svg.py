"""Which reader sends back how much of a source's gradient: the matrix of shares, and who reads one source.

Rows are sources, columns readers, the loss last and a little apart. A cell's opacity is the square root of its share,
so that a hundredth is still seen; shares below zero are hatched.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from html import escape

from explorer.findings import GradientsFindings
from explorer.language import _
from explorer.pictures import gradient_words as words
from explorer.pictures import svg_markup
from explorer.pictures.layout.lettering import source_name
from explorer.pictures.palette import TOKENS, Palette
from explorer.pictures.svg_markup import number, tag

WIDE, PHONE = 480.0, 350.0  # px
_LEFT, _TOP, _BAR, _GAP = 30.0, 36.0, 96.0, 3.0
_FLOOR, _TINTS = 0.05, 32
Row = tuple[float, ...] | None


def matrix(found: GradientsFindings, width: float = WIDE, palette: Palette = TOKENS) -> str:
    """Sources down, readers across, and a bar for what comes straight from the loss."""
    rows = found.shares
    if not rows:
        return ""
    layers = found.study.block.layers
    cell = (width - _LEFT - _BAR - 8 - _GAP) / (layers + 1)
    height = _TOP + (layers + 1) * min(cell, 24.0) + 22
    tall = min(cell, 24.0)
    most = max((max(row) for row in rows if row is not None), default=1.0)
    drawn = [*_heads(layers, cell, width, height)]
    for source, row in enumerate(rows):
        drawn.append(_row(source, row, layers, cell, tall, width, most, palette))
    label = _("Share of each source’s gradient by the reader it comes back from. {title}.").format(
        title=words.edges_title(found)
    )
    root = {
        "class": "edges-svg",
        "viewBox": f"0 0 {number(width)} {number(height)}",
        "role": "img",
        "aria-label": label,
    }
    return tag("svg", root, "".join(drawn))


def _heads(layers: int, cell: float, width: float, height: float) -> Iterator[str]:
    wide = _("share of a source’s gradient that comes back from reader")
    yield svg_markup.words(_LEFT, 12, wide if width >= WIDE else _("share coming back from reader"), "note")
    for reader in _round(layers, cell):
        yield svg_markup.words(_LEFT + (reader - 0.5) * cell, 30, str(reader), "note", "middle")
    yield svg_markup.words(width, 30, _("from the loss, %"), "note", "end")
    yield svg_markup.words(_LEFT, height - 5, _("sources down, readers across"), "note")
    yield svg_markup.words(_LEFT + (layers + 1) * cell + _GAP, height - 5, _("loss"), "note", "end")


def _round(layers: int, cell: float) -> list[int]:
    step = next(step for step in (1, 2, 3, 6, 12, 16) if step * cell >= 26)
    return [1, *(n for n in range(step, layers + 1, step) if n > 1 and (n - 1) * cell >= 20)]


def _column(reader: int, layers: int, cell: float) -> float:
    return _LEFT + (reader - 1) * cell + (_GAP if reader > layers else 0)


def _row(
    source: int, row: Row, layers: int, cell: float, tall: float, width: float, most: float, palette: Palette
) -> str:
    y = _TOP + source * tall
    fill = palette.source(source, layers)
    side = max(1.0, cell - 1), max(1.0, tall - 1)
    paths: dict[tuple[int, bool], list[str]] = {}
    for index, share in enumerate(row or ()):
        at = f"M{number(_column(source + 1 + index, layers, cell), 2)} {number(y, 2)}"
        square = f"{at}h{number(side[0], 2)}v{number(side[1], 2)}h-{number(side[0], 2)}z"
        paths.setdefault((_tint(share, most), share < 0), []).append(square)
    drawn = [
        tag(
            "path",
            {"d": "".join(squares), "fill": "none" if below else fill, "fill-opacity": number(_opacity(tint), 2)}
            | ({"stroke": fill, "stroke-width": ".8"} if below else {}),
        )
        for (tint, below), squares in sorted(paths.items())
    ]
    bar_left, room = width - _BAR, _BAR - 42
    direct = row[-1] if row else 0.0
    drawn.append(_rect(bar_left, y + 2, room, max(1.0, tall - 5), fill, ".2"))
    drawn.append(_rect(bar_left, y + 2, room * min(1.0, max(0.0, direct)), max(1.0, tall - 5), fill))
    every = next(step for step in (1, 2, 3, 6, 12) if step * tall >= (17 if tall >= 17 else 34))
    if source % every == 0 or source == layers:
        faint = "" if (layers - source) * tall >= 17 or source == layers else " away"
        drawn.append(svg_markup.words(_LEFT - 5, y + tall / 2 + 4.5, source_name(source), f"note usual{faint}", "end"))
        drawn.append(svg_markup.words(width, y + tall / 2 + 4.5, _direct(row), f"note usual{faint}", "end"))
    drawn.append(
        tag(
            "g",
            {"class": "at", "data-at": source},
            _rect(_LEFT - 1.5, y - 1, width - _BAR - _LEFT - 2, tall + 1, "none", stroke=palette.ink)
            + svg_markup.words(_LEFT - 5, y + tall / 2 + 4.5, source_name(source), "name halo", "end")
            + svg_markup.words(width, y + tall / 2 + 4.5, _direct(row), "name halo", "end"),
        )
    )
    drawn.append(tag("rect", {"class": "hit", "x": 0, "y": number(y), "width": number(width), "height": number(tall)}))
    return tag("g", {"data-points": source}, "".join(drawn))


def _direct(row: Row) -> str:
    return words.percent(row[-1]).removesuffix("%") if row else "–"


def _tint(share: float, most: float) -> int:
    return round(_TINTS * math.sqrt(min(1.0, abs(share) / most)))


def _opacity(tint: int) -> float:
    return _FLOOR + (1 - _FLOOR) * tint / _TINTS


# --- who reads one source ---------------------------------------------------------------------------------


def readers(found: GradientsFindings, width: float = 420.0, palette: Palette = TOKENS) -> str:
    """Every reader's column to scale, the lit source's slice in full; under it, what each sends back to that source."""
    rows, block = found.shares, found.study.block
    if not rows:
        return ""
    layers = block.layers
    ground, up, hang = 168.0, 132.0, 126.0
    wide = (width - 4) / (layers + 1.6)
    scale = up / block.out_channels

    def x(reader: int) -> float:
        return (reader - 1) * wide + (0.6 * wide if reader > layers else 0)

    def slice_of(source: int, reader: int) -> str:
        tall = block.source_channels(source) * scale
        y = ground - block.source_start(source) * scale - tall
        across = max(1.0, wide - 2)
        high = number(max(0.5, tall - 0.5), 2)
        return f"M{number(x(reader), 2)} {number(y, 2)}h{number(across, 2)}v{high}h-{number(across, 2)}z"

    drawn = [svg_markup.words(0, 12, _("who reads it: columns to scale, its slice in full colour"), "note")]
    for source in range(layers + 1):
        path = "".join(slice_of(source, reader) for reader in range(source + 1, layers + 2))
        drawn.append(tag("path", {"d": path, "fill": palette.source(source, layers), "fill-opacity": ".16"}))
    drawn.append(tag("path", {"d": f"M0 {ground + 0.5}H{number(width)}", "stroke": palette.axis}))
    for reader in _round(layers, wide):
        drawn.append(svg_markup.words(x(reader) + wide / 2, 344, str(reader), "note", "middle"))
    drawn.append(svg_markup.words(width, 344, _("loss"), "note", "end"))
    for source, row in enumerate(rows):
        fill = palette.source(source, layers)
        shown = "".join(slice_of(source, reader) for reader in range(source + 1, layers + 2))
        inside = tag("path", {"d": shown, "fill": fill})
        inside += _hanging(source, row, x, wide, ground, hang, fill)
        drawn.append(tag("g", {"class": "at", "data-at": source}, inside))
    root = {
        "class": "readers-svg",
        "viewBox": f"0 0 {number(width)} 350",
        "role": "img",
        "aria-label": _("What every reader sends back to one source"),
    }
    told = "".join(
        f'<p class="at" data-at="{source}">{escape(words.back_line(row, source, layers))}</p>'
        for source, row in enumerate(rows)
    )
    return tag("svg", root, "".join(drawn)) + f'<div class="told" aria-live="polite">{told}</div>'


def _hanging(
    source: int, row: Row, x: Callable[[int], float], wide: float, ground: float, hang: float, fill: str
) -> str:
    if row is None:
        return ""
    most = max([*row, 1e-9])
    across = number(max(1.0, wide - 2), 2)
    bars = [
        f"M{number(x(source + 1 + index), 2)} {ground + 2:g}h{across}v{number(max(0.8, max(0.0, s) / most * hang), 2)}"
        f"h-{across}z"
        for index, s in enumerate(row)
    ]
    drawn = tag("path", {"d": "".join(bars), "fill": fill})
    last = len(row) - 1

    def label(index: int, anchor: str) -> str:
        left = x(source + 1 + index)
        at = left + {"start": 0.0, "middle": wide / 2, "end": wide - 2}[anchor]
        y = ground + 18 + max(0.0, row[index]) / most * hang
        return svg_markup.words(at, y, words.percent(row[index]), "name halo", anchor)

    drawn += label(last, "end")
    biggest = _biggest(row[:-1])
    if biggest is not None and row[biggest] > 0.02 and last - biggest > 2:
        drawn += label(biggest, "start" if source + biggest < 2 else "middle")
    return drawn


def _biggest(values: Sequence[float]) -> int | None:
    return max(range(len(values)), key=lambda index: values[index]) if values else None


def _rect(x: float, y: float, width: float, height: float, fill: str, opacity: str = "", stroke: str = "") -> str:
    place: dict[str, object] = {
        "x": number(x, 2),
        "y": number(y, 2),
        "width": number(width, 2),
        "height": number(height, 2),
        "fill": fill,
    }
    if opacity:
        place["fill-opacity"] = opacity
    if stroke:
        place |= {"stroke": stroke, "stroke-width": "1.5"}
    return tag("rect", place)
