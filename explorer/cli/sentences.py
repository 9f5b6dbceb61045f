"""What is said to a person whose command line cannot be."""

from __future__ import annotations

import difflib
import re

from explorer.arguments import told
from explorer.language import N_, _, either, listed
from explorer.spec import FIELDS, NETWORKS, Choice, Whole, shown

COMMANDS = (
    "describe", "memory", "gradients", "network", "networks",
    "lesson", "link", "export", "trace", "serve", "schema", "docs", "bench",
)  # fmt: skip
DOCS, REPORTS = ("check", "update"), ("text", "json", "github")
BENCHMARKS = ("page", "files", "engine", "memory", "time", "gradients")
#: What ``export`` writes; the formats of :mod:`explorer.exports`, named here so that help costs no import of them.
FORMATS = ("py", "svg", "png", "html", "json", "csv", "md", "tex", "dot", "mmd", "badge")
#: What ``schema`` prints the schema of.
SCHEMAS = ("block", "network")
#: What of a Study ``network`` takes beside the two names: the others say nothing of a whole network.
NETWORK_FIELDS = ("image_size", "batch", "dtype", "implementation")
#: What of a Study ``gradients`` takes.
GRADIENT_FIELDS = (
    "in_channels", "growth_rate", "layers", "bottleneck_factor",
    "batch_norm", "init", "data", "stack_unit", "seeds", "steps", "learning_rate",
)  # fmt: skip
#: What of a Study ``lesson`` takes.
LESSON_FIELDS = ("chapter", "state", "lang")
RUNS = Whole(1, 1000)

_FIELD_FLAGS = tuple(info.flag for info in FIELDS.values())
_FLAGS = {
    "bench": ("--runs", "--json"),
    "docs": ("--diff", "--dry-run", "--force", "--quiet", "--measure", "--allow-import", "--report"),
    "schema": ("--help",),
    "trace": ("--input", "--json"),
    "describe": (*_FIELD_FLAGS, "--json"),
    "memory": (*_FIELD_FLAGS, "--json"),
    "network": ("--against", *(FIELDS[name].flag for name in NETWORK_FIELDS), "--measure", "--json"),
    "networks": ("--json",),
    "gradients": (*(FIELDS[name].flag for name in GRADIENT_FIELDS), "--train", "--beside", "--json"),
    "lesson": (*(FIELDS[name].flag for name in LESSON_FIELDS), "--json"),
    "link": (*_FIELD_FLAGS, "--from"),
    "export": (*_FIELD_FLAGS, "--output", "--measure", "--theme", "--pixel-ratio", "--show"),
}
#: What argparse calls a list of choices → what is said where another is given, or none; and the choices.
_CHOICES = {
    "what": (
        N_("What to bench must be one of {choices}, not {value}."),
        N_("Say what to bench: {choices}."),
        BENCHMARKS,
    ),
    "do": (
        N_("What to do with documents must be one of {choices}, not {value}."),
        N_("Say what to do with documents: {choices}."),
        DOCS,
    ),
    "--report": (N_("--report must be one of {choices}, not {value}."), N_("Say --report: {choices}."), REPORTS),
    "format": (
        N_("What to export must be one of {choices}, not {value}."),
        N_("Say what to export: {choices}."),
        FORMATS,
    ),
    "of": (N_("The schema must be one of {choices}, not {value}."), N_("Say the schema: {choices}."), SCHEMAS),
    "NAME": (
        N_("Which network must be one of {choices}, not {value}."),
        N_("Say which network: {choices}."),
        tuple(NETWORKS),
    ),
}
_COMMAND = (N_("The command must be one of {choices}, not {value}."), N_("Say the command: {choices}."), COMMANDS)


class BadInput(Exception):
    """A command line that cannot be read; the text is one sentence for a person."""


def sentence(message: str) -> str:
    """argparse's message as one sentence that says what is allowed."""
    if found := re.match(r"argument (--[a-z-]+): expected one argument", message):
        info = FIELDS.get(found[1][2:].replace("-", "_"))
        return _needing(found[1], info.domain.words) if info else _needs(found[1])
    if found := re.match(r"argument (\S+): ignored explicit argument (.*)", message, re.DOTALL):
        return _("{flag} takes no value, not {value}.").format(flag=found[1], value=found[2][:60])
    if found := re.match(r"argument (.*?): invalid choice: (.*) \(choose from", message, re.DOTALL):
        wrong, _missing, choices = _CHOICES.get(found[1], _COMMAND)
        return _(wrong).format(choices=listed(choices), value=found[2][:60])
    if found := re.search(r"required: (\w+)", message):
        _wrong, missing, choices = _CHOICES.get(found[1], _COMMAND)
        return _(missing).format(choices=either((listed(choices[:-1]), choices[-1])))
    return told(message)


def _needing(flag: str, allowed: str) -> str:
    return _("{flag} needs a value: {allowed}.").format(flag=flag, allowed=allowed)


def _needs(flag: str) -> str:
    domain = {"--runs": RUNS, "--report": Choice(REPORTS)}.get(flag)
    if domain is not None:
        return _needing(flag, domain.words)
    return _("{flag} needs a value; --help lists what it may be.").format(flag=flag)


def speaking_commands() -> tuple[str, ...]:
    """The commands that take ``--lang`` as a field of the Study, which says what the page speaks too."""
    return tuple(command for command, flags in _FLAGS.items() if "--lang" in flags)


def unknown(word: str, command: str) -> str:
    """What is said of a word that ``command`` does not take."""
    if not word.startswith("-"):
        if command == "network":
            words = _(
                "{command} takes one name and flags (a second network goes behind --against), "
                "so {word} is not understood; --help lists them."
            )
        elif command == "lesson":
            words = _("{command} takes one file and flags, so {word} is not understood; --help lists them.")
        else:
            words = _("{command} takes flags only, so {word} is not understood; --help lists them.")
        return words.format(command=command, word=shown(word))
    flags = _FLAGS[command]
    near = difflib.get_close_matches(word[:40].partition("=")[0], flags, n=1)
    words = (
        _("{command} has no flag {word} (did you mean {near}?); allowed are {flags}.")
        if near
        else _("{command} has no flag {word}; allowed are {flags}.")
    )
    return words.format(command=command, word=shown(word), near="".join(near), flags=listed(flags))
