"""Every implementation is one function: outputs, gradients and running statistics of ``concat``, twice in a row."""

from __future__ import annotations

import copy
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode

from explorer import theory
from explorer.bench.server import ROOT
from explorer.blocks import IMPLEMENTATIONS, NoCompilerError, build, shared, units
from explorer.blocks.compiled import CompiledBlock
from explorer.engine import Limits
from explorer.engine.schedule import Schedule
from explorer.findings import Comparison, from_builtins
from explorer.measure.jobs import perform
from explorer.measure.kept import step_bytes
from explorer.measure.live import named_block
from explorer.measure.step import count_step
from explorer.measure.track import StepTracker
from explorer.spec import CompareJob, DenseBlockSpec, DType, InputSpec, RunSpec, SpecError

#: ``compiled`` takes some ten seconds a block: it has tests of its own below.
TRAINED = [name for name in IMPLEMENTATIONS if name not in ("concat", "compiled", "fused")]
OTHERS = [*TRAINED, "fused"]
PLACES = ("plain", "channels_last", "strided", "expanded")


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(autouse=True, scope="module")
def parts() -> Iterator[None]:
    """What a test makes of the size of ``shared``'s parts ends with this file."""
    before = shared.CHANNELS, shared.NUMBERS
    yield
    shared.CHANNELS, shared.NUMBERS = before


specs = st.builds(
    DenseBlockSpec,
    in_channels=st.integers(1, 12),
    growth_rate=st.integers(1, 6),
    layers=st.integers(1, 5),
    bottleneck_factor=st.integers(1, 4),
    bottleneck=st.booleans(),
    order=st.sampled_from(("pre", "post")),
)
sizes = st.tuples(st.integers(1, 3), st.integers(2, 7), st.integers(1, 7))


def pair(spec: DenseBlockSpec, name: str, seed: int = 0) -> tuple[nn.Module, nn.Module]:
    """``concat`` and another implementation with the same weights, none of them at its initial value, in float64."""
    torch.manual_seed(seed)
    plain = build(spec).double()
    with torch.no_grad():
        for each in plain.modules():
            if isinstance(each, nn.BatchNorm2d):
                assert each.running_mean is not None and each.running_var is not None
                each.weight.uniform_(-1.5, 1.5)
                each.bias.normal_()
                each.running_mean.normal_()
                each.running_var.uniform_(0.3, 3)
    other = build(spec, name).double()
    other.load_state_dict(plain.state_dict())
    return plain, other


def placed(x: Tensor, how: str) -> Tensor:
    """``x`` with other strides."""
    if how == "channels_last":
        return x.contiguous(memory_format=torch.channels_last)
    if how == "strided":
        return torch.stack((x, x), -1)[..., 0]
    return x[:1].expand(x.shape) if how == "expanded" else x


def apart(one: Tensor | None, other: Tensor | None) -> float:
    """Their distance, relative to the larger of them and to 1."""
    assert one is not None and other is not None and one.shape == other.shape
    one, other = one.detach().double(), other.detach().double()
    return float((one - other).norm() / max(1.0, float(one.norm())))


def stepped(block: nn.Module, x: Tensor, weight: Tensor) -> dict[str, Tensor]:
    """All that one training step leaves, and the step itself: parameters move on by a little."""
    x = x.detach().clone(memory_format=torch.preserve_format).requires_grad_()
    block.zero_grad()
    y = block(x)
    y.backward(weight)  # as it is: what comes in must only be read
    assert x.grad is not None
    found = {"output": y.detach(), "input": x.grad}
    for name, parameter in block.named_parameters():
        assert parameter.grad is not None
        found[name] = parameter.grad.clone()
        parameter.data -= 0.01 * parameter.grad / (1 + parameter.grad.abs().max())
    return found | {name: buffer.clone() for name, buffer in block.named_buffers()}


def differing(one: dict[str, Tensor], other: dict[str, Tensor], bound: float) -> list[str]:
    assert list(one) == list(other)
    return [f"{name} {apart(one[name], other[name]):.1e}" for name in one if apart(one[name], other[name]) > bound]


