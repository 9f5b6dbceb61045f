"""What the heat map of a network's weights says: its title, how to read it, and itself to who does not see it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from explorer.findings.heat import HeatBlock, HeatMap
from explorer.language import _, plural, stopped
from explorer.pictures.layout.lettering import source_name
from explorer.spec import DenseBlockSpec

_SPREAD = math.sqrt(math.pi / 2 - 1)  # standard deviation of |w| over its mean, w normal around 0
_CHANCE = 6.0  # standard errors, which the largest of thousands of means does not reach by chance
_ALIKE = 0.25  # beyond, "alike" would mislead, also where all is chance


def title(found: HeatMap) -> str:
    """The finding: how alike sources are read, or what stands out of it."""
    if is_even(found):
        within = math.ceil(100 * found.spread - 1e-9)
        if found.origin != "fresh":
            words = _("As if untrained: every reader weighs all its sources alike, within {within}%")
        elif found.spread <= _ALIKE:
            words = _("Untrained: every reader weighs all its sources alike, within {within}%")
        else:
            words = _("Untrained: sources are weighed alike, and chance alone parts them, by up to {within}%")
        return words.format(within=within)
    most, early = _read_most(found), _early_share(found)
    words = plural(
        "Trained: {source} of block {block} is read most, {times} times its only reader’s mean",
        "Trained: {source} of block {block} is read most, {times} times the mean of its {readers} readers",
        most.readers,
    )
    said = words.format(
        source=source_name(most.source), block=most.block, times=_times(most.times), readers=most.readers
    )
    if early is None:
        return said
    words = _("{said}; the classifier weighs early sources {early} times as much as late ones")
    return words.format(said=said, early=_times(early))


def line(found: HeatMap) -> str:
    """How to read the map, and whose weights they are."""
    kernel = "1×1" if found.spec.bottleneck else "3×3"
    words = _(
        "Row: source. Column: reader, T the transition, fc the classifier. Mean |w| of the {kernel} over a source’s "
        "channels, as in Huang et al. 2017, figure 5."
    ).format(kernel=kernel)
    fan_in = "c" if found.spec.bottleneck else "9c"
    whose = {
        "fresh": _(
            "Fresh weights, drawn as torchvision does, seed 0: a column’s level follows its width c alone, "
            "2/√(π·{fan}). Training is what makes it uneven."
        ).format(fan=fan_in),
        "upload": _("From your file, which was read as tensors only and is not kept."),
        "server": _("From the file that this server was started with."),
        "published": _("torchvision’s IMAGENET1K_V1, as published."),
    }[found.origin]
    return f"{words} {whose}"


def description(found: HeatMap) -> str:
    """The map in words: each block's readers, its range, and which source its readers weigh most and least."""
    words = [_("Heat map of the mean absolute weight with which readers, in columns, read sources, in rows.")]
    for number, block in enumerate(found.blocks, 1):
        means = [mean for column in block.columns for mean in column]
        said = _("Block {number}, {layers} layers and {follower}: from {low} to {high}").format(
            number=number,
            layers=block.layers,
            follower=_("the classifier") if block.follower == "classifier" else _("a transition"),
            low=weight_text(min(means)),
            high=weight_text(max(means)),
        )
        if not is_even(found):
            ranked = sorted(_relative(block), key=lambda pair: pair[1])
            said += _("; read most is {most}, least {least}").format(
                most=source_name(ranked[-1][0]), least=source_name(ranked[0][0])
            )
        words.append(stopped(said))
    return " ".join(words)


def is_even(found: HeatMap) -> bool:
    """Whether no source is weighed otherwise than chance makes it, where weights are drawn alike; so it is untrained.

    The standard error of a mean over n weights is 0.76 of it ÷ √n where they are normal, and less where uniform.
    """
    if found.origin == "fresh":
        return True
    last = len(found.blocks) - 1
    for number, (spec, block) in enumerate(zip(found.spec.blocks, found.blocks, strict=True)):
        for source, reader, mean in block.cells():
            column = block.columns[reader - 1]
            level = sum(column) / len(column)
            out = _read_by(found, spec, reader, last=number == last)
            error = _SPREAD / math.sqrt(out * spec.source_channels(source))
            if abs(mean - level) > _CHANCE * error * level:
                return False
    return True


def weight_text(mean: float) -> str:
    """A mean weight in three digits: ``0.140``, ``0.00962``, ``1.2e-12``."""
    if mean and not 1e-5 <= mean < 1e4:
        return f"{mean:.1e}"
    return f"{mean:.{max(0, 2 - math.floor(math.log10(mean)))}f}" if mean else "0"


# --- what stands out ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Most:
    """A source of a block (from 1), and how many times its readers' mean it is read with, averaged over them."""

    block: int
    source: int
    times: float
    readers: int


def _read_most(found: HeatMap) -> _Most:
    ranked = (
        _Most(number, source, times, block.layers + 1 - max(source, 1))
        for number, block in enumerate(found.blocks, 1)
        for source, times in _relative(block)
    )
    return max(ranked, key=lambda most: most.times)


def _relative(block: HeatBlock) -> Iterator[tuple[int, float]]:
    """(source, mean over its readers of |w| ÷ the reader's mean); a source with one reader among many says little."""
    shares: dict[int, list[float]] = {}
    for source, reader, mean in block.cells():
        column = block.columns[reader - 1]
        level = sum(column) / len(column)
        if len(column) > 1:
            shares.setdefault(source, []).append(mean / level if level else 1.0)
    least = min(2, max(map(len, shares.values())))
    return ((source, sum(row) / len(row)) for source, row in shares.items() if len(row) >= least)


def _early_share(found: HeatMap) -> float | None:
    """What the classifier's weights on the earlier half of its sources are of those on the later."""
    column = found.blocks[-1].columns[-1]
    half = len(column) // 2
    later = sum(column[-half:]) / half
    return sum(column[:half]) / half / later if later else None


def _read_by(found: HeatMap, block: DenseBlockSpec, reader: int, *, last: bool) -> int:
    """Weights with which ``reader`` reads one channel."""
    if reader <= block.layers:
        return block.mid_channels if block.bottleneck else 9 * block.growth_rate
    return found.spec.classes if last else found.spec.kept(block.out_channels)


def _times(value: float) -> str:
    return f"{value:.2f}" if value < 0.995 else f"{value:.1f}" if value < 99.5 else f"{value:,.0f}"
