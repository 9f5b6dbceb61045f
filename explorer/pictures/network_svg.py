"""Two whole networks as SVG text: on its own, or as a part of the page, whose blocks open in Explore.

A Dense Block is drawn with three elements a source, however many layers read it: the ribbon that carries it on, the
copies that every later concatenation makes of it (one dashed line), and what is new. Sources have the colours of a
block of :data:`RAMP` Bottlenecks, spread over those that there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from explorer.findings import NetworkFindings
from explorer.language import _, kept, stopped
from explorer.pictures import network_words as words
from explorer.pictures.layout.network import NetworkLayout, Side, Stage, network_layout
from explorer.pictures.palette import LIGHT, TOKENS, Palette, themed_variables
from explorer.pictures.svg import style
from explorer.pictures.svg_markup import number, tag
from explorer.pictures.words import byte_scale, thousands
from explorer.spec import BYTES_PER_ELEMENT, DType, Heights, InputSpec, Study, network_of
from explorer.theory import network_theory

RAMP = 64  # Bottlenecks of the block whose colours are taken
_HALO = "halo"
_MARGIN = 16.0  # px around a file of its own
#: px that a character of a total and of a name may take: of the page's font, and of any that a file may be shown in.
_ROOM = {True: (8.2, 6.8), False: (10.4, 8.8)}


@dataclass(frozen=True)
class Shown:
    """What is drawn: two networks by name, the images, and how Dense Blocks are written, which says what they hold."""

    upper: str
    lower: str
    input: InputSpec
    dtype: DType = "float32"
    implementation: str = "list"
    heights: Heights = "channels"

    @classmethod
    def of(cls, study: Study) -> Shown:
        """What ``study`` asks for."""
        asked = study.networks
        return cls(asked.network, asked.against, study.images, study.run.dtype, study.written, asked.heights)

    @property
    def networks(self) -> tuple[NetworkFindings, NetworkFindings]:
        """Both as closed forms."""
        upper = network_theory(network_of(self.upper), self.input, self.dtype, self.implementation)
        lower = network_theory(network_of(self.lower), self.input, self.dtype)
        return NetworkFindings(self.upper, upper), NetworkFindings(self.lower, lower)


@kept(maxsize=64)
def network_picture(
    shown: Shown,
    width: float = 980.0,
    palette: Palette = LIGHT,
    links: tuple[str, ...] | None = None,
    carried: str = "",
) -> str:
    """The SVG of both networks.

    Args:
        shown: which.
        width: px; below :data:`explorer.pictures.layout.network.PHONE` it is drawn for a phone.
        palette: colours.
        links: of a part of the page: where each block leads, of the upper network, or of the lower where only that has
            Dense Blocks; None draws a file of its own.
        carried: what a file says of itself to programs.
    """
    upper, lower = shown.networks
    drawn = network_layout(upper.theory, lower.theory, shown.dtype, shown.heights, width)
    margin = 0.0 if links is not None else _MARGIN
    frame = {
        "x": number(-margin),
        "y": number(-margin),
        "width": number(drawn.width + 2 * margin),
        "height": number(drawn.height + 2 * margin),
    }
    root = {
        "xmlns": "http://www.w3.org/2000/svg",
        "class": "concat net",
        "width": frame["width"],
        "height": frame["height"],
        "viewBox": " ".join(frame.values()),
    }
    title = words.spoken_title(upper.name, lower.name)
    told = " ".join(
        stopped(_("{what}: {words}").format(what=words.label(one.name), words=words.spoken_description(one.theory)))
        for one in (upper, lower)
    )
    inside = "".join(_elements(drawn, (upper, lower), palette, links))
    if links is not None:
        return tag("svg", root | {"role": "group", "aria-label": f"{title} {told}"}, inside)
    themes = themed_variables(RAMP) if palette is TOKENS else ""
    head = (
        tag("title", {"id": "net-title"}, escape(title))
        + tag("desc", {"id": "net-desc"}, escape(told))
        + (tag("metadata", {}, escape(carried)) if carried else "")
        + tag("style", {}, themes + style(palette) + network_style(palette))
        + tag("rect", frame | {"fill": palette.background})
    )
    return tag("svg", root | {"role": "img", "aria-labelledby": "net-title net-desc"}, head + inside)


def network_style(palette: Palette, scope: str = "") -> str:
    """CSS of the classes that only this drawing has, beside those of :func:`explorer.pictures.svg.style`."""
    at = f"{scope} " if scope else ""
    return (
        f"{at}.net .n{{font-size:13px;font-weight:600}}{at}.net .t{{font-size:15px;font-weight:650}}"
        f"{at}.net .q{{font-size:13px;fill:{palette.mute}}}{at}.net .b{{font-size:14px;font-weight:600}}"
        f"{at}.net .{_HALO}{{paint-order:stroke;stroke:{palette.background};stroke-width:4px;stroke-linejoin:round}}"
        f"{at}.net .ribbon{{fill-opacity:.34}}{at}.net .copies{{fill:none;stroke-opacity:.5}}"
        f"{at}.net .side{{font-size:13px;font-weight:600}}"
    )


# --- elements ------------------------------------------------------------------------------------------


def _elements(
    drawn: NetworkLayout,
    networks: tuple[NetworkFindings, NetworkFindings],
    palette: Palette,
    links: tuple[str, ...] | None,
) -> Iterator[str]:
    sides = (drawn.upper, networks[0], True), (drawn.lower, networks[1], False)
    for side, _one, up in sides:
        yield tag("g", {"class": "rest"}, "".join(_between(drawn, side, up, palette)))
    for index in range(max(len(drawn.upper.stages), len(drawn.lower.stages))):
        pieces = "".join(
            "".join(_stage(drawn, side.stages[index], up, palette, own_font=links is not None))
            for side, _one, up in sides
            if index < len(side.stages)
        )
        first = next(_having(drawn, index)).stages[index]
        between = {"x": first.x, "y": drawn.base, "width": first.width, "height": drawn.below - drawn.base}
        pieces += tag("rect", {"class": "hit", **{name: number(value) for name, value in between.items()}})
        if links is not None and index < len(links):
            said = _opens(drawn, index)
            yield tag("a", {"href": links[index], "class": "pair", "data-n": index + 1, "aria-label": said}, pieces)
        else:
            yield tag("g", {"class": "pair", "data-n": index + 1}, pieces)
    yield tag("g", {"class": "rest"}, "".join(_ruler(drawn, palette)))
    for side, one, up in sides:
        yield from _said(drawn, side, one, up, palette, hover=links is not None)


def _opens(drawn: NetworkLayout, index: int) -> str:
    told = [words.stage_words(side.stages[index].theory, index + 1) for side in _having(drawn, index)]
    sentences = " ".join(stopped(_("{what}: {words}").format(what=a, words=b)) for a, b in told)
    return _("{told} Opens in Explore").format(told=sentences)


def _having(drawn: NetworkLayout, index: int) -> Iterator[Side]:
    return (side for side in (drawn.upper, drawn.lower) if index < len(side.stages))


def _colour(stage: Stage, source: int, palette: Palette) -> str:
    """Of source ``source`` of the stage: its place on the ramp of a block of :data:`RAMP` Bottlenecks."""
    layers = len(stage.theory.layers)
    if source == 0:
        return palette.source(0, RAMP)
    share = 0.5 if layers == 1 else (source - 1) / (layers - 1)
    return palette.source(1 + round(share * (RAMP - 1)), RAMP)


def _rect(x: float, y: float, width: float, height: float, fill: str, **more: object) -> str:
    place = {"x": number(x, 2), "y": number(y, 2), "width": number(width, 2), "height": number(max(0.3, height), 2)}
    return tag("rect", {**place, "fill": fill, **more})


def _stage(drawn: NetworkLayout, stage: Stage, up: bool, palette: Palette, *, own_font: bool) -> Iterator[str]:
    base = drawn.base if up else drawn.below
    yield from (_block(stage, base, up, palette) if stage.dense else _units(stage, base, up, palette))
    far = base - stage.height if up else base + stage.height
    line = far - 8 if up else far + 17
    total, name = _amount(drawn, stage), _name(drawn, stage)
    wide, narrow = _ROOM[own_font]
    if name and stage.width - wide * len(total) - 6 > narrow * len(name):
        yield _text(stage.x, line, name, f"n {_HALO}")
    yield _text(stage.end, line, total, f"{'n' if drawn.phone else 't'} {_HALO}", "end")
    yield tag(
        "rect",
        {
            "class": "hit",
            "x": number(stage.x),
            "y": number(min(far, base) - (22 if up else 0)),
            "width": number(stage.width),
            "height": number(stage.height + 22),
            "rx": 4,
        },
    )


def _block(stage: Stage, base: float, up: bool, palette: Palette) -> Iterator[str]:
    """A Dense Block: sources keep their height; ribbons first, then copies, then what is new."""
    sign = -1 if up else 1
    layers, pitch, column = len(stage.theory.layers), stage.pitch, stage.column
    offsets = [sum(stage.heights[:source]) for source in range(layers + 1)]
    fine = 0.5 if stage.heights[-1] > 2.2 else 0.0
    ribbons, copies, new = [], [], []
    for source in range(layers + 1):
        colour, height = _colour(stage, source, palette), stage.heights[source] - fine
        begin = stage.x if source == 0 else stage.x + source * pitch - column
        top = base - offsets[source] - stage.heights[source] if up else base + offsets[source]
        carried = {"class": "ribbon"} if source else {"fill-opacity": ".34"}
        ribbons.append(_rect(begin, top, stage.end - begin, height, colour, **carried))
        new.append(_rect(begin, top, column, height, colour))
        if source < layers:
            first = stage.x + (source + 1) * pitch - column
            middle = base + sign * (offsets[source] + stage.heights[source] / 2)
            dash = f"{number(column, 2)} {number(pitch - column, 2)}"
            copies.append(
                tag(
                    "path",
                    {
                        "class": "copies",
                        "stroke": colour,
                        "stroke-width": number(max(0.3, height), 2),
                        "stroke-dasharray": dash,
                        "d": f"M{number(first, 2)},{number(middle, 2)}H{number(stage.end, 2)}",
                    },
                )
            )
    yield from (*ribbons, *copies, *new)


def _units(stage: Stage, base: float, up: bool, palette: Palette) -> Iterator[str]:
    """Residual units: hourglasses on the band of the sum that is carried on."""
    units, tall = len(stage.theory.layers), stage.height
    top = base - tall if up else base
    middle, narrow, width = top + tall / 2, stage.inner, stage.width / units
    yield _rect(stage.x, top, stage.width, tall, palette.residual, **{"fill-opacity": ".16"})
    for unit in range(units):
        x = stage.x + unit * width
        a, b, end = x + 0.34 * width, x + 0.66 * width, x + width - min(3.0, 0.1 * width)
        low, high = middle - narrow / 2, middle + narrow / 2
        sides = (
            [(x, top), (a, low), (a, high), (x, top + tall)],
            [(b, low), (end, top), (end, top + tall), (b, high)],
        )
        for corners in sides:
            yield _polygon(corners, palette.residual, ".3")
        yield _polygon([(a, low), (b, low), (b, high), (a, high)], palette.residual, ".78")


def _polygon(corners: Sequence[tuple[float, float]], fill: str, opacity: str) -> str:
    points = " ".join(f"{number(x)},{number(y)}" for x, y in corners)
    return tag("polygon", {"points": points, "fill": fill, "fill-opacity": opacity})


def _between(drawn: NetworkLayout, side: Side, up: bool, palette: Palette) -> Iterator[str]:
    """The stem, and what leads from stage to stage: a Transition cuts, a residual stage's first unit widens."""
    base, sign = (drawn.base, -1) if up else (drawn.below, 1)
    dense = side.stages[0].dense
    colour = palette.input if dense else palette.residual
    stem = drawn.lead * 0.45
    for x, width, opacity in ((0.0, stem, ".9" if dense else ".45"), (stem, drawn.lead - stem, ".5")):
        top = base - side.stem if up else base
        yield _rect(x, top, width, side.stem, colour, **{"fill-opacity": opacity})
    for before, after in zip(side.stages, side.stages[1:], strict=False):
        enters = after.heights[0] if after.dense else after.height
        corners = [
            (before.end, base),
            (before.end, base + sign * before.height),
            (after.x, base + sign * enters),
            (after.x, base),
        ]
        yield _polygon(corners, colour, ".34" if dense else ".1")
        if dense and not drawn.phone and drawn.heights == "channels" and enters > 9:
            y = base + sign * max(5.0, enters / 2) + (0 if up else 9)
            yield _text(after.x - 4, y, thousands(after.theory.in_channels), "q", "end")


