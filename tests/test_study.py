from __future__ import annotations

import dataclasses
import subprocess
import sys
import time
from typing import Any

import pytest
from study_fakes import ABSENT, CPU, REFUSED, Instant, answers, counted

from explorer.engine import Done, Failed, Pending, State
from explorer.findings import Problem, from_builtins, to_builtins
from explorer.presets import PRESETS
from explorer.spec import CountJob, DeviceJob, Job, Study, TimeJob
from explorer.study import count_jobs, explore, findings, reading, time_job
from explorer.theory import study_theory

# --- jobs -----------------------------------------------------------------------------------------


def test_each_role_has_a_job_on_the_study_s_input_and_run() -> None:
    study = Study().with_(batch=2, dtype="float64")
    jobs = count_jobs(study)
    assert list(jobs) == ["dense", "residual", "second"]
    assert jobs["dense"] == CountJob(study.block, study.input, study.run)
    assert len(set(jobs.values())) == 3


def test_identical_blocks_share_a_job_and_are_timed_once() -> None:
    study = Study().with_(match="parameters", in_channels=32)
    same = study.with_(match="depth", layers=1)
    theory = study_theory(same)
    assert (theory.residual.theory.spec == theory.second.theory.spec) == (
        count_jobs(same)["residual"] == count_jobs(same)["second"]
    )
    jobs = count_jobs(Study().with_(layers=1, match="macs"))
    assert jobs["residual"] == jobs["second"]
    assert len(time_job(Study().with_(layers=1, match="macs")).blocks) == 2
    assert len(time_job(Study()).blocks) == 3


def test_what_only_the_view_changes_asks_for_nothing_new() -> None:
    moved = Study().with_(drawing="paper", select="layer-3")
    assert count_jobs(moved) == count_jobs(Study())
    assert time_job(moved) == time_job(Study())


# --- findings -------------------------------------------------------------------------------------


def test_without_answers_there_are_closed_forms_and_nothing_is_waited_for() -> None:
    found = findings(Study())
    assert found.dense.parameters.values == {"closed_form": 335_040}
    assert found.dense.peak_bytes.values == {}
    assert (found.waiting, found.problems, found.device) == ((), (), None)


def test_all_answers_are_set_beside_the_closed_forms() -> None:
    found = findings(Study(), answers(Study()))
    assert found.dense.parameters.values == {"closed_form": 335_040, "counted": 335_040}
    assert found.dense.saved_bytes.values == {"closed_form": 40_956_672, "tracked": 40_956_672}
    assert found.second.label == "ResNet-50 × 3"
    assert found.device == CPU
    assert [b.forward.median for b in found.blocks if b.forward] == [10.0, 11.0, 12.0]
    assert [b.step.median for b in found.blocks if b.step] == [10.0, 11.0, 12.0]
    assert not found.waiting and not found.problems


def test_a_shared_timing_reaches_both_rows() -> None:
    study = Study().with_(layers=1, match="macs")
    found = findings(study, answers(study))
    assert found.residual.forward == found.second.forward != found.dense.forward


def test_open_jobs_are_named() -> None:
    states = answers(Study())
    states[count_jobs(Study())["residual"]] = Pending(True, 0, 1.0)
    states[time_job(Study())] = Pending(False, 1, 1.0)
    found = findings(Study(), states)
    assert found.waiting == ("residual", "time")
    assert found.residual.measurement is None and found.dense.measurement is not None


@pytest.mark.parametrize("state", [Failed(ABSENT), Done({"problem": to_builtins(ABSENT)})])
def test_an_absent_device_gives_closed_forms_the_reason_and_no_numbers(state: State) -> None:
    study = Study().with_(device="cuda")
    states: dict[Job, State] = dict.fromkeys([*count_jobs(study).values(), time_job(study)], state)
    found = findings(study, states)
    assert found.problems == (ABSENT,) and found.device is None
    for block in found.blocks:
        assert set(block.parameters.values) == {"closed_form"} and block.measurement is None


def test_numbers_of_another_device_are_never_shown_under_the_name_asked_for() -> None:
    study = Study().with_(device="cuda:1")
    for other in (CPU, dataclasses.replace(CPU, device="cuda:0")):
        job = count_jobs(study)["dense"]
        found = findings(study, {job: Done(to_builtins(counted(job, other)))})
        assert found.dense.measurement is None and found.device is None
        assert found.dense.problem is not None and other.device in found.dense.problem.message


@pytest.mark.parametrize(
    ("asked", "device"), [("auto", "cuda:0"), ("cuda", "cuda:0"), ("cpu", "cpu"), ("mps", "mps:0")]
)
def test_the_device_asked_for_may_answer_by_its_full_name(asked: str, device: str) -> None:
    study = Study().with_(device=asked)
    there = dataclasses.replace(CPU, device=device)
    assert findings(study, {DeviceJob(asked): Done(to_builtins(there))}).device == there


def test_a_refused_block_shows_its_fake_counts_and_the_refusal() -> None:
    job = count_jobs(Study())["dense"]
    fake = counted(job, fake=True, refusal=REFUSED, output_sum=None)
    found = findings(Study(), {job: Done(to_builtins(fake))})
    assert found.dense.parameters.stamp == "✓ counted, not run"
    assert found.dense.measurement == fake and found.problems == (REFUSED,)


