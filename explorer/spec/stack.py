"""Stacks of layers whose gradients are measured: plain, residual and dense ones, and under which conditions."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from explorer.language import N_, said
from explorer.spec.block import DenseBlockSpec
from explorer.spec.domains import Choice, Flag, SpecError, Validated, Whole, domain_of

Joined = Literal["plain", "residual", "dense"]
Init = Literal["default", "he", "half"]
Data = Literal["digits", "noise"]
StackUnit = Literal["preactivation", "bottleneck"]
GradientOf = Literal["raw", "free", "weights"]
LearningRate = Literal["0.1", "0.02", "0.002", "0.0002"]

WIDEST = 4 * (4096 + 64 * 512)

#: Images a gradient is measured on, in one batch; their height and width, channels and classes.
IMAGES, SIDE, COLOURS, CLASSES = 64, 8, 1, 10


@dataclass(frozen=True)
class DenseStackSpec(Validated):
    """Bottlenecks that read the concatenation of what came before; the loss reads that of everything.

    Attributes:
        reach: the longest skip that is kept, in layers; None keeps all. Layer ℓ reads the sources from ℓ − reach on,
            so with 1 it reads the layer before it alone: fewer inputs and fewer weights, no zeros.
        loss_reads_all: whether the loss reads every source, whatever ``reach`` says of the layers.
    """

    in_channels: int = domain_of(Whole(1, 4096), 24, N_("channels that the stem emits, c0"))
    growth_rate: int = domain_of(Whole(1, 512), 12, N_("channels that each layer adds, k"))
    layers: int = domain_of(Whole(1, 64), 24, N_("number of layers, L"))
    bottleneck_factor: int = domain_of(Whole(1, 16), 4, N_("the 1×1 convolution emits this many times k channels, b"))
    reach: int | None = None
    loss_reads_all: bool = domain_of(Flag(), False, N_("whether the loss reads every source, whatever the reach"))
    kind: Literal["dense_stack"] = field(default="dense_stack", init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.reach is not None and not Whole(1, self.layers).holds(self.reach):
            raise SpecError("reach", self.reach, said("{allowed}, or none", allowed=Whole(1, self.layers).rule))

    @property
    def joined(self) -> Joined:
        """How what a layer makes joins what came in."""
        return "dense"

    @property
    def mid_channels(self) -> int:
        """b·k, what the 1×1 convolution emits."""
        return self.bottleneck_factor * self.growth_rate

    @property
    def whole(self) -> DenseStackSpec:
        """The stack with all skips kept."""
        return replace(self, reach=None, loss_reads_all=False)

    def source_channels(self, source: int) -> int:
        """Channels of ``source``: c0 of the stem (0), k of what a layer made."""
        return self.in_channels if source == 0 else self.growth_rate

    def reads(self, reader: int) -> range:
        """The sources that layer ``reader`` reads, from 1; ``layers`` + 1 is the loss."""
        if self.reach is None or (reader > self.layers and self.loss_reads_all):
            return range(reader)
        return range(max(0, reader - self.reach), reader)

    def width_before(self, reader: int) -> int:
        """Channels that layer ``reader`` reads; ``layers`` + 1 is the loss."""
        return sum(map(self.source_channels, self.reads(reader)))


@dataclass(frozen=True)
class UnitStackSpec(Validated):
    """Units of equal width one after another, each adding to what came in (residual) or taking its place (plain).

    ``unit``: a pre-activation bottleneck unit c → w → w → c (He et al. 2016), or the Dense Block's own Bottleneck,
    1×1 to w and 3×3 back to c.
    """

    joined: Joined = domain_of(Choice(("plain", "residual")), "plain", N_("whether each unit adds to what came in"))
    unit: StackUnit = domain_of(Choice(get_args(StackUnit)), "preactivation", N_("what each layer is"))
    channels: int = domain_of(Whole(1, WIDEST), 24, N_("channels of every map, c"))
    inner_width: int = domain_of(Whole(1, WIDEST), 6, N_("channels inside a unit, w"))
    layers: int = domain_of(Whole(1, 64), 24, N_("number of units, L"))
    kind: Literal["unit_stack"] = field(default="unit_stack", init=False)


StackSpec = DenseStackSpec | UnitStackSpec


@dataclass(frozen=True)
class StackSetting(Validated):
    """What plain, residual and dense stacks are given alike."""

    batch_norm: bool = domain_of(Flag(), True, N_("whether BatchNorm stands before every ReLU"))
    init: Init = domain_of(Choice(get_args(Init)), "default", N_("how the layers' convolutions are initialised"))
    data: Data = domain_of(Choice(get_args(Data)), "digits", N_("8×8 digits, or noise of that size with random labels"))


def dense_stack(block: DenseBlockSpec) -> DenseStackSpec:
    """The dense stack that is as wide and deep as ``block``."""
    return DenseStackSpec(block.in_channels, block.growth_rate, block.layers, block.bottleneck_factor)
