"""What came out of a Study: plain numbers that travel with unit, convention and origin.

Two halves meet here. :class:`BlockTheory` holds the closed forms of one block,
:class:`BlockMeasurement` what a worker counted on the live module. ``reconciled``
sets them side by side as :class:`Quantity`; where two origins exist they are
compared and a difference is kept, never hidden.

Everything is builtins inside dataclasses, so that a result crosses the worker's
edge without torch (:func:`to_builtins`, :func:`from_builtins`).
"""

from __future__ import annotations

import dataclasses
import types
import typing
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, TypeVar

from explorer.spec import BlockSpec, Study

Origin = Literal["closed_form", "counted", "tracked", "device", "measured"]
Role = Literal["dense", "residual", "second"]
T = TypeVar("T")


# --- one number, its origins, and whether they agree -----------------------------------------------


@dataclass(frozen=True)
class Quantity:
    """One quantity of one block as each origin gives it.

    Attributes:
        name: ``parameters``, ``macs``, ``saved_bytes``, ``peak_bytes``.
        unit: what one is, such as ``bytes``.
        convention: how it is counted, in a few words for the page.
        values: origin → value; an origin that does not apply is absent.
        exact: the origins that must agree to the unit. ``device`` is never among them:
            an allocator rounds and keeps workspaces.
        ran: whether the live number was taken while the block ran; False on fake tensors.
    """

    name: str
    unit: str
    convention: str
    values: dict[str, int] = field(default_factory=dict)
    exact: tuple[str, ...] = ("closed_form", "counted", "tracked")
    ran: bool = True

    @property
    def value(self) -> int | None:
        """The number to show: the closed form where there is one, else the live one."""
        return next((self.values[o] for o in ("closed_form", "counted", "tracked", "device") if o in self.values), None)

    @property
    def live(self) -> int | None:
        """The number counted or tracked on the live module, if it has run."""
        return next((self.values[o] for o in ("counted", "tracked") if o in self.values), None)

    @property
    def differs(self) -> int:
        """Live value less closed form; 0 where they agree or one of them is missing."""
        form = self.values.get("closed_form")
        return 0 if form is None or self.live is None else self.live - form

    @property
    def stamp(self) -> str:
        """What the page writes beside it: ``✓ counted`` means that closed form and count agree.

        ``✓ counted, not run`` says the same of a count on fake tensors.
        """
        if self.differs:
            return "✕ counts differ"
        if self.live is None:
            return "closed form" if "closed_form" in self.values else "not measured"
        if "closed_form" in self.values:
            return "✓ counted" if self.ran else "✓ counted, not run"
        return "tracked" if self.ran else "tracked, not run"


# --- closed forms --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Part:
    """One module of a layer, by its real name: ``bn1``, ``conv1``, ``proj.0`` …"""

    name: str
    kind: Literal["bn", "conv1x1", "conv3x3"]
    in_channels: int
    out_channels: int
    parameters: int
    macs: int  # 1 MAC = 1 multiply-accumulate; convolutions only, the whole batch


@dataclass(frozen=True)
class LayerTheory:
    """Closed forms of one Bottleneck or residual unit.

    Attributes:
        index: from 1.
        in_channels: channels it reads.
        out_channels: channels after it: the concatenation's width, or the sum's.
        new_channels: channels it makes itself: k, or the unit's output.
        saved_bytes: what autograd keeps for backward because of this layer.
        written_channels: channels that its concatenation writes (0 for residual units).
    """

    index: int
    in_channels: int
    out_channels: int
    new_channels: int
    parts: tuple[Part, ...]
    saved_bytes: int
    written_channels: int

    @property
    def parameters(self) -> int:
        """BN weights and biases included."""
        return sum(p.parameters for p in self.parts)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of its convolutions, whole batch."""
        return sum(p.macs for p in self.parts)


@dataclass(frozen=True)
class BlockTheory:
    """Closed forms of one block on one input.

    ``saved_bytes`` is 0 in inference. ``peak_bytes`` is None in training, which has no closed peak;
    in inference it includes parameters, buffers and the input, like the tracked peak.
    """

    spec: BlockSpec
    output_shape: tuple[int, int, int, int]
    layers: tuple[LayerTheory, ...]
    saved_bytes: int
    peak_bytes: int | None
    parameter_bytes: int
    buffer_bytes: int
    input_bytes: int
    written_bytes: int
    receptive_field: int

    @property
    def parameters(self) -> int:
        """BN weights and biases included."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all convolutions, whole batch."""
        return sum(layer.macs for layer in self.layers)

    @property
    def written_channels(self) -> int:
        """Channels that all concatenations write."""
        return sum(layer.written_channels for layer in self.layers)


