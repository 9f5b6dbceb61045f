"""The worker's edge: what runs inside the worker process. It never imports torch itself.

Everything that leaves is bytes of pickled builtins, failures included: an exception, a ``str``
subclass such as ``torch.__version__`` or a dataclass of the measuring room would import torch where
it is unpickled, which is the web process.
"""

from __future__ import annotations

import functools
import importlib
import io
import multiprocessing
import os
import pickle
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from explorer.engine import words
from explorer.findings import Problem, to_builtins
from explorer.language import Said, said
from explorer.memory import SMALLER, limit_memory
from explorer.spec import Job

GIVING_WAY = 5  # of 19 steps down in priority: a quarter of a core that another wants, all of one that nobody does


@dataclass(frozen=True)
class Setup:
    """What a worker is told when it starts; names are ``package.module:function``.

    One that ``gives_way`` leaves the cores to whoever else wants them, such as the page.
    """

    perform: str
    prepare: str | None
    memory_bytes: int | None
    answer_bytes: int
    gives_way: bool = False


class NotPlainError(ValueError):
    """An answer held something that is no builtin; the text names it."""


# --- starting -------------------------------------------------------------------------------------


def start(setup: Setup) -> None:
    """The pool's initializer. It never raises: a pool would print the traceback and die."""
    # The pool's own handler runs only between two bytecodes, so a long torch operation would hold
    # it back; the system's default ends the process at once.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, name="end with parent", daemon=True).start()
    unprepared(setup)


def _end_with_parent() -> None:
    """A busy worker must not outlive a server that was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@functools.cache
def unprepared(setup: Setup) -> Problem | None:
    """Prepares this process, once; what went wrong, if anything."""
    try:
        _be_the_first_to_go()
        if setup.gives_way and hasattr(os, "nice"):
            os.nice(GIVING_WAY)
        if setup.prepare is not None:
            _named(setup.prepare)()
    except ModuleNotFoundError as error:
        names = {"torch": "PyTorch", "torchinfo": "torchinfo", "PIL": "Pillow"}
        if error.name not in names:
            return _in_words(error, _NOT_PREPARED)
        advice = said("Install what requirements.txt lists, or the package's extra measure.")
        return Problem("failed", said("{package} is not installed.", package=names[error.name]), advice)
    except BaseException as error:
        return _in_words(error, _NOT_PREPARED)
    return None


def _be_the_first_to_go() -> None:
    """When the system runs out of memory it should end this process, not the server."""
    try:
        Path("/proc/self/oom_score_adj").write_text("500")
    except OSError:
        return  # not Linux, or not allowed: then the system chooses


def _named(name: str) -> Callable[..., Any]:
    module, _, function = name.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return found


# --- running --------------------------------------------------------------------------------------


class Errand:
    """A job on its way to the worker and through it, taken once.

    On both sides the pool remembers what it ran last until it runs something else; what it remembers is
    empty by then, so that a picture that a person gave is not kept with it.
    """

    def __init__(self, job: Job | None) -> None:
        self._job = job

    def take(self) -> Job | None:
        """The job; None from the second time on."""
        job, self._job = self._job, None
        return job


def answer(setup: Setup, errand: Errand) -> bytes:
    """Runs a job: its result, or ``{"problem": …}``, as :func:`read_answer` reads it. Never raises."""
    try:
        problem = unprepared(setup)
        if problem is not None:
            return _packed({"problem": to_builtins(problem)})
        limit_memory(setup.memory_bytes)
        packed = _packed(_named(setup.perform)(errand.take()))
        if len(packed) > setup.answer_bytes:
            problem = Problem("failed", said("The answer is too large ({size:,} bytes).", size=len(packed)), SMALLER)
            return _packed({"problem": to_builtins(problem)})
        read_answer(packed)  # what the server would refuse is found, and named, here
        return packed
    except NotPlainError as error:
        return _packed({"problem": to_builtins(words.not_plain(str(error)))})
    except BaseException as error:  # SystemExit too: a job must not end the worker
        return _packed({"problem": to_builtins(_in_words(error, _FAILED))})


def _packed(result: object) -> bytes:
    if type(result) is not dict:
        raise NotPlainError(f"a {type(result).__name__} instead of a dict")
    try:
        return pickle.dumps(result, protocol=5)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise NotPlainError(_first_line(error)) from None


_FAILED, _NOT_PREPARED = said("The measurement failed"), said("The worker could not be prepared")


def _in_words(error: BaseException, what: Said) -> Problem:
    text = _first_line(error)
    out_of_memory = ("alloc" in text and "memory" in text) or "out of memory" in text.lower()
    if isinstance(error, MemoryError) or out_of_memory:
        words = (
            said("There was not enough memory to run this: {fault}.", fault=text)
            if text
            else said("There was not enough memory to run this.")
        )
        return Problem("out_of_memory", words, SMALLER)
    kind = type(error).__name__
    fault = f"{kind}: {text}" if text else kind
    return Problem("failed", said("{what}: {fault}.", what=what, fault=fault))


def _first_line(error: BaseException, limit: int = 300) -> str:
    try:
        lines = str(error).strip().splitlines()
    except Exception:  # a foreign exception whose text fails must not hide that it was raised
        lines = []
    line = lines[0].rstrip(". ") if lines else ""
    return line if len(line) <= limit else line[: limit - 1] + "…"


# --- arriving (in the server) ---------------------------------------------------------------------


class _PlainUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        raise NotPlainError(f"it holds {module}.{name}")


def read_answer(packed: bytes) -> dict[str, Any]:
    """The dict that :func:`answer` packed.

    Raises:
        NotPlainError: it holds something that is no builtin.
    """
    result: dict[str, Any] = _PlainUnpickler(io.BytesIO(packed)).load()
    return result
