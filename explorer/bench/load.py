"""A load generator: many requests over a few kept connections, in a process of its own.

``python -m explorer.bench.load`` is what :func:`loaded` starts. Plain sockets, so that it costs little beside the
server that it asks; a process of its own, so that neither waits for the other's Python.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
import json
import random
import re
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from explorer.bench.faults import BenchError
from explorer.bench.server import ROOT
from explorer.codec import to_query
from explorer.spec import FIELDS, Study, Whole

THEMES = ("light", "dark", "auto")
_READY = b"ready\n"


@dataclass(frozen=True)
class Load:
    """What is asked for.

    Attributes:
        path: the file, such as ``/block.svg``.
        seed: of the random Studies; equal seeds ask for the same, in the same order.
        seconds: for how long.
        connections: how many ask at once, each for its next when it has been answered.
        pictures: how many are asked for again and again, each once before the time begins; 0 asks for a new one always.
        known: whether to say, by If-None-Match, that one has it already.
    """

    path: str = "/block.svg"
    seed: int = 0
    seconds: float = 8.0
    connections: int = 8
    pictures: int = 0
    known: bool = False


@dataclass
class Answered:
    """What came back: how many answers of each status, and refusals that do not say when to come again."""

    seconds: float = 0.0
    statuses: dict[int, int] = field(default_factory=dict)
    unannounced: int = 0

    def share(self, status: int) -> float:
        """Of all answers, those with ``status``."""
        return self.statuses.get(status, 0) / max(1, sum(self.statuses.values()))

    def rate(self) -> float:
        """Pictures a second: those sent, and those that whoever asked had already."""
        return (self.statuses.get(200, 0) + self.statuses.get(304, 0)) / self.seconds

    def failures(self) -> int:
        """How often it was the server's fault."""
        return sum(count for status, count in self.statuses.items() if status >= 500)


def studies(seed: int) -> Iterator[Study]:
    """Random Studies without end, over all that their fields allow."""
    choose = random.Random(seed)

    def whole(name: str) -> int:
        domain = FIELDS[name].domain
        assert isinstance(domain, Whole)
        return choose.randint(domain.low, domain.high)

    while True:
        layers = whole("layers")
        reader = choose.randint(1, layers)
        source = choose.randrange(reader)
        yield Study().with_(
            in_channels=whole("in_channels"),
            growth_rate=whole("growth_rate"),
            layers=layers,
            order=choose.choice(("pre", "post")),
            drawing=choose.choice(("chain", "paper")),
            select=choose.choice((None, f"layer-{reader}", f"source-{source}", f"{source}-{reader}")),
        )


def addresses(path: str, seed: int) -> Iterator[str]:
    """Addresses of ``path`` for :func:`studies`, each in a random theme."""
    choose = random.Random(seed)
    for study in studies(seed):
        yield f"{path}?{urlencode(to_query(study) | {'theme': choose.choice(THEMES)})}"


# --- in the process of its own ----------------------------------------------------------------------


class Connection:
    """One kept connection, which asks for one thing after another."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
        self._reader, self._writer, self._host = reader, writer, host

    async def get(self, address: str, tag: str = "") -> tuple[int, dict[str, str]]:
        """Status and headers of the answer, when all of it has come."""
        known = f"If-None-Match: {tag}\r\n" if tag else ""
        self._writer.write(f"GET {address} HTTP/1.1\r\nHost: {self._host}\r\n{known}\r\n".encode())
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.rstrip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        status = int(first.split()[1])
        if status != 304:
            await self._reader.readexactly(int(headers["content-length"]))
        return status, headers


@contextlib.asynccontextmanager
async def connection(base: str) -> AsyncIterator[Connection]:
    """A connection to ``base``, ``http://…``, which asks for no compression."""
    parts = urlsplit(base)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        yield Connection(reader, writer, parts.netloc)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _generate(base: str, load: Load) -> Answered:
    """Asks, after having said that it is ready, and tells what came back within the time."""
    wanted: Iterator[tuple[str, str]] = ((address, "") for address in addresses(load.path, load.seed))
    async with contextlib.AsyncExitStack() as stack:
        asking = [await stack.enter_async_context(connection(base)) for _ in range(load.connections)]
        if load.pictures:
            tagged = []
            for address, _ in itertools.islice(wanted, load.pictures):
                _, headers = await asking[0].get(address)
                tagged.append((address, headers["etag"] if load.known else ""))
            wanted = itertools.cycle(tagged)
        sys.stdout.buffer.write(_READY)
        sys.stdout.flush()
        begun = time.perf_counter()
        statuses: Counter[int] = Counter()
        found = Answered()

        async def ask(one: Connection) -> None:
            while True:
                status, headers = await one.get(*next(wanted))
                if time.perf_counter() - begun > load.seconds:
                    return
                statuses[status] += 1
                found.unannounced += status == 429 and not re.fullmatch("[0-9]+", headers.get("retry-after", ""))

        await asyncio.gather(*map(ask, asking))
    found.seconds, found.statuses = load.seconds, dict(statuses)
    return found


def main(base: str, load: str) -> None:
    """Prints ``ready`` and then, as JSON, what came back."""
    found = asyncio.run(_generate(base, Load(**json.loads(load))))
    print(json.dumps(dataclasses.asdict(found)), flush=True)


# --- beside it ----------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def loaded(base: str, load: Load) -> AsyncIterator[asyncio.Task[Answered]]:
    """``load`` on the server at ``base`` from now on; the task ends with it.

    Raises:
        BenchError: the server broke a connection off, or was not there.
    """
    words = [sys.executable, "-m", "explorer.bench.load", base, json.dumps(dataclasses.asdict(load))]
    process = await asyncio.create_subprocess_exec(
        *words,
        cwd=ROOT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for the benchmark, which then ends it
    )
    try:
        assert process.stdout is not None  # it was asked for above
        if await process.stdout.readline() != _READY:
            raise BenchError("The load generator could not reach the server.")
        task = asyncio.create_task(_result(process.stdout))
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.wait([task])
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()  # to its end: a pipe left open would complain once the loop is closed


async def _result(output: asyncio.StreamReader) -> Answered:
    line = await output.readline()
    if not line:
        raise BenchError("The server broke a connection of the load generator off.")
    found = json.loads(line)
    return Answered(found["seconds"], {int(s): n for s, n in found["statuses"].items()}, found["unannounced"])


if __name__ == "__main__":
    main(*sys.argv[1:])
