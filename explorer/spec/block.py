"""One block: a Dense Block or a stack of residual units; and a Dense Block as ``reference=`` writes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from explorer.language import N_, said
from explorer.spec.domains import Choice, Flag, InNotebooks, SpecError, Validated, Whole, domain_of

Order = Literal["pre", "post"]
Unit = Literal["preactivation", "postactivation", "basic"]

IN_CHANNELS = Whole(1, 4096)


@dataclass(frozen=True)
class DenseBlockSpec(Validated, InNotebooks):
    """A Dense Block: ``layers`` Bottlenecks, each reading all channels before it and adding ``growth_rate``.

    With ``bottleneck`` a layer is 1×1 to ``bottleneck_factor · growth_rate`` channels, then 3×3;
    without it the 3×3 reads the concatenation itself. ``order`` is "pre" (BN-ReLU-conv, Huang et
    al. 2017 §3) or "post" (conv-BN-ReLU).
    """

    in_channels: int = domain_of(IN_CHANNELS, 64, N_("channels that enter the block, c0"))
    growth_rate: int = domain_of(Whole(1, 512), 32, N_("channels that each Bottleneck adds, k"))
    layers: int = domain_of(Whole(1, 64), 6, N_("number of Bottlenecks, L"))
    bottleneck_factor: int = domain_of(Whole(1, 16), 4, N_("the 1×1 convolution emits this many times k channels, b"))
    bottleneck: bool = domain_of(Flag(), True, N_("whether a 1×1 convolution comes before the 3×3"))
    order: Order = domain_of(Choice(("pre", "post")), "pre", N_("pre (BN-ReLU-conv) or post (conv-BN-ReLU)"))
    kind: Literal["dense"] = field(default="dense", init=False)

    @property
    def out_channels(self) -> int:
        """C = c0 + L·k."""
        return self.in_channels + self.layers * self.growth_rate

    @property
    def mid_channels(self) -> int:
        """b·k, what the 1×1 convolution emits."""
        return self.bottleneck_factor * self.growth_rate

    def width_before(self, layer: int) -> int:
        """Channels that Bottleneck ``layer`` (from 1) reads: c0 + (layer − 1)·k."""
        return self.in_channels + (layer - 1) * self.growth_rate

    def source_channels(self, source: int) -> int:
        """Channels of ``source``: c0 of the input (0), k of what a Bottleneck made."""
        return self.in_channels if source == 0 else self.growth_rate

    def source_start(self, source: int) -> int:
        """The first channel of ``source`` in every concatenation that holds it."""
        return 0 if source == 0 else self.width_before(source)


@dataclass(frozen=True)
class ResidualSpec(Validated, InNotebooks):
    """A stack of residual units c → C, the first with a projection where c ≠ C, then C → C.

    ``inner_width`` is what the 1×1 reduces to (pre- and post-activation units, He et al. 2015, 2016)
    or what the first 3×3 emits (basic units).
    """

    in_channels: int = domain_of(Whole(1, 4096), 64, N_("channels that enter the stack"))
    out_channels: int = domain_of(Whole(2, 4096 + 64 * 512), 256, N_("channels that every unit emits"))
    inner_width: int = domain_of(Whole(1, 4 * (4096 + 64 * 512)), 64, N_("channels inside a unit"))
    units: int = domain_of(Whole(1, 64), 6, N_("number of residual units"))
    unit: Unit = domain_of(
        Choice(("preactivation", "postactivation", "basic")), "preactivation", N_("kind of residual unit")
    )
    kind: Literal["residual"] = field(default="residual", init=False)

    @property
    def inner_widths(self) -> tuple[int, ...]:
        """What the convolutions of a unit but its last emit, in call order."""
        return (self.inner_width,) * (1 if self.unit == "basic" else 2)

    def width_before(self, layer: int) -> int:
        """Channels that unit ``layer`` (from 1) reads."""
        return self.in_channels if layer == 1 else self.out_channels


BlockSpec = DenseBlockSpec | ResidualSpec


def reference_block(text: str) -> DenseBlockSpec:
    """The Dense Block that ``reference=`` names: ``64-32-12``, ``64-32-12-b2``, ``64-32-12-plain-post``.

    Raises:
        SpecError: a number in it is outside what its field allows.
    """
    channels, growth, layers, *rest = text.split("-")
    factor = next((int(word[1:]) for word in rest if word.startswith("b")), 4)
    try:
        return DenseBlockSpec(
            in_channels=int(channels),
            growth_rate=int(growth),
            layers=int(layers),
            bottleneck_factor=factor,
            bottleneck="plain" not in rest,
            order="post" if "post" in rest else "pre",
        )
    except SpecError as problem:
        words = said("a block whose {field} is {allowed}", field=problem.field, allowed=problem.rule)
        raise SpecError("reference", text, words) from None


def reference_text(block: DenseBlockSpec) -> str:
    """``block`` as ``reference=`` writes it; :func:`reference_block` reads it."""
    words = [str(block.in_channels), str(block.growth_rate), str(block.layers)]
    if block.bottleneck_factor != 4:
        words.append(f"b{block.bottleneck_factor}")
    if not block.bottleneck:
        words.append("plain")
    if block.order == "post":
        words.append("post")
    return "-".join(words)
