"""``fused``, for inference only: a BatchNorm behind a convolution becomes part of it; slices are written in place.

In evaluation a BatchNorm is a fixed scale and shift per channel, (x − μ)·γ/σ + β. After a convolution that is the
convolution with its weights scaled and a bias; before one it is not where a ReLU stands between the two, as at the
beginning of a pre-activation layer. So of a Bottleneck's two BatchNorms the second is folded into the 1×1, and in
post order all are. The weights are folded in every call, a few thousand numbers, so that the block has no parameters
of its own and none that can be out of date.

The output is allocated once, and every layer writes its k channels where they belong: nothing is concatenated.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from explorer.blocks.buffer import in_order, room
from explorer.blocks.dense import Bottleneck, Denseblock, Layer, PlainLayer, PostBottleneck, PostPlainLayer


class FusedBlock(Denseblock):
    """The block in evaluation, without gradients."""

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        """(N, c0, H, W) → (N, c0 + L·k, H, W).

        Raises:
            RuntimeError: the block is in training mode.
        """
        if self.training:
            raise RuntimeError("The fused block is for inference: call eval() first, or build another implementation.")
        out = room(self, x)
        for layer, c in in_order(self, x):
            out[:, c : c + layer.growth_rate] = _folded(layer, out[:, :c])
        return out


def _folded(layer: Layer, x: Tensor) -> Tensor:
    """(N, c, H, W) → (N, k, H, W)."""
    if isinstance(layer, Bottleneck):
        out = _conv(layer.conv1, layer.bn2, F.relu_(layer.bn1(x)))
        made: Tensor = layer.conv2(F.relu_(out))
    elif isinstance(layer, PlainLayer):
        made = layer.conv1(F.relu_(layer.bn1(x)))
    elif isinstance(layer, PostBottleneck):
        out = F.relu_(_conv(layer.conv1, layer.bn1, x))
        made = F.relu_(_conv(layer.conv2, layer.bn2, out))
    else:
        assert isinstance(layer, PostPlainLayer)
        made = F.relu_(_conv(layer.conv1, layer.bn1, x))
    return made


def _conv(conv: nn.Conv2d, norm: nn.BatchNorm2d, x: Tensor) -> Tensor:
    """``norm(conv(x))`` as one convolution."""
    assert norm.running_mean is not None and norm.running_var is not None
    scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
    weight = conv.weight * scale.view(-1, 1, 1, 1)
    return F.conv2d(x, weight, norm.bias - norm.running_mean * scale, padding=conv.padding)
