"""What a benchmark found: one row a quantity."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class BenchRow:
    """The median of ``runs`` measurements and their smallest and largest, in ``unit``."""

    name: str
    median: float
    low: float
    high: float
    unit: str
    runs: int


@dataclass(frozen=True)
class NotMeasured:
    """A quantity that was not measured, and why, in words without a full stop."""

    name: str
    reason: str


Row = BenchRow | NotMeasured


def row(name: str, values: Sequence[float], unit: str) -> BenchRow:
    """``values``, at least one, as a row."""
    return BenchRow(name, statistics.median(values), min(values), max(values), unit, len(values))


def percentiles(name: str, seconds: Sequence[float]) -> Iterator[BenchRow]:
    """All of ``seconds`` as a row, and the 95th percentile of them as another, in milliseconds."""
    ordered = sorted(1e3 * value for value in seconds)
    yield row(name, ordered, "ms")
    yield row(f"{name}, 95th percentile", [ordered[round(0.95 * (len(ordered) - 1))]], "ms")
