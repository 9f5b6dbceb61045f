"""The lesson that this server shows: its own ten chapters, or those of the file that it was started with."""

from __future__ import annotations

from functools import cache

from explorer.lesson.chapter import Lesson
from explorer.lesson.reading import built_in


@cache
def served() -> Lesson:
    """The one that all sessions share; read once, so that a file that changes is seen after a new start."""
    return built_in()
