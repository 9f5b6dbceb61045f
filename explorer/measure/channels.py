"""Where the channels of every tensor come from, followed from operator to operator.

Known are storages, not tensors: what a view shows is read off its strides. An operator that treats every channel for
itself (ReLU, BatchNorm, dropout, pooling, upsampling) hands on what it reads; a concatenation puts together what it
joins; every other operator makes channels anew.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor
from torch.utils._pytree import tree_leaves

#: Operators whose first tensor's channels stay apart. Normalisation takes statistics of several in a GroupNorm, but its
#: values are still those of one channel, scaled.
_KEEP = {
    "relu", "relu_", "leaky_relu", "leaky_relu_", "elu", "elu_", "gelu", "silu", "silu_", "mish", "mish_", "sigmoid",
    "sigmoid_", "tanh", "tanh_", "hardtanh", "hardtanh_", "hardswish", "hardswish_", "hardsigmoid", "hardsigmoid_",
    "softplus", "clamp", "clamp_", "clamp_min", "clamp_min_", "_prelu_kernel", "rrelu_with_noise", "threshold", "exp",
    "native_batch_norm", "cudnn_batch_norm", "miopen_batch_norm", "_batch_norm_with_update", "_native_batch_norm_legit",
    "native_group_norm", "native_dropout", "max_pool2d_with_indices", "max_pool3d_with_indices", "avg_pool2d",
    "avg_pool3d", "_adaptive_avg_pool2d", "_adaptive_avg_pool3d", "adaptive_max_pool2d", "adaptive_max_pool3d", "mean",
    "amax", "upsample_nearest2d", "_upsample_nearest_exact2d", "upsample_bilinear2d", "upsample_bicubic2d",
    "_upsample_bilinear2d_aa", "upsample_nearest3d", "upsample_trilinear3d", "constant_pad_nd", "reflection_pad2d",
    "replication_pad2d", "clone", "contiguous", "_to_copy", "neg", "abs", "pow", "sqrt", "_unsafe_view",
}  # fmt: skip
#: Operators on two tensors that keep channels apart where only one of the two is maps.
_PAIRS = {"mul", "mul_", "div", "div_", "add", "add_", "sub", "sub_", "maximum", "minimum", "where"}
#: Operators that make numbers out of nothing, whatever shape they take from where.
_NOTHING = {
    "empty", "empty_like", "new_empty", "empty_strided", "new_empty_strided", "zeros", "zeros_like", "new_zeros",
    "ones", "ones_like", "new_ones", "full", "full_like", "new_full", "rand", "rand_like", "randn", "randn_like",
    "bernoulli", "bernoulli_", "uniform_", "normal_", "zero_", "fill_", "arange", "linspace",
}  # fmt: skip


@dataclass(frozen=True)
class Part:
    """Neighbouring channels of a tensor: ``channels`` of source ``source``, its own from ``start`` on."""

    source: int
    start: int
    channels: int
    through: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Maps:
    """What a storage holds: the sizes and strides of the maps in it, where they begin, and their channels' parts."""

    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int
    parts: tuple[Part, ...]


def short(name: str) -> str:
    """An operator's name as a person would say it: ``max_pool2d`` of ``max_pool2d_with_indices``."""
    plain = name.strip("_")
    for start in ("native_", "cudnn_", "miopen_", "adaptive_"):
        plain = plain.removeprefix(start)
    for end in ("_with_indices", "_with_update", "_legit", "_kernel"):
        plain = plain.removesuffix(end)
    # A clone that makes channels anew has changed their order.
    return {"to_copy": "to", "constant_pad_nd": "pad", "unsafe_view": "reshape", "clone": "reshape"}.get(plain, plain)


