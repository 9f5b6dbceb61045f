"""The module that the server was started with, run once for everybody, and again when somebody asks.

It runs in a process of its own (:mod:`explorer.study.apart`), one at a time; pages look at how it stands.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from explorer import environment
from explorer.findings import Trace
from explorer.language import Text, said
from explorer.spec import OwnModule
from explorer.study.apart import ApartError, trace_apart
from explorer.web import link

_LOOK = 0.4  # seconds between two looks at a run


@dataclass(frozen=True)
class Standing:
    """How it stands.

    Attributes:
        runs: how many have begun.
        running: whether the last of them still does.
        found: what the last one that ended found; None where it failed, or none has.
        problem: why it failed, in a sentence, put into words when it is read.
    """

    runs: int = 0
    running: bool = False
    found: Trace | None = None
    problem: Text = ""


class Runner:
    """Runs ``own``, one at a time."""

    def __init__(self, own: OwnModule, run: Callable[[OwnModule], Trace] = trace_apart) -> None:
        self.own = own
        self._run = run
        self._lock = threading.Lock()
        self._standing = Standing()

    def standing(self) -> Standing:
        """How it stands now; never waits."""
        return self._standing

    def start(self) -> None:
        """Runs it in the background, unless it is running: many may press a button at once."""
        with self._lock:
            before = self._standing
            if before.running:
                return
            self._standing = Standing(before.runs + 1, True, before.found, before.problem)
        threading.Thread(target=self._finish, name="own module", daemon=True).start()

    def _finish(self) -> None:
        runs = self._standing.runs
        try:
            ended = Standing(runs, False, self._run(self.own))
        except ApartError as problem:
            ended = Standing(runs, False, problem=problem.told)
        except Exception as fault:  # so that nobody waits for it for ever
            ended = Standing(runs, False, problem=said("It could not be run ({kind}).", kind=type(fault).__name__))
        self._standing = ended


@st.cache_resource(show_spinner=False)
def runner() -> Runner | None:
    """The one that all sessions share; None where the server was started without a module."""
    own = environment.served_module()
    return None if own is None else Runner(own)


def watch(shown: Standing) -> None:
    """Reruns the page when what it has ``shown`` as running has ended. Draws nothing; call it last."""
    if shown.running:
        st.fragment(_poll, run_every=_LOOK)(shown)


def _poll(shown: Standing) -> None:
    link.hold()
    running = runner()
    if running is not None and running.standing() is not shown:
        st.rerun()
