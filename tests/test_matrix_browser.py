"""The reuse matrix in a real browser: hover and selection in every picture, the keyboard, and its size."""

from __future__ import annotations

import re

import pytest
from browser import wait_until_still
from playwright.sync_api import Locator, Page, expect
from test_explore_browser import drawn

from explorer.bench.server import Server

SOON = 120_000  # ms: a worker that starts on a busy machine
SMALL = "height=8&width=8"
CHARTS = ("chart-channels", "chart-parameters", "chart-memory")


@pytest.fixture
def page(kept_page: Page) -> Page:
    return kept_page


def visit(page: Page, server: Server, query: str = "") -> None:
    page.set_default_timeout(SOON)
    page.goto(f"{server.address}/?{SMALL}&{query}")
    wait_until_still(page)
    expect(page.locator(".grid")).to_be_visible()
    drawn(page, 3)
    expect(page.locator(".dbe-chart .plot[data-drawn]")).to_have_count(3)


def cell(page: Page, source: int, reader: int) -> Locator:
    """The cell of a source and its reader: the first is behind the name, and a gap where there is one."""
    return page.locator(f'.grid [data-source="{source}"] td:not(.e)').nth(reader - source - 1)


def lit(page: Page, source: int, others: int) -> None:
    """Expects ``source`` lit, and ``others`` dim, in every picture that shows sources."""
    for panel in (".tiles", ".grid", ".modules"):
        expect(page.locator(f'{panel} [data-source="{others}"]').first).to_have_class(re.compile(r"\bdim\b"))
        expect(page.locator(f'{panel} [data-source="{source}"]').first).not_to_have_class(re.compile(r"\bdim\b"))
    for key in CHARTS:
        expect(page.locator(f".st-key-{key} .dim")).not_to_have_count(0)
    expect(page.get_by_test_id("concat-graph").locator("svg.lit").first).to_be_attached()


def unlit(page: Page) -> None:
    page.mouse.move(2, 400)
    expect(page.locator(".dim")).to_have_count(0)


def test_hover_goes_from_every_picture_to_all_others(page: Page, instant: Server) -> None:
    visit(page, instant)
    graph = page.get_by_test_id("concat-graph")
    graph.locator('[data-source="2"][data-column="2"]').first.hover(force=True)
    lit(page, 2, 3)
    expect(page.locator(".says")).to_contain_text("made by Bottleneck 2: 32 channels, read by Bottlenecks 3 to 6")
    unlit(page)
    cell(page, 2, 4).hover()
    lit(page, 2, 3)
    expect(page.locator(".says")).to_contain_text("Bottleneck 4 reads 32 channels of x₂, 20% of its input.")
    expect(graph.locator('.on[data-source="2"]:not(.off)')).to_have_count(1)  # this slice, and not the source's path
    unlit(page)
    page.locator('.modules [data-source="5"] tr').first.hover()
    lit(page, 5, 3)
    unlit(page)
    page.locator('.tile [data-source="4"]').first.hover()
    lit(page, 4, 3)
    unlit(page)


def move_over(page: Page, mark: Locator) -> None:
    """Moves the pointer about the middle of ``mark``, as a hand does, until a chart has noticed it."""
    box = mark.bounding_box()
    assert box is not None
    x, y = box["x"] + 0.46 * box["width"], box["y"] + 0.5 * box["height"]
    for step in range(40):
        page.mouse.move(x + step % 2, y + step % 3)
        page.wait_for_timeout(100)
        if page.locator(".grid .dim").count():
            return


@pytest.mark.parametrize("key", CHARTS)
def test_hover_on_a_chart_reaches_the_matrix_and_the_graph(page: Page, instant: Server, key: str) -> None:
    visit(page, instant)
    chart = page.locator(f".st-key-{key}")
    chart.scroll_into_view_if_needed()
    mark = chart.locator(".plot" if key == "chart-memory" else ".xy .barlayer .trace:last-child .point:nth-child(3)")
    move_over(page, mark)
    expect(page.locator(".grid .dim")).to_have_count(6)
    expect(page.get_by_test_id("concat-graph").locator("svg.lit").first).to_be_attached()
    unlit(page)


