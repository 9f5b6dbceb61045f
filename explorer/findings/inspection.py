"""What a worker saw inside one layer of a live forward pass, and the weights with which sources are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from explorer.findings.measurement import Device, Timing
from explorer.language import Text

Op = Literal["bn", "relu", "conv1x1", "conv3x3", "cat", "add"]


@dataclass(frozen=True)
class Values:
    """Mean, standard deviation, and share of exact zeros (0 to 1) of a tensor, over all its elements."""

    mean: float
    spread: float
    zeros: float


@dataclass(frozen=True)
class FeatureMap:
    """One channel of the batch's first image, made smaller by averaging where it is larger than the picture.

    ``pixels`` is base64 of height × width bytes, row by row: 0 is ``low``, 255 is ``high``; a constant map is all 0.
    """

    channel: int
    low: float
    high: float
    pixels: str


@dataclass(frozen=True)
class MapGroup:
    """Some channels of one tensor that have one source.

    Attributes:
        source: 0 for the block's input, i for what layer i made.
        first: the group's first channel in its tensor.
        channels: how many channels the group has; ``maps`` may hold fewer, evenly chosen, in order.
        values: over all channels of the group and the whole batch.
        after_relu: the same after this layer's own BN and ReLU, where its order has them first; else None.
    """

    source: int
    first: int
    channels: int
    values: Values
    maps: tuple[FeatureMap, ...]
    after_relu: Values | None = None


@dataclass(frozen=True)
class LayerStep:
    """One operator of the layer, in the order in which it ran.

    Attributes:
        name: the module's real name, ``denseblock.3.conv1``; empty for functions (ReLU, concatenation, addition).
        op: what it does.
        input_shape, output_shape: as the forward pass saw them; a concatenation's or addition's input is what is new.
        parameters: of the module itself.
        macs: of convolutions, whole batch.
        saved_bytes: what autograd keeps because of it, beyond what earlier steps kept; 0 in inference.
        time: of this operator alone on its real input.
        values: of its output.
    """

    name: str
    op: Op
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    parameters: int
    macs: int
    saved_bytes: int
    time: Timing
    values: Values


@dataclass(frozen=True)
class SourceWeights:
    """The weights of the layer's first convolution that read one source: mean and largest absolute value."""

    source: int
    mean: float
    largest: float


@dataclass(frozen=True)
class LayerView:
    """What one :class:`explorer.spec.MapsJob` saw.

    Attributes:
        device: where it ran.
        layer: which Bottleneck or residual unit, from 1.
        brought: one sentence: what the picture is and how it was brought to the block's input.
        height, width: of every map's pixels.
        steps: the layer's operators in order.
        read: what the layer reads, by source, oldest first.
        inside: what its last convolution reads; None where it reads the input itself.
        made: what the layer makes: its new slice, or the residual branch before the addition.
        joined: after the addition of a residual unit; None for a Dense Block, where it is ``read`` and ``made``.
        weights: by source, oldest first.
    """

    device: Device
    layer: int
    brought: Text
    height: int
    width: int
    steps: tuple[LayerStep, ...]
    read: tuple[MapGroup, ...]
    inside: MapGroup | None
    made: MapGroup
    joined: MapGroup | None
    weights: tuple[SourceWeights, ...]

    @property
    def stem(self) -> str:
        """What the picture is and how it was brought in, in the language of whoever asks."""
        return str(self.brought)


@dataclass(frozen=True)
class ReadWeights:
    """What one :class:`explorer.spec.WeightsJob` read: mean absolute weight by reader and source.

    ``rows[ℓ − 1][s]`` is the mean of |w| over the weights with which Bottleneck ℓ's first convolution
    reads source s < ℓ (Huang et al. 2017, figure 5, there of a trained network).
    """

    rows: tuple[tuple[float, ...], ...]
