"""Closed forms of whole networks: parameters, MACs and bytes of every stage and layer.

What stays for backward, with A bytes of one channel of a map, e of one number, and c the channels that are read:

- a convolution or linear layer its input, a BN its input and two statistics per channel, a ReLU its output, and each
  storage once, with the first that keeps it: the ReLU at the end of a residual unit with that unit, a Dense Block's
  output with what follows it, except in ``shared``, whose buffer is its output;
- a max pooling its input, which the ReLU before it keeps already, and eight bytes for each output: where it was;
- an average pooling its input; a mean over the whole map nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache

from explorer.findings import Part
from explorer.findings.network import NetworkTheory, StageKind, StageLayer, StageTheory
from explorer.language import said
from explorer.spec import (
    BYTES_PER_ELEMENT,
    IMAGE_CHANNELS,
    DenseNetSpec,
    DType,
    InputSpec,
    NetworkSpec,
    ResidualSpec,
    ResNetSpec,
    SpecError,
)
from explorer.theory.implementations import kept_channels
from explorer.theory.parts import bn_part, conv_part, dense_parts, unit_parts

_INDEX = 8  # bytes: a max pooling keeps for each output, in int64, which of its inputs it was


@dataclass(frozen=True)
class _Map:
    """A feature map's size, the whole batch, and what a place of it depends on.

    Attributes:
        sees: pixels of the image along one side.
        step: pixels of the image between two neighbours.
    """

    batch: int
    height: int
    width: int
    element: int
    sees: int = 1
    step: int = 1

    @property
    def positions(self) -> int:
        return self.batch * self.height * self.width

    def bytes(self, channels: int, statistics: int = 0) -> int:
        """Of so many channels of such a map, and two numbers for each of ``statistics`` channels."""
        return self.element * (self.positions * channels + 2 * statistics)

    def seen(self, kernel: int, times: int = 1) -> _Map:
        """Behind so many convolutions that pad, without a stride."""
        return replace(self, sees=self.sees + times * (kernel - 1) * self.step)

    def strided(self, kernel: int) -> _Map:
        """Behind a convolution or a max pooling that pads, with stride 2: ⌈H/2⌉ × ⌈W/2⌉."""
        half = replace(self, height=-(-self.height // 2), width=-(-self.width // 2), step=2 * self.step)
        return replace(half, sees=self.seen(kernel).sees)

    def pooled(self) -> _Map:
        """Behind a 2×2 average pooling, which does not pad: ⌊H/2⌋ × ⌊W/2⌋."""
        half = replace(self, height=self.height // 2, width=self.width // 2, step=2 * self.step)
        return replace(half, sees=self.seen(2).sees)


@dataclass
class _Stages:
    """The stages so far, and the map that the last of them gives."""

    size: _Map
    found: list[StageTheory] = field(default_factory=list)

    def add(self, name: str, kind: StageKind, layers: list[StageLayer]) -> None:
        size, first, last = self.size, layers[0].in_channels, layers[-1].out_channels
        shape = (1, 1) if kind == "head" else (size.height, size.width)
        self.found.append(StageTheory(name, kind, first, last, *shape, tuple(layers), size.sees))


@lru_cache(maxsize=256)
def network_theory(
    spec: NetworkSpec, input: InputSpec, dtype: DType = "float32", implementation: str = "list"
) -> NetworkTheory:
    """The closed forms of ``spec`` on images of ``input``'s size.

    Args:
        implementation: how its Dense Blocks are written; a ResNet is written one way only.

    Raises:
        SpecError: the images are too small: nothing is left of a map before the last stage.
        ValueError: there is no closed form for ``implementation``.
    """
    stages = _Stages(_Map(input.batch, input.height, input.width, BYTES_PER_ELEMENT[dtype]))
    if isinstance(spec, DenseNetSpec):
        _densenet(spec, stages, implementation)
    else:
        _resnet(spec, stages)
    return NetworkTheory(spec, tuple(stages.found))


def _densenet(spec: DenseNetSpec, stages: _Stages, implementation: str) -> None:
    _stem(spec, stages, normed=spec.stem == "imagenet")
    blocks = spec.blocks
    for number, block in enumerate(blocks, 1):
        size, layers = stages.size, []
        for layer in range(1, block.layers + 1):
            before, kept = block.width_before(layer), kept_channels(block, layer, implementation)
            parts = dense_parts(block, layer, size.positions)
            layers.append(StageLayer(before, before + block.growth_rate, parts, size.bytes(*kept)))
        stages.size = size.seen(3, block.layers)
        stages.add(f"block {number}", "dense", layers)
        wide = block.out_channels
        new = 0 if implementation == "shared" else wide  # its buffer is the block's output, and counted there
        if number == len(blocks):
            _head(spec, stages, (bn_part("bn", wide),), size.bytes(new + wide, wide))
            return
        after = spec.kept(wide)
        parts = (bn_part("bn", wide), conv_part("conv", 1, wide, after, size.positions))
        stages.size = stages.size.pooled()
        if not stages.size.positions:
            least = 2 ** (len(blocks) - 1) * (4 if spec.stem == "imagenet" else 1)
            raise SpecError(
                "image_size",
                "smaller",
                said("large enough for {count} blocks, such as {least}", count=len(blocks), least=least),
            )
        kept_bytes = size.bytes(new + wide + after, wide)
        stages.add(f"transition {number}", "transition", [StageLayer(wide, after, parts, kept_bytes)])


def _resnet(spec: ResNetSpec, stages: _Stages) -> None:
    _stem(spec, stages, normed=True)
    channels = spec.stem_channels
    for number, (units, width) in enumerate(zip(spec.stage_config, spec.inner_widths, strict=True), 1):
        shape = ResidualSpec(channels, spec.expansion * width, width, units, spec.unit)
        layers = []
        for unit in range(1, units + 1):
            before = stages.size
            strided = number > 1 and unit == 1
            stages.size = size = (before.strided(3) if strided else before.seen(3)).seen(3, spec.unit == "basic")
            # What runs before the stride; the projection's stride is the unit's.
            full = ("conv1",) if spec.unit == "postactivation" else ()
            parts = tuple(
                _at(part, before if part.name in full else size)
                for part in unit_parts(shape, unit, size.positions)
                if spec.shortcut == "projection" or not part.name.startswith("proj")
            )
            read = shape.width_before(unit)
            # A ResNet's stem for CIFAR ends with a ReLU, which keeps what the first unit reads; a pooling does not.
            first = number == unit == 1 and spec.stem == "imagenet"
            kept = before.bytes(read if first else 0) + _unit_bytes(spec, shape, unit, before, size)
            layers.append(StageLayer(read, shape.out_channels, parts, kept))
        stages.add(f"stage {number}", "residual", layers)
        channels = shape.out_channels
    _head(spec, stages, (), 0)


def _unit_bytes(spec: ResNetSpec, shape: ResidualSpec, unit: int, before: _Map, size: _Map) -> int:
    """What residual unit ``unit`` keeps beside its input: inside, and the ReLU at its end.

    Post-activation: 2w at the map that is read and 2w at the one that is made, of which 2C + [p]C; basic: 2w and as
    many. Statistics: 2w or w, and C + [p]C.
    """
    w, out = shape.inner_width, shape.out_channels
    projects = spec.shortcut == "projection" and shape.width_before(unit) != out
    outside = 2 * out if projects else out  # of the last BN and of the projection's
    if shape.unit == "basic":
        return size.bytes(2 * w + outside + out, w + outside)
    return before.bytes(2 * w, w) + size.bytes(2 * w + outside + out, w + outside)


def _at(part: Part, size: _Map) -> Part:
    """The same part, worked out at the places of ``size``."""
    return part if part.kind == "bn" else replace(part, macs=part.parameters * size.positions)


def _stem(spec: NetworkSpec, stages: _Stages, *, normed: bool) -> None:
    image, channels = stages.size, spec.stem_channels
    kept = image.bytes(IMAGE_CHANNELS)
    if spec.stem == "imagenet":
        kernel, size = 7, image.strided(7)
    else:
        kernel, size = 3, image.seen(3)
    parts: tuple[Part, ...] = (conv_part("conv", kernel, IMAGE_CHANNELS, channels, size.positions),)
    if normed:
        parts = (*parts, bn_part("bn", channels))
        kept += size.bytes(2 * channels, channels)
    if spec.stem == "imagenet":
        size = size.strided(3)  # max pooling
        kept += _INDEX * channels * size.positions
    stages.size = size
    stages.add("stem", "stem", [StageLayer(IMAGE_CHANNELS, channels, parts, kept)])


def _head(spec: NetworkSpec, stages: _Stages, before: tuple[Part, ...], kept: int) -> None:
    channels, classes, size = spec.out_channels, spec.classes, stages.size
    linear = Part("classifier", "linear", channels, classes, (channels + 1) * classes, size.batch * channels * classes)
    kept += size.element * size.batch * channels  # the mean
    stages.add("head", "head", [StageLayer(channels, classes, (*before, linear), kept)])
