"""What all charts share: the frame without decoration, tints, ticks and labels.

A figure is a plain dict: ``data`` and ``layout`` are Plotly's, ``config`` its options and ``alt`` the
alternative text. Colours come from a :class:`~explorer.pictures.palette.Palette`; with
:data:`~explorer.pictures.palette.TOKENS` they are CSS variables that the chart component resolves in
the reader's theme. ``meta`` on a trace names its source or sources, for hover across pictures;
``meta`` on the layout says where Bottlenecks end, for the film.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from explorer.pictures.layout.lettering import is_square
from explorer.pictures.palette import Palette
from explorer.pictures.words import Scale

Figure = dict[str, Any]
Trace = dict[str, Any]

FONT = '"Source Sans", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif'
TEXT = 13  # px
AT_THE_END = "end"  # name of an annotation on the last Bottleneck, or the whole: the film shows it last
CLEAR = "rgba(0,0,0,0)"
CONFIG = {"displayModeBar": False, "responsive": False, "doubleClick": "reset", "showTips": False}
_CHARACTER = 6.7  # px, mean width of a character of 13 px Source Sans; a fallback font is no wider than 7.2
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def source_name(source: int) -> str:
    """``x₃``."""
    return f"x{source}".translate(_SUBSCRIPTS)


def text_width(text: str) -> float:
    """About how many pixels ``text`` takes in a chart."""
    return sum(TEXT if is_square(character) else _CHARACTER for character in text)


def tint(palette: Palette, colour: str, share: float) -> str:
    """``colour`` at ``share`` over the background, opaque, so that no gridline shines through."""
    if palette.ramp is None:
        return f"color-mix(in srgb, {colour} {share:.0%}, {palette.background})"
    over, under = ([int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in (colour, palette.background))
    return "#" + "".join(f"{round(share * o + (1 - share) * u):02X}" for o, u in zip(over, under, strict=True))


def nice_ticks(top: float, scale: Scale, most: int = 4) -> tuple[list[float], list[str]]:
    """At most ``most`` round values above zero and up to ``top``, and how they are written in ``scale``."""
    limit = top / scale.one
    if limit <= 0:
        return [], []
    step = 10.0 ** math.floor(math.log10(limit / most))
    step = next(step * m for m in (1, 2, 2.5, 5, 10, 20) if limit / (step * m) < most + 1 - 1e-9)
    if not scale.unit and step < 1:
        step = 1.0
    values = [step * i for i in range(1, int(limit / step + 1e-9) + 1)]
    decimals = 0 if step >= 1 and step == int(step) else max(0, 1 - math.floor(math.log10(step)))
    return [v * scale.one for v in values], [f"{v:,.{decimals}f}" for v in values]


def frame(
    palette: Palette,
    *,
    height: int,
    unit: str,
    top: float,
    scale: Scale,
    reach: float,
    x: dict[str, Any],
    room_right: int = 0,
    zoom: bool = False,
    film: Sequence[float] = (),
) -> dict[str, Any]:
    """A Plotly layout: unit above the axis, at most four gridlines, zero baseline, no legend, no template.

    Args:
        palette: colours.
        height: of the whole figure, px.
        unit: written once, above the axis.
        top: where the y axis ends.
        scale: how tick values are written.
        reach: the largest value that a gridline may mark.
        x: the x axis, on top of the shared style.
        room_right: px kept free right of the axes, for labels.
        zoom: whether the x axis can be zoomed.
        film: where on the x axis the input ends, and each Bottleneck, for the film of the block's growth.
    """
    values, texts = nice_ticks(reach, scale)
    quiet = {"size": TEXT, "color": palette.mute}
    return {
        "template": {},
        "height": height,
        "margin": {"l": 0, "r": room_right, "t": 22, "b": 40, "pad": 0},
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "font": {"family": FONT, "size": TEXT, "color": palette.ink},
        "showlegend": False,
        "hovermode": "closest",
        "hoverlabel": {
            "bgcolor": palette.raised,
            "bordercolor": palette.axis,
            "font": {"family": FONT, "size": TEXT, "color": palette.ink},
            "align": "left",
        },
        "dragmode": "zoom" if zoom else False,
        "barmode": "overlay",
        "uirevision": "kept",
        "xaxis": {"fixedrange": not zoom, "showgrid": False, "zeroline": False, "tickangle": 0, "tickfont": quiet} | x,
        "yaxis": {
            "fixedrange": True,
            "range": [0, top],
            "tickmode": "array",
            "tickvals": values,
            "ticktext": texts,
            "ticklabelposition": "inside top",
            "tickfont": quiet,
            "gridcolor": palette.line,
            "zeroline": True,
            "zerolinecolor": palette.axis,
            "zerolinewidth": 1,
        },
        "annotations": [
            label(unit, palette.mute, xref="paper", yref="paper", x=0, y=1, xanchor="left", yanchor="bottom", yshift=4)
        ],
        "shapes": [],
        "meta": {"film": list(film)},
    }


def below(x: float, text: str, palette: Palette) -> dict[str, Any]:
    """A number under the x axis that stays at any width, where an axis' own would be thinned out as layers are."""
    return label(text, palette.mute, x=x, yref="paper", y=0, xanchor="center", yanchor="top", yshift=-3)


def axis_name(text: str, palette: Palette) -> dict[str, Any]:
    """What the x axis counts, at its right end below the numbers."""
    return label(text, palette.mute, xref="paper", yref="paper", x=1, y=0, xanchor="right", yanchor="top", yshift=-20)


def label(text: str, colour: str, *, bold: bool = False, halo: str | None = None, **place: Any) -> dict[str, Any]:
    """A Plotly annotation that is only text; ``halo`` is the colour that keeps lines off it."""
    return {
        "text": text,
        "showarrow": False,
        "borderpad": 0,
        "font": text_font(colour, bold=bold, halo=halo),
    } | place


def text_font(colour: str | list[str], *, bold: bool = False, halo: str | None = None) -> dict[str, Any]:
    """A Plotly font of chart text."""
    font: dict[str, Any] = {"family": FONT, "size": TEXT, "color": colour}
    if bold:
        font["weight"] = 600
    if halo:
        corners = ((-2, 0), (2, 0), (0, -2), (0, 2), (-1.5, -1.5), (1.5, 1.5), (-1.5, 1.5), (1.5, -1.5))
        font["shadow"] = ", ".join(f"{dx}px {dy}px 1px {halo}" for dx, dy in corners)
    return font


def overhang(text: str, columns: int) -> int:
    """How many pixels a number over the last of ``columns`` bars reaches beyond it, on a desk's half page."""
    return max(0, math.ceil(text_width(text) / 2 - 380 / columns / 2) + 2)


def lifted(value: float, line: float, top: float, plot: int) -> float:
    """Where a number above a bar of ``value`` stands: above a ``line`` close over the bar, so as not to cross it."""
    return line if 0 < line - value < 20 / plot * top else value


def totals(palette: Palette, x: Sequence[float], y: Sequence[float], text: Sequence[str]) -> Trace:
    """Numbers above bars. The component leaves out those that would touch at the width it gets."""
    return {
        "type": "scatter",
        "mode": "text",
        "x": list(x),
        "y": list(y),
        "text": list(text),
        "textposition": "top center",
        "textfont": text_font(palette.ink, bold=True, halo=palette.background),
        "cliponaxis": False,
        "hoverinfo": "skip",
        "meta": {"thin": True},
    }
