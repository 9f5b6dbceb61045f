"""What the lesson's script hands over, and the buttons that it does that for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape

from explorer.spec import FIELDS, SpecError
from explorer.web import link, waiting


def button(values: Mapping[str, object], words: str, name: str = "", **attributes: str) -> str:
    """A button that hands ``values`` over; ``words`` is markup, ``name`` its classes."""
    written = "".join(f' {key.replace("_", "-")}="{escape(value)}"' for key, value in attributes.items())
    data = escape(json.dumps(values), quote=True)
    return f'<button type="button" class="{name}" data-set="{data}"{written}>{words}</button>'


def take(values: Mapping[str, str | None]) -> None:
    """A callback: fields of the Study, as texts; whoever writes to the server by hand gets no further than a link."""
    if "again" in values:
        waiting.again()
        return
    taken: dict[str, object] = {}
    for name in ("chapter", "state", "guess", "placed", "tried", "present", "lang"):
        if name not in values:
            continue
        info, text = FIELDS[name], values[name]
        value = info.default if text is None else info.domain.parse(text)
        if not info.domain.holds(value):
            link.tell(SpecError(name, value, info.domain.rule))
            return
        taken[name] = value
    if "chapter" in taken:
        taken = {"state": "ask", "guess": None, "placed": None, "tried": None} | taken
    if taken:
        link.apply(taken)
