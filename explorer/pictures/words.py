"""Numbers as a person reads them, comparisons, and the two lines at the head of a Study.

Rules: a number keeps its meaning when it is rounded (never "0.00", never "100% fewer"),
a ratio is dense ÷ residual, a count is "fewer" and an amount "less", and no word judges.
Titles of charts and stamps are in :mod:`explorer.pictures.captions`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from explorer.findings import BlockFindings, Device, Findings, Problem, Timing
from explorer.language import N_, _, plural, stopped
from explorer.language import number_word as number_word  # one of the numbers that this module gives
from explorer.spec import Study

Kind = Literal["count", "amount", "time"]

_CPU = re.compile(r"CPU, (\d+) threads?")  # measure.device names it so
_EQUAL = 0.005  # closer than half a percent reads "about equal", and "equal" only where nothing is between them
_TIMES = 1.995  # from here on "2.0 times as many" instead of a percentage


# --- numbers --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scale:
    """A unit shared by the values of one tile, chart or row, so that they can be compared by eye.

    Attributes:
        name: of the unit in English: ``MiB``, ``million``; empty for plain counts.
        one: how many basic units it holds.
        decimals: how many are written.
    """

    name: str
    one: int
    decimals: int

    @property
    def unit(self) -> str:
        """Its name in the language that is spoken."""
        return _(self.name) if self.name else ""

    def text(self, value: float) -> str:
        """``value`` in this unit, without the unit."""
        return f"{value / self.one:,.{self.decimals}f}"

    def full(self, value: float) -> str:
        """``value`` with its unit."""
        return f"{self.text(value)} {self.unit}".rstrip()


def within(value: int, scale: Scale) -> str:
    """``value`` in the unit of ``scale``, without it; in a unit of its own, with it, where it would read as nothing."""
    return scale.text(value) if not value or value >= 0.01 * scale.one else byte_scale([value]).full(value)


MILLION = Scale(N_("million"), 10**6, 1)


def byte_scale(values: Iterable[int], decimals: int = 2, *, whole: bool = False) -> Scale:
    """MiB; KiB or bytes where the smallest value would lose its meaning in MiB, GiB and TiB from 10 of them on.

    Args:
        values: what is told in it.
        decimals: how many are written.
        whole: whether parts of the values are told in it too: then MiB begin at a whole one.
    """
    least = min((value for value in values if value > 0), default=2**20)
    for unit, one in (("TiB", 2**40), ("GiB", 2**30)):
        if least >= 10 * one:
            return Scale(unit, one, decimals)
    if least >= (2**20 if whole else 2**20 // 10):
        return Scale("MiB", 2**20, decimals)
    return Scale("KiB", 2**10, decimals) if least >= 2**10 else Scale(N_("bytes"), 1, 0)


def mac_scale(values: Iterable[int]) -> Scale:
    """Millions; single MACs where the smallest value would lose its meaning; billions and trillions from 100 on."""
    least = min((value for value in values if value > 0), default=10**6)
    for unit, one in ((N_("trillion"), 10**12), (N_("billion"), 10**9)):
        if least >= 100 * one:
            return Scale(unit, one, 1)
    return MILLION if least >= 10**5 else Scale("", 1, 0)


def thousands(value: int) -> str:
    """1056 → ``1,056``."""
    return f"{value:,}"


def ms(value: float) -> str:
    """Milliseconds with one decimal, with two significant digits below one: ``23.2``, ``0.34``."""
    if value >= 0.995 or value <= 0:
        return f"{value:,.1f}"
    return f"{value:.2f}" if value >= 0.0995 else f"{value:.1g}" if value < 0.00095 else f"{value:.3f}"


def output_sum(value: float) -> str:
    """The sum of an output's values, in as many digits as float32 holds: ``-1234.567``; ``inf`` where it overflowed."""
    return f"{value:.7g}"


# --- comparisons ----------------------------------------------------------------------------------


def ratio(value: float | None, other: float | None) -> str:
    """``value`` ÷ ``other`` as ``0.79×``; empty where one is missing or zero."""
    if not value or not other:
        return ""
    quotient = value / other
    if quotient < 0.005:
        return "< 0.01×"
    return f"{quotient:,.2f}×" if quotient < 99.995 else f"{quotient:,.0f}×"


def difference(value: float | None, other: float | None, kind: Kind = "amount") -> str:
    """How ``value`` differs from ``other``: ``21% fewer`` (count), ``55% more``, ``equal``, ``3.3 times as many`` …

    Empty where one is missing or zero.
    """
    if not value or not other:
        return ""
    quotient = value / other
    if abs(quotient - 1) < _EQUAL:
        return _("equal") if value == other else _("about equal")
    if quotient >= _TIMES:
        words = {
            "count": _("{times} times as many"),
            "amount": _("{times} times as much"),
            "time": _("{times} times as long"),
        }[kind]
        return words.format(times=f"{quotient:.1f}" if quotient < 9.95 else f"{quotient:,.0f}")
    if quotient > 1:
        return _("{percent}% more").format(percent=max(1, round((quotient - 1) * 100)))
    words = _("{percent}% fewer") if kind == "count" else _("{percent}% less")
    return words.format(percent=_percent_below(quotient))


