"""The fan: the gradient at every layer of three stacks on a logarithmic axis, meeting at the last layer.

Also what is told of each layer beside it. All layers are in the markup; a page shows the one that is lit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from explorer.findings import GradientsFindings, StackFindings
from explorer.findings.gradients import Spread
from explorer.language import _, listed
from explorer.pictures import gradient_words as words
from explorer.pictures import svg_markup
from explorer.pictures.log_axis import LogAxis, decade
from explorer.pictures.palette import TOKENS, Palette
from explorer.pictures.svg_markup import number, tag
from explorer.spec import Joined

_LABEL = 19.0  # px from one label to the next at least


@dataclass(frozen=True)
class _Frame:
    width: float
    height: float
    left: float
    right: float = 44.0
    top: float = 26.0
    bottom: float = 44.0

    def x(self, layer: int, layers: int) -> float:
        share = (layer - 1) / (layers - 1) if layers > 1 else 1.0
        return self.left + share * (self.width - self.left - self.right)

    def y(self, value: float, axis: LogAxis) -> float:
        return self.height - self.bottom - axis.place(value) * (self.height - self.top - self.bottom)


WIDE, PHONE = _Frame(664, 424, 132), _Frame(350, 300, 102)


def colour(joined: Joined, palette: Palette = TOKENS) -> str:
    """Of a stack as a whole."""
    return {"plain": palette.ink, "residual": palette.residual, "dense": palette.dense}[joined]


def fan(found: GradientsFindings, frame: _Frame, palette: Palette = TOKENS) -> str:
    """The SVG of one width."""
    layers = found.study.block.layers
    courses = {joined: words.course(found.stacks[joined], found)[1:] for joined in words.JOINED}
    courses = {joined: spreads for joined, spreads in courses.items() if spreads}
    axis = LogAxis.over(spread for spreads in courses.values() for spread in spreads)
    phone = frame is PHONE
    drawn = [*_grid(axis, frame, palette), *_axis(found, frame, palette, phone=phone)]
    for joined, spreads in courses.items():
        drawn.append(_band(spreads, frame, axis, colour(joined, palette)))
    for joined, spreads in courses.items():
        drawn.append(_line(spreads, frame, axis, colour(joined, palette)))
    if "dense" in courses:
        drawn += _dots(courses["dense"], frame, axis, palette, small=phone or layers > 32)
    drawn += _labels(courses, frame, axis, palette)
    drawn += [_at(layer, courses, frame, axis, palette) for layer in range(1, layers + 1) if courses]
    drawn += _hits(layers, frame)
    root = {
        "class": "fan-svg",
        "viewBox": f"0 0 {number(frame.width)} {number(frame.height)}",
        "role": "img",
        "aria-label": words.spoken(found),
    }
    return tag("svg", root, "".join(drawn))


def _grid(axis: LogAxis, frame: _Frame, palette: Palette) -> Iterator[str]:
    for exponent in axis.decades():
        y = frame.y(10.0**exponent, axis)
        stroke = palette.axis if exponent == 0 else palette.line
        yield svg_markup.rule(frame.left, y, frame.width, y, stroke)
        yield svg_markup.words(frame.width, y - 4, decade(exponent), "note", "end")


def _axis(found: GradientsFindings, frame: _Frame, palette: Palette, *, phone: bool) -> Iterator[str]:
    layers = found.study.block.layers
    yield svg_markup.words(frame.left, 12, words.fan_axis(found, phone=phone), "note")
    for layer in _numbered(layers, phone=phone):
        yield svg_markup.words(frame.x(layer, layers), frame.height - 26, str(layer), "note", "middle")
    name = _("← towards the input") if phone else _("layer, ← the gradient travels towards the input")
    yield svg_markup.words(frame.left, frame.height - 6, name, "note")
    yield svg_markup.words(frame.width, frame.height - 6, _("loss"), "note", "end")


def _numbered(layers: int, *, phone: bool) -> list[int]:
    """Layers that are numbered: the first, the last, and round ones that keep apart from it."""
    step = next(step for step in (1, 2, 3, 6, 12, 16) if layers / step <= (5 if phone else 9))
    between = [n for n in range(step, layers, step) if n > 1 and layers - n > step / 2]
    return sorted({1, *between, layers})


def _band(spreads: Sequence[Spread], frame: _Frame, axis: LogAxis, stroke: str) -> str:
    layers = len(spreads)
    up = [(frame.x(n, layers), frame.y(s.high, axis)) for n, s in enumerate(spreads, 1)]
    down = [(frame.x(n, layers), frame.y(s.low, axis)) for n, s in enumerate(spreads, 1)]
    return tag("path", {"d": f"{svg_markup.path([*up, *reversed(down)])}Z", "fill": stroke, "fill-opacity": ".15"})


def _line(spreads: Sequence[Spread], frame: _Frame, axis: LogAxis, stroke: str) -> str:
    layers = len(spreads)
    points = [(frame.x(n, layers), frame.y(s.median, axis)) for n, s in enumerate(spreads, 1)]
    return tag("path", {"d": svg_markup.path(points), "fill": "none", "stroke": stroke, "stroke-width": 2})


def _dots(spreads: Sequence[Spread], frame: _Frame, axis: LogAxis, palette: Palette, *, small: bool) -> Iterator[str]:
    layers = len(spreads)
    for layer, spread in enumerate(spreads, 1):
        yield tag(
            "circle",
            {
                "cx": number(frame.x(layer, layers)),
                "cy": number(frame.y(spread.median, axis)),
                "r": 2.6 if small else 4,
                "fill": palette.source(layer, layers),
                "stroke": palette.background,
            },
        )


def _labels(courses: dict[Joined, tuple[Spread, ...]], frame: _Frame, axis: LogAxis, palette: Palette) -> Iterator[str]:
    """Name and value left of each line's end, apart from each other."""
    placed = sorted((frame.y(spreads[0].median, axis), joined) for joined, spreads in courses.items())
    ys = [y for y, _joined in placed]
    for _round in range(6):
        for i in range(1, len(ys)):
            gap = ys[i] - ys[i - 1]
            if gap < _LABEL:
                ys[i - 1] -= (_LABEL - gap) / 2
                ys[i] += (_LABEL - gap) / 2
    over = max([0.0, *(y - (frame.height - frame.bottom - 2) for y in ys)])
    for y, (_at, joined) in zip(ys, placed, strict=True):
        text = f"{words.joined_name(joined)} {words.times(courses[joined][0].median)}"
        yield svg_markup.words(frame.left - 9, y - over + 4.5, text, "name", "end", colour(joined, palette))


