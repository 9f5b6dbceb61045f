"""One worker process behind a pipe: how it is started, given a job, and ended.

The pool (pebble) gives one process, deadlines and hard kills. After anything unusual (a killed
worker, a deadline, a job given up) the whole pool is thrown away and the next job gets a new one: a
fork of the server that has torch loaded, some 50 ms. A pool that goes on after a kill would keep
locks that the dead process held, and may kill the new job in place of the old one.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from multiprocessing import spawn
from pathlib import Path
from typing import Any

from pebble import ProcessPool

from explorer.engine import worker
from explorer.engine.worker import Errand, Setup
from explorer.spec import Job

METHOD = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
ROOT = Path(__file__).parents[2]
WORKER_NAME = "pebble_pool_worker"


class Worker:
    """At most one process, which runs one job at a time. Used from one thread only."""

    def __init__(self, setup: Setup, preload: tuple[str, ...]) -> None:
        self._setup = setup
        self._preload = preload
        self._pool: ProcessPool | None = None
        self._ending: list[threading.Thread] = []
        self._errand = Errand(None)

    def start(self) -> None:
        """Starts the process unless it runs. Waits for a fork; the first time, until torch has loaded.

        Raises:
            OSError, RuntimeError: it could not be started.
        """
        if self._pool is not None and self._pool.active:
            return
        self.discard()
        self._pool = ProcessPool(
            max_workers=1, initializer=worker.start, initargs=(_Once(self._setup),), context=_context(self._preload)
        )
        if not self._pool.active:  # asking starts it
            raise RuntimeError("the pool did not start")

    def run(self, job: Job, seconds: float) -> Future[bytes]:
        """Runs ``job``, which is killed ``seconds`` after it began. ``running()`` tells that it has begun.

        Raises:
            OSError, RuntimeError: there is no worker and none could be started.
        """
        self.start()
        assert self._pool is not None  # start() made it
        self._errand = Errand(job)
        future: Future[bytes] = self._pool.schedule(worker.answer, args=(self._setup, self._errand), timeout=seconds)
        future.add_done_callback(_emptied(self._errand))
        return future

    def discard(self) -> None:
        """Kills the process, whatever it does. Its job's future stays unanswered. Does not wait."""
        pool, self._pool = self._pool, None
        self._errand.take()
        if pool is not None:
            self._ending = [thread for thread in self._ending if thread.is_alive()]
            self._ending.append(threading.Thread(target=_end_behind, args=(pool,), name="end of a worker", daemon=True))
            self._ending[-1].start()

    def close(self) -> None:
        """Kills the process and waits until it is gone."""
        pool, self._pool = self._pool, None
        if pool is not None:
            _end(pool)
        for thread in self._ending:
            thread.join()


def _emptied(errand: Errand) -> Callable[[object], None]:
    """A callback that empties ``errand``."""

    def empty(_: object) -> None:
        errand.take()

    return empty


class SecondStartError(OSError):
    """A pool wanted to replace its worker by itself."""


class _Once:
    """``setup`` for one process; a pool that starts a second one breaks instead.

    A worker that ends with exit code 0 in the middle of a job would otherwise go unnoticed: the pool
    starts another and waits for the answer until the deadline.
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._used = False

    def __reduce__(self) -> tuple[type[Setup], tuple[Any, ...]]:
        if self._used:
            raise SecondStartError("this pool has started its worker already")
        self._used = True
        return Setup, dataclasses.astuple(self._setup)


def ended_unnoticed(error: BaseException) -> bool:
    """Whether a broken pool's ``error`` means that its worker ended with exit code 0 while it ran a job."""
    return isinstance(error.__cause__, SecondStartError)


def _end(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]  # pebble annotates most, not this
    # A pool that failed while it started or ended has nothing left to end.
    with contextlib.suppress(OSError, RuntimeError, AttributeError):
        pool.join()


def _end_behind(pool: ProcessPool) -> None:
    """Ends the process behind whatever else runs (Linux).

    A person has moved a slider and the page is being drawn, while the system takes a core for tenths of a second to
    free the gigabytes that a large block held. A dying process does that itself, in its own priority.
    """
    workers = getattr(getattr(getattr(pool, "_pool_manager", None), "worker_manager", None), "workers", {})
    for pid in list(workers):
        for thread in _threads(pid):
            with contextlib.suppress(OSError):  # gone already, or not allowed
                os.setpriority(os.PRIO_PROCESS, thread, 19)
    _end(pool)


def _threads(pid: int) -> list[int]:
    """The threads of a process; none of one that is gone, or where there is no ``/proc``."""
    try:
        return [int(thread.name) for thread in Path(f"/proc/{pid}/task").iterdir()]
    except OSError:  # it may go between any two looks
        return []


def _context(preload: tuple[str, ...]) -> Any:
    keep_page_out_of_workers()
    context = multiprocessing.get_context(METHOD)
    if METHOD == "forkserver":
        from multiprocessing import forkserver

        context.set_forkserver_preload(list(preload))
        # It finds this project, whatever the working directory is.
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        with _environment("PYTHONPATH", path):
            forkserver.ensure_running()
    return context


@contextlib.contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    """What is started meanwhile has the variable ``name``."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def keep_page_out_of_workers() -> None:
    """Workers of ours do not run the server's ``__main__``.

    Streamlit puts the page that is being drawn into ``sys.modules["__main__"]``; a worker started
    at that moment would run the page. Other processes of the same program are left as they are.
    """
    original = spawn.get_preparation_data
    if hasattr(original, "keeps_page_out"):
        return

    @functools.wraps(original)
    def preparation_data(name: str) -> dict[str, Any]:
        data: dict[str, Any] = original(name)
        if name.startswith(WORKER_NAME):
            data.pop("init_main_from_path", None)
            data.pop("init_main_from_name", None)
        return data

    preparation_data.keeps_page_out = True  # type: ignore[attr-defined]  # the mark that it is done
    spawn.get_preparation_data = preparation_data


def ignore_interrupts() -> None:
    """Blocks Ctrl-C in this thread and in all processes that it starts; the main thread gets it.

    A fork server that is still importing, or a worker between two bytecodes, would otherwise print
    a traceback into the terminal.
    """
    if METHOD == "forkserver":
        from multiprocessing import resource_tracker

        # Starting the tracker later would unblock the signal again. It would warn in the terminal of
        # locks left behind when the server is killed, which it removes.
        with _environment("PYTHONWARNINGS", "ignore:resource_tracker:UserWarning"):
            resource_tracker.ensure_running()
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def end_fork_server() -> None:
    """Ends the helpers that multiprocessing leaves until exit, unless somebody else's workers need them.

    There is no public call for it. A server that is still loading torch is killed, so that closing
    never waits for it.
    """
    if METHOD != "forkserver" or multiprocessing.active_children():
        return
    from multiprocessing import forkserver, resource_tracker

    kill_fork_server()
    for helper in (getattr(forkserver, "_forkserver", None), getattr(resource_tracker, "_resource_tracker", None)):
        stop = getattr(helper, "_stop", None)
        with contextlib.suppress(OSError):  # gone already
            if stop is not None:
                stop()


def kill_fork_server() -> None:
    """Kills the fork server, so that whoever waits for a worker from it is told that there is none."""
    if METHOD != "forkserver":
        return
    from multiprocessing import forkserver

    pid = getattr(getattr(forkserver, "_forkserver", None), "_forkserver_pid", None)
    if pid is not None:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
