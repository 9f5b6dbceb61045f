"""The engine's decisions without processes: order, leases, preemption, retries, the bounded table, memory."""

from __future__ import annotations

import gc
import pickle
import weakref
from pathlib import Path
from typing import Any

import pytest
from engine_jobs import Kind, fake
from hypothesis import given
from hypothesis import strategies as st

from explorer.engine import Done, Failed, Limits, Pending
from explorer.engine.line import Ask, in_order, weight
from explorer.engine.schedule import ACCEPT_SECONDS, RESTARTS, Schedule
from explorer.engine.states import limits_from
from explorer.engine.table import Table
from explorer.engine.words import timed_out, worker_lost
from explorer.findings import Problem
from explorer.memory import available_bytes, data_bytes
from explorer.spec import CountJob, DenseBlockSpec, InputSpec, Job, ResidualSpec, RunSpec

LIMITS = Limits(lease_seconds=10, grace_seconds=0.25, patience_seconds=5, preemptions=2, retry_seconds=2)
LIGHT = CountJob(DenseBlockSpec(), InputSpec(), RunSpec())
HEAVY = CountJob(DenseBlockSpec(layers=64), InputSpec(64, 256, 256), RunSpec())


def job(number: int, kind: Kind = "count") -> Job:
    return fake("echo", "", number, kind)


def packed(size: int = 0, **result: object) -> bytes:
    """A result as it crosses the pipe, of at least ``size`` bytes."""
    return pickle.dumps(result | ({"filling": "x" * size} if size else {}))


def run_all(schedule: Schedule, now: float) -> list[Job]:
    """Counts in the order in which one worker would run them."""
    ran = []
    while (ask := schedule.take(schedule.counts, now)) is not None:
        ran.append(ask.job)
        schedule.ended(schedule.counts, packed(), False, now)
    return ran


# --- order ----------------------------------------------------------------------------------------


def test_people_take_turns() -> None:
    schedule = Schedule(LIMITS)
    for number in range(3):
        schedule.submit(job(number), "eager", 0)
    schedule.submit(job(10), "second", 0.1)
    schedule.submit(job(20), "third", 0.2)
    assert run_all(schedule, 0.3) == [job(0), job(10), job(20), job(1), job(2)]


def test_somebody_new_comes_before_the_next_job_of_whoever_was_just_served() -> None:
    schedule = Schedule(LIMITS)
    for number in range(3):
        schedule.submit(job(number), "eager", 0)
    assert schedule.take(schedule.counts, 0) is not None
    schedule.submit(job(10), "late", 1)
    schedule.ended(schedule.counts, packed(), False, 1)
    assert run_all(schedule, 1) == [job(10), job(1), job(2)]


def test_light_comes_before_heavy_until_heavy_has_waited_long() -> None:
    schedule = Schedule(LIMITS)
    schedule.submit(HEAVY, "a", 0)
    schedule.submit(LIGHT, "b", 1)
    assert run_all(schedule, 1.5) == [LIGHT, HEAVY]
    schedule = Schedule(LIMITS)
    schedule.submit(HEAVY, "a", 0)
    schedule.submit(LIGHT, "b", 1)
    assert run_all(schedule, 5.5) == [HEAVY, LIGHT]


def test_weight_grows_with_layers_and_size_for_both_kinds_of_block() -> None:
    dense = [weight(CountJob(DenseBlockSpec(layers=n), InputSpec(), RunSpec())) for n in (1, 6, 64)]
    units = [weight(CountJob(ResidualSpec(units=n), InputSpec(), RunSpec())) for n in (1, 6, 64)]
    assert dense == sorted(set(dense)) and units == sorted(set(units))
    assert dense[1] == (64 + 96 + 128 + 160 + 192 + 224) * 56 * 56


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.floats(0, 20)), max_size=30))
def test_order_keeps_every_job_once_and_each_person_in_turn(asked: list[tuple[str, float]]) -> None:
    asks = [
        Ask(job(number), when, number, {who: 100.0})
        for number, (who, when) in enumerate(sorted(asked, key=lambda a: a[1]))
    ]
    ordered = in_order(asks, {}, 20, patience=5)
    assert sorted(ask.number for ask in ordered) == [ask.number for ask in asks]
    for who in "abcd":
        mine = [ask.number for ask in ordered if who in ask.leases]
        assert mine == sorted(mine)


