"""Bytes: what autograd keeps for backward, and what is alive at the highest point of a forward.

Autograd keeps a BatchNorm's input and its two statistics per channel, a ReLU's output, and a
convolution's input, which is a ReLU's output or what came in; each storage counts once. Addition
and concatenation keep nothing.

A peak depends on which names stay alive in ``forward``, so it holds for the modules of
:mod:`explorer.blocks` as they are written. It counts channels at every moment at which a tensor
has just been made and its inputs are not yet freed.
"""

from __future__ import annotations

from explorer.spec import BlockSpec, DenseBlockSpec, ResidualSpec


def saved_channels(spec: BlockSpec, layer: int) -> tuple[int, int]:
    """(maps, statistics): channels that layer ``layer`` (from 1) makes autograd keep, each A or 2e bytes.

    Dense: 2cᵢ + 2bk and cᵢ + bk, without the 1×1 2cᵢ and cᵢ; in post order cᵢ + 2bk + 2k and bk + k.
    Pre-activation unit: 2c + 4w and c + 2w. Post-activation: c + 4w + C + [p]C and 2w + C + [p]C.
    Basic: c + 2w + C + [p]C and w + C + [p]C. The ReLU after an addition is kept as the next unit's
    input; the last one is counted with the last unit.
    """
    c = spec.width_before(layer)
    if isinstance(spec, DenseBlockSpec):
        middle = spec.mid_channels if spec.bottleneck else 0
        if spec.order == "pre":
            return 2 * (c + middle), c + middle
        return c + 2 * (middle + spec.growth_rate), middle + spec.growth_rate
    w, out = spec.inner_width, spec.out_channels
    if spec.unit == "preactivation":
        return 2 * c + 4 * w, c + 2 * w
    inside = w if spec.unit == "basic" else 2 * w  # channels of the BNs before the last one
    outside = out if c == out else 2 * out  # of the last BN and the projection's
    last_relu = out if layer == spec.units else 0
    return c + 2 * inside + outside + last_relu, inside + outside


def peak_channels(spec: BlockSpec) -> int:
    """Channels alive at the highest point of a forward that keeps nothing for backward, input included."""
    if isinstance(spec, DenseBlockSpec):
        # Later Bottlenecks read more, so the last one decides; the caller still holds the input.
        held = spec.in_channels if spec.layers > 1 else 0
        return held + dense_peak(spec)
    first = _unit_peak(spec, 1)
    return first if spec.units == 1 else max(first, spec.in_channels + _unit_peak(spec, 2))


def dense_peak(spec: DenseBlockSpec) -> int:
    """The largest of :func:`dense_moments`."""
    return max(dense_moments(spec))


def dense_moments(spec: DenseBlockSpec) -> tuple[int, ...]:
    """Channels alive within the last Bottleneck at the moments that can be its highest, c = c_{L−1}.

    Pre: ReLU of bn1 3c, ReLU of bn2 c + 3bk, concatenation 2c + 2k. Post: bn1 or its ReLU c + 2bk,
    bn2 or its ReLU c + bk + 2k, concatenation 2c + 2k. Without the 1×1 what has bk in it falls away.
    """
    c, k, middle = spec.width_before(spec.layers), spec.growth_rate, spec.mid_channels
    joined = 2 * c + 2 * k
    if spec.order == "pre":
        return (3 * c, c + 3 * middle, joined) if spec.bottleneck else (3 * c, joined)
    return (c + 2 * middle, c + middle + 2 * k, joined) if spec.bottleneck else (joined,)


def _unit_peak(spec: ResidualSpec, layer: int) -> int:
    """Channels alive at the highest point within unit ``layer``, its input among them.

    Pre-activation: ReLU of bn1 3c, ReLU of bn2 or bn3 2c + 3w, conv3 2c + 2w + C, addition 2c + (2 + [p])C;
    post-activation, ReLU in place: bn2 c + 3w, bn3 c + w + 2C, proj.1 [p](c + 3C); basic: bn1 c + 2w,
    bn2 c + w + 2C, proj.1 [p](c + 3C).
    """
    c, w, out = spec.width_before(layer), spec.inner_width, spec.out_channels
    projects = c != out
    if spec.unit == "preactivation":  # the activated input stays alive until the projection has read it
        return max(3 * c, 2 * c + 3 * w, 2 * c + 2 * w + out, 2 * c + (2 + projects) * out)
    inside = c + (2 if spec.unit == "basic" else 3) * w
    return max(inside, c + w + 2 * out, (c + 3 * out) * projects)
