"""How files are made for whoever asks: kept once made, few at a time, and never too large.

What has been made is kept in memory up to :data:`KEPT` bytes, the longest unasked goes first. Of what has
not, one at a time is made in this process, since Python would not make two faster; a slow one is made in a
process of its own, so that the page goes on meanwhile. Whoever would wait behind too many others is told
to come again, after a moment, which costs next to nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import anyio

from explorer.codec import to_flags
from explorer.engine import Done, State
from explorer.exports import MEASURED, Format, Options
from explorer.findings import Findings
from explorer.language import _
from explorer.place import HOME
from explorer.spec import Job, Study
from explorer.study import Runs, count_jobs, findings, settled, time_job

KEPT = 64 * 2**20  # bytes of files in memory
LARGEST = 4 * 2**20  # bytes of one file
MEASURES = 20.0  # seconds that a count may take
_WAITING = 16  # at one gate
_COUNTS = 4  # of those that wait for counts
_WAITER = "files"  # all of them share one turn at the engine, so that no page waits behind more than one
_SLOW = 20  # seconds for a process that makes one file

T = TypeVar("T")


class TooMany(Exception):
    """Others are waiting already; ``seconds`` is when to come again."""

    seconds = 1


class NotMade(Exception):
    """A file could not be made; the text is one sentence for a person."""


@dataclass(frozen=True)
class Asked:
    """What a file is made of.

    Attributes:
        format: which it is.
        study: of what.
        options: every option of the format, as (name, value).
        base: of the link within; empty where there is none.
    """

    format: str
    study: Study
    options: tuple[tuple[str, str], ...]
    base: str


class Kept:
    """Files that have been made, by what they were made of; the longest unasked goes first."""

    def __init__(self, most: int = KEPT) -> None:
        self.most, self.size = most, 0
        self._files: OrderedDict[Asked, bytes] = OrderedDict()

    def get(self, asked: Asked) -> bytes | None:
        """The file, if it has been kept."""
        body = self._files.get(asked)
        if body is not None:
            self._files.move_to_end(asked)
        return body

    def put(self, asked: Asked, body: bytes) -> None:
        """Keeps ``body``, and forgets others where there is no room for all."""
        self.size += len(body) - len(self._files.pop(asked, b""))
        self._files[asked] = body
        while self.size > self.most:
            self.size -= len(self._files.popitem(last=False)[1])


class Gate:
    """Lets ``most`` through at once; the next ``waiting`` wait, and others are turned away."""

    def __init__(self, most: int, waiting: int = _WAITING) -> None:
        self._limiter = anyio.CapacityLimiter(most)
        self._room = most + waiting

    async def run(self, work: Callable[[], T]) -> T:
        """What ``work`` gives, in a thread.

        Raises:
            TooMany: too many wait already.
        """
        if not self._room:
            raise TooMany
        self._room -= 1
        try:
            return await anyio.to_thread.run_sync(work, limiter=self._limiter)
        finally:
            self._room += 1


class Answers:
    """Makes files. To be used from one event loop; ``runs`` gives the engine that counts."""

    def __init__(self, runs: Callable[[], Runs]) -> None:
        self.kept = Kept()
        self._runs = runs
        self._quick, self._slow, self._counts = Gate(1), Gate(2), Gate(1, waiting=_COUNTS)

    async def file(self, made: Format, study: Study, base: str, options: Options) -> bytes:
        """A file of closed forms.

        Raises:
            TooMany: too many wait already.
            NotMade: it failed, or would be too large.
        """
        asked = Asked(made.kind + made.label, study, tuple(sorted(options.items())), base if made.linked else "")
        body = self.kept.get(asked)
        if body is None:
            if made.slow:
                body = await self._slow.run(lambda: _apart(made, study, base, options))
            else:
                body = await self._quick.run(lambda: made.bytes_of(findings(study), base, options))
            self.kept.put(asked, _bounded(body))
        return body

    async def measured(self, made: Format, study: Study, base: str, options: Options) -> bytes:
        """A file with what the live blocks count, for which it waits up to :data:`MEASURES` seconds.

        Times are in it where the page has taken them. Raises as :meth:`file`.
        """
        found = await self._counts.run(lambda: self._measure(study))
        return _bounded(await self._quick.run(lambda: made.bytes_of(found, base, options)))

    def _measure(self, study: Study) -> Findings:
        runs, timing = self._runs(), time_job(study)
        jobs: list[Job] = [*count_jobs(study).values()]
        states: dict[Job, State] = settled(runs, jobs, time.monotonic() + MEASURES, MEASURES, _WAITER)
        known = runs.state(timing)
        return findings(study, states | ({timing: known} if isinstance(known, Done) else {}))


def _bounded(body: bytes) -> bytes:
    if len(body) > LARGEST:
        words = _("This file would have {size:,} bytes; at most {most:,} are sent.")
        raise NotMade(words.format(size=len(body), most=LARGEST))
    return body


def _apart(made: Format, study: Study, base: str, options: Options) -> bytes:
    """Makes a file in a process of its own, by the command line."""
    given = {name: value for name, value in options.items() if name != MEASURED}
    flags = [word for name, value in given.items() for word in (f"--{name.replace('_', '-')}", value)]
    # In the Study's language, whatever this machine's is.
    surroundings = {**os.environ, "LANGUAGE": "", "LC_ALL": "C.UTF-8"}
    if made.linked:
        surroundings["EXPLORER_PUBLIC_URL"] = base
    command = [sys.executable, "-m", "explorer", "export", made.name, *flags, *to_flags(study)]
    try:
        ran = subprocess.run(
            command,
            cwd=HOME,  # from where the package is found, wherever the server was started
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=surroundings,
            timeout=_SLOW,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NotMade(_("This file was not made within {seconds} s.").format(seconds=_SLOW)) from None
    if ran.returncode != 0:
        raise NotMade(_("This file could not be made."))
    return ran.stdout
