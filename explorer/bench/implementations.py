"""``bench memory`` and ``bench time``: a training step of each implementation beside ``list``, in one run."""

from __future__ import annotations

from collections.abc import Iterator

from explorer.bench.answers import answered
from explorer.bench.faults import BenchError
from explorer.bench.rows import BenchRow, row
from explorer.engine import Done, Engine, Failed
from explorer.findings import Comparison, from_builtins
from explorer.spec import CompareJob, DenseBlockSpec, InputSpec, RunSpec

BESIDE = "list"
TRAINED = (BESIDE, "concat", "checkpoint", "checkpoint_1x1", "shared")
#: Blocks by name: the second of DenseNet-121 at four images, the explorer's default, and a deep one on small maps.
BLOCKS = {
    "(128, 32, 12) on 4×28×28": (DenseBlockSpec(128, 32, 12), InputSpec(4, 28, 28)),
    "(64, 32, 6) on 1×56×56": (DenseBlockSpec(), InputSpec()),
    "(256, 32, 24) on 1×14×14": (DenseBlockSpec(256, 32, 24), InputSpec(1, 14, 14)),
}
_MIB = 2.0**20


def bench_memory(runs: int = 1) -> list[BenchRow]:
    """Bytes kept for backward and at the step's peak, which are the same in every run: ``runs`` changes nothing.

    Raises:
        BenchError: a comparison failed.
    """
    return [found for name in BLOCKS for found in _memory(name, _compared(name, rounds=0))]


def bench_time(runs: int = 5) -> list[BenchRow]:
    """Milliseconds of a step, and its ratio to that of ``list`` round by round; ``runs`` rounds, after one to warm up.

    Raises:
        BenchError: a comparison failed.
    """
    return [found for name in BLOCKS for found in _times(name, _compared(name, rounds=runs))]


def _memory(name: str, found: Comparison) -> Iterator[BenchRow]:
    beside = found.steps[0]
    for step in found.steps:
        yield row(f"{name}, {step.name}: kept", [step.kept_bytes / _MIB], "MiB")
        yield row(f"{name}, {step.name}: kept ÷ {BESIDE}", [step.kept_bytes / beside.kept_bytes], "×")
        yield row(f"{name}, {step.name}: peak ÷ {BESIDE}", [step.peak_bytes / beside.peak_bytes], "×")


def _times(name: str, found: Comparison) -> Iterator[BenchRow]:
    beside = found.steps[0].milliseconds
    yield row(f"{name}, {BESIDE}: step", beside, "ms")
    for step in found.steps[1:]:
        ratios = [one / other for one, other in zip(step.milliseconds, beside, strict=True)]
        yield row(f"{name}, {step.name}: step ÷ {BESIDE}", ratios, "×")


def _compared(name: str, rounds: int) -> Comparison:
    job = CompareJob(*BLOCKS[name], RunSpec(device="cpu"), TRAINED, rounds)
    engine = Engine()
    try:
        state = answered(engine, job, pause=0.02)
    finally:
        engine.close()
    if not isinstance(state, Done):
        told = state.problem.message if isinstance(state, Failed) else "no answer"
        raise BenchError(f"Comparing the implementations failed: {told}")
    return from_builtins(Comparison, state.result)
