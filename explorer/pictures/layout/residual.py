"""The geometry of a residual block, in the language of the concatenation graph.

Columns are widths, at the pixels per channel of the Dense Block's drawing and, where both have as
many layers, at the same places. u runs along the units, v counts channels, as in :mod:`.measures`.
A unit is drawn as it is: C → w → w → C, at the columns' own scale. A line carries what the unit
read past it, into the sum.
"""

from __future__ import annotations

from itertools import pairwise

from explorer.pictures.layout.residual_labels import texts
from explorer.pictures.layout.residual_measures import PROJECTION, RADIUS, RISE, ResidualMeasures, measure
from explorer.pictures.layout.residual_shapes import ResidualLayout, UnitShape, WidthShape
from explorer.pictures.layout.shapes import Box, BracketShape, Orientation, Point
from explorer.spec import ResidualSpec

_CORNER = 7.0
_THINNEST = 1.4  # px across: what a piece has at least


def residual_layout(
    spec: ResidualSpec,
    channel: float,
    orientation: Orientation = "horizontal",
    width: float = 980.0,
    folded: bool = True,
) -> ResidualLayout:
    """Where everything stands.

    Args:
        spec: the residual block.
        channel: pixels per channel, those of the drawing that it stands beside; less only where the width does not fit.
        orientation: ``horizontal``, or ``vertical`` for narrow screens.
        width: pixels available; what cannot be drawn in them grows wider and is meant to scroll in its frame.
        folded: whether units in the middle of a long block stand folded.
    """
    m = measure(spec, channel, orientation, width, folded)
    return ResidualLayout(
        spec=spec,
        orientation=orientation,
        width=m.width,
        height=m.height,
        channel=m.channel,
        inside=m.inside,
        fold=m.fold,
        foldable=m.foldable is not None,
        columns=tuple(
            WidthShape(f"width-{i}", i, m.box(m.starts[i], 0, m.widths[i], m.top(i))) for i in range(spec.units + 1)
        ),
        units=tuple(_unit(m, unit) for unit in m.drawn()),
        brackets=_brackets(m),
        texts=texts(m),
    )


def _unit(m: ResidualMeasures, unit: int) -> UnitShape:
    u, v = m.plus(unit)
    end, middle = m.unit_end(unit), m.top(unit) / 2
    return UnitShape(
        id=f"unit-{unit}",
        unit=unit,
        pieces=_pieces(m, unit),
        branch=(m.point(end, middle), m.point(u, v), m.point(m.starts[unit], v if m.top(unit) > v else middle)),
        skip=_skip(m, unit, u, v),
        projection=_projection(m, unit),
        plus=m.point(u, v),
        radius=RADIUS,
        hit=_hit(m, unit),
    )


def _pieces(m: ResidualMeasures, unit: int) -> tuple[tuple[str, tuple[Point, ...]], ...]:
    """The branch: at either end as wide as the column there, the rest between them, never below the foot."""
    spec, before = m.spec, m.channels(unit - 1)
    basic = spec.unit == "basic"
    widths = [before, *spec.inner_widths, spec.out_channels]
    kernels = ("3x3", "3x3") if basic else ("1x1", "3x3", "1x1")
    start, end = m.unit_start(unit), m.unit_end(unit)
    first, last = m.top(unit - 1) / 2, m.top(unit) / 2
    edges = []
    for i, channels in enumerate(widths):
        share = i / (len(widths) - 1)
        half = max(_THINNEST, channels * m.inside) / 2
        v = max(half, first + (last - first) * share)  # never below the foot
        edges.append((start + (end - start) * share, v, half))
    return tuple(
        (kernel, tuple(m.point(*p) for p in ((a, va + ha), (b, vb + hb), (b, vb - hb), (a, va - ha))))
        for kernel, ((a, va, ha), (b, vb, hb)) in zip(kernels, pairwise(edges), strict=True)
    )


def _skip(m: ResidualMeasures, unit: int, u: float, v: float) -> tuple[Point, ...]:
    """From the far end of the column that is read, past the unit, into the sum."""
    start = (m.starts[unit - 1] + m.end(unit - 1)) / 2
    over, r = m.over, min(_CORNER, (u - start) / 2)
    path = (
        *((start, m.top(unit - 1)), (start, over - r), (start, over), (start + r, over)),
        *((u - r, over), (u, over), (u, over - r), (u, v + RADIUS)),
    )
    return tuple(m.point(*place) for place in path)


def _projection(m: ResidualMeasures, unit: int) -> Box | None:
    """Where the sign of the projection stands on the line."""
    if not m.projects(unit):
        return None
    x, y = m.point(m.projection_middle(unit), m.over)
    return Box(x - PROJECTION.width / 2, y - PROJECTION.height / 2, PROJECTION.width, PROJECTION.height)


def _hit(m: ResidualMeasures, unit: int) -> Box:
    start, end = m.end(unit - 1) + 1, m.end(unit)
    return m.box(
        start,
        0,
        end - start,
        m.over + (RISE if m.projects(unit) else 26) if m.horizontal else min(m.over + 16, m.width),
    )


def _brackets(m: ResidualMeasures) -> tuple[BracketShape, ...]:
    """Under the folded units of a horizontal drawing."""
    if m.fold is None or not m.horizontal:
        return ()
    start, end = m.starts[m.fold.first], m.end(m.fold.last)
    corners = ((start, -7.0), (start, -12.0), (end, -12.0), (end, -7.0))
    return (BracketShape("unit-bracket", tuple(m.point(*corner) for corner in corners)),)