@pytest.mark.parametrize("name", TRAINED)
@settings(max_examples=30)
@given(specs, sizes, st.sampled_from(PLACES), st.integers(0, 99), st.sampled_from((1, 3, 128)))
def test_two_training_steps_are_the_same(
    name: str, spec: DenseBlockSpec, size: tuple[int, int, int], how: str, seed: int, chunk: int
) -> None:
    shared.CHANNELS, shared.NUMBERS = chunk, 1  # that backward makes again at a time
    plain, other = pair(spec, name, seed)
    for _ in range(2):
        x = placed(torch.randn(size[0], spec.in_channels, *size[1:], dtype=torch.float64), how)
        weight = torch.randn(size[0], spec.out_channels, *size[1:], dtype=torch.float64)
        given = weight.clone()
        assert differing(stepped(plain, x, weight), stepped(other, x, weight), 1e-10) == []
        assert torch.equal(weight, given)


@pytest.mark.parametrize("name", OTHERS)
@settings(max_examples=25)
@given(specs, sizes, st.sampled_from(PLACES), st.integers(0, 99))
def test_evaluation_is_the_same(
    name: str, spec: DenseBlockSpec, size: tuple[int, int, int], how: str, seed: int
) -> None:
    plain, other = pair(spec, name, seed)
    plain.eval(), other.eval()
    x = placed(torch.randn(size[0], spec.in_channels, *size[1:], dtype=torch.float64), how)
    with torch.no_grad():
        assert apart(plain(x), other(x)) < 1e-10
    if name != "fused":
        weight = torch.randn(size[0], spec.out_channels, *size[1:], dtype=torch.float64)
        assert differing(stepped(plain, x, weight), stepped(other, x, weight), 1e-10) == []


@pytest.mark.parametrize("name", TRAINED)
@pytest.mark.parametrize("bottleneck", [True, False])
@pytest.mark.parametrize("order", ["pre", "post"])
def test_a_training_forward_without_gradients_counts_its_batch(name: str, bottleneck: bool, order: str) -> None:
    plain, other = pair(DenseBlockSpec(5, 3, 3, 2, bottleneck, order), name)  # type: ignore[arg-type]  # of the two orders
    x = torch.randn(2, 5, 4, 3, dtype=torch.float64)
    with torch.no_grad():
        assert apart(plain(x), other(x)) < 1e-10
    assert [
        name for (name, a), b in zip(plain.named_buffers(), other.buffers(), strict=True) if apart(a, b) > 1e-10
    ] == []
    assert {int(b) for n, b in other.named_buffers() if n.endswith("tracked")} == {1}


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("bottleneck", [True, False])
@pytest.mark.parametrize("order", ["pre", "post"])
def test_state_and_its_order_are_those_of_concat(name: str, bottleneck: bool, order: str) -> None:
    spec = DenseBlockSpec(5, 3, 3, 2, bottleneck, order)  # type: ignore[arg-type]  # of the two orders
    torch.manual_seed(0)
    plain = build(spec)
    torch.manual_seed(0)
    other = build(spec, name)
    assert list(plain.state_dict()) == list(other.state_dict())
    assert [n for n, _ in plain.named_parameters()] == [n for n, _ in other.named_parameters()]
    assert [n for n, _ in plain.named_buffers()] == [n for n, _ in other.named_buffers()]
    assert all(torch.equal(a, b) for a, b in zip(plain.parameters(), other.parameters(), strict=True))
    assert other.training and {p.dtype for p in other.parameters()} == {torch.float32}


