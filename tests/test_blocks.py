"""The modules: structure and state as in the teaching code, shapes, and what each variant computes."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from explorer.blocks import IMPLEMENTATIONS, build, units
from explorer.spec import BlockSpec, DenseBlockSpec, Order, ResidualSpec, SpecError, Unit

ORDERS: tuple[Order, ...] = ("pre", "post")
UNITS: tuple[Unit, ...] = ("preactivation", "postactivation", "basic")
DENSE = [
    DenseBlockSpec(5, 3, 3, bottleneck=bottleneck, order=order)
    for bottleneck, order in itertools.product((True, False), ORDERS)
]
RESIDUAL = [ResidualSpec(5, out_channels, 3, 3, unit) for out_channels, unit in itertools.product((5, 8), UNITS)]
ALL = pytest.mark.parametrize("spec", [*DENSE, *RESIDUAL], ids=repr)

BOTTLENECK = """\
    ({i}): Bottleneck(
      (bn1): BatchNorm2d({c}, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)
      (conv1): Conv2d({c}, 128, kernel_size=(1, 1), stride=(1, 1), bias=False)
      (bn2): BatchNorm2d(128, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)
      (conv2): Conv2d(128, 32, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), bias=False)
    )"""


def test_the_printed_structure_is_the_source_texts() -> None:
    layers = "\n".join(BOTTLENECK.format(i=i, c=c) for i, c in enumerate((64, 96, 128, 160, 192, 224)))
    expected = f"Denseblock(\n  (denseblock): Sequential(\n{layers}\n  )\n)"
    # From torch 2.12 on a BatchNorm also prints bias=True, which it always had.
    printed = str(build(DenseBlockSpec())).replace("affine=True, bias=True", "affine=True")
    assert printed == expected


def test_the_state_lists_members_in_the_source_texts_order() -> None:
    bn = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    members = [
        *(f"bn1.{name}" for name in bn),
        "conv1.weight",
        *(f"bn2.{name}" for name in bn),
        "conv2.weight",
    ]
    expected = [f"denseblock.{i}.{member}" for i in range(6) for member in members]
    assert list(build(DenseBlockSpec()).state_dict()) == expected


def test_the_worked_example_gives_its_shape_and_parameters() -> None:
    block = build(DenseBlockSpec()).eval()
    with torch.no_grad():
        assert block(torch.zeros(1, 64, 256, 256)).shape == (1, 256, 256, 256)
    assert sum(p.numel() for p in block.parameters()) == 335_040


@ALL
def test_a_block_is_new_in_float32_on_the_cpu_and_training(spec: BlockSpec) -> None:
    block = build(spec)
    assert block.training
    assert {(p.dtype, p.device.type) for p in block.parameters()} == {(torch.float32, "cpu")}
    assert block(torch.randn(2, 5, 4, 3)).shape == (2, spec.out_channels, 4, 3)


@ALL
def test_only_convolutions_and_norms_are_modules(spec: BlockSpec) -> None:
    leaves = [type(m) for m in build(spec).modules() if not list(m.children())]
    assert set(leaves) == {nn.Conv2d, nn.BatchNorm2d}


@ALL
def test_units_are_found_in_order(spec: BlockSpec) -> None:
    block = build(spec)
    assert [name for name, m in block.named_modules() if m in units(block)] == [
        f"{'denseblock' if isinstance(spec, DenseBlockSpec) else 'units'}.{i}" for i in range(3)
    ]


@pytest.mark.parametrize("spec", DENSE, ids=repr)
def test_the_chain_equals_the_papers_list_form(spec: DenseBlockSpec) -> None:
    """Every layer reading all earlier outputs (the paper's drawing) gives what the chain as coded gives."""
    torch.manual_seed(0)
    block = build(spec).eval()
    x = torch.randn(2, 5, 6, 5)
    outputs = [x]
    for layer in units(block):
        outputs.append(new_channels(layer, torch.cat(outputs, 1), spec))
    assert torch.equal(block(x), torch.cat(outputs, 1))


def new_channels(layer: nn.Module, x: Tensor, spec: DenseBlockSpec) -> Tensor:
    for i in (1, 2) if spec.bottleneck else (1,):
        bn, conv = getattr(layer, f"bn{i}"), getattr(layer, f"conv{i}")
        x = conv(F.relu(bn(x))) if spec.order == "pre" else F.relu(bn(conv(x)))
    return x


@pytest.mark.parametrize("spec", RESIDUAL, ids=repr)
def test_a_unit_adds_its_branch_to_its_shortcut(spec: ResidualSpec) -> None:
    torch.manual_seed(0)
    block = build(spec).eval()
    x = torch.randn(2, 5, 6, 5)
    y = x
    for unit in units(block):
        y = PATHS[spec.unit](unit, y)
    assert torch.equal(block(x), y)


def preactivation(u: nn.Module, x: Tensor) -> Tensor:
    bn: list[nn.Module] = [getattr(u, f"bn{i}") for i in (1, 2, 3)]
    conv: list[nn.Module] = [getattr(u, f"conv{i}") for i in (1, 2, 3)]
    a = F.relu(bn[0](x))
    branch: Tensor = conv[2](F.relu(bn[2](conv[1](F.relu(bn[1](conv[0](a)))))))
    shortcut: Tensor = u.proj(a) if isinstance(u.proj, nn.Module) else x
    return shortcut + branch


def postactivation(u: nn.Module, x: Tensor, convolutions: int = 3) -> Tensor:
    branch = x
    for i in range(1, convolutions + 1):
        branch = getattr(u, f"bn{i}")(getattr(u, f"conv{i}")(branch))
        branch = F.relu(branch) if i < convolutions else branch
    return F.relu(branch + (u.proj(x) if isinstance(u.proj, nn.Module) else x))


PATHS: dict[Unit, Callable[[nn.Module, Tensor], Tensor]] = {
    "preactivation": preactivation,
    "postactivation": postactivation,
    "basic": lambda u, x: postactivation(u, x, convolutions=2),
}


@pytest.mark.parametrize("spec", RESIDUAL, ids=repr)
def test_only_a_unit_that_changes_width_projects(spec: ResidualSpec) -> None:
    projects = [unit.proj is not None for unit in units(build(spec))]
    assert projects == [spec.in_channels != spec.out_channels, False, False]


def test_kernels_of_residual_units() -> None:
    kernels = {
        unit: [m.kernel_size[0] for m in build(ResidualSpec(4, 8, 2, 1, unit)).modules() if isinstance(m, nn.Conv2d)]
        for unit in UNITS
    }
    assert kernels == {"preactivation": [1, 3, 1, 1], "postactivation": [1, 3, 1, 1], "basic": [3, 3, 1]}


def test_stage_one_of_resnet_50_has_its_parameters() -> None:
    block = build(ResidualSpec(64, 256, 64, 3, "postactivation"))
    assert sum(p.numel() for p in block.parameters()) == 215_808


@pytest.mark.parametrize("spec", [DenseBlockSpec(), ResidualSpec()], ids=repr)
def test_an_unknown_implementation_is_named(spec: BlockSpec) -> None:
    words = f"implementation must be one of {', '.join(IMPLEMENTATIONS)}, not 'quick'."
    with pytest.raises(SpecError, match=re.escape(words)):
        build(spec, "quick")


def test_what_is_no_block_is_not_built() -> None:
    with pytest.raises(SpecError, match="spec must be a DenseBlockSpec or a ResidualSpec, not 'x'"):
        build("x")  # type: ignore[arg-type]  # what it refuses
