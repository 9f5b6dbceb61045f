"""What stands below the charts: what fits, what is copied, the closed forms, and what is counted."""

from __future__ import annotations

from html import escape

import streamlit as st

from explorer.findings import MemoryFindings
from explorer.language import _
from explorer.pictures.memory_copies import copies
from explorer.pictures.memory_counted import counted
from explorer.pictures.memory_forms import forms, inference
from explorer.pictures.memory_plan import plan_line, plan_table, plan_title
from explorer.web.components.panel import panel
from explorer.web.controls import switch
from explorer.web.parts.memory.charts import grown


def show_plan(found: MemoryFindings) -> None:
    """What fits, by the peak of a step; what is searched and whose state is added can be chosen."""
    layers = found.study.block.layers
    head = f'<h2>{escape(plan_title(found))}</h2><p class="sub">{escape(plan_line(found))}</p>'
    panel("plan-head", head, layers=layers)
    with st.container(key="plan-choice", horizontal=True, vertical_alignment="center", gap="small"):
        switch("largest", _("Largest"), grown())
        labels = {"none": _("No optimiser"), "sgd": "SGD", "momentum": _("Momentum"), "adam": "Adam"}
        switch("optimiser", _("Optimiser state"), labels)
    panel("plan", plan_table(found), layers=layers)


def show_copies(found: MemoryFindings) -> None:
    """Bars of what concatenation writes."""
    panel("copies", copies(found), layers=found.study.block.layers)


def show_forms(found: MemoryFindings) -> None:
    """Closed forms of what is held."""
    panel("held-forms", forms(found), layers=found.study.block.layers)


def show_inference(found: MemoryFindings) -> None:
    """The peak of a forward without gradients."""
    panel("inference", inference(found), layers=found.study.block.layers)


def show_counted(found: MemoryFindings) -> None:
    """What the figures count."""
    panel("counted", counted(found), layers=found.study.block.layers)
