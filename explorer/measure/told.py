"""What following a forward pass came to, in names and sentences: sources, concatenations, and what is not drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from torch import nn

from explorer.findings import Concatenation, Maker, Slice, Source
from explorer.measure.channels import Part

_MANY = 3  # names in a sentence


@dataclass
class Made:
    """Channels that were made at once, while the pass goes on.

    Attributes:
        maker, module, op, channels, size, at, far: those of :class:`explorer.findings.Source`.
        after: the sources that it was computed from, however indirectly, as bits.
        names: of the modules that held the operator and gave these channels alone, innermost first.
        is_read: whether a concatenation has read them.
    """

    maker: Maker
    module: str
    op: str
    channels: int
    size: tuple[int, ...]
    at: int
    after: int = 0
    names: list[str] = field(default_factory=list)
    is_read: bool = False
    far: bool = False


@dataclass(frozen=True)
class Cat:
    """A concatenation; its parts' sources are places among all that was made."""

    module: str
    shape: tuple[int, ...]
    inputs: tuple[int, ...]
    parts: tuple[Part, ...]
    nbytes: int
    at: int


class Told:
    """What is to be said of one pass of ``block`` beside its numbers.

    Attributes:
        notes: sentences.
        elsewhere: (along what, module) → concatenations that are not drawn.
        written: module → channels that it wrote in place.
        again: modules that ran a second time, in backward.
        scripted: modules of which no part can be told from another.
    """

    def __init__(self, block: nn.Module) -> None:
        self.notes: list[str] = []
        self.elsewhere: Counter[tuple[str, str]] = Counter()
        self.written: Counter[str] = Counter()
        self.again: dict[str, None] = {}
        self.scripted: dict[str, None] = {}
        self._kinds = {path: type(one).__name__ for path, one in block.named_modules()}
        self._parents = {path for path, one in block.named_modules() if next(one.children(), None) is not None}

    def result(
        self, made: Sequence[Made], cats: Sequence[Cat]
    ) -> tuple[tuple[Concatenation, ...], tuple[Source, ...], tuple[str, ...]]:
        """Concatenations, the sources of their channels in the order in which they were made, and what to say."""
        read = sorted({part.source for cat in cats for part in cat.parts})
        place = {source: index for index, source in enumerate(read)}
        names = _apart([self._name(made[source]) for source in read])
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
            for name, one in zip(names, (made[source] for source in read), strict=True)
        )
        found = tuple(
            Concatenation(
                module=cat.module,
                shape=cat.shape,
                inputs=cat.inputs,
                slices=tuple(Slice(place[part.source], part.channels, part.through) for part in cat.parts),
                copied_bytes=cat.nbytes,
                made=cat.at,
            )
            for cat in cats
        )
        return found, sources, tuple(map(_sentence, self._said(sources)))

    def _said(self, sources: Sequence[Source]) -> Iterator[str]:
        yield from self.notes
        if self.scripted:
            yield f"{_listed(list(self.scripted))} is TorchScript: what runs there is attributed to what called it."
        for (what, module), count in self.elsewhere.items():
            yield f"{_times(count, 'concatenation')} {what} in {named(module)}: not drawn."
        for module, channels in self.written.items():
            yield (
                f"{named(module)} writes {_times(channels, 'channel')} in place into part of a larger tensor, which "
                "takes the place of a concatenation and is not drawn."
            )
        if self.again:
            yield (
                f"{_listed(list(self.again))} ran again in backward (a checkpoint): what is concatenated there again "
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
            alike.setdefault(tuple(ops), []).append(named(module))
        for names, modules in alike.items():
            runs, whom = ("itself runs", "it") if len(modules) == 1 else ("themselves run", "them")
            yield (
                f"{_listed(modules)} {runs} {_listed(names)}, outside of any module within: what that makes is "
                f"attributed to {whom}."
            )

    def _name(self, made: Made) -> str:
        if made.names:
            return made.names[-1]
        if made.maker == "unknown":
            return "not followed"
        if made.maker == "constant" or made.module in self._parents or not made.module:
            return f"{made.op} in {made.module or self._kinds['']}"
        return made.module


def named(path: str) -> str:
    """A module's path in a sentence."""
    return path or "the module"


def _apart(names: Sequence[str]) -> list[str]:
    """The names, numbered where several are the same: a module that runs twice makes two sources."""
    many, seen, found = Counter(names), Counter[str](), []
    for name in names:
        seen[name] += 1
        found.append(f"{name} ({seen[name]})" if many[name] > 1 else name)
    return found


def _sentence(said: str) -> str:
    """With a large first letter, where it does not begin with a name."""
    return said[:1].upper() + said[1:] if said.startswith(named("")) else said


def _times(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _listed(names: Sequence[str]) -> str:
    shown = list(names[:_MANY])
    if len(names) > _MANY:
        shown.append(f"{len(names) - _MANY} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
