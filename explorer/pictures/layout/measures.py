"""All measures of one drawing: where columns and Bottlenecks stand, and what a channel is worth in pixels.

Two axes: u runs along the layers, v counts channels. Horizontally u goes right and v up from
``base``; vertically (phones) u goes down and v right. Both drawings share every measure, so that
what does not move between them stays exactly where it is.

Two scales: ``channel`` is one scale for all columns and slices, so that heights compare. Lanes and
Bottlenecks share a smaller one, ``lane``. No slice is made taller than its channels: four
channels beside 512 are a hairline, and that is the finding.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from explorer.graph import Graph
from explorer.language import _
from explorer.pictures.layout.lettering import text_width
from explorer.pictures.layout.shapes import Box, Fold, Orientation, Point

STRIP = Box(0, 0, 590, 92)  # top left: the code, the equation or the inspector
CORNER_FROM = 750.0  # px of width: narrower drawings have the strip above them
BASE = 386.0  # horizontally: y of the columns' foot; the same for every block, so that nothing below it jumps
BELOW = 46.0  # horizontally: room under the foot, for totals and notes
MOST_PIXELS_PER_CHANNEL = {"horizontal": 2.0, "vertical": 1.2}
FOLD_BEYOND = 16  # Bottlenecks; fewer where the drawing is narrow
VERTICAL_PITCH = 100.0
LEAST_PITCH = 50.0  # horizontally: below it lanes and Bottleneck no longer fit between two columns
UNFOLDED_PITCH = 84.0


@dataclass(frozen=True)
class Measures:
    """See the module's text. Lists are by column, 0 … L; lengths in pixels.

    Attributes:
        fold, foldable: what is folded, and what would be if folding were asked for.
        starts, widths: u of each column's near side, and its extent along u.
        gap: free length between two columns.
        channel, lane: pixels per channel, for columns and for lanes and Bottlenecks.
        thinnest_lane: the least width of a lane.
        tallest: the widest that lanes or a Bottleneck get, across.
        bottleneck_length, tail: lengths of a Bottleneck, and of what lies between it and its new slice.
        lift: how far above the column that it reads the middle of a Bottleneck stands.
        row: v of the paper's single row. row_channel: pixels per channel of the originals on it.
        arc_depth: how far the paper's longest arc hangs below the row.
    """

    graph: Graph
    orientation: Orientation
    width: float
    height: float
    strip: Box | None
    fold: Fold | None
    foldable: Fold | None
    starts: tuple[float, ...]
    widths: tuple[float, ...]
    column_width: float
    gap: float
    channel: float
    lane: float
    thinnest_lane: float
    tallest: float
    bottleneck_length: float
    tail: float
    lift: float
    row: float
    row_channel: float
    arc_depth: float

    @property
    def horizontal(self) -> bool:
        """Whether u runs to the right."""
        return self.orientation == "horizontal"

    @property
    def layers(self) -> int:
        """L."""
        return self.graph.spec.layers

    def point(self, u: float, v: float) -> Point:
        """(u, v) on the page."""
        return (u, BASE - v) if self.horizontal else (v, u)

    def box(self, u: float, v: float, along: float, across: float) -> Box:
        """The box from (u, v), ``along`` u and ``across`` in v."""
        return Box(u, BASE - v - across, along, across) if self.horizontal else Box(v, u, across, along)

    def is_folded(self, layer: int) -> bool:
        """Whether Bottleneck ``layer`` and its column are folded."""
        return self.fold is not None and self.fold.holds(layer)

    def end(self, column: int) -> float:
        """u of the column's far side."""
        return self.starts[column] + self.widths[column]

    def foot(self, source: int) -> float:
        """v at which the channels of ``source`` begin, in every column."""
        return self.graph.columns[source].slices[-1].start * self.channel

    def across(self, source: int) -> float:
        """How far the channels of ``source`` reach in v, in every column."""
        return self.graph.channels_of(source) * self.channel

    def top(self, column: int) -> float:
        """v of the column's top."""
        return self.graph.columns[column].channels * self.channel

    def lane_width(self, source: int) -> float:
        """Width of a lane that carries ``source``."""
        return max(self.thinnest_lane, self.lane * self.graph.channels_of(source))

    def lanes_width(self, count: int) -> float:
        """Width of the lanes of the first ``count`` sources side by side."""
        return self.lane_width(0) + (count - 1) * self.lane_width(1) if count else 0.0

    def bottleneck_start(self, layer: int) -> float:
        """u at which Bottleneck ``layer`` begins."""
        return self.starts[layer] - self.tail - self.bottleneck_length

    def output_start(self) -> float:
        """u of the stack at the end of the paper's row, which holds every source once."""
        return self.end(self.layers) + (62 if self.horizontal else 34)

    def names_in_full(self) -> bool:
        """Whether there is room for "Bottleneck 3" instead of "B3"."""
        middle_to_column = self.bottleneck_length / 2 + self.tail + self.column_width / 2
        longest = _("Bottleneck {number}").format(number=self.layers)
        return not self.horizontal or middle_to_column > text_width(longest, "name") / 2 + 10


