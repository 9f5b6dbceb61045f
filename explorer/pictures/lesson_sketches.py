"""Small drawings under a lesson's axis: what each column is, to scale where it can be.

The language is the concatenation graph's: a source is a slice as high as it has channels, in its own colour; a residual
unit is an hourglass in the residual colour; an arrow reads.

While something is asked, only what is given is drawn, the same in every column: a drawing to scale is an answer. Then
what comes of it is drawn as well, and what was there stays where it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from explorer.pictures.palette import DARK, LIGHT, Palette
from explorer.pictures.svg_markup import number, tag
from explorer.spec import Study

_LAYERS, _UNITS, _WIDTHS = (6, 12, 24, 16), (3, 4, 6, 3), (256, 512, 1024, 2048)
_DEPTHS = (3, 6, 12, 24, 48)


@dataclass(frozen=True)
class Sketch:
    """One drawing, in px.

    Attributes:
        study: what is measured for.
        column: the number that it stands under.
        x: its middle.
        ground: what it stands on.
        room: half of its width, at most.
        height: its height, at most.
        asking: whether what is found is not to be seen yet.
    """

    study: Study
    column: int
    x: float
    ground: float
    room: float
    height: float
    palette: Palette
    asking: bool = False


def sketch(about: str, of: Sketch) -> str:
    """What the column of the measure ``about`` is; empty if unknown."""
    draw = _SKETCHES.get(about)
    return tag("g", {"class": "sketch"}, draw(of)) if draw else ""


def _rect(x: float, y: float, width: float, height: float, fill: str, opacity: float = 1) -> str:
    place: dict[str, object] = {
        "x": number(x, 2),
        "y": number(y, 2),
        "width": number(max(0.6, width), 2),
        "height": number(max(0.6, height), 2),
        "fill": fill,
    }
    return tag("rect", place | ({"fill-opacity": f"{opacity:g}"} if opacity < 1 else {}))


def _pile(x: float, top: float, width: float, scale: float, slices: list[tuple[int, str]]) -> str:
    """Slices of channels from ``top`` down, the first at the top as everywhere."""
    drawn = ""
    for channels, fill in slices:
        drawn += _rect(x, top, width, scale * channels, fill)
        top += scale * channels
    return drawn


def _hourglass(x: float, ground: float, width: float, height: float, fill: str) -> str:
    a, mid = 0.4 * width, 0.375 * height
    points = [
        (x, ground - height), (x + a, ground - height + mid), (x + width - a, ground - height + mid),
        (x + width, ground - height), (x + width, ground), (x + width - a, ground - mid), (x + a, ground - mid),
        (x, ground),
    ]  # fmt: skip
    written = " ".join(f"{number(px, 2)},{number(py, 2)}" for px, py in points)
    return tag("polygon", {"points": written, "fill": fill, "fill-opacity": ".8"})


def _joined(of: Sketch) -> str:
    """The input's slice. Concatenated: it stays, a new one comes beneath. Added: one slice, of neither colour."""
    c0, k = of.study.block.in_channels, of.study.block.growth_rate
    scale, width = of.height / (c0 + k), min(26.0, of.room)
    left, top = of.x - width / 2, of.ground - of.height
    if not of.asking and of.column >= 2:
        return _rect(left, top, width, scale * c0, of.palette.residual, 0.8)
    slices = [(c0, _of(0, 1, of.palette))]
    if not of.asking:
        slices.append((k, _of(1, 1, of.palette)))
    return _pile(left, top, width, scale, slices)


def _dense(x: float, ground: float, width: float, scale: float, study: Study, layers: int, palette: Palette) -> str:
    """Columns that grow by k, one a layer, each in its layer's colour."""
    step = width / (layers + 1)
    drawn = ""
    for layer in range(layers + 1):
        channels = study.block.in_channels + study.block.growth_rate * layer
        drawn += _rect(
            x + step * layer, ground - scale * channels, 0.82 * step, scale * channels, _of(layer, layers, palette)
        )
    return drawn


