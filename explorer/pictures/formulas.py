"""What the numbers mean: each closed form, the same with the person's values, and whether the count agrees."""

from __future__ import annotations

import re
from html import escape

from explorer.findings import BlockFindings, Findings, Quantity, Timing
from explorer.language import _
from explorer.pictures.captions import disagreement, origin_words, stamp, time_stamp
from explorer.pictures.words import byte_scale, device_name, device_words, mac_scale, ms, thousands
from explorer.theory import Formula
from explorer.theory import formulas as closed_forms

_NOT_YET = "–"


def formulas(findings: Findings, alone: bool = False) -> str:
    """The list as HTML; ``alone``: where no controls name the symbols."""
    forms = closed_forms(findings.theory.dense, findings.study)
    parts = [_form(form, findings) for form in forms]
    peak = findings.dense.peak_bytes
    # What is measured has its place from the start, so that nothing moves when it comes.
    if "closed_form" not in peak.values:
        parts.append(_tracked_peak(findings, peak))
    parts.append(_timing(_("Forward time"), findings.dense.forward, findings))
    if findings.study.run.mode == "training":
        parts.append(_timing(_("Time of a training step"), findings.dense.step, findings))
    note = _("c₀, k, L, b as in the controls; N·H·W positions; e bytes of one element. A MAC is one multiply-add.")
    if alone:
        note = _(
            "c₀ input channels, k growth rate, L Bottlenecks, bk channels between their convolutions; "
            "N·H·W positions; e bytes of one element. A MAC is one multiply-add."
        )
    return f'<p class="sub">{escape(note)}</p><div class="forms">{"".join(parts)}</div>'


def _form(form: Formula, findings: Findings) -> str:
    note = "; ".join(words for words in (form.note, _beyond(form.quantity, findings.dense)) if words)
    return _entry(form.name, _verdict(form, findings), _set(form.symbolic), form.substituted, _result(form), note)


def _beyond(quantity: str, dense: BlockFindings) -> str:
    """What was seen besides the number itself: a library's reserve, an allocator's own figure."""
    live = dense.measurement
    if live is None:
        return ""
    if quantity == "saved_bytes" and live.saved_extra_bytes:
        words = _("the device’s library keeps {bytes} more beside the tensors, counted apart")
        return words.format(bytes=_bytes(live.saved_extra_bytes))
    if quantity == "peak_bytes" and live.device_peak_bytes is not None:
        words = _("the allocator of {device} says {bytes}: it rounds, and keeps workspaces")
        return words.format(device=device_name(live.device.name), bytes=_bytes(live.device_peak_bytes))
    return ""


def _tracked_peak(findings: Findings, quantity: Quantity) -> str:
    """The peak of a training step, which has no closed form."""
    dense = findings.dense
    tip = escape(origin_words(dense, quantity))
    mark = f'<span class="plain" title="{tip}">{escape(stamp(findings, dense, quantity))}</span>'
    told = escape(_("Tracked by storage, no closed form"))
    result = _NOT_YET if quantity.live is None else _bytes(quantity.live)
    return _entry(_("Peak of a training step"), mark, told, "", result, _beyond("peak_bytes", dense))


def _entry(name: str, mark: str, symbolic: str, substituted: str, result: str, note: str = "") -> str:
    told = f'<div class="put">{escape(note)}</div>' if note else ""
    put = "" if not substituted or result.startswith(substituted) else f"{escape(substituted)} = "
    return (
        f'<div class="form"><header><span>{escape(name)}</span>{mark}</header><div>{symbolic}</div>'
        f'<div class="put">{put}<b>{escape(result)}</b></div>{told}</div>'
    )


def _result(form: Formula) -> str:
    if form.value == 0:
        return f"0 {_(form.unit)}"
    if form.unit == "MACs":
        return mac_scale([form.value]).full(form.value)
    return _bytes(form.value) if form.unit == "bytes" else thousands(form.value)


def _bytes(value: int) -> str:
    """To the byte, and in the unit in which a person reads it."""
    scale = byte_scale([value])
    exact = f"{thousands(value)} {_('bytes')}"
    return exact if scale.one == 1 else f"{exact} = {scale.full(value)}"


def _verdict(form: Formula, findings: Findings) -> str:
    """``✓ equal to the count``, or both numbers; empty while there is nothing to compare with."""
    dense = findings.dense
    if form.quantity:
        quantity: Quantity = getattr(dense, form.quantity)
        if quantity.live is None:
            return ""
        if quantity.differs:
            return f'<span class="bad">✕ {escape(disagreement(quantity))}</span>'
        return _same(quantity.ran)
    counted = _channels_counted(findings).get(form.symbolic.split(" ")[0] + ("" if "=" in form.symbolic else "+"))
    if counted is None:
        return ""
    if counted == form.value:
        return _same(dense.parameters.ran)
    return f'<span class="bad">✕ {escape(_("counted {number}").format(number=thousands(counted)))}</span>'


def _same(ran: bool) -> str:
    words = _("equal to the count") if ran else _("equal to the count, not run")
    return f'<span class="{"ok" if ran else "plain"}">✓ {escape(words)}</span>'


def _channels_counted(findings: Findings) -> dict[str, int]:
    """First symbol of a channel formula → the same number as it was seen in the live module."""
    live = findings.dense.measurement
    if live is None:
        return {}
    found = {"C": live.output_shape[1]}
    joined = [join for join in live.joins if join.op == "cat"]
    if joined:
        found["S+"] = sum(join.output for join in joined)  # written
        found["S"] = sum(join.output - join.inputs[-1] for join in joined)  # what each Bottleneck had read
    return found


def _timing(name: str, timing: Timing | None, findings: Findings) -> str:
    told = escape(_("Measured, no closed form"))
    if timing is None:
        mark = f'<span class="plain">{escape(time_stamp(findings, findings.dense))}</span>'
        return _entry(name, mark, told, "", _NOT_YET)
    device = device_words(findings.device) if findings.device else ""
    words = _("median of {runs} runs after {warmup}, middle half {q1} to {q3} ms").format(
        runs=timing.runs, warmup=timing.warmup, q1=ms(timing.q1), q3=ms(timing.q3)
    )
    mark = f'<span class="plain">{escape(device)}</span>'
    return _entry(name, mark, told, words, f"{ms(timing.median)} ms")


def _set(symbolic: str) -> str:
    """A formula with its symbols in italics."""
    return re.sub(r"[A-Za-z]+", lambda m: m[0] if m[0] == "max" else f"<i>{m[0]}</i>", escape(symbolic))
