"""How a page asks for measurements without ever waiting for them.

    states = waiting.measure(study)            # what is known now; asks for the rest
    found = explorer.study.findings(study, states)
    …draw everything from ``found``…
    waiting.watch(states)                      # last: redraws the page when something has come in

A page draws what is known, so closed forms are there at once. While something is pending, an
invisible fragment asks the engine a few times a second, and reruns the page when an answer is there.
What a lost worker left is shown for as long as the engine says (``Failed.again``); then the page is
rerun, which asks for it anew.
States are found by job, so a late answer to an older question cannot stand under a newer block.
"""

from __future__ import annotations

import math
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace

import streamlit as st

from explorer.engine import Done, Engine, Failed, Pending, State
from explorer.findings import Problem
from explorer.language import _
from explorer.spec import Job, MemorySpec, Study, TimeJob, ViewSpec
from explorer.study import count_jobs, time_job
from explorer.web import link
from explorer.web.engine_holder import engine

REST = 0.4  # seconds that the controls rest before anything is timed
_WAITER, _ASKED, _BLOCK, _CHANGED, _STOPPED = "_waiter", "_asked", "_block", "_changed_at", "_was_stopped"


def measure(study: Study, looks: Iterable[Job] = ()) -> dict[Job, State]:
    """How the Study's jobs stand, after asking for those that are due; never blocks.

    Counts are asked for at once, and ``looks`` behind them: what is wanted beside the comparison. The
    timing follows when the counts are answered and the controls have rested for :data:`REST` seconds;
    until then it is shown as pending. Whatever this session asked for before and does not want now is
    given up.
    """
    session, runs = st.session_state, engine()
    counts, timing = tuple(dict.fromkeys(count_jobs(study).values())), time_job(study)
    looks = tuple(dict.fromkeys(looks))
    wanted: tuple[Job, ...] = (*counts, *looks, timing)
    if _stopped(study, wanted):
        return {job: _or_stopped(runs.state(job)) for job in wanted}
    states: dict[Job, State] = {job: runs.submit(job, waiter()) for job in counts}
    counted = tuple(states.values())
    states |= {job: runs.submit(job, waiter()) for job in looks}
    asked: set[Job] = {*counts, *looks}
    if not _may_be_timed(counted):
        pass  # the page says why a block did not run
    elif _time_is_due(runs, timing, counted):
        states[timing] = runs.submit(timing, waiter())
        asked.add(timing)
    else:
        states[timing] = Pending(running=False, ahead=0, since=session[_CHANGED])
    session[_ASKED] = frozenset(asked)
    return states


def follow(study: Study, jobs: Iterable[Job], long: Iterable[Job], perhaps: Iterable[Job] = ()) -> dict[Job, State]:
    """How ``jobs`` stand, asked for at once, and ``long`` ones, which take their turn one after another; never blocks.

    The first long one follows when the controls have rested for :data:`REST` seconds; until its turn each is shown
    as pending. Of the jobs that are wanted ``perhaps``, only what is known already is told.
    """
    session, runs = st.session_state, engine()
    jobs, long = tuple(dict.fromkeys(jobs)), tuple(dict.fromkeys(long))
    if _stopped(study, (*jobs, *long)):
        states = {job: _or_stopped(runs.state(job)) for job in (*jobs, *long)}
    else:
        states = {job: runs.submit(job, waiter()) for job in jobs}
        asked = set(jobs)
        due = time.monotonic() - session[_CHANGED] >= REST
        for job in long:
            known = runs.state(job)
            if due or isinstance(known, Done | Failed):
                states[job] = runs.submit(job, waiter())
                asked.add(job)
                due = due and not isinstance(states[job], Pending)
            else:
                states[job] = Pending(running=False, ahead=0, since=session[_CHANGED])
        session[_ASKED] = frozenset(asked)
    for job in perhaps:
        known = runs.state(job)
        if job not in states and isinstance(known, Done | Failed):
            states[job] = known
    return states


