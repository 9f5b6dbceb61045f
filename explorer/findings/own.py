"""What running a team's own block gave, to be compared with the one that a document tells of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class OwnBlock:
    """Counts of one forward in training mode.

    Attributes:
        output_shape: (N, C, H, W).
        parameters: numbers in all of its parameters.
        concatenations: channels after each concatenation of several maps, in order.
        saved_bytes: what autograd kept for backward, parameters and buffers left out.
    """

    output_shape: tuple[int, ...]
    parameters: int
    concatenations: tuple[int, ...]
    saved_bytes: int
