"""The picture of a traced module: true to scale, readable with hundreds of columns, skips from where they were made."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from explorer.findings import Concatenation, Slice, Source, Trace
from explorer.language import speaking
from explorer.pictures import trace_page
from explorer.pictures.layout.lettering import text_box
from explorer.pictures.palette import DARK, LIGHT, TOKENS, Palette
from explorer.pictures.trace_layout import TALLEST, colours, trace_layout
from explorer.pictures.trace_svg import trace_picture
from explorer.pictures.trace_words import description, headline, short_name, slices_words, where
from explorer.spec import OwnModule


def trace(sources: Sequence[Source], cats: Sequence[Concatenation]) -> Trace:
    shape = ((1, 3, 8, 8),)
    return Trace("Net", shape, shape, True, "cpu", "2", False, 1, 1, 1, 1, 1, tuple(sources), tuple(cats), ())


def source(name: str, channels: int, size: int, made: int, far: bool = False) -> Source:
    return Source(name, "Conv2d", "module", name, "convolution", channels, (size, size), made, far)


def cat(module: str, slices: Sequence[tuple[int, int]], size: int, made: int) -> Concatenation:
    widths = tuple(channels for _, channels in slices)
    parts = tuple(Slice(place, channels) for place, channels in slices)
    return Concatenation(module, (1, sum(widths), size, size), widths, parts, 4 * sum(widths) * size**2, made)


def dense(blocks: Sequence[int], k: int = 32, c0: int = 64) -> Trace:
    """As torchvision's DenseNet: a concatenation before each layer, and one at the end of a block."""
    sources: list[Source] = []
    cats: list[Concatenation] = []
    step, size = 0, 56
    for number, layers in enumerate(blocks, 1):
        path = f"features.denseblock{number}"
        slices = [(len(sources), c0)]
        sources.append(source(f"features.transition{number}", c0, size, step := step + 1))
        for layer in range(1, layers + 1):
            cats.append(cat(f"{path}.denselayer{layer}", slices, size, step := step + 1))
            slices = [*slices, (len(sources), k)]
            sources.append(source(f"{path}.denselayer{layer}", k, size, step := step + 1))
        cats.append(cat(path, slices, size, step := step + 1))
        c0, size = (c0 + layers * k) // 2, size // 2
    return trace(sources, cats)


