"""All measures of a drawing of a residual block; axes and names as in :mod:`.measures`."""

from __future__ import annotations

import math
from dataclasses import dataclass

from explorer.language import _
from explorer.pictures.layout.along import Axes, folding, stand
from explorer.pictures.layout.frame import BASE, BELOW, folded_text
from explorer.pictures.layout.lettering import text_width
from explorer.pictures.layout.shapes import Box, Fold, Orientation
from explorer.spec import ResidualSpec

VERTICAL_PITCH = 122.0
ROW = 28.0  # vertically: between a column and its unit, for one line of text
RADIUS = 8.0  # of the sum's circle
ABOVE = 18.0  # from the columns' top to the line past a unit
RISE = 44.0  # horizontally: room above the line past the units, for what is written there
STEP = 90.0  # horizontally, the room above the foot grows by: what is below the drawing seldom jumps
PROJECTION = Box(0, 0, 30, 18)  # the size of its sign


@dataclass(frozen=True)
class ResidualMeasures(Axes):
    """All measures of one drawing; as in :class:`explorer.pictures.layout.measures.Measures`.

    Attributes:
        inside: pixels per channel of what is inside a unit.
        lead, tail: free lengths before a unit, and between it and the next column.
        over: v of the line past the units.
    """

    spec: ResidualSpec
    inside: float
    lead: float
    tail: float
    over: float

    def channels(self, column: int) -> int:
        """The width of ``column``."""
        return self.spec.width_before(column + 1)

    def top(self, column: int) -> float:
        """v of the column's top."""
        return self.channels(column) * self.channel

    def unit_start(self, unit: int) -> float:
        """u at which ``unit`` begins."""
        return self.end(unit - 1) + self.lead

    def unit_end(self, unit: int) -> float:
        """u at which ``unit`` ends."""
        return self.starts[unit] - self.tail

    def plus(self, unit: int) -> tuple[float, float]:
        """(u, v) of the sum."""
        return self.starts[unit] - self.tail / 2 - 1, max(self.top(unit) / 2, RADIUS + 1)

    def projects(self, unit: int) -> bool:
        """Whether ``unit`` changes the width, so that a 1×1 must project what goes past it."""
        return self.spec.width_before(unit) != self.spec.out_channels

    def projection_middle(self, unit: int) -> float:
        """u of the projection: halfway along the line past the unit, or in the row of texts before it."""
        if self.horizontal:
            return (self.starts[unit - 1] + self.widths[unit - 1] / 2 + self.plus(unit)[0]) / 2
        return self.end(unit - 1) + ROW - 14

    def drawn(self) -> list[int]:
        """The units that are not folded."""
        return [unit for unit in range(1, self.spec.units + 1) if not self.is_folded(unit)]


def measure(
    spec: ResidualSpec, channel: float, orientation: Orientation, width: float, folded: bool
) -> ResidualMeasures:
    """The measures of ``spec``; see :func:`residual_layout`."""
    horizontal = orientation == "horizontal"
    foldable = folding(spec.units, orientation, width)
    fold = foldable if folded else None
    along = stand(
        spec.units, spec.in_channels, orientation, width, fold, foldable, VERTICAL_PITCH, 12.0 if horizontal else ROW
    )
    widest = max(spec.in_channels, spec.out_channels)
    most = BASE if horizontal else along.width - PROJECTION.width / 2 - 1 - ABOVE
    channel = min(channel, most / widest)
    across = widest * channel
    over = max(across, 2 * RADIUS + 2) + ABOVE
    base = STEP * math.ceil((over + RISE) / STEP)
    if not horizontal:
        over = max(over, row_width(spec, foldable) + ABOVE)
    return ResidualMeasures(
        spec=spec,
        orientation=orientation,
        width=along.width,
        height=base + BELOW if horizontal else along.starts[-1] + along.column_width + along.end_room,
        base=base,
        channel=channel,
        inside=min(channel, across / spec.inner_width),
        fold=fold,
        foldable=foldable,
        starts=along.starts,
        widths=along.widths,
        gap=along.gap,
        lead=min(12.0, max(4.0, along.gap * 0.1)) if horizontal else ROW,
        tail=min(30.0, max(20.0, along.gap * 0.2)) if horizontal else 28.0,
        over=over,
    )


def row_width(spec: ResidualSpec, foldable: Fold | None) -> float:
    """Vertically: how wide the texts between a column and its unit are at most."""
    first, later = (text_width(total_words(spec, i), "total") + 12 for i in (0, min(1, spec.units - 1)))
    widths = [later + text_width(unit_name(spec.units), "name")]
    if spec.in_channels != spec.out_channels:
        widths.append(first + text_width(unit_name(1), "name") + text_width(projection_words(), "width") + 20)
    if foldable is not None:
        widths.append(later + text_width(folded_text(foldable) + _("unfold") + ": ", "note"))
    return max(widths)


def projection_words() -> str:
    """What the line past a unit meets where the width changes."""
    return _("projection")


def unit_name(unit: int) -> str:
    """``Unit 3``."""
    return _("Unit {number}").format(number=unit)


def total_words(spec: ResidualSpec, column: int) -> str:
    """A column's width as the vertical drawing writes it."""
    words = f"{spec.width_before(column + 1):,}"
    if column == 0:
        return _("{channels} in").format(channels=words)
    return _("{channels} channels out").format(channels=words) if column == spec.units else words
