"""torchvision's names for the parameters and buffers of the same networks, so that its weight files load strictly.

Files of DenseNets were saved under two spellings, ``denselayer1.norm.1.weight`` before 2018 and
``denselayer1.norm1.weight`` since; both are read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeVar

from explorer.language import said
from explorer.spec import DenseNetSpec, NetworkSpec, SpecError

T = TypeVar("T")

_DENSE = (
    (r"stem\.conv\.", "features.conv0."),
    (r"stem\.bn\.", "features.norm0."),
    (r"blocks\.(\d+)\.denseblock\.(\d+)\.bn(\d)\.", r"features.denseblock{0}.denselayer{1}.norm{2}."),
    (r"blocks\.(\d+)\.denseblock\.(\d+)\.conv(\d)\.", r"features.denseblock{0}.denselayer{1}.conv{2}."),
    (r"transitions\.(\d+)\.bn\.", "features.transition{0}.norm."),
    (r"transitions\.(\d+)\.conv\.", "features.transition{0}.conv."),
    (r"bn\.", "features.norm{last}."),
    (r"classifier\.", "classifier."),
)
_RESIDUAL = (
    (r"stem\.conv\.", "conv1."),
    (r"stem\.bn\.", "bn1."),
    (r"stages\.(\d+)\.(\d+)\.proj\.(\d)\.", "layer{0}.{1}.downsample.{2}."),
    (r"stages\.(\d+)\.(\d+)\.((?:conv|bn)\d)\.", "layer{0}.{1}.{2}."),
    (r"classifier\.", "fc."),
)


def torchvision_name(spec: NetworkSpec, name: str) -> str:
    """What torchvision calls our ``name``.

    Raises:
        KeyError: the networks have no such parameter or buffer.
    """
    dense = isinstance(spec, DenseNetSpec)
    for pattern, theirs in _DENSE if dense else _RESIDUAL:
        found = re.match(pattern, name)
        if found is None:
            continue
        numbers = list(found.groups())
        for place in range(min(2 if dense else 1, len(numbers))):
            numbers[place] = str(int(numbers[place]) + 1)  # theirs count blocks, and a block's layers, from 1
        last = len(spec.block_config) + 1 if isinstance(spec, DenseNetSpec) else 0
        return theirs.format(*numbers, last=last) + name[found.end() :]
    raise KeyError(name)


def respelled(theirs: str) -> str:
    """torchvision's name as it is spelled today, however old the file is that it is from."""
    return re.sub(r"(norm|conv)\.(\d)\.", r"\1\2.", theirs)


def from_torchvision(spec: NetworkSpec, ours: Mapping[str, object], theirs: Mapping[str, T]) -> dict[str, T]:
    """``theirs``, a state under torchvision's names, under those of ``ours``, a state of the same network.

    Raises:
        SpecError: a name is missing or one too many.
    """
    given = {respelled(name): value for name, value in theirs.items()}
    names = {name: torchvision_name(spec, name) for name in ours}
    missing = [name for name in names.values() if name not in given and not name.endswith("num_batches_tracked")]
    more = sorted(given.keys() - set(names.values()))
    if missing or more:
        words = (
            said("those of this network ({name} is missing)", name=missing[0])
            if missing
            else said("those of this network ({name} is one too many)", name=more[0])
        )
        raise SpecError("weights", f"{len(given)} names", words)
    return {name: given[theirs_name] for name, theirs_name in names.items() if theirs_name in given}


def to_torchvision(spec: NetworkSpec, ours: Mapping[str, T]) -> dict[str, T]:
    """A state of ours under torchvision's names."""
    return {torchvision_name(spec, name): value for name, value in ours.items()}
