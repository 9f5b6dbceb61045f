"""A sentence as a small picture, for where a picture was asked for that cannot be."""

from __future__ import annotations

import textwrap
from xml.sax.saxutils import escape

from explorer.language import language
from explorer.pictures.palette import LIGHT
from explorer.pictures.svg import family
from explorer.pictures.svg_markup import tag

_COLUMNS, _LINE, _WIDTH = 72, 20, 560


def notice(sentence: str) -> str:
    """``sentence`` as SVG text: a file of its own, in lines that fit."""
    printable = "".join(sign if sign.isprintable() else " " for sign in sentence)
    lines = textwrap.wrap(printable, _COLUMNS if printable.isascii() or language() == "en" else _COLUMNS // 2) or [""]
    height = _LINE * len(lines) + 24
    look = {"font-family": family(), "font-size": 14, "fill": LIGHT.ink}
    texts = "".join(tag("text", {"x": 16, "y": 30 + _LINE * n} | look, escape(line)) for n, line in enumerate(lines))
    ground = tag("rect", {"width": _WIDTH, "height": height, "fill": LIGHT.soft})
    root = {"xmlns": "http://www.w3.org/2000/svg", "width": _WIDTH, "height": height, "role": "img"}
    return tag(
        "svg", root | {"viewBox": f"0 0 {_WIDTH} {height}"}, tag("title", {}, escape(printable)) + ground + texts
    )
