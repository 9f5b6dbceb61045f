"""Imported once by the fork server, so that every new worker starts with torch loaded and warm.

It runs a small block on fake tensors and on the meta device: their first use imports a symbolic
algebra package and costs most of a second. No real tensor operator runs, so no thread pool exists
when a worker is forked, and CUDA is never initialised, which a fork would not survive.

What fails here would fail in the terminal, as a traceback of the fork server's. It is left to the first
job, which meets the same fault and tells the page.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from types import TracebackType

GIVING_WAY = 10  # added to its niceness, as the counts worker adds it


def _load() -> None:
    _give_way()
    with contextlib.suppress(Exception):
        import explorer.measure.jobs  # noqa: F401  # imported for the workers that are forked from here
        from explorer.measure.fake import fake_counts
        from explorer.measure.table import module_rows
        from explorer.spec import DenseBlockSpec, InputSpec, RunSpec

        small = DenseBlockSpec(2, 1, 1), InputSpec(2, 2, 2), RunSpec()
        fake_counts(*small)
        module_rows(*small)


def _give_way() -> None:
    """Lets this thread leave the cores to the page, which opens at the same time (Linux).

    Not where others keep all cores busy anyway: behind four of them it would get a twentieth of one, and the page
    would wait minutes for its first count. A process could not take that back, hence the thread, which ends with the
    loading.
    """
    if sys.platform == "linux" and not _crowded():
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), GIVING_WAY)


def _crowded() -> bool:
    """Whether in the last minute there was work for as many cores as there are, or more."""
    return os.getloadavg()[0] >= len(os.sched_getaffinity(0))


def parting(kind: type[BaseException], fault: BaseException, trace: TracebackType | None) -> None:
    """Prints what a new worker could not begin with, but not that the explorer ended while it was being forked.

    Then the locks that it was to share are gone, or nobody sends it its work: to a person no fault at all.
    """
    if not issubclass(kind, FileNotFoundError | EOFError | ConnectionError):
        sys.__excepthook__(kind, fault, trace)


sys.excepthook = parting
_loading = threading.Thread(target=_load, name="loading torch")
_loading.start()
_loading.join()
