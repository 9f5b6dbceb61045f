"""Reads a lesson file, or says in which line it cannot be one, and why.

Nothing in it is run: what it names is looked up in what is known, and its texts stay texts.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from explorer.language import _
from explorer.lesson.chapter import Ask, Axis, Chapter, Claim, Lesson, Note, Play, Reply, Task, Text
from explorer.lesson.checks import Checks
from explorer.lesson.places import LessonError, Place
from explorer.lesson.shape import check_shape
from explorer.lesson.words import unbraced

__all__ = ["BUILT_IN", "LARGEST", "LessonError", "built_in", "lesson_at", "read_lesson", "read_lesson_file"]

BUILT_IN = Path(__file__).with_name("chapters.toml")
LARGEST = 256 * 1024  # bytes of a lesson file


@cache
def built_in() -> Lesson:
    """The ten chapters."""
    return read_lesson_file(BUILT_IN)


def lesson_at(path: Path | None) -> Lesson:
    """The lesson of the file at ``path``, read again when that has changed; None: the ten chapters.

    Raises:
        LessonError: there is no such file, or no lesson in it.
    """
    if path is None:
        return built_in()
    try:
        state = path.stat()
    except (OSError, ValueError):
        return read_lesson_file(path)  # which says what is wrong
    return _kept(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=4)
def _kept(path: Path, _changed: int, _size: int) -> Lesson:
    return read_lesson_file(path)


def read_lesson_file(path: Path) -> Lesson:
    """The lesson that a file holds.

    Raises:
        LessonError: there is no such file, or no lesson in it.
    """
    name = path.name or str(path)
    try:
        if path.exists() and not path.is_file() and not path.is_dir():  # a pipe may never say anything
            raise LessonError(name, None, "", _("is not a file."))
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except LessonError:
        raise
    except IsADirectoryError:
        raise LessonError(name, None, "", _("is a folder, not a lesson file.")) from None
    except FileNotFoundError:
        raise LessonError(name, None, "", _("there is no such file.")) from None
    except (OSError, ValueError) as problem:  # ValueError: what cannot be a name at all
        reason = (getattr(problem, "strerror", None) or _("unknown reason")).lower()
        raise LessonError(name, None, "", _("cannot be read: {reason}.").format(reason=reason)) from None
    if len(data) > LARGEST:
        raise LessonError(name, None, "", _too_large())
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        raise LessonError(name, line, "", _("is not UTF-8 text.")) from None
    return read_lesson(text, name)


def read_lesson(text: str, name: str) -> Lesson:
    """The lesson that ``text`` holds.

    Args:
        text: TOML of the form of ``schema.json``.
        name: of the file that it comes from, for what is said of it.

    Raises:
        LessonError: it holds none.
    """
    if len(text.encode("utf-8", "replace")) > LARGEST:
        raise LessonError(name, None, "", _too_large())
    try:
        data = tomllib.loads(text)
    except RecursionError:
        raise LessonError(name, None, "", _("has brackets in too many brackets.")) from None
    except ValueError as problem:  # TOMLDecodeError, and a number of thousands of digits
        raise _not_toml(text, name, str(problem)) from None
    place = Place(name, text.replace("\r\n", "\n"))
    check_shape(data, place)
    Checks(data, place).run()
    return Lesson(_plain(data["title"]), tuple(map(_chapter, data["chapter"])))


def _too_large() -> str:
    return _("is larger than a lesson file may be, {size} kB.").format(size=LARGEST // 1024)


def _not_toml(text: str, name: str, problem: str) -> LessonError:
    told = re.fullmatch(r"(.*) \(at (?:line ([0-9]+), column [0-9]+|end of document)\)", problem, re.DOTALL)
    if told is None:
        return LessonError(name, None, "", _("is not TOML: {reason}.").format(reason=_lower(problem[:120])))
    line = int(told[2]) if told[2] else text.rstrip().count("\n") + 1
    return LessonError(name, line, "", _("is not TOML: {reason}.").format(reason=_lower(told[1][:120])))


def _lower(words: str) -> str:
    return words[:1].lower() + words[1:].rstrip(".")


# --- what was read, as a lesson ---------------------------------------------------------------------------


def _chapter(data: Mapping[str, Any]) -> Chapter:
    ask, answer, claim = data["ask"], data["answer"], data.get("claim")
    return Chapter(
        name=data["name"],
        title=_plain(data["title"]),
        claim=Claim(claim["quote"], claim["language"], _plain(claim["meaning"])) if claim else None,
        about=data["about"],
        given=tuple(data.get("given", {}).items()),
        axis=_axis(data["axis"]),
        ask=Ask(
            title=_plain(ask["title"]),
            task=_plain(ask["task"]),
            hint=_plain(ask.get("hint")),
            start=tuple(map(float, ask["start"])),
            worked=tuple(ask.get("worked", ())),
            order=tuple(ask.get("order", ())),
            notes=tuple(Note(_plain(note["title"]), _plain(note["text"])) for note in ask["notes"]),
        ),
        reply=Reply(
            title=_text(answer["title"]),
            verdict=_text(answer["verdict"]),
            against=answer.get("against", ""),
            expected=answer.get("expected", ""),
            trend=_text(answer.get("trend")),
            notes=_notes(answer),
        ),
        play=_play(data["play"]),
        page=data.get("page", ""),
    )


def _axis(data: Mapping[str, Any]) -> Axis:
    return Axis(
        low=float(data["low"]),
        high=float(data["high"]),
        scale=data["scale"],
        marks=tuple(map(float, data["marks"])),
        title=_plain(data["title"]),
        line=_maybe(data.get("line")),
        name=_plain(data.get("name")),
        unit=data.get("unit", ""),
        digits=int(data.get("digits", 0)),
        joined=data.get("joined", False),
    )


def _play(data: Mapping[str, Any]) -> Play:
    task = data["task"]
    return Play(
        title=_text(data["title"]),
        control=data["control"],
        values=_values(data["values"]),
        locked=tuple(data.get("locked", ())),
        task=Task(
            find=task["find"],
            columns=tuple(task["columns"]),
            relation=task["relation"],
            value=float(task["value"]),
            text=_text(task["text"]),
            near=_text(task.get("near")),
            done=_text(task["done"]),
        ),
        notes=_notes(data),
        low=_maybe(data.get("low")),
        high=_maybe(data.get("high")),
    )


def _values(given: Sequence[Any]) -> tuple[int, int] | tuple[str, ...]:
    return (given[0], given[1]) if isinstance(given[0], int) else tuple(given)


def _notes(data: Mapping[str, Any]) -> tuple[Note, ...]:
    return tuple(Note(_text(note["title"]), _text(note["text"])) for note in data["notes"])


def _text(data: Mapping[str, str] | None) -> Text:
    return Text(**data) if data else Text()


def _plain(data: Mapping[str, str] | None) -> Text:
    """A text that puts no number in: a doubled brace in it stands for one."""
    text = _text(data)
    return Text(unbraced(text.en), unbraced(text.zh))


def _maybe(value: float | None) -> float | None:
    return None if value is None else float(value)
