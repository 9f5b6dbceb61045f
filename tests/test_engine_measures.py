"""The engine with the explorer's own measurements, as the web process holds it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

PROGRAM = """
import multiprocessing, sys, time
from explorer.engine import Done, Engine, Pending
from explorer.findings import BlockMeasurement, from_builtins
from explorer.spec import CountJob, DenseBlockSpec, InputSpec, RunSpec

def counted(engine, block, size=56, seed=0):
    job = CountJob(block, InputSpec(1, size, size), RunSpec(device="cpu", seed=seed))
    state = engine.submit(job, "test")
    while isinstance(state, Pending):
        time.sleep(0.005)
        state = engine.state(job, "test")
    assert isinstance(state, Done), state
    return from_builtins(BlockMeasurement, state.result)

if __name__ == "__main__":
    begun = time.monotonic()
    engine = Engine()
    found = counted(engine, DenseBlockSpec())
    cold = time.monotonic() - begun
    assert (found.parameters, found.saved_bytes, found.fake) == (335_040, 40_956_672, False)
    assert type(found.device.torch) is str
    after_kill = []
    for seed in range(3):
        for worker in multiprocessing.active_children():
            worker.kill()
        begun = time.monotonic()
        counted(engine, DenseBlockSpec(2, 1, 1), 2, seed)
        after_kill.append(time.monotonic() - begun)
    huge = counted(engine, DenseBlockSpec(4096, 512, 2), 1024)
    assert huge.fake and huge.refusal.kind == "refused"
    engine.close()
    assert "torch" not in sys.modules and not any(name.startswith("explorer.measure") for name in sys.modules)
    print(min(after_kill) / cold)
"""


def test_a_block_is_counted_without_torch_in_this_process_and_after_a_killed_worker() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, timeout=180, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert float(done.stdout) < 0.6, "a new worker need not load torch"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has niceness by thread")
@pytest.mark.parametrize("crowded", [False, True])
def test_torch_is_loaded_behind_the_page_but_never_starved_by_others(
    monkeypatch: pytest.MonkeyPatch, crowded: bool
) -> None:
    from explorer.measure import preload  # loads torch

    cores = len(os.sched_getaffinity(0))
    monkeypatch.setattr(os, "getloadavg", lambda: (cores if crowded else cores - 0.1, 0.0, 0.0))
    found: list[tuple[int, int]] = []

    def look() -> None:
        preload._give_way()
        found.append((os.sched_getscheduler(0), os.getpriority(os.PRIO_PROCESS, threading.get_native_id())))

    before = os.getpriority(os.PRIO_PROCESS, 0)
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [(os.SCHED_OTHER, before if crowded else max(before, preload.GIVING_WAY))]
    assert os.getpriority(os.PRIO_PROCESS, 0) == before  # the process that workers are forked from keeps its own


def test_a_worker_whose_explorer_has_ended_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Forked while the server ended, it finds no lock and no work; any other fault of its start is printed."""
    from explorer.measure import preload

    for fault in (FileNotFoundError(2, "No such file"), EOFError(), BrokenPipeError()):
        preload.parting(type(fault), fault, None)
    assert capsys.readouterr().err == ""
    preload.parting(ValueError, ValueError("odd"), None)
    assert "ValueError: odd" in capsys.readouterr().err
