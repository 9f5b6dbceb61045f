"""The Memory page in a real browser: the course of a step under the pointer, keys and clicks, cards, and its layout."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from browser import wait_until_still
from page_answers import answer_for_page
from playwright.sync_api import Browser, Locator, Page, expect
from test_memory_course import by_source, read

from explorer.bench.server import Server
from explorer.codec import from_query
from explorer.findings import StepTrack, from_builtins
from explorer.pictures.memory_course import rows
from explorer.spec import Study
from explorer.study import memory_jobs
from explorer.web.components import timeline
from explorer.web.components.timeline import timeline_data

TIMELINE = Path(timeline.__file__).parent
SOON = 60_000  # ms: steps of 64 Bottlenecks are followed for real
SMALL = "height=8&width=8"
UNITS = {"bytes": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}

# Moves the pointer to so many places over the whole width, and waits at each for the instant to be told: ms of each.
HOVER = """async (places) => {
  const svg = document.querySelector(".dbe-timeline .plot svg"), said = document.querySelector(".dbe-timeline .said");
  const box = svg.getBoundingClientRect();
  let told = 0;
  for (let i = 0; i < places; i++) {
    const before = said.querySelector("h3");
    const clientX = box.left + 36 + ((box.width - 38) * (i + 0.5)) / places;
    svg.dispatchEvent(new PointerEvent("pointermove", { clientX, clientY: box.top + 120, bubbles: true }));
    for (let frames = 0; said.querySelector("h3") === before && frames < 600; frames++)
      await new Promise(requestAnimationFrame);
    told += said.querySelector("h3") !== before;
  }
  return told;
}"""

# At one place of the width, from 0 to 1: the step, the heading, and of each row its value and its bar's width in %.
INSTANT = """async (place) => {
  const root = document.querySelector(".dbe-timeline"), svg = root.querySelector(".plot svg");
  const box = svg.getBoundingClientRect(), clientX = box.left + 36 + (box.width - 38) * place;
  svg.dispatchEvent(new PointerEvent("pointermove", { clientX, clientY: box.top + 120, bubbles: true }));
  for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
  const parts = [...root.querySelectorAll(".part")].map((part) => ({
    value: part.children[1].textContent,
    width: [...part.querySelectorAll("i")].reduce((n, piece) => n + parseFloat(piece.style.width), 0),
  }));
  return { step: Number(root.dataset.step), heading: root.querySelector("h3").textContent, parts };
}"""

# A point on the screen at which the band of a source lies on top.
ON_BAND = """(source) => {
  const box = document.querySelector(".dbe-timeline .plot svg").getBoundingClientRect();
  for (let x = box.left + 40; x < box.right; x += 3)
    for (let y = box.top; y < box.bottom; y += 3)
      if (document.elementFromPoint(x, y)?.dataset?.source === source) return [x, y];
  return null;
}"""

# What is wrong with the page's texts: too small, cut, over each other within the drawing; and whether it scrolls aside.
LAYOUT = """() => {
  const found = [];
  const main = document.querySelector('[data-testid="stMain"]');
  if (main.scrollWidth > main.clientWidth + 1 || document.documentElement.scrollWidth > innerWidth + 1)
    found.push(`the page scrolls aside: ${main.scrollWidth} of ${main.clientWidth}`);
  const roots = [document, ...[...document.querySelectorAll("*")].map((e) => e.shadowRoot).filter(Boolean)];
  const up = (e) => e.parentElement ?? e.getRootNode().host ?? null;
  const scroller = (e) => e !== main && /auto|scroll/.test(getComputedStyle(e).overflowX);
  const scrolls = (e) => e && (scroller(e) || scrolls(up(e)));
  let texts = 0;
  for (const root of roots) for (const e of root.querySelectorAll(".dbe-timeline *, .dbe-chart *, .panel *")) {
    const words = [...e.childNodes].map((n) => (n.nodeType === 3 ? n.data.trim() : "")).filter(Boolean).join(" ");
    const style = getComputedStyle(e);
    if (!words || !e.getClientRects().length || style.visibility === "hidden" || e.closest("style, defs")) continue;
    texts += 1;
    const told = `"${words.slice(0, 50)}" in <${e.tagName.toLowerCase()} class="${e.getAttribute("class") ?? ""}">`;
    if (parseFloat(style.fontSize) < 12.5 && !e.matches("sup, sub, tspan")) found.push(`${style.fontSize}: ${told}`);
    const range = document.createRange();
    range.selectNodeContents(e);
    const box = range.getBoundingClientRect();
    if (!scrolls(e) && (box.left < -1 || box.right > innerWidth + 1)) found.push(`outside the window: ${told}`);
    const room = e.closest("svg, .imp");
    if (room) {
      const its = room.getBoundingClientRect();
      const out = Math.max(its.left - box.left, box.right - its.right, its.top - box.top, box.bottom - its.bottom);
      if (out > 1.5) found.push(`cut by ${out.toFixed(1)}: ${told}`);
    }
    for (let n = e; n && n !== root.host; n = n.parentElement) {
      const cuts = getComputedStyle(n).overflowX;
      if ((cuts === "hidden" || cuts === "clip") && n.scrollWidth > n.clientWidth + 1 && !n.matches("svg, svg *")) {
        found.push(`cut: ${told}`);
        break;
      }
    }
  }
  for (const svg of document.querySelectorAll(".dbe-timeline svg")) {
    const all = [...svg.querySelectorAll("text")].map((e) => [e.textContent, e.getBoundingClientRect()]);
    all.forEach(([text, box], i) => all.slice(i + 1).forEach(([other, its]) => {
      const w = Math.min(box.right, its.right) - Math.max(box.left, its.left);
      const h = Math.min(box.bottom, its.bottom) - Math.max(box.top, its.top);
      if (w > 1.5 && h > 5) found.push(`"${text}" over "${other}"`);
    }));
  }
  return { found, texts };
}"""

FOCUS = """() => {
  let element = document.activeElement;
  while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
  return element?.dataset?.value ?? null;
}"""


@pytest.fixture
def page(kept_page: Page) -> Page:
    return kept_page


def visit(page: Page, server: Server, query: str = SMALL) -> Locator:
    """The course of a step, once it is drawn and an instant of it told."""
    page.set_default_timeout(SOON)
    page.goto(f"{server.address}/memory?{query}")
    wait_until_still(page, SOON / 1000)
    expect(page.locator(".dbe-timeline .said h3")).to_be_attached()
    expect(page.locator(".dbe-timeline .plot svg .base")).to_be_attached()
    return page.locator(".dbe-timeline")


def study_of(query: str) -> Study:
    return from_query([tuple(pair.split("=")) for pair in query.split("&")])  # type: ignore[misc]


def step_of(study: Study) -> StepTrack:
    """The step that the page draws, followed here once more."""
    return from_builtins(StepTrack, answer_for_page(memory_jobs(study).steps[study.memory.implementation]))


def nbytes(text: str) -> tuple[float, int]:
    """(bytes, bytes of one unit) of ``… 12.25 MiB alive``."""
    found = re.search(r"([\d,.]+) (\w+) alive", text)
    assert found is not None, text
    return float(found[1].replace(",", "")) * UNITS[found[2]], UNITS[found[2]]


# --- an instant -----------------------------------------------------------------------------------


def test_an_instant_of_64_bottlenecks_is_told_within_50_ms(page: Page, instant: Server) -> None:
    """Of the page's own work: what else the machine does meanwhile is not counted."""
    visit(page, instant, f"{SMALL}&layers=64")
    client = page.context.new_cdp_session(page)
    client.send("Performance.enable", {"timeDomain": "threadTicks"})

    def worked() -> float:
        """Seconds that the page's thread has worked."""
        metrics = client.send("Performance.getMetrics")["metrics"]
        return next(float(one["value"]) for one in metrics if one["name"] == "TaskDuration")

    places = 20
    before = worked()
    assert page.evaluate(HOVER, places) == places
    milliseconds = 1000 * (worked() - before) / places
    client.detach()
    print("ms to an instant:", milliseconds)
    assert 0.1 < milliseconds <= 50


