"""What the command line prints, wherever its output goes."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO

from explorer.language import _, reason, said, typeset, typeset_all

OK, DRIFTED, BAD_INPUT, NOT_MEASURED, INTERRUPTED = 0, 1, 2, 3, 130

_PLAIN = str.maketrans(
    {
        "×": "x",
        "÷": "/",
        "✓": "=",
        "✕": "!",
        "·": "*",
        "–": "-",
        "−": "-",
        "’": "'",
        "₀": "0",
        "…": "...",
        "→": "->",
        "Σ": "sum",
    }
)


class NoOutput(Exception):
    """The output could not be written; the text is one sentence for a person."""


def write(stream: TextIO | None, text: str) -> None:
    """Writes what the terminal can show: signs that it lacks as their nearest ASCII.

    Raises:
        NoOutput: it cannot be written.
        BrokenPipeError: whoever read it has seen enough.
    """
    if stream is None:
        raise _closed()
    encoding = stream.encoding or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.translate(_PLAIN).encode(encoding, "replace").decode(encoding)
    with _told():
        stream.write(text)
        stream.flush()


def write_bytes(stream: TextIO | None, data: bytes) -> None:
    """Writes ``data`` as it is; raises as :func:`write`."""
    if stream is None:
        raise _closed()
    with _told():
        if hasattr(stream, "buffer"):
            stream.buffer.write(data)
        else:  # a stream of text alone, as in tests
            stream.write(data.decode(errors="replace"))
        stream.flush()


def write_found(found: dict[str, Any] | str, link: str) -> None:
    """Prints a document as JSON, or a text with the page's address under it."""
    if isinstance(found, str):
        write(sys.stdout, f"{found}\n{link}\n")
    else:
        write(sys.stdout, json.dumps(typeset_all(found), indent=2, allow_nan=False) + "\n")


def complain(sentence: str, code: int) -> int:
    """Says what is wrong where complaints go, and returns ``code``."""
    with contextlib.suppress(OSError, NoOutput):  # nobody listens; the exit code still says it
        write(sys.stderr, typeset(sentence) + "\n")
    return code


def discard_output() -> None:
    """Sends what is still buffered nowhere, so that the interpreter's own flush at exit stays quiet."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _closed() -> NoOutput:
    return NoOutput(
        _("The output could not be written: {reason}.").format(reason=_("it is closed"))
    )  # the program was started so


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as problem:
        why = str(reason(problem, said("unknown reason"))).lower()
        raise NoOutput(_("The output could not be written: {reason}.").format(reason=why)) from None
