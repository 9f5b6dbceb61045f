"""A comparison: who is timed and for how long, who is left out and why, and what a device's allocator says."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

from explorer.blocks.checkpoints import CheckpointBlock
from explorer.blocks.listed import ListBlock
from explorer.blocks.shared import SharedBlock
from explorer.engine import Limits
from explorer.engine.table import Table
from explorer.findings import Comparison, Device, ImplementationStep, from_builtins
from explorer.measure import allocator, compare, rounds
from explorer.measure.admission import Need, refusals
from explorer.measure.jobs import perform
from explorer.measure.kept import step_bytes
from explorer.measure.live import named_block
from explorer.spec import CompareJob, DenseBlockSpec, InputSpec, ResidualSpec, RunSpec
from explorer.theory import block_theory

SPEC, SIZE, RUN = DenseBlockSpec(6, 4, 2), InputSpec(2, 5, 5), RunSpec(device="cpu")
RESIDUAL = ResidualSpec(6, 14, 3, 2)
NAMES = ("list", "checkpoint", "shared")

pytestmark = pytest.mark.usefixtures("one_thread")


def compared(
    names: Sequence[str] = NAMES,
    count: int | None = 2,
    residuals: tuple[ResidualSpec, ...] = (),
    spec: DenseBlockSpec = SPEC,
    size: InputSpec = SIZE,
) -> Comparison:
    return from_builtins(Comparison, perform(CompareJob(spec, size, RUN, tuple(names), count, residuals)))


def named(found: Comparison) -> dict[str, ImplementationStep]:
    return {step.name: step for step in found.steps}


# --- residual units -------------------------------------------------------------------------------


def test_residual_units_are_counted_and_timed_in_the_same_rounds() -> None:
    found = compared(residuals=(RESIDUAL, ResidualSpec(6, 14, 3, 2, "basic")))
    assert [step.name for step in found.steps] == list(NAMES)
    assert [step.name for step in found.residuals] == ["residual", "residual"]
    assert {len(step.milliseconds) for step in (*found.steps, *found.residuals)} == {2}
    first, second = found.residuals
    assert first.kept_bytes == block_theory(RESIDUAL, SIZE, RUN).saved_bytes
    assert (first.kept_bytes, first.peak_bytes) == step_bytes(
        named_block(RESIDUAL, RUN, "concat"), lambda: torch.randn(2, 6, 5, 5)
    )
    assert second.peak_bytes != first.peak_bytes


def test_counts_alone_take_no_time() -> None:
    found = compared(count=0, residuals=(RESIDUAL,))
    assert [step.milliseconds for step in (*found.steps, *found.residuals)] == [()] * 4
    assert all(step.kept_bytes > 0 and step.problem is None for step in found.steps)


def test_with_fused_among_them_a_forward_is_timed_that_keeps_nothing() -> None:
    found = compared(("list", "fused"))
    assert [(step.kept_bytes, len(step.milliseconds)) for step in found.steps] == [(0, 2), (0, 2)]
    assert found.steps[1].peak_bytes < found.steps[0].peak_bytes


def test_a_comparison_trains_whatever_the_run_says() -> None:
    job = CompareJob(SPEC, SIZE, RunSpec(device="cpu", mode="inference"), ("list",), 1)
    assert from_builtins(Comparison, perform(job)).steps[0].kept_bytes > 0


# --- rounds ---------------------------------------------------------------------------------------


class Ticking(nn.Module):
    """A block whose step takes as long as it is told, by a clock of its own."""

    def __init__(self, seconds: float, log: list[float], first: float = 0.0) -> None:
        super().__init__()
        self.takes = itertools.chain([first], itertools.repeat(seconds))
        self.seconds, self.log = seconds, log


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    now = [0.0]

    def taken(block: nn.Module, x: Tensor) -> tuple[float, float]:
        assert isinstance(block, Ticking)
        seconds = next(block.takes)
        now[0] += seconds
        block.log.append(block.seconds)
        return 0.0, seconds

    monkeypatch.setattr(rounds, "clock_of", lambda device: taken)
    monkeypatch.setattr(rounds, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    yield now


@pytest.mark.parametrize(
    ("seconds", "first", "expected"),
    [
        (0.01, 0.01, 41),  # quick: no more than anybody reads
        (1.0, 1.0, 9),  # two seconds a round, the first among the twenty
        (1.0, 7.0, 3),  # what warms up takes its time too: 14 + 3 · 2
        (30.0, 30.0, 3),  # never fewer than a spread needs
    ],
)
def test_as_many_rounds_as_a_person_waits_for(clock: list[float], seconds: float, first: float, expected: int) -> None:
    log: list[float] = []
    blocks = [Ticking(seconds, log, first), Ticking(seconds, log, first)]
    found = rounds.rounds(blocks, torch.zeros(1), None, 20.0)
    assert [len(times) for times in found if isinstance(times, tuple)] == [expected] * 2
    assert len(log) == 2 * (expected + 1)


def test_rounds_that_were_asked_for_are_all_run_each_beginning_with_the_next(clock: list[float]) -> None:
    log: list[float] = []
    blocks = [Ticking(100.0, log), Ticking(200.0, log), Ticking(300.0, log)]
    found = rounds.rounds(blocks, torch.zeros(1), 2, 1.0)
    assert log == [100, 200, 300, 200, 300, 100, 300, 100, 200]
    assert found == [(1e5, 1e5), (2e5, 2e5), (3e5, 3e5)]


def test_no_gradient_outlives_its_step() -> None:
    """It would count against whoever runs next."""
    block, other = named_block(SPEC, RUN, "list"), named_block(SPEC, RUN, "concat")
    seen: list[bool] = []
    for one, beside in ((block, other), (other, block)):
        one.register_forward_pre_hook(lambda *_, b=beside: seen.append(any(p.grad is not None for p in b.parameters())))
    rounds.rounds((block, other), torch.randn(2, 6, 5, 5), 2, 1.0)
    assert seen == [False] * 6


# --- memory that runs out -------------------------------------------------------------------------


OUT_OF_MEMORY = (
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 8.00 GiB"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: can't allocate memory"),
    MemoryError(),
)


def failing(kind: type[nn.Module], error: Exception, at: int) -> Callable[[nn.Module, Tensor], Tensor]:
    """The forward of ``kind``, which fails in its call number ``at``, from 1."""
    forward, calls = kind.forward, itertools.count(1)

    def run(self: nn.Module, x: Tensor) -> Tensor:
        if not isinstance(x, torch._subclasses.FakeTensor) and next(calls) >= at:
            raise error
        made: Tensor = forward(self, x)
        return made

    return run


@pytest.mark.parametrize("error", OUT_OF_MEMORY, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("at", [1, 3])
def test_who_runs_out_of_memory_is_left_out_and_the_others_are_timed(
    error: Exception, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = ListBlock.forward
    monkeypatch.setattr(ListBlock, "forward", failing(ListBlock, error, at))
    found = named(compared(count=3, residuals=(RESIDUAL,)))
    problem = found["list"].problem
    assert problem is not None and problem.kind == "out_of_memory" and "ran out of memory" in problem.message
    assert found["list"].milliseconds == () and found["list"].kept_bytes > 0
    assert all(len(found[name].milliseconds) == 3 and found[name].problem is None for name in ("checkpoint", "shared"))
    monkeypatch.setattr(ListBlock, "forward", before)
    assert all(len(step.milliseconds) == 3 for step in compared(count=3).steps)


def test_where_all_run_out_of_memory_no_more_rounds_are_run(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def full(self: nn.Module, x: Tensor) -> Tensor:
        calls.append(type(self).__name__)
        raise MemoryError

    blocks = [named_block(SPEC, RUN, name) for name in ("list", "checkpoint")]
    monkeypatch.setattr(ListBlock, "forward", full)
    monkeypatch.setattr(CheckpointBlock, "forward", full)
    found = rounds.rounds(blocks, torch.randn(2, 6, 5, 5), None, 20.0)
    assert not any(isinstance(times, tuple) for times in found) and len(calls) == 2


def test_memory_that_runs_out_while_a_block_is_made_costs_that_one_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: nn.Module, *_: object) -> nn.Module:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(SharedBlock, "to", full)
    found = named(compared())
    assert found["shared"].problem is not None and found["shared"].milliseconds == ()
    assert len(found["list"].milliseconds) == len(found["checkpoint"].milliseconds) == 2


def test_another_fault_is_nobodys_lack_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ListBlock, "forward", failing(ListBlock, RuntimeError("shapes do not match"), 1))
    with pytest.raises(RuntimeError, match="shapes do not match"):
        compared()


def test_what_an_out_of_memory_step_held_is_gone() -> None:
    held: list[Tensor] = []

    def hold(block: nn.Module) -> float:
        tensor = torch.zeros(3)
        held.append(tensor)
        raise MemoryError

    from weakref import ref

    assert not isinstance(rounds.spared(hold, nn.Identity()), float)
    gone = ref(held.pop())
    assert gone() is None


@pytest.mark.parametrize("error", [RuntimeError("could not create a primitive"), MemoryError()], ids=str)
def test_a_process_in_which_memory_ran_out_is_replaced(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """oneDNN remembers what it had no room for, and fails in it ever after."""
    assert "worker_broken" not in perform(CompareJob(SPEC, SIZE, RUN, NAMES, 1))
    monkeypatch.setattr(ListBlock, "forward", failing(ListBlock, error, 1))
    answer = perform(CompareJob(SPEC, SIZE, RUN, NAMES, 1))
    assert answer["worker_broken"] is True
    assert named(from_builtins(Comparison, answer))["shared"].milliseconds != ()


# --- admission ------------------------------------------------------------------------------------


def place(free: int, total: int = 1 << 50) -> Device:
    return Device("cpu", "CPU", "2", 1, total, free)


def test_the_greediest_are_left_out_until_the_others_fit() -> None:
    needs = [Need(10, 500), Need(10, 80), Need(10, 300)]
    assert refusals(needs, place(530)) == [None] * 3
    found = refusals(needs, place(529))
    assert [problem is not None for problem in found] == [True, False, False]
    assert found[0] is not None and (found[0].needed_bytes, found[0].available_bytes) == (530, 529)
    # The second largest needs 320, since the first is not there any more.
    assert [problem is not None for problem in refusals(needs, place(320))] == [True, False, False]
    assert [problem is not None for problem in refusals(needs, place(319))] == [True, False, True]
    assert None not in refusals(needs, place(89))


def test_where_memory_is_unknown_everything_is_tried() -> None:
    assert refusals([Need(1, 1 << 60)], place(0, total=0)) == [None]


def test_a_block_is_refused_by_its_own_peak_and_another_one_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Free memory between what the list form and what the checkpointed one takes."""
    spec, size = DenseBlockSpec(32, 16, 8), InputSpec(4, 28, 28)
    counts = named(compared(count=0, spec=spec, size=size))
    needs = {
        name: compare.need(compare.Written(name, spec), counts[name].peak_bytes, size, RUN, place(0)) for name in NAMES
    }
    own = needs["list"].own
    assert needs["checkpoint"].running < needs["list"].running
    monkeypatch.setattr(compare, "describe", lambda device: place(3 * own + needs["list"].running - 1))
    found = named(compared(spec=spec, size=size))
    problem = found["list"].problem
    assert problem is not None and problem.kind == "refused" and found["list"].milliseconds == ()
    assert problem.needed_bytes == 3 * own + needs["list"].running
    assert len(found["checkpoint"].milliseconds) == 2 and found["checkpoint"].problem is None
    monkeypatch.setattr(compare, "describe", lambda device: place(3 * own + needs["list"].running))
    assert [step.problem for step in compared(spec=spec, size=size).steps] == [None] * 3


