"""Take it with you: the PyTorch code, the source text's own session, what can be shared, and files."""

from __future__ import annotations

from html import escape

import streamlit as st

from explorer.documents.graph_text import dot_document
from explorer.documents.session import session_text
from explorer.documents.source import pytorch_source
from explorer.findings import Findings
from explorer.language import _
from explorer.web.components.panel import panel
from explorer.web.parts.listing import listing
from explorer.web.parts.share import share

PLAIN = "explore_plain_view"


def take(findings: Findings) -> None:
    """Code and session to copy, and files that carry the same numbers and the same link."""
    study = findings.study
    layers = study.block.layers
    title, line = _("Take it with you"), _("Every export carries the same numbers and the same link.")
    panel("take", f'<h2>{escape(title)}</h2><p class="sub">{escape(line)}</p>', layers=layers)
    left, right = st.columns([0.58, 0.42], gap="medium")
    with left:
        source = listing(pytorch_source(study), _("The block in PyTorch; it runs alone"), _("the code"), python=True)
        live = findings.dense.measurement
        told = (
            _("The source text’s own session; the block was not run")
            if live is not None and live.fake
            else _("The source text’s own session, as it comes out here")
        )
        session = session_text(findings) or _("# The block has not been built yet.")
        panel("listings", source + listing(session, told, _("the session")), layers=layers)
    with right:
        share(study)


def plain_view(findings: Findings) -> None:
    """The graph as Graphviz draws it, worked out only when it is unfolded."""
    fold = st.expander(_("The graph as plain text and boxes (DOT, drawn by Graphviz)"), key=PLAIN, on_change="rerun")
    with fold:
        if fold.open:
            dot = dot_document(findings.study)
            st.graphviz_chart(dot, width="stretch")
            panel("dot", listing(dot, _("The graph in DOT"), "DOT"), layers=findings.study.block.layers)
