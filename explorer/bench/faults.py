"""What stops a benchmark, as one sentence for a person.

Whatever drives a page or an engine (Playwright, websockets, asyncio) fails in words of its own, often on many lines.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

LONGEST = 200  # characters of a library's own words


class BenchError(RuntimeError):
    """Something that was needed did not come; the text says why, in one sentence."""


@contextlib.contextmanager
def told(what: str) -> Iterator[None]:
    """Whatever fails within is a :class:`BenchError` that says so of ``what``; what is one already stays as it is.

    Raises:
        BenchError: something failed.
    """
    # A connection that breaks, as all do after Ctrl-C, leaves asyncio futures that nobody asks any more. It would log
    # their tracebacks when they are collected, which may be after the end of this block. The fault itself is told here.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    try:
        yield
    except Exception as fault:
        if type(fault) in (BenchError, RuntimeError):  # ours, in words
            raise
        raise BenchError(f"The benchmark of the {what} could not be finished: {in_words(fault)}.") from fault


def in_words(fault: Exception) -> str:
    """The first line of what ``fault`` says, without the full stop, or what kind of fault it is."""
    lines = [line for line in str(fault).splitlines() if line.strip()]
    if lines:
        return lines[0].strip().rstrip(".:")[:LONGEST]
    return "an answer did not come in time" if isinstance(fault, TimeoutError) else type(fault).__name__
