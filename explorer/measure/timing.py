"""Time of a forward and of a training step, the runs of all blocks interleaved."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from explorer.findings import Timing

SECONDS = 3.0  # for one block, warm-up included, unless the fewest runs take longer
FEWEST, MOST, WARMUP = 3, 30, 1

#: Runs a block on an input and returns the seconds of its forward pass and of the whole step.
Clock = Callable[[nn.Module, Tensor], tuple[float, float]]


@dataclass
class _Runs:
    """What one block has taken so far, in seconds: ``spent`` in all, and a pair of times for each run kept."""

    block: nn.Module
    spent: float = 0.0
    longest: float = 0.0
    times: list[tuple[float, float]] = field(default_factory=list)

    def take(self, clock: Clock, x: Tensor, keep: bool) -> None:
        self.block.zero_grad(set_to_none=True)
        begun = time.perf_counter()
        taken = clock(self.block, x)
        seconds = time.perf_counter() - begun
        self.spent += seconds
        if keep:
            self.longest = max(self.longest, seconds)
            self.times.append(taken)

    @property
    def is_open(self) -> bool:
        """Whether there is time for another run, or there have been too few."""
        if len(self.times) < FEWEST:
            return True
        return len(self.times) < MOST and self.spent + self.longest <= SECONDS

    def timing(self, place: int) -> Timing:
        """Of the forward passes (0) or of the whole steps (1)."""
        milliseconds = [1000 * pair[place] for pair in self.times]
        q1, median, q3 = statistics.quantiles(milliseconds, n=4, method="inclusive")
        return Timing(median, q1, q3, len(milliseconds), WARMUP)


def time_blocks(blocks: Sequence[nn.Module], x: Tensor) -> tuple[tuple[Timing, ...], tuple[Timing, ...]]:
    """Times ``blocks`` on ``x``; their mode decides whether there is a step.

    Every round runs each block once, so that a noisy neighbour hits all of them alike. A step is
    forward, loss = sum, backward; gradients are dropped before it, outside the clock. The clock is
    read within a step, so that one run times both the step and the forward pass it begins with: a
    block whose step takes a second or more is run one plus three times, and no more.

    Args:
        blocks: modules of one mode, on the device and of the type of ``x``.
        x: (N, c0, H, W).

    Returns:
        (forward, step), milliseconds in the order of ``blocks``; step is empty in inference.
    """
    runs = [_Runs(block) for block in blocks]
    clock = clock_of(x.device)
    with undisturbed():
        for _ in range(WARMUP):
            for one in runs:
                one.take(clock, x, keep=False)
        while any(one.is_open for one in runs):
            for one in runs:
                if one.is_open:
                    one.take(clock, x, keep=True)
    for block in blocks:
        block.zero_grad(set_to_none=True)
    forward = tuple(one.timing(0) for one in runs)
    return forward, tuple(one.timing(1) for one in runs) if blocks[0].training else ()


def clock_of(device: torch.device) -> Clock:
    """What times a step on ``device``."""
    return _cuda_seconds if device.type == "cuda" else _seconds


def run_step(block: nn.Module, x: Tensor, after_forward: Callable[[], None] = lambda: None) -> None:
    """Forward, loss = sum, backward; of a block in evaluation a forward without gradients."""
    if not block.training:
        with torch.no_grad():
            block(x)
        after_forward()
        return
    y = block(x)
    after_forward()
    loss = y.sum()
    del y  # given up before backward, as a network would that has passed it on
    loss.backward()


def _cuda_seconds(block: nn.Module, x: Tensor) -> tuple[float, float]:
    """By events in the device's own queue, which is never waited for within a step."""
    begin, middle, end = (torch.cuda.Event(enable_timing=True) for _ in range(3))  # type: ignore[no-untyped-call]  # torch's class is untyped
    torch.cuda.synchronize(x.device)
    with torch.cuda.device(x.device):
        begin.record()
        run_step(block, x, middle.record)
        end.record()
    torch.cuda.synchronize(x.device)
    return float(begin.elapsed_time(middle)) / 1000, float(begin.elapsed_time(end)) / 1000


def _seconds(block: nn.Module, x: Tensor) -> tuple[float, float]:
    """By the clock on the wall, the device awaited before each look."""
    looks = []

    def look() -> None:
        synchronise(x.device)
        looks.append(time.perf_counter())

    look()
    run_step(block, x, look)
    look()
    return looks[1] - looks[0], looks[2] - looks[0]


def synchronise(device: torch.device) -> None:
    """Waits until ``device`` has done what it was given; a CPU has."""
    if device.type != "cpu":
        torch.accelerator.synchronize(device)


@contextmanager
def undisturbed(collect: bool = True) -> Iterator[None]:
    """No garbage collection while the clock runs; before it, unless what runs is over sooner than that."""
    enabled = gc.isenabled()
    if collect:
        gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
