"""Closed forms of the stacks whose gradients are measured, and the plain and residual ones that match a dense one.

c0, k, L, b as elsewhere; a unit of width w on c channels. With BatchNorm, its weights and biases are counted.
"""

from __future__ import annotations

from functools import lru_cache

from explorer.spec import (
    CLASSES,
    COLOURS,
    IMAGES,
    SIDE,
    DenseBlockSpec,
    DenseStackSpec,
    Joined,
    StackSpec,
    StackUnit,
    UnitStackSpec,
    dense_stack,
)
from explorer.spec.stack import WIDEST
from explorer.theory.match import nearest_width

#: Multiply-accumulates of one forward pass up to which a stack is measured: some ten seconds a seed on two cores.
MOST_STACK_MACS = 20 * 10**9


def layer_parameters(spec: StackSpec, batch_norm: bool = True) -> int:
    """Of all layers, without stem and head.

    A Bottleneck that reads c channels: 2c + c·bk + 2bk + 9bk·k. A pre-activation unit on c of width w:
    2c + 2cw + 4w + 9w². BatchNorm's are the terms without a product.
    """
    norms = 2 if batch_norm else 0
    if isinstance(spec, DenseStackSpec):
        mid = spec.mid_channels
        read = sum(spec.width_before(reader) for reader in range(1, spec.layers + 1))
        return read * (norms + mid) + spec.layers * mid * (norms + 9 * spec.growth_rate)
    c, w = spec.channels, spec.inner_width
    if spec.unit == "bottleneck":
        return spec.layers * (c * (norms + 10 * w) + norms * w)
    return spec.layers * (norms * c + 2 * c * w + 2 * norms * w + 9 * w * w)


def stack_parameters(spec: StackSpec, batch_norm: bool = True) -> int:
    """Of the whole: the stem's 3×3 convolution, the layers, and BatchNorm and linear layer of the head."""
    into = spec.in_channels if isinstance(spec, DenseStackSpec) else spec.channels
    out = spec.width_before(spec.layers + 1) if isinstance(spec, DenseStackSpec) else spec.channels
    head = (2 * out if batch_norm else 0) + out * CLASSES + CLASSES
    return 9 * COLOURS * into + layer_parameters(spec, batch_norm) + head


def stack_macs(spec: StackSpec, images: int = IMAGES) -> int:
    """Multiply-accumulates of the layers' convolutions in one forward of ``images`` images."""
    return images * SIDE * SIDE * layer_parameters(spec, batch_norm=False)


def stack_bytes(spec: StackSpec, images: int = IMAGES, element: int = 8) -> int:
    """Bytes of maps that one forward keeps at most: twice what every convolution reads, and the copies that it reads.

    An upper bound for the decision whether to run at all; what BatchNorm and ReLU keep is the same storage or less.
    """
    positions = images * SIDE * SIDE
    if isinstance(spec, DenseStackSpec):
        read = sum(spec.width_before(reader) for reader in range(1, spec.layers + 2))
        return element * positions * (3 * read + 3 * spec.layers * spec.mid_channels)
    return element * positions * spec.layers * (4 * spec.channels + 6 * spec.inner_width)


@lru_cache(maxsize=256)
def matched_stack(dense: DenseStackSpec, joined: Joined, unit: StackUnit = "preactivation") -> UnitStackSpec:
    """The plain or residual stack of the same depth whose layers come nearest to those of ``dense`` in parameters.

    Pre-activation units are four times as wide outside as inside; the Bottlenecks keep their inner width b·k.
    """
    target = layer_parameters(dense.whole)

    def of(width: int) -> UnitStackSpec:
        if unit == "bottleneck":
            return UnitStackSpec(joined, unit, width, dense.mid_channels, dense.layers)
        return UnitStackSpec(joined, unit, 4 * width, width, dense.layers)

    return of(nearest_width(lambda width: layer_parameters(of(width)), target, high=WIDEST // 4))


def mismatch(dense: DenseStackSpec, stack: StackSpec) -> float:
    """By which share the parameters of the layers of ``stack`` differ from those of ``dense``; negative: fewer."""
    return layer_parameters(stack) / layer_parameters(dense.whole) - 1


def stacks_of(block: DenseBlockSpec, unit: StackUnit = "preactivation") -> dict[Joined, StackSpec]:
    """Plain, residual and dense stack for ``block``: equal depth, parameters matched."""
    dense = dense_stack(block)
    return {
        "plain": matched_stack(dense, "plain", unit),
        "residual": matched_stack(dense, "residual", unit),
        "dense": dense,
    }
