"""What following a forward pass came to, in names and sentences: sources, concatenations, and what is not drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from torch import nn

from explorer.findings import Concatenation, Maker, Slice, Source
from explorer.language import N_, Said, Text, said
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
        elsewhere: (dimension, of how many, module) → concatenations that are not drawn.
        written: module → channels that it wrote in place.
        again: modules that ran a second time, in backward.
        scripted: modules of which no part can be told from another.
    """

    def __init__(self, block: nn.Module) -> None:
        self.notes: list[Text] = []
        self.elsewhere: Counter[tuple[int, int, str]] = Counter()
        self.written: Counter[str] = Counter()
        self.again: dict[str, None] = {}
        self.scripted: dict[str, None] = {}
        self._kinds = {path: type(one).__name__ for path, one in block.named_modules()}
        self._parents = {path for path, one in block.named_modules() if next(one.children(), None) is not None}

    def result(
        self, made: Sequence[Made], cats: Sequence[Cat]
    ) -> tuple[tuple[Concatenation, ...], tuple[Source, ...], tuple[Text, ...]]:
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
        return found, sources, tuple(self._said(sources))

    def _said(self, sources: Sequence[Source]) -> Iterator[Text]:
        yield from self.notes
        if self.scripted:
            names = _listed([named(path, first=not place) for place, path in enumerate(self.scripted)])
            yield said("{names} is TorchScript: what runs there is attributed to what called it.", names=names)
        for (along, of, module), count in self.elsewhere.items():
            one = N_(
                "{count} concatenation along dimension {along} of {of}-dimensional tensors in {module}: not drawn."
            )
            many = N_(
                "{count} concatenations along dimension {along} of {of}-dimensional tensors in {module}: not drawn."
            )
            words = one if count == 1 else many
            yield Said(words, (("count", count), ("along", along), ("of", of), ("module", named(module))))
        for module, channels in self.written.items():
            one = N_(
                "{module} writes {count} channel in place into part of a larger tensor, which "
                "takes the place of a concatenation and is not drawn."
            )
            many = N_(
                "{module} writes {count} channels in place into part of a larger tensor, which "
                "takes the place of a concatenation and is not drawn."
            )
            words = one if channels == 1 else many
            yield Said(words, (("module", named(module, first=True)), ("count", channels)))
        if self.again:
            yield said(
                "{names} ran again in backward (a checkpoint): what is concatenated there again "
                "is not counted, and what autograd is told to keep is not all that stays alive.",
                names=_listed([named(path, first=not place) for place, path in enumerate(self.again)]),
            )
        yield from self._said_of_functions(sources)
        lost = [
            said("not followed{number}", number=one.name.removeprefix("not followed"))
            for one in sources
            if one.maker == "unknown"
        ]
        if lost:
            yield said("What was joined as {names} could not be followed to a module.", names=_listed(lost))
        constant = [one.name for one in sources if one.maker == "constant"]
        if constant:
            yield said("{names} is made from no maps.", names=_listed(constant))

    def _said_of_functions(self, sources: Sequence[Source]) -> Iterator[Text]:
        """What modules do by themselves and not by one within them; those that do the same in one sentence."""
        does: dict[str, dict[str, None]] = {}
        for one in sources:
            if one.maker == "module" and (not one.module or one.module in self._parents):
                does.setdefault(one.module, {})[one.op] = None
        alike: dict[tuple[str, ...], list[str]] = {}
        for module, ops in does.items():
            alike.setdefault(tuple(ops), []).append(module)
        for ops_, modules in alike.items():
            words = (
                N_("{modules} itself runs {ops}, outside of any module within: what that makes is attributed to it.")
                if len(modules) == 1
                else N_(
                    "{modules} themselves run {ops}, outside of any module within: "
                    "what that makes is attributed to them."
                )
            )
            names = _listed([named(path, first=not place) for place, path in enumerate(modules)])
            yield Said(words, (("modules", names), ("ops", _listed(ops_))))

    def _name(self, made: Made) -> str:
        if made.names:
            return made.names[-1]
        if made.maker == "unknown":
            return "not followed"
        if made.maker == "constant" or made.module in self._parents or not made.module:
            return f"{made.op} in {made.module or self._kinds['']}"
        return made.module


def named(path: str, *, first: bool = False) -> Text:
    """A module's path in a sentence, which may begin with it."""
    return path or (said("The module") if first else said("the module"))


def _apart(names: Sequence[str]) -> list[str]:
    """The names, numbered where several are the same: a module that runs twice makes two sources."""
    many, seen, found = Counter(names), Counter[str](), []
    for name in names:
        seen[name] += 1
        found.append(f"{name} ({seen[name]})" if many[name] > 1 else name)
    return found


def _listed(names: Sequence[Text]) -> Text:
    shown = list(names[:_MANY])
    if len(names) > _MANY:
        shown.append(said("{count} more", count=len(names) - _MANY))
    found = shown[0]
    for name in shown[1:-1]:
        found = said("{some}, {next}", some=found, next=name)
    return said("{some} and {last}", some=found, last=shown[-1]) if len(shown) > 1 else found
