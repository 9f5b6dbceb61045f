"""The Module page: what a person's own module concatenates."""

from __future__ import annotations

import streamlit as st

from explorer.language import _
from explorer.pictures import trace_page
from explorer.web.components.panel import panel
from explorer.web.own_module import Runner, Standing
from explorer.web.parts.head import section


def show(runner: Runner) -> Standing:
    """Draws how ``runner`` stands, and gives it back as it was drawn."""
    if not runner.standing().runs:
        runner.start()
    stands = runner.standing()
    found = None if stands.problem else stands.found
    panel("module-head", trace_page.head(runner.own, found, str(stands.problem)), layers=1)
    with st.container(key="status", horizontal=True, vertical_alignment="center", gap="small"):
        panel("module-status", trace_page.status(stands.running), layers=1)
        if not stands.running:
            st.button(_("Reload"), key="module-reload", type="tertiary", on_click=runner.start)
    if found is not None:
        panel("module-picture", trace_page.picture(found), layers=1)
        panel("module-tiles", trace_page.tiles(found), layers=1)
        with section("module-notes"):
            panel("module-notes", trace_page.notes(found), layers=1)
        if found.concatenations:
            with section("module-table"):
                panel("module-table", trace_page.table(found), layers=1)
    return stands
