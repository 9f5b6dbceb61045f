"""``docs check`` and ``docs update``."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace

from explorer.cli.output import write, write_bytes
from explorer.cli.sentences import BadInput
from explorer.docs.command import STDIN, Options, code_of, run
from explorer.docs.own import look
from explorer.docs.report import report
from explorer.language import _


def docs(options: argparse.Namespace, base: str, moves: bool) -> int:
    """Checks or writes documents; ``base`` is that of the links within, and ``moves`` says that a person has set it."""
    if not options.paths:
        raise BadInput(_("Say which documents: files, folders, or - for standard input."))
    if options.do == "check" and (options.force or options.dry_run):
        words = _("{flag} belongs to docs update; docs check never writes.")
        raise BadInput(words.format(flag="--force" if options.force else "--dry-run"))
    stdin = sys.stdin.buffer.read() if STDIN in options.paths and sys.stdin is not None else b""
    own = look if options.allow_import else None
    asked = Options(options.do, base, options.dry_run, options.force, own=own, moves=moves)
    if options.measure:
        from explorer.docs.measured import counting  # starts the engine

        with counting() as count:
            outcomes = run(options.paths, replace(asked, count=count), stdin)
    else:
        outcomes = run(options.paths, asked, stdin)
    told = report(outcomes, asked, options.report, diff=options.diff, quiet=options.quiet)
    piped = next((one for one in outcomes if one.name == STDIN and one.state), None)
    if options.do == "update" and not options.dry_run and piped is not None and piped.state is not None:
        write_bytes(sys.stdout, piped.state.after.encode())
        write(sys.stderr, told)
    else:
        write(sys.stdout, told)
    return code_of(outcomes)
