"""One step of a block, watched: the counts that a :class:`explorer.findings.BlockMeasurement` holds."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from explorer.blocks import units
from explorer.findings import Join, Timeline
from explorer.measure.saved import SavedBytes
from explorer.measure.track import StepTracker


@dataclass(frozen=True)
class Counts:
    """What one step counted; the fields are those of :class:`explorer.findings.BlockMeasurement`."""

    output_shape: tuple[int, ...]
    parameters: int
    macs: int
    saved_bytes: int
    saved_extra_bytes: int
    joins: tuple[Join, ...]
    timeline: Timeline
    output_sum: float | None


def count_step(block: nn.Module, x: Tensor, with_sum: bool = True) -> Counts:
    """Runs ``block`` once on ``x`` and counts: forward, loss = sum, backward in training, else a forward.

    The output is given up before backward begins, as a network would that has passed it on.

    Args:
        block: what :func:`explorer.blocks.build` made; its mode decides whether backward runs.
        x: (N, c0, H, W) in the block's type and on its device.
        with_sum: False for fake tensors, which have no values.
    """
    saved = SavedBytes(block, x.dtype)
    tracker = StepTracker(block, units(block), x)
    total: float | None = None
    if block.training:
        with saved.watching(), tracker.forward():
            y = block(x)
            loss = y.sum()
        shape = tuple(y.shape)
        total = sum_of(y.detach()) if with_sum else None
        del y
        with tracker.backward():
            loss.backward()
        del loss
    else:
        with torch.no_grad():
            with tracker.forward():
                y = block(x)
            shape = tuple(y.shape)
            total = sum_of(y) if with_sum else None
    parameters = sum(p.numel() for p in block.parameters())
    return Counts(
        shape,
        parameters,
        tracker.macs,
        saved.saved,
        saved.extra,
        tuple(tracker.joins),
        tracker.timeline(),
        total,
    )


def sum_of(y: Tensor) -> float:
    """The sum of ``y``, in at least float32 because 16 bits overflow, and image by image to copy no more at once."""
    wide = torch.float64 if y.dtype == torch.float64 else torch.float32
    return sum(float(image.sum(dtype=wide)) for image in y)
