"""The picture in a real browser: no text overlaps or is cut; it answers hover, click and keys, and changes in place."""

from __future__ import annotations

import base64
import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit
from browser import wait_until_still
from playwright.sync_api import Browser, Page, expect

from explorer.pictures.layout import folding
from explorer.pictures.layout.frame import CORNER_FROM
from explorer.pictures.layout.shapes import Orientation
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


@pytest.mark.parametrize("drawing", ["chain", "paper"])
def test_no_text_overlaps_or_is_cut(browser: Browser, drawing: Drawing) -> None:
    """In the page's font and in the one that stands in for it."""
    with boards(browser) as fonts:
        bad, drawn = [], 0
        for c0, k, layers in SETTINGS:
            figures = []
            for block in (DenseBlockSpec(c0, k, layers), DenseBlockSpec(c0, k, layers, bottleneck=False)):
                for orientation, width in SIZES:
                    for folded in (True, False) if folding(layers, orientation, width) else (True,):
                        svg = picture(block, drawing, orientation, width, folded, LIGHT, True)
                        which = f"{block.in_channels} {k} {layers} 1x1={block.bottleneck} {width:g} folded={folded}"
                        scrolls = orientation == "horizontal" and not folded  # others come into its corner
                        corner = STRIP if orientation == "horizontal" and width >= CORNER_FROM and not scrolls else ""
                        figures.append(
                            f'<figure title="{which}" style="position:relative">{corner}{texts_of(svg)}</figure>'
                        )
            drawn += len(figures)
            bad += [text for page, family in fonts for text in overlaps(page, figures, family)]
    assert drawn >= 21 * 2 * len(SIZES)
    assert not bad, f"{len(bad)} in {drawn} drawings, the first: {bad[:5]}"


@contextlib.contextmanager
def boards(browser: Browser) -> Iterator[list[tuple[Page, str]]]:
    """Two pages to draw on, with the font that the page has and without, and the family to name in each."""
    made = []
    for style, family in ((source_sans(), FAMILY), ("", "sans-serif")):
        page = browser.new_page(viewport={"width": 1100, "height": 600})
        page.set_content(style + '<div id="here"></div>')
        made.append((page, family))
    yield made
    for page, _ in made:
        page.close()


def overlaps(page: Page, figures: list[str], family: str) -> list[str]:
    """What :data:`CHECK` finds in the figures, drawn in ``family``."""
    drawn = "".join(figures).replace(FAMILY, family)
    page.evaluate("html => document.getElementById('here').innerHTML = html", drawn)
    page.evaluate("document.fonts.ready")
    return [f"{family}: {text}" for text in page.evaluate(CHECK)]


def texts_of(svg: str) -> str:
    """The drawing without its shapes, which are most of it."""
    return NO_TEXT.sub("", svg)


# --- as a component -------------------------------------------------------------------------------------


def test_every_slice_and_every_bottleneck_can_be_clicked(picture_page: Page) -> None:
    graph = picture_page.get_by_test_id("concat-graph")
    expect(graph.locator("[data-source]")).to_have_count(28)
    expect(graph.locator("[data-layer]")).to_have_count(6)
    for layer in range(1, 7):
        graph.locator(f'[data-layer="{layer}"]').click()
        expect(picture_page.get_by_text(f"selected: layer-{layer}", exact=True)).to_be_visible()
        expect(graph.locator(".inspector .facts")).to_contain_text(f"Bottleneck {layer}")
    for source in range(7):
        graph.locator(f'[data-source="{source}"]').last.click()
        expect(picture_page.get_by_text(f"selected: source-{source}", exact=True)).to_be_visible()
    picture_page.keyboard.press("Escape")
    expect(picture_page.get_by_text("selected: nothing", exact=True)).to_be_visible()


def test_the_inspector_says_what_a_bottleneck_does(picture_page: Page) -> None:
    graph = picture_page.get_by_test_id("concat-graph")
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
    picture_page.mouse.move(5, 5)
    expect(graph.locator("pre")).to_be_visible()


def test_hover_on_a_source_lights_its_path_and_tells_the_other_pictures(picture_page: Page) -> None:
    picture_page.evaluate("document.addEventListener('dbe-source', e => (window.told ??= []).push(e.detail.source))")
    graph = picture_page.get_by_test_id("concat-graph")
    graph.locator('[data-source="2"]').first.hover()
    expect(graph.locator(".about p")).to_have_text(
        "32 channels, read by Bottlenecks 3 to 6 and by what follows. "
        "Concatenation writes it once and copies it four times more."
    )
    lit = graph.locator("svg .on").evaluate_all("all => all.map(e => e.id)")
    assert {f"slice-{column}-2" for column in range(2, 7)} <= set(lit)
    assert {f"lane-2-{reader}" for reader in range(3, 7)} | {"ribbon-2", "flare-2", "layer-2"} <= set(lit)
    assert not [name for name in lit if name.startswith(("slice", "lane")) and "-2" not in name]
    picture_page.mouse.move(5, 5)
    expect(graph.locator("svg.lit")).to_have_count(0)
    assert picture_page.evaluate("window.told") == [2, None]
    picture_page.evaluate("document.dispatchEvent(new CustomEvent('dbe-source', {detail: {source: 4}}))")
    expect(graph.locator("#slice-6-4")).to_have_class("slice copy on")


