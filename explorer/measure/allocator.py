"""What the device's own allocator says of the peak, where it says anything."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import torch


def is_watched(device: torch.device) -> bool:
    """Whether the allocator of ``device`` tells its peak."""
    return device.type == "cuda"


def watch_peak(device: torch.device) -> Callable[[], int | None]:
    """Begins watching; the returned function gives the highest allocation since, less what was there before.

    CUDA alone reports one. Its allocator rounds, and libraries allocate workspaces through it, so
    this is at least the tensors' own peak and never compared to the byte.
    """
    if not is_watched(device):
        return lambda: None
    _warm_up(device)
    torch.cuda.synchronize(device)
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    return lambda: int(torch.cuda.max_memory_allocated(device)) - before


def watch_step(device: torch.device) -> Callable[[], tuple[int | None, int | None]]:
    """As :func:`watch_peak`; beside it what the allocator takes from ``device`` meanwhile, its gaps included."""
    if not is_watched(device):
        return lambda: (None, None)
    torch.cuda.empty_cache()
    peak = watch_peak(device)
    before = torch.cuda.memory_reserved(device)
    return lambda: (peak(), int(torch.cuda.max_memory_reserved(device)) - before)


def give_back() -> None:
    """Gives an accelerator's cached memory back: to another process it looks taken."""
    if torch.accelerator.is_available():
        with contextlib.suppress(RuntimeError):  # a device that is broken must not hide why
            torch.accelerator.empty_cache()


def _warm_up(device: torch.device) -> None:
    """Lets cuBLAS allocate the workspace that it keeps for good, which is no block's."""
    a = torch.zeros(8, 8, device=device)
    torch.mm(a, a)
