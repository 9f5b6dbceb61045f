"""The concatenation graph on the page: drawn by :mod:`explorer.pictures.svg`, alive through
:mod:`explorer.pictures.moving`.

With the same ``key`` the DOM stays from run to run, and the script changes only what has changed.
Which of a few widths is shown is the browser's choice. Hover stays in the browser and travels to
the other pictures as the DOM event ``dbe-source`` (``detail.source``: a number, or null). A click or
Enter comes to Python as a selection.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from explorer.findings import StudyTheory
from explorer.pictures import moving
from explorer.pictures.moving.drawings import hides
from explorer.spec import Study
from explorer.web.components.colours import declarations
from explorer.web.components.scripts import script
from explorer.web.components.turns import sent

_component = st.components.v2.component(
    "dense_block_explorer.picture",
    html=moving.markup(),
    js=script("picture").importing,
    isolate_styles=False,  # one document with the charts, for focus order and tests alike
)

#: What may be asked for by a key.
VIEWS = ("drawing", "present", "more", "fewer")


def concat_graph(
    theory: StudyTheory,
    *,
    key: str,
    on_select: Callable[[str | None], None],
    on_view: Callable[[str], None] | None = None,
) -> None:
    """Shows the graph of the Study's block in the drawing and with the selection of its view.

    Args:
        theory: the Study and its closed forms, which the inspector quotes.
        key: keeps the picture, its fold and its scroll position from run to run.
        on_select: called, before the next run, with ``layer-4``, ``source-2``, ``2-4``, or None when let go.
        on_view: called when a key or button asks for another ``drawing``, to enter or leave the presenter
            view (``present``), or for one Bottleneck ``more`` or ``fewer``.
    """

    def selected() -> None:
        on_select(st.session_state[key].get("select") or None)

    def asked() -> None:
        word = st.session_state[key].get("view")
        if on_view is not None and word in VIEWS:
            on_view(word)

    room, unfolded = st.session_state.get(key, {}).get("room"), is_unfolded(key, theory.study)
    _component(
        key=key,
        data=sent(key, picture_data(theory, unfolded, room), (theory.study, unfolded, room)),
        on_select_change=selected,
        on_view_change=asked,
        on_unfolded_change=lambda: None,
        on_room_change=lambda: None,
    )


def is_unfolded(key: str, study: Study) -> bool:
    """Whether the picture ``key`` shows every Bottleneck.

    Until a person folds or unfolds, what a link selects is not hidden in the fold.
    """
    chosen = st.session_state.get(key, {}).get("unfolded")
    return hides(study.block.layers, study.view.selected.layer) if chosen is None else bool(chosen)


def picture_data(theory: StudyTheory, unfolded: bool = False, room: str | None = None) -> dict[str, Any]:
    """All that the script needs, as JSON values; arguments as of :func:`explorer.pictures.moving.picture_data`."""
    block = theory.study.block
    colours = declarations(frozenset(range(block.layers + 1)), block.layers)
    return moving.picture_data(theory, unfolded, room) | {"colours": colours}
