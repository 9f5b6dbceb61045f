"""Which module made the channels that a forward pass concatenates; what cannot be said is told in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from explorer.findings import Concatenation, Maker, Source
from explorer.language import Text
from explorer.measure.channels import Channels, Part, handed_on, is_empty, makes_nothing, short
from explorer.measure.told import Cat, Made, Told

_aten = torch.ops.aten
_CONVOLUTIONS = ("convolution", "convolution_overrideable", "mkldnn_convolution", "cudnn_convolution")


class Sources:
    """Follows one forward pass of ``block``, operator by operator.

    Args:
        block: the module.
        inputs: (what it is called, tensor) of all that it is given.
    """

    def __init__(self, block: nn.Module, inputs: Iterable[tuple[str, Tensor]]) -> None:
        self._channels = Channels()
        self._made: list[Made] = []
        self._cats: list[Cat] = []
        self._told = Told(block)
        self._running: list[str] = []  # the modules that run, outermost first
        self._steps = 0
        self._sizes: list[tuple[int, tuple[int, ...], int]] = []  # (when, size, sources) of each convolution's result
        self._empty: set[int] = set()
        for name, tensor in (*block.named_parameters(), *block.named_buffers()):
            self._give(name, tensor, "parameter")
        for name, tensor in inputs:
            self._give(name, tensor, "input")

    # --- the pass -------------------------------------------------------------------------------------

    @contextmanager
    def watching(self, block: nn.Module, again: bool = False) -> Iterator[None]:
        """Knows which module runs; with ``again``, only that one does."""
        handles = []
        for path, one in block.named_modules():
            if isinstance(one, torch.jit.ScriptModule):  # which takes no hooks
                self._told.scripted.setdefault(path)
                continue
            if again:
                handles.append(one.register_forward_pre_hook(self._ran_again(path)))
                continue
            handles.append(one.register_forward_pre_hook(self._entered(path)))
            handles.append(one.register_forward_hook(self._left(path), always_call=True))
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def follow(self, func: Any, args: Sequence[Any], made: Sequence[Tensor]) -> None:
        """The operator ``func`` was given ``args`` and has made, or changed in place, ``made``."""
        self._steps += 1
        packet = func._overloadpacket
        for out in made:
            if out.dim() < 3 or out.numel() == 0:
                if packet is _aten.cat:
                    self._not_drawn(args, out)
                continue
            if packet is _aten.cat:
                self._joined(args, out)
                continue
            parts = handed_on(packet, args, out, self._channels, self._empty)
            if packet is _aten.copy_:
                self._copied(args, out)
            elif func._schema.is_mutable and self._channels.knows(out):
                empty = makes_nothing(packet) or is_empty(args, self._channels, self._empty)
                if parts is None and not empty:
                    parts = self._new(packet, out, args)
                if parts is not None:
                    self._channels.write(out, parts)
            else:
                empty = makes_nothing(packet) or is_empty(args, self._channels, self._empty)
                self._channels.know(out, parts or self._new(packet, out, args, "constant" if empty else "module"))
            if short(packet.__name__) in _CONVOLUTIONS:
                self._sizes.append((self._steps, tuple(out.shape[2:]), self._after(args)))

    def forget(self, key: int) -> None:
        """The storage ``key`` is gone."""
        self._channels.forget(key)

    def note(self, sentence: Text) -> None:
        """Says something that the numbers do not."""
        self._told.notes.append(sentence)

    def result(self) -> tuple[tuple[Concatenation, ...], tuple[Source, ...], tuple[Text, ...]]:
        """Concatenations, the sources of their channels in the order in which they were made, and what to say."""
        return self._told.result(self._made, self._cats)

    # --- one operator ---------------------------------------------------------------------------------

    def _give(self, name: str, tensor: Tensor, maker: Maker) -> None:
        if tensor.dim() < 3 or tensor.numel() == 0 or self._channels.knows(tensor):
            return
        channels = int(tensor.shape[1])
        self._made.append(Made(maker, "", "", channels, tuple(tensor.shape[2:]), 0, names=[name]))
        if maker == "parameter":
            self._empty.add(len(self._made) - 1)
        self._channels.know(tensor, [Part(len(self._made) - 1, 0, channels)])

    def _after(self, args: Any) -> int:
        """The sources that the tensors in ``args`` were computed from, as bits."""
        found = 0
        for leaf in tree_leaves(args):
            for part in self._channels.held(leaf) if isinstance(leaf, Tensor) else ():
                found |= self._made[part.source].after | 1 << part.source
        return found

    def _lost(self, tensor: Tensor) -> tuple[Part, ...]:
        """A source of its own for a view that shows its storage's numbers as other channels.

        What a reshape has put into another order is said to be made by that; all else is not followed.
        """
        held = {part.source for part in self._channels.held(tensor)}
        made = self._made[next(iter(held))] if len(held) == 1 else None
        if made is None or made.op != "reshape":
            return self._new(_aten.cat, tensor, (), maker="unknown")
        self._made.append(replace(made, channels=int(tensor.shape[1]), size=tuple(tensor.shape[2:])))
        return (Part(len(self._made) - 1, 0, int(tensor.shape[1])),)

    def _new(self, packet: Any, out: Tensor, args: Any, maker: Maker = "module") -> tuple[Part, ...]:
        """A source of its own for ``out``."""
        if maker == "constant":
            self._empty.add(len(self._made))
        channels, module = int(out.shape[1]), self._running[-1] if self._running else ""
        one = Made(
            maker, module, short(packet.__name__), channels, tuple(out.shape[2:]), self._steps, self._after(args)
        )
        self._made.append(one)
        return (Part(len(self._made) - 1, 0, channels),)

    def _copied(self, args: Sequence[Any], out: Tensor) -> None:
        """``out``, or a view of it, now holds what the second of ``args`` does."""
        parts = self._channels.of(args[1]) if args[1].dim() == out.dim() else None
        if parts is None or sum(part.channels for part in parts) != out.shape[1]:
            parts = self._new(_aten.copy_, out, args)
        if not self._channels.knows(out):
            self._channels.know(out, parts)
        elif (part_of_it := self._channels.write(out, parts)) is not None:
            self._told.written[self._running[-1] if self._running else ""] += part_of_it[1]

    def _joined(self, args: Sequence[Any], out: Tensor) -> None:
        tensors = [one for one in args[0] if one.numel() > 0]
        if not self._is_of_channels(args, tensors, out):
            self._not_drawn(args, out)
            self._channels.know(out, self._new(_aten.cat, out, args))
            return
        parts: list[Part] = []
        for tensor in tensors:
            known = self._channels.of(tensor)
            parts += known if known is not None else self._lost(tensor)
        size = tuple(out.shape[2:])
        for part in parts:
            self._read(part.source, size)
        self._channels.know(out, parts)
        widths = tuple(int(one.shape[1]) for one in tensors)
        module = self._running[-1] if self._running else ""
        nbytes = out.numel() * out.element_size()
        self._cats.append(Cat(module, tuple(out.shape), widths, tuple(parts), nbytes, self._steps))

    def _read(self, source: int, size: tuple[int, ...]) -> None:
        """Notes whether a source that is joined for the first time has waited: it, or others, went to other sizes."""
        made = self._made[source]
        if not made.is_read:
            made.is_read = True
            own = (made.size, size)
            taken = any(
                at > made.at and one not in own and max(one) > 1 and after >> source & 1
                for at, one, after in self._sizes
            )
            made.far = taken or any(cat.at > made.at and cat.shape[2:] not in own for cat in self._cats)

    def _is_of_channels(self, args: Sequence[Any], tensors: Sequence[Tensor], out: Tensor) -> bool:
        if _dimension(args, out) != 1:
            return False
        if out.dim() > 3:
            return True
        # (N, C, L) and (N, T, D) look alike: only what a convolution made has channels there for certain.
        parts = [part for tensor in tensors for part in self._channels.of(tensor) or ()]
        return any(self._made[part.source].op in _CONVOLUTIONS for part in parts)

    def _not_drawn(self, args: Sequence[Any], out: Tensor) -> None:
        self._told.elsewhere[_dimension(args, out), out.dim(), self._running[-1] if self._running else ""] += 1

    # --- modules --------------------------------------------------------------------------------------

    def _entered(self, path: str) -> Any:
        def hook(*_: object) -> None:
            self._running.append(path)

        return hook

    def _left(self, path: str) -> Any:
        def hook(_module: object, _args: object, out: object) -> None:
            if self._running and self._running[-1] == path:
                self._running.pop()
            self._gave(path, out)

        return hook

    def _ran_again(self, path: str) -> Any:
        def hook(*_: object) -> None:
            self._told.again.setdefault(path)

        return hook

    def _gave(self, path: str, out: object) -> None:
        """Where a module gave the channels of one source and nothing else, and that was made in it, it has its name."""
        given: set[int] = set()
        for leaf in tree_leaves(out):
            if isinstance(leaf, Tensor):
                parts = self._channels.of(leaf) if leaf.dim() > 2 else None
                if parts is None:
                    return
                given |= {part.source for part in parts}
        if len(given) != 1:
            return
        made = self._made[given.pop()]
        if made.maker != "module" or not path:
            return
        within = made.module == path or made.module.startswith(f"{path}.")
        if within and not made.is_read and path not in made.names:
            made.names.append(path)


def _dimension(args: Sequence[Any], out: Tensor) -> int:
    return int(args[1] if len(args) > 1 else 0) % max(out.dim(), 1)
