"""The words in and around the picture, most important first; what has no room is left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from explorer.graph import BottleneckNode
from explorer.language import _
from explorer.pictures.layout import chain
from explorer.pictures.layout.frame import BASE, column_total, folded_text, widths_text
from explorer.pictures.layout.lettering import placed, source_name, text_width
from explorer.pictures.layout.measures import ROOMY, Measures
from explorer.pictures.layout.shapes import Anchor, Box, Point, Role, TextShape
from explorer.spec import Drawing

Variants = tuple[TextShape, ...]  # the first that fits is taken


def texts(m: Measures, drawing: Drawing) -> tuple[TextShape, ...]:
    """Every text of the drawing that has room."""
    inside = _beside_bottlenecks(m, drawing) if not m.horizontal else _at_bottlenecks(m, drawing)
    if drawing == "paper":
        around = [*_fold(m, drawing), *_output(m), *_originals(m)]
    elif m.horizontal:
        around = [*_fold(m, drawing), *_foot_notes(m), *_totals(m), *_sources_at_the_end(m)]
    else:
        around = [*_fold(m, drawing), *_totals(m), *_end_of_the_vertical_chain(m)]
    return placed([*inside, *around], m.width, m.height)


def bottleneck_v(m: Measures, drawing: Drawing, layer: int) -> float:
    """v of the middle of Bottleneck ``layer``."""
    return chain.bottleneck_v(m, layer) if drawing == "chain" else m.row


def hit_box(m: Measures, drawing: Drawing, node: BottleneckNode) -> Box:
    """What takes the pointer for a Bottleneck: its shape and the room of its texts."""
    v = bottleneck_v(m, drawing, node.index)
    start, half = m.bottleneck_start(node.index), m.tallest / 2
    if not m.horizontal:
        text = max(text_width(widths_text(node.widths), "width"), text_width(_full_name(node), "name"))
        return Box(v - half - 8, start - 8, min(2 * half + 24 + text, m.width - v + half + 8), m.bottleneck_length + 16)
    above = 40.0 if node.index == 1 and _roomy(m) else 26.0
    below = 22.0 if _roomy(m) else 6.0
    x, y = m.point(start - 6, v + half + above)
    return Box(x, y, m.bottleneck_length + 12, 2 * half + above + below)


def _roomy(m: Measures) -> bool:
    return m.bottleneck_length >= ROOMY


def _full_name(node: BottleneckNode) -> str:
    return _("Bottleneck {number}").format(number=node.index)


def _drawn(m: Measures) -> Iterator[BottleneckNode]:
    return (node for node in m.graph.bottlenecks if not m.is_folded(node.index))


# --- Bottlenecks ------------------------------------------------------------------------------------


def _at_bottlenecks(m: Measures, drawing: Drawing) -> Iterator[Variants]:
    """Horizontally: the name above, the channels below, and on the first the kernels, once."""
    half = m.tallest / 2
    for node in _drawn(m):
        layer, start = node.index, m.bottleneck_start(node.index)
        v = bottleneck_v(m, drawing, layer)
        kernels = _kernels(m) if layer == 1 else {}
        rise = half + (23 if kernels else 9)
        short = TextShape(f"name-{layer}", f"B{layer}", m.point(start + m.bottleneck_length / 2, v + rise), "name")
        short = replace(short, layer=layer)
        yield (replace(short, text=_full_name(node)), short) if _roomy(m) and m.names_in_full() else (short,)
        for kernel, share in kernels.items():
            point = m.point(start + m.bottleneck_length * share, v + half + 7)
            yield (TextShape(f"kernel-{kernel}", kernel, point, "width", layer=layer),)
    for node in _drawn(m) if _roomy(m) else ():
        yield from _numbers(m, node, bottleneck_v(m, drawing, node.index) - half - 15)


def _kernels(m: Measures) -> dict[str, float]:
    """Kernel → where along a Bottleneck it is named; empty where there is no room."""
    if not m.graph.spec.bottleneck:
        return {"3×3": 0.5} if _roomy(m) else {}
    fits = m.bottleneck_length / 2 > text_width("1×1", "width") + 1
    return {"1×1": 0.25, "3×3": 0.75} if fits else {}


def _numbers(m: Measures, node: BottleneckNode, v: float) -> Iterator[Variants]:
    """Channels in, between and out under a Bottleneck; those between only where every Bottleneck has room."""
    start, length = m.bottleneck_start(node.index), m.bottleneck_length
    widest = m.graph.bottlenecks[-1].widths
    first, *middle, made = (text_width(f"{channels:,}", "width") for channels in widest)
    left, centre, right = -4.0, 0.53 * length, length + 4
    if left + first + 3 > right - 1.13 * made:
        return
    if middle and (left + first + 2 > centre - middle[0] / 2 or centre + middle[0] / 2 + 2 > right - 1.13 * made):
        middle = []
    parts: list[tuple[str, float, int, Role, Anchor]] = [("in", left, node.in_channels, "width", "start")]
    if middle and node.mid_channels is not None:
        parts.append(("mid", centre, node.mid_channels, "width", "middle"))
    parts.append(("out", right, node.out_channels, "made", "end"))
    for part, along, channels, role, anchor in parts:
        point = m.point(start + along, v)
        yield (TextShape(f"{part}-{node.index}", f"{channels:,}", point, role, anchor, layer=node.index),)


def _beside_bottlenecks(m: Measures, drawing: Drawing) -> Iterator[Variants]:
    """Vertically: name and channels to the right."""
    for node in _drawn(m):
        x = bottleneck_v(m, drawing, node.index) + m.tallest / 2 + 12
        y = m.bottleneck_start(node.index) + m.bottleneck_length / 2
        name = TextShape(f"name-{node.index}", _full_name(node), (x, y - 4), "name", "start", layer=node.index)
        yield (name,)
        yield (
            replace(name, id=f"widths-{node.index}", text=widths_text(node.widths), point=(x, y + 12), role="width"),
        )


# --- columns ----------------------------------------------------------------------------------------


def _totals(m: Measures) -> Iterator[Variants]:
    """The channels of every column, the first and the last before those between them."""
    last = m.layers
    for column in (0, last, *range(1, last)):
        if m.is_folded(column):
            continue
        channels, along = m.graph.columns[column].channels, m.starts[column] + m.widths[column] / 2
        if m.horizontal:
            yield (TextShape(f"total-{column}", f"{channels:,}", (along, BASE + 19), "total"),)
        else:
            point = (m.top(column) + 8, along + 5)
            yield (TextShape(f"total-{column}", column_total(m.graph, column), point, "total", "start"),)


def _foot_notes(m: Measures) -> Iterator[Variants]:
    block = m.graph.spec
    yield (TextShape("note-in", _("channels in"), (m.starts[0], BASE + 38), "note", "start"),)
    whole = TextShape(
        "note-out",
        _("channels out = {sum}").format(sum=_sum(m)),
        (min(m.width - 2, m.end(block.layers) + 94), BASE + 38),
        "note",
        "end",
    )
    yield whole, replace(whole, text=_("channels out"))


def _sum(m: Measures) -> str:
    block = m.graph.spec
    return f"{block.in_channels:,} + {block.layers} · {block.growth_rate}"


def _sources_at_the_end(m: Measures) -> Iterator[Variants]:
    """``x₆ +32`` beside the last column: x0 always, the newest first, none closer than a line."""
    block = m.graph.spec
    entering = _("{channels} in").format(channels=f"{block.in_channels:,}")
    for source in (0, *range(block.layers, 0, -1)):
        x, y = m.point(m.end(block.layers) + 10, m.foot(source) + m.across(source) / 2)
        words = f"+{block.growth_rate}" if source else entering
        text = f"{source_name(source)}\u2002{words}"
        yield (TextShape(f"source-{source}", text, (x, min(y + 4.5, BASE)), "source", "start", source=source),)


def _end_of_the_vertical_chain(m: Measures) -> Iterator[Variants]:
    end = m.end(m.layers)
    for source in (m.layers, 0):
        middle = m.foot(source) + m.across(source) / 2
        point = (max(12.0, middle), end + 17)
        yield (TextShape(f"source-{source}", source_name(source), point, "source", source=source),)
    text = _("{sum} = {channels} channels out").format(sum=_sum(m), channels=f"{m.graph.spec.out_channels:,}")
    yield (TextShape("note-out", text, (1, end + 39), "note", "start"),)


# --- the paper's row --------------------------------------------------------------------------------


def _originals(m: Measures) -> Iterator[Variants]:
    for source in m.graph.sources:
        if m.is_folded(source):
            continue
        half = m.graph.channels_of(source) * m.row_channel / 2
        along = m.starts[source] + m.widths[source] / 2
        point: Point = m.point(along, m.row + half + 8) if m.horizontal else (m.row + half + 6, along + 4.5)
        anchor: Anchor = "middle" if m.horizontal else "start"
        yield (TextShape(f"source-{source}", source_name(source), point, "source", anchor, source=source),)


def _output(m: Measures) -> Iterator[Variants]:
    text = _("{channels} out").format(channels=f"{m.graph.spec.out_channels:,}")
    end = m.output_start()
    if m.horizontal:
        yield (TextShape("total-out", text, m.point(end + 24, m.row + 50), "total", "end"),)
    else:
        yield (TextShape("total-out", text, (m.row, end + 12 + 17), "total"),)


# --- folding ----------------------------------------------------------------------------------------


def _fold(m: Measures, drawing: Drawing) -> Iterator[Variants]:
    """What is folded, and the link that unfolds; unfolded, the link that folds."""
    if m.fold is None:
        if m.foldable is None:
            return
        label = _("fold layers {first}–{last}").format(first=m.foldable.first, last=m.foldable.last)
        point = (m.starts[2], BASE + 38) if m.horizontal else (1.0, m.end(m.layers) + 62)
        yield (TextShape("fold", "", point, "note", "start", link=label),)
        return
    first, last = m.fold.first, m.fold.last
    middle = (m.starts[first] + m.end(last)) / 2
    if m.horizontal:
        y = BASE + 38 if drawing == "chain" else m.point(0, m.row + 44)[1]
        whole = TextShape(
            "fold",
            _("layers {first}–{last} folded").format(first=first, last=last),
            (middle, y),
            "note",
            link=_("unfold"),
        )
        yield whole, replace(whole, text=folded_text(m.fold))
    else:
        x = m.top(last) + 14 if drawing == "chain" else m.row + 20
        yield (TextShape("folded", folded_text(m.fold), (x, middle - 3), "note", "start"),)
        yield (TextShape("fold", "", (x, middle + 14), "note", "start", link=_("unfold")),)
