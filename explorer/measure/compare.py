"""One block in several implementations, side by side: what each keeps, its peak, and its time."""

from __future__ import annotations

from torch._subclasses.fake_tensor import FakeTensorMode

from explorer.findings import Comparison, ImplementationStep
from explorer.measure.admission import refusal
from explorer.measure.device import describe
from explorer.measure.kept import step_bytes
from explorer.measure.live import live_input, named_block, planned_input, ready
from explorer.measure.problems import StoppedError
from explorer.measure.timing import rounds
from explorer.spec import CompareJob


def compare(job: CompareJob) -> Comparison:
    """Counts on fake tensors, which hold no memory and are equal to the byte, and times on the device.

    Raises:
        StoppedError: no such device, a type it cannot compute in, or not enough memory for the greediest of them.
    """
    device = ready(job.run)
    place = describe(device)
    counted = [_counted(job, name) for name in job.implementations]
    times: list[list[float]] = [[] for _ in counted]
    if job.rounds:
        # No implementation needs more than the chain, by whose closed forms admission goes.
        refused = refusal((job.block,), job.input, job.run, place)
        if refused is not None:
            raise StoppedError(refused)
        blocks = [named_block(job.block, job.run, name).to(device) for name in job.implementations]
        times = rounds(blocks, live_input(job.block, job.input, job.run, device), job.rounds)
    steps = tuple(
        ImplementationStep(name, kept, peak, tuple(taken))
        for name, (kept, peak), taken in zip(job.implementations, counted, times, strict=True)
    )
    return Comparison(place, steps)


def _counted(job: CompareJob, name: str) -> tuple[int, int]:
    with FakeTensorMode():
        return step_bytes(named_block(job.block, job.run, name), lambda: planned_input(job.block, job.input, job.run))
