"""What a field may hold, how it is read from text, and the error that says so."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar


class SpecError(ValueError):
    """A value outside what a field allows. The text is fit to be shown to a person.

    Attributes:
        field: the field's name as in code, URL and flags, such as ``growth_rate``; the names of
            all fields that break a rule together, joined by " · ".
        value: the offending value, as given.
        allowed: what would have been allowed, as words that follow "must be".
    """

    def __init__(self, field: str, value: object, allowed: str) -> None:
        self.field, self.value, self.allowed = field, value, allowed
        super().__init__(f"{field} must be {allowed}, not {shown(value)}.")

    @property
    def fields(self) -> tuple[str, ...]:
        """The names in ``field``, one by one."""
        return tuple(self.field.split(" · "))

    def __reduce__(self) -> tuple[type[SpecError], tuple[str, object, str]]:
        return SpecError, (self.field, self.value, self.allowed)


def shown(value: object, limit: int = 40) -> str:
    """``value`` as a person may see it: quoted if text, printable, never longer than ``limit``."""
    if isinstance(value, int) and abs(value) >= 10**limit:  # str() itself refuses beyond 4,300 digits
        return "a number of more than 40 digits"
    try:
        text = ascii(value) if not isinstance(value, str) or not value.isprintable() else f"'{value}'"
    except Exception:  # a foreign object whose repr fails must not hide the message
        text = f"a {type(value).__name__}"
    return text if len(text) <= limit else text[: limit - 1] + "…"


@dataclass(frozen=True)
class Whole:
    """Whole numbers from ``low`` to ``high``, both allowed."""

    low: int
    high: int

    @property
    def words(self) -> str:
        """What is allowed, as words that follow "must be"."""
        return f"a whole number from {self.low:,} to {self.high:,}"

    def holds(self, value: object) -> bool:
        """Whether ``value`` is allowed, its type included."""
        return isinstance(value, int) and not isinstance(value, bool) and self.low <= value <= self.high

    def parse(self, text: str) -> object:
        """The number that ``text`` writes in ASCII digits, or ``text`` itself."""
        short = re.fullmatch(r"[+-]?[0-9]{1,20}", text, re.ASCII)
        return int(text) if short else text


@dataclass(frozen=True)
class Flag:
    """true or false."""

    words: ClassVar[str] = "true or false"

    def holds(self, value: object) -> bool:
        """Whether ``value`` is allowed, its type included."""
        return isinstance(value, bool)

    def parse(self, text: str) -> object:
        """The value that ``text`` writes, or ``text`` itself where it writes none."""
        return {"true": True, "false": False}.get(text.lower(), text)


@dataclass(frozen=True)
class Choice:
    """One of a few words."""

    options: tuple[str, ...]

    @property
    def words(self) -> str:
        """What is allowed, as words that follow "must be"."""
        return "one of " + ", ".join(self.options) if len(self.options) > 1 else self.options[0]

    def holds(self, value: object) -> bool:
        """Whether ``value`` is allowed, its type included."""
        return isinstance(value, str) and value in self.options

    def parse(self, text: str) -> object:
        """The value that ``text`` writes, or ``text`` itself where it writes none."""
        return text


@dataclass(frozen=True)
class Pattern:
    """Words of a form that ``words`` describes; ``optional`` also allows None, written as nothing."""

    regex: str
    words: str
    optional: bool = False

    def holds(self, value: object) -> bool:
        """Whether ``value`` is allowed, its type included."""
        if value is None:
            return self.optional
        return isinstance(value, str) and re.fullmatch(self.regex, value, re.ASCII) is not None

    def parse(self, text: str) -> object:
        """The value that ``text`` writes, or ``text`` itself where it writes none."""
        return None if self.optional and text == "" else text


@dataclass(frozen=True)
class Wholes:
    """One to ``most`` whole numbers from ``low`` to ``high``; as text with dashes between them: ``6-12-24-16``."""

    low: int
    high: int
    most: int

    @property
    def words(self) -> str:
        """What is allowed, as words that follow "must be"."""
        return f"1 to {self.most} whole numbers from {self.low:,} to {self.high:,}, such as 6-12-24-16"

    def holds(self, value: object) -> bool:
        """Whether ``value`` is allowed, its type included."""
        one = Whole(self.low, self.high)
        return isinstance(value, tuple) and 1 <= len(value) <= self.most and all(map(one.holds, value))

    def parse(self, text: str) -> object:
        """The numbers that ``text`` writes, or ``text`` itself where it writes none."""
        return tuple(map(int, text.split("-"))) if re.fullmatch(r"[0-9]{1,6}(-[0-9]{1,6})*", text, re.ASCII) else text


@dataclass(frozen=True)
class Share:
    """A number above 0, up to 1."""

    words: ClassVar[str] = "a number above 0, up to 1"

    def holds(self, value: object) -> bool:
        """Whether ``value`` is allowed, its type included."""
        return isinstance(value, float) and 0 < value <= 1

    def parse(self, text: str) -> object:
        """The number that ``text`` writes, or ``text`` itself where it writes none."""
        return float(text) if re.fullmatch(r"[01](\.[0-9]{1,6})?|\.[0-9]{1,6}", text, re.ASCII) else text


Domain = Whole | Flag | Choice | Pattern  # of the fields of a Study
NetworkDomain = Wholes | Share  # which only networks have beside them


def domain_of(domain: Domain | NetworkDomain, default: object, text: str) -> Any:
    """A dataclass field that knows its domain and its help text."""
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
                raise SpecError(f.name, value, domain.words)
