"""A training step told by its tensors: what each is for, when it lives, and that nothing is left out."""

from __future__ import annotations

from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import dense_blocks, residual_blocks

from explorer.findings import PURPOSES, StepTrack, from_builtins, to_builtins
from explorer.measure.jobs import perform
from explorer.measure.live import live_input, named_block
from explorer.measure.lives import followed, step_track
from explorer.measure.step import count_step
from explorer.spec import BlockSpec, DenseBlockSpec, InputSpec, ResidualSpec, RunSpec, StepJob

TRAINED = ("concat", "list", "checkpoint", "checkpoint_1x1", "shared")

pytestmark = pytest.mark.usefixtures("one_thread")

blocks = st.one_of(dense_blocks(channels=12, growth=6, layers=5), residual_blocks(channels=12, units=4))
sizes = st.builds(InputSpec, st.integers(1, 3), st.integers(2, 5), st.integers(1, 5))


def track(block: BlockSpec, input: InputSpec, name: str = "concat", run: RunSpec | None = None) -> StepTrack:
    return step_track(StepJob(block, input, run or RunSpec(), name))


def bytes_for(found: StepTrack, step: int) -> Counter[str]:
    """Purpose → bytes alive after ``step``."""
    count: Counter[str] = Counter()
    for life in found.alive(step):
        count[life.purpose] += found.nbytes(life)
    return count


@settings(max_examples=30)
@given(blocks, sizes, st.sampled_from(TRAINED))
def test_the_tensors_of_a_real_step_live_as_those_of_a_fake_one(block: BlockSpec, input: InputSpec, name: str) -> None:
    run = RunSpec(device="cpu")
    real = followed(named_block(block, run, name), lambda: live_input(block, input, run, torch.device("cpu")))
    assert real == track(block, input, name, run)


@settings(max_examples=20)
@given(blocks, sizes)
def test_they_add_up_to_the_live_bytes_that_explore_tracks(block: BlockSpec, input: InputSpec) -> None:
    run = RunSpec(device="cpu")
    counted = count_step(named_block(block, run, "concat"), live_input(block, input, run, torch.device("cpu"))).timeline
    found = track(block, input)
    last = counted.ops.index("end") if "end" in counted.ops else len(counted.ops)
    assert found.totals[: last + 1] == tuple(counted.totals())[: last + 1]
    assert (found.peak_bytes, found.peak_step) == (counted.peak_bytes, counted.peak_step)


@settings(max_examples=30)
@given(blocks, sizes, st.sampled_from(TRAINED), st.integers(1, 5), st.integers(2, 40))
def test_maps_grow_with_the_input_and_nothing_else_does(
    block: BlockSpec, input: InputSpec, name: str, batch: int, side: int
) -> None:
    """So one step tells the peak of every other size; ``shared`` works in parts whose number depends on it."""
    if name == "shared":
        input, batch, side = InputSpec(1, 128, 64), 1 + batch, 91
    found, other = track(block, input, name), InputSpec(batch, side, side)
    said = tuple(fixed + 4 * other.positions * channels for fixed, channels in found.course)
    assert said == track(block, other, name).totals


@settings(max_examples=30)
@given(dense_blocks(channels=12, growth=6, layers=5), sizes)
def test_what_forward_leaves_is_sorted_by_what_it_is_for(block: DenseBlockSpec, input: InputSpec) -> None:
    found = track(block, input, "list")
    at = bytes_for(found, found.backward_from - 1)
    a, grown = found.channel_bytes, block.layers * block.growth_rate
    read = [block.width_before(layer) for layer in range(1, block.layers + 1)]
    own = named_block(block, RunSpec(), "list")
    assert at["own"] == sum(t.untyped_storage().nbytes() for t in [*own.parameters(), *own.buffers()])
    # The first layer reads the input. The output is given up behind the last operator, so it is there after it.
    assert at["copy"] == a * (sum(read[1:]) + block.out_channels)
    middle = block.mid_channels * block.layers if block.bottleneck else 0
    if block.order == "pre":
        assert at["normalised"] == a * sum(read)
        assert at["middle"] == 2 * a * middle
    else:
        assert at["normalised"] == 0
    assert at["gradient"] == 0
    made = sum(life.channels for life in found.storages if life.purpose == "new" and life.born < found.backward_from)
    assert made == grown * (1 if block.order == "pre" else 3)  # in post order BatchNorm and ReLU come after it


@pytest.mark.parametrize("name", ["checkpoint", "checkpoint_1x1"])
def test_what_backward_makes_again_is_what_it_was(name: str) -> None:
    block = DenseBlockSpec(8, 4, 3)
    found = track(block, InputSpec(1, 4, 4), name)
    again = {life.purpose for life in found.storages if life.born >= found.backward_from}
    assert again - {"other"} == {"copy", "normalised", "gradient"} | ({"middle"} if name == "checkpoint" else set())
    assert found.written() == ((8 + 4) + (8 + 8) + (8 + 12), (8 + 4) + (8 + 8))


def test_a_shared_buffer_is_one_tensor_and_copies_nothing() -> None:
    block = DenseBlockSpec(8, 4, 3)
    found = track(block, InputSpec(1, 4, 4), "shared")
    copies = [life for life in found.storages if life.purpose == "copy"]
    assert [(life.channels, life.layer) for life in copies] == [(20, 0)]
    assert found.written() == (20, 0)


def test_a_part_of_the_buffer_says_where_it_begins() -> None:
    """128 channels a part where maps are large."""
    found = track(DenseBlockSpec(200, 56, 2, bottleneck_factor=1), InputSpec(1, 128, 64), "shared")
    parts = {
        (life.layer, life.start, life.channels)
        for life in found.storages
        if life.purpose == "normalised" and life.born >= found.backward_from
    }
    assert parts == {(1, 0, 100), (1, 100, 100), (2, 0, 128), (2, 128, 128)}


@pytest.mark.parametrize("name", TRAINED)
def test_gradients_come_in_backward_alone_and_all_is_given_up_in_the_end(name: str) -> None:
    found = track(DenseBlockSpec(8, 4, 3), InputSpec(2, 4, 4), name)
    assert all(life.born >= found.backward_from for life in found.storages if life.purpose == "gradient")
    assert set(bytes_for(found, len(found.ops))) == {"own", "other"}  # the loss
    assert {life.purpose for life in found.storages} <= set(PURPOSES)
    parts = bytes_for(found, found.peak_step)
    assert sum(parts.values()) == found.peak_bytes == max(found.totals)


def test_a_worker_answers_with_the_track() -> None:
    job = StepJob(DenseBlockSpec(8, 4, 3), InputSpec(2, 4, 4), RunSpec(), "shared")
    assert from_builtins(StepTrack, perform(job)) == step_track(job)
    assert to_builtins(step_track(job))["backward_from"] > 1


@pytest.mark.parametrize("name", TRAINED)
@pytest.mark.parametrize(
    "block",
    [
        DenseBlockSpec(1, 1, 1, bottleneck=False),
        DenseBlockSpec(1, 1, 1, bottleneck=False, order="post"),  # the first convolution reads the input itself
        ResidualSpec(1, 2, 1, 2, "basic"),
    ],
)
def test_a_weight_in_the_shape_of_maps_is_none(name: str, block: BlockSpec) -> None:
    """One image of 3×3, one channel: the 3×3 convolution's weight has the shape of its maps."""
    found, other = (track(block, InputSpec(1, side, side), name) for side in (3, 5))
    assert [life.channels for life in found.storages] == [life.channels for life in other.storages]
