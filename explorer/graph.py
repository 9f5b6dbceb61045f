"""The concatenation graph of a Dense Block as plain data, for either drawing of it.

Two drawings show one thing. *The chain as coded*: each Bottleneck reads the whole
concatenation so far, and what it makes is concatenated to it. *The paper's arrows* (Huang et
al. 2017, figure 1): every source has an arrow to every later layer. Both are here with the
same sources, so that they can be shown to be equal.

A source is 0, the block's input, or i, the output of Bottleneck i. Geometry and colours are
elsewhere.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import graphviz

from explorer.spec import DenseBlockSpec, Drawing


@dataclass(frozen=True, slots=True)
class Slice:
    """The channels of one source within one column: [start, start + channels)."""

    source: int
    column: int
    start: int
    channels: int
    is_new: bool  # made by the Bottleneck just before this column, rather than carried on

    @property
    def stop(self) -> int:
        """One past its last channel."""
        return self.start + self.channels


@dataclass(frozen=True)
class Column:
    """A concatenation point. Column 0 is the input, column i what stands after Bottleneck i.

    ``slices`` are in channel order, oldest source first, as ``torch.cat([x, y], 1)`` writes them.
    """

    index: int
    channels: int
    slices: tuple[Slice, ...]


@dataclass(frozen=True)
class BottleneckNode:
    """One Bottleneck. ``index`` counts from 1, ``name`` is the module's, which counts from 0.

    ``mid_channels`` is None where there is no 1×1 convolution; ``reads`` are its sources, oldest first.
    """

    index: int
    name: str
    in_channels: int
    mid_channels: int | None
    out_channels: int
    reads: tuple[int, ...]

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels from convolution to convolution, such as (64, 128, 32)."""
        middle = () if self.mid_channels is None else (self.mid_channels,)
        return (self.in_channels, *middle, self.out_channels)


@dataclass(frozen=True, slots=True)
class Edge:
    """One of the paper's arrows: ``consumer`` (a Bottleneck, or L + 1 for the output) reads ``source``."""

    source: int
    consumer: int
    channels: int


@dataclass(frozen=True, slots=True)
class ChainEdge:
    """One step of the chain between column ``layer - 1``, Bottleneck ``layer`` and column ``layer``.

    ``read``: column layer - 1 → Bottleneck. ``add``: Bottleneck → column layer. ``carry``: column
    layer - 1 → column layer, the channels that concatenation writes once more.
    """

    kind: Literal["read", "add", "carry"]
    layer: int
    channels: int


@dataclass(frozen=True)
class Graph:
    """A Dense Block's concatenation graph: columns 0…L, Bottlenecks 1…L, and the edges of both drawings."""

    spec: DenseBlockSpec
    columns: tuple[Column, ...]
    bottlenecks: tuple[BottleneckNode, ...]
    chain: tuple[ChainEdge, ...]
    paper: tuple[Edge, ...]

    @property
    def sources(self) -> tuple[int, ...]:
        """0, the input, and 1…L."""
        return tuple(range(len(self.columns)))

    def channels_of(self, source: int) -> int:
        """Channels that ``source`` contributes wherever it is read."""
        return self.columns[source].slices[-1].channels

    def slice_read(self, source: int, layer: int) -> Slice:
        """What Bottleneck ``layer`` reads of ``source``; ``layer`` L + 1 stands for the output.

        Raises:
            IndexError: ``layer`` does not read ``source``.
        """
        if not 0 <= source < layer <= len(self.columns):
            raise IndexError(f"Bottleneck {layer} does not read source {source}")
        return self.columns[layer - 1].slices[source]


@lru_cache(maxsize=128)
def concat_graph(block: DenseBlockSpec) -> Graph:
    """The concatenation graph of ``block``."""
    layers = range(1, block.layers + 1)
    sources = [(block.source_start(source), block.source_channels(source)) for source in range(block.layers + 1)]
    columns = tuple(
        Column(
            index,
            block.width_before(index + 1),
            tuple(
                Slice(source, index, start, channels, is_new=source == index)
                for source, (start, channels) in enumerate(sources[: index + 1])
            ),
        )
        for index in range(block.layers + 1)
    )
    bottlenecks = tuple(
        BottleneckNode(
            index=layer,
            name=f"denseblock.{layer - 1}",
            in_channels=block.width_before(layer),
            mid_channels=block.mid_channels if block.bottleneck else None,
            out_channels=block.growth_rate,
            reads=tuple(range(layer)),
        )
        for layer in layers
    )
    chain = tuple(
        edge
        for layer in layers
        for edge in (
            ChainEdge("carry", layer, block.width_before(layer)),
            ChainEdge("read", layer, block.width_before(layer)),
            ChainEdge("add", layer, block.growth_rate),
        )
    )
    paper = tuple(
        Edge(source, consumer, channels)
        for consumer in range(1, block.layers + 2)
        for source, (_, channels) in enumerate(sources[:consumer])
    )
    return Graph(block, columns, bottlenecks, chain, paper)


