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
from explorer.language import _, listed, reason, said
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
            raise BadInput(
                _("{flag} does not belong to {format}.").format(
                    flag="--" + name.replace("_", "-"), format=options.format
                )
            )
    if options.measure and not made.measured:
        able = listed(one.name for one in formats() if one.measured)
        words = _("--measure belongs to {formats}; {format} holds closed forms alone.")
        raise BadInput(words.format(formats=able, format=options.format))
    if made.kind == "image/png" and options.output is None and sys.stdout is not None and sys.stdout.isatty():
        raise BadInput(_("A PNG is not for a terminal: give --output FILE, or a pipe."))
    made.checked(given.items())
    found = explore(study) if options.measure else findings(study)
    data = made.bytes_of(found, base, given | ({MEASURED: "1"} if options.measure else {}))
    if options.output is None:
        write_bytes(sys.stdout, data)
    else:
        _write(Path(options.output), data)
    if found.problems:
        return complain(_("Not measured: {problem}").format(problem=found.problems[0].message), NOT_MEASURED)
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
        why = str(reason(problem, said("it is closed"))).lower()
        raise BadInput(_("{name!a} cannot be read: {reason}.").format(name=name, reason=why)) from None
    return study_in(data)


def _write(path: Path, data: bytes) -> None:
    try:
        if path.exists() and not path.is_file():  # a device, a pipe, a folder
            path.write_bytes(data)
        else:
            replace_file(path, data)
    except (OSError, ValueError) as problem:
        why = str(reason(problem, said("it is no name of a file"))).lower()
        raise NoOutput(_("{name!a} could not be written: {reason}.").format(name=str(path), reason=why)) from None
