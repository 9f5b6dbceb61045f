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
from explorer.language import N_, Said, said
from explorer.measure.apart import end_with_parent
from explorer.measure.trace import NotFollowed, trace
from explorer.measure.worker import prepare
from explorer.memory import limit_memory
from explorer.spec.own import IMAGE


class _Told(Exception):
    """What went wrong, in one sentence for a person."""

    def __init__(self, told: Said) -> None:
        self.told = told
        super().__init__(told)


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
        template = N_("Its forward, on an input of {given}, raised {fault}.")
    else:
        given = ""
        template = N_("Its forward, on an input of its own example, raised {fault}.")
    with _telling(template, given=given):
        return trace(module, example)


def _built(target: str) -> tuple[nn.Module, Any]:
    """The module, and the example input that comes with it, if any."""
    name, _, path = target.partition(":")
    with _telling(N_("{name} cannot be imported: {fault}."), name=name):
        thing: Any = importlib.import_module(name)
    for part in path.split("."):
        if not hasattr(thing, part):
            raise _Told(said("{name} has no {path}.", name=name, path=path))
        thing = getattr(thing, part)
    example = None
    if not isinstance(thing, nn.Module):
        if not callable(thing):
            raise _Told(
                said(
                    "{target} is of type {kind}: neither a torch.nn.Module nor what gives one.",
                    target=target,
                    kind=type(thing).__name__,
                )
            )
        torch.manual_seed(0)
        with _telling(N_("{target} raised {fault}."), target=target):
            thing = thing()
    if isinstance(thing, tuple | list) and len(thing) == 2:
        thing, example = thing
    if not isinstance(thing, nn.Module):
        raise _Told(
            said(
                "{target} gives an object of type {kind}, and no torch.nn.Module.",
                target=target,
                kind=type(thing).__name__,
            )
        )
    return thing, example


@contextlib.contextmanager
def _telling(template: str, **values: str) -> Iterator[None]:
    """Whatever is raised within is told in ``template`` as its ``fault``, SystemExit too."""
    try:
        yield
    except NotFollowed as problem:
        raise _Told(problem.told) from None
    except BaseException as error:
        first = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
        kind = type(error).__name__
        fault = f"{kind}: {first[:200].rstrip('.')}" if first else kind
        raise _Told(Said(template, (*values.items(), ("fault", fault)))) from None


def answered(find: Callable[[], object]) -> dict[str, Any]:
    """What ``find`` finds, or ``problem``; never raises."""
    try:
        # What that code prints belongs to nobody here.
        with contextlib.redirect_stdout(sys.stderr):
            told: dict[str, Any] = to_builtins(find())
    except _Told as problem:
        told = {"problem": to_builtins(problem.told)}
    except BaseException as error:
        fault = f"{type(error).__name__}: {str(error)[:200]}"
        told = {"problem": to_builtins(said("Following it failed ({fault}).", fault=fault))}
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
