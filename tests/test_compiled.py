"""The compiled block measured: what it keeps beside ``list``; its cache; and what happens where it does not go well."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from explorer import theory
from explorer.bench.server import ROOT
from explorer.blocks import NoCompilerError
from explorer.blocks.compiled import CompiledBlock
from explorer.blocks.listed import ListBlock
from explorer.findings import CompiledStep, Device, Problem, from_builtins
from explorer.measure import compiled
from explorer.measure.jobs import perform
from explorer.measure.live import named_block
from explorer.spec import CompiledJob, DenseBlockSpec, InputSpec, RunSpec

SPEC, SIZE, RUN = DenseBlockSpec(6, 4, 2), InputSpec(2, 5, 5), RunSpec(device="cpu")

pytestmark = pytest.mark.usefixtures("one_thread")


# --- without compiling ----------------------------------------------------------------------------


@pytest.fixture
def interpreted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[float]]:
    """The compiled block runs what it would compile; the budgets that it was built with."""
    budgets: list[float] = []

    def forward(self: CompiledBlock, x: Tensor) -> Tensor:
        budgets.append(self.budget)
        return ListBlock.forward(self, x)

    monkeypatch.setattr(CompiledBlock, "forward", forward)
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    yield budgets


def job(rounds: int | None = 2, **run: Any) -> CompiledJob:
    return CompiledJob(SPEC, SIZE, RunSpec(device="cpu", **run), "0.25", rounds)


def problem_of(answer: dict[str, Any]) -> Problem:
    return from_builtins(Problem, answer["problem"])


@pytest.mark.parametrize("mode", ["training", "inference"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
def test_a_compiled_step_is_timed_beside_the_list_form(interpreted: list[float], mode: Any, dtype: Any) -> None:
    found = from_builtins(CompiledStep, perform(job(3, mode=mode, dtype=dtype)))
    assert (found.budget, set(interpreted)) == ("0.25", {0.25})
    assert len(found.milliseconds) == len(found.beside) == 3
    assert len(interpreted) == 3 + 3, "the first step, the count, and one round to warm up"
    assert found.compile_seconds > 0 and found.device.device == "cpu"
    assert found.kept_bytes == theory.kept_bytes(SPEC, SIZE, dtype, "list"), "the same code, which keeps as much"


def test_what_is_kept_is_each_storage_once_without_the_blocks_own() -> None:
    class Keeps(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(5))

        def forward(self, x: Tensor) -> Tensor:
            y: Tensor = (x * self.weight).exp()  # keeps x, the weight, and its result
            return y[:2].sin().sum() + y.sin()  # keeps two views of y

    assert compiled.kept_bytes(Keeps(), torch.ones(3, 5)) == 2 * 4 * 15


def test_a_step_that_would_not_fit_is_refused_and_nothing_compiled(
    interpreted: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "describe", lambda device: Device("cpu", "CPU", "2", 1, 1 << 40, 1000))
    problem = problem_of(perform(job()))
    assert problem.kind == "refused" and problem.available_bytes == 1000 and interpreted == []


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (NoCompilerError("torch.compile needs a C++ compiler."), "unsupported", "torch.compile needs a C++ compiler."),
        (MemoryError(), "out_of_memory", "ran out of memory"),
        (
            RuntimeError("CppCompileError: C++ compile error\nmore"),
            "failed",
            "failed: CppCompileError: C++ compile error.",
        ),
        (RuntimeError("g++: fatal error: cannot execute"), "failed", "torch.compile failed: g++"),
    ],
)
def test_what_goes_wrong_while_it_compiles_is_told(
    error: Exception, kind: str, words: str, interpreted: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: nn.Module, x: Tensor) -> Tensor:
        raise error

    monkeypatch.setattr(CompiledBlock, "forward", fail)
    problem = problem_of(perform(job()))
    assert problem.kind == kind and words in problem.message and "\n" not in problem.message


def test_what_runs_out_of_memory_beside_it_costs_only_what_is_beside_it(
    interpreted: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    forward = ListBlock.forward

    def full(self: ListBlock, x: Tensor) -> Tensor:
        if type(self) is ListBlock and not isinstance(x, torch._subclasses.FakeTensor):
            raise MemoryError
        return forward(self, x)

    monkeypatch.setattr(ListBlock, "forward", full)
    found = from_builtins(CompiledStep, perform(job()))
    assert (len(found.milliseconds), found.beside) == (2, ())


def test_where_the_cache_cannot_be_written_one_is_made_that_ends_with_the_job(
    interpreted: list[float], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def denied(**_: object) -> None:  # as root, who may write anywhere, no folder of a test would
        raise PermissionError("not yours")

    monkeypatch.setattr("tempfile.TemporaryFile", denied)
    with compiled._cache():
        made = Path(os.environ["TORCHINDUCTOR_CACHE_DIR"])
        assert made.is_dir() and made != tmp_path
    assert not made.exists() and os.environ["TORCHINDUCTOR_CACHE_DIR"] == str(tmp_path)
    assert "problem" not in perform(job())


def test_a_cache_that_cannot_be_made_stops_no_count(tmp_path: Path) -> None:
    """Torch makes its folder as soon as there are fake tensors, whether anything is compiled or not."""
    (tmp_path / "file").touch()
    program = """
