"""The picture in a real browser: no text overlaps or is cut; it answers hover, click and keys, and changes in place."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit
from browser import complaints, wait_until_still
from playwright.sync_api import Browser, Page, expect
from server import assert_no_traceback

from explorer.bench.server import running_server
from explorer.graph import concat_graph
from explorer.pictures.layout import folding, layout
from explorer.pictures.layout.frame import CORNER_FROM
from explorer.pictures.layout.shapes import Box, Orientation
from explorer.pictures.palette import LIGHT
from explorer.pictures.svg import FAMILY, picture
from explorer.spec import DenseBlockSpec, Drawing

SETTINGS = [
    *[(64, 32, layers) for layers in (1, 2, 3, 6, 8, 12, 16, 17, 24)],
    *[(128, 32, 12), (512, 32, 16), (1024, 32, 16), (24, 12, 5), (24, 12, 16), (512, 8, 6), (512, 4, 6)],
    *[(8, 64, 6), (8, 64, 24), (16, 4, 64), (96, 48, 36), (256, 32, 64), (4096, 512, 64), (1, 1, 64), (4096, 1, 3)],
]
SIZES: tuple[tuple[Orientation, float], ...] = (
    ("horizontal", 976),
    ("horizontal", 820),
    ("horizontal", 640),
    ("vertical", 340),
)

# Of every drawing: each pair of texts that share more than a hair, and each text that leaves the frame.
CHECK = """() => [...document.querySelectorAll("figure")].flatMap(figure => {
  const frame = figure.querySelector("svg").getBoundingClientRect(), found = [], which = figure.title;
  const strip = figure.querySelector("div")?.getBoundingClientRect();
  const texts = [...figure.querySelectorAll("text")].map(e => [e.textContent, e.getBoundingClientRect()]);
  const shared = (a, b) => [Math.min(a.right, b.right) - Math.max(a.left, b.left),
                            Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)];
  texts.forEach(([text, box], i) => {
    if (!box.width) found.push(`${which}: ${text} is empty`);
    const outside = [frame.left - box.left, box.right - frame.right, frame.top - box.top, box.bottom - frame.bottom];
    if (Math.max(...outside) > 1.5)
      found.push(`${which}: ${text} is cut`);
    for (const [other, its] of texts.slice(i + 1)) {
      const [w, h] = shared(box, its);
      if (w > 1.5 && h > 5) found.push(`${which}: ${text} over ${other}`);
    }
    if (strip) { const [w, h] = shared(box, strip); if (w > 0 && h > 2) found.push(`${which}: strip over ${text}`); }
  });
  return found;
})"""
STRIP = '<div style="position:absolute;left:0;top:0;width:590px;height:88px"></div>'
NO_TEXT = re.compile(r"<(rect|path|polygon)[^>]*/>")


def source_sans() -> str:
    """A style element with the font that the page has, as Streamlit ships it."""
    folder = Path(streamlit.__file__).parent / "static/static/media"
    font = base64.b64encode(next(folder.glob("SourceSansVF-Upright*")).read_bytes()).decode()
    face = f'@font-face {{ font-family: "Source Sans"; font-weight: 200 900; src: url(data:font/woff2;base64,{font}) }}'
    return f"<style>{face}</style>"


@pytest.mark.parametrize("font", ["page", "fallback"])
@pytest.mark.parametrize("drawing", ["chain", "paper"])
def test_no_text_overlaps_or_is_cut(browser: Browser, drawing: Drawing, font: str) -> None:
    page = browser.new_page(viewport={"width": 1100, "height": 600})
    page.set_content((source_sans() if font == "page" else "") + '<div id="here"></div>')
    bad, drawn = [], 0
    for c0, k, layers in SETTINGS:
        figures = []
        for block in (DenseBlockSpec(c0, k, layers), DenseBlockSpec(c0, k, layers, bottleneck=False)):
            for orientation, width in SIZES:
                for folded in (True, False) if folding(layers, orientation, width) else (True,):
                    svg = picture(block, drawing, orientation, width, folded, LIGHT, True)
                    svg = svg if font == "page" else svg.replace(FAMILY, "sans-serif")
                    which = f"{block.in_channels} {k} {layers} 1x1={block.bottleneck} {width:g} folded={folded}"
                    corner = STRIP if orientation == "horizontal" and width >= CORNER_FROM else ""
                    figures.append(
                        f'<figure title="{which}" style="position:relative">{corner}{texts_of(svg)}</figure>'
                    )
        page.evaluate("html => document.getElementById('here').innerHTML = html", "".join(figures))
        page.evaluate("document.fonts.ready")
        drawn += len(figures)
        bad += page.evaluate(CHECK)
    page.close()
    assert drawn >= 21 * 2 * len(SIZES)
    assert not bad, f"{len(bad)} in {drawn} drawings, the first: {bad[:5]}"


def texts_of(svg: str) -> str:
    """The drawing without its shapes, which are most of it."""
    return NO_TEXT.sub("", svg)


# --- as a component -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A small page with the picture, a slider and the toggle."""
    log = tmp_path_factory.mktemp("picture") / "server.log"
    with running_server(Path(__file__).with_name("picture_app.py"), log) as server:
        yield server.address
    assert_no_traceback(log)


