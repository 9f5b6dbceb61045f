"""What a part is asked to show: ``block?growth_rate=32&layers=6 show=graph,table``."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

from explorer.codec import from_query
from explorer.spec import SpecError, Study, shown

#: ``block``: the Dense Block; ``compare``: beside both residual blocks.
Kind = Literal["block", "compare"]
KINDS: tuple[Kind, ...] = ("block", "compare")
SHOWS = ("graph", "table", "layers", "memory")
_USUAL = ("graph", "table")


class DirectiveError(Exception):
    """A directive that cannot be; the text is one sentence for a person."""


@dataclass(frozen=True)
class Directive:
    """A directive that was understood.

    Attributes:
        show: some of :data:`SHOWS`, in the order in which they are shown.
    """

    kind: Kind
    study: Study
    show: tuple[str, ...]


def read_directive(text: str) -> Directive:
    """Reads what follows ``begin``: a Study's link, then settings.

    The link is ``block?…`` or ``compare?…``, or a whole address of the page, which is read as ``block``.

    Raises:
        DirectiveError: a word, a field or a value is not allowed.
    """
    words = text.split()
    if not words:
        raise DirectiveError("Behind explorer:begin stands what to show, such as block?growth_rate=32&layers=6.")
    kind, study = _linked(words[0])
    show: tuple[str, ...] | None = None
    for word in words[1:]:
        name, equals, value = word.partition("=")
        if name != "show" or not equals:
            raise DirectiveError(f"A setting is show=…, not {shown(word)}.")
        if show is not None:
            raise DirectiveError("show must be given once.")
        show = _shown(value)
    return Directive(kind, study, show or _USUAL)


def _linked(link: str) -> tuple[Kind, Study]:
    try:
        address = urlsplit(link)
    except ValueError:
        raise DirectiveError(f"{shown(link)} is no link.") from None
    if address.scheme in ("http", "https"):
        kind: Kind = "block"
    else:
        found = next((one for one in KINDS if one == address.path), None)
        if found is None or address.scheme or address.netloc:
            near = difflib.get_close_matches(address.path[:40], KINDS, n=1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            raise DirectiveError(f"A directive begins with {' or '.join(KINDS)}, not {shown(address.path)}{hint}.")
        kind = found
    if address.fragment:
        raise DirectiveError(f"A link has no # in it, as {shown(link)} has.")
    try:
        return kind, from_query(parse_qsl(address.query, keep_blank_values=True))
    except (SpecError, ValueError) as problem:
        raise DirectiveError(str(problem)) from None


def _shown(value: str) -> tuple[str, ...]:
    names = value.split(",")
    for name in names:
        if name not in SHOWS:
            near = difflib.get_close_matches(name[:40], SHOWS, n=1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            raise DirectiveError(f"show must be some of {', '.join(SHOWS)}, not {shown(name)}{hint}.")
    if len(set(names)) < len(names):
        raise DirectiveError(f"show names {shown(value)} twice.")
    return tuple(names)