@pytest.mark.parametrize("more", ["", "order=post", "bottleneck=false", "implementation=shared"])
def test_the_rows_of_an_instant_are_the_steps_and_add_up_to_its_heading(page: Page, instant: Server, more: str) -> None:
    """By source and by kind; the bars of both are equally long."""
    query = f"{SMALL}&layers=4&{more}".strip("&")
    study = study_of(query)
    track, told = step_of(study), rows(study.block)
    widths: list[list[float]] = []
    for colours in ("source", "kind"):
        visit(page, instant, f"{query}&colours={colours}")
        seen = set()
        for i in range(10):
            found: dict[str, Any] = page.evaluate(INSTANT, (i + 0.5) / 10)
            total, unit = nbytes(found["heading"])
            off = 0.0051 * unit
            assert total == pytest.approx(track.totals[found["step"]], abs=off)
            values = [0.0 if p["value"] == "none" else float(p["value"].replace(",", "")) for p in found["parts"]]
            assert len(values) == len(told) and sum(values) * unit == pytest.approx(total, abs=off * (len(values) + 1))
            alive = track.alive(found["step"])
            for value, row in zip(values, told, strict=True):
                own = sum(track.nbytes(life) for life in alive if life.purpose in row["purposes"])
                assert value * unit == pytest.approx(own, abs=off), row["name"]
            widths.append([part["width"] for part in found["parts"]])
            seen.add(found["step"])
        assert len(seen) == 10
    for of_sources, of_kinds in zip(widths[:10], widths[10:], strict=True):
        assert of_sources == pytest.approx(of_kinds, abs=0.01)


