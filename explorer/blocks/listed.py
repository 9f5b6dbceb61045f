"""``list``: the features stay apart in a list and are concatenated where they are read, as torchvision writes it.

A layer's concatenation is a temporary of that layer, so an inference forward holds one of them at a time; for
backward, autograd keeps each of them as the input of a BatchNorm, as many channels as the chain keeps.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from explorer.blocks.dense import Denseblock, Layer
from explorer.blocks.marks import running


class ListBlock(Denseblock):
    """Every layer reads all that was made before it, and hands on only what it makes itself."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, c0, H, W) → (N, c0 + L·k, H, W)."""
        return listed(self.layers, x)


def listed(layers: Sequence[Layer], x: Tensor) -> Tensor:
    """What ``layers``, one after another, make of x, behind it."""
    features = [x]
    for index, layer in enumerate(layers):
        with running(index):
            features.append(layer.new(joined(features)))
    return joined(features)


def joined(features: Sequence[Tensor]) -> Tensor:
    """Their channels one after another; a single tensor as it is."""
    return features[0] if len(features) == 1 else torch.cat(tuple(features), 1)
