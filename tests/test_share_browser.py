"""Share: what is copied is what is seen, a button leads there, and other sites frame the page where they may."""

from __future__ import annotations

import http.server
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from browser import wait_until_still
from playwright.sync_api import Browser, Page, expect
from server import ask, serving

from explorer.bench.server import Server
from explorer.codec import from_query
from explorer.docs.directive import read_directive
from explorer.documents.source import pytorch_source
from explorer.spec import Study

SOON = 60_000
QUERY = "layers=4&height=8&width=8&drawing=paper&select=layer-3"
STUDY = from_query(parse_qsl(QUERY))


def copied(page: Page, way: str) -> str:
    """What the button of ``way`` puts on the clipboard."""
    button = page.locator(f".share [data-way={way}] .copier")
    button.click()
    expect(button).to_have_text("Copied")
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


def study_of(address: str) -> Study:
    return from_query(pair for pair in parse_qsl(urlsplit(address).query) if pair[0] not in ("embed", "show", "theme"))


@pytest.fixture
def shared(browser: Browser, instant: Server) -> Iterator[Page]:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"], reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{instant.address}/?{QUERY}")
    wait_until_still(page)
    expect(page.locator(".share [data-way]")).to_have_count(5, timeout=SOON)
    yield page
    context.close()


def test_each_text_that_is_copied_leads_to_what_is_seen(shared: Page, instant: Server) -> None:
    link = copied(shared, "link")
    assert link == f"{instant.address}/?{QUERY}" == shared.url and study_of(link) == STUDY
    picture, target = re.fullmatch(r"\[!\[.+\]\((.+)\)\]\((.+)\)", copied(shared, "markdown")).groups()  # type: ignore[union-attr]
    assert target == link and study_of(picture) == STUDY
    badge, target = re.fullmatch(r"\[!\[parameters: .+\]\((.+)\)\]\((.+)\)", copied(shared, "badge")).groups()  # type: ignore[union-attr]
    assert target == link
    for address in (picture, badge):
        status, headers, _body = ask(instant.address, address.removeprefix(instant.address))
        assert (status, headers["content-type"]) == (200, "image/svg+xml")
    begin = copied(shared, "part").splitlines()[0]
    directive = begin.removeprefix("<!-- explorer:begin ").removesuffix(" -->")
    assert read_directive(directive).study == STUDY
    assert study_of(source(copied(shared, "embed"))) == STUDY


def test_the_code_and_the_session_are_copied_as_they_stand_there(shared: Page) -> None:
    code, session = shared.locator(".listing").all()
    for shown, text in ((code, pytorch_source(STUDY)), (session, session.locator("code").inner_text())):
        button = shown.locator(".copier")
        button.click()
        expect(button).to_have_text("Copied")
        assert shared.evaluate("navigator.clipboard.readText()") == shown.locator("code").text_content() == text
    compile(pytorch_source(STUDY), "copied.py", "exec")
    expect(code.locator(".keyword").first).to_have_text("import")
    expect(code.locator(".defined").first).to_have_text("Bottleneck")
    assert session.locator("span").count() == 0
    frame = code.locator("pre")
    frame.focus()
    shared.keyboard.press("PageDown")
    expect(frame).to_be_focused()
    shared.wait_for_function("(frame) => frame.scrollTop > 0", arg=frame.element_handle())


def test_where_the_clipboard_is_closed_the_text_is_selected(shared: Page) -> None:
    shared.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error()); }")
    shared.evaluate("() => { document.execCommand = () => false; }")
    button = shared.locator(".share [data-way=link] .copier")
    button.click()
    expect(button).to_have_text("Ctrl+C")
    expect(button).to_have_text("Copy")  # after a moment


def test_on_the_memory_page_the_part_is_of_memory(kept_page: Page, instant: Server) -> None:
    kept_page.goto(f"{instant.address}/memory?{QUERY}")
    part = kept_page.locator(".share [data-way=part] code")
    expect(part).to_contain_text("show=graph,memory", timeout=SOON)


@pytest.mark.parametrize("path", ["", "memory"])
def test_the_head_leads_to_it_on_both_pages(path: str, kept_page: Page, instant: Server) -> None:
    kept_page.goto(f"{instant.address}/{path}?{QUERY}")
    wait_until_still(kept_page)
    part = kept_page.locator(".share")
    expect(part).to_be_attached(timeout=SOON)
    kept_page.locator(".jump").press("Enter")
    expect(part).to_be_in_viewport()
    expect(kept_page.locator(".share .copier").first).to_be_focused()
    link = kept_page.locator(".share [data-way=link] code").inner_text()
    assert urlsplit(link).path == f"/{path}" and study_of(link) == STUDY


def source(iframe: str) -> str:
    """Where an iframe's markup leads."""
    found: dict[str, str | None] = {}

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.update({"tag": tag} | dict(attrs))

    Reader().feed(iframe)
    assert found["tag"] == "iframe" and found["src"] and found["title"]
    return found["src"]


@contextmanager
def another_site(body: list[str]) -> Iterator[str]:
    """A site whose one page holds ``body`` as it is by then."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(("<!DOCTYPE html>" + "".join(body)).encode())

        def log_message(self, *_: object) -> None:
            pass

    site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{site.server_port}"
    site.shutdown()
    site.server_close()


def test_a_site_that_is_named_frames_the_live_page_and_its_controls_work(browser: Browser, tmp_path: Path) -> None:
    body: list[str] = []
    with another_site(body) as site, serving(tmp_path, environment={"EXPLORER_FRAME_ANCESTORS": site}) as server:
        live = f"{server.address}/?{QUERY}&embed=true"
        body += [f'<iframe id="live" src="{live}" width="1200" height="800"></iframe>']
        body += [f'<iframe id="file" src="{server.address}/block.html?{QUERY}" width="900" height="800"></iframe>']
        page = browser.new_page()
        page.goto(site)
        frame = page.frame_locator("#live")
        expect(frame.locator('[data-testid="concat-graph"] #layer-4')).to_be_attached(timeout=SOON)
        expect(frame.get_by_test_id("stMainMenu")).to_have_count(0)
        expect(frame.get_by_test_id("stTopNav")).to_have_count(0)
        frame.get_by_test_id("stExpandSidebarButton").click()
        frame.get_by_role("spinbutton", name="Growth rate").fill("16")
        frame.get_by_role("spinbutton", name="Growth rate").press("Enter")
        expect(frame.locator("h1")).to_contain_text("64 channels become 128", timeout=SOON)
        expect(page.frame_locator("#file").locator("#layer-4").first).to_be_attached()
        page.close()


def test_a_site_that_is_not_named_does_not(browser: Browser, instant: Server) -> None:
    with another_site([f'<iframe src="{instant.address}/?embed=true"></iframe>']) as site:
        page = browser.new_page()
        told: list[str] = []
        page.on("console", lambda message: told.append(message.text))
        page.goto(site)
        page.wait_for_timeout(300)
        assert any("frame-ancestors" in text for text in told)
        page.close()
