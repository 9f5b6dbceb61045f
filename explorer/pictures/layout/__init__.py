"""The geometry of the concatenation graph: one pure function for page, files and tests.

:func:`layout` turns a graph into shapes with stable ids: no colour, no SVG. The drawings differ
only in where each shape stands; see :mod:`.chain` and :mod:`.paper`.
"""

from __future__ import annotations

from explorer.graph import Graph
from explorer.pictures.layout import chain, paper
from explorer.pictures.layout.along import folding
from explorer.pictures.layout.frame import BASE
from explorer.pictures.layout.labels import bottleneck_v, hit_box, texts
from explorer.pictures.layout.measures import Measures, measure
from explorer.pictures.layout.shapes import (
    BottleneckShape,
    Box,
    BracketShape,
    CombShape,
    FlareShape,
    LaneShape,
    Layout,
    Orientation,
    Point,
    RibbonShape,
    SliceShape,
)
from explorer.spec import Drawing

__all__ = ["Layout", "Orientation", "folding", "layout"]

HIT = 12.0  # px: what a pointer needs at least


def layout(
    graph: Graph,
    drawing: Drawing = "chain",
    orientation: Orientation = "horizontal",
    width: float = 980.0,
    folded: bool = True,
) -> Layout:
    """Where everything stands.

    Args:
        graph: the block's concatenation graph.
        drawing: ``chain`` or ``paper``.
        orientation: ``horizontal``, or ``vertical`` for narrow screens.
        width: pixels available; what cannot be drawn in them grows wider and is meant to scroll in its frame.
        folded: whether Bottlenecks in the middle of a long block stand folded.
    """
    m = measure(graph, orientation, width, folded)
    return Layout(
        graph=graph,
        drawing=drawing,
        orientation=orientation,
        width=m.width,
        height=m.height,
        strip=m.strip,
        fold=m.fold,
        foldable=m.foldable is not None,
        ribbons=tuple(_ribbon(m, drawing, source) for source in range(m.layers)),
        lanes=tuple(_lanes(m, drawing)),
        flares=tuple(_flare(m, drawing, layer) for layer in range(1, m.layers + 1) if not m.is_folded(layer)),
        combs=tuple(_combs(m, drawing)),
        slices=tuple(_slices(m, drawing)),
        bottlenecks=tuple(_bottlenecks(m, drawing)),
        brackets=_brackets(m, drawing),
        texts=texts(m, drawing),
    )


def _ribbon(m: Measures, drawing: Drawing, source: int) -> RibbonShape:
    if drawing == "chain":
        return RibbonShape(f"ribbon-{source}", source, chain.ribbon_box(m, source))
    return RibbonShape(f"ribbon-{source}", source, paper.original_box(m, source), shown=False)


def _slices(m: Measures, drawing: Drawing) -> list[SliceShape]:
    """Every slice but the copies in folded columns, and what leaves the block at the end of the paper's row."""
    shapes = []
    for column in m.graph.columns:
        for part in column.slices:
            if m.is_folded(column.index) and not part.is_new:
                continue
            shapes.append(_slice(m, drawing, column.index, part.source, part.is_new))
    last = m.layers
    box = chain.slice_box(m, last, last) if drawing == "chain" else paper.output_box(m, last)
    shapes.append(SliceShape(f"output-{last}", last, last, box, False, shown=drawing == "paper"))
    return shapes


def _slice(m: Measures, drawing: Drawing, column: int, source: int, is_new: bool) -> SliceShape:
    shown = True
    if drawing == "chain":
        box = chain.slice_box(m, column, source)
    elif column == m.layers and not is_new:
        box = paper.output_box(m, source)
    else:
        box, shown = paper.original_box(m, source), is_new
    hit = _hit(box) if is_new and not m.is_folded(column) else None
    return SliceShape(f"slice-{column}-{source}", source, column, box, is_new, shown, hit)


def _hit(box: Box) -> Box | None:
    """A box of at least 12 by 12 px around a thin one."""
    if box.width >= HIT and box.height >= HIT:
        return None
    width, height = max(box.width, HIT), max(box.height, HIT)
    x, y = box.x + (box.width - width) / 2, box.y + (box.height - height) / 2
    return Box(max(0.0, x), max(0.0, y), width, height)


