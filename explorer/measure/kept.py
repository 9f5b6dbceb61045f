"""What stays alive between forward and backward, whoever keeps it: autograd, or a block that has its own backward."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from explorer.blocks import units
from explorer.measure.track import StepTracker, own_tensors


def step_bytes(block: nn.Module, draw: Callable[[], Tensor]) -> tuple[int, int]:
    """(kept, peak): bytes alive after forward and loss = sum, and at the highest point of the step, backward included.

    Saved tensors are only what autograd was told of: a function with a backward of its own may keep more, and a
    checkpoint keeps its inputs by other means. So this counts storages that are alive. When what is kept is counted,
    the output has been given up; parameters and buffers are left out of it, and count in the peak.

    Args:
        block: in training mode; what :func:`explorer.blocks.build` made, in any implementation.
        draw: makes the input, (N, c0, H, W); it is given up too, and counts only if something keeps it.
    """
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
