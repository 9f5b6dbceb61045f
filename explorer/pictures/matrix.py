"""The reuse matrix as HTML text: rows are sources, columns their readers, the last of them the output.

Up to :data:`WORDY` Bottlenecks every cell has its number over a bar; beyond, it has a tint, and numbers stand
beside the diagonal. The page's panel makes the table a grid that can be walked, and says a cell in words: into
``data-cell``, ``data-out``, ``data-foot`` and ``data-foot-out`` it puts ``{reader}``, ``{what}``, ``{value}``
and ``{foot}`` (``grid.js`` there).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape

from explorer.findings import ReadWeights
from explorer.language import _, plural
from explorer.pictures.figure_frame import source_name
from explorer.pictures.palette import TOKENS
from explorer.pictures.reuse import Reuse, line, reuse, title, verdict, widest
from explorer.pictures.words import thousands
from explorer.spec import DenseBlockSpec, Study

WORDY = 16  # Bottlenecks up to which every cell has its number
_DIGIT, _PAD, _NAMES = 7, 10, 44  # px: a digit, the room beside a number, the column of the sources' names
_DESK, _PHONE = 900, 300  # px that the readers' columns share
_FAINTEST = 14  # %, the tint of what is next to nothing
_LABEL = 16  # px, the height of a line of labels


def reuse_head(study: Study) -> str:
    """Title and reading line."""
    return f'<h2>{escape(title(study))}</h2><p class="sub">{escape(line(study, not _wordy(study)))}</p>'


def reuse_table(
    study: Study, sentences: Sequence[str], weights: ReadWeights | None = None, problem: str = "", busy: bool = False
) -> str:
    """The matrix that ``study.view.matrix`` asks for.

    Args:
        study: block, input and measure.
        sentences: of each source, who reads it and how often it is copied.
        weights: for ``weights``; without them the cells are empty, in the same places.
        problem: why there are none, said in their place.
        busy: whether they are on their way.
    """
    block, found, wordy = study.block, reuse(study, weights), _wordy(study)
    height = _row_height(block.layers)
    column = _DIGIT * _digits(study) + _PAD if wordy else 4  # px at least
    least = _NAMES + (block.layers + 1) * column
    heads = "".join(_heads(block, column))
    attributes = "".join(
        f' data-{name}="{escape(text)}"' for name, text in _templates(study, found, weights is None).items()
    )
    rows = "".join(_rows(study, found, sentences, wordy, height))
    two = " two" if study.view.matrix == "weights" else ""  # lines on a phone, before and after it is measured
    over = f'<p class="over">{escape(problem)}</p>' if problem else ""
    classes = f"grid{'' if wordy else ' tinted'}{' fine' if block.layers > 32 else ''}{' busy' if busy else ''}"
    return (
        f'<div class="matrix"><p class="axis{two}">{escape(_axis(study, found, weights))}'
        f'<span class="hint"> · {escape(_("scroll sideways →"))}</span></p>'
        f'<div class="frame"><table class="{classes}" role="grid" aria-label="{escape(_("Reuse matrix"))}"{attributes} '
        f'style="--least:{least}px;--row:{height}px"><thead><tr><td class="e">{heads}</thead>'
        f"<tbody>{rows}</tbody></table>{over}</div>"
        f'<p class="says" data-idle="{escape(_("Point at a cell, or choose one: its source lights up everywhere."))}">'
        "</p></div>"
    )


def _wordy(study: Study) -> bool:
    """Whether every cell has room for its number on a desk."""
    layers = study.block.layers
    return layers <= WORDY and (layers + 1) * (_DIGIT * _digits(study) + _PAD) <= _DESK


def _digits(study: Study) -> int:
    """Characters of the longest number, whether or not it is known yet: weights are written like what is expected."""
    return widest(reuse(study))


def _row_height(layers: int) -> int:
    return next(height for most, height in ((9, 36), (WORDY, 30), (24, 18), (40, 12), (64, 9)) if layers <= most)


# --- rows and columns -----------------------------------------------------------------------------


def _heads(block: DenseBlockSpec, least: int) -> Iterator[str]:
    """The readers' names, each a place to choose it; some are not written where columns are narrow.

    ``least`` is the least width of a column, px.
    """
    columns = block.layers + 1
    rooms = [max(width / columns, least) for width in (_DESK, _PHONE)]
    for reader in range(1, columns):
        desk, phone = (_is_written(reader, columns, room) for room in rooms)
        text = f"<span{'' if phone else ' class=desk'}>{reader}</span>" if desk else ""
        name = escape(_("Bottleneck {number}").format(number=reader))
        yield f'<th scope="col" data-select="layer-{reader}" aria-label="{name}">{text}'
    yield f'<th scope="col" class="out"><span>{escape(_("out"))}</span>'


def _is_written(reader: int, columns: int, room: float) -> bool:
    """Whether a reader's number has ``room`` px a column, and is clear of "out" at the end."""
    stride = next(s for s in (1, 2, 4, 8, 16) if s * room >= _DIGIT * len(str(columns - 1)) + 6)
    return reader % stride == 0 and (columns - reader) * room >= 34 - room / 2


