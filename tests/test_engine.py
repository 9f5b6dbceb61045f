"""The engine with real worker processes and small fake jobs: faults, limits, waiting, ending."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from engine_jobs import engine, failure, fake, result, settled, wait_until
from server import cpu_seconds

import explorer.engine
from explorer.engine import Done, Engine, Failed, Limits, Pending
from explorer.engine.line import Ask, in_order
from explorer.engine.pool import _threads
from explorer.engine.schedule import ACCEPT_SECONDS

HERE = Path(__file__).parent
NEXT_SECONDS = 15.0  # the most after any fault, on the busiest machine; `bench engine` says how fast it is
GONE_SECONDS = 20.0  # the most until all has ended, on such a machine; jobs and loading take longer


def runs(path: Path) -> int:
    return len(path.read_text().split()) if path.exists() else 0


def next_result(made: Engine, number: int = 0) -> float:
    begun = time.monotonic()
    result(made, fake("echo", f"next {number}"), "somebody else")
    return time.monotonic() - begun


@pytest.fixture(scope="module")
def shared() -> Iterator[Engine]:
    with engine(Limits(memory_bytes=1 << 30)) as made:
        yield made


# --- answers --------------------------------------------------------------------------------------


def test_the_public_names_are_these() -> None:
    assert explorer.engine.__all__ == ["Counters", "Done", "Engine", "Failed", "Limits", "Pending", "State"]
    public = [name for name in vars(Engine) if not name.startswith("_")]
    assert public == ["submit", "state", "cancel", "counters", "close"]


def test_submit_does_not_wait_for_the_worker() -> None:
    with engine(preload=("slow_preload_that_does_not_exist",)) as made:
        begun = time.monotonic()
        state = made.submit(fake("echo", "hello"), "a")
        asked = time.monotonic() - begun
        assert isinstance(state, Pending) and not state.running and state.ahead == 0
        settled(made, fake("echo", "hello"))
        assert asked < (time.monotonic() - begun) / 2, "it answered before there was a worker"
        assert result(made, fake("echo", "hello"))["text"] == "hello"
        assert made.state(fake("echo", "hello")) == settled(made, fake("echo", "hello"))
        assert made.state(fake("echo", "never asked for")) is None


def test_a_running_job_says_so_and_what_waits_counts_it(shared: Engine) -> None:
    shared.submit(fake("sleep", 0.3, 1), "a")
    wait_until(lambda: _running(shared, 1))
    behind = shared.submit(fake("sleep", 0.3, 2), "a")
    assert isinstance(behind, Pending) and not behind.running and behind.ahead == 1
    assert result(shared, fake("sleep", 0.3, 2)) == {"slept": 0.3}


def _running(made: Engine, number: int) -> bool:
    state = made.state(fake("sleep", 0.3, number), "a")
    return isinstance(state, Pending) and state.running


def test_results_keep_their_builtin_types(shared: Engine) -> None:
    assert result(shared, fake("echo", "x"))["shape"] == (1, 2)


def test_equal_jobs_from_many_threads_share_one_run(shared: Engine, tmp_path: Path) -> None:
    path = tmp_path / "runs"
    answers: list[object] = []

    def ask(who: int) -> None:
        answers.append(result(shared, fake("note", path), f"person {who}"))

    together([partial(ask, who) for who in range(50)])
    assert answers == [{}] * 50
    assert runs(path) == 1


def test_different_jobs_from_many_threads_each_get_their_own_answer(shared: Engine) -> None:
    answers: dict[int, object] = {}

    def ask(who: int) -> None:
        answers[who] = result(shared, fake("echo", f"of {who}"), f"person {who}")["text"]

    together([partial(ask, who) for who in range(50)])
    assert answers == {who: f"of {who}" for who in range(50)}


def together(calls: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_state_is_cheap_while_much_waits(shared: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking how a job stands sorts the line once for each change of it, not once for each question."""
    sorted_lines: list[int] = []

    def counting(waiting: Iterable[Ask], *rest: Any) -> list[Ask]:
        sorted_lines.append(1)
        return in_order(waiting, *rest)

    jobs = [fake("sleep", 0.2, number) for number in range(100, 150)]
    for number, job in enumerate(jobs):
        shared.submit(job, f"person {number}")
    monkeypatch.setattr("explorer.engine.schedule.in_order", counting)
    for _ in range(40):
        for number, job in enumerate(jobs):
            shared.state(job, f"person {number}")
    questions = 40 * len(jobs)
    for number, job in enumerate(jobs):
        shared.cancel(job, f"person {number}")
    assert len(sorted_lines) < questions / 10