def test_ahead_counts_what_runs_and_what_comes_first() -> None:
    schedule = Schedule(LIMITS)
    assert schedule.submit(job(1), "a", 0) == Pending(False, 0, 0)
    assert schedule.submit(job(2), "b", 1) == Pending(False, 1, 1)
    assert schedule.submit(job(9, "time"), "a", 2) == Pending(False, 2, 2)
    schedule.take(schedule.counts, 2)
    schedule.counts.begun = lambda: True
    assert schedule.state(job(1), None, 3) == Pending(True, 0, 0)
    assert schedule.state(job(2), None, 3) == Pending(False, 1, 1)
    assert schedule.state(job(9, "time"), None, 3) == Pending(False, 2, 2)


def test_a_full_queue_refuses_in_words_and_stores_nothing() -> None:
    schedule = Schedule(Limits(queue_length=3, queue_per_waiter=2))
    schedule.submit(job(1), "a", 0)
    schedule.submit(job(2), "a", 0)
    mine = schedule.submit(job(3), "a", 0)
    assert isinstance(mine, Failed) and mine.problem.kind == "refused"
    schedule.submit(job(3), "b", 0)
    refused = schedule.submit(job(4), "c", 0)
    assert isinstance(refused, Failed) and "3 measurements are waiting" in refused.problem.message
    assert schedule.state(job(4), None, 0) is None


# --- timings --------------------------------------------------------------------------------------


def test_a_timing_waits_for_counts_and_gives_way_to_them() -> None:
    schedule = Schedule(LIMITS)
    timing = job(1, "time")
    schedule.submit(timing, "a", 0)
    schedule.submit(job(2), "b", 0)
    assert schedule.take(schedule.times, 0) is None
    assert run_all(schedule, 0) == [job(2)]
    assert schedule.take(schedule.times, 1) is not None
    assert not schedule.must_end(schedule.times, 1)
    schedule.submit(job(3), "b", 2)
    assert schedule.must_end(schedule.times, 2)
    assert isinstance(schedule.state(timing, None, 2), Pending)


def test_a_timing_is_preempted_only_so_often_then_runs_beside_the_counts() -> None:
    schedule = Schedule(LIMITS)
    timing = job(1, "time")
    for turn in range(LIMITS.preemptions):
        schedule.submit(timing, "a", turn)
        assert schedule.take(schedule.times, turn) is not None
        schedule.submit(job(10 + turn), "b", turn)
        assert schedule.must_end(schedule.times, turn)
        if turn == 0:
            assert run_all(schedule, turn) == [job(10)]
    schedule.submit(timing, "a", 3)
    assert schedule.take(schedule.times, 3) is not None, "it starts though a count waits"
    schedule.submit(job(20), "b", 3)
    assert not schedule.must_end(schedule.times, 3)


def test_a_timing_that_never_found_a_quiet_moment_starts_after_its_patience() -> None:
    schedule = Schedule(LIMITS)
    schedule.submit(job(1, "time"), "a", 0)
    schedule.submit(job(2), "b", 0)
    assert schedule.due(0) == 10  # a lease
    for now in (9, 18):
        schedule.submit(job(1, "time"), "a", now)
        schedule.submit(job(2), "b", now)
        assert schedule.take(schedule.times, now) is None
    assert schedule.due(18) == 20
    assert schedule.take(schedule.times, 20) is not None
    assert not schedule.must_end(schedule.times, 20)


