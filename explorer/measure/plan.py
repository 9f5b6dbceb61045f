"""What fits: the largest batch, resolution or number of Bottlenecks whose training step stays within a limit.

All is counted on fake tensors. What is alive after an operator is a + b·A bytes: b channels of maps at A = N·H·W·e,
and a bytes that do not depend on the maps' size. So one step on large maps tells a and b of all operators, and with
them the peak at any size, as long as the block runs the same operators there. Whether it does is seen on a second
step, at the smallest answer. On small maps ``shared`` works in larger parts, other ones for other N·H·W: there each
size has the lines of its own parts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from explorer.blocks.shared import part_channels
from explorer.findings import Plan, PlanRow, StepTrack
from explorer.measure.device import describe, resolve
from explorer.measure.live import dtype_of, named_block
from explorer.measure.lives import followed
from explorer.measure.problems import StoppedError
from explorer.spec import BlockSpec, DenseBlockSpec, InputSpec, PlanJob, RunSpec
from explorer.theory import block_theory, optimiser_bytes
from explorer.theory.growth import ENDS

_SIDE = 2**10  # of the maps of the step that tells the lines: ``shared`` works in its smallest parts there


def plan(job: PlanJob) -> Plan:
    """Searches for every implementation, and for the residual block where its shape does not grow with the search."""
    machine, name = _machine(job.run.device)
    limits = (*job.limits, *machine)
    blocks: list[tuple[str, str, BlockSpec]] = [(name, name, job.block) for name in job.implementations]
    if job.residual is not None and job.largest != "layers":
        blocks.append(("residual", "concat", job.residual))
    rows = [_row(name, spec, written, job, limits) for name, written, spec in blocks]
    state = optimiser_bytes(job.block, job.run.dtype, job.optimiser)
    return Plan(limits, tuple(rows), state, name)


def _machine(device: str) -> tuple[tuple[int, ...], str]:
    """The device's memory and name, or nothing: what fits into other ones can be told without it."""
    try:
        place = describe(resolve(device))
    except StoppedError:
        return (), ""
    return ((place.total_bytes,), place.name) if place.total_bytes else ((), "")


def _row(name: str, spec: BlockSpec, written: str, job: PlanJob, limits: tuple[int, ...]) -> PlanRow:
    if job.largest == "layers":
        assert isinstance(spec, DenseBlockSpec)
        depths = _Depths(spec, job, written)
        found = {limit: depths.largest(limit) for limit in sorted(set(limits))}
        return PlanRow(name, tuple(found[limit] for limit in limits))
    state = optimiser_bytes(spec, job.run.dtype, job.optimiser)
    sizes = _Sizes(spec, job.input, job.run, written, along=job.largest)
    found = {limit: sizes.largest(limit - state) for limit in sorted(set(limits))}
    per_one = 0
    if job.largest == "batch" and limits:
        n = found[max(limits)]
        per_one = 0 if n == 0 else sizes.by_image(n or sizes.most)
    return PlanRow(name, tuple(found[limit] for limit in limits), per_one)


@dataclass(frozen=True)
class _Course:
    """A step's operators: after each, the bytes alive that do not depend on the maps' size, and channels of maps."""

    after: tuple[tuple[int, int], ...]

    def totals(self, channel_bytes: int) -> tuple[int, ...]:
        """Bytes alive after each operator, where a channel of maps takes ``channel_bytes``."""
        return tuple(fixed + channels * channel_bytes for fixed, channels in self.after)

    def peak(self, channel_bytes: int) -> int:
        """The most of :meth:`totals`."""
        return max(fixed + channels * channel_bytes for channels, fixed in self._highest.items())

    @cached_property
    def _highest(self) -> dict[int, int]:
        """Channels of maps → the most other bytes alive with so many."""
        return {channels: fixed for fixed, channels in sorted(self.after)}


