"""A chapter's picture: one axis on which a person predicts with rings, and on which the answer then stands as bars.

Nothing moves between the states: axis, columns and what is drawn under them stay where they are. What is not to be
seen yet is not in the markup.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from explorer.findings import Column
from explorer.language import _
from explorer.lesson.chapter import Axis, Chapter
from explorer.lesson.words import WIDE as MANY_DECADES
from explorer.lesson.words import number, on_axis
from explorer.pictures import svg_markup
from explorer.pictures.lesson_sketches import Sketch, sketch
from explorer.pictures.palette import TOKENS, Palette
from explorer.pictures.svg_markup import number as px
from explorer.pictures.svg_markup import tag
from explorer.spec import LessonState, Study

_NARROW = 56.0  # px of a column in which a number of five digits has no room beside its neighbours'
_LINE = 17.0  # px from one line to the next


@dataclass(frozen=True)
class LessonFrame:
    """One size of the picture, in px; ``wide`` has room for names beside rings."""

    width: float
    height: float
    left: float = 44.0
    right: float = 12.0
    top: float = 40.0
    bottom: float = 108.0
    wide: bool = True


WIDE = LessonFrame(664, 404, right=28)
PHONE = LessonFrame(350, 392, left=34, right=6, top=52, bottom=96, wide=False)  # two lines of title
PRESENT = LessonFrame(664, 340, right=28, bottom=100)


@dataclass(frozen=True)
class LessonPicture:
    """What is drawn.

    Attributes:
        study: what is measured for, which the drawings under the axis show.
        guess: where the rings stand; None where there are none.
        values: what was found, by column; None for one that is not known or not to be seen.
        before: in play, what was found for the chapter's own values, drawn as an outline; empty elsewhere.
        fixed: columns that are no prediction, a worked example.
    """

    chapter: Chapter
    columns: tuple[Column, ...]
    study: Study
    state: LessonState
    guess: tuple[float, ...] | None
    values: tuple[float | None, ...]
    before: tuple[float | None, ...] = ()
    fixed: frozenset[int] = frozenset()

    @property
    def ends(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """The axis' ends while it is asked and answered, and in play."""
        axis, play = self.chapter.axis, self.chapter.play
        low, high = (of if at is None else at for at, of in ((play.low, axis.low), (play.high, axis.high)))
        return (axis.low, axis.high), (low, high)

    @property
    def low(self) -> float:
        """The axis' lower end in this state."""
        return self.ends[self.state == "play"][0]

    @property
    def high(self) -> float:
        """Its upper end."""
        return self.ends[self.state == "play"][1]


def lesson_picture(shown: LessonPicture, frame: LessonFrame, palette: Palette = TOKENS) -> str:
    """The SVG of one size."""
    place = _Places(shown, frame)
    drawn = [*_axis(place, palette), *_bars(place, palette)]
    if shown.chapter.axis.joined and shown.guess is not None:
        drawn.append(_curve(place, palette))
    drawn += _under(place, palette)
    drawn += _rings(place, palette)
    if shown.state == "ask" and frame.wide and str(shown.chapter.ask.hint):
        drawn.append(svg_markup.words(frame.width, 30, str(shown.chapter.ask.hint), "note halo hint", "end"))
    root = {
        "class": "lesson-svg",
        "viewBox": f"0 0 {px(frame.width)} {px(frame.height)}",
        "role": "group",
        "aria-label": _spoken(shown),
        "data-top": px(frame.top),
        "data-height": px(place.height),
    }
    return tag("svg", root, "".join(drawn))


