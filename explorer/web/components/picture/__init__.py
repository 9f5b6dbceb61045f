"""The concatenation graph on the page: drawn by :mod:`explorer.pictures.svg`, alive through ``picture.js``.

With the same ``key`` the DOM stays from run to run, and the script changes only what has changed.
Which of a few widths is shown is the browser's choice. Hover stays in the browser and travels to
the other pictures as the DOM event ``dbe-source`` (``detail.source``: a number, or null). A click or
Enter comes to Python as a selection.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st

from explorer.findings import StudyTheory
from explorer.graph import Graph
from explorer.graph import concat_graph as graph_of
from explorer.pictures.layout import folding, layout
from explorer.pictures.layout.frame import CORNER_FROM
from explorer.pictures.layout.shapes import Orientation
from explorer.pictures.palette import TOKENS
from explorer.pictures.svg import render
from explorer.spec import DenseBlockSpec, Drawing, Selection, Study
from explorer.web.components.colours import declarations
from explorer.web.components.drawings import DRAWINGS, hides, in_sight, packed, pictures
from explorer.web.components.picture import bar, words
from explorer.web.components.scripts import script
from explorer.web.components.turns import turn

_HERE = Path(__file__).parent
_component = st.components.v2.component(
    "dense_block_explorer.picture",
    html=(_HERE / "picture.html").read_text(encoding="utf-8"),
    js=script("picture").importing,
    isolate_styles=False,  # one document with the charts, for focus order and tests alike
)

#: What may be asked for by a key.
VIEWS = ("drawing", "present", "more", "fewer")
MANY = 16  # Bottlenecks: beyond, a tablet scrolls the next wider drawing, which halves what is sent


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
        data=picture_data(theory, unfolded, room) | {"turn": turn(key, (theory.study, unfolded, room))},
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
    """All that the script needs, as JSON values.

    Args:
        theory: the Study and its closed forms.
        unfolded: whether all Bottlenecks of a long block are drawn.
        room: the drawing that the browser has asked for; until it has, those for a desk and a phone are sent.
    """
    study = theory.study
    block, view = study.block, study.view
    graph = graph_of(block)
    drawings = _drawings(block.layers, unfolded)
    inspected = in_sight(block.layers, drawings, unfolded, view.selected.layer)
    return {
        "drawing": view.drawing,
        "select": view.select if view.select and view.selected.unit is None else "",  # a unit is the other picture's
        "unfolded": unfolded,
        "pictures": [
            one | {"corner": _has_corner(block.layers, unfolded, one["orientation"], one["width"])}
            for one in pictures(drawings, room, lambda *one: _packed(block, view.drawing, *one, not unfolded))
        ],
        "colours": declarations(frozenset(graph.sources), block.layers),
        "chain": words.chain_words(block),
        "paper": words.paper_words(block),
        "sources": [words.source_words(graph, source) for source in graph.sources],
        "bottlenecks": {str(number): words.bottleneck_words(theory, number) for number in inspected},
        "slice": _slice_words(graph, view.selected),
        "words": bar.bar_words(view.present),
        "present": view.present,
        "film": bar.film_words(block),
        "find": bar.finder_words(theory.dense),
    }


@lru_cache(maxsize=512)
def _packed(block: DenseBlockSpec, drawing: Drawing, orientation: Orientation, width: float, folded: bool) -> str:
    """One drawing's SVG as it is sent."""
    return packed(render(layout(graph_of(block), drawing, orientation, width, folded), TOKENS, standalone=False))


def _has_corner(layers: int, unfolded: bool, orientation: Orientation, width: float) -> bool:
    """Whether the drawing leaves its upper left corner empty; one that scrolls has other Bottlenecks there."""
    scrolls = unfolded and folding(layers, orientation, width) is not None
    return orientation == "horizontal" and width >= CORNER_FROM and not scrolls


def _drawings(layers: int, unfolded: bool) -> tuple[tuple[Orientation, float], ...]:
    """Unfolded, a long block has one wide drawing, which scrolls in its frame."""
    if layers <= MANY:
        return DRAWINGS
    return (DRAWINGS[0], DRAWINGS[-1]) if unfolded else (DRAWINGS[0], DRAWINGS[1], DRAWINGS[-1])


def _slice_words(graph: Graph, selected: Selection) -> words.Words | None:
    """What is said of the selected slice, if it is one."""
    if selected.source is None or selected.layer is None:
        return None
    return words.slice_words(graph, selected.source, selected.layer)
