"""Where a person is in a lesson: the chapter, what it is measured for, and what its control stands on."""

from __future__ import annotations

from dataclasses import dataclass

from explorer.codec import as_text
from explorer.lesson.chapter import Chapter, Lesson, Play
from explorer.lesson.feedback import neighbour
from explorer.spec import FIELDS, LessonSpec, SpecError, Study


@dataclass(frozen=True)
class Position:
    """What a link says of a lesson, judged by the lesson: a chapter that there is not, or a value that the control has
    not, gives way to the nearest that there is."""

    lesson: Lesson
    asked: LessonSpec

    @property
    def number(self) -> int:
        """Of the chapter, from 1."""
        return min(self.asked.chapter, len(self.lesson.chapters))

    @property
    def chapter(self) -> Chapter:
        """The chapter itself."""
        return self.lesson.chapters[self.number - 1]

    @property
    def hidden(self) -> bool:
        """Whether what is asked for is an answer, and the link keeps answers back."""
        return self.asked.hides_answers and self.asked.state != "ask"

    @property
    def given(self) -> Study:
        """What the chapter's question is measured for."""
        return self.chapter.study

    @property
    def start(self) -> int | str:
        """What the control stands on before it is moved: the chapter's own value, or the nearest that it may take."""
        return nearest(self.chapter.play, as_text(self.given[self.chapter.play.control]))

    @property
    def tried(self) -> int | str:
        """What the control stands on."""
        play, text = self.chapter.play, self.asked.tried
        of_numbers = any(str(value).isdecimal() for value in play.values)
        legible = text is not None and (text.isdecimal() if of_numbers else text in play.values)
        return nearest(play, text) if legible else self.start

    def at(self, value: int | str) -> Study:
        """What is measured where the control stands on ``value``."""
        name = self.chapter.play.control
        parsed = value if isinstance(value, int) else FIELDS[name].domain.parse(value)
        try:
            return self.given.with_(**{name: parsed})
        except SpecError:  # a lesson is checked when it is read: this is for a rule between fields
            return self.given

    @property
    def beyond(self) -> int | None:
        """The value next to the one tried, where the chapter's task would go on; None where there is none."""
        return neighbour(self.chapter.play, self.tried)

    @property
    def is_locked(self) -> bool:
        """Whether the link locks the chapter's control."""
        return self.chapter.play.control in self.asked.locks

    @property
    def is_fixed(self) -> bool:
        """Whether nothing can be tried: the link locks or hides the chapter's control."""
        return self.is_locked or self.is_without_control

    @property
    def is_without_control(self) -> bool:
        """Whether the link hides it."""
        return self.chapter.play.control in self.asked.hides


def nearest(play: Play, text: str | None) -> int | str:
    """The value of the control that is nearest to what ``text`` says; its first where that says nothing."""
    if isinstance(play.values[0], int):
        low, high = (int(end) for end in play.values)
        return min(high, max(low, int(text))) if text is not None and text.isdecimal() else low
    words = tuple(str(word) for word in play.values)
    if text is None or text in words:
        return text or words[0]
    numbers = [word for word in words if word.isdecimal()]
    return min(numbers, key=lambda word: abs(int(word) - int(text))) if numbers and text.isdecimal() else words[0]
