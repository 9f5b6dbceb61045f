"""The weights of a whole network from a file: its size before it is read, then every name, shape and number."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping, Sequence
from functools import lru_cache, reduce
from pathlib import Path

import torch
from torch import Tensor

from explorer.blocks.network import build_network
from explorer.blocks.weights import from_torchvision, respelled, torchvision_name
from explorer.language import N_, Said, Text, reason, said
from explorer.measure.problems import StoppedError
from explorer.measure.weights_formats import named_tensors, refused
from explorer.spec import NETWORKS, DenseNetSpec, InputSpec, most_weight_bytes, shown
from explorer.theory.network import network_theory

FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
_COUNTER = "num_batches_tracked"  # a whole number, which older files lack
_NAME = 60  # characters of a name from a file that are repeated
_THIS = said("Choose a file of this network.")


def parameters_of(spec: DenseNetSpec) -> int:
    """Numbers in all parameters of ``spec``, by the closed form."""
    return network_theory(spec, InputSpec(1, 128, 128)).parameters  # of any image that six blocks leave something of


def weights_from_path(spec: DenseNetSpec, path: str) -> dict[str, Tensor]:
    """As :func:`weights_from_bytes`, of the file at ``path``, which is opened only if it is one and not too large.

    Raises:
        StoppedError: there is none, or it cannot be read, or is refused.
    """
    most = most_weight_bytes(parameters_of(spec))
    name = shown(Path(path).name or path, _NAME)
    try:
        found = Path(path).stat()
        if not stat.S_ISREG(found.st_mode):
            raise _no_file(name, found.st_mode)
        _check_size(spec, found.st_size)
        # It may be another one by now; one that never ends must not hold the process either.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(path, flags), "rb") as file:
            opened = os.fstat(file.fileno())
            if not stat.S_ISREG(opened.st_mode):
                raise _no_file(name, opened.st_mode)
            data = file.read(most + 1)
    except (OSError, ValueError) as error:  # ValueError: a path that cannot be one
        words = said("{name} cannot be read: {why}.", name=name, why=reason(error, said("it cannot be a path")))
        raise refused(words, said("Name a weights file that the server may read.")) from None
    return weights_from_bytes(spec, data)


def weights_from_bytes(spec: DenseNetSpec, data: bytes) -> dict[str, Tensor]:
    """Every parameter and buffer of ``spec`` under the names of our own modules, from the whole file ``data``.

    torchvision's names, in both spellings; any of :data:`FLOATS`; all values finite.

    Raises:
        StoppedError: the file is too large, cannot be read, or is not of this network; see
            :func:`explorer.measure.weights_formats.named_tensors`.
    """
    _check_size(spec, len(data))
    theirs = named_tensors(data, most=2 * len(_shapes(spec)) + 64)
    return checked(spec, theirs)


def checked(spec: DenseNetSpec, theirs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """``theirs``, under torchvision's names, under ours, if they are the weights of ``spec``.

    Raises:
        StoppedError: a name, a shape, a type or a value is not as it must be.
    """
    shapes = _shapes(spec)
    given = {respelled(name): name for name in theirs}
    missing = [name for name in shapes if name not in given and not name.endswith(_COUNTER)]
    twice = set(theirs) - set(given.values())  # in both spellings
    more = [*(original for name, original in given.items() if name not in shapes), *sorted(twice)]
    wrong = [
        said(
            "{name} is {size} instead of {expected}",
            name=shown(name, _NAME),
            size=_size(theirs[given[name]].shape),
            expected=_size(shape),
        )
        for name, shape in shapes.items()
        if name in given and tuple(theirs[given[name]].shape) != shape
    ]
    told = [
        *_count(missing, N_("{name} is missing"), N_("{count:,} are missing, the first is {name}")),
        *_count(more, N_("{name} is one too many"), N_("{count:,} are too many, the first is {name}")),
        *_shapes_told(wrong),
    ]
    if told:
        faults = reduce(lambda one, more: said("{one}; {more}", one=one, more=more), told)
        raise refused(said("These are not the weights of this network: {faults}.", faults=faults), _advice(spec, given))
    ours = {name: torchvision_name(spec, name) for name in _names(spec)}
    for name in ours.values():
        if name in given:
            _check_values(name, theirs[given[name]])
    return from_torchvision(spec, ours, theirs)


def _check_size(spec: DenseNetSpec, size: int) -> None:
    parameters = parameters_of(spec)
    most = most_weight_bytes(parameters)
    if size > most:
        words = said(
            "The file is {size} large; this network's weights take {usual} in float32, and up to {most} are read.",
            size=_mib(size),
            usual=_mib(4 * parameters),
            most=_mib(most),
        )
        raise refused(words, _THIS)
    if not size:
        raise refused(said("The file is empty."), _THIS)


def _mib(size: int) -> str:
    return f"{size / 2**20:,.1f} MiB"


def _no_file(name: str, mode: int) -> StoppedError:
    return refused(said("{name} is no file, but {kind}.", name=name, kind=_kind_of(mode)), said("Name a weights file."))


def _kind_of(mode: int) -> Said:
    kinds = ((stat.S_ISDIR, said("a folder")), (stat.S_ISFIFO, said("a pipe")), (stat.S_ISSOCK, said("a socket")))
    return next((word for is_kind, word in kinds if is_kind(mode)), said("a device"))


# --- what the network has --------------------------------------------------------------------------


@lru_cache(maxsize=8)
def _names(spec: DenseNetSpec) -> dict[str, tuple[int, ...]]:
    """Our name → shape of all parameters and buffers."""
    with torch.device("meta"):  # which holds no memory
        return {name: tuple(value.shape) for name, value in build_network(spec).state_dict().items()}


@lru_cache(maxsize=8)
def _shapes(spec: DenseNetSpec) -> dict[str, tuple[int, ...]]:
    """The same by torchvision's names."""
    return {torchvision_name(spec, name): shape for name, shape in _names(spec).items()}


