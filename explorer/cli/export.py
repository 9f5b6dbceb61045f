"""``export``, and the way back: the Study of a file."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from explorer.cli.output import NOT_MEASURED, OK, NoOutput, complain, write_bytes
from explorer.cli.sentences import BadInput
from explorer.docs.writing import replace_file
from explorer.exports import MEASURED, Format, badge, formats, study_in
from explorer.findings import Findings
from explorer.spec import Study
from explorer.study import findings

_OPTIONS = ("theme", "pixel_ratio", "show")
STDIN = "-"


def export(options: argparse.Namespace, study: Study, base: str, explore: Callable[[Study], Findings]) -> int:
    """Writes ``study`` in one format; where it was to be measured and could not be, the closed forms and 3.

    Raises:
        BadInput: an option that this format does not have.
        NoOutput: it cannot be written.
        SpecError: an option may not be that.
    """
    made = format_of(options.format)
    given = {name: value for name in _OPTIONS if (value := getattr(options, name)) is not None}
    for name in given:
        if name not in made.options:
            raise BadInput(f"--{name.replace('_', '-')} does not belong to {options.format}.")
    if options.measure and not made.measured:
        able = ", ".join(one.name for one in formats() if one.measured)
        raise BadInput(f"--measure belongs to {able}; {options.format} holds closed forms alone.")
    if made.kind == "image/png" and options.output is None and sys.stdout is not None and sys.stdout.isatty():
        raise BadInput("A PNG is not for a terminal: give --output FILE, or a pipe.")
    made.checked(given.items())
    found = explore(study) if options.measure else findings(study)
    data = made.bytes_of(found, base, given | ({MEASURED: "1"} if options.measure else {}))
    if options.output is None:
        write_bytes(sys.stdout, data)
    else:
        _write(Path(options.output), data)
    if found.problems:
        return complain(f"Not measured: {found.problems[0].message}", NOT_MEASURED)
    return OK


def format_of(name: str) -> Format:
    """The format that the command line calls so."""
    return badge() if name == "badge" else next(one for one in formats() if one.name == name)


def read_study(name: str) -> Study:
    """The Study that file ``name`` carries; ``-`` is standard input.

    Raises:
        BadInput: it cannot be read.
        SpecError: it carries none.
    """
    try:
        data = sys.stdin.buffer.read() if name == STDIN else Path(name).read_bytes()
    except (OSError, ValueError, AttributeError) as problem:
        reason = (getattr(problem, "strerror", None) or "it is closed").lower()
        raise BadInput(f"{name!a} cannot be read: {reason}.") from None
    return study_in(data)


def _write(path: Path, data: bytes) -> None:
    try:
        if path.exists() and not path.is_file():  # a device, a pipe, a folder
            path.write_bytes(data)
        else:
            replace_file(path, data)
    except (OSError, ValueError) as problem:
        reason = (getattr(problem, "strerror", None) or "it is no name of a file").lower()
        raise NoOutput(f"{str(path)!a} could not be written: {reason}.") from None
