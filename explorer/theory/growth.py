"""How what is held for backward grows: with the number of Bottlenecks, the batch or the resolution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

from explorer.spec import BlockSpec, CounterpartSpec, DenseBlockSpec, Growth, InputSpec, ResidualSpec, RunSpec, Study
from explorer.theory.implementations import kept_channels
from explorer.theory.match import counterpart
from explorer.theory.memory import saved_channels

#: The curves, the usually highest first. ``list`` holds what ``concat`` does.
CURVES = ("residual", "list", "checkpoint_1x1", "shared", "checkpoint")
#: Where a search ends; beyond what an :class:`explorer.spec.InputSpec` allows, because large memories take it.
ENDS: dict[Growth, int] = {"layers": 64, "batch": 2**24, "resolution": 2**16}


@dataclass(frozen=True)
class Curve:
    """One implementation's bytes held for backward over x.

    Attributes:
        name: the implementation; ``residual`` for the counterpart, which is another block at every L.
        points: (x, bytes).
        now: bytes at the Study's own x.
        channels: channels of maps held at the Study's own L. Statistics are left out, here and in ``coefficients``:
            their bytes do not grow with N·H·W.
        coefficients: the same as a polynomial in L, highest power first; empty where a residual block follows none.
        fits: the largest x at which what is held is within the limit: 0 where it never is, None where it always is.
    """

    name: str
    points: tuple[tuple[int, int], ...]
    now: int
    channels: int
    coefficients: tuple[Fraction, ...]
    fits: int | None


@dataclass(frozen=True)
class GrowthCurves:
    """All curves of a Study.

    Attributes:
        along: what grows.
        now: the Study's own value of it.
        limit: bytes that the curves are held against; None where no device is known.
        curves: in the order of :data:`CURVES`.
    """

    along: Growth
    now: int
    limit: int | None
    curves: tuple[Curve, ...]

    def curve(self, name: str) -> Curve:
        """The curve of ``name``; ``concat`` has that of ``list``."""
        return next(curve for curve in self.curves if curve.name == ("list" if name == "concat" else name))


def growth_curves(study: Study, xs: Sequence[int], limit: int | None = None) -> GrowthCurves:
    """The curves over ``xs`` of what ``study.memory.versus`` says, as training holds them, whatever the mode.

    Args:
        study: block, input, type and counterpart; H = W = x for ``resolution``.
        xs: where points are wanted, rising; from 1 to 64 for ``layers``.
        limit: bytes, of a device.
    """
    here = stands_at(study)
    curves = [
        Curve(
            name=name,
            points=tuple((x, held_bytes(study, name, x)) for x in xs),
            now=held_bytes(study, name, here),
            channels=_channels(_shape(study, name, study.block.layers), name)[0],
            coefficients=_coefficients(study.block, study.input, study.run, study.counterpart, name),
            fits=None if limit is None else largest_held(study, name, limit),
        )
        for name in CURVES
    ]
    return GrowthCurves(study.memory.versus, here, limit, tuple(curves))


def stands_at(study: Study) -> int:
    """The Study's own L or N, or the side of the square nearest to its maps."""
    if study.memory.versus == "layers":
        return study.block.layers
    if study.memory.versus == "batch":
        return study.input.batch
    return max(1, round(math.sqrt(study.input.height * study.input.width)))


def held_bytes(study: Study, name: str, x: int) -> int:
    """Bytes that implementation or residual block ``name`` holds for backward at ``x``."""
    size, layers, positions = study.input, study.block.layers, study.input.positions
    if study.memory.versus == "layers":
        layers = x
    elif study.memory.versus == "batch":
        positions = x * size.height * size.width
    else:
        positions = size.batch * x * x
    maps, statistics = _channels(_shape(study, name, layers), name)
    return study.run.bytes_per_element * (positions * maps + 2 * statistics)


def largest_held(study: Study, name: str, limit: int) -> int | None:
    """The largest x at which what ``name`` holds is within ``limit``; see :class:`Curve`."""
    low, high = 0, ENDS[study.memory.versus] + 1  # nothing is held at the first, the second is taken not to fit
    while high - low > 1:
        middle = (low + high) // 2
        if held_bytes(study, name, middle) <= limit:
            low = middle
        else:
            high = middle
    return None if high > ENDS[study.memory.versus] else low


def polynomial(coefficients: Sequence[Fraction]) -> str:
    """``32 L² + 352 L`` for (32, 352, 0)."""
    powers = ["", "L", "L²"]
    words = ""
    for power, value in zip(reversed(range(len(coefficients))), coefficients, strict=True):
        if value:
            sign = ("− " if value < 0 else "+ ") if words else ("−" if value < 0 else "")
            size = abs(value)
            number = f"{size.numerator:,}" if size.denominator == 1 else f"{float(size):,.1f}"
            term = " ".join(part for part in ("" if size == 1 and power else number, powers[power]) if part)
            words += f"{' ' if words else ''}{sign}{term}"
    return words or "0"


def _shape(study: Study, name: str, layers: int) -> BlockSpec:
    """What is built at ``layers`` Bottlenecks: the Dense Block, or its residual counterpart there."""
    block = replace(study.block, layers=layers)
    return _residual(block, study.input, study.run, study.counterpart) if name == "residual" else block


@lru_cache(maxsize=512)
def _residual(block: DenseBlockSpec, input: InputSpec, run: RunSpec, choice: CounterpartSpec) -> ResidualSpec:
    spec = counterpart(Study(block, input, choice, run)).theory.spec
    assert isinstance(spec, ResidualSpec)
    return spec


@lru_cache(maxsize=512)
def _channels(spec: BlockSpec, name: str) -> tuple[int, int]:
    """Maps and statistics that the whole block keeps."""
    if isinstance(spec, ResidualSpec):
        kept = [saved_channels(spec, unit) for unit in range(1, spec.units + 1)]
    else:
        kept = [kept_channels(spec, layer, name) for layer in range(1, spec.layers + 1)]
    return sum(maps for maps, _ in kept), sum(statistics for _, statistics in kept)


@lru_cache(maxsize=128)
def _coefficients(
    block: DenseBlockSpec, input: InputSpec, run: RunSpec, choice: CounterpartSpec, name: str
) -> tuple[Fraction, ...]:
    """The parabola through L = 1, 2, 3, where all depths lie on it, without leading zeros.

    A residual block is on none where its width is solved for, or is a quarter rounded down.
    """
    study = Study(block, input, choice, run)
    values = [_channels(_shape(study, name, layers), name)[0] for layers in range(1, 65)]
    one, two, three = values[:3]
    square = Fraction(three - 2 * two + one, 2)
    slope = two - one - 3 * square
    found = [square, slope, one - square - slope]
    if any(value != (square * n + slope) * n + found[2] for n, value in enumerate(values, 1)):
        return ()
    while len(found) > 1 and not found[0]:
        del found[0]
    return tuple(found)
