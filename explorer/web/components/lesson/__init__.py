"""The lesson's own part of the page: the rings that a person moves, keys, and progress that stays in the browser.

All that is shown is built and escaped in Python, and what is not to be seen yet is not sent. The script moves rings and
cards, and hands over what was done as ``{"guess": "0.6,1", "state": "answer"}``: fields of a Study by name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import streamlit as st

from explorer.web.components.colours import colours_for
from explorer.web.components.scripts import script
from explorer.web.components.turns import turn

_component = st.components.v2.component(
    "dense_block_explorer.lesson",
    html='<div class="dbe-lesson"></div>',
    js=script("lesson").importing,
    isolate_styles=False,  # one document with the page, for focus order and keys
)


def lesson(
    key: str, markup: str, *, told: Mapping[str, object], on_set: Callable[[dict[str, str | None]], None]
) -> None:
    """Shows ``markup``, in which every value from outside has been escaped.

    Args:
        key: keeps the part's place from run to run.
        markup: HTML that uses the classes of ``lesson.css``.
        told: what the script needs to know: where the person is, the axis, words that it puts together.
        on_set: called, before the next run, with fields and their texts; None takes one back to its default.
    """

    def given() -> None:
        try:
            values = json.loads(str(st.session_state[key].get("set") or "{}"))
        except (ValueError, RecursionError):
            return
        if isinstance(values, dict) and all(isinstance(v, str | None) for v in values.values()):
            on_set({str(name): value for name, value in values.items()})

    written = json.dumps(told)
    data = {
        "markup": markup,
        "told": written,
        "colours": colours_for(markup, 64),
        "turn": turn(key, (markup, written)),
    }
    _component(key=key, data=data, on_set_change=given)
