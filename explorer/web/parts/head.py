"""The head of the page: what the numbers mean in one sentence, where they come from, and what is going on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from html import escape

import streamlit as st

from explorer.engine import Pending, State
from explorer.findings import Findings, Problem
from explorer.language import _, plural
from explorer.pictures.captions import graph_title
from explorer.pictures.words import headline, where, why
from explorer.spec import Job, Study
from explorer.web import waiting
from explorer.web.components.panel import panel
from explorer.web.parts.share import jump

#: Problems that another try may cure: memory may be free again. The rest lies in what was asked for.
PASSING = ("timed_out", "worker_lost", "out_of_memory", "refused", "cancelled", "failed")


def head(findings: Findings, states: Mapping[Job, State]) -> None:
    """Headline, the line under it, and one line that is always there: progress, a problem, or nothing."""
    layers = findings.study.block.layers
    with st.container(key="head", gap=None):
        words = f'<h1>{escape(headline(findings))}</h1><p class="where">{escape(where(findings))} · {jump()}</p>'
        panel("headline", words, layers=layers)
        with st.container(key="status", horizontal=True, vertical_alignment="center", gap="small"):
            problem = next(iter(findings.problems), None)
            panel("status-line", status_line(findings, states, problem), layers=layers)
            if findings.waiting:
                st.button(_("Cancel"), key="cancel", type="tertiary", on_click=waiting.stop)
            elif problem is not None and problem.kind in PASSING:
                st.button(_("Try again"), key="again", type="tertiary", on_click=waiting.again)


def standing(name: str, headline: str, where: str, running: str, problem: Problem | None, note: str = "") -> None:
    """The head of a page that is not of one block: headline, the line under it, and one line that is always there.

    Args:
        name: the page's, with which its keys begin.
        headline: has room for two lines, so that nothing moves when it gets its second half.
        where: on what, and whence.
        running: what is being measured; empty where nothing is.
        problem: why something is missing.
        note: what is said where neither is.
    """
    with st.container(key="head", gap=None):
        words = f'<h1 class="two">{escape(headline)}</h1><p class="where">{escape(where)} · {jump()}</p>'
        panel(f"{name}-headline", words, layers=1)
        with st.container(key="status", horizontal=True, vertical_alignment="center", gap="small"):
            said = escape(why(problem) if problem else note)
            line = f'<p class="status" role="status" title="{said}">{said}</p>'
            if running:
                line = f'<p class="status busy" role="status"><i></i>{escape(running)}</p>'
            panel(f"{name}-status", line, layers=1)
            if running:
                st.button(_("Cancel"), key=f"{name}-cancel", type="tertiary", on_click=waiting.stop)
            elif problem is not None and problem.kind in PASSING:
                st.button(_("Try again"), key=f"{name}-again", type="tertiary", on_click=waiting.again)


def titled_text(title: str, line: str) -> str:
    """A section's title and the line under it, as markup."""
    return f'<h2>{escape(title)}</h2><p class="sub">{escape(line)}</p>'


def picture_row(study: Study) -> AbstractContextManager[None]:
    """The picture's title, and beside it what is drawn within."""
    return titled("picture-title", graph_title(study), study.block.layers)


@contextmanager
def titled(key: str, title: str, layers: int) -> Iterator[None]:
    """A picture's title in the panel ``key``, and beside it what is drawn within."""
    with st.container(
        key="picture-row", horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        panel(key, f"<h2>{escape(title)}</h2>", layers=layers)
        yield


@contextmanager
def section(name: str) -> Iterator[None]:
    """A section of the page, set apart from what is above it."""
    with st.container(key=f"section-{name}", gap="small"):
        yield


def status_line(findings: Findings, states: Mapping[Job, State], problem: Problem | None) -> str:
    """The line as HTML: what runs, else what went wrong, else nothing. A lost worker is told while others run."""
    if findings.waiting and (problem is None or problem.kind != "worker_lost"):
        return f'<p class="status busy" role="status"><i></i>{escape(progress(findings, states))}</p>'
    if problem is not None:
        return f'<p class="status" role="status" title="{escape(why(problem))}">{escape(why(problem))}</p>'
    return '<p class="status" role="status"></p>'


def progress(findings: Findings, states: Mapping[Job, State]) -> str:
    """What the engine is doing for this page."""
    pending = [state for state in states.values() if isinstance(state, Pending)]
    ahead = max((state.ahead for state in pending if not state.running), default=0)
    if findings.waiting == ("time",):
        return _("Timing the blocks…")  # how long that takes stands in its tile
    count = sum(role != "time" for role in findings.waiting)
    others = ahead - count + 1
    if others > 0 and not any(state.running for state in pending):  # as short as fits a phone in one line
        words = plural("Counting {count} block", "Counting {count} blocks", count).format(count=count)
        after = plural(", after {count} other job…", ", after {count} other jobs…", others)
        return words + after.format(count=others)
    words = plural("Counting {count} block on the device…", "Counting {count} blocks on the device…", count)
    return words.format(count=count)
