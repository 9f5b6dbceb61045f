"""The keys of the page in a real browser: their list, the finder, zoom and drawing, and where keys are only letters."""

from __future__ import annotations

import pytest
from browser import opened, wait_until_still
from playwright.sync_api import Page, expect

from explorer.bench.server import Server


@pytest.fixture
def page(kept_page: Page) -> Page:
    return kept_page


def test_a_question_mark_lists_the_keys_and_gives_the_focus_back(page: Page, instant: Server) -> None:
    graph = opened(page, instant)
    graph.locator("#layer-2").focus()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("rowheader")).to_have_count(11)
    for _step in range(4):  # nothing behind the dialog can have the focus
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
        page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(graph.locator("#layer-2")).to_be_focused()
    graph.get_by_role("button", name="List the keys").click()
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()


@pytest.mark.parametrize(("layers", "layer"), [(24, 17), (24, 20), (24, 23), (64, 57), (64, 60)])
def test_what_is_said_of_a_bottleneck_does_not_hide_it(page: Page, instant: Server, layers: int, layer: int) -> None:
    """A link to one in the fold unfolds the picture, which scrolls to it; the last four are never folded."""
    graph = opened(page, instant, f"?layers={layers}&select=layer-{layer}")
    expect(graph.locator(".strip .inspector")).to_be_visible()
    wait_until_still(page)
    box, strip = graph.locator(f"#layer-{layer}").bounding_box(), graph.locator(".strip").bounding_box()
    assert box and strip
    assert strip["y"] + strip["height"] <= box["y"] or strip["x"] + strip["width"] <= box["x"]


def test_where_somebody_writes_keys_are_letters(page: Page, instant: Server) -> None:
    opened(page, instant)
    box = page.get_by_label("Growth rate k, exact")
    box.focus()
    for key in ("/", "?", "m", "p"):
        page.keyboard.press(key)
    page.get_by_test_id("stMain").focus()
    for key in ("Control+/", "Alt+/", "Meta+m"):
        page.keyboard.press(key)
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert "drawing" not in page.url and "present" not in page.url


FINDS = (
    ("4", "Bottleneck 4", "layer-4"),
    ("x2", "x₂ made by Bottleneck 2", "source-2"),
    ("bottleneck 4", "Bottleneck 4", "layer-4"),
    ("conv1 3", "denseblock.2.conv1: 1×1 of Bottleneck 3", "layer-3"),
    ("denseblock.3.conv1", "denseblock.3.conv1: 1×1 of Bottleneck 4", "layer-4"),
    ("input", "x₀ the block’s input", "source-0"),
)


def test_the_finder_finds_and_selects(page: Page, instant: Server) -> None:
    graph = opened(page, instant)
    finder = page.get_by_role("dialog", name="Find a layer")
    for typed, found, select in FINDS:
        page.keyboard.press("/")
        expect(finder.get_by_role("combobox")).to_be_focused()
        page.keyboard.type(typed)
        expect(finder.get_by_role("option").first).to_have_text(found)
        page.keyboard.press("Enter")
        page.wait_for_url(f"**select={select}")
        expect(finder).to_be_hidden()
        shape = select if select.startswith("layer") else f"slice-{select[-1]}-{select[-1]}"
        expect(graph.locator(f"#{shape}")).to_have_attribute("aria-pressed", "true")
        expect(graph.locator(f"#{shape}")).to_be_focused()


def test_arrows_choose_among_what_was_found_and_escape_finds_nothing(page: Page, instant: Server) -> None:
    graph = opened(page, instant)
    graph.get_by_role("button", name="Find a layer").click()
    finder = page.get_by_role("dialog", name="Find a layer")
    options = finder.get_by_role("option")
    page.keyboard.type("4")
    expect(options.nth(0)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_text("x₄ made by Bottleneck 4")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.type("0 nowhere <b>")
    expect(options).to_have_count(0)
    expect(finder.get_by_role("status")).to_have_text("Nothing here has this name.")
    page.keyboard.press("Enter")
    expect(finder).to_be_visible()
    page.keyboard.press("Escape")
    expect(finder).to_be_hidden()
    assert "select" not in page.url


def test_what_lies_in_the_fold_is_unfolded_and_brought_into_sight(page: Page, instant: Server) -> None:
    graph = opened(page, instant, "?layers=64")
    expect(graph.locator("#layer-30")).to_have_count(0)
    page.keyboard.press("/")
    page.keyboard.type("30")
    page.keyboard.press("Enter")
    expect(graph.locator("#layer-30")).to_be_in_viewport(timeout=60_000)
    expect(graph.locator("#layer-30")).to_be_focused()
    page.wait_for_url("**select=layer-30")


def test_keys_zoom_fit_and_change_the_drawing(page: Page, instant: Server) -> None:
    graph = opened(page, instant)
    svg = graph.locator(".drawing svg")
    whole = svg.get_attribute("viewBox")
    page.keyboard.press("+")
    expect(svg).not_to_have_attribute("viewBox", str(whole))
    page.keyboard.press("f")
    expect(svg).to_have_attribute("viewBox", str(whole))
    page.keyboard.press("m")
    page.wait_for_url("**drawing=paper")
    expect(graph.locator("svg.paper")).to_be_visible()
    page.keyboard.press("m")
    expect(graph.locator("svg.chain")).to_be_visible()
    graph.locator("#layer-3").click()
    page.wait_for_url("**select=layer-3")
    page.keyboard.press("Escape")
    expect(graph.locator("[aria-pressed]")).to_have_count(0)
