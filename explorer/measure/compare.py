"""One block in several implementations, side by side: what each keeps, its peak, and its time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode

from explorer.findings import Comparison, Device, ImplementationStep, Problem
from explorer.measure.admission import Need, refusals, workspace
from explorer.measure.allocator import is_watched, watch_step
from explorer.measure.device import describe
from explorer.measure.kept import step_bytes
from explorer.measure.live import live_input, named_block, planned_input, ready
from explorer.measure.rounds import rounds, spared
from explorer.measure.step import count_step
from explorer.spec import BlockSpec, CompareJob, InputSpec, RunSpec
from explorer.theory import block_theory

#: What all rounds take where nobody says how many.
SECONDS = 20.0


@dataclass(frozen=True)
class Written:
    """A block as one implementation writes it; residual units are written one way only."""

    name: str
    spec: BlockSpec

    def block(self, run: RunSpec) -> nn.Module:
        """In the type and mode of ``run``, on the CPU."""
        name = self.name if self.spec.kind == "dense" else "concat"
        return named_block(self.spec, run, name).train(run.mode == "training")


def compare(job: CompareJob) -> Comparison:
    """Counts on fake tensors, which hold no memory and are equal to the byte, and times on the device.

    What would not fit, and what runs out of memory, has a ``problem`` and no times; the others are timed.

    Raises:
        StoppedError: no such device, or a type it cannot compute in.
    """
    run = replace(job.run, mode="inference" if "fused" in job.implementations else "training")
    device = ready(run)
    place = describe(device)
    written = [Written(name, job.block) for name in job.implementations]
    written += [Written("residual", spec) for spec in job.residuals]
    steps = [counted(one, job.input, run) for one in written]
    if job.rounds != 0:
        steps = _timed(job, run, device, written, steps, place)
    dense = len(job.implementations)
    return Comparison(place, tuple(steps[:dense]), tuple(steps[dense:]))


def counted(one: Written, input: InputSpec, run: RunSpec) -> ImplementationStep:
    """Kept and peak of a step, or of a forward in inference, which keeps nothing."""
    with FakeTensorMode():
        block = one.block(run)
        if not block.training:
            found = count_step(block, planned_input(one.spec, input, run), with_sum=False)
            return ImplementationStep(one.name, 0, found.timeline.peak_bytes, ())
        kept, peak = step_bytes(block, lambda: planned_input(one.spec, input, run))
    return ImplementationStep(one.name, kept, peak, ())


def need(one: Written, peak_bytes: int, input: InputSpec, run: RunSpec, place: Device) -> Need:
    """What ``one`` takes on the device; the input, which all of them share, is alive throughout."""
    theory = block_theory(one.spec, input, run)
    own = theory.parameter_bytes + theory.buffer_bytes
    return Need(own, peak_bytes - own + theory.input_bytes + workspace(theory, run, place))


def _timed(
    job: CompareJob,
    run: RunSpec,
    device: torch.device,
    written: Sequence[Written],
    steps: list[ImplementationStep],
    place: Device,
) -> list[ImplementationStep]:
    needs = [need(one, step.peak_bytes, job.input, run, place) for one, step in zip(written, steps, strict=True)]
    made = [
        spared(lambda one: one.block(run).to(device), one) if refused is None else refused
        for one, refused in zip(written, refusals(needs, place), strict=True)
    ]
    blocks = {at: block for at, block in enumerate(made) if not isinstance(block, Problem)}
    found: dict[int, tuple[float, ...] | Problem] = {at: p for at, p in enumerate(made) if isinstance(p, Problem)}
    if blocks:
        x = live_input(job.block, job.input, run, device)
        found |= zip(blocks, rounds(list(blocks.values()), x, job.rounds, SECONDS), strict=True)
        steps = [
            _allocated(step, blocks[at], x) if not isinstance(found[at], Problem) else step
            for at, step in enumerate(steps)
        ]
    return [_with(step, found[at]) for at, step in enumerate(steps)]


def _with(step: ImplementationStep, found: tuple[float, ...] | Problem) -> ImplementationStep:
    if isinstance(found, Problem):
        return replace(step, problem=found)
    return replace(step, milliseconds=found)


def _allocated(step: ImplementationStep, block: nn.Module, x: Tensor) -> ImplementationStep:
    """With what the device's allocator says of one more step, when everything is warm; its own input included."""
    if not is_watched(x.device) or not block.training:
        return step
    seen = watch_step(x.device)
    if isinstance(spared(lambda block: block(x.clone()).sum().backward(), block), Problem):
        return step
    peak, reserved = seen()
    block.zero_grad(set_to_none=True)
    return replace(step, device_peak_bytes=peak, device_reserved_bytes=reserved)
