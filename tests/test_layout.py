"""The picture's geometry: complete, inside its frame, true to scale, and the same shapes in both drawings."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator

import pytest
from golden import golden
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import dense_blocks

from explorer.graph import concat_graph
from explorer.pictures.layout import Layout, layout
from explorer.pictures.layout.lettering import FONTS, text_box
from explorer.pictures.layout.shapes import Orientation, Point
from explorer.pictures.palette import DARK, LIGHT, TOKENS
from explorer.pictures.svg import picture, render
from explorer.spec import DenseBlockSpec, Drawing

DRAWINGS: tuple[Drawing, ...] = ("chain", "paper")
SIZES: tuple[tuple[Orientation, float], ...] = (("horizontal", 980), ("horizontal", 640), ("vertical", 340))


def drawn(block: DenseBlockSpec, drawing: Drawing = "chain", folded: bool = True, size: int = 0) -> Layout:
    return layout(concat_graph(block), drawing, *SIZES[size], folded)


def points_of(picture: Layout) -> Iterator[tuple[str, Point]]:
    """Every corner of everything that is shown."""
    boxes = [(s.id, s.box) for s in picture.slices if s.shown] + [(r.id, r.box) for r in picture.ribbons if r.shown]
    boxes += [(s.id, s.hit) for s in picture.slices if s.hit] + [(b.id, b.hit) for b in picture.bottlenecks]
    boxes += [(t.id, text_box(t)) for t in picture.texts]
    for name, box in boxes:
        yield from ((name, (box.x, box.y)), (name, (box.right, box.bottom)))
    for lane in picture.lanes:
        yield from ((lane.id, point) for point in lane.points if lane.shown)
    for flare in picture.flares:
        yield from ((flare.id, point) for point in flare.points)
    for bottleneck in picture.bottlenecks:
        yield from ((bottleneck.id, point) for _, corners in bottleneck.pieces for point in corners)
    for comb in picture.combs:
        yield from ((comb.id, point) for point in (comb.start, comb.end) if comb.shown)


@given(dense_blocks(), st.sampled_from(DRAWINGS), st.sampled_from(SIZES), st.booleans())
@settings(max_examples=200)
def test_everything_stays_in_the_frame(
    block: DenseBlockSpec, drawing: Drawing, size: tuple[Orientation, float], folded: bool
) -> None:
    picture = layout(concat_graph(block), drawing, *size, folded)
    for name, (x, y) in points_of(picture):
        assert -1 <= x <= picture.width + 1, (name, x, y)
        assert -1 <= y <= picture.height + 1, (name, x, y)


@given(dense_blocks(layers=24), st.sampled_from(SIZES), st.booleans())
@settings(max_examples=50)
def test_both_drawings_have_the_same_shapes(
    block: DenseBlockSpec, size: tuple[Orientation, float], folded: bool
) -> None:
    chain, paper = (layout(concat_graph(block), drawing, *size, folded) for drawing in DRAWINGS)
    assert (chain.width, chain.height, chain.fold) == (paper.width, paper.height, paper.fold)
    for kind in ("ribbons", "lanes", "flares", "combs", "slices", "bottlenecks", "brackets"):
        assert [s.id for s in getattr(chain, kind)] == [s.id for s in getattr(paper, kind)]
    assert {len(lane.points) for lane in (*chain.lanes, *paper.lanes)} == {16}
    assert {len(flare.points) for flare in (*chain.flares, *paper.flares)} == {8}
    for a, b in zip(chain.lanes, paper.lanes, strict=True):  # only the start of a lane moves along the layers
        along = 0 if chain.orientation == "horizontal" else 1
        assert a.points[-1][along] == pytest.approx(b.points[-1][along])


@given(dense_blocks())
@settings(max_examples=50)
def test_slices_are_to_scale(block: DenseBlockSpec) -> None:
    """One scale for all columns: areas may lie, heights must not."""
    picture = layout(concat_graph(block), "chain", "horizontal", 980)
    heights = {s.id: s.box.height for s in picture.slices if s.shown}
    ribbons = {r.source: r.box.height for r in picture.ribbons}
    x0, x1 = ribbons[0], heights["slice-1-1"]
    assert x0 / block.in_channels == pytest.approx((x1 + min(1.0, x1 / 5, x0)) / block.growth_rate, rel=0.25, abs=1.01)
    for source, height in ribbons.items():
        channels = block.growth_rate if source else block.in_channels
        assert height / channels == pytest.approx(x0 / block.in_channels)


@pytest.mark.parametrize("block", [DenseBlockSpec(), DenseBlockSpec(bottleneck=False), DenseBlockSpec(layers=12)])
def test_the_chain_shows_every_slice_and_every_read(block: DenseBlockSpec) -> None:
    graph, picture = concat_graph(block), drawn(block)
    slices = {(s.column, s.source) for s in picture.slices if s.shown}
    assert slices == {(part.column, part.source) for column in graph.columns for part in column.slices}
    reads = {(lane.source, lane.reader) for lane in picture.lanes if lane.shown}
    assert reads == {(s, node.index) for node in graph.bottlenecks for s in node.reads}


@pytest.mark.parametrize("block", [DenseBlockSpec(), DenseBlockSpec(bottleneck=False), DenseBlockSpec(layers=12)])
def test_the_paper_shows_every_arrow(block: DenseBlockSpec) -> None:
    picture = drawn(block, "paper")
    arrows = {(lane.source, lane.reader) for lane in picture.lanes if lane.shown}
    assert arrows == {(edge.source, edge.consumer) for edge in concat_graph(block).paper}
    originals = [s.source for s in picture.slices if s.shown and s.is_new]
    assert originals == list(range(block.layers + 1))


def test_a_bottleneck_without_its_1x1_is_one_piece() -> None:
    assert [kernel for kernel, _ in drawn(DenseBlockSpec()).bottlenecks[0].pieces] == ["1x1", "3x3"]
    alone = drawn(DenseBlockSpec(bottleneck=False))
    assert [kernel for kernel, _ in alone.bottlenecks[0].pieces] == ["3x3"]
    assert "1×1" not in [text.text for text in alone.texts]
    assert "3×3" in [text.text for text in alone.texts]


def test_a_bottleneck_widens_before_it_narrows_where_the_1x1_does() -> None:
    """64 → 128 → 32: said, not hidden."""
    piece, last = drawn(DenseBlockSpec()).bottlenecks[0].pieces
    left, right = (abs(piece[1][i][1] - piece[1][3 - i][1]) for i in (0, 1))
    assert right == pytest.approx(2 * left)
    assert abs(last[1][1][1] - last[1][2][1]) == pytest.approx(right / 4)


@pytest.mark.parametrize(
    ("layers", "size", "fold"),
    [
        (16, 0, None),
        (17, 0, (8, 13)),
        (24, 0, (8, 20)),
        (64, 0, (8, 60)),
        (9, 1, None),
        (12, 1, (5, 9)),
        (24, 2, (8, 20)),
    ],
)
def test_long_blocks_fold_in_the_middle(layers: int, size: int, fold: tuple[int, int] | None) -> None:
    picture = drawn(DenseBlockSpec(layers=layers), size=size)
    assert (picture.fold and (picture.fold.first, picture.fold.last)) == fold
    assert picture.foldable == (fold is not None)
    opened = drawn(DenseBlockSpec(layers=layers), folded=False, size=size)
    assert len(opened.bottlenecks) == layers
    if fold is not None:
        count = fold[1] - fold[0] + 1
        assert len(picture.bottlenecks) == layers - count
        assert all(s.shown for s in picture.slices if s.is_new)  # what folded layers make stays in sight
        assert [text.link for text in picture.texts if text.link] == ["unfold"]
        assert [text.link for text in opened.texts if text.link] == [f"fold layers {fold[0]}–{fold[1]}"]


def test_thin_slices_get_a_pointer_a_chance() -> None:
    picture = drawn(DenseBlockSpec(512, 4, 6))
    made = [s for s in picture.slices if s.is_new and s.column > 0]
    assert all(s.box.height < 12 and s.hit and s.hit.height >= 12 for s in made)


@pytest.mark.parametrize("drawing", DRAWINGS)
@pytest.mark.parametrize("size", range(len(SIZES)))
def test_texts_are_large_enough(drawing: Drawing, size: int) -> None:
    assert all(FONTS[text.role].size >= 12.5 for text in drawn(DenseBlockSpec(), drawing, size=size).texts)


@pytest.mark.parametrize("block", [DenseBlockSpec(layers=2), DenseBlockSpec(), DenseBlockSpec(256, 32, 24)])
@pytest.mark.parametrize("size", range(len(SIZES)))
def test_what_matters_is_never_left_out_for_want_of_room(block: DenseBlockSpec, size: int) -> None:
    chain, paper = ({t.id for t in drawn(block, drawing, size=size).texts} for drawing in DRAWINGS)
    names = {f"name-{b.layer}" for b in drawn(block, size=size).bottlenecks}
    ends = {"total-0", f"total-{block.layers}", "source-0", f"source-{block.layers}", "note-out"}
    assert names | ends <= chain
    assert names | {"total-out", "source-0"} <= paper


# --- as SVG -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "drawing", "layers"),
    [("picture-chain-2.svg", "chain", 2), ("picture-paper-2.svg", "paper", 2), ("picture-default.svg", "chain", 6)],
)
def test_small_pictures_are_the_agreed_ones(name: str, drawing: Drawing, layers: int) -> None:
    """The default block's is the one that README.md shows."""
    text = picture(DenseBlockSpec(layers=layers), drawing).replace("><", ">\n<") + "\n"
    assert text == golden(name, text)


