"""Runs a Study: which jobs it needs, and what is known of it at any moment.

:func:`findings` is pure: closed forms and whatever the engine has answered so far. The page
calls it on every redraw, so what a worker sent is decoded once and kept while it is in use.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Protocol, TypeVar

from explorer.engine import Done, Engine, Failed, Pending, State
from explorer.findings import (
    BlockFindings,
    BlockMeasurement,
    BlockTheory,
    Device,
    Findings,
    LayerView,
    Problem,
    ReadWeights,
    Role,
    TimeMeasurement,
    Timing,
    from_builtins,
    reconciled,
)
from explorer.spec import (
    BlockSpec,
    CountJob,
    DeviceJob,
    Image,
    Job,
    MapsJob,
    ResidualSpec,
    Study,
    TimeJob,
    Upload,
    WeightsJob,
)
from explorer.theory import study_theory

ROLES: tuple[Role, ...] = ("dense", "residual", "second")
T = TypeVar("T", bound=BlockMeasurement | TimeMeasurement | Device | LayerView | ReadWeights)


class Runs(Protocol):
    """What a Study asks of an engine; :class:`explorer.engine.Engine` is one."""

    def submit(self, job: Job, waiter: str) -> State:
        """Asks for ``job`` on behalf of ``waiter``."""

    def state(self, job: Job, waiter: str | None = None) -> State | None:
        """What is known of ``job``."""

    def cancel(self, job: Job, waiter: str) -> None:
        """Says that ``waiter`` needs no answer any more."""

    def close(self) -> None:
        """Ends whatever runs."""


# --- jobs -----------------------------------------------------------------------------------------


def count_jobs(study: Study) -> dict[Role, CountJob]:
    """The counting job of each block. Equal blocks have equal jobs, which an engine runs once."""
    return {role: CountJob(block, study.input, study.run) for role, block in _blocks(study).items()}


def time_job(study: Study) -> TimeJob:
    """The job that times all blocks of the Study, each once, their runs interleaved."""
    return TimeJob(tuple(dict.fromkeys(_blocks(study).values())), study.input, study.run)


def maps_job(study: Study, upload: Upload | None = None) -> MapsJob | None:
    """The job that looks into what the view selects; None where nothing is selected.

    ``layer-4``, ``2-4`` and ``source-4`` look into Bottleneck 4, ``source-0`` into the first, which reads the
    input as it is; ``unit-2`` looks into the residual block. A picture that no link carries (``image=upload``
    without ``upload``) is the test pattern.
    """
    selected = study.view.selected
    number = next((n for n in (selected.unit, selected.layer, selected.source) if n is not None), None)
    if number is None:
        return None
    blocks, layer = _blocks(study), max(1, number)
    block = blocks["dense"] if selected.unit is None else blocks["residual"]
    if isinstance(block, ResidualSpec) and layer > block.units:
        return None
    image: Image = "pattern" if study.view.image == "upload" and upload is None else study.view.image
    return MapsJob(block, study.input, study.run, layer, image, upload if image == "upload" else None)


def weights_job(study: Study) -> WeightsJob:
    """The job that reads how strongly each Bottleneck weighs each source."""
    return WeightsJob(study.block, study.run)


def seen(kind: type[T], job: Job, states: Mapping[Job, State], asked: str) -> tuple[T | None, Problem | None]:
    """What ``job`` answered, or why it did not; both None while it is open. ``asked`` is the device asked for."""
    return _read(kind, states.get(job), asked)


def _blocks(study: Study) -> dict[Role, BlockSpec]:
    theory = study_theory(study)
    return {
        "dense": theory.dense.spec,
        "residual": theory.residual.theory.spec,
        "second": theory.second.theory.spec,
    }


# --- what is known --------------------------------------------------------------------------------


def findings(study: Study, states: Mapping[Job, State] | None = None) -> Findings:
    """Closed forms, set beside what ``states`` has answered so far.

    ``waiting`` holds the roles whose count is pending, and ``"time"`` while the timing is. A job that
    ``states`` does not hold was not asked for: nothing is known, and nothing waited for. Where a block
    was refused but counted on fake tensors, its counts are shown and the refusal is its ``problem``.
    """
    known: Mapping[Job, State] = states or {}
    theory = study_theory(study)
    jobs, timing_job = count_jobs(study), time_job(study)
    times, timing_problem = _read(TimeMeasurement, known.get(timing_job), study.run.device)
    waiting: tuple[str, ...] = tuple(role for role, job in jobs.items() if isinstance(known.get(job), Pending))
    if isinstance(known.get(timing_job), Pending):
        waiting = (*waiting, "time")

    def block(role: Role, label: str, forms: BlockTheory) -> BlockFindings:
        measurement, problem = _read(BlockMeasurement, known.get(jobs[role]), study.run.device)
        place = timing_job.blocks.index(forms.spec)
        return reconciled(
            role,
            label,
            forms,
            measurement,
            forward=_at(times.forward, place) if times else None,
            step=_at(times.step, place) if times else None,
            problem=problem or (measurement.refusal if measurement else None),
        )

    blocks = (
        block("dense", "dense", theory.dense),
        block("residual", theory.residual.label, theory.residual.theory),
        block("second", theory.second.label, theory.second.theory),
    )
    devices = [b.measurement.device for b in blocks if b.measurement] + ([times.device] if times else [])
    asked, _ = _read(Device, known.get(DeviceJob(study.run.device)), study.run.device)
    return Findings(
        study,
        theory,
        *blocks,
        device=next(iter(devices), asked),
        timing_problem=timing_problem,
        waiting=waiting,
    )


def _at(timings: tuple[Timing, ...], place: int) -> Timing | None:
    return timings[place] if place < len(timings) else None


def _read(kind: type[T], state: State | None, asked: str) -> tuple[T | None, Problem | None]:
    """A job's answer, or why there is none; both None while it is open."""
    if isinstance(state, Failed):
        return None, state.problem
    if not isinstance(state, Done):
        return None, None
    answer: T | Problem = _decoded(_Answer(kind, state.result))
    if isinstance(answer, Problem):
        return None, answer
    if isinstance(answer, ReadWeights):  # the same on every device
        return answer, None
    device = answer if isinstance(answer, Device) else answer.device
    if not _is(device.device, asked):
        return None, Problem(
            "failed", f"{asked} was asked for, but {device.device} answered; its numbers are not shown"
        )
    return answer, None


