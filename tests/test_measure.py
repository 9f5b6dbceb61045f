"""The measuring room: jobs and their answers, problems, the step as watched, devices, times, admission."""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from explorer.blocks import build, units
from explorer.engine import Limits
from explorer.findings import BlockMeasurement, Device, Problem, TimeMeasurement, from_builtins
from explorer.language import said
from explorer.measure import admission, device, fake, jobs, table, timing, worker
from explorer.measure.admission import refusal, workspace
from explorer.measure.jobs import perform
from explorer.measure.live import live_block, live_input
from explorer.measure.problems import StoppedError, known_problem
from explorer.measure.saved import SavedBytes
from explorer.measure.step import count_step
from explorer.memory import SMALLER, available_bytes, data_bytes_left, pages, total_bytes, windows_memory
from explorer.spec import (
    BlockSpec,
    CountJob,
    DenseBlockSpec,
    DeviceJob,
    DType,
    InputSpec,
    Job,
    ResidualSpec,
    RunSpec,
    TimeJob,
)
from explorer.theory import block_theory

ROOT = Path(__file__).resolve().parents[1]
CPU = torch.device("cpu")
SMALL, SIZE, RUN = DenseBlockSpec(4, 2, 3), InputSpec(2, 5, 3), RunSpec(device="cpu")
INFERENCE = RunSpec(device="cpu", mode="inference")
MIXED: list[BlockSpec] = [
    SMALL,
    DenseBlockSpec(4, 2, 3, bottleneck=False, order="post"),
    ResidualSpec(4, 6, 3, 2),
    ResidualSpec(4, 6, 3, 2, "postactivation"),
    ResidualSpec(4, 4, 3, 2, "basic"),
]
SPECS = pytest.mark.parametrize("spec", MIXED, ids=repr)
NO_GPU = pytest.mark.skipif(torch.accelerator.is_available(), reason="is about a machine without a GPU")


def counted(spec: BlockSpec, input: InputSpec = SIZE, run: RunSpec = RUN) -> BlockMeasurement:
    return from_builtins(BlockMeasurement, perform(CountJob(spec, input, run)))


def problem_of(answer: dict[str, Any]) -> Problem:
    assert list(answer) == ["problem"]
    return from_builtins(Problem, answer["problem"])


# --- answers --------------------------------------------------------------------------------------

JOBS = [
    CountJob(SMALL, SIZE, RUN),
    CountJob(DenseBlockSpec(4096, 512, 2), InputSpec(1024, 1024, 1024), RUN),  # refused
    TimeJob((SMALL, ResidualSpec(4, 6, 3, 2)), SIZE, RUN),
    DeviceJob("cpu"),
    CountJob(SMALL, SIZE, RunSpec(device="cuda:99")),  # a problem, wherever this runs
]


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.kind)
def test_an_answer_is_builtins_to_its_depths(job: CountJob | TimeJob | DeviceJob) -> None:
    assert types_in(perform(job)) <= {int, float, str, bool, type(None), tuple, dict}


def types_in(value: Any) -> set[type]:
    inner = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, tuple) else ()
    return {type(value)}.union(*map(types_in, inner))


def test_an_answer_is_read_where_torch_is_not_loaded() -> None:
    program = """
import pickle, sys
from explorer.findings import BlockMeasurement, from_builtins
found = from_builtins(BlockMeasurement, pickle.load(sys.stdin.buffer))
assert "torch" not in sys.modules
print(found.parameters, found.device.torch)
"""
    sent = pickle.dumps(perform(CountJob(DenseBlockSpec(), SIZE, RUN)))
    done = subprocess.run([sys.executable, "-c", program], input=sent, cwd=ROOT, capture_output=True, check=True)
    assert done.stdout.decode().split() == ["335040", str(torch.__version__)]


def test_a_fault_of_the_program_arrives_as_a_builtin_exception(monkeypatch: pytest.MonkeyPatch) -> None:
    class Own(Exception):
        pass

    def fail(*_: object) -> None:
        raise Own("seven")

    monkeypatch.setattr(jobs, "count_step", fail)
    with pytest.raises(RuntimeError, match=r"^Own: seven$") as caught:
        perform(CountJob(SMALL, SIZE, RUN))
    assert type(caught.value) is RuntimeError
    assert caught.value.__cause__ is None and caught.value.__context__ is None


