"""The words in a drawing of a residual block, most important first; what has no room is left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from explorer.language import _
from explorer.pictures.layout.frame import folded_text
from explorer.pictures.layout.lettering import placed, text_width
from explorer.pictures.layout.residual_measures import (
    PROJECTION,
    ROW,
    ResidualMeasures,
    projection_words,
    total_words,
    unit_name,
)
from explorer.pictures.layout.shapes import TextShape

Variants = tuple[TextShape, ...]  # the first that fits is taken


def texts(m: ResidualMeasures) -> tuple[TextShape, ...]:
    """Every text of the drawing that has room."""
    labels = [*_names(m), *_totals(m), *_fold(m), *_foot(m), *_inner(m), *_kernels(m)]
    return placed(labels, m.width, m.height)


def _names(m: ResidualMeasures) -> Iterator[Variants]:
    for unit in m.drawn():
        if m.horizontal:
            raised = 30 if m.projects(unit) else 8
            point = m.point((m.unit_start(unit) + m.unit_end(unit)) / 2, m.over + raised)
            whole = TextShape(f"unit-name-{unit}", unit_name(unit), point, "name", layer=unit)
            room = m.gap + m.widths[-1] > text_width(unit_name(m.spec.units), "name") + 6  # all of them, or none
            short = replace(whole, text=f"U{unit}")
            yield (whole, short) if room else (short,)
        else:
            total = text_width(total_words(m.spec, unit - 1), "total")
            point = (total + 12, m.end(unit - 1) + ROW - 9)
            yield (TextShape(f"unit-name-{unit}", unit_name(unit), point, "name", "start", layer=unit),)
    for unit in filter(m.projects, m.drawn()):
        yield from _projection(m, unit)


def _projection(m: ResidualMeasures, unit: int) -> Iterator[Variants]:
    """On its sign the kernel, beside it what it is for."""
    x, y = m.point(m.projection_middle(unit), m.over)
    yield (TextShape(f"projection-kernel-{unit}", "1×1", (x, y + 4.5), "width", layer=unit),)
    beside = TextShape(f"projection-{unit}", projection_words(), (x, y - 14), "width", layer=unit)
    yield (beside if m.horizontal else replace(beside, point=(x - PROJECTION.width / 2 - 6, y + 4.5), anchor="end"),)


def _totals(m: ResidualMeasures) -> Iterator[Variants]:
    """The width of every column, the first and the last before those between them."""
    last = m.spec.units
    for column in (0, last, *range(1, last)):
        if m.is_folded(column):
            continue
        if m.horizontal:
            along = m.starts[column] + m.widths[column] / 2
            yield (TextShape(f"unit-total-{column}", f"{m.channels(column):,}", m.point(along, -19), "total"),)
        else:
            point = (0.0, m.end(column) + ROW - 9)
            yield (TextShape(f"unit-total-{column}", total_words(m.spec, column), point, "total", "start"),)


def _foot(m: ResidualMeasures) -> Iterator[Variants]:
    if m.horizontal:
        note = TextShape("unit-note-in", _("channels in"), m.point(m.starts[0], -38), "note", "start")
        yield note, replace(note, text=_("in"))
        point = m.point(min(m.width - 2, m.end(m.spec.units) + 94), -38)
        yield (TextShape("unit-note-out", _("channels out"), point, "note", "end"),)


def _inner(m: ResidualMeasures) -> Iterator[Variants]:
    """Horizontally: the channels inside a unit, under its waist."""
    if not m.horizontal:
        return
    words = f"{m.spec.inner_width:,}"
    if text_width(words, "width") + text_width(f"{m.spec.out_channels:,}", "total") + 10 > m.gap + 16:
        return  # under all of them, or under none
    for unit in m.drawn():
        point = m.point((m.unit_start(unit) + m.unit_end(unit)) / 2, -19)
        yield (TextShape(f"unit-inner-{unit}", words, point, "width", layer=unit),)


def _kernels(m: ResidualMeasures) -> Iterator[Variants]:
    """The convolutions of a unit, named once, in their order."""
    kernels = ["3×3", "3×3"] if m.spec.unit == "basic" else ["1×1", "3×3", "1×1"]
    unit = min(2, m.spec.units)
    if m.horizontal and not m.is_folded(unit):
        point = m.point((m.unit_start(unit) + m.unit_end(unit)) / 2, -38)
        yield (TextShape("unit-kernels", " · ".join(kernels), point, "width", layer=unit),)


def _fold(m: ResidualMeasures) -> Iterator[Variants]:
    """What is folded, and the link that unfolds; unfolded, the link that folds."""
    end = m.end(m.spec.units)
    if m.fold is None:
        if m.foldable is None:
            return
        label = _("fold units {first}–{last}").format(first=m.foldable.first, last=m.foldable.last)
        point = m.point(m.starts[2], -38) if m.horizontal else (1.0, end + 62)
        yield (TextShape("unit-fold", "", point, "note", "start", link=label),)
        return
    first, last = m.fold.first, m.fold.last
    middle = (m.starts[first] + m.end(last)) / 2
    words = _("units {first}–{last} folded").format(first=first, last=last)
    if m.horizontal:
        whole = TextShape("unit-fold", words, m.point(middle, -38), "note", link=_("unfold"))
        yield whole, replace(whole, text=folded_text(m.fold))
    else:
        point = (m.over - 12, m.end(first - 1) + ROW - 9)  # in the row of texts before them
        yield (TextShape("unit-fold", folded_text(m.fold), point, "note", "end", link=_("unfold")),)
