"""Dense Blocks (Huang et al. 2017, §3), each Bottleneck concatenating to what came in: ``concat``.

Members, printed structure and order of ``state_dict`` are those of the usual teaching code:
a ``Denseblock`` that holds the Sequential ``denseblock``. ReLU and concatenation are functions,
so they appear in neither; :mod:`explorer.measure.track` sees them run.

Shapes in the comments: c channels come in, k is the growth rate, b·k what the 1×1 emits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from explorer.spec import DenseBlockSpec


class Layer(nn.Module):
    """A layer of a Dense Block: the k channels that it makes join those that came in.

    Attributes:
        growth_rate: k.
    """

    def __init__(self, growth_rate: int) -> None:
        super().__init__()
        self.growth_rate = growth_rate

    def forward(self, x: Tensor) -> Tensor:
        """(N, c, H, W) → (N, c + k, H, W)."""
        return torch.cat((x, self.new(x)), 1)

    def new(self, x: Tensor) -> Tensor:
        """(N, c, H, W) → (N, k, H, W)."""
        return self.finish(self.start(x))

    def start(self, x: Tensor) -> Tensor:
        """Up to the first convolution, the only one that reads all c channels; (N, b·k, H, W), or k without the 1×1."""
        raise NotImplementedError

    def finish(self, out: Tensor) -> Tensor:
        """What follows: (N, k, H, W)."""
        return out


class Bottleneck(Layer):
    """BN, ReLU, 1×1 convolution, BN, ReLU, 3×3 convolution; its k channels join those that came in."""

    def __init__(self, in_channels: int, mid_channels: int, growth_rate: int) -> None:
        super().__init__(growth_rate)
        self.bn1 = nn.BatchNorm2d(in_channels)
        self.conv1 = nn.Conv2d(in_channels, mid_channels, kernel_size=1, bias=False)
        self.bn2 = nn.BatchNorm2d(mid_channels)
        self.conv2 = nn.Conv2d(mid_channels, growth_rate, kernel_size=3, padding=1, bias=False)

    def start(self, x: Tensor) -> Tensor:
        """(N, c, H, W) → (N, b·k, H, W)."""
        made: Tensor = self.conv1(F.relu(self.bn1(x)))
        return made

    def finish(self, out: Tensor) -> Tensor:
        """(N, b·k, H, W) → (N, k, H, W)."""
        made: Tensor = self.conv2(F.relu(self.bn2(out)))
        return made


class PlainLayer(Layer):
    """BN, ReLU, 3×3 convolution: the layer without the 1×1 (DenseNet without B)."""

    def __init__(self, in_channels: int, growth_rate: int) -> None:
        super().__init__(growth_rate)
        self.bn1 = nn.BatchNorm2d(in_channels)
        self.conv1 = nn.Conv2d(in_channels, growth_rate, kernel_size=3, padding=1, bias=False)

    def start(self, x: Tensor) -> Tensor:
        """(N, c, H, W) → (N, k, H, W)."""
        made: Tensor = self.conv1(F.relu(self.bn1(x)))
        return made


class PostBottleneck(Layer):
    """1×1 convolution, BN, ReLU, 3×3 convolution, BN, ReLU: the order before DenseNet."""

    def __init__(self, in_channels: int, mid_channels: int, growth_rate: int) -> None:
        super().__init__(growth_rate)
        self.conv1 = nn.Conv2d(in_channels, mid_channels, kernel_size=1, bias=False)
        self.bn1 = nn.BatchNorm2d(mid_channels)
        self.conv2 = nn.Conv2d(mid_channels, growth_rate, kernel_size=3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(growth_rate)

    def start(self, x: Tensor) -> Tensor:
        """(N, c, H, W) → (N, b·k, H, W)."""
        made: Tensor = self.conv1(x)
        return made

    def finish(self, out: Tensor) -> Tensor:
        """(N, b·k, H, W) → (N, k, H, W)."""
        out = self.bn1(out)  # what it read is held by nobody any more
        out = F.relu(out)
        return F.relu(self.bn2(self.conv2(out)))


class PostPlainLayer(Layer):
    """3×3 convolution, BN, ReLU."""

    def __init__(self, in_channels: int, growth_rate: int) -> None:
        super().__init__(growth_rate)
        self.conv1 = nn.Conv2d(in_channels, growth_rate, kernel_size=3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(growth_rate)

    def start(self, x: Tensor) -> Tensor:
        """(N, c, H, W) → (N, k, H, W)."""
        made: Tensor = self.conv1(x)
        return made

    def finish(self, out: Tensor) -> Tensor:
        """(N, k, H, W) → (N, k, H, W)."""
        out = self.bn1(out)  # what it read is held by nobody any more
        return F.relu(out)


class Denseblock(nn.Module):
    """L layers one after another; layer i (from 0) reads c0 + i·k channels."""

    def __init__(self, layers: Iterable[Layer]) -> None:
        super().__init__()
        self.denseblock = nn.Sequential(*layers)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Its layers, first to last."""
        return tuple(self.denseblock)  # type: ignore[arg-type]  # torch types a module's members as any module

    def forward(self, x: Tensor) -> Tensor:
        """(N, c0, H, W) → (N, c0 + L·k, H, W)."""
        return self.denseblock(x)  # type: ignore[no-any-return]  # torch types a module's call as Any


def layers_of(spec: DenseBlockSpec) -> Iterator[Layer]:
    """The layers of the Dense Block that ``spec`` describes, first to last."""
    for number in range(1, spec.layers + 1):
        width = spec.width_before(number)
        if spec.bottleneck:
            with_1x1 = Bottleneck if spec.order == "pre" else PostBottleneck
            yield with_1x1(width, spec.mid_channels, spec.growth_rate)
        else:
            without_1x1 = PlainLayer if spec.order == "pre" else PostPlainLayer
            yield without_1x1(width, spec.growth_rate)
