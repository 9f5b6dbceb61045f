"""Whole networks: published figures, closed forms beside the live module, and torchvision's weight files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils.flop_counter import FlopCounterMode

from explorer.blocks.network import build_network
from explorer.blocks.weights import from_torchvision, to_torchvision, torchvision_name
from explorer.spec import (
    NETWORKS,
    DenseNetSpec,
    InputSpec,
    NetworkSpec,
    ResNetSpec,
    SpecError,
    network,
    network_of,
    network_text,
)
from explorer.theory.network import network_theory

#: Name → parameters, and GMACs at 224², as the papers and torchvision's model metadata have them.
PUBLISHED = {
    "densenet121": (7_978_856, 2.834),
    "densenet161": (28_681_000, 7.728),
    "densenet169": (14_149_480, 3.360),
    "densenet201": (20_013_928, 4.291),
    "densenet264": (33_337_704, 5.752),
    "resnet18": (11_689_512, 1.814),
    "resnet34": (21_797_672, 3.664),
    "resnet50": (25_557_032, 4.089),
    "resnet101": (44_549_160, 7.801),
    "resnet152": (60_192_808, 11.514),
}
#: CIFAR: millions of parameters (Huang et al. 2017, table 2).
CIFAR = {
    "densenet40-k12": 1.0,
    "densenet100-k12": 7.0,
    "densenet100-k24": 27.2,
    "densenet-bc100-k12": 0.8,
    "densenet-bc250-k24": 15.3,
    "densenet-bc190-k40": 25.6,
}
#: CIFAR: millions of parameters (He et al. 2015, table 6).
CIFAR_RESNETS = {"resnet20": 0.27, "resnet32": 0.46, "resnet44": 0.66, "resnet56": 0.85, "resnet110": 1.7}
SMALL_DENSE = DenseNetSpec((2, 3), 4, 6, classes=5)
SMALL_RESIDUAL = (
    ResNetSpec((1, 2), "postactivation", 4, classes=5),
    ResNetSpec((2, 1, 1), "basic", 4, classes=5),
    ResNetSpec((1, 2), "basic", 4, "cifar", 5, "padding"),
)


def small_networks() -> st.SearchStrategy[NetworkSpec]:
    stems = st.sampled_from(("imagenet", "cifar"))
    config = st.lists(st.integers(1, 3), min_size=1, max_size=3).map(tuple)
    dense = st.builds(
        DenseNetSpec,
        block_config=config,
        growth_rate=st.integers(1, 6),
        stem_channels=st.integers(1, 9),
        compression=st.floats(0.1, 1.0),
        bottleneck_factor=st.integers(1, 4),
        bottleneck=st.booleans(),
        stem=stems,
        classes=st.integers(1, 7),
    )
    residual = st.builds(
        ResNetSpec,
        stage_config=config,
        unit=st.sampled_from(("postactivation", "basic")),
        stem_channels=st.integers(2, 6),
        stem=stems,
        classes=st.integers(1, 7),
    )
    padded = st.builds(
        ResNetSpec, config, st.just("basic"), st.integers(2, 6), stems, st.integers(1, 7), st.just("padding")
    )
    return dense | residual | padded


# --- published figures ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_and_macs_are_the_published_ones(name: str) -> None:
    theory = network_theory(network(name), InputSpec(1, 224, 224))
    parameters, gmacs = PUBLISHED[name]
    assert theory.parameters == parameters and round(theory.macs / 1e9, 3) == gmacs


@pytest.mark.parametrize("name", CIFAR)
def test_networks_for_cifar_have_the_papers_millions(name: str) -> None:
    theory = network_theory(network(name), InputSpec(1, 32, 32))
    assert round(theory.parameters / 1e6, 1) == CIFAR[name]
    if name == "densenet-bc100-k12":
        assert theory.parameters == 769_162


@pytest.mark.parametrize("name", CIFAR_RESNETS)
def test_resnets_for_cifar_have_the_papers_millions(name: str) -> None:
    theory = network_theory(network(name), InputSpec(1, 32, 32))
    assert round(theory.parameters / 1e6, 1 if name == "resnet110" else 2) == CIFAR_RESNETS[name]


def test_every_name_is_held_to_a_published_figure() -> None:
    assert NETWORKS.keys() == PUBLISHED.keys() | CIFAR.keys() | CIFAR_RESNETS.keys()


def test_an_unknown_name_gives_the_nearest() -> None:
    with pytest.raises(SpecError, match=r"did you mean densenet121"):
        network("densenet-121")


@pytest.mark.parametrize("bad", [(), (0,), (65,), (1,) * 7, [6, 12], (6.0,)])
def test_a_configuration_that_cannot_be_is_told(bad: Any) -> None:
    with pytest.raises(SpecError, match="block_config must be 1 to 6 whole numbers from 1 to 64"):
        DenseNetSpec(bad)


def test_a_network_whose_blocks_would_be_too_wide_is_told() -> None:
    with pytest.raises(SpecError, match="every block reads from 1 to 4,096 channels"):
        DenseNetSpec((64, 64), 512, compression=1.0)


@pytest.mark.parametrize("bad", [0.0, 1.01, -1.0, 1, float("nan"), "0.5"])
def test_a_compression_is_a_share(bad: Any) -> None:
    with pytest.raises(SpecError, match="compression must be a number above 0, up to 1"):
        DenseNetSpec(compression=bad)


def test_images_of_which_nothing_is_left_are_refused() -> None:
    with pytest.raises(SpecError, match="image_size"):
        network_theory(network("densenet121"), InputSpec(1, 16, 16))


# --- beside the live module -------------------------------------------------------------------------


def counted(spec: NetworkSpec, size: InputSpec, dtype: torch.dtype) -> tuple[int, int, tuple[int, ...]]:
    """Parameters, MACs (half of torch's operations) and the output's shape, on tensors that hold no memory."""
    default = torch.get_default_dtype()
    torch.set_default_dtype(dtype)  # a module of fake tensors cannot be cast
    try:
        with FakeTensorMode():
            module = build_network(spec).eval()
    finally:
        torch.set_default_dtype(default)
    fake: Any = next(module.parameters())
    with fake.fake_mode:
        x = torch.empty((size.batch, 3, size.height, size.width), dtype=dtype)
        with FlopCounterMode(display=False) as flops, torch.no_grad():
            shape = tuple(module(x).shape)
    return sum(p.numel() for p in module.parameters()), flops.get_total_flops() // 2, shape


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("size", [InputSpec(1, 224, 224), InputSpec(3, 65, 97), InputSpec(2, 128, 33)])
@pytest.mark.parametrize("name", ["densenet121", "resnet50", "resnet18"])
def test_the_live_network_counts_what_the_closed_forms_say(name: str, size: InputSpec, dtype: torch.dtype) -> None:
    spec = network(name)
    theory = network_theory(spec, size)
    assert counted(spec, size, dtype) == (theory.parameters, theory.macs, (size.batch, 1000))


@settings(max_examples=40)
@given(small_networks(), st.integers(1, 3), st.integers(32, 70), st.integers(32, 70))
def test_so_does_any_small_network(spec: NetworkSpec, batch: int, height: int, width: int) -> None:
    size = InputSpec(batch, height, width)
    theory = network_theory(spec, size)
    assert counted(spec, size, torch.float32) == (theory.parameters, theory.macs, (batch, spec.classes))


def test_the_stages_are_those_of_the_tables() -> None:
    dense = network_theory(network("densenet121"), InputSpec(1, 224, 224))
    assert [(stage.name, stage.out_channels, stage.height) for stage in dense.stages] == [
        ("stem", 64, 56),
        ("block 1", 256, 56),
        ("transition 1", 128, 28),
        ("block 2", 512, 28),
        ("transition 2", 256, 14),
        ("block 3", 1024, 14),
        ("transition 3", 512, 7),
        ("block 4", 1024, 7),
        ("head", 1000, 1),
    ]
    residual = network_theory(network("resnet50"), InputSpec(1, 224, 224))
    assert [(stage.name, stage.out_channels, stage.height) for stage in residual.stages] == [
        ("stem", 64, 56),
        ("stage 1", 256, 56),
        ("stage 2", 512, 28),
        ("stage 3", 1024, 14),
        ("stage 4", 2048, 7),
        ("head", 1000, 1),
    ]
    assert (dense.stages[1].parameters, residual.stages[1].parameters) == (335_040, 215_808)


# --- torchvision's weight files ---------------------------------------------------------------------


def bn(name: str) -> Iterator[str]:
    return (f"{name}.{end}" for end in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"))


def names_of_densenet(config: tuple[int, ...]) -> Iterator[str]:
    """Written down from torchvision's files, not from the code."""
    yield "features.conv0.weight"
    yield from bn("features.norm0")
    for block, layers in enumerate(config, 1):
        for layer in range(1, layers + 1):
            place = f"features.denseblock{block}.denselayer{layer}"
            yield from (*bn(f"{place}.norm1"), f"{place}.conv1.weight", *bn(f"{place}.norm2"), f"{place}.conv2.weight")
        if block < len(config):
            yield from (*bn(f"features.transition{block}.norm"), f"features.transition{block}.conv.weight")
    yield from (*bn(f"features.norm{len(config) + 1}"), "classifier.weight", "classifier.bias")


def names_of_resnet(config: tuple[int, ...], convs: int, projected: range) -> Iterator[str]:
    yield from ("conv1.weight", *bn("bn1"), "fc.weight", "fc.bias")
    for layer, units in enumerate(config, 1):
        for unit in range(units):
            for n in range(1, convs + 1):
                yield from (f"layer{layer}.{unit}.conv{n}.weight", *bn(f"layer{layer}.{unit}.bn{n}"))
        if layer in projected:
            yield from (f"layer{layer}.0.downsample.0.weight", *bn(f"layer{layer}.0.downsample.1"))


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("densenet121", set(names_of_densenet((6, 12, 24, 16)))),
        ("densenet161", set(names_of_densenet((6, 12, 36, 24)))),
        ("resnet50", set(names_of_resnet((3, 4, 6, 3), 3, range(1, 5)))),
        ("resnet18", set(names_of_resnet((2, 2, 2, 2), 2, range(2, 5)))),
    ],
)
def test_names_are_torchvisions_and_go_back(name: str, theirs: set[str]) -> None:
    spec = network(name)
    with FakeTensorMode():
        ours = build_network(spec).state_dict()
    assert {torchvision_name(spec, one) for one in ours} == theirs
    assert from_torchvision(spec, ours, to_torchvision(spec, ours)) == ours