def _rows(study: Study, found: Reuse, sentences: Sequence[str], wordy: bool, height: int) -> Iterator[str]:
    block = study.block
    most = max((value for row in found.values for value in row if value is not None), default=1.0)
    stride = math.ceil(_LABEL / height)
    for source, values in enumerate(found.values):
        name = source_name(source)
        written = source % stride == 0
        label = f"<span>{name}</span>" if written else ""
        beside = ""
        first = values[0]
        if not wordy and written and first is not None and source < block.layers:
            text = f"{found.text(first)} ▸"  # it belongs to the cell on its right, which has no room for it
            if source * _PHONE / (block.layers + 1) >= _DIGIT * (len(text) + 1) + 4:
                beside = f"<span>{escape(text)}</span>"
        before = f'<td class="e" colspan="{source}">{beside}' if source else ""
        cells = "".join("<td>" if v is None else _cell(found.text(v), v / most, wordy) for v in values[:-1])
        yield (
            f'<tr data-source="{source}" data-what="{escape(_what(block, source))}" '
            f'data-says="{escape(sentences[source])}" style="--c:{TOKENS.source(source, block.layers)}">'
            f'<th scope="row" data-select="source-{source}" aria-label="{name}">{label}{before}{cells}'
            f"{_out(found, values[-1], most, wordy)}"
        )
    yield f'<tr class="foot"><th scope="row"><span>{_foot_name(study)}</span>{"".join(_foot(found, wordy))}'


def _cell(text: str, share: float, wordy: bool) -> str:
    if wordy:
        return f"<td style=--w:{share:.1%}>{escape(text)}"
    tint = _FAINTEST + (100 - _FAINTEST) * math.sqrt(share)
    return f"<td data-v={_bare(text)} style=--t:{tint:.0f}%>"


def _out(found: Reuse, value: float | None, most: float, wordy: bool) -> str:
    """The output's column; no convolution of the block reads it."""
    if value is None:
        return f'<td class="none">{"–" if wordy else ""}'
    return _cell(found.text(value), value / most, wordy)


def _foot(found: Reuse, wordy: bool) -> Iterator[str]:
    """The bottom row. Where columns are narrow, a number here and there, right-aligned under its column."""
    columns = len(found.foot)
    texts = ["" if value is None else found.foot_text(value) for value in found.foot]
    need = _DIGIT * max(map(len, texts)) + 8
    strides = [next(s for s in (1, 2, 4, 8, 16, 32) if s * room / columns >= need) for room in (_DESK, _PHONE)]
    last = columns if texts[-1] else columns - 1
    for reader, text in enumerate(texts, start=1):
        desk, phone = (
            (last - reader) % stride == 0 and reader * room / columns >= need
            for stride, room in zip(strides, (_DESK, _PHONE), strict=True)
        )
        if not text:
            yield '<td class="e">'
        elif wordy:
            yield f"<td>{escape(text)}"
        else:
            shown = f"<span{'' if phone else ' class=desk'}>{escape(text)}</span>" if desk or phone else ""
            yield f"<td data-v={_bare(text)}>{shown}"


def _bare(text: str) -> str:
    """An attribute's value, in quotes only where it needs them: there are thousands."""
    return text if text.replace(",", "").replace(".", "").isalnum() else f'"{escape(text)}"'


def _what(block: DenseBlockSpec, source: int) -> str:
    count = block.source_channels(source)
    return plural("{n} channel of {name}", "{n} channels of {name}", count).format(
        n=thousands(count), name=source_name(source)
    )


# --- words ----------------------------------------------------------------------------------------


def _axis(study: Study, found: Reuse, weights: ReadWeights | None) -> str:
    what = {
        "share": _("% of its channels"),
        "channels": _("channels"),
        "bytes": found.unit,
        "weights": _("mean |w|, {verdict}").format(verdict=verdict(study.block, weights)),
    }[study.view.matrix]
    return _("read by Bottleneck: {what}").format(what=what)


def _foot_name(study: Study) -> str:
    return {"share": _("out of"), "channels": _("all"), "bytes": _("all"), "weights": "E|w|"}[study.view.matrix]


def _templates(study: Study, found: Reuse, unknown: bool) -> dict[str, str]:
    """How the panel says a cell, a cell of the output's column, and both of the bottom row."""
    matrix = study.view.matrix
    if matrix == "weights":
        return {
            "cell": _("Bottleneck {reader} reads {what}; mean |w| {foot} is expected.")
            if unknown
            else _("Bottleneck {reader} reads {what} with mean |w| {value}, where {foot} is expected."),
            "out": _("The output holds {what}; no convolution of the block reads it."),
            "foot": _("Bottleneck {reader}, untrained: mean |w| {foot} is expected of every source."),
            "foot-out": "",
        }
    unit = f" {found.unit}" if found.unit else ""
    if matrix == "bytes":
        cell, out = _("Bottleneck {reader} reads {what}, {amount}."), _("The output holds {what}, {amount}.")
        foot, foot_out = _("Bottleneck {reader} reads {amount} in all."), _("The output has {amount}.")
        return {
            "cell": cell.replace("{amount}", "{value}" + unit),
            "out": out.replace("{amount}", "{value}" + unit),
            "foot": foot.replace("{amount}", "{foot}" + unit),
            "foot-out": foot_out.replace("{amount}", "{foot}" + unit),
        }
    share = matrix == "share"
    return {
        "cell": _("Bottleneck {reader} reads {what}, {value}% of its input.")
        if share
        else _("Bottleneck {reader} reads {what}, {foot} in all."),
        "out": _("The output holds {what}, {value}% of it.") if share else _("The output holds {what}, {foot} in all."),
        "foot": _("Bottleneck {reader} reads {foot} channels in all."),
        "foot-out": _("The output has {foot} channels."),
    }
