"""Tables in Markdown."""

from __future__ import annotations

from explorer.documents.tables import Table


def markdown(table: Table) -> list[str]:
    """The lines of ``table``: numbers, and all that stands behind the first column, flush right."""
    lines = [table.heads, ("---", *["---:"] * (len(table.heads) - 1)), *table.rows]
    return ["| " + " | ".join(line) + " |" for line in lines]
