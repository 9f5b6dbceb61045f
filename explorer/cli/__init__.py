"""The command line: what :data:`explorer.cli.sentences.COMMANDS` names.

Exit codes: 0; 2 for bad input; 3 where a measurement was refused, failed or timed out, or the device
is absent (the closed forms and the reason are printed all the same), or a document could not be
checked; 1 where a document has drifted; 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence

from explorer import environment
from explorer.cli.output import (
    BAD_INPUT,
    INTERRUPTED,
    NOT_MEASURED,
    OK,
    NoOutput,
    complain,
    discard_output,
    write,
    write_found,
)
from explorer.cli.parser import DEFAULT_BASE, parser
from explorer.cli.sentences import COMMANDS, BadInput, speaking_commands, unknown
from explorer.codec import from_flags, to_link
from explorer.documents.json_document import describe_json
from explorer.documents.memory_document import memory_json, memory_text
from explorer.documents.table import describe_text
from explorer.findings import Findings, MemoryFindings, NetworksFindings
from explorer.language import _, listed, of_environment, speak, speaking
from explorer.spec import SpecError, Study, shown
from explorer.study import explore, measure_memory, measure_networks

Explore = Callable[[Study], Findings]
Measure = Callable[[Study], MemoryFindings]
Count = Callable[[Study], NetworksFindings]


def main(
    argv: Sequence[str],
    explore: Explore = explore,
    measure_memory: Measure = measure_memory,
    measure_networks: Count = measure_networks,
) -> int:
    """Runs one command line, in the language of its ``--lang``, else of the terminal; returns its exit code.

    It never raises.

    Args:
        argv: the words after ``python -m explorer``.
        explore: what measures a Study.
        measure_memory: what follows its training steps.
        measure_networks: what counts whole networks.
    """
    with speaking(of_environment(os.environ)):
        return _told(argv, explore, measure_memory, measure_networks)


def _told(argv: Sequence[str], explore: Explore, measure_memory: Measure, measure_networks: Count) -> int:
    try:
        words, language = environment.spoken(argv, takes=speaking_commands())
        speak(language)
        return _main(words, explore, measure_memory, measure_networks)
    except (BadInput, SpecError) as problem:
        return complain(str(problem), BAD_INPUT)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has seen enough
        discard_output()
        return OK
    except NoOutput as problem:
        discard_output()
        return complain(str(problem), NOT_MEASURED)
    except SystemExit as end:  # argparse's --help
        return OK if not end.code else BAD_INPUT
    except ModuleNotFoundError as missing:
        sentence = _("{package} is not installed; the extra app of the package brings it.")
        return complain(sentence.format(package=missing.name), NOT_MEASURED)
    except Exception as error:  # the last resort: a sentence instead of a traceback
        sentence = _("Something unexpected failed ({kind}: {fault}).")
        return complain(sentence.format(kind=type(error).__name__, fault=shown(str(error), 200)), NOT_MEASURED)


def _main(argv: Sequence[str], explore: Explore, measure_memory: Measure, measure_networks: Count) -> int:
    if argv[:1] == ["serve"]:  # its words are those of the launch, which starts Streamlit and nothing of ours
        from explorer.launch import main as serve

        return serve(argv[1:])
    options = _read(argv)
    environment.check()
    public = environment.public_url()
    base = public or DEFAULT_BASE
    # What only one command needs is imported by it: the others start in no time.
    if options.command == "docs":
        from explorer.cli.docs import docs

        return docs(options, base, moves=public is not None)
    if options.command == "bench":
        from explorer.cli.bench import bench

        return bench(options.what, options.runs, options.json)
    if options.command == "trace":
        from explorer.cli.trace import trace

        return trace(options.module, options.input, options.json)
    if options.command == "schema":
        from explorer.documents.schema import schemas

        write(sys.stdout, json.dumps(schemas()[options.of], indent=2, ensure_ascii=False) + "\n")
        return OK
    if options.command == "gradients":
        from explorer.cli.gradients import gradients

        return gradients(options, base)
    if options.command == "lesson":
        from explorer.cli.lesson import lesson

        return lesson(options, base)
    if options.command in ("network", "networks"):
        from explorer.cli.networks import network, networks

        return networks(options.json) if options.command == "networks" else network(options, base, measure_networks)
    study = from_flags(options)
    if options.command == "export":
        from explorer.cli.export import export

        return export(options, study, base, explore)
    if options.command == "link":
        write(sys.stdout, to_link(_linked(options, study), base) + "\n")
        return OK
    if sys.stderr.isatty():
        write(sys.stderr, _("Building and running the block …") + "\n")
    if options.command == "memory":
        link, memory = to_link(study, base, "memory"), measure_memory(study)
        write_found(memory_json(memory, link) if options.json else memory_text(memory), link)
        return NOT_MEASURED if memory.problems else OK
    link, found = to_link(study, base), explore(study)
    write_found(describe_json(found, link) if options.json else describe_text(found), link)
    return NOT_MEASURED if found.problems else OK


def _read(argv: Sequence[str]) -> argparse.Namespace:
    options, rest = parser().parse_known_args(list(argv))
    if options.command is None:
        words = _("Say what to do: one of {commands}; --help explains them.")
        raise BadInput(words.format(commands=listed(COMMANDS)))
    if options.command == "docs":  # argparse takes no second group of words behind a flag
        options.paths += [word for word in rest if word == "-" or not word.startswith("-")]
        rest = [word for word in rest if word != "-" and word.startswith("-")]
    if rest:
        raise BadInput(unknown(rest[0], options.command))
    return options


def _linked(options: argparse.Namespace, study: Study) -> Study:
    """The Study of ``link``: of the file that it names, or of its flags."""
    if options.source is None:
        return study
    from explorer.cli.export import read_study

    if study != Study():
        raise BadInput(_("--from takes the block of a file, so no other flag goes with it."))
    return read_study(options.source)