def _stopped(study: Study, wanted: tuple[Job, ...]) -> bool:
    """Whether the person has stopped what this block asks for. What was asked for and is not wanted is given up."""
    session, block = st.session_state, replace(study, view=ViewSpec(), memory=MemorySpec())
    if session.get(_BLOCK) != block:
        session[_BLOCK], session[_CHANGED], session[_STOPPED] = block, time.monotonic(), False
    _give_up(engine(), session.get(_ASKED, frozenset()) - {*wanted})
    return bool(session[_STOPPED])


def watch(states: Mapping[Job, State]) -> None:
    """Reruns the page when one of the pending ``states`` is answered. Draws nothing; call it last."""
    pending = [job for job, state in states.items() if isinstance(state, Pending)]
    again = min((s.again for s in states.values() if isinstance(s, Failed) and s.again is not None), default=math.inf)
    if pending or again < math.inf:
        only_timing = bool(pending) and isinstance(pending[0], TimeJob)
        st.fragment(_poll, run_every=interval(states.values(), only_timing))(pending, again)


def waiter() -> str:
    """By what name this browser session waits at the engine."""
    name: str = st.session_state.setdefault(_WAITER, uuid.uuid4().hex)
    return name


def stop() -> None:
    """A button's callback: gives up what is pending; stays so until the block changes or :func:`again`."""
    _give_up(engine(), st.session_state.get(_ASKED, frozenset()))
    st.session_state[_STOPPED] = True


def again() -> None:
    """A button's callback: asks anew after :func:`stop`, and for what failed or was refused."""
    runs = engine()
    for job in st.session_state.get(_ASKED, frozenset()):
        if not isinstance(runs.state(job), Pending):
            runs.cancel(job, waiter())  # a result stays, everything else is forgotten
    st.session_state[_STOPPED] = False


def interval(states: Iterable[State], only_timing: bool = False) -> float:
    """Seconds between two looks at the engine: the longer the queue, the fewer, from 0.2 to 1."""
    ahead = max((state.ahead for state in states if isinstance(state, Pending)), default=0)
    return min(1.0, (0.4 if only_timing else 0.2) + 0.05 * ahead)


def _poll(pending: list[Job], again: float) -> None:
    link.hold()
    runs = engine()
    if time.monotonic() >= again:
        st.rerun()
    for job in pending:
        if job in st.session_state[_ASKED] and not isinstance(runs.state(job, waiter()), Pending):
            st.rerun()  # answered, or nobody waited any more
    rested = time.monotonic() - st.session_state[_CHANGED] >= REST
    if rested and not any(job in st.session_state[_ASKED] for job in pending):
        st.rerun()  # only what takes its turn is left, and now it is due


def _time_is_due(runs: Engine, timing: TimeJob, counts: Iterable[State]) -> bool:
    if isinstance(runs.state(timing), Done | Failed):  # somebody has measured it
        return True
    rested = time.monotonic() - st.session_state[_CHANGED] >= REST
    return rested and all(isinstance(state, Done) for state in counts)


def _may_be_timed(counts: Iterable[State]) -> bool:
    """Whether every block ran or may yet run: blocks are timed together, or not at all."""
    return not any(
        isinstance(state, Failed) or (isinstance(state, Done) and state.result.get("refusal") is not None)
        for state in counts
    )


def _give_up(runs: Engine, jobs: Iterable[Job]) -> None:
    for job in jobs:
        if isinstance(runs.state(job), Pending):  # of what is answered already, cancelling would forget the failure
            runs.cancel(job, waiter())


def _or_stopped(state: State | None) -> State:
    if isinstance(state, Done):
        return state
    if isinstance(state, Failed):
        return Failed(state.problem)  # without the moment at which it would be asked for by itself
    return Failed(Problem("cancelled", _("Stopped before it was measured."), _("Change a value, or measure again.")))
