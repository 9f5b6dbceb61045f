"""Parts of the page that are HTML: tiles, formulas, tables, lists. What is shown is built and escaped in Python.

Elements with ``data-source`` take part in the hover across pictures (DOM event ``dbe-source``); a row
with ``data-opens`` shows and hides the rows of that group.
"""

from __future__ import annotations

import streamlit as st

from explorer.web.components.colours import colours_for
from explorer.web.components.scripts import script
from explorer.web.components.turns import turn

_component = st.components.v2.component(
    "dense_block_explorer.panel",
    html='<div class="panel"></div>',
    js=script("panel").importing,
)


def panel(key: str, markup: str, *, layers: int) -> None:
    """Shows ``markup``, in which every value from outside has been escaped.

    Args:
        key: keeps the panel's place, and what is unfolded in it, from run to run.
        markup: HTML that uses the classes of ``panel.css``.
        layers: Bottlenecks of the block, which decide the source colours.
    """
    data = {"markup": markup, "colours": colours_for(markup, layers), "turn": turn(key, (markup, layers))}
    _component(key=key, data=data)
