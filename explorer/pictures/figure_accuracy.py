"""Published accuracy against what a network needs: the families as lines, the two that are compared larger."""

from __future__ import annotations

import math
from typing import Any

from explorer.findings import NetworkFindings, NetworksFindings
from explorer.language import _
from explorer.pictures.figure_depth import spent_scale
from explorer.pictures.figure_frame import CONFIG, Figure, Trace, axis_name, below, frame, label, nice_ticks
from explorer.pictures.network_words import label as name_of
from explorer.pictures.network_words import short
from explorer.pictures.palette import TOKENS, Palette
from explorer.pictures.placing import Box, Spot, along, spots
from explorer.pictures.words import Scale
from explorer.spec import DenseNetSpec, Frontier

HEIGHT = 340
_PLOT = HEIGHT - 62
_WIDTHS = (320, 390, 470, 700)  # px of the axes, as the chart may get them
_LEFT = 34  # px, numbers of the y axis


def accuracy(found: NetworksFindings, palette: Palette = TOKENS) -> Figure:
    """Every published network of the benchmark; who is more accurate stands higher, who needs less further left."""
    of, family = found.study.networks.frontier, found.family
    values = [int(getattr(one.theory, of)) for one in family]
    most = max(values)
    scale = spent_scale(found, of, most)
    tops = [_top1(one) for one in family]
    low, high = math.floor(min(tops) - 1), math.ceil(max(tops) + 0.5)
    span = (most * 1.06) / (1 - _LEFT / _WIDTHS[0])
    left, right = most * 1.06 - span, most * 1.06
    ticks, texts = nice_ticks(most * 1.02, scale)
    layout = frame(
        palette,
        height=HEIGHT,
        unit=_("top-1 accuracy, %"),
        top=high,
        scale=Scale("", 1, 0),
        reach=high,
        x={"range": [left, right], "showticklabels": False, "ticks": ""},
    )
    step = 1 if high - low <= 5 else 2 if high - low <= 8 else 4
    marks = list(range(low + step - low % step if low % step else low + step, high, step))
    layout["yaxis"] |= {"range": [low, high], "tickvals": marks, "ticktext": [str(mark) for mark in marks]}
    layout["annotations"] += [below(tick, text, palette) for tick, text in zip(ticks, texts, strict=True)]
    layout["annotations"].append(axis_name(_axis(found, of, scale), palette))
    lines = _families(found)
    data = [_line(members, of, palette) for members in lines]
    data.append(_dots(found, palette))
    layout["annotations"] += _names(found, lines, (left, right, low, high), palette)
    return {"data": data, "layout": layout, "config": CONFIG, "alt": _alt(found, scale)}


def _top1(one: NetworkFindings) -> float:
    assert one.published is not None  # only published networks are of a family
    return one.published.top1


def _axis(found: NetworksFindings, of: Frontier, scale: Scale) -> str:
    side = 224 if _benchmark(found) == "ImageNet" else 32
    what = {
        "parameters": _("{unit} parameters"),
        "macs": _("{unit} MACs at {side} × {side}"),
        "saved_bytes": _("{unit} held, plain code, one image of {side} × {side}"),
    }[of]
    return what.format(unit=scale.unit, side=side)


def _benchmark(found: NetworksFindings) -> str:
    first = found.family[0].published
    assert first is not None
    return first.benchmark


def _families(found: NetworksFindings) -> list[list[NetworkFindings]]:
    """What a line joins: ResNets; DenseNets of one growth rate and kind, published by the same."""
    groups: dict[tuple[object, ...], list[NetworkFindings]] = {}
    for one in found.family:
        assert one.published is not None
        spec = one.theory.spec
        kind: tuple[object, ...] = (
            ("densenet", spec.growth_rate, spec.bottleneck, one.published.source)
            if isinstance(spec, DenseNetSpec)
            else ("resnet", one.published.source)
        )
        groups.setdefault(kind, []).append(one)
    return [sorted(group, key=lambda one: one.theory.parameters) for group in groups.values()]


def _colour(one: NetworkFindings, palette: Palette) -> str:
    return palette.dense if isinstance(one.theory.spec, DenseNetSpec) else palette.residual


def _line(members: list[NetworkFindings], of: str, palette: Palette) -> Trace:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [getattr(one.theory, of) for one in members],
        "y": [_top1(one) for one in members],
        "line": {"color": _colour(members[0], palette), "width": 2},
        "opacity": 0.5,
        "hoverinfo": "skip",
    }


def _dots(found: NetworksFindings, palette: Palette) -> Trace:
    of = found.study.networks.frontier
    compared = {found.network.name, found.against.name}
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [getattr(one.theory, of) for one in found.family],
        "y": [_top1(one) for one in found.family],
        "text": [_told(one) for one in found.family],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {
            "size": [13 if one.name in compared else 9 for one in found.family],
            "color": [_colour(one, palette) for one in found.family],
            "line": {"color": palette.background, "width": 1.5},
            "opacity": 1,
        },
        "cliponaxis": False,
    }


def _told(one: NetworkFindings) -> str:
    assert one.published is not None
    return _("{name}: {top1:.2f}%, {source}<br>{parameters:.2f} million parameters, {macs:.2f} billion MACs").format(
        name=name_of(one.name),
        top1=one.published.top1,
        source=one.published.source,
        parameters=one.theory.parameters / 1e6,
        macs=one.theory.macs / 1e9,
    )


def _names(
    found: NetworksFindings,
    lines: list[list[NetworkFindings]],
    span: tuple[float, float, float, float],
    palette: Palette,
) -> list[dict[str, Any]]:
    of = found.study.networks.frontier
    left, right, low, high = span

    def x(one: NetworkFindings) -> float:
        return (int(getattr(one.theory, of)) - left) / (right - left)

    def y(one: NetworkFindings) -> float:
        return (high - _top1(one)) / (high - low) * _PLOT

    def taken(width: float) -> list[Box]:
        return [box for line in lines for box in along([(x(one) * width, y(one)) for one in line])]

    compared = {found.network.name, found.against.name}
    order = sorted(found.family, key=lambda one: one.name not in compared)
    texts = [name_of(one.name) if one.name in compared else short(one.name) for one in order]
    placed = spots(
        [(text, x(one), y(one), 0) for text, one in zip(texts, order, strict=True)],
        taken,
        widths=_WIDTHS,
        height=_PLOT,
    )
    return [
        _name(text, one, spot, getattr(one.theory, of), palette)
        for text, one, spot in zip(texts, order, placed, strict=True)
    ]


def _name(text: str, one: NetworkFindings, spot: Spot, value: int, palette: Palette) -> dict[str, Any]:
    return label(
        text,
        _colour(one, palette),
        bold=True,
        halo=palette.background,
        x=value,
        y=_top1(one),
        xanchor=spot.anchor,
        yanchor="middle",
        xshift=spot.right,
        yshift=-spot.down,
    )


def _alt(found: NetworksFindings, scale: Scale) -> str:
    of = found.study.networks.frontier
    told = [f"{name_of(one.name)} {_top1(one):.2f}%, {scale.full(getattr(one.theory, of))}" for one in found.family]
    return _("Published top-1 accuracy: {told}.").format(told="; ".join(told))
