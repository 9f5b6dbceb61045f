"""Memory held against step time, each relative to ``list`` in the same run: points, and what beats what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from explorer.findings import Comparison, CompiledStep, Problem
from explorer.language import _
from explorer.pictures.rounds import beside

#: Points further out are told in words, relative to ``list``.
FAR_TIME, FAR_HELD = 1.9, 1.6


@dataclass(frozen=True)
class Point:
    """One way to write the block, or the residual block, relative to ``list``.

    Attributes:
        name: as the code calls it; ``compiled 0.25`` with its budget.
        held: bytes held for backward ÷ those of ``list``.
        time, low, high: median and middle half of step time ÷ that of ``list`` in the same round.
        rounds: how many.
        dense: whether it is the same function as ``list``.
    """

    name: str
    held: float
    time: float
    low: float
    high: float
    rounds: int
    dense: bool = True

    @property
    def quiet(self) -> bool:
        """Whether its middle half meets 1: then no difference was measured."""
        return self.low <= 1 <= self.high

    @property
    def far(self) -> bool:
        """Whether it lies outside the chart."""
        return self.time > FAR_TIME or self.held > FAR_HELD


@dataclass(frozen=True)
class Frontier:
    """All points with a time, and what has none.

    Attributes:
        points: in the order measured: implementations, budgets, residual blocks.
        missing: names of what was counted or asked for but not timed.
        problems: why, each reason once.
    """

    points: tuple[Point, ...]
    missing: tuple[str, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def shown(self) -> tuple[Point, ...]:
        """Those inside the chart."""
        return tuple(point for point in self.points if not point.far)

    @property
    def best(self) -> tuple[Point, ...]:
        """Of the same function, those that no other one beats in both, fastest first."""
        found: list[Point] = []
        for point in sorted(self.points, key=lambda each: (each.time, each.held)):
            if point.dense and (not found or point.held < found[-1].held):
                found.append(point)
        return tuple(found)

    @property
    def named(self) -> Point | None:
        """What the title names: the least held in less time than ``list``, and in less bytes; None if nothing is."""
        quicker = [point for point in self.best if point.high < 1 and point.held < 1 and not point.far]
        return min(quicker, key=lambda point: point.held, default=None)


def frontier_of(comparison: Comparison, compiled: Sequence[CompiledStep] = (), asked: Sequence[str] = ()) -> Frontier:
    """The points of what was measured.

    Args:
        comparison: with ``list`` among its steps.
        compiled: what has been compiled so far.
        asked: budgets that were asked for, measured or not.

    Raises:
        ValueError: ``comparison`` has no step of ``list``.
    """
    plain = next((step for step in comparison.steps if step.name == "list"), None)
    if plain is None:
        raise ValueError("no step of list to compare with")
    points, missing = [], []
    for step in comparison.steps:
        if step.milliseconds and plain.milliseconds:
            points.append(_point(step.name, step.kept_bytes, step.milliseconds, plain.milliseconds, plain.kept_bytes))
        else:
            missing.append(step.name)
    for one in compiled:
        name = compiled_name(one.budget)
        if one.milliseconds and one.beside:
            points.append(_point(name, one.kept_bytes, one.milliseconds, one.beside, plain.kept_bytes))
        else:
            missing.append(name)
    ready = {one.budget for one in compiled}
    missing += [compiled_name(budget) for budget in asked if budget not in ready]
    for step in comparison.residuals:
        if step.milliseconds and plain.milliseconds:
            taken = _point(
                _(step.name), step.kept_bytes, step.milliseconds, plain.milliseconds, plain.kept_bytes, False
            )
            points.append(taken)
        else:
            missing.append(step.name)
    why = [step.problem for step in (*comparison.steps, *comparison.residuals) if step.problem is not None]
    return Frontier(tuple(points), tuple(missing), tuple(dict.fromkeys(why)))


def compiled_name(budget: str) -> str:
    """``compiled 0.25``."""
    return _("compiled {budget}").format(budget=budget)


def _point(name: str, kept: int, taken: Sequence[float], others: Sequence[float], by: int, dense: bool = True) -> Point:
    time = beside(taken, others)
    assert time is not None, "a point has times"
    return Point(name, kept / by, time.median, time.q1, time.q3, len(taken), dense)
