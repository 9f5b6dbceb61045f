"""Waiting for a Study's jobs, for whoever has no page to redraw."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Mapping
from typing import Protocol

from explorer.engine import Failed, Pending, State
from explorer.findings import Problem
from explorer.language import said
from explorer.spec import Job


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


def settled(
    engine: Runs, jobs: Iterable[Job], deadline: float, timeout: float, waiter: str | None = None
) -> dict[Job, State]:
    """How ``jobs`` stand when all are answered, or at ``deadline``, by which what is open has been given up.

    Args:
        engine: where they run.
        jobs: each is asked for once.
        deadline: by :func:`time.monotonic`.
        timeout: the seconds that a person had allowed, for the words.
        waiter: on whose behalf; the engine serves in turn whoever waits, so all that should share one turn have one.
    """
    waiter = waiter or uuid.uuid4().hex
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
        "timed_out",
        said("No answer within {seconds:g} s", seconds=timeout),
        said("Allow more time, or make the block or its input smaller"),
    )
    return {job: Failed(late) if isinstance(state, Pending) else state for job, state in states.items()}


def _open(states: Mapping[Job, State]) -> list[Job]:
    return [job for job, state in states.items() if isinstance(state, Pending)]
