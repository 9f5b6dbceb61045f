"""What is held for backward over L, batch or resolution: a curve for each way to write the block, and the residual."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from explorer.language import _, listed, plural
from explorer.pictures.figure_frame import CONFIG, Figure, Trace, axis_name, frame, label, text_font, text_width
from explorer.pictures.growth_axes import Axes, axes_of, decades, round_numbers, xs_of
from explorer.pictures.palette import TOKENS, Palette
from explorer.pictures.placing import LINE, apart
from explorer.pictures.words import byte_scale, thousands
from explorer.spec import Growth, Study
from explorer.theory.growth import Curve, GrowthCurves, growth_curves, polynomial

HEIGHT = 318
_PLOT = HEIGHT - 62
_BUNDLE = 2 * LINE + 1  # px from one name of two lines to the next
_NARROW = 212  # px of the axes on a phone


def growth(study: Study, device_bytes: int | None = None, palette: Palette = TOKENS) -> Figure:
    """Curves of what each way to write the block holds, and the residual block; the Study's own point marked.

    Args:
        study: ``memory.versus`` says what grows, ``memory.scale`` linear or log.
        device_bytes: of the machine, drawn as a limit where it is within reach; None or 0 where unknown.
        palette: colours.
    """
    limit = device_bytes or None
    found = growth_curves(study, xs_of(study, limit), limit)
    axes = axes_of(study, found)
    scale = byte_scale([curve.points[-1][1] for curve in found.curves if curve.name == "list"], decimals=1)
    layout = frame(
        palette,
        height=HEIGHT,
        unit=_("{unit} held").format(unit=scale.unit),
        top=axes.top,
        scale=scale,
        reach=0 if axes.log else 0.92 * axes.top,
        x={"range": [axes.first, axes.last], "showticklabels": False, "ticks": ""},
        room_right=_room(study, found, limit),
    )
    if axes.log:
        layout["yaxis"] |= decades(axes, scale)
    ends = [_End(curve, axes) for curve in found.curves]
    layout["annotations"] += [*_names(study, ends, limit, axes, palette), *_numbers(found, axes, palette)]
    layout["annotations"].append(axis_name(_axis_words(found.along), palette))
    layout["shapes"] += _lines(found, axes, palette)
    data = [_curve(end, study, axes, palette) for end in ends]
    data.append(_points(found, axes, palette))
    return {"data": data, "layout": layout, "config": CONFIG, "alt": _alt(study, found)}


def name_of(name: str) -> str:
    """How the chart calls a curve: ``concat`` holds what ``list`` does."""
    return {"list": "list, concat", "residual": _("residual")}.get(name, name)


# --- curves -------------------------------------------------------------------------------------------------


class _End:
    """A curve as far as the chart shows it, and where it ends there."""

    def __init__(self, curve: Curve, axes: Axes) -> None:
        self.curve = curve
        self.inside = [(x, value) for x, value in curve.points if axes.shown(value)]
        self.leaves = len(self.inside) < len(curve.points)
        beyond = [point for point in curve.points if axes.y(point[1]) > axes.top][:1]
        self.drawn = [*self.inside, *beyond]
        x, value = self.drawn[-1]
        self.x, self.y = axes.x(x), min(axes.y(value), axes.top)


def _curve(end: _End, study: Study, axes: Axes, palette: Palette) -> Trace:
    name = end.curve.name
    scale = byte_scale([value for _x, value in end.drawn], decimals=1)
    letter = {"layers": "L", "batch": _("batch"), "resolution": _("side")}[study.memory.versus]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name_of(name),
        "x": [axes.x(x) for x, _value in end.drawn],
        "y": [axes.y(value) for _x, value in end.drawn],
        "text": [f"{name_of(name)}, {letter} = {x:,}: {scale.full(value)}" for x, value in end.drawn],
        "hovertemplate": "%{text}<extra></extra>",
        "line": {"width": 3 if name == "list" else 2, "color": _colour(name, palette)},
    }


def _points(found: GrowthCurves, axes: Axes, palette: Palette) -> Trace:
    shown = [curve for curve in found.curves if axes.shown(curve.now)]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [axes.x(found.now)] * len(shown),
        "y": [axes.y(curve.now) for curve in shown],
        "marker": {
            "size": 8,
            "color": [_colour(curve.name, palette) for curve in shown],
            "line": {"color": palette.background, "width": 1.5},
        },
        "cliponaxis": False,
        "hoverinfo": "skip",
    }


def _lines(found: GrowthCurves, axes: Axes, palette: Palette) -> list[dict[str, Any]]:
    """Where the Study stands, and the machine's memory."""
    here = axes.x(found.now)
    lines = [
        {"type": "line", "x0": here, "x1": here, "yref": "paper", "y0": 0, "y1": 1}
        | {"line": {"color": palette.ink, "width": 1, "dash": "dot"}, "layer": "below"}
    ]
    if found.limit is not None and axes.shown(found.limit):
        at = axes.y(found.limit)
        lines.append(
            {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": at, "y1": at}
            | {"line": {"color": palette.ink, "width": 1.5}}
        )
    return lines


def _colour(name: str, palette: Palette) -> str:
    return palette.residual if name == "residual" else palette.dense


# --- words --------------------------------------------------------------------------------------------------


def _words(study: Study, curve: Curve) -> tuple[str, str]:
    """A curve's name, and its channels: in L, or as a number."""
    if study.memory.versus != "layers":
        words = plural("{n} channel", "{n} channels", curve.channels).format(n=thousands(curve.channels))
        return name_of(curve.name), words
    return name_of(curve.name), polynomial(curve.coefficients) if curve.coefficients else ""


def _machine(limit: int) -> tuple[str, str]:
    return _("this machine"), byte_scale([limit], decimals=1).full(limit)


def _room(study: Study, found: GrowthCurves, limit: int | None) -> int:
    words = [*(_words(study, curve) for curve in found.curves), *([_machine(limit)] if limit else [])]
    return math.ceil(max(text_width(text) for pair in words for text in pair) * 1.05) + 14


def _names(study: Study, ends: Sequence[_End], limit: int | None, axes: Axes, palette: Palette) -> list[dict[str, Any]]:
    """Right of the curves' ends, pushed apart where they would touch, each with a line to its end."""
    rows = [(end.y, end.x, end.leaves, _colour(end.curve.name, palette), *_words(study, end.curve)) for end in ends]
    if limit is not None and axes.shown(limit):
        rows.append((axes.y(limit), axes.last, False, palette.ink, *_machine(limit)))
    rows.sort(key=lambda row: (-row[0], row[1]))
    heights = [_PLOT * (1 - row[0] / axes.top) for row in rows]
    places = apart(heights, _BUNDLE, LINE - 6, _PLOT - LINE + 6)
    notes = []
    for (_y, _x, leaves, colour, name, channels), at, place in zip(rows, heights, places, strict=True):
        text = f"<b>{name}</b><br>{channels}" if channels else f"<b>{name}</b>"
        place_of: dict[str, Any] = {"xref": "paper", "x": 1, "xanchor": "left", "align": "left"}
        note = label(text, colour, **place_of) | {"font": text_font(colour)}
        note |= {"yref": "paper", "y": 1 - place / _PLOT, "yanchor": "middle", "xshift": 10}
        notes.append(note)
        if not leaves and abs(place - at) > 3:
            notes.append(
                {"text": "", "showarrow": True, "arrowhead": 0, "arrowwidth": 1, "arrowcolor": colour, "opacity": 0.6}
                | {"xref": "paper", "x": 1, "yref": "paper", "y": 1 - at / _PLOT, "ax": 8, "ay": place - at}
                | {"standoff": 0, "borderpad": 0, "font": text_font(colour)}
            )
    return notes


def _numbers(found: GrowthCurves, axes: Axes, palette: Palette) -> list[dict[str, Any]]:
    """Below the x axis: round numbers that leave room for the Study's own."""
    letter = {"layers": "L = {n}", "batch": _("batch {n}"), "resolution": "{n} × {n}"}[found.along]
    here = letter.format(n=thousands(found.now))
    below: dict[str, Any] = {"yref": "paper", "y": 0, "yanchor": "top", "yshift": -5}
    own = axes.x(found.now)
    notes = [label(here, palette.ink, bold=True, x=own, xanchor="center", **below)]
    unit = (axes.last - axes.first) / _NARROW
    free = own + (text_width(here) / 2 + 8) * unit, own - (text_width(here) / 2 + 8) * unit
    end = axes.first
    for value in round_numbers(axes):
        text = thousands(value)
        half = (text_width(text) / 2 + 2) * unit
        left, right = axes.x(value) - half, axes.x(value) + half
        if left < max(end, axes.first) or right > axes.last + 0.5 * half or not (left > free[0] or right < free[1]):
            continue
        notes.append(label(text, palette.mute, x=axes.x(value), xanchor="center", **below))
        end = right + 6 * unit
    return notes


def _axis_words(along: Growth) -> str:
    return {
        "layers": _("Bottlenecks L"),
        "batch": _("images in the batch"),
        "resolution": _("side of the map, H = W"),
    }[along]


def _alt(study: Study, found: GrowthCurves) -> str:
    scale = byte_scale([curve.now for curve in found.curves], decimals=1)
    held = listed(f"{name_of(curve.name)} {scale.full(curve.now)}" for curve in found.curves)
    return _("Bytes held for backward over {axis}; at {now} they are: {held}.").format(
        axis=_axis_words(found.along), now=thousands(found.now), held=held
    )
