"""What the Lesson page shows of a chapter: where the person is, and what is known by now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from explorer.engine import State
from explorer.findings import Answer, Column, Problem
from explorer.language import _
from explorer.lesson.chapter import Text
from explorer.lesson.guess import Guess, guess_of
from explorer.lesson.position import Position
from explorer.lesson.words import filled, marked
from explorer.lesson.words import number as told
from explorer.spec import Job, Study
from explorer.study.lesson import MEASURES, lesson_answer, lesson_jobs
from explorer.web import waiting
from explorer.web.served_lesson import served


@dataclass(frozen=True)
class Shown:
    """All that the page shows of a lesson, and what is known of it by now.

    Attributes:
        study: the page's.
        place: where the person is.
        states: how the measurements stand.
    """

    study: Study
    place: Position
    states: Mapping[Job, State]

    @property
    def state(self) -> str:
        """What is shown: the question, as long as the link keeps the answer back."""
        return "ask" if self.place.hidden else self.place.asked.state

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The chapter's numbers."""
        return MEASURES[self.place.chapter.about].columns(self.measured)

    @property
    def measured(self) -> Study:
        """What it is measured for."""
        return self.place.at(self.place.tried) if self.state == "play" else self.place.given

    def found(self, study: Study) -> tuple[Answer | None, Problem | None]:
        """What was found for ``study``, or why nothing was; both None while it is measured."""
        return lesson_answer(self.place.chapter.about, study, self.states)

    @cached_property
    def _found(self) -> tuple[Answer | None, Problem | None]:
        return self.found(self.measured)

    @property
    def answer(self) -> Answer | None:
        """What was found for what is shown."""
        return self._found[0]

    @property
    def beside(self) -> tuple[tuple[Column, ...], Answer] | None:
        """What was found next to the value tried, where the task would go on; None where that is not known."""
        if self.place.beyond is None:
            return None
        study = self.place.at(self.place.beyond)
        answer = self.found(study)[0]
        return None if answer is None else (MEASURES[self.place.chapter.about].columns(study), answer)

    @property
    def problem(self) -> Problem | None:
        """Why nothing was."""
        return self._found[1]

    @property
    def waits(self) -> bool:
        """Whether what is shown is being measured."""
        return self.answer is None and self.problem is None

    @cached_property
    def guess(self) -> Guess:
        """What the person predicted, or where everything stands before they do."""
        return guess_of(self.place.chapter, self.place.asked.guess, self.place.asked.placed)

    @property
    def touched(self) -> bool:
        """Whether they have."""
        return self.place.asked.guess is not None or self.place.asked.placed is not None

    @property
    def worked(self) -> frozenset[int]:
        """Columns that are an example worked first."""
        return frozenset(i for i, c in enumerate(self.columns) if c.name in self.place.chapter.ask.worked)

    def values(self) -> tuple[float | None, ...]:
        """What may be seen of what was found: while something is asked, the worked example alone."""
        found = self.answer.values if self.answer is not None else (None,) * len(self.columns)
        if self.state != "ask":
            return tuple(found)
        return tuple(value if i in self.worked else None for i, value in enumerate(found))

    def words(self, text: Text) -> str:
        """``text`` as HTML, with what was found put in; empty where that is not known."""
        if self.state == "ask":
            return marked(str(text))
        if self.answer is None:
            return marked(str(text)) if text is self.place.chapter.ask.title else ""
        return marked(filled(str(text), self.columns, self.answer, control=self.place.tried))


def follow(study: Study) -> Shown:
    """How the chapter stands; what it asks for is measured from the start, so that the answer does not keep waiting."""
    place = Position(served(), study.lesson)
    about = place.chapter.about
    wanted = [place.given]
    if place.asked.state == "play":
        wanted = [place.at(place.tried), place.given]
        if place.beyond is not None:
            wanted.append(place.at(place.beyond))
    jobs = [job for one in wanted for job in lesson_jobs(about, one).values()]
    return Shown(study, place, waiting.follow(study, jobs, ()))


def script_words(shown: Shown) -> dict[str, object]:
    """What the script needs to know."""
    place, axis = shown.place, shown.place.chapter.axis
    unit = told(0, 0, axis.unit).replace("0", "{value}", 1)
    return {
        "lesson": str(place.lesson.title.en or place.lesson.title.zh),
        "names": [chapter.name for chapter in place.lesson.chapters],
        "name": place.chapter.name,
        "chapter": place.number,
        "state": shown.state,
        "hidden": place.asked.hides_answers,
        "present": shown.study.view.present,
        "touched": shown.touched,
        "guess": list(shown.guess.values),
        "placed": list(shown.guess.placed),
        "axis": {
            "low": axis.low, "high": axis.high, "scale": axis.scale, "digits": axis.digits, "line": axis.line,
            "unit": axis.unit,
        },
        "words": {
            "unit": unit,
            "equal": _("equal"),
            "fewer": _("{percent}% less"),
            "more": _("{percent}% more"),
            "card": _("{name}, at place {place}: arrow keys move it"),
            "answered": _("answered"),
        },
    }  # fmt: skip
