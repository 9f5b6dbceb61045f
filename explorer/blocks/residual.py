"""Residual units to set beside a Dense Block (He et al. 2015, 2016), and for whole ResNets.

A unit projects its shortcut only where its input and output differ in width or size, so in a stack at most
the first one does. Shapes in the comments: c in, C out, w inside.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from explorer.spec import ResidualSpec


def _projection(in_channels: int, out_channels: int, stride: int) -> nn.Module | None:
    """1×1 convolution and BN, as post-activation networks project; None where width and size stay."""
    if in_channels == out_channels and stride == 1:
        return None
    conv = nn.Conv2d(in_channels, out_channels, kernel_size=1, stride=stride, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(out_channels))


class PreactivationUnit(nn.Module):
    """Pre-activation bottleneck (He et al. 2016): the shortcut is projected after the first BN and ReLU."""

    def __init__(self, in_channels: int, inner_width: int, out_channels: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(in_channels)
        self.conv1 = nn.Conv2d(in_channels, inner_width, kernel_size=1, bias=False)
        self.bn2 = nn.BatchNorm2d(inner_width)
        self.conv2 = nn.Conv2d(inner_width, inner_width, kernel_size=3, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(inner_width)
        self.conv3 = nn.Conv2d(inner_width, out_channels, kernel_size=1, bias=False)
        widens = in_channels != out_channels
        self.proj = nn.Conv2d(in_channels, out_channels, kernel_size=1, bias=False) if widens else None

    def forward(self, x: Tensor) -> Tensor:
        """(N, c, H, W) → (N, C, H, W)."""
        activated = F.relu(self.bn1(x))  # (N, c, H, W)
        out = self.made_of(activated)
        return (x if self.proj is None else self.proj(activated)) + out

    def branch(self, x: Tensor) -> Tensor:
        """What the unit adds to x, (N, c, H, W) → (N, C, H, W)."""
        return self.made_of(F.relu(self.bn1(x)))

    def made_of(self, activated: Tensor) -> Tensor:
        """The branch from where the first BN and ReLU have run."""
        out = self.conv1(activated)  # (N, w, H, W)
        out = self.conv2(F.relu(self.bn2(out)))  # (N, w, H, W)
        return self.conv3(F.relu(self.bn3(out)))  # type: ignore[no-any-return]  # (N, C, H, W); torch: Any


class PostactivationUnit(nn.Module):
    """The bottleneck of ResNet-50 (v1.5): conv-BN-ReLU, the last ReLU after the addition, ReLUs in place.

    A ``stride`` is the 3×3 convolution's and the projection's.
    """

    def __init__(self, in_channels: int, inner_width: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, inner_width, kernel_size=1, bias=False)
        self.bn1 = nn.BatchNorm2d(inner_width)
        self.conv2 = nn.Conv2d(inner_width, inner_width, kernel_size=3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(inner_width)
        self.conv3 = nn.Conv2d(inner_width, out_channels, kernel_size=1, bias=False)
        self.bn3 = nn.BatchNorm2d(out_channels)
        self.proj = _projection(in_channels, out_channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(N, c, H, W) → (N, C, H, W)."""
        out = F.relu(self.bn1(self.conv1(x)), inplace=True)  # (N, w, H, W)
        out = F.relu(self.bn2(self.conv2(out)), inplace=True)  # (N, w, H, W)
        out = self.bn3(self.conv3(out))  # (N, C, H, W)
        out += x if self.proj is None else self.proj(x)
        return F.relu(out, inplace=True)


class BasicUnit(nn.Module):
    """The unit of ResNet-18 and -34: two 3×3 convolutions, the last ReLU after the addition, ReLUs in place.

    A ``stride`` is the first convolution's and the shortcut's. Where width or size changes, the shortcut is projected,
    or, with ``pads``, every other place of it is taken and channels of zeros are put behind (option A of He et al.
    2015, §4.2), which needs no parameters.
    """

    def __init__(
        self, in_channels: int, inner_width: int, out_channels: int, stride: int = 1, *, pads: bool = False
    ) -> None:
        super().__init__()
        self.stride, self.more = stride, out_channels - in_channels
        self.conv1 = nn.Conv2d(in_channels, inner_width, kernel_size=3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(inner_width)
        self.conv2 = nn.Conv2d(inner_width, out_channels, kernel_size=3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.proj = None if pads else _projection(in_channels, out_channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(N, c, H, W) → (N, C, H, W)."""
        out = F.relu(self.bn1(self.conv1(x)), inplace=True)  # (N, w, H, W)
        out = self.bn2(self.conv2(out))  # (N, C, H, W)
        out += self._shortcut(x)
        return F.relu(out, inplace=True)

    def _shortcut(self, x: Tensor) -> Tensor:
        if self.proj is not None:
            projected: Tensor = self.proj(x)
            return projected
        if self.stride == 1 and not self.more:
            return x
        return F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.more))


class Residualblock(nn.Module):
    """Residual units one after another."""

    def __init__(self, units: list[nn.Module]) -> None:
        super().__init__()
        self.units = nn.Sequential(*units)

    def forward(self, x: Tensor) -> Tensor:
        """(N, c0, H, W) → (N, C, H, W)."""
        return self.units(x)  # type: ignore[no-any-return]  # torch types a module's call as Any


_UNITS = {"preactivation": PreactivationUnit, "postactivation": PostactivationUnit, "basic": BasicUnit}


def residual_stack(spec: ResidualSpec) -> nn.Module:
    """The stack of residual units that ``spec`` describes."""
    unit = _UNITS[spec.unit]
    return Residualblock(
        [unit(spec.width_before(n), spec.inner_width, spec.out_channels) for n in range(1, spec.units + 1)]
    )