def measure(graph: Graph, orientation: Orientation, width: float, folded: bool) -> Measures:
    """The measures of ``graph`` drawn ``width`` px wide; unfolded it may grow beyond and scroll in its frame."""
    horizontal = orientation == "horizontal"
    block = graph.spec
    foldable = folding(block.layers, orientation, width)
    fold = foldable if folded else None
    folded_count = fold.count if fold else 0
    drawn = block.layers - folded_count
    column_width = 18.0 if not horizontal else 16.0 if drawn > 8 else 24.0
    lead = _lead(graph, column_width) if horizontal else 22.0
    end_room = 98.0 if horizontal else 58.0 if fold or not foldable else 80.0
    fold_step = max(3.0, min(7.0, 110 / folded_count)) if fold else 0.0
    breath = 12.0 if fold else 0.0

    fixed = lead + end_room + column_width + folded_count * fold_step + breath
    if horizontal:
        if foldable and not folded:
            width = max(width, fixed + drawn * UNFOLDED_PITCH)
        width = max(width, fixed + drawn * LEAST_PITCH)
        pitch = min((width - fixed) / drawn, 420.0)
    else:
        pitch = VERTICAL_PITCH
    starts, widths = _columns(block.layers, fold, lead, column_width, pitch, fold_step, breath)

    gap = pitch - column_width
    widest = min(24.0 if horizontal else 22.0, gap / 4)
    mid = block.mid_channels if block.bottleneck else block.growth_rate
    last_in = block.width_before(block.layers)
    lane = min(0.125, widest / max(last_in, 0.8 * mid))
    thinnest = min(0.45, 12 / block.layers)

    def lane_width(channels: int) -> float:
        return max(thinnest, lane * channels)

    lanes = lane_width(block.in_channels) + block.layers * lane_width(block.growth_rate)
    reads = lanes - lane_width(block.growth_rate)
    tallest = max(reads, lane * mid)
    tail = max(9.0, min(24.0, gap * 0.14))
    length = max(10.0, min(max(72.0, gap * 0.3), gap - 10 - reads - tail))
    lift = (8.0 if not horizontal else 24.0 if length >= 46 else 9.0) + tallest / 2

    strip = STRIP if horizontal and width >= CORNER_FROM else None
    limits = (
        _horizontal_limits(graph, fold, starts, tail + length + 7 + reads, strip, lift + tallest / 2)
        if horizontal
        else _vertical_limits(graph, fold, width, lift + tallest / 2)
    )
    channel = min(MOST_PIXELS_PER_CHANNEL[orientation], *limits)

    widest_source = max(block.in_channels, block.growth_rate)
    row_channel = min(channel, (88.0 if horizontal else 60.0) / widest_source)
    half = widest_source * row_channel / 2
    if horizontal:
        row = BASE - 36 - max(half, 22.0) - (strip.height if strip else 10.0)
        arc_depth = row - half - 12 + 26
    else:
        beside = max(tallest / 2 + 14 + bottleneck_room(graph), half + 14 + text_width("x₁₂", "source"))
        row = width - beside - 2
        arc_depth = row - half - 12 - 6
    return Measures(
        graph=graph,
        orientation=orientation,
        width=width,
        height=BASE + BELOW if horizontal else starts[-1] + column_width + end_room,
        strip=strip,
        fold=fold,
        foldable=foldable,
        starts=starts,
        widths=widths,
        column_width=column_width,
        gap=gap,
        channel=channel,
        lane=lane,
        thinnest_lane=thinnest,
        tallest=tallest,
        bottleneck_length=length,
        tail=tail,
        lift=lift,
        row=row,
        row_channel=row_channel,
        arc_depth=arc_depth,
    )


def folding(layers: int, orientation: Orientation, width: float) -> Fold | None:
    """Which Bottlenecks a folded drawing leaves out: all but the first seven and the last four, fewer when narrow."""
    if layers <= (FOLD_BEYOND if orientation == "vertical" else _fold_beyond(width)):
        return None
    head, foot = (7, 4) if orientation == "vertical" or width >= 800 else (4, 3)
    return Fold(head + 1, layers - foot)


def _fold_beyond(width: float) -> int:
    return min(FOLD_BEYOND, int((width - 130) // LEAST_PITCH))


def bottleneck_room(graph: Graph) -> float:
    """Vertically: how wide the texts beside a Bottleneck are at most."""
    names = [_("Bottleneck {number}").format(number=node.index) for node in graph.bottlenecks[-1:]]
    widths = [widths_text(node.widths) for node in graph.bottlenecks[-1:]]
    return max(*(text_width(name, "name") for name in names), *(text_width(text, "width") for text in widths))


def widths_text(widths: tuple[int, ...]) -> str:
    """(64, 128, 32) → ``64 → 128 → 32``."""
    return " → ".join(f"{channels:,}" for channels in widths)


def _lead(graph: Graph, column_width: float) -> float:
    """Room before column 0, so that its total is not cut."""
    total = text_width(f"{graph.spec.in_channels:,}", "total")
    return max(4.0, total / 2 - column_width / 2 + 1)


def _columns(
    layers: int, fold: Fold | None, lead: float, column_width: float, pitch: float, fold_step: float, breath: float
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Starts and widths of the columns: folded ones are thin and stand close, after a short breath."""
    starts, widths = [lead], [column_width]
    for layer in range(1, layers + 1):
        folded = fold is not None and fold.holds(layer)
        width = 0.62 * fold_step if folded else column_width
        if fold is not None and layer == fold.first:
            step = breath
        elif folded:
            step = fold_step - width
        else:
            step = pitch - column_width
        starts.append(starts[-1] + widths[-1] + step)
        widths.append(width)
    return tuple(starts), tuple(widths)


def _horizontal_limits(
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


def _vertical_limits(graph: Graph, fold: Fold | None, width: float, rise: float) -> Iterable[float]:
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