@given(dense_blocks(layers=24), st.sampled_from(DRAWINGS), st.sampled_from(SIZES), st.booleans(), st.booleans())
@settings(max_examples=50)
def test_svg_is_well_formed_and_ids_are_unique(
    block: DenseBlockSpec, drawing: Drawing, size: tuple[Orientation, float], folded: bool, standalone: bool
) -> None:
    palette = LIGHT if standalone else TOKENS
    text = render(layout(concat_graph(block), drawing, *size, folded), palette, standalone)
    root = ET.fromstring(text)
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert not re.search(r"nan|\binf\b|None|\de-?\d", text)
    values = {element.get("data-layer") for element in root.iter()} - {None}
    assert len(values) == len([b for b in root.iter() if b.get("class") == "bottleneck"])


def test_a_file_stands_on_its_own_and_is_read_aloud() -> None:
    root = ET.fromstring(picture(DenseBlockSpec(), palette=DARK))
    text = "".join(root.itertext())
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "concat-title concat-desc"
    assert "Dense Block: 64 channels become 256 in 6 Bottlenecks that add 32 each." in text
    assert DARK.source(3, 6) in ET.tostring(root, encoding="unicode")
    assert "var(" not in ET.tostring(root, encoding="unicode")
    assert not [e for e in root.iter() if e.get("tabindex")]


def test_a_part_of_the_page_has_buttons_for_bottlenecks_and_sources() -> None:
    root = ET.fromstring(picture(DenseBlockSpec(), palette=TOKENS, standalone=False))
    buttons = [e for e in root.iter() if e.get("role") == "button"]
    assert all(e.get("tabindex") == "-1" and e.get("aria-label") for e in buttons)  # the script makes one the stop
    assert [e.get("data-layer") for e in buttons if e.get("data-layer")] == list("123456")
    assert [e.get("data-source") for e in buttons if e.get("data-source")] == list("0123456")
    assert root.find(".//*[@id='layer-3']").get("aria-label") == "Bottleneck 3: 128 → 128 → 32 channels"  # type: ignore[union-attr]  # it is there, or the test fails
