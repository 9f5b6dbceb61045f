"""Titles that state what a picture shows, the line that says how to read it, and the stamps of numbers."""

from __future__ import annotations

from explorer.findings import BlockFindings, Counterpart, Findings, Quantity, StudyTheory
from explorer.language import _, plural
from explorer.pictures.words import byte_scale, number_word, ratio, thousands
from explorer.spec import Drawing, Study
from explorer.theory import one_by_one

# --- the graph ------------------------------------------------------------------------------------


def graph_title(study: Study, drawing: Drawing | None = None) -> str:
    """What the chosen drawing shows."""
    block, paper = study.block, (drawing or study.view.drawing) == "paper"
    if paper:
        return _("Every layer feeds every later one") if block.layers > 1 else _("The input feeds the one Bottleneck")
    if block.layers == 1:
        words = plural(
            "The one Bottleneck reads the input and adds {k} channel",
            "The one Bottleneck reads the input and adds {k} channels",
            block.growth_rate,
        )
    else:
        words = plural(
            "Each Bottleneck reads everything before it and adds {k} channel",
            "Each Bottleneck reads everything before it and adds {k} channels",
            block.growth_rate,
        )
    return words.format(k=thousands(block.growth_rate))


# --- channel growth -------------------------------------------------------------------------------


def channels_title(theory: StudyTheory) -> str:
    """``Concatenation writes 1,056 channels to add 192``."""
    return _("Concatenation writes {written} channels to add {added}").format(
        written=thousands(theory.dense.written_channels), added=thousands(_added(theory))
    )


def channels_line(theory: StudyTheory) -> str:
    """How to read the channel chart."""
    each = theory.dense.written_channels / _added(theory)
    return _("Solid: new. Pale: copied again. {each} channels written for each new one.").format(each=f"{each:,.1f}")


def _added(theory: StudyTheory) -> int:
    block = theory.study.block
    return block.layers * block.growth_rate


# --- parameters per layer -------------------------------------------------------------------------


def parameters_title(theory: StudyTheory) -> str:
    """``Here the 1×1 costs 84,480 parameters more than it saves``; without it, what it would do."""
    both = one_by_one(theory.study.block, theory.study.input)
    cost, gap = both.parameters_cost, thousands(abs(both.parameters_cost))
    if cost == 0:
        return _("The block has as many parameters with the 1×1 as without")
    if theory.study.block.bottleneck:
        costs, saves = (
            _("Here the 1×1 costs {gap} parameters more than it saves"),
            _("Here the 1×1 saves {gap} parameters"),
        )
    else:
        costs, saves = _("A 1×1 would cost {gap} parameters more than it saves"), _("A 1×1 would save {gap} parameters")
    return (costs if cost > 0 else saves).format(gap=gap)


def parameters_line(theory: StudyTheory) -> str:
    """Both counts, and the depth from which the 1×1 pays."""
    block = theory.study.block
    both = one_by_one(block, theory.study.input)
    if both.parameters_from is None:
        depth = _("At b = {b} it never pays.").format(b=block.bottleneck_factor)
    else:
        factor = "" if block.bottleneck_factor == 4 else f", b = {block.bottleneck_factor}"
        depth = _("At c₀ = {c0}, k = {k}{factor} it pays from L = {layers}.").format(
            c0=thousands(block.in_channels),
            k=thousands(block.growth_rate),
            factor=factor,
            layers=thousands(both.parameters_from),
        )
    return _("With it {with_it}, without {without}. {depth}").format(
        with_it=thousands(both.parameters_with), without=thousands(both.parameters_without), depth=depth
    )


# --- live bytes -----------------------------------------------------------------------------------


def memory_title(findings: Findings) -> str:
    """``Training this block peaks at 43.8 MiB, 0.75× the residual block’s 58.3``."""
    training = findings.study.run.mode == "training"
    peak, residual = findings.dense.peak_bytes.value, findings.residual.peak_bytes.value
    if peak is None:
        return _("The peak of a training step is tracked while the block runs")  # it has no closed form
    scale = byte_scale([peak, residual or peak], decimals=1)
    words = _("Training this block peaks at {peak}") if training else _("An inference forward peaks at {peak}")
    title = words.format(peak=scale.full(peak))
    if residual is None:
        return title
    return _("{title}, {ratio} the residual block’s {residual}").format(
        title=title, ratio=ratio(peak, residual), residual=scale.text(residual)
    )


