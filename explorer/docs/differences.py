"""How two versions of a part differ, numbers first: ``parameters: 335,040 in the document, 334,912 now``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from explorer.language import _


@dataclass(frozen=True)
class Difference:
    """One thing that differs.

    Attributes:
        offset: of the line within the part's body, from 0.
        words: what it is.
        of_head: whether it is a head of a table.
    """

    offset: int
    words: str
    of_head: bool = False


@dataclass(frozen=True)
class Cell:
    """A cell of a table: the offset of its line, what it tells of (nothing: it is a head), and its text."""

    offset: int
    name: str
    text: str


Key = tuple[int, str, int]  # the table's place, the row's label (none for the heads), the column


def differences(old: Sequence[str], new: Sequence[str]) -> list[Difference]:
    """What differs: each cell of a table by name, then its heads; else the first line that does."""
    before, now = _cells(old), _cells(new)
    found = []
    for key, cell in now.items():
        if key in before and before[key].text != cell.text:
            words = _("{name}: {old} in the document, {new} now")
            words = words.format(name=_name(cell), old=before[key].text, new=cell.text)
            found.append(Difference(before[key].offset, words, not cell.name))
    for cell in _less(before, now):
        words = _("{name}: {old} in the document, not there now").format(name=_name(cell), old=cell.text)
        found.append(Difference(cell.offset, words, not cell.name))
    for cell in _less(now, before):
        words = _("{name}: not in the document, {new} now").format(name=_name(cell), new=cell.text)
        found.append(Difference(0, words, not cell.name))
    return sorted(found, key=lambda one: one.of_head) or _lines(old, new)


def _name(cell: Cell) -> str:
    return cell.name or _("head of a table")


def _lines(old: Sequence[str], new: Sequence[str]) -> list[Difference]:
    for offset, (one, other) in enumerate(zip_longest(old, new)):
        if one != other:
            if one is None:
                words = _("The document lacks a line: {line}").format(line=_short(other))
                return [Difference(max(0, len(old) - 1), words)]
            if other is None:
                return [Difference(offset, _("In the document {old}, not there now").format(old=_short(one)))]
            words = _("In the document {old}, now {new}").format(old=_short(one), new=_short(other))
            return [Difference(offset, words)]
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
            found[(place, "", column)] = Cell(start, "", head)
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
