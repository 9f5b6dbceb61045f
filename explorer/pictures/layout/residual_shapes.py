"""What a drawing of a residual block consists of: plain geometry, as in :mod:`.shapes`."""

from __future__ import annotations

from dataclasses import dataclass

from explorer.pictures.layout.shapes import Box, BracketShape, Fold, Orientation, Point, TextShape
from explorer.spec import ResidualSpec


@dataclass(frozen=True, slots=True)
class WidthShape:
    """The channels at one place of the block: 0 is the input, i what the sum of unit i gives."""

    id: str
    column: int
    box: Box


@dataclass(frozen=True, slots=True)
class UnitShape:
    """One residual unit, what goes past it, and the sum of both.

    Attributes:
        id: ``unit-3``.
        unit: from 1.
        pieces: (``1x1`` or ``3x3``, four corners) for each convolution of the branch.
        branch: from the branch's end through the sum to the next column.
        skip: the line past the unit: a start, then line, quadratic corner, line, quadratic corner, line.
        projection: the sign of a 1×1 on that line, where the unit changes the width.
        plus: the middle of the sum's circle.
        radius: the circle's.
        hit: what takes the pointer: the unit, its texts, and the column that it gives.
    """

    id: str
    unit: int
    pieces: tuple[tuple[str, tuple[Point, ...]], ...]
    branch: tuple[Point, ...]
    skip: tuple[Point, ...]
    projection: Box | None
    plus: Point
    radius: float
    hit: Box


@dataclass(frozen=True)
class ResidualLayout:
    """One drawing, ready to be painted back to front in the order of its fields.

    ``channel`` is pixels per channel of the columns, ``inside`` those of the units: smaller only where a
    unit is wider inside than the block.
    """

    spec: ResidualSpec
    orientation: Orientation
    width: float
    height: float
    channel: float
    inside: float
    fold: Fold | None
    foldable: bool
    columns: tuple[WidthShape, ...]
    units: tuple[UnitShape, ...]
    brackets: tuple[BracketShape, ...]
    texts: tuple[TextShape, ...]
