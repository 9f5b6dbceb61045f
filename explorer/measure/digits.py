"""Images for stacks to learn: the 8×8 digits that ship with scikit-learn, or noise of that size."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from explorer.findings import Problem
from explorer.language import said
from explorer.measure.problems import StoppedError
from explorer.spec import CLASSES, COLOURS, SIDE, Data

TRAINING, HELD_BACK = 1437, 360


@dataclass(frozen=True)
class Images:
    """(N, 1, 8, 8) in float64, of mean 0 and standard deviation 1 over all, and their labels, (N,)."""

    training: tuple[Tensor, Tensor]
    held_back: tuple[Tensor, Tensor]


def images(data: Data) -> Images:
    """Always the same, in the same order.

    Raises:
        StoppedError: scikit-learn, which brings the digits, is not installed.
    """
    draw = torch.Generator().manual_seed(0)
    if data == "noise":
        count = TRAINING + HELD_BACK
        pictures = torch.randn((count, COLOURS, SIDE, SIDE), generator=draw, dtype=torch.float64)
        labels = torch.randint(CLASSES, (count,), generator=draw)
    else:
        pictures, labels = _digits()
    order = torch.randperm(len(pictures), generator=draw)
    first, rest = order[:TRAINING], order[TRAINING:]
    return Images((pictures[first], labels[first]), (pictures[rest], labels[rest]))


def _digits() -> tuple[Tensor, Tensor]:
    try:
        from sklearn.datasets import load_digits
    except ModuleNotFoundError:
        problem = Problem(
            "failed", said("The digits come with scikit-learn, which is not installed"), said("Choose noise.")
        )
        raise StoppedError(problem) from None
    found = load_digits()
    pictures = torch.tensor(found.images, dtype=torch.float64).unsqueeze(1)
    return (pictures - pictures.mean()) / pictures.std(), torch.tensor(found.target)
