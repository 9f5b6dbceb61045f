"""The picture is the module: every edge, width and order that is drawn is what a forward pass really did.

The live block runs under hooks and under a torch function mode that sees ``torch.cat``; nothing here
asks the measuring room, which has a watch of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
import torch
from hypothesis import example, given, settings
from strategies import dense_blocks
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from explorer.blocks import build
from explorer.graph import Graph, concat_graph
from explorer.pictures.layout import Layout, layout
from explorer.pictures.layout.shapes import LaneShape, Orientation, SliceShape
from explorer.spec import DenseBlockSpec, Drawing

SIZES: tuple[tuple[Orientation, float], ...] = (("horizontal", 976), ("horizontal", 640), ("vertical", 340))
DRAWINGS: tuple[Drawing, ...] = ("chain", "paper")
LONG = DenseBlockSpec(3, 2, 20, 2)  # long enough to fold
blocks = dense_blocks(channels=12, growth=6, layers=6)


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


# --- watching -------------------------------------------------------------------------------------------


@dataclass
class Unit:
    """What was seen of one Bottleneck: the tensor that it was given, its convolutions, its concatenation."""

    name: str
    read: Tensor | None = None
    convolutions: list[tuple[tuple[int, int], int, int]] = field(default_factory=list)  # kernel, channels in, out
    joined: list[tuple[tuple[Tensor, ...], Tensor]] = field(default_factory=list)
    returned: Tensor | None = None


class Watch(TorchFunctionMode):
    """Sees every ``torch.cat`` of a forward pass and says which unit it ran in.

    With ``tag``, what a unit has made is replaced, at its concatenation, by numbers that tell unit and channel.
    """

    def __init__(self, block: nn.Module, tag: bool = False) -> None:
        super().__init__()
        self.tag = tag
        self.units: list[Unit] = []
        self.inside: Unit | None = None
        self.handles = []
        layers = cast(nn.Sequential, block.get_submodule("denseblock"))
        for number, layer in enumerate(layers):
            self.handles += [
                layer.register_forward_pre_hook(self._enter(f"denseblock.{number}")),
                layer.register_forward_hook(self._leave),
            ]
            for part in layer.modules():
                if isinstance(part, nn.Conv2d):
                    self.handles.append(part.register_forward_hook(self._convolved))

    def __torch_function__(self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func not in (torch.cat, torch.concat, torch.concatenate):
            return func(*args, **kwargs)
        tensors, dim = tuple(args[0]), kwargs.get("dim", args[1] if len(args) > 1 else 0)
        assert self.inside is not None and dim == 1, "a concatenation outside of a Bottleneck, or not of channels"
        if self.tag:
            *old, made = tensors
            tensors = (*old, tagged(len(self.units), made))
        out = func(tensors, dim)
        self.inside.joined.append((tensors, out))
        return out

    def run(self, block: nn.Module, x: Tensor) -> Tensor:
        with torch.no_grad(), self:
            out: Tensor = block(x)
        for handle in self.handles:
            handle.remove()
        return out

    def _enter(self, name: str) -> Any:
        def enter(module: nn.Module, args: tuple[Tensor, ...]) -> None:
            (x,) = args
            self.inside = Unit(name, read=x)
            self.units.append(self.inside)

        return enter

    def _leave(self, module: nn.Module, args: tuple[Tensor, ...], out: Tensor) -> None:
        assert self.inside is not None
        self.inside.returned, self.inside = out, None

    def _convolved(self, module: nn.Module, args: tuple[Tensor, ...], out: Tensor) -> None:
        assert self.inside is not None
        kernel = cast(tuple[int, int], module.kernel_size)
        self.inside.convolutions.append((kernel, args[0].shape[1], out.shape[1]))


def tagged(source: int, like: Tensor) -> Tensor:
    """A tensor whose every value says which channel of which source it is: 1000 · source + channel."""
    channel = torch.arange(like.shape[1], dtype=like.dtype).view(1, -1, 1, 1)
    return (1000.0 * source + channel).expand(like.shape).contiguous()


@dataclass(frozen=True)
class Ran:
    """A forward pass: the block's columns, what each source is, and what each Bottleneck was seen to do."""

    units: tuple[Unit, ...]
    columns: tuple[Tensor, ...]
    sources: tuple[Tensor, ...]

    @property
    def channels(self) -> tuple[int, ...]:
        return tuple(source.shape[1] for source in self.sources)