@pytest.mark.parametrize("mode", ["training", "inference"])
def test_the_same_seed_gives_the_same_sum_and_another_seed_another(mode: Any) -> None:
    sums = [counted(SMALL, SIZE, RunSpec(device="cpu", mode=mode, seed=seed)).output_sum for seed in (3, 3, 4)]
    assert sums[0] == sums[1] != sums[2]


def test_the_sum_is_that_of_the_outputs() -> None:
    block, x = live_block(SMALL, INFERENCE, CPU), live_input(SMALL, SIZE, INFERENCE, CPU)
    found = counted(SMALL, SIZE, INFERENCE)
    with torch.no_grad():
        assert found.output_sum == pytest.approx(float(block(x).sum()), rel=1e-5)
    assert found.structure == str(block)


def test_a_sum_beyond_sixteen_bits_does_not_overflow() -> None:
    spec = DenseBlockSpec(1, 64, 1, bottleneck=False, order="post")
    found = counted(spec, InputSpec(4, 64, 64), RunSpec(device="cpu", dtype="float16"))
    assert found.output_sum is not None
    assert 65_504 < found.output_sum < float("inf")


# --- counts ---------------------------------------------------------------------------------------


@SPECS
def test_macs_are_torchs_own_counter_halved(spec: BlockSpec) -> None:
    with FlopCounterMode(display=False) as counter:
        live_block(spec, RUN, CPU)(live_input(spec, SIZE, RUN, CPU))
    assert counted(spec).macs * 2 == counter.get_total_flops()


@SPECS
def test_saved_bytes_are_those_that_the_nodes_of_the_graph_hold(spec: BlockSpec) -> None:
    """Found by walking autograd's graph after the forward pass: no hook of ours is involved."""
    block, x = live_block(spec, RUN, CPU), live_input(spec, SIZE, RUN, CPU)
    y = block(x)
    own = {t.untyped_storage().data_ptr() for t in [*block.parameters(), *block.buffers()]}
    held: dict[int, int] = {}
    nodes, seen = [y.grad_fn], set()
    while nodes:
        node = nodes.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        nodes += [following for following, _ in node.next_functions]
        for name in dir(node):
            tensor = getattr(node, name) if name.startswith("_saved_") else None
            if isinstance(tensor, Tensor) and tensor.untyped_storage().data_ptr() not in own:
                held[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
    assert counted(spec).saved_bytes == sum(held.values())


@SPECS
def test_inference_saves_nothing_and_leaves_the_statistics(spec: BlockSpec) -> None:
    found = counted(spec, SIZE, INFERENCE)
    assert (found.saved_bytes, found.saved_extra_bytes) == (0, 0)
    assert found.timeline.backward_from == len(found.timeline.ops) + 1
    block, x = live_block(spec, INFERENCE, CPU), live_input(spec, SIZE, INFERENCE, CPU)
    before = {name: value.clone() for name, value in block.state_dict().items()}
    count_step(block, x)
    assert all(torch.equal(value, before[name]) for name, value in block.state_dict().items())


def test_counting_leaves_the_block_as_a_plain_step_would() -> None:
    """Same gradients, same running statistics, no hook left behind."""
    watched, plain = (live_block(SMALL, RUN, CPU) for _ in range(2))
    x = live_input(SMALL, SIZE, RUN, CPU)
    count_step(watched, x)
    plain(x).sum().backward()
    for one, other in zip(watched.parameters(), plain.parameters(), strict=True):
        assert one.grad is not None and other.grad is not None
        assert torch.equal(one.grad, other.grad)
    for name, value in plain.state_dict().items():
        assert torch.equal(value, watched.state_dict()[name])
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in watched.modules())


def test_a_librarys_reserve_and_wider_statistics_are_counted_apart() -> None:
    """What cuDNN's BatchNorm keeps, fed to the count by hand: a byte reserve, float32 statistics of a 16-bit module."""
    saved = SavedBytes(torch.nn.Identity(), torch.bfloat16)
    kept = [torch.zeros(10, dtype=torch.bfloat16), torch.zeros(5), torch.zeros(7, dtype=torch.uint8)]
    for tensor in [*kept, kept[0][2:]]:  # a view is no further storage
        saved._pack(tensor)
    assert (saved.saved, saved.extra) == (20 + 10, 10 + 7)


# --- the timeline ---------------------------------------------------------------------------------


@SPECS
def test_a_step_ends_with_what_was_there_and_the_gradients(spec: BlockSpec) -> None:
    found, theory = counted(spec), block_theory(spec, SIZE, RUN)
    last = {band: row[-1] for band, row in found.timeline.bands().items() if row[-1]}
    fixed = theory.parameter_bytes + theory.buffer_bytes
    assert last == {-2: fixed, -1: theory.parameter_bytes, 0: theory.input_bytes}


