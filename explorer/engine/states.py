"""What an engine answers, and the limits it works within."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from explorer.environment import above_zero
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
    """Why there is no result.

    Attributes:
        problem: what went wrong.
        again: :func:`time.monotonic` from which a new request runs the job again by itself; None where
            nobody should ask again unasked. See :meth:`explorer.engine.Engine.cancel` for asking at once.
    """

    problem: Problem
    again: float | None = None


State = Pending | Done | Failed

#: Kinds of jobs that read a clock or take long: they have a worker of their own.
TIMED = frozenset({"time", "compare", "compiled", "plan", "published", "gradients", "training"})
#: Kinds among them that wait for a network and not for a core: they give way to nobody.
FETCHED = frozenset({"published"})
#: Kinds among them that take seconds: one that nobody waits for any more is let end, since a new worker takes as long.
SHORT = frozenset({"gradients"})
#: Kinds of jobs whose process ends with them, whatever came out: what compiled shares a process with nothing after it.
LAST = frozenset({"compiled"})


@dataclass(frozen=True)
class Counters:
    """What an engine has done since it began.

    Attributes:
        runs: jobs handed to a worker; one that gave way and began anew counts twice.
        reused: requests that an earlier answer was given to.
    """

    runs: int
    reused: int


@dataclass(frozen=True)
class Limits:
    """Bounds of an engine; every wait and every store has one. Times are seconds.

    Attributes:
        count_seconds, time_seconds, device_seconds, compile_seconds: deadline of a running job, by its kind; a
            look into a layer, at weights or at a step's tensors has as long as a count. A timing runs three blocks
            four times each, so it has more than twelve times as long, and so has a plan. What is fetched has as long
            as what is compiled.
        start_seconds: how long a worker may take to start (it loads torch).
        lease_seconds: a waiter that has not asked for this long does not wait any more.
        grace_seconds: a running job that nobody waits for may still take this long: a new worker
            costs about as much, and the answer is kept. A timing, which takes far longer, ends at once:
            what is wanted in its place wants the cores.
        short_grace_seconds: the same of kinds that have a worker of their own and take seconds.
        idle_seconds: the worker for timings ends after this long without one.
        patience_seconds: a job that has waited this long is passed over no more.
        preemptions: how often a timing gives way to counts; then it runs beside them.
        retry_seconds: what a lost worker left is run again when asked for after this long, so that the
            loss can be read; twice as long each time.
        retries: how often in a row it is; then only after it was forgotten (:meth:`Engine.cancel`).
        shortage_seconds: a lack of memory is believed this long; who asks later has it looked at again.
        memory_bytes: what a worker may allocate beyond what it holds; None takes four fifths of what is available.
        answer_bytes: the largest result, as it crosses the pipe.
        table_size, table_bytes: how many results are kept, and their size: they are kept as they
            crossed the pipe.
        unpacked_bytes: size on the pipe of the results that are kept unpacked beside that, for whoever
            redraws. Unpacked they take three to four times as much (measured on the presets).
        queue_length, queue_per_waiter: how many jobs may wait, in all and for one waiter.
    """

    count_seconds: float = 60
    time_seconds: float = 900
    device_seconds: float = 30
    compile_seconds: float = 300
    start_seconds: float = 60
    lease_seconds: float = 10
    grace_seconds: float = 0.25
    short_grace_seconds: float = 5
    idle_seconds: float = 30
    patience_seconds: float = 5
    preemptions: int = 2
    retry_seconds: float = 2
    retries: int = 3
    shortage_seconds: float = 30
    memory_bytes: int | None = None
    answer_bytes: int = 16 << 20
    table_size: int = 2000
    table_bytes: int = 48 << 20
    unpacked_bytes: int = 8 << 20
    queue_length: int = 1000
    queue_per_waiter: int = 100

    def grace(self, kind: str) -> float:
        """How long a running job of ``kind`` that nobody waits for may still take."""
        if kind in SHORT:
            return self.short_grace_seconds
        return 0.0 if kind in TIMED else self.grace_seconds

    def seconds(self, kind: str) -> float:
        """The deadline of a job of ``kind``."""
        if kind == "compiled" or kind in FETCHED:
            return self.compile_seconds
        if kind in TIMED:
            return self.time_seconds
        return self.device_seconds if kind == "device" else self.count_seconds


def limits_from(environment: Mapping[str, str]) -> Limits:
    """The limits that whoever starts the program sets.

    ``EXPLORER_COUNT_SECONDS`` is the deadline of a count, ``EXPLORER_MEMORY_BYTES`` what a worker may
    allocate beside what it holds when it starts. A value that is no number above 0 counts for nothing.
    """
    seconds = above_zero(environment.get("EXPLORER_COUNT_SECONDS", ""))
    memory = above_zero(environment.get("EXPLORER_MEMORY_BYTES", ""))
    return Limits(count_seconds=seconds or Limits.count_seconds, memory_bytes=int(memory) if memory else None)
