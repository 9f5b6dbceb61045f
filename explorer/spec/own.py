"""A module of a person's own: where its code is, and what it is run on."""

from __future__ import annotations

import re
from dataclasses import dataclass

from explorer.language import said
from explorer.spec.domains import SpecError

#: ``package.module:Name``.
TARGET = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")
_SHAPE = re.compile(r"[1-9][0-9]{0,5}(,[1-9][0-9]{0,5}){1,5}", re.ASCII)
IMAGE = (1, 3, 224, 224)  # what it is run on where nothing is said


@dataclass(frozen=True)
class OwnModule:
    """What to import and run. Made by :func:`own_module`, which checks it.

    Attributes:
        target: ``package.module:Name`` of a ``torch.nn.Module``, or of what gives one, alone or with an example input.
        shape: of the input, (N, C, H, W); None for the example that ``target`` gives, else :data:`IMAGE`.
        folder: the folder that it is imported from.
    """

    target: str
    shape: tuple[int, ...] | None
    folder: str


def own_module(target: str, shape: str | None, folder: str) -> OwnModule:
    """``target`` and ``shape`` (``1,3,224,224``) as a person writes them.

    Raises:
        SpecError: one of them is not so.
    """
    if not TARGET.fullmatch(target):
        raise SpecError("module", target, "package.module:Name")
    if shape and not _SHAPE.fullmatch(shape):
        raise SpecError("input", shape, said("sizes such as 1,3,224,224"))
    return OwnModule(target, tuple(map(int, shape.split(","))) if shape else None, folder)
