"""Live tensor bytes over a training step or a forward, stacked by what made them, beside the residual block's."""

from __future__ import annotations

from typing import Any

from explorer.findings import INPUT, OWN, Findings, Timeline
from explorer.language import _
from explorer.pictures.figure_frame import AT_THE_END, CLEAR, CONFIG, Figure, Trace, frame, label, text_width
from explorer.pictures.memory_steps import MOST_BANDS, Band, Track, bands_of, position, track
from explorer.pictures.palette import TOKENS, Palette
from explorer.pictures.words import byte_scale

HEIGHT = 316
_PLOT = HEIGHT - 52
_NARROW = 330  # px of the axes on a phone


def live_bytes(findings: Findings, palette: Palette = TOKENS) -> Figure | None:
    """Bytes alive after each op of both blocks; None until the Dense Block has been tracked."""
    if findings.dense.measurement is None:
        return None
    dense = track(findings.dense.measurement.timeline)
    residual = track(findings.residual.measurement.timeline) if findings.residual.measurement else None
    end = dense.end
    training = end == 2
    name = findings.residual.label
    peaks = [found.line.peak_bytes for found in (dense, residual) if found]
    peak = max(peaks)
    scale = byte_scale(peaks, decimals=1)
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
        film=dense.ends(findings.study.block.layers),
    )
    layout["margin"]["b"] = 30
    layers = findings.study.block.layers
    data = [_area(band, dense, palette, layers) for band in bands_of(layers)]
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
        words = _("{label}, peak {peak}").format(label=name, peak=scale.text(residual.line.peak_bytes))
        layout["annotations"].append(_residual_label(words, dense, residual, palette))
    data.append(_ring(dense.line, palette))
    layout["annotations"].append(_peak_label(scale.text(dense.line.peak_bytes), dense.line, palette))
    alt = _("Live tensor bytes over {what}: the Dense Block peaks at {dense}{residual}.").format(
        what=_("a training step") if training else _("a forward in inference"),
        dense=scale.full(dense.line.peak_bytes),
        residual=_(", {label} at {peak}").format(label=name, peak=scale.full(residual.line.peak_bytes))
        if residual
        else "",
    )
    return {"data": data, "layout": layout, "config": CONFIG, "alt": alt}


# --- areas and lines --------------------------------------------------------------------------------


def _area(band: Band, found: Track, palette: Palette, layers: int) -> Trace:
    source = band.source
    colour = palette.source(source, layers) if source is not None else palette.mute
    trace: Trace = {
        "type": "scatter",
        "mode": "lines",
        "name": band.name,
        "x": found.xs,
        "y": found.joined(band),
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


def _outline(found: Track, palette: Palette) -> Trace:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": found.xs,
        "y": found.drawn(found.totals),
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
        "meta": {"end": True},
    }


# --- words in the chart -----------------------------------------------------------------------------


def _axis_words(training: bool, palette: Palette) -> list[dict[str, Any]]:
    below: dict[str, Any] = {"yref": "paper", "y": 0, "yanchor": "top", "yshift": -6}
    words = [label(_("op by op"), palette.mute, x=0, xanchor="left", **below)]
    if training:
        words.append(label(_("forward"), palette.mute, x=1, xanchor="right", xshift=-6, **below))
        words.append(label(_("backward"), palette.mute, x=1, xanchor="left", xshift=6, **below))
    return words


def _band_numbers(found: Track, layers: int, top: float, palette: Palette) -> list[dict[str, Any]]:
    """The layer's number inside its band at the end of forward, where the band is high enough."""
    if layers > MOST_BANDS - 2:
        return []
    heights, at = found.heights, found.line.backward_from - 1
    low = sum(heights[member][at] for member in (OWN, INPUT) if member in heights)
    numbers = []
    for layer in range(1, layers + 1):
        height = heights.get(layer, [0] * (at + 1))[at]
        if height / top * _PLOT > 14:
            colour = palette.text_on(layer, layers)
            numbers.append(
                label(
                    str(layer),
                    colour,
                    bold=True,
                    x=1,
                    xanchor="right",
                    xshift=-8,
                    y=low + height / 2,
                    yanchor="middle",
                    name=AT_THE_END,
                )
            )
        low += height
    return numbers


def _residual_label(words: str, dense: Track, residual: Track, palette: Palette) -> dict[str, Any]:
    """Above whatever lies under it, also at a phone's width, beside the residual block's peak."""
    at = position(residual.line, residual.line.peak_step)
    reach = text_width(words) / _NARROW * dense.end
    to_right = at + reach <= dense.end
    crosses = dense.end > 1 and to_right and at < 1 < at + reach
    at = 1 if crosses else at  # beside the line where backward begins, not across it
    left, right = (at, at + reach) if to_right else (at - reach, at)
    under = max(found.highest(left, right) for found in (dense, residual))
    return label(
        words,
        palette.residual,
        bold=True,
        halo=palette.background,
        x=at,
        xanchor="left" if to_right else "right",
        xshift=6 if crosses else 0,
        y=under,
        yanchor="bottom",
        yshift=8,
    )


def _peak_label(words: str, line: Timeline, palette: Palette) -> dict[str, Any]:
    at = position(line, line.peak_step)
    reach = text_width(words) / _NARROW * max(at, 1)
    left = at > 0.12 and not at - reach < 1 < at  # not across the line where backward begins
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
        name=AT_THE_END,
    )
