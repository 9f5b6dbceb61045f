"""Code that is not ours, run in a process of its own: it may fail, hang or leave, and the program goes on."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from explorer.engine.states import limits_from
from explorer.findings import Trace, from_builtins
from explorer.language import Said, Text, said
from explorer.spec import OwnModule

TRACE_SECONDS = 120.0  # imports included


class ApartError(Exception):
    """That code could not be run; the text is one sentence for a person, in the language of whoever reads it."""

    def __init__(self, told: Text) -> None:
        self.told = told
        super().__init__(told)


def run_apart(module: str, asked: Mapping[str, Any], seconds: float, folder: str | None = None) -> dict[str, Any]:
    """What ``python -m module ASKED FOUND`` writes when it is asked ``asked``.

    Args:
        module: of the measuring room; it reads one JSON file and writes the other, with ``problem`` where it failed.
        asked: fit for JSON.
        seconds: after which it is stopped.
        folder: where it runs, and imports from; None for this process's own.

    Raises:
        ApartError: there was no answer, or a problem.
    """
    if importlib.util.find_spec("torch") is None:
        raise ApartError(said("PyTorch is not installed."))
    root = str(Path(__file__).parents[2])  # where it is not installed but run from its folder
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    with tempfile.TemporaryDirectory() as place:
        question, answer = Path(place) / "asked.json", Path(place) / "found.json"
        question.write_text(json.dumps(asked), encoding="utf-8")
        try:
            words = [sys.executable, "-m", module, str(question), str(answer)]
            status = _run(words, seconds, folder, os.environ | {"PYTHONPATH": os.pathsep.join(paths)})
        except subprocess.TimeoutExpired:
            raise ApartError(said("No answer within {seconds:g} s.", seconds=seconds)) from None
        except (FileNotFoundError, NotADirectoryError):
            raise ApartError(said("The folder to import it from is not there.")) from None
        try:
            found: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise ApartError(
                said("Its process ended without an answer (exit status {status}).", status=status)
            ) from None
    if "problem" in found:
        told = found["problem"]
        raise ApartError(told if isinstance(told, str) else from_builtins(Said, told))
    return found


def _run(words: Sequence[str], seconds: float, folder: str | None, environment: Mapping[str, str]) -> int:
    """The exit status of a program in a group of its own, of which nothing is left then: that code may have forked."""
    process = subprocess.Popen(
        words,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,
    )
    try:
        return process.wait(seconds)
    finally:
        if hasattr(os, "killpg"):
            # macOS refuses where everybody in the group has ended.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.wait()


def trace_apart(own: OwnModule) -> Trace:
    """Imports, builds and traces ``own``.

    Raises:
        ApartError: that could not be done.
    """
    asked = asdict(own) | {"memory_bytes": limits_from(os.environ).memory_bytes}
    return from_builtins(Trace, run_apart("explorer.measure.own_module", asked, TRACE_SECONDS, own.folder))
