"""What stands in the bar under the picture and in its two dialogs, and what the film of the block's growth says."""

from __future__ import annotations

from explorer.findings import BlockTheory
from explorer.graph import concat_graph
from explorer.language import _, kept
from explorer.pictures.layout.lettering import source_name
from explorer.pictures.moving.words import Words
from explorer.spec import DenseBlockSpec

_KINDS = {"bn": "BN", "conv1x1": "1×1", "conv3x3": "3×3"}
_NAMED = 3  # sources that a sentence names one by one


def bar_words(present: bool, alone: bool = False) -> Words:
    """Labels of buttons and fields, and the keys with what they do; in the presenter view others than on the page.

    ``alone``: in a document, from which nothing leads to the presenter view.
    """
    return {
        "film": _("Growth as a film"),
        "play": _("Play (space)"),
        "pause": _("Pause (space)"),
        "back": _("One Bottleneck back"),
        "on": _("One Bottleneck on"),
        "stage": _("Bottlenecks shown"),
        "speed": _("Speed"),
        "end": _("End the film"),
        "tools": _("Find, keys") if alone else _("Find, keys, present"),
        "find": _("Find a layer"),
        "keys": _("List the keys"),
        "present": _("Present"),
        "leave": _("Leave"),
        "zoom": _("Zoom"),
        "in": _("Zoom in (+; Ctrl and wheel, or pinch)"),
        "out": _("Zoom out (−)"),
        "fit": _("Show the whole picture"),
        "whole": _("Fit"),
        "close": _("Close"),
        "title": _("Keys"),
        "hint": _("← → step · Home · End · space play · m drawing · + − Bottlenecks · ? keys · Esc leave"),
        "rows": _presenting() if present else _reading(alone),
    }


def _reading(alone: bool) -> list[tuple[str, str]]:
    return [
        ("/", _("find a layer or a source")),
        ("← → ↑ ↓", _("walk the picture, from the Bottleneck or slice in focus")),
        ("Home  End", _("to the first, to the last")),
        (_("Enter"), _("select it; again, let it go")),
        ("Esc", _("end the film, or let go what is selected")),
        ("m", _("as coded, or as drawn in the paper")),
        ("+  −", _("zoom in and out")),
        ("f", _("show the whole picture")),
        (_("space"), _("play or pause the film, when it is open")),
        *([] if alone else [("p", _("presenter view"))]),
        ("?", _("list these keys")),
    ]


def _presenting() -> list[tuple[str, str]]:
    return [
        ("← →", _("one Bottleneck back or on")),
        ("Home  End", _("only the input, or the whole block")),
        (_("space"), _("play or pause")),
        ("m", _("as coded, or as drawn in the paper")),
        ("+  −", _("one Bottleneck more or fewer")),
        ("/", _("find a layer or a source")),
        ("Esc", _("end the film, let go what is selected, then leave")),
        ("p", _("leave the presenter view")),
        ("?", _("list these keys")),
    ]


def finder_words(dense: BlockTheory) -> Words:
    """What the finder lists: patterns for a Bottleneck and its modules, which are the same in all but their number."""
    return {
        "label": _("Bottleneck, source or module, such as 4, x2 or conv1 3"),
        "layer": _("Bottleneck {number}"),
        "part": _("denseblock.{index}.{part}: {what} of Bottleneck {number}"),
        "parts": [(part.name, _KINDS[part.kind]) for part in dense.layers[0].parts],
        "none": _("Nothing here has this name."),
    }


@kept(maxsize=256)
def film_words(block: DenseBlockSpec) -> tuple[str, ...]:
    """One sentence for each stage of the film, the input first."""
    start = _("The block’s input: {channels} channels, {source}.").format(
        channels=f"{block.in_channels:,}", source=source_name(0)
    )
    return (
        start,
        *(
            _("Bottleneck {number} reads {width} channels: {sources} — and adds {k}. Now {now}.").format(
                number=node.index,
                width=f"{node.in_channels:,}",
                sources=_sources(node.index),
                k=f"{block.growth_rate:,}",
                now=f"{node.in_channels + block.growth_rate:,}",
            )
            for node in concat_graph(block).bottlenecks
        ),
    )


def _sources(layer: int) -> str:
    if layer > _NAMED:
        return _("{first} to {last}").format(first=source_name(0), last=source_name(layer - 1))
    return ", ".join(source_name(source) for source in range(layer))