@SPECS
def test_when_backward_begins_what_is_saved_is_alive_in_its_layers(spec: BlockSpec) -> None:
    """All activations left after the forward pass are what autograd saved, and the loss."""
    found, theory = counted(spec), block_theory(spec, SIZE, RUN)
    bands = found.timeline.bands()
    begin = found.timeline.backward_from  # the output was given up before this step
    activations = {band: row[begin] for band, row in bands.items() if band > 0}
    assert bands[0][begin] == theory.input_bytes + 4  # the loss is made outside any layer
    assert sum(activations.values()) == found.saved_bytes - theory.input_bytes
    assert all(activations[layer.index] > 0 for layer in theory.layers)


@SPECS
def test_the_peak_is_the_timelines(spec: BlockSpec) -> None:
    found = counted(spec)
    totals = found.timeline.totals()
    assert found.peak_bytes == found.timeline.peak_bytes == max(totals)
    assert totals.index(max(totals)) == found.timeline.peak_step
    assert min(min(row) for row in found.timeline.bands().values()) >= 0


def test_operators_belong_to_the_layer_that_runs_them_backward_too() -> None:
    timeline = counted(SMALL).timeline
    middle = timeline.backward_from - 1
    forward, backward = timeline.layers[:middle], timeline.layers[middle:]
    assert [n for n in dict.fromkeys(forward) if n] == [1, 2, 3]
    assert [n for n in dict.fromkeys(backward) if n] == [3, 2, 1]
    convolutions = [
        layer for op, layer in zip(timeline.ops, timeline.layers, strict=True) if op == "convolution_backward"
    ]
    assert convolutions == [3, 3, 2, 2, 1, 1]
    assert timeline.ops.count("cat") == 3


def test_the_output_is_given_up_before_backward() -> None:
    found = counted(DenseBlockSpec(4, 2, 1), InputSpec(2, 8, 8), RUN)
    bands = found.timeline.bands()
    output = 4 * 2 * 6 * 64
    summed = found.timeline.backward_from - 1
    assert bands[1][summed] - bands[1][summed + 1] == output


# --- the table ------------------------------------------------------------------------------------


@SPECS
def test_the_tables_rows_sum_to_the_block(spec: BlockSpec) -> None:
    found, theory = counted(spec), block_theory(spec, SIZE, RUN)
    whole, *rows = found.rows
    assert (whole.depth, whole.layer, whole.parameters, whole.macs) == (0, 0, found.parameters, found.macs)
    assert whole.output_shape == found.output_shape
    for layer in theory.layers:
        head, *inside = [row for row in rows if row.layer == layer.index]
        leaves = {row.name: row for row in inside if row.kind in ("Conv2d", "BatchNorm2d")}
        assert (head.parameters, head.macs) == (layer.parameters, layer.macs)
        assert head.output_shape[1] == layer.out_channels
        assert {name: (row.parameters, row.macs) for name, row in leaves.items()} == {
            part.name: (part.parameters, part.macs) for part in layer.parts
        }
        assert [row.output_bytes for row in leaves.values()] == [
            4 * row.output_shape[1] * SIZE.positions for row in leaves.values()
        ]


def test_rows_are_named_by_their_place() -> None:
    assert [row.name for row in counted(SMALL).rows[:7]] == [
        "Denseblock",
        "denseblock",
        "denseblock.0",
        "bn1",
        "conv1",
        "bn2",
        "conv2",
    ]


def test_a_missing_torchinfo_is_said_and_costs_only_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchinfo", None)
    with pytest.warns(RuntimeWarning, match="torchinfo is not installed, so the module table is empty"):
        assert table.module_rows(SMALL, SIZE, RUN) == ()


# --- devices and problems -------------------------------------------------------------------------


