"""The picture of a traced module as SVG text: what its forward pass really concatenated."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from xml.sax.saxutils import escape

from explorer.findings import Trace
from explorer.pictures.layout.shapes import Box, Point
from explorer.pictures.palette import DARK, LIGHT, TOKENS, Palette
from explorer.pictures.svg import style
from explorer.pictures.svg_markup import number, point, tag, text_line
from explorer.pictures.trace_layout import TraceLayout, colours, trace_layout
from explorer.pictures.trace_words import description, source_words, title

_CORNER = 7.0  # px, of an arc


def trace_picture(found: Trace, width: float = 980.0, palette: Palette = LIGHT) -> str:
    """The SVG of ``found``.

    Args:
        found: what to draw.
        width: px that it may take; it is wider where its columns would else be too thin.
        palette: colours. With :data:`explorer.pictures.palette.TOKENS` it is a part of the page: every shape of a
            source carries ``data-source``, and colours follow the theme. Else it is a file of its own, with a ground.
    """
    drawn = trace_layout(found, width)
    on_page = palette is TOKENS
    wide, high = number(drawn.width), number(drawn.height)
    root = {
        "xmlns": "http://www.w3.org/2000/svg",
        "class": "concat trace",
        "width": wide,
        "height": high,
        "viewBox": f"0 0 {wide} {high}",
        "role": "img",
        "aria-label": f"{title(found)} {description(found)}",
    }
    if on_page:
        root["style"] = f"--carried:{LIGHT.carried:g};{source_variables(found)}"
    head = tag("style", {}, escape(_style(palette)))
    if not on_page:
        head = tag("title", {}, escape(title(found))) + tag("desc", {}, escape(description(found))) + head
        head += tag("rect", {"width": wide, "height": high, "fill": palette.background})
    painted = [f"var(--t{source})" for source in range(len(found.sources))] if on_page else colours(found, palette)
    return tag("svg", root, head + "".join(_groups(found, drawn, painted)))


def source_variables(found: Trace) -> str:
    """Declarations of the sources' colours, ``--t0`` and on, of which the page's theme picks."""
    pairs = zip(colours(found, LIGHT), colours(found, DARK), strict=True)
    return "".join(f"--t{source}:light-dark({light},{dark});" for source, (light, dark) in enumerate(pairs))


def _style(palette: Palette) -> str:
    halo = f".trace text{{paint-order:stroke;stroke:{palette.background};stroke-width:4px;stroke-linejoin:round}}"
    arcs = ".trace .arc{fill:none;stroke-opacity:.8;stroke-linejoin:round}"
    return f"{style(palette, '.trace')}{halo}{arcs}.trace .ruler{{stroke:{palette.axis};fill:none}}"


def _groups(found: Trace, drawn: TraceLayout, painted: Sequence[str]) -> Iterator[str]:
    """Back to front. All shapes of one source are one element, so that hundreds of columns stay small."""
    ribbons: dict[int, list[Box]] = defaultdict(list)
    for source, box in drawn.ribbons:
        ribbons[source].append(box)
    new: dict[int, list[Box]] = defaultdict(list)
    copies: dict[int, list[Box]] = defaultdict(list)
    for piece in drawn.pieces:
        (new if piece.new else copies)[piece.source].append(piece.box)

    def shapes(kind: str, boxes: dict[int, list[Box]]) -> Iterator[str]:
        for source, some in sorted(boxes.items()):
            told = {"class": kind, "data-source": source, "fill": painted[source], "d": "".join(map(_outline, some))}
            yield tag("path", told, tag("title", {}, escape(source_words(found, source))))

    yield _group("ribbons", shapes("ribbon", ribbons))
    yield _group("slices", (*shapes("slice copy", copies), *shapes("slice", new)))
    yield _group(
        "arcs",
        (
            tag(
                "path",
                {
                    "class": "arc",
                    "data-source": arc.source,
                    "stroke": painted[arc.source],
                    "stroke-width": number(arc.thickness),
                    "d": _rounded(arc.points),
                },
                tag("title", {}, escape(source_words(found, arc.source))),
            )
            for arc in drawn.arcs
        ),
    )
    yield _group("rulers", (tag("path", {"class": "ruler", "d": f"M{point(a)}L{point(b)}"}) for a, b in drawn.rulers))
    yield _group("texts", (text_line(text, False) for text in drawn.texts))


def _group(name: str, elements: Iterable[str]) -> str:
    return tag("g", {"class": f"trace-{name}"}, "".join(elements))


def _outline(box: Box) -> str:
    x, y, width, height = (number(value, 2) for value in (box.x, box.y, box.width, box.height))
    return f"M{x} {y}h{width}v{height}h-{width}z"


def _rounded(points: Sequence[Point]) -> str:
    """A line through ``points``, which turn at right angles, with round corners."""
    path = f"M{point(points[0])}"
    for before, here, after in zip(points, points[1:], points[2:], strict=False):
        path += f"L{point(_towards(here, before))}Q{point(here)} {point(_towards(here, after))}"
    return f"{path}L{point(points[-1])}"


def _towards(start: Point, end: Point) -> Point:
    """From ``start`` towards ``end`` by the radius of a corner, or half of the way where that is less."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    long = abs(dx) + abs(dy)
    share = min(_CORNER, long / 2) / long if long else 0.0
    return start[0] + dx * share, start[1] + dy * share
