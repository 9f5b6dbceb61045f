"""Skips cut short, and depth: the gradient at layer 1 ÷ the last layer on a logarithmic axis, as charts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from explorer.findings import GradientsFindings
from explorer.findings.gradients import Spread
from explorer.language import _, listed
from explorer.pictures import gradient_words as words
from explorer.pictures.figure_frame import CONFIG, Figure, Trace, axis_name, below, frame, label, tint
from explorer.pictures.log_axis import LogAxis, decade
from explorer.pictures.palette import TOKENS, Palette
from explorer.pictures.words import Scale
from explorer.spec import Joined

HEIGHT = 330
Points = Sequence[tuple[float, Spread]]


def cut(found: GradientsFindings, palette: Palette = TOKENS) -> Figure:
    """Against the longest skip that is kept; solid where the loss is cut too, dashed where it reads everything."""
    layers = found.study.block.layers
    lines: list[tuple[bool, list[tuple[float, Spread]]]] = [(False, []), (True, [])]
    for each in found.cuts:
        value = words.ends(each.found)
        if value is not None:
            lines[each.loss_reads_all][1].append((float(each.reach or layers + 1), value))
    axis = LogAxis.over(value for _dashed, points in lines for _x, value in points)
    layout = _frame(axis, palette, layers + 1, "")
    reaches = sorted({each.reach for each in found.cuts if each.reach is not None})
    shown = [reach for reach in reaches if reach in (1, 4, 8, 12, 20, 28, 40, 52) and layers + 1 - reach > layers / 12]
    layout["annotations"] += [below(_root(reach), str(reach), palette) for reach in shown]
    layout["annotations"].append(below(_root(layers + 1), _("all"), palette))
    layout["annotations"].append(axis_name(_("longest skip kept, in layers"), palette))
    data: list[Trace] = []
    for dashed, points in lines:
        data += _curve([(_root(x), value) for x, value in points], palette.dense, palette, dashed=dashed)
    both = dict(lines)
    layout["annotations"] += _cut_labels(both, palette)
    said = "; ".join(
        _("skips up to {reach}: {value}").format(reach=f"{x:g}", value=words.times(value.median))
        for x, value in both[False]
    )
    return {"data": data, "layout": layout, "config": CONFIG, "alt": f"{words.cut_title(found)}. {said}."}


def _root(reach: float) -> float:
    """Where a reach stands: short ones, between which most happens, have more room."""
    return math.sqrt(reach)


def _cut_labels(lines: dict[bool, list[tuple[float, Spread]]], palette: Palette) -> list[dict[str, Any]]:
    """Names the curves where they are farthest apart; both at once where they hardly are."""
    direct = dict(lines[True])
    gaps = [
        (abs(math.log10(value.median / direct[x].median)), x, value.median, direct[x].median)
        for x, value in lines[False]
        if x in direct and value.median > 0 and direct[x].median > 0
    ]
    if len(gaps) < 3:
        return []
    gap, x, solid, dashed = max(gaps, key=lambda each: (round(each[0], 1), -each[1]))
    left = _root(x) < (1 + _root(max(x for _g, x, _s, _d in gaps))) / 2
    place: dict[str, Any] = {
        "x": _root(x),
        "xanchor": "left" if left else "right",
        "xshift": 10 if left else -10,
    }
    if gap < 0.5:
        text = _("both: cutting the loss changes little")
        return [_named(text, palette, y=math.log10(max(solid, dashed)), yanchor="bottom", yshift=10, **place)]
    over = dashed > solid
    return [
        _named(
            _("the loss still reads all"),
            palette,
            y=math.log10(dashed),
            yanchor="bottom" if over else "top",
            yshift=6 if over else -6,
            **place,
        ),
        _named(
            _("the loss cut, too"),
            palette,
            y=math.log10(solid),
            yanchor="top" if over else "bottom",
            yshift=-6 if over else 6,
            **place,
        ),
    ]


def _named(text: str, palette: Palette, **place: Any) -> dict[str, Any]:
    return label(text, palette.dense, bold=True, halo=palette.background, **place)


def depth(found: GradientsFindings, palette: Palette = TOKENS) -> Figure:
    """Against the number of layers, all three stacks."""
    lines: dict[Joined, list[tuple[float, Spread]]] = {joined: [] for joined in words.JOINED}
    for one in found.depths:
        for joined in words.JOINED:
            value = words.ends(one.found[joined])
            if value is not None:
                lines[joined].append((float(one.layers), value))
    axis = LogAxis.over(value for points in lines.values() for _x, value in points)
    deepest = max(one.layers for one in found.depths)
    layout = _frame(axis, palette, deepest, "", room_right=66)
    first = min(one.layers for one in found.depths)
    room = max(1.0, 0.08 * (deepest - first))  # for the decades, which stand within
    layout["xaxis"]["range"] = [first - room, deepest + 0.5]
    layout["annotations"] += [below(one.layers, str(one.layers), palette) for one in found.depths]
    layout["annotations"].append(axis_name(_("layers L"), palette))
    colours: dict[Joined, str] = {"plain": palette.ink, "residual": palette.residual, "dense": palette.dense}
    data: list[Trace] = []
    last: list[tuple[float, Joined]] = []
    for joined in words.JOINED:
        points = lines[joined]
        data += _curve(points, colours[joined], palette, dashed=False)
        if points and points[-1][0] == deepest:
            last.append((math.log10(points[-1][1].median), joined))
    pixel = (axis.high - axis.low) / (HEIGHT - 62)
    placed: list[float] = []
    for y, joined in sorted(last):
        at = max(y, placed[-1] + 17 * pixel) if placed else y
        placed.append(at)
        name = words.joined_name(joined)
        layout["annotations"].append(
            label(name, colours[joined], bold=True, x=deepest, y=at, xanchor="left", yanchor="middle", xshift=9)
        )
    said = "; ".join(
        f"{words.joined_name(joined)}: "
        + listed(
            _("{layers} layers {value}").format(layers=f"{x:g}", value=words.times(v.median)) for x, v in lines[joined]
        )
        for joined in words.JOINED
    )
    return {"data": data, "layout": layout, "config": CONFIG, "alt": f"{words.depth_title(found)}. {said}."}


def _frame(axis: LogAxis, palette: Palette, most: float, unit: str, room_right: int = 0) -> dict[str, Any]:
    """Values are drawn as their logarithms, so that the page's own decades stand on the axis."""
    name = unit or _("gradient at layer 1 ÷ at the last")
    layout = frame(
        palette,
        height=HEIGHT,
        unit=name,
        top=axis.high,
        scale=Scale("", 1, 0),
        reach=0,
        room_right=room_right,
        x={"range": [0.85, _root(most) + 0.15], "showticklabels": False, "ticks": ""},
    )
    decades = list(axis.decades(7))
    layout["yaxis"] |= {
        "range": [axis.low, axis.high],
        "tickvals": decades,
        "ticktext": [decade(exponent) for exponent in decades],
        "zeroline": True,
    }
    return layout


def _curve(points: Points, colour: str, palette: Palette, *, dashed: bool) -> list[Trace]:
    if not points:
        return []
    xs = [round(x, 4) for x, _value in points]
    low = [_log(value.low) for _x, value in points]
    high = [_log(value.high) for _x, value in points]
    band: Trace = {
        "type": "scatter",
        "mode": "lines",
        "x": [*xs, *reversed(xs)],
        "y": [*high, *reversed(low)],
        "fill": "toself",
        "fillcolor": tint(palette, colour, 0.15),
        "line": {"width": 0},
        "hoverinfo": "skip",
    }
    line: Trace = {
        "type": "scatter",
        "mode": "lines+markers",
        "x": xs,
        "y": [_log(value.median) for _x, value in points],
        "line": {"color": colour, "width": 2, "dash": "dash" if dashed else "solid"},
        "marker": {
            "size": 7,
            "color": palette.background if dashed else colour,
            "line": {"color": colour, "width": 1.5},
            "opacity": 1,
        },
        "text": [words.times(value.median) for _x, value in points],
        "hovertemplate": "%{text}<extra></extra>",
        "cliponaxis": False,
    }
    return [band, line]


def _log(value: float) -> float:
    return round(math.log10(value), 4) if value > 0 else -308.0