def _ruler(drawn: NetworkLayout, palette: Palette) -> Iterator[str]:
    """The map's size under each stage, a square to scale, and the lines that both networks stand on."""
    longest = drawn.upper if len(drawn.upper.stages) >= len(drawn.lower.stages) else drawn.lower
    sizes = [(stage.theory.height, stage.theory.width) for stage in longest.stages]
    largest = max(height for height, _width in sizes)
    middle = (drawn.base + drawn.below) / 2
    for stage, (height, width) in zip(longest.stages, sizes, strict=True):
        others = [side.stages[stage.number - 1].theory for side in _having(drawn, stage.number - 1)]
        text = f"{height} × {width}"
        if any((one.height, one.width) != (height, width) for one in others):
            text = " / ".join(str(one.height) for one in others)
        side = max(2.0, (12 if drawn.phone else 22) * height / largest)
        if stage.width < side + 6.6 * len(text) + 14:
            text = str(height)
        start = (stage.x + stage.end) / 2 - (side + 6 + 6.6 * len(text)) / 2
        yield tag(
            "rect",
            {
                "x": number(start),
                "y": number(middle - side / 2),
                "width": number(side),
                "height": number(side),
                "fill": "none",
                "stroke": palette.mute,
            },
        )
        yield _text(start + side + 6, middle + 4.5, text, "q")
    end = max(side.stages[-1].end for side in (drawn.upper, drawn.lower))
    for y in (drawn.base + 0.5, drawn.below - 0.5):
        yield tag("path", {"d": f"M0,{number(y)}H{number(end)}", "stroke": palette.axis, "fill": "none"})
    if not drawn.phone:
        what = _("bytes, output") if drawn.heights == "bytes" else _("map size")
        yield _text(end + 12, middle + 4.5, what, "q")


