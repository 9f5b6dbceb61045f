"""What is said to a person whose command line cannot be."""

from __future__ import annotations

import difflib
import re

from explorer.spec import FIELDS, NETWORKS, Whole, shown

COMMANDS = (
    "describe", "memory", "gradients", "network", "networks",
    "link", "export", "trace", "serve", "schema", "docs", "bench",
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
    "link": (*_FIELD_FLAGS, "--from"),
    "export": (*_FIELD_FLAGS, "--output", "--measure", "--theme", "--pixel-ratio", "--show"),
}
#: What argparse calls a list of choices → what a person calls the choice, and the choices.
_CHOICES = {
    "what": ("what to bench", BENCHMARKS),
    "do": ("what to do with documents", DOCS),
    "--report": ("--report", REPORTS),
    "format": ("what to export", FORMATS),
    "of": ("the schema", SCHEMAS),
    "NAME": ("which network", tuple(NETWORKS)),
}


class BadInput(Exception):
    """A command line that cannot be read; the text is one sentence for a person."""


def sentence(message: str) -> str:
    """argparse's message as one sentence that says what is allowed."""
    if found := re.match(r"argument (--[a-z-]+): expected one argument", message):
        info = FIELDS.get(found[1][2:].replace("-", "_"))
        return f"{found[1]} needs a value: {info.domain.words}." if info else _needs(found[1])
    if found := re.match(r"argument (\S+): ignored explicit argument (.*)", message, re.DOTALL):
        return f"{found[1]} takes no value, not {found[2][:60]}."
    if found := re.match(r"argument (.*?): invalid choice: (.*) \(choose from", message, re.DOTALL):
        what, choices = _CHOICES.get(found[1], ("the command", COMMANDS))
        return f"{what[:1].upper()}{what[1:]} must be one of {', '.join(choices)}, not {found[2][:60]}."
    if found := re.search(r"required: (\w+)", message):
        what, choices = _CHOICES.get(found[1], ("the command", COMMANDS))
        return f"Say {what}: {', '.join(choices[:-1])} or {choices[-1]}."
    return message[:1].upper() + message[1:160].rstrip(".") + "."


def _needs(flag: str) -> str:
    words = {"--runs": RUNS.words, "--report": f"one of {', '.join(REPORTS)}"}.get(flag)
    return f"{flag} needs a value: {words}." if words else f"{flag} needs a value; --help lists what it may be."


def unknown(word: str, command: str) -> str:
    """What is said of a word that ``command`` does not take."""
    if not word.startswith("-"):
        takes = "one name and flags (a second network goes behind --against)" if command == "network" else "flags only"
        return f"{command} takes {takes}, so {shown(word)} is not understood; --help lists them."
    flags = _FLAGS[command]
    near = difflib.get_close_matches(word[:40].partition("=")[0], flags, n=1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return f"{command} has no flag {shown(word)}{hint}; allowed are {', '.join(flags)}."
