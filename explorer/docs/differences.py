"""How two versions of a part differ, numbers first: ``parameters: 335,040 in the document, 334,912 now``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest


@dataclass(frozen=True)
class Difference:
    """One thing that differs.

    Attributes:
        offset: of the line within the part's body, from 0.
        words: what it is.
    """

    offset: int
    words: str


@dataclass(frozen=True)
class Cell:
    """A cell of a table: the offset of its line, what it tells of, and its text."""

    offset: int
    name: str
    text: str


Key = tuple[int, str, int]  # the table's place, the row's label (none for the heads), the column
_HEAD = "head of a table"


def differences(old: Sequence[str], new: Sequence[str]) -> list[Difference]:
    """What differs: each cell of a table by name, then its heads; else the first line that does."""
    before, now = _cells(old), _cells(new)
    found = [
        Difference(before[key].offset, f"{cell.name}: {before[key].text} in the document, {cell.text} now")
        for key, cell in now.items()
        if key in before and before[key].text != cell.text
    ]
    found += [Difference(c.offset, f"{c.name}: {c.text} in the document, not there now") for c in _less(before, now)]
    found += [Difference(0, f"{c.name}: not in the document, {c.text} now") for c in _less(now, before)]
    return sorted(found, key=lambda one: one.words.startswith(_HEAD)) or _lines(old, new)


def _lines(old: Sequence[str], new: Sequence[str]) -> list[Difference]:
    for offset, (one, other) in enumerate(zip_longest(old, new)):
        if one != other:
            if one is None:
                return [Difference(max(0, len(old) - 1), f"The document lacks a line: {_short(other)}")]
            now = "not there now" if other is None else f"now {_short(other)}"
            return [Difference(offset, f"In the document {_short(one)}, {now}")]
    return []


def _short(line: str) -> str:
    text = line.strip()
    return f"“{text[:77]}…”" if len(text) > 78 else f"“{text}”"


def _less(some: dict[Key, Cell], others: dict[Key, Cell]) -> list[Cell]:
    return [cell for key, cell in some.items() if key not in others]


def _cells(lines: Sequence[str]) -> dict[Key, Cell]:
    """Every cell of every table but the rows' labels."""
    found: dict[Key, Cell] = {}
    for place, (start, rows) in enumerate(_tables(lines)):
        heads = rows[0]
        for column, head in enumerate(heads):
            found[(place, "", column)] = Cell(start, _HEAD, head)
        for down, row in enumerate(rows[2:], 2):
            label = f"{heads[0]} {row[0]}" if row[0].isdecimal() else row[0]
            for column, (head, text) in enumerate(zip(heads[1:], row[1:], strict=False), 1):
                name = f"{label}, {head}" if len(heads) > 2 else label
                found[(place, row[0], column)] = Cell(start + down, name, text)
    return found


def _tables(lines: Sequence[str]) -> Iterator[tuple[int, list[list[str]]]]:
    """(offset, rows) of each table: of lines that begin with a bar, the second of dashes."""
    start = 0
    while start < len(lines):
        end = start
        while end < len(lines) and lines[end].lstrip().startswith("|"):
            end += 1
        if end - start >= 2:
            rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines[start:end]]
            yield start, rows
        start = max(end, start + 1)
