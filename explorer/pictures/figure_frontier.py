"""The frontier: what each way to write the block holds, against the time of its step, both relative to ``list``."""

from __future__ import annotations

import itertools
import math
from typing import Any

from explorer.language import _, listed, plural
from explorer.pictures.figure_frame import CONFIG, Figure, Trace, axis_name, frame, label
from explorer.pictures.frontier import Frontier, Point
from explorer.pictures.palette import TOKENS, Palette
from explorer.pictures.placing import Box, Spot, along, spots
from explorer.pictures.words import Scale, difference, ratio, why

HEIGHT = 360
_PLOT = HEIGHT - 62
_WIDTHS = (320, 390, 470, 700)  # px of the axes, as the chart may get them
_TIMES = Scale("", 1, 1)
_LEFT = 40  # px, numbers of the y axis


def frontier(found: Frontier, palette: Palette = TOKENS) -> Figure | None:
    """Points with whiskers; None where nothing was timed.

    Args:
        found: the points.
        palette: colours.
    """
    points = found.shown
    if not points:
        return None
    right = max(1.2, *(point.high for point in points)) + 0.08
    least = min(0.8, *(point.low for point in points)) - 0.04
    left = least - (right - least) * _LEFT / (_WIDTHS[0] - _LEFT)
    top = max(1.0, *(point.held for point in points)) + 0.22
    layout = frame(
        palette,
        height=HEIGHT,
        unit=_("held, relative to list"),
        top=top,
        scale=_TIMES,
        reach=0.94 * top,
        x={"range": [left, right], "showticklabels": False, "ticks": ""},
    )
    values = [0.5 * n for n in range(1, int(0.94 * top / 0.5) + 1)]
    layout["yaxis"] |= {"tickvals": values, "ticktext": [f"{value:g}×" for value in values]}
    layout["shapes"] += _guides(palette)
    layout["annotations"].append(axis_name(_("step time, relative to list"), palette))
    layout["annotations"] += _numbers(least, left, right, palette)
    placed = _placed(found, left, right, top, values)
    layout["annotations"] += [_label(point, text, spot, palette) for point, text, spot in placed]
    data = [_joined(found, palette), *(_whiskers(points, palette, dense) for dense in (True, False))]
    data.append(_dots(points, palette))
    if found.named is not None:
        data.append(_ring(found.named, palette))
    return {"data": data, "layout": layout, "config": CONFIG, "alt": _alt(found)}


def frontier_title(found: Frontier) -> str:
    """``compiled 0.25 holds 79% less than list and takes 21% less time``."""
    if not found.points:
        return _("What each way to write the block holds, and how long its step takes")
    best = found.named
    if best is not None:
        return _("{name} holds {held} than list and its step takes {time}").format(
            name=best.name, held=difference(best.held, 1), time=_("{words} time").format(words=difference(best.time, 1))
        )
    return _("No way measured holds less than list in clearly less time")


def frontier_line(found: Frontier) -> str:
    """How to read the chart, what lies outside it, and what has not been timed."""
    if not found.points:
        return _("Not timed yet.")
    rounds = max(point.rounds for point in found.points)
    words = [
        _("Lower holds less, left is faster."),
        plural(
            "Whiskers: middle half of {n} step, each beside a step of list.",
            "Whiskers: middle half of {n} steps, each beside a step of list.",
            rounds,
        ).format(n=f"{rounds:,}"),
        _("Line: nothing of the same function holds less in less time."),
    ]
    if found.named is not None:
        words.append(_("Ring: the least held whose whiskers end before list’s 1×."))
    outside = [
        _("{name}, {held} held, {time} time").format(
            name=point.name, held=ratio(point.held, 1), time=ratio(point.time, 1)
        )
        for point in found.points
        if point.far
    ]
    if outside:
        words.append(_("Outside: {points}.").format(points="; ".join(outside)))
    if found.missing:
        words.append(_("Not timed: {names}.").format(names=listed(found.missing)))
        words += [why(problem) for problem in found.problems]
    return " ".join(words)


# --- points ---------------------------------------------------------------------------------------------------


def _colour(point: Point, palette: Palette) -> str:
    return palette.dense if point.dense else palette.residual


def _dots(points: tuple[Point, ...], palette: Palette) -> Trace:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [point.time for point in points],
        "y": [point.held for point in points],
        "text": [
            _("{name}: {held} held, {time} time").format(
                name=point.name, held=ratio(point.held, 1), time=ratio(point.time, 1)
            )
            for point in points
        ],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {
            "size": 10,
            "color": [_colour(point, palette) for point in points],
            "line": {"color": palette.background, "width": 1.5},
            "opacity": 1,
        },
        "cliponaxis": False,
    }