def _said(
    drawn: NetworkLayout, side: Side, one: NetworkFindings, up: bool, palette: Palette, hover: bool
) -> Iterator[str]:
    """The network's name at its end, and two lines on it, or on the stage that is pointed at."""
    base, tall = (drawn.base, side.stages[-1].height) if up else (drawn.below, side.stages[-1].height)
    end = max(each.stages[-1].end for each in (drawn.upper, drawn.lower))
    colour = palette.dense if side.stages[0].dense else palette.residual
    if not drawn.phone:
        place = base + (-1 if up else 1) * max(26.0, tall / 2)
        name = words.label(one.name)
        yield _text(end + 12, place - 4, name.split(",")[0], "side", fill=colour)
        classes = _("{count} classes").format(count=thousands(one.theory.spec.classes))
        yield _text(end + 12, place + 13, classes, "q")
    x, anchor = (end, "end") if side.corner == "right" else (0.0, "start")
    first = 14.0 if up else drawn.height - 26.0
    yield _lines(x, first, anchor, words.side_words(one, phone=drawn.phone, opens=hover), "say default")
    if hover:
        for stage in side.stages:
            told = words.stage_words(stage.theory, stage.number)
            yield _lines(x, first, anchor, told, f"say of-{stage.number}")


def _lines(x: float, y: float, anchor: str, lines: tuple[str, str], kind: str) -> str:
    first, second = lines
    inside = _text(x, y, first, f"b {_HALO}", anchor) + _text(x, y + 19, second, f"q {_HALO}", anchor)
    return tag("g", {"class": kind}, inside)


def _text(x: float, y: float, text: str, kind: str, anchor: str = "start", fill: str = "") -> str:
    attributes: dict[str, object] = {"class": kind, "x": number(x), "y": number(y), "text-anchor": anchor}
    if fill:
        attributes["style"] = f"fill:{fill}"
    return tag("text", attributes, escape(text))


def _name(drawn: NetworkLayout, stage: Stage) -> str:
    if drawn.phone:
        return f"{'B' if stage.dense else 'S'}{stage.number}"
    return (_("Block {number}") if stage.dense else _("Stage {number}")).format(number=stage.number)


def _amount(drawn: NetworkLayout, stage: Stage) -> str:
    one = stage.theory
    if drawn.heights == "channels":
        return thousands(one.out_channels)
    total = round(one.out_channels * one.height * one.width * BYTES_PER_ELEMENT[drawn.dtype])
    return byte_scale([total]).full(total)
