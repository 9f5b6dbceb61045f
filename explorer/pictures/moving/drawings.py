"""What both pictures send to the browser: which drawings there are, which are sent, what can be pointed at."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Sequence
from typing import Any

from explorer.language import typeset
from explorer.pictures.layout import folding
from explorer.pictures.layout.shapes import Orientation

#: Drawings that can be had: for a desk, a small window, a tablet, and upright for a phone.
DRAWINGS: tuple[tuple[Orientation, float], ...] = (
    ("horizontal", 976.0),  # shrinks to 940, the page on a projector, with no text under 12.5 px
    ("horizontal", 820.0),
    ("horizontal", 640.0),
    ("vertical", 340.0),
)


def pictures(
    drawings: Sequence[tuple[Orientation, float]],
    room: str | None,
    draw: Callable[[Orientation, float], str],
    every: bool = False,
) -> list[dict[str, Any]]:
    """The drawings as the scripts read them, packed by ``draw``, or empty where they are not sent.

    ``room`` is the one that the browser has asked for; until it has, those for a desk and a phone are sent.
    Where nothing can be asked for, ``every`` one is.
    """
    names = {f"{orientation}-{width:g}": (orientation, width) for orientation, width in drawings}
    sent = (room,) if room in names else (next(iter(names)), next(reversed(names)))
    return [
        {
            "room": name,
            "width": width,
            "orientation": orientation,
            "svg": draw(orientation, width) if every or name in sent else "",
        }
        for name, (orientation, width) in names.items()
    ]


def packed(svg: str) -> str:
    """Typeset, deflated, in base64: an eighth of its size on the way to the browser."""
    return base64.b64encode(zlib.compress(typeset(svg).encode())).decode()


def in_sight(
    layers: int, drawings: Sequence[tuple[Orientation, float]], unfolded: bool, selected: int | None
) -> list[int]:
    """The layers that can be pointed at in one of ``drawings``, and the selected one."""
    folds = [None if unfolded else folding(layers, *drawing) for drawing in drawings]
    shown = {n for n in range(1, layers + 1) if any(fold is None or not fold.holds(n) for fold in folds)}
    return sorted(shown if selected is None else shown | {selected})


def hides(layers: int, selected: int | None) -> bool:
    """Whether the selected layer would lie in the fold of the widest drawing."""
    fold = folding(layers, *DRAWINGS[0])
    return fold is not None and selected is not None and fold.holds(selected)