def test_what_nowhere_fits_is_counted_and_not_timed() -> None:
    found = compared(("list", "shared"), 1, (), DenseBlockSpec(1024, 512, 6), InputSpec(1024, 512, 512))
    assert [step.problem.kind for step in found.steps if step.problem] == ["refused", "refused"]
    assert found.steps[0].peak_bytes > found.steps[1].peak_bytes > 1 << 42


def test_every_implementation_is_counted_without_memory() -> None:
    """The input alone would take 256 GiB. Of ``shared``, torch's fake tensors do not know one operator."""
    size = InputSpec(1024, 1024, 1024)
    counts = compared(
        ("concat", "list", "checkpoint", "checkpoint_1x1", "shared"), 0, (), DenseBlockSpec(64, 4, 2), size
    )
    assert all(step.peak_bytes > 1 << 38 for step in counts.steps)


def test_a_lack_of_memory_in_a_comparison_is_believed_for_a_while() -> None:
    from engine_jobs import fake

    table = Table(Limits(shortage_seconds=30))
    job = fake("echo")
    for problem, again in ((None, False), ({"kind": "refused", "told": "No."}, True)):
        packed = answer_of({"steps": ({"problem": None}, {"problem": problem}), "residuals": ()})
        table.put(job, packed, 0.0)
        assert not table.may_retry(job, 29.0)
        assert table.may_retry(job, 31.0) is again


