"""``lesson``: whether a file holds one, and its chapters as hand-outs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from explorer.cli.output import NOT_MEASURED, OK, write, write_found
from explorer.cli.sentences import BadInput
from explorer.codec import from_flags
from explorer.documents.lesson_document import (
    HandOut,
    lesson_json,
    lesson_list,
    lesson_markdown,
    lesson_sentence,
    study_of,
)
from explorer.findings import Answer, Problem, to_builtins
from explorer.language import _, language, speaking
from explorer.lesson.chapter import Lesson
from explorer.lesson.reading import LessonError, built_in, read_lesson_file
from explorer.spec import LessonState, Study
from explorer.study import measure_lesson

Measure = Callable[[str, Study], tuple[Answer | None, Problem | None]]


def lesson(options: argparse.Namespace, base: str, measure: Measure = measure_lesson) -> int:
    """Checks a file, lists what is built in, or prints a chapter; 3 where its answer could not be measured.

    Raises:
        BadInput: there is no such chapter, or the file holds no lesson.
        SpecError: a flag is not allowed.
    """
    study = from_flags(options)
    chosen = study.view.lang
    with speaking(language() if chosen == "auto" else chosen):
        return _lesson(options, study, base, measure)


def _lesson(options: argparse.Namespace, study: Study, base: str, measure: Measure) -> int:
    try:
        read = read_lesson_file(Path(options.file)) if options.file is not None else built_in()
    except LessonError as problem:
        raise BadInput(str(problem)) from None
    if options.chapter is None and options.state is None:
        _tell(read, options)
        return OK
    if options.chapter is None:
        numbers = range(1, len(read.chapters) + 1)
    elif study.lesson.chapter > len(read.chapters):
        words = _("chapter must be a whole number from 1 to {last}, not {given}.")
        raise BadInput(words.format(last=len(read.chapters), given=study.lesson.chapter))
    else:
        numbers = range(study.lesson.chapter, study.lesson.chapter + 1)
    state = study.lesson.state
    outs = [_hand_out(read, number, state, options, base, measure) for number in numbers]
    _print(outs, options)
    return NOT_MEASURED if any(out.problem for out in outs) else OK


def _tell(read: Lesson, options: argparse.Namespace) -> None:
    if options.json:
        _write_json(
            {"title": read.title, "chapters": [{"name": one.name, "title": one.title} for one in read.chapters]}
        )
    elif options.file is not None:
        write(sys.stdout, lesson_sentence(read, Path(options.file).name) + "\n")
    else:
        write(sys.stdout, lesson_list(read))


def _hand_out(
    read: Lesson, number: int, state: LessonState, options: argparse.Namespace, base: str, measure: Measure
) -> HandOut:
    chapter = read.chapters[number - 1]
    answer, problem = None, None
    if state != "ask" or chapter.ask.worked:
        if sys.stderr.isatty():
            write(sys.stderr, _("Measuring chapter {n} …").format(n=number) + "\n")
        answer, problem = measure(chapter.about, study_of(chapter))
    return HandOut(read, number, answer, problem, state, base, options.file)


def _print(outs: list[HandOut], options: argparse.Namespace) -> None:
    if options.json:
        found = [lesson_json(out) for out in outs]
        _write_json(found[0] if options.chapter is not None else {"chapters": found})
    else:
        write(sys.stdout, "\n".join(map(lesson_markdown, outs)))


def _write_json(found: dict[str, object]) -> None:
    write_found(to_builtins(found), "")
