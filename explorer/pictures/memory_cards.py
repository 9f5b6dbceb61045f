"""The implementation cards: what each way to write the block holds, where its step peaks, and how long it takes."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from html import escape
from typing import get_args

from explorer.findings import MemoryFindings, Problem
from explorer.language import _
from explorer.pictures.memory_words import held
from explorer.pictures.rounds import Beside, beside
from explorer.pictures.words import Scale, byte_scale, ms, ratio, why, within
from explorer.spec import Implementation

CARDS: tuple[Implementation, ...] = get_args(Implementation)


@dataclass(frozen=True)
class Card:
    """One implementation beside ``list``.

    Attributes:
        held: bytes kept for backward; None where that is not known yet.
        peak: bytes at the highest point; None where not known, or not tracked.
        milliseconds: median of a step.
        time: relative to ``list``.
        problem: why there is no time.
        listed: milliseconds of ``list`` in the same run, where that is not the one that its card tells.
        waiting: whether the time is on its way.
        untold: whether the step could not be followed.
    """

    name: str
    held: int | None
    peak: int | None
    milliseconds: float | None = None
    time: Beside | None = None
    problem: Problem | None = None
    waiting: bool = False
    listed: float | None = None
    untold: bool = False


def card(found: MemoryFindings, name: str) -> Card:
    """What is known of one implementation."""
    if name == "compiled":
        return _compiled(found)
    track = found.steps.get(name)
    steps = {step.name: step for step in found.comparison.steps} if found.comparison else {}
    step, other = steps.get(name), steps.get("list")
    times = step.milliseconds if step else ()
    compared = beside(times, other.milliseconds) if times and other and other.milliseconds else None
    return Card(
        name,
        held(found.study, name),
        track.peak_bytes if track else None,
        statistics.median(times) if times else None,
        compared,
        step.problem if step else found.problems.get("comparison"),
        "comparison" in found.waiting,
        untold=name in found.problems,
    )


def _compiled(found: MemoryFindings) -> Card:
    name = f"compiled {found.study.memory.budget}"
    step = found.compiled.get(found.study.memory.budget)
    if step is None:
        return Card(name, None, None, problem=found.problems.get(name), waiting=name in found.waiting)
    times = step.milliseconds
    middle = statistics.median(times) if times else None
    listed = statistics.median(step.beside) if step.beside else None
    return Card(name, step.kept_bytes, None, middle, beside(times, step.beside), listed=listed)


def cards(found: MemoryFindings) -> str:
    """All cards as markup; the one that is drawn is pressed."""
    all_cards = {name: card(found, name) for name in CARDS}
    most = max(n for one in all_cards.values() for n in (one.held, one.peak) if n is not None)
    listed = all_cards["list"]
    chosen = found.study.memory.implementation
    scale = _scale([one.held for one in all_cards.values() if one.held is not None])
    written = "".join(_card(name, one, listed, most, scale, pressed=name == chosen) for name, one in all_cards.items())
    group = escape(_("How the block is written"))
    told = "".join(f'<p class="note">{escape(words)}</p>' for words in (meaning(chosen), note(found)))
    return f'<div class="cards-frame"><div class="cards" role="group" aria-label="{group}">{written}</div></div>{told}'


def _scale(held: list[int]) -> Scale:
    """One for all cards, where the smallest of it is told and the largest has room."""
    scale = byte_scale(held)
    return scale if max(held) < 10**4 * scale.one else byte_scale([max(held)], whole=True)


def _card(name: str, one: Card, listed: Card, most: int, shared: Scale, *, pressed: bool) -> str:
    assert listed.held is not None  # a closed form
    peak = ""
    if one.held is None:
        size = f'<span class="h quiet">{escape(_("not compiled"))}</span>'
    else:
        scale = shared if one.held >= 0.01 * shared.one else byte_scale([one.held])
        unit = escape(_("{unit} held").format(unit=scale.unit))
        size = f'<span class="h">{scale.text(one.held)} <small>{unit}</small></span>'
        peak = scale.text(one.peak) if one.peak else ""
    lines = (
        (_("held"), ratio(one.held, listed.held) or "–"),
        (_("peak {peak}").format(peak=peak).strip(), _peak(name, one, listed)),
        _time(one),
    )
    told = "".join(f'<span class="r"><span>{escape(a)}</span><b>{escape(b)}</b></span>' for a, b in lines)
    said = why(one.problem) if one.problem else _run_of_its_own(one)
    reason = f' title="{escape(said)}"' if said else ""
    pressed_words = "true" if pressed else "false"
    return (
        f'<button class="imp" data-field="implementation" data-value="{name}" aria-pressed="{pressed_words}"{reason}>'
        f"<strong>{escape(one.name)}</strong>{size}{_bar(one, most)}{told}</button>"
    )


def _bar(one: Card, most: int) -> str:
    """Held as a solid bar, the peak as an outline around it, on the scale of all cards."""
    solid = f'<i style="width:{100 * (one.held or 0) / most:.2f}%"></i>'
    outline = f'<u style="width:{100 * one.peak / most:.2f}%"></u>' if one.peak else ""
    return f'<span class="bul">{solid}{outline}</span>'


def _peak(name: str, one: Card, listed: Card) -> str:
    if name == "compiled" or one.untold:
        return _("not tracked")
    return ratio(one.peak, listed.peak) or "…"


def _time(one: Card) -> tuple[str, str]:
    if one.milliseconds is None:
        return _("step"), _("measuring…") if one.waiting else _("not measured")
    # Milliseconds of another run would not go with the ratio and the card of list.
    taken = _taken(one.milliseconds) if one.listed is None else ""
    if one.time is None or (not one.time.is_different and one.name != "list"):
        return taken or _("step"), _("no difference")
    return _("step {time}").format(time=taken).strip(), ratio(one.time.median, 1) if one.name != "list" else "1.00×"


def _taken(milliseconds: float) -> str:
    """In three digits, for which a card has room."""
    if milliseconds < 99.95:
        return _("{time} ms").format(time=ms(milliseconds))
    if milliseconds < 999.5:
        return _("{time} ms").format(time=f"{milliseconds:.0f}")
    return _("{time} s").format(time=f"{milliseconds / 1000:,.2f}")


def _run_of_its_own(one: Card) -> str:
    if one.listed is None or one.milliseconds is None:
        return ""
    words = _("{own}, beside {listed} of list in the same run")
    return words.format(own=_taken(one.milliseconds), listed=_taken(one.listed))


def meaning(name: Implementation) -> str:
    """How the block is written where it is written so, in a sentence."""
    return {
        "concat": _("concat: the source text’s chain; each Bottleneck concatenates what it read and what is new."),
        "list": _("list: new maps are kept in a list, and every Bottleneck concatenates all of it to read it."),
        "checkpoint_1x1": _(
            "checkpoint_1x1: what a Bottleneck’s first convolution reads is not held; that and the convolution are run "
            "again in backward."
        ),
        "shared": _(
            "shared: one buffer, into which every Bottleneck writes its new maps; what is normalised is run again in "
            "backward."
        ),
        "compiled": _(
            "compiled: list by torch.compile, asked to hold no more than a share of what it would, its budget."
        ),
        "checkpoint": _("checkpoint: nothing within a Bottleneck is held; all of it is run again in backward."),
    }[name]


def note(found: MemoryFindings) -> str:
    """What the bars are, and how what is held stands to the curve above."""
    name = found.study.memory.implementation
    plain = name if name != "compiled" else "list"
    own = found.theory.dense.parameter_bytes + found.theory.dense.buffer_bytes
    kept = held(found.study, plain)
    scale = byte_scale([kept + own], whole=True)
    return _(
        "Bars: held solid, peak outlined; ratios are to list. When the forward pass of {name} ends, {all} are alive: "
        "{held} held for backward, {own} weights and running statistics."
    ).format(name=plain, all=scale.full(kept + own), held=within(kept, scale), own=within(own, scale))