class Channels:
    """What is known of every storage alive.

    What was let go of must be said with :meth:`forget`: storages' keys are used again.
    """

    def __init__(self) -> None:
        self._known: dict[int, _Maps] = {}

    def know(self, tensor: Tensor, parts: Sequence[Part]) -> None:
        """The maps in ``tensor``, of at least three sizes, are ``parts``."""
        sizes, strides = tuple(tensor.shape), tuple(tensor.stride())
        channels = sum(part.channels for part in parts)
        if channels != sizes[1]:  # (1, N·C, …): InstanceNorm asks BatchNorm so
            sizes = (sizes[0] * sizes[1] // channels, channels, *sizes[2:])
            strides = (channels * strides[1], *strides[1:])
        self._known[_key(tensor)] = _Maps(sizes, strides, int(tensor.storage_offset()), merged(parts))

    def forget(self, key: int) -> None:
        """Storage ``key`` is gone."""
        self._known.pop(key, None)

    def knows(self, tensor: Tensor) -> bool:
        """Whether anything is known of its storage."""
        return _key(tensor) in self._known

    def of(self, tensor: Tensor) -> tuple[Part, ...] | None:
        """The parts of ``tensor``; None where its channels are not those of its storage, or nothing is known."""
        maps = self._known.get(_key(tensor))
        place = None if maps is None else _place(tensor, maps)
        return None if maps is None or place is None else cut(maps.parts, *place)

    def held(self, tensor: Tensor) -> tuple[Part, ...]:
        """The parts of all that its storage holds, whatever ``tensor`` shows of it."""
        maps = self._known.get(_key(tensor))
        return maps.parts if maps is not None else ()

    def write(self, target: Tensor, parts: Sequence[Part]) -> tuple[int, int] | None:
        """Puts ``parts`` into the channels that ``target`` shows of its storage.

        Returns:
            (first channel, how many) where these are not all of it; None where they are, or they cannot be told.
        """
        key = _key(target)
        maps = self._known.get(key)
        place = None if maps is None else _place(target, maps)
        if maps is None or place is None:
            return None
        start, count = place
        whole = maps.sizes[1]
        before, after = cut(maps.parts, 0, start), cut(maps.parts, start + count, whole - start - count)
        self._known[key] = replace(maps, parts=merged([*before, *parts, *after]))
        return None if count == whole else place


def handed_on(
    packet: Any, args: Sequence[Any], out: Tensor, channels: Channels, empty: Collection[int]
) -> tuple[Part, ...] | None:
    """The parts that ``out`` has from what its operator read; None where the operator makes channels anew.

    Args:
        packet: the operator.
        args: what it was given.
        out: what it made, (N, C, …).
        channels: what is known so far.
        empty: sources that are no maps: parameters and constants.
    """
    name = packet.__name__
    read = [leaf for leaf in tree_leaves(args) if isinstance(leaf, Tensor)]
    if name in _KEEP and read:
        parts = channels.of(read[0]) if read[0].dim() == out.dim() else None
    elif name in _PAIRS:
        parts = _of_one(read, out, channels, empty, gates=name.startswith(("mul", "div")))
    else:
        return None
    if parts is None or not _fit(parts, out):
        return None
    return tuple(_through(part, name) for part in parts) if name in _KEEP else parts


def _fit(parts: Sequence[Part], out: Tensor) -> bool:
    channels = sum(part.channels for part in parts)
    return out.shape[1] == channels or (out.shape[0] == 1 and out.shape[1] % channels == 0)  # InstanceNorm's (1, N·C)


def is_empty(args: Sequence[Any], channels: Channels, empty: Collection[int]) -> bool:
    """Whether all that an operator read is parameters and constants."""
    read = [channels.of(leaf) for leaf in tree_leaves(args) if isinstance(leaf, Tensor) and leaf.dim() > 2]
    return bool(read) and all(parts is not None and all(part.source in empty for part in parts) for parts in read)


def _of_one(
    read: Sequence[Tensor], out: Tensor, channels: Channels, empty: Collection[int], gates: bool
) -> tuple[Part, ...] | None:
    """The parts of the one operand that is maps; None where several are.

    With ``gates`` what has one number a channel (squeeze and excitation) or one a pixel (attention) is no operand: it
    scales the maps and mixes nothing.
    """
    found: dict[tuple[tuple[int, int, int], ...] | None, tuple[Part, ...] | None] = {}
    for tensor in read:
        if tensor.dim() != out.dim():
            continue
        parts = channels.of(tensor)
        if parts is not None and all(part.source in empty for part in parts):
            continue
        if gates and tensor.shape[1:] != out.shape[1:]:
            continue
        bare = None if parts is None else tuple((part.source, part.start, part.channels) for part in parts)
        found[bare] = parts
    return next(iter(found.values())) if len(found) == 1 else None


def makes_nothing(packet: Any) -> bool:
    """Whether what the operator makes is made of no maps."""
    return packet.__name__ in _NOTHING


def cut(parts: Sequence[Part], start: int, count: int) -> tuple[Part, ...]:
    """The ``count`` channels from ``start`` on."""
    found, at = [], 0
    for part in parts:
        low, high = max(start, at), min(start + count, at + part.channels)
        if low < high:
            found.append(replace(part, start=part.start + low - at, channels=high - low))
        at += part.channels
    return tuple(found)


def merged(parts: Iterable[Part]) -> tuple[Part, ...]:
    """The same with neighbours of one source put together again."""
    found: list[Part] = []
    for part in parts:
        last = found[-1] if found else None
        follows = last is not None and (last.source, last.start + last.channels) == (part.source, part.start)
        if last is not None and follows and last.through == part.through:
            found[-1] = replace(last, channels=last.channels + part.channels)
        else:
            found.append(part)
    return tuple(found)


def _through(part: Part, name: str) -> Part:
    word = short(name)
    if word in part.through or name in ("clone", "contiguous", "_unsafe_view"):
        return part
    return replace(part, through=(*part.through, word))


def _place(tensor: Tensor, maps: _Maps) -> tuple[int, int] | None:
    """(first channel, how many) of the maps that a view shows; None where its channels are others."""
    n, c = maps.sizes[:2]
    if tensor.dim() != len(maps.sizes):
        return None
    sizes, strides = tuple(tensor.shape), tuple(tensor.stride())
    if sizes == (1, n * c, *maps.sizes[2:]) and n > 1 and tensor.is_contiguous():  # InstanceNorm's view
        return 0, c
    for d, (size, stride) in enumerate(zip(sizes, strides, strict=True)):
        if size == 1 or (stride == 0 and d != 1 and maps.sizes[d] == 1):  # the latter expanded
            continue
        times, rest = divmod(stride, maps.strides[d]) if maps.strides[d] else (0, 1)
        steps = times if d >= 2 else 1  # every second pixel is still that channel's; every second channel is not a run
        if rest or times != steps or times < 1 or (size - 1) * times >= maps.sizes[d]:
            return None
    within = int(tensor.storage_offset()) - maps.offset
    if within < 0:
        return None
    start = _channel_at(within, maps)
    return (start, sizes[1]) if start + sizes[1] <= c else None


def _channel_at(within: int, maps: _Maps) -> int:
    """The channel of the number ``within`` the maps, whichever of their sizes runs fastest."""
    if maps.sizes[1] == 1:
        return 0
    order = sorted(range(len(maps.sizes)), key=lambda d: (-maps.strides[d], maps.sizes[d] != 1, d))
    for d in order:
        if d == 1:
            return within // maps.strides[1] if maps.strides[1] else 0
        if maps.sizes[d] > 1 and maps.strides[d]:
            within %= maps.strides[d]
    return 0


def _key(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)
