"""With which weights a whole network reads its sources: the feature-reuse heat map (Huang et al. 2017, figure 5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from explorer.spec import DenseNetSpec

#: Whose weights they are: freshly drawn, a person's file, the server's file, torchvision's published ones.
WeightOrigin = Literal["fresh", "upload", "server", "published"]
Follower = Literal["transition", "classifier"]


@dataclass(frozen=True)
class HeatBlock:
    """One Dense Block and what reads all of it.

    Attributes:
        columns: ``columns[ℓ − 1][s]`` is the mean of |w| over the weights with which Bottleneck ℓ's first convolution
            reads source s < ℓ; 0 is the block's input. One column more for the follower, which reads all sources.
        follower: what reads the block's output: a Transition's convolution, or, behind the last block, the classifier.
    """

    columns: tuple[tuple[float, ...], ...]
    follower: Follower

    @property
    def layers(self) -> int:
        """Bottlenecks of the block."""
        return len(self.columns) - 1

    def cells(self) -> Iterator[tuple[int, int, float]]:
        """(source, reader from 1, mean |w|), reader by reader; the follower is the reader ``layers`` + 1."""
        for reader, column in enumerate(self.columns, 1):
            for source, mean in enumerate(column):
                yield source, reader, mean


@dataclass(frozen=True)
class HeatMap:
    """All blocks of a network, first to last."""

    spec: DenseNetSpec
    origin: WeightOrigin
    blocks: tuple[HeatBlock, ...]
    kind: Literal["heat"] = field(default="heat", init=False)

    @property
    def largest(self) -> float:
        """The largest mean of all, at which the colours end."""
        return max(mean for block in self.blocks for column in block.columns for mean in column)

    @property
    def spread(self) -> float:
        """How unevenly a reader weighs its sources at most: (largest − smallest) ÷ mean of a column."""
        return max(_unevenness(column) for block in self.blocks for column in block.columns)


def _unevenness(column: tuple[float, ...]) -> float:
    mean = sum(column) / len(column)
    return (max(column) - min(column)) / mean if mean else 0.0
