"""What each reader takes of each source, in the four measures of the reuse matrix, and what is said of them.

Readers are the Bottlenecks 1 … L and, as L + 1, the block's output. Weights are untrained here, where
Huang et al. 2017, figure 5, shows a trained network's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from explorer.findings import ReadWeights
from explorer.language import _, number_word
from explorer.pictures.words import Scale, byte_scale, thousands
from explorer.spec import DenseBlockSpec, Study

_COUNT = Scale("", 1, 0)
_SPREAD = 1 / math.sqrt(3)  # standard deviation of |w| over its mean, w uniform around 0
_CHANCE = 6.0  # standard errors, which the largest of 2,080 means does not reach by chance

Row = tuple[float | None, ...]


@dataclass(frozen=True)
class Reuse:
    """One measure of every source and reader.

    Attributes:
        values: by source, then by reader from ``source + 1`` on; None where nothing is known or nothing is read.
        foot: by reader, what stands under its column: all that it reads, or the weight to be expected.
        text, foot_text: how a value is written, without its unit.
        unit: of both; empty for shares, counts and weights.
    """

    values: tuple[Row, ...]
    foot: Row
    text: Callable[[float], str]
    foot_text: Callable[[float], str]
    unit: str = ""


def reuse(study: Study, weights: ReadWeights | None = None) -> Reuse:
    """What the view's ``matrix`` shows. Weights are None until they are known, and where no Bottleneck reads."""
    block, matrix = study.block, study.view.matrix
    widths = [block.width_before(reader) for reader in range(1, block.layers + 2)]
    if matrix == "weights":
        expected = [expected_weight(block, reader) for reader in range(1, block.layers + 1)]
        text = weight_text(block)
        rows: tuple[tuple[float, ...], ...] = () if weights is None else weights.rows
        means = _triangle(block, lambda s, r: rows[r - 1][s] if r <= len(rows) else None)
        return Reuse(means, (*expected, None), text, text)
    if matrix == "share":
        shares = _triangle(block, lambda s, r: block.source_channels(s) / widths[r - 1])
        return Reuse(shares, tuple(widths), lambda share: percent(share, ""), _COUNT.text)
    each = channel_bytes(study) if matrix == "bytes" else 1
    scale = _COUNT
    if matrix == "bytes":
        scale = byte_scale([each * block.source_channels(source) for source in (0, 1)])
    amounts = _triangle(block, lambda s, _r: each * block.source_channels(s))
    return Reuse(amounts, tuple(each * width for width in widths), scale.text, scale.text, scale.unit)


def _triangle(block: DenseBlockSpec, value: Callable[[int, int], float | None]) -> tuple[Row, ...]:
    end = block.layers + 2
    return tuple(tuple(value(source, reader) for reader in range(source + 1, end)) for source in range(end - 1))


def channel_bytes(study: Study) -> int:
    """N·H·W·e, the bytes of one channel."""
    return study.input.positions * study.run.bytes_per_element


# --- untrained weights ----------------------------------------------------------------------------


def expected_weight(block: DenseBlockSpec, reader: int) -> float:
    """E|w| of Bottleneck ``reader``'s first convolution as PyTorch initialises it: 1/(2√fan-in).

    ``Conv2d`` draws by ``kaiming_uniform_(a=√5)``, which is uniform between ±1/√fan-in; the fan-in is
    the channels read, nine times that where the 3×3 reads them.
    """
    fan_in = block.width_before(reader) * (1 if block.bottleneck else 9)
    return 1 / (2 * math.sqrt(fan_in))


def weight_text(block: DenseBlockSpec) -> Callable[[float], str]:
    """Writes a mean weight, with at least three digits of the smallest to be expected."""
    decimals = 2 - math.floor(math.log10(expected_weight(block, block.layers)))
    return lambda mean: f"{mean:.{decimals}f}"


def farthest(block: DenseBlockSpec, weights: ReadWeights) -> tuple[float, float]:
    """How far measured means lie from :func:`expected_weight` at most: as a share of it, and in standard errors.

    The standard error of a mean over n weights is E|w|/√(3n).
    """
    emitted = block.mid_channels if block.bottleneck else 9 * block.growth_rate
    shares, errors = [0.0], [0.0]
    for reader, row in enumerate(weights.rows, start=1):
        for source, mean in enumerate(row):
            share = abs(mean / expected_weight(block, reader) - 1)
            shares.append(share)
            errors.append(share / _SPREAD * math.sqrt(emitted * block.source_channels(source)))
    return max(shares), max(errors)


