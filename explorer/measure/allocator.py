"""What the device's own allocator says of the peak, where it says anything."""

from __future__ import annotations

from collections.abc import Callable

import torch


def watch_peak(device: torch.device) -> Callable[[], int | None]:
    """Begins watching; the returned function gives the highest allocation since, less what was there before.

    CUDA alone reports one. Its allocator rounds, and libraries allocate workspaces through it, so
    this is at least the tensors' own peak and never compared to the byte.
    """
    if device.type != "cuda":
        return lambda: None
    _warm_up(device)
    torch.cuda.synchronize(device)
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    return lambda: int(torch.cuda.max_memory_allocated(device)) - before


def _warm_up(device: torch.device) -> None:
    """Lets cuBLAS allocate the workspace that it keeps for good, which is no block's."""
    a = torch.zeros(8, 8, device=device)
    torch.mm(a, a)
