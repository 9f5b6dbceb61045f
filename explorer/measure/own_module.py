"""A person's own module, imported, built and traced: ``python -m explorer.measure.own_module ASKED FOUND``.

It runs in a process of its own, which imports code that is not ours. ASKED names a JSON file of what to run, FOUND one
that is written: the fields of :class:`explorer.findings.Trace`, or ``problem``.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import nn

from explorer.findings import Trace, to_builtins
from explorer.measure.apart import end_with_parent
from explorer.measure.trace import trace
from explorer.measure.worker import prepare
from explorer.memory import limit_memory
from explorer.spec.own import IMAGE


class _Told(Exception):
    """What went wrong, in one sentence for a person."""


def trace_named(target: str, shape: tuple[int, ...] | None) -> Trace:
    """Traces what ``target`` is or gives, on random numbers of ``shape``.

    Args:
        target: ``package.module:Name`` of a module, or of what gives one, alone or with an example input.
        shape: of the input; None for that example, or :data:`explorer.spec.own.IMAGE`.

    Raises:
        _Told: anything of it failed.
    """
    module, example = _built(target)
    torch.manual_seed(0)
    if shape is not None or example is None:
        first = next((one for one in module.parameters() if one.is_floating_point()), torch.empty(0))
        example = torch.randn(shape or IMAGE, device=first.device).to(first.dtype)
        given = " × ".join(map(str, shape or IMAGE))
    else:
        given = "its own example"
    with _telling(f"Its forward, on an input of {given}, raised"):
        return trace(module, example)


def _built(target: str) -> tuple[nn.Module, Any]:
    """The module, and the example input that comes with it, if any."""
    name, _, path = target.partition(":")
    with _telling(f"{name} cannot be imported:"):
        thing: Any = importlib.import_module(name)
    for part in path.split("."):
        if not hasattr(thing, part):
            raise _Told(f"{name} has no {path}.")
        thing = getattr(thing, part)
    example = None
    if not isinstance(thing, nn.Module):
        if not callable(thing):
            raise _Told(f"{target} is of type {type(thing).__name__}: neither a torch.nn.Module nor what gives one.")
        torch.manual_seed(0)
        with _telling(f"{target} raised"):
            thing = thing()
    if isinstance(thing, tuple | list) and len(thing) == 2:
        thing, example = thing
    if not isinstance(thing, nn.Module):
        raise _Told(f"{target} gives an object of type {type(thing).__name__}, and no torch.nn.Module.")
    return thing, example


@contextlib.contextmanager
def _telling(start: str) -> Iterator[None]:
    """Whatever is raised within is told after ``start``, SystemExit too."""
    try:
        yield
    except BaseException as error:
        first = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
        kind = type(error).__name__
        raise _Told(f"{start} {kind}: {first[:200].rstrip('.')}." if first else f"{start} {kind}.") from None


def answered(find: Callable[[], object]) -> dict[str, Any]:
    """What ``find`` finds, or ``problem``; never raises."""
    try:
        # What that code prints belongs to nobody here.
        with contextlib.redirect_stdout(sys.stderr):
            told: dict[str, Any] = to_builtins(find())
    except _Told as problem:
        told = {"problem": str(problem)}
    except BaseException as error:
        told = {"problem": f"Following it failed ({type(error).__name__}: {str(error)[:200]})."}
    return told


def main(asked: Path, found: Path) -> None:
    """Reads what was asked for and writes what was found; never raises."""
    question = json.loads(asked.read_text(encoding="utf-8"))
    end_with_parent()
    sys.path.insert(0, str(Path.cwd()))
    prepare()
    limit_memory(question["memory_bytes"])
    shape = question["shape"]
    told = answered(lambda: trace_named(question["target"], None if shape is None else tuple(shape)))
    found.write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
