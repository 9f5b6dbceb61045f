"""Watches every operator of a step: live bytes, concatenations and additions, multiply-accumulates.

Concatenation, addition and the functional ReLU are invisible to module hooks; a dispatch mode sees
all that runs, autograd's own operators included. It counts storages, not tensors, so a view costs
nothing and an in-place operator adds nothing, and it learns of a storage's end from a weak reference.
What an operator uses inside itself and gives back before it returns (a library's workspace) is not a
tensor and is not seen.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from explorer.blocks.marks import PREFIX
from explorer.findings import GRADIENTS, INPUT, OWN, Join, StepTrack, Timeline
from explorer.measure.purpose import Role, Roles

_JOINS = {
    torch.ops.aten.cat.default: "cat",
    torch.ops.aten.add.Tensor: "add",
    torch.ops.aten.add_.Tensor: "add",
}

_NEVER = 1 << 62  # later than any step
_GONE = 5  # the place of ``gone`` in a life

_ENTER = torch.ops.profiler._record_function_enter_new.default
_MARKS = (_ENTER, torch.ops.profiler._record_function_exit._RecordFunction)


def storage_key(tensor: Tensor) -> int:
    """Which storage ``tensor`` lives in; unique among the storages alive."""
    return int(tensor.untyped_storage()._cdata)


def counted_bytes(tensor: Tensor, widest: int | None = None) -> int:
    """Bytes of the storage of ``tensor``; of its numbers no more than ``widest`` each, if they are no whole ones."""
    nbytes = tensor.untyped_storage().nbytes()
    if widest is None or not tensor.dtype.is_floating_point or tensor.dtype.itemsize <= widest:
        return nbytes
    return nbytes * widest // tensor.dtype.itemsize


def own_tensors(module: nn.Module) -> list[Tensor]:
    """Parameters and buffers of ``module``."""
    return [*module.parameters(), *module.buffers()]


def _asked_for(args: Sequence[Any], out: Any) -> Any:
    """The results that autograd asked for by an output mask, an operator's last argument; all without one.

    A real kernel leaves the others out, a fake one makes them all the same.
    """
    mask = args[-1] if args else None
    if not isinstance(out, tuple) or not isinstance(mask, list) or len(mask) != len(out):
        return out
    if not all(isinstance(asked, bool) for asked in mask):  # a pooling's padding
        return out
    return [one for one, asked in zip(out, mask, strict=True) if asked]


class StepTracker(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's base is untyped
    """Follows one step of ``block``, whose units are ``units``, on the input ``x``.

    ``widest``: bytes that a number which is no whole one counts as at most; None counts what there is.

    Use it as a context around the forward pass, and around the backward pass with
    :meth:`backward`; between two contexts it keeps its counts but sees no operator.

    Attributes:
        macs: multiply-accumulates of the forward pass so far, by torch's own formulas.
        live_bytes: of all storages alive now: parameters, buffers and input, and what the step has made.
        joins: concatenations and additions of maps, in the order in which they ran.
    """

    def __init__(self, block: nn.Module, units: Sequence[nn.Module], x: Tensor, widest: int | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch's base is untyped
        self.macs = self.live_bytes = 0
        self.joins: list[Join] = []
        self._units, self._widest = units, widest
        self._layer = 0
        self._marks: list[
            int | None
        ] = []  # of the marks entered and not left: the layer that ran before, None of others'
        self._in_backward = False
        self._begun: list[tuple[int, int]] = []  # (autograd's sequence number, layer) whenever a layer began
        self._ops: list[str] = []
        self._layers: list[int] = []
        self._changes: dict[tuple[int, int], int] = {}
        self._backward_from: int | None = None
        self._freed: list[tuple[int, int, list[int]]] = []  # (band, bytes, life) gone since the last operator
        self._lives: list[list[int]] = []  # as explorer.findings.Life, in the order in which they were born
        self._roles = Roles(x)
        self._channel_bytes = x.numel() // x.shape[1] * x.element_size()
        self._alive: dict[int, weakref.ref[Any]] = {}
        self._sources: dict[int, tuple[int, ...]] = {}
        for tensor in own_tensors(block):
            self._hold(tensor, OWN, Role("own", 0, False), step=0)
        self._hold(x, INPUT, Role("input", 0, True), step=0)
        self._sources[storage_key(x)] = (0,)

    @contextmanager
    def forward(self) -> Iterator[None]:
        """Tracks the forward pass; operators are attributed to the unit that runs."""
        with ExitStack() as stack:
            for number, unit in enumerate(self._units, 1):
                stack.enter_context(_Hook(unit.register_forward_pre_hook(self._enter(number))))
                stack.enter_context(_Hook(unit.register_forward_hook(self._leave)))
            with self:
                yield

    @contextmanager
    def backward(self) -> Iterator[None]:
        """Tracks the backward pass; what it makes counts as gradients."""
        self._backward_from, self._in_backward = len(self._ops) + 1, True
        with self:
            yield

    def track(self, kept_bytes: int) -> StepTrack:
        """Every storage of the step so far; ``kept_bytes`` were alive between forward and backward."""
        self._end()
        end = len(self._ops) + 1
        lives = tuple((a, b, c, d, born, min(gone, end), start) for a, b, c, d, born, gone, start in self._lives)
        first = self._backward_from or end
        return StepTrack(tuple(self._ops), tuple(self._layers), first, self._channel_bytes, kept_bytes, lives)

    def timeline(self) -> Timeline:
        """Live bytes after every operator so far. What was freed since the last one ends the step."""
        self._end()
        changes = tuple((step, band, n) for (step, band), n in sorted(self._changes.items()) if n)
        gained = [0] * (len(self._ops) + 1)
        for step, _, n in changes:
            gained[step] += n
        total = peak = peak_step = 0
        for step, n in enumerate(gained):
            total += n
            if total > peak:
                peak, peak_step = total, step
        backward_from = self._backward_from or len(self._ops) + 1
        return Timeline(tuple(self._ops), tuple(self._layers), changes, backward_from, peak, peak_step)

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        if func in _MARKS:
            self._mark(args[0] if func is _ENTER else None)
            return out
        if func.is_view:  # a view or a detached alias: no memory, nothing computed
            return out
        made = [tensor for tensor in tree_leaves(_asked_for(args, out)) if isinstance(tensor, Tensor)]
        if not any(t.dim() >= 4 or self._is_new(t) for t in made):  # BN's own counter and empty reserve
            return out
        layer = self._layer or self._layer_of_node() if self._in_backward else self._layer
        step = self._step(func._overloadpacket.__name__, layer)
        band = GRADIENTS if self._in_backward else self._layer
        if not self._in_backward:
            self._count(func, args, kwargs, out)
            self._trace(func, args, made)
        for tensor, role in zip(made, self._roles.of(func, args, kwargs, made, layer, self._in_backward), strict=True):
            self._hold(tensor, band, role, step)
        return out

    def _end(self) -> None:
        if self._freed:
            self._step("end", 0)

    def _step(self, op: str, layer: int) -> int:
        """Begins the next step: what was freed since the last one was freed before this operator ran."""
        self._ops.append(op)
        self._layers.append(layer)
        step = len(self._ops)
        for band, nbytes, life in self._freed:
            self._change(step, band, -nbytes)
            life[_GONE] = step
        self._freed.clear()
        return step

    def _change(self, step: int, band: int, nbytes: int) -> None:
        self._changes[step, band] = self._changes.get((step, band), 0) + nbytes

    def _is_new(self, tensor: Tensor) -> bool:
        return tensor.untyped_storage().nbytes() > 0 and storage_key(tensor) not in self._alive

    def _hold(self, tensor: Tensor, band: int, role: Role, step: int) -> None:
        """Counts the storage of ``tensor`` as alive from ``step`` on, unless it is already."""
        if not self._is_new(tensor):
            return
        storage = tensor.untyped_storage()
        key, nbytes = storage._cdata, counted_bytes(tensor, self._widest)
        channels, rest = divmod(nbytes, self._channel_bytes) if role.is_map else (0, nbytes)
        life = [channels, rest, role.layer, role.place, step, _NEVER, role.start]
        self._lives.append(life)
        self._roles.know(key, role)

        def gone(_: object) -> None:
            del self._alive[key]
            self._sources.pop(key, None)
            self._roles.forget(key)
            self.live_bytes -= nbytes
            self._freed.append((band, nbytes, life))

        self._alive[key] = weakref.ref(storage, gone)
        self.live_bytes += nbytes
        self._change(step, band, nbytes)

    def _count(self, func: Any, args: Sequence[Any], kwargs: Mapping[str, Any], out: Any) -> None:
        formula = flop_registry.get(func._overloadpacket)
        if formula is not None:
            self.macs += formula(*args, **kwargs, out_val=out) // 2  # torch counts 2 for one multiply-accumulate

    def _trace(self, func: Any, args: Sequence[Any], made: Sequence[Tensor]) -> None:
        """Notes which sources the channels of a result come from: a join's inputs', else the running unit."""
        sources: tuple[int, ...] = (self._layer,)
        op = _JOINS.get(func)
        inputs = [t for t in tree_leaves(args[:2]) if isinstance(t, Tensor) and t.dim() == 4]
        if op is not None and len(inputs) > 1:
            read = tuple(self._sources[storage_key(t)] for t in inputs)
            sources = tuple(sorted({source for one in read for source in one}))
            widths = tuple(int(t.shape[1]) for t in inputs)
            self.joins.append(Join(self._layer, op, widths, int(made[0].shape[1]), read))  # type: ignore[arg-type]  # values of _JOINS
        for tensor in made:
            if op is not None or self._is_new(tensor):  # otherwise in place: its sources stay
                self._sources[storage_key(tensor)] = sources

    def _mark(self, name: str | None) -> None:
        """Into what is called ``name``, or out of what was entered last; see :mod:`explorer.blocks.marks`."""
        if name is None:
            before = self._marks.pop() if self._marks else None
            self._layer = self._layer if before is None else before
        elif name.startswith(PREFIX):
            self._marks.append(self._layer)
            self._layer = int(name.removeprefix(PREFIX)) + 1
            if not self._in_backward:
                self._begun.append((torch._C._autograd._get_sequence_nr(), self._layer))
        else:
            self._marks.append(None)

    def _enter(self, number: int) -> Any:
        def hook(*_: object) -> None:
            self._layer = number
            self._begun.append((torch._C._autograd._get_sequence_nr(), number))

        return hook

    def _leave(self, *_: object) -> None:
        self._layer = 0

    def _layer_of_node(self) -> int:
        """The unit whose forward pass made the autograd node that runs now; 0 outside any unit."""
        node = torch._C._current_autograd_node()
        number = -1 if node is None else node._sequence_nr()
        return next((layer for first, layer in reversed(self._begun) if number >= first), 0)


class _Hook:
    """A hook's handle as a context, so that no hook outlives the tracking."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        self._handle.remove()