def ran(spec: DenseBlockSpec, tag: bool = False) -> Ran:
    torch.manual_seed(spec.layers)
    block = build(spec)
    x = torch.randn(2, spec.in_channels, 3, 4)
    if tag:
        x = tagged(0, x)
    watch = Watch(block, tag)
    out = watch.run(block, x)
    columns, sources = [x], [x]
    for unit in watch.units:
        ((tensors, joined),) = unit.joined  # one concatenation each
        before, made = tensors
        assert before is unit.read is columns[-1], "it concatenates to the very tensor that it was given"
        assert joined is unit.returned
        columns.append(joined)
        sources.append(made)
    assert out is columns[-1]
    return Ran(tuple(watch.units), tuple(columns), tuple(sources))


def order_in(column: Tensor, sources: Sequence[Tensor]) -> list[tuple[int, int, int]]:
    """(source, first channel, channels) of a column, found by its values, which must be bit for bit the source's."""
    found, at = [], 0
    while at < column.shape[1]:
        hits = [
            (number, source.shape[1])
            for number, source in enumerate(sources)
            if torch.equal(column[:, at : at + source.shape[1]], source)
        ]
        assert len(hits) == 1, f"channel {at} begins no source, or more than one: {hits}"
        ((number, channels),) = hits
        found.append((number, at, channels))
        at += channels
    return found


def channels_read(spec: DenseBlockSpec) -> list[list[bool]]:
    """Of each Bottleneck, which channels of the column before it reach what it makes.

    One image for each channel, not a number in that channel: whatever reads it makes no numbers either.
    """
    block = build(spec).eval()
    found = []
    layers = cast(nn.Sequential, block.get_submodule("denseblock"))
    for number, layer in enumerate(layers, 1):
        width = spec.in_channels + (number - 1) * spec.growth_rate
        poisoned = torch.randn(width, width, 1, 1)
        poisoned[range(width), range(width)] = torch.nan
        with torch.no_grad():
            made = layer(poisoned)[:, width:]
        assert torch.equal(made.isnan().all(dim=1), made.isnan().any(dim=1))
        found.append([bool(lost) for lost in made.isnan().flatten(1).all(dim=1)])
    return found


# --- the graph ------------------------------------------------------------------------------------------


@given(blocks)
@settings(max_examples=40)
@example(LONG)
def test_columns_hold_the_sources_that_the_graph_says_where_it_says(spec: DenseBlockSpec) -> None:
    graph, live = concat_graph(spec), ran(spec)
    assert [column.channels for column in graph.columns] == [column.shape[1] for column in live.columns]
    for column, tensor in zip(graph.columns, live.columns, strict=True):
        for part in column.slices:
            assert torch.equal(tensor[:, part.start : part.stop], live.sources[part.source]), part
        assert [part.source for part in column.slices if part.is_new] == [column.index]
    # The same once more with values of which no two sources can share any; ReLU may leave only zeros.
    marked = ran(spec, tag=True)
    for column, tensor in zip(graph.columns, marked.columns, strict=True):
        parts = [(part.source, part.start, part.channels) for part in column.slices]
        assert order_in(tensor, marked.sources) == parts


@given(blocks)
@settings(max_examples=40)
@example(LONG)
def test_bottlenecks_are_the_modules_that_ran(spec: DenseBlockSpec) -> None:
    graph, live, marked = concat_graph(spec), ran(spec), ran(spec, tag=True)
    named = dict(build(spec).named_modules())
    assert [node.name for node in graph.bottlenecks] == [unit.name for unit in live.units]
    for node, unit in zip(graph.bottlenecks, live.units, strict=True):
        assert node.name in named
        assert node.widths == (unit.convolutions[0][1], *(after for _, _, after in unit.convolutions))
        assert [kernel for kernel, _, _ in unit.convolutions] == [(1, 1), (3, 3)][-len(unit.convolutions) :]
        assert (node.mid_channels is None) == (len(unit.convolutions) == 1)
        given_to = marked.units[node.index - 1].read
        assert given_to is not None
        assert node.reads == tuple(source for source, _, _ in order_in(given_to, marked.sources))