@NO_GPU
@pytest.mark.parametrize("asked", ["cuda", "cuda:0", "cuda:7", "mps"])
@pytest.mark.parametrize("kind", ["count", "time", "device"])
def test_a_gpu_that_is_not_there_is_never_replaced(asked: str, kind: str) -> None:
    run = RunSpec(device=asked)
    job: dict[str, Job] = {
        "count": CountJob(SMALL, SIZE, run),
        "time": TimeJob((SMALL,), SIZE, run),
        "device": DeviceJob(asked),
    }
    assert problem_of(perform(job[kind])) == Problem(
        "no_device", said("No GPU on this machine."), said("Choose auto or cpu.")
    )


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("auto", "cuda:1"),
        ("cuda", "cuda:1"),
        ("cuda:0", "cuda:0"),
        ("cpu", "cpu"),
        ("mps", "No mps device on this machine; it has cuda."),
        ("cuda:2", "No cuda:2 on this machine; cuda:1 is the last one."),
    ],
)
def test_with_two_gpus(asked: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda: torch.device("cuda"))
    monkeypatch.setattr(torch.accelerator, "current_device_index", lambda: 1)
    monkeypatch.setattr(torch.accelerator, "device_count", lambda: 2)
    try:
        assert str(device.resolve(asked)) == expected
    except StoppedError as error:
        assert error.problem.kind == "no_device" and error.problem.message == expected


def test_the_cpu_tells_what_it_is() -> None:
    found = from_builtins(Device, perform(DeviceJob("cpu")))
    threads = torch.get_num_threads()
    assert (found.device, found.torch, found.threads) == ("cpu", str(torch.__version__), threads)
    assert found.name == f"CPU, {threads} thread{'s' * (threads != 1)}"
    assert 0 < found.free_bytes <= found.total_bytes


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16", "float16"])
def test_every_type_runs_on_the_cpu(dtype: DType) -> None:
    found = counted(SMALL, SIZE, RunSpec(device="cpu", dtype=dtype))
    assert found.timeline.changes[1][2] == SIZE.positions * 4 * getattr(torch, dtype).itemsize


def test_a_type_that_the_device_cannot_compute_in_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise TypeError("Cannot convert a MPS Tensor to float64 dtype")

    monkeypatch.setattr(torch, "zeros", refuse)
    device._computes.cache_clear()
    try:
        answer = perform(CountJob(SMALL, SIZE, RunSpec(device="cpu", dtype="float64")))
    finally:
        device._computes.cache_clear()
    assert problem_of(answer) == Problem(
        "unsupported", said("The CPU cannot compute in {dtype}.", dtype="float64"), said("Choose float32.")
    )


def test_only_what_the_device_cannot_do_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a shortage, which passes, and no fault."""
    device._computes.cache_clear()
    for text in ("[enforce fail] DefaultCPUAllocator: can't allocate memory", "CUDA error: unknown", "odd"):
        with monkeypatch.context() as patch:
            patch.setattr(torch, "zeros", raising(RuntimeError(text)))
            with pytest.raises(RuntimeError, match=r"memory|unknown|odd"):
                device._computes(CPU, torch.float64, True)
    assert device._computes(CPU, torch.float64, True)
    device._computes.cache_clear()
    try:
        with monkeypatch.context() as patch:
            patch.setattr(torch, "zeros", raising(RuntimeError("\"conv\" not implemented for 'Double'")))
            assert not device._computes(CPU, torch.float64, True)
        assert not device._computes(CPU, torch.float64, True), "it is remembered"
    finally:
        device._computes.cache_clear()


def raising(error: Exception) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


FAULTS = [
    torch.AcceleratorError("CUDA error: an illegal memory access was encountered\nCUDA kernel errors might be…"),
    RuntimeError("CUDA error: device-side assert triggered\nFor debugging consider passing CUDA_LAUNCH_BLOCKING=1"),
    RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"),
]


@pytest.mark.parametrize("error", FAULTS, ids=str)
def test_a_device_that_failed_ends_the_worker_and_is_told(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "count_step", raising(error))
    answer = perform(CountJob(SMALL, SIZE, RUN))
    assert answer.pop("worker_broken") is True
    problem = problem_of(answer)
    assert problem.kind == "failed" and str(error).splitlines()[0] in problem.message and "\n" not in problem.message


def test_only_the_cpus_lack_of_memory_ends_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """oneDNN remembers what it had no room for; a GPU's allocator forgets."""
    for error, broken in (
        (RuntimeError("could not create a primitive"), True),
        (torch.OutOfMemoryError("full"), False),
    ):
        monkeypatch.setattr(jobs, "count_step", raising(error))
        answer = perform(CountJob(SMALL, SIZE, RUN))
        assert answer.pop("worker_broken", False) is broken
        assert problem_of(answer).kind == "out_of_memory"


