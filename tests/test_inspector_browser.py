"""The inspector in a real browser: real values of what is selected, on a pattern, noise, or a person's picture."""

from __future__ import annotations

import io

import pytest
from browser import wait_until_still
from PIL import Image
from playwright.sync_api import FilePayload, Page, expect

from explorer.bench.server import Server

SOON = 120_000  # ms: a worker that starts on a busy machine
SMALL = "height=16&width=16"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>alert(1)</script></svg>"

# Of every canvas: how many different colours are painted.
COLOURS = """canvases => canvases.map(canvas => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const found = new Set();
  for (let i = 0; i < data.length; i += 4) found.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
  return found.size;
})"""


@pytest.fixture
def page(kept_page: Page) -> Page:
    return kept_page


def visit(page: Page, server: Server, query: str) -> None:
    page.set_default_timeout(SOON)
    page.goto(f"{server.address}/?{SMALL}&{query}")
    wait_until_still(page)


def values(page: Page) -> None:
    """Waits until the inspector shows what really ran."""
    expect(page.locator(".st-key-inspector .pipeline li").first).to_be_visible(timeout=SOON)
    expect(page.locator(".st-key-inspector .ok")).to_contain_text("the steps add up to the closed form")


def give(page: Page, name: str, kind: str, data: bytes) -> None:
    file: FilePayload = {"name": name, "mimeType": kind, "buffer": data}
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(file)


def photograph(width: int = 90, height: int = 60) -> bytes:
    out = io.BytesIO()
    picture = Image.radial_gradient("L").resize((width, height)).convert("RGB")
    picture.save(out, "PNG")
    return out.getvalue()


def test_a_click_opens_the_inspector_with_painted_maps_and_a_reload_keeps_it(page: Page, server: Server) -> None:
    visit(page, server, "")
    expect(page.locator(".st-key-inspector .pipeline")).to_have_count(0)
    page.locator('[data-layer="3"]').first.click()
    values(page)
    assert "select=layer-3" in page.url
    expect(page.locator(".pipeline li code").nth(2)).to_have_text("denseblock.2.conv1")
    colours = page.locator(".st-key-inspector canvas").evaluate_all(COLOURS)
    assert len(colours) == 5 and min(colours) > 10  # x0, x1, x2; inside; the new slice
    before = page.locator(".values tbody tr").all_inner_texts()
    page.reload()
    wait_until_still(page)
    values(page)
    assert page.locator(".values tbody tr").all_inner_texts() == before  # the same seed, the same values
    page.get_by_role("button", name="Close").click()
    expect(page.locator(".st-key-inspector .pipeline")).to_have_count(0)
    assert "select" not in page.url


def test_a_slice_is_marked_among_what_the_layer_reads(page: Page, instant: Server) -> None:
    visit(page, instant, "select=1-4")
    values(page)
    expect(page.locator(".values .chosen th")).to_have_text("x₁")


def test_hovering_a_row_lights_its_source_in_the_picture(page: Page, instant: Server) -> None:
    visit(page, instant, "select=layer-4")
    values(page)
    page.locator('.values tr[data-source="2"]').hover()
    expect(page.locator('.dbe-picture [data-source="2"].on').first).to_be_attached()
    expect(page.locator('.values tr[data-source="1"].dim')).to_have_count(1)


def test_noise_and_pattern_differ_and_are_in_the_link(page: Page, server: Server) -> None:
    visit(page, server, "select=layer-2")
    values(page)
    stem = page.locator(".stem").inner_text()
    page.get_by_role("radio", name="Noise").or_(page.get_by_text("Noise", exact=True)).first.click()
    expect(page.locator(".stem")).not_to_have_text(stem, timeout=SOON)
    values(page)
    assert "image=noise" in page.url


def test_a_picture_is_run_and_a_link_does_not_carry_it(page: Page, server: Server) -> None:
    visit(page, server, "select=layer-1&image=upload")
    values(page)
    expect(page.locator(".stem")).to_contain_text("A link carries no picture")
    give(page, "radial.png", "image/png", photograph())
    expect(page.locator(".stem")).not_to_contain_text("A link carries no picture", timeout=SOON)
    values(page)
    page.reload()
    wait_until_still(page)
    values(page)
    expect(page.locator(".stem")).to_contain_text("A link carries no picture")


@pytest.mark.parametrize(
    ("name", "kind", "data"),
    [
        ("a.png", "image/png", b"no picture at all"),
        ("a.png", "image/png", SVG),
        ("a.png", "image/png", photograph()[:99]),
        ("a.png", "image/png", b""),
    ],
    ids=["not an image", "a malicious SVG", "cut short", "empty"],
)
def test_what_is_no_picture_is_refused_in_a_sentence(
    page: Page, server: Server, name: str, kind: str, data: bytes
) -> None:
    visit(page, server, "select=layer-1&image=upload")
    values(page)
    give(page, name, kind, data)
    told = page.locator(".st-key-inspector .why")
    expect(told).to_be_visible(timeout=SOON)
    text = told.inner_text()
    assert "picture" in text and text.endswith(".") and "Traceback" not in text
    assert ("empty" in text) == (not data)
    expect(page.locator(".st-key-inspector-head")).to_contain_text("denseblock.0, not run")
    page.get_by_role("radio", name="Test pattern").or_(page.get_by_text("Test pattern", exact=True)).first.click()
    values(page)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [("a.svg", SVG, "not allowed"), ("a.png", bytes(9 << 20), "8")],
    ids=["an SVG by its name", "a huge file"],
)
def test_a_file_of_the_wrong_kind_or_size_is_refused_before_it_is_sent(
    page: Page, instant: Server, name: str, data: bytes, words: str
) -> None:
    visit(page, instant, "select=layer-1&image=upload")
    values(page)
    give(page, name, "image/svg+xml" if name.endswith("svg") else "image/png", data)
    told = page.get_by_test_id("stFileUploader").get_by_role("alert")
    expect(told).to_contain_text(words, timeout=SOON)
    expect(page.locator(".stem")).to_contain_text("A link carries no picture")


@pytest.mark.parametrize("select", ["layer-6", "unit-2"])
def test_a_phone_shows_the_inspector_without_sideways_scrolling(page: Page, server: Server, select: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    visit(page, server, f"select={select}")
    values(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    widths = page.locator(".st-key-inspector canvas").evaluate_all(
        "all => all.map(c => c.getBoundingClientRect().right)"
    )
    assert max(widths) <= 390
    assert page.locator(".st-key-inspector .ok").evaluate("e => e.getBoundingClientRect().right") <= 390
    assert page.locator(".read").evaluate("e => e.scrollWidth <= e.clientWidth")