def _combs(m: Measures, drawing: Drawing) -> list[CombShape]:
    """The copies in folded columns: each source has one in every folded column after it was made."""
    if m.fold is None:
        return []
    shapes = []
    step = m.starts[m.fold.first + 1] - m.starts[m.fold.first] if m.fold.count > 1 else m.widths[m.fold.first]
    for source in range(m.fold.last):
        first = max(source + 1, m.fold.first)
        box = chain.slice_box(m, first, source) if drawing == "chain" else paper.original_box(m, source)
        along = m.end(m.fold.last) - m.starts[first] if drawing == "chain" else m.widths[source]
        if m.horizontal:
            start: Point = (box.x, box.y + box.height / 2)
            end: Point = (box.x + along, start[1])
            thickness = box.height
        else:
            start = (box.x + box.width / 2, box.y)
            end = (start[0], box.y + along)
            thickness = box.width
        shapes.append(
            CombShape(
                f"folded-{source}", source, start, end, thickness, m.widths[m.fold.first], step, drawing == "chain"
            )
        )
    return shapes


def _lanes(m: Measures, drawing: Drawing) -> list[LaneShape]:
    """What every drawn Bottleneck reads, and what leaves the block (which the chain does not show)."""
    place = chain.lane if drawing == "chain" else paper.lane
    readers = [layer for layer in range(1, m.layers + 1) if not m.is_folded(layer)]
    return [
        LaneShape(
            id=f"lane-{source}-{reader}",
            source=source,
            reader=reader,
            points=m.points(place(m, source, reader)),
            thickness=max(0.5, m.lane_width(source) - 0.3),
            shown=reader <= m.layers or drawing == "paper",
        )
        for reader in [*readers, m.layers + 1]
        for source in range(reader)
    ]


def _flare(m: Measures, drawing: Drawing, layer: int) -> FlareShape:
    v = bottleneck_v(m, drawing, layer)
    half = _thin_end(m, layer) / 2
    low, high = chain.new_slice(m, layer) if drawing == "chain" else paper.new_slice(m, layer)
    start, end = m.bottleneck_start(layer) + m.bottleneck_length, m.starts[layer] + 0.6  # a touch into the slice
    middle = (start + end) / 2
    outline = (
        *((start, v + half), (middle + 3, v + half), (middle, high), (end, high)),
        *((end, low), (middle, low), (middle + 3, v - half), (start, v - half)),
    )
    return FlareShape(f"flare-{layer}", layer, tuple(m.point(*point) for point in outline))


def _thin_end(m: Measures, layer: int) -> float:
    return max(1.4, m.lane_width(layer))


def _bottlenecks(m: Measures, drawing: Drawing) -> list[BottleneckShape]:
    shapes = []
    for node in m.graph.bottlenecks:
        if m.is_folded(node.index):
            continue
        start, v = m.bottleneck_start(node.index), bottleneck_v(m, drawing, node.index)
        middle = [] if node.mid_channels is None else [m.lane * node.mid_channels]
        across = [m.lanes_width(node.index), *middle, _thin_end(m, node.index)]
        kernels = ["1x1", "3x3"] if middle else ["3x3"]
        step = m.bottleneck_length / len(kernels)
        pieces = tuple(
            (kernel, _trapezoid(m, start + i * step, start + (i + 1) * step, v, across[i], across[i + 1]))
            for i, kernel in enumerate(kernels)
        )
        shapes.append(BottleneckShape(f"layer-{node.index}", node.index, pieces, hit_box(m, drawing, node)))
    return shapes


def _trapezoid(m: Measures, start: float, end: float, v: float, first: float, last: float) -> tuple[Point, ...]:
    corners = ((start, v + first / 2), (end, v + last / 2), (end, v - last / 2), (start, v - first / 2))
    return tuple(m.point(*corner) for corner in corners)


def _brackets(m: Measures, drawing: Drawing) -> tuple[BracketShape, ...]:
    """Under the folded layers of the horizontal chain."""
    if m.fold is None or not m.horizontal:
        return ()
    start, end = m.starts[m.fold.first], m.end(m.fold.last)
    points = ((start, BASE + 7), (start, BASE + 12), (end, BASE + 12), (end, BASE + 7))
    return (BracketShape("bracket", points, shown=drawing == "chain"),)