def _percent_below(quotient: float) -> str:
    percent = max(1, round((1 - quotient) * 100))
    if percent < 100:
        return str(percent)
    return f"{int((1 - quotient) * 1000) / 10:.1f}" if quotient >= 0.001 else _("over 99.9")


def timing_difference(timing: Timing | None, other: Timing | None) -> tuple[str, str]:
    """Ratio and words of two timings; no ratio where their middle halves overlap."""
    if timing is None or other is None:
        return "", ""
    if timing.overlaps(other):
        return "", _("no difference measured")
    return ratio(timing.median, other.median), difference(timing.median, other.median, "time")


# --- the headline ---------------------------------------------------------------------------------


def headline(findings: Findings) -> str:
    """What the block does and what it costs beside both residual blocks, in one sentence."""
    block, theory = findings.study.block, findings.theory
    start = plural(
        "{c0} channel becomes {c} with {parameters} parameters",
        "{c0} channels become {c} with {parameters} parameters",
        block.in_channels,
    ).format(
        c0=thousands(block.in_channels),
        c=thousands(block.out_channels),
        parameters=thousands(theory.dense.parameters),
    )
    first = _against(theory.dense.parameters, theory.residual.theory.parameters, theory.residual.words)
    if len(theory.counterparts) == 1:
        return f"{start}: {first}."
    second = _against(theory.dense.parameters, theory.second.theory.parameters, theory.second.words)
    agree = _verdict(theory.dense.parameters, theory.residual.theory.parameters) == _verdict(
        theory.dense.parameters, theory.second.theory.parameters
    )
    return (_("{start}: {first}, and {second}.") if agree else _("{start}: {first}, but {second}.")).format(
        start=start, first=first, second=second
    )


def _verdict(value: int, other: int) -> int:
    """-1 fewer, 0 equal, 1 more, by the same threshold as :func:`difference`."""
    quotient = value / other
    return 0 if abs(quotient - 1) < _EQUAL else -1 if quotient < 1 else 1


def _against(value: int, other: int, whom: str) -> str:
    if value == other:
        return _("exactly as many as {whom}").format(whom=whom)
    if not _verdict(value, other):
        return _("about as many as {whom}").format(whom=whom)
    words = difference(value, other, "count")
    return (_("{words} as {whom}") if value / other >= _TIMES else _("{words} than {whom}")).format(
        words=words, whom=whom
    )


# --- the line under it ----------------------------------------------------------------------------


def where(findings: Findings) -> str:
    """Block, input and where the numbers were taken, in one line."""
    return " · ".join((block_words(findings.study), input_words(findings.study), ran_words(findings)))


def block_words(study: Study) -> str:
    """``k = 32, L = 6, c₀ = 64`` and what else differs from the paper's block."""
    block = study.block
    words = [f"k = {block.growth_rate}, L = {block.layers}, c₀ = {thousands(block.in_channels)}"]
    if not block.bottleneck:
        words.append(_("without the 1×1"))
    elif block.bottleneck_factor != 4:
        words.append(f"b = {block.bottleneck_factor}")
    if block.order == "post":
        words.append(_("post-activation"))
    return ", ".join(words)


def input_words(study: Study) -> str:
    """``input 1 × 64 × 56 × 56, float32``, and the mode where it is not training."""
    size = study.input
    shape = f"{size.batch} × {study.block.in_channels} × {size.height} × {size.width}"
    words = _("input {shape}, {dtype}").format(shape=shape, dtype=study.run.dtype)
    return words + (_(", inference") if study.run.mode == "inference" else "")


def ran_words(findings: Findings) -> str:
    """``built and run on CPU, 2 threads, torch 2.13.0``, or why not."""
    block = findings.dense
    if block.measurement is not None:
        fake = block.measurement.fake
        words = _("not run on {device}: counted on fake tensors") if fake else _("built and run on {device}")
        return words.format(device=device_words(block.measurement.device))
    if block.problem is not None:
        return _not_run(findings.study.run.device, block)
    return _("not yet run")


def device_name(name: str) -> str:
    """A device's name as the measuring room tells it, ``CPU, 2 threads`` or an accelerator's own, for whoever reads."""
    cores = _CPU.fullmatch(name)
    if cores is None:
        return name
    return plural("CPU, {threads} thread", "CPU, {threads} threads", int(cores[1])).format(threads=cores[1])


def device_words(device: Device) -> str:
    """``CPU, 2 threads, torch 2.13.0``."""
    return _("{name}, torch {version}").format(name=device_name(device.name), version=device.torch.partition("+")[0])


def _not_run(asked: str, block: BlockFindings) -> str:
    kind = block.problem.kind if block.problem else ""
    if kind == "no_device":
        accelerator = _("Apple GPU") if asked == "mps" else _("GPU")
        return _("not run: no {device} on this machine").format(device=accelerator if ":" not in asked else asked)
    reasons = {
        "refused": _("not run: it would not fit"),
        "unsupported": _("not run: the device cannot do it"),
        "out_of_memory": _("not run: memory ran out"),
        "timed_out": _("not run: it took too long"),
        "worker_lost": _("not run: the worker was lost"),
        "cancelled": _("not run: cancelled"),
    }
    return reasons.get(kind, _("not run: it failed"))


def why(problem: Problem) -> str:
    """A problem's message and advice as sentences."""
    sentences = [text.strip() for text in (problem.message, problem.advice) if text.strip()]
    return " ".join(map(stopped, sentences))