def test_the_spelling_of_older_files_is_read() -> None:
    ours = build_network(SMALL_DENSE).state_dict()
    older = {
        name.replace("norm1.", "norm.1.").replace("conv2.", "conv.2."): value
        for name, value in to_torchvision(SMALL_DENSE, ours).items()
        if not name.endswith("num_batches_tracked")  # which files of that time lack
    }
    assert any(".norm.1." in name for name in older)
    found = from_torchvision(SMALL_DENSE, ours, older)
    assert found.keys() == {name for name in ours if not name.endswith("num_batches_tracked")}
    assert all(found[name] is ours[name] or torch.equal(found[name], ours[name]) for name in found)


def test_files_of_another_network_are_refused() -> None:
    ours = build_network(SMALL_DENSE).state_dict()
    theirs = to_torchvision(SMALL_DENSE, ours)
    with pytest.raises(SpecError, match=r"features\.conv0\.weight is missing"):
        from_torchvision(SMALL_DENSE, ours, {name: v for name, v in theirs.items() if name != "features.conv0.weight"})
    with pytest.raises(SpecError, match=r"head\.weight is one too many"):
        from_torchvision(SMALL_DENSE, ours, theirs | {"head.weight": theirs["classifier.weight"]})


# --- the function itself ----------------------------------------------------------------------------