def _at(layer: int, courses: dict[Joined, tuple[Spread, ...]], frame: _Frame, axis: LogAxis, palette: Palette) -> str:
    """The instant of one layer: a line, and a ring on each curve."""
    layers = len(next(iter(courses.values())))
    x = frame.x(layer, layers)
    drawn = [svg_markup.rule(x, frame.top - 4, x, frame.height - frame.bottom, palette.mute)] if layer > 1 else []
    for joined, spreads in courses.items():
        y = frame.y(spreads[layer - 1].median, axis)
        ring = {"cx": number(x), "cy": number(y), "r": 5, "fill": palette.background, "stroke-width": 2}
        drawn.append(tag("circle", ring | {"stroke": colour(joined, palette)}))
    return tag("g", {"class": "at", "data-at": layer}, "".join(drawn))


def _hits(layers: int, frame: _Frame) -> Iterator[str]:
    """What answers the pointer: a column a layer."""
    step = (frame.width - frame.left - frame.right) / max(1, layers - 1)
    for layer in range(1, layers + 1):
        x = frame.x(layer, layers) - step / 2
        place = {"x": number(x), "y": 0, "width": number(step), "height": number(frame.height)}
        yield tag("rect", {"class": "hit", "data-points": layer} | place)


# --- beside the fan ---------------------------------------------------------------------------------------


