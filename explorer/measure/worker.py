"""Prepares a worker process before its first job."""

from __future__ import annotations

import os
from pathlib import Path

import torch


def prepare() -> None:
    """Sets torch's CPU threads: ``EXPLORER_THREADS``, else every core that this process may use."""
    torch.set_num_threads(threads(os.environ.get("EXPLORER_THREADS"), usable_cores()))


def threads(wish: str | None, cores: int) -> int:
    """How many threads to use; a wish that is no whole number from 1 to 1024 counts for nothing."""
    if wish is not None and wish.isascii() and wish.isdigit() and 1 <= int(wish[:9]) <= 1024:
        return int(wish)
    return cores


def usable_cores(root: Path = Path("/")) -> int:
    """Cores that this process may use: its affinity, and a container's share of processor time."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux only
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    return max(1, min(cores, _quota(root) or cores))


def _quota(root: Path) -> int | None:
    """Whole cores, rounded up, that a control group (version 2, then 1) grants; None without a limit."""
    group = root / "sys/fs/cgroup"
    try:
        share, period = (group / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            share = (group / "cpu/cpu.cfs_quota_us").read_text().strip()
            period = (group / "cpu/cpu.cfs_period_us").read_text().strip()
        except OSError:
            return None
    if not share.isdigit() or not period.isdigit() or int(period) == 0:
        return None  # "max" or -1: no limit
    return -(-int(share) // int(period))
