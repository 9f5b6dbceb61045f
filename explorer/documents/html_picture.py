"""The moving picture within an HTML document: what its scripts show, the scripts, and the drawing where none run."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from explorer.findings import StudyTheory
from explorer.graph import concat_graph
from explorer.language import _
from explorer.pictures import moving, spoken
from explorer.pictures.captions import graph_title
from explorer.pictures.layout import Layout, Orientation, folding, layout
from explorer.pictures.moving import bar, words
from explorer.pictures.moving.drawings import DRAWINGS, hides, packed
from explorer.pictures.palette import TOKENS
from explorer.pictures.svg import render
from explorer.spec import Drawing, Study

_SCRIPT = Path(__file__).with_name("document.js")
_DRAWINGS: tuple[Drawing, Drawing] = ("chain", "paper")


@cache
def script() -> str:
    """The picture's scripts and their host, as one module. The style is in the document already."""
    files = (*moving.SCRIPTS, _SCRIPT)
    return "\n".join(["const sheet = new CSSStyleSheet();", *(file.read_text(encoding="utf-8") for file in files)])


@cache
def script_hash() -> str:
    """By which a content policy knows :func:`script` between its tags."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script().encode()).digest()).decode()


def can_unfold(study: Study) -> bool:
    """Whether some drawing of the block is folded."""
    return any(folding(study.block.layers, *one) is not None for one in DRAWINGS)


def data(theory: StudyTheory, unfolded: bool) -> dict[str, Any]:
    """Both drawings for every window, and all words of the picture, as JSON values.

    ``unfolded``: whether a block that is folded comes unfolded, too, which is most of what is sent.
    """
    study = theory.study
    block, layers = study.block, study.block.layers
    graph, view = concat_graph(block), study.view
    folds = can_unfold(study)
    windows = _windows(layers)
    views = {"folded": {d: moving.drawn(block, d, windows, every=True, linked=unfolded) for d in _DRAWINGS}}
    if folds and unfolded:
        views["unfolded"] = {d: moving.drawn(block, d, windows, True, every=True) for d in _DRAWINGS}
    said = moving.picture_data(theory)
    del said["pictures"], said["slice"]
    readers = range(1, layers + 1) if unfolded or not folds else sorted({*map(int, said["bottlenecks"])})
    said |= {
        "present": False,
        "unfolded": folds and unfolded and hides(layers, view.selected.layer),
        "colours": "",  # the document's own
        "words": bar.bar_words(False, alone=True),
        "bottlenecks": {str(n): words.bottleneck_words(theory, n) for n in range(1, layers + 1)},
        "slices": {f"{s}-{n}": words.slice_words(graph, s, n) for n in readers for s in range(n)},
        "titles": {drawing: graph_title(study, drawing) for drawing in _DRAWINGS},
    }
    return {"views": views, "words": packed(json.dumps(said, ensure_ascii=False))}


def picture(study: Study) -> str:
    """The picture's frame. Until the scripts run, or where none do, it holds the drawing and what is said of it."""
    graph, drawing = concat_graph(study.block), study.view.drawing
    stills = "".join(_still(layout(graph, drawing, *one)) for one in _windows(study.block.layers, still=True))
    frame = moving.markup()
    for empty, filled in (
        ('<div class="drawing"></div>', f'<div class="drawing">{stills}</div>'),
        _chain(study) if drawing == "chain" else _paper(study),
    ):
        assert frame.count(empty) == 1
        frame = frame.replace(empty, filled)
    return frame


def _windows(layers: int, still: bool = False) -> tuple[tuple[Orientation, float], ...]:
    """The windows that are drawn for: fewer for a long block, whose drawings are large."""
    if layers <= moving.MANY:
        return (DRAWINGS[0], DRAWINGS[-1]) if still else DRAWINGS
    return DRAWINGS[:1] if still else (DRAWINGS[0], DRAWINGS[-1])


def _still(drawn: Layout) -> str:
    """The drawing as a part of the document that nothing moves, so that nothing in it needs a name."""
    text = re.sub(r"<(style|title|desc)\b.*?</\1>", "", render(drawn, TOKENS))
    text = re.sub(r' (?:id|aria-labelledby|data-(?!kernel)\w+)="[^"]*"', "", text)
    return text.replace(
        "<svg ", f'<svg aria-label="{escape(f"{spoken.title(drawn.graph)} {spoken.description(drawn)}")}" ', 1
    )


def _chain(study: Study) -> tuple[str, str]:
    """The strip's empty place for the code, and the same with the code in it."""
    said = words.chain_words(study.block)
    room = max(map(len, said["code"])) + 3
    lines = "\n".join(
        f'{escape(code)}<span class="remark">{" " * (room - len(code))}{escape(remark)}</span>'
        for code, remark in zip(said["code"], said["remarks"], strict=True)
    )
    empty = '<div class="code" hidden><pre></pre><p></p></div>'
    return empty, f'<div class="code"><pre>{lines}</pre><p>{escape(said["line"])}</p></div>'


def _paper(study: Study) -> tuple[str, str]:
    """The strip's place for the equation, hidden, and the same in sight with its sentence."""
    frame = moving.markup()
    start = frame.index('<div class="equation" hidden>')
    empty = frame[start : frame.index("<p></p>", start) + len("<p></p>")]
    line = f"<p>{escape(words.paper_words(study.block)['line'])}</p>"
    return empty, empty.replace(" hidden", "", 1).replace("<p></p>", line)


def switch(study: Study) -> str:
    """The two buttons that turn one drawing into the other; of use, and in sight, when the scripts run."""
    names = {"chain": _("As coded"), "paper": _("As drawn in the paper")}
    buttons = "".join(
        f'<button type="button" data-drawing="{drawing}" aria-pressed="{str(drawing == study.view.drawing).lower()}">'
        f"{escape(name)}</button>"
        for drawing, name in names.items()
    )
    return f'<div class="switch" role="group" aria-label="{escape(_("Drawing"))}" hidden>{buttons}</div>'
