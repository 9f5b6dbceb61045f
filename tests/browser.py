"""A real browser for a test: the system's Chromium where there is one, else Playwright's own.

with chromium() as browser:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(server.address)
    wait_until_still(page)
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from playwright.sync_api import Browser, Dialog, Locator, Page, expect

from explorer.bench.browser import browser as chromium
from explorer.bench.server import Server

__all__ = ["chromium", "complaints", "opened", "page_of", "wait_until_still"]


@contextlib.contextmanager
def page_of(browser: Browser, width: int = 1440, height: int = 900) -> Iterator[Page]:
    """A person of their own, who shares nothing with anybody, and of whose page the browser must not complain."""
    context = browser.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    with complaints(page) as found:
        yield page
    context.close()
    assert not found


def opened(page: Page, server: Server, query: str = "") -> Locator:
    """Opens the explorer; its concatenation graph, once it is drawn."""
    page.goto(f"{server.address}/{query}")
    wait_until_still(page)
    graph = page.get_by_test_id("concat-graph")
    expect(graph.locator(".drawing svg")).to_be_visible(timeout=30_000)
    return graph


def wait_until_still(page: Page, timeout: float = 30) -> None:
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

    page.on("dialog", alerted)
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on(
        "console",
        lambda message: found.append(message.text) if "Content Security Policy" in message.text else None,
    )
    yield found
