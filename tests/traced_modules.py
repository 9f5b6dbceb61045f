"""Modules as people write them, small: what ``explorer.trace`` is tested on."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.utils import checkpoint


class _DenseLayer(nn.Module):
    """As in torchvision: it is given a list, and concatenates it itself."""

    def __init__(self, channels: int, growth: int, drop: float = 0.0, memory_efficient: bool = False) -> None:
        super().__init__()
        self.norm1, self.relu1 = nn.BatchNorm2d(channels), nn.ReLU(inplace=True)
        self.conv1 = nn.Conv2d(channels, 4 * growth, 1, bias=False)
        self.norm2, self.relu2 = nn.BatchNorm2d(4 * growth), nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)
        self.drop, self.memory_efficient = drop, memory_efficient

    def bn_function(self, inputs: Sequence[Tensor]) -> Tensor:
        joined = torch.cat(inputs, 1)  # type: ignore[arg-type]  # a list or a tuple
        made: Tensor = self.conv1(self.relu1(self.norm1(joined)))
        return made

    def forward(self, inputs: list[Tensor]) -> Tensor:
        if self.memory_efficient and any(one.requires_grad for one in inputs):

            def closure(*features: Tensor) -> Tensor:
                return self.bn_function(features)

            middle = checkpoint.checkpoint(closure, *inputs, use_reentrant=False)
        else:
            middle = self.bn_function(inputs)
        new: Tensor = self.conv2(self.relu2(self.norm2(middle)))
        return nn.functional.dropout(new, self.drop, self.training) if self.drop else new


class _DenseBlock(nn.ModuleDict):
    def __init__(self, layers: int, channels: int, growth: int, **options: float) -> None:
        super().__init__()
        for i in range(layers):
            self.add_module(f"denselayer{i + 1}", _DenseLayer(channels + i * growth, growth, **options))  # type: ignore[arg-type]  # a float and a bool

    def forward(self, start: Tensor) -> Tensor:
        features = [start]
        for layer in self.values():
            features.append(layer(features))
        return torch.cat(features, 1)


class DenseNet(nn.Module):
    """torchvision's, at a size that a test can afford."""

    def __init__(self, layers: Sequence[int] = (2, 3), growth: int = 4, stem: int = 8, **options: float) -> None:
        super().__init__()
        self.features = nn.Sequential(
            OrderedDict[str, nn.Module](
                conv0=nn.Conv2d(3, stem, 7, stride=2, padding=3, bias=False),
                norm0=nn.BatchNorm2d(stem),
                relu0=nn.ReLU(inplace=True),
                pool0=nn.MaxPool2d(3, 2, 1),
            )
        )
        channels = stem
        for number, count in enumerate(layers, 1):
            self.features.add_module(f"denseblock{number}", _DenseBlock(count, channels, growth, **options))
            channels += count * growth
            if number < len(layers):
                transition = OrderedDict[str, nn.Module](
                    norm=nn.BatchNorm2d(channels),
                    relu=nn.ReLU(inplace=True),
                    conv=nn.Conv2d(channels, channels // 2, 1, bias=False),
                    pool=nn.AvgPool2d(2),
                )
                self.features.add_module(f"transition{number}", nn.Sequential(transition))
                channels //= 2
        self.features.add_module("norm5", nn.BatchNorm2d(channels))
        self.classifier = nn.Linear(channels, 10)

    def forward(self, x: Tensor) -> Tensor:
        maps = torch.relu(self.features(x))
        made: Tensor = self.classifier(torch.flatten(nn.functional.adaptive_avg_pool2d(maps, 1), 1))
        return made


def double_conv(channels: int, out: int) -> nn.Sequential:
    half = (nn.Conv2d(channels, out, 3, padding=1), nn.BatchNorm2d(out), nn.ReLU(inplace=True))
    return nn.Sequential(*half, nn.Conv2d(out, out, 3, padding=1), nn.BatchNorm2d(out), nn.ReLU(inplace=True))


class UNet(nn.Module):
    """Two steps down and up; one way up is a transposed convolution, the other interpolates."""

    def __init__(self, width: int = 4) -> None:
        super().__init__()
        self.enc1, self.enc2 = double_conv(3, width), double_conv(width, 2 * width)
        self.middle = double_conv(2 * width, 4 * width)
        self.pool, self.grow = nn.MaxPool2d(2), nn.Upsample(scale_factor=2, mode="bilinear")
        self.up2 = nn.ConvTranspose2d(4 * width, 2 * width, 2, stride=2)
        self.dec2, self.dec1 = double_conv(4 * width, 2 * width), double_conv(3 * width, width)
        self.head = nn.Conv2d(width, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        one = self.enc1(x)
        two = self.enc2(self.pool(one))
        low = self.middle(self.pool(two))
        two = self.dec2(torch.cat([two, self.up2(low)], dim=1))
        made: Tensor = self.head(self.dec1(torch.cat([one, self.grow(two)], dim=1)))
        return made


class Elsewhere(nn.Module):
    """Concatenations along other dimensions, one along channels said from the end, and one of vectors."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x)
        batch = torch.cat([y, y], 0)
        wide = torch.cat([y, y], -1)
        tall = torch.cat([y, y], 2)
        joined = torch.cat([y, x], -3)
        vectors = torch.cat([y.mean((2, 3)), x.mean((2, 3))], 1)
        return batch.sum() + wide.sum() + tall.sum() + joined.sum() + vectors.sum()


class InPlace(nn.Module):
    """Writes into slices of a buffer, then joins that with something else."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 4, 1), nn.Conv2d(3, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        room = x.new_empty(x.shape[0], 6, *x.shape[2:])
        room[:, :4] = self.first(x)
        room[:, 4:].copy_(self.second(x))
        return torch.cat([room, x], 1)


class Mixed(nn.Module):
    """Chunks, a shuffle, a gate, an addition, a parameter, zeros, and one module that runs twice."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, padding=1)
        self.gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(4, 4, 1), nn.Sigmoid())
        self.norm = nn.InstanceNorm2d(4)
        self.place = nn.Parameter(torch.zeros(1, 1, 4, 4))

    def forward(self, x: Tensor) -> Tensor:
        first, second = self.conv(x).chunk(2, 1)
        gated = self.norm(self.conv(x) * self.gate(x))
        n, c, h, w = x.shape
        shuffled = x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)
        zeros = torch.zeros(n, 1, h, w)
        parts = [
            second,
            first,
            nn.functional.dropout(gated),
            x + gated,
            shuffled,
            self.place.expand(n, -1, -1, -1),
            zeros,
        ]
        return torch.cat(parts, 1)


class Named(nn.Module):
    """Takes a picture and a mask by name, and gives a dict."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 2, 1)

    def forward(self, picture: Tensor, mask: Tensor, scale: float = 1.0) -> dict[str, Tensor]:
        return {"joined": torch.cat([self.conv(picture) * scale, mask], 1)}
