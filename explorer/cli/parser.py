"""The words that the command line takes, and its help."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import NoReturn

from explorer.arguments import Arguments
from explorer.cli.sentences import (
    BENCHMARKS,
    COMMANDS,
    DOCS,
    FORMATS,
    GRADIENT_FIELDS,
    LESSON_FIELDS,
    NETWORK_FIELDS,
    REPORTS,
    RUNS,
    SCHEMAS,
    BadInput,
    sentence,
    speaking_commands,
)
from explorer.codec import add_flags
from explorer.documents.badge import SHOWN
from explorer.environment import SPOKEN
from explorer.language import N_, _, listed
from explorer.spec import FIELDS

DEFAULT_BASE = "http://127.0.0.1:8501"
_EXITS = N_("Exit codes: 0; 1 a document has drifted; 2 bad input; 3 something was not measured or checked.")


class Parser(Arguments):
    """argparse that raises one sentence instead of printing its usage and leaving."""

    def error(self, message: str) -> NoReturn:
        """Raises BadInput."""
        raise BadInput(sentence(message))


def parser() -> Parser:
    """The parser of the whole command line."""
    top = Parser(
        prog="python -m explorer",
        description=_("A DenseNet block, built in PyTorch, run and explained."),
        epilog=_(_EXITS),
        allow_abbrev=False,
    )
    _speaks(top)
    commands = top.add_subparsers(dest="command", metavar=" | ".join(COMMANDS), parser_class=Parser)

    def add(name: str, text: str, more: str = "") -> argparse.ArgumentParser:
        words = _("{sentence}. {more}").format(sentence=text[:1].upper() + text[1:], more=more).rstrip()
        made = commands.add_parser(name, help=text, description=words, allow_abbrev=False)
        if name not in speaking_commands():
            _speaks(made)
        return made

    for name, text in (
        ("describe", _("build and run the block, and print what was found")),
        ("memory", _("follow a training step of the block in each implementation, and search what fits")),
    ):
        measured = add(name, text)
        measured.add_argument("--json", action="store_true", help=_("print JSON instead of a table"))
        add_flags(measured)
    _gradients(add)
    _network(add)
    _lesson(add("lesson", _("check a lesson file, or print chapters as hand-outs in Markdown")))
    link = add(
        "link",
        _("print the page's address for the block"),
        _("Its base is EXPLORER_PUBLIC_URL, or {base}.").format(base=DEFAULT_BASE),
    )
    link.add_argument("--from", dest="source", metavar="FILE", help=_("of the block that an exported file shows"))
    add_flags(link)
    _export(add("export", _("write the block in one format"), _("Closed forms, unless --measure is asked for.")))
    _trace(add("trace", _("run a module of your own, and print what its forward pass concatenates")))
    add("serve", _("start the page; serve --help lists what it takes, --module package.module:Name among it"))
    schema = add("schema", _("print the JSON Schema of what describe --json and export json write, or network --json"))
    schema.add_argument(
        "of", nargs="?", choices=SCHEMAS, default=SCHEMAS[0], help=_("of a block (the default) or network")
    )
    _docs(add("docs", _("write or check the generated parts of Markdown documents")))
    _bench(add)
    return top


def _speaks(parser: argparse.ArgumentParser) -> None:
    """Names ``--lang`` in the help; by then it has been read, by :func:`explorer.environment.spoken`."""
    words = _("language of the terminal: {allowed} (default auto, as the system's)")
    parser.add_argument("--lang", dest="spoken", metavar="LANG", help=words.format(allowed=SPOKEN.words))


def _gradients(add: Callable[[str, str], argparse.ArgumentParser]) -> None:
    gradients = add("gradients", _("measure the gradient at every layer of plain, residual and dense stacks"))
    gradients.add_argument("--train", action="store_true", help=_("train them too, and read their accuracy (minutes)"))
    gradients.add_argument("--beside", action="store_true", help=_("also the other settings, skips cut, other depths"))
    gradients.add_argument("--json", action="store_true", help=_("print JSON instead of tables"))
    add_flags(gradients, GRADIENT_FIELDS)


def _network(add: Callable[[str, str], argparse.ArgumentParser]) -> None:
    network = add("network", _("tell of a whole DenseNet or ResNet, stage by stage"))
    words = FIELDS["network"].domain.words
    network.add_argument("name", metavar="NAME", help=words)
    network.add_argument(
        "--against", action="append", metavar="NAME", help=_("set beside it: {allowed}").format(allowed=words)
    )
    network.add_argument("--measure", action="store_true", help=_("count the live networks too"))
    network.add_argument("--json", action="store_true", help=_("print JSON instead of tables"))
    add_flags(network, NETWORK_FIELDS)
    networks = add("networks", _("list the published networks"))
    networks.add_argument("--json", action="store_true", help=_("print JSON instead of a table"))


def _lesson(lesson: argparse.ArgumentParser) -> None:
    lesson.add_argument(
        "file", nargs="?", metavar="FILE", help=_("a lesson of yours (TOML); else the ten chapters here")
    )
    lesson.add_argument("--json", action="store_true", help=_("print JSON instead of Markdown"))
    add_flags(lesson, LESSON_FIELDS)


def _export(export: argparse.ArgumentParser) -> None:
    export.add_argument("format", choices=FORMATS, help=_("the ending of its files, or badge: one number as a picture"))
    export.add_argument("--output", metavar="FILE", help=_("where to write it; else it is printed"))
    export.add_argument("--measure", action="store_true", help=_("json, csv, html: build and run the block too"))
    export.add_argument("--theme", help=_("of pictures: light, dark, or auto (as the reader's system is)"))
    export.add_argument("--pixel-ratio", help=_("png: pixels to each of the picture's own, 1, 2 or 3 (default 2)"))
    export.add_argument(
        "--show", help=_("badge: {shown} (default {default})").format(shown=listed(SHOWN), default=SHOWN[0])
    )
    add_flags(export)


def _trace(trace: argparse.ArgumentParser) -> None:
    trace.add_argument(
        "module",
        nargs="?",
        metavar="package.module:Name",
        help=_("a torch.nn.Module, or what gives one when it is called"),
    )
    trace.add_argument("--input", metavar="N,C,H,W", help=_("the sizes that it is run on (default 1,3,224,224)"))
    trace.add_argument("--json", action="store_true", help=_("print JSON instead of a table"))


def _docs(docs: argparse.ArgumentParser) -> None:
    docs.epilog = _("Exit codes: 0 current; 1 drifted, edited by hand or never generated; 2 bad input; 3 not checked.")
    docs.add_argument("do", choices=DOCS, help=_("check never writes"))
    docs.add_argument(
        "paths", nargs="*", metavar="PATH", help=_("files, folders (their Markdown), - for standard input")
    )
    docs.add_argument("--diff", action="store_true", help=_("print what differs, line by line"))
    docs.add_argument("--dry-run", action="store_true", help=_("update: say what would be written, and write nothing"))
    docs.add_argument("--force", action="store_true", help=_("update: write over what was edited by hand"))
    docs.add_argument("--quiet", action="store_true", help=_("print only what is wrong"))
    docs.add_argument(
        "--measure", action="store_true", help=_("build the blocks too, and compare with the counts on them")
    )
    docs.add_argument("--allow-import", action="store_true", help=_("run the code that against=… names, and compare"))
    docs.add_argument("--report", default="text", choices=REPORTS, help=_("text for a person, json, or github"))


def _bench(add: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    bench = add(
        "bench",
        _("measure how fast page, files or engine answer, and what each implementation, and gradients, take"),
        _("It takes minutes: memory and time compile the block four times first."),
    )
    bench.add_argument("what", choices=BENCHMARKS, help=_("what to measure"))
    bench.add_argument(
        "--runs",
        default="5",
        metavar="N",
        help=_("times each thing is measured: {allowed} (default 5)").format(allowed=RUNS.words),
    )
    bench.add_argument(
        "--json", action="store_true", help=_("print JSON, with the machine and the versions, instead of a table")
    )
