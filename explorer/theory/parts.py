"""The modules of one Bottleneck or residual unit, in call order: their names, parameters and MACs."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import Literal

from explorer.findings import Part
from explorer.spec import DenseBlockSpec, ResidualSpec

_KINDS: dict[int, Literal["conv1x1", "conv3x3", "conv7x7"]] = {1: "conv1x1", 3: "conv3x3", 7: "conv7x7"}


def dense_parts(spec: DenseBlockSpec, layer: int, positions: int) -> tuple[Part, ...]:
    """Bottleneck ``layer`` (from 1) on maps of ``positions`` = N·H·W.

    In total the block has (2 + bk)·S + L·(2bk + 9bk²) parameters and N·H·W·(bk·S + 9bk²·L) MACs;
    without the 1×1 (2 + 9k)·S and N·H·W·9k·S (Huang et al. 2017 §3, *Bottleneck layers*). In post
    order each BN has the width of the convolution before it.
    """
    c, k = spec.width_before(layer), spec.growth_rate
    widths = (c, spec.mid_channels, k) if spec.bottleneck else (c, k)
    parts: list[Part] = []
    for i, (before, after) in enumerate(pairwise(widths), start=1):
        kernel = 3 if i == len(widths) - 1 else 1
        conv = conv_part(f"conv{i}", kernel, before, after, positions)
        parts += [bn_part(f"bn{i}", before), conv] if spec.order == "pre" else [conv, bn_part(f"bn{i}", after)]
    return tuple(parts)


def unit_parts(spec: ResidualSpec, layer: int, positions: int) -> tuple[Part, ...]:
    """Residual unit ``layer`` (from 1) on maps of ``positions`` = N·H·W.

    Parameters, with [p] = 1 where the unit projects (c ≠ C):
    pre-activation (He et al. 2016, arXiv 1603.05027, figure 4e) 2c + cw + 9w² + 4w + wC + [p]cC;
    post-activation (He et al. 2015, arXiv 1512.03385, figure 5 right) cw + 9w² + wC + 4w + 2C + [p](cC + 2C);
    basic (the same, left) 9cw + 9wC + 2w + 2C + [p](cC + 2C).
    """
    return _unit_parts(spec, spec.width_before(layer), positions)


@lru_cache(maxsize=512)
def _unit_parts(spec: ResidualSpec, c: int, positions: int) -> tuple[Part, ...]:
    """Of a unit that reads ``c`` channels, which all but the first do alike."""
    w, out = spec.inner_width, spec.out_channels
    parts: tuple[Part, ...]
    if spec.unit == "basic":
        parts = (
            conv_part("conv1", 3, c, w, positions),
            bn_part("bn1", w),
            conv_part("conv2", 3, w, out, positions),
            bn_part("bn2", out),
        )
    else:
        convs = (
            conv_part("conv1", 1, c, w, positions),
            conv_part("conv2", 3, w, w, positions),
            conv_part("conv3", 1, w, out, positions),
        )
        if spec.unit == "preactivation":
            parts = tuple(p for i, conv in enumerate(convs, 1) for p in (bn_part(f"bn{i}", conv.in_channels), conv))
        else:
            parts = tuple(p for i, conv in enumerate(convs, 1) for p in (conv, bn_part(f"bn{i}", conv.out_channels)))
    if c == out:
        return parts
    if spec.unit == "preactivation":  # projects what bn1 and ReLU made, so it needs no BN of its own
        return (*parts, conv_part("proj", 1, c, out, positions))
    return (*parts, conv_part("proj.0", 1, c, out, positions), bn_part("proj.1", out))


def conv_part(name: str, kernel: int, before: int, after: int, positions: int) -> Part:
    """A convolution without bias that is worked out at ``positions`` places; ``kernel`` is 1, 3 or 7."""
    weights = kernel * kernel * before * after
    return Part(name, _KINDS[kernel], before, after, weights, weights * positions)


def bn_part(name: str, channels: int) -> Part:
    """A BatchNorm with weight and bias."""
    return Part(name, "bn", channels, channels, 2 * channels, 0)
