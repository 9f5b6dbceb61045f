"""What the 1×1 convolution costs or saves: the same block with it and without it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from explorer.spec import DenseBlockSpec, InputSpec, RunSpec
from explorer.theory.closed_forms import block_theory


@dataclass(frozen=True)
class OneByOne:
    """A block's parameters and MACs with and without its 1×1 convolutions, and from which L they pay.

    ``parameters_from`` and ``macs_from`` are the smallest L at which the 1×1 saves at this c₀, k and b,
    which may lie beyond what a spec allows; None where it never does.
    """

    parameters_with: int
    parameters_without: int
    macs_with: int
    macs_without: int
    parameters_from: int | None
    macs_from: int | None

    @property
    def parameters_cost(self) -> int:
        """Parameters that the 1×1 adds; negative where it saves."""
        return self.parameters_with - self.parameters_without


def without_bottleneck(block: DenseBlockSpec) -> DenseBlockSpec:
    """``block`` with the 3×3 convolutions reading the concatenation themselves."""
    return replace(block, bottleneck=False)


def one_by_one(block: DenseBlockSpec, input: InputSpec) -> OneByOne:
    """Both variants of ``block``, whichever of them it is."""
    run = RunSpec()
    narrow = block_theory(replace(block, bottleneck=True), input, run)
    plain = block_theory(without_bottleneck(block), input, run)
    return OneByOne(
        parameters_with=narrow.parameters,
        parameters_without=plain.parameters,
        macs_with=narrow.macs,
        macs_without=plain.macs,
        parameters_from=pays_from(block, "parameters"),
        macs_from=pays_from(block, "macs"),
    )


def pays_from(block: DenseBlockSpec, quantity: Literal["parameters", "macs"]) -> int | None:
    """The smallest L from which on the 1×1 convolution saves at the block's c₀, k and b; None if never.

    It pays where the mean input width S/L = c₀ + k(L−1)/2 exceeds 9bk/(9−b) in MACs and
    (9bk + 2b)/(9−b) in parameters, in either order; from b = 9 on it never does.
    """
    c0, k, b = block.in_channels, block.growth_rate, block.bottleneck_factor
    if b >= 9:
        return None
    threshold = 9 * b * k + (2 * b if quantity == "parameters" else 0)
    # (9 − b)·(2c₀ + k·(L − 1)) > 2·threshold, solved for the smallest whole L
    missing = 2 * threshold - (9 - b) * 2 * c0
    return 1 if missing < 0 else missing // ((9 - b) * k) + 2