def _whiskers(points: tuple[Point, ...], palette: Palette, dense: bool) -> Trace:
    """The middle halves; ``list`` has none, as it is compared with itself."""
    xs: list[float | None] = []
    ys: list[float | None] = []
    for point in points:
        if point.dense == dense and point.high > point.low:
            xs += [point.low, point.high, None]
            ys += [point.held, point.held, None]
    colour = palette.dense if dense else palette.residual
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": xs,
        "y": ys,
        "line": {"color": colour, "width": 1},
        "marker": {"symbol": "line-ns", "size": 7, "line": {"color": colour, "width": 1}},
        "hoverinfo": "skip",
        "cliponaxis": False,
    }


def _joined(found: Frontier, palette: Palette) -> Trace:
    best = [point for point in found.best if not point.far]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [point.time for point in best],
        "y": [point.held for point in best],
        "line": {"color": palette.dense, "width": 1.5},
        "opacity": 0.45,
        "hoverinfo": "skip",
    }


def _ring(point: Point, palette: Palette) -> Trace:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [point.time],
        "y": [point.held],
        "marker": {"symbol": "circle-open", "size": 18, "color": palette.ink, "line": {"width": 1.5}},
        "cliponaxis": False,
        "hoverinfo": "skip",
    }


def _guides(palette: Palette) -> list[dict[str, Any]]:
    """Dotted, where ``list`` is."""
    dotted = {"type": "line", "line": {"color": palette.ink, "width": 1, "dash": "dot"}, "layer": "below"}
    return [
        dotted | {"x0": 1, "x1": 1, "yref": "paper", "y0": 0, "y1": 1},
        dotted | {"y0": 1, "y1": 1, "xref": "paper", "x0": 0, "x1": 1},
    ]


# --- words ----------------------------------------------------------------------------------------------------


def _numbers(least: float, left: float, right: float, palette: Palette) -> list[dict[str, Any]]:
    """Round ratios below the x axis, at most six."""
    step = next(step for step in (0.1, 0.2, 0.25, 0.5) if (right - left) / step < 6.5)
    below: dict[str, Any] = {"yref": "paper", "y": 0, "yanchor": "top", "yshift": -5, "xanchor": "center"}
    marks = [step * n for n in range(math.ceil(least / step), math.floor((right - 0.04) / step) + 1)]
    return [label(f"{mark:.2g}×", palette.mute, x=mark, **below) for mark in marks]


def _placed(
    found: Frontier, left: float, right: float, top: float, ticks: list[float]
) -> list[tuple[Point, str, Spot]]:
    """Names beside their points, what the title names first; ``concat`` is named with ``list`` where it is near."""
    points = sorted(found.shown, key=lambda point: point != found.named)
    near = any(point.name == "concat" and abs(point.time - 1) < 0.04 and abs(point.held - 1) < 0.02 for point in points)
    named = [point for point in points if not (near and point.name == "concat")]
    texts = [_("list, concat") if near and point.name == "list" else point.name for point in named]

    def px(value: float, width: float) -> float:
        return (value - left) / (right - left) * width

    def py(value: float) -> float:
        return _PLOT * (1 - value / top)

    def taken(width: float) -> list[Box]:
        boxes: list[Box] = [(px(1, width) - 2, 0, px(1, width) + 2, _PLOT), (0, py(1) - 2, width, py(1) + 2)]
        best = [(px(point.time, width), py(point.held)) for point in found.best if not point.far]
        boxes += [box for pair in itertools.pairwise(best) for box in along(pair)]
        boxes += [(px(p.low, width), py(p.held) - 4, px(p.high, width), py(p.held) + 4) for p in points]
        if found.named is not None:
            x, y = px(found.named.time, width), py(found.named.held)
            boxes.append((x - 9, y - 9, x + 9, y + 9))
        return boxes

    labels = [
        (text, px(point.time, 1), py(point.held), 6 if point == found.named else 0)
        for point, text in zip(named, texts, strict=True)
    ]
    numbers = [(0.0, py(tick) - 18, 34.0, py(tick)) for tick in ticks]
    places = spots(labels, taken, written=numbers, widths=_WIDTHS, height=_PLOT)
    return list(zip(named, texts, places, strict=True))


def _label(point: Point, text: str, spot: Spot, palette: Palette) -> dict[str, Any]:
    colour = _colour(point, palette)
    note = label(text, colour, bold=True, halo=palette.background, x=point.time, y=point.held, yanchor="middle")
    note["xanchor"] = spot.anchor
    if not spot.led:
        return note | {"xshift": spot.right, "yshift": -spot.down}
    line = {"showarrow": True, "arrowhead": 0, "arrowwidth": 1, "arrowcolor": colour, "standoff": 6}
    return note | line | {"ax": spot.right, "ay": spot.down}


def _alt(found: Frontier) -> str:
    points = "; ".join(
        _("{name} {held} and {time}").format(name=point.name, held=ratio(point.held, 1), time=ratio(point.time, 1))
        for point in found.points
    )
    return _("Bytes held for backward and step time, relative to list: {points}.").format(points=points)
