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


def path(points: Iterable[Point]) -> str:
    """``M1 2L3 4``: a line through ``points``; empty where there are none."""
    found = "L".join(f"{number(x)} {number(y)}" for x, y in points)
    return f"M{found}" if found else ""


def rule(x1: float, y1: float, x2: float, y2: float, stroke: str, width: float | None = None) -> str:
    """A straight line."""
    line = {"d": f"M{number(x1)} {number(y1)}L{number(x2)} {number(y2)}", "stroke": stroke}
    return tag("path", line | ({} if width is None else {"stroke-width": f"{width:g}"}) | {"fill": "none"})


def words(x: float, y: float, text: str, role: str, anchor: str = "start", fill: str = "") -> str:
    """A line of text of class ``role``."""
    place: dict[str, object] = {"class": role, "x": number(x), "y": number(y), "text-anchor": anchor}
    return tag("text", place | ({"style": f"fill:{fill}"} if fill else {}), escape(text))
