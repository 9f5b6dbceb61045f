"""The concatenation graph: its invariants for any block, and its DOT text."""

from __future__ import annotations

import re
from typing import get_args
from xml.etree import ElementTree

import pytest
from golden import golden
from hypothesis import given, settings
from strategies import dense_blocks

from explorer.graph import ChainEdge, Graph, concat_graph, to_dot
from explorer.spec import DenseBlockSpec, Drawing

DRAWINGS: tuple[Drawing, ...] = get_args(Drawing)
graphs = dense_blocks().map(concat_graph)


@given(graphs)
def test_slices_tile_every_column(graph: Graph) -> None:
    assert [column.index for column in graph.columns] == list(graph.sources)
    for column in graph.columns:
        assert [part.source for part in column.slices] == list(range(column.index + 1))
        assert [part.column for part in column.slices] == [column.index] * (column.index + 1)
        stops = [part.stop for part in column.slices]
        assert [part.start for part in column.slices] == [0, *stops[:-1]]
        assert stops[-1] == column.channels
        assert [part.source for part in column.slices if part.is_new] == [column.index]
    assert graph.columns[0].channels == graph.spec.in_channels
    assert graph.columns[-1].channels == graph.spec.out_channels


@given(graphs)
def test_a_source_keeps_its_channels_wherever_it_is_read(graph: Graph) -> None:
    for column in graph.columns:
        for part in column.slices:
            first = graph.columns[part.source].slices[-1]
            assert (part.start, part.channels) == (first.start, first.channels)
            assert part.channels == graph.channels_of(part.source)


@given(graphs)
def test_what_a_bottleneck_reads_sums_to_its_width(graph: Graph) -> None:
    assert len(graph.bottlenecks) == graph.spec.layers
    for bottleneck in graph.bottlenecks:
        before = graph.columns[bottleneck.index - 1]
        assert bottleneck.reads == tuple(part.source for part in before.slices)
        read = [graph.slice_read(source, bottleneck.index) for source in bottleneck.reads]
        assert sum(part.channels for part in read) == bottleneck.in_channels == before.channels
        assert bottleneck.out_channels == graph.channels_of(bottleneck.index) == graph.spec.growth_rate
        assert (bottleneck.mid_channels is not None) == graph.spec.bottleneck
        assert bottleneck.name == f"denseblock.{bottleneck.index - 1}"


@given(graphs)
def test_the_paper_has_an_arrow_from_every_source_to_every_later_layer(graph: Graph) -> None:
    layers = graph.spec.layers
    between = [edge for edge in graph.paper if edge.source >= 1 and edge.consumer <= layers]
    into_layers = [edge for edge in graph.paper if edge.consumer <= layers]
    assert len(into_layers) == layers * (layers + 1) // 2
    assert len(between) == layers * (layers - 1) // 2
    assert len(graph.paper) - len(into_layers) == layers + 1  # the output reads every source
    assert len({(edge.source, edge.consumer) for edge in graph.paper}) == len(graph.paper)
    assert all(edge.source < edge.consumer for edge in graph.paper)


@given(graphs)
def test_both_drawings_carry_the_same_channels(graph: Graph) -> None:
    for layer in range(1, graph.spec.layers + 1):
        read, add, carry = (_edge(graph, kind, layer) for kind in ("read", "add", "carry"))
        assert read.channels == carry.channels == graph.columns[layer - 1].channels
        assert carry.channels + add.channels == graph.columns[layer].channels
        assert read.channels == sum(edge.channels for edge in graph.paper if edge.consumer == layer)
    output = sum(edge.channels for edge in graph.paper if edge.consumer == graph.spec.layers + 1)
    assert output == graph.spec.out_channels
    assert len(graph.chain) == 3 * graph.spec.layers


def _edge(graph: Graph, kind: str, layer: int) -> ChainEdge:
    (found,) = (edge for edge in graph.chain if (edge.kind, edge.layer) == (kind, layer))
    return found


def test_the_worked_example() -> None:
    graph = concat_graph(DenseBlockSpec(64, 32, 6))
    assert [column.channels for column in graph.columns] == [64, 96, 128, 160, 192, 224, 256]
    assert [bottleneck.widths for bottleneck in graph.bottlenecks][:2] == [(64, 128, 32), (96, 128, 32)]
    part = graph.slice_read(source=2, layer=4)
    assert (part.start, part.stop, part.is_new) == (96, 128, False)
    assert graph.slice_read(source=6, layer=7).stop == 256
    assert concat_graph(DenseBlockSpec(64, 32, 1, bottleneck=False)).bottlenecks[0].widths == (64, 32)


@pytest.mark.parametrize(("source", "layer"), [(4, 4), (5, 4), (-1, 4), (0, 8), (7, 7), (0, 0)])
def test_what_is_not_read_cannot_be_had(source: int, layer: int) -> None:
    with pytest.raises(IndexError, match="does not read source"):
        concat_graph(DenseBlockSpec(64, 32, 6)).slice_read(source, layer)


# --- DOT ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("drawing", DRAWINGS)
def test_the_dot_text_of_a_small_block(drawing: Drawing) -> None:
    text = to_dot(concat_graph(DenseBlockSpec(64, 32, 2)), drawing)
    assert text == golden(f"two-layers-{drawing}.dot", text)


def test_colours_and_ink_are_the_callers() -> None:
    graph = concat_graph(DenseBlockSpec(64, 32, 2))
    colours = {0: "#aaaaaa", 1: "#111111", 2: "#222222"}
    chain = to_dot(graph, "chain", colours, ink="#333333")
    assert chain.count('BGCOLOR="#aaaaaa"') == 3 and chain.count('BGCOLOR="#222222"') == 1
    assert 'fontcolor="#333333"' in chain
    paper = to_dot(graph, "paper", colours)
    assert 'input -> output [label=64 color="#aaaaaa"]' in paper
    assert "#" not in to_dot(graph, "chain") + to_dot(graph, "paper")


@given(graphs)
@settings(max_examples=20, deadline=None)
def test_every_edge_and_every_bottleneck_is_written_once(graph: Graph) -> None:
    for drawing in DRAWINGS:
        text = to_dot(graph, drawing)
        assert text.count(" -> ") == len(graph.chain if drawing == "chain" else graph.paper)
        for bottleneck in graph.bottlenecks:
            assert text.count(f'\t"{bottleneck.name}" [') == 1


@given(graphs)
@settings(max_examples=20, deadline=None)
def test_a_columns_table_lists_its_slices_newest_on_top(graph: Graph) -> None:
    text = to_dot(graph, "chain", dict.fromkeys(graph.sources, 'a<b"&'))  # whatever the colour, it stays markup
    tables = [ElementTree.fromstring(table) for table in re.findall(r"label=<(<TABLE.*</TABLE>)>", text)]
    assert len(tables) == len(graph.columns)
    for table, column in zip(tables, graph.columns, strict=True):
        rows = ["".join(row.itertext()) for row in table.iter("TR")]
        assert rows[0].endswith(f" {column.channels}")
        assert rows[1:] == [f"x{part.source}: {part.channels}" for part in reversed(column.slices)]