# --- the plain view ---------------------------------------------------------------------------------


def to_dot(
    graph: Graph, drawing: Drawing = "chain", colours: Mapping[int, str] | None = None, ink: str | None = None
) -> str:
    """The graph as DOT text for Graphviz, with the modules' own names and widths.

    Args:
        graph: what to write.
        drawing: ``chain`` or ``paper``.
        colours: source → colour for its slices and arrows; without it nothing is coloured.
        ink: colour of text and of every line that belongs to no single source; Graphviz's black if None.
    """
    common = {"fontname": "sans-serif"} | ({"color": ink, "fontcolor": ink} if ink else {})
    dot = graphviz.Digraph(
        "dense_block",
        comment=f"{drawing}: {_described(graph.spec)}",
        graph_attr={"rankdir": "LR", "bgcolor": "transparent"},
        node_attr={"shape": "box"} | common,
        edge_attr=common,
    )
    colours = colours or {}
    if drawing == "chain":
        _write_chain(dot, graph, colours)
    else:
        _write_paper(dot, graph, colours)
    return str(dot.source)


def _described(block: DenseBlockSpec) -> str:
    """The block in one line, for the head of the DOT text."""
    return f"c0 = {block.in_channels}, k = {block.growth_rate}, L = {block.layers}"


def _write_chain(dot: graphviz.Digraph, graph: Graph, colours: Mapping[int, str]) -> None:
    for column in graph.columns:
        dot.node(_column_name(column.index), label=_table(column, colours), shape="plain")
        if column.index < len(graph.bottlenecks):
            _write_bottleneck(dot, graph.bottlenecks[column.index], colours)
    for edge in graph.chain:
        before, after = _column_name(edge.layer - 1), _column_name(edge.layer)
        name = graph.bottlenecks[edge.layer - 1].name
        ends = {"carry": (before, after), "read": (before, name), "add": (name, after)}[edge.kind]
        dot.edge(*ends, label=str(edge.channels), **(_coloured(edge.layer, colours) if edge.kind == "add" else {}))


def _write_paper(dot: graphviz.Digraph, graph: Graph, colours: Mapping[int, str]) -> None:
    names = ["input", *(bottleneck.name for bottleneck in graph.bottlenecks), "output"]
    dot.node("input", label=rf"input\n{graph.columns[0].channels} channels", **_coloured(0, colours))
    for bottleneck in graph.bottlenecks:
        _write_bottleneck(dot, bottleneck, colours)
    dot.node("output", label=rf"output\n{graph.columns[-1].channels} channels")
    for edge in graph.paper:
        ends = names[edge.source], names[edge.consumer]
        dot.edge(*ends, label=str(edge.channels), **_coloured(edge.source, colours))


def _write_bottleneck(dot: graphviz.Digraph, bottleneck: BottleneckNode, colours: Mapping[int, str]) -> None:
    widths = " → ".join(str(width) for width in bottleneck.widths)
    dot.node(bottleneck.name, label=rf"{bottleneck.name}\n{widths}", **_coloured(bottleneck.index, colours))


def _coloured(source: int, colours: Mapping[int, str]) -> dict[str, str]:
    return {"color": colours[source]} if source in colours else {}


def _column_name(index: int) -> str:
    return "input" if index == 0 else f"column {index}"


def _table(column: Column, colours: Mapping[int, str]) -> str:
    """A column as Graphviz's HTML-like table: width, then its slices, newest on top, each with a swatch."""
    head = "input" if column.index == 0 else "cat"
    span = ' COLSPAN="2"' if colours else ""
    rows = [f"<TR><TD{span}><B>{head} {column.channels}</B></TD></TR>"]
    for part in reversed(column.slices):
        colour = colours.get(part.source)
        swatch = f'<TD BGCOLOR="{html.escape(colour)}"></TD>' if colour else "<TD></TD>" if colours else ""
        rows.append(f"<TR>{swatch}<TD>x{part.source}: {part.channels}</TD></TR>")
    return '<<TABLE BORDER="0" CELLBORDER="1" CELLSPACING="0">' + "".join(rows) + "</TABLE>>"
