"""What happens on the page when a worker dies: the page stays, and the next result comes soon.

People are websocket sessions of the benchmark's kind: they see what the server sends, without a browser.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import statistics
import time
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from urllib.parse import urlencode

import pytest
from server import assert_no_traceback, maps, serving, workers

from explorer.bench.people import COUNTED, parameters_shown
from explorer.bench.server import Server
from explorer.bench.session import Session, session
from explorer.spec import FIELDS

Fault = Callable[[Session], Coroutine[None, None, None]]


def torch_finds_a_gpu() -> bool:
    return any(Path("/dev").glob("nvidia[0-9]*"))


def test_a_worker_killed_while_a_page_is_drawn_is_replaced_within_a_second(server: Server) -> None:
    """Streamlit is ``__main__`` at that moment; a worker started then must not run the page's code."""

    async def visit() -> list[float]:
        taken: list[float] = []
        async with session(server.address, "growth_rate=8") as person:
            await person.until_shown(COUNTED)
            for layers in range(7, 15):
                change = asyncio.create_task(person.run(layers=layers))
                for pid in workers(server) if layers >= 10 else ():
                    os.kill(pid, signal.SIGKILL)
                begun = time.perf_counter()
                await change
                await person.until_shown(parameters_shown(growth_rate=8, layers=layers), COUNTED)
                taken.append(time.perf_counter() - begun)
            assert person.failures == []
        return taken

    taken = asyncio.run(visit())
    undisturbed, killed = taken[:3], taken[3:]
    assert len(killed) == 5
    assert statistics.median(killed) < 1 + 3 * statistics.median(undisturbed), taken  # a busy machine slows both
    living = workers(server)
    assert living
    assert not any("_upb" in maps(pid) for pid in living)  # protobuf's library: Streamlit cannot be loaded without
    assert "libtorch" not in maps(server.process.pid)
    assert_no_traceback(server.log)


#: Nothing is kept for backward, so that even a block which is long to count needs little memory.
LEAN = {"mode": "inference", "batch": 8}
#: Some 10¹² multiply-accumulates on the input of :func:`address`: long to count on any machine.
SLOW_LAYERS, SLOW_GROWTH = 64, 128
KILLED = "was killed while it counted this block (signal 9, SIGKILL)"


async def next_count(person: Session, growth_rate: int) -> float:
    """Seconds from asking for a new block, quickly counted, to its count on the page."""
    begun = time.perf_counter()
    await person.run(layers=2, growth_rate=growth_rate)
    await person.until_shown(parameters_shown(layers=2, growth_rate=growth_rate), COUNTED)
    return time.perf_counter() - begun


def address(query: Mapping[str, object]) -> str:
    return urlencode({"height": 28, "width": 28} | dict(query))


async def after_faults(server: Server, query: Mapping[str, object], fault: Fault, layers: int = SLOW_LAYERS) -> None:
    """Three times: a block of many layers fails by ``fault``, the page stays, and the next count comes soon.

    A redraw, a poll and the count itself take their time without a fault as well. So the same changes
    are timed before, and what the fault adds must be less than a second, and on a busy machine than three changes.
    """
    async with session(server.address, address({**query, "layers": 2})) as person:
        await person.until_shown(COUNTED)
        undisturbed = [await next_count(person, growth_rate) for growth_rate in (1, 2, 3)]
        taken = []
        for number in (4, 5, 6):
            await person.run(layers=layers - number, growth_rate=SLOW_GROWTH)
            await fault(person)
            assert person.shows("parameters"), "the page stays"
            taken.append(await next_count(person, growth_rate=number))
        assert person.failures == []
    assert statistics.median(taken) < 1 + 3 * statistics.median(undisturbed), (taken, undisturbed)
    assert_no_traceback(server.log)


def test_a_worker_killed_while_it_counts_is_told_and_the_next_count_comes_soon(server: Server) -> None:
    async def kill(person: Session) -> None:
        await asyncio.sleep(1)  # it counts by now
        for pid in workers(server):
            os.kill(pid, signal.SIGKILL)
        await person.until_shown(KILLED, timeout=60)

    asyncio.run(after_faults(server, LEAN, kill))


def test_a_count_past_its_deadline_is_told_and_the_next_count_comes_soon(tmp_path: Path) -> None:
    async def wait(person: Session) -> None:
        begun = time.perf_counter()
        await person.until_shown("Counting this block took longer than the 2.5 s allowed and was stopped.", timeout=60)
        assert time.perf_counter() - begun < 2 * 2.5, "it is not counted twice"

    with serving(tmp_path, environment={"EXPLORER_COUNT_SECONDS": "2.5"}) as server:
        asyncio.run(after_faults(server, LEAN, wait))


def test_a_block_past_the_memory_limit_is_told_and_the_next_count_comes_soon(tmp_path: Path) -> None:
    async def read(person: Session) -> None:
        await person.until_shown("MiB may be used here.", timeout=60)

    with serving(tmp_path, environment={"EXPLORER_MEMORY_BYTES": str(400 << 20)}) as server:
        asyncio.run(after_faults(server, {"batch": 4}, read, layers=24))  # refused, and so never slow to count


@pytest.mark.skipif(torch_finds_a_gpu(), reason="is about a machine without a GPU")
def test_a_device_that_is_not_there_is_told_and_the_next_person_is_served(server: Server) -> None:
    async def visit() -> None:
        async with session(server.address, "device=cuda&layers=3") as person:
            await person.until_shown("No GPU on this machine.")
            assert person.failures == [] and not person.shows(COUNTED)
        async with session(server.address, "in_channels=35") as person:
            await person.until_shown(parameters_shown(in_channels=35), COUNTED)

    asyncio.run(visit())


def test_two_people_with_equal_blocks_share_a_count_and_with_different_ones_see_their_own(server: Server) -> None:
    async def visit(query: str, **block: int) -> bool:
        async with session(server.address, query) as person:
            await person.until_shown(parameters_shown(**block), COUNTED)
            others = (
                parameters_shown(in_channels=31) if block["in_channels"] != 31 else parameters_shown(in_channels=33)
            )
            return person.shows(others)

    async def together() -> list[bool]:
        return [
            *await asyncio.gather(
                visit("in_channels=31", in_channels=31),
                visit("in_channels=31", in_channels=31),
                visit("in_channels=33", in_channels=33),
            )
        ]

    assert asyncio.run(together()) == [False, False, False]


def test_twenty_broken_links_each_draw_a_page(server: Server) -> None:
    broken = ("%00", "9" * 4000, "-1", "1e9", "<script>alert(1)</script>", "%F0%9F%92%A5", "null", "../../etc/passwd")
    choose = random.Random(3)
    queries = [
        "&".join(f"{choose.choice([*FIELDS, 'foo', '__class__'])}={choose.choice(broken)[:900]}" for _ in range(3))
        for _ in range(20)
    ]

    async def visit(query: str) -> list[str]:
        async with session(server.address, query) as person:
            assert person.shows("parameters")
            return person.failures

    async def one_by_one() -> list[list[str]]:
        return [await visit(query) for query in queries]

    assert asyncio.run(one_by_one()) == [[]] * 20
    assert_no_traceback(server.log)
