"""Whether a block fits in the device's memory, decided before anything is allocated."""

from __future__ import annotations

from explorer.findings import BlockTheory, Device, LayerTheory, Problem
from explorer.measure.fake import fake_counts
from explorer.measure.problems import SMALLER
from explorer.spec import BlockSpec, InputSpec, RunSpec
from explorer.theory import block_theory

#: A bound below this share of what is free needs no closer look.
SURELY_FITS = 8


def refusal(blocks: tuple[BlockSpec, ...], input: InputSpec, run: RunSpec, device: Device) -> Problem | None:
    """Why ``blocks``, all alive at once and run one after another, would not fit; None where they do.

    What is needed is the tensors at their highest, and a convolution's own workspace, which is no
    tensor. The exact peak on fake tensors takes up to seconds, so a coarse bound is tried first.
    """
    theories = [block_theory(spec, input, run) for spec in blocks]
    fixed = sum(theory.parameter_bytes + theory.buffer_bytes for theory in theories)
    if sum(map(upper_bound, theories)) + max(map(workspace, theories)) <= device.free_bytes // SURELY_FITS:
        return None
    needed = 0
    for theory in theories:
        peak = (
            theory.peak_bytes
            if theory.peak_bytes is not None
            else fake_counts(theory.spec, input, run).timeline.peak_bytes
        )
        others = fixed - theory.parameter_bytes - theory.buffer_bytes
        needed = max(needed, peak + others + workspace(theory))
    if needed <= device.free_bytes:
        return None
    return Problem(
        "refused",
        f"Needs {_size(needed)}, {_size(device.free_bytes)} are free.",
        SMALLER,
        needed_bytes=needed,
        available_bytes=device.free_bytes,
    )


def upper_bound(theory: BlockTheory) -> int:
    """Bytes that a step of the block never exceeds: as if nothing it makes were ever freed.

    Forward: every convolution, every BN with its ReLU, every join. Backward: no gradient is larger
    than what it is the gradient of. An inference forward has an exact closed form.
    """
    if theory.peak_bytes is not None:
        return theory.peak_bytes
    made = _channel_bytes(theory) * sum(map(_channels_made, theory.layers))
    return 2 * (theory.parameter_bytes + theory.buffer_bytes + theory.input_bytes + made) + _FEW


_FEW = 64  # the loss, its gradient


def _channels_made(layer: LayerTheory) -> int:
    return layer.out_channels + sum(part.out_channels * (2 if part.kind == "bn" else 1) for part in layer.parts)


def workspace(theory: BlockTheory) -> int:
    """Bytes that the largest convolution may take for itself while it runs.

    Where oneDNN computes (32- and 16-bit types) it copies a convolution's input, output and weight into its own
    order; where torch's own code does (64-bit), it unfolds the input of a 3×3 nine-fold, in backward twice.
    """
    batch, _, height, width = theory.output_shape
    positions = batch * height * width
    element = _channel_bytes(theory) // positions
    largest = 0
    for part in (part for layer in theory.layers for part in layer.parts if part.kind != "bn"):
        if element == 8:
            largest = max(largest, positions * part.in_channels * (18 if part.kind == "conv3x3" else 2))
        else:
            largest = max(largest, 2 * positions * (part.in_channels + part.out_channels) + 2 * part.parameters)
    return largest * element


def _channel_bytes(theory: BlockTheory) -> int:
    """A = N·H·W·e."""
    return theory.input_bytes // theory.spec.in_channels


def _size(nbytes: int) -> str:
    gib = nbytes / 2**30
    return f"{gib:,.1f} GiB" if gib >= 0.95 else f"{nbytes / 2**20:,.0f} MiB"