def memory_line(findings: Findings) -> str:
    """How to read the timeline, and that it was tracked on fake tensors where it was."""
    training = findings.study.run.mode == "training"
    sentences = [
        _("Live tensor bytes after every op, coloured by the Bottleneck that made them; grey: input and weights."),
        _("Hatched: gradients. Tracked by storage, loss = sum of the output.")
        if training
        else _("Tracked by storage."),
    ]
    if any(b.measurement is not None and b.measurement.fake for b in (findings.dense, findings.residual)):
        sentences.append(_("Tracked on fake tensors, which hold no memory."))
    return " ".join(sentences)


# --- the module table -----------------------------------------------------------------------------


def modules_title(theory: StudyTheory) -> str:
    """``6 Bottlenecks of 4 modules: parameters grow by 4,160 from each to the next``."""
    layers = theory.dense.layers
    parts = len(layers[0].parts)
    if len(layers) == 1:
        return _("One Bottleneck of {parts} modules, {parameters} parameters").format(
            parts=number_word(parts), parameters=thousands(theory.dense.parameters)
        )
    return _("{count} Bottlenecks of {parts} modules: parameters grow by {step} from each to the next").format(
        count=len(layers), parts=number_word(parts), step=thousands(layers[1].parameters - layers[0].parameters)
    )


# --- stamps ---------------------------------------------------------------------------------------


def stamp(findings: Findings, block: BlockFindings, quantity: Quantity) -> str:
    """What stands beside a number: where it comes from, or what is missing."""
    if quantity.value is None:
        return _("measuring…") if block.role in findings.waiting else _not_there(block)
    return _(quantity.stamp)


def time_stamp(findings: Findings, block: BlockFindings) -> str:
    """What stands beside a block's time."""
    if block.forward is not None:
        return _("measured")
    return _("measuring…") if findings.waiting and not findings.problems else _not_there(block)


def _not_there(block: BlockFindings) -> str:
    refused = block.problem is not None and block.problem.kind != "no_device"
    return _("not run") if refused else _("not measured")


def origin_words(block: BlockFindings, quantity: Quantity) -> str:
    """The stamp in full, for a tooltip: what was compared with what, and how it is counted."""
    how = {
        "parameters": _("closed form = counted on the live module"),
        "macs": _("closed form = torch’s operation counter ÷ 2"),
        "saved_bytes": _("closed form = saved tensors, to the byte"),
        "peak_bytes": _("closed form = tracked by storage, to the byte"),
    }
    if quantity.differs:
        words = disagreement(quantity)
    elif quantity.live is None:
        words = _("closed form, not counted") if quantity.value is not None else _("not tracked")
    else:
        words = how[quantity.name] if "closed_form" in quantity.values else _("tracked by storage; no closed form")
    if not quantity.ran:
        words += _("; on fake tensors, not run")
    return f"{words} ({_(quantity.convention)})"


def disagreement(quantity: Quantity) -> str:
    """Both numbers where a count differs from the closed form; empty where it does not."""
    if not quantity.differs or quantity.live is None:
        return ""
    words = _("Counted {live}, {gap} more.") if quantity.differs > 0 else _("Counted {live}, {gap} fewer.")
    return words.format(live=thousands(quantity.live), gap=thousands(abs(quantity.differs)))


def counted_beside(quantity: Quantity) -> str:
    """The same for a narrow row: ``counted 426,240 (+128)``."""
    if not quantity.differs or quantity.live is None:
        return ""
    sign = "+" if quantity.differs > 0 else "−"
    words = _("counted {live} ({gap})")
    return words.format(live=thousands(quantity.live), gap=sign + thousands(abs(quantity.differs)))


# --- what the comparison rests on -----------------------------------------------------------------


def matched_words(counterpart: Counterpart) -> str:
    """What was matched, and what remains unmatched, as sentences."""
    if counterpart.matched == "canonical":
        words = _("The published network’s own stage for the same input and output.")
    elif counterpart.matched == "depth":
        same = counterpart.remainder == 0
        words = _("Matched by output shape and number of 3×3 convolutions.") if same else _("Matched by output shape.")
    else:
        what = {"parameters": _("parameters"), "macs": _("MACs"), "saved_bytes": _("bytes saved for backward")}
        words = _("Matched by {what}.") if counterpart.note else _("Matched by {what}, exactly.")
        words = words.format(what=what[counterpart.matched])
    return f"{words} {counterpart.note}".rstrip()
