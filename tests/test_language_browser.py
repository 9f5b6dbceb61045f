"""The pages in Chinese, as a browser shows them: by their address, by the browser's own language, and by the switch."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import pytest
from browser import complaints, wait_until_still
from playwright.sync_api import Browser, Page, expect

from explorer.bench.server import Server

PAGES = ("", "memory", "gradients", "networks", "gallery")
HAN = re.compile("[\u4e00-\u9fff]")
WIDTHS = (1440, 390)


@pytest.fixture(params=["en-US", "zh-CN"])
def person(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """A person whose browser speaks that language."""
    context = browser.new_context(locale=request.param, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    with complaints(page) as found:
        yield page
    context.close()
    assert not found


def speaks(page: Page) -> str:
    """What the page's title is written in, once it is drawn."""
    wait_until_still(page)
    expect(page.locator("h1").first).to_be_visible()
    return "zh" if HAN.search(page.locator("h1").first.inner_text()) else "en"


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_a_chinese_page_is_chinese_and_no_wider_than_its_window(
    page: Page, instant: Server, name: str, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{instant.address}/{name}?lang=zh")
    assert speaks(page) == "zh"
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    main = page.get_by_test_id("stMain")
    assert main.evaluate("main => main.scrollWidth <= main.clientWidth")
    links = page.locator("a[download], a.open").evaluate_all("all => all.map((link) => link.href)")
    assert all("lang=zh" in link for link in links) and (links or name == "gradients")


def test_a_page_without_a_language_speaks_the_browsers(
    person: Page, instant: Server, request: pytest.FixtureRequest
) -> None:
    expected = "zh" if "zh-CN" in request.node.name else "en"
    person.goto(instant.address)
    assert speaks(person) == expected
    assert "lang" not in person.url
    other = "en" if expected == "zh" else "zh"
    person.goto(f"{instant.address}/?lang={other}")
    assert speaks(person) == other


def test_the_switch_changes_language_address_and_comes_back(page: Page, instant: Server) -> None:
    page.goto(f"{instant.address}/?layers=4")
    assert speaks(page) == "en"
    sidebar = page.get_by_test_id("stSidebar")
    sidebar.get_by_role("radio", name="中文").or_(sidebar.get_by_role("button", name="中文")).first.click()
    page.wait_for_url("**lang=zh**")
    expect(page.locator("h1").first).to_have_text(HAN)
    assert "layers=4" in page.url
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    expect(sidebar.get_by_text("瓶颈层数 L").first).to_be_visible()
    page.get_by_role("link", name="显存").click()
    page.wait_for_url("**/memory**")
    assert speaks(page) == "zh" and "lang=zh" in page.url
    # One entry for the other page, and none before it that lacks the language.
    assert page.evaluate("navigation.entries().slice(-2).map((entry) => new URL(entry.url).pathname)") == [
        "/",
        "/memory",
    ]
    page.go_back()
    page.wait_for_url(lambda url: "/memory" not in url)
    assert speaks(page) == "zh"
    sidebar.get_by_role("radio", name="English").or_(sidebar.get_by_role("button", name="English")).first.click()
    page.wait_for_url("**lang=en**")
    expect(page.locator("h1").first).not_to_have_text(HAN)
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.go_back()
    page.wait_for_url("**lang=zh**")
    expect(page.locator("h1").first).to_have_text(HAN)


def test_where_there_is_no_sidebar_the_switch_stands_above_the_page(page: Page, instant: Server) -> None:
    page.goto(f"{instant.address}/gallery")
    assert speaks(page) == "en"
    above = page.locator(".st-key-languages")
    expect(above).to_be_visible()
    above.get_by_role("radio", name="中文").or_(above.get_by_role("button", name="中文")).first.click()
    page.wait_for_url("**lang=zh**")
    expect(page.locator("h1").first).to_have_text(HAN)


@pytest.mark.parametrize("name", ["", "memory", "gradients", "networks", "lesson"])
def test_the_switch_changes_nothing_else(page: Page, instant: Server, name: str) -> None:
    """Streamlit tells an option by its label, which is another one in another language."""
    page.goto(f"{instant.address}/{name}?layers=4")
    assert speaks(page) == "en"
    sidebar = page.get_by_test_id("stSidebar")
    for label, spoken in (("中文", "zh"), ("English", "en"), ("中文", "zh")):
        sidebar.get_by_role("radio", name=label).or_(sidebar.get_by_role("button", name=label)).first.click()
        page.wait_for_url(f"**lang={spoken}**")
        wait_until_still(page)
        page.wait_for_timeout(700)  # what the browser says of its widgets by itself comes after a moment
        wait_until_still(page)
        assert dict(parse_qsl(urlsplit(page.url).query)) == {"layers": "4", "lang": spoken}