def test_what_forward_leaves_is_what_is_held_to_the_byte(page: Page, instant: Server) -> None:
    query = "growth_rate=1&layers=1&in_channels=1&height=2&width=1"
    course = visit(page, instant, query)
    track = step_of(study_of(query))
    found = page.evaluate(INSTANT, 0.499)
    assert found["step"] == track.backward_from - 1  # the loss, which is there too, is not held for backward
    expect(course.locator(".stays")).to_have_text(f"{track.kept_bytes} bytes of it stay for backward.")


def test_keys_move_the_instant_and_escape_returns_to_the_peak(page: Page, instant: Server) -> None:
    course = visit(page, instant)
    track = step_of(study_of(SMALL))
    drawing, heading = course.locator(".plot svg"), course.locator(".said h3")
    expect(heading).to_contain_text("At the peak")
    last = len(track.ops)
    drawing.focus()
    for key, step in (
        ("ArrowLeft", track.peak_step - 1),
        ("ArrowRight", track.peak_step),
        ("ArrowRight", track.peak_step + 1),
        ("Home", 0),
        ("ArrowLeft", 0),
        ("PageDown", 10),
        ("End", last),
        ("ArrowRight", last),
        ("PageUp", last - 10),
    ):
        drawing.press(key)
        expect(course).to_have_attribute("data-step", str(step))
    expect(heading).to_contain_text(f"After op {last - 10} of {last}")
    drawing.press("Escape")
    expect(heading).to_contain_text("At the peak")
    expect(course).to_have_attribute("data-step", str(track.peak_step))


def test_a_finger_leaves_the_instant_to_be_read_and_a_mouse_takes_it_along(page: Page, instant: Server) -> None:
    course = visit(page, instant)
    drawing = course.locator(".plot svg")
    box = drawing.bounding_box()
    assert box is not None
    at = {"clientX": box["x"] + 0.25 * box["width"], "clientY": box["y"] + 90}
    for pointer, words in (("touch", "After op"), ("mouse", "At the peak")):
        drawing.dispatch_event("pointerdown", at | {"pointerType": pointer})
        expect(course.locator(".said h3")).to_contain_text("After op")
        drawing.dispatch_event("pointerleave", at | {"pointerType": pointer})
        expect(course.locator(".said h3")).to_contain_text(words)


def test_the_browser_works_out_the_same_bytes_of_each_source(browser: Browser) -> None:
    """Of what it is sent, as ``test_memory_course`` works it out and holds it against the closed form."""
    page = browser.new_page()
    page.add_script_tag(content=(TIMELINE / "course.js").read_text(encoding="utf-8") + "; window.Course = Course;")
    made = "track => { const c = new Course(track); return [c.bySource, c.byPurpose, c.totals].map(toArrays); }"
    page.add_script_tag(content="window.toArrays = (n) => (n.length && n[0].length ? n.map((r) => [...r]) : [...n]);")
    for more in ({}, {"order": "post"}, {"bottleneck": False}, {"implementation": "shared"}, {"in_channels": 300}):
        study = Study().with_(layers=3, height=8, width=8, **more)
        track = step_of(study)
        sent = read(timeline_data(study, track)["track"])
        sources, purposes, totals = page.evaluate(made, sent)
        assert tuple(totals) == track.totals
        last = study.block.layers + 1
        for step in range(len(track.totals)):
            found = by_source(track, study.block, step)
            row = [found.get("weights", 0), *(found.get(i, 0) for i in range(last)), found.get("gradients", 0)]
            assert [band[step] for band in sources] == row
            assert sum(kind[step] for kind in purposes) == track.totals[step]
    page.close()


# --- sources --------------------------------------------------------------------------------------