@dataclass(frozen=True)
class Counterpart:
    """A residual block to compare with, how it was chosen and what stays unmatched.

    Attributes:
        label: short, for rows and legends: ``residual × 6``, ``ResNet-50 × 3``.
        words: for a sentence: ``six residual units of the same shape``.
        matched: what was matched: a :data:`explorer.spec.Match`, or ``canonical``.
        remainder: residual's value less dense's in what was matched; 0 for ``depth`` when equal.
        note: one sentence on what remains unmatched, or empty.
    """

    theory: BlockTheory
    label: str
    words: str
    matched: str
    remainder: int
    note: str = ""


@dataclass(frozen=True)
class StudyTheory:
    """All that a Study's closed forms say, known before torch has loaded."""

    study: Study
    dense: BlockTheory
    residual: Counterpart
    second: Counterpart


# --- measurement ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Device:
    """Where a number was taken.

    Attributes:
        device: torch's name, such as ``cpu`` or ``cuda:0``.
        name: for people: ``CPU, 2 threads``, ``NVIDIA H100``.
        torch: torch's version.
        threads: CPU threads that torch used.
        total_bytes, free_bytes: the device's memory; for the CPU what this process may use.
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
    """Why there is no measurement, in words for a person.

    ``kind``: refused · no_device · unsupported · out_of_memory · timed_out · worker_lost · cancelled · failed.
    """

    kind: str
    message: str
    advice: str = ""
    needed_bytes: int | None = None
    available_bytes: int | None = None


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
class TimeMeasurement:
    """What one :class:`explorer.spec.TimeJob` measured, in the order of its blocks; ``step`` empty in inference."""

    device: Device
    forward: tuple[Timing, ...]
    step: tuple[Timing, ...] = ()


# --- both together --------------------------------------------------------------------------------


@dataclass(frozen=True)
class BlockFindings:
    """One block: closed forms, what was counted so far, and why not if not."""

    role: Role
    label: str
    theory: BlockTheory
    parameters: Quantity
    macs: Quantity
    saved_bytes: Quantity
    peak_bytes: Quantity
    measurement: BlockMeasurement | None = None
    forward: Timing | None = None
    step: Timing | None = None
    problem: Problem | None = None


@dataclass(frozen=True)
class Findings:
    """A Study's findings as far as they are known. ``waiting`` names the roles still being counted."""

    study: Study
    theory: StudyTheory
    dense: BlockFindings
    residual: BlockFindings
    second: BlockFindings
    device: Device | None = None
    timing_problem: Problem | None = None
    waiting: tuple[str, ...] = ()

    @property
    def blocks(self) -> tuple[BlockFindings, BlockFindings, BlockFindings]:
        """Dense, the chosen counterpart, the second one."""
        return self.dense, self.residual, self.second

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every reason for which something was not measured, each once, in the blocks' order."""
        found = [block.problem for block in self.blocks] + [self.timing_problem]
        return tuple(dict.fromkeys(problem for problem in found if problem))


