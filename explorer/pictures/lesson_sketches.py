"""Small drawings under a lesson's axis: what each column is, to scale where it can be.

The language is the concatenation graph's: a source is a slice as high as it has channels, in its own colour; a residual
unit is an hourglass in the residual colour; an arrow reads.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from explorer.pictures.palette import DARK, LIGHT, Palette
from explorer.pictures.svg_markup import number, tag
from explorer.spec import Study

#: (study, column, x, ground, room, height, palette) → markup
_Sketch = Callable[[Study, int, float, float, float, float, Palette], str]
_LAYERS, _UNITS, _WIDTHS = (6, 12, 24, 16), (3, 4, 6, 3), (256, 512, 1024, 2048)
_DEPTHS = (3, 6, 12, 24, 48)


def sketch(
    about: str, study: Study, column: int, x: float, ground: float, room: float, height: float, palette: Palette
) -> str:
    """What column ``column`` of the measure ``about`` is, at most 2 · ``room`` wide around ``x``; empty if unknown."""
    draw = _SKETCHES.get(about)
    return tag("g", {"class": "sketch"}, draw(study, column, x, ground, room, height, palette)) if draw else ""


def _rect(x: float, y: float, width: float, height: float, fill: str, opacity: float = 1) -> str:
    place: dict[str, object] = {
        "x": number(x, 2),
        "y": number(y, 2),
        "width": number(max(0.6, width), 2),
        "height": number(max(0.6, height), 2),
        "fill": fill,
    }
    return tag("rect", place | ({"fill-opacity": f"{opacity:g}"} if opacity < 1 else {}))


def _pile(x: float, ground: float, width: float, scale: float, slices: list[tuple[int, str]]) -> str:
    """Slices of channels, one on the other, the first at the top as everywhere."""
    y = ground - scale * sum(channels for channels, _fill in slices)
    drawn = ""
    for channels, fill in slices:
        drawn += _rect(x, y, width, scale * channels, fill)
        y += scale * channels
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


def _joined(study: Study, column: int, x: float, ground: float, room: float, height: float, palette: Palette) -> str:
    """Concatenated: the input's slice stays, a new one comes beneath. Added: one slice, of neither colour."""
    c0, k = study.block.in_channels, study.block.growth_rate
    scale, width = height / (c0 + k), min(26.0, room)
    if column < 2:
        return _pile(x - width / 2, ground, width, scale, [(c0, _of(0, 1, palette)), (k, _of(1, 1, palette))])
    return _rect(x - width / 2, ground - scale * c0, width, scale * c0, palette.residual, 0.8)


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


def _channels(study: Study, column: int, x: float, ground: float, room: float, height: float, palette: Palette) -> str:
    """The concatenation after a layer, slice by slice: what comes new is what the question is about."""
    layers, block = study.block.layers, study.block
    scale, width = height / block.out_channels, min(24.0, 1.2 * room)
    slices = [(block.in_channels, _of(0, layers, palette))]
    slices += [(block.growth_rate, _of(layer, layers, palette)) for layer in range(1, column + 2)]
    return _pile(x - width / 2, ground, width, scale, slices)


def _drawings(study: Study, column: int, x: float, ground: float, room: float, height: float, palette: Palette) -> str:
    """Dots for what there is, arcs for what is read: from every earlier one, or from one chain."""
    layers = min(study.block.layers, 12)
    step = 2 * room / layers
    xs, y = [x - room + step * i for i in range(layers + 1)], ground - 6
    drawn = ""
    for to in range(1, layers + 1):
        for source in range(to) if column == 0 else (to - 1,):
            a, b = xs[source], xs[to]
            rise = min(height - 8, 0.34 * (b - a)) if to - source > 1 else 0
            line = f"M{number(a)} {number(y)}Q{number((a + b) / 2)} {number(y - 2 * rise)} {number(b)} {number(y)}"
            drawn += tag("path", {"d": line, "fill": "none", "stroke": palette.mute, "stroke-width": 0.8})
    for i, at in enumerate(xs):
        fill = _of(i, layers, palette)
        drawn += tag("circle", {"cx": number(at), "cy": number(y), "r": 3.4, "fill": fill})
    return drawn


def _bottleneck(
    study: Study, column: int, x: float, ground: float, room: float, height: float, palette: Palette
) -> str:
    """Blocks of several depths, all to one scale."""
    layers = _DEPTHS[column]
    most = study.block.in_channels + study.block.growth_rate * _DEPTHS[-1]
    width = 2 * room * (0.35 + 0.65 * math.log(layers / 2) / math.log(24))
    return _dense(x - width / 2, ground, width, height / most, study, layers, palette)


