"""Whether a lesson file has the form of ``schema.json``, said in words of a person's own language."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path as File
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from explorer.language import N_, _, listed, plural
from explorer.lesson.places import Path, Place
from explorer.spec import shown

SCHEMA = File(__file__).with_name("schema.json")

_TYPES = {
    "string": N_("text in quotes"),
    "integer": N_("a whole number"),
    "number": N_("a number"),
    "boolean": N_("true or false"),
    "array": N_("a list in square brackets"),
    "object": N_("a table of keys"),
}
_PATTERNS = {
    "page": N_("memory, gradients or networks, or nothing, and a link’s parameters, such as memory?layers=6"),
    "language": N_("the short name of a language, such as zh or en"),
}
_NAME = N_("small letters and digits with dashes between them, such as block-1")


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema of a lesson file."""
    read: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return read


@cache
def _validator() -> Any:
    return Draft202012Validator(schema())


def check_shape(data: Mapping[str, Any], place: Place) -> None:
    """Raises LessonError at the first line where ``data`` is not as the schema has it."""
    found = [(*_told(error), error.validator == "required") for error in _validator().iter_errors(data)]
    if found:
        path, message, _missing = min(found, key=lambda one: (place.line(one[0]), one[2], len(one[0])))
        raise place.error(path, message, data)


def _told(error: ValidationError) -> tuple[Path, str]:
    path, rule, value = tuple(error.absolute_path), error.validator, error.validator_value
    if rule == "required":
        missing = next(name for name in value if name not in error.instance)
        return (*path, missing), _("is missing.")
    if rule == "additionalProperties":
        known = error.schema["properties"]
        name = next(name for name in error.instance if name not in known)
        return (*path, name), not_known(name, known)
    return path, _must(error)


def not_known(name: str, known: Iterable[str]) -> str:
    """``name`` is none of ``known``."""
    names = list(known)
    if near := difflib.get_close_matches(name[:40], names, n=1):
        return _("is not known here; did you mean {near}?").format(near=near[0])
    return _("is not known here; what is: {names}.").format(names=listed(names))


def must_be(words: str, value: object) -> str:
    """``value`` is not what it has to be."""
    return _("must be {words}, not {value}.").format(words=words, value=shown(value))


def _must(error: ValidationError) -> str:
    rule, value, found = error.validator, error.validator_value, error.instance
    if rule == "minLength":
        return _("must not be empty.")
    if rule == "minProperties":
        return _("must have text in at least one language: en or zh.")
    if rule == "maxLength":
        form = _("must have at most {most} characters, not {count:,}.")
        return form.format(most=value, count=len(found))
    if rule in ("minItems", "maxItems", "maxProperties"):
        least = error.schema.get("minItems", 0)
        if least == error.schema.get("maxItems"):
            form = plural(
                "must have exactly {n} entry, not {count:,}.", "must have exactly {n} entries, not {count:,}.", least
            )
            return form.format(n=least, count=len(found))
        form = (
            _("must have at least {n}, not {count:,}.")
            if rule == "minItems"
            else _("must have at most {n}, not {count:,}.")
        )
        return form.format(n=value, count=len(found))
    if rule == "uniqueItems":
        return _("must name each only once.")
    return must_be(_words(error), found)


def _words(error: ValidationError) -> str:
    rule, value = error.validator, error.validator_value
    if rule == "type":
        return _(" or ").join(_(_TYPES[name]) for name in ([value] if isinstance(value, str) else value))
    if rule == "const":
        return f"{value}"
    if rule == "enum":
        return _("one of {names}").format(names=listed(value))
    if rule == "pattern":
        return _(_PATTERNS.get(str(error.absolute_path[-1]), _NAME))
    if rule in ("minimum", "maximum"):
        low, high = error.schema["minimum"], error.schema["maximum"]
        return _("a whole number from {low} to {high}").format(low=low, high=high)
    if rule == "oneOf":
        return _("two whole numbers, the first and the last, or two to sixteen different words")
    return _("as the form of a lesson has it")
