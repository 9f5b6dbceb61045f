"""What an optimiser keeps, and what fits: closed form and search against the real things, to the byte."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import DTYPES, dense_blocks, residual_blocks
from torch._subclasses.fake_tensor import FakeTensorMode

from explorer.findings import Plan, StepTrack, from_builtins
from explorer.measure import plan as searching
from explorer.measure.device import describe
from explorer.measure.jobs import perform
from explorer.measure.kept import step_bytes
from explorer.measure.live import dtype_of, named_block
from explorer.spec import BlockSpec, DenseBlockSpec, DType, Growth, InputSpec, Optimiser, PlanJob, ResidualSpec, RunSpec
from explorer.theory import optimiser_bytes

pytestmark = pytest.mark.usefixtures("one_thread")

small = dense_blocks(12, 6, 4) | residual_blocks(8, 3)

OPTIMISERS: dict[Optimiser, Any] = {
    "none": None,
    "sgd": lambda parameters: torch.optim.SGD(parameters, lr=0.1),
    "momentum": lambda parameters: torch.optim.SGD(parameters, lr=0.1, momentum=0.9),
    "adam": torch.optim.Adam,
}


@pytest.mark.parametrize("name", OPTIMISERS)
@given(small, st.sampled_from(DTYPES))
@settings(max_examples=25, deadline=None)
def test_an_optimisers_state_is_the_real_ones_after_a_step(name: Optimiser, spec: BlockSpec, dtype: DType) -> None:
    block = named_block(spec, RunSpec(dtype=dtype), "concat")
    held = 0
    if OPTIMISERS[name] is not None:
        optimiser = OPTIMISERS[name](block.parameters())
        for parameter in block.parameters():
            parameter.grad = torch.ones_like(parameter)
        optimiser.step()
        kept = [value for state in optimiser.state.values() for value in state.values()]
        held = sum(value.untyped_storage().nbytes() for value in kept if isinstance(value, torch.Tensor))
    assert optimiser_bytes(spec, dtype, name) == held


# --- what fits ----------------------------------------------------------------------------------------------

WRITTEN = ("concat", "list", "checkpoint_1x1", "shared", "checkpoint")
CPU = RunSpec(device="cpu")


def planned(job: PlanJob) -> Plan:
    return from_builtins(Plan, perform(job))


def at(job: PlanJob, n: int) -> tuple[BlockSpec, tuple[int, int, int]]:
    """Block and input (N, H, W) of a step at ``n`` of what the job searches."""
    size = job.input
    if job.largest == "layers":
        return replace(job.block, layers=n), (size.batch, size.height, size.width)
    shape = (n, size.height, size.width) if job.largest == "batch" else (size.batch, n, n)
    return job.block, shape


def peak(job: PlanJob, name: str, n: int) -> int:
    """Of the step at ``n``, as the tracker of the other pages counts it, and the optimiser's state."""
    spec, shape = at(job, n)
    written = name
    if name == "residual":
        assert job.residual is not None
        spec, written = job.residual, "concat"
    return step_peak(spec, job.run, written, shape) + optimiser_bytes(spec, job.run.dtype, job.optimiser)


@cache
def step_peak(spec: BlockSpec, run: RunSpec, written: str, size: tuple[int, int, int]) -> int:
    """On torch's own meta device, which is quicker than the fake tensors of the search.

    It keeps a BatchNorm's statistics of 16-bit maps in 16 bits, which is not so: those are counted on fake tensors.
    """
    images, height, width = size
    wide = dtype_of(run).itemsize >= 4
    with torch.device("meta") if wide else FakeTensorMode():
        block = named_block(spec, run, written)
        _, found = step_bytes(
            block, lambda: torch.empty((images, spec.in_channels, height, width), dtype=dtype_of(run))
        )
    return found


def is_exact(job: PlanJob, found: Plan) -> None:
    """Every answer fits, and one more does not."""
    least = 2 if job.largest == "batch" and job.input.height * job.input.width == 1 else 1
    for row in found.rows:
        for limit, n in zip(found.limits[: len(job.limits)], row.largest, strict=False):
            assert n is not None
            assert n == 0 or peak(job, row.name, n) <= limit, (row.name, n)
            assert peak(job, row.name, max(n + 1, least)) > limit, (row.name, n)
        given = sorted(zip(found.limits, row.largest, strict=True), key=lambda pair: pair[0])
        ends = [n for _, n in given if n is not None]
        assert ends == sorted(ends) and [n for _, n in given][: len(ends)] == ends, "more memory never takes less"