def answer_of(result: dict[str, object]) -> bytes:
    import pickle

    return pickle.dumps(result, protocol=5)


# --- what a GPU's allocator says ------------------------------------------------------------------


class Allocator:
    """CUDA's allocator as far as it is asked, without a GPU."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[str] = []
        self.allocated, self.reserved = 1000, 4096
        self.peak, self.peak_reserved = 5000, 20480
        for name in ("synchronize", "empty_cache", "reset_peak_memory_stats"):
            monkeypatch.setattr(torch.cuda, name, lambda *_, name=name: self.calls.append(name))
        monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: self.allocated)
        monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: self.reserved)
        monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda device: self.peak)
        monkeypatch.setattr(torch.cuda, "max_memory_reserved", lambda device: self.peak_reserved)
        monkeypatch.setattr(allocator, "_warm_up", lambda device: self.calls.append("warm up"))


def test_what_the_allocator_says_is_beyond_what_was_there(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = Allocator(monkeypatch)
    seen = allocator.watch_step(torch.device("cuda", 0))
    assert cuda.calls == ["empty_cache", "warm up", "synchronize", "reset_peak_memory_stats"]
    cuda.allocated, cuda.reserved = 3000, 20480  # as they are after the step
    assert seen() == (4000, 16384)


def test_each_implementation_is_told_what_the_allocator_gave_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to the device call: the blocks run on the CPU, in the name of a GPU."""
    Allocator(monkeypatch)
    gpu = torch.device("cuda", 0)
    watch = allocator.watch_step
    monkeypatch.setattr(compare, "watch_step", lambda device: watch(gpu))
    monkeypatch.setattr(compare, "is_watched", lambda device: True)
    monkeypatch.setattr(ListBlock, "forward", failing(ListBlock, MemoryError(), 1))
    found = named(compared(residuals=(RESIDUAL,)))
    assert (found["list"].device_peak_bytes, found["list"].device_reserved_bytes) == (None, None)
    assert (found["shared"].device_peak_bytes, found["shared"].device_reserved_bytes) == (4000, 16384)


def test_a_cpu_has_no_such_allocator() -> None:
    for step in compared().steps:
        assert (step.device_peak_bytes, step.device_reserved_bytes) == (None, None)
    assert allocator.watch_step(torch.device("cpu"))() == (None, None)
