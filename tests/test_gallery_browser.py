"""The Gallery shows what its document says, in the page's theme, and each block can be taken hold of from there."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from browser import wait_until_still
from playwright.sync_api import Browser, Page, expect

from explorer.bench.server import Server
from explorer.codec import from_query
from explorer.docs.gallery import Entry, entries
from explorer.docs.parts import PartError

GALLERY = Path(__file__).parents[1] / "pages" / "gallery.md"
ENTRIES = entries(GALLERY.read_text(encoding="utf-8"))
SOON = 60_000


def test_a_document_is_taken_apart_by_its_headings() -> None:
    part = "<!-- explorer:begin block?layers=3 -->\n## no heading\n<!-- explorer:end -->"
    text = f"# A\n\nWords.\n\n## B\n\nOne\ntwo.\n\n{part}\n\nThree.\n"
    first, second = entries(text.replace("\n", "\r\n"))
    assert first == Entry("A", "Words.", None)
    assert (second.title, second.prose) == ("B", "One\ntwo.\n\n\nThree.")
    assert second.directive is not None and second.directive.study.block.layers == 3
    with pytest.raises(PartError):
        entries("# A\n<!-- explorer:begin block -->\n")


def test_every_section_but_the_first_has_a_part() -> None:
    assert ENTRIES[0].directive is None and len(ENTRIES) > 6
    assert all(entry.directive is not None and entry.prose for entry in ENTRIES[1:])


def test_every_block_is_drawn_and_leads_to_its_page(kept_page: Page, instant: Server) -> None:
    page = kept_page
    page.goto(f"{instant.address}/gallery")
    wait_until_still(page)
    links = page.locator(".gallery .open")
    expect(links).to_have_count(len(ENTRIES) - 1, timeout=SOON)
    for link, entry in zip(links.all(), ENTRIES[1:], strict=True):
        assert entry.directive is not None
        address = urlsplit(link.get_attribute("href") or "")
        assert from_query(parse_qsl(address.query)) == entry.directive.study
        assert address.path == ("/memory" if entry.directive.show == ("memory",) else "/")
    for image in page.locator(".gallery img").all():
        image.scroll_into_view_if_needed()
        expect(image).to_have_js_property("complete", True)
        assert image.evaluate("(image) => image.naturalWidth") == 980
    expect(page.locator(".gallery table").first).to_contain_text("335,040")
    expect(page.get_by_test_id("stSidebar")).to_be_hidden()


def test_the_block_in_hand_is_kept_on_the_way_there_and_back(kept_page: Page, instant: Server) -> None:
    page = kept_page
    page.goto(f"{instant.address}/?layers=9&height=8&width=8&drawing=paper")
    wait_until_still(page)
    expect(page.locator("h1")).to_contain_text("64 channels become 352")
    page.get_by_role("link", name="Gallery").click()
    expect(page.locator(".gallery .open").first).to_be_visible(timeout=SOON)
    page.get_by_role("link", name="Explore", exact=True).click()
    expect(page.locator("h1")).to_contain_text("64 channels become 352", timeout=SOON)
    expect(page.get_by_role("spinbutton", name="Bottlenecks L")).to_have_value("9")
    assert "drawing=paper" in page.url


def test_a_picture_follows_the_page_s_theme_where_the_system_s_is_another(browser: Browser, instant: Server) -> None:
    page = browser.new_page(color_scheme="light")
    page.goto(f"{instant.address}/gallery")
    image = page.locator(".gallery img").first
    expect(image).to_be_visible(timeout=SOON)
    wait_until_still(page)

    def corner() -> int:
        """How light the picture's own ground is."""
        shot = image.screenshot()
        light: int = page.evaluate(
            """async (bytes) => {
                 const image = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
                 const pen = new OffscreenCanvas(image.width, image.height).getContext("2d");
                 pen.drawImage(image, 0, 0);
                 return pen.getImageData(30, 30, 1, 1).data[0];
               }""",
            list(shot),
        )
        return light

    assert corner() > 240
    page.evaluate("document.querySelector('[data-testid=stApp]').style.colorScheme = 'dark'")
    page.wait_for_timeout(300)
    assert corner() < 40
    page.close()


def test_a_phone_has_a_way_back_from_the_gallery(kept_page: Page, instant: Server) -> None:
    page = kept_page
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{instant.address}/gallery")
    expect(page.locator(".gallery .open").first).to_be_attached(timeout=SOON)
    page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_role("link", name="Explore", exact=True).click()
    expect(page.locator("h1")).to_contain_text("64 channels become 256", timeout=SOON)
