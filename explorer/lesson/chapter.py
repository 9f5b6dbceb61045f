"""A lesson as its file has it: texts in one or two languages, what is measured, what is asked, what may be tried.

Texts hold ``**bold**`` and, where numbers are known, ``{facts}`` of the chapter's measure; nothing else in them is more
than text.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from explorer.language import language
from explorer.spec import LessonState, Study

Scale = Literal["linear", "log"]


@dataclass(frozen=True)
class Text:
    """What a person reads, in at least one language."""

    en: str = ""
    zh: str = ""

    def __str__(self) -> str:
        return (self.zh or self.en) if language() == "zh" else (self.en or self.zh)


@dataclass(frozen=True)
class Claim:
    """What is tested: quoted exactly, in the language it was said in, and translated.

    ``language`` is the quotation's, such as ``zh``.
    """

    quote: str
    language: str
    meaning: Text


@dataclass(frozen=True)
class Note:
    """One of the three short reasons under the picture."""

    title: Text
    text: Text


@dataclass(frozen=True)
class Axis:
    """The one scale of prediction and answer.

    Attributes:
        low, high: its ends, which hide the answer as long as something is asked.
        marks: where it has lines.
        line: what is compared with: drawn strongly, and where rings begin; None on an axis that begins at 0.
        title: what is on it.
        name: of ``line``: "equal".
        unit: behind every number: ``×``, ``MiB``, ``%`` or nothing.
        digits: behind the point.
        joined: whether rings are joined by a line, as a curve.
    """

    low: float
    high: float
    scale: Scale
    marks: tuple[float, ...]
    title: Text
    line: float | None = None
    name: Text = Text()
    unit: str = ""
    digits: int = 0
    joined: bool = False


@dataclass(frozen=True)
class Ask:
    """What is asked before anything is shown.

    Attributes:
        title: the question.
        task: what to do: "Drag each ring to your prediction".
        hint: stands in the picture until it is done; may be empty.
        start: where the rings stand, by column of the measure.
        worked: columns that are shown from the start, an example worked first.
        order: cards to be put into order, as they lie at the start; empty where there are none.
        notes: three.
    """

    title: Text
    task: Text
    hint: Text
    start: tuple[float, ...]
    worked: tuple[str, ...]
    order: tuple[str, ...]
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class Reply:
    """What is said when the answer is there.

    Attributes:
        title: the finding.
        verdict: what becomes of the claim: "true of the whole network, untrue of its first block".
        against: the column whose number goes against the claim, or against what one expects; empty if none does.
        expected: on which side of ``axis.line`` the claim puts it: ``above`` or ``below``; empty where it says nothing.
        trend: what numbers do from the first column to the last, said of a prediction that does otherwise.
        notes: three.
    """

    title: Text
    verdict: Text
    against: str
    expected: Literal["above", "below", ""]
    trend: Text
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class Task:
    """Something to find by trying, with an end.

    The end is reached at the ``largest`` or ``smallest`` value of the control at which all ``columns`` are
    ``at most`` or ``at least`` ``value``; or at any value that is so (``any``).
    """

    find: Literal["largest", "smallest", "any"]
    columns: tuple[str, ...]
    relation: Literal["at most", "at least"]
    value: float
    text: Text
    near: Text
    done: Text


@dataclass(frozen=True)
class Play:
    """One control that is the person's, with a task.

    Attributes:
        control: field of a Study.
        values: that it may take: first and last of a range of whole numbers, or all of a few words.
        locked: fields that stay, shown with a lock.
        low, high: of the axis, where numbers leave that of the question; None keeps it.
    """

    title: Text
    control: str
    values: tuple[int, int] | tuple[str, ...]
    locked: tuple[str, ...]
    task: Task
    notes: tuple[Note, ...]
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Chapter:
    """One idea, one question, one result.

    Attributes:
        name: in the file, of letters, digits and dashes.
        about: what is measured, a name of :data:`explorer.study.lesson.MEASURES`.
        given: fields of a Study that it is measured for; what is not given has its default.
        page: where the explorer shows the same at length, with parameters: ``networks?network=densenet121``.
    """

    name: str
    title: Text
    claim: Claim | None
    about: str
    given: tuple[tuple[str, int | str | bool], ...]
    axis: Axis
    ask: Ask
    reply: Reply
    play: Play
    page: str

    def is_measured(self, state: LessonState) -> bool:
        """Whether numbers are told in ``state``: in a question those of an example worked first alone."""
        return state != "ask" or bool(self.ask.worked)

    @cached_property
    def study(self) -> Study:
        """What it is measured for."""
        return Study().with_(**dict(self.given))


@dataclass(frozen=True)
class Lesson:
    """Chapters, and what they are together."""

    title: Text
    chapters: tuple[Chapter, ...]
