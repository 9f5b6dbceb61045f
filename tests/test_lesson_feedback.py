"""What is said of a prediction, and how far a person is with a task."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from study_fakes import Instant

from explorer.engine import Engine
from explorer.findings import Answer, Column
from explorer.lesson.chapter import Chapter
from explorer.lesson.feedback import feedback, gaps, holds, neighbour, reached
from explorer.lesson.guess import Guess, guess_of, rounded, start
from explorer.lesson.reading import built_in
from explorer.spec import FIELDS, LessonSpec, Study
from explorer.study import MEASURES, Runs, measure_lesson

CHAPTERS = {chapter.about: chapter for chapter in built_in().chapters}


def answered(chapter: Chapter, runs: Runs | None = None, **changes: Any) -> tuple[tuple[Column, ...], Answer]:
    study = Study().with_(**{**dict(chapter.given), **changes})
    answer, problem = measure_lesson(chapter.about, study, runs or Instant())
    assert answer is not None, problem
    return MEASURES[chapter.about].columns(study), answer


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    running = Engine()
    yield running
    running.close()


def said_of(about: str, guess: str, placed: str | None = None) -> str:
    chapter = CHAPTERS[about]
    return " ".join(feedback(chapter, *_with(chapter, guess_of(chapter, guess, placed))))


def _with(chapter: Chapter, guess: Guess) -> tuple[tuple[Column, ...], Guess, Answer]:
    columns, answer = answered(chapter)
    return columns, guess, answer


# --- the order of the wording: what is right, the number against, the trend ---------------------------


@pytest.mark.parametrize(
    ("about", "guess", "words"),
    [
        (
            "stages",
            "0.6,0.6,0.7,0.8",
            "You are right that Block 2, Block 3 and Block 4 lie below 1×. "
            "On Block 2 you are close: 0.60× against 0.75×. "
            "Block 1 you put at 0.60×, as the text suggests; it is **1.55×, 55% more**. "
            "The saving grows with depth: 0.75, 0.40, 0.14.",
        ),
        (
            "stages",
            "1.6,0.8,0.4,0.15",
            "You are right that Block 2, Block 3 and Block 4 lie below 1×. "
            "You are close on Block 2, Block 3 and Block 4. "
            "And you saw what the text leaves out: Block 1 at 1.60×, near to **1.55×, 55% more**. "
            "The order, from the first to the last, is yours too.",
        ),
        (
            "stages",
            "1,1,1,1",
            "Your closest is Block 2: 1.00× against 0.75×. Block 1 you put at 1.00×; it is **1.55×, 55% more**. "
            "The saving grows with depth: 0.75, 0.40, 0.14.",
        ),
        (
            "channels",
            "96,128,160,192,224,256",
            "You are right that all but Layer 6 lie above 64. You are close on all but Layer 6. "
            "Layer 6 you put at 256, and so it is. The order, from the first to the last, is yours too.",
        ),
        (
            "drawings",
            "12,12",
            "Your closest is Arrows: 12 against 21. Concatenations you put at 12; it is **6**.",
        ),
        ("drawings", "12,36", "Your closest is Arrows: 12 against 21. Concatenations you put at 36; it is **6**."),
    ],
)
def test_sentences_in_their_order(about: str, guess: str, words: str) -> None:
    assert said_of(about, guess) == words


@pytest.mark.parametrize(
    ("placed", "words"),
    [
        (
            "bn1-relu1-conv1-bn2-relu2-conv2",
            "All cards stand where they belong: BN, ReLU, conv 1×1, BN, ReLU, conv 3×3.",
        ),
        ("conv1-bn1-relu1-bn2-relu2-conv2", "Cards 4, 5 and 6 stand where they belong; they run BN, ReLU, "),
        ("conv1-conv2-bn1-relu1-bn2-relu2", "The cards run in this order: BN, ReLU, "),
        ("bn1-conv2-conv1-relu1-bn2-relu2", "Cards 1 and 3 stand where they belong; they run BN, "),
    ],
)
def test_cards(placed: str, words: str) -> None:
    assert said_of("statistics", "600,600", placed).startswith(words)


def test_cards_that_look_alike_are_alike() -> None:
    assert said_of("statistics", "600,600", "bn2-relu2-conv1-bn1-relu1-conv2").startswith("All cards stand")


@settings(deadline=None)  # machines are shared
@given(st.sampled_from(list(CHAPTERS)), st.data())
def test_no_prediction_is_scored_or_left_without_its_numbers(about: str, data: st.DataObject) -> None:
    chapter = CHAPTERS[about]
    axis = chapter.axis
    values = data.draw(st.tuples(*[st.floats(axis.low, axis.high) for _ in chapter.ask.start]))
    placed = data.draw(st.permutations(chapter.ask.order))
    guess = Guess(tuple(rounded(axis, value) for value in values), tuple(placed))
    columns, answer = ANSWERS.setdefault(about, answered(chapter))
    told = feedback(chapter, columns, guess, answer)
    assert 1 <= len(told) <= 5
    for sentence in told:
        assert sentence and sentence.endswith(".") and "{" not in sentence
        assert not re.search(r"\b(wrong|oops|score|points|great|well done|bad)\b", sentence, re.IGNORECASE)
    assert guess_of(chapter, guess.text, guess.placed_text) == guess  # a link keeps it


ANSWERS: dict[str, tuple[tuple[Column, ...], Answer]] = {}


def test_gaps() -> None:
    chapter = CHAPTERS["stages"]
    columns, answer = answered(chapter)
    table = gaps(chapter, columns, guess_of(chapter, "0.6,0.6,0.7,0.8", None), answer)
    assert [gap.words for gap in table] == ["2.6 times", "close", "1.8 times", "5.5 times"]
    chapter = CHAPTERS["memory"]
    columns, answer = answered(chapter)
    table = gaps(chapter, columns, start(chapter), answer)
    assert [gap.worked for gap in table] == [True, False, True, False]
    assert [bool(gap.words) for gap in table] == [False, True, False, True]


# --- predictions ----------------------------------------------------------------------------------


def test_a_link_s_prediction_is_never_an_error() -> None:
    chapter = CHAPTERS["stages"]
    for none in (None, "1,2,3", "1,2,3,4,5"):
        assert guess_of(chapter, none, None) == start(chapter)
    assert guess_of(chapter, "-5,0,4e99,0.123", "bn1-relu1").values == (0.05, 0.05, 4.0, 0.12)
    assert guess_of(chapter, "1,1,1,1", "bn1-relu1").placed == ()
    cards = CHAPTERS["statistics"]
    assert guess_of(cards, None, "bn1-bn1-bn1-bn1-bn1-bn1") == start(cards)


@settings(deadline=None)  # machines are shared
@given(st.sampled_from(list(CHAPTERS)), st.floats(allow_nan=False, allow_infinity=False))
def test_every_place_on_an_axis_can_stand_in_a_link(about: str, value: float) -> None:
    chapter = CHAPTERS[about]
    ring = rounded(chapter.axis, value)
    assert chapter.axis.low <= ring <= chapter.axis.high and rounded(chapter.axis, ring) == ring
    guess = Guess((ring,) * len(chapter.ask.start), chapter.ask.order)
    link = LessonSpec(guess=guess.text, placed=guess.placed_text)  # which raises where it may not be
    assert guess_of(chapter, link.guess, link.placed) == guess


# --- tasks ----------------------------------------------------------------------------------------

#: Where each task's end is, counted by hand.
ENDS = {
    "joined": 64, "channels": 10, "drawings": 9, "bottleneck": 152, "stages": 25, "statistics": 9,
    "transition": 65, "memory": 14, "networks": 65,
}  # fmt: skip


@pytest.mark.parametrize("about", ENDS)
def test_a_task_has_an_end_within_its_range_and_does_not_begin_there(about: str, engine: Engine) -> None:
    chapter = CHAPTERS[about]
    play, end = chapter.play, ENDS[about]
    runs = engine if about == "memory" else Instant()  # whose peaks have no closed form

    def state(value: int) -> str:
        beside = neighbour(play, value)
        near = answered(chapter, runs, **{play.control: beside}) if beside is not None else None
        return reached(play.task, *answered(chapter, runs, **{play.control: value}), near)

    assert state(end) == "done"
    assert state(Study().with_(**dict(chapter.given))[play.control]) != "done"
    if play.task.find != "any":
        step = 1 if play.task.find == "largest" else -1
        assert state(end + step) == "open" and state(end - step) == "near"


def test_gradients_vanish_or_do_not() -> None:
    chapter = CHAPTERS["gradients"]
    columns, answer = answered(chapter)
    for value, state in ((6.5e-28, "done"), (88_000.0, "open")):
        found = dataclasses.replace(answer, values=(value, *answer.values[1:]))
        assert reached(chapter.play.task, columns, found, None) == state


def test_at_the_end_of_a_range_there_is_no_neighbour() -> None:
    play = CHAPTERS["stages"].play
    assert (neighbour(play, 47), neighbour(play, 48)) == (48, None)
    assert neighbour(CHAPTERS["gradients"].play, "true") is neighbour(CHAPTERS["transition"].play, 33) is None
    columns, answer = answered(CHAPTERS["stages"], growth_rate=16)
    assert holds(play.task, columns, answer) and reached(play.task, columns, answer, None) == "done"
    assert all(FIELDS[chapter.play.control].domain for chapter in CHAPTERS.values())
