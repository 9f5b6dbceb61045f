"""A person's own module, run once and followed: what it concatenates, out of what, and what its step costs.

The module itself never runs: a copy of it does, so that modes, gradients, statistics, generators and whatever else it
keeps are afterwards what they were.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeCopyMode, FakeTensorMode
from torch.nn.parameter import is_lazy
from torch.utils._pytree import tree_leaves, tree_map

from explorer.findings import INPUT, Trace
from explorer.language import Said, said
from explorer.measure.device import describe
from explorer.measure.problems import first_line, is_out_of_memory
from explorer.measure.purpose import Role
from explorer.measure.saved import SavedBytes
from explorer.measure.sources import Sources
from explorer.measure.track import StepTracker, own_tensors

_OTHER = Role("other", 0, False)
_SHARE = 0.5  # of the memory that is free: beyond it the copy runs on tensors that hold none
_aten = torch.ops.aten


class NotFollowed(TypeError):
    """A module or an input that cannot be followed; the text is a sentence in the language of whoever reads it."""

    def __init__(self, told: Said) -> None:
        self.told = told
        super().__init__(told)


class _TooLarge(Exception):
    """More is alive than may be held."""


def trace(module: nn.Module, example_input: Any) -> Trace:
    """Runs a copy of ``module`` once and follows every channel that it concatenates.

    In training mode a whole step is followed (loss = the sum of all outputs), else a forward pass without gradients.
    What would not fit into the memory that is free runs on tensors that hold none.

    Args:
        module: any module; it is left as it was.
        example_input: a tensor, a tuple of arguments, or a dict of arguments by name; on the module's device.

    Raises:
        TypeError: ``module`` is no ``torch.nn.Module`` or cannot be copied, or ``example_input`` holds no tensor.
        Exception: whatever the module's forward raises.
    """
    if not isinstance(module, nn.Module):
        raise NotFollowed(said("module must be a torch.nn.Module, not a {kind}.", kind=type(module).__name__))
    module = getattr(
        module, "_orig_mod", module
    )  # what was compiled runs as it was written, so that it can be followed
    tensors = [leaf for leaf in tree_leaves(example_input) if isinstance(leaf, Tensor)]
    if not tensors:
        raise NotFollowed(
            said("example_input must be a tensor, or a tuple or dict of arguments with tensors among them.")
        )
    device = tensors[0].device
    free = describe(device).free_bytes
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        try:
            block = _copy_of(module)
            _give_shapes(block, example_input)
            run = _Run(block, tree_map(_copied, example_input), int(free * _SHARE) if free else None)
            return run.found(str(device))
        except (_TooLarge, RuntimeError, MemoryError) as error:
            if not isinstance(error, _TooLarge) and not is_out_of_memory(error):
                raise
        fakes = FakeTensorMode()
        with FakeCopyMode(fakes):
            block = _copy_of(module)
        example = tree_map(
            lambda one: fakes.from_tensor(one.detach()) if isinstance(one, Tensor) else one, example_input
        )
        with fakes:
            return _Run(block, example, None).found(str(device), fake=True)


def _copy_of(module: nn.Module) -> nn.Module:
    try:
        return copy.deepcopy(module)
    except Exception as error:
        if is_out_of_memory(error):
            raise
        # Running the module itself would leave traces in it that nobody could take back.
        told = said("module cannot be copied ({kind}: {fault}).", kind=type(error).__name__, fault=first_line(error))
        raise NotFollowed(told) from error


def _give_shapes(block: nn.Module, example: Any) -> None:
    """Runs a copy once that has lazy parameters, which have no shapes before."""
    if any(is_lazy(one) for one in own_tensors(block)):
        with torch.no_grad():
            _called(block, tree_map(_copied, example))


def _called(block: nn.Module, example: Any) -> Any:
    if isinstance(example, Mapping):
        return block(**example)
    if isinstance(example, tuple | list):
        return block(*example)
    return block(example)


def _copied(one: Any) -> Any:
    return one.detach().clone().requires_grad_(one.requires_grad) if isinstance(one, Tensor) else one


class _Run:
    """One run of a copy, which it may change as it likes.

    Args:
        block: the copy.
        example: what it is given, and given up with it.
        limit: how many bytes may be alive; None for any number.
    """

    def __init__(self, block: nn.Module, example: Any, limit: int | None) -> None:
        self._block, self._example, self._limit = block, example, limit

    def found(self, device: str, fake: bool = False) -> Trace:
        """Runs it.

        Raises:
            _TooLarge: more than the limit was alive.
            Exception: whatever the forward raises.
        """
        block = self._block
        inputs = [one for one in tree_leaves(self._example) if isinstance(one, Tensor)]
        shapes = tuple(tuple(one.shape) for one in inputs)
        floating = next((one.dtype for one in inputs if one.is_floating_point()), torch.float32)
        trains = block.training and any(one.requires_grad for one in (*block.parameters(), *inputs))
        sources = Sources(block, _named(self._example))
        tracker = _Tracker(block, inputs, sources, self._limit)
        saved = SavedBytes(block, floating)
        del inputs
        for parameter in block.parameters():
            parameter.grad = None
        with ExitStack() as stack:
            stack.enter_context(torch.set_grad_enabled(trains))
            stack.enter_context(sources.watching(block))
            if trains:
                stack.enter_context(saved.watching())
            with tracker.forward():
                out = self._run()
                loss = _summed(out) if trains else None
        output_shapes = tuple(tuple(one.shape) for one in tree_leaves(out) if isinstance(one, Tensor))
        del out
        kept = None
        if trains and loss is None:
            sources.note(said("No output takes part in training, so no backward pass was run."))
        if loss is not None:
            kept = tracker.live_bytes - sum(map(_nbytes, own_tensors(block))) - _nbytes(loss)
            with sources.watching(block, again=True), tracker.backward():
                loss.backward()  # type: ignore[no-untyped-call]  # torch's own
            del loss
        if block.training and not trains:
            sources.note(said("Nothing in it asks for a gradient, so only a forward pass was run."))
        if not output_shapes:
            sources.note(said("Its output holds no tensor that could be found."))
        concatenations, found, told = sources.result()
        return Trace(
            name=type(block).__name__,
            input_shapes=shapes,
            output_shapes=output_shapes,
            training=kept is not None,
            device=device,
            torch=str(torch.__version__),
            fake=fake,
            parameters=sum(one.numel() for one in block.parameters()),
            macs=tracker.macs,
            saved_bytes=None if kept is None else saved.saved,
            kept_bytes=kept,
            peak_bytes=tracker.timeline().peak_bytes,
            sources=found,
            concatenations=concatenations,
            told=told,
        )

    def _run(self) -> Any:
        """The output; from now on, only the module holds what it was given."""
        example, self._example = self._example, None
        return _called(self._block, example)


class _Tracker(StepTracker):  # type: ignore[no-untyped-call]  # torch's base is untyped
    """Follows the channels of a forward pass besides its bytes."""

    def __init__(self, block: nn.Module, inputs: Sequence[Tensor], sources: Sources, limit: int | None) -> None:
        self._limit: int | None = None  # while what is there already is counted
        # The tracker counts the maps of a block by those of its input; of these counts none is asked for here.
        whole = next((one for one in inputs if one.dim() > 1 and one.numel()), None)
        super().__init__(block, (), inputs[0].new_empty((1, 1)) if whole is None else whole)
        self._followed = sources
        self._roles = _Roles(sources)  # type: ignore[assignment]  # what purposes its tensors have is not asked
        for one in inputs:
            self._hold(one, INPUT, _OTHER, 0)
        self._limit = limit

    def _hold(self, tensor: Tensor, band: int, role: Role, step: int) -> None:
        super()._hold(tensor, band, role, step)
        if self._limit is not None and self.live_bytes > self._limit:
            raise _TooLarge

    def _trace(self, func: Any, args: Sequence[Any], made: Sequence[Tensor]) -> None:
        self._followed.follow(func, args, made)


class _Roles:
    """In the place of the roles that a block's tensors have: only that a storage is gone is passed on."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def know(self, key: int, role: Role) -> None:
        """Nothing is asked of it later."""

    def forget(self, key: int) -> None:
        self._sources.forget(key)

    def of(
        self, func: Any, args: Any, kwargs: Any, made: Sequence[Tensor], layer: int, in_backward: bool
    ) -> list[Role]:
        return [_OTHER] * len(made)


def _named(example: Any) -> Iterator[tuple[str, Tensor]]:
    """(what it is called, tensor) of each in an example input."""
    if isinstance(example, Tensor):
        yield "input", example
        return
    items = example.items() if isinstance(example, Mapping) else enumerate(example, 1)
    for name, one in items:
        leaves = [leaf for leaf in tree_leaves(one) if isinstance(leaf, Tensor)]
        for number, leaf in enumerate(leaves, 1):
            yield f"input {name}" + (f".{number}" if len(leaves) > 1 else ""), leaf


def _summed(out: Any) -> Tensor | None:
    """The sum of all outputs that training could reach; None where there is none."""
    reached = [one.sum() for one in tree_leaves(out) if isinstance(one, Tensor) and one.requires_grad]
    return torch.stack(reached).sum() if len(reached) > 1 else next(iter(reached), None)


def _nbytes(tensor: Tensor) -> int:
    nbytes: int = tensor.untyped_storage().nbytes()
    return nbytes