def test_a_click_on_a_band_selects_its_source_and_another_lets_it_go(page: Page, instant: Server) -> None:
    course = visit(page, instant)
    drawing = course.locator(".plot svg")
    point = page.evaluate(ON_BAND, "2")
    page.mouse.click(*point)
    page.wait_for_url("**select=source-2*")
    expect(drawing).to_have_class("lit")
    expect(course.locator(".band.on")).to_have_attribute("data-source", "2")
    wait_until_still(page)
    page.mouse.click(*point)
    page.wait_for_url(lambda url: "select" not in url)
    expect(drawing).not_to_have_class("lit")
    expect(course.locator(".band.on")).to_have_count(0)


def test_a_source_pointed_at_elsewhere_lights_its_band(page: Page, instant: Server) -> None:
    course = visit(page, instant, f"{SMALL}&select=source-1")
    expect(course.locator(".band.on")).to_have_attribute("data-source", "1")
    point_at = "source => document.dispatchEvent(new CustomEvent('dbe-source', { detail: { source } }))"
    page.evaluate(point_at, 3)
    expect(course.locator(".band.on")).to_have_attribute("data-source", "3")
    page.evaluate(point_at, None)
    expect(course.locator(".band.on")).to_have_attribute("data-source", "1")


def test_pointing_at_a_band_tells_the_other_pictures(page: Page, instant: Server) -> None:
    visit(page, instant)
    page.evaluate(
        "() => { window.told = []; document.addEventListener('dbe-source', e => told.push(e.detail.source)) }"
    )
    page.mouse.move(*page.evaluate(ON_BAND, "4"))
    page.mouse.move(2, 2)
    assert page.evaluate("told") == [4, None]


# --- cards ----------------------------------------------------------------------------------------


def test_a_card_changes_title_curve_and_address_and_keeps_the_focus(page: Page, instant: Server) -> None:
    course = visit(page, instant)
    expect(course.locator(".ghost")).to_have_count(0)
    card = page.locator('.imp[data-value="shared"]')
    card.focus()
    card.press("Enter")
    page.wait_for_url("**implementation=shared*")
    expect(page.locator(".st-key-course-title h2")).to_contain_text("A training step of shared peaks at")
    expect(course.locator(".plot svg")).to_have_attribute("aria-label", re.compile("training step of shared"))
    expect(course.locator(".ghost")).to_have_count(1)  # list, beside it
    expect(card).to_have_attribute("aria-pressed", "true")
    expect(page.locator('.imp[aria-pressed="true"]')).to_have_count(1)
    wait_until_still(page)
    assert page.evaluate(FOCUS) == "shared"
    page.locator('.imp[data-value="compiled"]').click()
    page.wait_for_url("**implementation=compiled*")
    expect(course.locator(".said h3")).to_have_text("No curve for compiled code")
    expect(course.locator(".flat")).to_have_count(1)
    expect(course.locator(".band")).to_have_count(0)


def test_back_returns_to_what_was_chosen_before(page: Page, instant: Server) -> None:
    course = visit(page, instant)
    page.locator('.imp[data-value="checkpoint"]').click()
    expect(course.locator(".plot svg")).to_have_attribute("aria-label", re.compile("of checkpoint:"))
    page.go_back()
    expect(course.locator(".plot svg")).to_have_attribute("aria-label", re.compile("of list:"))
    expect(page.locator('.imp[data-value="list"]')).to_have_attribute("aria-pressed", "true")
    assert "implementation" not in page.url


# --- layout ---------------------------------------------------------------------------------------

SETTINGS = {
    "1 Bottleneck": "layers=1",
    "2 Bottlenecks": "layers=2&implementation=checkpoint",
    "default": "layers=6",
    "12 Bottlenecks": "layers=12&implementation=shared",
    "64 Bottlenecks": f"{SMALL}&layers=64",
    "post": "order=post&colours=kind",
    "no 1×1": "bottleneck=false&implementation=checkpoint_1x1",
    "batch 1024": "batch=1024&implementation=compiled",
    "bfloat16": "dtype=bfloat16&optimiser=adam&largest=resolution&versus=batch&scale=log",
}


@pytest.mark.parametrize("query", SETTINGS.values(), ids=SETTINGS)
def test_no_text_is_small_cut_or_over_another(page: Page, instant: Server, query: str) -> None:
    course = visit(page, instant, query)
    wrong = []
    for width, height in ((1440, 900), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate("async () => { for (let i = 0; i < 12; i++) await new Promise(requestAnimationFrame) }")
        expect(course.locator(".plot svg .base")).to_be_attached()
        expect(page.locator(".dbe-chart .plot[data-drawn]")).to_have_count(2)
        measured = page.evaluate(LAYOUT)
        assert measured["texts"] > 100
        wrong += [f"{width}: {text}" for text in measured["found"]]
    assert not wrong, "\n".join(wrong)
