"""What a person waits for, in a real browser: the first charts, and charts redrawn after a slider's step.

Needs Playwright and Chromium, which the tests need too.
"""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING

from explorer.bench.server import Server
from explorer.setup.browser import find_browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# A chart is redrawn when its data is another object than before (Plotly keeps the last drawn figure at the
# element) or, of one drawn by the explorer, when it says so, and one more frame has passed.
WATCH = """
() => {
  const within = root => [
    ...root.querySelectorAll('.js-plotly-plot, [data-drawn]'),
    ...[...root.querySelectorAll("[data-testid=stBidiComponentIsolated]")].flatMap(e => within(e.shadowRoot ?? e)),
  ];
  const state = e => e.dataset.drawn ?? (e.querySelector('.main-svg') ? e.data : undefined);
  const charts = () => within(document).filter(e => state(e) !== undefined);
  window.drawnPlots = () => charts().filter(e => e.matches('.js-plotly-plot')).length;
  window.drawnCharts = () => charts().length;
  window.watchRedraw = wanted => {
    const before = charts().map(e => [e, state(e)]); // to search the page in every frame would slow it down
    let pressed = null;
    document.addEventListener('keydown', () => { pressed ??= performance.now(); }, {capture: true, once: true});
    window.redrawn = new Promise(done => {
      const look = () => {
        const fresh = before.filter(([e, old]) => !e.isConnected || state(e) !== old).length;
        if (pressed !== null && fresh >= wanted) requestAnimationFrame(() => done(performance.now() - pressed));
        else requestAnimationFrame(look);
      };
      look();
    });
  };
}
"""


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """A headless Chromium: the system's where there is one, else Playwright's own.

    Raises:
        RuntimeError: Playwright is not installed.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        raise RuntimeError("bench page needs Playwright, which the tests bring: run make bench instead.") from None
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_browser(), args=ARGUMENTS)
        try:
            yield chromium
        finally:
            chromium.close()


@contextlib.contextmanager
def told_of_its_end(chromium: Browser) -> Iterator[None]:
    """Ends whatever waits for ``chromium`` a second after that has crashed (not on Windows, which has no such timer).

    Playwright waits for ever for a page that a browser was about to open when it crashed.

    Raises:
        ConnectionError: the browser ended within, and Playwright did not say so itself.
    """
    if not hasattr(signal, "setitimer"):
        yield
        return

    def give_up(number: int, frame: FrameType | None) -> None:
        raise ConnectionError("the browser was closed")

    def ended(_: Browser) -> None:
        signal.setitimer(signal.ITIMER_REAL, 1.0)

    before = signal.signal(signal.SIGALRM, give_up)
    chromium.on("disconnected", ended)
    try:
        yield
    finally:
        chromium.remove_listener("disconnected", ended)
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def seconds_to_first_charts(chromium: Browser, server: Server, query: str, charts: int) -> tuple[float, Page]:
    """Seconds from the start of the server's process until ``charts`` Plotly charts are drawn, and the page."""
    # Without bypass_csp the page's own policy would forbid the conditions that Playwright waits for.
    page = chromium.new_page(viewport={"width": 1440, "height": 900}, bypass_csp=True)
    page.add_init_script(f"({WATCH})()")
    page.goto(f"{server.address}/{query}")
    page.wait_for_function(f"window.drawnPlots() >= {charts}", polling="raf", timeout=60_000)
    return time.perf_counter() - server.started, page


def redraw_seconds(page: Page, label: str, steps: int, charts: int) -> list[float]:
    """Moves the slider called ``label`` down and up by single steps; seconds from each key press to redrawn charts.

    The first step down and the first up are not counted: what they show is measured then, and known from then on.

    Raises:
        RuntimeError: a step redrew fewer than ``charts`` charts within 30 s.
        Exception: Playwright's, where ``charts`` charts are not there within 60 s.
    """
    page.wait_for_function(f"window.drawnCharts() >= {charts}", timeout=60_000)
    thumb = page.get_by_role("slider", name=label).first
    taken = []
    for step in range(2 + steps):
        page.wait_for_timeout(1500)  # measured numbers arrive and are drawn; a step begins from rest
        thumb.focus()
        page.evaluate(f"window.watchRedraw({charts})")
        page.keyboard.press("ArrowRight" if step % 2 else "ArrowLeft")
        milliseconds = page.evaluate("Promise.race([window.redrawn, new Promise(no => setTimeout(no, 30000))])")
        if milliseconds is None:
            raise RuntimeError(f"Moving {label} did not redraw {charts} charts within 30 s.")
        taken.append(float(milliseconds) / 1e3)
    return taken[2:]