class _Sizes:
    """Peaks of one block's step over batch or resolution, the rest of the input as it is."""

    def __init__(self, spec: BlockSpec, input: InputSpec, run: RunSpec, written: str, *, along: str) -> None:
        self._spec, self._run, self._written = spec, run, written
        self._shape: Callable[[int], tuple[int, int, int]]
        if along == "batch":
            self.most = ENDS["batch"]
            self._shape = lambda n: (n, input.height, input.width)
        else:
            self.most = ENDS["resolution"]
            self._shape = lambda n: (input.batch, n, n)
        self._least = 1 if self._positions(1) > 1 else 2  # BatchNorm needs two values a channel
        self._courses: dict[int, _Course] = {}
        self._proved: dict[int, int] = {}  # operators → the smallest size at which they were seen to run

    def largest(self, limit: int) -> int | None:
        """The largest whose step peaks at ``limit`` bytes or less: 0 if none does, None if all do.

        It needs the fewest steps where limits are asked in rising order.
        """
        if self._own > limit:
            return 0
        if self._told(self.most, self.most) <= limit:
            return None
        n = self.most
        while True:
            # If it runs other operators than n, in larger parts, these take no less: no larger size fits.
            found = self._fitting(limit, n)
            if found < self._least:
                return 0
            if self._operators(found) == self._operators(n):
                break
            n = found
        if self._is_proved(found):
            return found
        return last(lambda size: max(self._totals(size)) <= limit, self._least - 1, found + 1, floor=0)

    def by_image(self, n: int) -> int:
        """Bytes that one more takes at ``n``, a large one."""
        return self._told(n + 1, self.most) - self._told(n, self.most)

    def _fitting(self, limit: int, n: int) -> int:
        """The largest of ``n`` and less that fits if the operators of ``n`` run there, or 0."""
        return last(lambda size: self._told(size, n) <= limit, 0, n + 1)

    def _told(self, size: int, n: int) -> int:
        """Bytes of the peak at ``size`` if the operators of ``n`` run there."""
        return self._course(n).peak(self._channel_bytes(size))

    def _course(self, n: int) -> _Course:
        operators = self._operators(n)
        if operators not in self._courses:
            # Rather large maps, whose tensors look like nothing else.
            shape = (1, _SIDE, _SIDE) if operators == self._operators(self.most) else self._shape(n)
            self._courses[operators] = _Course(step(self._spec, self._run, self._written, shape).course)
        return self._courses[operators]

    def _operators(self, n: int) -> int:
        """Of two sizes with the same, the same operators run."""
        return part_channels(self._positions(n)) if self._written == "shared" else 0

    def _is_proved(self, n: int) -> bool:
        """Whether the step at ``n``, and so at all larger sizes of its operators, is what the course tells."""
        operators = self._operators(n)
        if n >= self._proved.get(operators, self.most + 1):
            return True
        if self._totals(n) != self._course(n).totals(self._channel_bytes(n)):
            return False
        self._proved[operators] = n
        return True

    @cached_property
    def _own(self) -> int:
        """Bytes of parameters and buffers."""
        theory = block_theory(self._spec, InputSpec(), self._run)
        return theory.parameter_bytes + theory.buffer_bytes

    def _channel_bytes(self, n: int) -> int:
        return self._run.bytes_per_element * self._positions(n)

    def _positions(self, n: int) -> int:
        images, height, width = self._shape(n)
        return images * height * width

    def _totals(self, n: int) -> tuple[int, ...]:
        return step(self._spec, self._run, self._written, self._shape(n)).totals


class _Depths:
    """Peaks of a Dense Block's step over its number of Bottlenecks, the optimiser's state included."""

    def __init__(self, spec: DenseBlockSpec, job: PlanJob, written: str) -> None:
        self._spec, self._job, self._written = spec, job, written
        self._peaks: dict[int, int] = {}

    def largest(self, limit: int) -> int | None:
        """The largest that fits: 0 if not even one Bottleneck does, None if the most do."""
        for layers in (1, 2, 4, 8):  # quickly run, and enough to guess the others from
            if self._peak(layers) > limit:
                break
        while True:
            low = max((n for n, peak in self._peaks.items() if peak <= limit), default=0)
            high = min((n for n, peak in self._peaks.items() if peak > limit), default=ENDS["layers"] + 1)
            if high - low == 1:
                return low if low < ENDS["layers"] else None
            guess = last(lambda n: self._guess(n) <= limit, low, high)
            self._peak(guess if guess > low else low + 1)

    def _guess(self, layers: int) -> float:
        """By the parabola through the three known peaks that are nearest."""
        near = sorted(sorted(self._peaks, key=lambda n: abs(n - layers))[:3])
        total = 0.0
        for n in near:
            share = 1.0
            for other in near:
                share *= (layers - other) / (n - other) if other != n else 1
            total += share * self._peaks[n]
        return total

    def _peak(self, layers: int) -> int:
        if layers not in self._peaks:
            spec, size = replace(self._spec, layers=layers), self._job.input
            totals = step(spec, self._job.run, self._written, (size.batch, size.height, size.width)).totals
            state = optimiser_bytes(spec, self._job.run.dtype, self._job.optimiser)
            self._peaks[layers] = max(totals) + state
        return self._peaks[layers]


def step(spec: BlockSpec, run: RunSpec, written: str, shape: tuple[int, int, int]) -> StepTrack:
    """A training step on fake tensors, followed.

    Args:
        spec: the block.
        run: of which the type counts.
        written: how the block is written; residual units as ``concat``.
        shape: N, H and W of the input, which may be larger than an :class:`InputSpec` allows.
    """
    images, height, width = shape
    with FakeTensorMode():
        block = named_block(spec, run, written)
        return followed(block, lambda: torch.empty((images, spec.in_channels, height, width), dtype=dtype_of(run)))


def last(holds: Callable[[int], bool], low: int, high: int, *, floor: int | None = None) -> int:
    """The last of ``low`` … ``high`` − 1 for which ``holds``, which is true up to it and false from there on.

    ``low`` itself is taken to hold; where nothing above it does, the answer is ``floor``, or ``low`` without one.
    """
    first = low
    while high - low > 1:
        middle = (low + high) // 2
        if holds(middle):
            low = middle
        else:
            high = middle
    return floor if floor is not None and low == first else low
