"""What went wrong, in words for a person."""

from __future__ import annotations

import signal

from explorer.findings import Problem
from explorer.language import N_, Said, said
from explorer.memory import SMALLER

#: What a worker did when it was lost, by the kind of its job; it is put into the sentences below.
DOING = {
    "count": N_("counted this block"),
    "time": N_("timed these blocks"),
    "step": N_("followed this step's tensors"),
    "compare": N_("compared these implementations"),
    "compiled": N_("compiled and timed this block"),
    "plan": N_("searched for what fits"),
    "device": N_("looked for the device"),
    "maps": N_("looked into this layer"),
    "weights": N_("read this block's weights"),
    "network": N_("counted this network"),
    "heat": N_("read this network's weights"),
    "published": N_("fetched this network's weights"),
    "gradients": N_("measured this stack's gradients"),
    "training": N_("trained this stack"),
    "check": N_("tried this out on modules"),
}


#: What is told of a job that took too long, by its kind.
_TOO_LONG = {
    "count": N_("Counting this block took longer than the {seconds:g} s allowed and was stopped."),
    "time": N_("Timing these blocks took longer than the {seconds:g} s allowed and was stopped."),
    "step": N_("Following this step's tensors took longer than the {seconds:g} s allowed and was stopped."),
    "compare": N_("Comparing these implementations took longer than the {seconds:g} s allowed and was stopped."),
    "compiled": N_("Compiling and timing this block took longer than the {seconds:g} s allowed and was stopped."),
    "plan": N_("Searching for what fits took longer than the {seconds:g} s allowed and was stopped."),
    "device": N_("Looking for the device took longer than the {seconds:g} s allowed and was stopped."),
    "maps": N_("Looking into this layer took longer than the {seconds:g} s allowed and was stopped."),
    "weights": N_("Reading this block's weights took longer than the {seconds:g} s allowed and was stopped."),
    "network": N_("Counting this network took longer than the {seconds:g} s allowed and was stopped."),
    "heat": N_("Reading this network's weights took longer than the {seconds:g} s allowed and was stopped."),
    "published": N_("Fetching this network's weights took longer than the {seconds:g} s allowed and was stopped."),
    "gradients": N_("Measuring this stack's gradients took longer than the {seconds:g} s allowed and was stopped."),
    "training": N_("Training this stack took longer than the {seconds:g} s allowed and was stopped."),
    "check": N_("Trying this out on modules took longer than the {seconds:g} s allowed and was stopped."),
}


def _doing(kind: str) -> Said:
    return Said(DOING.get(kind, N_("worked on this")))


def worker_lost(kind: str, exit_code: int) -> Problem:
    """The worker ended while it ran a job of ``kind``; ``exit_code`` is negative for a signal."""
    if exit_code < 0:
        words = said(
            "The worker process was killed while it {did} (signal {signal}).",
            did=_doing(kind),
            signal=_signal_name(-exit_code),
        )
    else:
        words = said("The worker process ended while it {did} (exit code {code}).", did=_doing(kind), code=exit_code)
    advice = said("It has been replaced.")
    if exit_code == -9:
        advice = said(
            "It has been replaced. If it happens again, the system has probably run out of memory. {advice}",
            advice=SMALLER,
        )
    return Problem("worker_lost", words, advice)


def _signal_name(number: int) -> str:
    try:
        return f"{number}, {signal.Signals(number).name}"
    except ValueError:
        return str(number)


def not_started() -> Problem:
    """No worker could be brought up."""
    return Problem(
        "worker_lost", said("No worker process could be started, so nothing was measured."), said("Ask again.")
    )


def timed_out(kind: str, seconds: float) -> Problem:
    """A job of ``kind`` ran past its deadline of ``seconds``."""
    template = _TOO_LONG.get(kind, N_("This took longer than the {seconds:g} s allowed and was stopped."))
    again = kind in ("device", "published")
    return Problem("timed_out", Said(template, (("seconds", seconds),)), said("Ask again.") if again else SMALLER)


def cancelled() -> Problem:
    """The person said so."""
    return Problem("cancelled", said("The measurement was cancelled."), said("Ask again to measure."))


def picture_gone() -> Problem:
    """A picture that a person gave is not kept, and its look is not either."""
    return Problem("unsupported", said("The picture is not kept and is gone by now."), said("Choose it again."))


def weights_gone() -> Problem:
    """A file of weights that a person gave is not kept, and what was read of it is not either."""
    return Problem("unsupported", said("The weights file is not kept and is gone by now."), said("Choose it again."))


def busy(waiting: int) -> Problem:
    """Too many jobs wait."""
    return Problem(
        "refused", said("{waiting:,} measurements are waiting already.", waiting=waiting), said("Ask again in a while.")
    )


def closed() -> Problem:
    """The engine has been closed."""
    return Problem("cancelled", said("The explorer is shutting down, so nothing is measured any more."))


def not_plain(what: str) -> Problem:
    """The answer held something that is no builtin."""
    return Problem("failed", said("The worker's answer was not plain data: {what}.", what=what))