# --- faults ---------------------------------------------------------------------------------------

IN_THE_JOB = [
    ("exit_politely", "2", "failed", "SystemExit: 2"),
    ("recurse", "", "failed", "RecursionError"),
    ("raises", "bad value\nsecond line", "failed", "ValueError: bad value."),
    ("raise_strange", "", "failed", "Strange."),
    ("huge", str(20 << 20), "failed", "too large (20,"),
    ("local_function", "", "failed", "not plain data: Can't pickle"),
    ("own_class", "", "failed", "not plain data: it holds engine_jobs.Fake"),
    ("no_dict", "", "failed", "a list instead of a dict"),
    ("problem", "", "refused", "It would not fit."),
    ("bad_problem", "", "failed", "not plain data"),
    ("allocate", str(2 << 30), "out_of_memory", "not enough memory"),
    ("no such deed", "", "failed", "KeyError"),
]


@pytest.mark.parametrize(("do", "text", "kind", "words"), IN_THE_JOB)
def test_what_fails_in_the_job_is_told_and_the_worker_lives_on(
    shared: Engine, do: str, text: str, kind: str, words: str
) -> None:
    pid = result(shared, fake("echo", "who"))["pid"]
    found, message = failure(shared, fake(do, text))
    assert found == kind and words in message and "\n" not in message and "Traceback" not in message
    assert result(shared, fake("echo", f"who after {do}"))["pid"] == pid


@pytest.mark.parametrize(
    ("do", "text", "words"),
    [
        ("kill_itself", "9", "was killed while it counted this block (signal 9, SIGKILL)"),
        ("kill_itself", "11", "(signal 11, SIGSEGV)"),
        ("leave", "3", "ended while it counted this block (exit code 3)"),
        ("leave", "0", "ended while it counted this block (exit code 0)"),
    ],
)
def test_a_lost_worker_is_told_and_the_next_result_comes_soon(shared: Engine, do: str, text: str, words: str) -> None:
    kind, message = failure(shared, fake(do, text))
    assert kind == "worker_lost" and words in message
    assert next_result(shared, hash((do, text))) < NEXT_SECONDS


def test_a_worker_killed_while_idle_is_replaced_without_a_word(shared: Engine) -> None:
    for number in range(3):
        os.kill(result(shared, fake("echo", f"idle {number}"))["pid"], signal.SIGKILL)
        time.sleep(0.3 * number)  # at once, soon, and after the pool has noticed
        assert next_result(shared, 100 + number) < NEXT_SECONDS


def test_a_job_past_its_deadline_is_killed_and_told(tmp_path: Path) -> None:
    with engine(Limits(count_seconds=0.3)) as made:
        result(made, fake("echo"))
        taken = []
        for do in ("sleep", "spin"):
            begun = time.monotonic()
            kind, message = failure(made, fake(do, 30))
            assert kind == "timed_out" and "Counting this block took longer than the 0.3 s allowed" in message
            taken.append(time.monotonic() - begun)
            assert next_result(made, len(do)) < NEXT_SECONDS
        assert min(taken) < 0.3 + ACCEPT_SECONDS, "by the pool's deadline, not by the schedule's"