def test_a_cell_selects_and_lets_go_and_the_address_keeps_it(page: Page, instant: Server) -> None:
    visit(page, instant)
    cell(page, 2, 4).click()
    expect(page).to_have_url(re.compile("select=2-4"))
    expect(cell(page, 2, 4)).to_have_attribute("aria-selected", "true")
    page.reload()
    expect(cell(page, 2, 4)).to_have_attribute("aria-selected", "true", timeout=SOON)
    expect(page.locator(".dbe-chart .plot[data-drawn]")).to_have_count(3, timeout=SOON)
    lit(page, 2, 3)  # with nothing pointed at
    page.locator('.grid [data-select="layer-4"]').click()
    expect(page).to_have_url(re.compile("select=layer-4"))
    page.locator('.grid [data-select="source-2"]').click()
    expect(page).to_have_url(re.compile("select=source-2"))
    expect(page.locator(".grid [aria-selected]")).to_have_count(1)
    page.locator('.grid [data-select="source-2"]').click()
    expect(page).not_to_have_url(re.compile("select="))
    expect(page.locator(".grid [aria-selected]")).to_have_count(0)


def test_the_matrix_is_one_tab_stop_walked_by_arrows(page: Page, instant: Server) -> None:
    visit(page, instant)
    expect(page.locator('.grid [tabindex="0"]')).to_have_count(1)
    cell(page, 0, 1).focus()
    page.keyboard.press("ArrowRight")
    expect(cell(page, 0, 2)).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(cell(page, 1, 2)).to_be_focused()
    expect(cell(page, 1, 2)).to_have_attribute("aria-label", "Bottleneck 2 reads 32 channels of x₁, 33% of its input.")
    lit(page, 1, 3)
    page.keyboard.press("ArrowLeft")
    expect(page.locator('.grid [data-select="source-1"]')).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    expect(cell(page, 1, 6)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("select=1-6"))
    expect(cell(page, 1, 6)).to_be_focused()
    expect(page.locator('.grid [tabindex="0"]')).to_have_count(1)


def test_the_switch_changes_the_measure_in_place_and_weights_come_without_a_move(page: Page, server: Server) -> None:
    visit(page, server)
    page.locator(".st-key-section-reuse").get_by_role("radio", name="Channels").click()
    expect(page).to_have_url(re.compile("matrix=channels"))
    expect(page.locator(".st-key-section-reuse h2")).to_have_text(re.compile("read 864 channels in all to make 192"))
    page.locator(".st-key-section-reuse").get_by_role("radio", name="Weights").click()
    expect(page.locator(".axis")).to_contain_text("mean |w|")
    before = page.locator(".st-key-reuse-matrix").bounding_box()
    expect(page.locator(".axis")).to_contain_text("from expected", timeout=SOON)
    after = page.locator(".st-key-reuse-matrix").bounding_box()
    assert before is not None and after is not None and before["height"] == after["height"]
    expect(cell(page, 0, 1)).to_have_text(re.compile(r"0\.06\d\d"))


# Texts of the matrix that are smaller than can be read, or that share room with another one.
CROWDED = """() => {
  const inside = [...document.querySelectorAll(".st-key-reuse-matrix *")];
  const root = inside.map(e => e.shadowRoot).find(Boolean) ?? document;
  const found = [...root.querySelectorAll(".grid :is(th span, td span, td)")].filter(e => {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    return own && e.getBoundingClientRect().width && getComputedStyle(e).clipPath === "none";
  }).map(e => {
    const range = document.createRange();
    range.selectNodeContents(e);
    return [e.textContent, range.getBoundingClientRect(), parseFloat(getComputedStyle(e).fontSize)];
  });
  const small = found.filter(([, , size]) => size < 12.5).map(([text]) => `${text} is small`);
  return [...small, ...found.flatMap(([text, box], i) => found.slice(i + 1).filter(([, its]) =>
    Math.min(box.right, its.right) - Math.max(box.left, its.left) > 1.5 &&
    Math.min(box.bottom, its.bottom) - Math.max(box.top, its.top) > 5).map(([other]) => `${text} over ${other}`))];
}"""


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("query", ["layers=2", "", "layers=16", "layers=24&matrix=bytes", "layers=64&matrix=weights"])
def test_no_number_overlaps_and_the_page_never_scrolls_sideways(
    page: Page, instant: Server, query: str, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    visit(page, instant, query)
    if "weights" in query:
        expect(page.locator(".axis")).to_contain_text("from expected", timeout=SOON)
    assert page.evaluate(CROWDED) == []
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= width
