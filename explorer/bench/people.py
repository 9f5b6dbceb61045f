"""Many people at once: websocket sessions that each move a slider every two seconds.

Each person explores blocks of their own; after every change the page must show that
block's parameter count, so a number that reached the wrong person is found.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass

from explorer.bench.rows import BenchRow, percentiles, row
from explorer.bench.server import Server
from explorer.bench.session import Session, session
from explorer.codec import to_query
from explorer.spec import Study
from explorer.theory import study_theory

COUNTED = "✓ counted"
TIMED = "median of"  # stands on the page once the blocks have been timed
PATIENCE = 20.0  # seconds after which a person gives up
GONE = 15.0  # seconds after which nobody who has left is waited for


@dataclass(frozen=True)
class Crowd:
    """How many people, how often each moves a slider, for how long."""

    people: int = 50
    seconds: float = 60
    pause: float = 2


def crowd_rows(server: Server, crowd: Crowd) -> list[BenchRow]:
    """Times of a crowd on blocks measured before, then twice on blocks nobody has measured, and the server's memory."""
    return asyncio.run(_crowd_rows(server, crowd))


async def _crowd_rows(server: Server, crowd: Crowd) -> list[BenchRow]:
    measured = tuple(range(3, 9))
    async with session(server.address) as guide:
        for layers in measured:
            await guide.run(layers=layers)
            await guide.until_shown(parameters_shown(layers=layers), COUNTED, TIMED)
    warm = await _visit(server, crowd, measured, None)
    cold = await _visit(server, crowd, measured, 100)
    filled = server.resident_bytes()  # now every store is as full as it gets
    again = await _visit(server, crowd, measured, 200)
    grown = (server.resident_bytes() - filled) / 2**20
    await asyncio.sleep(GONE)
    alone = [await _cold_count(server, width) for width in range(900, 910)]
    visits = (warm, cold, again)
    return [
        *percentiles(f"{crowd.people} people, blocks measured before: first screen redrawn", warm.times),
        *percentiles(f"{crowd.people} people, blocks of their own: closed form drawn", cold.times + again.times),
        row("one person, new block: start of the visit to its count", [1e3 * seconds for seconds in alone], "ms"),
        row("changes after which the person's own number did not come", [sum(v.wrong for v in visits)], "times"),
        row("page errors", [sum(v.failures for v in visits)], "times"),
        row("server memory grown while they explored as many blocks again", [grown], "MiB"),
    ]


@dataclass
class _Visit:
    times: list[float]
    wrong: int = 0
    failures: int = 0


async def _visit(server: Server, crowd: Crowd, layers: Sequence[int], own: int | None) -> _Visit:
    """Everybody moves the slider; with ``own``, each on a width of their own from there on up."""
    visit, all_here = _Visit([]), asyncio.Barrier(crowd.people)
    await asyncio.gather(*(_person(server, crowd, layers, visit, n, own, all_here) for n in range(crowd.people)))
    return visit


async def _person(
    server: Server,
    crowd: Crowd,
    layers: Sequence[int],
    visit: _Visit,
    number: int,
    first: int | None,
    all_here: asyncio.Barrier,
) -> None:
    choose = random.Random(number)
    own = {} if first is None else {"in_channels": first + number}
    query = "&".join(f"{name}={text}" for name, text in to_query(Study().with_(**own)).items())
    async with session(server.address, query) as person:
        await all_here.wait()
        await asyncio.sleep(crowd.pause * number / crowd.people)
        for _ in range(round(crowd.seconds / crowd.pause)):
            await asyncio.sleep(crowd.pause * choose.uniform(0.8, 1.2))
            await _change(person, visit, choose.choice(layers), own)
        visit.failures += len(person.failures)


async def _change(person: Session, visit: _Visit, layers: int, own: dict[str, int]) -> None:
    try:
        words = [parameters_shown(layers=layers, **own)] + ([] if own else [COUNTED, TIMED])
        visit.times.append(await person.first_screen(*words, timeout=PATIENCE, layers=layers))
    except TimeoutError:
        visit.wrong += 1


async def _cold_count(server: Server, in_channels: int) -> float:
    async with session(server.address, f"in_channels={in_channels}&growth_rate=8&layers=4") as person:
        return await person.until_shown(parameters_shown(in_channels=in_channels, growth_rate=8, layers=4), COUNTED)


def parameters_shown(**block: int) -> str:
    """How the page writes the parameter count of the default block with some fields changed."""
    return f"{study_theory(Study().with_(**block)).dense.parameters:,}"
