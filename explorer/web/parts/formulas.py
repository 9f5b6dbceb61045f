"""What the numbers mean: each closed form, the same with the person's values, and whether the count agrees."""

from __future__ import annotations

import re
from html import escape

from explorer.findings import Findings, Quantity, Timing
from explorer.language import _
from explorer.pictures.captions import disagreement
from explorer.pictures.words import byte_scale, device_words, mac_scale, ms, thousands
from explorer.theory import Formula
from explorer.theory import formulas as closed_forms


def formulas(findings: Findings) -> str:
    """The list as HTML."""
    forms = closed_forms(findings.theory.dense, findings.study)
    parts = [_form(form, findings) for form in forms]
    times = [(_("Forward time"), findings.dense.forward), (_("Time of a training step"), findings.dense.step)]
    parts += [_timing(name, timing, findings) for name, timing in times if timing is not None]
    note = _("c₀, k, L, b as in the controls; N·H·W positions; e bytes of one element. A MAC is one multiply-add.")
    return f'<p class="sub">{escape(note)}</p><div class="forms">{"".join(parts)}</div>'


def _form(form: Formula, findings: Findings) -> str:
    return _entry(form.name, _verdict(form, findings), _set(form.symbolic), form.substituted, _result(form), form.note)


def _entry(name: str, mark: str, symbolic: str, substituted: str, result: str, note: str = "") -> str:
    told = f'<div class="put">{escape(note)}</div>' if note else ""
    put = "" if result.startswith(substituted) else f"{escape(substituted)} = "
    return (
        f'<div class="form"><header><span>{escape(name)}</span>{mark}</header><div>{symbolic}</div>'
        f'<div class="put">{put}<b>{escape(result)}</b></div>{told}</div>'
    )


def _result(form: Formula) -> str:
    if form.value == 0:
        return f"0 {form.unit}"
    if form.unit == "MACs":
        return mac_scale([form.value]).full(form.value)
    if form.unit == "bytes":
        scale = byte_scale([form.value])
        exact = f"{thousands(form.value)} bytes"
        return exact if scale.one == 1 else f"{exact} = {scale.full(form.value)}"
    return thousands(form.value)


def _verdict(form: Formula, findings: Findings) -> str:
    """``✓ equal to the count``, or both numbers; empty while there is nothing to compare with."""
    dense = findings.dense
    if form.quantity:
        quantity: Quantity = getattr(dense, form.quantity)
        if quantity.live is None:
            return ""
        if quantity.differs:
            return f'<span class="bad">✕ {escape(disagreement(quantity))}</span>'
        return _same()
    counted = _channels_counted(findings).get(form.symbolic.split(" ")[0] + ("" if "=" in form.symbolic else "+"))
    if counted is None:
        return ""
    if counted == form.value:
        return _same()
    return f'<span class="bad">✕ {escape(_("counted {number}").format(number=thousands(counted)))}</span>'


def _same() -> str:
    return f'<span class="ok">✓ {escape(_("equal to the count"))}</span>'


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


def _timing(name: str, timing: Timing, findings: Findings) -> str:
    device = device_words(findings.device) if findings.device else ""
    words = _("median of {runs} runs after {warmup}, middle half {q1} to {q3} ms").format(
        runs=timing.runs, warmup=timing.warmup, q1=ms(timing.q1), q3=ms(timing.q3)
    )
    mark = f'<span class="plain">{escape(device)}</span>'
    return _entry(name, mark, escape(_("Measured, no closed form")), words, f"{ms(timing.median)} ms")


def _set(symbolic: str) -> str:
    """A formula with its symbols in italics."""
    return re.sub(r"[A-Za-z]+", lambda m: m[0] if m[0] == "max" else f"<i>{m[0]}</i>", escape(symbolic))
