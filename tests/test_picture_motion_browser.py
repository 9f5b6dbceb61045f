"""The picture's motion in a real browser: from drawing to drawing, with the sliders, under keys, wheel and fingers."""

from __future__ import annotations

import re

import pytest
from browser import wait_until_still
from playwright.sync_api import Browser, Page, expect

from explorer.graph import concat_graph
from explorer.pictures.layout import layout
from explorer.pictures.layout.shapes import Box
from explorer.spec import DenseBlockSpec, Drawing

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


def test_the_chain_turns_into_the_papers_arrows_slice_by_slice(picture_page: Page) -> None:
    """A copy slides back into the slice that it copies; the nodes stay, and end where Python has them."""
    graph = picture_page.get_by_test_id("concat-graph")
    graph.evaluate(WATCH, ["slice-5-1", "x"])
    picture_page.get_by_text("paper", exact=True).click()
    expect(graph).to_have_attribute("data-moving", "")
    expect(graph).not_to_have_attribute("data-moving", "")
    picture_page.evaluate(
        "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )  # the last, too
    places = [float(text) for text in picture_page.evaluate("window.seen")]
    chain, paper = (box_of(drawing, DenseBlockSpec(), "slice-5-1").x for drawing in ("chain", "paper"))
    assert places[0] == pytest.approx(chain, abs=0.01)
    assert places[-1] == pytest.approx(paper, abs=0.01)
    assert len(places) > 8 and places == sorted(places, reverse=True)
    assert picture_page.evaluate("window.watched.isConnected")
    expect(graph.locator("#slice-5-1")).to_be_hidden()
    picture_page.get_by_text("chain", exact=True).click()
    expect(graph.locator("#slice-5-1")).to_be_visible()
    expect(graph).not_to_have_attribute("data-moving", "")
    assert float(graph.locator("#slice-5-1").get_attribute("x") or "nan") == pytest.approx(chain, abs=0.01)
    assert picture_page.evaluate("window.watched.isConnected")


def test_a_slice_grows_and_slides_with_the_slider(picture_page: Page) -> None:
    graph = picture_page.get_by_test_id("concat-graph")
    graph.evaluate(WATCH, ["slice-6-6", "height"])
    slider = picture_page.get_by_role("slider")
    slider.focus()
    slider.press("PageUp")
    expect(graph.locator("#text-source-6")).not_to_contain_text("+32")
    expect(graph).not_to_have_attribute("data-moving", "")
    heights = [float(text) for text in picture_page.evaluate("window.seen")]
    assert len(heights) > 3 and picture_page.evaluate("window.watched.isConnected")
    svg = graph.locator("svg").evaluate("e => e.outerHTML")
    assert "NaN" not in svg and "undefined" not in svg


def test_motions_that_are_overtaken_end_where_a_fresh_page_begins(picture_page: Page) -> None:
    """Steps faster than a motion begins, and a drawing that turns in the middle of one, leave nothing behind."""
    graph, slider = picture_page.get_by_test_id("concat-graph"), picture_page.get_by_role("slider")
    slider.focus()
    for key in ["ArrowRight"] * 6 + ["ArrowLeft"] * 3:
        slider.press(key)
    picture_page.get_by_text("paper", exact=True).click()
    rate = int(slider.get_attribute("aria-valuenow") or slider.input_value())
    assert rate > 32
    drawn = layout(concat_graph(DenseBlockSpec(growth_rate=rate)), "paper", "horizontal", 976.0)
    expect(graph.locator("svg.paper")).to_be_visible()
    expect(graph.locator("#slice-6-6")).to_have_attribute("aria-label", re.compile(f"{rate} channels"))
    expect(graph).not_to_have_attribute("data-moving", "")
    assert drawn.slices and drawn.bottlenecks
    for shape in drawn.slices:
        element = graph.locator(f"#{shape.id}")
        for name in ("x", "y", "width", "height"):
            assert float(element.get_attribute(name) or "nan") == pytest.approx(getattr(shape.box, name), abs=0.06)
    assert graph.locator("[style*=opacity]").count() == 0


def test_whoever_wants_no_motion_gets_none(browser: Browser, picture_address: str) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    page.goto(picture_address)
    wait_until_still(page)
    graph = page.get_by_test_id("concat-graph")
    expect(graph.locator("#slice-6-6")).to_be_visible()
    graph.evaluate(WATCH, ["slice-6-6", "x"])
    page.get_by_text("paper", exact=True).click()
    expect(graph.locator("svg.paper")).to_be_visible()
    page.wait_for_timeout(300)
    assert len(page.evaluate("window.seen")) <= 2
    context.close()


def test_arrow_keys_walk_the_graph(picture_page: Page) -> None:
    graph = picture_page.get_by_test_id("concat-graph")
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
        picture_page.keyboard.press(key)
        assert picture_page.evaluate("document.activeElement.id") == name, key
    expect(graph.locator(".facts")).to_contain_text("Bottleneck 5 reads 192")
    picture_page.keyboard.press("Enter")
    expect(picture_page.get_by_text("selected: layer-5", exact=True)).to_be_visible()


def test_a_copy_and_a_lane_select_one_reader_of_one_source(picture_page: Page) -> None:
    graph = picture_page.get_by_test_id("concat-graph")
    graph.locator("#slice-3-1").click()
    expect(picture_page.get_by_text("selected: 1-4", exact=True)).to_be_visible()
    expect(graph.locator(".about p")).to_be_visible()
    graph.locator("#lane-2-5").dispatch_event("click")
    expect(picture_page.get_by_text("selected: 2-5", exact=True)).to_be_visible()
    graph.locator("#slice-6-1").click()  # what follows the block is none of its Bottlenecks
    expect(picture_page.get_by_text("selected: source-1", exact=True)).to_be_visible()


# --- zoom -----------------------------------------------------------------------------------------------


def view_of(page: Page) -> list[float]:
    text = page.get_by_test_id("concat-graph").locator("svg").get_attribute("viewBox") or ""
    return [float(number) for number in text.split()]


def test_the_picture_zooms_about_the_pointer_and_pans(picture_page: Page) -> None:
    graph = picture_page.get_by_test_id("concat-graph")
    box = graph.locator("#slice-3-1").bounding_box()
    assert box
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    whole = view_of(picture_page)
    picture_page.mouse.move(*middle)
    picture_page.mouse.wheel(0, -200)  # a plain wheel is the page's
    picture_page.wait_for_timeout(100)
    assert view_of(picture_page) == whole
    picture_page.keyboard.down("Control")
    picture_page.mouse.wheel(0, -300)
    picture_page.keyboard.up("Control")
    expect(graph.locator(".drawing")).to_have_class("drawing zoomed")
    near = graph.locator("#slice-3-1").bounding_box()
    assert near and near["width"] > 1.3 * box["width"]
    assert near["x"] < middle[0] < near["x"] + near["width"] and near["y"] < middle[1] < near["y"] + near["height"]
    picture_page.mouse.down()
    picture_page.mouse.move(middle[0] + 60, middle[1] - 20, steps=4)
    picture_page.mouse.up()
    moved = graph.locator("#slice-3-1").bounding_box()
    assert moved and moved["x"] - near["x"] == pytest.approx(60, abs=2)
    expect(picture_page.get_by_text("selected: nothing", exact=True)).to_be_visible()  # a drag is no click
    view = view_of(picture_page)
    slider = picture_page.get_by_role("slider")
    slider.focus()
    slider.press("ArrowRight")
    expect(graph.locator("#text-source-6")).to_contain_text("+33")
    assert view_of(picture_page)[0] == pytest.approx(view[0], abs=1), "a new block keeps the zoom"
    graph.get_by_role("button", name="Show the whole picture").click()
    assert view_of(picture_page) == whole


def test_two_fingers_zoom_and_one_pans(browser: Browser, picture_address: str) -> None:
    context = browser.new_context(viewport={"width": 860, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(picture_address)
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