def _stages(study: Study, column: int, x: float, ground: float, room: float, height: float, palette: Palette) -> str:
    """A dense block and the ResNet-50 stage of the same size, to one scale."""
    k, entering = study.block.growth_rate, 64
    for layers in _LAYERS[:column]:
        entering = (entering + k * layers) // 2
    layers, scale = _LAYERS[column], height / _WIDTHS[-1]
    step, drawn = room / (layers + 1), ""
    for layer in range(layers + 1):
        high = scale * (entering + k * layer)
        drawn += _rect(x - 5 - room + step * layer, ground - high, 0.82 * step, high, _of(layer, layers, palette))
    unit = room / _UNITS[column]
    for i in range(_UNITS[column]):
        drawn += _hourglass(x + 5 + unit * i, ground, 0.9 * unit, scale * _WIDTHS[column], palette.residual)
    return drawn


def _statistics(
    study: Study, column: int, x: float, ground: float, room: float, height: float, palette: Palette
) -> str:
    """A square for each source that a layer's first BatchNorm computes statistics of; or each source once."""
    layers = min(study.block.layers, 12)
    cell = min(2 * room / layers, height / layers)
    left, drawn = x - cell * layers / 2, ""
    for reader in range(1, layers + 1):
        for source in range(reader):
            if column == 1 and reader != source + 1:
                continue
            at = ground - cell * (layers - source)
            drawn += _rect(left + cell * (reader - 1), at, 0.85 * cell, 0.85 * cell, _of(source, layers, palette))
    return drawn


def _transition(
    study: Study, column: int, x: float, ground: float, room: float, height: float, palette: Palette
) -> str:
    """What goes in and what comes out, as squares: half the side, half the layers of it."""
    side = 0.72 * height
    if column == 1:
        sizes, depth = (side, side / 2), (1, 1)
    elif column == 0:
        sizes, depth = (side, side), (4, 2)
    elif column == 2:
        sizes, depth = (side, side / 2), (4, 2)
    else:
        sizes, depth = (side, side / 2), (1, 1)
    drawn = ""
    for which, (size, sheets) in enumerate(zip(sizes, depth, strict=True)):
        left = x - room * 0.62 if which == 0 else x + room * 0.14
        for sheet in reversed(range(sheets)):
            fill, off = (palette.input, palette.dense)[which], 3.2 * sheet
            drawn += tag(
                "rect",
                {
                    "x": number(left + off),
                    "y": number(ground - size - off),
                    "width": number(size),
                    "height": number(size),
                    "fill": fill,
                    "stroke": palette.background,
                    "stroke-width": 0.8,
                },
            )
    return drawn


def _gradients(study: Study, column: int, x: float, ground: float, room: float, height: float, palette: Palette) -> str:
    """A layer of a plain stack, and the gradient on its way back through it."""
    width, high = min(14.0, room), 0.55 * height
    arrow = f"M{number(x + width / 2 + 7)} {number(ground - high / 2)}h-{number(width + 14)}m4 -3l-4 3l4 3"
    return _rect(x - width / 2, ground - high, width, high, palette.mute, 0.55) + tag(
        "path", {"d": arrow, "fill": "none", "stroke": palette.ink}
    )


def _memory(study: Study, column: int, x: float, ground: float, room: float, height: float, palette: Palette) -> str:
    """Copies for every layer, or one buffer that all share."""
    layers = min(study.block.layers, 12)
    block = study.block
    most = block.in_channels + block.growth_rate * layers
    scale, step = height / most, 1.5 * room / layers
    left, drawn = x - 0.75 * room, ""
    if column % 2:
        slices = [(block.in_channels, _of(0, layers, palette))]
        slices += [(block.growth_rate, _of(layer, layers, palette)) for layer in range(1, layers + 1)]
        return _pile(x - 8, ground, 16, scale, slices)
    for reader in range(layers):
        slices = [(block.in_channels, _of(0, layers, palette))]
        slices += [(block.growth_rate, _of(layer, layers, palette)) for layer in range(1, reader + 1)]
        drawn += _pile(left + step * reader, ground, 0.8 * step, scale, slices)
    return drawn


def _networks(study: Study, column: int, x: float, ground: float, room: float, height: float, palette: Palette) -> str:
    """Both networks, small: columns of DenseNet, hourglasses of ResNet."""
    drawn, step = "", room / 4
    for stage in range(4):
        drawn += _rect(x - 5 - room + step * stage, ground - 5 - 3 * stage, 0.8 * step, 5 + 3 * stage, palette.dense)
        drawn += _hourglass(
            x + 5 + step * stage, ground, 0.85 * step, 0.3 * height + 0.22 * height * stage, palette.residual
        )
    return drawn


_SKETCHES: dict[str, _Sketch] = {
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