CONVENTIONS: dict[str, tuple[str, str]] = {
    "parameters": ("parameters", "BN weight and bias counted"),
    "macs": ("MACs", "1 MAC = 1 multiply-accumulate; convolutions only, whole batch, forward"),
    "saved_bytes": ("bytes", "kept by autograd for backward, each storage once; input included, parameters not"),
    "peak_bytes": ("bytes", "live tensor bytes at their highest; parameters, buffers and input included"),
}


def reconciled(
    role: Role,
    label: str,
    theory: BlockTheory,
    measurement: BlockMeasurement | None = None,
    forward: Timing | None = None,
    step: Timing | None = None,
    problem: Problem | None = None,
) -> BlockFindings:
    """Closed forms and counts side by side, one :class:`Quantity` each."""
    live = measurement
    found: dict[str, dict[str, int | None]] = {
        "parameters": {"closed_form": theory.parameters, "counted": live.parameters if live else None},
        "macs": {"closed_form": theory.macs, "counted": live.macs if live else None},
        "saved_bytes": {"closed_form": theory.saved_bytes, "tracked": live.saved_bytes if live else None},
        "peak_bytes": {
            "closed_form": theory.peak_bytes,
            "tracked": live.peak_bytes if live else None,
            "device": live.device_peak_bytes if live else None,
        },
    }
    quantities = {
        name: Quantity(
            name,
            *CONVENTIONS[name],
            {o: v for o, v in values.items() if v is not None},
            ran=live is None or not live.fake,
        )
        for name, values in found.items()
    }
    return BlockFindings(
        role, label, theory, **quantities, measurement=live, forward=forward, step=step, problem=problem
    )


# --- the worker's edge ----------------------------------------------------------------------------


def to_builtins(value: Any) -> Any:
    """``value`` as dicts, tuples, numbers and text, however deep its dataclasses nest."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_builtins(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, tuple | list):
        return tuple(to_builtins(item) for item in value)
    if isinstance(value, dict):
        return {key: to_builtins(item) for key, item in value.items()}
    return value


def from_builtins(kind: type[T], data: Any) -> T:
    """The dataclass ``kind`` that :func:`to_builtins` (or JSON) wrote as ``data``.

    Raises:
        TypeError: ``data`` does not fit ``kind``.
    """
    return typing.cast(T, _decoded(kind, data))


@lru_cache(maxsize=64)
def _given_fields(kind: type) -> dict[str, Any]:
    """Field name → type, of the fields that a dataclass is made from. Evaluating annotations is slow."""
    hints = typing.get_type_hints(kind)
    return {f.name: hints[f.name] for f in dataclasses.fields(kind) if f.init}


def _decoded(kind: Any, data: Any) -> Any:
    if kind is int or kind is str:  # thousands in a timeline
        return data
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        if not isinstance(data, dict):
            raise TypeError(f"{kind.__name__} from {type(data).__name__}")
        known = _given_fields(kind)
        return kind(**{name: _decoded(known[name], item) for name, item in data.items() if name in known})
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        if data is None and type(None) in args:
            return None
        return _decoded(_chosen([a for a in args if a is not type(None)], data), data)
    if origin is tuple:
        inner = [args[0]] * len(data) if len(args) == 2 and args[1] is Ellipsis else list(args)
        return tuple(_decoded(a, item) for a, item in zip(inner, data, strict=True))
    if origin is dict:
        return {key: _decoded(args[1], item) for key, item in data.items()}
    return data


def _chosen(kinds: list[Any], data: Any) -> Any:
    """Which of several kinds ``data`` is; dataclasses are told apart by their ``kind`` field."""
    if len(kinds) == 1:
        return kinds[0]
    name = data.get("kind") if isinstance(data, dict) else None
    for kind in kinds:
        if name is not None and getattr(kind, "kind", None) == name:
            return kind
    raise TypeError(f"none of {', '.join(k.__name__ for k in kinds)} is of kind {name!r}")
