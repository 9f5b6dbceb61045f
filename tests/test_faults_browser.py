"""A worker that is killed, as a person at a real browser sees it: mended without a hand."""

from __future__ import annotations

import os
import signal
import time

from browser import complaints, wait_until_still
from playwright.sync_api import Browser, Page, expect
from server import assert_no_traceback, cpu_seconds, workers

from explorer.bench.server import Server

SOON = 120_000  # ms: a worker that starts, and three counts, on a busy machine
KILLED = "was killed while it counted this block (signal 9, SIGKILL)"
#: Long enough to be caught while it counts. All three blocks together take less than the two seconds after which the
#: lost one may be asked for again, so that no other answer has the page drawn at that moment.
DEEP = "layers=20&height=8&width=8"
BUSY = 0.05  # seconds of a core: more than waiting takes, less than the first count


def ready_worker(page: Page, server: Server) -> int:
    """The worker, at rest after it has answered: that there is no such device, which leaves nothing to be timed."""
    page.goto(f"{server.address}/?device=cuda:77")
    expect(page.locator(".status")).to_contain_text("No ", timeout=SOON)
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0, timeout=SOON)
    (worker,) = workers(server)
    return worker


def kill_when_busy(worker: int) -> None:
    begun, end = cpu_seconds(worker), time.monotonic() + 120
    while cpu_seconds(worker) < begun + BUSY:
        assert time.monotonic() < end, "the worker was given nothing to count"
        time.sleep(0.005)
    os.kill(worker, signal.SIGKILL)


def test_the_count_of_a_worker_that_was_killed_comes_by_itself(browser: Browser, server: Server) -> None:
    """Nothing is pressed here: the page asks anew as soon as what was lost may be asked for.

    That it tells of the loss until then is tested without a browser, which may be too slow to draw it in two seconds.
    """
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    with complaints(page) as found:
        worker = ready_worker(page, server)
        page.goto(f"{server.address}/?{DEEP}", wait_until="commit")
        kill_when_busy(worker)
        # Of each of three blocks parameters, MACs and saved bytes: among them the block whose count was lost.
        expect(page.locator(".tiles .ok")).to_have_count(9, timeout=SOON)
        expect(page.locator(".tiles").get_by_text("✓ counted")).to_have_count(3)
        expect(page.locator(".status")).not_to_contain_text(KILLED)
        wait_until_still(page)
        expect(page.get_by_role("button", name="Try again")).to_have_count(0)
    context.close()
    assert not found
    assert worker not in workers(server)
    assert_no_traceback(server.log)
