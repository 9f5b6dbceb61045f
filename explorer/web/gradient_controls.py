"""The sidebar of the Gradients page, under the block's width and depth: what the stacks are given, and how often."""

from __future__ import annotations

import streamlit as st

from explorer.language import _
from explorer.spec import Study
from explorer.web.widgets import choice, chosen_number, segments, whole_number


def draw(study: Study) -> None:
    """All controls of the page beside those of the block's shape."""
    segments("batch_norm", _("BatchNorm"), {True: _("On"), False: _("Off")}, study)
    segments("init", _("Initial weights"), {"default": _("Default"), "he": _("He"), "half": _("Half")}, study)
    with st.container(horizontal=True, wrap=False, vertical_alignment="bottom", gap="xsmall"):
        chosen_number("seeds", _("Seeds"), study, width=113)
        chosen_number("steps", _("Training steps"), study, width=113)
    choice("stack_unit", _("Plain and residual made of"), _units(), study)
    choice("data", _("Images"), {"digits": _("8 × 8 digits"), "noise": _("Noise, random labels")}, study)
    with st.expander(_("Advanced")):
        whole_number("bottleneck_factor", _("Bottleneck factor b"))
        rates = ("0.1", "0.02", "0.002", "0.0002")
        choice("learning_rate", _("Learning rate"), dict(zip(rates, rates, strict=True)), study)


def _units() -> dict[str, str]:
    return {
        "preactivation": _("Pre-activation units"),
        "bottleneck": _("The Dense Block’s Bottlenecks"),
    }
