"""What the closed forms say of a whole network. They are worked out in :mod:`explorer.theory`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from explorer.findings.theory import Part
from explorer.spec import NetworkSpec

StageKind = Literal["stem", "dense", "transition", "residual", "head"]


@dataclass(frozen=True)
class StageTheory:
    """One stage of a network.

    Attributes:
        name: ``stem``, ``block 1``, ``transition 1``, ``stage 1``, ``head``.
        in_channels, out_channels: of the map that it reads and gives; the head gives the classes.
        height, width: of the map that it gives; 1 × 1 of the head.
        parts: its modules with parameters, in call order; names begin with the layer's number where there are layers.
    """

    name: str
    kind: StageKind
    in_channels: int
    out_channels: int
    height: int
    width: int
    parts: tuple[Part, ...]

    @property
    def parameters(self) -> int:
        """Biases, and BN weights and biases, included."""
        return sum(part.parameters for part in self.parts)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of convolutions and linear layers, whole batch."""
        return sum(part.macs for part in self.parts)


@dataclass(frozen=True)
class NetworkTheory:
    """Closed forms of one network on one input."""

    spec: NetworkSpec
    stages: tuple[StageTheory, ...]

    @property
    def parameters(self) -> int:
        """Of all stages."""
        return sum(stage.parameters for stage in self.stages)

    @property
    def macs(self) -> int:
        """Of all stages, whole batch."""
        return sum(stage.macs for stage in self.stages)