def test_asking_for_the_device_disturbs_no_timing() -> None:
    schedule = Schedule(LIMITS)
    schedule.submit(job(1, "time"), "a", 0)
    schedule.take(schedule.times, 0)
    schedule.submit(job(2, "device"), "b", 0)
    assert not schedule.must_end(schedule.times, 0)


def test_the_worker_for_timings_ends_when_idle_and_the_one_for_counts_stays() -> None:
    schedule = Schedule(LIMITS)
    for slot, kind in ((schedule.times, "time"), (schedule.counts, "count")):
        schedule.submit(job(1, kind), "a", 0)  # type: ignore[arg-type]  # a loop variable is no Literal
        schedule.take(slot, 0)
        schedule.ended(slot, packed(), False, 1)
    assert schedule.due(1) == 1 + LIMITS.idle_seconds
    now = 1 + LIMITS.idle_seconds
    assert schedule.must_end(schedule.times, now)
    assert not schedule.must_end(schedule.times, now), "once"
    assert not schedule.must_end(schedule.counts, now)
    assert schedule.due(now) is None, "then it sleeps"


@pytest.mark.parametrize("kind", ["compiled", "plan"])
def test_what_takes_long_gives_way_to_counts_only_so_often(kind: Kind) -> None:
    """A compile is not begun anew for ever: what it has compiled so far is in its cache, and then it runs on."""
    schedule = Schedule(LIMITS)
    begun = 0
    for turn in range(10):
        schedule.submit(job(1, kind), "a", turn)
        if schedule.times.ask is None and schedule.take(schedule.times, turn) is not None:
            begun += 1
        schedule.submit(job(10 + turn), "b", turn)
        schedule.must_end(schedule.times, turn)
        run_all(schedule, turn)
    assert schedule.times.ask is not None and begun == LIMITS.preemptions + 1


@pytest.mark.parametrize("outcome", [packed(), Failed(Problem("unsupported", "No compiler."))])
def test_a_worker_that_has_compiled_ends_with_its_job(outcome: bytes | Failed) -> None:
    schedule = Schedule(LIMITS)
    for kind, ends in (("compiled", True), ("time", False), ("plan", False), ("compiled", True)):
        schedule.submit(job(1, kind), "a", 0)  # type: ignore[arg-type]  # a loop variable is no Literal
        schedule.submit(job(2, "time"), "a", 0)
        assert schedule.take(schedule.times, 0) is not None
        schedule.ended(schedule.times, outcome, False, 1)
        assert (schedule.take(schedule.times, 1) is None) is ends, "nothing begins in that process"
        assert schedule.must_end(schedule.times, 1) is ends
        schedule = Schedule(LIMITS)


def test_a_step_is_awaited_as_a_count_is() -> None:
    schedule = Schedule(LIMITS)
    schedule.submit(job(1, "time"), "a", 0)
    schedule.take(schedule.times, 0)
    schedule.submit(job(2, "step"), "b", 0)
    assert schedule.must_end(schedule.times, 0)
    assert run_all(schedule, 0) == [job(2, "step")]


@pytest.mark.parametrize("kind", ["step", "compiled", "plan"])
def test_each_kind_of_job_has_its_limit_and_its_words(kind: str) -> None:
    limits = Limits(count_seconds=1, time_seconds=2, device_seconds=3, compile_seconds=4)
    assert limits.seconds(kind) == {"step": 1, "compiled": 4, "plan": 2}[kind]
    assert limits.grace(kind) == (limits.grace_seconds if kind == "step" else 0)
    words = timed_out(kind, 4).message, worker_lost(kind, 1).message
    assert not words[0].startswith("This") and "worked on this" not in words[1]


# --- leases ---------------------------------------------------------------------------------------


def test_a_lapsed_lease_drops_a_waiting_job_without_a_trace() -> None:
    schedule = Schedule(LIMITS)
    schedule.submit(job(1), "a", 0)
    assert schedule.due(0) == 10
    schedule.state(job(1), "a", 8)
    schedule.state(job(1), "stranger", 8)
    schedule.sweep(10)
    assert isinstance(schedule.state(job(1), None, 10), Pending)
    schedule.sweep(18)
    assert schedule.state(job(1), None, 18) is None