@given(blocks)
@settings(max_examples=40)
@example(LONG)
def test_every_edge_of_both_drawings_was_walked(spec: DenseBlockSpec) -> None:
    graph, live, marked, reads = concat_graph(spec), ran(spec), ran(spec, tag=True), channels_read(spec)
    chain = []
    for number, unit in enumerate(live.units, 1):
        ((before, made), _) = unit.joined[0]
        assert unit.read is not None
        chain += [
            ("carry", number, before.shape[1]),
            ("read", number, sum(reads[number - 1])),
            ("add", number, made.shape[1]),
        ]
    assert [(edge.kind, edge.layer, edge.channels) for edge in graph.chain] == chain
    paper = []
    for reader, column in enumerate(marked.columns, 1):
        for source, start, channels in order_in(column, marked.sources):
            # The output of the block is handed on whole; a Bottleneck reads what changes what it makes.
            read = channels if reader > spec.layers else sum(reads[reader - 1][start : start + channels])
            if read:
                paper.append((source, reader, read))
    assert [(edge.source, edge.consumer, edge.channels) for edge in graph.paper] == paper


# --- what is drawn of it ----------------------------------------------------------------------------------


@given(blocks)
@settings(max_examples=25)
@example(LONG)
def test_the_chain_draws_the_columns_that_were_concatenated(spec: DenseBlockSpec) -> None:
    graph, marked = concat_graph(spec), ran(spec, tag=True)
    columns = [order_in(column, marked.sources) for column in marked.columns]
    for size in SIZES:
        for folded in (True, False):
            drawn = layout(graph, "chain", *size, folded)
            for number, parts in enumerate(columns):
                shown = [s for s in drawn.slices if s.column == number and s.shown]
                if drawn.fold and drawn.fold.holds(number):
                    assert [s.source for s in shown] == [parts[-1][0]]
                    continue
                assert [s.source for s in _stacked(drawn, shown)] == [source for source, _, _ in parts]
                assert [s.source for s in shown if s.is_new] == [parts[-1][0]]
            for ribbon in drawn.ribbons:  # one scale for every source, from the real number of channels
                assert _across(drawn, ribbon.box) / marked.channels[ribbon.source] == pytest.approx(
                    _across(drawn, drawn.ribbons[0].box) / marked.channels[0]
                )
            assert _teeth(drawn) == _copies_in_the_fold(drawn, columns)


@given(blocks)
@settings(max_examples=25)
@example(LONG)
def test_lanes_are_what_was_read_in_the_order_of_its_channels(spec: DenseBlockSpec) -> None:
    graph, marked, reads = concat_graph(spec), ran(spec, tag=True), channels_read(spec)
    for size in SIZES:
        for drawing in DRAWINGS:
            for folded in (True, False):
                drawn = layout(graph, drawing, *size, folded)
                for reader, column in enumerate(marked.columns, 1):
                    lanes = [lane for lane in drawn.lanes if lane.reader == reader and lane.shown]
                    if drawn.fold and drawn.fold.holds(reader):
                        assert not lanes
                        continue
                    if reader > spec.layers and drawing == "chain":
                        assert not lanes
                        continue
                    parts = order_in(column, marked.sources)
                    if reader <= spec.layers:
                        parts = [(s, start, n) for s, start, n in parts if all(reads[reader - 1][start : start + n])]
                        _check_pieces(drawn, reader, marked.units[reader - 1])
                    assert [lane.source for lane in _at_port(drawn, lanes)] == [source for source, _, _ in parts]
                    widths = {lane.source: lane.thickness for lane in lanes}
                    layers = [widths[source] for source, _, _ in parts if source]
                    assert len(set(layers)) <= 1  # each layer's k channels are one width
                    if layers and marked.channels[0] > spec.growth_rate:
                        assert widths[0] >= layers[0]


