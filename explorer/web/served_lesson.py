"""The lesson that this server shows: its own ten chapters, or those of the file that it was started with."""

from __future__ import annotations

from functools import cache

from explorer import environment
from explorer.lesson.chapter import Lesson
from explorer.lesson.reading import LessonError, built_in, read_lesson_file
from explorer.spec import SpecError


@cache
def served() -> Lesson:
    """The one that all sessions share; read once, so that a file that changes is seen after a new start.

    The start judges the file. Where the server was started by other means, and the file is none, its own are shown.
    """
    try:
        path = environment.served_lesson()
        return built_in() if path is None else read_lesson_file(path)
    except (LessonError, SpecError):
        return built_in()
