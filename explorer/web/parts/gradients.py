"""The Gradients page's parts: three stacks, what each layer's gradient is, and who sends it back."""

from __future__ import annotations

from html import escape

from explorer.engine import State
from explorer.findings import GradientsFindings
from explorer.language import _, language, stopped
from explorer.pictures import edges_svg, fan_svg, figure_gradients, gradient_cards
from explorer.pictures import gradient_words as words
from explorer.spec import Job, Study
from explorer.study import beside_jobs, gradient_jobs
from explorer.web import controls, link, waiting
from explorer.web.components.chart import chart
from explorer.web.components.chart import written as as_text
from explorer.web.components.panel import panel
from explorer.web.parts.head import standing, titled, titled_text

CLAIM = "每一层都会接收其后所有层的梯度……一定程度上解决了梯度消失的问题"


def follow(study: Study) -> dict[Job, State]:
    """How the measurements stand: the three stacks at once, then what stands beside them, one after another."""
    return waiting.follow(study, gradient_jobs(study).values(), beside_jobs(study))


def head(found: GradientsFindings) -> None:
    """Headline, the line under it, and one line that is always there: progress, a problem, or nothing."""
    problem = next(iter(found.problems), None)
    standing(
        "gradients", words.headline(found), words.where(found), words.progress(found) if found.waiting else "", problem
    )


def fan(found: GradientsFindings) -> None:
    """The gradient at every layer, and beside it the layer that is pointed at, and accuracy."""
    with titled("gradients-title", words.fan_title(found), 1):
        controls.switch(
            "gradient", _("Measure"), {"raw": _("Gradient"), "free": _("Free of scale"), "weights": _("Of weights")}
        )
        steps = _("{steps} steps").format(steps=found.study.gradients.steps)
        controls.switch("trained", _("When"), {False: _("Untrained"), True: steps})
    layers = found.study.block.layers
    drawn = "".join(
        f'<div class="{name}">{fan_svg.fan(found, frame)}</div>'
        for name, frame in (("wide", fan_svg.WIDE), ("phone", fan_svg.PHONE))
    )
    keys = escape(_("The gradient by layer: arrow keys walk, Enter keeps a layer"))
    markup = (
        f'<div class="fan" data-part="gradients"><div class="fan-frame" tabindex="0" role="group" aria-label="{keys}"'
        f' data-walk="1 {layers}">{drawn}</div><div class="fan-side">{fan_svg.beside(found)}</div></div>'
    )
    _linked("gradients-fan", markup, found)


def show_cards(found: GradientsFindings) -> None:
    """The six settings; one that is pressed is taken."""
    panel("gradients-cards", gradient_cards.cards(found), layers=1, on_set=_set)


def edges(found: GradientsFindings) -> None:
    """Shares of the dense stack's gradients by reader."""
    layers = found.study.block.layers
    keys = escape(_("The sources: arrow keys walk, Enter keeps one"))
    matrix = "".join(
        f'<div class="{name}">{edges_svg.matrix(found, width)}</div>'
        for name, width in (("wide", edges_svg.WIDE), ("phone", edges_svg.PHONE))
    )
    body = f'<p class="why">{escape(words.missing(found))}</p>'
    if found.shares:
        frame = f'<div class="edges-frame" tabindex="0" role="group" aria-label="{keys}" data-walk="0 {layers}">'
        body = f'<div class="edges">{frame}{matrix}</div><div>{edges_svg.readers(found)}</div></div>'
    _linked("gradients-edges", titled_text(words.edges_title(found), words.edges_line(found)) + body, found)


def _linked(key: str, markup: str, found: GradientsFindings) -> None:
    """A panel in which one layer is lit, the same in all of them: pointed at, or kept in the address, or the first."""
    select = found.study.view.select or ""
    lit = select if select.startswith("source-") else "source-1"
    panel(key, markup, layers=found.study.block.layers, select=lit, on_set=_set)


def _set(field: str, value: str) -> None:
    if field == "setting":
        batch_norm, _dash, init = value.partition("-")
        link.apply({"batch_norm": batch_norm == "true", "init": init})
    elif field == "select":
        link.set_select(value)


def cut(found: GradientsFindings) -> None:
    """Skips cut short."""
    chart(
        "chart-cut",
        words.cut_title(found),
        words.cut_line(found),
        as_text(figure_gradients.cut(found)),
        layers=1,
        height=figure_gradients.HEIGHT,
    )


def depth(found: GradientsFindings) -> None:
    """The three stacks at several depths."""
    chart(
        "chart-depths",
        words.depth_title(found),
        words.depth_line(found),
        as_text(figure_gradients.depth(found)),
        layers=1,
        height=figure_gradients.HEIGHT,
    )


def table(found: GradientsFindings) -> None:
    """All six settings in figures."""
    top = titled_text(words.table_title(found), words.table_line(found))
    panel("gradients-table", top + gradient_cards.table(found), layers=1)


def verdicts(found: GradientsFindings) -> None:
    """What this shows, and what it does not."""
    claim = f'{escape(_("Claim tested:"))} <span lang="zh">“{CLAIM}”</span>'
    if language() != "zh":  # in which it was made
        told = _("every layer receives gradient from all later layers, which to a degree solves vanishing gradients")
        claim += f" ({escape(told)})"
    line = f'<p class="sub">{stopped(claim)}</p>'
    title = f"<h2>{escape(_('What this shows, and what it does not'))}</h2>"
    panel("gradients-verdicts", title + line + gradient_cards.verdicts(found), layers=1)