def normed(w: Mapping[str, Tensor], name: str, x: Tensor) -> Tensor:
    return F.batch_norm(
        x, w[f"{name}.running_mean"], w[f"{name}.running_var"], w[f"{name}.weight"], w[f"{name}.bias"]
    )  # fmt: skip


def densenet(w: Mapping[str, Tensor], config: tuple[int, ...], x: Tensor) -> Tensor:
    """The network written anew, from torchvision's names, in evaluation."""
    x = F.relu(normed(w, "features.norm0", F.conv2d(x, w["features.conv0.weight"], stride=2, padding=3)))
    x = F.max_pool2d(x, 3, 2, 1)
    for block, layers in enumerate(config, 1):
        for layer in range(1, layers + 1):
            place = f"features.denseblock{block}.denselayer{layer}"
            out = F.conv2d(F.relu(normed(w, f"{place}.norm1", x)), w[f"{place}.conv1.weight"])
            out = F.conv2d(F.relu(normed(w, f"{place}.norm2", out)), w[f"{place}.conv2.weight"], padding=1)
            x = torch.cat([x, out], 1)
        if block < len(config):
            x = F.relu(normed(w, f"features.transition{block}.norm", x))
            x = F.avg_pool2d(F.conv2d(x, w[f"features.transition{block}.conv.weight"]), 2)
    x = F.relu(normed(w, f"features.norm{len(config) + 1}", x)).mean((2, 3))
    return F.linear(x, w["classifier.weight"], w["classifier.bias"])


