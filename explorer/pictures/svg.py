"""A layout as SVG text: on its own, or as a part of the page that takes the pointer and follows the theme.

Every element has an ``id`` that stays the same from drawing to drawing and from block to block, so
that whoever shows the text can change what is there instead of replacing it. Slices carry
``data-source`` and ``data-column``, Bottlenecks ``data-layer``; what else belongs to a source carries
``data-of``, a lane also ``data-to``, its reader.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from xml.sax.saxutils import escape

from explorer.graph import concat_graph
from explorer.language import kept, language
from explorer.pictures import spoken
from explorer.pictures.layout import Layout, Orientation, layout
from explorer.pictures.layout.lettering import FONTS
from explorer.pictures.layout.shapes import BottleneckShape, LaneShape, Point, SliceShape
from explorer.pictures.lit import lit_description, lit_style
from explorer.pictures.palette import LIGHT, TOKENS, Palette, themed_variables
from explorer.pictures.svg_markup import box, group, number, point, tag, text_line
from explorer.spec import DenseBlockSpec, Drawing, Selection

NOTHING = Selection()
FAMILY = '"Source Sans","Source Sans 3","Source Sans Pro","Helvetica Neue",Arial,sans-serif'

#: What macOS, Windows and Linux have for Chinese.
HAN_FONTS = '"PingFang SC","Microsoft YaHei","Noto Sans CJK SC"'


def family() -> str:
    """The fonts of a picture that stands alone; a Chinese one has the systems' own behind them."""
    return _with_han(FAMILY) if language() == "zh" else FAMILY


def _with_han(fonts: str) -> str:
    return fonts.replace("sans-serif", f"{HAN_FONTS},sans-serif")


def style(palette: Palette, scope: str = "") -> str:
    """CSS that the drawing's classes need; ``scope`` is a selector to put before each rule."""
    fonts = _with_han(FAMILY) if scope else family()  # a page's sheet serves every language
    rules = {
        "text": f"font-family:{fonts};font-feature-settings:'tnum','lnum';fill:{palette.ink}",
        **{f".{role}": f"font-size:{font.size:g}px;font-weight:{font.weight}" for role, font in FONTS.items()},
        ".width,.note": f"fill:{palette.mute}",
        ".link": f"font-weight:600;fill:{palette.accent};text-decoration:underline",
        ".ribbon": f"fill-opacity:{'var(--carried)' if palette is TOKENS else f'{palette.carried:g}'}",
        ".copy,.comb": "fill-opacity:.54",  # with the ribbon under it about .62
        ".lane": "fill:none",
        '[data-kernel="1x1"]': "fill-opacity:.42",
        '[data-kernel="3x3"]': "fill-opacity:.78",
        ".hit": "fill:transparent",
        ".bracket": f"fill:none;stroke:{palette.axis}",
    }
    return "".join(
        f"{','.join(f'{scope} {part}'.strip() for part in selector.split(','))}{{{body}}}"
        for selector, body in rules.items()
    )


@kept(maxsize=256)
def picture(
    block: DenseBlockSpec,
    drawing: Drawing = "chain",
    orientation: Orientation = "horizontal",
    width: float = 980.0,
    folded: bool = True,
    palette: Palette = LIGHT,
    standalone: bool = True,
) -> str:
    """The SVG of ``block``; arguments as in :func:`explorer.pictures.layout.layout` and :func:`render`."""
    return render(layout(concat_graph(block), drawing, orientation, width, folded), palette, standalone)


def render(
    drawn: Layout,
    palette: Palette = LIGHT,
    standalone: bool = True,
    selected: Selection = NOTHING,
    carried: str = "",
) -> str:
    """``drawn`` as SVG text.

    Args:
        drawn: the geometry.
        palette: colours; :data:`explorer.pictures.palette.TOKENS` for CSS variables.
        standalone: a file of its own with title, description, style and ground, which with CSS variables follows the
            theme of the system; otherwise a part of the page, whose Bottlenecks and sources are buttons.
        selected: what is lit in a file; on the page, its script does that.
        carried: what a file says of itself to programs.
    """
    width, height = number(drawn.width), number(drawn.height)
    root = {
        "xmlns": "http://www.w3.org/2000/svg",
        "id": "concat-graph",
        "class": f"concat {drawn.orientation} {drawn.drawing}",
        "width": width,
        "height": height,
        "viewBox": f"0 0 {width} {height}",
    }
    inside = "".join(_groups(drawn, palette, buttons=not standalone))
    if not standalone:
        return tag(
            "svg",
            root | {"role": "group", "aria-label": f"{spoken.title(drawn.graph)} {spoken.description(drawn)}"},
            inside,
        )
    said = lit_description(drawn, selected)
    themes = themed_variables(drawn.graph.spec.layers) if palette is TOKENS else ""
    head = (
        tag("title", {"id": "concat-title"}, escape(spoken.title(drawn.graph)))
        + tag("desc", {"id": "concat-desc"}, escape(said))
        + (tag("metadata", {}, escape(carried)) if carried else "")
        + tag("style", {}, themes + style(palette) + lit_style(drawn, selected, palette))
        + tag("rect", {"width": width, "height": height, "fill": palette.background})
    )
    return tag("svg", root | {"role": "img", "aria-labelledby": "concat-title concat-desc"}, head + inside)


# --- elements ------------------------------------------------------------------------------------------