def _of(layer: int, layers: int, palette: Palette) -> str:
    """The layer's colour in a block of ``layers``. Blocks of several depths stand beside each other, so no token."""
    if palette.ramp is None:
        return f"light-dark({LIGHT.source(layer, layers)},{DARK.source(layer, layers)})"
    return palette.source(layer, layers)


def _channels(of: Sketch) -> str:
    """The input, and under it, slice by slice, what came with each layer."""
    block, width = of.study.block, min(24.0, 1.2 * of.room)
    slices = [(block.in_channels, _of(0, block.layers, of.palette))]
    if not of.asking:
        slices += [(block.growth_rate, _of(layer, block.layers, of.palette)) for layer in range(1, of.column + 2)]
    return _pile(of.x - width / 2, of.ground - of.height, width, of.height / block.out_channels, slices)


def _drawings(of: Sketch) -> str:
    """Dots for what there is; arcs for what is read: from every earlier one, or from one chain."""
    layers = min(of.study.block.layers, 12)
    step = 2 * of.room / layers
    xs, y = [of.x - of.room + step * i for i in range(layers + 1)], of.ground - 6
    drawn = ""
    for to in () if of.asking else range(1, layers + 1):
        for source in range(to) if of.column == 0 else (to - 1,):
            a, b = xs[source], xs[to]
            rise = min(of.height - 8, 0.34 * (b - a)) if to - source > 1 else 0
            line = f"M{number(a)} {number(y)}Q{number((a + b) / 2)} {number(y - 2 * rise)} {number(b)} {number(y)}"
            drawn += tag("path", {"d": line, "fill": "none", "stroke": of.palette.mute, "stroke-width": 0.8})
    for i, at in enumerate(xs):
        fill = _of(i, layers, of.palette)
        drawn += tag("circle", {"cx": number(at), "cy": number(y), "r": 3.4, "fill": fill})
    return drawn


def _bottleneck(of: Sketch) -> str:
    """Blocks of several depths, all to one scale."""
    layers, block = _DEPTHS[of.column], of.study.block
    most = block.in_channels + block.growth_rate * _DEPTHS[-1]
    width = 2 * of.room * (0.35 + 0.65 * math.log(layers / 2) / math.log(24))
    return _dense(of.x - width / 2, of.ground, width, of.height / most, of.study, layers, of.palette)


def _stages(of: Sketch) -> str:
    """A dense block and the ResNet-50 stage of the same size, to one scale."""
    k, entering = of.study.block.growth_rate, 64
    for layers in _LAYERS[: of.column]:
        entering = (entering + k * layers) // 2
    layers, scale, gap = _LAYERS[of.column], of.height / _WIDTHS[-1], _apart(of)
    step, drawn = (of.room - gap) / (layers + 1), ""
    for layer in range(layers + 1):
        high = scale * (entering + k * layer)
        drawn += _rect(
            of.x - of.room + step * layer, of.ground - high, 0.82 * step, high, _of(layer, layers, of.palette)
        )
    unit = (of.room - gap) / _UNITS[of.column]
    for i in range(_UNITS[of.column]):
        left = of.x + gap + unit * i
        drawn += _hourglass(left, of.ground, 0.9 * unit, scale * _WIDTHS[of.column], of.palette.residual)
    return drawn


def _apart(of: Sketch) -> float:
    """How far from the middle two things begin that stand beside each other."""
    return min(5.0, 0.12 * of.room)


