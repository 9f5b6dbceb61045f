"""Fonts of the picture, and how much room a text needs whatever font the reader has.

Widths are estimated from DejaVu Sans, the widest font that browsers commonly fall back to;
what fits by this estimate fits in Source Sans too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from explorer.pictures.layout.shapes import Box, Role, TextShape


@dataclass(frozen=True)
class Font:
    """Size in px and CSS weight."""

    size: float
    weight: int


FONTS: dict[Role, Font] = {
    "name": Font(13, 600),  # a Bottleneck's name
    "width": Font(13, 400),  # its channels
    "made": Font(13, 600),  # those that it adds
    "total": Font(15, 650),  # a column's channels
    "source": Font(13, 600),
    "note": Font(13, 400),
}

_ADVANCE = {
    **dict.fromkeys("0123456789", 0.637),
    **dict.fromkeys(" .,·:;", 0.318),
    **dict.fromkeys("ijl", 0.279),
    **dict.fromkeys("frt", 0.411),
    **dict.fromkeys("₀₁₂₃₄₅₆₇₈₉", 0.41),
    **dict.fromkeys("+=×→", 0.838),
    **dict.fromkeys("mw", 0.975),
    "B": 0.686,
}
_OTHER = 0.63  # the widest of the remaining small letters and the dash
_BOLD = 1.125
_SQUARE = re.compile(
    r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uff60]"
)  # Han characters and their punctuation: 1 em, bold too


def is_square(character: str) -> bool:
    """Whether ``character`` is as wide as high: a Han character, or their punctuation."""
    return _SQUARE.match(character) is not None


def text_width(text: str, role: Role) -> float:
    """Pixels that ``text`` needs at most."""
    font = FONTS[role]
    bold = _BOLD if font.weight >= 600 else 1.0
    return sum(1.0 if is_square(c) else _ADVANCE.get(c, _OTHER) * bold for c in text) * font.size


def text_box(shape: TextShape) -> Box:
    """The box that ``shape`` fills at most, from ascender to descender."""
    size = FONTS[shape.role].size
    width = text_width(shape.text + shape.link, shape.role)
    left = {"start": 0.0, "middle": width / 2, "end": width}[shape.anchor]
    return Box(shape.point[0] - left, shape.point[1] - 0.93 * size, width, 1.17 * size)


def placed(labels: Iterable[Sequence[TextShape]], width: float, height: float) -> tuple[TextShape, ...]:
    """The texts that fit: of each label the first variant that is inside and touches none placed before it.

    Labels come most important first; one whose variants all collide is left out, since what it says
    stands in the inspector too.
    """
    page = Box(0, 0, width, height)
    boxes: list[Box] = []
    texts: list[TextShape] = []
    for variants in labels:
        for text in variants:
            box = text_box(text)
            if page.around(box) == page and not any(box.overlaps(other, by=1.0) for other in boxes):
                boxes.append(box)
                texts.append(text)
                break
    return tuple(texts)


def subscript(number: int) -> str:
    """12 → ``₁₂``."""
    return "".join("₀₁₂₃₄₅₆₇₈₉"[int(digit)] for digit in str(number))


def source_name(source: int) -> str:
    """3 → ``x₃``."""
    return f"x{subscript(source)}"
