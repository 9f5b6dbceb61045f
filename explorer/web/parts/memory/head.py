"""The head of the Memory page: the finding, where it was taken, and what is going on."""

from __future__ import annotations

from html import escape

import streamlit as st

from explorer.findings import MemoryFindings
from explorer.language import _
from explorer.pictures.memory_cards import CARDS, cards
from explorer.pictures.memory_words import headline, progress, where
from explorer.pictures.words import why
from explorer.web import link, waiting
from explorer.web.components.panel import panel
from explorer.web.parts.head import PASSING
from explorer.web.parts.share import jump


def head(found: MemoryFindings) -> None:
    """Headline, the line under it, and one line that is always there: progress, a problem, or nothing."""
    layers = found.study.block.layers
    with st.container(key="head", gap=None):
        words = f'<h1 class="two">{escape(headline(found))}</h1><p class="where">{escape(where(found))} · {jump()}</p>'
        panel("memory-headline", words, layers=layers)
        with st.container(key="status", horizontal=True, vertical_alignment="center", gap="small"):
            # What single implementations lack of memory is part of an answer, which stands.
            problem = next((p for name, p in found.problems.items() if not name.startswith("time of ")), None)
            panel("memory-status", status_line(found), layers=layers)
            if found.waiting:
                st.button(_("Cancel"), key="memory-cancel", type="tertiary", on_click=waiting.stop)
            elif problem is not None and problem.kind in PASSING:
                st.button(_("Try again"), key="memory-again", type="tertiary", on_click=waiting.again)


def status_line(found: MemoryFindings) -> str:
    """The line as HTML: what runs, else what went wrong, else nothing."""
    if found.waiting:
        return f'<p class="status busy" role="status"><i></i>{escape(progress(found))}</p>'
    problem = next(iter(found.problems.values()), None)
    words = escape(why(problem)) if problem else ""
    return f'<p class="status" role="status" title="{words}">{words}</p>'


def show_cards(found: MemoryFindings) -> None:
    """The cards under the drawing, which choose what it shows."""
    panel("memory-cards", cards(found), layers=found.study.block.layers, on_set=choose)


def choose(field: str, value: str) -> None:
    """A card's callback."""
    if field == "implementation" and value in CARDS:
        link.apply({field: value})
