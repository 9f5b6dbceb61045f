"""A training step told by its tensors: what each was for, and from when to when it was alive."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

#: What a tensor is for. ``own``: parameters and buffers. ``input``: the block's. ``new``: what a Bottleneck adds.
#: ``copy``: a concatenation, or the shared buffer. ``normalised``: BatchNorm and ReLU of a copy. ``middle``: the first
#: convolution's output, its BatchNorm and ReLU. ``gradient``: of maps and of parameters. ``other``: statistics, loss.
Purpose = Literal["own", "input", "new", "copy", "normalised", "middle", "gradient", "other"]
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)


@dataclass(frozen=True)
class Life:
    """One storage of a step.

    Attributes:
        channels: of maps (N, channels, H, W); 0 where its size does not depend on N·H·W.
        fixed_bytes: its bytes where ``channels`` is 0, else 0.
        layer: Bottleneck or unit that made it, from 1; 0 outside any.
        purpose: what it is for.
        born: the step after which it is there; 0 before the first.
        gone: the first step after which it is not; the number of steps + 1 where it outlives them all.
        start: of a copy or of normalised maps: the channel of the concatenation that is its first.
    """

    channels: int
    fixed_bytes: int
    layer: int
    purpose: Purpose
    born: int
    gone: int
    start: int = 0


@dataclass(frozen=True)
class StepTrack:
    """What one :class:`explorer.spec.StepJob` tracked: forward, loss = sum, backward.

    Attributes:
        ops, layers: operator and layer of steps 1, 2 …; step 0 is what was there before.
        backward_from: the first step of backward.
        channel_bytes: A = N·H·W·e, of one channel of maps.
        kept_bytes: alive between forward and backward, without parameters, buffers and the loss.
        lives: every storage, as the fields of a :class:`Life` in their order.
    """

    ops: tuple[str, ...]
    layers: tuple[int, ...]
    backward_from: int
    channel_bytes: int
    kept_bytes: int
    lives: tuple[tuple[int, int, int, int, int, int, int], ...]

    @cached_property
    def storages(self) -> tuple[Life, ...]:
        """``lives`` as :class:`Life`."""
        return tuple(
            Life(channels, fixed, layer, PURPOSES[purpose], *rest)
            for channels, fixed, layer, purpose, *rest in self.lives
        )

    def nbytes(self, life: Life) -> int:
        """Bytes of one storage of this step."""
        return life.channels * self.channel_bytes + life.fixed_bytes

    def alive(self, step: int) -> tuple[Life, ...]:
        """The storages there after ``step``."""
        return tuple(life for life in self.storages if life.born <= step < life.gone)

    @cached_property
    def course(self) -> tuple[tuple[int, int], ...]:
        """(fixed bytes, channels of maps) alive after each step, step 0 first."""
        steps = len(self.ops) + 1
        fixed, channels = [0] * (steps + 1), [0] * (steps + 1)
        for wide, flat, _, _, born, gone, _ in self.lives:
            for row, n in ((fixed, flat), (channels, wide)):
                row[born] += n
                row[min(gone, steps)] -= n
        for step in range(1, steps):
            fixed[step] += fixed[step - 1]
            channels[step] += channels[step - 1]
        return tuple(zip(fixed[:steps], channels[:steps], strict=True))

    @cached_property
    def totals(self) -> tuple[int, ...]:
        """Bytes alive after each step, step 0 first."""
        return tuple(fixed + channels * self.channel_bytes for fixed, channels in self.course)

    @property
    def peak_bytes(self) -> int:
        """At the highest point; parameters, buffers, input and gradients included."""
        return max(self.totals)

    @property
    def peak_step(self) -> int:
        """The first step after which ``peak_bytes`` are alive."""
        return self.totals.index(self.peak_bytes)

    @property
    def is_buffered(self) -> bool:
        """Whether every layer writes into one buffer, instead of concatenations of their own."""
        copies = [life for life in self.storages if life.purpose == "copy"]
        return len(copies) == 1 and copies[0].layer == 0 and copies[0].born < min(self._makings(), default=0)

    def _makings(self) -> list[int]:
        return [life.born for life in self.storages if life.purpose == "new"]

    def written(self) -> tuple[int, int]:
        """Channels that concatenations wrote in forward, and again in backward; a shared buffer's own count once."""
        copies = [life for life in self.storages if life.purpose == "copy"]
        forward = sum(life.channels for life in copies if life.born < self.backward_from)
        return forward, sum(life.channels for life in copies) - forward


@dataclass(frozen=True)
class PlanRow:
    """The largest that fits into each limit, by the peak of a training step.

    Attributes:
        name: the implementation, or ``residual``.
        largest: for each of the plan's limits; 0 where not even 1 fits, None where the search found no end.
        per_one: bytes that one image more takes (``batch``), else 0.
    """

    name: str
    largest: tuple[int | None, ...]
    per_one: int = 0


@dataclass(frozen=True)
class Plan:
    """What one :class:`explorer.spec.PlanJob` found; the last of ``limits`` is the device's own memory, where known.

    ``optimiser_bytes``: state held beside the step, included. ``machine``: the name of the device.
    """

    limits: tuple[int, ...]
    rows: tuple[PlanRow, ...]
    optimiser_bytes: int = 0
    machine: str = ""
