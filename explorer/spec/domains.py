"""What a field may hold, how it is read from text, and the error that says so."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from typing import Any

from explorer.language import Said, Text, _, one_by_one, said


class SpecError(ValueError):
    """A value outside what a field allows. The text is fit to be shown to a person, in whose language it is put.

    Attributes:
        field: the field's name as in code, URL and flags, such as ``growth_rate``; the names of
            all fields that break a rule together, joined by " · ".
        value: the offending value, as given.
        rule: what would have been allowed, as words that follow "must be".
    """

    def __init__(self, field: str, value: object, rule: Text) -> None:
        self.field, self.value, self.rule = field, value, rule
        super().__init__(field, value, rule)

    def __str__(self) -> str:
        words = _("{field} must be {allowed}, not {value}.")
        return words.format(field=self.field, allowed=self.allowed, value=shown(self.value))

    @property
    def allowed(self) -> str:
        """What would have been allowed, in the language of whoever asks."""
        return str(self.rule)

    @property
    def fields(self) -> tuple[str, ...]:
        """The names in ``field``, one by one."""
        return tuple(self.field.split(" · "))

    def __reduce__(self) -> tuple[type[SpecError], tuple[str, object, Text]]:
        return SpecError, (self.field, self.value, self.rule)


def shown(value: object, limit: int = 40) -> str:
    """``value`` as a person may see it: quoted if text, printable, never longer than ``limit``."""
    if isinstance(value, int) and abs(value) >= 10**limit:  # str() itself refuses beyond 4,300 digits
        return _("a number of more than 40 digits")
    try:
        text = ascii(value) if not isinstance(value, str) or not value.isprintable() else f"'{value}'"
    except Exception:  # a foreign object whose repr fails must not hide the message
        text = _("a {kind}").format(kind=type(value).__name__)
    return text if len(text) <= limit else text[: limit - 1] + "…"


class Worded:
    """What a field may hold, in words."""

    @property
    def rule(self) -> Said:
        """What is allowed, as words that follow "must be"."""
        raise NotImplementedError

    @property
    def words(self) -> str:
        """The same, in the language of whoever asks."""
        return str(self.rule)


@dataclass(frozen=True)
class Whole(Worded):
    """Whole numbers from ``low`` to ``high``, both allowed."""

    low: int
    high: int

    @property
    def rule(self) -> Said:
        """What is allowed, as words that follow "must be"."""
        return said("a whole number from {low:,} to {high:,}", low=self.low, high=self.high)

    def holds(self, value: object) -> bool:
        """Whether ``value`` is allowed, its type included."""
        return isinstance(value, int) and not isinstance(value, bool) and self.low <= value <= self.high

    def parse(self, text: str) -> object:
        """The number that ``text`` writes in ASCII digits, or ``text`` itself."""
        short = re.fullmatch(r"[+-]?[0-9]{1,20}", text, re.ASCII)
        return int(text) if short else text


@dataclass(frozen=True)
class Flag(Worded):
    """true or false."""

    @property
    def rule(self) -> Said:
        """What is allowed, as words that follow "must be"."""
        return said("true or false")

    def holds(self, value: object) -> bool:
        """Whether ``value`` is allowed, its type included."""
        return isinstance(value, bool)

    def parse(self, text: str) -> object:
        """The value that ``text`` writes, or ``text`` itself where it writes none."""
        return {"true": True, "false": False}.get(text.lower(), text)


@dataclass(frozen=True)
class Choice(Worded):
    """One of a few words."""

    options: tuple[str, ...]

    @property
    def rule(self) -> Said:
        """What is allowed, as words that follow "must be"."""
        if len(self.options) == 1:
            return Said(self.options[0])
        return said("one of {options}", options=one_by_one(self.options))

    def holds(self, value: object) -> bool:
        """Whether ``value`` is allowed, its type included."""
        return isinstance(value, str) and value in self.options

    def parse(self, text: str) -> object:
        """The value that ``text`` writes, or ``text`` itself where it writes none."""
        return text


@dataclass(frozen=True)
class Pattern(Worded):
    """Words of a form that ``form`` describes; ``optional`` also allows None, written as nothing.

    Where ``lower``, text may be written in either case.
    """

    regex: str
    form: str
    optional: bool = False
    lower: bool = False

    @property
    def rule(self) -> Said:
        """What is allowed, as words that follow "must be"."""
        return Said(self.form)

    def holds(self, value: object) -> bool:
        """Whether ``value`` is allowed, its type included."""
        if value is None:
            return self.optional
        return isinstance(value, str) and re.fullmatch(self.regex, value, re.ASCII) is not None

    def parse(self, text: str) -> object:
        """The value that ``text`` writes, or ``text`` itself where it writes none."""
        return None if self.optional and text == "" else text.lower() if self.lower else text


@dataclass(frozen=True)
class Wholes(Worded):
    """One to ``most`` whole numbers from ``low`` to ``high``; as text with dashes between them: ``6-12-24-16``."""

    low: int
    high: int
    most: int

    @property
    def rule(self) -> Said:
        """What is allowed, as words that follow "must be"."""
        return said(
            "1 to {most} whole numbers from {low:,} to {high:,}, such as 6-12-24-16",
            most=self.most,
            low=self.low,
            high=self.high,
        )

    def holds(self, value: object) -> bool:
        """Whether ``value`` is allowed, its type included."""
        one = Whole(self.low, self.high)
        return isinstance(value, tuple) and 1 <= len(value) <= self.most and all(map(one.holds, value))

    def parse(self, text: str) -> object:
        """The numbers that ``text`` writes, or ``text`` itself where it writes none."""
        return tuple(map(int, text.split("-"))) if re.fullmatch(r"[0-9]{1,6}(-[0-9]{1,6})*", text, re.ASCII) else text


@dataclass(frozen=True)
class Share(Worded):
    """A number above 0, up to 1."""

    @property
    def rule(self) -> Said:
        """What is allowed, as words that follow "must be"."""
        return said("a number above 0, up to 1")

    def holds(self, value: object) -> bool:
        """Whether ``value`` is allowed, its type included."""
        return isinstance(value, float) and 0 < value <= 1

    def parse(self, text: str) -> object:
        """The number that ``text`` writes, or ``text`` itself where it writes none."""
        return float(text) if re.fullmatch(r"[01](\.[0-9]{1,6})?|\.[0-9]{1,6}", text, re.ASCII) else text


Domain = Whole | Flag | Choice | Pattern  # of the fields of a Study
NetworkDomain = Wholes | Share  # which only networks have beside them


def domain_of(domain: Domain | NetworkDomain, default: object, text: str) -> Any:
    """A dataclass field that knows its domain and its help text, which :func:`explorer.language.N_` marks."""
    return field(default=default, metadata={"domain": domain, "help": text})


class InNotebooks:
    """Shows itself in a notebook, with a picture."""

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """What a front end of Jupyter may show, by media type."""
        from importlib import import_module

        shown: dict[str, str] = import_module("explorer.notebook").bundle(self)
        return shown


class Validated:
    """Checks every field that has a domain when the object is made."""

    def __post_init__(self) -> None:
        for f in fields(self):  # type: ignore[arg-type]  # every subclass is a dataclass
            domain: Domain | NetworkDomain | None = f.metadata.get("domain")
            value = getattr(self, f.name)
            if domain is not None and not domain.holds(value):
                raise SpecError(f.name, value, domain.rule)
