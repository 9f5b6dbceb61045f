"""What was traced of a person's own module, as text for a terminal, as a table, and as JSON."""

from __future__ import annotations

from typing import Any

from explorer.documents.tables import Table
from explorer.documents.terminal import left, right, wide, wrapped
from explorer.findings import Trace, to_builtins
from explorer.language import _, typeset
from explorer.pictures.trace_words import headline, size_words, slices_words, where
from explorer.pictures.words import thousands


def trace_table(found: Trace) -> Table:
    """Its numbers, each whole."""
    rows: list[tuple[str, int | None]] = [
        (_("parameters"), found.parameters),
        (_("MACs"), found.macs),
        (_("saved for backward, bytes"), found.saved_bytes),
        (_("held for backward, bytes"), found.kept_bytes),
        (_("peak, bytes"), found.peak_bytes),
        (_("concatenations"), len(found.concatenations)),
        (_("written by concatenation, bytes"), found.copied_bytes),
    ]
    return Table((found.name, ""), tuple((name, thousands(n)) for name, n in rows if n is not None))


def trace_text(found: Trace) -> str:
    """Its numbers, each concatenation in a row, and what could not be attributed."""
    lines = [*wrapped(headline(found)), *wrapped(where(found)), ""]
    rows = [(typeset(name), told) for name, told in trace_table(found).rows]
    widest = max(wide(name) for name, _number in rows)
    lines += [f"{left(name, widest)}  {told}" for name, told in rows]
    if found.concatenations:
        lines += ["", *_concatenations(found)]
    for note in found.notes:
        lines += ["", *wrapped(note)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def trace_json(found: Trace) -> dict[str, Any]:
    """The same for programs: what :class:`explorer.findings.Trace` holds, and its sums."""
    plain: dict[str, Any] = to_builtins(found)
    del plain["told"]
    return plain | {"notes": found.notes, "copied_bytes": found.copied_bytes, "joined_bytes": found.joined_bytes}


def _concatenations(found: Trace) -> list[str]:
    heads = ("", _("within"), _("maps"), _("channels"), _("joined"))
    rows = [
        (str(number), cat.module or found.name, size_words(cat), f"{cat.channels:,}", slices_words(found, cat))
        for number, cat in enumerate(found.concatenations, 1)
    ]
    set_rows = [tuple(map(typeset, row)) for row in (heads, *rows)]
    first, within, maps, channels = (max(wide(row[place]) for row in set_rows) for place in range(4))
    return [
        "  ".join([right(row[0], first), left(row[1], within), left(row[2], maps), right(row[3], channels), row[4]])
        for row in set_rows
    ]
