"""What a person predicted: numbers on a chapter's axis, cards in an order, and both as a link has them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from explorer.lesson.chapter import Axis, Chapter


@dataclass(frozen=True)
class Guess:
    """A prediction.

    Attributes:
        values: by column of the chapter's measure; those that were worked first hold their start.
        placed: the chapter's cards from first to last; empty where it has none.
    """

    values: tuple[float, ...]
    placed: tuple[str, ...]

    @property
    def text(self) -> str:
        """``values`` as :attr:`explorer.spec.LessonSpec.guess` has them: ``0.6,0.6,0.7,0.8``."""
        return ",".join(_text(value) for value in self.values)

    @property
    def placed_text(self) -> str | None:
        """``placed`` as :attr:`explorer.spec.LessonSpec.placed` has it; None where there are no cards."""
        return "-".join(self.placed) or None


def start(chapter: Chapter) -> Guess:
    """Where rings and cards lie before anybody has touched them."""
    return Guess(chapter.ask.start, chapter.ask.order)


def guess_of(chapter: Chapter, guess: str | None, placed: str | None) -> Guess:
    """What a link predicts for ``chapter``: never an error, since a link may be older than the lesson.

    Args:
        guess: as a LessonSpec has it. Values outside of the axis are brought to its ends; another number of them than
            the chapter has columns is no prediction for it.
        placed: as a LessonSpec has it. Other cards than the chapter's are none.
    """
    given = start(chapter)
    values = [float(one) for one in guess.split(",")] if guess else []
    if len(values) == len(given.values):
        given = replace(given, values=tuple(rounded(chapter.axis, value) for value in values))
    cards = tuple(placed.split("-")) if placed else ()
    if len(cards) == len(given.placed) and set(cards) == set(given.placed):
        given = replace(given, placed=cards)
    return given


def rounded(axis: Axis, value: float) -> float:
    """``value`` as a ring on ``axis`` can have it: within its ends, with its digits, or two where those say nothing."""
    inside = min(max(value, axis.low), axis.high)
    if axis.scale == "log" and axis.low < 10.0**-axis.digits:
        step = 10.0 ** (math.floor(math.log10(inside)) - 1)
        inside = float(f"{round(inside / step) * step:.2g}")
    else:
        inside = round(inside, axis.digits)
    return min(max(inside, axis.low), axis.high) + 0.0  # never −0, which no link has


def _text(value: float) -> str:
    return f"{value:.10g}".replace("e+0", "e").replace("e+", "e")
