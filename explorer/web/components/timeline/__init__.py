"""The course of a training step: every byte alive after every operator, and one instant of it where the pointer is.

The browser is sent each tensor's life once, and works out by itself what is alive at an instant. A click on a source's
band comes to Python as a selection; hover travels to other pictures as the DOM event ``dbe-source``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st

from explorer.findings import PURPOSES, StepTrack
from explorer.pictures.memory_course import Flat, course_words, kinds, label, op_words, order, rows, unit
from explorer.pictures.moving.drawings import packed
from explorer.spec import DenseBlockSpec, Selection, Study
from explorer.web.components.colours import declarations
from explorer.web.components.scripts import script
from explorer.web.components.turns import sent

_HERE = Path(__file__).parent
_component = st.components.v2.component(
    "dense_block_explorer.timeline",
    html=(_HERE / "timeline.html").read_text(encoding="utf-8"),
    js=script("timeline").importing,
    isolate_styles=False,  # one document with the other pictures, for focus order and tests alike
)


def timeline(
    study: Study,
    track: StepTrack | None,
    *,
    key: str,
    reference: StepTrack | None = None,
    residual: StepTrack | None = None,
    residual_label: str = "",
    flat: Flat | None = None,
    message: str = "",
    busy: bool = False,
    on_select: Callable[[str | None], None],
) -> None:
    """Shows the step that ``track`` tells, of the Study's block in the implementation that it asks for.

    Args:
        study: whose memory section says how the bytes are coloured, and whose view which source is lit.
        track: what is drawn; None where it is not known (yet) or cannot be.
        key: keeps the drawing's place from run to run.
        reference: the step of ``list``, drawn as a line where ``track`` is another one.
        residual: the step of the residual block, drawn as a line.
        residual_label: its name.
        flat: what is kept and why there is no course, for code that runs out of sight.
        message: said in the drawing's place while there is none.
        busy: whether it is on its way.
        on_select: called, before the next run, with ``source-2``, or None when let go.
    """

    def selected() -> None:
        on_select(st.session_state[key].get("select") or None)

    data = timeline_data(study, track, reference, residual, residual_label, flat) | {"message": message, "busy": busy}
    mark = study, *map(id, (track, reference, residual)), residual_label, flat, message, busy
    _component(key=key, data=sent(key, data, mark), on_select_change=selected)


def timeline_data(
    study: Study,
    track: StepTrack | None,
    reference: StepTrack | None = None,
    residual: StepTrack | None = None,
    residual_label: str = "",
    flat: Flat | None = None,
) -> dict[str, Any]:
    """All that the script needs, as JSON values; see :func:`timeline`."""
    block, known = study.block, [one for one in (track, reference, residual) if one is not None]
    shown = unit([one.peak_bytes for one in known] + ([flat.kept_bytes or 0] if flat else []))
    names = sorted(set(track.ops)) if track else []
    return {
        "track": _track(_Same(track), block) if track else "",
        "list": _curve(_Same(reference)) if reference and reference is not track else "",
        "residual": _curve(_Same(residual)) if residual else "",
        "residualLabel": residual_label,
        "flat": flat.kept_bytes if flat else None,
        "why": list(flat.why) if flat else None,
        "by": study.memory.colours,
        "select": _lit(study.view.selected),
        "unit": {"name": shown.unit, "one": shown.one, "decimals": shown.decimals},
        "label": label(study, track, shown),
        "rows": rows(block),
        "kinds": kinds(block),
        "order": order(block),
        "ops": {name: op_words(name) for name in names},
        "words": course_words(study, shown, flat),
        "colours": declarations(frozenset(range(block.layers + 1)), block.layers),
    }


def _lit(selected: Selection) -> int | None:
    """The source whose band stays lit: the selected one, or what the selected Bottleneck makes."""
    return selected.source if selected.source is not None else selected.layer


class _Same:
    """A track, equal only to itself, so that no cache hashes its thousands of numbers."""

    def __init__(self, track: StepTrack) -> None:
        self.track = track

    def __hash__(self) -> int:
        return id(self.track)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.track is self.track


# Bounded: an entry holds its track, of up to half a megabyte, so that its identity cannot pass to another one.
@lru_cache(maxsize=48)
def _track(same: _Same, block: DenseBlockSpec) -> str:
    track = same.track
    names = sorted({*track.ops})
    places = {name: place for place, name in enumerate(names)}
    return _written(
        {
            "purposes": PURPOSES,
            "block": {"c0": block.in_channels, "k": block.growth_rate, "layers": block.layers},
            "lives": track.lives,
            "ops": [places[op] for op in track.ops],
            "names": names,
            "at": track.layers,
            "split": track.backward_from,
            "channel": track.channel_bytes,
            "buffer": track.is_buffered,
            "middle": block.mid_channels if block.bottleneck else block.growth_rate,
        }
    )


@lru_cache(maxsize=96)
def _curve(same: _Same) -> str:
    return _written({"totals": same.track.totals, "split": same.track.backward_from})


def _written(value: object) -> str:
    return packed(json.dumps(value, separators=(",", ":")))
