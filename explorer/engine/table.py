"""The bounded table of answers, successes and failures both; what was used least recently goes first."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from explorer.engine.states import Done, Failed, Limits
from explorer.spec import Job

#: Failures that say nothing about the job itself, so that it may be tried again.
TRANSIENT = frozenset({"worker_lost", "timed_out", "cancelled"})


@dataclass(frozen=True)
class Answer:
    """An outcome, its size on the pipe in bytes, when it came (monotonic) and how often in a row it failed."""

    state: Done | Failed
    size: int
    at: float
    failures: int = 0


class Table:
    """Job → answer, bounded in number and in bytes. Not thread-safe: the engine's lock guards it."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._answers: OrderedDict[Job, Answer] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._answers)

    def get(self, job: Job) -> Done | Failed | None:
        """The answer to ``job``, which counts as used."""
        answer = self._answers.get(job)
        if answer is None:
            return None
        self._answers.move_to_end(job)
        return answer.state

    def put(self, job: Job, state: Done | Failed, size: int, now: float) -> None:
        """Keeps ``state``; drops the least recently used answers beyond the bounds, never this one."""
        before = self.drop(job)
        failures = 0
        if isinstance(state, Failed) and state.problem.kind in TRANSIENT - {"cancelled"}:
            failures = (before.failures if before else 0) + 1
        self._answers[job] = Answer(state, size, now, failures)
        self._bytes += size
        while len(self) > 1 and (len(self) > self._limits.table_size or self._bytes > self._limits.table_bytes):
            self._bytes -= self._answers.popitem(last=False)[1].size

    def drop(self, job: Job) -> Answer | None:
        """Forgets and returns the answer to ``job``."""
        answer = self._answers.pop(job, None)
        self._bytes -= answer.size if answer else 0
        return answer

    def may_retry(self, job: Job, now: float) -> bool:
        """Whether a failed ``job`` is run when it is asked for again.

        A page asks anew at each redraw. The first retry is immediate; a job that goes on killing its
        worker, or overrunning its deadline, waits ``retry_seconds`` and twice as long each time.
        """
        answer = self._answers.get(job)
        if answer is None or isinstance(answer.state, Done) or answer.state.problem.kind not in TRANSIENT:
            return False
        if answer.failures < 2:
            return True
        doubled: int = 1 << min(answer.failures - 2, 8)
        return now - answer.at >= self._limits.retry_seconds * doubled
