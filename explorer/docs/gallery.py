"""A document of generated parts as a page shows it: sections with a heading, prose, and what each part is of."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from explorer.docs.directive import Directive, read_directive
from explorer.docs.parts import read_document


@dataclass(frozen=True)
class Entry:
    """One section.

    Attributes:
        title: its heading.
        prose: its paragraphs, in Markdown.
        directive: of its part; None where it has none.
    """

    title: str
    prose: str
    directive: Directive | None


def entries(text: str) -> tuple[Entry, ...]:
    """The sections of a Markdown document, the one under its title first.

    Raises:
        PartError, DirectiveError: a part of it cannot be read.
    """
    document = read_document(text)
    parts = {part.begin: part for part in document.parts}
    within = {line for part in document.parts for line in range(part.begin, part.end + 1)}
    found: list[Entry] = []
    title, directive = "", None
    prose: list[str] = []
    for place, (line, _ending) in enumerate(document.lines):
        heading = re.fullmatch(r"##? (.+)", line) if place not in within else None
        if heading:
            found.append(Entry(title, _joined(prose), directive))
            title, prose, directive = heading[1], [], None
        elif place in parts:
            directive = read_directive(parts[place].directive)
        elif place not in within:
            prose.append(line)
    return (*found, Entry(title, _joined(prose), directive))[1:]


def _joined(lines: Iterable[str]) -> str:
    return "\n".join(lines).strip()