@pytest.mark.parametrize("do", ["stop_itself", "hold_back_signals"])
def test_a_worker_that_does_not_listen_is_killed_all_the_same(do: str) -> None:
    with engine(Limits(count_seconds=0.2, grace_seconds=0.1)) as made:
        pid = result(made, fake("echo"))["pid"]
        made.submit(fake(do, 30), "a")
        time.sleep(0.1)
        made.cancel(fake(do, 30), "a")
        assert next_result(made) < NEXT_SECONDS
        wait_until(lambda: not alive(pid), GONE_SECONDS)


def test_what_a_lost_worker_left_is_told_for_a_while_and_then_run_again() -> None:
    with engine(Limits(retry_seconds=1.5)) as made:
        job = fake("kill_itself", 9, 7)
        lost = settled(made, job)
        assert isinstance(lost, Failed) and lost.problem.kind == "worker_lost" and lost.again is not None
        assert made.submit(job, "again") == lost
        time.sleep(max(0.0, lost.again - time.monotonic()))
        assert isinstance(made.submit(job, "again"), Pending)
        assert failure(made, job, "again")[0] == "worker_lost"
        made.cancel(job, "again")
        assert isinstance(made.submit(job, "again"), Pending), "forgotten, so it runs at once"


def test_a_worker_that_a_job_broke_is_replaced_and_the_job_says_why() -> None:
    with engine() as made:
        pid = result(made, fake("echo"))["pid"]
        assert failure(made, fake("break_device")) == ("failed", "The GPU reported an error.")
        wait_until(lambda: not alive(pid), GONE_SECONDS)
        assert result(made, fake("echo", "after"))["pid"] != pid


def test_a_worker_that_is_of_no_more_use_after_its_answer_is_replaced_too() -> None:
    with engine() as made:
        spent = result(made, fake("succeed_and_break"))["pid"]
        assert result(made, fake("echo"))["pid"] != spent
        wait_until(lambda: not alive(spent))


def test_a_worker_that_cannot_be_prepared_says_why() -> None:
    with engine(prepare="engine_jobs:refuse_to_prepare") as made:
        assert failure(made, fake("echo")) == (
            "failed",
            "The worker could not be prepared: ValueError: no such device.",
        )


def test_unknown_job_functions_are_told() -> None:
    made = Engine("explorer.nowhere:perform", prepare=None, preload=())
    try:
        kind, message = failure(made, fake("echo"))
        assert kind == "failed" and "explorer.nowhere" in message
    finally:
        made.close()


# --- waiting --------------------------------------------------------------------------------------


def test_what_nobody_waits_for_is_killed_and_not_begun(tmp_path: Path) -> None:
    with engine(Limits(lease_seconds=1.5, grace_seconds=0.1)) as made:
        result(made, fake("echo"))
        running, waiting = tmp_path / "running", tmp_path / "waiting"
        made.submit(fake("note_and_sleep", f"{running} 30"), "a")
        made.submit(fake("note", waiting), "a")
        wait_until(lambda: runs(running) == 1)
        pid = int(running.read_text())
        assert (
            wait_until(lambda: made.state(fake("note_and_sleep", f"{running} 30")) is None, GONE_SECONDS) < NEXT_SECONDS
        )
        wait_until(lambda: not alive(pid), GONE_SECONDS)
        assert next_result(made) < NEXT_SECONDS
        assert runs(waiting) == 0


def test_a_waiter_who_asks_now_and_then_keeps_its_job() -> None:
    with engine(Limits(lease_seconds=1.5)) as made:
        assert result(made, fake("sleep", 2.5)) == {"slept": 2.5}


def test_cancel_ends_a_run_unless_another_waits_for_it(tmp_path: Path) -> None:
    with engine(Limits(grace_seconds=0.1)) as made:
        job = fake("note_and_sleep", f"{tmp_path / 'run'} 1.0")
        made.submit(job, "a")
        made.submit(job, "b")
        wait_until(lambda: runs(tmp_path / "run") == 1)
        made.cancel(job, "a")
        assert result(made, job, "b") == {"slept": 1.0}
        job = fake("note_and_sleep", f"{tmp_path / 'other'} 30")
        made.submit(job, "a")
        wait_until(lambda: runs(tmp_path / "other") == 1)
        made.cancel(job, "a")
        begun = time.monotonic()
        wait_until(lambda: isinstance(made.state(job), Failed))
        assert time.monotonic() - begun < NEXT_SECONDS
        state = made.state(job)
        assert isinstance(state, Failed) and state.problem.kind == "cancelled"


