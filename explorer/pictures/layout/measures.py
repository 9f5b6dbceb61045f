"""All measures of one drawing: where columns and Bottlenecks stand, and what a channel is worth in pixels.

Two axes: u runs along the layers, v counts channels. Horizontally u goes right and v up from
``BASE``; vertically (phones) u goes down and v right. Both drawings share every measure, so that
what does not move between them stays exactly where it is.

Two scales: ``channel`` is one scale for all columns and slices, so that heights compare. Lanes and
Bottlenecks share a smaller one, ``lane``. No slice is made taller than its channels: four
channels beside 512 are a hairline, and that is the finding.
"""

from __future__ import annotations

from dataclasses import dataclass

from explorer.graph import Graph
from explorer.language import _
from explorer.pictures.layout.along import Axes, folding, stand
from explorer.pictures.layout.frame import (
    BASE,
    BELOW,
    CORNER_FROM,
    MOST_PIXELS_PER_CHANNEL,
    STRIP,
    bottleneck_room,
    horizontal_limits,
    vertical_limits,
)
from explorer.pictures.layout.lettering import text_width
from explorer.pictures.layout.shapes import Box, Orientation
from explorer.spec import DenseBlockSpec

ROOMY = 46.0  # px: a Bottleneck this long has its numbers under it


@dataclass(frozen=True)
class Measures(Axes):
    """See the module's text. Lists are by column, 0 … L; lengths in pixels.

    Attributes:
        lane: pixels per channel, for lanes and Bottlenecks.
        thinnest_lane: the least width of a lane.
        tallest: the widest that lanes or a Bottleneck get, across.
        bottleneck_length, tail: lengths of a Bottleneck, and of what lies between it and its new slice.
        lift: how far above the column that it reads the middle of a Bottleneck stands.
        row: v of the paper's single row. row_channel: pixels per channel of the originals on it.
        arc_depth: how far the paper's longest arc hangs below the row.
    """

    graph: Graph
    strip: Box | None
    column_width: float
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
    def layers(self) -> int:
        """L."""
        return self.graph.spec.layers

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
    foldable = folding(graph.spec.layers, orientation, width)
    fold = foldable if folded else None
    along = stand(graph.spec.layers, graph.spec.in_channels, orientation, width, fold, foldable)
    lanes = _lanes(graph.spec, min(24.0 if horizontal else 22.0, along.gap / 4))
    tail = max(9.0, min(24.0, along.gap * 0.14))
    roomy = max(72.0, min(110.0, along.gap * 0.36))
    length = max(10.0, min(roomy, along.gap - 10 - lanes.reads - tail))
    lift = (8.0 if not horizontal else 24.0 if length >= ROOMY else 9.0) + lanes.tallest / 2

    scrolls = horizontal and foldable is not None and not folded  # then what stands in the corner is not its beginning
    strip = STRIP if horizontal and along.width >= CORNER_FROM and not scrolls else None
    rise = lift + lanes.tallest / 2
    before = tail + length + 7 + lanes.reads
    limits = (
        horizontal_limits(graph, fold, along.starts, before, strip, rise)
        if horizontal
        else vertical_limits(graph, fold, along.width, rise)
    )
    channel = min(MOST_PIXELS_PER_CHANNEL[orientation], *limits)
    row_channel, row, arc_depth = _row(graph, channel, strip, None if horizontal else along.width, lanes.tallest)
    return Measures(
        graph=graph,
        orientation=orientation,
        width=along.width,
        height=BASE + BELOW if horizontal else along.starts[-1] + along.column_width + along.end_room,
        base=BASE,
        strip=strip,
        fold=fold,
        foldable=foldable,
        starts=along.starts,
        widths=along.widths,
        column_width=along.column_width,
        gap=along.gap,
        channel=channel,
        lane=lanes.scale,
        thinnest_lane=lanes.thinnest,
        tallest=lanes.tallest,
        bottleneck_length=length,
        tail=tail,
        lift=lift,
        row=row,
        row_channel=row_channel,
        arc_depth=arc_depth,
    )


@dataclass(frozen=True)
class _Lanes:
    """The small scale: see :class:`Measures`. ``reads`` is the width of what the last Bottleneck reads."""

    scale: float
    thinnest: float
    reads: float
    tallest: float


def _lanes(block: DenseBlockSpec, widest: float) -> _Lanes:
    """The scale at which neither lanes nor Bottlenecks get (much) wider than ``widest``."""
    mid = block.mid_channels if block.bottleneck else block.growth_rate
    scale = min(0.125, widest / max(block.width_before(block.layers), 0.8 * mid))
    thinnest = min(0.45, 12 / block.layers)
    made = max(thinnest, scale * block.growth_rate)
    reads = max(thinnest, scale * block.in_channels) + (block.layers - 1) * made
    return _Lanes(scale, thinnest, reads, max(reads, scale * mid))


def _row(
    graph: Graph, channel: float, strip: Box | None, upright: float | None, tallest: float
) -> tuple[float, float, float]:
    """The paper's row: its pixels per channel, its v, and how deep its arcs hang. ``upright``: a vertical's width."""
    widest = max(graph.spec.in_channels, graph.spec.growth_rate)
    row_channel = min(channel, (88.0 if upright is None else 60.0) / widest)
    half = widest * row_channel / 2
    if upright is None:
        row = BASE - 36 - max(half, 22.0) - (strip.height if strip else 10.0)
        return row_channel, row, row - half + 14
    beside = max(tallest / 2 + 14 + bottleneck_room(graph), half + 14 + text_width("x₁₂", "source"))
    row = upright - beside - 2
    return row_channel, row, row - half - 18
