"""What the feature maps are made from: a test pattern, noise, or a person's picture, as the block's input."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from explorer.language import N_, Said, said
from explorer.measure.live import dtype_of, live_input
from explorer.measure.upload import decoded
from explorer.spec import InputSpec, MapsJob

#: Below this a channel has no contrast that could be stretched; it is then left as small as it is.
LEAST_SPREAD = 1e-3


@dataclass(frozen=True)
class Picture:
    """``rgb`` is (3, H, W), 0 to 1, float32 on the CPU; None for noise. ``words`` say what it is."""

    rgb: Tensor | None
    words: Said


def picture_of(job: MapsJob) -> Picture:
    """The picture that ``job`` looks at; nothing of the block's size is allocated yet.

    Raises:
        StoppedError: an upload cannot be read.
    """
    height, width = job.input.height, job.input.width
    if job.image == "noise":
        return Picture(None, said("Standard normal numbers, drawn with seed {seed}", seed=job.run.seed))
    if job.image == "pattern":
        return Picture(
            pattern(height, width),
            said(
                "A test pattern of rings, edges and a ramp in RGB, {height} × {width} pixels",
                height=height,
                width=width,
            ),
        )
    rgb, animated = decoded(job.upload.data if job.upload else b"", height, width)
    words = (
        said(
            "The first frame of your animation in RGB, cropped at its centre and scaled to {height} × {width} pixels",
            height=height,
            width=width,
        )
        if animated
        else said(
            "Your picture in RGB, cropped at its centre and scaled to {height} × {width} pixels",
            height=height,
            width=width,
        )
    )
    return Picture(rgb, words)


def pattern(height: int, width: int) -> Tensor:
    """(3, height, width), 0 to 1: rings that grow finer outwards, a disc with a bar across it, and a ramp.

    The rings are a zone plate: cos(π·r²/4R) has r/4R periods a pixel at r pixels from the centre, a
    quarter in the corners. Red holds rings and disc, green ramp and bar, blue the rings' negative and
    the bar.
    """
    down = (torch.arange(height) - (height - 1) / 2).view(-1, 1)
    across = (torch.arange(width) - (width - 1) / 2).view(1, -1)
    square = down**2 + across**2
    rings = 0.5 + 0.5 * torch.cos(math.pi * square / (4 * max(1.0, math.hypot(height, width) / 2)))
    disc = (square <= (min(height, width) / 4) ** 2).float()
    bar = ((across - down).abs() <= max(1, min(height, width) // 12)).float()
    ramp = (torch.arange(width) / max(1, width - 1)).view(1, -1).expand(height, width)
    return torch.stack(
        [
            torch.maximum(0.7 * rings, disc),
            torch.maximum(ramp * (1 - disc), bar),
            torch.maximum(0.8 * (1 - rings) * (1 - ramp), bar),
        ]
    )


def brought_in(picture: Picture, job: MapsJob, device: torch.device) -> tuple[Tensor, Said]:
    """The block's input (N, c0, H, W) on ``device``, and one sentence that says what it is and how it came about.

    The stem is a 3×3 convolution from RGB to c0 channels with weights of its own, then each channel is
    brought to mean 0 and standard deviation 1 over the batch. It is computed in float32 on the CPU, so
    that it is the same on every device.
    """
    c0, seed, images = job.block.in_channels, job.run.seed, job.input.batch
    if picture.rgb is None:
        words = said("{picture}: the input that everything else on this page is measured with.", picture=picture.words)
        return live_input(job.block, job.input, job.run, device), words
    x = standardised(stem(several(picture.rgb, job.input), c0, seed))
    shown = picture.words
    if images > 1:
        shown = said(
            "{picture} (further images of the batch are the same, moved sideways, every second one mirrored)",
            picture=shown,
        )
    template = _BROUGHT_TO_ONE if c0 == 1 else _BROUGHT
    words = Said(template, (("picture", shown), ("channels", c0), ("seed", seed)))
    return x.to(device, dtype_of(job.run)), words


_BROUGHT = N_(
    "{picture}, brought to {channels:,} channels by one 3×3 convolution with untrained weights from seed {seed}, "
    "each channel then set to mean 0 and standard deviation 1 over the batch."
)
_BROUGHT_TO_ONE = N_(
    "{picture}, brought to {channels} channel by one 3×3 convolution with untrained weights from seed {seed}, "
    "each channel then set to mean 0 and standard deviation 1 over the batch."
)


def several(rgb: Tensor, input: InputSpec) -> Tensor:
    """(N, 3, H, W): image n is ``rgb`` rolled to the right by n·W/N columns, mirrored where n is odd."""
    batch = torch.empty(input.batch, *rgb.shape)
    for n in range(input.batch):
        moved = rgb.roll(n * input.width // input.batch, dims=2)
        batch[n] = moved.flip(2) if n % 2 else moved
    return batch


def stem(batch: Tensor, channels: int, seed: int) -> Tensor:
    """(N, 3, H, W) → (N, channels, H, W): one 3×3 convolution without bias, the border repeated outwards.

    Its weights are standard normal, drawn from a generator of their own: the block's stay what they are.
    """
    weight = torch.randn(channels, 3, 3, 3, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        return F.conv2d(F.pad(batch - 0.5, (1, 1, 1, 1), mode="replicate"), weight)


def standardised(x: Tensor) -> Tensor:
    """``x`` itself, each channel at mean 0 and standard deviation 1 over batch and positions.

    A channel of less spread than :data:`LEAST_SPREAD`, as a picture of one colour makes, keeps it: to
    stretch it would show rounding errors.
    """
    variance, mean = torch.var_mean(x, dim=(0, 2, 3), correction=0, keepdim=True)
    spread = variance.sqrt()
    return x.sub_(mean).div_(torch.where(spread < LEAST_SPREAD, torch.ones_like(spread), spread))
