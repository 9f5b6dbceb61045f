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

SECONDS = 3.0  # for one block, warm-up included
FEWEST, MOST, WARMUP = 3, 30, 2


@dataclass
class _Runs:
    """What one thing to be timed has taken so far, in seconds."""

    run: Callable[[], None]
    before: Callable[[], None]
    budget: float
    spent: float = 0.0
    times: list[float] = field(default_factory=list)

    def take(self, clock: Callable[[Callable[[], None]], float], keep: bool) -> None:
        self.before()
        begun = time.perf_counter()
        taken = clock(self.run)
        self.spent += time.perf_counter() - begun
        if keep:
            self.times.append(taken)

    @property
    def is_open(self) -> bool:
        """Whether there is time for another run, or there have been too few."""
        if len(self.times) < FEWEST:
            return True
        return len(self.times) < MOST and self.spent + max(self.times) <= self.budget

    def timing(self, warmup: int) -> Timing:
        q1, median, q3 = statistics.quantiles([1000 * t for t in self.times], n=4, method="inclusive")
        return Timing(median, q1, q3, len(self.times), warmup)


def time_blocks(blocks: Sequence[nn.Module], x: Tensor) -> tuple[tuple[Timing, ...], tuple[Timing, ...]]:
    """Times ``blocks`` on ``x``; their mode decides whether there is a step.

    Every round runs each block once, so that a noisy neighbour hits all of them alike. A step is
    forward, loss = sum, backward; gradients are dropped before it, outside the clock.

    Args:
        blocks: modules of one mode, on the device and of the type of ``x``.
        x: (N, c0, H, W).

    Returns:
        (forward, step), milliseconds in the order of ``blocks``; step is empty in inference.
    """
    training = blocks[0].training
    kinds = [_forward, _step] if training else [_forward]
    budget = SECONDS / len(kinds)
    runs = [[_Runs(kind(block, x), _dropping_gradients(block), budget) for block in blocks] for kind in kinds]
    interleaved = [runs[kind][i] for i in range(len(blocks)) for kind in range(len(kinds))]
    clock = _clock(x.device)
    with _undisturbed():
        for _ in range(WARMUP):
            for one in interleaved:
                one.take(clock, keep=False)
        while any(one.is_open for one in interleaved):
            for one in interleaved:
                if one.is_open:
                    one.take(clock, keep=True)
    for block in blocks:
        block.zero_grad(set_to_none=True)
    timings = [tuple(one.timing(WARMUP) for one in kind) for kind in runs]
    return timings[0], timings[1] if training else ()


def _forward(block: nn.Module, x: Tensor) -> Callable[[], None]:
    def run() -> None:
        with torch.set_grad_enabled(block.training):
            block(x)

    return run


def _step(block: nn.Module, x: Tensor) -> Callable[[], None]:
    def run() -> None:
        loss = block(x).sum()  # no name for the output: it is given up before backward
        loss.backward()

    return run


def _dropping_gradients(block: nn.Module) -> Callable[[], None]:
    return lambda: block.zero_grad(set_to_none=True)


def _clock(device: torch.device) -> Callable[[Callable[[], None]], float]:
    """A function that runs another and returns the seconds it took on ``device``."""
    if device.type == "cuda":
        return lambda run: _cuda_seconds(run, device)
    return lambda run: _seconds(run, device)


def _cuda_seconds(run: Callable[[], None], device: torch.device) -> float:
    begin = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]  # torch's class is untyped
    end = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]  # torch's class is untyped
    torch.cuda.synchronize(device)
    with torch.cuda.device(device):
        begin.record()
        run()
        end.record()
    torch.cuda.synchronize(device)
    return float(begin.elapsed_time(end)) / 1000


def _seconds(run: Callable[[], None], device: torch.device) -> float:
    synchronise(device)
    begun = time.perf_counter()
    run()
    synchronise(device)
    return time.perf_counter() - begun


def synchronise(device: torch.device) -> None:
    """Waits until ``device`` has done what it was given; a CPU has."""
    if device.type != "cpu":
        torch.accelerator.synchronize(device)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """No garbage collection while the clock runs."""
    enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
