"""Whole networks of the same blocks: DenseNet (Huang et al. 2017) and ResNet (He et al. 2015).

Members are named after what they are; :mod:`explorer.blocks.weights` maps their names to torchvision's.
"""

from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from explorer.blocks import IMPLEMENTATIONS
from explorer.blocks.dense import layers_of
from explorer.blocks.residual import BasicUnit, PostactivationUnit
from explorer.language import said
from explorer.spec import IMAGE_CHANNELS, DenseNetSpec, NetworkSpec, ResNetSpec, SpecError


class ImageNetStem(nn.Module):
    """7×7 convolution with stride 2, BN, ReLU, 3×3 max pooling with stride 2."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(IMAGE_CHANNELS, channels, kernel_size=7, stride=2, padding=3, bias=False)
        self.bn = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, H, W) → (N, c, ⌈H/4⌉, ⌈W/4⌉)."""
        return F.max_pool2d(F.relu(self.bn(self.conv(x)), inplace=True), kernel_size=3, stride=2, padding=1)


class CifarStem(nn.Module):
    """One 3×3 convolution; a ResNet's has a BN and a ReLU behind it (``normed``)."""

    def __init__(self, channels: int, *, normed: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(IMAGE_CHANNELS, channels, kernel_size=3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(channels) if normed else None

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, H, W) → (N, c, H, W)."""
        made: Tensor = self.conv(x)
        return made if self.bn is None else F.relu(self.bn(made), inplace=True)


class Transition(nn.Module):
    """BN, ReLU, 1×1 convolution, 2×2 average pooling (Huang et al. 2017, §3)."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.bn = nn.BatchNorm2d(in_channels)
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) → (N, o, ⌊H/2⌋, ⌊W/2⌋)."""
        return F.avg_pool2d(self.conv(F.relu(self.bn(x), inplace=True)), kernel_size=2, stride=2)


class DenseNet(nn.Module):
    """Stem, Dense Blocks with Transitions between them, BN, ReLU, the map's mean, a linear classifier."""

    def __init__(self, spec: DenseNetSpec, implementation: str = "list") -> None:
        super().__init__()
        blocks, written = spec.blocks, IMPLEMENTATIONS[implementation]
        imagenet = spec.stem == "imagenet"
        self.stem = ImageNetStem(spec.stem_channels) if imagenet else CifarStem(spec.stem_channels, normed=False)
        self.blocks = nn.ModuleList(written(layers_of(block)) for block in blocks)
        after = [block.out_channels for block in blocks]
        self.transitions = nn.ModuleList(Transition(channels, spec.kept(channels)) for channels in after[:-1])
        self.bn = nn.BatchNorm2d(spec.out_channels)
        self.classifier = nn.Linear(spec.out_channels, spec.classes)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, H, W) → (N, classes)."""
        x = self.stem(x)
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number < len(self.transitions):
                x = self.transitions[number](x)
        x = F.relu(self.bn(x), inplace=True)
        return self.classifier(x.mean((2, 3)))  # type: ignore[no-any-return]  # torch types a module's call as Any


class ResNet(nn.Module):
    """Stem, stages of residual units, the map's mean, a linear classifier."""

    def __init__(self, spec: ResNetSpec) -> None:
        super().__init__()
        imagenet = spec.stem == "imagenet"
        self.stem = ImageNetStem(spec.stem_channels) if imagenet else CifarStem(spec.stem_channels, normed=True)
        pads = spec.shortcut == "padding"
        make = PostactivationUnit if spec.unit == "postactivation" else partial(BasicUnit, pads=pads)
        stages: list[nn.Module] = []
        channels = spec.stem_channels
        for number, (units, width) in enumerate(zip(spec.stage_config, spec.inner_widths, strict=True)):
            made: list[nn.Module] = []
            for unit in range(units):
                made.append(make(channels, width, spec.expansion * width, 2 if number and not unit else 1))
                channels = spec.expansion * width
            stages.append(nn.Sequential(*made))
        self.stages = nn.Sequential(*stages)
        self.classifier = nn.Linear(channels, spec.classes)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, H, W) → (N, classes)."""
        x = self.stages(self.stem(x))
        return self.classifier(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))  # type: ignore[no-any-return]  # as above


def stages_of(network: nn.Module) -> tuple[nn.Module | None, ...]:
    """What runs each stage of a network that :func:`build_network` made, first to last; None of the head."""
    if isinstance(network, DenseNet):
        blocks, transitions = list(network.blocks), list(network.transitions)
        between = [module for pair in zip(blocks, transitions, strict=False) for module in pair]
        return (network.stem, *between, blocks[-1], None)
    assert isinstance(network, ResNet)
    return (network.stem, *network.stages, None)


def build_network(spec: NetworkSpec, implementation: str = "list") -> nn.Module:
    """The network that ``spec`` describes, freshly initialised from torch's global generator.

    Args:
        implementation: how its Dense Blocks are written, as in :func:`explorer.blocks.build`; a ResNet is written one
            way only.

    Returns:
        A module on the CPU, in float32 and training mode, that maps (N, 3, H, W) to (N, spec.classes).

    Raises:
        SpecError: ``spec`` is no network, or there is no such implementation.
    """
    if implementation not in IMPLEMENTATIONS:
        raise SpecError("implementation", implementation, said("one of {options}", options=", ".join(IMPLEMENTATIONS)))
    if isinstance(spec, DenseNetSpec):
        return DenseNet(spec, implementation)
    if isinstance(spec, ResNetSpec):
        return ResNet(spec)
    raise SpecError("spec", spec, said("a DenseNetSpec or a ResNetSpec"))
