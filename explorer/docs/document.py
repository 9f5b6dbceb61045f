"""One document: how its parts stand, what would be written, and the writing."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from explorer.docs.content import Content, content, same, sum_of
from explorer.docs.differences import Difference, differences
from explorer.docs.directive import Directive, DirectiveError, read_directive, with_study
from explorer.docs.own import Looked
from explorer.docs.parts import Body, Part, PartError, read_document
from explorer.docs.writing import replace_file
from explorer.documents.carried import carried_by
from explorer.language import _, reason, said
from explorer.spec import SpecError

_PICTURE = re.compile(r"[1-9][0-9]*-(light|dark)\.svg", re.ASCII)
#: ``current``; ``drifted``: other numbers or pictures now; ``edited`` by hand; ``empty``: never generated;
#: ``broken``: it could not be checked.
Status = Literal["current", "drifted", "edited", "empty", "broken"]


@dataclass(frozen=True)
class Counted:
    """What building a part's blocks gave: which numbers differ from the closed forms, and why one is unknown."""

    differs: tuple[str, ...]
    problem: str


Count = Callable[[Directive], Counted]
Own = Callable[[Directive], Looked]


class DocumentError(Exception):
    """A document that could not be read or written; the text is one sentence for a person."""


@dataclass(frozen=True)
class PartState:
    """How one part stands.

    Attributes:
        line: of its begin marker, from 1; of a broken marker.
        told: (line, what differs or is wrong).
    """

    line: int
    status: Status
    told: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class State:
    """How a document stands.

    Attributes:
        before: its text.
        parts: in order; a marker that cannot be understood ends the list.
        after: its text with every part that may be written anew.
        pictures: (name, SVG) that are to be written into its folder.
        written: the numbers of the parts that ``after`` has anew.
        stale: names of pictures in its folder that were made for parts which it no longer has.
    """

    before: str
    parts: tuple[PartState, ...]
    after: str
    pictures: tuple[tuple[str, str], ...] = ()
    written: tuple[int, ...] = ()
    stale: tuple[str, ...] = ()

    @property
    def is_changed(self) -> bool:
        """Whether there is something to write or to take away."""
        return self.after != self.before or bool(self.pictures) or bool(self.stale)


def folder_of(path: Path) -> Path:
    """Where a document's pictures lie."""
    return path.with_name(f"{path.name}.explorer")


def read(path: Path) -> str:
    """The document's text, its line endings as they are.

    Raises:
        DocumentError: it cannot be read, or is no UTF-8.
    """
    if path.exists() and not path.is_file():  # a pipe would never end
        raise DocumentError(_("It is no file."))
    try:
        return decoded(path.read_bytes())
    except OSError as problem:
        raise DocumentError(_("It cannot be read: {reason}.").format(reason=lower(problem))) from None


def decoded(data: bytes) -> str:
    """A document's text.

    Raises:
        DocumentError: it is no UTF-8.
    """
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise DocumentError(_("It is no UTF-8: byte {n} cannot be read.").format(n=problem.start + 1)) from None


def lower(problem: OSError) -> str:
    """What the system says of ``problem``, within a sentence."""
    return str(reason(problem, said("unknown reason"))).lower()


def judge(
    text: str,
    path: Path | None,
    base: str,
    *,
    force: bool = False,
    count: Count | None = None,
    own: Own | None = None,
    moves: bool = False,
) -> State:
    """Compares every part with what it would say now.

    Args:
        text: the document.
        path: where it lies; None for one that has no place, whose parts can have no pictures.
        base: of links to the live page.
        force: whether edits by hand are to be written over.
        count: builds the blocks of a part and compares; None where closed forms are enough.
        own: runs the code that a part is compared with; None where that is not allowed.
        moves: whether a part that is current but for the live page's address is to be written, too.
    """
    try:
        document = read_document(text)
    except PartError as problem:
        return State(text, (PartState(problem.line, "broken", ((problem.line, str(problem)),)),), text)
    states: list[PartState] = []
    bodies: dict[int, Body] = {}
    pictures: list[tuple[str, str]] = []
    wanted: set[str] = set()
    folder = folder_of(path).name if path else ""
    # A part that has got another number finds the pictures of its neighbour in its place, which nobody has edited.
    made = {one for part in document.parts for one in (part.sum or "").split(".")[1:]}
    for part in document.parts:
        try:
            directive = _directive(part, path)
        except DirectiveError as problem:
            states.append(PartState(part.line, "broken", ((part.line, str(problem)),)))
            continue
        now = content(directive, part.number, folder, base, part.indent)
        wanted |= {name for name, _svg in now.pictures}
        stands = _stands(part, now, path, made)
        looked = _looked(directive, own)
        anew = replace(directive, study=looked.study) if looked.study else directive
        counted = count(anew) if count and not looked.problem else Counted((), "")
        told = [*looked.differs, *counted.differs, *filter(None, [looked.problem, counted.problem])]
        if looked.differs and looked.study is None:
            told.append(_("No link says what that code is now, so the document cannot follow it."))
        status: Status = "drifted" if told and stands.status == "current" else stands.status
        status = "broken" if looked.problem or counted.problem else status
        states.append(PartState(part.line, status, (*((part.line, words) for words in told), *stands.told)))
        unknown = counted.differs or (looked.differs and looked.study is None)
        moved = moves and status == "current" and part.body != now.lines
        if (status in ("current", "broken") and not moved) or unknown or (status == "edited" and not force):
            continue  # nothing to write, or nothing that anybody vouches for
        if looked.study:
            now = content(anew, part.number, folder, base, part.indent)
        bodies[part.number] = Body(now.lines, now.sum, with_study(part.directive, anew.study) if looked.study else None)
        known = _pictures(path, now)
        pictures += [pair for pair, there in zip(now.pictures, known, strict=True) if there != pair[1].encode()]
    stale = () if any(one.status == "broken" for one in states) else _stale(path, wanted)
    return State(text, tuple(states), document.with_bodies(bodies), tuple(pictures), tuple(bodies), stale)