@pytest.mark.parametrize("name", TRAINED)
@pytest.mark.parametrize("bottleneck", [True, False])
@pytest.mark.parametrize("order", ["pre", "post"])
@pytest.mark.parametrize("outside", [torch.float32, torch.bfloat16])
def test_under_autocast_they_agree(name: str, bottleneck: bool, order: str, outside: torch.dtype) -> None:
    """A float32 module that computes in bfloat16."""
    spec = DenseBlockSpec(16, 8, 4, 4, bottleneck, order)  # type: ignore[arg-type]  # of the two orders
    torch.manual_seed(0)
    plain = build(spec)
    other = build(spec, name)
    other.load_state_dict(plain.state_dict())
    x, weight = torch.randn(4, 16, 9, 8).to(outside), torch.randn(4, spec.out_channels, 9, 8)
    found: list[dict[str, Any]] = []
    for block in (plain, other):
        mine = x.clone().requires_grad_()
        with torch.autocast("cpu", torch.bfloat16):
            y = block(mine)
        (y * weight).sum().backward()
        gradients = {n: p.grad for n, p in block.named_parameters()}
        found.append({"output": y, "input": mine.grad} | gradients | dict(block.named_buffers()))
    assert [(v.dtype, v.shape) for v in found[0].values()] == [(v.dtype, v.shape) for v in found[1].values()]
    assert differing(found[0], found[1], 2e-2) == []
    assert {int(b) for n, b in other.named_buffers() if n.endswith("tracked")} == {1}


