"""The one codec between a Study and URL parameters, flags and JSON.

All three use the flat field names of :data:`explorer.spec.FIELDS`; a flag writes
``_`` as ``-``. What equals its default is left out of links and flag lists.
"""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from explorer.language import _, one_by_one, said
from explorer.spec import FIELDS, FieldInfo, SpecError, Study, network_of

#: The short name of the field ``network`` in what is of whole networks alone.
NETWORK_NAME = "name"


@dataclass(frozen=True)
class Reading:
    """What a lenient reading found: the Study, and one error for each value that was not taken."""

    study: Study
    problems: tuple[SpecError, ...]


def read_leniently(pairs: Iterable[tuple[str, str]]) -> Reading:
    """The Study that URL parameters describe; what is not allowed keeps its default and is reported.

    But a ``hide`` that cannot be read keeps the answers back: whoever wrote it wanted something hidden.
    """
    given: dict[str, list[str]] = {}
    for name, text in pairs:
        given.setdefault(name, []).append(text)
    problems: list[SpecError] = []
    values: dict[str, object] = {}
    for name, texts in given.items():
        try:
            values[name] = _parse(name, texts)
        except SpecError as problem:
            problems.append(problem)
    # The view is applied last: a selection is judged against the block that was asked for.
    study = Study()
    for group in (_not_view(values), {n: v for n, v in values.items() if FIELDS[n].section == "view"}):
        study = _apply(study, group, problems)
    if any(name.lower() == "hide" for name in given) and ("hide" not in values or study["hide"] != values["hide"]):
        study = study.with_(hide="answers")
    return Reading(study, tuple(problems))


def _not_view(values: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if FIELDS[name].section != "view"}


def _apply(study: Study, values: Mapping[str, object], problems: list[SpecError]) -> Study:
    left = dict(values)
    while True:
        try:
            return study.with_(**left)
        except SpecError as problem:  # a rule between fields, which go together
            problems.append(problem)
            fewer = {name: value for name, value in left.items() if name not in problem.fields}
            if fewer.keys() == left.keys():  # what breaks the rule is not among them
                return study
            left = fewer


def from_query(pairs: Iterable[tuple[str, str]]) -> Study:
    """The Study that URL parameters describe.

    Raises:
        SpecError: a parameter is unknown, given twice, or not allowed.
    """
    reading = read_leniently(pairs)
    if reading.problems:
        raise reading.problems[0]
    return reading.study


def of_networks(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """``pairs`` of what is of whole networks alone, where ``name`` is what links call ``network``."""
    return [("network" if name == NETWORK_NAME else name, text) for name, text in pairs]


def to_query(study: Study) -> dict[str, str]:
    """URL parameters, defaults left out."""
    return {name: as_text(study[name]) for name, info in FIELDS.items() if study[name] != info.default}


def to_link(study: Study, base: str = "", page: str = "") -> str:
    """The address of ``page`` (Explore, or ``memory``) for ``study``: ``base`` and the parameters."""
    query = urlencode(to_query(study))
    return f"{base.rstrip('/')}/{page}" + (f"?{query}" if query else "")


def to_flags(study: Study) -> list[str]:
    """Command line flags, defaults left out."""
    return [word for name, text in to_query(study).items() for word in (FIELDS[name].flag, text)]


def add_flags(parser: argparse.ArgumentParser, names: Iterable[str] = FIELDS) -> None:
    """Adds one flag for each of the fields ``names``. Values arrive as text; :func:`from_flags` reads them."""
    for info in (FIELDS[name] for name in names):
        parser.add_argument(
            info.flag,
            dest=info.name,
            action="append",
            metavar=info.name.upper(),
            help=flag_help(info).replace("%", "%%"),
        )


def flag_help(info: FieldInfo) -> str:
    """What a field is, what it may be, and what it is where nothing is said."""
    words = _("{text}: {allowed} (default {default})")
    default = as_text(info.default) or _("none")
    return words.format(text=_(info.help), allowed=info.domain.words, default=default)


def from_flags(flags: argparse.Namespace) -> Study:
    """The Study that flags of :func:`add_flags` describe.

    Raises:
        SpecError: a flag is given twice or not allowed.
    """
    given: Mapping[str, list[str | list[str]] | None] = vars(flags)
    # Some versions of argparse make an empty list of the "--" in "--layers=--".
    return from_query(
        (name, text if isinstance(text, str) else "--") for name in FIELDS for text in given.get(name) or ()
    )


def to_json(study: Study) -> dict[str, object]:
    """Every field by its flat name, defaults included, as JSON values."""
    return {name: study[name] for name in FIELDS}


def from_json(data: object) -> Study:
    """The Study that a JSON object describes; fields left out keep their defaults.

    Raises:
        SpecError: ``data`` is no object, or a field is unknown or not allowed.
    """
    if not isinstance(data, Mapping):
        raise SpecError("study", data, said("an object of field names and values"))
    for name in data:
        _known(str(name))
    return Study().with_(**data)


def _parse(name: str, texts: list[str]) -> object:
    _known(name)
    if len(texts) > 1:
        raise SpecError(name, ", ".join(texts), said("given once"))
    domain = FIELDS[name].domain
    value = domain.parse(texts[0])
    if not domain.holds(value):
        if FIELDS[name].domain is FIELDS["network"].domain:
            network_of(texts[0], name)  # which tells the nearest names
        raise SpecError(name, texts[0], domain.rule)
    return value


def _known(name: str) -> None:
    if name not in FIELDS:
        near = difflib.get_close_matches(name[:40], FIELDS, n=1)
        first, more = one_by_one(list(FIELDS)[:3]), len(FIELDS) - 3
        words = said(
            "one of {first} and {more} more, which python -m explorer describe --help lists", first=first, more=more
        )
        raise SpecError(
            "parameter", name, said("{allowed} (did you mean {near}?)", allowed=words, near=near[0]) if near else words
        )


def as_text(value: object) -> str:
    """A field's value as links and flags write it; nothing for None."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
