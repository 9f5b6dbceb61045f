"""The axes of the chart of growth: how far they reach, linear or log, and their numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from explorer.pictures.words import Scale
from explorer.spec import Growth, Study
from explorer.theory.growth import GrowthCurves, largest_held, stands_at

_POINTS = 48
_REACH: dict[Growth, int] = {"layers": 64, "batch": 12, "resolution": 5}  # how far off a limit is still drawn


@dataclass(frozen=True)
class Axes:
    """Where the axes end: on a log scale both hold powers of ten, and the y axis begins at ``bottom``.

    Plotly's own log axes place lines and words differently; so these are linear ones, with logarithms on them.
    """

    log: bool
    first: float
    last: float
    bottom: float
    top: float

    def x(self, value: float) -> float:
        """Where a value of what grows stands."""
        return math.log10(value) if self.log else value

    def y(self, value: float) -> float:
        """Where so many bytes stand."""
        return math.log10(value) - self.bottom if self.log else value

    def shown(self, value: float) -> bool:
        """Whether so many bytes lie within."""
        return 0 <= self.y(value) <= self.top


def xs_of(study: Study, limit: int | None) -> list[int]:
    """Where points are worked out: from what is smallest to where ``list`` leaves the chart, the Study's x inside."""
    along, here = study.memory.versus, stands_at(study)
    crosses = largest_held(study, "list", limit) if limit else None
    near = crosses is not None and crosses <= _REACH[along] * here
    if study.memory.scale == "log":
        first, last = max(1, here // 8), here * 8
        if crosses is not None and crosses <= 64 * here:
            last = max(last, 2 * crosses)
        first, last = (1, 64) if along == "layers" else (first, last)
        steps = [first * (last / first) ** (i / _POINTS) for i in range(_POINTS + 1)]
    else:
        if along == "layers":
            wanted = max(1.5 * here, 1.15 * crosses if near and crosses else 0)
            last = next((n for n in (24, 40) if wanted <= n), 64)
        elif along == "batch":
            last = max(math.ceil(1.22 * crosses) if near and crosses else 4 * here, 2 * here, 8)
        else:
            last = max(math.ceil(1.1 * crosses) if near and crosses else math.ceil(2.5 * here), 2 * here, 8)
        steps = [1 + (last - 1) * i / _POINTS for i in range(_POINTS + 1)]
    return sorted({max(1, round(step)) for step in steps} | {here})


def axes_of(study: Study, found: GrowthCurves) -> Axes:
    """Axes on which ``list`` stays inside up to the last x, and a limit that it comes near."""
    highest, last = found.curve("list").points[-1][1], found.curve("list").points[-1][0]
    limit = found.limit if found.limit is not None and found.limit < 1.1 * highest else None
    if study.memory.scale == "log":
        first = found.curves[0].points[0][0]
        lowest = min(curve.points[0][1] for curve in found.curves)
        bottom = math.floor(math.log10(lowest) * 10) / 10
        top = math.log10(max(highest, 1.5 * (limit or 0))) + 0.12 - bottom
        room = 0.04 * (math.log10(last) - math.log10(first))
        return Axes(True, math.log10(first) - 4 * room, math.log10(last), bottom, top)
    top = max(1.04 * highest, 1.2 * (limit or 0))
    return Axes(False, -0.17 * last, last, 0, top)


def decades(axes: Axes, scale: Scale) -> dict[str, Any]:
    """Gridlines at powers of ten of the unit, at most five."""
    low, high = axes.bottom - math.log10(scale.one), axes.bottom + axes.top - math.log10(scale.one)
    powers = range(math.ceil(low), math.floor(low + (high - low) * 0.9) + 1)
    powers = powers[:: math.ceil(len(powers) / 4) or 1]
    values = [power + math.log10(scale.one) - axes.bottom for power in powers]
    return {"tickvals": values, "ticktext": [f"{10.0**power:,.{max(0, -power)}f}" for power in powers]}


def round_numbers(axes: Axes) -> list[int]:
    """What the x axis may mark, rising."""
    if axes.log:
        powers = range(math.floor(axes.last) + 1)
        wide = axes.last - max(0.0, axes.first) > 1.6
        return [f * 10**p for p in powers for f in ((1,) if wide and axes.last > 3 else (1, 2, 5))]
    step = 10 ** math.floor(math.log10(axes.last / 4)) if axes.last >= 4 else 1
    step = next(step * m for m in (1, 2, 5, 10) if axes.last / (step * m) < 6)
    return list(range(step, int(axes.last) + 1, step))
