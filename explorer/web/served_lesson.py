"""The lesson that this server shows: its own ten chapters, or those of the file that it was started with."""

from __future__ import annotations

from functools import cache

from explorer import environment
from explorer.language import _
from explorer.lesson.chapter import Lesson
from explorer.lesson.reading import LessonError, built_in, lesson_at
from explorer.spec import SpecError


@cache
def served() -> Lesson:
    """The one that all sessions share; read once, so that a file that changes is seen after a new start.

    The start judges the file. Where the server was started by other means, and the file is none, its own are shown, and
    :func:`refused` says so.
    """
    try:
        return _read()
    except (LessonError, SpecError):
        return built_in()


def refused() -> str | None:
    """Why the file that the server was started with is not shown; None where it is, or where there is none."""
    if served() is not built_in():
        return None
    try:
        _read()
    except (LessonError, SpecError) as fault:
        return _("{fault} The ten chapters are shown in its place.").format(fault=fault)
    return None


def _read() -> Lesson:
    return lesson_at(environment.served_lesson())
