"""One number of a Dense Block as a badge: ``parameters 335 k``."""

from __future__ import annotations

from collections.abc import Callable
from xml.sax.saxutils import escape

from explorer.documents.carried import carried
from explorer.findings import BlockTheory
from explorer.language import _
from explorer.pictures.layout.lettering import text_width
from explorer.pictures.palette import DARK, LIGHT, TOKENS, Palette, themed_variables
from explorer.pictures.svg import family
from explorer.pictures.svg_markup import number, tag
from explorer.pictures.words import byte_scale, thousands
from explorer.spec import Study
from explorer.theory import study_theory

_HEIGHT, _PAD, _SIZE = 20, 7, 12
_NOTE = 13  # the size in px for which text_width tells a note's width


def short(value: int) -> str:
    """Three digits and a prefix: 335040 → ``335 k``, 1040449536 → ``1.04 G``; up to 9,999 as it is."""
    if value < 10_000:
        return thousands(value)
    for prefix, one in (("k", 10**3), ("M", 10**6), ("G", 10**9), ("T", 10**12), ("P", 10**15), ("E", 10**18)):
        scaled = value / one
        if scaled < 999.5:
            return f"{scaled:.{2 if scaled < 9.995 else 1 if scaled < 99.95 else 0}f} {prefix}"
    return f"{value:.0e}"


def _bytes(value: int) -> str:
    return byte_scale([value]).full(value) if value else _("0 bytes")


#: What a badge can show: its words, and its number.
_SHOWN: dict[str, tuple[str, Callable[[BlockTheory], str]]] = {
    "parameters": ("parameters", lambda forms: short(forms.parameters)),
    "macs": ("MACs", lambda forms: short(forms.macs)),
    "saved_bytes": ("saved for backward", lambda forms: _bytes(forms.saved_bytes)),
    "out_channels": ("output channels", lambda forms: thousands(forms.output_shape[1])),
    "receptive_field": ("receptive field", lambda forms: f"{thousands(forms.receptive_field)} px"),
}
SHOWN = tuple(_SHOWN)


def badge_document(study: Study, show: str = "parameters", palette: Palette = LIGHT) -> str:
    """SVG text; ``show`` is one of :data:`SHOWN`.

    Raises:
        KeyError: there is no such number.
    """
    words, value = _told(study, show)
    left, right = (_width(text) for text in (words, value))
    title = f"{words}: {value}"
    colours = {"label": palette.soft, "value": palette.dense, "ink": palette.ink, "on": "#FFFFFF"}
    if palette is DARK or palette is TOKENS:
        colours["on"] = palette.background
    theme = themed_variables(0) if palette is TOKENS else ""
    look = f"text{{font:600 {_SIZE}px {family()};text-anchor:middle}}"
    inside = [
        tag("title", {}, escape(title)),
        tag("metadata", {}, escape(carried(study))),
        tag("style", {}, theme + look),
        tag("rect", {"width": number(left + right), "height": _HEIGHT, "rx": 3, "fill": colours["label"]}),
        tag("path", {"d": _right_half(left, right), "fill": colours["value"]}),
        tag("text", {"x": number(left / 2), "y": 14, "fill": colours["ink"]}, escape(words)),
        tag("text", {"x": number(left + right / 2), "y": 14, "fill": colours["on"]}, escape(value)),
    ]
    width = number(left + right)
    root = {"xmlns": "http://www.w3.org/2000/svg", "width": width, "height": _HEIGHT, "role": "img"}
    return tag("svg", root | {"viewBox": f"0 0 {width} {_HEIGHT}", "aria-label": title}, "".join(inside))


def badge_words(study: Study, show: str = "parameters") -> str:
    """What a badge says: ``parameters: 335 k``."""
    return ": ".join(_told(study, show))


def _told(study: Study, show: str) -> tuple[str, str]:
    label, told = _SHOWN[show]
    return _(label), told(study_theory(study).dense)


def _width(text: str) -> float:
    """Of the half that ``text`` stands in, wide enough in whatever font the reader has."""
    return round(text_width(text, "name") * _SIZE / _NOTE) + 2 * _PAD


def _right_half(left: float, right: float) -> str:
    return f"M{number(left)} 0h{number(right - 3)}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-{number(right - 3)}z"
