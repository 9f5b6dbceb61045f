"""What an engine answers, and the limits it works within."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from explorer.findings import Problem


@dataclass(frozen=True)
class Pending:
    """Not answered yet.

    Attributes:
        running: whether a worker has begun; False in the queue and while the worker starts.
        ahead: how many jobs are to be done before it.
        since: :func:`time.monotonic` when it was first asked for.
    """

    running: bool
    ahead: int
    since: float


@dataclass(frozen=True)
class Done:
    """The job's result, plain builtins as :func:`explorer.findings.to_builtins` makes them. Not to be changed."""

    result: dict[str, Any]


@dataclass(frozen=True)
class Failed:
    """Why there is no result."""

    problem: Problem


State = Pending | Done | Failed


@dataclass(frozen=True)
class Limits:
    """Bounds of an engine; every wait and every store has one. Times are seconds.

    Attributes:
        count_seconds, time_seconds, device_seconds: deadline of a running job, by its kind. A timing
            runs three blocks four times each, so it has more than twelve times as long as a count.
        start_seconds: how long a worker may take to start (it loads torch).
        lease_seconds: a waiter that has not asked for this long does not wait any more.
        grace_seconds: a running job that nobody waits for may still take this long: a new worker
            costs about as much, and the answer is kept.
        idle_seconds: the worker for timings ends after this long without one.
        patience_seconds: a job that has waited this long is passed over no more.
        preemptions: how often a timing gives way to counts; then it runs beside them.
        retry_seconds: a job that failed twice is run again only after this long, doubled each time.
        memory_bytes: what a worker may allocate; None takes four fifths of what is available.
        answer_bytes: the largest result, as it crosses the pipe.
        table_size, table_bytes: how many results are kept, and their size as they crossed the pipe.
        queue_length, queue_per_waiter: how many jobs may wait, in all and for one waiter.
    """

    count_seconds: float = 60
    time_seconds: float = 900
    device_seconds: float = 30
    start_seconds: float = 60
    lease_seconds: float = 10
    grace_seconds: float = 0.25
    idle_seconds: float = 30
    patience_seconds: float = 5
    preemptions: int = 2
    retry_seconds: float = 2
    memory_bytes: int | None = None
    answer_bytes: int = 16 << 20
    table_size: int = 2000
    table_bytes: int = 48 << 20
    queue_length: int = 1000
    queue_per_waiter: int = 100

    def seconds(self, kind: str) -> float:
        """The deadline of a job of ``kind``: count, time or device."""
        return {"time": self.time_seconds, "device": self.device_seconds}.get(kind, self.count_seconds)
