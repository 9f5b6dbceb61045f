"""``lesson``: whether a file holds one, and its chapters as hand-outs."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from explorer.cli.output import NOT_MEASURED, OK, write
from explorer.cli.sentences import BadInput
from explorer.codec import from_flags
from explorer.documents.lesson_document import (
    HandOut,
    lesson_json,
    lesson_list,
    lesson_markdown,
    lesson_sentence,
)
from explorer.findings import Answer, Problem, to_builtins
from explorer.language import _, language, speaking
from explorer.lesson.chapter import Lesson
from explorer.lesson.reading import LessonError, built_in, read_lesson_file
from explorer.spec import FIELDS, LessonState, SpecError, Study, Whole
from explorer.study import measure_lesson

Measure = Callable[[str, Study], tuple[Answer | None, Problem | None]]


def lesson(options: argparse.Namespace, base: str, measure: Measure = measure_lesson) -> int:
    """Checks a file, lists what is built in, or prints a chapter; 3 where its answer could not be measured.

    Raises:
        BadInput: the file holds no lesson.
        SpecError: a flag is not allowed, or there is no such chapter.
    """
    try:
        study = from_flags(options)
    except SpecError as problem:
        if problem.rule != FIELDS["chapter"].domain.rule:
            raise
        raise _no_chapter(_read(options), problem.value) from None
    chosen = study.view.lang
    with speaking(language() if chosen == "auto" else chosen):
        return _lesson(options, study, base, measure)


def _lesson(options: argparse.Namespace, study: Study, base: str, measure: Measure) -> int:
    read = _read(options)
    if options.chapter is None and options.state is None:
        _tell(read, options)
        return OK
    if options.chapter is None:
        numbers = range(1, len(read.chapters) + 1)
    elif study.lesson.chapter > len(read.chapters):
        raise _no_chapter(read, study.lesson.chapter)
    else:
        numbers = range(study.lesson.chapter, study.lesson.chapter + 1)
    state = study.lesson.state
    outs = [_hand_out(read, number, state, options, base, measure) for number in numbers]
    _print(outs, options)
    return NOT_MEASURED if any(out.problem for out in outs) else OK


def _read(options: argparse.Namespace) -> Lesson:
    try:
        return read_lesson_file(Path(options.file)) if options.file is not None else built_in()
    except LessonError as problem:
        raise BadInput(str(problem)) from None


def _no_chapter(read: Lesson, given: object) -> SpecError:
    return SpecError("chapter", given, Whole(1, len(read.chapters)).rule)


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
    if chapter.is_measured(state):
        if sys.stderr.isatty():
            write(sys.stderr, _("Measuring chapter {n} …").format(n=number) + "\n")
        answer, problem = measure(chapter.about, chapter.study)
    return HandOut(read, number, answer, problem, state, base, options.file)


def _print(outs: list[HandOut], options: argparse.Namespace) -> None:
    if options.json:
        found = [lesson_json(out) for out in outs]
        _write_json(found[0] if options.chapter is not None else {"chapters": found})
    else:
        write(sys.stdout, "\n".join(map(lesson_markdown, outs)))


def _write_json(found: dict[str, object]) -> None:
    # Not typeset: a claim is quoted as it stands in its text.
    write(sys.stdout, json.dumps(to_builtins(found), indent=2, allow_nan=False) + "\n")