def test_a_run_that_is_nearly_done_is_let_finish(tmp_path: Path) -> None:
    with engine(Limits(grace_seconds=60)) as made:
        pid = result(made, fake("echo"))["pid"]
        job = fake("sleep", 0.3)
        made.submit(job, "a")
        time.sleep(0.1)
        made.cancel(job, "a")
        wait_until(lambda: made.state(job) == Done({"slept": 0.3}))
        assert result(made, fake("echo", "after"))["pid"] == pid


def test_dragging_through_twenty_values_runs_what_settles(tmp_path: Path) -> None:
    with engine(Limits(grace_seconds=0.1)) as made:
        result(made, fake("echo"))
        path = tmp_path / "runs"
        jobs = [fake("note_and_sleep", f"{path} 0.3", number) for number in range(20)]
        for job in jobs:
            made.submit(job, "a")
            time.sleep(0.01)
            if job is not jobs[-1]:
                made.cancel(job, "a")
        assert result(made, jobs[-1], "a") == {"slept": 0.3}
        assert runs(path) < 10, "one or two that had begun, some more on a busy machine, and the last"


def test_a_count_does_not_wait_for_a_timing_and_the_timing_begins_anew(tmp_path: Path) -> None:
    with engine() as made:
        result(made, fake("echo"))
        timing = fake("note_and_sleep", f"{tmp_path / 'timing'} 1.0", kind="time")
        made.submit(timing, "a")
        wait_until(lambda: runs(tmp_path / "timing") == 1)
        first = int((tmp_path / "timing").read_text())
        begun = time.monotonic()
        result(made, fake("echo", "a count"), "b")
        assert time.monotonic() - begun < NEXT_SECONDS
        wait_until(lambda: not alive(first), GONE_SECONDS)
        assert result(made, timing, "a") == {"slept": 1.0}
        assert runs(tmp_path / "timing") == 2


def test_after_a_compile_the_next_job_has_a_fresh_process() -> None:
    with engine() as made:
        first, second = (fake("echo", "", number, kind="compiled") for number in (1, 2))
        pids = [
            result(made, job)["pid"] for job in (first, second, fake("echo", kind="time"), fake("echo", 1, kind="time"))
        ]
        assert len(set(pids[:3])) == 3 and pids[2] == pids[3]
        wait_until(lambda: not any(map(alive, pids[:2])))
        assert failure(made, fake("problem", kind="compiled"))[0] == "refused"
        assert result(made, fake("echo", 2, kind="time"))["pid"] != pids[3]


def test_timings_are_not_starved_by_counts(tmp_path: Path) -> None:
    with engine(Limits(preemptions=1)) as made:
        timing = fake("sleep", 0.5, kind="time")
        made.submit(timing, "a")
        end, number = time.monotonic() + 120, 0
        while isinstance(made.state(timing, "a"), Pending):
            assert time.monotonic() < end
            number += 1
            result(made, fake("sleep", 0.05, number), "b")
        assert made.state(timing) == Done({"slept": 0.5})


def test_the_thread_of_an_idle_engine_sleeps() -> None:
    code = """
import os, time, engine_jobs as e
if __name__ == "__main__":
    with e.engine() as made:
        e.result(made, e.fake("echo"))
        time.sleep(0.5)
        waited, wait = [], made._lock.wait
        made._lock.wait = lambda seconds=None: waited.append(seconds) or wait(seconds)
        time.sleep(3)
        print(len(waited))
"""
    assert int(run(code).stdout) <= 1, "its thread sleeps until it is told"


# --- what the processes hold, and how they end ----------------------------------------------------


