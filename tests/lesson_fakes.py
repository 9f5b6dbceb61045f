"""What stands in for a worker on the Lesson page: closed forms, and counts as full as its measures read them."""

from __future__ import annotations

from typing import Any

from explorer.findings import Check, Join, ModuleRow, Timeline
from explorer.spec import CheckJob, CountJob, DenseBlockSpec, DenseNetSpec, InputSpec, NetworkSpec, ResNetSpec
from explorer.study.lesson_measure import FORWARD, SMALL
from explorer.theory import block_theory, network_theory

_IMAGES = InputSpec(1, 64, 64)
_KINDS = {"bn": "BatchNorm2d", "conv1x1": "Conv2d", "conv3x3": "Conv2d"}


def checked(job: CheckJob, torch: str = "2.13.0") -> Check:
    """What a worker would find, by closed forms."""
    block, side = job.block, job.input.height
    c, out = block.in_channels, block.out_channels
    found: dict[str, float]
    if job.what == "joined":
        found = {"in_channels": c, "cat_channels": c + block.growth_rate, "cat_same": c}
        found |= {"add_channels": c, "add_same": 0}
    elif job.what == "drawings":
        layers = block.layers
        found = {"layers": layers, "arrows": layers * (layers + 1) // 2, "cats": layers, "list_cats": layers}
        found |= {"difference": 0}
    elif job.what == "transition":
        found = {"channels_in": out, "channels_out": out // 2, "side_in": side, "side_out": side // 2}
        channels, share = (out // 2) / out, (side // 2) / side
        found |= {"channels": channels, "side": share, "bytes": channels * share**2, "macs": share**2}
        found |= {"difference": 6e-7}
    else:
        specs: dict[str, NetworkSpec] = {"dense": DenseNetSpec(growth_rate=block.growth_rate), "resnet": ResNetSpec()}
        found = {name: network_theory(spec, _IMAGES).parameters for name, spec in specs.items()}
    return Check(tuple((name, float(value)) for name, value in found.items()), torch)


def as_counted(job: CountJob) -> dict[str, Any]:
    """What else a count of the lesson holds: every module, every concatenation, every operator; nothing of others."""
    if (job.input, job.run) != (SMALL, FORWARD):
        return {}
    theory, size = block_theory(job.block, job.input, job.run), (SMALL.height, SMALL.width)
    parts = [(layer.index, part) for layer in theory.layers for part in layer.parts]
    rows = tuple(
        ModuleRow(
            part.name,
            _KINDS[part.kind],
            3,
            layer,
            (1, part.in_channels, *size),
            (1, part.out_channels, *size),
            part.parameters,
            part.macs,
            4 * part.out_channels * SMALL.positions,
        )
        for layer, part in parts
    )
    ops: list[tuple[str, int]] = []
    for layer, part in parts:
        ops += [(name, layer) for name in (("native_batch_norm", "relu") if part.kind == "bn" else ("convolution",))]
    names, layers = zip(*ops, ("end", 0), strict=True)
    found: dict[str, Any] = {"rows": rows, "timeline": Timeline(names, layers, ((0, 0, 8),), len(ops) + 2, 8, 0)}
    if isinstance(job.block, DenseBlockSpec):
        found["joins"] = tuple(
            Join(layer.index, "cat", (layer.in_channels, layer.new_channels), layer.out_channels)
            for layer in theory.layers
        )
    return found
