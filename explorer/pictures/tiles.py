"""The four tiles: the Dense Block's number with its stamp, by layer, and both residual blocks beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from explorer.findings import BlockFindings, Findings, LayerTheory, Problem, Quantity
from explorer.language import _, stopped
from explorer.pictures.captions import counted_beside, disagreement, matched_words, origin_words, stamp, time_stamp
from explorer.pictures.palette import TOKENS
from explorer.pictures.words import (
    Kind,
    Scale,
    byte_scale,
    device_name,
    difference,
    mac_scale,
    ms,
    ratio,
    timing_difference,
)

_LONG, _LONGER = 15, 19  # more characters of number and unit than this are set smaller, and smaller still
_ROW = 24  # characters of number and label that fit beside a ratio
_GAPS = 12  # more layers than this are drawn without gaps


@dataclass(frozen=True)
class _Beside:
    """One residual row: its value, as shown and as a number, its stamp as a sign, and how dense compares with it."""

    label: str
    text: str
    sign: str
    value: float
    ratio: str
    words: str
    short: str = ""  # of the words, as much as fits beside the bar, where they are longer


def tiles(findings: Findings, timed: bool = True) -> str:
    """The tiles as HTML; the one of times only if ``timed``, for there it says what it waits for."""
    inference = findings.study.run.mode == "inference"
    parts = [
        _counts(
            findings, "parameters", lambda b: b.parameters, lambda layer: layer.parameters, _parameter_scale, "count"
        ),
        _counts(findings, "macs", lambda b: b.macs, lambda layer: layer.macs, mac_scale, "count"),
        _counts(findings, "peak", lambda b: b.peak_bytes, None, byte_scale, "amount")
        if inference
        else _counts(findings, "saved", lambda b: b.saved_bytes, lambda y: y.saved_bytes, byte_scale, "amount"),
        _time(findings) if timed else "",
    ]
    unrun = "" if findings.dense.parameters.ran else " unrun"
    return f'<div class="tiles{unrun}">{"".join(parts)}</div>'


def _parameter_scale(values: Sequence[int]) -> Scale:
    """To the unit as long as that fits a row; the headline and the formula have it to the unit at any size."""
    return mac_scale(values) if max(values) >= 10**8 else Scale("", 1, 0)


def fairness(findings: Findings) -> str:
    """What the residual rows were matched by, in one grey line; before it, a difference that no tile shows."""
    told = {c.label: f"{c.label}: {matched_words(c)}" for c in (findings.theory.residual, findings.theory.second)}
    words = [*told.values(), _("Nothing here says which block learns better.")]
    return f'{_differing(findings)}<p class="note">{escape(" ".join(words))}</p>'


def _differing(findings: Findings) -> str:
    """What to do where a count differs; in inference also what was saved though nothing should be: no tile shows it."""
    quantities = [(b, q) for b in findings.blocks for q in (b.parameters, b.macs, b.saved_bytes, b.peak_bytes)]
    if not any(quantity.differs for _block, quantity in quantities):
        return ""
    unshown = [
        _("{block}, saved for backward: {words}").format(block=block.label, words=disagreement(quantity))
        for block, quantity in quantities
        if quantity.differs and quantity.name == "saved_bytes" and findings.study.run.mode == "inference"
    ]
    told = " ".join([*unshown, _("Please report this state with its link.")])
    return f'<p class="note ink"><b class="bad">{escape(_("✕ counts differ"))}</b> {escape(told)}</p>'


def _counts(
    findings: Findings,
    what: str,
    of: Callable[[BlockFindings], Quantity],
    by_layer: Callable[[LayerTheory], int] | None,
    scale_for: Callable[[Sequence[int]], Scale],
    kind: Kind,
) -> str:
    dense = findings.dense
    quantity = of(dense)
    mark = _mark(stamp(findings, dense, quantity), origin_words(dense, quantity), quantity.ran or quantity.differs != 0)
    if quantity.value is None:
        problem = dense.problem
        return _tile(*_named(what), mark, _reason(problem) if problem else _skeleton(_("Tracking on the live module")))
    rivals = _rivals(findings)
    values = [quantity.value, *(of(rival).value or 0 for rival in rivals)]
    scale = scale_for(values)
    most = max(*values, 1)
    layers = [by_layer(layer) for layer in dense.theory.layers] if by_layer else []
    body = _value(scale.text(quantity.value), scale.unit)
    # In the bar's place, so that the tile stays on the first screen.
    body += _sentences(disagreement(quantity), "") if quantity.differs else _stack(layers, quantity.value / most)
    for rival in rivals:
        other = of(rival).value
        if other is None:
            continue
        body += _row(
            _Beside(
                rival.label,
                scale.text(other),
                _sign(stamp(findings, rival, of(rival)), of(rival), origin_words(rival, of(rival))),
                other / most,
                ratio(quantity.value, other),
                difference(quantity.value, other, kind),
            ),
            hatched=rival is findings.second,
            differs=counted_beside(of(rival)),
        )
    return _tile(*_named(what), mark, body)


def _rivals(findings: Findings) -> list[BlockFindings]:
    """Both residual blocks; one where the two are the same."""
    same = findings.residual.theory.spec == findings.second.theory.spec
    return [findings.residual] if same else [findings.residual, findings.second]


def _time(findings: Findings) -> str:
    what, dense = "time", findings.dense
    timing = dense.forward
    if timing is None:
        problem = findings.timing_problem or dense.problem
        mark = _mark(time_stamp(findings, dense), "")
        if problem is not None:
            return _tile(*_named(what), mark, _reason(problem))
        for rival in _rivals(findings):  # blocks are timed together, or not at all
            if rival.problem is not None:
                return _tile(
                    *_named(what), mark, _sentences(f"{rival.label}: {rival.problem.message}", rival.problem.advice)
                )
        if findings.waiting:
            wait = _("Once the controls rest: up to three seconds a block, longer where four runs take longer")
            return _tile(*_named(what), mark, _skeleton(wait))
        return _tile(*_named(what), mark, _sentences("", _("Timed once the block has been counted.")))
    rivals = [block for block in _rivals(findings) if block.forward is not None]
    medians = [timing.median, *(block.forward.median for block in rivals if block.forward)]
    most = max(medians)
    device = device_name(findings.device.name) if findings.device else ""
    tip = _("median of {runs} runs, middle half {q1} to {q3} ms, {device}").format(
        runs=timing.runs, q1=ms(timing.q1), q3=ms(timing.q3), device=device
    )
    body = _value(ms(timing.median), "ms") + _stack([], timing.median / most)
    for block in rivals:
        assert block.forward is not None
        times, words = timing_difference(timing, block.forward)
        short = "" if times else _("no difference")
        beside = _Beside(block.label, ms(block.forward.median), "", block.forward.median / most, times, words, short)
        body += _row(beside, hatched=block is findings.second)
    return _tile(*_named(what), _mark(time_stamp(findings, dense), tip), body)


def _named(what: str) -> tuple[str, str]:
    """A tile's name, and what it means."""
    return {
        "parameters": (_("Parameters"), _("Numbers that training sets: weights of convolutions, γ and β of BN.")),
        "macs": (
            _("MACs, forward"),
            _("Multiply-accumulates of one forward pass: one multiplication and one addition."),
        ),
        "peak": (_("Peak, nothing saved"), _("Bytes alive at the highest point of a forward pass without gradients.")),
        "saved": (
            _("Saved for backward"),
            _("Bytes that autograd keeps of a forward pass, to compute gradients later."),
        ),
        "time": (_("Forward time"), _("One forward pass on this device, the median of several.")),
    }[what]


