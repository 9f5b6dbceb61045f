"""What went wrong, in words for a person."""

from __future__ import annotations

import signal

from explorer.findings import Problem
from explorer.memory import SMALLER

DOING = {
    "count": "counted this block",
    "time": "timed these blocks",
    "step": "followed this step's tensors",
    "compare": "compared these implementations",
    "compiled": "compiled and timed this block",
    "plan": "searched for what fits",
    "device": "looked for the device",
    "maps": "looked into this layer",
    "weights": "read this block's weights",
    "network": "counted this network",
    "heat": "read this network's weights",
    "published": "fetched this network's weights",
    "gradients": "measured this stack's gradients",
    "training": "trained this stack",
    "check": "tried this out on modules",
}


def _doing(kind: str) -> str:
    return DOING.get(kind, "worked on this")


def worker_lost(kind: str, exit_code: int) -> Problem:
    """The worker ended while it ran a job of ``kind``; ``exit_code`` is negative for a signal."""
    if exit_code < 0:
        number = -exit_code
        how = f"was killed while it {_doing(kind)} (signal {number}{_signal_name(number)})"
    else:
        how = f"ended while it {_doing(kind)} (exit code {exit_code})"
    advice = "It has been replaced."
    if exit_code == -9:
        advice += f" If it happens again, the system has probably run out of memory. {SMALLER}"
    return Problem("worker_lost", f"The worker process {how}.", advice)


def _signal_name(number: int) -> str:
    try:
        return f", {signal.Signals(number).name}"
    except ValueError:
        return ""


def not_started() -> Problem:
    """No worker could be brought up."""
    return Problem("worker_lost", "No worker process could be started, so nothing was measured.", "Ask again.")


def timed_out(kind: str, seconds: float) -> Problem:
    """A job of ``kind`` ran past its deadline of ``seconds``."""
    noun = {
        "count": "Counting this block",
        "time": "Timing these blocks",
        "step": "Following this step's tensors",
        "compare": "Comparing these implementations",
        "compiled": "Compiling and timing this block",
        "plan": "Searching for what fits",
        "device": "Looking for the device",
        "maps": "Looking into this layer",
        "weights": "Reading this block's weights",
        "network": "Counting this network",
        "heat": "Reading this network's weights",
        "published": "Fetching this network's weights",
        "gradients": "Measuring this stack's gradients",
        "training": "Training this stack",
        "check": "Trying this out on modules",
    }
    message = f"{noun.get(kind, 'This')} took longer than the {seconds:g} s allowed and was stopped."
    again = kind in ("device", "published")
    return Problem("timed_out", message, "Ask again." if again else SMALLER)


def cancelled() -> Problem:
    """The person said so."""
    return Problem("cancelled", "The measurement was cancelled.", "Ask again to measure.")


def picture_gone() -> Problem:
    """A picture that a person gave is not kept, and its look is not either."""
    return Problem("unsupported", "The picture is not kept and is gone by now.", "Choose it again.")


def weights_gone() -> Problem:
    """A file of weights that a person gave is not kept, and what was read of it is not either."""
    return Problem("unsupported", "The weights file is not kept and is gone by now.", "Choose it again.")


def busy(waiting: int) -> Problem:
    """Too many jobs wait."""
    return Problem("refused", f"{waiting:,} measurements are waiting already.", "Ask again in a while.")


def closed() -> Problem:
    """The engine has been closed."""
    return Problem("cancelled", "The explorer is shutting down, so nothing is measured any more.")


def not_plain(what: str) -> Problem:
    """The answer held something that is no builtin."""
    return Problem("failed", f"The worker's answer was not plain data: {what}.")