@pytest.mark.parametrize("error", [None, RuntimeError("odd"), MemoryError()], ids=str)
def test_an_accelerators_cache_is_given_back_after_every_job(
    error: Exception | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker for timings would see what the one for counts keeps as taken."""
    given_back: list[int] = []
    job = CountJob(SMALL, SIZE, RUN)
    if error is not None:
        monkeypatch.setattr(jobs, "count_step", raising(error))
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    monkeypatch.setattr(torch.accelerator, "empty_cache", lambda: given_back.append(1))
    with contextlib.suppress(RuntimeError):
        assert ("problem" in perform(job)) is (error is not None)
    assert given_back == [1]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 8.00 GiB"), "out_of_memory"),
        (
            RuntimeError("[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: can't allocate memory"),
            "out_of_memory",
        ),
        (MemoryError(), "out_of_memory"),
        (RuntimeError("\"slow_conv2d_cpu\" not implemented for 'Half'"), "unsupported"),
        (RuntimeError("CUDA error: out of memory"), "out_of_memory"),
        (RuntimeError("could not create a primitive"), "out_of_memory"),
        (RuntimeError("could not create a primitive descriptor for a convolution"), None),
        (NotImplementedError("Could not run 'aten::convolution' with arguments from the 'X' backend"), "unsupported"),
        (ValueError("out of memory cards"), None),
        (RuntimeError("shapes do not match"), None),
        (KeyError("x"), None),
    ],
)
def test_errors_of_torch_in_words(error: Exception, kind: str | None) -> None:
    problem = known_problem(error)
    assert (problem.kind if problem else None) == kind


def test_memory_that_runs_out_is_a_problem_and_the_next_job_runs() -> None:
    """Under a limit on the process's memory, as the engine sets one."""
    program = """
import resource
from explorer.findings import Device
from explorer.measure import jobs
from explorer.memory import data_bytes
from explorer.spec import CountJob, DenseBlockSpec, InputSpec, RunSpec
run = RunSpec(device="cpu")
small = CountJob(DenseBlockSpec(4, 2, 2), InputSpec(2, 4, 4), run)
large = CountJob(DenseBlockSpec(64, 32, 6), InputSpec(8, 128, 128), run)
jobs.perform(small)
resource.setrlimit(resource.RLIMIT_DATA, (data_bytes() + (300 << 20), resource.RLIM_INFINITY))
print(jobs.perform(large)["refusal"]["kind"])
jobs.refusal = lambda *_: None  # as if it had been misjudged
print(jobs.perform(large)["problem"]["kind"])
print(jobs.perform(small)["parameters"])
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    expected = sum(p.numel() for p in build(DenseBlockSpec(4, 2, 2)).parameters())
    assert (done.stdout.split(), done.stderr) == (["refused", "out_of_memory", str(expected)], "")


# --- admission ------------------------------------------------------------------------------------


def place(free: int) -> Device:
    return Device("cpu", "CPU", "2", 1, 1 << 50, free)


def test_what_does_not_fit_is_counted_without_memory() -> None:
    found = counted(DenseBlockSpec(64, 32, 6), InputSpec(1024, 1024, 1024))
    theory = block_theory(DenseBlockSpec(64, 32, 6), InputSpec(1024, 1024, 1024), RUN)
    assert found.fake and found.output_sum is None and found.device_peak_bytes is None
    assert (found.parameters, found.macs, found.saved_bytes) == (
        theory.parameters,
        theory.macs,
        theory.saved_bytes,
    )
    assert found.refusal is not None
    assert found.refusal.needed_bytes is not None and found.refusal.available_bytes is not None
    assert found.refusal.needed_bytes >= found.peak_bytes > found.refusal.available_bytes
    needed, free = (admission.size(n) for n in (found.refusal.needed_bytes, found.refusal.available_bytes))
    assert found.refusal.message == f"Needs {needed}, {free} may be used here."
    assert "Conv2d(64, 128" in found.structure and len(found.rows) == 2 + 6 * 5


@SPECS
@pytest.mark.parametrize("run", [RUN, INFERENCE], ids=lambda run: run.mode)
def test_a_block_is_admitted_exactly_when_it_fits(spec: BlockSpec, run: RunSpec) -> None:
    theory = block_theory(spec, SIZE, run)
    need = max(counted(spec, SIZE, run).peak_bytes, 4 * theory.parameters) + workspace(theory, run, place(0))
    assert refusal((spec,), SIZE, run, place(need)) is None
    refused = refusal((spec,), SIZE, run, place(need - 1))
    assert refused is not None and (refused.needed_bytes, refused.available_bytes) == (need, need - 1)


def test_what_surely_fits_costs_no_fake_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(admission, "fake_counts")
    assert refusal((SMALL, SMALL), SIZE, RUN, place(1 << 30)) is None


def test_blocks_that_are_timed_together_must_fit_together() -> None:
    wide = DenseBlockSpec(64, 32, 6)
    theory = block_theory(wide, SIZE, RUN)
    alone = fake.fake_counts(wide, SIZE, RUN).timeline.peak_bytes + workspace(theory, RUN, place(0))
    assert refusal((wide,), SIZE, RUN, place(alone)) is None
    refused = refusal((wide, wide), SIZE, RUN, place(alone))
    assert refused is not None
    assert refused.needed_bytes == alone + theory.parameter_bytes + theory.buffer_bytes


@settings(max_examples=30)
@given(
    st.sampled_from(MIXED),
    st.builds(InputSpec, batch=st.integers(1, 3), height=st.integers(2, 40), width=st.integers(2, 40)),
)
def test_the_bound_is_one(spec: BlockSpec, input: InputSpec) -> None:
    peak = fake.fake_counts(spec, input, RUN).timeline.peak_bytes
    assert peak <= admission.upper_bound(block_theory(spec, input, RUN))


def test_a_float64_convolution_on_the_cpu_unfolds_its_input() -> None:
    spec = DenseBlockSpec(4, 2, 1, bottleneck=False)
    run = RunSpec(device="cpu", dtype="float64")
    theory = block_theory(spec, SIZE, run)
    assert workspace(theory, run, place(0)) == 9 * 4 * SIZE.positions * 8
    gpu = dataclasses.replace(place(0), device="cuda:0")
    assert workspace(theory, run, gpu) == 2 * 8 * (SIZE.positions * (4 + 2) + 9 * 4 * 2)


@pytest.mark.parametrize(
    ("nbytes", "text"),
    [
        (0, "0 MiB"),
        (900 << 20, "900 MiB"),
        (61.2 * 2**30, "61.2 GiB"),
        (1023.5 * 2**30, "1,023.5 GiB"),
        (1 << 40, "1.0 TiB"),
        (9 << 50, "9,216.0 TiB"),
    ],
)
def test_sizes_in_words(nbytes: float, text: str) -> None:
    assert admission.size(int(nbytes)) == text


@pytest.mark.parametrize(("dtype", "narrower"), [("float32", True), ("float64", True), ("bfloat16", False)])
def test_a_narrower_type_is_named_where_it_needs_less(
    dtype: DType, narrower: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "_columns", lambda _: 0)
    run = RunSpec(device="cpu", dtype=dtype)
    large = InputSpec(64, 512, 512)
    refused = refusal((SMALL,), large, run, place(0))
    assert refused is not None and refused.advice.startswith(str(SMALLER))
    less = refusal((SMALL,), large, RunSpec(device="cpu", dtype="bfloat16"), place(0))
    assert less is not None and less.needed_bytes is not None
    assert (f" In bfloat16 it needs {admission.size(less.needed_bytes)}." in refused.advice) is narrower


def test_a_narrower_type_is_not_named_where_the_processor_unfolds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "_columns", lambda dtype: 100 if dtype == "bfloat16" else 0)
    refused = refusal((SMALL,), InputSpec(64, 512, 512), RUN, place(0))
    assert refused is not None and refused.advised == SMALLER


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_a_torch_without_onednn_unfolds_every_type(dtype: DType, monkeypatch: pytest.MonkeyPatch) -> None:
    unfolded = 9 if dtype == "float32" else 27
    with monkeypatch.context() as patch:
        patch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
        assert admission._columns(dtype) == unfolded
    if dtype == "float32":
        return
    with monkeypatch.context() as patch:
        patch.setattr(torch.backends.mkldnn, "is_available", lambda: True)
        patch.setattr(torch.ops, "mkldnn", object())
        assert admission._columns(dtype) == 27
        patch.setattr(torch.ops, "mkldnn", Native())
        assert admission._columns(dtype) == 0


class Native:
    """A processor on which oneDNN computes in both 16-bit types."""

    def _is_mkldnn_fp16_supported(self) -> bool:
        return True

    _is_mkldnn_bf16_supported = _is_mkldnn_fp16_supported


def test_where_memory_is_unknown_everything_is_tried_and_no_number_made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("total_bytes", "available_bytes", "data_bytes_left"):
        monkeypatch.setattr(device, name, lambda: None)
    found = device.describe(CPU)
    assert (found.total_bytes, found.free_bytes) == (0, 0)
    assert refusal((SMALL,), InputSpec(64, 512, 512), RUN, found) is None
    monkeypatch.setattr(device, "total_bytes", lambda: 1000)  # as on macOS
    found = device.describe(CPU)
    assert (found.total_bytes, found.free_bytes) == (1000, 1000)
    assert refusal((SMALL,), InputSpec(64, 512, 512), RUN, found) is not None


# --- times ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("run", [RUN, INFERENCE], ids=lambda run: run.mode)
def test_times_are_in_order_and_of_enough_runs(run: RunSpec) -> None:
    found = from_builtins(TimeMeasurement, perform(TimeJob((SMALL, ResidualSpec(4, 6, 3, 2)), SIZE, run)))
    assert len(found.forward) == 2 and len(found.step) == (2 if run is RUN else 0)
    for one in (*found.forward, *found.step):
        assert 0 < one.q1 <= one.median <= one.q3
        assert timing.FEWEST <= one.runs <= timing.MOST and one.warmup == timing.WARMUP


class Sleeper(torch.nn.Module):
    """A block that takes its time by a clock of its own: ``seconds`` forward, twice that backward."""

    now = 0.0

    def __init__(self, number: int, seconds: float, log: list[int]) -> None:
        super().__init__()
        self.number, self.seconds, self.log = number, seconds, log
        self.weight = torch.nn.Parameter(torch.ones(1))

    def forward(self, x: Tensor) -> Tensor:
        self.log.append(self.number)
        Sleeper.now += self.seconds
        y = x * self.weight
        if y.requires_grad:
            y.register_hook(self._backward)  # type: ignore[no-untyped-call]  # torch: untyped
        return y

    def _backward(self, _: Tensor) -> None:
        Sleeper.now += 2 * self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    Sleeper.now = 0.0
    monkeypatch.setattr("explorer.measure.timing.time.perf_counter", lambda: Sleeper.now)


def test_runs_are_interleaved_warm_and_stop_in_time(clock: None) -> None:
    """A forward pass of 1/8 s has room for 24 runs in 3 s, the warm-up among them; one of 2 s has room for none."""
    log: list[int] = []
    blocks = [Sleeper(0, 1 / 8, log).eval(), Sleeper(1, 2.0, log).eval()]
    (quick, slow), step = timing.time_blocks(blocks, torch.zeros(1))
    assert step == ()
    assert log == [0, 1] * 4 + [0] * 20
    assert (slow.median, slow.runs, slow.warmup) == (2000.0, 3, 1)
    assert (quick.median, quick.runs, quick.warmup) == (125.0, 23, 1)


def test_a_step_and_its_forward_share_the_time_of_a_block(clock: None) -> None:
    """A step of 3/8 s: 8 of them fill 3 s, forward and step together. A slow one runs one and three times."""
    log: list[int] = []
    blocks = [Sleeper(0, 1 / 8, log).train(), Sleeper(1, 20.0, log).train()]
    forward, step = timing.time_blocks(blocks, torch.zeros(1))
    assert log == [0, 1] * 4 + [0] * 4
    assert [(one.median, one.runs) for one in forward] == [(125.0, 7), (20_000.0, 3)]
    assert [(one.median, one.runs) for one in step] == [(375.0, 7), (60_000.0, 3)]


def test_a_quick_block_runs_only_so_often(clock: None) -> None:
    (one,), _ = timing.time_blocks([Sleeper(0, 1e-3, []).eval()], torch.zeros(1))
    assert one.runs == timing.MOST


def test_a_timing_has_as_long_as_three_blocks_that_were_counted_in_time() -> None:
    limits = Limits()
    blocks, runs = 3, timing.WARMUP + timing.FEWEST
    assert limits.seconds("time") >= blocks * runs * limits.seconds("count")


def test_a_step_is_forward_and_backward() -> None:
    blocks = [live_block(SMALL, RUN, CPU)]
    ran: list[str] = []
    blocks[0].register_forward_hook(lambda *_: ran.append("forward"))
    next(blocks[0].parameters()).register_hook(lambda _: ran.append("backward"))  # type: ignore[no-untyped-call]  # torch: untyped
    (forward,), (step,) = timing.time_blocks(blocks, live_input(SMALL, SIZE, RUN, CPU))
    assert ran == ["forward", "backward"] * (timing.WARMUP + step.runs) and forward.runs == step.runs
    assert forward.median < step.median
    assert all(p.grad is None for p in blocks[0].parameters())


# --- the worker -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wish", "expected"), [(None, 6), ("3", 3), ("", 6), ("0", 6), ("-1", 6), ("two", 6), ("³", 6), ("9" * 5000, 6)]
)
def test_threads(wish: str | None, expected: int) -> None:
    assert worker.threads(wish, 6) == expected


def test_a_containers_share_of_processor_time_limits_the_threads(tmp_path: Path) -> None:
    cores = worker.usable_cores(tmp_path)
    assert cores >= 1
    (tmp_path / "sys/fs/cgroup/cpu").mkdir(parents=True)
    (tmp_path / "sys/fs/cgroup/cpu/cpu.cfs_quota_us").write_text("50000\n")
    (tmp_path / "sys/fs/cgroup/cpu/cpu.cfs_period_us").write_text("100000\n")
    assert worker.usable_cores(tmp_path) == 1
    (tmp_path / "sys/fs/cgroup/cpu.max").write_text("max 100000\n")
    assert worker.usable_cores(tmp_path) == cores


def test_the_fork_server_starts_warm_and_touches_neither_cuda_nor_threads() -> None:
    program = """
import os, sys, time
import explorer.measure, torch
threads = os.listdir("/proc/self/task")  # numpy's, which stops them when the process forks
import explorer.measure.preload
end = time.monotonic() + 60  # the thread that loaded has ended; the system takes a moment to forget it
while len(os.listdir("/proc/self/task")) > len(threads) and time.monotonic() < end:
    time.sleep(0.01)
print(os.environ["OMP_WAIT_POLICY"], torch.cuda.is_initialized(), os.listdir("/proc/self/task") == threads)
print("streamlit" in sys.modules, "pebble" in sys.modules, "explorer.measure.jobs" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout.split(), done.stderr) == (["PASSIVE", "False", "True", "False", "False", "True"], "")


def test_the_whole_memory_respects_the_container(tmp_path: Path) -> None:
    for name, text in {
        "proc/meminfo": "MemTotal: 9000 kB\nMemAvailable: 8000 kB\n",
        "proc/self/cgroup": "0::/group\n",
        "sys/fs/cgroup/group/memory.max": "5000000",
        "sys/fs/cgroup/group/memory.current": "2000000",
        "sys/fs/cgroup/group/memory.stat": "inactive_file 0\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert total_bytes(tmp_path) == 5_000_000
    (tmp_path / "sys/fs/cgroup/group/memory.max").write_text("max")
    assert total_bytes(tmp_path) == 9000 * 1024


def test_without_a_proc_folder_the_system_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """macOS tells how much there is, Windows also how much is free."""
    monkeypatch.setattr(os, "sysconf", {"SC_PHYS_PAGES": 1000, "SC_PAGE_SIZE": 4096}.__getitem__, raising=False)
    assert total_bytes(tmp_path) == 4_096_000
    assert available_bytes(tmp_path) is None
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr("explorer.memory.windows_memory", lambda: (5000, 3000))
    assert (total_bytes(tmp_path), available_bytes(tmp_path)) == (5000, 3000)


def test_a_system_that_does_not_tell_is_not_guessed_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(name: str) -> int:
        raise ValueError(f"unrecognized configuration name: {name}")

    monkeypatch.setattr(os, "sysconf", unknown, raising=False)
    assert pages("SC_PHYS_PAGES") is None and total_bytes(tmp_path) is None
    monkeypatch.delattr(os, "sysconf")
    assert pages("SC_PHYS_PAGES") is None


def test_windows_own_call_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(status: Any) -> int:
        held = status._obj
        assert held.length == ctypes.sizeof(held) == 64  # the size of MEMORYSTATUSEX
        held.total, held.available = 16 << 30, 9 << 30
        return 1

    library = SimpleNamespace(kernel32=SimpleNamespace(GlobalMemoryStatusEx=fill))
    monkeypatch.setattr(ctypes, "windll", library, raising=False)
    assert windows_memory() == (16 << 30, 9 << 30)
    library.kernel32.GlobalMemoryStatusEx = lambda _: 0
    assert windows_memory() == (None, None)


def test_no_limit_on_data_is_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert data_bytes_left() is None
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1 << 45, 1 << 45))
    assert 0 < (data_bytes_left() or 0) < 1 << 45


def test_units_are_what_the_watcher_follows() -> None:
    block = live_block(SMALL, RUN, CPU)
    assert [type(unit).__name__ for unit in units(block)] == ["Bottleneck"] * 3