def verdict(block: DenseBlockSpec, weights: ReadWeights | None) -> str:
    """How the measured means agree with the bottom row, in a few words."""
    if weights is None:
        return _("bottom row: expected")
    share, errors = farthest(block, weights)
    off = f"{100 * share:.2g}%" if share < 0.095 else f"{100 * share:.0f}%"
    words = _("at most {off} from expected") if errors <= _CHANCE else _("✕ up to {off} from expected: not by chance")
    return words.format(off=off)


# --- words ----------------------------------------------------------------------------------------


def title(study: Study) -> str:
    """The finding, with the person's numbers."""
    block, matrix = study.block, study.view.matrix
    if matrix == "weights":
        write = weight_text(block)
        ends = write(expected_weight(block, 1)), write(expected_weight(block, block.layers))
        if block.layers == 1:
            return _("Untrained, the input is read with a mean |w| of {first}").format(first=ends[0])
        return _(
            "Untrained, every source is read alike: from {first} to {last} mean |w| is expected as readers widen"
        ).format(first=ends[0], last=ends[1])
    if matrix == "share":
        return _share_title(block)
    read = sum(block.width_before(reader) for reader in range(1, block.layers + 1))
    made = block.layers * block.growth_rate
    if matrix == "channels":
        amounts = [_("{n} channels").format(n=thousands(read)), thousands(made)]
    else:
        sizes = [channel_bytes(study) * channels for channels in (read, made)]
        scale = byte_scale(sizes)
        amounts = [scale.full(size) for size in sizes]
    if block.layers == 1:
        return _("The only Bottleneck reads {read} to make {made}").format(read=amounts[0], made=amounts[1])
    return _("{layers} Bottlenecks read {read} in all to make {made}").format(
        layers=number_word(block.layers).capitalize(), read=amounts[0], made=amounts[1]
    )


def _share_title(block: DenseBlockSpec) -> str:
    """``By Bottleneck 6, the input is 29% of what is read, each layer 14%``."""
    if block.layers == 1:
        return _("The only Bottleneck reads the input alone")
    read = block.width_before(block.layers)
    return _("By Bottleneck {last}, the input is {input} of what is read, each layer {layer}").format(
        last=block.layers, input=_fine(block.in_channels / read), layer=_fine(block.growth_rate / read)
    )


def _fine(share: float) -> str:
    """``14%``, ``1.5%``: times sixty-three, half a percent would be too much."""
    return f"{share:.1%}" if 0.0005 <= share < 0.095 else percent(share)


def line(study: Study, tinted: bool) -> str:
    """How to read the matrix."""
    words = {
        "share": _("Share of each reader’s channels by source. Structure only: weights are untrained."),
        "channels": _("Channels of each source that each reader reads: every slice is read anew by all that follow."),
        "bytes": _(
            "Bytes of each source in what each reader reads, N·H·W·e = {each} a channel; each reader’s input "
            "counted once, whatever caches do."
        ).format(each=thousands(channel_bytes(study))),
        "weights": _(
            "Mean |w| with which each reader’s first convolution reads each source, untrained: PyTorch draws w "
            "uniformly from ±1/√fan-in, so E|w| = 1/(2√fan-in). Huang et al. 2017, figure 5, shows it trained."
        ),
    }[study.view.matrix]
    return _("{words} Tint by the square root, the largest in full colour.").format(words=words) if tinted else words


def percent(share: float, sign: str = "%") -> str:
    """``22%``; never 0 or 100 of what is neither."""
    whole = math.floor(share * 100 + 0.5)  # 12.5 is 13, as people round
    if whole == 0:
        return f"< 1{sign}"
    return f"> 99{sign}" if whole == 100 and share < 1 else f"{whole}{sign}"


def widest(found: Reuse) -> int:
    """Characters of the longest number, the bottom row's included."""
    foot: Sequence[str] = [found.foot_text(value) for value in found.foot if value is not None]
    cells = [found.text(value) for row in found.values for value in row if value is not None]
    return max(map(len, [*foot, *cells]))
