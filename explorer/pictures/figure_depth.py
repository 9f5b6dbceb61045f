"""What both networks have spent so far, along their depth; stages stand side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from explorer.findings import NetworkFindings, NetworksFindings, NetworkTheory
from explorer.language import N_, _
from explorer.pictures.figure_frame import CONFIG, Figure, Trace, axis_name, below, frame, label
from explorer.pictures.network_words import blocks, scale_of
from explorer.pictures.network_words import label as name_of
from explorer.pictures.palette import TOKENS, Palette
from explorer.pictures.words import Scale, mac_scale
from explorer.spec import DenseNetSpec, Frontier

HEIGHT = 340
_GAP, _END = 0.35, 0.5  # of a stage's width: between stages, and for the classifier


def depth(found: NetworksFindings, palette: Palette = TOKENS) -> Figure:
    """Steps of both networks; every stage is as wide as every other, whatever its layers."""
    of = found.study.networks.frontier
    ways = (found.against, found.network)
    most = max(getattr(one.theory, of) for one in ways)
    scale = spent_scale(found, of, most)
    count = max(len(blocks(one.theory)) for one in ways)
    end = count * (1 + _GAP) + _END
    sizes = [_size(ways, index) for index in range(count)]
    layout = frame(
        palette,
        height=HEIGHT,
        unit=_unit(of, scale),
        top=1.12 * most,
        scale=scale,
        reach=1.08 * most,
        x={"range": [-_GAP, end + 0.75], "showticklabels": False, "ticks": ""},
    )
    layout["shapes"] += [_band(index, palette) for index in range(count)]
    layout["annotations"] += [below(_start(index) + 0.5, size, palette) for index, size in enumerate(sizes)]
    layout["annotations"].append(axis_name(_("map size along depth"), palette))
    data: list[Trace] = []
    for one in ways:
        colour = palette.dense if isinstance(one.theory.spec, DenseNetSpec) else palette.residual
        points = list(_steps(one.theory, of, end))
        data.append(_line([x for x, _y, _dot in points], [y for _x, y, _dot in points], colour))
        dots = [(x, y) for x, y, dot in points if dot]
        data.append(_dots(dots, colour, palette))
    layout["annotations"] += _ends(ways, of, scale, end, most, palette)
    return {"data": data, "layout": layout, "config": CONFIG, "alt": _alt(found, of, scale)}


def spent_scale(found: NetworksFindings, of: str, most: int) -> Scale:
    """The unit of the axis."""
    if of == "parameters":
        return Scale(N_("million"), 10**6, 2)
    return scale_of(found, of, [most]) if of == "saved_bytes" else mac_scale([most])


def _unit(of: Frontier, scale: Scale) -> str:
    what = {
        "parameters": _("{unit} parameters so far"),
        "macs": _("{unit} MACs so far"),
        "saved_bytes": _("{unit} held so far"),
    }[of]
    return what.format(unit=scale.unit)


def _size(ways: tuple[NetworkFindings, ...], index: int) -> str:
    stages = [blocks(one.theory) for one in ways]
    sizes = dict.fromkeys(str(side[index].height) for side in stages if index < len(side))
    return " / ".join(sizes)


def _start(index: int) -> float:
    return index * (1 + _GAP)


def _band(index: int, palette: Palette) -> dict[str, Any]:
    return {
        "type": "rect",
        "xref": "x",
        "yref": "paper",
        "x0": _start(index),
        "x1": _start(index) + 1,
        "y0": 0,
        "y1": 1,
        "layer": "below",
        "line": {"width": 0},
        "fillcolor": palette.soft,
        "opacity": 0.6,
    }


def _steps(theory: NetworkTheory, of: str, end: float) -> Iterator[tuple[float, int, bool]]:
    """(x, sum so far, whether a stage ends there): flat up to a layer's end, then up by what it needs."""
    spent, index = 0, 0
    yield -_GAP, 0, False
    for stage in theory.stages:
        count = len(stage.layers)
        for place, layer in enumerate(stage.layers, 1):
            if stage.kind in ("dense", "residual"):
                x = _start(index) + place / count
            elif stage.kind == "stem":
                x = -_GAP / 2
            else:
                x = _start(index) - _GAP / 2 if stage.kind == "transition" else end
            yield x, spent, False
            spent += getattr(layer, of)
            yield x, spent, place == count and stage.kind in ("dense", "residual")
        index += stage.kind in ("dense", "residual")
    yield end + 0.15, spent, False


def _line(x: list[float], y: list[int], colour: str) -> Trace:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [round(value, 4) for value in x],
        "y": y,
        "line": {"color": colour, "width": 2},
        "hoverinfo": "skip",
        "cliponaxis": False,
    }


def _dots(points: list[tuple[float, int]], colour: str, palette: Palette) -> Trace:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [round(x, 4) for x, _y in points],
        "y": [y for _x, y in points],
        "marker": {"size": 8, "color": colour, "line": {"color": palette.background, "width": 1.5}, "opacity": 1},
        "hoverinfo": "skip",
        "cliponaxis": False,
    }


def _ends(
    ways: tuple[NetworkFindings, ...], of: str, scale: Scale, end: float, most: int, palette: Palette
) -> Iterator[dict[str, Any]]:
    """The total and the name at each line's end; the lower one keeps below the higher one's."""
    values = [getattr(one.theory, of) for one in ways]
    near = abs(values[0] - values[1]) < 0.16 * most
    for one, value in zip(ways, values, strict=True):
        colour = palette.dense if isinstance(one.theory.spec, DenseNetSpec) else palette.residual
        lower = near and value == min(values) and values[0] != values[1]
        yield label(
            f"{name_of(one.name).split(',')[0]} {scale.text(value)}",
            colour,
            bold=True,
            halo=palette.background,
            x=end + 0.75,
            y=value,
            xanchor="right",
            yanchor="top" if lower else "bottom",
            yshift=-4 if lower else 4,
        )


def _alt(found: NetworksFindings, of: str, scale: Scale) -> str:
    told = []
    for one in (found.network, found.against):
        spent, words = 0, []
        for stage in one.theory.stages:
            spent += getattr(stage, of)
            words.append(f"{stage.name} {scale.text(spent)}")
        told.append(f"{name_of(one.name)}: {', '.join(words)}")
    return _("{unit}, summed along depth. {told}.").format(unit=_unit(of, scale), told=". ".join(told))  # type: ignore[arg-type]  # a frontier's word