def _groups(drawn: Layout, palette: Palette, buttons: bool) -> Iterator[str]:
    """The layers of paint, back to front.

    What the drawing does not show is left out of a file. On the page it is there, out of sight, so
    that one drawing can turn into the other.
    """
    layers = drawn.graph.spec.layers

    def colour(source: int) -> str:
        return palette.source(source, layers)

    yield group(
        "concat-ribbons",
        (
            tag(
                "rect",
                {
                    "id": r.id,
                    "class": _kind("ribbon", r.shown),
                    **_belongs(r.shown, of=r.source),
                    "fill": colour(r.source),
                    **box(r.box),
                },
            )
            for r in drawn.ribbons
            if r.shown or buttons
        ),
    )
    yield group("concat-hits", (_slice_hit(s) for s in drawn.slices if buttons and s.hit and s.shown))
    yield group("concat-lanes", (_lane(lane, colour(lane.source)) for lane in drawn.lanes if lane.shown or buttons))
    yield group(
        "concat-flares",
        (
            tag(
                "path",
                {"id": f.id, "class": "flare", "data-of": f.source, "fill": colour(f.source), "d": _flare(f.points)},
            )
            for f in drawn.flares
        ),
    )
    yield group(
        "concat-combs",
        (
            tag(
                "path",
                {
                    "id": c.id,
                    "class": _kind("comb", c.shown),
                    **_belongs(c.shown, of=c.source),
                    "stroke": colour(c.source),
                    "stroke-width": number(c.thickness, 2),
                    "stroke-dasharray": f"{number(c.tooth, 2)} {number(c.step - c.tooth, 2)}",
                    "d": f"M{point(c.start)}L{point(c.end)}",
                },
            )
            for c in drawn.combs
            if c.shown or buttons
        ),
    )
    yield group(
        "concat-slices", (_slice(drawn, s, colour(s.source), buttons) for s in drawn.slices if s.shown or buttons)
    )
    yield group("concat-bottlenecks", (_bottleneck(drawn, b, colour(b.layer), buttons) for b in drawn.bottlenecks))
    brackets = (
        tag("path", {"id": b.id, "class": _kind("bracket", b.shown), "d": "M" + "L".join(point(p) for p in b.points)})
        for b in drawn.brackets
        if b.shown or buttons
    )
    texts = (text_line(text, buttons) for text in drawn.texts if text.layer is None)
    yield group("concat-texts", (*brackets, *texts))


def _slice(drawn: Layout, shape: SliceShape, colour: str, buttons: bool) -> str:
    original = shape.is_new or drawn.drawing == "paper"
    attributes: dict[str, object] = {
        "id": shape.id,
        "class": _kind("slice" if original else "slice copy", shape.shown),
        **_belongs(shape.shown, source=shape.source, column=shape.column),
        "fill": colour,
        **box(shape.box),
    }
    folded = drawn.fold is not None and drawn.fold.holds(shape.column)
    if buttons and shape.is_new and not folded:
        attributes |= {"role": "button", "tabindex": -1, "aria-label": spoken.source(drawn.graph, shape.source)}
    return tag("rect", attributes)


def _kind(name: str, shown: bool) -> str:
    return name if shown else f"{name} off"


def _belongs(shown: bool, **numbers: int) -> dict[str, object]:
    """What a shape belongs to, as ``data-…``; what is out of sight belongs to nothing that can be lit or chosen."""
    return {f"data-{name}": number for name, number in numbers.items()} if shown else {}


def _slice_hit(shape: SliceShape) -> str:
    place = box(shape.hit) if shape.hit else {}
    return tag("rect", {"id": f"hit-{shape.id}", "class": "hit", "data-of": shape.source, **place})


def _lane(shape: LaneShape, colour: str) -> str:
    return tag(
        "path",
        {
            "id": shape.id,
            "class": _kind("lane", shape.shown),
            **_belongs(shape.shown, of=shape.source, to=shape.reader),
            "stroke": colour,
            "stroke-width": number(shape.thickness, 2),
            "d": _cubics(shape.points),
        },
    )


def _cubics(points: Sequence[Point]) -> str:
    """Cubic segments relative to their start, which is shorter to send.

    In whole tenths of a pixel, so that errors of rounding do not add up.
    """
    x, y = round(points[0][0] * 10), round(points[0][1] * 10)
    path = f"M{point(points[0])}"
    for i in range(1, len(points), 3):
        six = [(round(u * 10) - x, round(v * 10) - y) for u, v in points[i : i + 3]]
        path += "c" + "".join([_tenths(du) + _tenths(dv) for du, dv in six]).removeprefix(" ")
        x, y = x + six[-1][0], y + six[-1][1]
    return path


@lru_cache(maxsize=16_384)
def _tenths(value: int) -> str:
    """``value`` tenths in path data, separated from what is before it only where it must be: 35 is `` 3.5``."""
    return number(value / 10) if value < 0 else f" {number(value / 10)}"


def _flare(points: tuple[Point, ...]) -> str:
    p = [point(place) for place in points]
    return f"M{p[0]}C{p[1]} {p[2]} {p[3]}L{p[4]}C{p[5]} {p[6]} {p[7]}Z"


def _bottleneck(drawn: Layout, shape: BottleneckShape, colour: str, buttons: bool) -> str:
    node = drawn.graph.bottlenecks[shape.layer - 1]
    attributes: dict[str, object] = {"id": shape.id, "class": "bottleneck", "data-layer": shape.layer}
    if buttons:
        attributes |= {"role": "button", "tabindex": -1, "aria-label": spoken.bottleneck(node)}
    pieces = "".join(
        tag("polygon", {"data-kernel": kernel, "fill": colour, "points": " ".join(point(p) for p in corners)})
        for kernel, corners in shape.pieces
    )
    texts = "".join(text_line(text, buttons) for text in drawn.texts if text.layer == shape.layer)
    return tag("g", attributes, tag("rect", {"class": "hit", "rx": 8, **box(shape.hit)}) + pieces + texts)
