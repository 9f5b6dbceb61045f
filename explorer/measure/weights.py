"""With which weights a layer's first convolution reads each source (Huang et al. 2017, figure 5, there trained)."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor, nn

from explorer.blocks import units
from explorer.findings import ReadWeights, SourceWeights
from explorer.language import said
from explorer.measure.admission import refusal
from explorer.measure.device import describe
from explorer.measure.live import live_block
from explorer.measure.problems import StoppedError
from explorer.spec import BlockSpec, DenseBlockSpec, InputSpec, WeightsJob

#: What to do where the weights alone are too many.
FEWER = said("Lower the growth rate, the bottleneck factor or the number of layers.")


def read_weights(job: WeightsJob) -> ReadWeights:
    """Builds the block on the CPU, where the same seed gives the same weights as anywhere, and reads them.

    Raises:
        StoppedError: the weights do not fit in memory.
    """
    cpu, run = torch.device("cpu"), dataclasses.replace(job.run, mode="inference")
    refused = refusal((job.block,), InputSpec(1, 1, 1), run, describe(cpu))
    if refused is not None:
        raise StoppedError(dataclasses.replace(refused, advised=FEWER))
    rows = [
        tuple(one.mean for one in source_weights(unit, job.block, layer))
        for layer, unit in enumerate(units(live_block(job.block, run, cpu)), 1)
    ]
    return ReadWeights(tuple(rows))


def source_weights(unit: nn.Module, spec: BlockSpec, layer: int) -> tuple[SourceWeights, ...]:
    """Mean and largest |w| of the first convolution of layer ``layer`` (from 1), by source, oldest first."""
    conv = unit.conv1
    assert isinstance(conv, nn.Conv2d)  # every layer of explorer.blocks has one
    found = []
    for source, first, channels in sources(spec, layer):
        size = _wide(conv.weight.detach()[:, first : first + channels]).abs()
        found.append(SourceWeights(source, float(size.mean()), float(size.max())))
    return tuple(found)


def sources(spec: BlockSpec, layer: int) -> tuple[tuple[int, int, int], ...]:
    """(source, first channel, channels) of what layer ``layer`` (from 1) reads, oldest first.

    A residual unit reads one tensor, made by the unit before it.
    """
    if isinstance(spec, DenseBlockSpec):
        return tuple((s, spec.source_start(s), spec.source_channels(s)) for s in range(layer))
    return ((layer - 1, 0, spec.width_before(layer)),)


def _wide(x: Tensor) -> Tensor:
    return x if x.dtype == torch.float64 else x.float()
