"""Text in the columns of a terminal, where a Chinese character takes two."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Sequence

from explorer.language import typeset

WIDTH = 100  # columns that a text is wrapped for
_WIDE = ("W", "F")
_NO_START = "，。；：！？、）”’》…"  # what begins no line
_NO_END = "（“‘《"  # what ends none


def wide(text: str) -> int:
    """How many columns ``text`` takes."""
    return len(text) + sum(unicodedata.east_asian_width(sign) in _WIDE for sign in text)


def left(text: str, width: int) -> str:
    """``text`` at the left of ``width`` columns."""
    return text + " " * (width - wide(text))


def right(text: str, width: int) -> str:
    """``text`` at the right of ``width`` columns."""
    return " " * (width - wide(text)) + text


def wrapped(text: str, indent: str = "  ", first: str = "") -> list[str]:
    """``text``, typeset, as lines of at most :data:`WIDTH` columns: ``first`` before the first, ``indent`` the others.

    A line may also break between Chinese characters.
    """
    text = typeset(text)
    if wide(text) == len(text):
        return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=indent, break_on_hyphens=False)
    lines, line = [], first
    for piece in _pieces(text):
        if wide(line) + wide(piece.rstrip()) > WIDTH and line.strip():
            lines.append(line.rstrip())
            line = indent + piece.lstrip()
        else:
            line += piece
    return [*lines, line.rstrip()] if line.strip() else lines


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """``rows`` as lines: the first column flush left, the others right."""
    rows = [[typeset(cell) for cell in row] for row in rows]
    widths = [max(map(wide, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join([left(row[0], widths[0]), *map(right, row[1:], widths[1:])]).rstrip()  # rows are of one length
        for row in rows
    ]


def _pieces(text: str) -> list[str]:
    """Where ``text`` may break: words with the space behind them, and single wide characters with their signs."""
    found: list[str] = []
    for piece in re.findall(r"[^\S\n]+|\n|[^\s\u2e80-\uffef]+|[\u2e80-\uffef]", text):
        if found and (piece.isspace() or piece in _NO_START or found[-1] in _NO_END):
            found[-1] += " " if piece == "\n" else piece
        else:
            found.append(piece)
    return found
