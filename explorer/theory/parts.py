"""The modules of one Bottleneck or residual unit, in call order: their names, parameters and MACs."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

from explorer.findings import Part
from explorer.spec import DenseBlockSpec, ResidualSpec


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
        conv = _conv(f"conv{i}", kernel, before, after, positions)
        parts += [_bn(f"bn{i}", before), conv] if spec.order == "pre" else [conv, _bn(f"bn{i}", after)]
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
            _conv("conv1", 3, c, w, positions),
            _bn("bn1", w),
            _conv("conv2", 3, w, out, positions),
            _bn("bn2", out),
        )
    else:
        convs = (
            _conv("conv1", 1, c, w, positions),
            _conv("conv2", 3, w, w, positions),
            _conv("conv3", 1, w, out, positions),
        )
        if spec.unit == "preactivation":
            parts = tuple(p for i, conv in enumerate(convs, 1) for p in (_bn(f"bn{i}", conv.in_channels), conv))
        else:
            parts = tuple(p for i, conv in enumerate(convs, 1) for p in (conv, _bn(f"bn{i}", conv.out_channels)))
    if c == out:
        return parts
    if spec.unit == "preactivation":  # projects what bn1 and ReLU made, so it needs no BN of its own
        return (*parts, _conv("proj", 1, c, out, positions))
    return (*parts, _conv("proj.0", 1, c, out, positions), _bn("proj.1", out))


def _conv(name: str, kernel: int, before: int, after: int, positions: int) -> Part:
    weights = kernel * kernel * before * after  # no bias
    return Part(name, "conv1x1" if kernel == 1 else "conv3x3", before, after, weights, weights * positions)


def _bn(name: str, channels: int) -> Part:
    return Part(name, "bn", channels, channels, 2 * channels, 0)