def resnet(w: Mapping[str, Tensor], config: tuple[int, ...], convs: int, x: Tensor) -> Tensor:
    large = w["conv1.weight"].shape[2] == 7
    x = F.relu(normed(w, "bn1", F.conv2d(x, w["conv1.weight"], stride=2 if large else 1, padding=3 if large else 1)))
    x = F.max_pool2d(x, 3, 2, 1) if large else x
    for layer, units in enumerate(config, 1):
        for unit in range(units):
            place, out = f"layer{layer}.{unit}", x
            stride = 2 if layer > 1 and unit == 0 else 1
            for n in range(1, convs + 1):
                weight = w[f"{place}.conv{n}.weight"]
                strided = n == (2 if convs == 3 else 1)
                out = F.conv2d(out, weight, stride=stride if strided else 1, padding=weight.shape[2] // 2)
                out = normed(w, f"{place}.bn{n}", out)
                out = F.relu(out) if n < convs else out
            if f"{place}.downsample.0.weight" in w:
                down = F.conv2d(x, w[f"{place}.downsample.0.weight"], stride=stride)
                x = normed(w, f"{place}.downsample.1", down)
            elif x.shape != out.shape:  # option A: every other place, zeros for the channels that are new
                zeros = torch.zeros_like(out)
                zeros[:, : x.shape[1]] = x[:, :, ::2, ::2]
                x = zeros
            x = F.relu(x + out)
    return F.linear(x.mean((2, 3)), w["fc.weight"], w["fc.bias"])


@pytest.mark.parametrize("spec", [SMALL_DENSE, *SMALL_RESIDUAL], ids=lambda spec: spec.kind)
def test_outputs_are_those_of_the_network_written_anew(spec: NetworkSpec) -> None:
    torch.manual_seed(3)
    module = build_network(spec).double()
    for _step in range(2):  # so that running statistics are not those of a new module
        module(torch.randn(4, 3, 48, 48, dtype=torch.float64))
    module.eval()
    x = torch.randn(2, 3, 50, 39, dtype=torch.float64)
    theirs = to_torchvision(spec, module.state_dict())
    with torch.no_grad():
        if isinstance(spec, DenseNetSpec):
            expected = densenet(theirs, spec.block_config, x)
        else:
            expected = resnet(theirs, spec.stage_config, 3 if spec.unit == "postactivation" else 2, x)
        assert torch.allclose(module(x), expected, rtol=0, atol=1e-6)


# --- as a link writes them --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("densenet121", DenseNetSpec()),
        ("resnet18", ResNetSpec((2, 2, 2, 2), "basic")),
        ("6-12-24-16-k24", DenseNetSpec(growth_rate=24)),
        ("4-8-k12-c24-t1", DenseNetSpec((4, 8), 12, 24, 1.0)),
        ("3-k8-t.25-b2-plain-cifar", DenseNetSpec((3,), 8, 64, 0.25, 2, False, "cifar", 10)),
    ],
)
def test_a_network_is_read_from_its_text(text: str, spec: NetworkSpec) -> None:
    assert network_of(text) == spec
    if isinstance(spec, DenseNetSpec):
        assert network_of(network_text(spec)) == spec


@given(small_networks())
def test_the_text_of_a_network_of_ones_own_is_read_back(spec: NetworkSpec) -> None:
    if isinstance(spec, DenseNetSpec):
        rounded = replace(spec, compression=round(spec.compression, 2), classes=10 if spec.stem == "cifar" else 1000)
        assert network_of(network_text(rounded)) == rounded


def test_a_published_network_goes_by_its_name() -> None:
    assert network_text(DenseNetSpec((6, 12, 24, 16), 32)) == "densenet121"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("64-64-64-64-64-64-k512-t1", "against must be a network whose block_config"),
        ("6-12-k600", "against must be a network whose growth_rate is a whole number from 1 to 512"),
        ("65-k12", "against must be a network whose block_config is 1 to 6 whole numbers from 1 to 64"),
        ("resnet51", "against must be one of .*did you mean .*resnet50"),
        ("", "against must be one of"),
    ],
)
def test_what_is_no_network_is_told(text: str, words: str) -> None:
    with pytest.raises(SpecError, match=words):
        network_of(text, "against")
