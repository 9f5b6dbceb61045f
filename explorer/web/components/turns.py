"""Which of two contents of a component is the newer one.

Streamlit hands each content to a component's script after importing that script anew, and a browser
settles imports of a script that is still loading in any order (seen: a chart that said "running"
beside tiles that said "counted"). So each content says when it came to be, and the script passes
over one that is older than what it shows.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import streamlit as st

from explorer.language import TAGS, language, typeset_all


def sent(key: str, data: Mapping[str, Any], content: tuple[object, ...]) -> dict[str, Any]:
    """``data`` as the component ``key`` is sent it: typeset, with the language's name, and the turn of ``content``."""
    tongue = TAGS[language()]
    set_data: dict[str, Any] = typeset_all(dict(data))
    return set_data | {"lang": tongue, "turn": turn(key, (tongue, content))}


def turn(key: str, content: tuple[object, ...]) -> int:
    """When the component ``key`` got ``content``, in milliseconds; the same for as long as it does not change."""
    slot, mark = f"_turn_{key}", hash(content)
    known: tuple[int, int] | None = st.session_state.get(slot)
    if known is None or known[0] != mark:
        # The clock, and not a count: a page may outlive its session.
        known = mark, max(time.time_ns() // 1_000_000, known[1] + 1 if known else 0)
        st.session_state[slot] = known
    return known[1]
