"""The charts of the Memory page: the frontier of memory against time, and how what is held grows."""

from __future__ import annotations

from html import escape

import streamlit as st

from explorer.findings import MemoryFindings
from explorer.language import _, kept
from explorer.pictures import figure_frontier, figure_growth
from explorer.pictures.figure_frontier import frontier, frontier_line, frontier_title
from explorer.pictures.figure_growth import growth
from explorer.pictures.frontier import Frontier, frontier_of
from explorer.pictures.growth_words import growth_line, growth_title
from explorer.pictures.words import why
from explorer.spec import MemorySpec, Study
from explorer.study import BUDGETS
from explorer.web.components.chart import chart, written
from explorer.web.components.panel import panel
from explorer.web.controls import switch
from explorer.web.parts.memory import jobs


def show_frontier(found: MemoryFindings) -> None:
    """Every implementation and budget that was timed; under it what compiles the rest."""
    points = frontier_of(found.comparison, tuple(found.compiled.values())) if found.comparison else Frontier((), ())
    problem = found.problems.get("comparison") or found.problems.get("time of list")
    busy = found.comparison is None and problem is None and "comparison" in found.waiting
    message = why(problem) if problem else _("Timing the implementations side by side…") if busy else _("Not timed.")
    figure = _frontier(points)
    chart(
        "chart-frontier",
        frontier_title(points),
        frontier_line(points) if figure or busy else "",
        figure,
        layers=found.study.block.layers,
        height=figure_frontier.HEIGHT,
        message="" if figure else message,
        busy=busy,
    )
    with st.container(key="budgets", horizontal=True, vertical_alignment="center", gap="small"):
        panel("budget-label", f'<p class="sub last">{escape(_("Budget of compiled"))}</p>', layers=1)
        switch("budget", _("Budget of compiled"), {budget: budget for budget in BUDGETS})
        missing = [budget for budget in BUDGETS if budget not in found.compiled]
        working = any(name.startswith("compiled ") for name in found.waiting)
        if missing and not working:
            st.button(
                _("Compile"),
                key="memory-compile",
                type="tertiary",
                on_click=jobs.compile_all,
                args=(found.study,),
                help=_("Compiles the block at each budget, in a process of its own: up to a minute each."),
            )


def show_growth(found: MemoryFindings) -> None:
    """What is held over L, resolution or batch, with the device's limit."""
    study = found.study
    limit = found.machine_bytes
    chart(
        "chart-growth",
        growth_title(study, limit, found.plan),
        growth_line(study),
        _growth(_shown(study), limit),
        layers=study.block.layers,
        height=figure_growth.HEIGHT,
    )
    with st.container(key="versus", horizontal=True, vertical_alignment="center", gap="small"):
        switch("versus", _("Growth with"), grown())
        switch("scale", _("Scale"), {"linear": _("Linear"), "log": _("Log")})


def grown() -> dict[str, str]:
    """What can grow, as a switch names it."""
    return {"layers": _("Bottlenecks"), "resolution": _("Resolution"), "batch": _("Batch")}


def _shown(study: Study) -> Study:
    """The Study with no more of the view than the chart shows, so that equal charts are drawn once."""
    return study.with_(select=None, implementation="list", budget=MemorySpec().budget, colours="source")


@kept(maxsize=128)
def _growth(study: Study, limit: int | None) -> str:
    return written(growth(study, limit))


@kept(maxsize=64)
def _frontier(points: Frontier) -> str | None:
    figure = frontier(points)
    return written(figure) if figure else None
