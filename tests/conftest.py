"""What all tests share: how hypothesis searches, a clean environment, and the server and browser of a file."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from explorer.bench.server import Server

# No deadline: one run of a block varies with what else the machine does. No database: nothing is written
# into the checkout, and a failure prints what repeats it. On a build machine the examples are always the
# same, so that a change is blamed only for what it changed.
settings.register_profile(
    "explorer",
    deadline=None,
    database=None,
    print_blob=True,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("explorer")

for name in [name for name in os.environ if name.startswith(("EXPLORER_", "STREAMLIT_"))]:
    del os.environ[name]

# Who runs the tests may speak any language; they read English.
for name in ("LC_ALL", "LC_MESSAGES", "LANG", "LANGUAGE"):
    os.environ.pop(name, None)
os.environ["LANG"] = "C.UTF-8"

# Threads that spin while they wait slow a busy machine down many times; torch reads this when it is loaded,
# which here may be before the measuring room, which sets it too.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# Tests run beside each other: two threads for one test would only take turns with the other's (a fifth slower).
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="module", autouse=True)
def memory_at_rest() -> None:
    """Leaves what was there before a file's tests, and stays, out of their searches for garbage.

    Streamlit searches all memory after every run of a page: among thousands of tests, with torch loaded, for longer
    than it takes to draw the page.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page drawn without a browser need not give one the time to draw."""
    if "explorer.web.pace" in sys.modules:
        monkeypatch.setattr("explorer.web.pace.DRAWING", 0.0)
        monkeypatch.setattr("explorer.web.pace.DRAWING_LAYER", 0.0)


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Torch on one thread: small blocks gain nothing from more, which would wait for each other."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


# Those below import what they need when they are asked for: most tests need neither, and Playwright is slow
# to load. Both end with the file that asked: while a browser is open, no test can run an asyncio loop of its own.


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The explorer's own server, one for all tests of a file; see ``server.serving``."""
    from server import serving

    with serving(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="session")
def instant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose measurements are there at once; see ``server.serving_at_once``."""
    from server import serving_at_once

    with serving_at_once(tmp_path_factory.mktemp("instant")) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real browser, one for all tests of a file; see ``browser.chromium``."""
    from browser import chromium

    with chromium() as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page for one test; see ``browser.page_of``."""
    from browser import page_of

    with page_of(browser) as opened:
        yield opened


@pytest.fixture(scope="module")
def tab(browser: Browser) -> Iterator[Page]:
    """One page for all tests of a file, each of which opens the explorer in it anew; see ``kept_page``."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


@pytest.fixture
def kept_page(tab: Page) -> Iterator[Page]:
    """The file's page, as new. For tests that install nothing in it and do not ask what it went through."""
    from browser import as_new

    with as_new(tab) as page:
        yield page


@pytest.fixture(scope="module")
def picture_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A small page with the picture, a slider and the toggle."""
    from server import assert_no_traceback

    from explorer.bench.server import running_server

    log = tmp_path_factory.mktemp("picture") / "server.log"
    with running_server(Path(__file__).with_name("picture_app.py"), log) as running:
        yield running.address
    assert_no_traceback(log)


@pytest.fixture
def picture_page(browser: Browser, picture_address: str) -> Iterator[Page]:
    """That page, opened, with the picture drawn."""
    from browser import page_of, wait_until_still
    from playwright.sync_api import expect

    with page_of(browser) as opened:
        opened.goto(picture_address)
        wait_until_still(opened)
        expect(opened.get_by_test_id("concat-graph").locator("svg")).to_be_visible()
        yield opened
