"""Whole networks: what their stages consist of, and the published ones by name."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Literal

from explorer.language import N_, either, one_by_one, said
from explorer.spec.block import IN_CHANNELS, DenseBlockSpec
from explorer.spec.domains import Choice, Flag, Share, SpecError, Validated, Whole, Wholes, domain_of

Stem = Literal["imagenet", "cifar"]
ResNetUnit = Literal["postactivation", "basic"]
Shortcut = Literal["projection", "padding"]

IMAGE_CHANNELS = 3


@dataclass(frozen=True)
class DenseNetSpec(Validated):
    """A DenseNet (Huang et al. 2017, §3 and table 1): stem, Dense Blocks with Transitions between them, classifier.

    A Transition is BN, ReLU, a 1×1 convolution to ⌊θ·C⌋ channels and 2×2 average pooling. The stem is ``imagenet``
    (7×7 convolution with stride 2, BN, ReLU, 3×3 max pooling with stride 2) or ``cifar`` (one 3×3 convolution).
    """

    block_config: tuple[int, ...] = domain_of(Wholes(1, 64, 6), (6, 12, 24, 16), N_("Bottlenecks in each Dense Block"))
    growth_rate: int = domain_of(Whole(1, 512), 32, N_("channels that each Bottleneck adds, k"))
    stem_channels: int = domain_of(Whole(1, 4096), 64, N_("channels that the stem makes"))
    compression: float = domain_of(Share(), 0.5, N_("the share of channels that a Transition keeps, θ"))
    bottleneck_factor: int = domain_of(Whole(1, 16), 4, N_("the 1×1 convolution emits this many times k channels, b"))
    bottleneck: bool = domain_of(Flag(), True, N_("whether a 1×1 convolution comes before the 3×3"))
    stem: Stem = domain_of(Choice(("imagenet", "cifar")), "imagenet", N_("for images of ImageNet, or of CIFAR"))
    classes: int = domain_of(Whole(1, 100_000), 1000, N_("classes that the classifier tells apart"))
    kind: Literal["densenet"] = field(default="densenet", init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        try:
            len(self.blocks)
        except SpecError:  # of all that is passed on, only the channels between blocks may be too many
            words = said(
                "such that every block reads from {low:,} to {high:,} channels",
                low=IN_CHANNELS.low,
                high=IN_CHANNELS.high,
            )
            raise SpecError("block_config · growth_rate · compression", self.block_config, words) from None

    @property
    def blocks(self) -> tuple[DenseBlockSpec, ...]:
        """The Dense Blocks, first to last. Without a 1×1 a block has no use for the factor and keeps its default."""
        found: list[DenseBlockSpec] = []
        channels = self.stem_channels
        for layers in self.block_config:
            factor = self.bottleneck_factor if self.bottleneck else DenseBlockSpec.bottleneck_factor
            block = DenseBlockSpec(channels, self.growth_rate, layers, factor, self.bottleneck)
            found.append(block)
            channels = self.kept(block.out_channels)
        return tuple(found)

    def kept(self, channels: int) -> int:
        """What a Transition makes of ``channels``: ⌊θ·C⌋, at least one."""
        return max(1, int(self.compression * channels))

    @property
    def out_channels(self) -> int:
        """Channels that the classifier reads."""
        return self.blocks[-1].out_channels

    def last_side(self, image_size: int) -> int:
        """Places along a side of the last block's map, of square images; 0 where nothing is left of it."""
        return _behind(self.stem, image_size) >> (len(self.block_config) - 1)


