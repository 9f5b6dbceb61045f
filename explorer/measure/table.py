"""The module table: every module that runs, in call order, with shapes and parameters by torchinfo."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from explorer.blocks import units
from explorer.findings import ModuleRow
from explorer.measure.live import planned_block, planned_input
from explorer.spec import BlockSpec, InputSpec, RunSpec


def module_rows(spec: BlockSpec, input: InputSpec, run: RunSpec) -> tuple[ModuleRow, ...]:
    """The rows of the block's own modules; none, with a warning, where torchinfo is not installed.

    torchinfo runs the module once more, on torch's meta device: no memory, no arithmetic, and the
    running statistics of the block that was measured stay as they are. Its own MACs are not used
    (it adds the BN weights), nor its memory (it never sees a concatenation).
    """
    try:
        import torchinfo
    except ImportError:
        warnings.warn("torchinfo is not installed, so the module table is empty", RuntimeWarning, stacklevel=2)
        return ()
    with torch.device("meta"):
        block, x = planned_block(spec, run), planned_input(spec, input, run)
    summary = torchinfo.summary(block, input_data=x, mode="train" if block.training else "eval", verbose=0)
    return tuple(_rows(block, summary.summary_list, run.bytes_per_element))


def _rows(block: nn.Module, infos: list[Any], element: int) -> Iterator[ModuleRow]:
    places = {id(unit): (number, path) for number, (path, unit) in enumerate(_units(block), 1)}
    paths = {id(module): path for path, module in block.named_modules()}
    shapes = {id(info.module): tuple(info.output_size) for info in infos}
    layer, unit_path = 0, ""
    for info in infos:
        layer, unit_path = places.get(id(info.module), (layer, unit_path))
        path = paths[id(info.module)]
        # Inside a unit a name is the unit's own: bn1, proj.0; the unit itself is named from the block.
        name = path.removeprefix(f"{unit_path}.") if unit_path else path
        yield ModuleRow(
            name=name or info.class_name,
            kind=info.class_name,
            depth=info.depth,
            layer=layer,
            input_shape=tuple(int(n) for n in info.input_size),
            output_shape=tuple(int(n) for n in info.output_size),
            parameters=int(info.num_params),
            macs=sum(_macs(m, shapes[id(m)]) for m in info.module.modules() if isinstance(m, nn.Conv2d)),
            output_bytes=element * _product(info.output_size),
        )


def _units(block: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    wanted = {id(unit) for unit in units(block)}
    return ((path, module) for path, module in block.named_modules() if id(module) in wanted)


def _macs(conv: nn.Conv2d, output_shape: tuple[int, ...]) -> int:
    """Multiply-accumulates of an ungrouped convolution, whole batch: every weight once per output position."""
    batch, _, height, width = output_shape
    return conv.weight.numel() * batch * height * width


def _product(shape: Any) -> int:
    product = 1
    for n in shape:
        product *= int(n)
    return product
