"""Words, rows and colours of the course of a training step; see :mod:`explorer.web.components.timeline`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from explorer.findings import MemoryFindings, StepTrack
from explorer.language import _, listed
from explorer.pictures.words import Scale, byte_scale, why
from explorer.spec import DenseBlockSpec, Study

#: Words on these fills: the darker ones need the light ink in the light theme, and the other way round.
_DARK_ON_LIGHT, _LIGHT_ON_DARK = "light-dark(#17202B,#FFFFFF)", "light-dark(#FFFFFF,#0F1318)"
_INK = "light-dark(#17202B,#0F1318)"


@dataclass(frozen=True)
class Flat:
    """Of code that runs out of the tracker's sight: what it keeps, if known, and why there is no course."""

    kept_bytes: int | None
    words: str
    why: tuple[str, ...]


def compiled_flat(found: MemoryFindings) -> Flat:
    """What stands in the place of a course for ``compiled``: a heading, and why."""
    budget = found.study.memory.budget
    step, problem = found.compiled.get(budget), found.problems.get(f"compiled {budget}")
    why_not = (
        _(
            "Its kernels allocate inside one compiled call, out of the tracker’s sight. "
            "What it hands to autograd is counted to the byte, and its time is measured."
        ),
        _("On a GPU the allocator’s own peak would stand here."),
    )
    heading = _("No curve for compiled code")
    if step is not None:
        kept = drawn_unit(found).full(step.kept_bytes)
        words = _("compiled, budget {budget}: {kept} held for backward, counted").format(budget=budget, kept=kept)
        return Flat(step.kept_bytes, words, (heading, *why_not))
    if problem is not None:
        return Flat(None, "", (heading, why(problem), *why_not))
    if f"compiled {budget}" in found.waiting:
        return Flat(None, "", (heading, _("Compiling at budget {budget}…").format(budget=budget), *why_not))
    return Flat(None, "", (heading, _("Not compiled yet: the button by the frontier, below, does it."), *why_not))


def drawn_unit(found: MemoryFindings) -> Scale:
    """The unit of the drawing of the Study's implementation: see :func:`unit`."""
    name = found.study.memory.implementation
    step = found.compiled.get(found.study.memory.budget) if name == "compiled" else None
    peaks = [found.steps[one].peak_bytes for one in (name, "list", "residual") if one in found.steps]
    return unit([*peaks, *([step.kept_bytes] if step else [])])


def unit(values: Iterable[int]) -> Scale:
    """The unit of the drawing, of which ``values`` are the highest points."""
    return byte_scale([max(values, default=0)], whole=True)


def rows(block: DenseBlockSpec) -> list[dict[str, Any]]:
    """What is told of an instant, one row a purpose, in the order in which a layer makes it from the end back."""
    return [{"name": name, "purposes": purposes, "fill": fill} for name, _short, purposes, fill, _on in _rows(block)]


def kinds(block: DenseBlockSpec) -> list[dict[str, Any]]:
    """The bands of the drawing by kind, from below."""
    return [
        {"name": short, "purposes": purposes, "fill": fill, "on": on}
        for _name, short, purposes, fill, on in sorted(_rows(block), key=lambda row: _FROM_BELOW.index(row[2][0]))
    ]


_FROM_BELOW = ("input", "new", "copy", "normalised", "middle", "gradient")


def _rows(block: DenseBlockSpec) -> list[tuple[str, str, list[str], str, str]]:
    """(name, name in a band, purposes, fill, ink on it); a block without the 1×1 has nothing in its middle."""
    post = block.order == "post"
    middle = (_("1×1 maps, BN, ReLU"), _("1×1 maps"), ["middle"], "var(--kind-middle)", _DARK_ON_LIGHT)
    normalised = _("Normalised copies (BN, ReLU)"), _("normalised"), ["normalised"], "var(--kind-normalised)", _INK
    made = _("New slices, BN, ReLU") if post else _("New slices")
    return [
        *([middle] if block.bottleneck else []),
        *([] if post else [normalised]),
        (_("Copies by concatenation"), _("copies"), ["copy"], "var(--kind-copy)", _LIGHT_ON_DARK),
        (made, _("new"), ["new"], "var(--kind-new)", _LIGHT_ON_DARK),
        (_("Gradients"), _("gradients"), ["gradient"], "", ""),
        (
            _("Input, weights, statistics"),
            _("input, weights"),
            ["input", "own", "other"],
            "var(--weights)",
            "var(--ink)",
        ),
    ]