class _Places:
    """Where things are."""

    def __init__(self, shown: LessonPicture, frame: LessonFrame) -> None:
        self.shown, self.frame, self.axis = shown, frame, shown.chapter.axis
        # Room for the names of both axes, the question's and that of play: columns stay where they are.
        names = [_name(mark, self.axis) for low, high in shown.ends for mark in _marks_of(shown.chapter, low, high)]
        self.left = min(118.0 if frame.wide else 64.0, max(frame.left, *(_width(name) + 6 for name in names)))
        self.width = (frame.width - self.left - frame.right) / max(1, len(shown.columns))
        self.height = frame.height - frame.top - frame.bottom
        self.bar = min(40.0 if frame.wide else 24.0, 0.42 * self.width)
        self.aside = 0.0
        if shown.state == "answer":
            self.aside = min(26.0 if frame.wide else 13.0, 0.2 * self.width)

    def x(self, column: int) -> float:
        """A column's middle."""
        return self.left + self.width * (column + 0.5)

    def share(self, value: float) -> float:
        """Where ``value`` lies on the axis, from 0 to 1; beyond an end, at it."""
        low, high = self.shown.low, self.shown.high
        if self.axis.scale == "log":
            value = max(value, low)
            return min(1.0, math.log(value / low) / math.log(high / low))
        return min(1.0, max(0.0, (value - low) / (high - low)))

    def y(self, value: float) -> float:
        """Its height in the picture."""
        return self.frame.top + (1 - self.share(value)) * self.height

    @property
    def ground(self) -> float:
        """Where bars begin."""
        return self.y(self.axis.line if self.axis.line is not None else self.shown.low)


def _axis(place: _Places, palette: Palette) -> Iterator[str]:
    frame, axis, shown = place.frame, place.axis, place.shown
    for row, line in enumerate(_wrapped(str(axis.title), frame.width)):
        yield svg_markup.words(0, 12 + 15 * row, line, "note")
    marks = _marks_of(shown.chapter, shown.low, shown.high)
    for mark in marks:
        strong = mark == axis.line
        y = place.y(mark)
        yield svg_markup.rule(0, y, frame.width, y, palette.ink if strong else palette.line, 1.5 if strong else 1)
        if not strong and axis.line in marks and abs(y - place.y(axis.line or 0)) < 13:
            continue  # the line's name has the place
        for row, line in enumerate(_wrapped(_name(mark, axis), place.left)):  # a second line stands below the mark's
            yield svg_markup.words(0, y - 4 + 18 * row, line, "name" if strong else "note")
    if axis.line is None and shown.low not in marks:
        yield svg_markup.rule(0, place.ground, frame.width, place.ground, palette.axis, 1)


def _marks_of(chapter: Chapter, low: float, high: float) -> Sequence[float]:
    axis = chapter.axis
    marks = axis.marks if (low, high) == (axis.low, axis.high) else _marks(axis, low, high)
    line = {axis.line} if axis.line is not None and low <= axis.line <= high else set[float]()
    return sorted({*marks} | line)  # what bars stand on has its name, whatever the marks are


def _name(mark: float, axis: Axis) -> str:
    if mark == axis.line and str(axis.name):
        return str(axis.name)
    decade = round(math.log10(mark)) if axis.scale == "log" and axis.high / axis.low > MANY_DECADES else 0
    if decade >= 4 and mark == 10.0**decade:
        return number(0, 0, axis.unit).replace("0", f"10{_raised(decade)}", 1)
    return number(mark, _digits(mark, axis), axis.unit)


def _raised(exponent: int) -> str:
    return "".join("⁰¹²³⁴⁵⁶⁷⁸⁹"[int(digit)] for digit in str(exponent))


def _digits(mark: float, axis: Axis) -> int:
    """Digits of a mark: as many as it has, since 0.5 on an axis of whole ratios is no 0.50."""
    return next((digits for digits in range(axis.digits + 1) if round(mark, digits) == mark), axis.digits)


