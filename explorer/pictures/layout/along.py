"""What lies along u: where columns stand, and which are folded. The same for Bottlenecks and residual units."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from explorer.pictures.layout.lettering import text_width
from explorer.pictures.layout.shapes import Box, Fold, Orientation, Point

FOLD_BEYOND = 16  # layers; fewer where the drawing is narrow
VERTICAL_PITCH = 100.0
LEAST_PITCH = 50.0  # horizontally: below it lanes and Bottleneck no longer fit between two columns
UNFOLDED_PITCH = 84.0
MOST_PITCH = 420.0


@dataclass(frozen=True)
class Axes:
    """Where (u, v) lies on the page, and what every drawing has along u: columns, and a fold.

    Attributes:
        base: horizontally, y of the columns' foot.
        fold, foldable: what is folded, and what would be if folding were asked for.
        starts, widths: u of each column's near side, and its extent along u.
        gap: free length between two columns.
        channel: pixels per channel, for columns.
    """

    orientation: Orientation
    width: float
    height: float
    base: float
    fold: Fold | None
    foldable: Fold | None
    starts: tuple[float, ...]
    widths: tuple[float, ...]
    gap: float
    channel: float

    @property
    def horizontal(self) -> bool:
        """Whether u runs to the right."""
        return self.orientation == "horizontal"

    def point(self, u: float, v: float) -> Point:
        """(u, v) on the page."""
        return (u, self.base - v) if self.horizontal else (v, u)

    def points(self, path: Iterable[tuple[float, float]]) -> tuple[Point, ...]:
        """The same for each of ``path``."""
        return tuple([(u, self.base - v) if self.horizontal else (v, u) for u, v in path])

    def box(self, u: float, v: float, along: float, across: float) -> Box:
        """The box from (u, v), ``along`` u and ``across`` in v."""
        return Box(u, self.base - v - across, along, across) if self.horizontal else Box(v, u, across, along)

    def is_folded(self, layer: int) -> bool:
        """Whether ``layer`` and its column are folded."""
        return self.fold is not None and self.fold.holds(layer)

    def end(self, column: int) -> float:
        """u of the column's far side."""
        return self.starts[column] + self.widths[column]


@dataclass(frozen=True)
class Along:
    """Everything that lies along u; see :class:`explorer.pictures.layout.measures.Measures`."""

    width: float
    column_width: float
    gap: float
    end_room: float
    starts: tuple[float, ...]
    widths: tuple[float, ...]


def stand(
    layers: int,
    in_channels: int,
    orientation: Orientation,
    width: float,
    fold: Fold | None,
    foldable: Fold | None,
    vertical_pitch: float = VERTICAL_PITCH,
    breath: float = 12.0,
) -> Along:
    """Columns: as far apart as ``width`` allows; folded ones thin and close together, after a short ``breath``."""
    drawn = layers - (fold.count if fold else 0)
    if orientation == "horizontal":
        end_room = 98.0
        column_width = 24.0 if (width - end_room) / drawn >= 98 else 16.0
        lead = _lead(in_channels, column_width)
    else:
        end_room, column_width, lead = (88.0 if foldable and not fold else 70.0), 18.0, 22.0
    step = max(3.0, min(7.0, 110 / fold.count)) if fold else 0.0
    breath = breath if fold else 0.0
    fixed = lead + end_room + column_width + breath + (fold.count * step if fold else 0.0)
    pitch = vertical_pitch
    if orientation == "horizontal":
        least = UNFOLDED_PITCH if foldable and not fold else LEAST_PITCH
        width = max(width, fixed + drawn * least)
        pitch = min((width - fixed) / drawn, MOST_PITCH)
    starts, widths = _columns(layers, fold, lead, column_width, pitch, step, breath)
    return Along(width, column_width, pitch - column_width, end_room, starts, widths)


def folding(layers: int, orientation: Orientation, width: float) -> Fold | None:
    """Which layers a folded drawing leaves out: all but the first seven and the last four, fewer when narrow."""
    if layers <= (FOLD_BEYOND if orientation == "vertical" else _fold_beyond(width)):
        return None
    head, foot = (7, 4) if orientation == "vertical" or width >= 800 else (4, 3)
    return Fold(head + 1, layers - foot)


def _fold_beyond(width: float) -> int:
    return min(FOLD_BEYOND, int((width - 130) // LEAST_PITCH))


def _lead(in_channels: int, column_width: float) -> float:
    """Room before column 0, so that its total is not cut."""
    total = text_width(f"{in_channels:,}", "total")
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
