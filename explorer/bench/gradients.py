"""How long the gradients of three stacks take: 24 layers, five seeds, one setting, and one training."""

from __future__ import annotations

import time
from collections.abc import Iterable

from explorer.bench.answers import answered
from explorer.bench.faults import BenchError
from explorer.bench.rows import BenchRow, row
from explorer.engine import Done, Engine
from explorer.spec import DenseBlockSpec, GradientJob, Job, StackSetting, TrainJob
from explorer.theory import stacks_of

BLOCK, SEEDS, STEPS = DenseBlockSpec(24, 12, 24), 5, 200
SMALLEST = DenseBlockSpec(1, 1, 1)
PATIENCE_SECONDS = 300.0


def bench_gradients(runs: int = 5) -> list[BenchRow]:
    """Seconds until a worker is ready, three stacks are measured at initialisation, and each is trained from one seed.

    Each of ``runs`` has a worker of its own, in which nothing is known yet. It is ready when it has measured the
    smallest stack: torch is loaded then, and the digits.

    Raises:
        BenchError: a measurement failed.
    """
    stacks, setting = stacks_of(BLOCK).values(), StackSetting()
    ready, starts, trainings = [], [], []
    for _run in range(runs):
        engine = Engine()
        try:
            ready.append(_seconds(engine, [GradientJob(stacks_of(SMALLEST)["dense"], setting, 1)]))
            starts.append(_seconds(engine, [GradientJob(stack, setting, SEEDS) for stack in stacks]))
            trainings.append(_seconds(engine, [TrainJob(stack, setting, 0, STEPS, "0.02") for stack in stacks]))
        finally:
            engine.close()
    return [
        row("a worker ready, with its start", ready, "s"),
        row("24 layers, 5 seeds, three stacks, at initialisation", starts, "s"),
        row("three stacks, 200 steps, one seed", trainings, "s"),
    ]


def _seconds(engine: Engine, jobs: Iterable[Job]) -> float:
    begun = time.perf_counter()
    for job in jobs:
        state = answered(engine, job, 0.002, PATIENCE_SECONDS)
        if not isinstance(state, Done) or "problem" in state.result:
            raise BenchError("The gradients were not measured.")
    return time.perf_counter() - begun