def _marks(axis: Axis, low: float, high: float) -> list[float]:
    """Lines of an axis with other ends than the question's: six at most, on round numbers."""
    if axis.scale == "linear":
        step = 10 ** math.floor(math.log10((high - low) / 2))
        step = next(step * m for m in (1, 2, 2.5, 5, 10) if (high - low) / (step * m) <= 6)
        return [low + step * i for i in range(int((high - low) / step) + 1)]
    first, last = math.ceil(math.log10(low)), math.floor(math.log10(high))
    step = max(1, math.ceil((last - first) / 6))
    return [10.0**e for e in range(-step * (-first // step), last + 1, step)]


def _bars(place: _Places, palette: Palette) -> Iterator[str]:
    shown, axis = place.shown, place.axis
    if axis.joined and any(value is not None for value in shown.values):
        points = [(place.x(i), place.y(value)) for i, value in enumerate(shown.values) if value is not None]
        yield tag(
            "path",
            {
                "class": "truth-line",
                "d": svg_markup.path(points),
                "fill": "none",
                "stroke": _fill(shown.columns[0], palette),
            },
        )
    said: _Said | None = None
    for i, value in enumerate(shown.values):
        if value is None:
            continue
        fill = _fill(shown.columns[i], palette)
        x = place.x(i) - place.aside
        top, ground = place.y(value), place.ground
        high = max(1.5, abs(top - ground))
        if i < len(shown.before) and shown.before[i] is not None and shown.before[i] != value:
            was = place.y(shown.before[i] or 0)
            yield tag(
                "rect",
                {
                    "class": "before",
                    **_rect(x - place.bar / 2 - 3, min(was, ground), place.bar + 6, abs(was - ground)),
                    "fill": "none",
                    "stroke": palette.mute,
                },
            )
        opacity = {"fill-opacity": ".25"} if axis.joined else {}
        yield tag(
            "rect",
            {
                "class": "truth",
                **_rect(x - place.bar / 2, min(top, ground), place.bar, high),
                "fill": fill,
                **opacity,
            },
        )
        above = value >= (axis.line if axis.line is not None else shown.low)
        beyond = " ↓" if value < shown.low else " ↑" if value > shown.high else ""
        narrow = place.width < _NARROW
        words = on_axis(axis, value, unit=not narrow) + beyond
        said = _Said.beside(said, x, max(place.frame.top - 8, top - 7) if above else top + 18, words, small=narrow)
        yield svg_markup.words(x, said.y, words, "found halo small" if narrow else "found halo", "middle", fill)


@dataclass(frozen=True)
class _Said:
    """A number at its bar: the middle of its line, and how wide it is."""

    x: float
    y: float
    width: float

    @classmethod
    def beside(cls, other: _Said | None, x: float, y: float, words: str, *, small: bool) -> _Said:
        """One at ``x`` and ``y``, or as little above or below as the one before it asks for."""
        width = _width(words) * (12 if small else 16) / 13
        if other is not None and x - other.x < (width + other.width) / 2 and abs(y - other.y) < _LINE:
            y = other.y + (_LINE if y >= other.y else -_LINE)
        return cls(x, y, width)


def _fill(column: Column, palette: Palette) -> str:
    return {"dense": palette.dense, "residual": palette.residual, "plain": palette.ink}[column.of]


def _curve(place: _Places, palette: Palette) -> str:
    shown = place.shown
    points = [(place.x(i) + place.aside, place.y(value)) for i, value in enumerate(shown.guess or ())]
    return tag("path", {"class": "guess-line", "d": svg_markup.path(points), "fill": "none", "stroke": palette.ink})


def _rings(place: _Places, palette: Palette) -> Iterator[str]:
    shown, axis, frame = place.shown, place.axis, place.frame
    asking = shown.state == "ask"
    first = True
    for i, value in enumerate(shown.guess or ()):
        if i in shown.fixed:
            continue
        x, y = place.x(i) + place.aside, place.y(value)
        truth = shown.values[i]
        if not asking and truth is not None and abs(place.share(value) - place.share(truth)) > 0.06:
            end = place.y(truth)
            yield svg_markup.rule(x, y, x, end, palette.ink, 1)
            yield svg_markup.rule(x - 5, end, x + 5, end, palette.ink, 1)
        radius = (10 if frame.wide else 9) if asking else 6.5
        inside = [tag("circle", {"class": "reach", "cx": px(x), "cy": px(y), "r": 22, "fill": "transparent"})]
        ring = {"cx": px(x), "cy": px(y), "r": radius, "fill": palette.background, "stroke": palette.ink}
        inside.append(tag("circle", {"class": "ring", **ring}))
        if asking:
            words = on_axis(axis, value)
            free: tuple[int, ...] = (-1, 1)
            if frame.wide and place.width > 76:
                inside.append(svg_markup.words(x + 16, y + 4.5 - (11 if value == axis.line else 0), words, "you halo"))
            else:
                above = y > frame.top + 20
                inside.append(svg_markup.words(x, y - 15 if above else y + 25, words, "you halo", "middle"))
                free = (1,) if above else (-1,)
            yield tag("path", {"class": "stem", "data-stem": i, "d": _stem(x, place.ground, y), "stroke": palette.ink})
            slider = {
                "class": "knob",
                "data-column": i,
                "tabindex": 0,
                "role": "slider",
                "aria-orientation": "vertical",
                "aria-label": str(shown.columns[i].label),
                "aria-valuemin": f"{shown.low:g}",
                "aria-valuemax": f"{shown.high:g}",
                "aria-valuenow": f"{value:g}",
                "aria-valuetext": words,
            }
            yield tag("g", slider, "".join(inside))
            if first:
                yield _invitation(x, y, free, palette)
            first = False
        else:
            if frame.wide and place.width > 130:
                words = _("you {value}").format(value=on_axis(axis, value, unit=False))
                inside.append(svg_markup.words(x + 11, y + 4.5 - (11 if value == axis.line else 0), words, "you halo"))
            yield tag("g", {"class": "was"}, "".join(inside))


def _invitation(x: float, y: float, free: Sequence[int], palette: Palette) -> str:
    """Chevrons above (-1) and below (1) the first ring, where its number is not, until it is moved."""
    lines = [f"M{px(x - 6)} {px(y + d * 17)}l6 {7 * d}l6 {-7 * d}" for d in free]
    path = {"d": "".join(lines), "fill": "none", "stroke": palette.ink, "stroke-width": 2}
    return tag("g", {"class": "invite", "aria-hidden": "true"}, tag("path", path))


def _under(place: _Places, palette: Palette) -> Iterator[str]:
    """What each column is, drawn to scale where it can be, and its name."""
    shown, frame = place.shown, place.frame
    ground = frame.height - frame.bottom + (52 if frame.wide else 40)
    room = min(58.0 if frame.wide else 34.0, 0.44 * place.width)
    height, asking = 36 if frame.wide else 24, shown.state == "ask"
    every = max(1, math.ceil((34 if frame.wide else 26) / place.width))
    for i, column in enumerate(shown.columns):
        x = place.x(i)
        yield sketch(shown.chapter.about, Sketch(shown.study, i, x, ground, room, height, palette, asking=asking))
        last = i == len(shown.columns) - 1
        if not last and (i % every or (len(shown.columns) - 1 - i) < every):
            continue
        lines = _wrapped(str(column.label), place.width * every - 4)
        note = str(column.note) if column.note is not None else ""
        for row, line in enumerate(lines):
            yield svg_markup.words(x, ground + 20 + 15 * row, line, "name", "middle")
        if note and frame.wide and _fits(note, place.width - 4):
            yield svg_markup.words(x, ground + 20 + 16 * len(lines) + 1, note, "note", "middle")


def _width(text: str) -> float:
    """About how wide 13 px letters are: a Han character is as wide as it is high."""
    return sum(13.0 if ord(letter) > 0x2E7F else 6.7 for letter in text)


def _fits(text: str, room: float) -> bool:
    return _width(text) <= room


def _wrapped(text: str, room: float) -> list[str]:
    """``text`` in two lines where one is too narrow."""
    words = text.split(" ")
    if _fits(text, room) or len(words) < 2:
        return [text]
    cut = min(range(1, len(words)), key=lambda n: max(_width(" ".join(words[:n])), _width(" ".join(words[n:]))))
    return [" ".join(words[:cut]), " ".join(words[cut:])]


def _spoken(shown: LessonPicture) -> str:
    """The whole picture in words."""
    axis = shown.chapter.axis
    parts = []
    for i, column in enumerate(shown.columns):
        said = []
        if shown.guess is not None and i not in shown.fixed:
            said.append(_("predicted {value}").format(value=on_axis(axis, shown.guess[i])))
        value = shown.values[i]
        if value is not None:
            said.append(_("found {value}").format(value=on_axis(axis, value)))
        parts.append(f"{column.label}: {', '.join(said)}" if said else str(column.label))
    return f"{axis.title}. {'; '.join(parts)}."


def _stem(x: float, ground: float, y: float) -> str:
    return f"M{px(x)} {px(ground)}V{px(y)}"


def _rect(x: float, y: float, width: float, height: float) -> dict[str, str]:
    return {"x": px(x), "y": px(y), "width": px(max(0, width)), "height": px(max(0, height))}
