"""What a drawing of the concatenation graph says to those who do not see it."""

from __future__ import annotations

from explorer.graph import BottleneckNode, Graph
from explorer.language import _, plural
from explorer.pictures.layout import Layout
from explorer.pictures.layout.frame import widths_text
from explorer.pictures.layout.lettering import source_name


def title(graph: Graph) -> str:
    """``Dense Block: 64 channels become 256 in 6 Bottlenecks that add 32 each.``"""
    block = graph.spec
    return plural(
        "Dense Block: {c0} channels become {c} in {layers} Bottleneck that adds {k}.",
        "Dense Block: {c0} channels become {c} in {layers} Bottlenecks that add {k} each.",
        block.layers,
    ).format(c0=f"{block.in_channels:,}", c=f"{block.out_channels:,}", layers=block.layers, k=block.growth_rate)


def description(drawn: Layout) -> str:
    """What the drawing shows, in a sentence or two."""
    if drawn.drawing == "chain":
        words = _("As coded: each Bottleneck reads all channels so far, and what it makes is concatenated to them.")
    else:
        words = _("As drawn in the paper: every source has an arrow to every later Bottleneck and to the output.")
    if drawn.fold is not None:
        folded = _("Bottlenecks {first} to {last} are folded.")
        words = f"{words} {folded.format(first=drawn.fold.first, last=drawn.fold.last)}"
    return words


def bottleneck(node: BottleneckNode) -> str:
    """``Bottleneck 3: 128 → 128 → 32 channels``."""
    return _("Bottleneck {number}: {widths} channels").format(number=node.index, widths=widths_text(node.widths))


def source(graph: Graph, index: int) -> str:
    """``x₂: 32 channels, made by Bottleneck 2``."""
    channels = graph.channels_of(index)
    words = plural("{name}: {channels} channel, {origin}", "{name}: {channels} channels, {origin}", channels)
    origin = _("made by Bottleneck {number}").format(number=index) if index else _("the block's input")
    return words.format(name=source_name(index), channels=f"{channels:,}", origin=origin)
