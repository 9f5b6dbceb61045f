"""The Gallery: what a generated document shows, on a page, each block a click away from being taken hold of."""

from __future__ import annotations

from html import escape
from pathlib import Path
from urllib.parse import urlencode

import streamlit as st

from explorer.codec import to_link, to_query
from explorer.docs.content import table_of
from explorer.docs.directive import Directive
from explorer.docs.gallery import Entry, entries
from explorer.documents.tables import html
from explorer.graph import concat_graph
from explorer.language import _
from explorer.pictures import spoken
from explorer.web.components.panel import panel


def gallery(document: Path) -> None:
    """Shows ``document``, a Markdown file with generated parts."""
    first, *rest = entries(document.read_text(encoding="utf-8"))
    panel("gallery-head", f"<h1>{escape(first.title)}</h1>", layers=1)
    st.markdown(first.prose)
    for number, entry in enumerate(rest):
        with st.container(key=f"section-gallery-{number}", gap="small"):
            _entry(entry, number)


def _entry(entry: Entry, number: int) -> None:
    panel(f"gallery-title-{number}", f"<h2>{escape(entry.title)}</h2>", layers=1)
    st.markdown(entry.prose)
    if entry.directive is not None:
        panel(f"gallery-{number}", _shown(entry.directive), layers=1)


def _shown(directive: Directive) -> str:
    study = directive.study
    parts = []
    for what in directive.show:
        if what == "graph":
            query = urlencode(to_query(study) | {"theme": "auto"})
            alt = escape(spoken.title(concat_graph(study.block)))
            image = f'<img class="graph" alt="{alt}" src="{escape(f"/block.svg?{query}")}" loading="lazy">'
            parts.append(f'<div class="frame" tabindex="0" role="group" aria-label="{alt}">{image}</div>')
        else:
            words, table = escape(_("Table")), html(table_of(directive, what))
            parts.append(f'<div class="frame" tabindex="0" role="group" aria-label="{words}">{table}</div>')
    memory = directive.show == ("memory",)
    open_it = escape(_("Open in Memory") if memory else _("Open in Explore"))
    link = escape(to_link(study, page="memory" if memory else ""))
    return f'<div class="gallery">{"".join(parts)}<a class="open" href="{link}" target="_self">{open_it}</a></div>'