def run(code: str, *args: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    """Runs ``code`` as a program of its own; nothing may be printed as an error."""
    done = subprocess.run(
        [sys.executable, "-c", code, *args], cwd=HERE, env=program_environment(), capture_output=True, text=True,
        timeout=timeout, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done


def program_environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE.parent), str(HERE)])}


def alive(pid: int) -> bool:
    """Whether ``pid`` runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def descendants(pid: int) -> list[int]:
    """All processes below ``pid``."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        parents.setdefault(parent, []).append(int(stat.parent.name))
    found, open_pids = [], [pid]
    while open_pids:
        below = parents.get(open_pids.pop(), [])
        found += below
        open_pids += below
    return found


def test_the_server_never_loads_torch_and_the_worker_never_streamlit(tmp_path: Path) -> None:
    code = """
import sys, types, engine_jobs as e
page = types.ModuleType("__main__")
page.__file__ = sys.argv[1]  # what streamlit puts there while it draws
if __name__ == "__main__":
    sys.modules["__main__"] = page
    with e.engine(prepare="engine_jobs:prepare") as made:
        for number, break_it in enumerate((None, e.fake("kill_itself", 9), e.fake("leave", 1))):
            if break_it:
                assert e.failure(made, break_it)[0] == "worker_lost"
            held = e.result(made, e.fake("look_around", number))
            assert held["prepared"] == "yes"
            assert "streamlit" not in held["modules"], "the worker ran the page"
        print(e.failure(made, e.fake("torch_version")))
        print(e.failure(made, e.fake("torch_error")))
    assert "torch" not in sys.modules and "streamlit" not in sys.modules
"""
    page = tmp_path / "page.py"
    page.write_text("import streamlit\nstreamlit.write('drawn')\n")
    printed = run(code, str(page)).stdout
    assert "it holds torch.torch_version.TorchVersion" in printed
    assert "RuntimeError: inconsistent tensor size" in printed


def test_a_real_memory_limit_speaks_in_torchs_words_and_the_worker_lives_on() -> None:
    with engine(Limits(memory_bytes=3 << 30)) as made:
        assert result(made, fake("torch_allocate", 1 << 20)) == {"sum": 0.0}
        pid = result(made, fake("echo"))["pid"]
        worked = cpu_seconds(pid)
        kind, message = failure(made, fake("torch_allocate", 8 << 30))
        assert cpu_seconds(pid) - worked < 1, "it is refused, not filled"
        assert kind == "out_of_memory" and "allocate" in message
        assert result(made, fake("echo", "after"))["pid"] == pid


def test_a_worker_is_warm_when_its_modules_are_loaded_beforehand() -> None:
    code = """
import time, engine_jobs as e
if __name__ == "__main__":
    with e.engine(preload=("torch",)) as made:
        assert e.failure(made, e.fake("leave", 1))[0] == "worker_lost"
        begun = time.monotonic()
        assert "torch" in e.result(made, e.fake("look_around"))["modules"]
        print(time.monotonic() - begun)
"""
    assert float(run(code).stdout) < NEXT_SECONDS


BUSY = """
import sys, time, engine_jobs as e
if __name__ == "__main__":
    with e.engine() as made:
        e.result(made, e.fake("echo"))
        made.submit(e.fake("sleep", 60), "a")
        made.submit(e.fake("sleep", 60, kind="time"), "a")
        while not (s := made.state(e.fake("sleep", 60), "a")).running:
            time.sleep(0.01)
        try:
            print("busy", flush=True)
            time.sleep(60)
        except KeyboardInterrupt:
            pass
"""
STARTING = """
import sys, time, engine_jobs as e
if __name__ == "__main__":
    with e.engine(preload=("engine_slow_preload",)) as made:
        made.submit(e.fake("echo"), "a")
        time.sleep(float(sys.argv[1]))
        try:
            print("busy", flush=True)
            time.sleep(60)
        except KeyboardInterrupt:
            pass
"""


