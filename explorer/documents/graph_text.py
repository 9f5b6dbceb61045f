"""The concatenation graph as text for two programs that draw graphs, Graphviz and Mermaid."""

from __future__ import annotations

from collections.abc import Iterator

from explorer.documents.carried import carried
from explorer.graph import Graph, concat_graph, to_dot
from explorer.language import _
from explorer.pictures import spoken
from explorer.pictures.layout.frame import widths_text
from explorer.pictures.layout.lettering import source_name
from explorer.pictures.palette import LIGHT
from explorer.spec import Study

_MOST_EDGES = 500  # Mermaid draws no more unless the page around it allows it, and GitHub's does not


def dot_document(study: Study) -> str:
    """The graph in DOT, in the drawing that the view has."""
    colours = dict(enumerate(LIGHT.sources(study.block.layers)))
    return f"// {carried(study)}\n{to_dot(concat_graph(study.block), study.view.drawing, colours)}"


def mermaid_document(study: Study) -> str:
    """The graph as a Mermaid flowchart, in the drawing that the view has.

    The paper's arrows of a long block are more than Mermaid draws: then it is the chain, and a comment says so.
    """
    graph = concat_graph(study.block)
    paper = study.view.drawing == "paper"
    too_many = paper and len(graph.paper) > _MOST_EDGES
    lines = [f"%% {carried(study)}"]
    if too_many:
        words = _("The paper's {count} arrows are more than Mermaid's {most}: this is the chain as coded.")
        lines.append("%% " + words.format(count=f"{len(graph.paper):,}", most=_MOST_EDGES))
    lines += ["flowchart LR", f"  accTitle: {spoken.title(graph)}"]
    lines += (f"  {line}" for line in (_paper(graph) if paper and not too_many else _chain(graph)))
    return "\n".join([*lines, *(f"  {line}" for line in _looks(graph))]) + "\n"


def _chain(graph: Graph) -> Iterator[str]:
    yield f'c0["{source_name(0)}: {graph.columns[0].channels}"]'
    for bottleneck in graph.bottlenecks:
        yield _node(bottleneck.index, bottleneck.widths)
        yield f'c{bottleneck.index}(["cat: {graph.columns[bottleneck.index].channels}"])'
    for edge in graph.chain:
        before, after, own = f"c{edge.layer - 1}", f"c{edge.layer}", f"b{edge.layer}"
        ends = {"carry": (before, after), "read": (before, own), "add": (own, after)}[edge.kind]
        yield f"{ends[0]} -->|{edge.channels}| {ends[1]}"


def _paper(graph: Graph) -> Iterator[str]:
    last = len(graph.bottlenecks) + 1
    yield f'b0["{source_name(0)}: {graph.columns[0].channels}"]'
    for bottleneck in graph.bottlenecks:
        yield _node(bottleneck.index, bottleneck.widths)
    yield f'b{last}(["{_("output")}: {graph.columns[-1].channels}"])'
    for edge in graph.paper:
        yield f"b{edge.source} -->|{edge.channels}| b{edge.consumer}"


def _node(index: int, widths: tuple[int, ...]) -> str:
    return f'b{index}["Bottleneck {index}<br/>{widths_text(widths)}"]'


def _looks(graph: Graph) -> Iterator[str]:
    """Each Bottleneck's edge in its source's colour, which reads on light and dark ground."""
    layers = graph.spec.layers
    for index in range(1, layers + 1):
        yield f"style b{index} stroke:{LIGHT.source(index, layers)},stroke-width:3px"
