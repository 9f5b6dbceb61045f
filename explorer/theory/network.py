"""Closed forms of whole networks: parameters and MACs of every stage."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from explorer.findings import Part
from explorer.findings.network import NetworkTheory, StageKind, StageTheory
from explorer.spec import (
    IMAGE_CHANNELS,
    DenseNetSpec,
    InputSpec,
    NetworkSpec,
    ResidualSpec,
    ResNetSpec,
    SpecError,
)
from explorer.theory.parts import bn_part, conv_part, dense_parts, unit_parts


@dataclass(frozen=True)
class _Map:
    """A feature map's size, the whole batch."""

    batch: int
    height: int
    width: int

    @property
    def positions(self) -> int:
        return self.batch * self.height * self.width

    def strided(self) -> _Map:
        """Behind a convolution or a max pooling that pads, with stride 2: ⌈H/2⌉ × ⌈W/2⌉."""
        return replace(self, height=-(-self.height // 2), width=-(-self.width // 2))

    def pooled(self) -> _Map:
        """Behind a 2×2 average pooling, which does not pad: ⌊H/2⌋ × ⌊W/2⌋."""
        return replace(self, height=self.height // 2, width=self.width // 2)


@lru_cache(maxsize=256)
def network_theory(spec: NetworkSpec, input: InputSpec) -> NetworkTheory:
    """The closed forms of ``spec`` on images of ``input``'s size.

    Raises:
        SpecError: the images are too small: nothing is left of a map before the last stage.
    """
    size = _Map(input.batch, input.height, input.width)
    stages = _densenet(spec, size) if isinstance(spec, DenseNetSpec) else _resnet(spec, size)
    return NetworkTheory(spec, stages)


def _densenet(spec: DenseNetSpec, size: _Map) -> tuple[StageTheory, ...]:
    stem, size = _stem(spec, size, normed=spec.stem == "imagenet")
    stages = [stem]
    blocks = spec.blocks
    for number, block in enumerate(blocks, 1):
        layers = [dense_parts(block, layer, size.positions) for layer in range(1, block.layers + 1)]
        stages.append(
            _stage(f"block {number}", "dense", block.in_channels, block.out_channels, size, _numbered(layers))
        )
        if number < len(blocks):
            before, after = block.out_channels, spec.kept(block.out_channels)
            parts = (bn_part("bn", before), conv_part("conv", 1, before, after, size.positions))
            size = size.pooled()
            if not size.positions:
                least = 2 ** (len(blocks) - 1) * (4 if spec.stem == "imagenet" else 1)
                raise SpecError("image_size", "smaller", f"large enough for {len(blocks)} blocks, such as {least}")
            stages.append(_stage(f"transition {number}", "transition", before, after, size, parts))
    return (*stages, _head(spec, size, normed=True))


def _resnet(spec: ResNetSpec, size: _Map) -> tuple[StageTheory, ...]:
    stem, size = _stem(spec, size, normed=True)
    stages, channels = [stem], spec.stem_channels
    for number, (units, width) in enumerate(zip(spec.stage_config, spec.inner_widths, strict=True), 1):
        before, out = channels, spec.expansion * width
        shape = ResidualSpec(channels, out, width, units, spec.unit)
        layers = [unit_parts(shape, unit, size.positions) for unit in range(1, units + 1)]
        if number > 1:
            strided = size.strided()
            first = ("conv1",) if spec.unit == "postactivation" else ()  # what runs before the stride
            layers[0] = tuple(_moved(part, size if part.name in first else strided) for part in layers[0])
            layers[1:] = [tuple(_moved(part, strided) for part in layer) for layer in layers[1:]]
            size = strided
        stages.append(_stage(f"stage {number}", "residual", before, out, size, _numbered(layers)))
        channels = out
    return (*stages, _head(spec, size, normed=False))


def _moved(part: Part, size: _Map) -> Part:
    """The same part on maps of another size."""
    return part if part.kind == "bn" else replace(part, macs=part.parameters * size.positions)


def _stem(spec: NetworkSpec, size: _Map, *, normed: bool) -> tuple[StageTheory, _Map]:
    kernel, channels = (7 if spec.stem == "imagenet" else 3), spec.stem_channels
    if spec.stem == "imagenet":
        size = size.strided()
    parts: tuple[Part, ...] = (conv_part("conv", kernel, IMAGE_CHANNELS, channels, size.positions),)
    if normed:
        parts = (*parts, bn_part("bn", channels))
    if spec.stem == "imagenet":
        size = size.strided()  # max pooling
    return _stage("stem", "stem", IMAGE_CHANNELS, channels, size, parts), size


def _head(spec: NetworkSpec, size: _Map, *, normed: bool) -> StageTheory:
    channels, classes = spec.out_channels, spec.classes
    linear = Part("classifier", "linear", channels, classes, (channels + 1) * classes, size.batch * channels * classes)
    parts = (bn_part("bn", channels), linear) if normed else (linear,)
    return _stage("head", "head", channels, classes, replace(size, height=1, width=1), parts)


def _stage(name: str, kind: StageKind, before: int, after: int, size: _Map, parts: tuple[Part, ...]) -> StageTheory:
    return StageTheory(name, kind, before, after, size.height, size.width, parts)


def _numbered(layers: list[tuple[Part, ...]]) -> tuple[Part, ...]:
    return tuple(replace(part, name=f"{n}.{part.name}") for n, parts in enumerate(layers, 1) for part in parts)
