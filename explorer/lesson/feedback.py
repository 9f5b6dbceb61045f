"""What is said of a prediction: from the person's own numbers, first what is right, and nothing that scores.

In this order: what is right; the number that goes against the claim, with what it really is; what the numbers do from
the first column to the last, where the prediction does otherwise.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from explorer.findings import Answer, Column
from explorer.language import N_, _, listed, typeset
from explorer.lesson.chapter import Axis, Chapter, Play, Task
from explorer.lesson.guess import Guess
from explorer.lesson.words import WIDE, at, filled, number, on_axis
from explorer.study.lesson import MEASURES

_CLOSE_TIMES, _CLOSE_SHARE = 1.3, 0.1  # on a logarithmic axis; on a linear one, of what it is
_PERCENT = (0.05, 4.0)  # ratios of which percent say more than times
_LISTED = 3  # names; of more it is said which is not among them

State = Literal["open", "near", "done"]


@dataclass(frozen=True)
class Gap:
    """One column's prediction beside what it is.

    Attributes:
        guess, truth: as they are written.
        size: how many times one is the other on a logarithmic axis, else the difference as a share of the axis;
            infinite where there is no ratio.
        close: whether they are close.
        words: ``close``, ``2.6 times`` or the difference.
        worked: whether it was shown from the start, and nothing predicted.
    """

    label: str
    guess: str
    truth: str
    size: float
    close: bool
    words: str
    worked: bool


def gaps(chapter: Chapter, columns: Sequence[Column], guess: Guess, answer: Answer) -> tuple[Gap, ...]:
    """The table of a prediction, column by column."""
    return tuple(
        _gap(chapter, column, given, found)
        for column, given, found in zip(columns, guess.values, answer.values, strict=True)
    )


def _gap(chapter: Chapter, column: Column, given: float, found: float) -> Gap:
    axis, worked = chapter.axis, column.name in chapter.ask.worked
    if axis.scale == "log":
        size = max(given / found, found / given) if given > 0 and found > 0 else float("inf")
        close = size < _CLOSE_TIMES
        words = _("{times} times").format(times=_times(size, axis))
    else:
        size = abs(given - found) / (axis.high - axis.low)
        close = abs(given - found) <= _CLOSE_SHARE * abs(found)
        words = number(abs(given - found), axis.digits, axis.unit)
    told = "" if worked else _("close") if close else words
    return Gap(str(column.label), on_axis(axis, given), on_axis(axis, found), size, close, told, worked)


def _times(size: float, axis: Axis) -> str:
    if size >= 10 and axis.high / axis.low > WIDE and size != float("inf"):
        return on_axis(axis, size, unit=False)
    return number(size, 1 if size < 99.95 else 0, "") if size != float("inf") else "∞"


def feedback(chapter: Chapter, columns: Sequence[Column], guess: Guess, answer: Answer) -> tuple[str, ...]:
    """One to four sentences, with ``**bold**`` for what is true where it goes against the claim."""
    said = [_cards(chapter, guess, answer), *_right(chapter, columns, guess, answer)]
    said += [_against(chapter, columns, guess, answer), _trend(chapter, columns, guess, answer)]
    return tuple(typeset(sentence) for sentence in said if sentence)


def _cards(chapter: Chapter, guess: Guess, answer: Answer) -> str:
    if not (guess.placed and answer.order):
        return ""
    labels = MEASURES[chapter.about].cards
    order = listed(str(labels[card]) for card in answer.order)
    pairs = enumerate(zip(guess.placed, answer.order, strict=True), 1)
    right = [n for n, (one, other) in pairs if str(labels[one]) == str(labels[other])]  # both BN are one to a person
    if len(right) == len(answer.order):
        return _("All cards stand where they belong: {order}.").format(order=order)
    if not right:
        return _("The cards run in this order: {order}.").format(order=order)
    if len(right) == 1:
        return _("Card {n} stands where it belongs; they run {order}.").format(n=right[0], order=order)
    return _("Cards {n} stand where they belong; they run {order}.").format(n=_list(map(str, right)), order=order)


def _right(chapter: Chapter, columns: Sequence[Column], guess: Guess, answer: Answer) -> list[str]:
    table = gaps(chapter, columns, guess, answer)
    others = [
        n
        for n, gap in enumerate(table)
        if not gap.worked and columns[n].name != chapter.reply.against and not _is_given(chapter, n, guess, answer)
    ]
    if not others:
        return []
    said = []
    if (line := chapter.axis.line) is not None and (sides := _sides(line, others, guess, answer)):
        said.append(_side_words(chapter, columns, others, sides))
    best = min(others, key=lambda n: table[n].size)
    if table[best].close and all(table[n].close for n in others) and len(others) > 1:
        said.append(_("You are close on {names}.").format(names=_named(chapter, columns, others, others)))
    elif table[best].close:
        form = _("On {name} you are close: {guess} against {truth}.")
        said.append(form.format(name=table[best].label, guess=table[best].guess, truth=table[best].truth))
    elif not said:
        form = _("Your closest is {name}: {guess} against {truth}.")
        said.append(form.format(name=table[best].label, guess=table[best].guess, truth=table[best].truth))
    return said


def _is_given(chapter: Chapter, n: int, guess: Guess, answer: Answer) -> bool:
    """Whether nothing was predicted: the ring stands where it stood, and that is right, as of a layer beside itself."""
    return guess.values[n] == chapter.ask.start[n] == answer.values[n]


def _sides(line: float, others: Sequence[int], guess: Guess, answer: Answer) -> dict[int, bool]:
    """Of those predicted on their side of ``line``: whether that is above it."""
    return {n: answer.values[n] > line for n in others if (guess.values[n] - line) * (answer.values[n] - line) > 0}


_BELOW = N_("You are right that {names} lie below {line}.")
_ABOVE = N_("You are right that {names} lie above {line}.")
_BELOW_ONE = N_("You are right that {names} lies below {line}.")
_ABOVE_ONE = N_("You are right that {names} lies above {line}.")
_EITHER = N_("You are right on which side of {line} {names} lie.")


def _side_words(chapter: Chapter, columns: Sequence[Column], others: Sequence[int], sides: dict[int, bool]) -> str:
    if len(set(sides.values())) > 1:
        form = _EITHER
    elif all(sides.values()):
        form = _ABOVE if len(sides) > 1 else _ABOVE_ONE
    else:
        form = _BELOW if len(sides) > 1 else _BELOW_ONE
    line = at(chapter.axis, chapter.axis.line or 0.0)
    return _(form).format(names=_named(chapter, columns, others, list(sides)), line=line)


def _named(chapter: Chapter, columns: Sequence[Column], others: Sequence[int], chosen: Sequence[int]) -> str:
    """The labels of ``chosen``; of many, all but those that are not among them."""
    if len(chosen) <= _LISTED:
        return _list(str(columns[n].label) for n in chosen)
    left = [
        str(column.label)
        for n, column in enumerate(columns)
        if n not in chosen and column.name not in chapter.ask.worked
    ]
    if len(left) > _LISTED:
        return _list(str(columns[n].label) for n in chosen)
    return _("all but {names}").format(names=_list(left)) if left else _("all of them")


def _list(names: Iterable[str]) -> str:
    words = list(names)
    if len(words) < 2:
        return "".join(words)
    return _("{first} and {last}").format(first=listed(words[:-1]), last=words[-1])


def _against(chapter: Chapter, columns: Sequence[Column], guess: Guess, answer: Answer) -> str:
    n = next((n for n, column in enumerate(columns) if column.name == chapter.reply.against), None)
    if n is None or columns[n].name in chapter.ask.worked:
        return ""
    axis, gap = chapter.axis, gaps(chapter, columns, guess, answer)[n]
    truth = _truth(axis, answer.values[n])
    words = {"name": gap.label, "guess": gap.guess, "truth": truth}
    if gap.guess == gap.truth:
        return _("{name} you put at {guess}, and so it is.").format(**words)
    side = {"above": 1, "below": -1}.get(chapter.reply.expected)
    line = axis.line or 0.0
    if side is not None and (guess.values[n] - line) * side > 0:
        return _("{name} you put at {guess}, as the text suggests; it is **{truth}**.").format(**words)
    if gap.close and side is not None:
        form = _("And you saw what the text leaves out: {name} at {guess}, near to **{truth}**.")
        return form.format(**words)
    if gap.close:
        return _("{name} you put at {guess}, near to what it is: **{truth}**.").format(**words)
    return _("{name} you put at {guess}; it is **{truth}**.").format(**words)


def _truth(axis: Axis, value: float) -> str:
    told = on_axis(axis, value)
    if not (axis.unit == "×" and axis.line == 1 and _PERCENT[0] < value < _PERCENT[1]):
        return told
    percent = round(100 * abs(value - 1))
    if not percent:
        return told
    form = _("{ratio}, {percent}% more") if value > 1 else _("{ratio}, {percent}% less")
    return form.format(ratio=told, percent=percent)


def _trend(chapter: Chapter, columns: Sequence[Column], guess: Guess, answer: Answer) -> str:
    text = str(chapter.reply.trend)
    if not text or len(columns) < 2:
        return ""
    up = answer.values[-1] > answer.values[0]
    steps = [(b > a) - (b < a) for a, b in itertools.pairwise(guess.values)]
    if all(step == (1 if up else -1) for step in steps):
        return _("The order, from the first to the last, is yours too.")
    whole = guess.values[-1] - guess.values[0]
    return filled(text, columns, answer) if (whole <= 0 if up else whole >= 0) else ""


# --- the task of play ---------------------------------------------------------------------------------------


def holds(task: Task, columns: Sequence[Column], answer: Answer) -> bool:
    """Whether all columns of ``task`` are as it wants them."""
    values = {column.name: value for column, value in zip(columns, answer.values, strict=True)}
    found = (values[name] for name in task.columns if name in values)
    room = 1e-9 * abs(task.value)
    if task.relation == "at most":
        return all(value <= task.value + room for value in found)
    return all(value >= task.value - room for value in found)


def neighbour(play: Play, value: int | str) -> int | None:
    """The control's next value in the direction of the task's end, whose answer says if the end is reached.

    None where there is none: at the end of the range, with words, and where any value will do.
    """
    if play.task.find == "any" or isinstance(value, str):
        return None
    first, last = play.values
    following = value + (1 if play.task.find == "largest" else -1)
    return following if isinstance(first, int) and isinstance(last, int) and first <= following <= last else None


def reached(
    task: Task, columns: Sequence[Column], answer: Answer, beside: tuple[Sequence[Column], Answer] | None
) -> State:
    """How far a person is with a task.

    Args:
        task: of the chapter.
        columns: of ``answer``.
        answer: at the value that the control has.
        beside: columns and answer at :func:`neighbour`; None where there is none.
    """
    if not holds(task, columns, answer):
        return "open"
    return "near" if beside is not None and holds(task, *beside) else "done"
