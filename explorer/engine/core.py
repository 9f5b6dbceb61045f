"""The engine: the schedule's decisions carried out with real workers.

One lock guards the schedule; one thread starts, feeds and ends workers, asleep while nothing is due.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace

from pebble import ProcessExpired

from explorer.engine import pool, words
from explorer.engine.line import Ask
from explorer.engine.schedule import Schedule, Slot
from explorer.engine.states import Counters, Failed, Limits, State, limits_from
from explorer.engine.worker import NotPlainError, Setup, read_answer
from explorer.findings import Problem, from_builtins
from explorer.spec import Job


class Engine:
    """Runs jobs in worker processes. Every call may come from any thread, and only ``close`` waits.

    Args:
        perform: ``package.module:function`` that a worker calls with the job; it returns a dict of
            builtins, ``{"problem": …}`` where it fails as expected, and beside either ``"worker_broken": True``
            where its process is of no use any more and must be replaced.
        limits: bounds of time, memory and storage; None takes the defaults, and what the environment says.
        prepare: ``package.module:function`` that a worker calls once before its first job.
        preload: modules that new workers find loaded, where the system can fork.
    """

    def __init__(
        self,
        perform: str = "explorer.measure.jobs:perform",
        limits: Limits | None = None,
        *,
        prepare: str | None = "explorer.measure.worker:prepare",
        preload: tuple[str, ...] = ("explorer.measure.preload",),
    ) -> None:
        self._limits = limits or limits_from(os.environ)
        setup = Setup(perform, prepare, self._limits.memory_bytes, self._limits.answer_bytes)
        self._schedule = Schedule(self._limits)
        counts, times = self._schedule.counts, self._schedule.times
        # A count is the same however long it takes; a time must not be that of a process that gives way.
        self._workers = {
            counts: pool.Worker(replace(setup, gives_way=True), preload),
            times: pool.Worker(setup, preload),
        }
        self._runs: dict[Slot, Future[bytes]] = {}
        self._lock = threading.Condition(threading.Lock())
        self._closed = self._starting = False
        self._thread = threading.Thread(target=self._work, name="engine", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def submit(self, job: Job, waiter: str) -> State:
        """Asks for ``job`` on behalf of ``waiter`` and says how it stands.

        Equal jobs share one run and one answer. What a lost worker left is run again when it is asked
        for from ``Failed.again`` on, and a lack of memory is looked at again after
        ``Limits.shortage_seconds``. Every other failure stays until :meth:`cancel` forgets it.
        """
        with self._lock:
            if self._closed:
                return Failed(words.closed())
            state = self._schedule.submit(job, waiter, time.monotonic())
            self._lock.notify_all()
            return state

    def state(self, job: Job, waiter: str | None = None) -> State | None:
        """How ``job`` stands; None if nobody asked for it, or everybody left before it was answered.

        A ``waiter`` that waits for it goes on waiting.
        """
        with self._lock:
            return self._schedule.state(job, waiter, time.monotonic())

    def cancel(self, job: Job, waiter: str) -> None:
        """Says that ``waiter`` does not wait for ``job`` any more. When nobody does, it is given up.

        Where ``job`` is answered already, a failure or a refusal is forgotten: the next request runs it
        at once. That is what "try again" means. A result is kept.
        """
        with self._lock:
            self._schedule.cancel(job, waiter, time.monotonic())
            self._lock.notify_all()

    @property
    def counters(self) -> Counters:
        """How often something was run, and how often an earlier answer stood in for it."""
        with self._lock:
            return Counters(self._schedule.runs, self._schedule.reused)

    def close(self) -> None:
        """Ends all workers and waits until they are gone. Jobs under way stay unanswered."""
        with self._lock:
            self._closed = True
            self._lock.notify_all()
        atexit.unregister(self.close)
        self._thread.join(1.0)
        if self._thread.is_alive() and self._starting:  # it waits for a fork server that still loads torch
            pool.kill_fork_server()
        self._thread.join()

    # --- the engine's thread ----------------------------------------------------------------------

    def _work(self) -> None:
        pool.ignore_interrupts()
        counts = self._schedule.counts
        self._warm(counts)
        while True:
            with self._lock:
                if self._closed:
                    break
                now = time.monotonic()
                self._schedule.sweep(now)
                ended = [slot for slot in self._workers if self._schedule.must_end(slot, now)]
                for slot in ended:
                    self._runs.pop(slot, None)
                begun = {slot: ask for slot in self._workers if (ask := self._schedule.take(slot, now))}
                if not ended and not begun:
                    due = self._schedule.due(now)
                    self._lock.wait(None if due is None else due - now)
            for slot in ended:
                self._workers[slot].discard()
            for slot, ask in begun.items():
                self._begin(slot, ask)
            if counts in ended and counts not in begun:
                self._warm(counts)
        for worker in self._workers.values():
            worker.close()
        pool.end_fork_server()

    @contextmanager
    def _start(self) -> Iterator[None]:
        self._starting = True
        try:
            yield
        finally:
            self._starting = False

    def _warm(self, slot: Slot) -> None:
        try:
            with self._start():
                self._workers[slot].start()
        except (OSError, RuntimeError):
            self._workers[slot].discard()  # the next job tries again, and says so if it fails

    def _begin(self, slot: Slot, ask: Ask) -> None:
        try:
            with self._start():
                run = self._workers[slot].run(ask.job, self._limits.seconds(ask.job.kind))
        except (OSError, RuntimeError):
            with self._lock:
                self._schedule.ended(slot, None, True, time.monotonic())
            return
        with self._lock:
            self._runs[slot] = run
            slot.begun = run.running
        kind = ask.job.kind
        run.add_done_callback(lambda done: self._ended(slot, kind, done))

    def _ended(self, slot: Slot, kind: str, run: Future[bytes]) -> None:
        """A run has ended by itself. Called in a thread of the pool."""
        outcome = _outcome(run, kind, self._limits.seconds(kind))
        with self._lock:
            if self._runs.get(slot) is not run:
                return  # too late: it was given up, and something newer may be there
            del self._runs[slot]
            self._schedule.ended(slot, outcome.answer, outcome.fault, time.monotonic())
            self._lock.notify_all()


@dataclass(frozen=True)
class _Outcome:
    """``answer`` is None where the worker was gone before it began; after a ``fault`` it must be replaced."""

    answer: bytes | Failed | None
    fault: bool = False


def _outcome(run: Future[bytes], kind: str, seconds: float) -> _Outcome:
    try:
        return _read(run.result())
    except TimeoutError:
        return _Outcome(Failed(words.timed_out(kind, seconds)), fault=True)
    except ProcessExpired as error:
        return _Outcome(Failed(words.worker_lost(kind, error.exitcode)), fault=True)
    except (BrokenProcessPool, CancelledError) as error:
        if pool.ended_unnoticed(error):
            return _Outcome(Failed(words.worker_lost(kind, 0)), fault=True)
        return _Outcome(None, fault=True)
    except Exception as error:  # whatever else comes out of the pipe must not end the pool's thread
        return _Outcome(Failed(words.not_plain(type(error).__name__)), fault=True)


def _read(packed: bytes) -> _Outcome:
    try:
        result = read_answer(packed)
        problem, broken = result.get("problem"), result.get("worker_broken") is True
        return _Outcome(packed if problem is None else Failed(from_builtins(Problem, problem)), fault=broken)
    except (NotPlainError, TypeError) as error:  # TypeError: a problem of another form
        return _Outcome(Failed(words.not_plain(str(error))))
