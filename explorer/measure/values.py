"""Mean, spread and share of zeros of a map, channel by channel, so that one pass serves every group of channels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from explorer.findings import Values

#: Elements that are looked at together: what a look needs for itself stays some 16 MiB, whatever the map.
TOGETHER = 1 << 22


@dataclass(frozen=True)
class ChannelValues:
    """What is known of each channel of a map (N, C, H, W), as float64 on the CPU.

    Attributes:
        count: elements of one channel, N·H·W.
        means: mean of each channel, (C,).
        squares: sum of each channel's squared deviations from its own mean, (C,).
        zeros: exact zeros of each channel, (C,).
    """

    count: int
    means: Tensor
    squares: Tensor
    zeros: Tensor

    def over(self, first: int, channels: int) -> Values:
        """Over all elements of ``channels`` channels from ``first`` on; ``spread`` is the population's."""
        part = slice(first, first + channels)
        means, total = self.means[part], self.count * channels
        mean = means.mean()
        squares = self.squares[part].sum() + self.count * ((means - mean) ** 2).sum()
        return Values(float(mean), math.sqrt(float(squares) / total), float(self.zeros[part].sum()) / total)

    @property
    def all(self) -> Values:
        """Over all channels."""
        return self.over(0, len(self.means))


def channel_values(x: Tensor) -> ChannelValues:
    """Of ``x``, (N, C, H, W), computed in float64 where it is that, else in float32."""
    images, channels, height, width = x.shape
    some = max(1, TOGETHER // (height * width))
    blocks = [_block(x, first, min(some, channels - first)) for first in range(0, channels, some)]
    means, squares, zeros = (torch.cat(row) for row in zip(*blocks, strict=True))
    return ChannelValues(images * height * width, means, squares, zeros)


def _block(x: Tensor, first: int, channels: int) -> tuple[Tensor, Tensor, Tensor]:
    """(means, squares, zeros) of some channels; groups of images are joined as Chan et al. 1979 join variances."""
    images, _, height, width = x.shape
    some = max(1, TOGETHER // (channels * height * width))
    mean = squares = zeros = torch.zeros(channels, dtype=torch.float64)
    seen = 0
    for begin in range(0, images, some):
        part = x[begin : begin + some, first : first + channels]
        wide = part if part.dtype == torch.float64 else part.float()
        variance, average = (t.cpu().double() for t in torch.var_mean(wide, dim=(0, 2, 3), correction=0))
        new = part.shape[0] * height * width
        apart = average - mean
        mean = mean + apart * (new / (seen + new))
        squares = squares + variance * new + apart**2 * (seen * new / (seen + new))
        # No more than TOGETHER, or one map of 2**20: 32 bits hold it, and are twice as fast.
        zeros = zeros + (part == 0).sum(dim=(0, 2, 3), dtype=torch.int32).cpu().double()
        seen += new
    return mean, squares, zeros
