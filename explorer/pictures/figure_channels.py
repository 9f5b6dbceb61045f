"""How the concatenation grows: channels after each Bottleneck, stacked by source, beside the residual block's.

Above the columns, on a scale of its own, lies one bar of all channels that concatenations write: those newly
made, then those copied again, by source.
"""

from __future__ import annotations

import math
from itertools import accumulate
from typing import Any

from explorer.findings import StudyTheory
from explorer.language import _
from explorer.pictures.figure_frame import (
    AT_THE_END,
    CONFIG,
    Figure,
    Trace,
    axis_name,
    frame,
    label,
    lifted,
    overhang,
    source_name,
    text_width,
    tint,
    totals,
)
from explorer.pictures.palette import TOKENS, Palette
from explorer.pictures.words import Scale, thousands
from explorer.spec import DenseBlockSpec

HEIGHT = 318
_COUNT = Scale("", 1, 0)
_AREA = HEIGHT - 62  # px between the margins
_BAR, _UNDER = 12, 32  # px of the total's bar, and from it down to the columns' axes
_PLOT = _AREA - _BAR - _UNDER
_ROW = 20  # px that one line of text takes
_NARROW = 300  # px, the least width that the columns share on a phone
_FINE = 12  # more columns than this are drawn without gaps
_COPIED = 0.45


def channel_growth(theory: StudyTheory, palette: Palette = TOKENS) -> Figure:
    """Channels after each Bottleneck: the new slice solid, copied slices pale, the residual block as a line."""
    block = theory.study.block
    layers, out = block.layers, block.out_channels
    widths = [block.width_before(i + 1) for i in range(layers + 1)]
    words = _("residual: {channels} from unit 1 on").format(channels=thousands(out))
    row = 1 if _lies_free(words, widths) else 2
    top = out / (1 - (row + 1) * _ROW / _PLOT)
    layout = frame(
        palette,
        height=HEIGHT,
        unit=_("channels"),
        top=top,
        scale=_COUNT,
        reach=out,
        x={
            "range": [-0.5 - _axis_room(out) * (layers + 1), layers + 0.5],
            "tickmode": "array",
            "tickvals": list(range(layers + 1)),
            "ticktext": [_("input"), *map(str, range(1, layers + 1))],
        },
        room_right=overhang(thousands(out), layers + 1),
        film=[column + 0.5 for column in range(layers + 1)],
    )
    _set_apart(layout, theory.dense.written_channels)
    layout["annotations"] += [
        *_total_labels(theory, palette),
        axis_name(_("after Bottleneck"), palette),
        label(
            words,
            palette.residual,
            bold=True,
            halo=palette.background,
            x=0.5 if layers <= _FINE else layers + 0.5,
            y=out,
            xanchor="left" if layers <= _FINE else "right",
            yanchor="bottom",
            yshift=2 + (row - 1) * _ROW,
        ),
    ]
    places = [lifted(width, out, top, _PLOT) if i else width for i, width in enumerate(widths)]
    data = [
        *_total(block, palette),
        _copies(block, palette) if layers <= _FINE else _carried(block, palette),
        _new(block, widths, palette),
        _residual(block, palette),
        totals(palette, range(layers + 1), places, [thousands(width) for width in widths]),
    ]
    alt = _(
        "Channels after each Bottleneck: {widths}. Each column repeats all earlier slices and adds {k}. "
        "In total {new} are new and {copied} copied again. "
        "The residual block has {out} channels from its first unit on."
    ).format(
        widths=_listed(widths),
        k=thousands(block.growth_rate),
        new=thousands(layers * block.growth_rate),
        copied=thousands(theory.dense.written_channels - layers * block.growth_rate),
        out=thousands(out),
    )
    return {"data": data, "layout": layout, "config": CONFIG, "alt": alt}


# --- the total ------------------------------------------------------------------------------------


def _set_apart(layout: dict[str, Any], written: int) -> None:
    """Makes room above the columns for axes of their own, without words or lines, ``written`` channels long."""
    top = _PLOT / _AREA
    layout["yaxis"]["domain"] = [0, top]
    layout["annotations"][0]["y"] = top  # the columns' unit
    bare = {"fixedrange": True, "visible": False}
    layout["xaxis2"] = bare | {"anchor": "y2", "range": [0, written]}
    layout["yaxis2"] = bare | {"anchor": "x2", "domain": [1 - _BAR / _AREA, 1], "range": [-0.5, 0.5]}


def _total(block: DenseBlockSpec, palette: Palette) -> list[Trace]:
    """All slices that concatenations write, end to end: each new one once, then each source's copies."""
    layers = block.layers
    made = [(source, block.growth_rate) for source in range(1, layers + 1)]
    copied = [(source, (layers - source) * block.source_channels(source)) for source in range(layers)]
    solid = [palette.source(source, layers) for source, _channels in made]
    fresh = [_("{name}, {channels} channels, new").format(name=source_name(s), channels=thousands(n)) for s, n in made]
    again = [
        _("{name}, {channels} channels in copies").format(name=source_name(s), channels=thousands(n)) for s, n in copied
    ]
    return [
        _pieces(made, 0, solid, fresh),
        _pieces(copied, layers * block.growth_rate, _tints(block, palette), again),
    ]


