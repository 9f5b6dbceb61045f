"""The feature-reuse heat map as SVG text: every block a triangle of cells, rows its sources, columns their readers.

All blocks share one scale of size and of colour. A cell's colour is that of the Dense Block as a whole, more or less
opaque, so that it needs no theme of its own and every program that draws SVG knows it. Cells of one tint are one path:
DenseNet-264 has 3,500 of them. A block's group says in ``data-x``, ``data-y``, ``data-cell`` and ``data-follower`` (the
last column's x) where its cells lie, and in ``data-block`` which one it is, so that a page can tell what is pointed at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from explorer.findings.heat import HeatBlock, HeatMap
from explorer.language import _, kept
from explorer.pictures import heat_words
from explorer.pictures.layout.lettering import source_name, text_width
from explorer.pictures.layout.shapes import Anchor, Orientation, Role
from explorer.pictures.palette import LIGHT, TOKENS, Palette, themed_variables
from explorer.pictures.svg import style
from explorer.pictures.svg_markup import group, number, tag

_LARGEST = {"horizontal": 14.0, "vertical": 16.0}  # px, a cell
_LEFT, _RIGHT, _GAP = 32.0, 8.0, 32.0  # px beside the first block, behind the last, between two: room for a name
_HEAD, _FOOT = 44.0, 14.0  # px: a block's name and its readers' numbers, and what the last source's name hangs out
_NAME, _NUMBERS = 14.0, 36.0  # px, their baselines
_LINE = 15.0  # px from one label to the next at least
_FAINTEST, _TINTS = 0.08, 46  # opacity of nothing, and how many steps lead from it to the largest
_SWATCH, _SWATCHES = 12.0, 12


@dataclass(frozen=True)
class _Place:
    """Where a block's cells begin, and the side of one, px."""

    x: float
    y: float
    cell: float
    layers: int

    def column(self, reader: int) -> float:
        """The left of ``reader``'s column; the follower, which is no layer, stands a little apart."""
        return self.x + (reader - 1) * self.cell + (_apart(self.cell) if reader > self.layers else 0)

    @property
    def right(self) -> float:
        return self.column(self.layers + 1) + self.cell

    @property
    def bottom(self) -> float:
        return self.y + (self.layers + 1) * self.cell


@kept(maxsize=32)
def heat_picture(
    found: HeatMap,
    orientation: Orientation = "horizontal",
    width: float = 980.0,
    palette: Palette = LIGHT,
    standalone: bool = True,
) -> str:
    """The SVG of ``found``.

    Args:
        found: the weights, read.
        orientation: the blocks side by side, or one under another, as on a phone, 390 px wide.
        width: px of the whole.
        palette: colours; :data:`explorer.pictures.palette.TOKENS` for CSS variables.
        standalone: as in :func:`explorer.pictures.svg.render`; no part of it is a button.
    """
    places, legend, height = _beside(found, width) if orientation == "horizontal" else _under(found, width)
    root = {
        "xmlns": "http://www.w3.org/2000/svg",
        "id": "heat",
        "class": f"heat {orientation}",
        "width": number(width),
        "height": number(height),
        "viewBox": f"0 0 {number(width)} {number(height)}",
        "role": "img",
    }
    inside = "".join(
        _block(place, block, n, found.largest, palette)
        for n, (place, block) in enumerate(zip(places, found.blocks, strict=True), 1)
    ) + _legend(*legend, found.largest, palette)
    said = heat_words.title(found), heat_words.description(found)
    if not standalone:
        return tag("svg", root | {"aria-label": f"{said[0]}. {said[1]}"}, inside)
    head = (
        tag("title", {"id": "heat-title"}, escape(said[0]))
        + tag("desc", {"id": "heat-desc"}, escape(said[1]))
        + tag("style", {}, (themed_variables(1) if palette is TOKENS else "") + style(palette))
        + tag("rect", {"width": number(width), "height": number(height), "fill": palette.background})
    )
    return tag("svg", root | {"aria-labelledby": "heat-title heat-desc"}, head + inside)


# --- where what lies ------------------------------------------------------------------------------------


def _beside(found: HeatMap, width: float) -> tuple[list[_Place], tuple[float, float], float]:
    """All blocks in one row, their tops on one line; the legend where the low ones leave room."""
    cell = _LARGEST["horizontal"]
    places, end = _row(found, cell)
    while end + _RIGHT > width and cell > 1:
        cell = _shrunk(cell)
        places, end = _row(found, cell)
    legend_right = _LEFT + _SWATCH * _SWATCHES
    # Under a low block, or, under a high one, where its diagonal has gone by.
    over = [min(p.bottom, p.y + legend_right - p.x + _GAP) for p in places if p.x - _GAP < legend_right]
    legend = (_LEFT, max(over) + _FOOT + 34)
    return places, legend, max(max(place.bottom for place in places) + _FOOT, legend[1] + 32)


def _row(found: HeatMap, cell: float) -> tuple[list[_Place], float]:
    """The blocks, and where the last one, or its name, ends."""
    places: list[_Place] = []
    end = _LEFT - _GAP
    for n, block in enumerate(found.blocks, 1):
        places.append(_Place(end + _GAP, _HEAD, cell, block.layers))
        end = max(places[-1].right, places[-1].x + text_width(_block_name(n), "name"))
    return places, end


