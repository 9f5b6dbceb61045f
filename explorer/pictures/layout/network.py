"""Where two whole networks stand: one grows up from a ruler of map sizes, the other hangs below it, on one scale.

Stages of equal number share their place along depth, whose width goes by the larger number of layers. A Dense Block is
drawn as Explore draws it: each layer's concatenation is a column, every source at its own height in all of them. A
residual unit is an hourglass on the sum that is carried on. Transitions are what lies between.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from explorer.findings import NetworkTheory, StageTheory
from explorer.spec import BYTES_PER_ELEMENT, DenseNetSpec, DType, Heights, ResNetSpec

Corner = Literal["left", "right", "outside"]

PHONE = 480.0  # px: narrower pictures have shorter names and no margins
_FLOOR = 0.115  # of all stages' width, which the narrowest has at least
_SAY = (490.0, 44.0)  # px of the two lines that tell of one side
_COLUMN = 0.42  # of the pitch, that a concatenation's column is wide


@dataclass(frozen=True)
class Stage:
    """One stage of one network and where it is drawn.

    Attributes:
        number: from 1.
        theory: its numbers.
        heights: px of x₀ or of what enters, then of what each layer adds; of a residual stage, its width alone.
        inner: px of a residual unit's narrow part; 0 of a Dense Block.
        x, width: px.
    """

    number: int
    theory: StageTheory
    heights: tuple[float, ...]
    inner: float
    x: float
    width: float

    @property
    def dense(self) -> bool:
        """Whether it is a Dense Block."""
        return self.theory.kind == "dense"

    @property
    def height(self) -> float:
        """Of all that leaves it."""
        return sum(self.heights)

    @property
    def end(self) -> float:
        """The x where it ends."""
        return self.x + self.width

    @property
    def pitch(self) -> float:
        """From one layer to the next."""
        return self.width / len(self.theory.layers)

    @property
    def column(self) -> float:
        """Width of a concatenation's column."""
        return max(1.6, self.pitch * _COLUMN)


@dataclass(frozen=True)
class Side:
    """One network: its stages, what its stem makes (px), and where there is room to tell of it."""

    theory: NetworkTheory
    stages: tuple[Stage, ...]
    stem: float
    corner: Corner


@dataclass(frozen=True)
class NetworkLayout:
    """Both networks.

    Attributes:
        width, height: px.
        base: y from which the upper one grows; ``below``: y from which the lower one hangs.
        heights: what heights are; ``dtype``: of the numbers, for bytes.
        lead: px of the stem.
    """

    width: float
    height: float
    base: float
    below: float
    upper: Side
    lower: Side
    heights: Heights
    dtype: DType
    lead: float

    @property
    def phone(self) -> bool:
        """Whether it is drawn for a phone."""
        return self.width < PHONE


def network_layout(
    upper: NetworkTheory, lower: NetworkTheory, dtype: DType, heights: Heights = "channels", width: float = 980.0
) -> NetworkLayout:
    """Places both networks in ``width`` px; ``heights`` are channels, or bytes of one image's maps in ``dtype``."""
    phone = width < PHONE
    lead, gap, end = (14.0, 10.0, 4.0) if phone else (42.0, 34.0, 118.0)
    room = 230.0 if phone else 306.0
    both = _stages(upper), _stages(lower)
    count = max(map(len, both))
    weights = [max(_weight(side[i]) for side in both if i < len(side)) for i in range(count)]
    widths = _widths(weights, width - lead - end - gap * (count - 1))
    starts = [lead + sum(widths[:i]) + gap * i for i in range(count)]

    def unit(stage: StageTheory, channels: int) -> float:
        if heights == "channels":
            return float(channels)
        return channels * stage.height * stage.width * float(BYTES_PER_ELEMENT[dtype])

    def tallest(theory: NetworkTheory) -> float:
        stem = theory.stages[0]
        return max(unit(stem, stem.out_channels), *(unit(one, one.out_channels) for one in _stages(theory)))

    scale = room / (tallest(upper) + tallest(lower))

    def placed(theory: NetworkTheory) -> tuple[Stage, ...]:
        found = []
        for index, stage in enumerate(_stages(theory)):
            inner = 0.0
            if stage.kind == "dense":
                widths_of = [stage.in_channels, *(layer.out_channels - layer.in_channels for layer in stage.layers)]
            else:
                assert isinstance(theory.spec, ResNetSpec)
                widths_of = [stage.out_channels]
                inner = scale * unit(stage, theory.spec.inner_widths[index]) / (1 if theory.spec.expansion > 1 else 2)
            tall = tuple(scale * unit(stage, channels) for channels in widths_of)
            found.append(Stage(index + 1, stage, tall, inner, starts[index], widths[index]))
        return tuple(found)

    top, ruler = (24.0, 34.0) if phone else (26.0, 44.0)
    sides = []
    for theory in (upper, lower):
        stages, stem = placed(theory), theory.stages[0]
        sides.append(
            Side(theory, stages, scale * unit(stem, stem.out_channels), _corner(stages, scale * tallest(theory), phone))
        )
    above = top + (_SAY[1] if sides[0].corner == "outside" else 0.0)
    base = above + scale * tallest(upper)
    below = base + ruler
    height = below + scale * tallest(lower) + 24.0 + (_SAY[1] if sides[1].corner == "outside" else 0.0)
    return NetworkLayout(width, height, base, below, sides[0], sides[1], heights, dtype, lead)


def _stages(theory: NetworkTheory) -> tuple[StageTheory, ...]:
    """Those that are drawn as such: Dense Blocks, or stages of residual units."""
    return tuple(stage for stage in theory.stages if stage.kind in ("dense", "residual"))


def _weight(stage: StageTheory) -> float:
    return len(stage.layers) * (1.0 if stage.kind == "dense" else 1.5)


def _widths(weights: list[float], room: float) -> list[float]:
    """``room`` by ``weights``, none less than a floor."""
    floor = _FLOOR * sum(weights)
    raised = [max(weight, floor) for weight in weights]
    return [room * weight / sum(raised) for weight in raised]


def _corner(stages: tuple[Stage, ...], tallest: float, phone: bool) -> Corner:
    """Where two lines fit beside what is drawn, at the side that is far from the ruler."""
    if phone:
        return "outside"
    free = tallest - _SAY[1] - 6  # px that a stage may be tall below the lines, its number included
    wide = _SAY[0]
    left = all(stage.height + 20 < free for stage in stages if stage.x < wide)
    if left:
        return "left"
    last = stages[-1].end
    right = all(stage.height + 20 < free for stage in stages if stage.end > last - wide)
    return "right" if right else "outside"


def growth_of(theory: NetworkTheory) -> int | None:
    """Channels that each layer of its Dense Blocks adds; None of a ResNet."""
    return theory.spec.growth_rate if isinstance(theory.spec, DenseNetSpec) else None
