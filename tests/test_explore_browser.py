"""The Explore page in a real browser: its numbers, its first screen, its charts, and what moves when a control does."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from browser import page_of, wait_until_still
from playwright.sync_api import Browser, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from study_fakes import counted

from explorer.bench.server import Server
from explorer.engine import Done, State
from explorer.findings import to_builtins
from explorer.pictures.palette import DARK, LIGHT, lightness
from explorer.pictures.tiles import fairness, tiles
from explorer.spec import Job, Study
from explorer.study import count_jobs, findings

SOON = 120_000  # ms: a worker that starts on a busy machine
SMALL = "height=8&width=8"

# Of every chart: each pair of texts that share more than a hair, and each text that is cut.
CHECK = """() => [...document.querySelectorAll(".dbe-chart")].flatMap(chart => {
  const frame = chart.querySelector(".place").getBoundingClientRect(), name = chart.querySelector("h2").textContent;
  const texts = [...chart.querySelectorAll("text")].filter(e => e.textContent.trim() && e.getBoundingClientRect().width)
    .map(e => [e.textContent, e.getBoundingClientRect()]);
  return texts.flatMap(([text, box], i) => {
    const found = [];
    if (Math.max(frame.left - box.left, box.right - frame.right, box.bottom - frame.bottom) > 1.5)
      found.push(`${name}: ${text} is cut`);
    for (const [other, its] of texts.slice(i + 1)) {
      const w = Math.min(box.right, its.right) - Math.max(box.left, its.left);
      const h = Math.min(box.bottom, its.bottom) - Math.max(box.top, its.top);
      if (w > 1.5 && h > 5) found.push(`${name}: ${text} over ${other}`);
    }
    return found;
  });
})"""


# Of every chart: what it is, says and has, and how wide its place is; then whether Plotly is there, and what runs.
STANDS = """() => JSON.stringify([...document.querySelectorAll(".dbe-chart")].map(chart => [
  chart.querySelector("h2").textContent, chart.querySelector(".message").textContent,
  chart.querySelector(".plot").hidden,
  chart.querySelector(".plot").dataset.drawn, chart.querySelector(".plot").childElementCount,
  chart.querySelector(".place").clientWidth,
]).concat([[typeof window.Plotly, document.querySelector("[data-testid=stApp]").dataset.testScriptState]]))"""


# As Chromium does now and then where `content-visibility` keeps a chart out of its layout: no width, and no word of it.
NO_ROOM = """() => {
  const { get } = Object.getOwnPropertyDescriptor(Element.prototype, "clientWidth"), asked = new WeakSet();
  Object.defineProperty(Element.prototype, "clientWidth", { get() {
    if (!this.matches(".dbe-chart .place") || asked.has(this)) return get.call(this);
    asked.add(this);
    return 0;
  } });
  window.ResizeObserver = class { observe() {} unobserve() {} disconnect() {} };
}"""


# Of every tile: each text that reaches beyond the tile's own room, or is cut by what it stands in.
CUT = """tiles => tiles.flatMap(tile => {
  const room = tile.getBoundingClientRect(), inset = parseFloat(getComputedStyle(tile).paddingLeft) - 0.8;
  return [...tile.querySelectorAll("*")].filter(e => e.textContent.trim()).flatMap(e => {
    const range = document.createRange();
    range.selectNodeContents(e);
    const box = range.getBoundingClientRect();
    const hidden = getComputedStyle(e).overflowX !== "visible" && e.scrollWidth > e.clientWidth + 1;
    const out = Math.max(room.left + inset - box.left, box.right - room.right + inset, box.bottom - room.bottom) > 0;
    return hidden || out ? [e.textContent] : [];
  });
})"""


@pytest.fixture
def page(kept_page: Page) -> Page:
    return kept_page


def visit(page: Page, server: Server, query: str = "") -> None:
    page.set_default_timeout(SOON)
    page.goto(f"{server.address}/?{query}")
    wait_until_still(page)
    expect(page.locator(".tile")).to_have_count(4, timeout=SOON)


def drawn(page: Page, count: int = 2) -> None:
    """Waits until at least that many charts have been drawn, or tells how each stands."""
    try:
        page.locator(".dbe-chart .plot[data-drawn]").nth(count - 1).wait_for(state="attached", timeout=SOON)
    except PlaywrightTimeout:
        raise AssertionError(page.evaluate(STANDS)) from None


def chart(page: Page, key: str) -> str:
    """What the chart says of itself to a screen reader."""
    return page.locator(f".st-key-{key} .plot").get_attribute("aria-label") or ""


def growth_rate(page: Page, value: int) -> None:
    box = page.get_by_test_id("stSidebar").locator('[class*="st-key-growth_rate_box"] input').first
    box.fill(str(value))
    box.press("Enter")


def test_the_default_page_shows_its_numbers_and_that_they_were_counted(page: Page, server: Server) -> None:
    visit(page, server)
    tiles = page.locator(".tiles")
    for number in ("335,040", "1,040.4", "39.06", "0.79×", "1.55×"):
        expect(tiles).to_contain_text(number)
    expect(tiles.get_by_text("✓ counted")).to_have_count(3, timeout=SOON)
    expect(page.locator("h1")).to_contain_text("21% fewer than six residual units of the same shape, but 55% more")
    expect(page.locator(".forms").get_by_text("✓ equal to the count")).to_have_count(6)
    drawn(page, 3)
    assert "43.8 MiB" in chart(page, "chart-memory")
    expect(page.locator(".listing").nth(1)).to_contain_text("torch.Size([1, 256, 56, 56])")


def test_the_first_screen_holds_headline_graph_and_tiles(page: Page, instant: Server) -> None:
    visit(page, instant)
    bottoms = page.locator(".tile").evaluate_all("tiles => tiles.map(t => t.getBoundingClientRect().bottom)")
    assert len(bottoms) == 4 and max(bottoms) <= 900
    assert page.locator("h1").bounding_box()["y"] > 40  # type: ignore[index]  # it is visible
    page.set_viewport_size({"width": 1280, "height": 720})
    box = page.get_by_test_id("concat-graph").bounding_box()
    assert box is not None and box["y"] + box["height"] <= 720


@pytest.mark.parametrize("drawing", ["", "drawing=paper"])
def test_a_projector_holds_headline_and_the_whole_graph(page: Page, instant: Server, drawing: str) -> None:
    page.set_viewport_size({"width": 1280, "height": 720})
    visit(page, instant, drawing)
    headline = page.locator("h1").bounding_box()
    assert headline is not None and headline["y"] > 40
    picture = page.get_by_test_id("concat-graph").locator("svg").first.bounding_box()
    assert picture is not None and picture["y"] > headline["y"] + headline["height"]
    assert picture["y"] + picture["height"] <= 720 and picture["x"] + picture["width"] <= 1280
    assert picture["width"] > 800


@pytest.mark.parametrize(
    "query",
    [
        "layers=64&height=1&width=2", "in_channels=4096&height=1&width=2", f"batch=1024&{SMALL}",
        "in_channels=4096&growth_rate=512&layers=64&batch=1024&height=1024&width=1024",
        "mode=inference&layers=64&in_channels=4096&batch=1024",
    ],
)  # fmt: skip
def test_no_text_in_a_tile_is_cut(page: Page, instant: Server, query: str) -> None:
    visit(page, instant, query)
    expect_no_cut_tile(page)


def test_no_text_in_a_tile_is_cut_where_a_worker_counted_and_timed(page: Page, server: Server) -> None:
    visit(page, server, "in_channels=4096&height=1&width=2")
    expect_no_cut_tile(page)


def expect_no_cut_tile(page: Page) -> None:
    """Once all is counted and timed, or is told not to fit, on a desk, a projector and a phone."""
    expect(page.locator(".tiles").get_by_text("✓ counted")).to_have_count(3, timeout=3 * SOON)
    expect(page.locator(".rv [role=img]")).to_have_count(6, timeout=3 * SOON)
    for width, height in ((1440, 900), (1280, 720), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        assert page.locator(".tile").evaluate_all(CUT) == []
        bottoms = page.locator(".tile").evaluate_all("tiles => tiles.map(t => t.getBoundingClientRect().bottom)")
        assert width < 1440 or max(bottoms) <= 900


def test_where_every_count_differs_the_first_screen_still_holds_the_tiles(page: Page, instant: Server) -> None:
    """The markup of that state, in the place of what the real page shows once nothing more comes in."""
    visit(page, instant, SMALL)
    expect(page.locator(".tile").nth(3)).to_contain_text("measured", timeout=3 * SOON)
    study = Study()
    states: dict[Job, State] = {}
    for job in count_jobs(study).values():
        live = counted(job)
        wrong = {name: getattr(live, name) + 1_024 for name in ("parameters", "macs", "saved_bytes")}
        states[job] = Done(to_builtins(replace(live, **wrong)))
    found = findings(study, states)
    page.locator(".tiles").evaluate(
        "(e, markup) => { e.parentElement.innerHTML = markup }", tiles(found) + fairness(found)
    )
    expect(page.locator(".tiles .bad")).to_have_count(3 + 6 + 6)
    bottoms = page.locator(".tile").evaluate_all("tiles => tiles.map(t => t.getBoundingClientRect().bottom)")
    assert max(bottoms) <= 900
    assert page.locator(".tile").evaluate_all(CUT) == []


def test_the_check_for_cut_text_finds_some(page: Page, instant: Server) -> None:
    visit(page, instant, SMALL)
    page.locator(".rv > span").first.evaluate("e => { e.style.cssText = 'width:60px;overflow:hidden' }")
    page.locator(".rv em").last.evaluate("e => { e.textContent = 'residual units of a very long name indeed' }")
    assert len(page.locator(".tile").evaluate_all(CUT)) >= 2


@pytest.mark.parametrize("query", ["", "layers=64", "bottleneck=false&order=post"])
def test_nothing_scrolls_sideways_on_a_phone(page: Page, instant: Server, query: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    visit(page, instant, f"{query}&{SMALL}")
    drawn(page)
    wide = "[document.documentElement, document.querySelector('[data-testid=stMain]')].map(e => e.scrollWidth)"
    assert max(page.evaluate(wide)) <= 390


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize(
    "query",
    [
        "", "layers=1", "layers=2&in_channels=512&growth_rate=4", "layers=12&in_channels=128", "layers=64",
        "layers=16&in_channels=512", "layers=3&growth_rate=128", "layers=13&bottleneck=false",
        "layers=40&growth_rate=1",
        "in_channels=4096&growth_rate=512&layers=64",
    ],
)  # fmt: skip
def test_no_text_in_a_chart_overlaps_or_is_cut(page: Page, instant: Server, query: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    visit(page, instant, f"{query}&{SMALL}")
    drawn(page, 2 if "4096" in query else 3)
    assert page.evaluate(CHECK) == []


def test_a_chart_that_has_no_room_at_first_asks_again(browser: Browser, instant: Server) -> None:
    with page_of(browser) as page:
        page.add_init_script(f"({NO_ROOM})()")
        visit(page, instant, SMALL)
        drawn(page, 3)
        assert page.evaluate(CHECK) == []


def test_a_change_redraws_in_place_and_a_dragged_control_leaves_nothing_stale(page: Page, server: Server) -> None:
    visit(page, server, SMALL)
    drawn(page, 3)
    page.evaluate("document.querySelectorAll('.dbe-chart .plot').forEach(plot => { plot.mine = true })")
    slider = page.locator(".st-key-growth_rate input[type=range]")
    slider.focus()
    for _step in range(20):
        page.keyboard.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", "52")
    expect(page.locator("h1")).to_contain_text("64 channels become 376")
    expect(page.locator(".tiles").get_by_text("✓ counted")).to_have_count(3, timeout=SOON)
    for key, words in (("chart-channels", "376"), ("chart-parameters", "BN"), ("chart-memory", "peaks")):
        expect(page.locator(f".st-key-{key} .plot")).to_have_attribute("aria-label", re.compile(words), timeout=SOON)
    expect(page.locator(".st-key-chart-channels h2")).to_contain_text("to add 312")
    assert page.evaluate("[...document.querySelectorAll('.dbe-chart .plot')].map(plot => plot.mine)") == [True] * 3


@pytest.mark.parametrize("width", [1440, 390])
def test_nothing_moves_when_the_measured_numbers_come(page: Page, server: Server, width: int) -> None:
    """Counted, timed: what stands above and below the line that tells of it stays where it was."""
    parts = ".st-key-picture, .st-key-tiles, .st-key-section-compare"
    tops = f"[...document.querySelectorAll('{parts}')].map(e => e.offsetTop)"
    page.set_viewport_size({"width": width, "height": 900})
    page.set_default_timeout(SOON)
    page.goto(f"{server.address}/?layers=4&in_channels={width // 10}")  # timed for some seconds
    cancel = page.get_by_role("button", name="Cancel")
    for place in (".st-key-picture svg", ".st-key-section-compare svg", ".tile .sk"):
        page.locator(place).first.wait_for()
    expect(cancel).to_be_visible()
    page.wait_for_timeout(300)  # what is drawn has its size
    before = page.evaluate(tops)
    line = page.locator(".status.busy")
    line.evaluate("line => line.append('Counting 3 blocks, after 12 other jobs…')")  # as long as it comes
    assert line.evaluate("line => [line.offsetHeight, getComputedStyle(line).whiteSpace]") == [20, "nowrap"]
    assert page.evaluate(tops) == before
    assert cancel.is_visible()
    expect(cancel).to_have_count(0, timeout=3 * SOON)
    expect(page.get_by_text("median of").first).to_be_attached()
    wait_until_still(page)
    assert page.evaluate(tops) == before


@pytest.mark.parametrize("query", ["", "?layers=2", "?layers=12&match=saved_bytes", "?mode=inference&batch=4"])
def test_bars_of_a_tile_are_of_one_scale(page: Page, instant: Server, query: str) -> None:
    """Whatever is said beside them; so their lengths can be compared."""
    page.goto(f"{instant.address}/{query}")
    expect(page.get_by_text("median of").first).to_be_attached(timeout=SOON)
    tracks = "tile => new Set([...tile.querySelectorAll('.mb')].map(bar => Math.round(bar.clientWidth))).size"
    tiles = page.locator(".tile")
    expect(tiles).to_have_count(4)
    cut = "all => all.filter(e => e.scrollWidth > e.clientWidth).map(e => e.textContent)"
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert [tiles.nth(i).evaluate(tracks) for i in range(4)] == [1] * 4, width
        assert page.locator(".tile .br span").evaluate_all(cut) == [], width


def test_a_theme_switch_colours_the_charts_anew(page: Page, instant: Server) -> None:
    page.emulate_media(color_scheme="light")
    visit(page, instant, SMALL)
    drawn(page)
    new = ".st-key-chart-channels .xy .barlayer .trace:last-child .point:last-child path"
    colours = {}
    for scheme, palette in (("light", LIGHT), ("dark", DARK)):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # Playwright's own words
        red, green, blue = (int(palette.source(6, 6)[i : i + 2], 16) for i in (1, 3, 5))
        expect(page.locator(new)).to_have_css("fill", f"rgb({red}, {green}, {blue})", timeout=SOON)
        colours[scheme] = page.locator(".tile i").last.evaluate("e => getComputedStyle(e).backgroundColor")
    assert colours["light"] != colours["dark"]
    assert lightness(DARK.source(6, 6)) > lightness(LIGHT.source(6, 6))


def test_hover_on_a_source_dims_the_others_everywhere(page: Page, instant: Server) -> None:
    visit(page, instant, SMALL)
    drawn(page, 3)
    page.locator('.tile [data-source="3"]').first.hover()
    expect(page.locator('.tile [data-source="2"]').first).to_have_class("dim")
    expect(page.locator('.tile [data-source="3"]').first).not_to_have_class("dim")
    expect(page.locator(".st-key-chart-channels .barlayer .dim")).not_to_have_count(0)
    expect(page.locator(".st-key-chart-parameters .point.dim")).to_have_count(15)  # five layers of three parts
    page.mouse.move(2, 400)
    expect(page.locator(".dim")).to_have_count(0)


def test_hover_on_a_chart_reaches_the_tiles(page: Page, instant: Server) -> None:
    visit(page, instant, SMALL)
    drawn(page)
    page.locator(".st-key-chart-parameters").scroll_into_view_if_needed()
    page.locator(".st-key-chart-parameters .barlayer .trace").first.locator(".point").nth(1).hover(force=True)
    expect(page.locator('.tile [data-source="1"]').first).to_have_class("dim")
    expect(page.locator('.tile [data-source="2"]').first).not_to_have_class("dim")


def test_a_click_on_a_bottleneck_goes_to_the_address(page: Page, instant: Server) -> None:
    visit(page, instant, SMALL)
    page.locator('[data-testid="concat-graph"] [data-layer="4"]').first.click()
    expect(page).to_have_url(re.compile("select=layer-4"))


def test_rows_of_the_module_table_unfold_and_stay_so(page: Page, instant: Server) -> None:
    visit(page, instant, SMALL)
    third = page.locator('[data-group="3"]')
    expect(third).to_be_hidden()
    page.get_by_role("button", name="denseblock.2").click()
    expect(third).to_be_visible()
    growth_rate(page, 33)
    expect(page.locator("h1")).to_contain_text("64 channels become 262")
    expect(third).to_be_visible()


def test_the_files_carry_the_numbers(page: Page, server: Server) -> None:
    visit(page, server, SMALL)
    found = {}
    for name in ("dense_block.py", "dense_block.svg", "dense_block.json", "dense_block.md", "dense_block.dot"):
        with page.expect_download() as download:
            page.locator(f'.files a[download="{name}"]').click()
        found[name] = download.value.path().read_text()
        assert download.value.suggested_filename == name
    assert "class Denseblock" in found["dense_block.py"] and found["dense_block.svg"].lstrip().startswith("<")
    assert '"parameters"' in found["dense_block.json"] and "335040" in found["dense_block.json"]
    assert "| parameters | 335,040 |" in found["dense_block.md"]
    assert found["dense_block.dot"].startswith("//") and "denseblock.5" in found["dense_block.dot"]


def test_the_plain_view_is_drawn_by_graphviz(page: Page, instant: Server) -> None:
    visit(page, instant, SMALL)
    drawing = page.get_by_test_id("stGraphVizChart")
    expect(drawing).to_have_count(0)
    page.locator(".st-key-explore_plain_view summary").click()
    expect(drawing.locator("svg g.edge")).not_to_have_count(0, timeout=SOON)
    assert drawing.locator("svg g.node").count() >= 7  # the input and six Bottlenecks
    expect(drawing).to_contain_text("denseblock.5")
    box = drawing.locator("svg").bounding_box()
    assert box is not None and box["width"] > 300 and box["height"] > 100
    expect(page.locator(".listing").last).to_contain_text("digraph")


def test_a_missing_gpu_is_said_and_no_other_devices_numbers_stand_there(page: Page, server: Server) -> None:
    visit(page, server, f"device=cuda:77&{SMALL}")
    expect(page.locator(".status")).to_contain_text("No ", timeout=SOON)
    expect(page.locator(".tile").nth(3)).to_contain_text("not measured")
    expect(page.locator(".tiles").get_by_text("✓ counted")).to_have_count(0)
    expect(page.locator(".tiles")).to_contain_text("335,040")
