"""What a view selects, taken apart."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Selection:
    """A Bottleneck (``layer``), a ``source``, both for one slice, a residual ``unit``, or nothing."""

    layer: int | None = None
    source: int | None = None
    unit: int | None = None

    def fits(self, layers: int) -> bool:
        """Whether a block of ``layers`` Bottlenecks has it; how many units there are, the counterpart says."""
        if self.unit is not None:
            return self.unit <= 64
        if self.source is not None and self.layer is not None:
            return self.source < self.layer <= layers  # a Bottleneck reads only sources before it
        return (self.layer or self.source or 0) <= layers


def selection(text: str | None) -> Selection:
    """``layer-4``, ``source-2``, ``2-4`` or ``unit-3``, as :class:`explorer.spec.ViewSpec` allows them."""
    if not text:
        return Selection()
    kind, _, number = text.partition("-")
    if kind.isdigit():
        return Selection(source=int(kind), layer=int(number))
    return Selection(**{kind: int(number)})
