"""How fast the engine answers: from a cold start, after a killed worker, and for a small count."""

from __future__ import annotations

import multiprocessing
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from types import FrameType

from explorer.bench.answers import answered
from explorer.bench.faults import BenchError
from explorer.bench.rows import BenchRow, row
from explorer.bench.server import ROOT, end
from explorer.engine import Done, Engine, Pending
from explorer.spec import CountJob, DenseBlockSpec, InputSpec, RunSpec

#: Longer than any single answer takes on a machine that the explorer can be used on.
PATIENCE_SECONDS = 120.0
COLD_START = "import explorer.bench.engine as bench; bench.first_count()"


def bench_engine(runs: int = 5) -> list[BenchRow]:
    """Milliseconds from start to first count, of a count, and from a killed worker to the next count.

    Each of ``runs`` starts is a program of its own, so that nothing is loaded beforehand.

    Raises:
        BenchError: a count failed.
    """
    found = {"start to first count": [_cold_start() for _ in range(runs)]}
    engine = Engine()
    try:
        _count(engine, _default_block(0))
        for name, prepare, job in (
            ("count of the smallest block", _nothing, _smallest_block),
            ("count of the default block", _nothing, _default_block),
            ("idle worker killed to next count, smallest block", _kill_worker, _smallest_block),
            ("busy worker killed to next count, smallest block", _kill_busy_worker, _smallest_block),
        ):
            # A seed makes a job new: an answer that is known already would cost nothing.
            seeds = range(1000 * len(found), 1000 * len(found) + runs)
            found[name] = [_after(prepare, engine, job(seed)) for seed in seeds]
    finally:
        engine.close()
    return [row(name, values, "ms") for name, values in found.items()]


def first_count() -> None:
    """What a cold start runs: one engine, one count. SIGTERM ends it with its workers."""
    signal.signal(signal.SIGTERM, _leave)
    engine = Engine()
    try:
        _count(engine, _default_block(0))
        print("counted", flush=True)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it is ending already
        engine.close()


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(1)


def _default_block(seed: int) -> CountJob:
    return CountJob(DenseBlockSpec(), InputSpec(), RunSpec(device="cpu", seed=seed))


def _smallest_block(seed: int) -> CountJob:
    return CountJob(DenseBlockSpec(1, 1, 1), InputSpec(1, 2, 2), RunSpec(device="cpu", seed=seed))


def _cold_start() -> float:
    """Until the first count of a new program, the start of Python included, its end not."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", COLD_START],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,  # Ctrl-C is for the benchmark, which then ends it
    )
    try:
        assert process.stdout is not None  # it was asked for above
        with process.stdout:
            line = process.stdout.readline()
            took = (time.perf_counter() - begun) * 1000
    finally:
        end(process)
    if line != "counted\n":
        raise BenchError("An engine that was just started did not count the default block.")
    return took


def _after(prepare: Callable[[Engine], None], engine: Engine, job: CountJob) -> float:
    prepare(engine)
    begun = time.perf_counter()
    _count(engine, job)
    return (time.perf_counter() - begun) * 1000


def _count(engine: Engine, job: CountJob) -> None:
    state = answered(engine, job, pause=0.001, patience=PATIENCE_SECONDS)
    if not isinstance(state, Done):
        raise BenchError(f"A count failed: {getattr(state, 'problem', 'it took too long')}")


def _nothing(_: Engine) -> None:
    """The worker is left as it is."""


def _kill_worker(_: Engine) -> None:
    for process in multiprocessing.active_children():
        process.kill()


def _kill_busy_worker(engine: Engine) -> None:
    seed = time.time_ns() % 2**32
    job = CountJob(DenseBlockSpec(layers=64), InputSpec(4, 112, 112), RunSpec(device="cpu", seed=seed))
    state = engine.submit(job, "bench")
    while isinstance(state, Pending) and not state.running:
        time.sleep(0.001)
        state = engine.state(job, "bench") or state
    if not isinstance(state, Pending):
        raise BenchError("The job that should have kept the worker busy had ended already.")
    _kill_worker(engine)
