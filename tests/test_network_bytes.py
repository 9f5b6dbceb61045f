"""Whole networks' bytes: closed form, what autograd is told to keep, and what is alive; and what a place depends on."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_networks import SMALL_DENSE, SMALL_RESIDUAL, small_networks
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from explorer.blocks.network import build_network, stages_of
from explorer.measure.live import default_dtype
from explorer.measure.network import count_network, counted_network, counted_step
from explorer.measure.problems import StoppedError
from explorer.spec import DenseNetSpec, DType, InputSpec, NetworkJob, NetworkSpec, SpecError, network
from explorer.theory import network_theory

MIB = 2**20
IMPLEMENTATIONS = ("list", "concat", "checkpoint", "checkpoint_1x1", "shared")
#: Those of which autograd is told all that stays: a buffer's function and checkpoints keep by other means.
TOLD = ("list", "concat")


def agree(spec: NetworkSpec, size: InputSpec, dtype: DType, implementation: str = "list") -> None:
    theory = network_theory(spec, size, dtype, implementation)
    counts = count_network(spec, size, dtype, implementation, between=None)
    assert (counts.parameters, counts.macs) == (theory.parameters, theory.macs)
    assert counts.held_bytes == theory.saved_bytes
    assert counts.output_shape == (size.batch, spec.classes)
    if implementation in TOLD:
        assert counts.saved_bytes == tuple(stage.saved_bytes for stage in theory.stages)
    assert counts.peak_bytes > counts.held_bytes


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [InputSpec(1, 224, 224), InputSpec(3, 65, 97), InputSpec(2, 128, 33)])
@pytest.mark.parametrize("name", ["densenet121", "resnet50", "resnet18"])
def test_closed_form_counted_and_tracked_are_one(name: str, size: InputSpec, dtype: DType) -> None:
    agree(network(name), size, dtype)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("spec", [SMALL_DENSE, *SMALL_RESIDUAL], ids=lambda spec: spec.kind)
def test_so_they_are_in_16_bits(spec: NetworkSpec, dtype: DType) -> None:
    agree(spec, InputSpec(3, 65, 97), dtype)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS[1:])
def test_so_they_are_however_the_dense_blocks_are_written(implementation: str) -> None:
    agree(network("densenet-bc100-k12"), InputSpec(2, 32, 32), "float32", implementation)


@settings(max_examples=20)
@given(
    small_networks(),
    st.builds(InputSpec, batch=st.integers(2, 4), height=st.integers(16, 70), width=st.integers(16, 70)),
    st.sampled_from(("float32", "float64")),
    st.sampled_from(IMPLEMENTATIONS),
)
def test_so_they_are_of_any_small_network(
    spec: NetworkSpec, size: InputSpec, dtype: DType, implementation: str
) -> None:
    agree(spec, size, dtype, implementation)


@pytest.mark.parametrize("implementation", ["list", "shared"])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_the_meta_device_counts_what_fake_tensors_on_the_cpu_count(dtype: torch.dtype, implementation: str) -> None:
    """In 16 bits, where it keeps wider statistics."""
    name, size = str(dtype).removeprefix("torch."), InputSpec(2, 64, 48)
    with FakeTensorMode(), default_dtype(dtype):
        fake = counted_step(build_network(SMALL_DENSE, implementation), torch.empty((2, 3, 64, 48), dtype=dtype))
    assert count_network(SMALL_DENSE, size, name, implementation, between=None) == fake  # type: ignore[arg-type]  # a dtype's name


def test_the_claim_in_bytes() -> None:
    """124.64 against 82.13 MiB in plain code, and 38.58 with a shared buffer."""
    size = InputSpec(1, 224, 224)
    held = {
        "plain": network_theory(network("densenet121"), size).saved_bytes,
        "shared": network_theory(network("densenet121"), size, "float32", "shared").saved_bytes,
        "residual": network_theory(network("resnet50"), size).saved_bytes,
    }
    rounded = {name: round(n / MIB, 2) for name, n in held.items()}
    assert rounded == {"plain": 124.64, "shared": 38.58, "residual": 82.13}


@pytest.mark.parametrize(
    ("name", "implementation", "mib"),
    [("densenet121", "list", 124.7), ("densenet121", "shared", 38.8), ("resnet50", "list", 79.8)],
)
def test_a_further_image_costs_so_much_at_the_peak(name: str, implementation: str, mib: float) -> None:
    counts = count_network(network(name), InputSpec(1, 224, 224), "float32", implementation)
    assert round(counts.peak_per_image_bytes / MIB, 1) == mib


def test_the_largest_network_at_batch_256_is_answered_without_its_memory() -> None:
    theory = network_theory(network("densenet264"), InputSpec(256, 224, 224))
    one = network_theory(network("densenet264"), InputSpec(1, 224, 224))
    assert theory.macs == 256 * one.macs and theory.saved_bytes > 60 * 2**30


def test_there_is_no_closed_form_of_what_compiles() -> None:
    with pytest.raises(ValueError, match="no closed form for 'compiled'"):
        network_theory(SMALL_DENSE, InputSpec(1, 64, 64), "float32", "compiled")


def test_an_implementation_that_is_none_is_told() -> None:
    with pytest.raises(SpecError, match="implementation must be one of concat, list"):
        build_network(SMALL_DENSE, "fast")


# --- what a place of the last map depends on ----------------------------------------------------------


def reach(spec: NetworkSpec, side: int) -> int:
    """Pixels along a side of the image whose change reaches the middle of the last map; all weights are positive."""
    module = build_network(spec).double().eval()
    for one in module.modules():
        if isinstance(one, nn.Conv2d):
            nn.init.constant_(one.weight, 0.1)
    module.classifier = nn.Identity()
    maps: list[torch.Tensor] = []
    last = stages_of(module)[-2]
    assert last is not None
    last.register_forward_hook(lambda *found: maps.append(found[-1]))
    image = torch.ones((1, 3, side, side), dtype=torch.float64, requires_grad=True)
    noise = torch.rand_like(image)
    module(image * noise)
    (made,) = maps
    middle = made.shape[2] // 2
    torch.autograd.backward(made[0, :, middle, middle].sum())
    assert image.grad is not None
    touched = image.grad.abs().sum((0, 1)).any(0).nonzero()
    return int(touched.max() - touched.min()) + 1


@pytest.mark.parametrize(
    "spec",
    [
        DenseNetSpec((2, 1), 3, 4, bottleneck_factor=2, classes=2),
        DenseNetSpec((3, 2, 1), 3, 4, bottleneck=False, stem="cifar", classes=2),
        *SMALL_RESIDUAL,
    ],
    ids=str,
)
def test_the_receptive_field_is_what_the_live_network_sees(spec: NetworkSpec) -> None:
    theory = network_theory(spec, InputSpec(1, 256, 256))
    found = reach(spec, 256)
    # A max pooling passes the gradient of one place alone: up to a place of its window on either side is not seen.
    slack = 2 * 2 if spec.stem == "imagenet" else 0
    assert theory.receptive_field - slack <= found <= theory.receptive_field


# --- run for real -------------------------------------------------------------------------------------


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_a_network_that_fits_is_run_and_counts_the_same(implementation: str) -> None:
    """On real tensors, to the byte, the peak of the step included."""
    size = InputSpec(2, 64, 48)
    ran = counted_network(NetworkJob(SMALL_DENSE, size, "float32", implementation, "cpu"))
    planned = count_network(SMALL_DENSE, size, "float32", implementation)
    assert ran.device.startswith("CPU") and replace(ran, device="") == planned
    assert ran.held_bytes == network_theory(SMALL_DENSE, size, "float32", implementation).saved_bytes


@pytest.mark.parametrize(
    "job",
    [
        NetworkJob(network("densenet264"), InputSpec(256, 224, 224), "float32", "list", "cpu"),
        NetworkJob(SMALL_DENSE, InputSpec(2, 64, 64), "bfloat16", "list", "cpu"),  # slow on a CPU
    ],
    ids=["large", "16 bits"],
)
def test_what_does_not_fit_or_would_take_long_is_not_run(job: NetworkJob, monkeypatch: pytest.MonkeyPatch) -> None:
    planned = count_network(SMALL_DENSE, InputSpec(2, 64, 64), "float32")
    if job.input.batch > 2:
        planned = replace(planned, peak_bytes=2**40)
    monkeypatch.setattr("explorer.measure.network.count_network", lambda *_of: planned)
    assert counted_network(job) is planned


def test_a_device_that_is_not_there_is_told() -> None:
    with pytest.raises(StoppedError, match="No GPU on this machine"):
        counted_network(NetworkJob(SMALL_DENSE, InputSpec(2, 64, 64), device="cuda"))