# --- what is told of a file that does not fit --------------------------------------------------------


def _count(names: Sequence[str], one: str, many: str) -> list[Said]:
    if not names:
        return []
    values = (("count", len(names)), ("name", shown(names[0], _NAME)))
    return [Said(one if len(names) == 1 else many, values)]


def _shapes_told(wrong: Sequence[Said]) -> Sequence[Said]:
    if len(wrong) < 2:
        return wrong
    return [said("{count:,} of other shapes: {first}", count=len(wrong), first=wrong[0])]


def _size(shape: Sequence[int]) -> Text:
    sides = [f"{side:,}" for side in shape[:5]]
    return " × ".join([*sides, "…"] if len(shape) > 5 else sides) or said("a single number")


def _advice(spec: DenseNetSpec, names: Mapping[str, str]) -> Said:
    """Names the published network whose blocks the file has, where it is another one."""
    longest: dict[int, int] = {}
    for name in names:
        found = re.match(r"features\.denseblock(\d)\.denselayer(\d{1,3})\.", name)
        if found:
            block, layer = int(found[1]), int(found[2])
            longest[block] = max(longest.get(block, 0), layer)
    blocks = tuple(longest[block] for block in sorted(longest))
    if not blocks or blocks == spec.block_config:
        return _THIS
    known = [n for n, s in NETWORKS.items() if isinstance(s, DenseNetSpec) and s.block_config == blocks]
    theirs, ours = "-".join(map(str, blocks[:6])), "-".join(map(str, spec.block_config))
    if len(known) == 1:
        return said(
            "The file is of blocks {theirs}, as {known} has, and not of {ours}. {advice}",
            theirs=theirs,
            known=known[0],
            ours=ours,
            advice=_THIS,
        )
    return said("The file is of blocks {theirs} and not of {ours}. {advice}", theirs=theirs, ours=ours, advice=_THIS)


def _check_values(name: str, value: Tensor) -> None:
    told, dtype = shown(name, _NAME), str(value.dtype).removeprefix("torch.")
    if name.endswith(_COUNTER):
        if value.dtype.is_floating_point or value.dtype.is_complex:
            raise refused(
                said("{name} is of type {dtype} and should be a whole number.", name=told, dtype=dtype), _THIS
            )
        return
    if value.dtype not in FLOATS:
        words = said(
            "{name} is of type {dtype}; weights are read in float16, bfloat16, float32 and float64.",
            name=told,
            dtype=dtype,
        )
        raise refused(words, _THIS)
    if not bool(value.isfinite().all()):
        first: Text = "NaN" if bool(value.isnan().any()) else said("infinity")
        words = said("{name} holds {value}, so that no mean can be taken.", name=told, value=first)
        raise refused(words, said("Choose weights that are finite."))
