"""The jobs of the Memory page, and what is known of them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import get_args

from explorer.engine import Engine, Pending, State
from explorer.findings import (
    Comparison,
    CompiledStep,
    MemoryFindings,
    Plan,
    Problem,
    StepTrack,
)
from explorer.spec import (
    GIB,
    MEMORIES,
    TRACKED,
    Budget,
    CompareJob,
    CompiledJob,
    Job,
    PlanJob,
    ResidualSpec,
    StepJob,
    Study,
)
from explorer.study.reading import seen
from explorer.study.settling import Runs, settled
from explorer.theory import study_theory

RESIDUAL = "residual"
BUDGETS: tuple[Budget, ...] = get_args(Budget)


@dataclass(frozen=True)
class MemoryJobs:
    """What the page wants to know of one Study.

    ``steps``: by implementation, and ``residual``; what is drawn comes first. ``compiled``: by budget; they take a
    minute each and are run when a person asks for them.
    """

    steps: Mapping[str, StepJob]
    plan: PlanJob
    comparison: CompareJob
    compiled: Mapping[Budget, CompiledJob]

    def named(self) -> Iterator[tuple[str, Job]]:
        """Every job with the name that findings know it by."""
        yield from self.steps.items()
        yield "plan", self.plan
        yield "comparison", self.comparison
        yield from ((f"compiled {budget}", job) for budget, job in self.compiled.items())


def memory_jobs(study: Study) -> MemoryJobs:
    """Equal blocks, inputs and runs have equal jobs, which an engine runs once."""
    residual = study_theory(study).residual.theory.spec
    assert isinstance(residual, ResidualSpec)
    shown = study.memory.implementation
    names = sorted(TRACKED, key=lambda name: (name != shown, name != "list"))
    run = replace(study.run, mode="training")  # an inference forward keeps nothing
    anywhere = replace(run, device="cpu", seed=0)  # a step's tensors are the same on every device
    around = study.block, study.input, run
    steps = {name: StepJob(study.block, study.input, anywhere, name) for name in names}
    steps[RESIDUAL] = StepJob(residual, study.input, anywhere)
    limits = tuple(size * GIB for size in MEMORIES)
    return MemoryJobs(
        steps=steps,
        plan=PlanJob(*around, TRACKED, limits, study.memory.largest, study.memory.optimiser, residual),
        comparison=CompareJob(*around, TRACKED, None, (residual,)),
        compiled={budget: CompiledJob(*around, budget) for budget in BUDGETS},
    )


def memory_findings(study: Study, states: Mapping[Job, State] | None = None) -> MemoryFindings:
    """Whatever ``states`` has answered so far; a job that it does not hold was not asked for."""
    known: Mapping[Job, State] = states or {}
    jobs, device = memory_jobs(study), study.run.device
    problems: dict[str, Problem] = {}

    def told(name: str, problem: Problem | None) -> None:
        if problem is not None:
            problems[name] = problem

    steps: dict[str, StepTrack] = {}
    for name, job in jobs.steps.items():
        track, problem = seen(StepTrack, job, known, device)
        told(name, problem)
        if track is not None:
            steps[name] = track
    comparison, problem = seen(Comparison, jobs.comparison, known, device)
    told("comparison", problem)
    for step in comparison.steps if comparison else ():
        told(f"time of {step.name}", step.problem)
    plan, problem = seen(Plan, jobs.plan, known, device)
    told("plan", problem)
    compiled: dict[str, CompiledStep] = {}
    for budget, compiling in jobs.compiled.items():
        found, problem = seen(CompiledStep, compiling, known, device)
        told(f"compiled {budget}", problem)
        if found is not None:
            compiled[budget] = found
    waiting = tuple(name for name, job in jobs.named() if isinstance(known.get(job), Pending))
    return MemoryFindings(study, study_theory(study), steps, comparison, compiled, plan, problems, waiting)


def measure_memory(study: Study, engine: Runs | None = None, timeout: float = 900) -> MemoryFindings:
    """Follows, times and plans the Study's implementations, all but ``compiled``, and waits for the findings.

    Args:
        study: what to build and run; its memory section says what shall fit.
        engine: where it runs; None starts one and closes it before returning.
        timeout: seconds after which what is still open is given up and reported as a problem.
    """
    if engine is None:
        own = Engine()
        try:
            return measure_memory(study, own, timeout)
        finally:
            own.close()
    jobs, deadline = memory_jobs(study), time.monotonic() + timeout
    states: dict[Job, State] = {}
    for some in (jobs.steps.values(), [jobs.plan], [jobs.comparison]):
        states |= settled(engine, some, deadline, timeout)
    return memory_findings(study, states)
