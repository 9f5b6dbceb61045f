"""What each implementation holds for backward in closed form, and what an inference forward of it takes."""

from __future__ import annotations

import re
from html import escape

from explorer.findings import MemoryFindings
from explorer.language import _
from explorer.pictures.words import byte_scale, ratio, thousands
from explorer.theory import HeldForm, held_forms, inference_peak_bytes

INFERENCE = ("list", "concat", "checkpoint_1x1", "shared", "fused")


def forms(found: MemoryFindings) -> str:
    """Each form, the same with the person's values, and whether the tracked step agrees, to the byte."""
    study = found.study
    block, channel = study.block, study.input.positions * study.run.bytes_per_element
    read = sum(block.width_before(layer) for layer in range(1, block.layers + 1))
    line = _(
        "A = one channel, {channel} bytes · S = channels read, {read} · C = channels out, {out} · "
        "e\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{e}\N{NO-BREAK SPACE}bytes"
    )
    sizes = {"channel": channel, "read": read, "out": block.out_channels, "e": study.run.bytes_per_element}
    head = line.format(**{name: thousands(size) for name, size in sizes.items()})
    written = []
    for form in held_forms(study):
        scale = byte_scale([form.value], whole=True)
        grows = _("grows with L²") if form.quadratic else _("grows with L")
        mark = _verdict(found, form)
        name = f"<span>{escape(', '.join(form.names))} <em>{escape(grows)}</em></span>"
        written.append(
            f'<div class="form"><header>{name}{mark}</header>'
            f"<div>{_set(form.symbolic)}</div>"
            f'<div class="put">{escape(form.substituted)} = <b>{escape(scale.full(form.value))}</b></div></div>'
        )
    title = escape(_("Held for backward, in closed form"))
    return f'<h2>{title}</h2><p class="sub">{escape(head)}</p><div class="forms one">{"".join(written)}</div>'


def _verdict(found: MemoryFindings, form: HeldForm) -> str:
    """Whether every implementation that the form is of holds so much, once all are tracked."""
    kept = [found.steps[name].kept_bytes for name in form.names if name in found.steps]
    if len(kept) < len(form.names):
        return ""
    wrong = [n for n in kept if n != form.value]
    if not wrong:
        return f'<span class="ok">✓ {escape(_("equal to the count"))}</span>'
    return f'<span class="bad">✕ {escape(_("counted {bytes} bytes").format(bytes=thousands(wrong[0])))}</span>'


def _set(symbolic: str) -> str:
    """A formula with its symbols in italics."""
    return re.sub(r"[A-Za-z]+", lambda m: f"<i>{m[0]}</i>", escape(symbolic))


def inference(found: MemoryFindings) -> str:
    """The peak of a forward without gradients; there ``fused`` comes in."""
    study = found.study
    peaks = {name: inference_peak_bytes(study.block, study.input, study.run.dtype, name) for name in INFERENCE}
    scale = byte_scale(peaks.values())
    most = max(peaks.values())
    plain, fused = peaks["list"], peaks["fused"]
    title = _("In inference nothing is held; a forward of list peaks at {peak}, of fused at {fused}").format(
        peak=scale.full(plain), fused=scale.full(fused)
    )
    line = _(
        "Closed forms: parameters, buffers, input and maps at the highest point of a forward without gradients. "
        "fused folds BatchNorm into the convolution before it, where that is exact, and writes each slice in place."
    )
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{scale.text(peak)}</td>'
        f'<td class="barc"><span class="pb"><i style="width:{100 * peak / most:.2f}%"></i></span></td>'
        f"<td><b>{escape(ratio(peak, plain))}</b></td></tr>"
        for name, peak in peaks.items()
    )
    heads = "".join(
        f'<th scope="col">{escape(words)}</th>' if words else "<td></td>"
        for words in (_("Implementation"), _("peak, {unit}").format(unit=scale.unit), "", _("of list"))
    )
    table = f'<table class="plan small"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'
    return f'<h2>{escape(title)}</h2><p class="sub">{escape(line)}</p>{table}'
