"""Which module made the channels that a forward pass concatenates; what cannot be said is told in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from explorer.findings import Concatenation, Maker, Slice, Source
from explorer.measure.channels import Channels, Part, handed_on, is_empty, makes_nothing, short

_aten = torch.ops.aten
_CONVOLUTIONS = ("convolution", "convolution_overrideable", "mkldnn_convolution", "cudnn_convolution")
_MANY = 3  # names in a sentence


@dataclass
class _Made:
    """Channels that were made at once, while the pass goes on."""

    maker: Maker
    module: str
    op: str
    channels: int
    size: tuple[int, ...]
    at: int
    after: int = 0  # the sources that it was computed from, however indirectly, as bits
    names: list[str] = field(default_factory=list)  # of modules that held the operator and gave these channels alone
    read: int | None = None  # after how many operators they were first joined
    far: bool = False


@dataclass(frozen=True)
class _Cat:
    module: str
    shape: tuple[int, ...]
    inputs: tuple[int, ...]
    parts: tuple[Part, ...]
    nbytes: int
    at: int


class Sources:
    """Follows one forward pass of ``block``, operator by operator.

    Args:
        block: the module.
        inputs: (what it is called, tensor) of all that it is given.
    """

    def __init__(self, block: nn.Module, inputs: Iterable[tuple[str, Tensor]]) -> None:
        self._channels = Channels()
        self._made: list[_Made] = []
        self._cats: list[_Cat] = []
        self._notes: list[str] = []
        self._running: list[str] = []
        self._steps = 0
        self._sizes: list[tuple[int, tuple[int, ...], int]] = []  # (when, size, sources) of each convolution's result
        self._elsewhere: Counter[tuple[str, str]] = Counter()  # (what it was, module) of concatenations not drawn
        self._written: Counter[str] = Counter()  # module → channels written in place
        self._scripted: dict[str, None] = {}  # modules of which no part can be told from another
        self._again: dict[str, None] = {}  # modules that ran a second time, in backward
        self._kinds = {path: type(one).__name__ for path, one in block.named_modules()}
        self._parents = {path for path, one in block.named_modules() if next(one.children(), None) is not None}
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
                self._scripted.setdefault(_module(path))
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
                    self._write(out, parts)
            else:
                empty = makes_nothing(packet) or is_empty(args, self._channels, self._empty)
                self._channels.know(out, parts or self._new(packet, out, args, "constant" if empty else "module"))
            if short(packet.__name__) in _CONVOLUTIONS:
                self._sizes.append((self._steps, tuple(out.shape[2:]), self._after(args)))

    def forget(self, key: int) -> None:
        """The storage ``key`` is gone."""
        self._channels.forget(key)

    def note(self, sentence: str) -> None:
        """Says something that the numbers do not."""
        self._notes.append(sentence)

    # --- what came out --------------------------------------------------------------------------------

    def result(self) -> tuple[tuple[Concatenation, ...], tuple[Source, ...], tuple[str, ...]]:
        """Concatenations, the sources of their channels in the order in which they were made, and what to say."""
        read = sorted({part.source for cat in self._cats for part in cat.parts})
        place = {source: index for index, source in enumerate(read)}
        names = _apart([self._name(self._made[source]) for source in read])
        sources = tuple(
            Source(
                name=name,
                kind=self._kinds.get(self._name(one), "") if one.maker == "module" else "",
                maker=one.maker,
                module=one.module,
                op=one.op,
                channels=one.channels,
                size=one.size,
                made=one.at,
                far=one.far,
            )
            for name, one in zip(names, (self._made[source] for source in read), strict=True)
        )
        cats = tuple(
            Concatenation(
                module=cat.module,
                shape=cat.shape,
                inputs=cat.inputs,
                slices=tuple(Slice(place[part.source], part.channels, part.through) for part in cat.parts),
                copied_bytes=cat.nbytes,
                made=cat.at,
            )
            for cat in self._cats
        )
        return (
            cats,
            sources,
            tuple(
                said[:1].upper() + said[1:] if said.startswith(_module("")) else said for said in self._said(sources)
            ),
        )

    def _said(self, sources: Sequence[Source]) -> Iterator[str]:
        yield from self._notes
        if self._scripted:
            yield f"{_listed(list(self._scripted))} is TorchScript: what runs there is attributed to what called it."
        for (what, module), count in self._elsewhere.items():
            yield f"{_times(count, 'concatenation')} {what} in {_module(module)}: not drawn."
        for module, channels in self._written.items():
            yield (
                f"{_module(module)} writes {_times(channels, 'channel')} in place into part of a larger tensor, which "
                "takes the place of a concatenation and is not drawn."
            )
        if self._again:
            yield (
                f"{_listed(list(self._again))} ran again in backward (a checkpoint): what is concatenated there again "
                "is not counted, and what autograd is told to keep is not all that stays alive."
            )
        yield from self._said_of_functions(sources)
        lost = [one.name for one in sources if one.maker == "unknown"]
        if lost:
            yield f"What was joined as {_listed(lost)} could not be followed to a module."
        constant = [one.name for one in sources if one.maker == "constant"]
        if constant:
            yield f"{_listed(constant)} is made from no maps."

    def _said_of_functions(self, sources: Sequence[Source]) -> Iterator[str]:
        """What modules do by themselves and not by one within them; those that do the same in one sentence."""
        does: dict[str, dict[str, None]] = {}
        for one in sources:
            if one.maker == "module" and (not one.module or one.module in self._parents):
                does.setdefault(one.module, {})[one.op] = None
        alike: dict[tuple[str, ...], list[str]] = {}
        for module, ops in does.items():
            alike.setdefault(tuple(ops), []).append(_module(module))
        for names, modules in alike.items():
            runs, whom = ("itself runs", "it") if len(modules) == 1 else ("themselves run", "them")
            yield (
                f"{_listed(modules)} {runs} {_listed(names)}, outside of any module within: what that makes is "
                f"attributed to {whom}."
            )

    def _name(self, made: _Made) -> str:
        if made.names:
            return made.names[-1]
        if made.maker == "unknown":
            return "not followed"
        if made.maker == "constant" or made.module in self._parents or not made.module:
            return f"{made.op} in {made.module or self._kinds['']}"
        return made.module

    # --- one operator ---------------------------------------------------------------------------------

    def _give(self, name: str, tensor: Tensor, maker: Maker) -> None:
        if tensor.dim() < 3 or tensor.numel() == 0 or self._channels.knows(tensor):
            return
        channels = int(tensor.shape[1])
        self._made.append(_Made(maker, "", "", channels, tuple(tensor.shape[2:]), 0, names=[name]))
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
        one = _Made(
            maker, module, short(packet.__name__), channels, tuple(out.shape[2:]), self._steps, self._after(args)
        )
        self._made.append(one)
        return (Part(len(self._made) - 1, 0, channels),)

    def _copied(self, args: Sequence[Any], out: Tensor) -> None:
        """``out``, or a view of it, now holds what the second of ``args`` does."""
        parts = self._channels.of(args[1]) if args[1].dim() == out.dim() else None
        if parts is None or sum(part.channels for part in parts) != out.shape[1]:
            parts = self._new(_aten.copy_, out, args)
        if self._channels.knows(out):
            self._write(out, parts)
        else:
            self._channels.know(out, parts)

    def _write(self, out: Tensor, parts: Sequence[Part]) -> None:
        part_of_it = self._channels.write(out, parts)
        if part_of_it is not None:
            self._written[self._running[-1] if self._running else ""] += part_of_it[1]

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
        self._cats.append(_Cat(module, tuple(out.shape), widths, tuple(parts), nbytes, self._steps))

    def _read(self, source: int, size: tuple[int, ...]) -> None:
        """Notes of a source that is joined for the first time whether it was taken to other sizes meanwhile."""
        made = self._made[source]
        if made.read is None:
            made.read = self._steps
            own = (made.size, size)
            made.far = any(
                at > made.at and one not in own and max(one) > 1 and after >> source & 1
                for at, one, after in self._sizes
            )

    def _is_of_channels(self, args: Sequence[Any], tensors: Sequence[Tensor], out: Tensor) -> bool:
        if _dimension(args, out) != 1:
            return False
        if out.dim() > 3:
            return True
        # (N, C, L) and (N, T, D) look alike: only what a convolution made has channels there for certain.
        parts = [part for tensor in tensors for part in self._channels.of(tensor) or ()]
        return any(self._made[part.source].op in _CONVOLUTIONS for part in parts)

    def _not_drawn(self, args: Sequence[Any], out: Tensor) -> None:
        what = f"along dimension {_dimension(args, out)} of {out.dim()}-dimensional tensors"
        self._elsewhere[what, self._running[-1] if self._running else ""] += 1

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
            self._again.setdefault(_module(path))

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
        if within and made.read is None and path not in made.names:
            made.names.append(path)


def _dimension(args: Sequence[Any], out: Tensor) -> int:
    return int(args[1] if len(args) > 1 else 0) % max(out.dim(), 1)


def _apart(names: Sequence[str]) -> list[str]:
    """The names, numbered where several are the same: a module that runs twice makes two sources."""
    many, seen, found = Counter(names), Counter[str](), []
    for name in names:
        seen[name] += 1
        found.append(f"{name} ({seen[name]})" if many[name] > 1 else name)
    return found


def _sentence(said: str) -> str:
    """With a large first letter, where it does not begin with a name."""
    return said[:1].upper() + said[1:] if said.startswith(_module("")) else said


def _module(path: str) -> str:
    return path or "the module"


def _times(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _listed(names: Sequence[str]) -> str:
    shown = list(names[:_MANY])
    if len(names) > _MANY:
        shown.append(f"{len(names) - _MANY} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
