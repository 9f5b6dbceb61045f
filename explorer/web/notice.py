"""Sentences about what a link or a control asked for and did not get."""

from __future__ import annotations

import re
from collections.abc import Sequence

import streamlit as st

from explorer.language import _, plural
from explorer.web import link

_SHOWN = 4


def show(problems: Sequence[str]) -> None:
    """Shows ``problems`` above the page until they are dismissed or something is changed.

    The container is there even when it is empty, so that nothing below it moves in Streamlit's tree:
    a chart that moves is drawn anew.
    """
    with st.container(key="notice", border=False):
        if not problems:
            return
        lines = [f"- {plain(problem)}" for problem in problems[:_SHOWN]]
        rest = len(problems) - _SHOWN
        if rest > 0:
            lines.append("- " + plural("and one more.", "and {count} more.", rest).format(count=rest))
        told = plural("One value was not taken:", "{count} values were not taken:", len(problems))
        with st.container(border=True, key="notice-box"):
            st.markdown("\n".join([told.format(count=len(problems)), "", *lines]))
            st.button(_("Dismiss"), key="dismiss", on_click=link.dismiss)


def plain(text: str) -> str:
    """``text`` so that Markdown shows it as it is: a link's values must not become links or pictures."""
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|~$:^=&])", r"\\\1", text)
