"""How a page asks for measurements: what is asked for, when, and what is given up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest
import streamlit as st

from explorer.engine import Done, Failed, Pending, State
from explorer.findings import Problem
from explorer.spec import CountJob, Job, Study, TimeJob
from explorer.study import count_jobs, time_job
from explorer.web import waiting


class Books:
    """An engine that runs nothing and keeps books: who asked for what, who gave up, and what is answered."""

    def __init__(self) -> None:
        self.asked: list[Job] = []
        self.given_up: list[Job] = []
        self.answers: dict[Job, State] = {}

    def submit(self, job: Job, waiter: str) -> State:
        self.asked.append(job)
        state = self.state(job, waiter)
        assert state is not None
        return state

    def state(self, job: Job, waiter: str | None = None) -> State | None:
        return self.answers.get(job) or (Pending(running=False, ahead=0, since=0.0) if job in self.asked else None)

    def cancel(self, job: Job, waiter: str) -> None:
        self.given_up.append(job)
        if isinstance(self.answers.get(job), Failed):
            del self.answers[job]


@pytest.fixture
def books(monkeypatch: pytest.MonkeyPatch) -> Iterator[Books]:
    engine = Books()
    monkeypatch.setattr(waiting, "engine", lambda: engine)
    monkeypatch.setattr(st, "session_state", {})
    yield engine


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + seconds)


def test_counts_are_asked_for_at_once_and_the_timing_is_only_announced(books: Books) -> None:
    study = Study()
    states = waiting.measure(study)
    assert set(books.asked) == set(count_jobs(study).values())
    assert isinstance(states[time_job(study)], Pending)


def test_the_timing_follows_when_counts_are_in_and_the_controls_rest(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = Study()
    waiting.measure(study)
    books.answers = {job: Done({}) for job in count_jobs(study).values()}
    waiting.measure(study)
    assert not any(isinstance(job, TimeJob) for job in books.asked)
    later(monkeypatch, waiting.REST)
    waiting.measure(study)
    assert time_job(study) in books.asked


def test_no_timing_before_the_counts(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting.measure(Study())
    later(monkeypatch, 60)
    waiting.measure(Study())
    assert not any(isinstance(job, TimeJob) for job in books.asked)


def test_nothing_is_timed_where_nothing_can_run(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    study = Study()
    books.answers = {job: Failed(Problem("no_device", "No GPU on this machine.")) for job in count_jobs(study).values()}
    later(monkeypatch, 60)
    assert time_job(study) not in waiting.measure(study)
    assert not any(isinstance(job, TimeJob) for job in books.asked)


@pytest.mark.parametrize(
    "spoilt", [Done({"refusal": {}}), Failed(Problem("failed", "It broke"))], ids=["refused", "failed"]
)
def test_nothing_is_timed_where_one_block_did_not_run(
    books: Books, monkeypatch: pytest.MonkeyPatch, spoilt: State
) -> None:
    study = Study()
    jobs = count_jobs(study)
    books.answers = {**{job: Done({}) for job in jobs.values()}, jobs["residual"]: spoilt}
    waiting.measure(study)
    later(monkeypatch, waiting.REST)
    assert time_job(study) not in waiting.measure(study)
    assert time_job(study) not in books.asked


def test_a_timing_that_somebody_else_measured_is_shown_at_once(books: Books) -> None:
    study = Study()
    books.answers = {time_job(study): Done({})}
    assert isinstance(waiting.measure(study)[time_job(study)], Done)


def test_what_an_older_block_asked_for_is_given_up(books: Books) -> None:
    first, second = Study(), Study().with_(growth_rate=24)
    waiting.measure(first)
    states = waiting.measure(second)
    assert set(books.given_up) == set(count_jobs(first).values()) - set(count_jobs(second).values())
    assert set(states) == {*count_jobs(second).values(), time_job(second)}


def test_a_change_of_view_asks_for_nothing_new_and_gives_up_nothing(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = Study()
    books.answers = {job: Done({}) for job in count_jobs(study).values()}
    waiting.measure(study)
    later(monkeypatch, waiting.REST)
    waiting.measure(study.with_(drawing="paper", select="layer-2"))
    assert time_job(study) in books.asked  # the controls have rested all the while
    assert not books.given_up


def test_stopping_gives_up_and_lasts_until_asked_again_or_changed(books: Books) -> None:
    study = Study()
    waiting.measure(study)
    waiting.stop()
    assert set(books.given_up) == set(count_jobs(study).values())
    asked = len(books.asked)
    states = waiting.measure(study)
    assert len(books.asked) == asked
    assert {state.problem.kind for state in states.values() if isinstance(state, Failed)} == {"cancelled"}
    waiting.again()
    waiting.measure(study)
    assert len(books.asked) > asked
    waiting.stop()
    assert any(isinstance(s, Pending) for s in waiting.measure(study.with_(layers=3)).values())


def test_a_longer_queue_is_asked_after_less_often() -> None:
    def queue(ahead: int) -> list[State]:
        return [Pending(running=False, ahead=ahead, since=0.0), Done({})]

    assert waiting.interval(queue(0)) == 0.2
    assert waiting.interval(queue(0)) < waiting.interval(queue(5)) < waiting.interval(queue(10)) <= 1.0
    assert waiting.interval(queue(1000)) == 1.0


def test_every_session_waits_under_a_name_of_its_own(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = waiting.waiter()
    assert waiting.waiter() == mine
    monkeypatch.setattr(st, "session_state", {})
    assert waiting.waiter() != mine


def test_equal_blocks_are_counted_once(books: Books) -> None:
    waiting.measure(Study())
    counts = [job for job in books.asked if isinstance(job, CountJob)]
    assert len(counts) == len(set(counts))


def test_trying_again_forgets_what_failed_and_gives_up_nothing_that_runs(books: Books) -> None:
    study = Study()
    dense, residual, second = count_jobs(study).values()
    books.answers = {dense: Failed(Problem("timed_out", "It took long.")), residual: Done({})}
    waiting.measure(study)
    waiting.again()
    assert dense in books.given_up and second not in books.given_up
    states = waiting.measure(study)
    assert isinstance(states[dense], Pending) and isinstance(states[residual], Done)


def test_another_block_leaves_the_failures_of_the_last_one_known(books: Books) -> None:
    study = Study()
    lost = Failed(Problem("timed_out", "It took long."))
    books.answers = dict.fromkeys(count_jobs(study).values(), lost)
    waiting.measure(study)
    waiting.measure(study.with_(growth_rate=24))
    assert not books.given_up


class Rerun(Exception):
    """The page was asked to be drawn anew."""


def test_the_page_is_drawn_anew_when_a_lost_block_may_be_asked_for_again(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rerun() -> None:
        raise Rerun

    polls: list[Callable[[], None]] = []

    def fragment(poll: Callable[..., None], run_every: float) -> Callable[..., None]:
        assert 0 < run_every <= 1
        return lambda *given: polls.append(partial(poll, *given))

    monkeypatch.setattr(st, "rerun", rerun)
    monkeypatch.setattr(st, "fragment", fragment)
    monkeypatch.setattr("explorer.web.link.hold", lambda: None)
    study = Study()
    lost = Failed(Problem("worker_lost", "The worker process was killed."), again=time.monotonic() + 100)
    books.answers = dict.fromkeys([*count_jobs(study).values(), time_job(study)], lost)
    waiting.watch(waiting.measure(study))
    (poll,) = polls
    poll()  # nothing yet
    later(monkeypatch, 101)
    with pytest.raises(Rerun):
        poll()
    waiting.stop()
    waiting.watch(waiting.measure(study))
    assert len(polls) == 1, "who has stopped is not asked for again"
