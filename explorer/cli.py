"""The command line: ``describe``, ``memory``, ``link``, ``docs`` and ``bench``.

Exit codes: 0; 2 for bad input; 3 where a measurement was refused, failed or timed out, or the device
is absent (the closed forms and the reason are printed all the same), or a document could not be
checked; 1 where a document has drifted; 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import json
import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

from explorer import environment
from explorer.codec import add_flags, from_flags, to_link
from explorer.documents.json_document import describe_json
from explorer.documents.memory_document import memory_json, memory_text
from explorer.documents.table import describe_text
from explorer.findings import Findings, MemoryFindings
from explorer.spec import FIELDS, SpecError, Study, Whole, shown
from explorer.study import explore, measure_memory

if TYPE_CHECKING:
    from explorer.bench.rows import Row

OK, BAD_INPUT, NOT_MEASURED, INTERRUPTED = 0, 2, 3, 130
COMMANDS = ("describe", "memory", "link", "docs", "bench")
DOCS, REPORTS = ("check", "update"), ("text", "json", "github")
BENCHMARKS = ("page", "engine", "memory", "time")
_RUNS = Whole(1, 1000)
DEFAULT_BASE = "http://127.0.0.1:8501"

Explore = Callable[[Study], Findings]
Measure = Callable[[Study], MemoryFindings]


class _BadInput(Exception):
    """A command line that cannot be read; the text is one sentence for a person."""


class _NoOutput(Exception):
    """The output could not be written; the text is one sentence for a person."""


class _Parser(argparse.ArgumentParser):
    """argparse that raises one sentence instead of printing its usage and leaving."""

    def error(self, message: str) -> NoReturn:
        raise _BadInput(_sentence(message))


def main(argv: Sequence[str], explore: Explore = explore, measure_memory: Measure = measure_memory) -> int:
    """Runs one command line and returns its exit code; never raises.

    Args:
        argv: the words after ``python -m explorer``.
        explore: what measures a Study.
    """
    try:
        return _main(argv, explore, measure_memory)
    except (_BadInput, SpecError) as problem:
        return _complain(str(problem), BAD_INPUT)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has seen enough
        _discard_output()
        return OK
    except _NoOutput as problem:
        _discard_output()
        return _complain(str(problem), NOT_MEASURED)
    except SystemExit as end:  # argparse's --help
        return OK if not end.code else BAD_INPUT
    except Exception as error:  # the last resort: a sentence instead of a traceback
        return _complain(
            f"Something unexpected failed ({type(error).__name__}: {shown(str(error), 200)}).", NOT_MEASURED
        )


def _main(argv: Sequence[str], explore: Explore, measure_memory: Measure) -> int:
    parser = _parser()
    options, unknown = parser.parse_known_args(list(argv))
    if options.command is None:
        raise _BadInput(f"Say what to do: one of {', '.join(COMMANDS)}; --help explains them.")
    if options.command == "docs":  # argparse takes no second group of words behind a flag
        options.paths += [word for word in unknown if word == "-" or not word.startswith("-")]
        unknown = [word for word in unknown if word != "-" and word.startswith("-")]
    if unknown:
        raise _BadInput(_unknown(unknown[0], options.command))
    environment.check()
    if options.command == "docs":
        return _docs(options)
    if options.command == "bench":
        return _bench(options.what, options.runs, options.json)
    study = from_flags(options)
    page = "memory" if options.command == "memory" else ""
    link = to_link(study, environment.public_url() or DEFAULT_BASE, page)
    if options.command == "link":
        _write(sys.stdout, link + "\n")
        return OK
    if sys.stderr.isatty():
        _write(sys.stderr, "Building and running the block …\n")
    if options.command == "memory":
        memory = measure_memory(study)
        _print(memory_json(memory, link) if options.json else memory_text(memory), link)
        return NOT_MEASURED if memory.problems else OK
    found = explore(study)
    _print(describe_json(found, link) if options.json else describe_text(found), link)
    return NOT_MEASURED if found.problems else OK


def _print(found: dict[str, Any] | str, link: str) -> None:
    """A document as JSON, or a text with the page's address under it."""
    if isinstance(found, str):
        _write(sys.stdout, f"{found}\n{link}\n")
    else:
        _write(sys.stdout, json.dumps(found, indent=2, allow_nan=False) + "\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m explorer",
        description="A DenseNet block, built in PyTorch, run and explained.",
        epilog="Exit codes: 0; 1 a document has drifted; 2 bad input; 3 something was not measured or checked.",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(
        dest="command", metavar="describe | memory | link | docs | bench", parser_class=_Parser
    )
    text = "build and run the block, and print what was found"
    describe = commands.add_parser("describe", help=text, description=text.capitalize() + ".", allow_abbrev=False)
    describe.add_argument("--json", action="store_true", help="print JSON instead of a table")
    add_flags(describe)
    text = "follow a training step of the block in each implementation, and search what fits"
    memory = commands.add_parser("memory", help=text, description=text.capitalize() + ".", allow_abbrev=False)
    memory.add_argument("--json", action="store_true", help="print JSON instead of a table")
    add_flags(memory)
    text = "print the page's address for the block"
    detail = f"{text.capitalize()}. Its base is EXPLORER_PUBLIC_URL, or {DEFAULT_BASE}."
    add_flags(commands.add_parser("link", help=text, description=detail, allow_abbrev=False))
    _add_docs(commands.add_parser)
    text = "measure how fast the page or the engine answers, and what each implementation takes"
    detail = f"{text.capitalize()}. It takes minutes: memory and time compile the block four times first."
    bench = commands.add_parser("bench", help=text, description=detail, allow_abbrev=False)
    bench.add_argument("what", choices=BENCHMARKS, help="what to measure")
    bench.add_argument(
        "--runs", default="5", metavar="N", help=f"times each thing is measured: {_RUNS.words} (default 5)"
    )
    bench.add_argument(
        "--json", action="store_true", help="print JSON, with the machine and the versions, instead of a table"
    )
    return parser


def _add_docs(add_parser: Callable[..., argparse.ArgumentParser]) -> None:
    text = "write or check the generated parts of Markdown documents"
    docs = add_parser(
        "docs",
        help=text,
        description=f"{text.capitalize()}: what stands between explorer:begin and explorer:end.",
        epilog="Exit codes: 0 current; 1 drifted, edited by hand or never generated; 2 bad input; 3 not checked.",
        allow_abbrev=False,
    )
    docs.add_argument("do", choices=DOCS, help="check never writes")
    docs.add_argument("paths", nargs="*", metavar="PATH", help="files, folders (their Markdown), - for standard input")
    docs.add_argument("--diff", action="store_true", help="print what differs, line by line")
    docs.add_argument("--dry-run", action="store_true", help="update: say what would be written, and write nothing")
    docs.add_argument("--force", action="store_true", help="update: write over what was edited by hand")
    docs.add_argument("--quiet", action="store_true", help="print only what is wrong")
    docs.add_argument(
        "--measure", action="store_true", help="build the blocks too, and compare with the counts on them"
    )
    docs.add_argument("--allow-import", action="store_true", help="run the code that against=… names, and compare")
    docs.add_argument("--report", default="text", choices=REPORTS, help="text for a person, json, or github")


def _docs(options: argparse.Namespace) -> int:
    """Checks or writes documents. What it needs is imported here: only this command does."""
    from explorer.docs.command import STDIN, Options, code_of, run
    from explorer.docs.own import look
    from explorer.docs.report import report

    if not options.paths:
        raise _BadInput("Say which documents: files, folders, or - for standard input.")
    if options.do == "check" and (options.force or options.dry_run):
        raise _BadInput(
            f"{'--force' if options.force else '--dry-run'} belongs to docs update; docs check never writes."
        )
    stdin = sys.stdin.buffer.read() if STDIN in options.paths and sys.stdin is not None else b""
    own = look if options.allow_import else None
    base = environment.public_url() or DEFAULT_BASE
    asked = Options(options.do, base, options.dry_run, options.force, own=own)
    if options.measure:
        from explorer.docs.measured import counting

        with counting() as count:
            outcomes = run(options.paths, replace(asked, count=count), stdin)
    else:
        outcomes = run(options.paths, asked, stdin)
    told = report(outcomes, asked, options.report, diff=options.diff, quiet=options.quiet)
    piped = next((one for one in outcomes if one.name == STDIN and one.state), None)
    if options.do == "update" and not options.dry_run and piped is not None and piped.state is not None:
        _write(sys.stdout, piped.state.after, exactly=True)
        _write(sys.stderr, told)
    else:
        _write(sys.stdout, told)
    return code_of(outcomes)


# --- sentences ------------------------------------------------------------------------------------


def _sentence(message: str) -> str:
    """argparse's message as one sentence that says what is allowed."""
    if found := re.match(r"argument (--[a-z-]+): expected one argument", message):
        info = FIELDS.get(found[1][2:].replace("-", "_"))
        return f"{found[1]} needs a value: {info.domain.words if info else _RUNS.words}."
    if found := re.match(r"argument (\S+): ignored explicit argument (.*)", message, re.DOTALL):
        return f"{found[1]} takes no value, not {found[2][:60]}."
    if found := re.match(r"argument what: invalid choice: (.*) \(choose from", message, re.DOTALL):
        return f"What to bench must be one of {', '.join(BENCHMARKS)}, not {found[1][:60]}."
    if found := re.match(r"argument do: invalid choice: (.*) \(choose from", message, re.DOTALL):
        return f"docs does one of {', '.join(DOCS)}, not {found[1][:60]}."
    if found := re.match(r"argument --report: invalid choice: (.*) \(choose from", message, re.DOTALL):
        return f"--report must be one of {', '.join(REPORTS)}, not {found[1][:60]}."
    if found := re.match(r"argument .*: invalid choice: (.*) \(choose from", message, re.DOTALL):
        return f"The command must be one of {', '.join(COMMANDS)}, not {found[1][:60]}."
    if "required: what" in message:
        return "Say what to bench: page, engine, memory or time."
    if "required: do" in message:
        return f"Say what to do with documents: {' or '.join(DOCS)}."
    return message[:1].upper() + message[1:160].rstrip(".") + "."


def _unknown(word: str, command: str) -> str:
    if not word.startswith("-"):
        return f"{command} takes flags only, so {shown(word)} is not understood; --help lists them."
    own = {
        "bench": ["--runs", "--json"],
        "docs": ["--diff", "--dry-run", "--force", "--quiet", "--measure", "--allow-import", "--report"],
    }
    flags = own.get(command) or [info.flag for info in FIELDS.values()]
    if command in ("describe", "memory"):
        flags.append("--json")
    near = difflib.get_close_matches(word[:40].partition("=")[0], flags, n=1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return f"{command} has no flag {shown(word)}{hint}; allowed are {', '.join(flags)}."


# --- output ---------------------------------------------------------------------------------------

_PLAIN = str.maketrans(
    {"×": "x", "÷": "/", "✓": "=", "✕": "!", "·": "*", "–": "-", "−": "-", "’": "'", "₀": "0", "…": "...", "Σ": "sum"}
)


def _write(stream: TextIO | None, text: str, *, exactly: bool = False) -> None:
    """Writes what the terminal can show: signs that it lacks as their nearest ASCII; ``exactly``: the text's UTF-8."""
    if stream is None:  # the program was started with its output closed
        raise _NoOutput("The output could not be written: it is closed.")
    encoding = stream.encoding or "utf-8"
    try:
        if exactly and hasattr(stream, "buffer"):
            stream.buffer.write(text.encode())
            stream.flush()
            return
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.translate(_PLAIN).encode(encoding, "replace").decode(encoding)
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as problem:
        reason = (problem.strerror or "unknown reason").lower()
        raise _NoOutput(f"The output could not be written: {reason}.") from None


def _complain(sentence: str, code: int) -> int:
    with contextlib.suppress(OSError, _NoOutput):  # nobody listens; the exit code still says it
        _write(sys.stderr, sentence + "\n")
    return code


def _discard_output() -> None:
    """Sends what is still buffered nowhere, so that the interpreter's own flush at exit stays quiet."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


# --- benchmarks -----------------------------------------------------------------------------------


def _bench(what: str, runs: str, as_json: bool) -> int:
    """Measures and prints. The benchmarks are imported here: only this command needs them."""
    count = _RUNS.parse(runs)
    if not isinstance(count, int) or not _RUNS.holds(count):
        raise SpecError("runs", runs, _RUNS.words)
    bench: Callable[[int], Sequence[Row]]
    if what == "engine":
        from explorer.bench.engine import bench_engine as bench
    elif what == "memory":
        from explorer.bench.implementations import bench_memory as bench
    elif what == "time":
        from explorer.bench.implementations import bench_time as bench
    else:
        from explorer.bench.page import bench_page as bench
    from explorer.bench.faults import told
    from explorer.bench.report import document, table

    if sys.stderr.isatty():
        _write(sys.stderr, "Measuring, which takes some minutes …\n")
    try:
        with told(what):
            rows = bench(count)
    except RuntimeError as problem:  # a server did not start, a count failed, there is no browser
        return _complain(str(problem), NOT_MEASURED)
    except KeyboardInterrupt:  # rows are printed together, so a table that is missing needs a word
        return _complain(f"The {what} benchmark was interrupted.", INTERRUPTED)
    if as_json:
        _write(sys.stdout, json.dumps(document(what, rows), indent=2, allow_nan=False) + "\n")
    else:
        _write(sys.stdout, table(rows))
    return OK
