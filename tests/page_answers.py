"""What a page is answered in the place of a worker: the closed forms, as long, as wide and as many as a worker's.

Where ``study_fakes`` keeps an answer as small as a test of words can do with, a page is given all that it lays out:
every module, every concatenation, a step with as many operations, times that grow with the block, and a refusal of
what would not fit. To the byte only what has a closed form is right; the course of a count's step is made up. The
steps of the Memory page are followed for real, on fake tensors, which takes a second where a block is deep.
"""

from __future__ import annotations

import dataclasses
import math
import threading
from functools import lru_cache
from typing import Any

from lesson_fakes import as_counted
from study_fakes import CPU, answer, counted

from explorer.findings import (
    GRADIENTS,
    INPUT,
    OWN,
    BlockMeasurement,
    BlockTheory,
    Join,
    LayerTheory,
    ModuleRow,
    Part,
    Problem,
    ReadWeights,
    Timeline,
    TimeMeasurement,
    Timing,
    to_builtins,
)
from explorer.spec import CountJob, InputSpec, Job, RunSpec, StepJob, TimeJob, WeightsJob
from explorer.theory import block_theory

_MACS_PER_MS = 2e7  # of a small machine
_KINDS = {"bn": "BatchNorm2d", "conv1x1": "Conv2d", "conv3x3": "Conv2d"}


@lru_cache(maxsize=256)
def answer_for_page(job: Job) -> Any:
    """What a worker would send for any job, as builtins."""
    if isinstance(job, CountJob) and not as_counted(job):
        return to_builtins(_counted(job))
    if isinstance(job, TimeJob):
        return to_builtins(_timed(job))
    if isinstance(job, WeightsJob):
        return to_builtins(_weights(job))
    if isinstance(job, StepJob):
        return _stepped(job)
    return answer(job)


_one_at_a_time = threading.Lock()  # what follows a step is there for one at a time in a process


def _stepped(job: StepJob) -> Any:
    from explorer.measure.lives import step_track  # loads torch: only where such a step is asked for

    with _one_at_a_time:
        return to_builtins(step_track(job))


def _counted(job: CountJob) -> BlockMeasurement:
    theory = block_theory(job.block, job.input, job.run)
    step = timeline(theory, job.run)
    measured: dict[str, Any] = {
        "rows": tuple(_rows(theory, job.input, job.run)),
        "joins": tuple(
            Join(layer.index, "cat", (layer.in_channels, layer.new_channels), layer.out_channels)
            for layer in theory.layers
            if layer.written_channels
        ),
        "timeline": step,
        "peak_bytes": step.peak_bytes,
        "structure": _structure(theory),
    }
    if step.peak_bytes > CPU.free_bytes:
        needed, free = (f"{nbytes / 2**30:,.1f} GiB" for nbytes in (step.peak_bytes, CPU.free_bytes))
        advice = f"Choose a smaller batch, a smaller input, fewer layers. In bfloat16 it needs {needed}."
        refusal = Problem("refused", f"Needs {needed}, {free} may be used here.", advice, step.peak_bytes)
        measured |= {"fake": True, "refusal": refusal, "output_sum": None}
    return counted(job, **measured)


def timeline(theory: BlockTheory, run: RunSpec) -> Timeline:
    """A step of one operation per module, made up of what is saved and, in backward, of the gradients of parameters.

    An inference forward holds one layer at a time; at most it holds what the closed form says.
    """
    modules = [(layer, part) for layer in theory.layers for part in layer.parts]
    names = ["native_batch_norm" if part.kind == "bn" else "convolution" for _, part in modules]
    own = theory.parameter_bytes + theory.buffer_bytes
    changes = [(0, OWN, own), (0, INPUT, theory.input_bytes)]
    if run.mode == "training":
        end = 2 * len(modules) + 2  # the loss, a sum, is between forward and backward
        for step, (layer, part) in enumerate(modules, 1):
            share = layer.saved_bytes // len(layer.parts)
            changes += [(step, layer.index, share), (end - step, layer.index, -share)]
            changes.append((end - step, GRADIENTS, part.parameters * run.bytes_per_element))
        names += ["sum", *(f"{name}_backward" for name in reversed(names))]
        of = [layer.index for layer, _ in modules]
        line = Timeline(tuple(names), (*of, 0, *reversed(of)), tuple(changes), len(modules) + 2, 0, 0)
    else:
        spare, widest = (theory.peak_bytes or 0) - own - theory.input_bytes, theory.layers[-1].out_channels
        for step, (layer, _) in enumerate(modules, 1):
            held = spare * layer.out_channels // widest
            changes += [(step, layer.index, held), (step + 1, layer.index, -held)]
        of, kept = [layer.index for layer, _ in modules], changes[:-1]  # the output stays
        line = Timeline(tuple(names), tuple(of), tuple(kept), len(modules) + 1, 0, 0)
    totals = line.totals()
    return dataclasses.replace(line, peak_bytes=max(totals), peak_step=totals.index(max(totals)))


def _rows(theory: BlockTheory, size: InputSpec, run: RunSpec) -> list[ModuleRow]:
    place = (size.height, size.width)

    def row(name: str, kind: str, depth: int, of: LayerTheory | Part, layer: int) -> ModuleRow:
        before, after = (size.batch, of.in_channels, *place), (size.batch, of.out_channels, *place)
        nbytes = of.out_channels * size.positions * run.bytes_per_element
        return ModuleRow(name, kind, depth, layer, before, after, of.parameters, of.macs, nbytes)

    return [
        one
        for layer in theory.layers
        for one in (
            row(f"denseblock.{layer.index - 1}", "Bottleneck", 2, layer, layer.index),
            *(row(part.name, _KINDS[part.kind], 3, part, layer.index) for part in layer.parts),
        )
    ]


def _structure(theory: BlockTheory) -> str:
    """As torch prints a module."""
    lines = ["Denseblock(", "  (denseblock): Sequential("]
    for layer in theory.layers:
        lines.append(f"    ({layer.index - 1}): Bottleneck(")
        for part in layer.parts:
            rest = ", eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True"
            if part.kind != "bn":
                rest = f", {part.out_channels}, kernel_size=(1, 1), stride=(1, 1), bias=False"
            lines.append(f"      ({part.name}): {_KINDS[part.kind]}({part.in_channels}{rest})")
        lines.append("    )")
    return "\n".join([*lines, "  )", ")"])


def _timed(job: TimeJob) -> TimeMeasurement:
    theories = [block_theory(block, job.input, job.run) for block in job.blocks]
    forward = tuple(_timing(0.05 + theory.macs / _MACS_PER_MS) for theory in theories)
    step = tuple(_timing(3.1 * one.median) for one in forward) if job.run.mode == "training" else ()
    return TimeMeasurement(CPU, forward, step)


def _timing(median: float) -> Timing:
    return Timing(median, 0.98 * median, 1.03 * median, 30, 3)


def _weights(job: WeightsJob) -> ReadWeights:
    """About what a convolution begins with, 0.5 / √(its inputs), each source's a little different."""
    rows = []
    for layer in block_theory(job.block, InputSpec(), RunSpec()).layers:
        mean = 0.5 / layer.in_channels**0.5
        rows.append(tuple(mean * (1 + 0.01 * math.sin(7 * source)) for source in range(layer.index)))
    return ReadWeights(tuple(rows))
