"""What a benchmark found: one row a quantity."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
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