@pytest.mark.parametrize("name", ["concat", *TRAINED])
@pytest.mark.parametrize("bottleneck", [True, False])
@pytest.mark.parametrize("order", ["pre", "post"])
def test_gradients_are_those_of_small_differences(name: str, bottleneck: bool, order: str) -> None:
    spec = DenseBlockSpec(2, 2, 2, 1, bottleneck, order)  # type: ignore[arg-type]  # of the two orders
    _, block = pair(spec, name, seed=3)
    x = torch.randn(2, 2, 3, 2, dtype=torch.float64, requires_grad=True)
    names, parameters = zip(*block.named_parameters(), strict=True)

    def run(x: Tensor, *given: Tensor) -> Tensor:
        whole = copy.deepcopy(block)
        out: Tensor = torch.func.functional_call(whole, dict(zip(names, given, strict=True)), (x,))
        return out

    assert torch.autograd.gradcheck(run, (x, *parameters), eps=1e-6, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", TRAINED)
def test_the_same_seed_gives_the_same_bits(name: str) -> None:
    def once() -> dict[str, Tensor]:
        torch.manual_seed(5)
        return stepped(build(DenseBlockSpec(6, 4, 4), name), torch.randn(2, 6, 5, 5), torch.randn(2, 22, 5, 5))

    one, other = once(), once()
    assert all(torch.equal(one[key], other[key]) for key in one)


def test_a_single_value_a_channel_cannot_be_normalised() -> None:
    for name in ("concat", *TRAINED):
        with pytest.raises(ValueError, match="Expected more than 1 value per channel"):
            build(DenseBlockSpec(4, 2, 2), name)(torch.randn(1, 4, 1, 1))


def test_fused_refuses_to_train() -> None:
    with pytest.raises(RuntimeError, match=r"for inference: call eval\(\) first"):
        build(DenseBlockSpec(4, 2, 2), "fused")(torch.randn(1, 4, 3, 3))


@pytest.mark.parametrize("name", ["concat", *TRAINED])
def test_a_graph_that_is_kept_gives_its_gradients_again(name: str) -> None:
    block = build(DenseBlockSpec(4, 2, 3), name).double()
    loss = block(torch.randn(2, 4, 3, 3, dtype=torch.float64)).square().sum()
    found = []
    for keep in (True, False):
        block.zero_grad()
        loss.backward(retain_graph=keep)
        found.append([p.grad.clone() for p in block.parameters() if p.grad is not None])
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        loss.backward()
    assert {int(b) for n, b in block.named_buffers() if n.endswith("tracked")} == {1}


# --- compiled ---------------------------------------------------------------------------------------------


@pytest.fixture
def compiling(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """The compiler's settings, with a cache of its own, and no processes that stay behind."""
    from torch._inductor import config

    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    torch.compiler.reset()
    with config.patch(compile_threads=1):
        yield config


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's own, of what it loads to compile
@pytest.mark.usefixtures("compiling")
def test_the_compiled_block_is_the_same_function() -> None:
    """Where there is no compiler, all that it can be asked is to say so."""
    spec = DenseBlockSpec(5, 3, 2, 2)
    plain, other = pair(spec, "compiled")
    if shutil.which("g++") is None:
        with pytest.raises(NoCompilerError):
            other(torch.randn(2, 5, 4, 3, dtype=torch.float64))
        return
    assert isinstance(other, CompiledBlock)
    other.budget = 0.1
    assert list(plain.state_dict()) == list(other.state_dict())
    for _ in range(2):
        x = torch.randn(2, 5, 4, 3, dtype=torch.float64)
        weight = torch.randn(2, spec.out_channels, 4, 3, dtype=torch.float64)
        assert differing(stepped(plain, x, weight), stepped(other, x, weight), 1e-10) == []


WITHOUT_COMPILER = """
import torch
from torch._inductor import config
from explorer.blocks import NoCompilerError, build
from explorer.spec import DenseBlockSpec

block = build(DenseBlockSpec(3, 2, 1), "compiled", budget=0.5)
with config.patch({"cpp.cxx": ("/nowhere/g++",), "compile_threads": 1}):
    try:
        block(torch.randn(2, 3, 3, 3))
    except NoCompilerError as told:
        print(told)
"""


def test_without_a_compiler_the_compiled_block_says_what_to_install(tmp_path: Path) -> None:
    """In a process of its own: a compile that fails leaves torch's hook where it was, which holds arguments longer."""
    environment = os.environ | {"TORCHINDUCTOR_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_COMPILER],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
        check=True,
    )
    assert re.search(r"needs a C\+\+ compiler, and none was found: install g\+\+ or clang", done.stdout)


def test_a_budget_is_a_share() -> None:
    for budget in (-0.1, 1.5):
        with pytest.raises(SpecError, match="budget must be a number from 0 to 1, not"):
            build(DenseBlockSpec(3, 2, 1), "compiled", budget=budget)


# --- memory -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["concat", *TRAINED])
@settings(max_examples=80)
@given(specs, sizes, st.sampled_from(("float32", "float64")))
def test_what_is_kept_for_backward_is_the_closed_form(
    name: str, spec: DenseBlockSpec, size: tuple[int, int, int], dtype: DType
) -> None:
    block = build(spec, name).to(getattr(torch, dtype))
    kept, _peak = step_bytes(
        block, lambda: torch.randn(size[0], spec.in_channels, *size[1:], dtype=getattr(torch, dtype))
    )
    assert kept == theory.kept_bytes(spec, InputSpec(*size), dtype, name)


@pytest.mark.parametrize("name", ["concat", *OTHERS])
@settings(max_examples=80)
@given(specs, sizes, st.sampled_from(("float32", "float64")))
def test_the_peak_of_inference_is_the_closed_form(
    name: str, spec: DenseBlockSpec, size: tuple[int, int, int], dtype: DType
) -> None:
    block = build(spec, name).to(getattr(torch, dtype)).eval()
    x = torch.randn(size[0], spec.in_channels, *size[1:], dtype=getattr(torch, dtype))
    found = count_step(block, x, with_sum=False)
    assert found.timeline.peak_bytes == theory.inference_peak_bytes(spec, InputSpec(*size), dtype, name)
    assert theory.kept_bytes(spec, InputSpec(*size), dtype, "fused") == 0


def test_what_has_no_closed_form_is_named() -> None:
    with pytest.raises(ValueError, match="no closed form for 'quick'"):
        theory.kept_bytes(DenseBlockSpec(), InputSpec(), "float32", "quick")
    with pytest.raises(ValueError, match="no closed form for 'quick'"):
        theory.inference_peak_bytes(DenseBlockSpec(), InputSpec(), "float32", "quick")


@pytest.mark.parametrize(("name", "most"), [("checkpoint", 0.05), ("checkpoint_1x1", 0.35), ("shared", 0.20)])
def test_what_is_kept_of_a_middle_block_beside_the_list_form(name: str, most: float) -> None:
    """(128, 32, 12) on 4×128×28², the second block of DenseNet-121."""
    spec, size = DenseBlockSpec(128, 32, 12), InputSpec(4, 28, 28)
    assert theory.kept_bytes(spec, size, "float32", name) / theory.kept_bytes(spec, size, "float32", "list") <= most


@pytest.mark.parametrize("name", ["concat", *TRAINED])
def test_every_operator_of_a_step_is_told_its_layer(name: str) -> None:
    """Forward and backward, what is recomputed too; what is around the layers belongs to none or to the last."""
    block = build(DenseBlockSpec(6, 4, 3), name)
    tracker = StepTracker(block, units(block), x := torch.randn(2, 6, 5, 5))
    with tracker.forward():
        loss = block(x).sum()
    with tracker.backward():
        loss.backward()
    line = tracker.timeline()
    steps = list(zip(line.ops, line.layers, strict=True))
    convolutions = [layer for op, layer in steps if op == "convolution"]
    assert convolutions[:6] == [1, 1, 2, 2, 3, 3]
    # What is recomputed ends where backward has all that it needs: the last convolution's output it does not.
    assert convolutions[6:] == ([3, 2, 1] if name == "checkpoint" else [])
    again = [layer for op, layer in steps[line.backward_from - 1 :] if op == "cat"]
    assert again == ([3, 2] if name.startswith("checkpoint") else [])
    assert {layer for op, layer in steps if op == "convolution_backward"} == {1, 2, 3}
    assert [layer for op, layer in steps if op == "convolution_backward"] == sorted(
        (layer for op, layer in steps if op == "convolution_backward"), reverse=True
    )


# --- side by side -----------------------------------------------------------------------------------------


@settings(max_examples=6)
@given(specs, sizes, st.sampled_from(("float32", "float64")))
def test_a_comparison_counts_without_memory_what_a_step_takes(
    spec: DenseBlockSpec, size: tuple[int, int, int], dtype: DType
) -> None:
    """On fake tensors, to the byte, kept and at the peak alike."""
    names = ("concat", *TRAINED)
    found = compared(CompareJob(spec, InputSpec(*size), RunSpec(device="cpu", dtype=dtype), names))
    assert [step.name for step in found.steps] == list(names)
    for step in found.steps:
        block = build(spec, step.name).to(getattr(torch, dtype))
        x = torch.randn(size[0], spec.in_channels, *size[1:], dtype=getattr(torch, dtype))
        draws = [x]
        del x
        assert (step.kept_bytes, step.peak_bytes) == step_bytes(block, draws.pop)
        assert step.milliseconds == ()


@pytest.mark.parametrize("name", TRAINED)
def test_a_step_on_fake_tensors_takes_no_memory(name: str) -> None:
    """An input of 4 TiB: whoever falls back on real tensors fails."""
    spec, run = DenseBlockSpec(4, 4, 2), RunSpec()
    with FakeTensorMode():
        kept, peak = step_bytes(named_block(spec, run, name), lambda: torch.empty((2**18, 4, 2**10, 2**10)))
    assert peak > kept >= 2**42


def test_a_comparison_times_each_as_often_as_it_was_asked_to() -> None:
    found = compared(
        CompareJob(DenseBlockSpec(6, 4, 2), InputSpec(2, 5, 5), RunSpec(device="cpu"), ("list", "shared"), 3)
    )
    assert [len(step.milliseconds) for step in found.steps] == [3, 3]
    assert all(taken > 0 for step in found.steps for taken in step.milliseconds)
    assert found.device.device == "cpu"


def test_the_engine_compares_in_the_worker_that_times() -> None:
    schedule = Schedule(Limits())
    job = CompareJob(DenseBlockSpec(), InputSpec(), RunSpec(), ("list",))
    schedule.submit(job, "somebody", 0.0)
    assert Limits().seconds("compare") == Limits().seconds("time") and Limits().grace("compare") == 0
    assert Limits().grace("training") == 0 < Limits().grace("gradients")
    assert schedule._slot(job) is schedule.times


def compared(job: CompareJob) -> Comparison:
    return from_builtins(Comparison, perform(job))
