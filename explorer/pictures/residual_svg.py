"""A residual block's layout as SVG text, in the manner of :mod:`explorer.pictures.svg`.

Ids stay the same from block to block; a unit's group carries ``data-layer``, its number.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape

from explorer.graph import concat_graph
from explorer.language import _, kept, plural
from explorer.pictures.layout.measures import measure as dense_measures
from explorer.pictures.layout.residual import residual_layout
from explorer.pictures.layout.residual_shapes import ResidualLayout, UnitShape
from explorer.pictures.layout.shapes import Orientation, Point
from explorer.pictures.palette import LIGHT, Palette
from explorer.pictures.svg import style
from explorer.pictures.svg_markup import box, group, number, point, tag, text_line
from explorer.pictures.words import thousands
from explorer.spec import DenseBlockSpec, ResidualSpec


@kept(maxsize=256)
def residual_picture(
    spec: ResidualSpec,
    beside: DenseBlockSpec,
    orientation: Orientation = "horizontal",
    width: float = 980.0,
    folded: bool = True,
    beside_folded: bool = True,
    palette: Palette = LIGHT,
    standalone: bool = True,
) -> str:
    """The SVG of ``spec`` at the scale of the drawing of ``beside``; the rest as in :func:`residual_layout`."""
    channel = dense_measures(concat_graph(beside), orientation, width, beside_folded).channel
    return render_residual(residual_layout(spec, channel, orientation, width, folded), palette, standalone)


def residual_style(palette: Palette, scope: str = "") -> str:
    """CSS of the classes that only this drawing has, beside those of :func:`explorer.pictures.svg.style`."""
    scope = f"{scope} " if scope else ""
    return (
        f"{scope}.skip,{scope}.branch{{fill:none;stroke:{palette.residual};stroke-width:2}}"
        f"{scope}.plus,{scope}.projection{{fill:{palette.background};stroke:{palette.residual};stroke-width:2}}"
        f"{scope}.sign{{fill:none;stroke:{palette.ink};stroke-width:1.5}}"
    )


def render_residual(drawn: ResidualLayout, palette: Palette = LIGHT, standalone: bool = True) -> str:
    """``drawn`` as SVG text; arguments as in :func:`explorer.pictures.svg.render`."""
    width, height = number(drawn.width), number(drawn.height)
    root = {
        "xmlns": "http://www.w3.org/2000/svg",
        "id": "residual-graph",
        "class": f"concat residual {drawn.orientation}",
        "width": width,
        "height": height,
        "viewBox": f"0 0 {width} {height}",
    }
    inside = "".join(_groups(drawn, palette, buttons=not standalone))
    if not standalone:
        return tag("svg", root | {"role": "group", "aria-label": f"{title(drawn.spec)} {description(drawn)}"}, inside)
    head = (
        tag("title", {"id": "residual-title"}, escape(title(drawn.spec)))
        + tag("desc", {"id": "residual-desc"}, escape(description(drawn)))
        + tag("style", {}, style(palette) + residual_style(palette))
        + tag("rect", {"width": width, "height": height, "fill": palette.background})
    )
    return tag("svg", root | {"role": "img", "aria-labelledby": "residual-title residual-desc"}, head + inside)


# --- said to those who do not see it -------------------------------------------------------------------


def title(spec: ResidualSpec) -> str:
    """``Residual block: 64 channels become 256 in unit 1, and stay 256 through 6 units.``"""
    words = (
        plural(
            "Residual block: {c} channels stay {c} through {units} unit.",
            "Residual block: {c} channels stay {c} through {units} units.",
            spec.units,
        )
        if spec.in_channels == spec.out_channels
        else plural(
            "Residual block: {c0} channels become {c} in its {units} unit.",
            "Residual block: {c0} channels become {c} in unit 1, and stay {c} through all {units} units.",
            spec.units,
        )
    )
    return words.format(c0=f"{spec.in_channels:,}", c=f"{spec.out_channels:,}", units=spec.units)


def description(drawn: ResidualLayout) -> str:
    """What the drawing shows, in a sentence or two."""
    words = _("Each unit reads all channels, and what it makes is added to what goes past it; nothing is concatenated.")
    if drawn.fold is not None:
        folded = _("Units {first} to {last} are folded.").format(first=drawn.fold.first, last=drawn.fold.last)
        words = f"{words} {folded}"
    return words


def unit_words(spec: ResidualSpec, unit: int) -> str:
    """``Unit 3: 256 → 64 → 64 → 256 channels, added to the 256 that it reads``."""
    widths = " → ".join(map(thousands, (spec.width_before(unit), *spec.inner_widths, spec.out_channels)))
    if spec.width_before(unit) == spec.out_channels:
        words = _("Unit {number}: {widths} channels, added to the {c} that it reads")
    else:
        words = _("Unit {number}: {widths} channels, added to a projection of the {c} that it reads")
    return words.format(number=unit, widths=widths, c=f"{spec.width_before(unit):,}")


# --- elements ------------------------------------------------------------------------------------------


def _groups(drawn: ResidualLayout, palette: Palette, buttons: bool) -> Iterator[str]:
    """The layers of paint, back to front."""
    yield group(
        "residual-columns",
        (
            tag(
                "rect",
                {
                    "id": c.id,
                    "class": "column",
                    "fill": palette.residual if c.column else palette.input,
                    **box(c.box),
                },
            )
            for c in drawn.columns
        ),
    )
    yield group("residual-units", (_unit(drawn, unit, palette, buttons) for unit in drawn.units))
    brackets = (
        tag("path", {"id": b.id, "class": "bracket", "d": "M" + "L".join(point(p) for p in b.points)})
        for b in drawn.brackets
    )
    texts = (text_line(shape, buttons) for shape in drawn.texts if shape.layer is None)
    yield group("residual-texts", (*brackets, *texts))


def _unit(drawn: ResidualLayout, shape: UnitShape, palette: Palette, buttons: bool) -> str:
    attributes: dict[str, object] = {"id": shape.id, "class": "unit", "data-layer": shape.unit}
    if buttons:
        attributes |= {"role": "button", "tabindex": -1, "aria-label": unit_words(drawn.spec, shape.unit)}
    parts = [
        tag("rect", {"class": "hit", "rx": 8, **box(shape.hit)}),
        *(
            tag("polygon", {"data-kernel": kernel, "fill": palette.residual, "points": _corners(corners)})
            for kernel, corners in shape.pieces
        ),
        tag("path", {"class": "branch", "d": "M" + "L".join(point(p) for p in shape.branch)}),
        tag("path", {"class": "skip", "d": _line(shape.skip)}),
    ]
    if shape.projection:
        parts.append(tag("rect", {"class": "projection", "rx": 4, **box(shape.projection)}))
    (x, y), r, arm = shape.plus, shape.radius, shape.radius - 3.5
    circle = {"x": number(x - r), "y": number(y - r), "width": number(2 * r), "height": number(2 * r), "rx": number(r)}
    parts += [
        tag("rect", {"class": "plus", **circle}),
        tag(
            "path",
            {"class": "sign", "d": f"M{point((x - arm, y))}H{number(x + arm)}M{point((x, y - arm))}V{number(y + arm)}"},
        ),
        *(text_line(line, buttons) for line in drawn.texts if line.layer == shape.unit),
    ]
    return tag("g", attributes, "".join(parts))


def _corners(corners: tuple[Point, ...]) -> str:
    return " ".join(point(corner) for corner in corners)


def _line(points: tuple[Point, ...]) -> str:
    p = [point(place) for place in points]
    return f"M{p[0]}L{p[1]}Q{p[2]} {p[3]}L{p[4]}Q{p[5]} {p[6]}L{p[7]}"
