"""Live tensor bytes over a training step or a forward, stacked by what made them, beside the residual block's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from explorer.findings import Findings, Timeline
from explorer.language import _
from explorer.pictures.figure_frame import CLEAR, CONFIG, Figure, Trace, frame, label, text_width
from explorer.pictures.palette import TOKENS, Palette
from explorer.pictures.words import byte_scale

HEIGHT = 316
MOST_BANDS, MOST_STEPS = 12, 600
_PLOT = HEIGHT - 52
_NARROW, _WIDE = 330, 940  # px of the axes on a phone and on a desk
GRADIENTS, PARAMETERS, INPUT = -1, -2, 0


@dataclass(frozen=True)
class Band:
    """One area of the chart: the timeline's bands it joins, and how it is named."""

    members: tuple[int, ...]
    name: str

    @property
    def source(self) -> int | None:
        """The source whose colour it bears: the middle one; None for gradients."""
        sources = [member for member in self.members if member >= 0]
        return sources[len(sources) // 2] if sources else None


def bands_of(layers: int) -> tuple[Band, ...]:
    """Parameters and input, the layers (neighbours joined where they are many), gradients: at most 12."""
    each = -(-layers // (MOST_BANDS - 2))
    groups = [tuple(range(first, min(first + each, layers + 1))) for first in range(1, layers + 1, each)]
    names = [
        _("Bottleneck {layer}").format(layer=group[0])
        if len(group) == 1
        else _("Bottlenecks {first} to {last}").format(first=group[0], last=group[-1])
        for group in groups
    ]
    return (
        Band((PARAMETERS, INPUT), _("parameters and input")),
        *(Band(group, name) for group, name in zip(groups, names, strict=True)),
        Band((GRADIENTS,), _("gradients")),
    )


def live_bytes(findings: Findings, palette: Palette = TOKENS) -> Figure | None:
    """Bytes alive after each op of both blocks; None until the Dense Block has been tracked."""
    if findings.dense.measurement is None:
        return None
    dense = findings.dense.measurement.timeline
    residual = findings.residual.measurement.timeline if findings.residual.measurement else None
    training = dense.backward_from <= len(dense.ops)
    peak = max(dense.peak_bytes, residual.peak_bytes if residual else 0)
    scale = byte_scale([line.peak_bytes for line in (dense, residual) if line], decimals=1)
    end = 2 if training else 1
    top = peak / (1 - 34 / _PLOT)
    layout = frame(
        palette,
        height=HEIGHT,
        unit=scale.unit,
        top=top,
        scale=scale,
        reach=0.94 * top,
        x={"range": [-0.046 * end, end], "showticklabels": False, "ticks": ""},
        zoom=True,
    )
    layout["margin"]["b"] = 30
    layers = findings.study.block.layers
    kept = _kept(dense)
    heights = dense.bands()
    data = [_area(band, heights, dense, kept, palette, layers) for band in bands_of(layers)]
    data = [trace for trace in data if any(trace["y"])]
    layout["annotations"] += _axis_words(training, palette)
    if training:
        layout["shapes"].append(
            {"type": "line", "x0": 1, "x1": 1, "yref": "paper", "y0": 0, "y1": 1, "opacity": 0.55}
            | {"line": {"color": palette.ink, "width": 1}}
        )
        layout["annotations"] += _band_numbers(dense, layers, top, palette)
    if residual is not None:
        data.append(_outline(residual, palette))
        words = _("{label}, peak {peak}").format(label=findings.residual.label, peak=scale.text(residual.peak_bytes))
        layout["annotations"].append(_residual_label(words, dense, residual, end, top, palette))
    data.append(_ring(dense, palette))
    layout["annotations"].append(_peak_label(scale.text(dense.peak_bytes), dense, training, palette))
    alt = _("Live tensor bytes over {what}: the Dense Block peaks at {dense}{residual}.").format(
        what=_("a training step") if training else _("a forward in inference"),
        dense=scale.full(dense.peak_bytes),
        residual=_(", {label} at {peak}").format(label=findings.residual.label, peak=scale.full(residual.peak_bytes))
        if residual
        else "",
    )
    return {"data": data, "layout": layout, "config": CONFIG, "alt": alt}


# --- steps on the x axis ----------------------------------------------------------------------------


def position(line: Timeline, step: int) -> float:
    """Where ``step`` begins: forward fills 0 to 1, backward 1 to 2, so that two blocks can be laid over each other."""
    steps = len(line.ops) + 1
    if step < line.backward_from:
        return step / line.backward_from
    return 1 + (step - line.backward_from) / (steps - line.backward_from)


def _kept(line: Timeline) -> list[int]:
    """The steps to draw: all, or in equal runs the one at which most is alive, so that the peak stays."""
    totals = line.totals()
    steps = len(totals)
    if steps <= MOST_STEPS:
        return list(range(steps))
    runs = MOST_STEPS // 2  # each half of the axis gets its share
    kept: list[int] = []
    for first, last in ((0, line.backward_from), (line.backward_from, steps)):
        count = min(runs, last - first)
        edges = [first + (last - first) * i // count for i in range(count + 1)] if count else []
        kept += [max(range(a, b), key=totals.__getitem__) for a, b in pairwise(edges)]
    return sorted({*kept, line.peak_step})[:MOST_STEPS] if line.peak_step not in kept else kept


def _xs(line: Timeline, kept: Sequence[int]) -> list[float]:
    end = 2 if line.backward_from <= len(line.ops) else 1
    return [*(round(position(line, step), 4) for step in kept), end]


def _area(
    band: Band,
    heights: dict[int, list[int]],
    line: Timeline,
    kept: Sequence[int],
    palette: Palette,
    layers: int,
) -> Trace:
    rows = [heights[member] for member in band.members if member in heights]
    values = [sum(row[step] for row in rows) for step in kept]
    source = band.source
    colour = palette.source(source, layers) if source is not None else palette.mute
    trace: Trace = {
        "type": "scatter",
        "mode": "lines",
        "name": band.name,
        "x": _xs(line, kept),
        "y": [*values, values[-1]],
        "stackgroup": "live",
        "line": {"shape": "hv", "width": 0.7, "color": palette.background},
        "fillcolor": colour,
        "hoveron": "fills",
        "hoverinfo": "name",
        "hoverlabel": {"namelength": -1},
        "meta": {"band": [member for member in band.members if member >= 0]},
    }
    if source is None:
        trace["fillpattern"] = {
            "shape": "/", "size": 5, "solidity": 0.3, "fgcolor": palette.mute, "bgcolor": palette.soft,
        }  # fmt: skip
        trace["fillcolor"] = palette.soft
    return trace


def _outline(line: Timeline, palette: Palette) -> Trace:
    kept = _kept(line)
    totals = line.totals()
    values = [totals[step] for step in kept]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": _xs(line, kept),
        "y": [*values, values[-1]],
        "line": {"shape": "hv", "width": 2, "color": palette.residual},
        "hoverinfo": "skip",
    }


def _ring(line: Timeline, palette: Palette) -> Trace:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [position(line, line.peak_step)],
        "y": [line.peak_bytes],
        "marker": {"size": 9, "color": palette.background, "line": {"color": palette.ink, "width": 2}},
        "cliponaxis": False,
        "hoverinfo": "skip",
    }


# --- words in the chart -----------------------------------------------------------------------------


def _axis_words(training: bool, palette: Palette) -> list[dict[str, Any]]:
    below: dict[str, Any] = {"yref": "paper", "y": 0, "yanchor": "top", "yshift": -6}
    words = [label(_("op by op"), palette.mute, x=0, xanchor="left", **below)]
    if training:
        words.append(label(_("forward"), palette.mute, x=1, xanchor="right", xshift=-6, **below))
        words.append(label(_("backward"), palette.mute, x=1, xanchor="left", xshift=6, **below))
    return words


def _band_numbers(line: Timeline, layers: int, top: float, palette: Palette) -> list[dict[str, Any]]:
    """The layer's number inside its band at the end of forward, where the band is high enough."""
    if layers > MOST_BANDS - 2:
        return []
    heights = line.bands()
    at = line.backward_from - 1
    low = sum(heights[member][at] for member in (PARAMETERS, INPUT) if member in heights)
    numbers = []
    for layer in range(1, layers + 1):
        height = heights.get(layer, [0] * (at + 1))[at]
        if height / top * _PLOT > 14:
            colour = palette.text_on(layer, layers)
            numbers.append(
                label(
                    str(layer), colour, bold=True, x=1, xanchor="right", xshift=-8, y=low + height / 2, yanchor="middle"
                )
            )
        low += height
    return numbers


def _residual_label(
    words: str, dense: Timeline, residual: Timeline, end: int, top: float, palette: Palette
) -> dict[str, Any]:
    """Above whatever lies under it, also at a phone's width, beside the residual block's peak."""
    at = position(residual, residual.peak_step)
    reach = text_width(words) / _NARROW * end
    to_right = at + reach <= end
    left, right = (at, at + reach) if to_right else (at - reach, at)
    under = max(_highest(line, left, right) for line in (dense, residual))
    return label(
        words,
        palette.residual,
        bold=True,
        halo=palette.background,
        x=at,
        xanchor="left" if to_right else "right",
        y=under,
        yanchor="bottom",
        yshift=8,
    )


def _highest(line: Timeline, left: float, right: float) -> int:
    totals = line.totals()
    edges = [position(line, step) for step in range(len(totals))] + [2.0]
    return max(
        (total for total, (a, b) in zip(totals, pairwise(edges), strict=True) if b >= left and a <= right), default=0
    )


def _peak_label(words: str, line: Timeline, training: bool, palette: Palette) -> dict[str, Any]:
    at = position(line, line.peak_step)
    left = at > 0.12
    return label(
        words,
        palette.ink,
        bold=True,
        halo=palette.background,
        x=at,
        xanchor="right" if left else "left",
        xshift=-8 if left else 8,
        y=line.peak_bytes,
        yanchor="middle",
        bgcolor=CLEAR,
    )
