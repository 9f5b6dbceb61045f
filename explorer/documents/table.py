"""Findings as a table for a terminal: plain text of at most 100 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from explorer.documents.terminal import WIDTH, left, right, wide, wrapped
from explorer.findings import BlockFindings, BlockTheory, Findings, Quantity, Timing
from explorer.language import N_, _, listed, typeset
from explorer.pictures.captions import disagreement, matched_words
from explorer.pictures.words import (
    Kind,
    Scale,
    byte_scale,
    device_words,
    difference,
    headline,
    mac_scale,
    ms,
    output_sum,
    ratio,
    thousands,
    timing_difference,
    where,
    why,
)

_ORIGINS = {
    "closed_form": N_("closed form"),
    "counted": N_("counted"),
    "tracked": N_("tracked"),
    "device": N_("allocator"),
}


def describe_text(findings: Findings) -> str:
    """All findings, origins side by side, per layer, and the reason for whatever is missing."""
    return "\n".join(line.rstrip() for part in _parts(findings) if part for line in (*part, "")).rstrip() + "\n"


def _parts(findings: Findings) -> Iterator[Sequence[str]]:
    yield wrapped(headline(findings), "") + wrapped(where(findings), "")
    yield _problems(findings)
    yield _quantity(_("Parameters"), findings, [b.parameters for b in findings.blocks], Scale("", 1, 0), "count")
    macs = [b.macs for b in findings.blocks]
    yield _quantity(_("MACs"), findings, macs, mac_scale(_known(macs)), "count")
    saved = [b.saved_bytes for b in findings.blocks]
    yield _quantity(_("Saved for backward, bytes"), findings, saved, byte_scale(_known(saved)), "amount")
    peak = [b.peak_bytes for b in findings.blocks]
    training = findings.study.run.mode == "training"
    title = _("Peak of a training step, bytes") if training else _("Peak of an inference forward, bytes")
    yield _quantity(title, findings, peak, byte_scale(_known(peak), 1), "amount")
    yield _times(_("Forward time, ms"), findings, [b.forward for b in findings.blocks])
    yield _times(_("Training step, ms"), findings, [b.step for b in findings.blocks])
    yield _run(findings)
    for block in findings.blocks:
        yield _layers(block)
    yield _fairness(findings)


def _known(quantities: Sequence[Quantity]) -> list[int]:
    return [quantity.value for quantity in quantities if quantity.value is not None]


def _problems(findings: Findings) -> list[str]:
    """Each reason once, with the blocks it concerns."""
    blocks = [(b.label, b.problem) for b in findings.blocks] + [(_("times"), findings.timing_problem)]
    lines: list[str] = []
    for problem in findings.problems:
        whom = list(dict.fromkeys(label for label, found in blocks if found == problem))
        names = "" if len(whom) >= len(findings.blocks) else _(" ({names})").format(names=listed(whom))
        counted = [b for b in findings.blocks if b.measurement is not None and b.problem == problem]
        if counted:
            words = _("Not run{names}: {why} Counted on fake tensors, which hold no memory.")
        else:
            words = _("Not measured{names}: {why}")
        lines += wrapped(words.format(names=names, why=why(problem)))
    return lines


def _quantity(title: str, findings: Findings, quantities: Sequence[Quantity], scale: Scale, kind: Kind) -> list[str]:
    if not any(_known(quantities)):
        nothing = quantities[0].name == "saved_bytes" and findings.study.run.mode == "inference"
        words = _("{title}: inference keeps nothing") if nothing else _("{title}: not tracked; it has no closed form")
        return wrapped(words.format(title=title))
    origins = [origin for origin in _ORIGINS if any(origin in q.values for q in quantities)]
    rows = [["", *(_(_ORIGINS[origin]) for origin in origins), ""]]
    for block, quantity in zip(findings.blocks, quantities, strict=True):
        numbers = [_number(quantity, origin) for origin in origins]
        rows.append([block.label, *numbers, _beside(block, quantity, quantities[0], scale, kind)])
    return [*wrapped(f"{title} ({_(quantities[0].convention)})", ""), *_aligned(rows)]


def _number(quantity: Quantity, origin: str) -> str:
    if origin not in quantity.values:
        return "–"
    compared = origin in ("counted", "tracked") and "closed_form" in quantity.values
    mark = ("✕ " if quantity.differs else "✓ ") if compared else ""
    return mark + thousands(quantity.values[origin])


def _beside(block: BlockFindings, quantity: Quantity, dense: Quantity, scale: Scale, kind: Kind) -> str:
    """The number in its everyday unit, dense ÷ it, and a difference between origins."""
    words = [scale.full(quantity.value)] if scale.unit and quantity.value is not None else []
    if block.role != "dense":
        words += [ratio(dense.value, quantity.value), difference(dense.value, quantity.value, kind)]
    words.append(disagreement(quantity))
    if quantity.live is not None and not quantity.ran:
        words.append(_("not run"))
    return "  ".join(word for word in words if word)


def _times(title: str, findings: Findings, timings: Sequence[Timing | None]) -> list[str]:
    dense = timings[0]
    rows = [["", _("median"), _("middle half"), _("runs"), ""]]
    for block, timing in zip(findings.blocks, timings, strict=True):
        if timing is not None:
            beside = "" if block.role == "dense" else "  ".join(w for w in timing_difference(dense, timing) if w)
            half = _("{low} to {high}").format(low=ms(timing.q1), high=ms(timing.q3))
            rows.append([block.label, ms(timing.median), half, str(timing.runs), beside])
    return [*wrapped(title), *_aligned(rows)] if len(rows) > 1 else []


def _run(findings: Findings) -> list[str]:
    """What only a run gives: the sum of each output, and bytes beyond the modules' own that a library keeps."""
    rows = [["", _("sum of the output"), _("library's reserve, bytes"), ""]]
    for block in findings.blocks:
        live = block.measurement
        if live is not None and live.output_sum is not None:
            reserve = thousands(live.saved_extra_bytes) if live.saved_extra_bytes else "–"
            rows.append([block.label, output_sum(live.output_sum), reserve, ""])
    if len(rows) == 1:
        return []
    words = _("The run, weights and input of seed {seed}")
    if findings.device:
        words = _("The run, weights and input of seed {seed} on {device}")
    device = device_words(findings.device) if findings.device else ""
    return [*wrapped(words.format(seed=findings.study.run.seed, device=device), ""), *_aligned(rows)]


