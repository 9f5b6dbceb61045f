"""The frame of a drawing: its fixed lines, and how many pixels a channel may have before something leaves it."""

from __future__ import annotations

from collections.abc import Iterable

from explorer.graph import Graph
from explorer.language import _
from explorer.pictures.layout.lettering import text_width
from explorer.pictures.layout.shapes import Box, Fold

STRIP = Box(0, 0, 590, 92)  # top left: the code, the equation or the inspector
CORNER_FROM = 750.0  # px of width: narrower drawings have the strip above them
BASE = 386.0  # horizontally: y of the columns' foot; the same for every block, so that nothing below it jumps
BELOW = 46.0  # horizontally: room under the foot, for totals and notes
MOST_PIXELS_PER_CHANNEL = {"horizontal": 2.0, "vertical": 1.2}


def horizontal_limits(
    graph: Graph, fold: Fold | None, starts: tuple[float, ...], before: float, strip: Box | None, rise: float
) -> Iterable[float]:
    """Pixels per channel at which each column and each Bottleneck still has its room below the strip.

    ``before`` is how far a Bottleneck and its lanes reach before their column, ``rise`` how far above it they rise.
    """
    for column in graph.columns:
        under_strip = strip is not None and starts[column.index] < strip.width
        yield (BASE - (strip.height + 6 if under_strip and strip else 0)) / column.channels
    for node in graph.bottlenecks:
        if fold is not None and fold.holds(node.index):
            continue
        under_strip = strip is not None and starts[node.index] - before < strip.width + 6
        above = rise + (40 if node.index == 1 else 26) + (strip.height + 4 if under_strip and strip else 0)
        yield (BASE - above) / node.in_channels


def vertical_limits(graph: Graph, fold: Fold | None, width: float, rise: float) -> Iterable[float]:
    """Pixels per channel at which the texts right of each column and Bottleneck still fit."""
    beside_bottleneck = rise + 14 + bottleneck_room(graph)
    for column in graph.columns:
        yield (width - 10 - text_width(column_total(graph, column.index), "total")) / column.channels
    for node in graph.bottlenecks:
        yield (width - beside_bottleneck) / node.in_channels
    if fold is not None:
        yield (width - 16 - text_width(folded_text(fold), "note")) / graph.columns[fold.last].channels


def column_total(graph: Graph, column: int) -> str:
    """A column's channels as the vertical drawing writes them."""
    channels = graph.columns[column].channels
    return _("{channels} in").format(channels=f"{channels:,}") if column == 0 else f"{channels:,}"


def folded_text(fold: Fold) -> str:
    """``8–20 folded``, beside the folded layers of the vertical drawing."""
    return _("{first}–{last} folded").format(first=fold.first, last=fold.last)


def bottleneck_room(graph: Graph) -> float:
    """Vertically: how wide the texts beside a Bottleneck are at most."""
    names = [_("Bottleneck {number}").format(number=node.index) for node in graph.bottlenecks[-1:]]
    widths = [widths_text(node.widths) for node in graph.bottlenecks[-1:]]
    return max(*(text_width(name, "name") for name in names), *(text_width(text, "width") for text in widths))


def widths_text(widths: tuple[int, ...]) -> str:
    """(64, 128, 32) → ``64 → 128 → 32``."""
    return " → ".join(f"{channels:,}" for channels in widths)
