"""The residual block's picture: complete, inside its frame, at the Dense Block's scale, and legible."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest
from browser import wait_until_still
from golden import golden
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page, expect
from strategies import UNITS, dense_blocks
from test_picture_browser import NO_TEXT, SETTINGS, SIZES, boards, overlaps

from explorer.bench.server import Server
from explorer.graph import concat_graph
from explorer.pictures.layout.along import folding
from explorer.pictures.layout.lettering import FONTS, text_box
from explorer.pictures.layout.measures import measure
from explorer.pictures.layout.residual import residual_layout
from explorer.pictures.layout.residual_shapes import ResidualLayout
from explorer.pictures.layout.shapes import Orientation
from explorer.pictures.palette import DARK, LIGHT, TOKENS
from explorer.pictures.residual_svg import render_residual, residual_picture
from explorer.pictures.svg import picture
from explorer.spec import DenseBlockSpec, ResidualSpec, Study
from explorer.theory import study_theory
from explorer.web.components.residual import residual_data

MATCHES = ("depth", "parameters", "macs", "saved_bytes")
SMALL = "height=8&width=8"
SOON = 60_000


def counterpart(block: DenseBlockSpec, match: str = "depth", unit: str = "preactivation") -> ResidualSpec:
    study = Study(block=block).with_(match=match, unit=unit, height=8, width=8)
    spec = study_theory(study).residual.theory.spec
    assert isinstance(spec, ResidualSpec)
    return spec


def drawn(
    block: DenseBlockSpec,
    size: tuple[Orientation, float] = ("horizontal", 976),
    match: str = "depth",
    unit: str = "preactivation",
    folded: bool = True,
) -> ResidualLayout:
    channel = measure(concat_graph(block), *size, True).channel
    return residual_layout(counterpart(block, match, unit), channel, *size, folded)


cases = given(
    dense_blocks(), st.sampled_from(SIZES), st.sampled_from(MATCHES), st.sampled_from(UNITS), st.booleans()
)  # fmt: skip


@cases
@settings(max_examples=100)
def test_everything_stays_in_the_frame(
    block: DenseBlockSpec, size: tuple[Orientation, float], match: str, unit: str, folded: bool
) -> None:
    picture = drawn(block, size, match, unit, folded)
    boxes = [(c.id, c.box) for c in picture.columns] + [(u.id, u.hit) for u in picture.units]
    boxes += [(u.id, u.projection) for u in picture.units if u.projection]
    boxes += [(t.id, text_box(t)) for t in picture.texts]
    points = [(name, p) for name, box in boxes for p in ((box.x, box.y), (box.right, box.bottom))]
    for one in picture.units:
        points += [(one.id, p) for p in (*one.branch, *one.skip, *(p for _, c in one.pieces for p in c))]
    for name, (x, y) in points:
        assert -1 <= x <= picture.width + 1, (name, x, y)
        assert -1 <= y <= picture.height + 1, (name, x, y)


@cases
@settings(max_examples=100)
def test_columns_have_the_dense_blocks_scale_and_units_the_columns(
    block: DenseBlockSpec, size: tuple[Orientation, float], match: str, unit: str, folded: bool
) -> None:
    picture, spec = drawn(block, size, match, unit, folded), counterpart(block, match, unit)
    assert picture.channel == measure(concat_graph(block), *size, True).channel
    across = [c.box.height if size[0] == "horizontal" else c.box.width for c in picture.columns]
    assert across == pytest.approx([spec.width_before(i + 1) * picture.channel for i in range(spec.units + 1)])
    assert picture.inside == pytest.approx(picture.channel * min(1, spec.out_channels / spec.inner_width))


@pytest.mark.parametrize("layers", [2, 6, 9, 16])
def test_columns_stand_under_those_of_the_dense_block(layers: int) -> None:
    block = DenseBlockSpec(layers=layers)
    dense = measure(concat_graph(block), "horizontal", 976, True)
    assert [c.box.x for c in drawn(block).columns] == pytest.approx(dense.starts)


@cases
@settings(max_examples=50)
def test_every_unit_adds_and_only_the_first_may_project(
    block: DenseBlockSpec, size: tuple[Orientation, float], match: str, unit: str, folded: bool
) -> None:
    picture, spec = drawn(block, size, match, unit, folded), counterpart(block, match, unit)
    fold = folding(spec.units, *size) if folded else None
    units = [n for n in range(1, spec.units + 1) if fold is None or not fold.holds(n)]
    assert [one.unit for one in picture.units] == units
    assert [one.unit for one in picture.units if one.projection] == [1]  # C is always more than c0
    kernels = ["3x3", "3x3"] if unit == "basic" else ["1x1", "3x3", "1x1"]
    assert all([kernel for kernel, _ in one.pieces] == kernels for one in picture.units)
    u = 0 if size[0] == "horizontal" else 1
    for one in picture.units:
        reads, gives = picture.columns[one.unit - 1].box, picture.columns[one.unit].box
        assert one.skip[0][u] == pytest.approx(
            reads.x + reads.width / 2 if size[0] == "horizontal" else reads.y + reads.height / 2
        )
        assert one.skip[-1][u] == pytest.approx(one.plus[u])
        assert one.branch[1] == one.plus
        assert one.plus[u] + one.radius <= (gives.x if size[0] == "horizontal" else gives.y) + 0.01


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("layers", [1, 2, 6, 16, 24, 64])
def test_what_matters_is_never_left_out_for_want_of_room(layers: int, size: tuple[Orientation, float]) -> None:
    picture = drawn(DenseBlockSpec(layers=layers), size)
    texts = {text.id for text in picture.texts}
    assert {f"unit-name-{one.unit}" for one in picture.units} <= texts
    assert {"unit-total-0", f"unit-total-{layers}", "projection-kernel-1"} <= texts
    assert ("unit-fold" in texts) == (folding(layers, *size) is not None)
    assert all(FONTS[text.role].size >= 12.5 for text in picture.texts)


@cases
@settings(max_examples=40)
def test_svg_is_well_formed_and_ids_are_unique(
    block: DenseBlockSpec, size: tuple[Orientation, float], match: str, unit: str, folded: bool
) -> None:
    for palette, standalone in ((LIGHT, True), (TOKENS, False)):
        text = render_residual(drawn(block, size, match, unit, folded), palette, standalone)
        ids = [element.get("id") for element in ET.fromstring(text).iter() if element.get("id")]
        assert len(ids) == len(set(ids))
        assert not re.search(r"nan|\binf\b|None|\de-?\d", text)


def test_both_pictures_share_no_id() -> None:
    block = DenseBlockSpec(layers=3)
    data = residual_data(study_theory(Study(block=block)))
    assert data["units"].keys() == {"1", "2", "3"}
    texts = (picture(block, palette=TOKENS, standalone=False), residual_picture(counterpart(block), block))
    ids = [{e.get("id") for e in ET.fromstring(text).iter()} - {None} for text in texts]
    assert not ids[0] & ids[1]


def test_a_file_stands_on_its_own_and_is_read_aloud() -> None:
    block = DenseBlockSpec()
    text = residual_picture(counterpart(block), block, palette=DARK)
    root = ET.fromstring(text)
    said = "".join(root.itertext())
    assert root.get("role") == "img" and "var(" not in text and DARK.residual in text
    assert "64 channels become 256 in unit 1, and stay 256 through all 6 units." in said
    assert "added to what goes past it; nothing is concatenated." in said


def test_the_small_picture_is_the_agreed_one() -> None:
    block = DenseBlockSpec(layers=2)
    text = residual_picture(counterpart(block), block).replace("><", ">\n<") + "\n"
    assert text == golden("residual-2.svg", text)


def test_no_text_overlaps_or_is_cut(browser: Browser) -> None:
    """In the page's font and in the one that stands in for it."""
    with boards(browser) as fonts:
        bad, count = [], 0
        for c0, k, layers in SETTINGS:
            block, figures = DenseBlockSpec(c0, k, layers), []
            for spec in {counterpart(block, match, unit) for match in ("depth", "macs") for unit in UNITS}:
                for size in SIZES:
                    for folded in (True, False) if folding(spec.units, *size) else (True,):
                        svg = NO_TEXT.sub("", residual_picture(spec, block, *size, folded))
                        figures.append(f'<figure title="{spec} {size[1]:g} {folded}">{svg}</figure>')
            count += len(figures)
            bad += [text for page, family in fonts for text in overlaps(page, figures, family)]
    assert count >= 21 * 4 * len(SIZES)
    assert not bad, f"{len(bad)} in {count} drawings, the first: {bad[:5]}"


