"""What was found for a chapter of a lesson."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from explorer.language import Said


@dataclass(frozen=True)
class Check:
    """What one :class:`explorer.spec.CheckJob` found on live modules: numbers by name."""

    values: tuple[tuple[str, float], ...]
    torch: str
    kind: Literal["check"] = field(default="check", init=False)


@dataclass(frozen=True)
class Column:
    """One number of a chapter: predicted, then shown.

    Attributes:
        name: in lesson files: ``block-1``.
        label: for a person, short: "Block 1".
        note: under it, shorter than 24 letters: "6 layers, 3 units"; None where there is none.
        of: a dense block, a residual one, or neither, which decides its colour.
    """

    name: str
    label: Said
    note: Said | None = None
    of: Literal["dense", "residual", "plain"] = "dense"


@dataclass(frozen=True)
class Answer:
    """What was measured for a chapter.

    Attributes:
        values: of its columns, in their order.
        facts: further numbers that its texts may name.
        order: the right order of its cards; empty where it has none.
        source: on what, and how: "counted on the modules".
    """

    values: tuple[float, ...]
    facts: tuple[tuple[str, float | int], ...]
    order: tuple[str, ...]
    source: Said
