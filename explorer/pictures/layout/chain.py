"""The chain as coded: columns at one scale, Bottlenecks lifted above the column that they read."""

from __future__ import annotations

from explorer.pictures.layout.measures import Measures
from explorer.pictures.layout.shapes import Box

LanePath = tuple[tuple[float, float], ...]  # 16 points in (u, v): a start and five cubics


def slice_gap(height: float) -> float:
    """The hairline left free between neighbouring slices."""
    return min(1.0, height / 6)


def slice_box(m: Measures, column: int, source: int) -> Box:
    """The slice of ``source`` in ``column``."""
    height = m.across(source)
    return m.box(m.starts[column], m.foot(source), m.widths[column], height - slice_gap(height))


def ribbon_box(m: Measures, source: int) -> Box:
    """From where ``source`` is made to the end of the last column, under its copies."""
    start = m.end(source)
    return m.box(start, m.foot(source), m.end(m.layers) - start, m.across(source))


def bottleneck_v(m: Measures, layer: int) -> float:
    """v of the middle of Bottleneck ``layer``."""
    return m.top(layer - 1) + m.lift


def new_slice(m: Measures, layer: int) -> tuple[float, float]:
    """v from and to which the flare of ``layer`` opens."""
    height = m.across(layer)
    return m.foot(layer), m.foot(layer) + height - slice_gap(height)


def lane(m: Measures, source: int, reader: int) -> LanePath:
    """Out of the middle of the slice, up beside the Bottleneck, into its port."""
    if reader > m.layers:  # what follows the block: shown in the paper's drawing only
        middle = m.foot(source) + m.across(source) / 2
        return elbow(m, source, m.end(m.layers), middle, m.output_start(), middle)
    port_v = bottleneck_v(m, reader) + port_offset(m, source, reader)
    middle = m.foot(source) + m.across(source) / 2
    return elbow(m, source, m.end(reader - 1), middle, m.bottleneck_start(reader), port_v)


def port_offset(m: Measures, source: int, reader: int) -> float:
    """v of the port of ``source``, from the middle of the Bottleneck that reads it: in stack order."""
    return m.lanes_width(source) + m.lane_width(source) / 2 - m.lanes_width(reader) / 2


def lane_u(m: Measures, source: int, port: float) -> float:
    """u of a lane's upright part: x0 nearest the Bottleneck, the newest farthest, so that none cross."""
    return port - 7 - m.lanes_width(source) - m.lane_width(source) / 2


def elbow(m: Measures, source: int, begin: float, start_v: float, port: float, port_v: float) -> LanePath:
    """Along u, round a corner, along v, round another into the port."""
    upright = lane_u(m, source, port)
    radius = max(0.1, min(7.0, (port_v - start_v) / 2.2, upright - begin, port - upright))
    return (
        (begin, start_v),
        (begin, start_v),
        (upright - radius, start_v),
        (upright - radius, start_v),
        (upright - 0.4 * radius, start_v),
        (upright, start_v + 0.4 * radius),
        (upright, start_v + radius),
        (upright, start_v + radius),
        (upright, port_v - radius),
        *into_port(upright, port, port_v, radius),
    )


def into_port(upright: float, port: float, port_v: float, radius: float) -> LanePath:
    """The last two segments of a lane, the same in both drawings."""
    return (
        (upright, port_v - radius),
        (upright, port_v - 0.4 * radius),
        (upright + 0.4 * radius, port_v),
        (upright + radius, port_v),
        (upright + radius, port_v),
        (port, port_v),
        (port, port_v),
    )
