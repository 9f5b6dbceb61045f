"""Many people at once: websocket sessions that each move a slider every two seconds.

Each person explores blocks of their own; after every change the page must show that
block's parameter count, so a number that reached the wrong person is found.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from explorer.bench.rows import BenchRow, row
from explorer.bench.server import Server
from explorer.bench.session import Session, session
from explorer.codec import to_query
from explorer.spec import Study
from explorer.theory import study_theory

COUNTED = "✓ counted"


@dataclass(frozen=True)
class Crowd:
    """How many people, how often each moves a slider, for how long."""

    people: int = 50
    seconds: float = 60
    pause: float = 2


def crowd_rows(server: Server, crowd: Crowd) -> list[BenchRow]:
    """Times of a crowd on blocks measured before, then on blocks nobody has measured, and the server's memory."""
    return asyncio.run(_crowd_rows(server, crowd))


async def _crowd_rows(server: Server, crowd: Crowd) -> list[BenchRow]:
    measured = tuple(range(3, 9))
    async with session(server.address) as guide:
        for layers in measured:
            await guide.run(layers=layers)
            await guide.until_shown(parameters_shown(layers=layers), COUNTED)
    warm = await _visit(server, crowd, measured, own_block=False)
    middle = server.resident_bytes()
    cold = await _visit(server, crowd, measured, own_block=True)
    alone = [await _cold_count(server, width) for width in range(900, 910)]
    grown = (server.resident_bytes() - middle) / 2**20
    return [
        *_percentiles(f"{crowd.people} people, blocks measured before: page redrawn", warm.times),
        *_percentiles(f"{crowd.people} people, blocks not measured: closed form drawn", cold.times),
        row("one person, new block: start of the visit to its count", [1e3 * seconds for seconds in alone], "ms"),
        row("changes after which the person's own number did not come", [warm.wrong + cold.wrong], "times"),
        row("page errors", [warm.failures + cold.failures], "times"),
        row("server memory grown while people explored new blocks", [grown], "MiB"),
    ]


@dataclass
class _Visit:
    times: list[float]
    wrong: int = 0
    failures: int = 0


async def _visit(server: Server, crowd: Crowd, layers: Sequence[int], *, own_block: bool) -> _Visit:
    visit = _Visit([])
    await asyncio.gather(*(_person(server, crowd, layers, visit, n, own_block) for n in range(crowd.people)))
    return visit


async def _person(
    server: Server, crowd: Crowd, layers: Sequence[int], visit: _Visit, number: int, own_block: bool
) -> None:
    choose = random.Random(number)
    own = {"in_channels": 100 + number} if own_block else {}
    await asyncio.sleep(crowd.pause * number / crowd.people)
    query = "&".join(f"{name}={text}" for name, text in to_query(Study().with_(**own)).items())
    async with session(server.address, query) as person:
        for _ in range(round(crowd.seconds / crowd.pause)):
            await asyncio.sleep(crowd.pause * choose.uniform(0.8, 1.2))
            await _change(person, visit, choose.choice(layers), own)
        visit.failures += len(person.failures)


async def _change(person: Session, visit: _Visit, layers: int, own: dict[str, int]) -> None:
    try:
        visit.times.append(await person.run(parameters_shown(layers=layers, **own), layers=layers))
    except TimeoutError:
        visit.wrong += 1


async def _cold_count(server: Server, in_channels: int) -> float:
    async with session(server.address, f"in_channels={in_channels}&growth_rate=8&layers=4") as person:
        return await person.until_shown(parameters_shown(in_channels=in_channels, growth_rate=8, layers=4), COUNTED)


def parameters_shown(**block: int) -> str:
    """How the page writes the parameter count of the default block with some fields changed."""
    return f"{study_theory(Study().with_(**block)).dense.parameters:,}"


def _percentiles(name: str, seconds: Sequence[float]) -> Iterator[BenchRow]:
    ordered = sorted(1e3 * value for value in seconds)
    yield row(name, ordered, "ms")
    yield row(f"{name}, 95th percentile", [ordered[round(0.95 * (len(ordered) - 1))]], "ms")
