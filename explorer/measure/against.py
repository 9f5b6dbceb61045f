"""A team's own block, called, run and counted: ``python -m explorer.measure.against ASKED FOUND``.

It runs in a process of its own, which imports code that is not ours. ASKED names a JSON file of what to call, FOUND
one that is written: the fields of :class:`explorer.findings.OwnBlock`, or ``problem``.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import inspect
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from explorer.findings import OwnBlock, to_builtins
from explorer.language import Said, Text, said
from explorer.measure.apart import end_with_parent
from explorer.measure.live import default_dtype
from explorer.measure.saved import SavedBytes

NAMED = ("in_channels", "growth_rate", "layers")


class _AskedWrongly(Exception):
    """What was asked for cannot be called; the text is one sentence for a person."""

    def __init__(self, told: Said) -> None:
        self.told = told
        super().__init__(told)


class _Concatenations(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's base is untyped
    """Notes the channels of every concatenation of several maps."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch's base is untyped
        self.widths: list[int] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        if func is torch.ops.aten.cat.default and out.dim() == 4:
            dim = (args[1] if len(args) > 1 else (kwargs or {}).get("dim", 0)) % 4
            if dim == 1 and sum(tensor.numel() > 0 for tensor in args[0]) > 1:
                self.widths.append(int(out.shape[1]))
        return out


def look_at(
    target: str, args: Sequence[int] | None, named: Mapping[str, int], shape: Sequence[int], dtype: str
) -> OwnBlock:
    """Calls ``target`` and runs a training step's forward of what it gives.

    Args:
        target: ``package.module:Name``, found from the folder that the command runs in.
        args: what it is called with; None for those of ``named`` that its signature has.
        named: ``in_channels``, ``growth_rate``, ``layers``.
        shape: (N, c0, H, W) of the input.
        dtype: torch's name of its type.

    Raises:
        Exception: whatever that code raises.
    """
    module_name, _, name = target.partition(":")
    thing = importlib.import_module(module_name)
    for part in name.split("."):
        thing = getattr(thing, part)
    torch.manual_seed(0)
    with default_dtype(getattr(torch, dtype)):
        block = _called(thing, args, named)
    if not isinstance(block, nn.Module):
        raise _AskedWrongly(
            said("It gives an object of type {kind}, and no torch.nn.Module.", kind=type(block).__name__)
        )
    block = block.to("cpu", getattr(torch, dtype)).train()
    x = torch.randn(tuple(shape), generator=torch.Generator().manual_seed(0)).to(getattr(torch, dtype))
    saved, seen = SavedBytes(block, x.dtype), _Concatenations()
    with saved.watching(), seen:
        out = block(x)
    if not isinstance(out, Tensor):
        raise _AskedWrongly(said("Its forward gives an object of type {kind}, and no tensor.", kind=type(out).__name__))
    parameters = sum(parameter.numel() for parameter in block.parameters())
    return OwnBlock(tuple(out.shape), parameters, tuple(seen.widths), saved.saved)


def _called(thing: Any, args: Sequence[int] | None, named: Mapping[str, int]) -> Any:
    if not callable(thing):
        raise _AskedWrongly(said("It is of type {kind}, which cannot be called.", kind=type(thing).__name__))
    if args is not None:
        return thing(*args)
    signature = inspect.signature(thing).parameters
    given = {name: named[name] for name in NAMED if name in signature}
    needed = [
        one.name
        for one in signature.values()
        if one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD) and one.name not in given
    ]
    if needed:
        raise _AskedWrongly(said("It needs {names}; say with args=… what to call it with.", names=", ".join(needed)))
    return thing(**given)


def _sentence(error: BaseException) -> Text:
    if isinstance(error, _AskedWrongly):
        return error.told
    first = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return f"{type(error).__name__}: {first[:200]}" if first else type(error).__name__


def main(asked: Path, found: Path) -> None:
    """Reads what was asked for and writes what was found; never raises."""
    end_with_parent()
    try:
        sys.path.insert(0, str(Path.cwd()))
        # What that code prints belongs to nobody here.
        with contextlib.redirect_stdout(sys.stderr):
            told: dict[str, Any] = dataclasses.asdict(look_at(**json.loads(asked.read_text(encoding="utf-8"))))
    except BaseException as error:  # SystemExit, too
        told = {"problem": to_builtins(_sentence(error))}
    found.write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
