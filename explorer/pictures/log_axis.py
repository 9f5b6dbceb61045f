"""A logarithmic axis of ratios around 1: its range, its decades, and how they are written."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from explorer.findings.gradients import Spread
from explorer.pictures.gradient_words import power


@dataclass(frozen=True)
class LogAxis:
    """From 10^low to 10^high, 1 always within."""

    low: float
    high: float

    @classmethod
    def over(cls, spreads: Iterable[Spread]) -> LogAxis:
        """With room for every seed of ``spreads``, and never less than two decades."""
        low, high = 0.0, 0.0
        for spread in spreads:
            if spread.low > 0:
                low, high = min(low, math.log10(spread.low)), max(high, math.log10(spread.high))
        room = 0.05 * (high - low)
        low, high = min(low - room, -0.3), max(high + room, 0.5)
        return cls(low - 0.4, high + 0.4) if high - low < 2 else cls(low, high)

    def place(self, value: float) -> float:
        """Where ``value`` lies: 0 at the low end, 1 at the high one; what is below, or nothing, at 0."""
        if value <= 0:
            return 0.0
        return max(0.0, (math.log10(value) - self.low) / (self.high - self.low))

    def decades(self, most: int = 10) -> Iterator[int]:
        """Exponents of the gridlines, ``most`` of them at most, 0 among them."""
        step = next(step for step in (1, 2, 5, 10, 20, 50, 100, 200) if (self.high - self.low) / step <= most)
        yield from range(math.ceil(self.low / step) * step, math.floor(self.high) + 1, step)


def decade(exponent: int) -> str:
    """``1×``, ``100``, ``10⁵``."""
    if exponent == 0:
        return "1×"
    return f"{10**exponent:,}" if 0 < exponent < 4 else power(exponent)
