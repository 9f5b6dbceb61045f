"""The benchmarks as a person runs them: what they print, how they are stopped, and what they leave behind."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import playwright.sync_api
import pytest
import websockets.asyncio.server
from server import descendants, interrupted

from explorer.bench.faults import BenchError, told
from explorer.bench.server import ROOT, running_server
from explorer.bench.session import session

ROW = re.compile(r"(.+?)  +([\d,.]+)  +([\d,.]+) – ([\d,.]+)  ms +1")


@contextmanager
def bench(*words: str) -> Iterator[subprocess.Popen[str]]:
    """A benchmark under way, in a process group of its own as a terminal gives it one."""
    process = subprocess.Popen(
        [sys.executable, "-m", "explorer", "bench", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def command(pid: int) -> str:
    """How a process was called; empty once it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def until_started(process: subprocess.Popen[str], sign: str) -> list[int]:
    """The benchmark's processes as soon as one of them was called with ``sign``."""
    end = time.monotonic() + 120
    while time.monotonic() < end and process.poll() is None:
        found = descendants(process.pid)
        if any(sign in command(pid) for pid in found):
            return found
        time.sleep(0.02)
    raise AssertionError(f"no {sign} was started")


def all_gone(pids: list[int]) -> bool:
    """Whether they all end soon: an orphan's end is for the system to record."""
    end = time.monotonic() + 15
    while time.monotonic() < end and any(map(command, pids)):
        time.sleep(0.02)
    return not any(map(command, pids))


def test_bench_engine_for_real() -> None:
    with bench("engine", "--runs", "1") as process:
        out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, "")
    rows = [ROW.fullmatch(line) for line in out.splitlines()[1:]]
    found = {row[1]: [float(text.replace(",", "")) for text in row.groups()[1:]] for row in rows if row}
    assert len(found) == len(rows) == 5
    assert all(median == low == high > 0 for median, low, high in found.values())
    assert found["count of the smallest block"] < found["start to first count"]


@pytest.mark.parametrize(
    ("what", "sign", "how"),
    [
        ("engine", "forkserver", signal.SIGINT),
        ("engine", "forkserver", signal.SIGTERM),
        ("page", "--type=renderer", signal.SIGINT),
        ("page", "--type=renderer", signal.SIGTERM),
        ("files", "bench.load", signal.SIGTERM),
    ],
)
def test_an_interrupted_benchmark_says_so_and_leaves_no_process(what: str, sign: str, how: signal.Signals) -> None:
    """Ctrl-C as a terminal does it, to the whole process group, a browser included; SIGTERM to the program alone."""
    with bench(what, "--runs", "1000") as process:
        started = until_started(process, sign)
        out, err = interrupted(process, how)
        assert (process.returncode, out) == (130, "")
        assert err == f"The {what} benchmark was interrupted.\n"
        assert all_gone(started)


@pytest.mark.parametrize("after", [0, 0.05, 0.5])  # seconds: before, while and after it opens a page
def test_a_browser_that_crashes_ends_the_benchmark_in_one_sentence(after: float) -> None:
    with bench("page", "--runs", "1") as process:
        started = until_started(process, "--type=renderer")
        time.sleep(after)
        leader = next(pid for pid in started if "--headless" in command(pid) and "--type=" not in command(pid))
        os.kill(leader, signal.SIGKILL)
        out, err = process.communicate(timeout=30)
        assert (process.returncode, out) == (3, "")
        assert re.fullmatch(r"The benchmark of the page could not be finished: .*closed.*\.\n", err), err
        assert all_gone(started)


def test_a_server_that_does_not_start_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BenchError) as problem, running_server(tmp_path / "missing.py", tmp_path / "log"):
        pass
    assert re.fullmatch(r"The server did not start: .*does not exist.*\.", str(problem.value))
    assert problem.value.__notes__ == [(tmp_path / "log").read_text().strip()]


def test_a_person_whose_session_the_server_ends_is_told_at_once() -> None:
    async def hang_up(socket: websockets.asyncio.server.ServerConnection) -> None:
        await socket.recv()

    async def visit() -> None:
        async with websockets.asyncio.server.serve(
            hang_up, "127.0.0.1", 0, subprotocols=[websockets.Subprotocol("streamlit")]
        ) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            async with session(f"http://127.0.0.1:{port}"):
                raise AssertionError("the page was never drawn")

    begun = time.monotonic()
    with pytest.raises(ConnectionError, match="ended a person's session"):
        asyncio.run(visit())
    assert time.monotonic() - begun < 20


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (
            playwright.sync_api.Error("Page.goto: net::ERR_ABORTED\nCall log:\n  - navigating"),
            "Page.goto: net::ERR_ABORTED",
        ),
        (TimeoutError(), "an answer did not come in time"),
        (KeyError(), "KeyError"),
        (OSError("x" * 500), "x" * 200),
    ],
)
def test_whatever_fails_in_a_benchmark_is_one_sentence(fault: Exception, words: str) -> None:
    def fail() -> None:
        raise fault

    with pytest.raises(BenchError) as problem, told("page"):
        fail()
    assert str(problem.value) == f"The benchmark of the page could not be finished: {words}."


@pytest.mark.parametrize("kind", [BenchError, RuntimeError, KeyboardInterrupt])
def test_what_is_told_already_stays_as_it_is(kind: Callable[[str], BaseException]) -> None:
    with pytest.raises(BaseException, match=r"^There is no browser\.$"), told("page"):
        raise kind("There is no browser.")
