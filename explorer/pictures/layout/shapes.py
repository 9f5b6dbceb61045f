"""What a drawing of the concatenation graph consists of: plain geometry, in pixels, without colour.

Every shape carries a stable ``id`` and the ``source`` whose colour it takes (0 is the block's
input). The same ids with the same number of points exist in both drawings, so that a drawing can
turn into the other by moving numbers; what a drawing does not show is there with ``shown=False``.
Texts are the exception: they belong to one drawing.

Points are (x, y) from the top left corner, y downwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from explorer.graph import Graph
from explorer.spec import Drawing

Point = tuple[float, float]
Orientation = Literal["horizontal", "vertical"]
Anchor = Literal["start", "middle", "end"]
Role = Literal["name", "width", "made", "total", "source", "note"]


@dataclass(frozen=True, slots=True)
class Box:
    """An upright rectangle; its sides may be 0."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """x of its right side."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """y of its lower side."""
        return self.y + self.height

    def overlaps(self, other: Box, by: float = 0.0) -> bool:
        """Whether both share more than ``by`` pixels in each direction."""
        wide = min(self.right, other.right) - max(self.x, other.x)
        high = min(self.bottom, other.bottom) - max(self.y, other.y)
        return wide > by and high > by

    def around(self, other: Box) -> Box:
        """The smallest box that holds both."""
        x, y = min(self.x, other.x), min(self.y, other.y)
        return Box(x, y, max(self.right, other.right) - x, max(self.bottom, other.bottom) - y)


@dataclass(frozen=True, slots=True)
class SliceShape:
    """The channels of one source in one column; ``is_new`` in the column where they appear first.

    ``hit`` is a larger, invisible box that takes the pointer where the slice itself is thin.
    """

    id: str
    source: int
    column: int
    box: Box
    is_new: bool
    shown: bool = True
    hit: Box | None = None


@dataclass(frozen=True, slots=True)
class RibbonShape:
    """The channels of one source carried on, unchanged, from where they are made to the block's end."""

    id: str
    source: int
    box: Box
    shown: bool = True


@dataclass(frozen=True, slots=True)
class CombShape:
    """Equal copies of one source in neighbouring folded columns: teeth of ``tooth`` px, one every ``step`` px.

    ``start`` and ``end`` lie on the middle of the slices, which are ``thickness`` px across.
    """

    id: str
    source: int
    start: Point
    end: Point
    thickness: float
    tooth: float
    step: float
    shown: bool = True


@dataclass(frozen=True, slots=True)
class LaneShape:
    """How ``reader`` (a Bottleneck, or L + 1 for the block's output) reads ``source``.

    ``points``: a start and five cubic Bézier segments of three points each, in both drawings.
    """

    id: str
    source: int
    reader: int
    points: tuple[Point, ...]
    thickness: float
    shown: bool = True


@dataclass(frozen=True, slots=True)
class FlareShape:
    """What a Bottleneck made, opening from its thin end to the new slice.

    ``points``: a start, one cubic, a straight line, one cubic; closed.
    """

    id: str
    source: int
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class BottleneckShape:
    """One Bottleneck: a piece for each convolution, as wide at either end as its channels.

    ``pieces`` are (``1x1`` or ``3x3``, four corners); ``hit`` takes the pointer and covers its texts.
    """

    id: str
    layer: int
    pieces: tuple[tuple[str, tuple[Point, ...]], ...]
    hit: Box


@dataclass(frozen=True, slots=True)
class TextShape:
    """One line of text; ``point`` is the anchor on its baseline.

    Attributes:
        role: which font it takes, see :data:`explorer.pictures.layout.lettering.FONTS`.
        layer: the Bottleneck that it belongs to, or None.
        source: the source that it names, or None.
        link: a second part that folds or unfolds when clicked; only interactive drawings show it.
    """

    id: str
    text: str
    point: Point
    role: Role
    anchor: Anchor = "middle"
    source: int | None = None
    layer: int | None = None
    link: str = ""


@dataclass(frozen=True, slots=True)
class BracketShape:
    """A square bracket along the folded layers: four corners, open towards them."""

    id: str
    points: tuple[Point, ...]
    shown: bool = True


@dataclass(frozen=True, slots=True)
class Fold:
    """The first and the last Bottleneck that are folded."""

    first: int
    last: int

    @property
    def count(self) -> int:
        """How many Bottlenecks are folded."""
        return self.last - self.first + 1

    def holds(self, layer: int) -> bool:
        """Whether ``layer`` is folded."""
        return self.first <= layer <= self.last


@dataclass(frozen=True)
class Layout:
    """One drawing, ready to be painted back to front in the order of its fields.

    ``strip`` is the empty corner left for code, equation or inspector; None where those stand above.
    ``fold`` is None when every Bottleneck is drawn; ``foldable`` tells whether folding would change it.
    """

    graph: Graph
    drawing: Drawing
    orientation: Orientation
    width: float
    height: float
    strip: Box | None
    fold: Fold | None
    foldable: bool
    ribbons: tuple[RibbonShape, ...]
    lanes: tuple[LaneShape, ...]
    flares: tuple[FlareShape, ...]
    combs: tuple[CombShape, ...]
    slices: tuple[SliceShape, ...]
    bottlenecks: tuple[BottleneckShape, ...]
    brackets: tuple[BracketShape, ...]
    texts: tuple[TextShape, ...]