def test_cancelling_says_so_unless_another_waits() -> None:
    schedule = Schedule(LIMITS)
    schedule.submit(job(1), "a", 0)
    schedule.submit(job(1), "b", 0)
    schedule.cancel(job(1), "a", 1)
    schedule.cancel(job(1), "nobody", 1)
    assert isinstance(schedule.state(job(1), "a", 1), Pending)
    schedule.cancel(job(1), "b", 2)
    state = schedule.state(job(1), "b", 2)
    assert isinstance(state, Failed) and state.problem.kind == "cancelled"
    assert isinstance(schedule.submit(job(1), "a", 3), Pending), "a cancelled job can be asked for again"


def test_an_abandoned_run_has_its_grace_then_ends() -> None:
    schedule = Schedule(LIMITS)
    schedule.submit(job(1), "a", 0)
    schedule.take(schedule.counts, 0)
    schedule.cancel(job(1), "a", 1)
    assert not schedule.must_end(schedule.counts, 1.2)
    assert schedule.due(1.2) == 1.25
    assert schedule.must_end(schedule.counts, 1.25)
    assert isinstance(schedule.state(job(1), None, 2), Failed)


def test_an_abandoned_timing_ends_at_once() -> None:
    schedule = Schedule(LIMITS)
    schedule.submit(job(1, "time"), "a", 0)
    schedule.take(schedule.times, 0)
    schedule.cancel(job(1, "time"), "a", 1)
    assert schedule.must_end(schedule.times, 1)


def test_an_abandoned_run_is_adopted_by_whoever_asks_in_time_and_kept_if_it_ends_in_time() -> None:
    schedule = Schedule(LIMITS)
    schedule.submit(job(1), "a", 0)
    schedule.take(schedule.counts, 0)
    schedule.cancel(job(1), "a", 1)
    schedule.submit(job(1), "b", 1.1)
    assert not schedule.must_end(schedule.counts, 2)
    schedule.cancel(job(1), "b", 2)
    schedule.ended(schedule.counts, packed(n=1), False, 2.1)
    assert schedule.state(job(1), None, 3) == Done({"n": 1})


# --- faults ---------------------------------------------------------------------------------------


def test_a_job_whose_worker_is_gone_before_it_began_is_handed_out_again_then_given_up() -> None:
    schedule = Schedule(LIMITS)
    schedule.submit(job(1), "a", 0)
    for _ in range(RESTARTS + 1):
        assert schedule.take(schedule.counts, 0) is not None
        schedule.ended(schedule.counts, None, True, 0)
        assert schedule.take(schedule.counts, 0) is None, "a faulty worker gets nothing"
        assert schedule.must_end(schedule.counts, 0)
    state = schedule.state(job(1), None, 0)
    assert isinstance(state, Failed) and "No worker process could be started" in state.problem.message


def test_a_proven_worker_that_takes_no_job_is_replaced_soon_a_new_one_later() -> None:
    schedule = Schedule(LIMITS)
    schedule.submit(job(1), "a", 0)
    schedule.take(schedule.counts, 0)
    assert not schedule.must_end(schedule.counts, LIMITS.start_seconds - 1)
    schedule.ended(schedule.counts, packed(), False, 1)
    schedule.submit(job(2), "a", 1)
    schedule.take(schedule.counts, 1)
    assert not schedule.must_end(schedule.counts, 1 + ACCEPT_SECONDS - 0.1)
    assert schedule.must_end(schedule.counts, 1 + ACCEPT_SECONDS)
    assert schedule.take(schedule.counts, 1 + ACCEPT_SECONDS) is not None


def fail(schedule: Schedule, problem: Problem, now: float) -> None:
    """Job 1 is asked for, runs and fails, all at the time ``now``."""
    assert isinstance(schedule.submit(job(1), "a", now), Pending)
    assert schedule.take(schedule.counts, now) is not None
    schedule.ended(schedule.counts, Failed(problem), False, now)


