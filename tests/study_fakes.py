"""What stands in for a worker in tests: answers made from the closed forms, and random Studies."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from explorer.engine import Done, Pending, State
from explorer.findings import (
    BlockMeasurement,
    Device,
    ModuleRow,
    Problem,
    Timeline,
    TimeMeasurement,
    Timing,
    to_builtins,
)
from explorer.spec import FIELDS, Choice, CountJob, Flag, Job, SpecError, Study, TimeJob, Whole
from explorer.study import count_jobs, time_job
from explorer.theory import block_theory

CPU = Device("cpu", "CPU, 2 threads", "2.13.0", 2, 8 * 2**30, 4 * 2**30)
ABSENT = Problem("no_device", "No GPU on this machine", "Choose another device")
REFUSED = Problem("refused", "Needs 61.2 GiB, 22.0 are free", "Lower the batch", 61, 22)


def counted(job: CountJob, device: Device = CPU, **changes: Any) -> BlockMeasurement:
    """What a worker would send for ``job``: the closed forms, as if it had counted them."""
    theory = block_theory(job.block, job.input, job.run)
    parts = sum(len(layer.parts) for layer in theory.layers)
    timeline = Timeline(("forward", "sum"), (1, 0), ((0, 0, 8), (1, 1, 4), (2, 1, -4)), 2, 12, 1)
    row = ModuleRow("bn1", "BatchNorm2d", 2, 1, (1, 64, 56, 56), (1, 64, 56, 56), 128, 0, 802_816)
    measured = BlockMeasurement(
        device=device,
        fake=False,
        output_shape=theory.output_shape,
        parameters=theory.parameters,
        macs=theory.macs,
        saved_bytes=theory.saved_bytes,
        peak_bytes=theory.peak_bytes or theory.saved_bytes + theory.parameter_bytes,
        rows=(row,) * parts,
        joins=(),
        timeline=timeline,
        structure="Denseblock()",
        output_sum=1.5,
    )
    return dataclasses.replace(measured, **changes)


def timed(job: TimeJob, device: Device = CPU) -> TimeMeasurement:
    times = tuple(Timing(10.0 + i, 9.9 + i, 10.1 + i, 30, 3) for i in range(len(job.blocks)))
    return TimeMeasurement(device, times, times if job.run.mode == "training" else ())


def answers(study: Study) -> dict[Job, State]:
    jobs = count_jobs(study).values()
    states: dict[Job, State] = {job: Done(to_builtins(counted(job))) for job in jobs}
    states[time_job(study)] = Done(to_builtins(timed(time_job(study))))
    return states


class Instant:
    """An engine that answers by ``perform`` at once, or after ``polls`` questions."""

    def __init__(self, polls: int = 0, given: Mapping[type, State] | None = None) -> None:
        self.polls, self.given = polls, given or {}
        self.asked: list[Job] = []
        self.cancelled: list[Job] = []
        self.closed = False
        self._left: dict[Job, int] = {}

    def submit(self, job: Job, waiter: str) -> State:
        self.asked.append(job)
        self._left[job] = self.polls
        return self.state(job, waiter) or Pending(False, 0, 0.0)

    def state(self, job: Job, waiter: str | None = None) -> State | None:
        if self._left[job] > 0:
            self._left[job] -= 1
            return Pending(True, 0, 0.0)
        if type(job) in self.given:
            return self.given[type(job)]
        if isinstance(job, CountJob):
            return Done(to_builtins(counted(job)))
        assert isinstance(job, TimeJob)
        return Done(to_builtins(timed(job)))

    def cancel(self, job: Job, waiter: str) -> None:
        self.cancelled.append(job)

    def close(self) -> None:
        self.closed = True


# --- random Studies -------------------------------------------------------------------------------


def _values(name: str) -> st.SearchStrategy[Any]:
    domain = FIELDS[name].domain
    if isinstance(domain, Whole):
        near_default = st.integers(domain.low, min(domain.high, 64))
        return near_default | st.integers(domain.low, domain.high) | st.sampled_from([domain.low, domain.high])
    if isinstance(domain, Choice):
        return st.sampled_from(domain.options)
    if isinstance(domain, Flag):
        return st.booleans()
    return st.sampled_from({"device": ["auto", "cpu", "mps", "cuda", "cuda:3"]}.get(name, [FIELDS[name].default]))


@st.composite
def studies(draw: st.DrawFn) -> Study:
    """Any legal Study; every field has its default in about half of them."""
    names = draw(st.sets(st.sampled_from(sorted(FIELDS))))
    values = {name: draw(_values(name)) for name in sorted(names)}
    try:
        return Study().with_(**values)
    except SpecError:  # the one rule between fields: training on a single value per channel
        return Study().with_(**values | {"batch": 2})
