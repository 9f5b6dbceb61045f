"""Take it with you: the PyTorch code, the source text's own session, the link, and files."""

from __future__ import annotations

import json
from collections.abc import Callable
from html import escape

import streamlit as st

from explorer import environment
from explorer.codec import to_link
from explorer.documents.json_document import describe_json
from explorer.documents.session import session_text
from explorer.documents.source import pytorch_source
from explorer.findings import Findings
from explorer.graph import concat_graph, to_dot
from explorer.language import _
from explorer.pictures.layout import layout
from explorer.pictures.palette import LIGHT
from explorer.pictures.svg import render
from explorer.spec import SpecError
from explorer.web.components.panel import panel

PLAIN = "explore_plain_view"


def take(findings: Findings) -> None:
    """Code and session to copy, and files that carry the same numbers and the same link."""
    study = findings.study
    layers, base = study.block.layers, _base()
    title, line = _("Take it with you"), _("Every export carries the same numbers and the same link.")
    panel("take", f'<h2>{escape(title)}</h2><p class="sub">{escape(line)}</p>', layers=layers)
    code, files = st.columns([0.66, 0.34], gap="medium")
    with code:
        st.code(pytorch_source(study), language="python", height=420)
        live = findings.dense.measurement
        told = (
            _("The source text’s own session; the block was not run")
            if live is not None and live.fake
            else _("The source text’s own session, as it comes out here")
        )
        panel("session-title", f'<p class="sub">{escape(told)}</p>', layers=layers)
        session = session_text(findings)
        # Without colours: of a long block they would be ten thousand elements, two thirds of the page's.
        st.code(session or _("# The block has not been built yet."), language=None, height=420)
    with files:
        st.code(to_link(study, base), language=None, wrap_lines=True)
        _download(_("PyTorch, runnable .py"), "dense_block.py", "text/x-python", lambda: pytorch_source(study))
        _download(_("Picture, .svg"), "dense_block.svg", "image/svg+xml", lambda: _svg(findings))
        _download(_("Every number, .json"), "dense_block.json", "application/json", lambda: _json(findings, base))
        _download(_("Graph, .dot"), "dense_block.dot", "text/vnd.graphviz", lambda: _dot(findings))


def _base() -> str:
    """The address under which people reach this page."""
    try:
        public = environment.public_url()
    except SpecError:  # whoever started the server by other means was not told
        public = None
    return public or (st.context.url or "").partition("?")[0]


def plain_view(findings: Findings) -> None:
    """The graph as Graphviz draws it, worked out only when it is unfolded."""
    fold = st.expander(_("The graph as plain text and boxes (DOT, drawn by Graphviz)"), key=PLAIN, on_change="rerun")
    with fold:
        if fold.open:
            dot = _dot(findings)
            st.graphviz_chart(dot, width="stretch")
            st.code(dot, language=None, height=240)


def _download(label: str, name: str, kind: str, data: Callable[[], str]) -> None:
    """A button whose file is made when it is asked for: one made beforehand may be gone after the next redraw."""
    st.download_button(label, data, name, kind, key=f"take-{name}", on_click="ignore", width="stretch")


def _svg(findings: Findings) -> str:
    study = findings.study
    return render(layout(concat_graph(study.block), study.view.drawing), LIGHT)


def _json(findings: Findings, base: str) -> str:
    return json.dumps(describe_json(findings, to_link(findings.study, base)), indent=2, ensure_ascii=False)


def _dot(findings: Findings) -> str:
    study = findings.study
    colours = dict(enumerate(LIGHT.sources(study.block.layers)))
    return to_dot(concat_graph(study.block), study.view.drawing, colours)
