"""What stays alive between forward and backward, whoever keeps it: autograd, or a block that has its own backward."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from explorer.blocks import units
from explorer.measure.track import StepTracker, own_tensors


def kept_bytes(block: nn.Module, draw: Callable[[], Tensor]) -> int:
    """Bytes alive after ``block``'s forward and loss = sum, its output given up; parameters and buffers left out.

    Saved tensors are only what autograd was told of: a function with a backward of its own may keep more, and a
    checkpoint keeps its inputs by other means. So this counts storages that are alive.

    Args:
        block: in training mode; what :func:`explorer.blocks.build` made, in any implementation.
        draw: makes the input, (N, c0, H, W); it is given up too, and counts only if something keeps it.
    """
    return step_bytes(block, draw)[0]


def step_bytes(block: nn.Module, draw: Callable[[], Tensor]) -> tuple[int, int]:
    """:func:`kept_bytes`, and all bytes alive at the highest point of the whole step, backward included."""
    x = draw()
    tracker = StepTracker(block, units(block), x)
    with tracker.forward():
        loss = block(x).sum()
    del x
    kept = tracker.live_bytes - sum(map(_nbytes, own_tensors(block))) - _nbytes(loss)
    with tracker.backward():
        loss.backward()
    block.zero_grad(set_to_none=True)
    return kept, tracker.timeline().peak_bytes


def _nbytes(tensor: Tensor) -> int:
    nbytes: int = tensor.untyped_storage().nbytes()
    return nbytes
