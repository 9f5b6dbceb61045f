"""The residual blocks to compare a Dense Block with, and what each comparison leaves unequal.

A verdict depends on the counterpart, so it is always named and a second one stands beside it.
Every counterpart takes the same input to the same output shape; no claim about accuracy follows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from explorer.findings import Counterpart, StudyTheory
from explorer.language import _, in_words_of, kept, number_word, plural, stopped
from explorer.spec import (
    CounterpartSpec,
    DenseBlockSpec,
    DType,
    InputSpec,
    Match,
    Mode,
    ResidualSpec,
    RunSpec,
    Study,
    Unit,
)
from explorer.theory.closed_forms import block_theory, convolutions_3x3, layer_theory

WIDEST = 147_456  # the largest inner width that a ResidualSpec allows


def counterpart(study: Study) -> Counterpart:
    """The residual block that ``study.counterpart`` asks for.

    ``depth`` gives as many 3×3 convolutions, L units of inner width C // 4 (at least 1), or ⌈L/2⌉
    basic units of width C, which hold two each. The other matches keep that count and solve the
    inner width that comes nearest in the whole block; of two equally near the smaller.
    """
    with in_words_of(study.view.lang):
        return _counterpart(study.block, study.input, study.counterpart, study.run.dtype, study.run.mode)


def second_counterpart(study: Study) -> Counterpart:
    """The other block to compare with.

    ResNet-50's own stage 1 (He et al. 2015, table 1), three post-activation units of width 64, where
    it takes the same input to the same output: 64 → 256 channels on 56×56. Otherwise pre-activation
    units whose width comes nearest in parameters, or matched by depth if that was the first choice.
    """
    block, input = study.block, study.input
    if (block.in_channels, block.out_channels, input.height, input.width) == (64, 256, 56, 56):
        with in_words_of(study.view.lang):
            return _resnet50_stage1(study)
    match: Match = "depth" if study.counterpart.match == "parameters" else "parameters"
    choice = CounterpartSpec(match=match, unit="preactivation")
    with in_words_of(study.view.lang):
        return _counterpart(block, input, choice, study.run.dtype, study.run.mode)


def study_theory(study: Study) -> StudyTheory:
    """All closed forms of ``study``: the Dense Block and both residual blocks."""
    return StudyTheory(
        study=study,
        dense=block_theory(study.block, study.input, study.run),
        residual=counterpart(study),
        second=second_counterpart(study),
    )


def _resnet50_stage1(study: Study) -> Counterpart:
    spec = ResidualSpec(64, 256, 64, 3, "postactivation")
    note = ""
    if study.block.layers != spec.units:
        note = _("ResNet-50’s stage has 3 convolutions of 3×3, the Dense Block {layers}.").format(
            layers=study.block.layers
        )
    theory = block_theory(spec, study.input, study.run)
    return Counterpart(theory, _("ResNet-50 × 3"), _("ResNet-50’s own three"), "canonical", 0, note)


@kept(maxsize=512)
def _counterpart(
    block: DenseBlockSpec, input: InputSpec, choice: CounterpartSpec, dtype: DType, mode: Mode
) -> Counterpart:
    run = RunSpec(dtype=dtype, mode=mode)
    spec = _same_depth(block, choice.unit)
    extra = convolutions_3x3(spec) - block.layers
    if choice.match == "depth":
        return Counterpart(
            block_theory(spec, input, run), _label(spec), _shape_words(spec), "depth", extra, _depth_note(spec, block)
        )
    target = _total(choice.match, block, input, dtype)

    def value(width: int) -> int:
        return _total(choice.match, replace(spec, inner_width=width), input, dtype)

    spec = replace(spec, inner_width=nearest_width(value, target))
    remainder = value(spec.inner_width) - target
    return Counterpart(
        theory=block_theory(spec, input, run),
        label=_("{label}, width {width}").format(label=_label(spec), width=f"{spec.inner_width:,}"),
        words=_("{units} of width {width}").format(units=_units(spec), width=f"{spec.inner_width:,}"),
        matched=choice.match,
        remainder=remainder,
        note=_width_note(choice.match, mode, spec, remainder, block),
    )


def _same_depth(block: DenseBlockSpec, unit: Unit) -> ResidualSpec:
    """Units with as many 3×3 convolutions as ``block``, one more where basic units cannot have as many."""
    out = block.out_channels
    if unit == "basic":
        return ResidualSpec(block.in_channels, out, out, (block.layers + 1) // 2, unit)
    return ResidualSpec(block.in_channels, out, max(1, out // 4), block.layers, unit)


def _total(match: Match, spec: DenseBlockSpec | ResidualSpec, input: InputSpec, dtype: DType) -> int:
    """The whole block's value in what is matched; bytes as training saves them, whatever the mode.

    Units after the first are alike but for the last ReLU, so three of them stand for any number.
    """
    count = spec.layers if isinstance(spec, DenseBlockSpec) else spec.units
    indices = range(1, count + 1) if isinstance(spec, DenseBlockSpec) else sorted({1, min(2, count), count})
    values = {i: int(getattr(layer_theory(spec, i, input, dtype, "training"), match)) for i in indices}
    if isinstance(spec, DenseBlockSpec) or count <= 3:
        return sum(values.values())
    return values[1] + (count - 2) * values[2] + values[count]


def nearest_width(value: Callable[[int], int], target: int, high: int = WIDEST) -> int:
    """The width from 1 to ``high`` whose ``value``, which grows with it, is nearest; the smaller of two."""
    low = 1
    while low < high:  # finds the smallest width that reaches the target
        middle = (low + high) // 2
        if value(middle) < target:
            low = middle + 1
        else:
            high = middle
    return low if low == 1 or value(low) - target < target - value(low - 1) else low - 1


# --- words ------------------------------------------------------------------------------------------


def _label(spec: ResidualSpec) -> str:
    names = {"preactivation": _("residual"), "postactivation": _("post-activation"), "basic": _("basic")}
    return f"{names[spec.unit]} × {spec.units}"


def _units(spec: ResidualSpec) -> str:
    words = {
        "preactivation": plural("{n} residual unit", "{n} residual units", spec.units),
        "postactivation": plural("{n} post-activation residual unit", "{n} post-activation residual units", spec.units),
        "basic": plural("{n} basic residual unit", "{n} basic residual units", spec.units),
    }
    return words[spec.unit].format(n=number_word(spec.units))


def _shape_words(spec: ResidualSpec) -> str:
    return _("{units} of the same shape").format(units=_units(spec))


def _depth_note(spec: ResidualSpec, block: DenseBlockSpec) -> str:
    if convolutions_3x3(spec) == block.layers:
        return ""
    return _("Basic units hold two convolutions of 3×3 each: these have {theirs}, the Dense Block {ours}.").format(
        theirs=convolutions_3x3(spec), ours=block.layers
    )


def _width_note(match: Match, mode: Mode, spec: ResidualSpec, remainder: int, block: DenseBlockSpec) -> str:
    """What stays unmatched at the solved width, in one sentence; empty where nothing does."""
    what = {"parameters": _("parameters"), "macs": _("MACs"), "saved_bytes": _("bytes saved for backward")}[match]
    more = _("more") if remainder > 0 else _("fewer")
    clauses: list[str] = []
    if match == "saved_bytes" and mode == "inference":
        clauses.append(_("inference saves nothing for backward, so the width matches what training would save"))
    if remainder > 0 and spec.inner_width == 1:
        clauses.append(_("even width 1 leaves {n} {more} {what} than the Dense Block"))
    elif remainder:
        clauses.append(_("width {width} comes nearest, with {n} {more} {what} than the Dense Block"))
    if convolutions_3x3(spec) != block.layers:
        clauses.append(_("the basic units hold {theirs} convolutions of 3×3, the Dense Block {ours}"))
    text = "; ".join(clauses).format(
        n=f"{abs(remainder):,}",
        what=what,
        more=more,
        width=f"{spec.inner_width:,}",
        theirs=convolutions_3x3(spec),
        ours=block.layers,
    )
    return stopped(text[:1].upper() + text[1:])
