"""Dense Blocks (Huang et al. 2017, §3), each Bottleneck concatenating to what came in.

Members, printed structure and order of ``state_dict`` are those of the usual teaching code:
a ``Denseblock`` that holds the Sequential ``denseblock``. ReLU and concatenation are functions,
so they appear in neither; :mod:`explorer.measure.track` sees them run.

Shapes in the comments: c channels come in, k is the growth rate, b·k what the 1×1 emits.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from explorer.spec import DenseBlockSpec


class Bottleneck(nn.Module):
    """BN, ReLU, 1×1 convolution, BN, ReLU, 3×3 convolution; its k channels join those that came in."""

    def __init__(self, in_channels: int, mid_channels: int, growth_rate: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(in_channels)
        self.conv1 = nn.Conv2d(in_channels, mid_channels, kernel_size=1, bias=False)
        self.bn2 = nn.BatchNorm2d(mid_channels)
        self.conv2 = nn.Conv2d(mid_channels, growth_rate, kernel_size=3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, c, H, W) → (N, c + k, H, W)."""
        out = self.conv1(F.relu(self.bn1(x)))  # (N, b·k, H, W)
        out = self.conv2(F.relu(self.bn2(out)))  # (N, k, H, W)
        return torch.cat((x, out), 1)


class PlainLayer(nn.Module):
    """BN, ReLU, 3×3 convolution: the layer without the 1×1 (DenseNet without B)."""

    def __init__(self, in_channels: int, growth_rate: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(in_channels)
        self.conv1 = nn.Conv2d(in_channels, growth_rate, kernel_size=3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, c, H, W) → (N, c + k, H, W)."""
        out = self.conv1(F.relu(self.bn1(x)))  # (N, k, H, W)
        return torch.cat((x, out), 1)


class PostBottleneck(nn.Module):
    """1×1 convolution, BN, ReLU, 3×3 convolution, BN, ReLU: the order before DenseNet."""

    def __init__(self, in_channels: int, mid_channels: int, growth_rate: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, mid_channels, kernel_size=1, bias=False)
        self.bn1 = nn.BatchNorm2d(mid_channels)
        self.conv2 = nn.Conv2d(mid_channels, growth_rate, kernel_size=3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(growth_rate)

    def forward(self, x: Tensor) -> Tensor:
        """(N, c, H, W) → (N, c + k, H, W)."""
        out = F.relu(self.bn1(self.conv1(x)))  # (N, b·k, H, W)
        out = F.relu(self.bn2(self.conv2(out)))  # (N, k, H, W)
        return torch.cat((x, out), 1)


class PostPlainLayer(nn.Module):
    """3×3 convolution, BN, ReLU."""

    def __init__(self, in_channels: int, growth_rate: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, growth_rate, kernel_size=3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(growth_rate)

    def forward(self, x: Tensor) -> Tensor:
        """(N, c, H, W) → (N, c + k, H, W)."""
        out = F.relu(self.bn1(self.conv1(x)))  # (N, k, H, W)
        return torch.cat((x, out), 1)


class Denseblock(nn.Module):
    """L layers one after another; layer i (from 0) reads c0 + i·k channels."""

    def __init__(self, layers: list[nn.Module]) -> None:
        super().__init__()
        self.denseblock = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """(N, c0, H, W) → (N, c0 + L·k, H, W)."""
        return self.denseblock(x)  # type: ignore[no-any-return]  # torch types a module's call as Any


def dense_block(spec: DenseBlockSpec) -> nn.Module:
    """The Dense Block that ``spec`` describes."""
    return Denseblock([_layer(spec, spec.width_before(number)) for number in range(1, spec.layers + 1)])


def _layer(spec: DenseBlockSpec, in_channels: int) -> nn.Module:
    if spec.bottleneck:
        with_1x1 = Bottleneck if spec.order == "pre" else PostBottleneck
        return with_1x1(in_channels, spec.mid_channels, spec.growth_rate)
    without_1x1 = PlainLayer if spec.order == "pre" else PostPlainLayer
    return without_1x1(in_channels, spec.growth_rate)