def _pieces(pieces: list[tuple[int, int]], start: int, colours: list[str], words: list[str]) -> Trace:
    lengths = [channels for _source, channels in pieces]
    return {
        "type": "bar",
        "orientation": "h",
        "xaxis": "x2",
        "yaxis": "y2",
        "x": lengths,
        "y": [0] * len(lengths),
        "base": list(accumulate(lengths[:-1], initial=start)),
        "width": 1,
        "marker": {"color": colours, "line": {"width": 0}},
        "text": words,
        "textposition": "none",
        "hovertemplate": "%{text}<extra></extra>",
        "meta": {"sources": [source for source, _channels in pieces], "end": True},
    }


def _total_labels(theory: StudyTheory, palette: Palette) -> list[dict[str, Any]]:
    block = theory.study.block
    new = block.layers * block.growth_rate
    place: dict[str, Any] = {"xref": "paper", "yref": "paper", "y": 1, "yanchor": "bottom", "yshift": 3}
    place |= {"name": AT_THE_END, "bold": True}
    made = _("In total {new} new").format(new=thousands(new))
    copied = _("{copied} copied again").format(copied=thousands(theory.dense.written_channels - new))
    return [
        label(made, palette.ink, x=0, xanchor="left", **place),
        label(copied, palette.ink, x=1, xanchor="right", **place),
    ]


# --- the columns ----------------------------------------------------------------------------------


def _axis_room(out: int) -> float:
    """Room for the axis numbers left of the first column, as a share of the columns' width."""
    return (text_width(thousands(out)) + 12) / 420


def _lies_free(words: str, widths: list[int]) -> bool:
    """Whether ``words`` directly above the residual line would clear the numbers above the columns below it."""
    layers = len(widths) - 1
    columns = math.ceil(text_width(words) / (_NARROW / (layers + 1)))
    covered = widths[1 : 1 + columns] if layers <= _FINE else widths[-1 - columns : -1]
    out = widths[-1]
    # the last column's own number always stands above the line
    return columns < layers and max(covered, default=out) <= out * (1 - _ROW / _PLOT) and layers <= _FINE


def _copies(block: DenseBlockSpec, palette: Palette) -> Trace:
    """Every slice in every column after the one that it was new in. One trace: Plotly's time goes by traces."""
    layers = block.layers
    slices = [(source, column) for source in range(layers) for column in range(source + 1, layers + 1)]
    sources = [source for source, _column in slices]
    tints = _tints(block, palette)
    return _bars(palette, layers) | {
        "x": [column for _source, column in slices],
        "y": [block.source_channels(source) for source in sources],
        "base": [block.source_start(source) for source in sources],
        "marker": {"color": [tints[source] for source in sources], "line": _gap(palette, layers)},
        "text": [_copied_words(block, source) for source in sources],
        "textposition": "none",
        "hovertemplate": "%{text}<extra></extra>",
        "meta": {"sources": sources},
    }


def _carried(block: DenseBlockSpec, palette: Palette) -> Trace:
    """The same for columns too narrow for gaps: from each new slice one band to the end, 64 in place of 2,080 bars."""
    sources = list(range(block.layers))
    half = _bars(palette, block.layers)["width"] / 2
    channels = [block.source_channels(source) for source in sources]
    return {
        "type": "bar",
        "orientation": "h",
        "y": [block.source_start(source) + count / 2 for source, count in zip(sources, channels, strict=True)],
        "width": channels,
        "base": [source + half for source in sources],
        "x": [block.layers - source for source in sources],
        "marker": {"color": _tints(block, palette), "line": _gap(palette, block.layers)},
        "text": [_copied_words(block, source) for source in sources],
        "textposition": "none",
        "hovertemplate": "%{text}<extra></extra>",
        "meta": {"sources": sources},
    }


def _tints(block: DenseBlockSpec, palette: Palette) -> list[str]:
    return [tint(palette, palette.source(source, block.layers), _COPIED) for source in range(block.layers)]


def _copied_words(block: DenseBlockSpec, source: int) -> str:
    return _("{name}, {channels} channels, copied into every later column").format(
        name=source_name(source), channels=thousands(block.source_channels(source))
    )


def _new(block: DenseBlockSpec, widths: list[int], palette: Palette) -> Trace:
    """The slice that is new in each column."""
    layers = block.layers
    return _bars(palette, layers) | {
        "x": list(range(layers + 1)),
        "y": [block.in_channels, *[block.growth_rate] * layers],
        "base": [0, *widths[:-1]],
        "marker": {"color": list(palette.sources(layers)), "line": _gap(palette, layers)},
        "text": [source_name(source) for source in range(layers + 1)],
        "hovertemplate": _("{name}, {channels} channels, new").format(name="%{text}", channels="%{y:,}")
        + "<extra></extra>",
        "textposition": "none",
        "meta": {"sources": list(range(layers + 1))},
    }


def _bars(palette: Palette, layers: int) -> Trace:
    return {"type": "bar", "width": 0.62 if layers <= _FINE else 0.8}


def _gap(palette: Palette, layers: int) -> dict[str, Any]:
    return {"color": palette.background, "width": 1 if layers <= _FINE else 0}


def _residual(block: DenseBlockSpec, palette: Palette) -> Trace:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [-0.5, 0.5, 0.5, block.layers + 0.5],
        "y": [block.in_channels, block.in_channels, block.out_channels, block.out_channels],
        "line": {"color": palette.residual, "width": 2},
        "hoverinfo": "skip",
    }


def _listed(widths: list[int]) -> str:
    shown = widths if len(widths) <= 9 else [*widths[:4], *widths[-2:]]
    words = [thousands(width) for width in shown]
    if len(widths) > 9:
        words.insert(4, "…")
    return ", ".join(words)
