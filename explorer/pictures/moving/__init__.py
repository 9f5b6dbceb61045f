"""The graph of :mod:`explorer.pictures.svg` in motion: it answers pointer and keys, and turns into the other drawing.

Scripts, style and markup that a browser is given, and the plain data that they show. They need a host:
on the page that is a Streamlit component, in a document a script of its own. It calls the scripts' default
function with its element, the data and two functions that take what a person does (see ``picture.js``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from explorer.findings import StudyTheory
from explorer.graph import Graph
from explorer.graph import concat_graph as graph_of
from explorer.language import kept
from explorer.pictures.layout import folding, layout
from explorer.pictures.layout.frame import CORNER_FROM
from explorer.pictures.layout.shapes import Orientation
from explorer.pictures.moving import bar, words
from explorer.pictures.moving.drawings import DRAWINGS, in_sight, packed, pictures
from explorer.pictures.palette import TOKENS
from explorer.pictures.svg import render, style
from explorer.spec import DenseBlockSpec, Drawing, Selection

_HERE = Path(__file__).parent
#: What any picture in a frame needs, to be followed by its own scripts; they are put together as one module.
FRAMED = tuple(_HERE / f"{name}.js" for name in ("framed", "drawn", "patch", "camera", "motion"))
THEME, DRAWN = _HERE / "theme.js", _HERE / "drawn.js"
#: The scripts of the concatenation graph. The frame's comes first: the picture extends it.
SCRIPTS = tuple(
    _HERE / f"{name}.js"
    for name in (
        *("framed", "picture", "theme", "drawn", "names", "patch"),
        *("camera", "motion", "strip", "film", "reveal", "keys", "finder"),
    )
)
MANY = 16  # Bottlenecks: beyond, a tablet scrolls the next wider drawing, which halves what is sent


@cache
def markup() -> str:
    """The picture's frame as HTML: strip, drawing, bar and dialogs, all without words."""
    return (_HERE / "picture.html").read_text(encoding="utf-8")


@cache
def sheet() -> str:
    """The style of frame and drawing, whose colours are CSS variables."""
    return style(TOKENS, ".dbe-picture .concat") + (_HERE / "picture.css").read_text(encoding="utf-8")


def picture_data(theory: StudyTheory, unfolded: bool = False, room: str | None = None) -> dict[str, Any]:
    """All that the scripts need but the colours, as JSON values.

    Args:
        theory: the Study and its closed forms.
        unfolded: whether all Bottlenecks of a long block are drawn.
        room: the drawing that the browser has asked for; until it has, those for a desk and a phone are sent.
    """
    study = theory.study
    block, view = study.block, study.view
    graph = graph_of(block)
    windows = _windows(block.layers, unfolded)
    inspected = in_sight(block.layers, windows, unfolded, view.selected.layer)
    return {
        "drawing": view.drawing,
        "select": view.select if view.select and view.selected.unit is None else "",  # a unit is the other picture's
        "unfolded": unfolded,
        "pictures": drawn(block, view.drawing, windows, unfolded, room),
        "chain": words.chain_words(block),
        "paper": words.paper_words(block),
        "sources": [words.source_words(graph, source) for source in graph.sources],
        "bottlenecks": {str(number): words.bottleneck_words(theory, number) for number in inspected},
        "slice": _slice_words(graph, view.selected),
        "words": bar.bar_words(view.present),
        "present": view.present,
        "film": bar.film_words(block),
        "find": bar.finder_words(theory.dense),
    }


def drawn(
    block: DenseBlockSpec,
    drawing: Drawing,
    windows: Sequence[tuple[Orientation, float]],
    unfolded: bool = False,
    room: str | None = None,
    *,
    every: bool = False,
    linked: bool = True,
) -> list[dict[str, Any]]:
    """One drawing for each window that it may be seen in, as the scripts read it.

    Args:
        block, drawing, unfolded, room: as of :func:`picture_data`.
        windows: what is drawn for.
        every: sends all of them, for where nobody can be asked.
        linked: whether a folded drawing offers to unfold, and the other way round.
    """
    found = pictures(
        windows, room, lambda side, width: _packed(block, drawing, side, width, not unfolded, linked), every
    )
    return [one | {"corner": _has_corner(block.layers, unfolded, one["orientation"], one["width"])} for one in found]


@kept(maxsize=512)
def _packed(
    block: DenseBlockSpec, drawing: Drawing, orientation: Orientation, width: float, folded: bool, linked: bool
) -> str:
    """One drawing's SVG as it is sent."""
    found = layout(graph_of(block), drawing, orientation, width, folded)
    if not linked:
        found = replace(found, texts=tuple(replace(text, link="") for text in found.texts))
    return packed(render(found, TOKENS, standalone=False))


def _has_corner(layers: int, unfolded: bool, orientation: Orientation, width: float) -> bool:
    """Whether the drawing leaves its upper left corner empty; one that scrolls has other Bottlenecks there."""
    scrolls = unfolded and folding(layers, orientation, width) is not None
    return orientation == "horizontal" and width >= CORNER_FROM and not scrolls


def _windows(layers: int, unfolded: bool) -> tuple[tuple[Orientation, float], ...]:
    """Unfolded, a long block has one wide drawing, which scrolls in its frame."""
    if layers <= MANY:
        return DRAWINGS
    return (DRAWINGS[0], DRAWINGS[-1]) if unfolded else (DRAWINGS[0], DRAWINGS[1], DRAWINGS[-1])


def _slice_words(graph: Graph, selected: Selection) -> words.Words | None:
    """What is said of the selected slice, if it is one."""
    if selected.source is None or selected.layer is None:
        return None
    return words.slice_words(graph, selected.source, selected.layer)