# --- on the page ----------------------------------------------------------------------------------------


def visit(page: Page, server: Server, query: str = "", wide: int = 1440, high: int = 900) -> Page:
    page.set_viewport_size({"width": wide, "height": high})
    page.emulate_media(reduced_motion="reduce")
    page.set_default_timeout(SOON)
    page.goto(f"{server.address}/?{SMALL}&{query}")
    wait_until_still(page)
    expect(page.get_by_test_id("residual-graph").locator(".drawing > svg")).to_be_visible(timeout=SOON)
    return page


def test_a_unit_is_selected_by_click_and_key_and_the_link_brings_it_back(kept_page: Page, instant: Server) -> None:
    page = visit(kept_page, instant)
    graph = page.get_by_test_id("residual-graph")
    graph.locator('[data-layer="3"]').click(position={"x": 60, "y": 200})
    expect(page).to_have_url(re.compile(r"select=unit-3"))
    expect(graph.locator('[aria-pressed="true"]')).to_have_attribute("id", "unit-3")
    expect(graph.locator(".facts")).to_contain_text("Unit 3 reads 256, gives 256 · 70,400 parameters")
    page.reload()
    wait_until_still(page)
    expect(graph.locator('[aria-pressed="true"]')).to_have_attribute("id", "unit-3", timeout=SOON)
    expect(page.get_by_test_id("concat-graph").locator("svg.lit")).to_have_count(0)
    graph.locator("#unit-3").focus()
    page.keyboard.press("ArrowRight")
    expect(graph.locator("#unit-4")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"select=unit-4"))
    page.keyboard.press("Escape")
    expect(page).not_to_have_url(re.compile(r"select="))
    expect(graph.locator('[aria-pressed="true"]')).to_have_count(0)


