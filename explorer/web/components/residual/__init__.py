"""The residual block on the page: drawn by :mod:`explorer.pictures.residual_svg`, alive through ``residual.js``.

It stands below the Dense Block's picture at the same pixels per channel. A click or Enter on a unit
comes to Python as the selection ``unit-3``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from explorer.findings import StudyTheory
from explorer.language import _, kept
from explorer.pictures.layout.shapes import Orientation
from explorer.pictures.moving.drawings import DRAWINGS, hides, in_sight, packed, pictures
from explorer.pictures.palette import TOKENS
from explorer.pictures.residual_svg import residual_picture
from explorer.pictures.residual_words import residual_spec
from explorer.spec import DenseBlockSpec, ResidualSpec
from explorer.web.components.colours import declarations
from explorer.web.components.residual.words import code_words, unit_words
from explorer.web.components.scripts import script
from explorer.web.components.turns import sent

_HERE = Path(__file__).parent
_component = st.components.v2.component(
    "dense_block_explorer.residual",
    html=(_HERE / "residual.html").read_text(encoding="utf-8"),
    js=script("residual").importing,
    isolate_styles=False,  # one document with the other picture, for focus order and tests alike
)


def residual_graph(
    theory: StudyTheory, *, key: str, beside_unfolded: bool, on_select: Callable[[str | None], None]
) -> None:
    """Shows the residual counterpart of the Study with the unit that its view selects.

    Args:
        theory: the Study and its closed forms.
        key: keeps the picture, its fold and its scroll position from run to run.
        beside_unfolded: whether the Dense Block's picture, whose scale this one takes, stands unfolded.
        on_select: called, before the next run, with ``unit-3``, or None when let go.
    """

    def selected() -> None:
        on_select(st.session_state[key].get("select") or None)

    told = st.session_state.get(key, {})
    chosen, room = told.get("unfolded"), told.get("room")
    # Until a person folds or unfolds, what a link selects is not hidden in the fold.
    unfolded = hides(residual_spec(theory).units, _selected(theory)) if chosen is None else bool(chosen)
    content = theory.study, unfolded, beside_unfolded, room
    _component(
        key=key,
        data=sent(key, residual_data(theory, unfolded, beside_unfolded, room), content),
        on_select_change=selected,
        on_unfolded_change=lambda: None,
        on_room_change=lambda: None,
    )


def residual_data(
    theory: StudyTheory, unfolded: bool = False, beside_unfolded: bool = False, room: str | None = None
) -> dict[str, Any]:
    """All that the script needs, as JSON values; arguments as in ``picture_data`` of the other picture."""
    spec, block = residual_spec(theory), theory.study.block
    selected = _selected(theory)
    shown = in_sight(spec.units, DRAWINGS, unfolded, selected)
    return {
        "select": f"unit-{selected}" if selected else "",
        "unfolded": unfolded,
        "pictures": pictures(
            DRAWINGS, room, lambda side, width: _packed(spec, block, side, width, not unfolded, not beside_unfolded)
        ),
        "colours": declarations(frozenset((0,)), block.layers),
        "units": {str(number): unit_words(theory, number) for number in shown},
        "words": {
            "zoom": _("Zoom"),
            "in": _("Zoom in (Ctrl and wheel, or pinch)"),
            "out": _("Zoom out"),
            "fit": _("Show the whole picture"),
            "whole": _("Fit"),
        },
        **code_words(spec),
    }


@kept(maxsize=256)
def _packed(
    spec: ResidualSpec,
    beside: DenseBlockSpec,
    orientation: Orientation,
    width: float,
    folded: bool,
    beside_folded: bool,
) -> str:
    """One drawing's SVG as it is sent."""
    return packed(residual_picture(spec, beside, orientation, width, folded, beside_folded, TOKENS, standalone=False))


def _selected(theory: StudyTheory) -> int | None:
    """The selected unit, if this block has it."""
    unit = theory.study.view.selected.unit
    return unit if unit is not None and unit <= residual_spec(theory).units else None
