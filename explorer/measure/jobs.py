"""Performs a job and answers in builtins, so that the answer can be read where torch is not loaded."""

from __future__ import annotations

from typing import Any

import torch

from explorer.findings import (
    BlockMeasurement,
    Check,
    Comparison,
    CompiledStep,
    Device,
    LayerView,
    NetworkCounts,
    Plan,
    Problem,
    ReadWeights,
    StepTrack,
    TimeMeasurement,
    to_builtins,
)
from explorer.findings.gradients import Gradients, Trained
from explorer.findings.heat import HeatMap
from explorer.measure.admission import refusal
from explorer.measure.allocator import give_back, watch_peak
from explorer.measure.checks import check
from explorer.measure.compare import compare
from explorer.measure.compiled import compiled
from explorer.measure.device import describe, resolve
from explorer.measure.fake import fake_counts
from explorer.measure.gradients import gradients, train
from explorer.measure.heat import heat
from explorer.measure.live import live_block, live_input, planned_block, ready
from explorer.measure.lives import step_track
from explorer.measure.look import look
from explorer.measure.network import counted_network
from explorer.measure.plan import plan
from explorer.measure.problems import StoppedError, is_device_fault, is_spent, known_problem
from explorer.measure.step import Counts, count_step
from explorer.measure.table import module_rows
from explorer.measure.timing import time_blocks
from explorer.measure.weights import read_weights
from explorer.spec import (
    BlockSpec,
    CheckJob,
    CompareJob,
    CompiledJob,
    CountJob,
    DeviceJob,
    GradientJob,
    HeatJob,
    InputSpec,
    Job,
    MapsJob,
    NetworkJob,
    PlanJob,
    PublishedJob,
    RunSpec,
    StepJob,
    TimeJob,
    TrainJob,
    WeightsJob,
)

Result = (
    BlockMeasurement
    | Check
    | TimeMeasurement
    | Comparison
    | CompiledStep
    | Device
    | Gradients
    | HeatMap
    | LayerView
    | NetworkCounts
    | Plan
    | ReadWeights
    | StepTrack
    | Trained
)


def perform(job: Job) -> dict[str, Any]:
    """Runs ``job`` in this process.

    One job at a time per process: what watches a module would also see another one's operators.

    Returns:
        What the job asks for as builtins: a :class:`BlockMeasurement`, :class:`TimeMeasurement`, :class:`Comparison`,
        :class:`CompiledStep`, :class:`Plan`, :class:`Device`, :class:`LayerView`, :class:`NetworkCounts`,
        :class:`ReadWeights`, :class:`HeatMap`, :class:`Gradients`, :class:`Trained`,
        :class:`Check` or :class:`StepTrack`; or ``{"problem": …}`` with a :class:`Problem`
        where a person can be told why there is none. Beside either ``"worker_broken": True`` where later calls of this
        process would fail too: the accelerator has failed, or memory ran out on the CPU.

    Raises:
        RuntimeError: a fault of the program, in words; never an exception of torch's own class.
    """
    answer: dict[str, Any] = {}
    fault: str | None = None
    try:
        result = _result(job)
        answer = _plain(result)
        if isinstance(result, Comparison) and _has_spent(result):
            answer["worker_broken"] = True
    except Exception as error:
        fault = f"{type(error).__name__}: {error}"
        problem = known_problem(error)
        if problem is not None:
            answer = {"problem": _plain(problem)}
            on_gpu = isinstance(error, torch.OutOfMemoryError)  # which no CPU's allocator raises
            if is_device_fault(error) or is_spent(problem, on_gpu):
                answer["worker_broken"] = True
    give_back()  # a traceback, and the tensors that it holds, are gone by now
    if not answer:
        raise RuntimeError(fault)
    return answer


def _has_spent(found: Comparison) -> bool:
    """Whether one of what was compared ran out of the process's memory."""
    steps = (*found.steps, *found.residuals)
    on_gpu = found.device.device != "cpu"
    return any(is_spent(step.problem, on_gpu) for step in steps if step.problem is not None)


def _plain(value: Result | Problem) -> dict[str, Any]:
    plain: dict[str, Any] = to_builtins(value)
    return plain


def _result(job: Job) -> Result:
    if isinstance(job, CountJob):
        return count(job.block, job.input, job.run)
    if isinstance(job, TimeJob):
        return time_together(job.blocks, job.input, job.run)
    if isinstance(job, StepJob):
        return step_track(job)
    if isinstance(job, CompareJob):
        return compare(job)
    if isinstance(job, CompiledJob):
        return compiled(job)
    if isinstance(job, PlanJob):
        return plan(job)
    if isinstance(job, DeviceJob):
        return describe(resolve(job.device))
    if isinstance(job, MapsJob):
        return look(job)
    if isinstance(job, NetworkJob):
        return counted_network(job)
    if isinstance(job, HeatJob | PublishedJob):
        return heat(job)
    if isinstance(job, GradientJob):
        return gradients(job)
    if isinstance(job, TrainJob):
        return train(job)
    if isinstance(job, CheckJob):
        return check(job)
    assert isinstance(job, WeightsJob)
    return read_weights(job)


def count(spec: BlockSpec, input: InputSpec, run: RunSpec) -> BlockMeasurement:
    """Runs the block once and counts; on fake tensors, with the refusal, where it would not fit.

    Raises:
        StoppedError: there is no such device, or it cannot compute in the run's type.
    """
    device = ready(run)
    place = describe(device)
    refused = refusal((spec,), input, run, place)
    rows = module_rows(spec, input, run)
    if refused is not None:
        with torch.device("meta"):
            structure = str(planned_block(spec, run))
        return _measurement(place, fake_counts(spec, input, run), rows, structure, refusal=refused)
    peak = watch_peak(device)
    block, x = live_block(spec, run, device), live_input(spec, input, run, device)
    counts = count_step(block, x)
    return _measurement(place, counts, rows, str(block), device_peak_bytes=peak())


def _measurement(place: Device, counts: Counts, rows: Any, structure: str, **rest: Any) -> BlockMeasurement:
    return BlockMeasurement(
        device=place,
        fake="refusal" in rest,
        output_shape=counts.output_shape,
        parameters=counts.parameters,
        macs=counts.macs,
        saved_bytes=counts.saved_bytes,
        saved_extra_bytes=counts.saved_extra_bytes,
        peak_bytes=counts.timeline.peak_bytes,
        rows=rows,
        joins=counts.joins,
        timeline=counts.timeline,
        structure=structure,
        output_sum=counts.output_sum,
        **rest,
    )


def time_together(specs: tuple[BlockSpec, ...], input: InputSpec, run: RunSpec) -> TimeMeasurement:
    """Times the blocks, their runs interleaved.

    Raises:
        StoppedError: no such device, a type it cannot compute in, or not enough memory for all of them.
    """
    device = ready(run)
    place = describe(device)
    refused = refusal(specs, input, run, place)
    if refused is not None:
        raise StoppedError(refused)
    blocks = [live_block(spec, run, device) for spec in specs]
    forward, step = time_blocks(blocks, live_input(specs[0], input, run, device))
    return TimeMeasurement(place, forward, step)
