"""``bench files``: what the load generator asks, how it counts what comes back, and the rows for real."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

import pytest

from explorer.bench.faults import BenchError
from explorer.bench.files import Plan, bench_files
from explorer.bench.load import Answered, Load, addresses, loaded
from explorer.bench.server import free_port
from explorer.codec import from_query

ANSWER = 'HTTP/1.1 {status} -\r\nContent-Length: 4\r\nETag: "it"\r\n{more}\r\nbody'
NOTHING = 'HTTP/1.1 304 -\r\nETag: "it"\r\n\r\n'


def asked(load: Load, answer: Callable[[str], str]) -> tuple[Answered, list[str]]:
    """What ``load`` counts on a server that gives ``answer`` to each request's head, and all heads."""
    heads: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
                writer.write(answer(heads[-1]).encode())
        except asyncio.IncompleteReadError:
            writer.close()

    async def measure() -> Answered:
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            async with loaded(f"http://127.0.0.1:{port}", load) as under:
                return await under

    return asyncio.run(measure()), heads


def paths(heads: list[str]) -> list[str]:
    return [head.split()[1] for head in heads]


def test_what_is_asked_for_is_allowed_and_another_each_time_and_alike_in_every_run() -> None:
    found = list(itertools.islice(addresses("/block.svg", 7), 200))
    assert found == list(itertools.islice(addresses("/block.svg", 7), 200)) and len(set(found)) == 200
    assert found[0] not in itertools.islice(addresses("/block.svg", 8), 200)
    pairs = [parse_qsl(urlsplit(address).query) for address in found]
    studies = [from_query(pair for pair in one if pair[0] != "theme") for one in pairs]
    assert {dict(one)["theme"] for one in pairs} == {"light", "dark", "auto"}
    assert len({study.block.layers for study in studies}) > 50
    assert {study.view.drawing for study in studies} == {"chain", "paper"}
    assert {study.block.order for study in studies} == {"pre", "post"}


def test_every_request_is_for_another_picture() -> None:
    found, heads = asked(Load(seconds=0.2, connections=3), lambda _: ANSWER.format(status=200, more=""))
    assert len(set(paths(heads))) == len(heads) > 10
    assert found.statuses.keys() == {200} and len(heads) - 3 <= found.statuses[200] <= len(heads)
    assert found.rate() == found.statuses[200] / 0.2 and found.failures() == 0


def test_what_is_to_be_kept_is_asked_for_once_before_and_then_again_with_its_etag() -> None:
    def answer(head: str) -> str:
        return NOTHING if "If-None-Match" in head else ANSWER.format(status=200, more="")

    found, heads = asked(Load(seconds=0.2, connections=2, pictures=4, known=True), answer)
    assert len(set(paths(heads))) == 4 and paths(heads)[:4] == paths(heads)[4:8]
    assert all('If-None-Match: "it"' in head for head in heads[4:]) and found.statuses.keys() == {304}
    assert found.rate() > 0


def test_refusals_and_failures_are_counted_and_are_no_pictures() -> None:
    said = itertools.cycle([(429, "Retry-After: 1\r\n"), (429, ""), (500, ""), (200, "")])

    def answer(_: str) -> str:
        status, more = next(said)
        return ANSWER.format(status=status, more=more)

    found, _heads = asked(Load(seconds=0.2, connections=1), answer)
    assert found.statuses.keys() == {200, 429, 500}
    assert found.share(429) == pytest.approx(0.5, abs=0.1)
    assert found.rate() == found.statuses[200] / 0.2 and found.failures() == found.statuses[500]
    assert found.unannounced == pytest.approx(found.statuses[429] / 2, abs=1)


def test_a_server_that_is_not_there_is_one_sentence() -> None:
    async def measure() -> None:
        async with loaded(f"http://127.0.0.1:{free_port()}", Load()) as under:
            await under

    with pytest.raises(BenchError, match=r"^The load generator could not reach the server\.$"):
        asyncio.run(measure())


def test_a_server_that_breaks_off_is_one_sentence() -> None:
    with pytest.raises(BenchError, match=r"^The server broke a connection of the load generator off\.$"):
        asked(Load(connections=1), lambda _: "HTTP/1.1\r\n\r\n")


def test_bench_files_for_real() -> None:
    """How fast it is and how much it refuses is the machine's; which may be too busy to answer one within the time."""
    rows = {row.name: row for row in bench_files(1, Plan(seconds=0.6, connections=2, crowd=40, pictures=3))}
    for load in ("cached SVG", "cached SVG, If-None-Match (304)", "uncached SVG", "uncached badge"):
        assert rows[f"{load}: pictures a second a core"].median >= 0 < rows[f"{load}: cores that the server had"].high
    assert sum(row.median for name, row in rows.items() if name.endswith("a second a core")) > 0
    assert rows["told to come again (429), 2 connections"].high == 0
    assert 0 <= rows["told to come again (429), 40 connections"].median <= 100
    assert rows["429 without Retry-After"].high == rows["answers that were the server's fault (5xx)"].high == 0
    for load in ("no load", "cached SVG", "uncached SVG", "uncached SVG, 40 connections at once"):
        name = f"slider to first screen, {load}"
        assert 0 < rows[name].median <= rows[f"{name}, 95th percentile"].median
