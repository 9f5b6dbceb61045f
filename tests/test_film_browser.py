"""Growth as a film in a real browser: what each stage shows, in both drawings, on desk and phone, and in the charts."""

from __future__ import annotations

import re

import pytest
from browser import opened, page_of
from playwright.sync_api import Browser, Locator, Page, expect

from explorer.bench.server import Server

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1440, "height": 900}
# Ids of what is in sight, and where everything stands.
SEEN = """graph => [...graph.querySelectorAll('.drawing svg > g > [id]:not(.off)')]
  .filter(e => getComputedStyle(e).visibility === 'visible').map(e => e.id)"""
PLACES = (
    "graph => [...graph.querySelectorAll('.slice:not(.off)')].map(e => [e.id, e.getBBox().x, e.getBBox().y].join(' '))"
)
CUT = re.compile("^polygon")
GO = """(scrubber, stage) => { scrubber.value = stage; scrubber.dispatchEvent(new Event('input', {bubbles: true})) }"""


@pytest.fixture
def page(kept_page: Page) -> Page:
    return kept_page


def start(page: Page, graph: Locator) -> None:
    """Opens the film and holds it at its first stage."""
    graph.get_by_role("button", name="Growth as a film").click()
    page.keyboard.press("Space")  # on the button that has the focus: pause
    expect(graph.get_by_role("button", name="Play (space)")).to_be_visible()
    graph.get_by_role("slider").evaluate(GO, 0)


def born(shape: str, layers: int) -> int:
    """The stage with which a shape appears, by its id."""
    found = re.match(
        r"(?:slice|flare|layer|output)-(\d+)|(?:lane-\d+|hit-slice)-(\d+)|text-(?:total|source)-(\d+)", shape
    )
    if found:
        return min(layers, int(next(group for group in found.groups() if group)))
    return layers if shape in ("text-note-out", "text-total-out") else 0


@pytest.mark.parametrize("drawing", ["chain", "paper"])
@pytest.mark.parametrize("layers", [1, 2, 6])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_each_stage_shows_the_block_so_far(
    page: Page, instant: Server, size: dict[str, int], layers: int, drawing: str
) -> None:
    page.set_viewport_size({"width": size["width"], "height": size["height"]})
    graph = opened(page, instant, f"?layers={layers}&drawing={drawing}")
    expect(graph).not_to_have_attribute("data-moving", "")
    everything, places = graph.evaluate(SEEN), graph.evaluate(PLACES)
    start(page, graph)
    for stage in range(layers + 1):
        graph.get_by_role("slider").evaluate(GO, stage)
        seen = set(graph.evaluate(SEEN))
        assert seen == {shape for shape in everything if born(shape, layers) <= stage}, stage
        assert graph.evaluate(PLACES) == places
    sentence = f"Bottleneck {layers} reads {64 + 32 * (layers - 1)} channels"
    expect(graph.locator(".strip .film")).to_contain_text(sentence)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    graph.get_by_role("button", name="End the film").click()
    assert graph.evaluate(SEEN) == everything
    expect(graph.locator(".strip .film")).to_be_hidden()


def test_folded_layers_come_in_their_turn(page: Page, instant: Server) -> None:
    graph = opened(page, instant, "?layers=24")
    start(page, graph)
    graph.get_by_role("slider").evaluate(GO, 12)
    seen = set(graph.evaluate(SEEN))
    assert {"slice-12-12", "layer-7"} <= seen and not {"slice-13-13", "layer-21", "lane-3-22"} & seen
    ends = graph.locator("#concat-combs").evaluate("e => getComputedStyle(e).clipPath")
    assert ends.startswith("inset(") and "99px" in ends
    graph.locator("[data-action=fold]").click()  # unfolded, the film goes on where it was
    expect(graph.locator("#layer-24")).to_have_count(1)
    expect(graph.locator("#layer-12")).to_be_in_viewport()
    expect(graph.locator("#layer-13")).to_be_hidden()


def test_it_plays_to_the_end_and_a_long_one_takes_no_longer_than_twenty_seconds(
    browser: Browser, instant: Server
) -> None:
    with page_of(browser) as page:  # its clock stays another one
        play_a_long_one(page, instant)


def play_a_long_one(page: Page, server: Server) -> None:
    graph = opened(page, server, "?layers=64")
    page.clock.install()
    graph.get_by_role("button", name="Growth as a film").click()
    stage = graph.locator(".player output")
    page.clock.run_for(3000)
    at = int((stage.text_content() or "0").partition(" ")[0])
    assert 3 < at < 20
    page.clock.run_for(17_000)
    expect(stage).to_have_text("64 / 64")
    expect(graph.get_by_role("button", name="Play (space)")).to_be_visible()
    expect(graph.locator(".unborn")).to_have_count(0)


