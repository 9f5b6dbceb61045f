"""Times of two blocks that were run side by side, round by round."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Beside:
    """Times of a step relative to those of another one, round by round: median and middle half of the ratios."""

    median: float
    q1: float
    q3: float

    @property
    def is_different(self) -> bool:
        """Whether the middle half lies on one side of 1: else no difference was measured."""
        return self.q1 > 1 or self.q3 < 1


def beside(times: Sequence[float], others: Sequence[float]) -> Beside | None:
    """``times`` relative to ``others``, which were taken in the same rounds; None where there are none."""
    ratios = [one / other for one, other in zip(times, others, strict=True) if other > 0]
    if not ratios:
        return None
    if len(ratios) == 1:
        return Beside(ratios[0], ratios[0], ratios[0])
    q1, median, q3 = statistics.quantiles(ratios, n=4, method="inclusive")
    return Beside(median, q1, q3)
