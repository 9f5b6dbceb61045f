"""Who waits for what, which worker should run it next, and what must end: decisions without processes.

Nothing here waits, locks or reads the clock: the engine calls with the time ``now`` (monotonic
seconds), holding its lock.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from explorer.engine import words
from explorer.engine.line import Ask, in_order, kept, lacks_picture, lacks_weights
from explorer.engine.states import FETCHED, LAST, TIMED, Failed, Limits, Pending, State
from explorer.engine.table import Table
from explorer.spec import Job

#: A worker that has answered before takes a job within milliseconds; one that does not is replaced.
ACCEPT_SECONDS = 3.0
#: How often a job is handed out again because the worker was gone before it began.
RESTARTS = 2
#: How many waiters' turns are remembered.
TURNS = 4096
#: Kinds of jobs that a person waits for: a timing gives way to them.
AWAITED = frozenset({"count", "maps", "weights", "heat", "step", "network", "check"})


def _no() -> bool:
    return False


@dataclass(eq=False)
class Slot:
    """What one worker runs.

    Attributes:
        ask: what it was handed, if anything.
        begun: whether the worker has begun with it.
        proven: whether this worker process has answered before.
        faulty: whether it must be replaced before it gets another job.
        rested: when it last became free.
    """

    ask: Ask | None = None
    begun: Callable[[], bool] = _no
    proven: bool = False
    faulty: bool = False
    rested: float = 0.0

    def release(self, now: float, *, proven: bool) -> None:
        """It is free; a worker that is not ``proven`` is to be replaced."""
        self.ask, self.begun, self.rested = None, _no, now
        self.proven, self.faulty = proven, not proven


class Schedule:
    """Everything that is asked for or answered. Not thread-safe: the engine's lock guards it."""

    def __init__(self, limits: Limits) -> None:
        self.counts, self.times = Slot(), Slot()
        self._limits = limits
        self._asks: dict[Job, Ask] = {}
        self._table = Table(limits)
        self._turns: OrderedDict[str, int] = OrderedDict()
        self._number = 0
        self._places: dict[Ask, int] | None = None
        self.runs = self.reused = 0  # jobs handed to a worker, and requests that an earlier answer was given to

    # --- what people ask --------------------------------------------------------------------------

    def submit(self, job: Job, waiter: str, now: float) -> State:
        """``waiter`` wants ``job``.

        What is keyed by it, and outlives the run, is :func:`explorer.engine.line.kept`.
        """
        given, job = job, kept(job)
        ask = self._asks.get(job)
        if ask is None:
            known = self._table.get(job)
            if known is not None and not self._table.may_retry(job, now):
                self.reused += 1
                return known
            if lacks_picture(given):
                return known or Failed(words.picture_gone())
            if lacks_weights(given):
                return known or Failed(words.weights_gone())
            mine = sum(waiter in other.leases for other in self._asks.values())
            if len(self._asks) >= self._limits.queue_length or mine >= self._limits.queue_per_waiter:
                return Failed(words.busy(len(self._asks)))
            self._number += 1
            ask = self._asks[job] = Ask(given, now, self._number)
        if waiter not in ask.leases:
            self._places = None
        ask.leases[waiter] = now + self._limits.lease_seconds
        ask.abandoned, ask.cancelled = None, False
        return self._pending(ask, now)

    def state(self, job: Job, waiter: str | None, now: float) -> State | None:
        """How ``job`` stands; a ``waiter`` that waits for it goes on waiting."""
        job = kept(job)
        ask = self._asks.get(job)
        if ask is None:
            return self._table.get(job)
        if waiter is not None and waiter in ask.leases:
            ask.leases[waiter] = now + self._limits.lease_seconds
        return self._pending(ask, now)

    def cancel(self, job: Job, waiter: str, now: float) -> None:
        """``waiter`` does not want ``job`` any more; of a job that is answered, a failure is forgotten."""
        job = kept(job)
        ask = self._asks.get(job)
        if ask is None:
            self._table.forget_failure(job)
        elif ask.leases.pop(waiter, None) is not None:
            ask.cancelled = True
            self._places = None
            self._left(ask, now)

    def _pending(self, ask: Ask, now: float) -> Pending:
        slot = self._slot(ask.job)
        if slot.ask is ask:
            return Pending(slot.begun(), 0, ask.asked)
        if self._places is None:
            lines = [self._line(slot, now) for slot in (self.counts, self.times)]
            running = [slot.ask is not None for slot in (self.counts, self.times)]
            self._places = {a: place for place, a in enumerate(lines[0], start=running[0])}
            behind = sum(running) + len(lines[0])  # a timing comes after all counts
            self._places |= {a: place for place, a in enumerate(lines[1], start=behind)}
        return Pending(False, self._places[ask], ask.asked)

    # --- what the workers should do ---------------------------------------------------------------

    def take(self, slot: Slot, now: float) -> Ask | None:
        """Hands out the job that ``slot`` should run now, if it is free and there is one."""
        line = self._line(slot, now) if slot.ask is None and not slot.faulty else []
        if not line or (slot is self.times and self._gives_way(line[0], now)):
            return None
        ask = slot.ask = line[0]
        if slot is self.times and self._counting():  # it has waited long: it keeps its place now
            ask.preempted = self._limits.preemptions
        ask.dispatched = now
        self.runs += 1
        self._number += 1
        for waiter in ask.leases:
            self._turns[waiter] = self._number
            self._turns.move_to_end(waiter)
        while len(self._turns) > TURNS:
            self._turns.popitem(last=False)
        self._places = None
        return ask

    def must_end(self, slot: Slot, now: float) -> bool:
        """Whether the worker of ``slot`` must be ended now; if so, the slot is free for another."""
        ask, limits = slot.ask, self._limits
        if ask is None or ask.dispatched is None:
            idle = slot is self.times and slot.proven and now >= slot.rested + limits.idle_seconds
            ended = slot.faulty or idle
        else:
            ended = self._gives_up(slot, ask, ask.dispatched, now)
        if ended:
            slot.release(now, proven=False)
            slot.faulty = False
            self._places = None
        return ended

    def _gives_up(self, slot: Slot, ask: Ask, dispatched: float, now: float) -> bool:
        seconds = self._limits.seconds(ask.job.kind)
        accept = self._accept_by(slot, dispatched)
        if ask.abandoned is not None and now >= ask.abandoned + self._limits.grace(ask.job.kind):
            self._drop(ask, now)
        elif slot is self.times and self._gives_way(ask, now):
            ask.preempted += 1
            self._back(ask, now)
        elif now >= accept and not slot.begun():
            self._once_more(ask, now)
        elif now >= accept + seconds + ACCEPT_SECONDS:  # the pool has missed its own deadline
            self._answer(ask, Failed(words.timed_out(ask.job.kind, seconds)), now)
        else:
            return False
        return True

    def ended(self, slot: Slot, outcome: bytes | Failed | None, fault: bool, now: float) -> None:
        """What ``slot`` ran has ended by itself.

        Args:
            slot: the worker.
            outcome: a result as it was packed, why there is none, or None if the worker was gone before it began.
            fault: whether the worker must be replaced.
            now: monotonic seconds.
        """
        ask = slot.ask
        slot.release(now, proven=not fault and (ask is None or ask.job.kind not in LAST))
        self._places = None
        if ask is None:
            return
        if outcome is None:
            self._once_more(ask, now)
        else:
            self._answer(ask, outcome, now)

    def sweep(self, now: float) -> None:
        """Ends lapsed leases, and drops what nobody waits for."""
        for ask in list(self._asks.values()):
            lapsed = [waiter for waiter, until in ask.leases.items() if until <= now]
            for waiter in lapsed:
                del ask.leases[waiter]
            if lapsed:
                ask.cancelled = False
                self._places = None
                self._left(ask, now)

    def due(self, now: float) -> float | None:
        """When something is to be done without being told; None if nothing is."""
        limits = self._limits
        times: list[float] = []
        for ask in self._asks.values():
            times += ask.leases.values()
            if ask.abandoned is not None:
                times.append(ask.abandoned + limits.grace(ask.job.kind))
            if ask.job.kind in TIMED and ask.dispatched is None:
                times.append(ask.asked + self._patience)
        for slot in (self.counts, self.times):
            if slot.ask is not None and slot.ask.dispatched is not None:
                accept = self._accept_by(slot, slot.ask.dispatched)
                times += [accept, accept + limits.seconds(slot.ask.job.kind) + ACCEPT_SECONDS]
        if self.times.proven and self.times.ask is None:
            times.append(self.times.rested + limits.idle_seconds)
        return min((moment for moment in times if moment > now), default=None)

    # --- how ------------------------------------------------------------------------------------------

    @property
    def _patience(self) -> float:
        return 4 * self._limits.patience_seconds  # a timing takes longer, and may wait longer, than a count

    def _slot(self, job: Job) -> Slot:
        return self.times if job.kind in TIMED else self.counts

    def _line(self, slot: Slot, now: float) -> list[Ask]:
        asks = (ask for ask in self._asks.values() if ask.dispatched is None and self._slot(ask.job) is slot)
        return in_order(asks, self._turns, now, self._limits.patience_seconds)

    def _accept_by(self, slot: Slot, dispatched: float) -> float:
        return dispatched + (ACCEPT_SECONDS if slot.proven else self._limits.start_seconds)

    def _counting(self) -> bool:
        return any(ask.job.kind in AWAITED for ask in self._asks.values())

    def _gives_way(self, timing: Ask, now: float) -> bool:
        if timing.job.kind in FETCHED:
            return False
        if timing.preempted >= self._limits.preemptions or not self._counting():
            return False
        return timing.dispatched is not None or now < timing.asked + self._patience

    def _left(self, ask: Ask, now: float) -> None:
        """Somebody left; when nobody is left, the job is dropped, at once or after its grace."""
        if not ask.leases and ask.dispatched is None:
            self._drop(ask, now)
        elif not ask.leases and ask.abandoned is None:
            ask.abandoned = now

    def _drop(self, ask: Ask, now: float) -> None:
        if ask.cancelled:
            self._answer(ask, Failed(words.cancelled()), now)
        else:  # everybody left without a word: whoever comes back asks anew
            self._forget(ask)

    def _back(self, ask: Ask, now: float) -> None:
        """``ask`` waits again, if anybody still waits for it."""
        ask.dispatched = None
        self._left(ask, now)

    def _once_more(self, ask: Ask, now: float) -> None:
        ask.restarts += 1
        if ask.restarts > RESTARTS:
            self._answer(ask, Failed(words.not_started()), now)
        else:
            self._back(ask, now)

    def _forget(self, ask: Ask) -> None:
        """``ask`` is not run any more, and holds no person's picture, whoever still holds it."""
        ask.job = kept(ask.job)
        self._asks.pop(ask.job, None)

    def _answer(self, ask: Ask, outcome: bytes | Failed, now: float) -> None:
        self._forget(ask)
        self._table.put(ask.job, outcome, now)
        self._places = None
