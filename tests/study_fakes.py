"""What stands in for a worker in tests: answers made from the closed forms."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from gradient_fakes import gradients, trained
from lesson_fakes import as_counted, checked
from memory_fakes import compared, compiled, planned, stepped

from explorer.engine import Done, Pending, State
from explorer.findings import (
    BlockMeasurement,
    Device,
    FeatureMap,
    HeatMap,
    LayerStep,
    LayerView,
    MapGroup,
    ModuleRow,
    NetworkCounts,
    Problem,
    ReadWeights,
    SourceWeights,
    Timeline,
    TimeMeasurement,
    Timing,
    Values,
    to_builtins,
)
from explorer.findings.heat import HeatBlock
from explorer.spec import (
    CheckJob,
    CompareJob,
    CompiledJob,
    CountJob,
    DenseBlockSpec,
    GradientJob,
    HeatJob,
    Job,
    MapsJob,
    NetworkJob,
    PlanJob,
    PublishedJob,
    StepJob,
    Study,
    TimeJob,
    TrainJob,
    WeightsJob,
)
from explorer.study import count_jobs, time_job
from explorer.theory import block_theory, network_theory

CPU = Device("cpu", "CPU, 2 threads", "2.13.0", 2, 8 * 2**30, 4 * 2**30)
ABSENT = Problem("no_device", "No GPU on this machine", "Choose another device")
REFUSED = Problem("refused", "Needs 61.2 GiB, 22.0 are free", "Lower the batch", 61, 22)


def counted(job: CountJob, device: Device = CPU, **changes: Any) -> BlockMeasurement:
    """What a worker would send for ``job``: the closed forms, as if it had counted them."""
    theory = block_theory(job.block, job.input, job.run)
    parts = sum(len(layer.parts) for layer in theory.layers)
    timeline = Timeline(("forward", "sum"), (1, 0), ((0, 0, 8), (1, 1, 4), (2, 1, -4)), 2, 12, 1)
    row = ModuleRow("bn1", "BatchNorm2d", 2, 1, (1, 64, 56, 56), (1, 64, 56, 56), 128, 0, 802_816)
    measured = BlockMeasurement(
        device=device,
        fake=False,
        output_shape=theory.output_shape,
        parameters=theory.parameters,
        macs=theory.macs,
        saved_bytes=theory.saved_bytes,
        peak_bytes=theory.peak_bytes or theory.saved_bytes + theory.parameter_bytes,
        rows=(row,) * parts,
        joins=(),
        timeline=timeline,
        structure="Denseblock()",
        output_sum=1.5,
    )
    return dataclasses.replace(measured, **changes)


def timed(job: TimeJob, device: Device = CPU) -> TimeMeasurement:
    times = tuple(Timing(10.0 + i, 9.9 + i, 10.1 + i, 30, 3) for i in range(len(job.blocks)))
    return TimeMeasurement(device, times, times if job.run.mode == "training" else ())


def looked(job: MapsJob, device: Device = CPU) -> LayerView:
    """What a worker would send for ``job``: the closed forms, and maps of one grey each."""
    layer = block_theory(job.block, job.input, job.run).layers[job.layer - 1]
    values, time = Values(0.25, 0.5, 0.125), Timing(1.0, 0.9, 1.1, 5, 1)
    maps = (FeatureMap(0, 0.0, 1.0, base64.b64encode(bytes(range(16))).decode()),)

    def group(source: int, channels: int) -> MapGroup:
        return MapGroup(source, 0, channels, values, maps, values)

    steps = tuple(
        LayerStep(
            f"denseblock.{job.layer - 1}.{part.name}",
            part.kind,  # type: ignore[arg-type]  # a block has none of the kinds that only networks have
            (1, part.in_channels, 4, 4),
            (1, part.out_channels, 4, 4),
            part.parameters,
            part.macs,
            0 if i else layer.saved_bytes,
            time,
            values,
        )
        for i, part in enumerate(layer.parts)
    )
    dense = isinstance(job.block, DenseBlockSpec)
    sources = (
        [(s, job.block.source_channels(s)) for s in range(job.layer)]
        if isinstance(job.block, DenseBlockSpec)
        else [(job.layer - 1, layer.in_channels)]
    )
    return LayerView(
        device,
        job.layer,
        f"The {job.image} of a test.",
        4,
        4,
        steps,
        tuple(group(*one) for one in sources),
        group(job.layer, 8),
        group(job.layer, layer.new_channels),
        None if dense else group(job.layer, layer.out_channels),
        tuple(SourceWeights(source, 0.05, 0.1) for source, _ in sources),
    )


def answer(job: Job) -> Any:
    """What a worker would send for any job, as builtins."""
    if isinstance(job, StepJob):
        return to_builtins(stepped(job))
    if isinstance(job, CompareJob):
        return to_builtins(compared(job, CPU))
    if isinstance(job, CompiledJob):
        return to_builtins(compiled(job, CPU))
    if isinstance(job, PlanJob):
        return to_builtins(planned(job, CPU))
    if isinstance(job, CountJob):
        return to_builtins(counted(job, **as_counted(job)))
    if isinstance(job, TimeJob):
        return to_builtins(timed(job))
    if isinstance(job, MapsJob):
        return to_builtins(looked(job))
    if isinstance(job, WeightsJob):
        return to_builtins(ReadWeights(tuple((0.05,) * layer for layer in range(1, job.block.layers + 1))))
    if isinstance(job, NetworkJob):
        return to_builtins(network_counted(job))
    if isinstance(job, GradientJob):
        return to_builtins(gradients(job))
    if isinstance(job, TrainJob):
        return to_builtins(trained(job))
    if isinstance(job, CheckJob):
        return to_builtins(checked(job))
    if isinstance(job, HeatJob | PublishedJob):
        return to_builtins(weighed(job))
    return to_builtins(CPU)


def weighed(job: HeatJob | PublishedJob) -> HeatMap:
    """Weights as even as fresh ones are; those that were published are read less from source to source."""
    blocks = []
    for number, block in enumerate(job.network.blocks, 1):
        fall = 1.0 if isinstance(job, HeatJob) else 0.9
        columns = tuple(
            tuple(fall**source / block.width_before(reader) ** 0.5 for source in range(reader))
            for reader in range(1, block.layers + 2)
        )
        blocks.append(HeatBlock(columns, "classifier" if number == len(job.network.blocks) else "transition"))
    return HeatMap(job.network, "published" if isinstance(job, PublishedJob) else job.weights, tuple(blocks))


def network_counted(job: NetworkJob) -> NetworkCounts:
    """What would be counted, by the closed forms; the peak is what is held and a tenth of it."""
    theory = network_theory(job.network, job.input, job.dtype, job.implementation)
    held = theory.saved_bytes
    return NetworkCounts(
        output_shape=(job.input.batch, job.network.classes),
        parameters=theory.parameters,
        macs=theory.macs,
        saved_bytes=tuple(stage.saved_bytes for stage in theory.stages),
        held_bytes=held,
        input_bytes=4 * 3 * job.input.positions,
        peak_bytes=held + held // 10 + 4 * theory.parameters,
        peak_per_image_bytes=held // job.input.batch,
    )


def answers(study: Study) -> dict[Job, State]:
    jobs = count_jobs(study).values()
    states: dict[Job, State] = {job: Done(to_builtins(counted(job))) for job in jobs}
    states[time_job(study)] = Done(to_builtins(timed(time_job(study))))
    return states


class Instant:
    """An engine that answers with what ``perform`` says, at once, or after ``polls`` questions."""

    def __init__(
        self, polls: int = 0, given: Mapping[type, State] | None = None, perform: Callable[[Job], Any] = answer
    ) -> None:
        self.polls, self.given, self.perform = polls, given or {}, perform
        self.asked: list[Job] = []
        self.cancelled: list[Job] = []
        self.closed = False
        self._left: dict[Job, int] = {}

    def submit(self, job: Job, waiter: str) -> State:
        self.asked.append(job)
        self._left[job] = self.polls
        return self.state(job, waiter) or Pending(False, 0, 0.0)

    def state(self, job: Job, waiter: str | None = None) -> State | None:
        if self._left.get(job, 0) > 0:
            self._left[job] -= 1
            return Pending(True, 0, 0.0)
        if type(job) in self.given:
            return self.given[type(job)]
        return Done(self.perform(job))

    def cancel(self, job: Job, waiter: str) -> None:
        self.cancelled.append(job)

    def close(self) -> None:
        self.closed = True
