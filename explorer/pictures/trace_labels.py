"""What is written in the picture of a traced module: map sizes, totals and names, as many as there is room for."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from explorer.findings import Trace
from explorer.language import _
from explorer.pictures.layout.lettering import text_box, text_width
from explorer.pictures.layout.shapes import Anchor, TextShape
from explorer.pictures.trace_words import short_name, source_name

_LINE = 15.0  # px that a name needs


@dataclass(frozen=True)
class Mark:
    """A column or a post, and where it stands."""

    size: tuple[int, ...]
    parts: tuple[tuple[int, int], ...]  # (source, channels), from the base up
    cat: int | None  # its place among the concatenations; None: a post
    left: float = 0.0
    read: bool = False  # whether an arc ends here

    @property
    def channels(self) -> int:
        """Of all its slices."""
        return sum(channels for _source, channels in self.parts)


@dataclass(frozen=True)
class Scale:
    """Pixels: from a column to the next, of a column, of a channel, where columns stand, and of the whole."""

    pitch: float
    column: float
    channel: float
    base: float
    width: float


def labels(
    found: Trace, runs: Sequence[Sequence[Mark]], spans: Sequence[tuple[float, float]], at: Scale
) -> Iterator[tuple[TextShape, ...]]:
    """Texts, most important first: map sizes, the last and first total of each ruler, names, and the other totals."""
    for number, run in enumerate(runs):
        yield tuple(_sizes(f"size-{number}", run[0].size, spans, number, at.base + 27))
    marks = [mark for run in runs for mark in run]
    ends = list(itertools.accumulate(map(len, runs)))
    outer = dict.fromkeys([*(end - 1 for end in ends), *(end - len(run) for end, run in zip(ends, runs, strict=True))])
    for place in [*outer, *range(len(marks))]:
        mark = marks[place]
        if place in outer or text_width(f"{mark.channels:,}", "total") < at.pitch:
            yield _total(f"total-{place}", mark, at)
    for number, (run, (left, right)) in enumerate(zip(runs, spans, strict=True)):
        name, y = _run_name(found, run), at.base + 46
        if name:
            yield (TextShape(f"run-{number}", name, ((left + right) / 2, y), "name", "middle"),)
            continue
        for mark in run:
            text, x = _mark_name(found, mark), mark.left + at.column / 2
            yield (TextShape(f"name-{mark.left:.0f}", text, (x, y), "name", "middle"),)
    seen: set[int] = set()
    for place, mark in enumerate(marks):
        ends_at = marks[place + 1].left - 2 if place + 1 < len(marks) else at.width
        yield from _new_names(found, mark, seen, ends_at - (8 if place + 1 < len(marks) else 0), at)


def _new_names(found: Trace, mark: Mark, seen: set[int], right: float, at: Scale) -> Iterator[tuple[TextShape, ...]]:
    """Beside its slice the name of a source that is read for the first time, where there is room up to ``right``."""
    y, left = at.base, mark.left + at.column + 6
    for source, channels in mark.parts:
        high = channels * at.channel
        y -= high
        name = short_name(source_name(found.sources[source]))
        if source not in seen and mark.cat is not None and high >= _LINE and left + text_width(name, "note") < right:
            yield (TextShape(f"new-{source}", name, (left, y + high / 2 + 4.5), "note", "start"),)
        seen.add(source)


def _sizes(
    name: str, size: tuple[int, ...], spans: Sequence[tuple[float, float]], number: int, y: float
) -> Iterator[TextShape]:
    """The map size under a ruler, whole where that does not stand under a neighbour too."""
    left, right = spans[number]
    low = (spans[number - 1][1] + left) / 2 if number else 0.0
    high = (right + spans[number + 1][0]) / 2 if number + 1 < len(spans) else float("inf")
    whole, short = " × ".join(map(str, size)), str(size[0])
    places: list[tuple[float, Anchor]] = [((left + right) / 2, "middle"), (left, "start"), (right, "end")]
    for x, anchor in places:
        text = TextShape(name, whole, (x, y), "note", anchor)
        box = text_box(text)
        if low < box.x and box.x + box.width < high:
            yield text
    yield from (TextShape(name, short, (x, y), "note", anchor) for x, anchor in places)


def _total(name: str, mark: Mark, at: Scale) -> tuple[TextShape, ...]:
    """How many channels a column has; beside the arc that begins at a post or comes down to a column."""
    text, y = f"{mark.channels:,}", at.base - mark.channels * at.channel - 6
    if mark.cat is None:
        return (TextShape(name, text, (mark.left + at.column / 2 + 6, y), "made", "start"),)
    left = TextShape(name, text, (mark.left, y), "total", "start")
    middle = TextShape(name, text, (mark.left + at.column / 2, y), "total", "middle")
    right = TextShape(name, text, (mark.left + at.column, y), "total", "end")
    return (left, middle, right) if mark.read else (middle, right, left)


def _run_name(found: Trace, run: Sequence[Mark]) -> str:
    """The module in which all concatenations of one ruler ran, where that is not the whole."""
    paths = [found.concatenations[mark.cat].module.split(".") for mark in run if mark.cat is not None]
    if len(paths) < 2:
        return ""
    shared = itertools.takewhile(lambda names: len({*names}) == 1, zip(*paths, strict=False))
    return short_name(".".join(names[0] for names in shared))


def _mark_name(found: Trace, mark: Mark) -> str:
    if mark.cat is None:
        return short_name(source_name(found.sources[mark.parts[0][0]]))
    path = found.concatenations[mark.cat].module
    return short_name(path) if path else _("cat {number}").format(number=mark.cat + 1)
