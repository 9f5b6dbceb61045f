"""``bench files``: pictures a second over HTTP, and how the page goes on meanwhile.

A load generator on loopback asks for pictures from a process of its own while one person moves a slider. What counts
as a core is told by the system: the server is one process of Python, which uses about one, and a rate is divided by
those that it used, the drawing of the page included, or by one where that was less. Where it had much less than one,
other programs took it, and the rate says more about them.
"""

from __future__ import annotations

import asyncio
import itertools
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from explorer.bench.load import Answered, Load, loaded
from explorer.bench.people import COUNTED, PATIENCE, TIMED, parameters_shown
from explorer.bench.rows import BenchRow, percentiles, row
from explorer.bench.server import ROOT, Server, running_server
from explorer.bench.session import Session, session

PAUSE = 0.5  # seconds between two steps of the slider
LAYERS = (4, 5, 6, 7)  # steps of the slider, of blocks that were measured before
CACHED, KNOWN, UNCACHED = "cached SVG", "cached SVG, If-None-Match (304)", "uncached SVG"
BADGES, CROWDED = "uncached badge", "uncached SVG, {connections} connections at once"


@dataclass(frozen=True)
class Plan:
    """How long each load lasts, of how many connections it is, and of how many the one that is too much."""

    seconds: float = 8.0
    connections: int = 8
    crowd: int = 64
    pictures: int = 32

    def loads(self) -> dict[str, Load]:
        """Each load by its name; what is asked for anew needs another seed in each run."""
        few = Load(seconds=self.seconds, connections=self.connections)
        return {
            CACHED: replace(few, pictures=self.pictures),
            KNOWN: replace(few, pictures=self.pictures, known=True),
            UNCACHED: few,
            BADGES: replace(few, path="/badge.svg"),
            CROWDED.format(connections=self.crowd): replace(few, seed=500_000, connections=self.crowd),
        }


@dataclass(frozen=True)
class _Took:
    """One load in one run: what was answered, the cores that the server used, and how long each redraw took."""

    answered: Answered
    cores: float
    redraws: list[float]

    def rate(self) -> float:
        """Pictures a second a core."""
        return self.answered.rate() / max(1.0, self.cores)


def bench_files(runs: int = 5, plan: Plan | None = None) -> list[BenchRow]:
    """Pictures a second a core, refusals, and a slider's redraws beside each load and alone.

    Raises:
        RuntimeError: the server did not start, or broke a connection off.
        Exception: whatever websockets and asyncio raise; see :mod:`explorer.bench.faults`.
    """
    with tempfile.TemporaryDirectory() as folder, running_server(ROOT / "app.py", Path(folder) / "log") as server:
        return asyncio.run(_rows(server, runs, plan or Plan()))


async def _rows(server: Server, runs: int, plan: Plan) -> list[BenchRow]:
    alone: list[float] = []
    took: dict[str, list[_Took]] = defaultdict(list)
    async with session(server.address) as person:
        for layers in LAYERS:
            await person.run(layers=layers)
            await person.until_shown(parameters_shown(layers=layers), COUNTED, TIMED)
        for run in range(runs):
            alone += await _moves(person, asyncio.create_task(asyncio.sleep(plan.seconds)))
            for name, load in plan.loads().items():
                seed = load.seed if load.pictures else load.seed + 1 + run
                took[name].append(await _under(server, person, replace(load, seed=seed)))
    return [*_rates(took), *_refusals(took, plan), *_interactions(alone, took)]


async def _under(server: Server, person: Session, load: Load) -> _Took:
    """``load`` on the server, while the person moves the slider."""
    async with loaded(server.address, load) as under:
        begun, used = time.perf_counter(), server.processor_seconds()
        redraws = await _moves(person, under)
        answered = await under
        cores = (server.processor_seconds() - used) / (time.perf_counter() - begun)
    return _Took(answered, cores, redraws)


async def _moves(person: Session, until: asyncio.Task[Answered] | asyncio.Task[None]) -> list[float]:
    """Moves the slider until a task ends; seconds of each redraw of the first screen with the block's own numbers."""
    taken: list[float] = []
    for layers in itertools.cycle((*LAYERS, *LAYERS[-2:0:-1])):
        words = (parameters_shown(layers=layers), COUNTED, TIMED)
        taken.append(await person.first_screen(*words, timeout=PATIENCE, layers=layers))
        await asyncio.wait([until], timeout=max(0.0, PAUSE - taken[-1]))
        if until.done():
            break
    return taken


def _rates(took: dict[str, list[_Took]]) -> Iterator[BenchRow]:
    for name, runs in took.items():
        yield row(f"{name}: pictures a second a core", [one.rate() for one in runs], "/s")
        yield row(f"{name}: cores that the server had", [one.cores for one in runs], "cores")


def _refusals(took: dict[str, list[_Took]], plan: Plan) -> Iterator[BenchRow]:
    crowded = CROWDED.format(connections=plan.crowd)
    few = [100 * one.answered.share(429) for name, runs in took.items() if name != crowded for one in runs]
    yield row(f"told to come again (429), {plan.connections} connections", few, "%")
    answers = [one.answered for one in took[crowded]]
    yield row(f"told to come again (429), {plan.crowd} connections", [100 * one.share(429) for one in answers], "%")
    yield row("429 without Retry-After", [sum(one.unannounced for one in answers)], "times")
    every = [one.answered for runs in took.values() for one in runs]
    yield row("answers that were the server's fault (5xx)", [sum(one.failures() for one in every)], "times")


def _interactions(alone: list[float], took: dict[str, list[_Took]]) -> Iterator[BenchRow]:
    """The slider's redraws, alone and beside each load."""
    yield from percentiles("slider to first screen, no load", alone)
    for name, runs in took.items():
        yield from percentiles(f"slider to first screen, {name}", [taken for one in runs for taken in one.redraws])
