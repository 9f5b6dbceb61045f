"""A timeline made ready to be drawn: joined bands, the steps that are kept, and their place on the axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from explorer.findings import GRADIENTS, INPUT, OWN, Timeline
from explorer.language import _

MOST_BANDS, MOST_STEPS = 12, 400


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
        Band((OWN, INPUT), _("parameters and input")),
        *(Band(group, name) for group, name in zip(groups, names, strict=True)),
        Band((GRADIENTS,), _("gradients")),
    )


def position(line: Timeline, step: int) -> float:
    """Where ``step`` begins: forward fills 0 to 1, backward 1 to 2, so that two blocks can be laid over each other."""
    steps = len(line.ops) + 1
    if step < line.backward_from:
        return step / line.backward_from
    return 1 + (step - line.backward_from) / (steps - line.backward_from)


@dataclass(frozen=True)
class Track:
    """A timeline and all that is worked out of it once, however often a page is redrawn.

    Attributes:
        heights: band → bytes after each step.
        totals: bytes after each step.
        kept: the steps that are drawn.
        xs: where they begin, and where the last one ends.
    """

    line: Timeline
    heights: dict[int, list[int]]
    totals: list[int]
    kept: list[int]
    xs: list[float]

    @property
    def end(self) -> int:
        """Where the axis ends: 2 with a backward pass, else 1."""
        return 2 if self.line.backward_from <= len(self.line.ops) else 1

    def ends(self, layers: int) -> list[float]:
        """Where on the axis the input ends, and the forward of each of ``layers`` Bottlenecks."""
        forward = self.line.layers[: self.line.backward_from - 1]
        last = {layer: step for step, layer in enumerate(forward, start=1)}
        steps = [1]
        for layer in range(1, layers + 1):
            steps.append(last.get(layer, steps[-1] - 1) + 1)
        return [round(step / self.line.backward_from, 4) for step in steps]

    def drawn(self, values: Sequence[int]) -> list[int]:
        """``values`` at the kept steps; the last one twice, so that its step has a width."""
        shown = [values[step] for step in self.kept]
        return [*shown, shown[-1]]

    def joined(self, band: Band) -> list[int]:
        """What is drawn of ``band``."""
        rows = [self.drawn(self.heights[member]) for member in band.members if member in self.heights]
        return [sum(column) for column in zip(*rows, strict=True)] if rows else [0] * len(self.xs)

    def highest(self, left: float, right: float) -> int:
        """The most bytes alive anywhere from ``left`` to ``right`` on the axis."""
        steps = zip(self.kept, pairwise(self.xs), strict=True)
        return max((self.totals[step] for step, (a, b) in steps if b >= left and a <= right), default=0)


@lru_cache(maxsize=32)
def track(line: Timeline) -> Track:
    """``line`` made ready."""
    heights = line.bands()
    totals = [sum(column) for column in zip(*heights.values(), strict=True)]
    kept = _kept(line, totals)
    end = 2 if line.backward_from < len(totals) else 1
    return Track(line, heights, totals, kept, [*(round(position(line, step), 4) for step in kept), end])


def _kept(line: Timeline, totals: Sequence[int]) -> list[int]:
    """The steps to draw: all, or in equal runs the one at which most is alive, so that the peak stays."""
    steps = len(totals)
    if steps <= MOST_STEPS:
        return list(range(steps))
    kept: list[int] = []
    for first, last in ((0, line.backward_from), (line.backward_from, steps)):
        runs = min(MOST_STEPS // 2, last - first)  # each half of the axis gets its share
        edges = [first + (last - first) * i // runs for i in range(runs + 1)] if runs > 0 else []
        kept += [max(range(a, b), key=lambda step: (totals[step], step == line.peak_step)) for a, b in pairwise(edges)]
    return kept
