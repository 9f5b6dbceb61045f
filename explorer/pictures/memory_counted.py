"""What the figures of the Memory page count, what they do not, and what the device itself says."""

from __future__ import annotations

from html import escape

from explorer.findings import ImplementationStep, MemoryFindings
from explorer.language import _
from explorer.pictures.words import byte_scale, device_name, device_words
from explorer.theory import optimiser_bytes


def counted(found: MemoryFindings) -> str:
    """The list, counted things on the left and what comes on top of them on the right."""
    pairs = [
        (
            _("Counted: held for backward"),
            _(
                "Every storage alive between forward and backward, once, the block’s input included where it is kept; "
                "weights and buffers left out. The same to the byte on any device."
            ),
        ),
        (
            _("Not counted: library workspaces"),
            _(
                "cuBLAS and cuDNN or oneDNN take room of their own inside a convolution and give it back before it "
                "returns."
            ),
        ),
        (
            _("Counted: peak of a step"),
            _(
                "All live tensor bytes after each operator: input, weights, statistics, maps, gradients. The loss is "
                "the sum of the output. As in a network, the caller gives up input and output: each counts only while "
                "something keeps it."
            ),
        ),
        (
            _("Not counted: rounding and fragmentation"),
            _("A GPU’s allocator rounds each tensor up to 512 bytes and may keep free gaps; both come on top."),
        ),
        (
            _("Counted: recomputation"),
            _("What a checkpoint makes again in backward is alive there again, and drawn as what it is."),
        ),
        (_("Not counted in the curves: optimiser state"), _optimisers(found)),
        (
            _("Checked: one function"),
            _(
                "Outputs, all gradients and running statistics of every implementation are equal in float64, two steps "
                "in a row. Plain checkpointing would update BatchNorm’s statistics twice a step; these do not."
            ),
        ),
        (_("The device’s own figures"), device_figures(found)),
    ]
    written = "".join(f"<div><b>{escape(name)}</b><span>{escape(words)}</span></div>" for name, words in pairs)
    head = escape(_("What these figures count, and what they do not"))
    line = escape(_("The same rule for every implementation and for the residual blocks."))
    return f'<h2>{head}</h2><p class="sub">{line}</p><div class="counted">{written}</div>'


def _optimisers(found: MemoryFindings) -> str:
    study = found.study
    sizes = [optimiser_bytes(study.block, study.run.dtype, name) for name in ("momentum", "adam")]
    momentum, adam = (byte_scale([size]).full(size) for size in sizes)
    return _(
        "SGD has none, with momentum it has {momentum}, Adam {adam}. "
        "What fits takes it into account, if you choose one."
    ).format(momentum=momentum, adam=adam)


def device_figures(found: MemoryFindings) -> str:
    """The allocator's peak beside the tracked one, or why there is none."""
    comparison = found.comparison
    if comparison is None:
        return _("Not measured yet.")
    # The allocator is watched when weights and buffers are there already.
    own = found.theory.dense.parameter_bytes + found.theory.dense.buffer_bytes
    told = [_device_figure(step, own) for step in comparison.steps if step.device_peak_bytes is not None]
    if told:
        return _("{device}: {figures}. The rest is rounding, workspaces and gaps.").format(
            device=device_words(comparison.device), figures="; ".join(told)
        )
    return _("Not measured: {device} has no allocator that tells its peak. On a GPU it stands here.").format(
        device=device_name(comparison.device.name)
    )


def _device_figure(step: ImplementationStep, own: int) -> str:
    assert step.device_peak_bytes is not None
    scale = byte_scale([step.peak_bytes])
    words = _("{name} {device} above its weights at the peak, {tracked} of it tensors")
    figure = words.format(
        name=step.name, device=scale.full(step.device_peak_bytes), tracked=scale.text(step.peak_bytes - own)
    )
    if step.device_reserved_bytes is None:
        return figure
    return figure + _(", {reserved} reserved").format(reserved=scale.text(step.device_reserved_bytes))
