"""Bytes of a Dense Block however it is written: what is kept for backward, and the peak of an inference forward.

The implementations are those of :mod:`explorer.blocks`, and the forms hold for them as they are written. With c = cᵢ
channels that a layer reads, m = b·k (0 without the 1×1), A bytes of one channel and e of one number.
"""

from __future__ import annotations

from explorer.spec import BYTES_PER_ELEMENT, DenseBlockSpec, DType, InputSpec, RunSpec
from explorer.theory.closed_forms import block_theory
from explorer.theory.memory import dense_peak, saved_channels


def kept_bytes(spec: DenseBlockSpec, input: InputSpec, dtype: DType, implementation: str) -> int:
    """Bytes alive between forward and backward, without parameters and buffers; see :func:`kept_channels`.

    Raises:
        ValueError: there is no closed form for ``implementation``.
    """
    channels = [kept_channels(spec, layer, implementation) for layer in range(1, spec.layers + 1)]
    return BYTES_PER_ELEMENT[dtype] * sum(input.positions * maps + 2 * statistics for maps, statistics in channels)


def kept_channels(spec: DenseBlockSpec, layer: int, implementation: str) -> tuple[int, int]:
    """(maps, statistics): channels that layer ``layer`` (from 1) adds to what is kept, however the block is written.

    As :func:`saved_channels`, which is ``concat``, with all that stays alive between forward and backward, whether
    autograd keeps it or the block itself. With f the channels that the layer is the first to read, c₀ or k:

    - ``list``: as ``concat``; each of its concatenations is a BatchNorm's input.
    - ``checkpoint``: f, nothing else. In total c_{L−1}, linear in L.
    - ``checkpoint_1x1``: f + 2bk and bk; without the 1×1 as ``checkpoint``. In post order the output of a layer's last
      ReLU is the feature itself: f + 2bk + k and bk + k, and k once more with the last layer.
    - ``shared``: the buffer's k (with the first layer c₀ + k) + bk, and statistics of the same channels; without the
      1×1 no bk. In post order + k for the last BatchNorm's input, and statistics of those maps alone: bk + k.
    - ``fused``: nothing; it is for inference.

    Raises:
        ValueError: there is no closed form for ``implementation``.
    """
    k, middle = spec.growth_rate, spec.mid_channels if spec.bottleneck else 0
    first = spec.in_channels if layer == 1 else k
    post = spec.order == "post"
    if implementation in ("concat", "list"):
        return saved_channels(spec, layer)
    if implementation == "checkpoint":
        return first, 0
    if implementation == "checkpoint_1x1":
        made = k if post and layer == spec.layers else 0
        inside = 2 * middle + k if post else 2 * middle
        return first + inside + made, middle + k if post else middle
    if implementation == "shared":
        written = k + (spec.in_channels if layer == 1 else 0)
        return (written + middle + k, middle + k) if post else (written + middle, written + middle)
    if implementation == "fused":
        return 0, 0
    raise ValueError(f"no closed form for {implementation!r}")


def inference_peak_bytes(spec: DenseBlockSpec, input: InputSpec, dtype: DType, implementation: str) -> int:
    """Bytes alive at the highest point of a forward without gradients: parameters, buffers and input included.

    Raises:
        ValueError: there is no closed form for ``implementation``.
    """
    element = BYTES_PER_ELEMENT[dtype]
    theory = block_theory(spec, input, RunSpec(dtype=dtype, mode="inference"))
    moments = inference_moments(spec, implementation)
    peak = max(element * (input.positions * channels + numbers) for channels, numbers in moments)
    return peak + theory.parameter_bytes + theory.buffer_bytes


def inference_moments(spec: DenseBlockSpec, implementation: str) -> tuple[tuple[int, int], ...]:
    """(channels, numbers) alive at the moments that can be the highest, all within the last layer or at the end.

    ``numbers`` are those of folded weights. c is what the last layer reads, h = c for what ``list`` has joined for it,
    0 where L = 1 and nothing is joined; the block's input is always held by the caller.

    - ``concat``: see :func:`explorer.theory.memory.dense_moments`, and the input once more where L > 1.
    - ``list``, ``checkpoint``: 3c + h, c + h + 3m, and the last join 2C. Post: c + h + 2m, c + h + m + 2k, 2C.
    - ``checkpoint_1x1``: what was joined goes with the first convolution: 3c + h, c + 3m, 2C. Post: c + h + m,
      c + 2m, c + m + 2k, 2C.
    - ``shared``: the buffer and the input, C + c₀, and 2c, 3m or, without the 1×1, c + k. Post: 2m, m + 2k.
    - ``fused``: C + c₀ and c + m with the folded 1×1's m·c + 2m numbers, or m + k; without the 1×1 c + k. Post: m with
      m·c + 2m numbers, m + k with 9mk + 2k; without the 1×1 k with 9kc + 2k.
    """
    c, k, wide = spec.width_before(spec.layers), spec.growth_rate, spec.out_channels
    m = spec.mid_channels if spec.bottleneck else 0
    h = c if spec.layers > 1 else 0
    post = spec.order == "post"
    both = wide + spec.in_channels
    if implementation == "concat":
        return ((dense_peak(spec) + (spec.in_channels if spec.layers > 1 else 0), 0),)
    if implementation in ("list", "checkpoint"):
        inside = (c + h + 2 * m, c + h + m + 2 * k) if post else (3 * c + h, c + h + 3 * m)
        return tuple((channels, 0) for channels in (*inside, 2 * wide))
    if implementation == "checkpoint_1x1":
        if not spec.bottleneck and not post:
            return inference_moments(spec, "checkpoint")
        if not spec.bottleneck:
            return (c + h + k, 0), (c + 2 * k, 0), (2 * wide, 0)
        moments = (c + h + m, c + 2 * m, c + m + 2 * k) if post else (3 * c + h, c + 3 * m)
        return tuple((channels, 0) for channels in (*moments, 2 * wide))
    if implementation == "shared":
        beside = max(2 * m, m + 2 * k) if post else max(2 * c, 3 * m, c + k)
        return ((both + beside, 0),)
    if implementation == "fused":
        if not post:
            first = (both + c + m, m * c + 2 * m) if spec.bottleneck else (both + c + k, 0)
            return first, (both + m + k, 0)
        if not spec.bottleneck:
            return ((both + k, 9 * k * c + 2 * k),)
        return (both + m, m * c + 2 * m), (both + m + k, 9 * m * k + 2 * k)
    raise ValueError(f"no closed form for {implementation!r}")
