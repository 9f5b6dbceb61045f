"""What a part is asked to show: ``block?growth_rate=32&layers=6 show=graph,table``."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

from explorer.codec import from_query, of_networks, to_query
from explorer.language import _, either
from explorer.spec import SpecError, Study, shown
from explorer.spec.own import TARGET

#: ``block``: the Dense Block; ``compare``: beside both residual blocks; ``network``: whole networks side by side.
Kind = Literal["block", "compare", "network"]
KINDS: tuple[Kind, ...] = ("block", "compare", "network")
SHOWS = ("graph", "table", "layers", "memory")
NETWORK_SHOWS = ("graph", "totals", "stages")
_USUAL = {"block": ("graph", "table"), "compare": ("graph", "table"), "network": ("graph", "totals", "stages")}
_NETWORKS = "/networks"  # the page whose address is read as ``network``
_SETTINGS = ("show", "against", "args")
_ARGS = re.compile(r"-?[0-9]{1,9}(,-?[0-9]{1,9}){0,15}")


class DirectiveError(Exception):
    """A directive that cannot be; the text is one sentence for a person."""


@dataclass(frozen=True)
class Directive:
    """A directive that was understood.

    Attributes:
        show: some of :data:`SHOWS`, or of :data:`NETWORK_SHOWS` of networks, in the order in which they are shown.
        against: ``package.module:Name`` of code that is to be this block; None where there is none.
        args: what that is called with; None for those of ``in_channels``, ``growth_rate`` and ``layers`` that it names.
    """

    kind: Kind
    study: Study
    show: tuple[str, ...]
    against: str | None = None
    args: tuple[int, ...] | None = None


def read_directive(text: str) -> Directive:
    """Reads what follows ``begin``: a Study's link, then settings.

    The link is ``block?…``, ``compare?…`` or ``network?…``, or a whole address of a page, which is read as ``network``
    where it is that of the networks, else as ``block``.

    Raises:
        DirectiveError: a word, a field or a value is not allowed.
    """
    words = text.split()
    if not words:
        raise DirectiveError(_("Behind explorer:begin stands what to show, such as block?growth_rate=32&layers=6."))
    kind, study = _linked(words[0])
    given: dict[str, str] = {}
    for word in words[1:]:
        name, equals, value = word.partition("=")
        if name not in _SETTINGS or not equals:
            raise DirectiveError(_("A setting is show=…, against=… or args=…, not {word}.").format(word=shown(word)))
        if name in given:
            raise DirectiveError(_("{name} must be given once.").format(name=name))
        given[name] = value
    if kind == "network" and given.keys() - {"show"}:
        raise DirectiveError(
            _(
                "Of a network code is not run; what it is compared with stands in its link, "
                "as in network?against=resnet50."
            )
        )
    against, args = given.get("against"), given.get("args")
    if against is not None and not TARGET.fullmatch(against):
        raise DirectiveError(_("against must be package.module:Name, not {given}.").format(given=shown(against)))
    if args is not None and against is None:
        raise DirectiveError(_("args belongs to against=package.module:Name."))
    if args is not None and not _ARGS.fullmatch(args):
        raise DirectiveError(
            _("args must be whole numbers with commas between them, not {given}.").format(given=shown(args))
        )
    return Directive(
        kind,
        study,
        _shown(given["show"], kind) if "show" in given else _USUAL[kind],
        against,
        tuple(map(int, args.split(","))) if args is not None else None,
    )


def with_study(text: str, study: Study) -> str:
    """The text of a directive with the link of another Study; settings stay."""
    link = text.split()[0]
    query = urlencode(to_query(study))
    start = link.partition("?")[0]
    return text.replace(link, f"{start}?{query}" if query else start, 1)


def _linked(link: str) -> tuple[Kind, Study]:
    try:
        address = urlsplit(link)
    except ValueError:
        raise DirectiveError(_("{link} is no link.").format(link=shown(link))) from None
    if address.scheme in ("http", "https"):
        kind: Kind = "network" if address.path.rstrip("/").endswith(_NETWORKS) else "block"
    else:
        found = next((one for one in KINDS if one == address.path), None)
        if found is None or address.scheme or address.netloc:
            near = difflib.get_close_matches(address.path[:40], KINDS, n=1)
            sentence = (
                _("A directive begins with {names}, not {given} (did you mean {near}?).")
                if near
                else _("A directive begins with {names}, not {given}.")
            )
            names = either((", ".join(KINDS[:-1]), KINDS[-1]))
            raise DirectiveError(sentence.format(names=names, given=shown(address.path), near="".join(near)))
        kind = found
    if address.fragment:
        raise DirectiveError(_("A link has no # in it, as {link} has.").format(link=shown(link)))
    try:
        pairs = parse_qsl(address.query, keep_blank_values=True)
        return kind, from_query(of_networks(pairs) if kind == "network" else pairs)
    except (SpecError, ValueError) as problem:
        raise DirectiveError(str(problem)) from None


def _shown(value: str, kind: Kind) -> tuple[str, ...]:
    names, allowed = value.split(","), NETWORK_SHOWS if kind == "network" else SHOWS
    for name in names:
        if name not in allowed:
            near = difflib.get_close_matches(name[:40], allowed, n=1)
            sentence = (
                _("show must be some of {allowed}, not {given} (did you mean {near}?).")
                if near
                else _("show must be some of {allowed}, not {given}.")
            )
            words = sentence.format(allowed=", ".join(allowed), given=shown(name), near="".join(near))
            raise DirectiveError(words)
    if len(set(names)) < len(names):
        raise DirectiveError(_("show names {names} twice.").format(names=shown(value)))
    return tuple(names)
