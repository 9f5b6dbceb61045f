"""The two numbers of a training step that matter most: what is kept for backward, and the peak."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from explorer.measure.lives import followed


def step_bytes(block: nn.Module, draw: Callable[[], Tensor]) -> tuple[int, int]:
    """(kept, peak): bytes alive after forward and loss = sum, and at the highest point of the step, backward included.

    Args: those of :func:`explorer.measure.lives.followed`, which says what counts.
    """
    track = followed(block, draw)
    return track.kept_bytes, track.peak_bytes
