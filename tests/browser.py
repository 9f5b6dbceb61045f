"""A real browser for a test: the system's Chromium where there is one, else Playwright's own.

with chromium() as browser:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(server.address)
    wait_until_still(page)
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from playwright.sync_api import Browser, ConsoleMessage, Dialog, Error, Locator, Page, expect

from explorer.bench.browser import browser as chromium
from explorer.bench.server import Server

__all__ = ["as_new", "chromium", "complaints", "opened", "page_of", "wait_until_still"]

# Playwright's own 5 s are too few for a page that is drawn anew on a machine which runs other tests beside it.
expect.set_options(timeout=20_000)


@contextlib.contextmanager
def page_of(browser: Browser, width: int = 1440, height: int = 900) -> Iterator[Page]:
    """A person of their own, who shares nothing with anybody, and of whose page the browser must not complain."""
    context = browser.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    with complaints(page) as found:
        yield page
    context.close()
    assert not found


@contextlib.contextmanager
def as_new(page: Page, width: int = 1440, height: int = 900) -> Iterator[Page]:
    """A page that others had before, blank and with nothing kept; the browser must not complain of what comes now.

    What it loaded before it need not compile again: opening the explorer takes it a third of a new page's time.
    """
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme="null", reduced_motion="null")
    page.set_default_timeout(60_000)
    page.mouse.move(0, 0)
    with complaints(page) as found:
        yield page
    page.evaluate("() => { localStorage.clear(); sessionStorage.clear() }")
    page.context.clear_cookies()
    page.goto("about:blank")
    assert not found


def opened(page: Page, server: Server, query: str = "") -> Locator:
    """Opens the explorer; its concatenation graph, once it is drawn."""
    page.goto(f"{server.address}/{query}")
    wait_until_still(page)
    graph = page.get_by_test_id("concat-graph")
    expect(graph.locator(".drawing svg")).to_be_visible(timeout=60_000)
    return graph


def wait_until_still(page: Page, timeout: float = 60) -> None:
    """Waits (at most ``timeout`` seconds) until the page is connected, drawn, and its script rests."""
    app = page.locator(
        '[data-testid="stApp"][data-test-connection-state="CONNECTED"][data-test-script-state="notRunning"]'
    )
    expect(app).to_be_visible(timeout=timeout * 1000)
    expect(page.get_by_test_id("stMainBlockContainer")).not_to_be_empty(timeout=timeout * 1000)
    # A widget's own script may still be on its way.
    expect(page.get_by_test_id("stSidebar").get_by_test_id("stSkeleton")).to_have_count(0, timeout=timeout * 1000)


@contextlib.contextmanager
def complaints(page: Page) -> Iterator[list[str]]:
    """Collects what the browser says meanwhile: script errors, breaches of the content policy, alerts."""
    found: list[str] = []

    def alerted(dialog: Dialog) -> None:
        found.append(dialog.message)
        dialog.dismiss()

    def failed(error: Error) -> None:
        found.append(str(error))

    def said(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            found.append(message.text)

    page.on("dialog", alerted)
    page.on("pageerror", failed)
    page.on("console", said)
    yield found
    page.remove_listener("dialog", alerted)
    page.remove_listener("pageerror", failed)
    page.remove_listener("console", said)
