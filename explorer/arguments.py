"""argparse in the person's language: its headings, its help, and what it says of words that it does not take."""

from __future__ import annotations

import argparse
import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from explorer.language import N_, _, language


class Arguments(argparse.ArgumentParser):
    """A parser that speaks what its thread speaks when it is made."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given, add_help=False, formatter_class=_Help)
        # argparse has no other way to name its two groups.
        self._positionals.title = _("positional arguments")
        self._optionals.title = _("options")
        self.add_argument(
            "-h", "--help", action="help", default=argparse.SUPPRESS, help=_("show this help message and exit")
        )


class _Help(argparse.HelpFormatter):
    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[Any],
        prefix: str | None = None,
    ) -> None:
        super().add_usage(usage, actions, groups, _("usage: ") if prefix is None else prefix)

    def _split_lines(self, text: str, width: int) -> list[str]:
        return super()._split_lines(text, width) if language() == "en" else wrapped(text, width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if language() == "en":
            return super()._fill_text(text, width, indent)
        return "\n".join(indent + line for line in wrapped(text, width - len(indent)))


def wrapped(text: str, width: int) -> list[str]:
    """``text`` in lines of at most ``width`` columns. A Chinese sign takes two, and a line may end behind any."""
    lines, line = [], ""
    for piece in re.findall(r"[⺀-鿿＀-￯“”][，。；：（）、？！”]*| |[^ ⺀-鿿＀-￯“”]+", " ".join(text.split())):
        if line and _columns(line + piece.rstrip()) > width:
            lines.append(line.rstrip())
            line = ""
        line += piece if line else piece.lstrip()
    return [*lines, line.rstrip()] if line else lines


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


#: What argparse says, and the same as a sentence of ours with what it found put in.
_SAYS = (
    (r"argument (?P<name>.+?): expected one argument", N_("Argument {name}: expected one argument.")),
    (
        r"argument (?P<name>.+?): ignored explicit argument (?P<value>.*)",
        N_("Argument {name}: ignored explicit argument {value}."),
    ),
    (r"unrecognized arguments: (?P<words>.*)", N_("Unrecognized arguments: {words}.")),
    (
        r"ambiguous option: (?P<flag>.*) could match (?P<flags>.*)",
        N_("Ambiguous option: {flag} could match {flags}."),
    ),
    (
        r"argument (?P<name>.+?): invalid choice: (?P<value>.*) \(choose from (?P<choices>.*)\)",
        N_("Argument {name}: invalid choice: {value} (choose from {choices})."),
    ),
    (
        r"the following arguments are required: (?P<names>.*)",
        N_("The following arguments are required: {names}."),
    ),
)


def told(message: str) -> str:
    """argparse's ``message`` as a sentence."""
    for pattern, template in _SAYS:
        if found := re.fullmatch(pattern, message, re.DOTALL):
            return _(template).format(**{name: text[:160].rstrip(".") for name, text in found.groupdict().items()})
    return message[:1].upper() + message[1:160].rstrip(".") + "."