def test_a_failed_timing_leaves_the_counts() -> None:
    slow = Problem("timed_out", "Timing took longer than 60 s")
    found = findings(Study(), answers(Study()) | {time_job(Study()): Failed(slow)})
    assert found.timing_problem == slow and found.problems == (slow,)
    assert found.dense.measurement is not None and found.dense.forward is None


def test_a_count_that_differs_is_kept() -> None:
    job = count_jobs(Study())["dense"]
    found = findings(Study(), {job: Done(to_builtins(counted(job, parameters=335_168)))})
    assert found.dense.parameters.differs == 128


def test_what_a_worker_sent_is_decoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[type] = []

    def counting(kind: type[Any], value: Any) -> Any:
        decoded.append(kind)
        return from_builtins(kind, value)

    monkeypatch.setattr(reading, "from_builtins", counting)
    study = PRESETS["Deep"]
    states = answers(study)
    first = findings(study, states)
    assert sorted(kind.__name__ for kind in decoded) == [*["BlockMeasurement"] * 3, "TimeMeasurement"]
    for _ in range(20):
        assert findings(study, states) == first
    assert len(decoded) == 4


def test_what_is_decoded_is_kept_within_bounds() -> None:
    reading._decoded.cache_clear()
    job = count_jobs(Study())["dense"]
    sent = to_builtins(counted(job))
    bound = reading._decoded.cache_info().maxsize
    assert bound is not None and bound >= 4 * 50, "what fifty people look at stays decoded"
    for _ in range(bound + 10):
        findings(Study(), {job: Done(dict(sent))})
    assert reading._decoded.cache_info().currsize == bound


# --- explore --------------------------------------------------------------------------------------


@pytest.mark.parametrize("polls", [0, 3])
def test_explore_waits_for_counts_and_then_times(polls: int) -> None:
    engine = Instant(polls)
    found = explore(Study(), engine)
    assert found == findings(Study(), answers(Study()))
    assert engine.asked == [*count_jobs(Study()).values(), time_job(Study())]
    assert not engine.closed and not engine.cancelled


def test_explore_does_not_time_what_was_refused() -> None:
    engine = Instant(given={CountJob: Failed(REFUSED)})
    found = explore(Study(), engine)
    assert found.problems == (REFUSED,)
    assert not any(isinstance(job, TimeJob) for job in engine.asked)


def test_explore_gives_up_in_time_and_cancels() -> None:
    engine = Instant(polls=10**9)
    start = time.monotonic()
    found = explore(Study(), engine, timeout=0.1)
    assert time.monotonic() - start < 30  # and not for ever
    assert [problem.kind for problem in found.problems] == ["timed_out"]
    assert set(engine.cancelled) == set(count_jobs(Study()).values())
    assert found.waiting == ()


def test_explore_names_the_device_where_nothing_ran() -> None:
    lost = Failed(Problem("timed_out", "It took long."))
    engine = Instant(given={CountJob: lost, DeviceJob: Done(to_builtins(CPU))})
    found = explore(Study(), engine)
    assert found.device == CPU and found.dense.measurement is None
    assert engine.asked == [*count_jobs(Study()).values(), DeviceJob("auto")]


def test_explore_names_no_device_that_is_not_there() -> None:
    engine = Instant(given={CountJob: Failed(ABSENT), DeviceJob: Failed(ABSENT)})
    found = explore(Study().with_(device="cuda"), engine)
    assert found.device is None and found.problems == (ABSENT,)


@pytest.mark.parametrize("fails", [False, True])
def test_explore_closes_the_engine_it_started(monkeypatch: pytest.MonkeyPatch, fails: bool) -> None:
    engine = Instant()
    if fails:
        monkeypatch.setattr(engine, "submit", lambda *_: 1 / 0)
    monkeypatch.setattr("explorer.study.exploring.Engine", lambda: engine)
    if fails:
        with pytest.raises(ZeroDivisionError):
            explore(Study())
    else:
        assert explore(Study()).device == CPU
    assert engine.closed


def test_explore_measures_a_real_block() -> None:
    study = Study().with_(in_channels=6, growth_rate=3, layers=2, height=9, width=7, batch=2)
    found = explore(study)
    assert not found.problems and not found.waiting
    for block in found.blocks:
        assert block.parameters.stamp == block.macs.stamp == block.saved_bytes.stamp == "✓ counted"
        assert block.peak_bytes.stamp == "tracked"
        assert block.forward is not None and block.step is not None
    assert found.device is not None and found.device.device == "cpu"


# --- the package ----------------------------------------------------------------------------------


def test_the_public_names() -> None:
    import explorer

    assert sorted(explorer.__all__) == ["DenseBlockSpec", "Study", "explore", "trace"]
    assert all(getattr(explorer, name) is not None for name in explorer.__all__)
    assert explorer.explore is explore
    with pytest.raises(AttributeError):
        explorer.absent  # type: ignore[attr-defined]  # noqa: B018  # the point is that it is not there


def test_importing_the_package_and_its_command_line_imports_no_torch() -> None:
    code = (
        "import explorer, explorer.cli, explorer.study, sys; print('torch' in sys.modules, 'streamlit' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
