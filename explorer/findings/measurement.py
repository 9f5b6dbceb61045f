"""What a worker counted, tracked and timed, where, and why it did not where it did not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from explorer.language import Text


@dataclass(frozen=True)
class Device:
    """Where a number was taken.

    Attributes:
        device: torch's name, such as ``cpu`` or ``cuda:0``.
        name: for people: ``CPU, 2 threads``, ``NVIDIA H100``.
        torch: torch's version.
        threads: CPU threads that torch used.
        total_bytes, free_bytes: the device's memory; for the CPU what this process may use. Both are 0 where unknown.
    """

    device: str
    name: str
    torch: str
    threads: int
    total_bytes: int
    free_bytes: int


@dataclass(frozen=True)
class ModuleRow:
    """One row of the module table (torchinfo), in call order.

    ``layer`` is the Bottleneck or unit it belongs to, from 1; 0 for the block itself.
    ``output_bytes`` is the module's own output; ``macs`` counts convolutions for the whole batch.
    """

    name: str
    kind: str
    depth: int
    layer: int
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    parameters: int
    macs: int
    output_bytes: int


@dataclass(frozen=True)
class Join:
    """A concatenation or an addition as the forward pass really ran it.

    ``inputs`` are the channels joined, in order; ``sources`` names for each input the sources that
    its channels came from, oldest first (0 is the block's input, i the output of Bottleneck i).
    """

    layer: int
    op: Literal["cat", "add"]
    inputs: tuple[int, ...]
    output: int
    sources: tuple[tuple[int, ...], ...] = ()


#: Bands of a :class:`Timeline` besides the layers' own 1, 2 …: parameters and buffers, what backward makes, the input.
OWN, GRADIENTS, INPUT = -2, -1, 0


@dataclass(frozen=True)
class Timeline:
    """Live tensor bytes after every op of a step (forward, loss = sum, backward) or a forward.

    Bands: :data:`OWN`, :data:`GRADIENTS`, :data:`INPUT`, and i for what layer i made.
    ``changes`` lists (step, band, bytes gained or lost); step 0 is what was there before the first op.
    ``ops`` and ``layers`` describe steps 1…; ``backward_from`` is the first backward step, or the
    number of steps + 1 in inference.
    """

    ops: tuple[str, ...]
    layers: tuple[int, ...]
    changes: tuple[tuple[int, int, int], ...]
    backward_from: int
    peak_bytes: int
    peak_step: int

    def bands(self) -> dict[int, list[int]]:
        """Band → bytes alive after each step, step 0 first."""
        steps = len(self.ops) + 1
        held = {band: [0] * steps for _, band, _ in self.changes}
        for step, band, change in self.changes:
            held[band][step] += change
        for row in held.values():
            for step in range(1, steps):
                row[step] += row[step - 1]
        return held

    def totals(self) -> list[int]:
        """All bytes alive after each step, step 0 first."""
        return [sum(column) for column in zip(*self.bands().values(), strict=True)]


@dataclass(frozen=True)
class Problem:
    """Why there is no measurement. It is told where it is met, and put into words for whoever reads it.

    ``kind``: refused · no_device · unsupported · out_of_memory · timed_out · worker_lost · cancelled · failed.
    """

    kind: str
    told: Text
    advised: Text = ""
    needed_bytes: int | None = None
    available_bytes: int | None = None

    @property
    def message(self) -> str:
        """What happened, in the language of whoever asks."""
        return str(self.told)

    @property
    def advice(self) -> str:
        """What to do about it, in the language of whoever asks; empty where there is nothing."""
        return str(self.advised)

    @property
    def words(self) -> ProblemWords:
        """It as documents have it."""
        return ProblemWords(self.kind, self.message, self.advice, self.needed_bytes, self.available_bytes)


@dataclass(frozen=True)
class ProblemWords:
    """A :class:`Problem` in one language."""

    kind: str
    message: str
    advice: str
    needed_bytes: int | None
    available_bytes: int | None


@dataclass(frozen=True)
class BlockMeasurement:
    """What one run of a :class:`explorer.spec.CountJob` counted on the live module.

    ``fake`` tells that it was counted on fake tensors, which hold no memory, because the real block
    was refused; then ``refusal`` says why, ``output_sum`` and ``device_peak_bytes`` are None.
    ``device_peak_bytes`` is the allocator's own figure, where there is one.
    ``saved_extra_bytes`` are saved bytes beyond the module's own tensors (cuDNN's reserve), counted apart.
    """

    device: Device
    fake: bool
    output_shape: tuple[int, ...]
    parameters: int
    macs: int
    saved_bytes: int
    peak_bytes: int
    rows: tuple[ModuleRow, ...]
    joins: tuple[Join, ...]
    timeline: Timeline
    structure: str
    output_sum: float | None = None
    saved_extra_bytes: int = 0
    device_peak_bytes: int | None = None
    refusal: Problem | None = None


@dataclass(frozen=True)
class Timing:
    """Milliseconds of one module: median and middle half over ``runs`` runs after ``warmup`` others."""

    median: float
    q1: float
    q3: float
    runs: int
    warmup: int

    def overlaps(self, other: Timing) -> bool:
        """Whether the middle halves overlap: then no difference was measured."""
        return self.q1 <= other.q3 and other.q1 <= self.q3


@dataclass(frozen=True)
class ImplementationStep:
    """A training step of one implementation: forward, loss = sum, backward.

    Attributes:
        name: the implementation; ``residual`` for a block of residual units.
        kept_bytes: alive between forward and backward, without parameters and buffers.
        peak_bytes: alive at the step's highest point, parameters, buffers and gradients included.
        milliseconds: of each round.
        device_peak_bytes: the allocator's own for one step, less what was there before; None where there is none.
        device_reserved_bytes: what the allocator took from the device for it, its rounding and gaps included.
        problem: why it was not timed, where the others were.
    """

    name: str
    kept_bytes: int
    peak_bytes: int
    milliseconds: tuple[float, ...]
    device_peak_bytes: int | None = None
    device_reserved_bytes: int | None = None
    problem: Problem | None = None


@dataclass(frozen=True)
class Comparison:
    """What one :class:`explorer.spec.CompareJob` measured: its implementations in their order, then its residuals."""

    device: Device
    steps: tuple[ImplementationStep, ...]
    residuals: tuple[ImplementationStep, ...] = ()


@dataclass(frozen=True)
class CompiledStep:
    """What one :class:`explorer.spec.CompiledJob` measured.

    Attributes:
        budget: the activation memory budget that was asked for.
        kept_bytes: what the compiled code handed to autograd, each storage once, and what else stayed alive.
        milliseconds, beside: of each round, of the compiled block and of ``list``.
        compile_seconds: of the first step, which compiles both passes; short where the cache knew them.
    """

    device: Device
    budget: str
    kept_bytes: int
    milliseconds: tuple[float, ...]
    beside: tuple[float, ...]
    compile_seconds: float


@dataclass(frozen=True)
class TimeMeasurement:
    """What one :class:`explorer.spec.TimeJob` measured, in the order of its blocks; ``step`` empty in inference."""

    device: Device
    forward: tuple[Timing, ...]
    step: tuple[Timing, ...] = ()
