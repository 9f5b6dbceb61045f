"""Closed form = counted = tracked, to the unit and to the byte; real tensors = fake tensors."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.findings import BlockMeasurement, from_builtins
from explorer.graph import concat_graph
from explorer.measure.admission import upper_bound
from explorer.measure.fake import fake_counts
from explorer.measure.jobs import perform
from explorer.spec import BlockSpec, CountJob, DenseBlockSpec, InputSpec, Mode, ResidualSpec, RunSpec
from explorer.theory import block_theory

BLOCKS = settings(max_examples=60)


pytestmark = pytest.mark.usefixtures("one_thread")

dense = st.builds(
    DenseBlockSpec,
    in_channels=st.integers(1, 20),
    growth_rate=st.integers(1, 8),
    layers=st.integers(1, 4),
    bottleneck_factor=st.integers(1, 6),
    bottleneck=st.booleans(),
    order=st.sampled_from(("pre", "post")),
)


@st.composite
def stacks(draw: st.DrawFn) -> ResidualSpec:
    """Residual stacks with and without a projection, narrow and wide inside."""
    c = draw(st.integers(2, 12))
    return ResidualSpec(
        in_channels=c,
        out_channels=draw(st.one_of(st.just(c), st.integers(2, 20))),
        inner_width=draw(st.integers(1, 24)),
        units=draw(st.integers(1, 3)),
        unit=draw(st.sampled_from(("preactivation", "postactivation", "basic"))),
    )


inputs = st.builds(InputSpec, batch=st.integers(1, 3), height=st.integers(2, 9), width=st.integers(1, 9))
runs = st.builds(
    RunSpec,
    dtype=st.sampled_from(("float32", "float64")),
    mode=st.sampled_from(("training", "inference")),
    device=st.just("cpu"),
)


def counted(block: BlockSpec, input: InputSpec, run: RunSpec) -> BlockMeasurement:
    return from_builtins(BlockMeasurement, perform(CountJob(block, input, run)))


def agrees(block: BlockSpec, input: InputSpec, run: RunSpec) -> None:
    theory, live = block_theory(block, input, run), counted(block, input, run)
    assert (live.output_shape, live.parameters, live.macs, live.saved_bytes) == (
        theory.output_shape,
        theory.parameters,
        theory.macs,
        theory.saved_bytes,
    )
    assert live.saved_extra_bytes == 0 and not live.fake
    if run.mode == "inference":
        assert live.peak_bytes == theory.peak_bytes
    else:
        assert theory.peak_bytes is None
        assert live.peak_bytes <= upper_bound(theory)
    fixed = theory.parameter_bytes + theory.buffer_bytes
    assert live.timeline.changes[:2] == ((0, -2, fixed), (0, 0, theory.input_bytes))
    fake = fake_counts(block, input, run)
    assert (fake.output_shape, fake.parameters, fake.macs, fake.saved_bytes, fake.saved_extra_bytes) == (
        live.output_shape,
        live.parameters,
        live.macs,
        live.saved_bytes,
        0,
    )
    assert (fake.timeline, fake.joins) == (live.timeline, live.joins)


@BLOCKS
@given(dense, inputs, runs)
def test_dense_blocks_agree(block: DenseBlockSpec, input: InputSpec, run: RunSpec) -> None:
    agrees(block, input, run)


@BLOCKS
@given(stacks(), inputs, runs)
def test_residual_units_agree(block: ResidualSpec, input: InputSpec, run: RunSpec) -> None:
    agrees(block, input, run)


@settings(max_examples=25)
@given(dense, inputs, st.sampled_from(("training", "inference")))
def test_what_ran_is_the_graph(block: DenseBlockSpec, input: InputSpec, mode: Mode) -> None:
    """The concatenations that the forward pass ran join the sources that the graph draws."""
    live = counted(block, input, RunSpec(device="cpu", mode=mode))
    graph = concat_graph(block)
    drawn = [
        (
            node.index,
            "cat",
            (node.in_channels, node.out_channels),
            graph.columns[node.index].channels,
            (node.reads, (node.index,)),
        )
        for node in graph.bottlenecks
    ]
    assert [(j.layer, j.op, j.inputs, j.output, j.sources) for j in live.joins] == drawn
    written = sum(join.output for join in live.joins) * input.positions * 4
    assert written == block_theory(block, input, RunSpec()).written_bytes


@settings(max_examples=25)
@given(stacks(), inputs)
def test_what_ran_adds_every_unit_to_what_came_in(block: ResidualSpec, input: InputSpec) -> None:
    live = counted(block, input, RunSpec(device="cpu"))
    assert [(j.layer, j.op, j.output) for j in live.joins] == [
        (i, "add", block.out_channels) for i in range(1, block.units + 1)
    ]
    projects = block.in_channels != block.out_channels
    for join in live.joins:
        shortcut = tuple(range(1 if projects else 0, join.layer)) or (1,)
        assert set(join.sources) == {shortcut, (join.layer,)}


# --- the worked numbers ---------------------------------------------------------------------------


def test_the_default_block() -> None:
    live = counted(DenseBlockSpec(), InputSpec(), RunSpec(device="cpu"))
    assert (live.parameters, live.macs, live.saved_bytes) == (335_040, 1_040_449_536, 40_956_672)
    assert sum(join.output for join in live.joins) == 1_056
    assert round(live.peak_bytes / 2**20, 1) == 43.8


def test_six_preactivation_units() -> None:
    live = counted(ResidualSpec(64, 256, 64, 6), InputSpec(), RunSpec(device="cpu"))
    assert (live.parameters, live.macs, live.saved_bytes) == (426_112, 1_323_040_768, 53_002_752)
    assert round(live.peak_bytes / 2**20, 1) == 58.3


def test_stage_one_of_resnet_50() -> None:
    live = counted(ResidualSpec(64, 256, 64, 3, "postactivation"), InputSpec(), RunSpec(device="cpu"))
    assert (live.parameters, live.macs, live.saved_bytes) == (215_808, 667_942_912, 32_926_720)


def test_the_training_peak_of_a_batch_of_four() -> None:
    peak = fake_counts(DenseBlockSpec(), InputSpec(4, 56, 56), RunSpec()).timeline.peak_bytes
    assert round(peak / 2**20) == 171


def test_sixteen_bit_types_agree() -> None:
    for dtype in ("bfloat16", "float16"):
        for spec in (DenseBlockSpec(6, 3, 2), ResidualSpec(6, 9, 4, 2)):
            agrees(spec, InputSpec(2, 5, 3), RunSpec(device="cpu", dtype=dtype))