from explorer.measure.fake import fake_counts
from explorer.spec import DenseBlockSpec, InputSpec, RunSpec
print(fake_counts(DenseBlockSpec(), InputSpec(), RunSpec()).saved_bytes)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=os.environ | {"TORCHINDUCTOR_CACHE_DIR": str(tmp_path / "file" / "below")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "40956672\n", "")


def test_the_cache_is_torchs_own_where_nobody_says_otherwise(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import tempfile

    monkeypatch.delenv("TORCHINDUCTOR_CACHE_DIR", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with compiled._cache():
        assert os.environ["TORCHINDUCTOR_CACHE_DIR"].startswith(str(tmp_path / "torchinductor_"))
    assert "TORCHINDUCTOR_CACHE_DIR" not in os.environ


# --- for real, in the engine's second worker --------------------------------------------------------


@pytest.fixture
def compiling(tmp_path: Path) -> dict[str, str]:
    """The environment of a program that compiles, with a cache of its own."""
    return os.environ | {"TORCHINDUCTOR_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}


PROGRAM = """
import json, multiprocessing, os, sys, time
from engine_jobs import settled
from server import descendants
from explorer.engine import Done, Engine
from explorer.spec import CompiledJob, DenseBlockSpec, InputSpec, RunSpec

if __name__ == "__main__":
    engine = Engine()
    found = []
    for budget in sys.argv[1:]:
        job = CompiledJob(DenseBlockSpec(6, 4, 1), InputSpec(2, 6, 6), RunSpec(device="cpu"), budget, 3)
        state = settled(engine, job, seconds=280)
        found.append(state.result if isinstance(state, Done) else {"problem": state.problem.kind})
    end = time.monotonic() + 60
    while (left := len(multiprocessing.active_children())) > 1 and time.monotonic() < end:
        time.sleep(0.05)
    engine.close()
    print(json.dumps([found, left, descendants(os.getpid()), "torch" in sys.modules]))
"""


def compiled_by_an_engine(environment: dict[str, str], *budgets: str) -> list[dict[str, Any]]:
    """What an engine of its own answers, whose second worker is gone afterwards."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *budgets],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=290,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    found, children, left, torch_here = json.loads(done.stdout)
    assert (children, left, torch_here) == (1, [], False), "the worker for counts alone, and nothing in the end"
    answers: list[dict[str, Any]] = found
    return answers


def libraries(environment: dict[str, str]) -> set[tuple[Path, int]]:
    """What has been compiled into the cache, and when."""
    found = Path(environment["TORCHINDUCTOR_CACHE_DIR"]).rglob("*.so")
    return {(path, path.stat().st_mtime_ns) for path in found}


def test_budgets_are_compiled_once_each_and_keep_what_they_keep(compiling: dict[str, str]) -> None:
    """Under the worker's limit of memory, in one process each; a later one finds what an earlier one compiled."""
    if shutil.which("g++") is None:
        assert compiled_by_an_engine(compiling, "1.0") == [{"problem": "unsupported"}]
        return
    much, little = compiled_by_an_engine(compiling, "1.0", "0.05")
    assert little["kept_bytes"] < much["kept_bytes"] / 2
    assert [len(step[name]) for step in (much, little) for name in ("milliseconds", "beside")] == [3] * 4
    made = libraries(compiling)
    (again,) = compiled_by_an_engine(compiling, "0.05")
    assert again["kept_bytes"] == little["kept_bytes"]
    assert made == libraries(compiling) != set(), "nothing was compiled a second time"


def test_a_compile_that_is_given_up_leaves_no_process(compiling: dict[str, str]) -> None:
    if shutil.which("g++") is None:
        pytest.skip("there is no compiler to leave behind")
    program = """
import os, time
from pathlib import Path
from engine_jobs import wait_until
from server import descendants
from explorer.engine import Engine
from explorer.spec import CompiledJob, DenseBlockSpec, InputSpec, RunSpec

def name(pid):
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""

if __name__ == "__main__":
    engine = Engine()
    job = CompiledJob(DenseBlockSpec(6, 4, 2), InputSpec(2, 6, 6), RunSpec(device="cpu"), "1.0", 3)
    engine.submit(job, "test")
    seen = set()
    def compiles():
        engine.state(job, "test")
        seen.update(pid for pid in descendants(os.getpid()) if name(pid) == "cc1plus")
        return seen
    wait_until(compiles, 100)
    engine.cancel(job, "test")
    wait_until(lambda: not any(name(pid) == "cc1plus" for pid in seen), 20)
    engine.close()
    print(descendants(os.getpid()))
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=compiling,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")


def test_the_compiled_block_has_the_budget_that_it_was_asked_for() -> None:
    block = named_block(SPEC, RUN, "compiled", 0.05)
    assert isinstance(block, CompiledBlock) and block.budget == 0.05
