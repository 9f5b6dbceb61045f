"""One buffer for a whole block: who writes where."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor

from explorer.blocks.dense import Denseblock, Layer
from explorer.blocks.marks import running


def room(block: Denseblock, x: Tensor) -> Tensor:
    """(N, C, H, W) with x, (N, c0, H, W), in its first channels and room behind it for what the layers make."""
    n, c, height, width = x.shape
    buffer = x.new_empty((n, c + sum(layer.growth_rate for layer in block.layers), height, width))
    buffer[:, :c] = x
    return buffer


def in_order(block: Denseblock, x: Tensor) -> Iterator[tuple[Layer, int]]:
    """Each layer, marked as running, and c: it reads the buffer's first c channels and writes behind them."""
    c = x.shape[1]
    for index, layer in enumerate(block.layers):
        with running(index):
            yield layer, c
        c += layer.growth_rate
