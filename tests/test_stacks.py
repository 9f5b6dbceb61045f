"""Stacks whose gradients are measured: closed form = live module, the match of parameters, what reads what."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from explorer.blocks.dense import Bottleneck
from explorer.blocks.stacks import DenseStack, Record, build_stack
from explorer.spec import DenseBlockSpec, DenseStackSpec, Joined, SpecError, UnitStackSpec, dense_stack
from explorer.theory import matched_stack, mismatch, stack_macs, stack_parameters, stacks_of
from explorer.theory.stacks import layer_parameters


@st.composite
def dense_stacks(draw: st.DrawFn) -> DenseStackSpec:
    layers = draw(st.integers(1, 6))
    return DenseStackSpec(
        in_channels=draw(st.integers(1, 20)),
        growth_rate=draw(st.integers(1, 9)),
        layers=layers,
        bottleneck_factor=draw(st.integers(1, 5)),
        reach=draw(st.none() | st.integers(1, layers)),
        loss_reads_all=draw(st.booleans()),
    )


unit_stacks = st.builds(
    UnitStackSpec,
    joined=st.sampled_from(("plain", "residual")),
    unit=st.sampled_from(("preactivation", "bottleneck")),
    channels=st.integers(1, 20),
    inner_width=st.integers(1, 20),
    layers=st.integers(1, 5),
)


@settings(max_examples=120, deadline=None)
@given(dense_stacks() | unit_stacks, st.booleans(), st.sampled_from(("default", "he", "half")))
def test_closed_forms_are_those_of_the_live_module(
    spec: DenseStackSpec | UnitStackSpec, batch_norm: bool, init: str
) -> None:
    stack = build_stack(spec, batch_norm=batch_norm, init=init)  # type: ignore[arg-type]  # one of three words
    assert sum(weight.numel() for weight in stack.parameters()) == stack_parameters(spec, batch_norm)
    assert sum(weight.numel() for weight in stack.layers.parameters()) == layer_parameters(spec, batch_norm)
    macs = []

    def counted(module: nn.Module, _inputs: object, out: torch.Tensor) -> None:
        if isinstance(module, nn.Conv2d):
            macs.append(out.numel() * module.weight[0].numel())

    for module in stack.layers.modules():
        module.register_forward_hook(counted)
    with torch.no_grad():
        assert stack(torch.randn(3, 1, 8, 8)).shape == (3, 10)
    assert sum(macs) == stack_macs(spec, images=3)
    assert any(isinstance(module, nn.BatchNorm2d) for module in stack.modules()) is batch_norm


def test_the_dense_stack_is_the_dense_block() -> None:
    """With all skips the concatenation that the loss reads is what the Dense Block gives for x0."""
    from explorer.blocks import build

    block = DenseBlockSpec(8, 4, 5)
    torch.manual_seed(3)
    live = build(block)
    stack = build_stack(dense_stack(block))
    assert isinstance(stack, DenseStack)
    for ours, theirs in zip(stack.layers, live.denseblock, strict=True):  # type: ignore[arg-type]  # a Sequential
        ours.load_state_dict(theirs.state_dict())
    x, record = torch.randn(2, 8, 8, 8), Record()
    torch.testing.assert_close(stack.joined(x, record), live(x))
    assert [tuple(each.shape[1:2]) for each in record.read] == [(8,), (12,), (16,), (20,), (24,), (28,)]


def test_a_cut_skip_is_no_input_and_no_zero() -> None:
    spec = DenseStackSpec(8, 4, 5, 2, reach=2)
    assert [list(spec.reads(reader)) for reader in range(1, 7)] == [[0], [0, 1], [1, 2], [2, 3], [3, 4], [4, 5]]
    assert [spec.width_before(reader) for reader in range(1, 7)] == [8, 12, 8, 8, 8, 8]
    stack = build_stack(spec)
    widths = [layer.conv1.in_channels for layer in stack.layers if isinstance(layer, Bottleneck)]
    assert widths == [8, 12, 8, 8, 8]
    assert stack.fc.in_features == 8
    reads_all = DenseStackSpec(8, 4, 5, 2, reach=2, loss_reads_all=True)
    assert list(reads_all.reads(6)) == [0, 1, 2, 3, 4, 5] and build_stack(reads_all).fc.in_features == 28


@pytest.mark.parametrize(("layers", "most"), [(6, 0.03), (12, 0.032), (24, 0.022), (32, 0.01)])
def test_stacks_are_matched_within_three_percent(layers: int, most: float) -> None:
    dense = DenseStackSpec(24, 12, layers, 4)
    both: tuple[Joined, ...] = ("plain", "residual")
    for joined in both:
        stack = matched_stack(dense, joined)
        assert abs(mismatch(dense, stack)) < most
        own = matched_stack(dense, joined, "bottleneck")
        assert own.inner_width == 48 and abs(mismatch(dense, own)) < 0.03


@given(
    st.builds(
        DenseBlockSpec,
        in_channels=st.integers(1, 4096),
        growth_rate=st.integers(1, 512),
        layers=st.integers(1, 64),
        bottleneck_factor=st.integers(1, 16),
    ),
    st.sampled_from(("preactivation", "bottleneck")),
)
def test_no_other_width_comes_nearer(block: DenseBlockSpec, unit: str) -> None:
    stacks = stacks_of(block, unit)  # type: ignore[arg-type]  # one of the two
    plain, dense = stacks["plain"], stacks["dense"]
    assert isinstance(plain, UnitStackSpec) and isinstance(dense, DenseStackSpec)
    assert plain.layers == block.layers
    target, found = layer_parameters(dense), layer_parameters(plain)
    step = 4 if unit == "preactivation" else 1
    for other in (plain.channels - step, plain.channels + step):
        if other >= step:
            inner = other // 4 if unit == "preactivation" else plain.inner_width
            beside = UnitStackSpec("plain", plain.unit, other, inner, plain.layers)
            assert abs(layer_parameters(beside) - target) >= abs(found - target)


def test_reach_has_bounds() -> None:
    with pytest.raises(SpecError, match=r"reach must be a whole number from 1 to 5, or none, not 6\."):
        DenseStackSpec(8, 4, 5, 2, reach=6)


def test_initial_weights_are_as_asked() -> None:
    spec = UnitStackSpec("plain", "preactivation", 256, 64, 2)
    found = {}
    for init in ("default", "he", "half"):
        torch.manual_seed(0)
        convs = [m for m in build_stack(spec, init=init).layers.modules() if isinstance(m, nn.Conv2d)]
        found[init] = [float(conv.weight.detach().std()) * conv.weight[0].numel() ** 0.5 for conv in convs]
    assert found["default"] == pytest.approx([3**-0.5] * 6, rel=0.05)
    assert found["he"] == pytest.approx([2**0.5] * 6, rel=0.05)
    assert found["half"] == pytest.approx([0.5 * 3**-0.5] * 6, rel=0.05)