def beside(found: GradientsFindings) -> str:
    """What is told of the layer that is lit, then accuracy, which always stands with it."""
    courses = {joined: words.course(found.stacks[joined], found) for joined in words.JOINED}
    layers = found.study.block.layers
    told = "".join(_place(found, layer, courses) for layer in range(layers + 1))
    learns = f"<h3>{escape(words.learns_title(found))}</h3><p>{escape(words.learns_line(found))}</p>"
    note = f'<p class="learnt">{escape(words.learns_note(found))}</p>'
    return f'<div class="places" aria-live="polite">{told}</div><div class="learns">{learns}{dots(found)}{note}</div>'


def _place(found: GradientsFindings, layer: int, courses: dict[Joined, tuple[Spread, ...]]) -> str:
    rows = ""
    for joined, spreads in courses.items():
        name = f'<b class="{joined}">{escape(words.joined_name(joined))}</b>'
        if spreads:
            value, spread = words.times(spreads[layer].median), words.span(spreads[layer])
            rows += f'<div class="ro">{name}<span class="big">{value}</span><span>{escape(spread)}</span></div>'
        else:
            rows += (
                f'<div class="ro">{name}<span class="none">{escape(_absent(found.stacks[joined], found))}</span></div>'
            )
    title, line = words.place_title(found, layer), words.place_line(found)
    return f'<div class="at" data-at="{layer}"><h3>{escape(title)}</h3><p>{escape(line)}</p>{rows}</div>'


def _absent(one: StackFindings, found: GradientsFindings) -> str:
    asked = found.study.gradients
    if asked.trained:
        if one.accuracies and not any(value is not None for value in one.accuracies):
            return _("diverged")
        return _("training…") if found.training else _("not trained")
    if one.found is not None:
        return _("no finite value")
    return _("not measured") if one.problem is not None else _("measuring…")


def dots(found: GradientsFindings, palette: Palette = TOKENS) -> str:
    """Accuracy as one dot a seed, on one scale from 0 to 100 %, guessing marked."""
    left, right = 66.0, 288.0 - 34.0

    def x(value: float) -> float:
        return left + value * (right - left)

    drawn = [
        tag("path", {"d": f"M{number(x(0.1))} 4V82", "stroke": palette.mute, "stroke-dasharray": "2 3"}),
        svg_markup.words(x(0.1), 98, _("guess 10"), "note", "middle"),
        svg_markup.words(x(0.55), 98, "50", "note", "middle"),
        svg_markup.words(x(1), 98, "100", "note", "middle"),
    ]
    said = []
    for row, joined in enumerate(words.JOINED):
        one, y, fill = found.stacks[joined], 16.0 + 28 * row, colour(joined, palette)
        drawn.append(svg_markup.words(0, y + 4.5, words.joined_name(joined), "name", fill=fill))
        drawn.append(svg_markup.rule(x(0), y, x(1), y, palette.line))
        known = [value for value in one.accuracies if value is not None]
        lost = words.diverged(one)
        for value in known:
            place = {"cx": number(x(value)), "cy": number(y), "r": 4.5, "fill": fill, "fill-opacity": ".55"}
            drawn.append(tag("circle", place))
        if lost:
            words_lost = _("{lost} of {all} diverged").format(lost=lost, all=len(one.accuracies))
            drawn.append(svg_markup.words(x(0.5), y - 6, words_lost, "note", "middle"))
        middle = words.accuracy(one)
        if middle is not None:
            drawn.append(svg_markup.words(288, y + 4.5, f"{100 * middle:.0f}", "name", "end"))
        elif not lost:
            drawn.append(svg_markup.words(x(0.14), y + 4.5, _not_trained(one, found), "note halo"))
        read = f"{100 * middle:.0f}%" if middle is not None else _("diverged") if lost else _("not measured")
        said.append(f"{words.joined_name(joined)} {read}")
    label = _("Accuracy of each seed: {told}").format(told=listed(said))
    return tag(
        "svg", {"class": "learn-svg", "viewBox": "0 0 288 104", "role": "img", "aria-label": label}, "".join(drawn)
    )


def _not_trained(one: StackFindings, found: GradientsFindings) -> str:
    if one.training_problem is None and found.training:
        return _("waits for its turn")
    return _("not measured")