@pytest.fixture
def opened(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    page = context.new_page()
    with complaints(page) as found:
        page.goto(address)
        wait_until_still(page)
        expect(page.get_by_test_id("concat-graph").locator("svg")).to_be_visible()
        yield page
    assert not found
    context.close()


def test_every_slice_and_every_bottleneck_can_be_clicked(opened: Page) -> None:
    graph = opened.get_by_test_id("concat-graph")
    expect(graph.locator("[data-source]")).to_have_count(28)
    expect(graph.locator("[data-layer]")).to_have_count(6)
    for layer in range(1, 7):
        graph.locator(f'[data-layer="{layer}"]').click()
        expect(opened.get_by_text(f"selected: layer-{layer}", exact=True)).to_be_visible()
        expect(graph.locator(".inspector .facts")).to_contain_text(f"Bottleneck {layer}")
    for source in range(7):
        graph.locator(f'[data-source="{source}"]').last.click()
        expect(opened.get_by_text(f"selected: source-{source}", exact=True)).to_be_visible()
    opened.keyboard.press("Escape")
    expect(opened.get_by_text("selected: nothing", exact=True)).to_be_visible()


def test_the_inspector_says_what_a_bottleneck_does(opened: Page) -> None:
    graph = opened.get_by_test_id("concat-graph")
    graph.locator('[data-layer="3"]').hover()
    expect(graph.locator(".facts")).to_have_text(
        "Bottleneck 3 reads 128, adds 32 · 53,760 parameters · 167.0 MMAC · 6.13 MiB saved"
    )
    expect(graph.locator(".steps b")).to_have_text(
        ["BN(128) · ReLU", "1×1, 128 → 128", "BN(128) · ReLU", "3×3, 128 → 32", "cat"]
    )
    expect(graph.locator(".steps .conv3x3")).to_have_attribute("title", "denseblock.2.conv2")
    lit = graph.locator("svg .on:not(.source)").evaluate_all("all => all.map(e => e.id).sort()")
    assert lit == sorted(
        ["flare-3", "lane-0-3", "lane-1-3", "lane-2-3", "layer-3", "slice-2-0", "slice-2-1", "slice-2-2", "slice-3-3"]
    )
    opened.mouse.move(5, 5)
    expect(graph.locator("pre")).to_be_visible()


def test_hover_on_a_source_lights_its_path_and_tells_the_other_pictures(opened: Page) -> None:
    opened.evaluate("document.addEventListener('dbe-source', e => (window.told ??= []).push(e.detail.source))")
    graph = opened.get_by_test_id("concat-graph")
    graph.locator('[data-source="2"]').first.hover()
    expect(graph.locator(".about p")).to_have_text(
        "32 channels, read by Bottlenecks 3 to 6 and by what follows. "
        "Concatenation writes it once and copies it four times more."
    )
    lit = graph.locator("svg .on").evaluate_all("all => all.map(e => e.id)")
    assert {f"slice-{column}-2" for column in range(2, 7)} <= set(lit)
    assert {f"lane-2-{reader}" for reader in range(3, 7)} | {"ribbon-2", "flare-2", "layer-2"} <= set(lit)
    assert not [name for name in lit if name.startswith(("slice", "lane")) and "-2" not in name]
    opened.mouse.move(5, 5)
    expect(graph.locator("svg.lit")).to_have_count(0)
    assert opened.evaluate("window.told") == [2, None]
    opened.evaluate("document.dispatchEvent(new CustomEvent('dbe-source', {detail: {source: 4}}))")
    expect(graph.locator("#slice-6-4")).to_have_class("slice copy on")


def test_keys_reach_bottlenecks_and_sources(opened: Page) -> None:
    graph = opened.get_by_test_id("concat-graph")
    graph.locator('[data-layer="2"]').focus()
    opened.keyboard.press("Enter")
    expect(opened.get_by_text("selected: layer-2", exact=True)).to_be_visible()
    expect(graph.locator('[data-layer="2"]')).to_have_attribute("aria-pressed", "true")
    expect(graph.locator('[data-layer="2"]')).to_be_focused()  # the rerun did not take the focus away
    opened.keyboard.press("Escape")
    expect(opened.get_by_text("selected: nothing", exact=True)).to_be_visible()


def test_new_values_change_the_picture_in_place(opened: Page) -> None:
    """The same nodes before and after; the toggle keeps what both drawings show."""
    graph = opened.get_by_test_id("concat-graph")
    keep = (
        "e => { window.kept = [e.querySelector('svg'), e.querySelector('#slice-3-3'), e.querySelector('#lane-0-4')] }"
    )
    graph.evaluate(keep)
    height = graph.locator("#slice-3-3").bounding_box()
    slider = opened.get_by_role("slider")
    slider.focus()
    slider.press("ArrowRight")
    expect(graph.locator("#text-source-6")).to_contain_text("+33")
    opened.get_by_text("paper", exact=True).click()
    expect(graph.locator("svg.paper")).to_be_visible()
    expect(graph.locator(".equation p")).to_contain_text("21 connections into 6 layers")
    same = "e => window.kept.map(n => n.isConnected && e.contains(n))"
    assert graph.evaluate(same) == [True, True, True]
    assert graph.locator("#slice-3-3").bounding_box() != height
    expect(graph.locator("[data-layer]")).to_have_count(6)


def test_a_long_block_unfolds_and_folds(browser: Browser, address: str) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{address}/?layers=24")
    wait_until_still(page)
    graph = page.get_by_test_id("concat-graph")
    expect(graph.locator("[data-layer]")).to_have_count(11)
    graph.locator("[data-action=fold]").click()
    expect(graph.locator("[data-layer]")).to_have_count(24)
    expect(page.locator("html")).to_have_js_property("scrollWidth", 1440)
    graph.locator("[data-action=fold]").click()
    expect(graph.locator("[data-layer]")).to_have_count(11)
    page.close()


def test_a_bottleneck_that_a_link_selects_is_not_hidden_in_the_fold(browser: Browser, address: str) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{address}?layers=64&select=layer-30")
    selected = page.get_by_test_id("concat-graph").locator('[data-layer="30"]')
    expect(selected).to_be_in_viewport()
    page.get_by_text("fold layers 8–60").click()
    expect(selected).to_have_count(0)
    expect(page.get_by_test_id("concat-graph").locator(".facts")).to_contain_text("Bottleneck 30 reads 992")
    page.close()


@pytest.mark.parametrize(("width", "expected"), [(390, "vertical"), (1100, "horizontal"), (1280, "horizontal")])
def test_the_browser_chooses_a_drawing_that_fits(browser: Browser, address: str, width: int, expected: str) -> None:
    page = browser.new_page(viewport={"width": width, "height": 844})
    page.goto(address)
    wait_until_still(page)
    graph = page.get_by_test_id("concat-graph")
    expect(graph.locator(f"svg.{expected}")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert graph.evaluate("e => e.querySelector('.drawing').scrollWidth <= e.clientWidth + 1")
    smallest = graph.locator("svg text").evaluate_all(
        "all => Math.min(...all.map(e => parseFloat(getComputedStyle(e).fontSize) * e.getScreenCTM().a))"
    )
    assert smallest >= 12.45
    page.close()


def test_colours_follow_a_theme_switch_at_once(opened: Page) -> None:
    graph = opened.get_by_test_id("concat-graph")
    expect(graph.locator("#slice-1-1")).to_have_css("fill", "rgb(78, 43, 151)")
    expect(graph.locator("#ribbon-1")).to_have_css("opacity", "0.17")
    graph.locator("#slice-1-1").evaluate("e => { window.kept = e }")
    opened.emulate_media(color_scheme="dark")
    expect(graph.locator("#slice-1-1")).to_have_css("fill", "rgb(138, 111, 224)")
    expect(graph.locator("#ribbon-1")).to_have_css("opacity", "0.24")
    assert opened.evaluate("window.kept.isConnected")


# --- motion ---------------------------------------------------------------------------------------------

# Notes one attribute in every frame, from the first change to the last.
WATCH = """(e, [id, name]) => {
  const shape = e.querySelector('#' + id), seen = window.seen = [shape.getAttribute(name)];
  window.watched = shape;
  const look = () => {
    const now = shape.getAttribute(name);
    if (now !== seen.at(-1)) seen.push(now);
    requestAnimationFrame(look);
  };
  look();
}"""


def box_of(drawing: Drawing, block: DenseBlockSpec, name: str) -> Box:
    shapes = layout(concat_graph(block), drawing, "horizontal", 976.0).slices
    return next(shape.box for shape in shapes if shape.id == name)


def test_the_chain_turns_into_the_papers_arrows_slice_by_slice(opened: Page) -> None:
    """A copy slides back into the slice that it copies; the nodes stay, and end where Python has them."""
    graph = opened.get_by_test_id("concat-graph")
    graph.evaluate(WATCH, ["slice-5-1", "x"])
    opened.get_by_text("paper", exact=True).click()
    expect(graph).to_have_attribute("data-moving", "")
    expect(graph).not_to_have_attribute("data-moving", "")
    places = [float(text) for text in opened.evaluate("window.seen")]
    chain, paper = (box_of(drawing, DenseBlockSpec(), "slice-5-1").x for drawing in ("chain", "paper"))
    assert places[0] == pytest.approx(chain, abs=0.01)
    assert places[-1] == pytest.approx(paper, abs=0.01)
    assert len(places) > 8 and places == sorted(places, reverse=True)
    assert opened.evaluate("window.watched.isConnected")
    expect(graph.locator("#slice-5-1")).to_be_hidden()
    opened.get_by_text("chain", exact=True).click()
    expect(graph.locator("#slice-5-1")).to_be_visible()
    expect(graph).not_to_have_attribute("data-moving", "")
    assert float(graph.locator("#slice-5-1").get_attribute("x") or "nan") == pytest.approx(chain, abs=0.01)
    assert opened.evaluate("window.watched.isConnected")


def test_a_slice_grows_and_slides_with_the_slider(opened: Page) -> None:
    graph = opened.get_by_test_id("concat-graph")
    graph.evaluate(WATCH, ["slice-6-6", "height"])
    slider = opened.get_by_role("slider")
    slider.focus()
    slider.press("PageUp")
    expect(graph.locator("#text-source-6")).not_to_contain_text("+32")
    expect(graph).not_to_have_attribute("data-moving", "")
    heights = [float(text) for text in opened.evaluate("window.seen")]
    assert len(heights) > 3 and opened.evaluate("window.watched.isConnected")
    svg = graph.locator("svg").evaluate("e => e.outerHTML")
    assert "NaN" not in svg and "undefined" not in svg


def test_whoever_wants_no_motion_gets_none(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    page.goto(address)
    wait_until_still(page)
    graph = page.get_by_test_id("concat-graph")
    graph.evaluate(WATCH, ["slice-6-6", "x"])
    page.get_by_text("paper", exact=True).click()
    expect(graph.locator("svg.paper")).to_be_visible()
    page.wait_for_timeout(300)
    assert len(page.evaluate("window.seen")) <= 2
    context.close()


def test_arrow_keys_walk_the_graph(opened: Page) -> None:
    graph = opened.get_by_test_id("concat-graph")
    graph.locator('[data-layer="2"]').focus()
    for key, name in [
        ("ArrowRight", "layer-3"),
        ("ArrowUp", "slice-3-3"),
        ("ArrowRight", "slice-4-4"),
        ("Home", "slice-0-0"),
        ("ArrowLeft", "slice-0-0"),
        ("End", "slice-6-6"),
        ("ArrowDown", "layer-6"),
        ("ArrowLeft", "layer-5"),
    ]:
        opened.keyboard.press(key)
        assert opened.evaluate("document.activeElement.id") == name, key
    expect(graph.locator(".facts")).to_contain_text("Bottleneck 5 reads 192")
    opened.keyboard.press("Enter")
    expect(opened.get_by_text("selected: layer-5", exact=True)).to_be_visible()


def test_a_copy_and_a_lane_select_one_reader_of_one_source(opened: Page) -> None:
    graph = opened.get_by_test_id("concat-graph")
    graph.locator("#slice-3-1").click()
    expect(opened.get_by_text("selected: 1-4", exact=True)).to_be_visible()
    expect(graph.locator(".about p")).to_be_visible()
    graph.locator("#lane-2-5").dispatch_event("click")
    expect(opened.get_by_text("selected: 2-5", exact=True)).to_be_visible()
    graph.locator("#slice-6-1").click()  # what follows the block is none of its Bottlenecks
    expect(opened.get_by_text("selected: source-1", exact=True)).to_be_visible()


# --- zoom -----------------------------------------------------------------------------------------------


def view_of(page: Page) -> list[float]:
    text = page.get_by_test_id("concat-graph").locator("svg").get_attribute("viewBox") or ""
    return [float(number) for number in text.split()]


def test_the_picture_zooms_about_the_pointer_and_pans(opened: Page) -> None:
    graph = opened.get_by_test_id("concat-graph")
    box = graph.locator("#slice-3-1").bounding_box()
    assert box
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    whole = view_of(opened)
    opened.mouse.move(*middle)
    opened.mouse.wheel(0, -200)  # a plain wheel is the page's
    opened.wait_for_timeout(100)
    assert view_of(opened) == whole
    opened.keyboard.down("Control")
    opened.mouse.wheel(0, -300)
    opened.keyboard.up("Control")
    expect(graph.locator(".drawing")).to_have_class("drawing zoomed")
    near = graph.locator("#slice-3-1").bounding_box()
    assert near and near["width"] > 1.3 * box["width"]
    assert near["x"] < middle[0] < near["x"] + near["width"] and near["y"] < middle[1] < near["y"] + near["height"]
    opened.mouse.down()
    opened.mouse.move(middle[0] + 60, middle[1] - 20, steps=4)
    opened.mouse.up()
    moved = graph.locator("#slice-3-1").bounding_box()
    assert moved and moved["x"] - near["x"] == pytest.approx(60, abs=2)
    expect(opened.get_by_text("selected: nothing", exact=True)).to_be_visible()  # a drag is no click
    view = view_of(opened)
    slider = opened.get_by_role("slider")
    slider.focus()
    slider.press("ArrowRight")
    expect(graph.locator("#text-source-6")).to_contain_text("+33")
    assert view_of(opened)[0] == pytest.approx(view[0], abs=1), "a new block keeps the zoom"
    graph.get_by_role("button", name="Show the whole picture").click()
    assert view_of(opened) == whole


def test_two_fingers_zoom_and_one_pans(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport={"width": 860, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(address)
    wait_until_still(page)
    box = page.get_by_test_id("concat-graph").locator(".drawing").bounding_box()
    assert box
    whole, x, y = view_of(page), box["x"] + 150, box["y"] + 150
    fingers = context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        places = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    touch("touchStart", (x, y))
    touch("touchStart", (x, y), (x + 50, y))
    for apart in range(10, 100, 10):
        touch("touchMove", (x - apart, y), (x + 50 + apart, y))
    touch("touchEnd")
    zoomed = view_of(page)
    assert zoomed[2] < 0.7 * whole[2]
    touch("touchStart", (x, y))
    for step in range(1, 8):
        touch("touchMove", (x - 8 * step, y - 4 * step))
    touch("touchEnd")
    assert view_of(page)[0] > zoomed[0]
    assert page.evaluate("document.documentElement.scrollWidth") <= 860
    context.close()
