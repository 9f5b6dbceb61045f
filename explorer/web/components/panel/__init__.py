"""Parts of the page that are HTML: tiles, formulas, tables, lists. What is shown is built and escaped in Python.

Elements with ``data-source`` take part in the hover across pictures (DOM event ``dbe-source``); a row
with ``data-opens`` shows and hides the rows of that group.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

import streamlit as st

from explorer.pictures.inspector import Maps
from explorer.web.components.colours import colours_for
from explorer.web.components.scripts import script
from explorer.web.components.turns import turn

_component = st.components.v2.component(
    "dense_block_explorer.panel",
    html='<div class="panel"></div>',
    js=script("panel").importing,
)


def panel(key: str, markup: str, *, layers: int, maps: Mapping[str, Maps] | None = None) -> None:
    """Shows ``markup``, in which every value from outside has been escaped.

    Args:
        key: keeps the panel's place, and what is unfolded in it, from run to run.
        markup: HTML that uses the classes of ``panel.css``.
        layers: Bottlenecks of the block, which decide the source colours.
        maps: the feature maps of each ``data-maps`` canvas in ``markup``.
    """
    painted = {name: asdict(one) for name, one in (maps or {}).items()}
    data = {
        "markup": markup,
        "colours": colours_for(markup, layers),
        "maps": painted,
        "turn": turn(key, (markup, layers, *(maps or {}).items())),
    }
    _component(key=key, data=data)