def test_hover_lights_a_unit_and_the_columns_that_it_reads_and_gives(kept_page: Page, instant: Server) -> None:
    page = visit(kept_page, instant)
    graph = page.get_by_test_id("residual-graph")
    graph.locator('[data-layer="2"]').hover(position={"x": 60, "y": 200})
    lit = graph.locator(".on").evaluate_all("all => all.map(e => e.id).sort()")
    assert lit == ["unit-2", "width-1", "width-2"]
    page.mouse.move(2, 2)
    expect(graph.locator(".on")).to_have_count(0)


def test_a_long_block_unfolds_in_place(kept_page: Page, instant: Server) -> None:
    page = visit(kept_page, instant, "layers=24")
    graph = page.get_by_test_id("residual-graph")
    expect(graph.locator("[data-layer]")).to_have_count(11)
    graph.locator('[data-action="fold"]').click()
    expect(graph.locator("[data-layer]")).to_have_count(24)
    graph.locator('[data-action="fold"]').click()
    expect(graph.locator("[data-layer]")).to_have_count(11)


def test_both_pictures_have_one_scale_on_the_page(kept_page: Page, instant: Server) -> None:
    """A channel is as high in one as in the other: measured, not computed."""
    page = visit(kept_page, instant)
    high = "e => e.getBoundingClientRect().height"
    dense = sum(page.locator(f"#ribbon-{source}").evaluate(high) for source in range(6))
    assert page.locator("#width-6").evaluate(high) * 224 / 256 == pytest.approx(dense, rel=0.01)


@pytest.mark.parametrize("query", ["", "layers=24&select=unit-24", "layers=64&reference=512-32-16", "layers=2"])
def test_a_phone_does_not_scroll_sideways(kept_page: Page, instant: Server, query: str) -> None:
    page = visit(kept_page, instant, query, 390, 844)
    expect(page.get_by_test_id("residual-graph").locator("svg.vertical")).to_be_visible()
    wide = "[document.documentElement, document.querySelector('[data-testid=stMain]')].map(e => e.scrollWidth)"
    assert max(page.evaluate(wide)) <= 390
    frames = page.locator(".st-key-section-compare :is(.drawing, table, .shapes)")
    assert all(frames.evaluate_all("all => all.map(e => e.scrollWidth <= e.clientWidth + 1)"))
