"""The paper's arrows: every source stands once, in a single row, and hangs an arc to each later reader.

Copies and ribbons fall back into their original; Bottlenecks line up with the originals. The
farther an arc reaches, the deeper it hangs (distance to the power of 0.8, so that near ones stay apart).
"""

from __future__ import annotations

from explorer.pictures.layout.chain import LanePath, into_port, lane_u, port_offset, slice_gap
from explorer.pictures.layout.measures import Measures
from explorer.pictures.layout.shapes import Box

_ROUND = 0.552  # of a quarter circle's radius: how far a cubic's handles reach
_OUTPUT_LENGTH = 84.0  # of the stack that shows what leaves the block


def original_box(m: Measures, source: int) -> Box:
    """``source`` where it is made, centred on the row."""
    height = m.graph.channels_of(source) * m.row_channel
    return m.box(m.starts[source], m.row - height / 2, m.widths[source], height)


def new_slice(m: Measures, layer: int) -> tuple[float, float]:
    """v from and to which the flare of ``layer`` opens."""
    half = m.graph.channels_of(layer) * m.row_channel / 2
    return m.row - half, m.row + half


def output_across(m: Measures, source: int) -> tuple[float, float]:
    """v from which ``source`` lies in the stack at the end, and how far it reaches."""
    scale = max(1.0, _OUTPUT_LENGTH / m.lanes_width(m.layers + 1))
    return m.row - _OUTPUT_LENGTH / 2 + m.lanes_width(source) * scale, m.lane_width(source) * scale


def output_box(m: Measures, source: int) -> Box:
    """``source`` in the stack at the end."""
    start, height = output_across(m, source)
    return m.box(m.output_start(), start, 24.0 if m.horizontal else 12.0, height - slice_gap(height))


def lane(m: Measures, source: int, reader: int) -> LanePath:
    """An arc below the row; straight on where the reader comes next."""
    if reader > m.layers:
        start, height = output_across(m, source)
        port, port_v = m.output_start(), start + height / 2
    else:
        port, port_v = m.bottleneck_start(reader), m.row + port_offset(m, source, reader)
    return _next(m, source, port, port_v) if source == reader - 1 else _arc(m, source, port, port_v)


def _next(m: Measures, source: int, port: float, port_v: float) -> LanePath:
    begin = m.end(source)
    steps = [i / 15 for i in range(16)]
    return tuple((begin + (port - begin) * t, m.row + (port_v - m.row) * t * t * (3 - 2 * t)) for t in steps)


def _arc(m: Measures, source: int, port: float, port_v: float) -> LanePath:
    upright = lane_u(m, source, port)
    radius = min(6.0, port - upright)
    begin = m.starts[source] + m.widths[source] / 2
    begin_v = m.row - m.graph.channels_of(source) * m.row_channel / 2
    share = max(0.0, min(1.0, (upright - begin) / (m.starts[-1] - m.starts[0])))
    half = max(m.graph.channels_of(0), m.graph.channels_of(m.layers)) * m.row_channel / 2
    lowest = m.row - half - 12 - m.arc_depth * share**0.8
    middle = (begin + upright) / 2

    def toward(start: float, end: float) -> float:
        return start + (end - start) * _ROUND

    return (
        (begin, begin_v),
        (begin, toward(begin_v, lowest)),
        (begin + (middle - begin) * (1 - _ROUND), lowest),
        (middle, lowest),
        (middle, lowest),
        (middle, lowest),
        (middle, lowest),
        (toward(middle, upright), lowest),
        (upright, port_v - radius + (lowest - port_v + radius) * _ROUND),
        *into_port(upright, port, port_v, radius),
    )
