"""The presenter view in a real browser: large, alone on the screen, moved by keys, and left with all settings kept."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser import as_new, wait_until_still
from playwright.sync_api import Locator, Page, expect

from explorer.bench.server import Server

SMALLEST = """all => Math.min(...all.filter(e => e.checkVisibility() && e.textContent.trim()).map(e =>
  parseFloat(getComputedStyle(e).fontSize) * (e.getScreenCTM?.().a ?? e.currentCSSZoom)))"""


@pytest.fixture
def page(tab: Page) -> Iterator[Page]:
    with as_new(tab, 1920, 1080) as page:
        yield page


def opened(page: Page, server: Server, query: str) -> Locator:
    page.goto(f"{server.address}/{query}")
    graph = page.get_by_test_id("concat-graph")
    expect(graph.locator(".drawing svg")).to_be_visible(timeout=60_000)
    return graph


@pytest.mark.parametrize(("width", "height", "smallest"), [(1920, 1080, 18), (1440, 900, 16)])
@pytest.mark.parametrize("query", ["layers=6", "layers=2&drawing=paper", "layers=24", "layers=64&drawing=paper"])
def test_headline_and_picture_fill_the_screen(
    page: Page, instant: Server, width: int, height: int, smallest: int, query: str
) -> None:
    page.set_viewport_size({"width": width, "height": height})
    graph = opened(page, instant, f"?present=true&{query}")
    for name in ("stSidebar", "stHeader"):
        expect(page.get_by_test_id(name)).to_be_hidden()
    expect(page.locator("h1")).to_be_in_viewport(ratio=1)
    expect(graph).to_be_in_viewport(ratio=0.999)
    box = graph.bounding_box()
    assert box and box["width"] > 0.85 * width and box["x"] >= 0 and box["x"] + box["width"] <= width
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert graph.evaluate("e => e.querySelector('.drawing').scrollWidth <= e.clientWidth + 1")
    assert graph.locator("svg text, p, pre").evaluate_all(SMALLEST) >= smallest
    heading = page.locator("h1").evaluate("e => parseFloat(getComputedStyle(e).fontSize) * e.currentCSSZoom")
    assert heading > 34
    expect(page.locator(".tile")).to_have_count(4)
    expect(page.locator(".dbe-chart")).to_have_count(0)


def test_only_keys_are_needed(page: Page, instant: Server) -> None:
    graph = opened(page, instant, "?present=true")
    stage = graph.locator(".player output")
    hint = graph.locator(".hint")
    expect(hint).to_have_css("opacity", "1")
    page.keyboard.press("ArrowRight")
    expect(stage).to_have_text("0 / 6")
    expect(hint).to_be_hidden()
    page.keyboard.press("ArrowRight")
    expect(stage).to_have_text("1 / 6")
    page.keyboard.press("ArrowLeft")
    expect(stage).to_have_text("0 / 6")
    page.keyboard.press("End")
    expect(stage).to_have_text("6 / 6")
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    expect(stage).to_have_text("1 / 6")
    page.keyboard.press("Space")
    page.keyboard.press("m")
    expect(graph.locator("svg.paper")).to_be_visible()
    page.keyboard.press("+")
    expect(page.locator("h1")).to_contain_text("64 channels become 288")
    page.keyboard.press("-")
    expect(page.locator("h1")).to_contain_text("64 channels become 256")
    assert "present=true" in page.url and "drawing=paper" in page.url


def test_nothing_of_the_sidebar_can_have_the_focus(page: Page, instant: Server) -> None:
    opened(page, instant, "?present=true")
    wait = page.get_by_test_id("stSidebar").get_by_test_id("stSlider")
    expect(wait.first).to_be_attached()
    for _step in range(25):
        page.keyboard.press("Tab")
        inside = "!!document.activeElement.closest('[data-testid=stSidebar], [data-testid=stHeader]')"
        assert not page.evaluate(inside)


def test_escape_ends_the_film_first_and_then_leaves(page: Page, instant: Server) -> None:
    graph = opened(page, instant, "?present=true")
    page.keyboard.press("Home")
    expect(graph.locator("#layer-1")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(graph.locator("#layer-1")).to_be_visible()
    assert "present" in page.url
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("stSidebar")).to_be_visible()


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1440, 900), (1280, 720)])
def test_nothing_looks_in_at_the_lower_edge(page: Page, instant: Server, width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})
    opened(page, instant, "?present=true")
    expect(page.locator(".tile")).to_have_count(4)
    top = page.locator(".tile").first.evaluate("e => e.getBoundingClientRect().top")
    assert height - 2 <= top <= 1.2 * height


@pytest.mark.parametrize("key", ["p", "Escape"])
def test_whoever_leaves_finds_every_setting(page: Page, instant: Server, key: str) -> None:
    opened(page, instant, "?present=true&growth_rate=24&layers=5&height=28&match=parameters&drawing=paper")
    page.keyboard.press(key)
    expect(page.get_by_test_id("stSidebar")).to_be_visible()
    wait_until_still(page)
    assert "present" not in page.url
    for word in ("growth_rate=24", "layers=5", "height=28", "match=parameters", "drawing=paper"):
        assert word in page.url
    expect(page.get_by_label("Growth rate k, exact")).to_have_value("24")
    expect(page.get_by_role("spinbutton", name="Height H")).to_have_value("28")
    expect(page.locator(".dbe-chart").first).to_be_visible()
    page.get_by_role("button", name="Present").click()
    expect(page.get_by_test_id("stSidebar")).to_be_hidden()
    page.wait_for_url("**present=true**")
    page.get_by_role("button", name="Leave").click()
    expect(page.get_by_test_id("stSidebar")).to_be_visible()
    expect(page.get_by_label("Growth rate k, exact")).to_have_value("24")