def _under(found: HeatMap, width: float) -> tuple[list[_Place], tuple[float, float], float]:
    """One block under another, the legend over them."""
    most, cell = max(block.layers for block in found.blocks), _LARGEST["vertical"]
    while _Place(_LEFT, 0, cell, most).right + _RIGHT > width and cell > 1:
        cell = _shrunk(cell)
    places, y = [], 60.0
    for block in found.blocks:
        places.append(_Place(_LEFT, y + _HEAD, cell, block.layers))
        y = places[-1].bottom + _FOOT + 12
    return places, (_LEFT, 22.0), y


def _shrunk(cell: float) -> float:
    """Half pixels, which are whole ones on a finer screen; below, where there is no gap between cells, finer steps."""
    return cell - (0.5 if cell > 4 else 0.1)


def _apart(cell: float) -> float:
    return min(4.0, cell / 2)


# --- elements -------------------------------------------------------------------------------------------


def _block(place: _Place, block: HeatBlock, n: int, top: float, palette: Palette) -> str:
    paths: dict[int, list[str]] = {}
    side = number(place.cell - 1 if place.cell >= 4 else place.cell, 2)
    for source, reader, mean in block.cells():
        at = f"M{number(place.column(reader), 2)} {number(place.y + source * place.cell, 2)}"
        paths.setdefault(_tint(mean, top), []).append(f"{at}h{side}v{side}h-{side}z")
    cells = (
        tag("path", {"fill-opacity": number(_opacity(tint), 2), "d": "".join(squares)})
        for tint, squares in sorted(paths.items())
    )
    attributes: dict[str, object] = {
        "id": f"heat-block-{n}",
        "data-block": n,
        "data-layers": block.layers,
        "data-x": number(place.x, 2),
        "data-y": number(place.y, 2),
        "data-cell": number(place.cell, 2),
        "data-follower": number(place.column(block.layers + 1), 2),
        "fill": palette.dense,
    }
    return tag("g", attributes, "".join(cells)) + group(f"heat-names-{n}", _names(place, block, n))


def _tint(mean: float, top: float) -> int:
    return round(_TINTS * mean / top) if top else 0


def _opacity(tint: int) -> float:
    return _FAINTEST + (1 - _FAINTEST) * tint / _TINTS


def _names(place: _Place, block: HeatBlock, n: int) -> Iterator[str]:
    """The block, its readers over their columns, its sources beside the first cell of their rows."""
    yield _text(place.x, place.y - _HEAD + _NAME, "name", _block_name(n))
    y = place.y - _HEAD + _NUMBERS
    follower = "fc" if block.follower == "classifier" else "T"
    middle = place.cell / 2 - (0.5 if place.cell >= 4 else 0)
    last = place.column(block.layers + 1) + middle
    # It may not reach beyond the last cell, behind which the next block's first name stands.
    ends = max(last + text_width(follower, "note") / 2, place.right)
    yield _text(ends, y, "note", follower, "end")
    free = ends - text_width(follower, "note") - 2
    for reader in _thinned(range(1, block.layers + 1), place.cell, text_width(str(block.layers), "note") + 5):
        x = place.column(reader) + middle
        if x + text_width(str(reader), "note") / 2 <= free:
            yield _text(x, y, "note", str(reader), "middle")
    for source in _thinned(range(block.layers), place.cell, _LINE, keep=block.layers):
        # Its top at the row's, so that it hangs into what is free under the diagonal.
        y = place.y + source * place.cell + max(place.cell / 2 + 4.0, 9.5)
        yield _text(place.column(source + 1) - 5, y, "note", source_name(source), "end")


def _thinned(numbers: Sequence[int], step: float, need: float, keep: int | None = None) -> list[int]:
    """Those of ``numbers`` that are written where one takes ``step`` px and needs ``need``: the first, then round ones.

    ``keep`` is written whatever stands beside it.
    """
    stride = next(s for s in (1, 2, 5, 10, 20, 50, 100) if s * step >= need or s == 100)
    first = numbers[0]
    shown = [n for n in numbers if n == first or (n % stride == 0 and (n - first) * step >= need)]
    if keep is None:
        return shown
    return [n for n in shown if (keep - n) * step >= need] + [keep]


def _legend(x: float, y: float, top: float, palette: Palette) -> str:
    """From 0 to the largest mean; ``y`` is the top of the swatches."""
    swatches = (
        tag(
            "rect",
            {
                "x": number(x + i * _SWATCH),
                "y": number(y),
                "width": number(_SWATCH - 1),
                "height": number(_SWATCH - 1),
                "fill-opacity": number(_opacity(round(i * _TINTS / (_SWATCHES - 1))), 2),
            },
        )
        for i in range(_SWATCHES)
    )
    texts = (
        _text(x, y - 8, "note", _("mean |weight|")),
        _text(x, y + 26, "note", "0"),
        _text(x + _SWATCH * _SWATCHES - 1, y + 26, "note", heat_words.weight_text(top), "end"),
    )
    return tag("g", {"id": "heat-legend", "fill": palette.dense}, "".join(swatches)) + group("heat-scale", texts)


def _text(x: float, y: float, role: Role, text: str, anchor: Anchor = "start") -> str:
    place = {"class": role, "x": number(x), "y": number(y), "text-anchor": anchor}
    return tag("text", place, escape(text))


def _block_name(n: int) -> str:
    return _("Block {number}").format(number=n)
