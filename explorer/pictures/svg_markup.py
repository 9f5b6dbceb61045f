"""Elements and numbers of SVG text, as short as they can be written: what every drawing here is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from xml.sax.saxutils import escape, quoteattr

from explorer.pictures.layout.shapes import Box, Point, TextShape


def text_line(shape: TextShape, buttons: bool) -> str:
    """One line of text; where it folds or unfolds and ``buttons`` are wanted, a button."""
    attributes: dict[str, object] = {
        "id": f"text-{shape.id}",
        "class": shape.role,
        "x": number(shape.point[0]),
        "y": number(shape.point[1]),
        "text-anchor": shape.anchor,
    }
    if shape.source is not None:
        attributes["data-of"] = shape.source
    if not shape.link or not buttons:
        return tag("text", attributes, escape(shape.text)) if shape.text else ""
    action = {"class": f"{shape.role} action", "data-action": "fold", "role": "button", "tabindex": 0}
    start = f"{escape(shape.text)}: " if shape.text else ""
    return tag("text", attributes | action, start + tag("tspan", {"class": "link"}, escape(shape.link)))


def group(name: str, elements: Iterable[str]) -> str:
    """``elements`` under the id ``name``."""
    return tag("g", {"id": name}, "".join(elements))


def tag(name: str, attributes: Mapping[str, object], inside: str = "") -> str:
    """One element; ``inside`` is markup."""
    written = "".join([f" {key}={_quoted(str(value))}" for key, value in attributes.items()])
    return f"<{name}{written}>{inside}</{name}>" if inside else f"<{name}{written}/>"


def _quoted(value: str) -> str:
    plain = not ('"' in value or "<" in value or "&" in value or ">" in value)  # most are numbers
    return f'"{value}"' if plain else quoteattr(value)


def box(place: Box) -> dict[str, str]:
    """The attributes of a rectangle."""
    return {
        "x": number(place.x, 2),
        "y": number(place.y, 2),
        "width": number(place.width, 2),
        "height": number(place.height, 2),
    }


def point(place: Point) -> str:
    """``12,3.5``."""
    return f"{number(place[0])},{number(place[1])}"


def number(value: float, decimals: int = 1) -> str:
    """A pixel value as short as it can be: ``12``, ``0.5``, ``-3.2``."""
    text = f"{value:.{decimals}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