def unet(depth: int = 4) -> Trace:
    widths = [64 * 2**i for i in range(depth)]
    sources = [source(f"enc{i}", w, 224 // 2**i, i + 1, far=True) for i, w in enumerate(widths)]
    cats = []
    for i, width in reversed([*enumerate(widths)]):
        sources.append(source(f"up{i}", width, 224 // 2**i, (step := 20 + 2 * (depth - i))))
        cats.append(cat("", [(i, width), (len(sources) - 1, width)], 224 // 2**i, step + 1))
    return trace(sources, cats)


TRACES = {
    "none": trace((), ()),
    "one": trace([source("a", 3, 4, 1)], [cat("", [(0, 3)], 4, 2)]),
    "dense-121": dense((6, 12, 24, 16)),
    "dense-201": dense((6, 12, 48, 32)),
    "dense-264": dense((6, 12, 64, 48)),
    "hundreds": dense((90, 90, 90, 90), k=4),
    "unet": unet(),
    "deep unet": unet(6),
}


@pytest.mark.parametrize("width", [358.0, 980.0])
@pytest.mark.parametrize("name", TRACES)
def test_no_texts_touch_and_every_slice_is_to_scale(name: str, width: float) -> None:
    found = TRACES[name]
    drawn = trace_layout(found, width)
    boxes = [text_box(text) for text in drawn.texts]
    assert not any(a.overlaps(b, by=1.0) for i, a in enumerate(boxes) for b in boxes[:i])
    assert drawn.width >= width and all(box.x >= 0 and box.x + box.width <= drawn.width for box in boxes)
    columns = [one.channels for one in found.concatenations]
    scale = TALLEST / max([*columns, *(one.channels for one in found.sources if one.far)], default=1)
    for piece in drawn.pieces:
        channels = (piece.box.height + min(1, found.sources[piece.source].channels * scale / 6)) / scale
        assert channels == pytest.approx(found.sources[piece.source].channels)
    posts = sum(one.far for one in found.sources)
    assert len(drawn.pieces) == posts + sum(len(one.slices) for one in found.concatenations)
    sizes = {text.text for text in drawn.texts if "size" in text.id}
    stages = [found.concatenations[stage.start].size for stage in found.stages]
    assert {str(size[0]) for size in stages} <= {text.split(" ")[0] for text in sizes}


def test_a_hundred_columns_stay_within_the_page_and_more_scroll() -> None:
    assert trace_layout(TRACES["dense-201"]).width == trace_layout(TRACES["dense-201"], 358).width - 358 + 980
    assert trace_layout(TRACES["hundreds"], 358).width > 358


@pytest.mark.parametrize("depth", [4, 6])
def test_skips_come_in_arcs_that_do_not_cross(depth: int) -> None:
    drawn = trace_layout(unet(depth))
    assert [arc.source for arc in drawn.arcs] == [*reversed(range(depth))]
    tops = [min(y for _, y in arc.points) for arc in drawn.arcs]
    assert tops == sorted(tops, reverse=True) and len({*tops}) == depth
    for arc in drawn.arcs:
        end = arc.points[-1]
        assert any(p.box.x == end[0] and p.box.y < end[1] < p.box.y + p.box.height for p in drawn.pieces)
    assert not trace_layout(TRACES["dense-121"]).arcs


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_a_block_begins_the_ramp_anew_and_a_unet_has_one(palette: Palette) -> None:
    found = dense((6, 12))
    painted = colours(found, palette)
    assert painted[:7] == palette.sources(6) and painted[7:] == palette.sources(12)
    assert colours(unet(), palette) == palette.sources(8)[1:]


def elements(svg: str) -> Iterator[ElementTree.Element]:
    yield from ElementTree.fromstring(svg).iter()


@pytest.mark.parametrize("palette", [LIGHT, DARK, TOKENS])
@pytest.mark.parametrize("name", TRACES)
def test_it_is_svg_in_each_palette(name: str, palette: Palette) -> None:
    found = TRACES[name]
    svg = trace_picture(found, palette=palette)
    assert len(svg) < 800_000
    lit = {int(one.get("data-source", -1)) for one in elements(svg)} - {-1}
    assert lit == {*range(len(found.sources))}
    assert ("light-dark(" in svg) == (palette is TOKENS and bool(found.sources))
    assert not re.search(r"[\d.]{12}", svg)


def test_what_is_said_is_of_the_numbers() -> None:
    assert headline(TRACES["none"]) == "Net concatenates no maps."
    assert headline(TRACES["one"]) == "Net concatenates once and writes 192 bytes: every channel is copied once."
    assert headline(dense((6,))).endswith("times what it joins, since channels are copied again and again.")
    assert description(dense((6,))) == "At 56 × 56: 7 concatenations, from 64 to 256 channels."
    assert description(unet()).endswith("From afar: enc0, enc1, enc2, enc3.")
    found = dense((6,))
    words = slices_words(found, found.concatenations[-1])
    assert words == "transition1 64 · denselayer1 32 · … 4 more · denselayer6 32"
    assert [short_name(path) for path in ("a.layer1.0", "enc.3", "head", "0.1")] == ["layer1.0", "enc.3", "head", "0.1"]


def test_where_it_ran_is_told_in_the_language_that_is_spoken() -> None:
    found = replace(dense((6,)), device="CPU, 1 thread")
    assert where(found).endswith("run on CPU, 1 thread, torch 2")
    with speaking("zh"):
        assert "CPU，1 个线程" in where(found) and "thread" not in where(found)


def test_the_page_s_parts_hold_what_was_found_and_nothing_unescaped() -> None:
    own = OwnModule("ours.networks:<b>", None, "/home/somebody/work")
    assert "<b>" not in trace_page.head(own, None, "") and "work" in trace_page.head(own, None, "")
    assert "somebody" not in trace_page.head(own, None, "")
    assert "&lt;i&gt;" in trace_page.head(own, None, "It raised <i>.")
    nothing = TRACES["none"]
    assert trace_page.picture(nothing) == trace_page.notes(nothing) == ""
    found = replace(dense((6,)), told=("One <thing>.",), kept_bytes=None)
    assert "One &lt;thing&gt;." in trace_page.notes(found) and "Held" not in trace_page.tiles(found)
    table = trace_page.table(found)
    assert table.count("<tr>") == 8 and "… 3 more" in table and "features.<wbr>denseblock1" in table
