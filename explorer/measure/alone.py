"""Time of one operator alone, called as the forward pass called it, on the same input."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch

from explorer.findings import Timing
from explorer.measure.timing import synchronise

#: Seconds for one operator: a layer has at most twelve, so that all of them take about half a second.
SECONDS = 0.04
FEWEST, MOST = 5, 20
#: From this many seconds on an operator is run once: a layer of slow ones must not take minutes.
SLOW = 0.2


def time_alone(given: Callable[[], Callable[[], object]], device: torch.device) -> Timing:
    """Times what ``given`` hands out: one call for each run, with an input that it may change.

    The first run warms up; where it took :data:`SLOW` or longer, it is the only one. On CUDA the time
    is the device's own, between two events in its queue.
    """
    first = _seconds(given(), device)
    if first >= SLOW:
        return Timing(1000 * first, 1000 * first, 1000 * first, 1, 0)
    runs = min(MOST, max(FEWEST, int(SECONDS / max(first, 1e-9)) - 1))
    times = [1000 * _seconds(given(), device) for _ in range(runs)]
    q1, median, q3 = statistics.quantiles(times, n=4, method="inclusive")
    return Timing(median, q1, q3, runs, 1)


def _seconds(call: Callable[[], object], device: torch.device) -> float:
    """Of one call; what it returns is freed after the clock has stopped."""
    if device.type == "cuda":
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]  # torch's class is untyped
        synchronise(device)
        with torch.cuda.device(device):
            begin.record()
            held = call()
            end.record()
        synchronise(device)
        del held
        return float(begin.elapsed_time(end)) / 1000
    synchronise(device)
    begun = time.perf_counter()
    held = call()
    synchronise(device)
    seconds = time.perf_counter() - begun
    del held
    return seconds
