"""Where everything stands in the picture of a traced module: one column a concatenation, in the order they ran.

Left to right is time. A source that waited while the network went on at other sizes (a skip connection) has a post
where it was made, and an arc from there to the slice that reads it. Neighbours of one map size share a ruler.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from explorer.findings import Concatenation, Trace
from explorer.language import _
from explorer.pictures.layout.lettering import placed, text_box, text_width
from explorer.pictures.layout.shapes import Anchor, Box, Point, TextShape
from explorer.pictures.palette import Palette

MARGIN, TOP, FOOT = 12.0, 30.0, 58.0  # px beside, above (for totals) and below the columns
TALLEST = 280.0  # px of the widest column
_PITCH = (2.4, 104.0)  # px from a column to the next, at least and at most
_WIDEST = 24.0  # px of a column
_ARCS = 96.0  # px that all arcs take together, at most
_LINE = 15.0  # px that a name needs
_ROOM = 16.0  # px of pitch from which on an arc comes down beside its column, and not onto it


@dataclass(frozen=True)
class Piece:
    """One slice of one column. ``new``: nobody has read this source before."""

    source: int
    box: Box
    new: bool


@dataclass(frozen=True)
class Arc:
    """From where a source was made to the slice that reads it, as the corners of a line."""

    source: int
    points: tuple[Point, ...]
    thickness: float


@dataclass(frozen=True)
class TraceLayout:
    """Everything that is drawn, in px."""

    width: float
    height: float
    pieces: tuple[Piece, ...]
    ribbons: tuple[tuple[int, Box], ...]
    arcs: tuple[Arc, ...]
    rulers: tuple[tuple[Point, Point], ...]
    texts: tuple[TextShape, ...]


@dataclass(frozen=True)
class _Mark:
    """A column or a post, and where it stands."""

    size: tuple[int, ...]
    parts: tuple[tuple[int, int], ...]  # (source, channels), from the base up
    cat: int | None  # its place among the concatenations; None: a post
    left: float = 0.0
    read: bool = False  # whether an arc ends here

    @property
    def channels(self) -> int:
        return sum(channels for _source, channels in self.parts)


@dataclass(frozen=True)
class _Scale:
    """Pixels: from a column to the next, of a column, of a channel, where columns stand, and of the whole."""

    pitch: float
    column: float
    channel: float
    base: float
    width: float


def trace_layout(found: Trace, width: float = 980.0) -> TraceLayout:
    """The picture of ``found``; wider than ``width`` px where its columns would else be too thin to be seen."""
    marks = list(_marks(found))
    arcs = _arcs(marks)
    levels = _levels(arcs)
    runs = [list(run) for _size, run in itertools.groupby(marks, key=lambda mark: mark.size)]
    pitch, gap, column = _steps(len(marks), len(runs), width)
    step = min(13.0, _ARCS / max(levels, default=1))
    base = TOP + step * max(levels, default=0) + TALLEST
    at = _Scale(pitch, column, TALLEST / max((mark.channels for mark in marks), default=1), base, width)
    x, read = MARGIN, {end for _source, _start, end in arcs}
    for run in runs:
        for place, mark in enumerate(run):
            run[place] = replace(mark, left=x, read=marks.index(mark) in read)
            x += pitch
        x += gap
    width = max(width, x - gap - pitch + column + MARGIN)
    marks = [mark for run in runs for mark in run]
    spans = [(run[0].left, run[-1].left + column) for run in runs]
    pieces = tuple(_pieces(marks, at))
    drawn = tuple(_drawn(arcs, levels, pieces, marks, step, at))
    named = f"trace-{width:.0f}-"  # the page has a narrow picture beside the wide one
    texts = placed(_labels(found, runs, spans, at), width, base + FOOT)
    return TraceLayout(
        width=width,
        height=base + FOOT,
        pieces=pieces,
        ribbons=tuple(_ribbons(marks, pieces, column)),
        arcs=drawn,
        rulers=tuple(((left, base + 9), (right, base + 9)) for left, right in spans),
        texts=tuple(replace(text, id=named + text.id) for text in texts),
    )


def colours(found: Trace, palette: Palette) -> tuple[str, ...]:
    """The colour of every source.

    Sources that are joined with each other begin the ramp anew, the first of them grey, as x0 of a Dense Block is.
    Where only two are (a U-Net's decoder), one ramp goes over all of them. What was given and not made is grey.
    """
    groups = _joined(found)
    alone = sorted(source for group in groups if len(group) < 3 for source in group)
    made = [source for source in alone if found.sources[source].maker == "module"]
    given = palette.source(0, 1)
    told = dict.fromkeys(range(len(found.sources)), given)
    told |= {source: palette.source(place, len(made)) for place, source in enumerate(made, 1)}
    for group in groups:
        later = [source for source in sorted(group)[1:] if found.sources[source].maker == "module"]
        if len(group) > 2:
            told[min(group)] = given
            told |= {source: palette.source(place, len(later)) for place, source in enumerate(later, 1)}
    return tuple(palette.mute if one.maker == "unknown" else told[source] for source, one in enumerate(found.sources))


def short_name(path: str) -> str:
    """The last part of a module's path that says something: ``denselayer3``, ``layer1.0``."""
    parts = path.split(".")
    first = next((place for place in range(len(parts) - 1, -1, -1) if not parts[place].isdigit()), 0)
    return ".".join(parts[first:])


def _joined(found: Trace) -> list[set[int]]:
    """Sources in groups: all that are joined with each other, however indirectly."""
    groups: list[set[int]] = []
    for cat in found.concatenations:
        now = {part.source for part in cat.slices}
        apart = [group for group in groups if not group & now]
        groups = [*apart, now.union(*(group for group in groups if group & now))]
    return groups


def _marks(found: Trace) -> Iterator[_Mark]:
    """Posts and columns in the order in which they were made."""
    posts = [
        (source.made, 0, _Mark(source.size, ((place, source.channels),), None))
        for place, source in enumerate(found.sources)
        if source.far
    ]
    columns = [
        (cat.made, 1, _Mark(cat.size, tuple((part.source, part.channels) for part in cat.slices), place))
        for place, cat in enumerate(found.concatenations)
    ]
    yield from (mark for *_, mark in sorted([*posts, *columns], key=lambda one: one[:2]))


def _steps(count: int, runs: int, width: float) -> tuple[float, float, float]:
    """(pitch, gap between two rulers more than that, width of a column)."""
    room = width - 2 * MARGIN
    gap = min(18.0, 0.12 * room / max(runs, 1))
    pitch = (room - (runs - 1) * gap) / max(count, 1)
    pitch = min(max(pitch, _PITCH[0]), _PITCH[1])
    return pitch, gap, min(_WIDEST, max(0.72 * pitch, pitch - 8) if pitch < 24 else 0.6 * pitch)


def _pieces(marks: Sequence[_Mark], at: _Scale) -> Iterator[Piece]:
    seen: set[int] = set()
    for mark in marks:
        y = at.base
        for source, channels in mark.parts:
            high = channels * at.channel
            y -= high
            line = min(1.0, high / 6)  # between two slices
            yield Piece(source, Box(mark.left, y, at.column, high - line), source not in seen)
            seen.add(source)


def _ribbons(marks: Sequence[_Mark], pieces: Sequence[Piece], column: float) -> Iterator[tuple[int, Box]]:
    """One band for a source that stands at the same height in neighbouring columns of one size."""
    begun: dict[tuple[int, float, float], tuple[float, float]] = {}  # (source, y, height) → where it begins and ends
    rest = iter(pieces)
    before: _Mark | None = None
    for mark in marks:
        here = {(piece.source, piece.box.y, piece.box.height) for piece in itertools.islice(rest, len(mark.parts))}
        goes_on = before is not None and before.size == mark.size and before.cat is not None
        for key in [key for key in begun if not goes_on or key not in here]:
            yield from _band(key, *begun.pop(key))
        for key in here:
            begun[key] = (begun[key][0] if key in begun else mark.left + column, mark.left)
        before = mark
    for key, (start, end) in begun.items():
        yield from _band(key, start, end)


def _band(key: tuple[int, float, float], start: float, end: float) -> Iterator[tuple[int, Box]]:
    if end > start:
        yield key[0], Box(start, key[1], end - start, key[2])


def _arcs(marks: Sequence[_Mark]) -> list[tuple[int, int, int]]:
    """(source, its post, the column that reads it), both as places among ``marks``."""
    posts = {mark.parts[0][0]: place for place, mark in enumerate(marks) if mark.cat is None}
    arcs = []
    for place, mark in enumerate(marks):
        before = marks[place - 1] if place and marks[place - 1].size == mark.size else None
        carried = (
            {source for source, _channels in before.parts} if before is not None and before.cat is not None else set()
        )
        for source in dict.fromkeys(source for source, _channels in mark.parts):
            if mark.cat is not None and source in posts and source not in carried:
                arcs.append((source, posts[source], place))
    return arcs


def _levels(arcs: Sequence[tuple[int, int, int]]) -> list[int]:
    """How high each arc goes, from 1, so that none lies on another."""
    levels = [0] * len(arcs)
    for place in sorted(range(len(arcs)), key=lambda one: arcs[one][2] - arcs[one][1]):
        _source, start, end = arcs[place]
        over = [
            levels[other] for other, (_source, a, b) in enumerate(arcs) if levels[other] and a <= end and start <= b
        ]
        levels[place] = max(over, default=0) + 1
    return levels


def _drawn(
    arcs: Sequence[tuple[int, int, int]],
    levels: Sequence[int],
    pieces: Sequence[Piece],
    marks: Sequence[_Mark],
    step: float,
    at: _Scale,
) -> Iterator[Arc]:
    firsts = list(itertools.accumulate((len(mark.parts) for mark in marks), initial=0))
    most = max(levels, default=0)
    beside: dict[int, int] = {}  # column → how many arcs come down beside it
    for (source, start, end), level in zip(arcs, levels, strict=True):
        read = next(piece for piece in pieces[firsts[end] : firsts[end + 1]] if piece.source == source)
        post = pieces[firsts[start]].box
        y = TOP + (most - level) * step - 14
        x = post.x + at.column / 2
        thick = min(5.0, max(1.5, 0.3 * at.column))
        if at.pitch >= _ROOM:
            beside[end] = beside.get(end, 0) + 1
            down = read.box.x - min(6.0 * beside[end], at.pitch - at.column - 2)
            middle = read.box.y + read.box.height / 2
            points: tuple[Point, ...] = ((x, post.y), (x, y), (down, y), (down, middle), (read.box.x, middle))
        else:
            top = min(piece.box.y for piece in pieces[firsts[end] : firsts[end + 1]])
            points = ((x, post.y), (x, y), (read.box.x + at.column / 2, y), (read.box.x + at.column / 2, top))
        yield Arc(source, points, thick)


def _labels(
    found: Trace, runs: Sequence[Sequence[_Mark]], spans: Sequence[tuple[float, float]], at: _Scale
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


def _new_names(found: Trace, mark: _Mark, seen: set[int], right: float, at: _Scale) -> Iterator[tuple[TextShape, ...]]:
    """Beside its slice the name of a source that is read for the first time, where there is room up to ``right``."""
    y, left = at.base, mark.left + at.column + 6
    for source, channels in mark.parts:
        high = channels * at.channel
        y -= high
        name = short_name(found.sources[source].name)
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


def _total(name: str, mark: _Mark, at: _Scale) -> tuple[TextShape, ...]:
    """How many channels a column has; beside the arc that begins at a post or comes down to a column."""
    text, y = f"{mark.channels:,}", at.base - mark.channels * at.channel - 6
    if mark.cat is None:
        return (TextShape(name, text, (mark.left + at.column / 2 + 6, y), "made", "start"),)
    left = TextShape(name, text, (mark.left, y), "total", "start")
    middle = TextShape(name, text, (mark.left + at.column / 2, y), "total", "middle")
    right = TextShape(name, text, (mark.left + at.column, y), "total", "end")
    return (left, middle, right) if mark.read else (middle, right, left)


def _run_name(found: Trace, run: Sequence[_Mark]) -> str:
    """The module in which all concatenations of one ruler ran, where that is not the whole."""
    paths = [found.concatenations[mark.cat].module.split(".") for mark in run if mark.cat is not None]
    if len(paths) < 2:
        return ""
    shared = itertools.takewhile(lambda names: len({*names}) == 1, zip(*paths, strict=False))
    return short_name(".".join(names[0] for names in shared))


def _mark_name(found: Trace, mark: _Mark) -> str:
    if mark.cat is None:
        return short_name(found.sources[mark.parts[0][0]].name)
    path = found.concatenations[mark.cat].module
    return short_name(path) if path else _("cat {number}").format(number=mark.cat + 1)


def slices_words(found: Trace, cat: Concatenation, most: int = 4) -> str:
    """``conv0 64 · denselayer1 32 · … 4 more · denselayer6 32``."""
    words = [f"{short_name(found.sources[part.source].name)} {part.channels:,}" for part in cat.slices]
    if len(words) > most:
        more = _("… {count} more").format(count=len(words) - most + 1)
        words = [*words[: most - 2], more, words[-1]]
    return " · ".join(words)
