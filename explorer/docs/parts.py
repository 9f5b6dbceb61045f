"""Where a Markdown document holds generated parts. Text and line endings around them are kept as they are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from explorer.language import _

_LINE = re.compile(r"([^\r\n]*)(\r\n|\r|\n|$)")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_MARKER = re.compile(r"( {0,3})<!--\s*explorer:([\w-]*)(?:\s+(.*?))?\s*-->\s*")
_SUM = re.compile(r"sum=([0-9a-f.]+)")


class PartError(Exception):
    """A marker that cannot be understood; the text is one sentence for a person.

    Attributes:
        line: on which it stands, from 1.
    """

    def __init__(self, line: int, words: str) -> None:
        super().__init__(words)
        self.line = line


@dataclass(frozen=True)
class Part:
    """One generated part.

    Attributes:
        number: from 1, in the order of the document.
        begin, end: places of its markers among the document's lines, from 0.
        indent: the spaces before its markers.
        directive: what follows ``begin``.
        body: the lines between the markers, without endings.
        sum: of the body and its pictures when it was written; None where it never was.
    """

    number: int
    begin: int
    end: int
    indent: str
    directive: str
    body: tuple[str, ...]
    sum: str | None

    @property
    def line(self) -> int:
        """On which it begins, from 1."""
        return self.begin + 1


@dataclass(frozen=True)
class Body:
    """What a part is to hold: lines without endings, their sum, and another directive where it changes too."""

    lines: tuple[str, ...]
    sum: str
    directive: str | None = None


@dataclass(frozen=True)
class Document:
    """A text taken apart.

    Attributes:
        lines: (text, ending) of each line; an ending is empty on a last line that has none.
        parts: in order.
    """

    lines: tuple[tuple[str, str], ...]
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """As it was read."""
        return "".join(text + ending for text, ending in self.lines)

    def with_bodies(self, bodies: Mapping[int, Body]) -> str:
        """The text with some parts, by their numbers, written anew."""
        written: list[str] = []
        place = 0
        for part in self.parts:
            if part.number not in bodies:
                continue
            body, (begin, ending) = bodies[part.number], self.lines[part.begin]
            written += [text + end for text, end in self.lines[place : part.begin]]
            written.append(begin.replace(part.directive, body.directive or part.directive, 1) + ending)
            written += [line + ending for line in body.lines]
            written.append(f"{part.indent}<!-- explorer:end sum={body.sum} -->{self.lines[part.end][1]}")
            place = part.end + 1
        written += [text + ending for text, ending in self.lines[place:]]
        return "".join(written)


def read_document(text: str) -> Document:
    """Finds the parts of ``text``. Markers in code (fenced, indented by four, between backticks) are none.

    Raises:
        PartError: a marker is not alone on its line, not closed, unknown, or without its other one.
    """
    lines = tuple((match[1], match[2]) for match in _LINE.finditer(text) if match[0])
    parts: list[Part] = []
    begun: tuple[int, str, str] | None = None
    fence = ""
    for place, (line, _ending) in enumerate(lines):
        line = line.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}") if place == 0 else line  # a mark of UTF-8
        fenced = _FENCE.match(line)
        if begun is None and fenced and (not fence or _closes(fenced, fence)):
            if not fence and fenced[1][0] == "`" and "`" in fenced[2]:
                continue  # code within a line
            fence = "" if fence else fenced[1]
            continue
        if (fence and begun is None) or "explorer:" not in line:
            continue
        marker = _MARKER.fullmatch(line)
        if marker is None:
            if _is_meant(line):
                raise PartError(
                    place + 1, _("A marker of the explorer stands alone on its line, and ends there with -->.")
                )
            continue
        indent, word, rest = marker[1], marker[2], marker[3] or ""
        if word == "begin":
            if begun is not None:
                words = _("A part begins within the one of line {line}, which has no end.")
                raise PartError(place + 1, words.format(line=begun[0] + 1))
            begun = (place, indent, rest)
        elif word == "end":
            if begun is None:
                raise PartError(place + 1, _("A part ends here that has not begun."))
            start, indent, directive = begun
            body = tuple(text for text, _ in lines[start + 1 : place])
            parts.append(Part(len(parts) + 1, start, place, indent, directive, body, _sum(rest, place + 1)))
            begun = None
        else:
            words = _("A marker is explorer:begin or explorer:end, not explorer:{word}.")
            raise PartError(place + 1, words.format(word=word[:40]))
    if begun is not None:
        words = _("A part begins here that has no end; write <!-- explorer:end --> where it ends.")
        raise PartError(begun[0] + 1, words)
    return Document(lines, tuple(parts))


def _closes(fenced: re.Match[str], fence: str) -> bool:
    return fenced[1][0] == fence[0] and len(fenced[1]) >= len(fence) and not fenced[2].strip()


def _is_meant(line: str) -> bool:
    """Whether a line that is no marker has one in it, outside of code."""
    if line.startswith(("    ", "\t")):
        return False
    plain = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", line)
    return re.search(r"<!--\s*explorer:", plain) is not None


def _sum(rest: str, line: int) -> str | None:
    if not rest:
        return None
    match = _SUM.fullmatch(rest)
    if match is None:
        words = _("Behind explorer:end stands nothing or sum=…, not {rest!r}.")
        raise PartError(line, words.format(rest=rest[:40]))
    return match[1]
