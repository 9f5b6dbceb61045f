"""``trace``: a module of the person's own, imported from the folder that the command runs in."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from explorer.cli.output import NOT_MEASURED, OK, complain, write
from explorer.cli.sentences import BadInput
from explorer.documents.trace_document import trace_json, trace_text
from explorer.language import _
from explorer.spec import own_module
from explorer.study.apart import ApartError, trace_apart


def trace(target: str | None, shape: str | None, as_json: bool) -> int:
    """Runs ``target`` in a process of its own and prints what was found."""
    if target is None:
        raise BadInput(_("Say which module: package.module:Name, such as mypackage.networks:build."))
    own = own_module(target, shape, str(Path.cwd()))
    if sys.stderr.isatty():
        write(sys.stderr, _("Importing and running the module …") + "\n")
    try:
        found = trace_apart(own)
    except ApartError as problem:
        return complain(str(problem), NOT_MEASURED)
    if as_json:
        write(sys.stdout, json.dumps(trace_json(found), indent=2, allow_nan=False) + "\n")
    else:
        write(sys.stdout, trace_text(found))
    return OK