@dataclass(frozen=True)
class ResNetSpec(Validated):
    """A ResNet (He et al. 2015): stem, stages of residual units, classifier; each stage halves the map and doubles it.

    ``postactivation`` units have their stride in the 3×3 convolution (v1.5, as torchvision's); ``basic`` ones in the
    first. Where width or size changes, a shortcut is projected, or, of basic units, padded with channels of zeros
    (option A of §4.2, as in the networks for CIFAR).
    """

    stage_config: tuple[int, ...] = domain_of(Wholes(1, 64, 6), (3, 4, 6, 3), N_("residual units in each stage"))
    unit: ResNetUnit = domain_of(Choice(("postactivation", "basic")), "postactivation", N_("kind of residual unit"))
    stem_channels: int = domain_of(Whole(2, 256), 64, N_("channels that the stem makes"))
    stem: Stem = domain_of(Choice(("imagenet", "cifar")), "imagenet", N_("for images of ImageNet, or of CIFAR"))
    classes: int = domain_of(Whole(1, 100_000), 1000, N_("classes that the classifier tells apart"))
    shortcut: Shortcut = domain_of(
        Choice(("projection", "padding")), "projection", N_("what a shortcut becomes where width or size changes")
    )
    kind: Literal["resnet"] = field(default="resnet", init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.shortcut == "padding" and self.unit != "basic":
            raise SpecError("shortcut", self.shortcut, said("projection where units are not basic"))

    @property
    def inner_widths(self) -> tuple[int, ...]:
        """Channels inside the units of each stage: the stem's, then twice as many from stage to stage."""
        return tuple(accumulate(self.stage_config[1:], lambda width, _units: 2 * width, initial=self.stem_channels))

    @property
    def expansion(self) -> int:
        """How many times its inner width a unit emits: 4, or 1 of basic ones."""
        return 4 if self.unit == "postactivation" else 1

    @property
    def out_channels(self) -> int:
        """Channels that the classifier reads."""
        return self.expansion * self.inner_widths[-1]

    def last_side(self, image_size: int) -> int:
        """Places along a side of the last stage's map, of square images."""
        return -(-_behind(self.stem, image_size) >> (len(self.stage_config) - 1))


def _behind(stem: Stem, image_size: int) -> int:
    """Places along a side of the map that a stem gives: ⌈⌈s/2⌉/2⌉ = ⌈s/4⌉, or s."""
    return -(-image_size // 4) if stem == "imagenet" else image_size


NetworkSpec = DenseNetSpec | ResNetSpec


def _cifar(depth: int, growth_rate: int, *, compressed: bool) -> DenseNetSpec:
    """Three equal blocks (Huang et al. 2017, §4.2): DenseNet, or DenseNet-BC with Bottlenecks and θ = 0.5."""
    layers = (depth - 4) // (6 if compressed else 3)
    return DenseNetSpec(
        block_config=(layers,) * 3,
        growth_rate=growth_rate,
        stem_channels=2 * growth_rate if compressed else 16,
        compression=0.5 if compressed else 1.0,
        bottleneck=compressed,
        stem="cifar",
        classes=10,
    )


def _cifar_resnet(depth: int) -> ResNetSpec:
    """Three stages of n basic units, 6n + 2 layers, from 16 channels on (He et al. 2015, §4.2)."""
    return ResNetSpec(((depth - 2) // 6,) * 3, "basic", 16, "cifar", 10, "padding")


#: Name → network: those of Huang et al. 2017, tables 1 and 2, and of He et al. 2015, tables 1 and 6.
NETWORKS: dict[str, NetworkSpec] = {
    "densenet121": DenseNetSpec(),
    "densenet161": DenseNetSpec((6, 12, 36, 24), 48, 96),
    "densenet169": DenseNetSpec((6, 12, 32, 32)),
    "densenet201": DenseNetSpec((6, 12, 48, 32)),
    "densenet264": DenseNetSpec((6, 12, 64, 48)),
    "densenet40-k12": _cifar(40, 12, compressed=False),
    "densenet100-k12": _cifar(100, 12, compressed=False),
    "densenet100-k24": _cifar(100, 24, compressed=False),
    "densenet-bc100-k12": _cifar(100, 12, compressed=True),
    "densenet-bc250-k24": _cifar(250, 24, compressed=True),
    "densenet-bc190-k40": _cifar(190, 40, compressed=True),
    **{f"resnet{depth}": _cifar_resnet(depth) for depth in (20, 32, 44, 56, 110)},
    "resnet18": ResNetSpec((2, 2, 2, 2), "basic"),
    "resnet34": ResNetSpec((3, 4, 6, 3), "basic"),
    "resnet50": ResNetSpec(),
    "resnet101": ResNetSpec((3, 4, 23, 3)),
    "resnet152": ResNetSpec((3, 8, 36, 3)),
}


#: What :func:`network_of` reads, as patterns: a published name, or a DenseNet of one's own.
NAMES = "|".join(map(re.escape, NETWORKS))
OWN = (
    r"[1-9][0-9]?(-[1-9][0-9]?){0,5}-k[1-9][0-9]{0,2}"
    r"(-c[1-9][0-9]{0,3})?(-t(0?\.[0-9]{1,4}|1(\.0{1,4})?))?(-b[1-9][0-9]?)?(-plain)?(-cifar)?"
)
_OWN = re.compile(
    r"(?P<blocks>[0-9-]+)-k(?P<k>[0-9]+)(-c(?P<c>[0-9]+))?(-t(?P<t>[0-9.]+))?(-b(?P<b>[0-9]+))?(?P<rest>(-[a-z]+)*)"
)


def network(name: str) -> NetworkSpec:
    """The published network that goes by ``name``.

    Raises:
        SpecError: there is none; the nearest names are told.
    """
    found = NETWORKS.get(name)
    if found is None:
        near = difflib.get_close_matches(name[:40].lower(), NETWORKS, n=3)
        names = one_by_one(NETWORKS)
        words = said("one of {options} (did you mean {near}?)", options=names, near=either(near)) if near else None
        raise SpecError("network", name, words or said("one of {options}", options=names))
    return found


def network_of(text: str, field: str = "network") -> NetworkSpec:
    """The network that ``text`` names: a published one, or one's own as ``6-12-24-16-k32-c64-t0.5-b4-plain-cifar``.

    That is: Bottlenecks in each Dense Block, growth rate; then, where they are not DenseNet-121's, the stem's channels,
    compression θ, bottleneck factor, without a 1×1, and the stem and ten classes of a network for CIFAR.

    Raises:
        SpecError: no such network, or a number in it is outside what its field allows; it names ``field``.
    """
    found = _OWN.fullmatch(text) if re.fullmatch(OWN, text, re.ASCII) else None
    try:
        if found is None:
            return network(text)
        rest = found["rest"].split("-")
        given: dict[str, int | float] = {"stem_channels": int(found["c"])} if found["c"] else {}
        given |= {"compression": float(found["t"])} if found["t"] else {}
        given |= {"bottleneck_factor": int(found["b"])} if found["b"] else {}
        return DenseNetSpec(
            tuple(map(int, found["blocks"].split("-"))),
            int(found["k"]),
            bottleneck="plain" not in rest,
            stem="cifar" if "cifar" in rest else "imagenet",
            classes=10 if "cifar" in rest else 1000,
            **given,  # type: ignore[arg-type]  # each under its own name
        )
    except SpecError as problem:
        if problem.field == "network":
            words = said("{allowed}, or a DenseNet of one's own, such as 6-12-24-16-k32", allowed=problem.rule)
            raise SpecError(field, text, words) from None
        words = said("a network whose {field} is {allowed}", field=problem.field, allowed=problem.rule)
        raise SpecError(field, text, words) from None


def network_text(spec: DenseNetSpec) -> str:
    """``spec`` as :func:`network_of` reads it: its published name, if it has one."""
    name = next((name for name, known in NETWORKS.items() if known == spec), None)
    if name is not None:
        return name
    words = [*map(str, spec.block_config), f"k{spec.growth_rate}"]
    if spec.stem_channels != DenseNetSpec.stem_channels:
        words.append(f"c{spec.stem_channels}")
    if spec.compression != DenseNetSpec.compression:
        words.append(f"t{round(spec.compression, 4):g}")
    if spec.bottleneck_factor != DenseNetSpec.bottleneck_factor:
        words.append(f"b{spec.bottleneck_factor}")
    words += ["plain"] * (not spec.bottleneck) + ["cifar"] * (spec.stem == "cifar")
    return "-".join(words)
