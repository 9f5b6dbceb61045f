"""Parameters of each Bottleneck, stacked by part, with the 1×1 convolution or without it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from explorer.findings import BlockTheory, LayerTheory, StudyTheory
from explorer.language import _, listed
from explorer.pictures.figure_frame import (
    AT_THE_END,
    CONFIG,
    TEXT,
    Figure,
    Trace,
    axis_name,
    frame,
    label,
    lifted,
    overhang,
    text_width,
    tint,
    totals,
)
from explorer.pictures.palette import TOKENS, Palette
from explorer.pictures.words import Scale, thousands
from explorer.theory import block_theory

HEIGHT = 252
_COUNT = Scale("", 1, 0)
_PLOT = HEIGHT - 62
_ROW = 20
_FINE = 12
#: Kind of part → how it is called and how strong its layer's colour is.
PARTS: dict[str, tuple[str, float]] = {"conv3x3": ("3×3", 1.0), "conv1x1": ("1×1", 0.5), "bn": ("BN", 0.22)}
_OFF_SCALE = 1.6  # residual units this many times higher than the bars are named, not drawn


def parameters_per_layer(theory: StudyTheory, bottleneck: bool, palette: Palette = TOKENS) -> Figure:
    """Parameters per Bottleneck by part; ``bottleneck`` picks the variant. Both variants share one axis."""
    study = theory.study
    shown, other = (
        block_theory(replace(study.block, bottleneck=variant), study.input, study.run)
        for variant in (bottleneck, not bottleneck)
    )
    heights = [layer.parameters for layer in shown.layers]
    units = [unit.parameters for unit in theory.residual.theory.layers]
    highest = max(*heights, *(layer.parameters for layer in other.layers))
    fits = max(units) <= _OFF_SCALE * highest
    reach = max(highest, max(units)) if fits else highest
    top = reach / (1 - 1.3 * _ROW / _PLOT)
    layers = len(heights)
    names = _part_names(shown.layers[-1])
    aside = overhang(thousands(heights[-1]), layers)
    right = 6 + aside + round(max(text_width(name) for name in names.values()))
    layout = frame(
        palette,
        height=HEIGHT,
        unit=_("parameters"),
        top=top,
        scale=_COUNT,
        reach=reach,
        x={
            "range": [0.5 - (text_width(thousands(reach)) + 12) / 340 * layers, layers + 0.5],
            "tickmode": "array",
            "tickvals": list(range(1, layers + 1)),
            "ticktext": [str(i) for i in range(1, layers + 1)],
        },
        room_right=right,
        film=[layer + 0.5 for layer in range(layers + 1)],
    )
    layout["annotations"] += [
        axis_name(_("Bottleneck"), palette),
        *_labels(shown, names, top, 6 + aside, palette),
        _units_label(units, fits, right, palette),
    ]
    lines = [units[i] if fits and i < len(units) else 0 for i in range(layers)]
    places = [lifted(height, line, top, _PLOT) for height, line in zip(heights, lines, strict=True)]
    data = [
        *(_bars(shown, kind, palette) for kind in names),
        *([_units(units, palette)] if fits else []),
        totals(palette, range(1, layers + 1), places, [thousands(height) for height in heights]),
    ]
    alt = _(
        "Parameters per Bottleneck {variant}: {first} in the first, {last} in the last of {layers}, in {parts}. "
        "Residual units have {least} to {most}."
    ).format(
        variant=_("with the 1×1") if bottleneck else _("without the 1×1"),
        first=thousands(heights[0]),
        last=thousands(heights[-1]),
        layers=layers,
        parts=listed(names.values()),
        least=thousands(min(units)),
        most=thousands(max(units)),
    )
    return {"data": data, "layout": layout, "config": CONFIG, "alt": alt}


def _sizes(theory: BlockTheory, kind: str) -> tuple[list[int], list[int]]:
    """Where the parts of ``kind`` begin in each layer's stack, and how many parameters they have."""
    order = list(PARTS)
    below, sizes = [], []
    for layer in theory.layers:
        by_kind = {k: sum(p.parameters for p in layer.parts if p.kind == k) for k in order}
        below.append(sum(by_kind[k] for k in order[: order.index(kind)]))
        sizes.append(by_kind[kind])
    return below, sizes


def _bars(theory: BlockTheory, kind: str, palette: Palette) -> Trace:
    below, sizes = _sizes(theory, kind)
    layers = len(sizes)
    name, share = PARTS[kind]
    return {
        "type": "bar",
        "name": name,
        "x": list(range(1, layers + 1)),
        "y": sizes,
        "base": below,
        "width": 0.66 if layers <= _FINE else 0.8,
        "marker": {
            "color": [tint(palette, palette.source(i, layers), share) for i in range(1, layers + 1)],
            "line": {"color": palette.background, "width": 1 if layers <= _FINE else 0},
        },
        "hovertemplate": _("Bottleneck {layer}, {part}: {parameters} parameters").format(
            layer="%{x}", part=name, parameters="%{y:,}"
        )
        + "<extra></extra>",
        "meta": {"sources": list(range(1, layers + 1))},
    }


def _part_names(last: LayerTheory) -> dict[str, str]:
    """Kind → ``3×3 36,864``, for the parts that the layer has."""
    sums = {kind: sum(p.parameters for p in last.parts if p.kind == kind) for kind in PARTS}
    return {kind: f"{PARTS[kind][0]} {thousands(count)}" for kind, count in sums.items() if count}


def _labels(
    theory: BlockTheory, names: dict[str, str], top: float, right: int, palette: Palette
) -> list[dict[str, Any]]:
    """The parts named at the right of the last bar, at least one line apart, from the base up."""
    found = []
    lowest = TEXT / 2 / _PLOT * top  # so that the first does not sink below the axis
    for kind, text in names.items():
        below, sizes = _sizes(theory, kind)
        y = max(below[-1] + sizes[-1] / 2, lowest)
        lowest = y + 17 / _PLOT * top
        found.append(
            label(
                text,
                palette.mute,
                xref="paper",
                x=1,
                xanchor="left",
                xshift=right,
                y=y,
                yanchor="middle",
                captureevents=False,
                name=AT_THE_END,
            )
        )
    return found


def _units(units: list[int], palette: Palette) -> Trace:
    """The residual units as a line, one step each."""
    xs = [edge for i in range(1, len(units) + 1) for edge in (i - 0.5, i + 0.5)]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": xs,
        "y": [count for count in units for _end in (0, 1)],
        "line": {"color": palette.residual, "width": 2},
        "hovertemplate": _("residual unit: {parameters} parameters").format(parameters="%{y:,}") + "<extra></extra>",
    }


def _units_label(units: list[int], fits: bool, right: int, palette: Palette) -> dict[str, Any]:
    """What the residual units have, above the axes, clear of every bar."""
    least, most = min(units), max(units)
    if not fits:
        words = _("residual units ↑ up to {most}").format(most=thousands(most))
    elif least == most:
        words = _("residual units: {most}").format(most=thousands(most))
    else:
        words = _("residual units: {least} to {most}").format(least=thousands(least), most=thousands(most))
    place: dict[str, Any] = {"xref": "paper", "x": 1, "xanchor": "right", "xshift": right}
    return label(words, palette.residual, bold=True, yref="paper", y=1, yanchor="bottom", yshift=4, **place)
