"""The rows of ``bench memory`` and ``bench time``: what is asked of the engine, and what becomes of each answer."""

from __future__ import annotations

from typing import Any

import pytest

from explorer.bench import implementations as bench
from explorer.bench.faults import BenchError
from explorer.bench.rows import BenchRow, NotMeasured, Row
from explorer.engine import Done, Failed, State
from explorer.findings import Comparison, CompiledStep, Device, ImplementationStep, Problem, to_builtins
from explorer.spec import CompareJob, CompiledJob, DenseBlockSpec, DeviceJob, InputSpec, Job, RunSpec
from explorer.theory import block_theory

BLOCK = DenseBlockSpec(6, 4, 2), InputSpec(2, 5, 5)
FULL = Problem("out_of_memory", "The device ran out of memory while the block ran.")
OWN = block_theory(*BLOCK, RunSpec()).parameter_bytes + block_theory(*BLOCK, RunSpec()).buffer_bytes


class Answering:
    """Stands for the engine: remembers the jobs, and answers as a machine of two speeds would."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, device: str = "cpu") -> None:
        self.jobs: list[Job] = []
        self.place = Device(device, "a device", "2", 1, 0, 0)
        self.problems: dict[str, Problem] = {}
        self.failed: dict[type[Any], Problem] = {}
        monkeypatch.setattr(bench, "answered", self.answer)
        monkeypatch.setattr(bench, "BLOCKS", {"a block": BLOCK})
        monkeypatch.setattr(bench, "ON_GPU", {"a large block": BLOCK})

    def answer(self, engine: object, job: Job, pause: float) -> State:
        self.jobs.append(job)
        if type(job) in self.failed:
            return Failed(self.failed[type(job)])
        if isinstance(job, DeviceJob):
            return Done(to_builtins(self.place))
        if isinstance(job, CompiledJob):
            times = (1.0, 3.0)
            return Done(to_builtins(CompiledStep(self.place, job.budget, 250, times, (2.0, 2.0), 9.0)))
        assert isinstance(job, CompareJob)
        steps = tuple(self.step(name, job) for name in job.implementations)
        return Done(to_builtins(Comparison(self.place, steps)))

    def step(self, name: str, job: CompareJob) -> ImplementationStep:
        plain = name == "list"
        problem = self.problems.get(name)
        times = () if problem or not job.rounds else (2.0, 4.0) if plain else (3.0, 2.0)
        on_device = 4 * OWN if job.run.device == "cuda" and not problem else None
        return ImplementationStep(
            name, 1000 if plain else 200, OWN * (9 if plain else 5), times, on_device, None, problem
        )


def by_name(rows: list[Row]) -> dict[str, BenchRow | NotMeasured]:
    assert len({row.name for row in rows}) == len(rows)
    return {row.name: row for row in rows}


def median(row: Row) -> float:
    assert isinstance(row, BenchRow)
    return row.median


def reason(row: Row) -> str:
    assert isinstance(row, NotMeasured)
    return row.reason


def test_memory_is_told_beside_list(monkeypatch: pytest.MonkeyPatch) -> None:
    Answering(monkeypatch)
    rows = by_name(bench.bench_memory())
    assert median(rows["a block, shared: kept ÷ list"]) == 0.2
    assert median(rows["a block, shared: peak ÷ list"]) == 5 / 9
    for budget in ("1.0", "0.25", "0.1", "0.05"):
        assert median(rows[f"a block, compiled at {budget}: kept ÷ list"]) == 0.25
    assert "out of the tracker's sight" in reason(rows["a block, compiled: peak ÷ list"])


def test_times_are_ratios_round_by_round(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Answering(monkeypatch)
    rows = by_name(bench.bench_time(2))
    assert rows["a block, list: step"] == BenchRow("a block, list: step", 3.0, 2.0, 4.0, "ms", 2)
    name = "a block, shared: step ÷ list"
    assert rows[name] == BenchRow(name, 1.0, 0.5, 1.5, "×", 2)
    assert median(rows["a block, compiled at 0.1: step ÷ list"]) == 1.0
    assert median(rows["a block, fused: forward ÷ list"]) == 1.0
    asked = [job for job in machine.jobs if isinstance(job, CompareJob)]
    assert [(job.implementations, job.rounds) for job in asked] == [(bench.TRAINED, 2), (("list", "fused"), 2)]
    assert [job.rounds for job in machine.jobs if isinstance(job, CompiledJob)] == [2] * 4


@pytest.mark.parametrize("what", [bench.bench_memory, bench.bench_time])
def test_without_a_gpu_its_rows_say_so(monkeypatch: pytest.MonkeyPatch, what: Any) -> None:
    machine = Answering(monkeypatch)
    rows = by_name(what(2))
    assert [reason(rows[f"a large block, GPU, {dtype}"]) for dtype in ("float32", "bfloat16")] == ["no GPU here"] * 2
    assert all(job.run.device == "cpu" for job in machine.jobs if isinstance(job, CompareJob | CompiledJob))


def test_on_a_gpu_both_types_are_measured_and_its_allocator_beside_the_tracker(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Answering(monkeypatch, "cuda:0")
    machine.problems["concat"] = FULL
    rows = by_name(bench.bench_memory())
    # The parameters were there before the step, of which the tracker knows 5 times their size.
    name = "a large block, GPU, float32, shared: allocator's peak ÷ tracked"
    assert median(rows[name]) == 1.0
    assert reason(rows["a large block, GPU, float32, concat: allocator's peak ÷ tracked"]) == FULL.message[:-1]
    assert "a block, shared: allocator's peak ÷ tracked" not in rows
    asked = {(job.run.device, job.run.dtype) for job in machine.jobs if isinstance(job, CompareJob | CompiledJob)}
    assert asked == {("cpu", "float32"), ("cuda", "float32"), ("cuda", "bfloat16")}
    assert median(by_name(bench.bench_time(2))["a large block, GPU, bfloat16, list: step"]) == 3.0


def test_who_was_not_measured_says_why_and_the_others_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Answering(monkeypatch)
    machine.problems["concat"] = FULL
    machine.failed[CompiledJob] = Problem("unsupported", "torch.compile needs a C++ compiler.")
    rows = by_name(bench.bench_time(2))
    assert reason(rows["a block, concat: step ÷ list"]) == FULL.message[:-1]
    assert reason(rows["a block, compiled at 1.0: step ÷ list"]) == "torch.compile needs a C++ compiler"
    assert median(rows["a block, shared: step ÷ list"]) == 1.0
    assert reason(by_name(bench.bench_memory())["a block, compiled at 1.0: kept ÷ list"]).startswith("torch.compile")
    machine.problems["list"] = FULL
    rows = by_name(bench.bench_time(2))
    assert reason(rows["a block, list: step"]) == reason(rows["a block, shared: step ÷ list"]) == FULL.message[:-1]


def test_a_comparison_that_fails_ends_the_benchmark_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Answering(monkeypatch)
    machine.failed[CompareJob] = Problem("timed_out", "It took too long.")
    with pytest.raises(BenchError, match="Comparing the implementations failed: It took too long"):
        bench.bench_memory()


def test_the_gpus_blocks_are_those_of_densenet_121() -> None:
    blocks = bench.ON_GPU.values()

    assert [(spec.in_channels, spec.layers) for spec, _ in blocks] == [(64, 6), (128, 12), (256, 24), (512, 16)]
    assert all((size.batch, spec.in_channels * size.height) == (64, 64 * 56) for spec, size in blocks)
    assert bench.GPU_DTYPES == ("float32", "bfloat16")
