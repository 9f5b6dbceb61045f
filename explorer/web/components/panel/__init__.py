"""Parts of the page that are HTML: tiles, formulas, tables, lists. What is shown is built and escaped in Python.

Elements with ``data-source`` take part in the hover across pictures (DOM event ``dbe-source``); a row
with ``data-opens`` shows and hides the rows of that group; a button with ``data-field`` sets that field
of the Study. Cells of a table with ``role="grid"`` can be walked by arrow keys, and a click or Enter on
one comes to Python as a selection.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict

import streamlit as st

from explorer.pictures.inspector import Maps
from explorer.spec import selection
from explorer.web.components.colours import colours_for
from explorer.web.components.scripts import script
from explorer.web.components.turns import sent

_component = st.components.v2.component(
    "dense_block_explorer.panel",
    html='<div class="panel"></div>',
    js=script("panel").importing,
)


def panel(
    key: str,
    markup: str,
    *,
    layers: int,
    maps: Mapping[str, Maps] | None = None,
    select: str | None = None,
    on_select: Callable[[str | None], None] | None = None,
    on_set: Callable[[str, str], None] | None = None,
) -> None:
    """Shows ``markup``, in which every value from outside has been escaped.

    Args:
        key: keeps the panel's place, and what is unfolded in it, from run to run.
        markup: HTML that uses the classes of ``explorer/pictures/numbers.css`` and the sheets here.
        layers: Bottlenecks of the block, which decide the source colours.
        maps: the feature maps of each ``data-maps`` canvas in ``markup``.
        select: what the view selects; its source stays lit while nothing is pointed at.
        on_select: called, before the next run, with ``layer-4``, ``source-2``, ``2-4``, or None when let go.
        on_set: called, before the next run, with the field and value of a button that has ``data-field``.
    """

    def selected() -> None:
        if on_select is not None:
            on_select(st.session_state[key].get("select") or None)

    def given() -> None:
        field, equals, value = str(st.session_state[key].get("set") or "").partition("=")
        if on_set is not None and equals:
            on_set(field, value)

    painted = {name: asdict(one) for name, one in (maps or {}).items()}
    data = {
        "markup": markup,
        "colours": colours_for(markup, layers),
        "maps": painted,
        "select": select or "",
        "source": selection(select).source,
    }
    content = markup, layers, select, *(maps or {}).items()
    _component(key=key, data=sent(key, data, content), on_select_change=selected, on_set_change=given)