def _looked(directive: Directive, own: Own | None) -> Looked:
    if directive.against is None:
        return Looked(())
    if own is None:
        return Looked((), _("against=… runs code that is named in the document; --allow-import allows it."))
    return own(directive)


def _directive(part: Part, path: Path | None) -> Directive:
    directive = read_directive(part.directive)
    if path is None and "graph" in directive.show:
        raise DirectiveError(_("Standard input has no folder for pictures; name a file, or leave graph out of show."))
    return directive


def _pictures(path: Path | None, now: Content) -> list[bytes | None]:
    """What lies where the part's pictures belong."""
    found: list[bytes | None] = []
    for name, _svg in now.pictures:
        assert path is not None, "only a document with a place has pictures"
        try:
            found.append((folder_of(path) / name).read_bytes())
        except OSError:
            found.append(None)
    return found


def _stale(path: Path | None, wanted: set[str]) -> tuple[str, ...]:
    """Pictures in the document's folder that were made for parts it no longer has; nothing else that lies there."""
    folder = folder_of(path) if path else None
    if folder is None or folder.is_symlink() or not folder.is_dir():
        return ()
    found = []
    for file in sorted(folder.iterdir()):
        if file.name not in wanted and _PICTURE.fullmatch(file.name) and file.is_file() and not file.is_symlink():
            with contextlib.suppress(OSError, SpecError, UnicodeDecodeError):
                carried_by(file.read_text(encoding="utf-8"))
                found.append(file.name)
    return tuple(found)


def _stands(part: Part, now: Content, path: Path | None, made: set[str]) -> PartState:
    """Before all else whether a person has changed it; then whether it is what it would be now.

    ``made`` are the sums of all pictures that the document's parts were written with.
    """
    if part.sum is None and not any(line.strip() for line in part.body):
        return PartState(part.line, "empty", ((part.line, _("It was never generated.")),))
    found = _differ(part, now)
    recorded = (part.sum or "").split(".")[0]
    own = sum_of(part.body, [])
    if own != recorded and same(part.body, now.lines):
        return PartState(part.line, "drifted", ((part.line, _("Its sum is not that of its words.")),))
    if own != recorded:
        words = (
            _("It was edited by hand; --force writes over that.")
            if part.sum
            else _("It has words in it that were not generated; --force writes over that.")
        )
        return PartState(part.line, "edited", (*found, (part.line, words)))
    told: list[tuple[int, str]] = []
    status: Status = "current"
    for (name, svg), picture in zip(now.pictures, _pictures(path, now), strict=True):
        if picture is None:
            told.append((part.line, _("The picture {name} is missing.").format(name=name)))
            status = "drifted"
        elif picture.replace(b"\r\n", b"\n") != svg.encode():
            if sum_of([], [picture]).split(".")[1] not in made:
                words = _("The picture {name} was edited by hand; --force writes over that.").format(name=name)
                return PartState(part.line, "edited", (*found, (part.line, words)))
            told.append((part.line, _("The picture {name} is another one now.").format(name=name)))
            status = "drifted"
    if found:
        status = "drifted"
    return PartState(part.line, status, (*found, *told))


def _differ(part: Part, now: Content) -> tuple[tuple[int, str], ...]:
    if same(part.body, now.lines):
        return ()
    found: list[Difference] = differences(part.body, now.lines)
    return tuple((part.line + 1 + one.offset, one.words) for one in found)


def write(path: Path, state: State) -> None:
    """Writes pictures and document, each at once or not at all, within the document's folder.

    Raises:
        DocumentError: it is a link, has changed meanwhile, or cannot be written.
    """
    folder = folder_of(path)
    if path.is_symlink():
        raise DocumentError(_("It is a link; name the file that it leads to."))
    if folder.is_symlink() or any((folder / name).is_symlink() for name, _svg in state.pictures):
        raise DocumentError(_("{folder} is a link or holds one, and is not written to.").format(folder=folder.name))
    if read(path) != state.before:
        raise DocumentError(_("It was changed meanwhile, and is left as it is."))
    try:
        if state.pictures:
            folder.mkdir(exist_ok=True)
        for name, svg in state.pictures:
            replace_file(folder / name, svg.encode())
        if state.after != state.before:
            replace_file(path, state.after.encode())
        for name in state.stale:
            (folder / name).unlink(missing_ok=True)
    except OSError as problem:
        raise DocumentError(_("It cannot be written: {reason}.").format(reason=lower(problem))) from None
