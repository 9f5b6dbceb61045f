"""The charts of the Explore page, each with its title and reading line."""

from __future__ import annotations

import operator
from dataclasses import replace

import streamlit as st

from explorer.findings import Findings, StudyTheory
from explorer.language import _, kept, language
from explorer.pictures import captions, figure_channels, figure_memory, figure_parameters
from explorer.pictures.figures import channel_growth, live_bytes, parameters_per_layer
from explorer.pictures.words import why
from explorer.spec import Study, ViewSpec
from explorer.theory import study_theory
from explorer.web.components.chart import chart, written

ONE_BY_ONE = "explore_one_by_one"  # page-only: which variant the parameter chart shows, for each kind of block


def channels(theory: StudyTheory) -> None:
    """Channel growth beside the residual block's width."""
    chart(
        "chart-channels",
        captions.channels_title(theory),
        captions.channels_line(theory),
        _channels(_without_view(theory)),
        layers=theory.study.block.layers,
        height=figure_channels.HEIGHT,
        select=theory.study.view.select,
    )


def parameters(theory: StudyTheory) -> None:
    """Parameters per Bottleneck, with a switch between the variants with and without the 1×1.

    The switch begins with the block's own variant, and does so anew when the block changes to the other.
    """
    block = theory.study.block
    own = "with" if block.bottleneck else "without"
    key = f"{ONE_BY_ONE}_{own}_{language()}"  # Streamlit tells an option by its label
    variant = st.session_state.get(key) or own
    chart(
        "chart-parameters",
        captions.parameters_title(theory),
        captions.parameters_line(theory),
        _parameters(_without_view(theory), variant == "with"),
        layers=block.layers,
        height=figure_parameters.HEIGHT,
        select=theory.study.view.select,
    )
    labels = {"with": _("With the 1×1"), "without": _("Without")}
    st.segmented_control(
        _("Variant"),
        list(labels),
        default=own,
        required=True,
        format_func=labels.__getitem__,
        key=key,
        label_visibility="collapsed",
    )


def memory(findings: Findings) -> None:
    """Live bytes over the step of both blocks; the reason in its place where there are none."""
    figure = _live_bytes(_Tracked(findings))
    problem = findings.dense.problem
    busy = figure is None and problem is None and "dense" in findings.waiting
    message = (
        why(problem) if problem else _("Running the block and tracking every tensor…") if busy else _("Not tracked.")
    )
    chart(
        "chart-memory",
        captions.memory_title(findings),
        captions.memory_line(findings),
        figure,
        layers=findings.study.block.layers,
        height=figure_memory.HEIGHT,
        message=message,
        busy=busy,
        select=findings.study.view.select,
    )


# Kept, since whoever moves a slider moves it back, and a class looks at the same blocks.


def _without_view(theory: StudyTheory) -> Study:
    return replace(theory.study, view=ViewSpec())


@kept(maxsize=128)
def _channels(study: Study) -> str:
    return written(channel_growth(study_theory(study)))


@kept(maxsize=128)
def _parameters(study: Study, bottleneck: bool) -> str:
    return written(parameters_per_layer(study_theory(study), bottleneck))


class _Tracked:
    """Findings, equal where the memory chart shows the same two measurements, whose bytes no cache then hashes."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.shown = findings.dense.measurement, findings.residual.measurement

    def __hash__(self) -> int:
        return hash(tuple(map(id, self.shown)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Tracked) and all(map(operator.is_, self.shown, other.shown))


@kept(maxsize=64)
def _live_bytes(tracked: _Tracked) -> str | None:
    figure = live_bytes(tracked.findings)
    return written(figure) if figure else None