def test_keys_reach_bottlenecks_and_sources(picture_page: Page) -> None:
    graph = picture_page.get_by_test_id("concat-graph")
    graph.locator('[data-layer="2"]').focus()
    picture_page.keyboard.press("Enter")
    expect(picture_page.get_by_text("selected: layer-2", exact=True)).to_be_visible()
    expect(graph.locator('[data-layer="2"]')).to_have_attribute("aria-pressed", "true")
    expect(graph.locator('[data-layer="2"]')).to_be_focused()  # the rerun did not take the focus away
    picture_page.keyboard.press("Escape")
    expect(picture_page.get_by_text("selected: nothing", exact=True)).to_be_visible()


def test_the_tab_key_stops_once_in_the_drawing_and_where_it_was_left(picture_page: Page) -> None:
    drawing = picture_page.get_by_test_id("concat-graph").locator(".drawing")
    stop = drawing.locator('[role=button][tabindex="0"]')
    expect(stop).to_have_count(1)
    drawing.locator("#layer-2").focus()
    picture_page.keyboard.press("ArrowRight")
    expect(drawing.locator("#layer-3")).to_be_focused()
    picture_page.keyboard.press("Tab")
    assert not picture_page.evaluate("!!document.activeElement.closest('.drawing')")
    picture_page.keyboard.press("Shift+Tab")
    expect(drawing.locator("#layer-3")).to_be_focused()
    expect(stop).to_have_count(1)
    picture_page.keyboard.press("Escape")
    picture_page.mouse.click(5, 5)
    drawing.locator("#layer-5").click()
    picture_page.mouse.click(5, 5)
    expect(stop).to_have_count(1)
    expect(stop).to_have_id("layer-5")


def test_new_values_change_the_picture_in_place(picture_page: Page) -> None:
    """The same nodes before and after; the toggle keeps what both drawings show."""
    graph = picture_page.get_by_test_id("concat-graph")
    keep = (
        "e => { window.kept = [e.querySelector('svg'), e.querySelector('#slice-3-3'), e.querySelector('#lane-0-4')] }"
    )
    graph.evaluate(keep)
    height = graph.locator("#slice-3-3").bounding_box()
    slider = picture_page.get_by_role("slider")
    slider.focus()
    slider.press("ArrowRight")
    expect(graph.locator("#text-source-6")).to_contain_text("+33")
    picture_page.get_by_text("paper", exact=True).click()
    expect(graph.locator("svg.paper")).to_be_visible()
    expect(graph.locator(".equation p")).to_contain_text("21 connections into 6 layers")
    same = "e => window.kept.map(n => n.isConnected && e.contains(n))"
    assert graph.evaluate(same) == [True, True, True]
    expect(picture_page.locator(".dbe-picture:not([data-moving])")).to_be_attached()  # a motion begins where it was
    assert graph.locator("#slice-3-3").bounding_box() != height
    expect(graph.locator("[data-layer]")).to_have_count(6)


def test_a_long_block_unfolds_and_folds(browser: Browser, picture_address: str) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{picture_address}/?layers=24")
    wait_until_still(page)
    graph = page.get_by_test_id("concat-graph")
    expect(graph.locator("[data-layer]")).to_have_count(11)
    graph.locator("[data-action=fold]").click()
    expect(graph.locator("[data-layer]")).to_have_count(24)
    expect(page.locator("html")).to_have_js_property("scrollWidth", 1440)
    graph.locator("[data-action=fold]").click()
    expect(graph.locator("[data-layer]")).to_have_count(11)
    page.close()


def test_a_bottleneck_that_a_link_selects_is_not_hidden_in_the_fold(browser: Browser, picture_address: str) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{picture_address}?layers=64&select=layer-30")
    selected = page.get_by_test_id("concat-graph").locator('[data-layer="30"]')
    expect(selected).to_be_in_viewport()
    page.get_by_text("fold layers 8–60").click()
    expect(selected).to_have_count(0)
    expect(page.get_by_test_id("concat-graph").locator(".facts")).to_contain_text("Bottleneck 30 reads 992")
    page.close()


@pytest.mark.parametrize(("width", "expected"), [(390, "vertical"), (1100, "horizontal"), (1280, "horizontal")])
def test_the_browser_chooses_a_drawing_that_fits(
    browser: Browser, picture_address: str, width: int, expected: str
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 844})
    page.goto(picture_address)
    wait_until_still(page)
    graph = page.get_by_test_id("concat-graph")
    expect(graph.locator(f"svg.{expected}")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    fits = "e => e.querySelector('.drawing').scrollWidth <= e.clientWidth + 1"
    page.wait_for_function(fits, arg=graph.element_handle())  # one that was not sent is asked for first
    smallest = graph.locator("svg text").evaluate_all(
        "all => Math.min(...all.map(e => parseFloat(getComputedStyle(e).fontSize) * e.getScreenCTM().a))"
    )
    assert smallest >= 12.45
    page.close()


def test_colours_follow_a_theme_switch_at_once(picture_page: Page) -> None:
    graph = picture_page.get_by_test_id("concat-graph")
    expect(graph.locator("#slice-1-1")).to_have_css("fill", "rgb(78, 43, 151)")
    expect(graph.locator("#ribbon-1")).to_have_css("fill-opacity", "0.17")
    graph.locator("#slice-1-1").evaluate("e => { window.kept = e }")
    picture_page.emulate_media(color_scheme="dark")
    expect(graph.locator("#slice-1-1")).to_have_css("fill", "rgb(138, 111, 224)")
    expect(graph.locator("#ribbon-1")).to_have_css("fill-opacity", "0.24")
    assert picture_page.evaluate("window.kept.isConnected")
