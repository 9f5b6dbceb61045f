"""``bench memory`` and ``bench time``: a training step of each implementation beside ``list``, in one run."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TypeVar, get_args

from explorer.bench.answers import answered
from explorer.bench.faults import BenchError
from explorer.bench.rows import NotMeasured, Row, row
from explorer.engine import Done, Engine, Failed, State
from explorer.findings import Comparison, CompiledStep, Device, ImplementationStep, Problem, from_builtins
from explorer.language import said
from explorer.spec import Budget, CompareJob, CompiledJob, DenseBlockSpec, DeviceJob, DType, InputSpec, Job, RunSpec
from explorer.theory import block_theory

BESIDE = "list"
TRAINED = (BESIDE, "concat", "checkpoint", "checkpoint_1x1", "shared")
#: Activation memory budgets that ``compiled`` is given, each in a process of its own.
BUDGETS: tuple[Budget, ...] = get_args(Budget)
#: Blocks by name: the second of DenseNet-121 at four images, the explorer's default, and a deep one on small maps.
BLOCKS = {
    "(128, 32, 12) on 4×28×28": (DenseBlockSpec(128, 32, 12), InputSpec(4, 28, 28)),
    "(64, 32, 6) on 1×56×56": (DenseBlockSpec(), InputSpec()),
    "(256, 32, 24) on 1×14×14": (DenseBlockSpec(256, 32, 24), InputSpec(1, 14, 14)),
}
#: DenseNet-121's blocks at 224², which are measured on a GPU, in each of the types.
ON_GPU = {
    f"({c}, 32, {layers}) on 64×{size}×{size}": (DenseBlockSpec(c, 32, layers), InputSpec(64, size, size))
    for c, layers, size in ((64, 6, 56), (128, 12, 28), (256, 24, 14), (512, 16, 7))
}
GPU_DTYPES: tuple[DType, ...] = ("float32", "bfloat16")
_MIB = 2.0**20

_T = TypeVar("_T", Comparison, CompiledStep, Device)
_Block = tuple[DenseBlockSpec, InputSpec]


def bench_memory(runs: int = 1) -> list[Row]:
    """Bytes kept for backward and at the step's peak, which are the same in every run: ``runs`` changes nothing.

    ``compiled`` is run for it, since only the compiled code knows what it keeps.

    Raises:
        BenchError: a comparison failed.
    """
    return _everywhere(_memory)


def bench_time(runs: int = 5) -> list[Row]:
    """Milliseconds of a step, and its ratio to that of ``list`` round by round; ``runs`` rounds, after one to warm up.

    Of ``fused``, which cannot train, the ratio is of a forward in evaluation.

    Raises:
        BenchError: a comparison failed.
    """
    return _everywhere(lambda engine, name, block, run: _times(engine, name, block, run, runs))


def _everywhere(rows: Callable[[Engine, str, _Block, RunSpec], Iterator[Row]]) -> list[Row]:
    """``rows`` of each block on the CPU, and of each on the GPU, where there is one."""
    found: list[Row] = []
    with _engine() as engine:
        for name, block in BLOCKS.items():
            found += rows(engine, name, block, RunSpec(device="cpu"))
        gpu = _needed(engine, Device, DeviceJob()).device.startswith("cuda")
        for name, block in ON_GPU.items():
            for dtype in GPU_DTYPES:
                where = f"{name}, GPU, {dtype}"
                if gpu:
                    found += rows(engine, where, block, RunSpec(device="cuda", dtype=dtype))
                else:
                    found.append(NotMeasured(where, "no GPU here"))
    return found


def _memory(engine: Engine, name: str, block: _Block, run: RunSpec) -> Iterator[Row]:
    # Nothing is timed, but a GPU's allocator is asked for a step.
    found = _needed(engine, Comparison, CompareJob(*block, run, TRAINED, 0 if run.device == "cpu" else 1))
    beside = found.steps[0]
    for step in found.steps:
        yield row(f"{name}, {step.name}: kept", [step.kept_bytes / _MIB], "MiB")
        yield row(f"{name}, {step.name}: kept ÷ {BESIDE}", [step.kept_bytes / beside.kept_bytes], "×")
        yield row(f"{name}, {step.name}: peak ÷ {BESIDE}", [step.peak_bytes / beside.peak_bytes], "×")
        if run.device != "cpu":
            yield _allocated(name, step, block, run)
    for budget in BUDGETS:
        what = f"{name}, compiled at {budget}: kept ÷ {BESIDE}"
        compiled = _asked(engine, CompiledStep, CompiledJob(*block, run, budget, 1))
        if isinstance(compiled, Problem):
            yield _not(what, compiled)
        else:
            yield row(what, [compiled.kept_bytes / beside.kept_bytes], "×")
    if BUDGETS:
        yield NotMeasured(f"{name}, compiled: peak ÷ {BESIDE}", "compiled code allocates out of the tracker's sight")


def _allocated(name: str, step: ImplementationStep, block: _Block, run: RunSpec) -> Row:
    """The allocator's peak beside the tracker's; parameters and buffers were there before the step."""
    what = f"{name}, {step.name}: allocator's peak ÷ tracked"
    if step.device_peak_bytes is None:
        return _not(what, step.problem) if step.problem else NotMeasured(what, "its allocator does not tell")
    theory = block_theory(*block, run)
    return row(what, [step.device_peak_bytes / (step.peak_bytes - theory.parameter_bytes - theory.buffer_bytes)], "×")


def _times(engine: Engine, name: str, block: _Block, run: RunSpec, runs: int) -> Iterator[Row]:
    beside, *others = _needed(engine, Comparison, CompareJob(*block, run, TRAINED, runs)).steps
    if beside.problem is not None:
        yield _not(f"{name}, {BESIDE}: step", beside.problem)
    else:
        yield row(f"{name}, {BESIDE}: step", beside.milliseconds, "ms")
    for step in others:
        yield _ratio(f"{name}, {step.name}: step ÷ {BESIDE}", step, beside)
    for budget in BUDGETS:
        what = f"{name}, compiled at {budget}: step ÷ {BESIDE}"
        found = _asked(engine, CompiledStep, CompiledJob(*block, run, budget, runs))
        if isinstance(found, Problem):
            yield _not(what, found)
        else:
            yield _ratio_of(what, found.milliseconds, found.beside)
    plain, fused = _needed(engine, Comparison, CompareJob(*block, run, (BESIDE, "fused"), runs)).steps
    yield _ratio(f"{name}, fused: forward ÷ {BESIDE}", fused, plain)


def _ratio(what: str, step: ImplementationStep, beside: ImplementationStep) -> Row:
    problem = step.problem or beside.problem
    return _not(what, problem) if problem else _ratio_of(what, step.milliseconds, beside.milliseconds)


def _ratio_of(what: str, taken: tuple[float, ...], beside: tuple[float, ...]) -> Row:
    """Round by round; there is none where ``list`` ran out of memory."""
    if not beside:
        return NotMeasured(what, f"{BESIDE} ran out of memory")
    return row(what, [one / other for one, other in zip(taken, beside, strict=True)], "×")


def _not(what: str, problem: Problem) -> NotMeasured:
    return NotMeasured(what, problem.message.rstrip("."))


# --- asking -----------------------------------------------------------------------------------------


@contextlib.contextmanager
def _engine() -> Iterator[Engine]:
    engine = Engine()
    try:
        yield engine
    finally:
        engine.close()


def _needed(engine: Engine, kind: type[_T], job: Job) -> _T:
    """The answer, without which there is no benchmark.

    Raises:
        BenchError: there is none.
    """
    found = _asked(engine, kind, job)
    if isinstance(found, Problem):
        raise BenchError(f"Comparing the implementations failed: {found.message}")
    return found


def _asked(engine: Engine, kind: type[_T], job: Job) -> _T | Problem:
    state: State = answered(engine, job, pause=0.02)
    if isinstance(state, Done):
        return from_builtins(kind, state.result)
    return state.problem if isinstance(state, Failed) else Problem("failed", said("There was no answer."))
