"""The presenter view: headline, picture and tiles in large type, moved by keys; and what those keys ask for.

The sidebar and the page's head stay in the page, so that every setting is kept, but out of sight and out of reach.
"""

from __future__ import annotations

from html import escape

import streamlit as st

from explorer.findings import Findings
from explorer.pictures.words import headline
from explorer.spec import FIELDS, Whole
from explorer.web import link, style
from explorer.web.components.panel import panel
from explorer.web.components.picture import concat_graph
from explorer.web.parts import numbers


def present(findings: Findings) -> None:
    """Draws the view for a lecture hall."""
    style.present()
    with st.container(key="present", gap="small"):
        with st.container(key="stage", gap="small"):
            panel("headline", f"<h1>{escape(headline(findings))}</h1>", layers=findings.study.block.layers)
            picture(findings)
        numbers.show_tiles(findings)


def picture(findings: Findings) -> None:
    """The concatenation graph, with what its clicks and keys do to the link."""
    concat_graph(findings.theory, key="picture", on_select=link.set_select, on_view=change)


def change(word: str) -> None:
    """A callback: the other ``drawing``, into or out of ``present``, one Bottleneck ``more`` or ``fewer``."""
    study = link.current_study()
    if word == "drawing":
        link.apply({"drawing": "paper" if study.view.drawing == "chain" else "chain"})
    elif word == "present":
        link.apply({"present": not study.view.present})
    else:
        layers = study.block.layers + (1 if word == "more" else -1)
        domain = FIELDS["layers"].domain
        assert isinstance(domain, Whole)
        if domain.low <= layers <= domain.high:
            link.apply({"layers": layers})