@given(
    st.data(),
    dense_blocks(12, 6, 3),
    residual_blocks(8, 2),
    st.sampled_from(("batch", "resolution")),
    st.sampled_from(DTYPES),
    st.sampled_from(list(OPTIMISERS)),
)
@settings(max_examples=10, deadline=None)
def test_the_largest_that_fits_is_the_last_whose_step_does(
    data: st.DataObject,
    block: DenseBlockSpec,
    residual: ResidualSpec,
    largest: Growth,
    dtype: DType,
    optimiser: Optimiser,
) -> None:
    size = InputSpec(data.draw(st.integers(2, 3)), data.draw(st.integers(1, 6)), data.draw(st.integers(1, 6)))
    run = RunSpec(dtype=dtype, device="cpu")
    written = tuple(data.draw(st.permutations(WRITTEN))[:2])  # each is searched for by itself
    job = PlanJob(block, size, run, written, (1,), largest, optimiser, residual)
    highest = peak(job, "list", data.draw(st.integers(3, 300)))
    limits = (*data.draw(st.lists(st.integers(1, highest), min_size=1, max_size=2)), highest)
    job = replace(job, limits=limits)
    found = planned(job)
    assert found.limits[: len(limits)] == limits and len(found.limits) == len(limits) + 1 and found.machine
    assert [row.name for row in found.rows] == [*written, "residual"]
    assert found.optimiser_bytes == optimiser_bytes(block, dtype, optimiser)
    is_exact(job, found)


@given(st.data(), dense_blocks(12, 6, 1), st.sampled_from(list(OPTIMISERS)))
@settings(max_examples=4, deadline=None)
def test_the_most_bottlenecks_that_fit_are_the_last_whose_step_does(
    data: st.DataObject, block: DenseBlockSpec, optimiser: Optimiser
) -> None:
    job = PlanJob(block, InputSpec(2, 5, 3), CPU, ("list", "shared"), (1,), "layers", optimiser)
    low, high = peak(job, "checkpoint", 1), peak(job, "list", 7)
    job = replace(job, limits=(data.draw(st.integers(1, low)), data.draw(st.integers(low, high))))
    with pytest.MonkeyPatch.context() as patch:  # a memory that the system does not tell of is no limit
        patch.setattr(searching, "describe", lambda device: replace(describe(device), total_bytes=0))
        found = planned(job)
    assert found.limits == job.limits and not found.machine
    is_exact(job, found)


@pytest.mark.parametrize(
    ("block", "side", "sizes"),
    [
        (DenseBlockSpec(500, 60, 2), 8, range(18, 44)),
        (DenseBlockSpec(1500, 8, 1), 2, range(160, 230)),
        (DenseBlockSpec(1500, 8, 1, order="post"), 1, range(700, 760)),
    ],
)
def test_shared_is_exact_where_small_maps_make_its_parts_larger(
    block: DenseBlockSpec, side: int, sizes: range, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Below 8,192 positions the parts of backward depend on N·H·W, and where one is cut in two the peak may fall."""
    job = PlanJob(block, InputSpec(1, side, side), CPU, ("shared",), (1,), "batch")
    grows = {n: peak(job, "shared", n) for n in sizes}
    within = [taken for n, taken in grows.items() if taken < min(grows[m] for m in list(sizes)[-3:])]
    job = replace(job, limits=tuple(within[len(within) // 3 :: 3]))
    ran = [0]
    real = searching.step

    def counting(*args: Any) -> StepTrack:
        ran[0] += 1
        return real(*args)

    monkeypatch.setattr(searching, "step", counting)
    found = planned(job)
    for limit, n in zip(job.limits, found.rows[0].largest, strict=False):
        assert n == max(size for size, taken in grows.items() if taken <= limit)
    assert ran[0] < 4 * len(job.limits)


def test_two_steps_a_row_answer_all_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[int, int, int]] = []
    real = searching.step

    def counting(spec: BlockSpec, run: RunSpec, written: str, shape: tuple[int, int, int]) -> StepTrack:
        ran.append(shape)
        return real(spec, run, written, shape)

    monkeypatch.setattr(searching, "step", counting)
    gigabytes = tuple(n * 2**30 for n in (80, 8, 16, 24))
    found = planned(PlanJob(DenseBlockSpec(), InputSpec(), CPU, WRITTEN, gigabytes))
    assert len(ran) == 2 * len(WRITTEN)
    rows = {row.name: row for row in found.rows}
    assert rows["concat"].largest[:4] == (1927, 192, 385, 578)
    job = PlanJob(DenseBlockSpec(), InputSpec(), CPU, WRITTEN, ())
    for name, row in rows.items():
        assert row.per_one == peak(job, name, 1928) - peak(job, name, 1927)


def test_ends_of_the_search_are_told() -> None:
    block = DenseBlockSpec(2, 1, 1)
    job = PlanJob(block, InputSpec(), CPU, ("list", "shared"), (1, 2**60), residual=ResidualSpec(2, 3, 1, 1))
    assert [row.largest[:2] for row in planned(job).rows] == [(0, None)] * 3
    (row,) = planned(replace(job, implementations=("list",), largest="layers")).rows
    assert (row.name, row.largest[:2]) == ("list", (0, None))
    wide = PlanJob(DenseBlockSpec(4096, 512, 64, 16), InputSpec(), CPU, WRITTEN, (2**33,))
    assert [row.largest[0] for row in planned(wide).rows] == [0] * len(WRITTEN)


def test_what_fits_elsewhere_is_told_without_the_device() -> None:
    job = PlanJob(DenseBlockSpec(), InputSpec(), RunSpec(device="cuda:77"), ("list",), (2**33,))
    found = from_builtins(Plan, perform(job))
    assert found.limits == (2**33,) and found.machine == ""
    here = from_builtins(Plan, perform(replace(job, run=RunSpec(device="cpu"))))
    assert [row.largest[:1] for row in found.rows] == [row.largest[:1] for row in here.rows]
