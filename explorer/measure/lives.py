"""A training step followed to its end: what stays alive between forward and backward, and every tensor's life."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode

from explorer.blocks import units
from explorer.findings import StepTrack
from explorer.measure.live import named_block, planned_input
from explorer.measure.track import StepTracker, own_tensors
from explorer.spec import StepJob


def step_track(job: StepJob) -> StepTrack:
    """Follows the step on fake tensors, whose lives are those of real ones and which hold no memory."""
    with FakeTensorMode():
        return followed(
            named_block(job.block, job.run, job.implementation), lambda: planned_input(job.block, job.input, job.run)
        )


def followed(block: nn.Module, draw: Callable[[], Tensor]) -> StepTrack:
    """Runs forward, loss = sum and backward once, and follows every tensor.

    Saved tensors are only what autograd was told of: a function with a backward of its own may keep more, and a
    checkpoint keeps its inputs by other means. So what is kept are the storages alive between the passes. By then
    the output has been given up; parameters and buffers are left out of it, and count in the peak.

    Args:
        block: in training mode; what :func:`explorer.blocks.build` made, in any implementation but ``compiled``,
            whose code runs out of sight.
        draw: makes the input, (N, c0, H, W); it is given up too, and counts as kept only if something keeps it.
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
    return tracker.track(kept)


def _nbytes(tensor: Tensor) -> int:
    nbytes: int = tensor.untyped_storage().nbytes()
    return nbytes