def _statistics(of: Sketch) -> str:
    """A dot a source; beside it a square for each layer whose first BatchNorm computes statistics of it, or one."""
    layers = min(of.study.block.layers, 12)
    cell = min(2 * of.room / (layers + 2), of.height / layers)
    left, drawn = of.x - cell * (layers + 2) / 2, ""
    for source in range(layers):
        at, fill = of.ground - cell * (layers - source), _of(source, layers, of.palette)
        dot = {"cx": number(left + 0.42 * cell, 2), "cy": number(at + 0.42 * cell, 2), "r": number(0.42 * cell, 2)}
        drawn += tag("circle", {**dot, "fill": fill})
        for reader in () if of.asking else range(source, layers) if of.column == 0 else (source,):
            drawn += _rect(left + cell * (reader + 2), at, 0.85 * cell, 0.85 * cell, fill)
    return drawn


def _transition(of: Sketch) -> str:
    """What goes in and, once it is found, what comes out, as sheets: half as many, or half the side of each."""
    side = min(0.72 * of.height, 0.8 * of.room)
    drawn = _sheets(of, of.x - 0.62 * of.room - 4, side, 4, of.palette.input)
    if of.asking:
        return drawn
    half, sheets = of.column != 0, 2 if of.column in (0, 2) else 4
    return drawn + _sheets(of, of.x + 0.14 * of.room + 4, side / 2 if half else side, sheets, of.palette.dense)


def _sheets(of: Sketch, left: float, side: float, count: int, fill: str) -> str:
    drawn = ""
    for sheet in reversed(range(count)):
        off = min(3.2, 0.12 * of.height) * sheet
        place = {"x": number(left + off), "y": number(of.ground - side - off), "width": number(side)}
        ink = {"fill": fill, "stroke": of.palette.background, "stroke-width": 0.8}
        drawn += tag("rect", {**place, "height": number(side), **ink})
    return drawn


def _gradients(of: Sketch) -> str:
    """A layer of a plain stack, and the gradient on its way back through it."""
    width, high, reach = min(14.0, of.room), 0.55 * of.height, min(14.0, of.room)
    arrow = f"M{number(of.x + reach)} {number(of.ground - high / 2)}h-{number(2 * reach)}m4 -3l-4 3l4 3"
    return _rect(of.x - width / 2, of.ground - high, width, high, of.palette.mute, 0.55) + tag(
        "path", {"d": arrow, "fill": "none", "stroke": of.palette.ink}
    )


def _memory(of: Sketch) -> str:
    """What every layer made; then with the copies that every layer has of it, or as one buffer that all share."""
    block, layers = of.study.block, min(of.study.block.layers, 12)
    scale, step = of.height / (block.in_channels + block.growth_rate * layers), 1.5 * of.room / layers
    slices = [(block.in_channels, _of(0, layers, of.palette))]
    slices += [(block.growth_rate, _of(layer, layers, of.palette)) for layer in range(1, layers + 1)]
    if not of.asking and of.column % 2:
        return _pile(of.x - 8, of.ground - of.height, 16, scale, slices)
    drawn = ""
    for reader in range(layers):
        copies = slices[reader : reader + 1] if of.asking else slices[: reader + 1]
        high = scale * sum(channels for channels, _fill in copies)
        drawn += _pile(of.x - 0.75 * of.room + step * reader, of.ground - high, 0.8 * step, scale, copies)
    return drawn


def _networks(of: Sketch) -> str:
    """Both networks, small: columns of DenseNet, hourglasses of ResNet."""
    gap = _apart(of)
    drawn, step = "", (of.room - gap) / 4
    for stage in range(4):
        left, high = of.x - of.room + step * stage, 5.0 + 3 * stage
        drawn += _rect(left, of.ground - high, 0.8 * step, high, of.palette.dense)
        high = (0.3 + 0.22 * stage) * of.height
        drawn += _hourglass(of.x + gap + step * stage, of.ground, 0.85 * step, high, of.palette.residual)
    return drawn


_SKETCHES: dict[str, Callable[[Sketch], str]] = {
    "joined": _joined,
    "channels": _channels,
    "drawings": _drawings,
    "bottleneck": _bottleneck,
    "stages": _stages,
    "statistics": _statistics,
    "transition": _transition,
    "gradients": _gradients,
    "memory": _memory,
    "networks": _networks,
}
