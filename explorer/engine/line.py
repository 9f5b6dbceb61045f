"""Who is next: the order of waiting jobs, so that many people share one worker fairly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from explorer.spec import CountJob, HeatJob, Job, MapsJob

#: Jobs lighter than this (elements read by all layers) take well under a second and rank alike.
LIGHT = 1 << 24


@dataclass(eq=False)
class Ask:
    """A job that somebody wants, from being asked for to its answer.

    Attributes:
        job: what to run; a file that a person gave is in it only while it may still have to be run.
        size: how heavy it is; light jobs rank alike.
        asked: monotonic time of the first request.
        number: rises with every request, so that equals keep their order.
        leases: waiter → monotonic time until which it counts as waiting.
        preempted: how often it has given way to counts.
        restarts: how often its worker was gone before it began.
        dispatched: monotonic time at which it was handed to a worker; None while it waits.
        abandoned: monotonic time since when nobody waits for it, though it runs.
        cancelled: whether the last waiter left by saying so.
    """

    job: Job
    asked: float
    number: int
    leases: dict[str, float] = field(default_factory=dict)
    preempted: int = 0
    restarts: int = 0
    dispatched: float | None = None
    abandoned: float | None = None
    cancelled: bool = False
    size: int = field(init=False)

    def __post_init__(self) -> None:
        self.size = max(weight(self.job), LIGHT).bit_length()


def kept(job: Job) -> Job:
    """An equal job that holds no file that a person gave: what may be kept when it does not wait any more."""
    return job.kept() if isinstance(job, MapsJob | HeatJob) else job


def lacks_picture(job: Job) -> bool:
    """Whether ``job`` is about a person's picture that is gone, so that it cannot be run."""
    return isinstance(job, MapsJob) and job.image == "upload" and not (job.upload and job.upload.data)


def lacks_weights(job: Job) -> bool:
    """Whether ``job`` is about a person's file of weights that is gone, so that it cannot be run."""
    return isinstance(job, HeatJob) and job.weights == "upload" and not (job.upload and job.upload.data)


def weight(job: Job) -> int:
    """How long a job takes, roughly and relative to others: map elements that its block's layers read.

    What does not run a block on an input, or has a worker of its own, weighs nothing.
    """
    if not isinstance(job, CountJob | MapsJob):
        return 0
    block = job.block
    layers = block.layers if block.kind == "dense" else block.units
    return job.input.positions * sum(block.width_before(i + 1) for i in range(layers))


def in_order(waiting: Iterable[Ask], served: Mapping[str, int], now: float, patience: float) -> list[Ask]:
    """The jobs of one worker in the order in which they should run.

    A person's second job comes after everybody's first; then light before heavy; then whoever was
    served longest ago (``served``: waiter → number of the dispatch). After ``patience`` seconds
    neither a job's weight nor its place in its owner's list counts against it.
    """
    oldest_first = sorted(waiting, key=lambda ask: ask.number)
    taken: dict[str, int] = {}
    keyed = []
    for ask in oldest_first:
        place = min((taken.get(waiter, 0) for waiter in ask.leases), default=0)
        for waiter in ask.leases:
            taken[waiter] = taken.get(waiter, 0) + 1
        patient = now - ask.asked < patience
        last = min((served.get(waiter, 0) for waiter in ask.leases), default=0)
        keyed.append(((place, ask.size, last, ask.number) if patient else (0, 0, last, ask.number), ask))
    return [ask for _, ask in sorted(keyed, key=lambda pair: pair[0])]