def order(block: DenseBlockSpec) -> list[str]:
    """What stands in each Bottleneck of the small graph, from the left."""
    middle = ["middle", "after"] if block.bottleneck else []
    return ["copy", *([] if block.order == "post" else ["normalised"]), *middle, "made"]


def course_words(study: Study, scale: Scale, flat: Flat | None) -> dict[str, str]:
    """Every word of the drawing and of an instant; ``{…}`` is filled in by the browser."""
    block = study.block
    parts = [_("copy")]
    if block.order == "pre":
        parts.append(_("normalised"))
    if block.bottleneck:
        parts += [_("1×1"), _("its ReLU")]
    parts.append(_("new slice"))
    columns = listed(parts)
    return {
        "alive": _("{unit} alive").format(unit=scale.unit),
        "forward": _("forward, {n} operators"),
        "backward": _("backward, {n} operators"),
        "forwardShort": _("forward"),
        "backwardShort": _("backward"),
        "peak": _("peak {peak}"),
        "peaks": _("{label}, peak {peak}"),
        "outside": _("{label} peaks at {peak}, outside this scale"),
        "list": _("list, peak {peak}"),
        "flat": flat.words if flat else "",
        "gradients": _("gradients"),
        "weights": _("weights"),
        "atPeak": _("At the peak: {bytes} alive"),
        "after": _("After op {n} of {of}: {bytes} alive"),
        "before": _("before the step"),
        "inForward": _("forward"),
        "inBackward": _("backward"),
        "bottleneck": _("Bottleneck {n}"),
        "block": _("the block itself"),
        "none": _("none"),
        "out": _("out"),
        "stays": _("{bytes} of it stay for backward."),
        "still": _("{bytes} of it were kept for backward."),
        "hint": _(
            "Each Bottleneck, left to right: {columns}. Filled: alive now, its area is bytes. Gradients hang below."
        ).format(columns=columns),
    }


def op_words(op: str) -> str:
    """torch's name of an operator as a person says it."""
    known = {
        "native_batch_norm": _("BatchNorm"),
        "cudnn_batch_norm": _("BatchNorm"),
        "_native_batch_norm_legit": _("BatchNorm"),
        "_batch_norm_with_update": _("BatchNorm"),
        "batch_norm_update_stats": _("mean and variance"),
        "relu": _("ReLU"),
        "relu_": _("ReLU in place"),
        "convolution": _("convolution"),
        "cat": _("concatenation"),
        "sum": _("sum, the loss"),
        "convolution_backward": _("convolution’s gradient"),
        "threshold_backward": _("ReLU’s gradient"),
        "native_batch_norm_backward": _("BatchNorm’s gradient"),
        "batch_norm_backward": _("BatchNorm’s gradient"),
        "cudnn_batch_norm_backward": _("BatchNorm’s gradient"),
        "add": _("addition"),
        "add_": _("addition in place"),
        "addcmul_": _("addition in place"),
        "copy_": _("copy into place"),
        "_to_copy": _("copy in another type"),
        "clone": _("copy"),
        "new_empty": _("room for the buffer"),
        "empty": _("room"),
        "empty_like": _("room"),
        "new_zeros": _("zeros to gather in"),
        "ones_like": _("the first gradient"),
        "end": _("all is given up, gradients too"),
    }
    if op in ("sub", "pow", "mul", "rsqrt", "reciprocal", "lerp_", "div", "stack", "neg"):
        return _("numbers of each channel")
    return known.get(op, op.strip("_").replace("_", " "))


def label(study: Study, track: StepTrack | None, scale: Scale) -> str:
    """The drawing in one sentence, for who does not see it."""
    if track is None:
        return _("Live bytes of a training step: not known yet.")
    return _(
        "Live bytes over a training step of {name}: {forward} operators forward, {backward} backward; "
        "it peaks at {peak} after operator {step}. Left and right arrow keys move the instant."
    ).format(
        name=study.memory.implementation,
        forward=track.backward_from - 1,
        backward=len(track.ops) + 1 - track.backward_from,
        peak=scale.full(track.peak_bytes),
        step=track.peak_step,
    )
