"""Sentences about what a link or a control asked for and did not get."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from explorer.language import _, plural
from explorer.web import link
from explorer.web.link import Untaken

_SHOWN = 4


def show(problems: Sequence[Untaken]) -> None:
    """Shows ``problems`` above the page until they are dismissed or something is changed.

    The container is there even when it is empty, so that nothing below it moves in Streamlit's tree:
    a chart that moves is drawn anew.
    """
    with st.container(key="notice", border=False):
        if not problems:
            return
        items = [escape(str(problem)) for problem in problems[:_SHOWN]]
        rest = len(problems) - _SHOWN
        if rest > 0:
            items.append(escape(plural("and one more.", "and {count} more.", rest).format(count=rest)))
        told = plural("One value was not taken:", "{count} values were not taken:", len(problems))
        with st.container(border=True, key="notice-box"):
            # Not Markdown, which makes links, icons and arrows even of words without a bracket.
            st.html(
                f"<p>{escape(told.format(count=len(problems)))}</p>"
                f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>"
            )
            st.button(_("Dismiss"), key="dismiss", on_click=link.dismiss)


def say(sentence: str) -> None:
    """Shows ``sentence`` in a frame, for as long as it holds."""
    with st.container(border=True, key="notice-said"):
        st.html(f"<p>{escape(sentence)}</p>")
