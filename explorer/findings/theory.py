"""What the closed forms say of a block and of a Study. They are worked out in :mod:`explorer.theory`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from explorer.spec import BlockSpec, Study


@dataclass(frozen=True)
class Part:
    """One module of a layer, by its real name: ``bn1``, ``conv1``, ``proj.0`` …"""

    name: str
    kind: Literal["bn", "conv1x1", "conv3x3", "conv7x7", "linear"]
    in_channels: int
    out_channels: int
    parameters: int
    macs: int  # 1 MAC = 1 multiply-accumulate; convolutions and linear layers, the whole batch


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

    @property
    def counterparts(self) -> tuple[Counterpart, ...]:
        """Both residual blocks, or the one that both are."""
        same = self.second.theory.spec == self.residual.theory.spec
        return (self.residual,) if same else (self.residual, self.second)
