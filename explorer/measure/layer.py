"""Watches one layer of a forward pass: its operators in the order in which they ran, and its tensors.

Modules are told by hooks; ReLU, concatenation and addition are functions, which only a dispatch mode
sees. A tensor is handed on at the moment at which it exists: a later operator may overwrite it in place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

from explorer.findings import LayerStep
from explorer.findings.inspection import Op
from explorer.measure.alone import time_alone
from explorer.measure.saved import own_bytes, unpack
from explorer.measure.track import own_tensors, storage_key
from explorer.measure.values import ChannelValues, channel_values

_FUNCTIONS: dict[Any, Op] = {
    torch.ops.aten.relu.default: "relu",
    torch.ops.aten.relu_.default: "relu",
    torch.ops.aten.cat.default: "cat",
    torch.ops.aten.add.Tensor: "add",
    torch.ops.aten.add_.Tensor: "add",
}
_IN_PLACE = {torch.ops.aten.relu_.default, torch.ops.aten.add_.Tensor}

#: What a tensor is to the layer: its input, that after its first BN and ReLU, what its last convolution
#: reads, what the layer makes, and the sum with its shortcut.
Role = Literal["read", "activated", "inside", "made", "joined"]


class LayerWatch(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's base is untyped
    """Follows the forward pass of ``unit``, a layer of ``block``.

    Attributes:
        steps: the operators so far. Their saved bytes count each storage once, with the step that first
            made autograd keep it, the layer's input among them; parameters and buffers, and what a library
            keeps beyond the module's own type, are left out. Where another layer follows, what this one
            hands on to it is counted there: see :func:`explorer.theory.memory.saved_channels`.
    """

    def __init__(
        self, block: nn.Module, unit: nn.Module, followed: bool, keep: Callable[[Role, Tensor, ChannelValues], None]
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch's base is untyped
        self._unit = unit
        self._names = {module: name for name, module in block.named_modules()}
        self._last = [m for n, m in unit.named_children() if n.startswith("conv")][-1]
        self._projections = {m for n, m in unit.named_modules() if n.partition(".")[0] == "proj"}
        self._followed = followed
        self._keep = keep
        self._own = {storage_key(tensor) for tensor in own_tensors(block)}
        self._shortcut: set[int] = set()  # storages of the layer's input and of its projection
        self._latest: tuple[int, ChannelValues] | None = None  # storage and values of the latest step's output
        self._steps: list[LayerStep] = []
        self._element = next(unit.parameters()).element_size()
        self._kept: dict[int, tuple[int, int]] = {}  # storage → place of its step, bytes
        self._running: nn.Module | None = None
        self._inside = self._waits = False  # in the layer; in a module whose operator has not run yet

    @property
    def steps(self) -> tuple[LayerStep, ...]:
        """The layer's operators so far."""
        saved = [0] * len(self._steps)
        for place, nbytes in self._kept.values():
            saved[place] += nbytes
        return tuple(
            LayerStep(**(vars(step) | {"saved_bytes": nbytes})) for step, nbytes in zip(self._steps, saved, strict=True)
        )

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watches the layer, which runs inside once."""
        with ExitStack() as stack:
            handles = [self._unit.register_forward_pre_hook(self._enter), self._unit.register_forward_hook(self._leave)]
            for module in self._unit.modules():
                if not list(module.children()):
                    handles.append(module.register_forward_pre_hook(self._begin))
                    handles.append(module.register_forward_hook(self._end))
            for handle in handles:
                stack.callback(handle.remove)
            stack.enter_context(torch.autograd.graph.saved_tensors_hooks(self._pack, unpack))
            stack.enter_context(self)
            yield

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        op = self._op(func)
        maps = [t for t in tree_leaves(args) if isinstance(t, Tensor) and t.dim() == 4] if op is not None else []
        if op is None or not maps:  # BN's own counter; what is asked of the tensors themselves
            return func(*args, **kwargs)
        new = maps[0]
        if op in ("cat", "add"):
            new = next(t for t in maps if storage_key(t) not in self._shortcut)
            self._keep("made", new, self._values(new))
        elif self._running is self._last and storage_key(new) not in self._shortcut:
            self._keep("inside", new, self._values(new))
        input_shape = tuple(new.shape)
        timing = time_alone(lambda: self._once_more(func, args, kwargs), new.device)
        result = func(*args, **kwargs)
        out: Tensor = next(t for t in tree_leaves(result) if isinstance(t, Tensor))
        self._note(op, input_shape, out, timing)
        if op == "add":
            self._keep("joined", out, self._values(out))
        if op == "relu" and not any(step.op.startswith("conv") for step in self._steps):
            self._keep("activated", out, self._values(out))
        if self._running in self._projections:
            self._shortcut.add(storage_key(out))
        return result

    def _op(self, func: Any) -> Op | None:
        """What ``func`` is to the layer; None where it is no step of it."""
        if not self._inside:
            return None
        if self._running is None:
            return _FUNCTIONS.get(func)
        if not self._waits:
            return None
        if isinstance(self._running, nn.BatchNorm2d):
            return "bn"
        assert isinstance(self._running, nn.Conv2d)  # explorer.blocks has no other modules
        return "conv1x1" if self._running.kernel_size == (1, 1) else "conv3x3"

    def _once_more(self, func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Callable[[], object]:
        """A call of ``func`` that leaves the layer's maps and BatchNorm's running statistics as they are."""
        given = tree_map(lambda a: a.clone() if isinstance(a, Tensor) and self._is_statistic(a) else a, args)
        if func in _IN_PLACE:
            given = (args[0].clone(), *given[1:])
        return lambda: func(*given, **kwargs)

    def _is_statistic(self, tensor: Tensor) -> bool:
        return tensor.dim() == 1 and storage_key(tensor) in self._own

    def _note(self, op: Op, input_shape: tuple[int, ...], out: Tensor, timing: Any) -> None:
        module = self._running
        weights = sum(p.numel() for p in module.parameters()) if module is not None else 0
        shape, values = tuple(int(n) for n in out.shape), channel_values(out)
        self._latest = storage_key(out), values
        self._steps.append(
            LayerStep(
                name=self._names[module] if module is not None else "",
                op=op,
                input_shape=tuple(int(n) for n in input_shape),
                output_shape=shape,
                parameters=weights,
                macs=weights * shape[0] * shape[2] * shape[3] if op.startswith("conv") else 0,
                saved_bytes=0,  # autograd keeps a result only after this
                time=timing,
                values=values.all,
            )
        )
        self._waits = False

    def _values(self, x: Tensor) -> ChannelValues:
        """Of ``x``, a map of the layer: known already where the latest step made it."""
        if self._latest is not None and self._latest[0] == storage_key(x):
            return self._latest[1]
        return channel_values(x)

    def _pack(self, tensor: Tensor) -> Tensor:
        key = storage_key(tensor)
        if self._inside and key not in self._own and key not in self._kept:
            place = len(self._steps) if self._waits else len(self._steps) - 1
            self._kept[key] = place, own_bytes(tensor, self._element)
        return tensor

    def _enter(self, _: nn.Module, given: tuple[Tensor, ...]) -> None:
        self._shortcut.add(storage_key(given[0]))
        x = given[0].detach()
        self._keep("read", x, channel_values(x))
        self._inside = True

    def _leave(self, _: nn.Module, given: object, out: Tensor) -> None:
        self._inside = False
        if self._followed:
            self._kept.pop(storage_key(out), None)

    def _begin(self, module: nn.Module, _: object) -> None:
        self._running, self._waits = module, True

    def _end(self, *_: object) -> None:
        self._running = None
