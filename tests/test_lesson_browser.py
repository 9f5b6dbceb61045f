"""The Lesson page in a browser: walked by keys alone, by mouse, from links, on a phone and in a hall; nothing moves."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

import pytest
from browser import page_of, wait_until_still
from playwright.sync_api import Browser, Locator, Page, Response, WebSocket, expect
from server import serving
from test_axe_browser import AXE, MEASURE, RULES, RUN, SCHEMES

from explorer.bench.server import Server
from explorer.codec import as_text
from explorer.language import Language
from explorer.lesson.chapter import Chapter
from explorer.lesson.reading import BUILT_IN, built_in
from explorer.web.components import lesson

SOON = 60_000
CHAPTERS = built_in().chapters
State = Literal["ask", "answer", "play"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")
STAGE = ".st-key-lesson-stage"

# Where what must not move is: left, top from the page's beginning, width, height.
PLACES = """() => ["h1", ".bar", ".picture", ".reasons", ".foot"].map((name) => {
  const box = document.querySelector(".st-key-lesson-stage " + name).getBoundingClientRect();
  const top = box.top + document.querySelector("[data-testid=stMain]").scrollTop;
  return [name, box.left, top, box.width, box.height];
})"""
# Texts of the picture that lie on each other.
OVER = """() => {
  const texts = [...document.querySelectorAll(".st-key-lesson-stage .picture text")]
    .filter((e) => e.getClientRects().length && e.textContent.trim() && getComputedStyle(e).visibility !== "hidden")
    .map((e) => [e.textContent, e.getBoundingClientRect()]);
  return texts.flatMap(([text, box], i) => texts.slice(i + 1).flatMap(([other, its]) => {
    const w = Math.min(box.right, its.right) - Math.max(box.left, its.left);
    const h = Math.min(box.bottom, its.bottom) - Math.max(box.top, its.top);
    return w > 1.5 && h > 5 ? [`${text} over ${other}`] : [];
  }));
}"""
# What reaches beyond the window's right edge, and beyond its lower one.
BEYOND = """() => [...document.querySelectorAll(".st-key-lesson-stage *")].filter((e) => {
  const box = e.getBoundingClientRect();
  return box.height > 2 && (box.right > innerWidth + 1 || (%s && box.bottom > innerHeight + 1));
}).map((e) => `${e.tagName} ${e.getAttribute("class") ?? ""} ${e.textContent.slice(0, 40)}`)"""
LAID_OUT = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
SCROLLS = "() => { const e = document.querySelector('[data-testid=stMain]'); return [e.scroll%s, e.client%s] }"


def visit(page: Page, server: Server, query: str = "") -> None:
    page.set_default_timeout(SOON)
    page.goto(f"{server.address}/lesson?{query}")
    wait_until_still(page)
    expect(page.locator(f"{STAGE} h1")).to_be_visible()
    expect(page.locator(".status.busy")).to_have_count(0, timeout=SOON)


def arrived(page: Page, chapter: int, state: State) -> None:
    """Waits until the page shows ``state`` of ``chapter``, with its answer, and the address says so."""
    step = page.locator(f"{STAGE} .bar .seg [aria-current=step]")
    expect(step).to_have_attribute("data-set", json.dumps({"state": state}))
    expect(page.locator(f"{STAGE} .prog .on").first).to_have_attribute("data-chapter", str(chapter))
    expect(page.locator(".status.busy")).to_have_count(0, timeout=SOON)
    said(page, chapter=str(chapter) if chapter > 1 else None, state=state if state != "ask" else None)


def said(page: Page, **expected: str | None) -> None:
    """Waits until the address has these parameters; None: has it not."""
    page.wait_for_function(
        """(expected) => Object.entries(expected).every(
             ([name, value]) => new URLSearchParams(location.search).get(name) === value)""",
        arg=expected,
    )


def stays(page: Page, **expected: str | None) -> None:
    """Fails if the address takes up another value within the time in which it would."""
    page.wait_for_timeout(400)
    given = dict(parse_qsl(urlsplit(page.url).query))
    assert {name: given.get(name) for name in expected} == expected


def parameter(page: Page, name: str) -> str:
    return dict(parse_qsl(urlsplit(page.url).query)).get(name, "")


def until_there(page: Page, name: str) -> str:
    """A parameter of the address, once it is there."""
    page.wait_for_function("(name) => new URLSearchParams(location.search).has(name)", arg=name)
    return parameter(page, name)


def focused(page: Page, what: str) -> None:
    """Presses Tab until the focus is on ``what``."""
    for _press in range(70):
        page.keyboard.press("Tab")
        if page.evaluate("(what) => document.activeElement.matches(what)", what):
            return
    raise AssertionError(f"{what} has not been reached")


def following(chapter: Chapter) -> str:
    """What the chapter's control stands on after one step up from the chapter's own value."""
    given = as_text(dict(chapter.given)[chapter.play.control])
    words = [str(word) for word in chapter.play.values]
    if isinstance(chapter.play.values[0], int):
        return str(int(given) + 1)
    return words[words.index(given) + 1]


def in_hall(page: Page, *, yes: bool = True) -> None:
    """Waits until the page is the presenter view, or is not."""
    expect(page.locator(f"{STAGE} > * .hallwide")).to_have_count(int(yes))
    expect(page.get_by_test_id("stSidebar")).to_be_visible(visible=not yes)
    said(page, present="true" if yes else None)


def knobs(page: Page) -> Locator:
    return page.locator(f"{STAGE} .knob:visible")


# Streamlit folds the sidebar on a phone, and takes a moment to unfold it again.
UNFOLDED = "() => document.querySelector('[data-testid=stSidebar]').getBoundingClientRect().right === 300"


@pytest.fixture
def page(kept_page: Page) -> Page:
    return kept_page


# --- from the first chapter to the last ---------------------------------------------------------------------


@pytest.mark.parametrize("spoken", LANGUAGES)
def test_ten_chapters_by_keys_alone_and_nothing_moves(page: Page, instant: Server, spoken: Language) -> None:
    visit(page, instant, f"lang={spoken}")
    moved, over, beyond = list[str](), list[str](), list[str]()
    for number, chapter in enumerate(CHAPTERS, 1):
        places: dict[str, list[list[Any]]] = {}

        def stands(where: str, width: str, places: dict[str, list[list[Any]]] = places) -> None:
            now = page.evaluate(PLACES)
            for before, after in zip(places.setdefault(width, now), now, strict=True):
                own = 4 if width == "phone" and before[0] == "h1" else None  # its height is its own; it has room below
                if any(abs(a - b) > 1 for a, b in zip(before[1:own], after[1:own], strict=True)):
                    moved.append(f"{where}, {width}: {before} {after}")

        def look(state: State, number: int = number, stands: Callable[[str, str], None] = stands) -> None:
            arrived(page, number, state)
            where = f"{number} {state}"
            page.wait_for_function(UNFOLDED)
            stands(where, "desk")
            over.extend(f"{where}: {text}" for text in page.evaluate(OVER))
            page.set_viewport_size({"width": 390, "height": 844})
            page.evaluate(LAID_OUT)
            stands(where, "phone")
            beyond.extend(f"{where}: {text}" for text in page.evaluate(BEYOND % "false"))
            width = page.evaluate(SCROLLS % ("Width", "Width"))
            beyond.extend([] if width[0] <= width[1] else [f"{where}: {width}"])
            over.extend(f"{where}, phone: {text}" for text in page.evaluate(OVER))
            page.set_viewport_size({"width": 1440, "height": 900})
            page.evaluate(LAID_OUT)

        look("ask")
        assert parameter(page, "guess") == parameter(page, "placed") == ""
        if chapter.ask.order:
            focused(page, "[data-card]")
            page.keyboard.press("ArrowDown")
            first, second, *rest = chapter.ask.order
            said(page, placed="-".join((second, first, *rest)))
            expect(page.locator("[data-card]").nth(1)).to_be_focused()
        page.evaluate("document.activeElement.blur()")
        focused(page, f"{STAGE} .knob")
        column = int(page.evaluate("document.activeElement.dataset.column"))
        for _press in range(3):
            page.keyboard.press("ArrowUp")
        value = page.evaluate("document.activeElement.getAttribute('aria-valuenow')")
        assert float(value) > chapter.ask.start[column]
        page.wait_for_function(
            """([column, value]) =>
                 Number(new URLSearchParams(location.search).get('guess')?.split(',')[column]) == value""",
            arg=[column, value],
        )
        look("ask")
        guess = parameter(page, "guess")
        page.keyboard.press("Enter")
        look("answer")
        said(page, guess=guess)
        page.keyboard.press("Enter")
        look("play")
        page.keyboard.press("ArrowRight")
        tried = until_there(page, "tried")
        assert tried == following(chapter)
        look("play")
        said(page, guess=guess, tried=tried, lang=spoken)
        page.keyboard.press("n")
    arrived(page, len(CHAPTERS), "play")  # there is nothing behind the last
    expect(page.locator(".rail .done .st")).to_have_text(["✓"] * len(CHAPTERS))
    assert not moved, moved
    assert not over, over
    assert not beyond, beyond


@pytest.mark.parametrize("spoken", LANGUAGES)
def test_in_a_hall_every_state_fits_one_screen_and_nothing_moves(page: Page, instant: Server, spoken: Language) -> None:
    page.set_viewport_size({"width": 1920, "height": 1080})
    visit(page, instant, f"present=true&lang={spoken}")
    wrong = []
    steps: tuple[State, ...] = ("ask", "answer", "play")
    for number in range(1, len(CHAPTERS) + 1):
        places: list[Any] = []
        for state in steps:
            arrived(page, number, state)
            where, now = f"{number} {state}", page.evaluate(PLACES)
            for before, after in zip(places or now, now, strict=True):
                if any(abs(a - b) > 1 for a, b in zip(before[1:], after[1:], strict=True)):
                    wrong.append(f"{where}: {before} {after}")
            places = places or now
            height = page.evaluate(SCROLLS % ("Height", "Height"))
            wrong += [f"{where}: {text}" for text in page.evaluate(BEYOND % "true") + page.evaluate(OVER)]
            wrong += [] if height[0] <= height[1] == 1080 else [f"{where}: {height}"]
            page.keyboard.press("n" if state == "play" else "Enter")
    assert not wrong, wrong


# --- what is done -------------------------------------------------------------------------------------------


def test_a_ring_is_dragged_and_a_card_is_carried(page: Page, instant: Server) -> None:
    visit(page, instant, "chapter=6")
    ring = knobs(page).first.locator(".ring").bounding_box()
    assert ring is not None
    x, y = ring["x"] + ring["width"] / 2, ring["y"] + ring["height"] / 2
    row = page.locator("tr[data-row='0'] [data-value]")
    before = row.inner_text()
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y - 30)
    page.mouse.move(x, y - 60)
    expect(row).not_to_have_text(before)
    now = float(knobs(page).first.get_attribute("aria-valuenow") or "")
    page.mouse.move(x, -50)  # beyond the axis' end
    expect(knobs(page).first).to_have_attribute("aria-valuenow", "1200")
    page.mouse.move(x, y - 60)
    page.mouse.up()
    assert float(until_there(page, "guess").split(",")[0]) == now > CHAPTERS[5].ask.start[0]
    expect(page.locator(f"{STAGE} .invite:visible")).to_be_hidden()
    cards = page.locator("[data-card]")
    cards.nth(0).hover()
    page.mouse.down()
    cards.nth(2).hover()
    page.mouse.up()
    one, two, three, *rest = CHAPTERS[5].ask.order
    said(page, placed="-".join((two, three, one, *rest)))
    expect(cards.nth(2)).to_have_attribute("data-card", one)


def test_what_is_held_is_not_taken_away_by_what_comes_in(page: Page, instant: Server) -> None:
    """One ring after another: the first is handed over, and the page drawn anew, while the second is held."""
    visit(page, instant, "chapter=9")
    worked = page.locator("tr[data-row='0'] [data-value]")
    before = worked.inner_text()
    for place in range(2):
        ring = knobs(page).nth(place).locator(".ring").bounding_box()
        assert ring is not None
        x, y = ring["x"] + ring["width"] / 2, ring["y"] + ring["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x, y + 40)
        if place:
            page.wait_for_timeout(900)  # longer than a ring rests, and a page is drawn
            page.mouse.move(x, y + 60)
        page.mouse.up()
    values = [float(knob.get_attribute("aria-valuenow") or "") for knob in knobs(page).all()]
    start = CHAPTERS[8].ask.start
    assert start[1] - values[0] == pytest.approx(2 / 3 * (start[3] - values[1]), abs=0.5)
    page.wait_for_function(
        """(values) => values.every((value, at) =>
             Number(new URLSearchParams(location.search).get('guess')?.split(',')[2 * at + 1]) == value)""",
        arg=values,
    )
    expect(worked).to_have_text(before)
    visit(page, instant, "chapter=6")
    first, second, third, *rest = CHAPTERS[5].ask.order
    page.locator("[data-card]").first.focus()
    page.keyboard.press("ArrowDown")
    page.wait_for_timeout(450)  # all but rested
    page.keyboard.press("ArrowDown")
    said(page, placed="-".join((second, third, first, *rest)))


def test_keys_predict_again_change_language_and_enter_and_leave_the_hall(page: Page, instant: Server) -> None:
    visit(page, instant, "chapter=5&state=play&guess=0.6,0.7,0.8,0.9&tried=40")
    page.keyboard.press("r")
    arrived(page, 5, "ask")
    said(page, guess="0.6,0.7,0.8,0.9", tried=None)
    assert [knob.get_attribute("aria-valuetext") for knob in knobs(page).all()] == ["0.60×", "0.70×", "0.80×", "0.90×"]
    page.keyboard.press("l")
    said(page, lang="zh")
    expect(page.locator(f"{STAGE} .desk[lang=zh-Hans]")).to_be_visible()
    page.keyboard.press("l")
    said(page, lang="en")
    for leaves in ("Escape", "p"):
        page.keyboard.press("p")
        in_hall(page)
        page.keyboard.press(leaves)
        in_hall(page, yes=False)
    knobs(page).first.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("p")  # before the ring has rested
    said(page, guess="0.63,0.7,0.8,0.9")
    in_hall(page)
    page.keyboard.press("Escape")
    in_hall(page, yes=False)
    page.keyboard.press("b")
    arrived(page, 4, "ask")


def test_arrows_take_the_first_ring_where_nothing_is_focused(page: Page, instant: Server) -> None:
    visit(page, instant, "chapter=5")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("ArrowUp")
    expect(knobs(page).first).to_be_focused()
    expect(knobs(page).first).to_have_attribute("aria-valuenow", "1")
    page.keyboard.press("ArrowUp")
    expect(knobs(page).first).to_have_attribute("aria-valuenow", "1.05")
    visit(page, instant, "chapter=5&state=answer")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement === document.body")


def test_escape_leaves_the_hall_wherever_the_focus_is(page: Page, instant: Server) -> None:
    for query, what in (
        ("", None),
        ("", ".knob:visible"),
        ("&state=play", "input[type=number]"),
        ("&state=play", "input[type=range]"),
        ("", ".act"),
        ("", "[data-testid=stMain]"),
    ):
        visit(page, instant, f"chapter=5&present=true{query}")
        in_hall(page)
        page.evaluate("document.activeElement.blur()")
        if what:
            page.locator(what).first.focus()
        page.keyboard.press("Escape")
        in_hall(page, yes=False)


def test_a_long_rail_shows_where_one_is_and_a_long_word_is_broken(page: Page, instant: Server) -> None:
    page.set_viewport_size({"width": 1440, "height": 420})
    visit(page, instant, "chapter=10")
    here = page.locator(".rail [aria-current]")
    expect(here).to_be_in_viewport(ratio=1)
    for number in range(9, 0, -1):
        page.keyboard.press("b")
        arrived(page, number, "ask")
    expect(here).to_be_in_viewport(ratio=1)
    for what in (".rail button span:nth-child(2)", ".rail-title", f"{STAGE} h1", f"{STAGE} h2", f"{STAGE} .where"):
        box = page.locator(what).first
        box.evaluate("(e) => { e.textContent = 'Konkatenation'.repeat(20); }")
        assert box.evaluate("(e) => e.scrollWidth <= e.clientWidth || getComputedStyle(e).display === 'inline'")
    assert page.locator(".rail").evaluate("(e) => e.scrollWidth <= e.clientWidth")


def test_back_and_reload_keep_where_one_is(page: Page, instant: Server) -> None:
    visit(page, instant, "chapter=5&guess=0.6,0.7,0.8,0.9")
    page.keyboard.press("Enter")
    arrived(page, 5, "answer")
    page.keyboard.press("Enter")
    arrived(page, 5, "play")
    page.keyboard.press("ArrowRight")
    said(page, tried="33")
    expect(page.locator("input[data-control=number]")).to_have_value("33")
    page.reload()
    arrived(page, 5, "play")
    expect(page.locator("input[data-control=number]")).to_have_value("33")
    page.keyboard.press("n")
    arrived(page, 6, "ask")
    page.go_back()
    arrived(page, 5, "play")
    said(page, tried="33", guess="0.6,0.7,0.8,0.9")
    page.go_back()
    page.go_back()
    arrived(page, 5, "answer")
    page.go_back()
    arrived(page, 5, "ask")
    page.go_forward()
    arrived(page, 5, "answer")


def test_progress_stays_in_this_browser(page: Page, browser: Browser, instant: Server) -> None:
    visit(page, instant)
    expect(page.locator(".rail-count")).to_have_text("0 of 10 answered")
    page.keyboard.press("Enter")
    arrived(page, 1, "answer")
    expect(page.locator(".rail-count")).to_have_text("1 of 10 answered")
    expect(page.locator(".rail .done .st")).to_have_text(["✓"])
    assert page.evaluate("Object.keys(localStorage).filter((name) => name.startsWith('dbe'))") == ["dbe-lesson"]
    assert page.context.cookies() == [] or not any("lesson" in str(cookie) for cookie in page.context.cookies())
    page.keyboard.press("n")
    arrived(page, 2, "ask")
    page.reload()
    expect(page.locator(".rail .done .st")).to_have_text(["✓"])
    page.keyboard.press("b")
    arrived(page, 1, "answer")  # what was answered is shown as it was
    with page_of(browser) as other:
        visit(other, instant, urlsplit(page.url).query)
        arrived(other, 1, "answer")
        other.goto(f"{instant.address}/lesson?chapter=2")
        wait_until_still(other)
    with page_of(browser) as other:
        visit(other, instant, "chapter=2")
        expect(other.locator(".rail-count")).to_have_text("0 of 10 answered")
        expect(other.locator(".rail .done")).to_have_count(0)


#: Shows a chapter in its state "answer" with this markup; what the browser then keeps.
KEEPS = """async ([text, markup]) => {
  const script = new Blob(["const sheet = new CSSStyleSheet(), drawn = () => {};" + text], { type: "text/javascript" });
  const show = (await import(URL.createObjectURL(script))).default;
  localStorage.removeItem("dbe-lesson");
  const parentElement = document.createElement("div");
  parentElement.innerHTML = "<div class=dbe-lesson></div>";
  document.body.append(parentElement);
  const told = { chapter: 1, state: "answer", main: true, lesson: "L", name: "one", names: ["one"], words: {} };
  const data = { markup, told: JSON.stringify(told), colours: "", turn: 1 };
  const end = show({ parentElement, data, setTriggerValue() {} });
  end();
  parentElement.remove();
  return localStorage.getItem("dbe-lesson");
}"""


def test_a_chapter_is_answered_once_its_answer_has_been_shown(page: Page, instant: Server) -> None:
    """Not while it is measured, nor where it cannot be."""
    visit(page, instant)
    script = (Path(lesson.__file__).parent / "lesson.js").read_text(encoding="utf-8")
    assert page.evaluate(KEEPS, [script, "<p class='status busy'></p>"]) is None
    kept = page.evaluate(KEEPS, [script, "<div data-answered hidden></div>"])
    assert json.loads(kept) == {"L/one": {"answered": True}}
    page.evaluate("localStorage.clear()")


# --- links --------------------------------------------------------------------------------------------------


def test_links_open_as_they_say(browser: Browser, instant: Server) -> None:
    with page_of(browser) as page:
        visit(page, instant, "chapter=5&state=answer&guess=0.6,0.7,0.8,0.9")
        arrived(page, 5, "answer")
        expect(page.locator(".side tbody td:nth-child(2)")).to_have_text(["0.60×", "0.70×", "0.80×", "0.90×"])
        expect(page.locator(".picture .wide .truth")).to_have_count(4)
        visit(page, instant, "chapter=5&state=play&locked=growth_rate&tried=24")
        for control in page.locator("input[data-control]").all():
            expect(control).to_be_disabled()
            expect(control).to_have_value("24")
        page.keyboard.press("ArrowRight")
        stays(page, tried="24")
        visit(page, instant, "chapter=8&state=play&locked=batch_norm")
        page.locator(".words button").nth(1).click(force=True)
        page.keyboard.press("ArrowRight")
        stays(page, tried=None)
        visit(page, instant, "chapter=5&state=play&hide=growth_rate")
        expect(page.locator(".picture .wide .truth")).to_have_count(4)
        expect(page.locator("[data-control], .words, .side .mission")).to_have_count(0)
        page.keyboard.press("ArrowRight")
        stays(page, tried=None)
        visit(page, instant, "chapter=99&state=play")
        expect(page.locator(f"{STAGE} .prog .on").first).to_have_attribute("data-chapter", "10")
        visit(page, instant, "chapter=5&state=play&tried=9999")
        expect(page.locator("input[data-control=number]")).to_have_value("48")
        visit(page, instant, "chapter=5&state=found&guess=lots")
        expect(page.get_by_text("state must be")).to_be_visible()


NEEDLES = ("Three blocks need fewer", "1.55×", "0.75×", "0.40×", "221,184", "1.5524", "0.7540")


def test_a_link_that_keeps_answers_back_sends_nothing_of_them(browser: Browser, instant: Server) -> None:
    found: dict[str, list[str]] = {}
    for query in ("chapter=5&guess=1,1,1,1&hide=answers", "chapter=5&guess=1,1,1,1"):
        with page_of(browser) as page:
            frames, bodies = list[bytes](), list[Response]()

            def heard(socket: WebSocket, frames: list[bytes] = frames) -> None:
                socket.on(
                    "framereceived", lambda data: frames.append(data if isinstance(data, bytes) else data.encode())
                )

            page.on("websocket", heard)

            def came(one: Response, bodies: list[Response] = bodies) -> None:
                bodies.append(one)

            page.on("response", came)
            visit(page, instant, query)
            page.keyboard.press("Enter")
            arrived(page, 5, "answer")
            page.locator(f"{STAGE} .bar .seg button").nth(2).click()
            arrived(page, 5, "play")
            expect(page.locator(f"{STAGE} .side h3").first).to_be_visible()
            wait_until_still(page)
            texts = [one.body() for one in bodies if one.ok and "/static/" not in one.url]
            assert len(frames) > 10 and any("/script/lesson.js" in one.url for one in bodies)
            everything = b"\n".join([*frames, *texts, page.content().encode()])
            found[query] = [needle for needle in NEEDLES if needle.encode() in everything]
            if "hide" in query:
                expect(page.get_by_text("Prediction noted")).to_be_visible()
                expect(page.locator(".picture .truth")).to_have_count(0)
                assert page.evaluate("localStorage.getItem('dbe-lesson')") is None
    hidden, shown = found.values()
    assert hidden == []
    assert {"Three blocks need fewer", "1.55×", "221,184"} <= {*shown}  # where they are sent, they are found


def test_whoever_teaches_makes_a_link_that_opens_as_it_says(page: Page, browser: Browser, instant: Server) -> None:
    visit(page, instant, "chapter=5")
    page.get_by_text("For lecturers: a link for your class").click()
    link = page.locator(".st-key-lesson-links .share code")
    expect(link).to_have_text(f"{instant.address}/lesson?chapter=5")
    builder = page.locator(".st-key-section-lecturers")
    for label in ("Try", "中文"):
        builder.get_by_test_id("stButtonGroup").get_by_text(label, exact=True).click()
    builder.get_by_text("Lock the control: Growth rate k").click()
    expect(link).to_have_text(f"{instant.address}/lesson?lang=zh&chapter=5&state=play&locked=growth_rate")
    with page_of(browser) as other:
        other.goto(link.inner_text())
        arrived(other, 5, "play")
        expect(other.locator(f"{STAGE} [lang=zh-Hans]").first).to_be_visible()
        expect(other.locator("input[data-control=number]")).to_be_disabled()
    builder.get_by_text("Keep the answers back").click()
    builder.get_by_text("Presenter view").click()
    expect(link).to_have_text(re.compile("present=true.*hide=answers"))
    with page_of(browser) as other:
        other.goto(link.inner_text())
        in_hall(other)
        expect(other.locator(f"{STAGE}:has([lang=zh-Hans]) .side .quiet")).to_have_attribute(
            "data-set", '{"state": "ask"}'
        )
        expect(other.locator(".picture .truth, .side .mission, [data-control]")).to_have_count(0)


def test_a_broken_file_is_told_by_its_line_and_the_ten_chapters_are_shown(browser: Browser, tmp_path: Path) -> None:
    """Where the server was started by other means than the command, which ends with the same sentence."""
    path = tmp_path / "mine.toml"
    lines = BUILT_IN.read_text().splitlines()
    wrong = next(number for number, line in enumerate(lines) if line.startswith("control = "))
    lines[wrong] = 'control = "<b>nothing</b>"'
    path.write_text("\n".join(lines))
    with serving(tmp_path, environment={"EXPLORER_LESSON": str(path)}) as server, page_of(browser) as page:
        visit(page, server, "chapter=2")
        told = page.locator(".st-key-notice-said")
        expect(told).to_contain_text(f"mine.toml, line {wrong + 1}, chapter 1 ")
        expect(told).to_contain_text("play.control")
        expect(told).to_contain_text("The ten chapters are shown in its place.")
        expect(page.locator(f"{STAGE} .prog i, {STAGE} .prog button")).to_have_count(len(CHAPTERS))
        page.goto(f"{server.address}/lesson?lang=zh")
        expect(told).to_contain_text(f"mine.toml，第 {wrong + 1} 行")
        expect(told).to_contain_text("显示自带的十章")


# --- for everybody ------------------------------------------------------------------------------------------

#: Cards and an axis, a worked example, words as a control.
READ = ("chapter=6", "chapter=9&state=answer", "chapter=8&state=play&tried=false")


@pytest.mark.parametrize("spoken", LANGUAGES)
def test_it_reads_in_light_and_dark(page: Page, instant: Server, spoken: Language) -> None:
    broken, low = [], []
    for query in READ:
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        visit(page, instant, f"{query}&lang={spoken}")
        page.evaluate(f"() => {{ if (!window.axe) {{ {AXE} }} }}")
        for scheme, ground in SCHEMES.items():
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            expect(page.get_by_test_id("stApp")).to_have_css("background-color", ground)
            wait_until_still(page)
            ours = [found for found in page.evaluate(RUN, list(RULES[scheme])) if found["where"] == "ours"]
            broken += [f"{query} {scheme}: {found}" for found in ours]
            measured = page.evaluate(MEASURE.replace(":is(.dbe-picture,", ":is(.dbe-lesson, .dbe-picture,"))
            assert measured["texts"] > 40
            low += [f"{query} {scheme}: {text}" for text in measured["low"]]
    assert not broken, broken[:5]
    assert not low, low[:10]


def test_on_a_phone_the_next_chapter_begins_at_its_beginning(page: Page, instant: Server) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    visit(page, instant, "chapter=4")
    following = page.locator(f"{STAGE} .next")
    following.scroll_into_view_if_needed()
    top = "document.querySelector('[data-testid=stMain]').scrollTop"
    assert page.evaluate(top) > 100
    following.click()
    arrived(page, 5, "ask")
    assert page.evaluate(top) == 0
    expect(knobs(page)).to_have_count(4)


@pytest.fixture
def asked(page: Page, instant: Server) -> Iterator[Page]:
    visit(page, instant)
    yield page


def test_whoever_wants_less_motion_sees_none(asked: Page) -> None:
    invitation = asked.locator(f"{STAGE} .invite:visible").first
    expect(invitation).to_have_css("animation-name", "breathe")
    asked.emulate_media(reduced_motion="reduce")
    expect(invitation).to_have_css("animation-name", "none")
    running = (
        "document.getAnimations().filter((a) => a.playState === 'running' && a.effect.target.closest('.dbe-lesson'))"
    )
    assert asked.evaluate(f"{running}.length") == 0
