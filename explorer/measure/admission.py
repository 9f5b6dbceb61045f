"""Whether a block fits in the device's memory, decided before anything is allocated."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from explorer.findings import BlockTheory, Device, LayerTheory, Problem
from explorer.language import Text, said
from explorer.measure.device import UNKNOWN
from explorer.measure.fake import fake_counts
from explorer.memory import SMALLER
from explorer.spec import BlockSpec, InputSpec, RunSpec
from explorer.theory import block_theory

#: A bound below this share of what is free needs no closer look.
SURELY_FITS = 8


def refusal(blocks: tuple[BlockSpec, ...], input: InputSpec, run: RunSpec, device: Device) -> Problem | None:
    """Why ``blocks``, all alive at once and run one after another, would not fit; None where they do.

    What is needed is the tensors at their highest, and a convolution's own workspace, which is no
    tensor. The exact peak on fake tensors takes up to seconds, so a coarse bound is tried first.
    Where the system does not tell its memory, everything is tried.
    """
    if device.total_bytes == UNKNOWN:
        return None
    theories = [block_theory(spec, input, run) for spec in blocks]
    library = max(workspace(theory, run, device) for theory in theories)
    if sum(map(upper_bound, theories)) + library <= device.free_bytes // SURELY_FITS:
        return None
    needed = _needed(theories, input, run, device)
    if needed <= device.free_bytes:
        return None
    return _refused(needed, device, _advice(theories, input, run, device, needed))


@dataclass(frozen=True)
class Need:
    """Bytes of one of several blocks: its ``own`` as long as it lives, and what it takes beyond that while it runs."""

    own: int
    running: int


def refusals(needs: Sequence[Need], device: Device) -> list[Problem | None]:
    """Which of several blocks, all alive at once and run one after another, do not fit; None of those that do.

    The greediest is left out first, until the others fit.
    """
    found: list[Problem | None] = [None] * len(needs)
    left = set(range(len(needs))) if device.total_bytes != UNKNOWN else set()
    while left:
        worst = max(left, key=lambda place: needs[place].running)
        needed = sum(needs[place].own for place in left) + needs[worst].running
        if needed <= device.free_bytes:
            break
        found[worst] = _refused(needed, device)
        left.remove(worst)
    return found


def _refused(needed: int, device: Device, advice: Text = SMALLER) -> Problem:
    return Problem(
        "refused",
        said("Needs {needed}, {free} may be used here.", needed=size(needed), free=size(device.free_bytes)),
        advice,
        needed_bytes=needed,
        available_bytes=device.free_bytes,
    )


def _needed(theories: list[BlockTheory], input: InputSpec, run: RunSpec, device: Device) -> int:
    """Bytes with all blocks alive while the most demanding one is built or runs."""
    fixed = sum(map(_own_bytes, theories))
    return max(
        fixed - _own_bytes(theory) + max(_peak(theory, input, run), _built(theory)) + workspace(theory, run, device)
        for theory in theories
    )


def _advice(theories: list[BlockTheory], input: InputSpec, run: RunSpec, device: Device, needed: int) -> Text:
    """What to do; names a narrower type where the run would need less in it, which on some processors it does not."""
    if run.bytes_per_element <= 2:
        return SMALLER
    narrow = dataclasses.replace(run, dtype="bfloat16")
    other = [block_theory(theory.spec, input, narrow) for theory in theories]
    less = _needed(other, input, narrow, device)
    if size(less) == size(needed) or less > needed:
        return SMALLER
    return said("{advice} In bfloat16 it needs {bytes}.", advice=SMALLER, bytes=size(less))


def _peak(theory: BlockTheory, input: InputSpec, run: RunSpec) -> int:
    """The exact peak: the closed form of an inference forward, else tracked on fake tensors."""
    if theory.peak_bytes is not None:
        return theory.peak_bytes
    return fake_counts(theory.spec, input, run).timeline.peak_bytes


def _built(theory: BlockTheory) -> int:
    """Bytes while the block is built: in float32, before it is cast."""
    return max(4 * theory.parameters, theory.parameter_bytes)


def _own_bytes(theory: BlockTheory) -> int:
    return theory.parameter_bytes + theory.buffer_bytes


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


def workspace(theory: BlockTheory, run: RunSpec, device: Device) -> int:
    """Bytes that the largest convolution may take for itself while it runs.

    A library copies a convolution's input, output and weight into its own order (oneDNN, cuDNN). Where
    oneDNN does not compute in the type, torch's own code on the CPU unfolds the input of a 3×3 nine-fold,
    and 16-bit types once more in float32. Checked against the process's memory on one machine.
    """
    columns = _columns(run.dtype) if device.device == "cpu" else 0
    channel = _channel_bytes(theory)
    largest = 0
    for part in (part for layer in theory.layers for part in layer.parts if part.kind != "bn"):
        copies = 2 * channel * (part.in_channels + part.out_channels) + 2 * part.parameters * run.bytes_per_element
        unfolded = channel * part.in_channels * columns if part.kind == "conv3x3" else 0
        largest = max(largest, copies, unfolded)
    return largest


def _columns(dtype: str) -> int:
    """How many times its input a 3×3 convolution unfolded on the CPU takes; 0 where oneDNN computes it."""
    if dtype == "float64":
        return 9
    if dtype == "float32":
        return 0 if torch.backends.mkldnn.is_available() else 9  # type: ignore[no-untyped-call]  # torch: untyped
    return 0 if _one_dnn_computes(dtype) else 9 + 18


def _one_dnn_computes(dtype: str) -> bool:
    """Whether oneDNN convolves in this 16-bit type on the processor at hand; a torch built without it does not."""
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]  # torch: untyped
        return False
    # The questions are torch's own; an operator that a build lacks is an AttributeError.
    name = "_is_mkldnn_fp16_supported" if dtype == "float16" else "_is_mkldnn_bf16_supported"
    asked = getattr(torch.ops.mkldnn, name, None)
    return asked is not None and bool(asked())


def _channel_bytes(theory: BlockTheory) -> int:
    """A = N·H·W·e."""
    return theory.input_bytes // theory.spec.in_channels


def size(nbytes: int) -> str:
    """``nbytes`` in MiB, GiB or TiB."""
    if nbytes >= 1024 * 2**30:
        return f"{nbytes / 2**40:,.1f} TiB"
    gib = nbytes / 2**30
    return f"{gib:,.1f} GiB" if gib >= 0.95 else f"{nbytes / 2**20:,.0f} MiB"
