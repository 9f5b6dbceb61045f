"""Where in a lesson file something stands, and the error that says so."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence

from explorer.language import _, typeset

#: Keys and indexes that lead to a value of the file.
Path = tuple[str | int, ...]


class LessonError(ValueError):
    """What is wrong with a lesson file, as one sentence for a person, in the language spoken when it was found.

    Attributes:
        file: its name.
        line: from 1; None where it is about the file as a whole.
        field: the chapter and key, such as ``chapter 2 (parameters), axis.low``; empty where no key is meant.
        message: what is wrong, a sentence that follows the others.
    """

    def __init__(self, file: str, line: int | None, field: str, message: str) -> None:
        self.file, self.line, self.field, self.message = file, line, field, message
        values = {"file": file, "line": line, "field": field, "message": message}
        if line is None:
            form = _("{file}: {message}")
        else:
            form = _("{file}, line {line}, {field}: {message}") if field else _("{file}, line {line}: {message}")
        super().__init__(typeset(form.format(**values)))

    def __reduce__(self) -> tuple[type[LessonError], tuple[str, int | None, str, str]]:
        return LessonError, (self.file, self.line, self.field, self.message)


def key(path: Path) -> str:
    """``path`` as a person writes it: ``ask.notes[2].text``, counted from 1."""
    words = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in path)
    return words.lstrip(".")


class Place:
    """A lesson file, its name and its lines, to say where something is wrong."""

    def __init__(self, file: str, text: str) -> None:
        self.file, self._lines = file, lines(text)

    def line(self, path: Path) -> int:
        """Where ``path`` stands, or what it would stand in."""
        return next((self._lines[path[:n]] for n in range(len(path), 0, -1) if path[:n] in self._lines), 1)

    def error(self, path: Path, message: str, data: object = None) -> LessonError:
        """What is wrong with the value at ``path``; ``data`` is what was read of the file, for the chapter's name."""
        return LessonError(self.file, self.line(path), _field(path, data), message)


def _field(path: Path, data: object) -> str:
    if len(path) < 2 or path[0] != "chapter" or not isinstance(path[1], int):
        return key(path)
    chapters = data.get("chapter") if isinstance(data, Mapping) else None
    chapter = chapters[path[1]] if isinstance(chapters, Sequence) and path[1] < len(chapters) else None
    name = chapter.get("name") if isinstance(chapter, Mapping) else None
    named = isinstance(name, str) and re.fullmatch(r"[a-z0-9-]{1,40}", name) is not None
    form = _("chapter {n} ({name})") if named else _("chapter {n}")
    words = form.format(n=path[1] + 1, name=name)
    return _("{chapter}, {key}").format(chapter=words, key=key(path[2:])) if path[2:] else words


# --- a scan of TOML that is known to be valid -------------------------------------------------------------

_BARE = r"[A-Za-z0-9_-]+"
_STRING = r"\"(?:\\.|[^\"\\\n])*\"|'[^'\n]*'"
_KEYS = rf"(?:{_BARE}|{_STRING})(?:[ \t]*\.[ \t]*(?:{_BARE}|{_STRING}))*"
_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_HEADER = re.compile(rf"(\[\[?)[ \t]*({_KEYS})[ \t]*\]\]?")
_KEY = re.compile(rf"({_KEYS})[ \t]*=")
_VALUE = re.compile(
    r"\"\"\"(?:\\.|[^\\])*?\"\"\"\"{0,2}|'''.*?''''{0,2}"  # strings of many lines, which may end in quotes of their own
    rf"|{_STRING}|#[^\n]*|[\[{{]|[\]}}]|\n|[^#\"'\[\]{{}}\n]+",
    re.DOTALL,
)


def lines(text: str) -> dict[Path, int]:
    """The line, from 1, of every table and key of a valid TOML document; what is inside of a value has that one's."""
    found: dict[Path, int] = {}
    counts: dict[Path, int] = {}  # of the tables in each [[array]]
    table: Path = ()
    at, line = 0, 1
    while at < len(text):
        blank = _BLANK.match(text, at)
        assert blank is not None  # it matches nothing too
        at, line = blank.end(), line + blank[0].count("\n")
        if header := _HEADER.match(text, at):
            table = _table(_parts(header[2]), header[1] == "[[", counts)
            found.setdefault(table, line)
            found.setdefault(table[:-1], line)
            at = header.end()
        elif pair := _KEY.match(text, at):
            parts = _parts(pair[1])
            for n in range(1, len(parts) + 1):
                found.setdefault((*table, *parts[:n]), line)
            end = _end(text, pair.end())
            line += text.count("\n", at, end)
            at = end
        else:
            break
    return found


def _parts(dotted: str) -> tuple[str, ...]:
    node, parts = tomllib.loads(f"{dotted} = 0"), list[str]()
    while isinstance(node, dict):
        ((part, node),) = node.items()
        parts.append(part)
    return tuple(parts)


def _table(parts: tuple[str, ...], another: bool, counts: dict[Path, int]) -> Path:
    path: Path = ()
    for n, part in enumerate(parts, 1):
        path = (*path, part)
        if another and n == len(parts):
            counts[path] = counts.get(path, 0) + 1
        if path in counts:
            path = (*path, counts[path] - 1)
    return path


def _end(text: str, at: int) -> int:
    """Where the value that begins at ``at`` ends: at the end of a line outside of all brackets."""
    depth = 0
    while (token := _VALUE.match(text, at)) is not None:
        if token[0] == "\n" and not depth:
            return at
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        at = token.end()
    return len(text)
