"""Feature maps as small pictures: which channels, how small, and how many fit into one answer."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from explorer.findings import FeatureMap, MapGroup
from explorer.measure.values import ChannelValues

SIDE = 32  # pixels of a map's longer side, at most
#: Maps shown, at most: of each source that is read, of what the last convolution reads, of what is made or joined.
READ, INSIDE, MADE = 8, 16, 32
#: Bytes of all pixels of one answer, and of the whole answer as JSON text.
PIXELS, TEXT = 200_000, 295_000
_FRAME, _GROUP, _MAP = 7_000, 380, 104  # what is written around them: answer and steps, a group, a map


@dataclass(frozen=True)
class Size:
    """Height and width of every map's pixels: the map's own, or its shape with the longer side :data:`SIDE`."""

    height: int
    width: int


def size_of(height: int, width: int) -> Size:
    """The size of the pictures of maps of ``height`` × ``width``."""
    longer = max(height, width)
    if longer <= SIDE:
        return Size(height, width)
    return Size(max(1, round(height * SIDE / longer)), max(1, round(width * SIDE / longer)))


def maps_per_source(sources: Sequence[int], others: Iterable[int], size: Size) -> int:
    """How many maps of each source fit into one answer, from 1 to :data:`READ`.

    One of each of 64 sources always fits, so the others are never cut short.

    Args:
        sources: channels of each source that the layer reads.
        others: maps that are shown beside them.
        size: of every map.
    """
    shown = sum(others)
    for most in range(READ, 1, -1):
        maps = shown + sum(min(most, channels) for channels in sources)
        pixels = size.height * size.width
        text = _FRAME + len(sources) * _GROUP + maps * (_MAP + 4 * -(-pixels // 3))
        if maps * pixels <= PIXELS and text <= TEXT:
            return most
    return 1


def group(x: Tensor, values: ChannelValues, source: int, first: int, channels: int, most: int) -> MapGroup:
    """``channels`` channels of ``x`` (N, C, H, W) from ``first`` on, at most ``most`` of them as maps.

    Args:
        x: the tensor.
        values: of each of its channels.
        source: where the channels come from.
        first: the first of them.
        channels: how many they are.
        most: how many to show, evenly chosen.
    """
    shown = evenly(first, channels, most)
    pixels = smaller(x[0], shown, size_of(int(x.shape[2]), int(x.shape[3])))
    maps = tuple(feature_map(channel, picture) for channel, picture in zip(shown, pixels, strict=True))
    return MapGroup(source, first, channels, values.over(first, channels), maps)


def evenly(first: int, channels: int, most: int) -> list[int]:
    """At most ``most`` of ``channels`` channels from ``first`` on, in even steps."""
    shown = min(channels, most)
    return [first + place * channels // shown for place in range(shown)]


def smaller(image: Tensor, channels: Sequence[int], size: Size) -> Tensor:
    """Channels of ``image`` (C, H, W) averaged to ``size``, at least in float32, on the CPU: (len, h, w)."""
    pictures = []
    for channel in channels:  # one by one: a map at full size may be large
        one = image[channel : channel + 1].cpu()
        wide = one if one.dtype == torch.float64 else one.float()
        pictures.append(F.adaptive_avg_pool2d(wide, (size.height, size.width)))
    return torch.cat(pictures)


def feature_map(channel: int, picture: Tensor) -> FeatureMap:
    """``picture`` (h, w) in 256 steps from its lowest to its highest value; what is not finite is the nearest end."""
    finite = picture[picture.isfinite()].double()
    low, high = (float(finite.min()), float(finite.max())) if finite.numel() else (0.0, 0.0)
    held = torch.nan_to_num(picture.double(), nan=low, posinf=high, neginf=low)
    steps = (held - low) * (255 / (high - low) if high > low else 0)
    flat = steps.round().clamp(0, 255).to(torch.uint8).flatten()
    return FeatureMap(channel, low, high, base64.b64encode(bytes(flat.tolist())).decode("ascii"))
