"""What the chapters of a lesson measure: by name, the numbers of each, the jobs that they come from, the answer.

Every column is counted, tracked or measured by a job; accuracy alone is published. Where a closed form says the same,
a test sets it beside.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from explorer.engine import Engine, State
from explorer.findings import Answer, BlockMeasurement, Check, Gradients, NetworkCounts, Problem, StepTrack
from explorer.spec import CheckJob, CountJob, GradientJob, Job, NetworkJob, StepJob, Study
from explorer.study.lesson_blocks import BOTTLENECK, CHANNELS, DRAWINGS, JOINED, STATISTICS, TRANSITION
from explorer.study.lesson_compared import GRADIENTS, MEMORY, NETWORKS, STAGES
from explorer.study.lesson_measure import Measure, NoAnswerError
from explorer.study.reading import seen
from explorer.study.settling import Runs, settled

__all__ = ["MEASURES", "Measure", "lesson_answer", "lesson_jobs", "measure_lesson"]

#: What a chapter may be about, by name, in the order of the lesson that the explorer brings along.
MEASURES: dict[str, Measure] = {
    measure.name: measure
    for measure in (
        JOINED,
        CHANNELS,
        DRAWINGS,
        BOTTLENECK,
        STAGES,
        STATISTICS,
        TRANSITION,
        GRADIENTS,
        MEMORY,
        NETWORKS,
    )
}

#: What each kind of job answers.
_ANSWERS: dict[type[Any], type[Any]] = {
    CheckJob: Check,
    CountJob: BlockMeasurement,
    GradientJob: Gradients,
    NetworkJob: NetworkCounts,
    StepJob: StepTrack,
}


def lesson_jobs(name: str, study: Study) -> dict[str, Job]:
    """What the measure ``name`` runs for ``study``, by name; equal jobs run once.

    Raises:
        KeyError: there is no such measure.
        SpecError: a network that follows from ``study`` would be too wide.
    """
    return MEASURES[name].jobs(study)


def lesson_answer(name: str, study: Study, states: Mapping[Job, State]) -> tuple[Answer | None, Problem | None]:
    """What was measured, or why it was not; both None while a job is open and none has failed."""
    measure, found = MEASURES[name], dict[str, Any]()
    for which, job in measure.jobs(study).items():
        found[which], problem = seen(_ANSWERS[type(job)], job, states, "auto")
        if problem is not None:
            return None, problem
    if any(one is None for one in found.values()):
        return None, None
    try:
        return measure.answer(study, found), None
    except NoAnswerError as none:
        return None, none.problem


def measure_lesson(
    name: str, study: Study, engine: Runs | None = None, timeout: float = 300, waiter: str | None = None
) -> tuple[Answer | None, Problem | None]:
    """Measures for one chapter and waits for the answer, or why there is none.

    Args:
        name: of the measure.
        study: its ``fields`` count.
        engine: where it runs; None starts one and closes it before returning.
        timeout: seconds after which what is still open is given up and reported as a problem.
        waiter: on whose behalf; see :func:`explorer.study.settling.settled`.
    """
    running: Runs = engine or Engine()
    try:
        states = settled(running, lesson_jobs(name, study).values(), time.monotonic() + timeout, timeout, waiter)
        return lesson_answer(name, study, states)
    finally:
        if engine is None:
            running.close()