# --- pieces -------------------------------------------------------------------------------------------


def _tile(name: str, means: str, mark: str, body: str) -> str:
    head = f'<div class="k"><span title="{escape(means)}">{escape(name)}</span>{mark}</div>'
    return f'<div class="tile">{head}{body}</div>'


def _mark(text: str, tip: str, ran: bool = True) -> str:
    kind = {"✓": "ok", "✕": "bad"}.get(text[:1], "plain") if ran else "plain"
    return f'<span class="{kind}" title="{escape(tip)}">{escape(text)}</span>'


def _sign(text: str, quantity: Quantity, tip: str) -> str:
    """A residual row's stamp: its sign alone, grey where nothing ran; its words for pointers and screen readers."""
    if text[:1] not in ("✓", "✕"):
        return ""
    kind = "bad" if quantity.differs else "ok" if quantity.ran else "plain"
    words = escape(f"{text[1:].strip()}: {tip}")
    return f' <span class="{kind}" role="img" aria-label="{words}" title="{words}">{text[:1]}</span>'


def _value(text: str, unit: str) -> str:
    length = len(text) + len(unit)
    size = " longer" if length > _LONGER else " long" if length > _LONG else ""
    return f'<div class="v{size}">{escape(text)} <small>{escape(unit)}</small></div>'


def _stack(layers: Sequence[int], share: float) -> str:
    """Dense's bar, ``share`` of the width, cut by layer in the layers' colours; grey where no layer applies."""
    total = sum(layers)
    if total <= 0:
        pieces = '<i style="width:100%;background:var(--mute)"></i>'
    else:
        pieces = "".join(
            f'<i data-source="{i}" style="width:{part / total:.3%};background:{TOKENS.source(i, len(layers))}"></i>'
            for i, part in enumerate(layers, start=1)
        )
    fine = " fine" if len(layers) > _GAPS else ""
    return f'<div class="br own"><div class="mb{fine}"><div style="width:{share:.2%}">{pieces}</div></div></div>'


def _row(beside: _Beside, hatched: bool, differs: str = "") -> str:
    """Number, label and ratio, and a bar under them; where the count ``differs``, that in the bar's place."""
    label = beside.label
    if hatched and len(beside.text) + len(label) > _ROW:  # the row above has said "residual"
        label = label.removeprefix(_("residual") + " ")
    bar = (
        f'<div class="br"><div class="mb {"hatched" if hatched else "solid"}">'
        f'<div style="width:{beside.value:.2%}"></div></div><span title="{escape(beside.words)}">'
        f"{escape(beside.short or beside.words)}</span></div>"
    )
    return (
        f'<div class="rv"><span title="{escape(beside.label)}">'
        f"<b>{escape(beside.text)}</b>{beside.sign} <em>{escape(label)}</em></span>"
        f"<b>{escape(beside.ratio)}</b></div>" + (f'<p class="differs bad">✕ {escape(differs)}</p>' if differs else bar)
    )


def _skeleton(words: str) -> str:
    return f'<span class="sk"></span><p class="why quiet">{escape(words)}</p>'


def _reason(problem: Problem) -> str:
    return _sentences(problem.message, problem.advice)


def _sentences(strong: str, rest: str) -> str:
    first = f"<b>{escape(stopped(strong))}</b>" if strong else ""
    return f'<p class="why">{first}{escape(stopped(rest)) if rest else ""}</p>'
