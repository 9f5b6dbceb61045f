"""The Study that a file carries: a line of text in it by which a program finds out what it shows."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qsl, urlencode

from explorer.codec import from_query, to_query
from explorer.language import said
from explorer.spec import SpecError, Study

_MARK = re.compile(r"explorer-study:\?([\w.~+%=&;-]*)", re.ASCII)


def carried(study: Study) -> str:
    """``explorer-study:?growth_rate=12&layers=3``: whoever writes it into XML escapes it."""
    return f"explorer-study:?{urlencode(to_query(study))}"


def carried_by(text: str) -> Study:
    """The Study whose line stands in ``text``, which may be XML.

    Raises:
        SpecError: there is no such line, or what it says is not allowed.
    """
    found = {unescape(query) for query in _MARK.findall(text)}
    if len(found) != 1:
        raise SpecError("file", text.strip()[:80], said("one that the explorer has written, with one Study in it"))
    return from_query(parse_qsl(found.pop(), keep_blank_values=True))