@given(blocks)
@settings(max_examples=25)
@example(DenseBlockSpec())
@example(DenseBlockSpec(layers=3, bottleneck=False))
def test_numbers_in_the_picture_are_those_of_the_tensors(spec: DenseBlockSpec) -> None:
    graph, live = concat_graph(spec), ran(spec)
    seen = set()
    for size in SIZES:
        for drawing in DRAWINGS:
            for text in layout(graph, drawing, *size).texts:
                kind, _, number = text.id.partition("-")
                expected: list[int] = []
                if kind == "total":
                    column = live.columns[-1 if number == "out" else int(number)]
                    expected = [column.shape[1]]
                elif kind in ("in", "mid", "out", "widths"):
                    chain = live.units[int(number) - 1].convolutions
                    widths = [chain[0][1], *(after for _, _, after in chain)]
                    expected = {"in": widths[:1], "mid": widths[1:2], "out": widths[-1:], "widths": widths}[kind]
                elif kind == "source" and ("+" in text.text or " in" in text.text):
                    expected = [live.channels[int(number)]]
                if expected:
                    seen.add(kind)
                    assert _numbers(text.text)[: len(expected)] == expected, text
    assert {"total", "widths"} <= seen


def _numbers(text: str) -> list[int]:
    return [int(number.replace(",", "")) for number in re.findall(r"(?<![\d₀-₉])\d[\d,]*", text)]


def _stacked(drawn: Layout, slices: Sequence[SliceShape]) -> list[SliceShape]:
    """From the base of a column outwards: upwards where layers run to the right, rightwards where they run down."""
    along = (lambda s: -s.box.y) if drawn.orientation == "horizontal" else (lambda s: s.box.x)
    return sorted(slices, key=along)


def _at_port(drawn: Layout, lanes: Sequence[LaneShape]) -> list[LaneShape]:
    across = 1 if drawn.orientation == "horizontal" else 0
    return sorted(lanes, key=lambda lane: lane.points[-1][across], reverse=drawn.orientation == "horizontal")


def _across(drawn: Layout, box: Any) -> float:
    return float(box.height if drawn.orientation == "horizontal" else box.width)


def _check_pieces(drawn: Layout, reader: int, unit: Unit) -> None:
    (shape,) = (b for b in drawn.bottlenecks if b.layer == reader)
    kernels = [f"{kernel[0]}x{kernel[1]}" for kernel, _, _ in unit.convolutions]
    assert [kernel for kernel, _ in shape.pieces] == kernels


def _teeth(drawn: Layout) -> dict[int, int]:
    """How often each source is drawn as a copy in folded columns."""
    along = 0 if drawn.orientation == "horizontal" else 1
    return {
        comb.source: 1 + round((comb.end[along] - comb.start[along] - comb.tooth) / comb.step)
        for comb in drawn.combs
        if comb.shown
    }


def _copies_in_the_fold(drawn: Layout, columns: Sequence[Sequence[tuple[int, int, int]]]) -> dict[int, int]:
    """How often the concatenations behind the folded columns copied each source."""
    found: dict[int, int] = {}
    for number, parts in enumerate(columns):
        if drawn.fold and drawn.fold.holds(number):
            for source, _, _ in parts[:-1]:
                found[source] = found.get(source, 0) + 1
    return found


def test_the_watch_would_notice_another_order() -> None:
    """The checks above can fail: a block that puts what it makes first is told apart from the drawn one."""

    class Swapped(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 2, 1)

        def forward(self, x: Tensor) -> Tensor:
            return torch.cat((self.conv(x), x), 1)

    x = tagged(0, torch.empty(1, 3, 2, 2))
    made = tagged(1, torch.empty(1, 2, 2, 2))
    assert order_in(torch.cat((x, made), 1), (x, made)) == _parts(concat_graph(DenseBlockSpec(3, 2, 1)))
    assert order_in(torch.cat((made, x), 1), (x, made)) != _parts(concat_graph(DenseBlockSpec(3, 2, 1)))
    block = nn.Module()
    block.denseblock = nn.Sequential(Swapped())
    block.forward = block.denseblock.forward
    watch = Watch(block)
    watch.run(block, x)
    ((before, _), _out) = watch.units[0].joined[0]
    assert before is not watch.units[0].read


def _parts(graph: Graph) -> list[tuple[int, int, int]]:
    return [(part.source, part.start, part.channels) for part in graph.columns[-1].slices]