@pytest.mark.parametrize(("code", "args"), [(BUSY, []), (STARTING, ["0.05"]), (STARTING, ["0.5"])])
def test_ctrl_c_in_the_terminal_ends_everything_quietly(code: str, args: list[str]) -> None:
    end_by(code, args, lambda process: os.killpg(process.pid, signal.SIGINT))


def test_everything_ends_when_the_server_is_killed() -> None:
    end_by(BUSY, [], lambda process: process.kill())


def end_by(code: str, args: list[str], end: Callable[[subprocess.Popen[str]], None]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", code, *args], cwd=HERE, env=program_environment(), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == "busy\n", process.stderr.read()
        latest = time.monotonic() + 120
        while len(below := descendants(process.pid)) < 2:
            assert time.monotonic() < latest
            time.sleep(0.01)
        begun = time.monotonic()
        end(process)
        process.wait(GONE_SECONDS)
        wait_until(lambda: not any(map(alive, below)), GONE_SECONDS)
        assert time.monotonic() - begun < GONE_SECONDS
        assert process.stderr.read() == ""
    finally:
        process.kill()
        process.communicate()


def test_closing_while_busy_leaves_no_process() -> None:
    code = """
import os, time, test_engine as t, engine_jobs as e
if __name__ == "__main__":
    for do in ("sleep", "stop_itself", "hold_back_signals"):
        with e.engine() as made:
            job = e.fake(do, 60)
            made.submit(job, "a")
            made.submit(e.fake("sleep", 60, kind="time"), "a")
            while not (s := made.state(job, "a")).running:
                time.sleep(0.01)
            time.sleep(0.1)
            begun = time.monotonic()
        assert time.monotonic() - begun < t.GONE_SECONDS, do
        assert t.descendants(os.getpid()) == [], do
        made.close()
        assert made.submit(job, "a").problem.kind == "cancelled"
        assert made.state(job, "a").running in (True, False)
"""
    run(code)


def test_a_worker_that_slept_while_idle_is_replaced_when_it_takes_no_job(shared: Engine) -> None:
    pid = result(shared, fake("echo", "before it slept"))["pid"]
    os.kill(pid, signal.SIGSTOP)
    assert next_result(shared, 200) < ACCEPT_SECONDS + NEXT_SECONDS
    wait_until(lambda: not alive(pid), GONE_SECONDS)


def test_closing_while_it_starts_does_not_wait_for_it() -> None:
    code = """
import os, time, test_engine as t, engine_jobs as e
if __name__ == "__main__":
    for wait in (0, 0.01, 0.1):
        begun = time.monotonic()
        with e.engine(preload=("engine_slow_preload",)) as made:
            made.submit(e.fake("echo"), "a")
            time.sleep(wait)
        assert time.monotonic() - begun < t.GONE_SECONDS
        assert t.descendants(os.getpid()) == []
"""
    run(code)


def test_two_engines_do_not_end_each_others_workers() -> None:
    with engine() as one, engine() as two:
        pid = result(one, fake("echo"))["pid"]
        result(two, fake("echo"))
        two.close()
        assert result(one, fake("echo", "after"))["pid"] == pid
        assert failure(one, fake("leave", 1))[0] == "worker_lost"
        assert next_result(one) < NEXT_SECONDS


def test_other_processes_of_the_program_still_see_its_main_module(monkeypatch: pytest.MonkeyPatch) -> None:
    from multiprocessing import spawn

    with engine() as made:
        result(made, fake("echo"))
        # One of several processes that run tests has been given its program as words, not as a file.
        monkeypatch.setattr(sys.modules["__main__"], "__file__", __file__, raising=False)
        assert {"init_main_from_name", "init_main_from_path"} & set(spawn.get_preparation_data("Process-1"))
        held = spawn.get_preparation_data("pebble_pool_worker")
        assert not {"init_main_from_name", "init_main_from_path"} & set(held)


def test_of_a_process_that_is_gone_there_are_no_threads() -> None:
    """It may end between any two looks at it, and nothing of that may reach a terminal."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert _threads(ended.pid) == [] and os.getpid() in _threads(os.getpid())
