"""Blocks worth looking at, by the name under which the page offers them."""

from __future__ import annotations

from explorer.language import N_
from explorer.spec import DenseBlockSpec, InputSpec, Study


def _study(in_channels: int, growth_rate: int, layers: int, size: int) -> Study:
    return Study(DenseBlockSpec(in_channels, growth_rate, layers), InputSpec(height=size, width=size))


#: Label → Study, in the order in which the page lists them. DenseNet-121's blocks as in Huang et al.
#: 2017, table 1, at a 224×224 picture; the CIFAR block is the first of DenseNet-BC, L = 100, k = 12;
#: the one of 24 layers is as deep as gradients need to show what skips do.
PRESETS: dict[str, Study] = {
    N_("The source text's block"): _study(64, 32, 6, 256),
    N_("DenseNet-121, block 1"): _study(64, 32, 6, 56),
    N_("DenseNet-121, block 2"): _study(128, 32, 12, 28),
    N_("DenseNet-121, block 3"): _study(256, 32, 24, 14),
    N_("DenseNet-121, block 4"): _study(512, 32, 16, 7),
    N_("CIFAR, k = 12"): _study(24, 12, 16, 32),
    N_("24 layers, k = 12"): _study(24, 12, 24, 8),
    N_("Wide"): _study(96, 48, 6, 56),
    N_("Deep"): _study(64, 12, 48, 28),
    # Few Bottlenecks with a large growth rate: the 3×3 convolutions to 4k channels outweigh the reuse.
    N_("Where DenseNet loses"): _study(64, 128, 3, 28),
}
