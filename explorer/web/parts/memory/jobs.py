"""Which jobs the Memory page asks for, and when: compiling takes a minute a budget, so a person asks for that."""

from __future__ import annotations

import streamlit as st

from explorer.engine import State
from explorer.spec import CompiledJob, Job, Study
from explorer.study import memory_jobs
from explorer.web import waiting

_COMPILE = "_compile"  # session key: the compiled jobs that the person has asked for


def follow(study: Study) -> dict[Job, State]:
    """How the jobs stand, after asking for those that are due."""
    jobs = memory_jobs(study)
    wanted: frozenset[CompiledJob] = st.session_state.get(_COMPILE, frozenset())
    compiling = [job for job in jobs.compiled.values() if job in wanted]
    return waiting.follow(
        study, jobs.steps.values(), (jobs.plan, jobs.comparison, *compiling), perhaps=jobs.compiled.values()
    )


def compile_all(study: Study) -> None:
    """A button's callback: asks for every budget of this block."""
    st.session_state[_COMPILE] = frozenset(memory_jobs(study).compiled.values())
    waiting.again()  # after Cancel, too