def test_what_a_lost_worker_left_is_told_first_then_run_again_ever_later_and_only_so_often() -> None:
    schedule, lost, now = Schedule(LIMITS), Problem("worker_lost", ""), 0.0
    for wait in (2, 4, 8):
        fail(schedule, lost, now)
        assert schedule.submit(job(1), "a", now + wait - 0.1) == Failed(lost, again=now + wait)
        assert schedule.state(job(1), None, now) == Failed(lost, again=now + wait)
        now += wait
    fail(schedule, lost, now)
    assert schedule.submit(job(1), "a", now + 10_000) == Failed(lost, again=None)


def test_an_answer_in_between_starts_the_waits_anew() -> None:
    table, lost = Table(LIMITS), Failed(Problem("worker_lost", ""))
    for now in (0, 2):
        table.put(job(1), lost, now)
    table.put(job(1), packed(), 8)
    table.put(job(1), lost, 9)
    assert not table.may_retry(job(1), 10.9) and table.may_retry(job(1), 11)


@pytest.mark.parametrize("kind", ["failed", "unsupported", "no_device", "timed_out"])
def test_what_would_fail_again_is_not_tried_again(kind: str) -> None:
    schedule, problem = Schedule(LIMITS), Problem(kind, "because")
    fail(schedule, problem, 1)
    assert schedule.submit(job(1), "b", 10_000) == Failed(problem)


@pytest.mark.parametrize("kind", ["refused", "out_of_memory"])
def test_a_lack_of_memory_is_believed_for_a_while(kind: str) -> None:
    schedule, problem = Schedule(LIMITS), Problem(kind, "because")
    fail(schedule, problem, 1)
    assert schedule.submit(job(1), "b", 30.9) == Failed(problem)
    assert isinstance(schedule.submit(job(1), "b", 31), Pending)


def test_so_is_a_count_that_was_made_without_memory() -> None:
    schedule = Schedule(LIMITS)
    refused: dict[str, Any] = {"fake": True, "refusal": {"kind": "refused", "told": "Needs more."}}
    schedule.submit(job(1), "a", 1)
    schedule.take(schedule.counts, 1)
    schedule.ended(schedule.counts, packed(**refused), False, 1)
    assert schedule.submit(job(1), "b", 30.9) == Done(refused)
    assert isinstance(schedule.submit(job(1), "b", 31), Pending)


@pytest.mark.parametrize("kind", ["refused", "out_of_memory", "worker_lost", "timed_out", "failed", "cancelled"])
def test_cancelling_what_failed_forgets_it(kind: str) -> None:
    schedule = Schedule(LIMITS)
    for now in (1.0, 1.1, 1.2, 1.3, 1.4):
        fail(schedule, Problem(kind, "because"), now)
        schedule.cancel(job(1), "anybody", now)
        assert schedule.state(job(1), None, now) is None
    schedule.submit(job(1), "a", 2)
    schedule.take(schedule.counts, 2)
    schedule.ended(schedule.counts, packed(n=1), False, 2)
    schedule.cancel(job(1), "a", 3)
    assert schedule.state(job(1), None, 3) == Done({"n": 1}), "a result is kept"
    schedule.ended(schedule.counts, None, False, 3)
    schedule.submit(job(2), "a", 3)
    schedule.take(schedule.counts, 3)
    schedule.ended(schedule.counts, packed(refusal={"kind": "refused"}), False, 3)
    schedule.cancel(job(2), "a", 3)
    assert schedule.state(job(2), None, 3) is None


# --- limits ---------------------------------------------------------------------------------------


def test_whoever_starts_the_program_sets_its_deadline_and_memory() -> None:
    assert limits_from({}) == Limits()
    assert limits_from({"EXPLORER_COUNT_SECONDS": "2.5", "EXPLORER_MEMORY_BYTES": "1e9"}) == Limits(
        count_seconds=2.5, memory_bytes=10**9
    )