def _is(device: str, asked: str) -> bool:
    """Whether numbers taken on ``device`` may stand under the name ``asked``."""
    return asked == "auto" or device == asked or (":" not in asked and device.partition(":")[0] == asked)


class _Answer:
    """What a worker sent and how to read it; equal only to itself, so that no cache hashes what is in it."""

    def __init__(self, kind: type[Any], result: dict[str, Any]) -> None:
        self.kind, self.result = kind, result

    def __hash__(self) -> int:
        return id(self.result)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Answer) and other.result is self.result and other.kind is self.kind


# Bounded: a result of 64 Bottlenecks is some hundred kilobytes. An entry holds the result itself,
# so that its identity cannot pass to another one while the entry lives.
@lru_cache(maxsize=256)
def _decoded(answer: _Answer) -> Any:
    if "problem" in answer.result:
        return from_builtins(Problem, answer.result["problem"])
    return from_builtins(answer.kind, answer.result)


# --- all at once ----------------------------------------------------------------------------------


def explore(study: Study, engine: Runs | None = None, timeout: float = 900) -> Findings:
    """Builds, runs, counts and times the Study's blocks, and waits for the findings.

    Args:
        study: what to build and run.
        engine: where it runs; None starts one and closes it before returning.
        timeout: seconds after which what is still open is given up and reported as a problem.

    Returns:
        Findings with nothing waiting. Whatever could not be measured has a ``problem`` and its
        closed forms; blocks are timed only where all of them ran. Where nothing could run, ``device``
        is what it would have run on, None if there is no such device.
    """
    if engine is None:
        own = Engine()
        try:
            return explore(study, own, timeout)
        finally:
            own.close()
    deadline = time.monotonic() + timeout
    states = _settled(engine, count_jobs(study).values(), deadline, timeout)
    if not findings(study, states).problems:  # what was refused once must not be tried again for its time
        states |= _settled(engine, [time_job(study)], deadline, timeout)
    nothing_ran = findings(study, states).device is None
    if nothing_ran and time.monotonic() < deadline:  # where it would have run is known all the same
        states |= _settled(engine, [DeviceJob(study.run.device)], deadline, timeout)
    return findings(study, states)


def _settled(engine: Runs, jobs: Iterable[Job], deadline: float, timeout: float) -> dict[Job, State]:
    waiter = uuid.uuid4().hex
    states = {job: engine.submit(job, waiter) for job in dict.fromkeys(jobs)}
    pause = 0.002
    try:
        while (open_jobs := _open(states)) and time.monotonic() < deadline:
            time.sleep(pause)
            pause = min(2 * pause, 0.05)
            states |= {job: engine.state(job, waiter) or states[job] for job in open_jobs}
    finally:
        for job in _open(states):
            engine.cancel(job, waiter)
    late = Problem(
        "timed_out", f"No answer within {timeout:g} s", "Allow more time, or make the block or its input smaller"
    )
    return {job: Failed(late) if isinstance(state, Pending) else state for job, state in states.items()}


def _open(states: Mapping[Job, State]) -> list[Job]:
    return [job for job, state in states.items() if isinstance(state, Pending)]
