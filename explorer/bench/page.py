"""``bench page``: the page beside a bare Streamlit page with as many charts, both measured in the same run.

Machines differ and drift, so what counts are the ratios: each round starts the bare page and then
ours, and the ratio of a row is taken round by round.
"""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from explorer.bench import browser
from explorer.bench.people import COUNTED, Crowd, crowd_rows, parameters_shown
from explorer.bench.rows import BenchRow, row
from explorer.bench.server import ROOT, Server, running_server
from explorer.bench.session import session

BARE = """
import plotly.graph_objects as go
import streamlit as st

layers = st.slider("Bottlenecks L", 1, 64, {layers}, key="layers", bind="query-params")
for n in range({charts}):
    st.plotly_chart(go.Figure(go.Bar(y=[64 + 32 * i + n for i in range(layers + 1)])), key=f"chart-{{n}}")
"""
FIRST = 2  # charts that a person has before anything is measured: channel growth and parameters
CHARTS = 6  # with the live bytes, both pictures and the reuse matrix
STEPS = 4  # slider steps a round


@dataclass
class _Pair:
    """The same thing measured on the bare page and on ours, round by round, in seconds."""

    name: str
    bare: list[float] = field(default_factory=list)
    ours: list[float] = field(default_factory=list)

    def rows(self) -> Iterator[BenchRow]:
        yield row(f"{self.name}: bare page", [1e3 * seconds for seconds in self.bare], "ms")
        yield row(f"{self.name}: explorer", [1e3 * seconds for seconds in self.ours], "ms")
        ratios = [a / b for a, b in zip(self.ours, self.bare, strict=True)]
        yield row(f"{self.name}: explorer ÷ bare", ratios, "×")


def bench_page(runs: int = 5, crowd: Crowd | None = None) -> list[BenchRow]:
    """Start to first charts, slider to all charts redrawn, start to first count, and many people at once.

    Raises:
        RuntimeError: a server did not start, or there is no browser.
        Exception: whatever Playwright, websockets and asyncio raise; see :mod:`explorer.bench.faults`.
    """
    with tempfile.TemporaryDirectory() as folder:
        rows = [found for layers in (6, 64) for found in _alone(Path(folder), layers, runs)]
        rows.append(row("start to first measured count", [_first_count(Path(folder)) for _ in range(runs)], "s"))
        with _explorer(Path(folder)) as server:
            return rows + crowd_rows(server, crowd or Crowd())


def _alone(folder: Path, layers: int, runs: int) -> Iterator[BenchRow]:
    start = _Pair(f"L = {layers}, start to first charts")
    slide = _Pair(f"L = {layers}, slider to all {CHARTS} redrawn")
    servers: tuple[tuple[Callable[[], contextlib.AbstractContextManager[Server]], str, list[float], list[float]], ...]
    servers = (
        (lambda: _bare(folder, layers), f"?layers={layers}", start.bare, slide.bare),
        (lambda: _explorer(folder), f"?layers={layers}", start.ours, slide.ours),
    )
    with browser.browser() as chromium, browser.told_of_its_end(chromium):
        for _ in range(runs):
            for run, query, starts, slides in servers:
                with run() as server:
                    seconds, page = browser.seconds_to_first_charts(chromium, server, query, FIRST)
                    starts.append(seconds)
                    page.wait_for_timeout(3000)  # the first measurements are drawn
                    slides.append(statistics.median(browser.redraw_seconds(page, "Bottlenecks L", STEPS, CHARTS)))
                    page.close()
    yield from start.rows()
    yield from slide.rows()


def _first_count(folder: Path) -> float:
    """Seconds from the start of the server until the default block's count stands on the page."""
    with _explorer(folder) as server:

        async def wait() -> float:
            async with session(server.address) as person:
                await person.until_shown(parameters_shown(), COUNTED)
                return time.perf_counter() - server.started

        return asyncio.run(wait())


@contextlib.contextmanager
def _bare(folder: Path, layers: int) -> Iterator[Server]:
    script = folder / "bare.py"
    script.write_text(BARE.format(layers=layers, charts=CHARTS), encoding="utf-8")
    quiet = ("--server.showEmailPrompt", "false", "--browser.gatherUsageStats", "false")
    with running_server(script, folder / "bare.log", *quiet, folder=folder) as server:
        yield server


@contextlib.contextmanager
def _explorer(folder: Path) -> Iterator[Server]:
    with running_server(ROOT / "app.py", folder / "explorer.log") as server:
        yield server