def test_pause_step_and_speed(page: Page, instant: Server) -> None:
    graph = opened(page, instant)
    stage, play = graph.locator(".player output"), graph.get_by_role("button", name="Play (space)")
    start(page, graph)
    expect(stage).to_have_text("0 / 6")
    graph.get_by_role("button", name="One Bottleneck on").click()
    expect(graph.locator(".strip .film")).to_have_text("Bottleneck 1 reads 64 channels: x₀ — and adds 32. Now 96.")
    graph.get_by_role("button", name="One Bottleneck on").click()
    graph.get_by_role("button", name="One Bottleneck back").click()
    expect(stage).to_have_text("1 / 6")
    graph.get_by_role("combobox", name="Speed").select_option("2×")
    play.click()
    expect(stage).to_have_text("6 / 6", timeout=15_000)
    expect(play).to_be_visible()


def test_the_charts_show_the_same_stage(page: Page, instant: Server) -> None:
    page.set_viewport_size({"width": 1440, "height": 2200})
    graph = opened(page, instant)
    charts = page.locator(".dbe-chart")
    expect(charts.locator(".plot[data-drawn]")).to_have_count(3, timeout=60_000)
    bars = charts.nth(0).locator("g.trace.bars").first
    expect(bars).not_to_have_css("clip-path", CUT)
    start(page, graph)
    graph.get_by_role("slider").evaluate(GO, 3)
    # How far each chart's own traces reach, in its own units: half a step beyond Bottleneck 3; forward's share of it.
    reach = charts.evaluate_all(
        """all => all.map(chart => {
          const plot = chart.querySelector('.plot'), x = plot._fullLayout.xaxis;
          const cut = [...plot.querySelectorAll('g.trace')]
            .map(e => getComputedStyle(e).clipPath).filter(c => c.startsWith("polygon"));
          return [...new Set(cut.map(c => x.p2d(parseFloat(c.split(',')[1])).toFixed(2)))];
        })"""
    )
    assert reach[:2] == [["3.50"], ["3.50"]]
    assert len(reach[2]) == 1 and 0.3 < float(reach[2][0]) < 0.7
    lines = charts.nth(0).locator("g.trace.scatter").first
    expect(lines).not_to_have_css("clip-path", CUT)  # the residual block is all there
    expect(charts.nth(2).locator(".annotation", has_text=re.compile(r"^\d\d\.\d$"))).to_be_hidden()
    rows = page.locator(".modules .head")
    expect(rows.nth(2)).not_to_have_class(re.compile("later"))
    expect(rows.nth(3)).to_have_class(re.compile("later"))
    readers = page.locator('.grid [data-source="0"] td')
    expect(readers.nth(2)).not_to_have_class(re.compile("later"))
    expect(readers.nth(3)).to_have_class(re.compile("later"))  # Bottleneck 4 reads the input, but is not there yet
    page.keyboard.press("Escape")
    expect(bars).not_to_have_css("clip-path", CUT)
    expect(page.locator(".later")).to_have_count(0)
    expect(graph.locator(".unborn")).to_have_count(0)


def test_the_film_is_over_when_something_else_is_wanted(page: Page, instant: Server) -> None:
    graph = opened(page, instant)
    player = graph.locator(".player")
    start(page, graph)
    graph.get_by_role("slider").evaluate(GO, 4)
    graph.locator("#layer-2").click()
    expect(player).to_be_hidden()
    expect(graph.locator(".facts")).to_contain_text("Bottleneck 2")
    start(page, graph)
    page.get_by_role("slider", name="Bottlenecks L").first.press("ArrowRight")
    expect(graph.locator("#layer-7")).to_be_visible()
    expect(player).to_be_hidden()
    expect(graph.locator(".unborn")).to_have_count(0)


def test_the_film_goes_on_in_the_other_drawing(page: Page, instant: Server) -> None:
    graph = opened(page, instant)
    start(page, graph)
    graph.get_by_role("slider").evaluate(GO, 2)
    page.keyboard.press("m")
    expect(graph.locator("svg.paper")).to_be_visible()
    expect(graph).not_to_have_attribute("data-moving", "")
    expect(graph.locator("#layer-2")).to_be_visible()
    expect(graph.locator("#layer-3")).to_be_hidden()
    expect(graph.locator(".player output")).to_have_text("2 / 6")


def test_whoever_wants_no_motion_steps(browser: Browser, instant: Server) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    graph = opened(page, instant)
    graph.get_by_role("button", name="Growth as a film").click()
    page.wait_for_timeout(1500)
    expect(graph.locator(".player output")).to_have_text("0 / 6")
    graph.get_by_role("button", name="One Bottleneck on").click()
    assert graph.evaluate("e => e.getAnimations({subtree: true}).length") == 0
    expect(graph.locator("#layer-1")).to_be_visible()
    context.close()