@pytest.mark.parametrize("text", ["", "much", "0", "-1", "nan", "inf", "1e999"])
def test_a_limit_that_is_no_number_above_zero_counts_for_nothing(text: str) -> None:
    assert limits_from({"EXPLORER_COUNT_SECONDS": text, "EXPLORER_MEMORY_BYTES": text}) == Limits()


# --- stores ---------------------------------------------------------------------------------------


def test_the_table_is_bounded_in_number_and_bytes_and_keeps_what_is_used() -> None:
    table = Table(Limits(table_size=3, table_bytes=1000))
    for number in range(3):
        table.put(job(number), packed(n=number), 0)
    table.get(job(0))
    table.put(job(3), packed(), 0)
    assert table.get(job(1)) is None and table.get(job(0)) == Done({"n": 0})
    table.put(job(4), packed(950), 0)
    assert len(table) == 1 and table.get(job(4)) is not None
    table.put(job(5), packed(10_000), 0)
    assert len(table) == 1 and table.get(job(5)) is not None, "the newest is kept though it is large"
    table.put(job(6), packed(), 0)
    table.put(job(7), Failed(Problem("failed", "")), 0)
    assert len(table) == 2


def test_only_so_many_results_are_kept_unpacked_and_those_stay_the_same_object() -> None:
    table = Table(Limits(unpacked_bytes=2500))
    first = [weakly(table, number) for number in range(4)]
    gc.collect()
    assert [one() is not None for one in first] == [False, False, True, True]
    kept = table.get(job(2))
    assert kept is table.get(job(2)) and isinstance(kept, Done)
    assert table.get(job(0)) == Done({"filling": "x" * 1000}), "it is unpacked anew"
    assert table.get(job(2)) is kept, "it was used after the other one"
    table.put(job(9), packed(10_000), 0)
    assert table.get(job(9)) is table.get(job(9)), "the newest is kept though it is large"
    table.drop(job(9))
    assert table.get(job(9)) is None
    again = table.get(job(2))
    assert again == kept and again is not kept and again is table.get(job(2))


def weakly(table: Table, number: int) -> weakref.ref[Any]:
    table.put(job(number), packed(1000), 0)
    return weakref.ref(table.get(job(number)))


def test_memory_respects_the_container(tmp_path: Path) -> None:
    def write(name: str, text: str) -> None:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    assert available_bytes(tmp_path) is None
    write("proc/meminfo", "MemTotal: 9000 kB\nMemAvailable:    8000 kB\n")
    assert available_bytes(tmp_path) == 8000 * 1024
    write("proc/self/cgroup", "0::/group/inner\n")
    write("sys/fs/cgroup/group/memory.max", "5000000")
    write("sys/fs/cgroup/group/memory.current", "2000000")
    write("sys/fs/cgroup/group/memory.stat", "anon 1\ninactive_file 500000\n")
    write("sys/fs/cgroup/group/inner/memory.max", "max")
    write("sys/fs/cgroup/group/inner/memory.current", "1")
    write("sys/fs/cgroup/group/inner/memory.stat", "")
    assert available_bytes(tmp_path) == 3_500_000
    write("proc/self/cgroup", "5:cpu:/x\n4:memory:/box\n")
    write("sys/fs/cgroup/memory/memory.limit_in_bytes", "3000000")
    write("sys/fs/cgroup/memory/memory.usage_in_bytes", "1000000")
    write("sys/fs/cgroup/memory/memory.stat", "total_inactive_file 0\n")
    assert available_bytes(tmp_path) == 2_000_000
    write("sys/fs/cgroup/memory/memory.limit_in_bytes", str(2**63 - 4096))
    assert available_bytes(tmp_path) == 8000 * 1024


def test_memory_of_this_process() -> None:
    assert 0 < data_bytes() < 1 << 40
    assert 0 < (available_bytes() or 0) < 1 << 50
