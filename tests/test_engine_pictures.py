"""Looks into a layer at the engine: whose turn they are, and that a person's picture is never kept."""

from __future__ import annotations

import pickle
import time
from dataclasses import replace

import pytest
from engine_jobs import PICTURE, engine, fake, pictures_held, result, wait_until

from explorer.engine import Done, Failed, Limits, Pending, words
from explorer.engine.line import kept, lacks_picture, weight
from explorer.engine.schedule import Schedule
from explorer.engine.worker import Errand
from explorer.findings import Problem
from explorer.spec import (
    CountJob,
    DenseBlockSpec,
    InputSpec,
    Job,
    MapsJob,
    ResidualSpec,
    RunSpec,
    Upload,
    WeightsJob,
)

LIMITS = Limits(lease_seconds=10, grace_seconds=0.25)
PLAIN = MapsJob(DenseBlockSpec(), InputSpec(), RunSpec(), 3)
TIMING = fake("echo", kind="time")
ANSWER = pickle.dumps({"seen": 1})


def given(data: bytes = b"0 a picture", digest: str = PICTURE) -> MapsJob:
    return replace(PLAIN, image="upload", upload=Upload(digest, data))


def has_data(job: Job) -> bool:
    return isinstance(job, MapsJob) and job.upload is not None and bool(job.upload.data)


# --- the table and the queue ----------------------------------------------------------------------


def test_a_picture_is_held_while_its_look_waits_and_runs_and_not_beyond() -> None:
    schedule = Schedule(LIMITS)
    schedule.submit(given(), "a", 0)
    ask = schedule.take(schedule.counts, 0)
    assert ask is not None and has_data(ask.job)
    assert not any(has_data(job) for job in schedule._asks), "what it is found by has none"
    schedule.ended(schedule.counts, ANSWER, False, 1)
    assert not has_data(ask.job)
    for job in (given(), given().kept()):
        assert schedule.submit(job, "b", 2) == schedule.state(job, None, 2) == Done({"seen": 1})
    table = schedule._table
    assert not any(has_data(job) for job in [*table._answers, *table._unpacked])


def test_what_is_answered_needs_no_picture_and_what_is_not_says_that_it_is_gone() -> None:
    schedule = Schedule(LIMITS)
    for job in (given(b""), replace(PLAIN, image="upload")):
        assert lacks_picture(job)
        gone = schedule.submit(job, "a", 0)
        assert gone == Failed(words.picture_gone()) and isinstance(gone, Failed) and gone.again is None
        assert schedule.state(job, None, 0) is None, "nothing is remembered against whoever still has it"
    assert isinstance(schedule.submit(given(), "a", 1), Pending)
    assert isinstance(schedule.submit(given(b""), "b", 1), Pending), "it is under way"
    assert not lacks_picture(PLAIN) and not lacks_picture(given())


@pytest.mark.parametrize("leave", ["cancelled", "lapsed"])
def test_a_look_that_is_dropped_leaves_no_picture(leave: str) -> None:
    schedule = Schedule(LIMITS)
    schedule.submit(given(), "a", 0)
    (ask,) = schedule._asks.values()
    if leave == "cancelled":
        schedule.cancel(given().kept(), "a", 1)
    else:
        schedule.sweep(20)
    assert not schedule._asks and not has_data(ask.job)
    assert isinstance(schedule.submit(given(), "a", 21), Pending), "it can be asked for again"


def test_a_look_is_handed_out_again_with_its_picture() -> None:
    schedule = Schedule(LIMITS)
    schedule.submit(given(), "a", 0)
    assert schedule.take(schedule.counts, 0) is not None
    schedule.ended(schedule.counts, None, True, 1)
    assert schedule.must_end(schedule.counts, 1)
    ask = schedule.take(schedule.counts, 1)
    assert ask is not None and has_data(ask.job)


def test_what_a_lost_worker_left_is_looked_at_again_by_whoever_has_the_picture() -> None:
    schedule = Schedule(LIMITS)
    schedule.submit(given(), "a", 0)
    schedule.take(schedule.counts, 0)
    lost = Failed(Problem("worker_lost", "It ended."))
    schedule.ended(schedule.counts, lost, False, 1)
    told = schedule.submit(given(b""), "a", 60)
    assert isinstance(told, Failed) and told.problem == lost.problem
    assert isinstance(schedule.submit(given(), "a", 60), Pending)


def test_an_errand_is_taken_once() -> None:
    errand = pickle.loads(pickle.dumps(Errand(given())))
    assert errand.take() == given() and errand.take() is None
    assert kept(given()) == given() and not has_data(kept(given())) and kept(TIMING) is TIMING


# --- whose turn -----------------------------------------------------------------------------------


@pytest.mark.parametrize("job", [PLAIN, WeightsJob(DenseBlockSpec(), RunSpec())], ids=lambda job: job.kind)
def test_a_timing_gives_way_to_what_a_person_waits_for(job: Job) -> None:
    schedule = Schedule(LIMITS)
    schedule.submit(TIMING, "a", 0)
    assert schedule.take(schedule.times, 0) is not None
    schedule.submit(job, "b", 1)
    assert schedule.must_end(schedule.times, 1) and schedule.take(schedule.times, 1) is None
    ask = schedule.take(schedule.counts, 1)
    assert ask is not None and ask.job == job, "by the worker for counts"
    schedule.ended(schedule.counts, ANSWER, False, 2)
    assert schedule.take(schedule.times, 2) is not None


def test_a_look_weighs_what_its_block_weighs_and_has_its_deadline() -> None:
    for block in (DenseBlockSpec(layers=40), ResidualSpec(units=9)):
        size = InputSpec(4, 80, 80)
        assert weight(MapsJob(block, size, RunSpec(), 1)) == weight(CountJob(block, size, RunSpec())) > 0
    assert weight(WeightsJob(DenseBlockSpec(), RunSpec())) == 0
    limits = Limits(count_seconds=7)
    assert (limits.seconds("maps"), limits.seconds("weights")) == (7, 7)


@pytest.mark.parametrize(("kind", "what"), [("maps", "this layer"), ("weights", "weights")])
def test_what_went_wrong_names_what_was_done(kind: str, what: str) -> None:
    assert what in words.timed_out(kind, 60).message and what in words.worker_lost(kind, -9).message


# --- with processes -------------------------------------------------------------------------------


def test_after_an_answer_no_process_holds_the_picture() -> None:
    with engine() as made:
        seen = result(made, given(b"0 " + b"x" * 1_000_000))
        assert seen == {"bytes": 1_000_002, "held": 1}, "the worker had it while it looked"
        assert pictures_held() == 0
        assert result(made, given(b"")) == seen
        assert result(made, fake("count_pictures"))["held"] == 0


def test_a_look_that_is_given_up_leaves_no_picture() -> None:
    with engine(Limits(grace_seconds=0.05)) as made:
        result(made, fake("echo"))
        made.submit(given(b"30 long"), "a")
        wait_until(
            lambda: (state := made.state(given(b""))) is not None and isinstance(state, Pending) and state.running
        )
        assert pictures_held() == 1
        made.cancel(given(b""), "a")
        wait_until(lambda: pictures_held() == 0)
        begun = time.monotonic()
        assert result(made, given(b"0 short")) == {"bytes": 7, "held": 1}
        assert time.monotonic() - begun < 25  # the one given up would take 30
        assert pictures_held() == 0
