"""The reuse matrix on the page: its title, the switch between its measures, and the grid, from which one chooses."""

from __future__ import annotations

from collections.abc import Mapping

from explorer.engine import State
from explorer.findings import Findings, ReadWeights
from explorer.graph import concat_graph
from explorer.language import _, kept
from explorer.pictures.matrix import reuse_head, reuse_table
from explorer.pictures.moving.words import source_words
from explorer.pictures.words import why
from explorer.spec import Job, Study
from explorer.study import seen, weights_job
from explorer.web import link
from explorer.web.components.panel import panel
from explorer.web.controls import switch


def looks(study: Study) -> tuple[Job, ...]:
    """The job that the matrix wants run: weights are read only when they are to be shown."""
    return (weights_job(study),) if study.view.matrix == "weights" else ()


def show_matrix(found: Findings, states: Mapping[Job, State]) -> None:
    """Title, switch and matrix. What is missing is said where its numbers would be; nothing moves when they come."""
    study = found.study
    weights, problem = None, None
    if study.view.matrix == "weights":
        weights, problem = seen(ReadWeights, weights_job(study), states, study.run.device)
    layers = study.block.layers
    panel("matrix-head", reuse_head(study), layers=layers)
    _measure()
    markup = _markup(study.with_(select=None), weights, why(problem) if problem else "")
    panel("reuse-matrix", markup, layers=layers, select=study.view.select, on_select=link.set_select)


@kept(maxsize=64)
def _markup(study: Study, weights: ReadWeights | None, problem: str) -> str:
    graph = concat_graph(study.block)
    sentences = [_sentence(source_words(graph, source)) for source in graph.sources]
    busy = study.view.matrix == "weights" and weights is None and not problem
    return reuse_table(study, sentences, weights, problem, busy)


def _sentence(words: Mapping[str, object]) -> str:
    return _("{title}: {line}").format(title=words["title"], line=words["line"])


def _measure() -> None:
    """The switch between the matrix's measures."""
    labels = {"share": _("Share, %"), "channels": _("Channels"), "bytes": _("Bytes"), "weights": _("Weights")}
    switch("matrix", _("Measure"), labels)