def _layers(block: BlockFindings) -> list[str]:
    theory: BlockTheory = block.theory
    macs, saved = mac_scale(x.macs for x in theory.layers), byte_scale(x.saved_bytes for x in theory.layers)
    unit = _("Bottleneck") if theory.spec.kind == "dense" else _("unit")
    rows = [
        [
            unit,
            _("reads"),
            _("makes"),
            _("gives"),
            _("parameters"),
            f"{_('MACs')}, {macs.unit}" if macs.unit else _("MACs"),
            _("saved, {unit}").format(unit=saved.unit) if theory.saved_bytes else "",
            "",
        ]
    ]
    rows += [
        [
            str(layer.index),
            thousands(layer.in_channels),
            thousands(layer.new_channels),
            thousands(layer.out_channels),
            thousands(layer.parameters),
            macs.text(layer.macs),
            saved.text(layer.saved_bytes) if theory.saved_bytes else "",
            "",
        ]
        for layer in theory.layers
    ]
    shape = " × ".join(map(str, block.measurement.output_shape if block.measurement else theory.output_shape))
    words = _("{block}, layer by layer (output {shape})").format(block=block.label, shape=shape)
    return [*wrapped(words, ""), *_aligned(rows)]


def _fairness(findings: Findings) -> list[str]:
    lines = [
        line
        for counterpart in (findings.theory.residual, findings.theory.second)
        for line in wrapped(f"{counterpart.label}: {matched_words(counterpart)}")
    ]
    return [*lines, *wrapped(_("These are sizes and times; they say nothing about accuracy."))]


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """First column flush left, numbers flush right, the last column's words after them or, too wide, below."""
    rows = [[typeset(cell) for cell in row] for row in rows]
    columns = list(zip(*(row[:-1] for row in rows), strict=True))
    widths = [max(map(wide, column)) for column in columns]
    lines = []
    for row in rows:
        first, *numbers = row[:-1]
        line = "  " + left(first, widths[0])
        line += "".join("   " + right(cell, width) for cell, width in zip(numbers, widths[1:], strict=True))
        if wide(line) + 3 + wide(row[-1]) <= WIDTH:
            lines.append(f"{line}   {row[-1]}")
        else:
            lines += [line, *wrapped(row[-1], "      ", "      ")]
    return lines
