"""``docs check`` and ``docs update`` over files, folders and standard input.

Exit codes: 0 current; 1 drifted, edited by hand or never generated; 2 wrong usage; 3 something could not be checked,
which goes before 1.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from explorer.docs.document import Count, DocumentError, Own, State, decoded, judge, lower, read, write
from explorer.language import _

CURRENT, DRIFTED, UNCHECKED = 0, 1, 3
STDIN = "-"
_ENDINGS = (".md", ".markdown")
_SKIPPED = {"node_modules", "site-packages", "__pycache__"}
_SHOWN = {".github"}  # of the hidden folders the one in which documents lie

Do = Literal["check", "update"]


@dataclass(frozen=True)
class Options:
    """What was asked for.

    Attributes:
        dry: whether ``update`` only says what it would write.
        force: whether it writes over edits by hand.
        base: of links to the live page.
        moves: whether ``update`` brings links there that begin elsewhere; else each keeps the base it has.
        count: what builds the blocks and compares, where that was asked for.
        own: what runs the team's own code, where that is allowed.
    """

    do: Do
    base: str
    dry: bool = False
    force: bool = False
    count: Count | None = None
    own: Own | None = None
    moves: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of one document.

    Attributes:
        name: as it was given or found.
        state: how it stood; None where it could not be read.
        problem: why it could not be read or written.
        written: whether it was.
    """

    name: str
    state: State | None
    problem: str = ""
    written: bool = False

    @property
    def code(self) -> int:
        """Its exit code."""
        statuses = {part.status for part in self.state.parts} if self.state else set()
        if self.problem or "broken" in statuses:
            return UNCHECKED
        if self.written:  # what was not written over is still there
            return DRIFTED if self.left else CURRENT
        return DRIFTED if statuses - {"current"} else CURRENT

    @property
    def left(self) -> int:
        """How many parts are not current and were not written: those edited by hand, or not vouched for."""
        if self.state is None:
            return 0
        open_ = [n for n, part in enumerate(self.state.parts, 1) if part.status != "current"]
        return len(set(open_) - set(self.state.written))


def run(paths: Sequence[str], options: Options, stdin: bytes = b"") -> list[Outcome]:
    """Checks or updates every document; each is one outcome, in order, none twice.

    Args:
        paths: files, folders (searched for Markdown), or ``-``.
        options: what to do.
        stdin: what ``-`` reads.
    """
    found: list[Outcome] = []
    for name, place in _documents(paths):
        found.append(Outcome(name, None, place) if isinstance(place, str) else _one(name, place, options, stdin))
    return found


def code_of(outcomes: Iterable[Outcome]) -> int:
    """The exit code of all: what could not be checked goes before what has drifted."""
    return max((outcome.code for outcome in outcomes), default=CURRENT)


def _documents(paths: Sequence[str]) -> Iterator[tuple[str, Path | str | None]]:
    """(name, where it lies; None for standard input, or why there is none)."""
    seen: set[Path] = set()
    for given in paths:
        if given == STDIN:
            yield given, None
            continue
        path = Path(given)
        if not path.is_dir():
            within: list[Path] = [path]
        else:
            closed: list[OSError] = []
            within = list(_within(path, closed))
            for problem in closed:
                words = _("This folder cannot be read: {reason}.").format(reason=lower(problem))
                yield str(problem.filename or given), words
            if not within and not closed:
                yield given, _("There is no Markdown document in this folder.")
        for found in within:
            if found.absolute() not in seen:
                seen.add(found.absolute())
                yield str(found), found


def _within(folder: Path, closed: list[OSError]) -> Iterator[Path]:
    """Markdown files in and below ``folder``, but for hidden folders and links; ``closed`` gets what cannot be read."""
    for here, folders, files in os.walk(folder, onerror=closed.append):
        folders[:] = sorted(
            name for name in folders if (not name.startswith(".") or name in _SHOWN) and name not in _SKIPPED
        )
        for name in sorted(files):
            path = Path(here) / name
            if name.lower().endswith(_ENDINGS) and not path.is_symlink():
                yield path


def _one(name: str, path: Path | None, options: Options, stdin: bytes) -> Outcome:
    try:
        text = read(path) if path else decoded(stdin)
    except DocumentError as problem:
        return Outcome(name, None, str(problem))
    moves = options.moves and options.do == "update"
    state = judge(text, path, options.base, force=options.force, count=options.count, own=options.own, moves=moves)
    if options.do == "check" or options.dry or not state.is_changed:
        return Outcome(name, state)
    if path is not None:
        try:
            write(path, state)
        except DocumentError as problem:
            return Outcome(name, state, str(problem))
    return Outcome(name, state, written=True)
