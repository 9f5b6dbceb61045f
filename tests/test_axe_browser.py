"""axe-core finds nothing in what we draw, in light and dark, on a desk and a phone; contrast is measured, too.

axe reaches into open shadow roots, where our panels live; what it finds in bare Streamlit elements fails, too. Where
axe cannot tell what a text stands on (most of the picture), :data:`MEASURE` looks at what is painted behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

import pytest
from browser import wait_until_still
from playwright.sync_api import Browser, Page, ViewportSize, expect

from explorer.bench.server import Server

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
SOON = 60_000  # ms
CHARTS = 3
SIZES: dict[str, ViewportSize] = {"desk": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}
SCHEMES: dict[Literal["light", "dark"], str] = {"light": "rgb(255, 255, 255)", "dark": "rgb(15, 19, 24)"}  # the page's
#: Which rules are run; all where none is named. The page is the same in both but for its colours.
RULES: dict[str, tuple[str, ...]] = {"light": (), "dark": ("color-contrast", "link-in-text-block")}
#: Address → whether the fold is to be opened, once there.
STATES = {
    "height=8&width=8&select=layer-4": False,
    "height=8&width=8&drawing=paper": False,
    "height=8&width=8&layers=24": True,
}
#: On a phone, which shows the same in other widths: all that the states above have, each at least once.
PHONE_STATES = {
    "height=8&width=8": False,
    "height=8&width=8&layers=24&drawing=paper&select=layer-4": True,
}

#: The Memory page's: each colouring and kind of course, and a source that is lit among the others.
MEMORY = (
    "height=8&width=8&colours=kind&implementation=shared&order=post",
    "height=8&width=8&implementation=compiled&largest=layers",
    "height=8&width=8&select=source-2",
    "layers=14&bottleneck=false&scale=log",
)
PHONE_MEMORY = (
    "height=8&width=8&layers=3&select=source-2",
    "layers=14&bottleneck=false&scale=log&colours=kind&implementation=shared&order=post",
    "height=8&width=8&implementation=compiled&largest=layers",
)

# The element that a finding is in: our component if it lies in one, else the closest one that Streamlit names.
RUN = """async (only) => {
  const options = { resultTypes: ["violations"], ...(only.length ? { runOnly: { type: "rule", values: only } } : {}) };
  const { violations } = await axe.run(document, options);
  const at = (target) => target.flat().reduce((root, part) => (root.shadowRoot ?? root).querySelector(part), document);
  const up = (e) => e.parentElement ?? e.getRootNode().host;
  const whose = (element) => {
    let named = "";
    for (let e = element; e; e = up(e)) {
      if (e.classList.contains("stBidiComponent")) return "ours";
      const name = e.dataset?.testid ?? "";
      if (!named && !name.startsWith("stMarkdown")) named = name;
    }
    return named || "page";
  };
  return violations.flatMap(({ id: rule, nodes }) => nodes.map(({ target, html, failureSummary: why }) => {
    const where = whose(at(target));
    return { rule, where, shadow: target.flat().length > 1, html: html.slice(0, 200), why };
  }));
}"""

# Contrast of every text in the picture, the panels and chart titles against what is painted there, at three places.
MEASURE = """() => {
  const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const known = new Map();
  const rgba = (colour) => {
    if (!known.has(colour)) {
      pen.clearRect(0, 0, 1, 1);
      pen.fillStyle = colour;
      pen.fillRect(0, 0, 1, 1);
      known.set(colour, [...pen.getImageData(0, 0, 1, 1).data]);
    }
    return [...known.get(colour)];
  };
  const over = ([r, g, b, a], under) => [r, g, b].map((v, i) => (v * a + under[i] * (255 - a)) / 255).concat(255);
  const linear = (v) => ((v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const luminance = (c) => 0.2126 * linear(c[0]) + 0.7152 * linear(c[1]) + 0.0722 * linear(c[2]);
  const up = (e) => e.parentElement ?? e.getRootNode().host;
  const once = (make, made = new Map()) => (e) => made.get(e) ?? (made.set(e, make(e)), made.get(e));
  const opacity = once((e) => (e ? Number(getComputedStyle(e).opacity) * opacity(up(e)) : 1));
  const shape = (e) => e instanceof SVGElement && !e.matches("svg, g, text, tspan");
  const painted = once((e) => {
    const style = getComputedStyle(e);
    return shape(e) ? style.fill : e instanceof SVGElement ? "transparent" : style.backgroundColor;
  });
  const roots = [document, ...[...document.querySelectorAll("*")].map((e) => e.shadowRoot).filter(Boolean)];
  const page = rgba(getComputedStyle(document.querySelector('[data-testid="stApp"]')).backgroundColor);
  const out = "[hidden], dialog, .off, [aria-hidden=true], :disabled, .js-plotly-plot";
  const low = [];
  let texts = 0, lowest = Infinity;
  const ours = ":is(.dbe-picture, .dbe-chart, .dbe-timeline, .panel) *";
  for (const root of roots) for (const e of root.querySelectorAll(ours)) {
    const words = [...e.childNodes].map((n) => (n.nodeType === 3 ? n.data.trim() : "")).filter(Boolean).join(" ");
    const style = getComputedStyle(e);
    if (!words || e.closest(out) || style.visibility === "hidden" || !e.getClientRects().length) continue;
    if (opacity(e) < 0.02 || style.clipPath !== "none") continue;
    e.scrollIntoView({ block: "center", inline: "center" });
    const range = document.createRange();
    range.selectNodeContents(e);
    const box = range.getBoundingClientRect(), y = box.top + box.height / 2;
    let least = Infinity;
    for (const part of [0.15, 0.5, 0.85]) {
      const x = box.left + part * box.width;
      const stack = [...new Set([root, document])].flatMap((one) => one.elementsFromPoint(x, y));
      let ground = page;
      for (const n of [...new Set(stack)].filter((n) => n === e || !e.contains(n)).reverse()) {
        const colour = painted(n);
        if (!colour || colour === "none" || colour.startsWith("url")) continue;
        const c = rgba(colour);
        c[3] *= opacity(n) * (shape(n) ? Number(getComputedStyle(n).fillOpacity) : 1);
        ground = over(c, ground);
      }
      const halo = style.paintOrder.startsWith("stroke") && parseFloat(style.strokeWidth) >= 3;
      if (halo) ground = rgba(style.stroke);
      const ink = rgba(e instanceof SVGElement ? style.fill : style.color);
      ink[3] *= opacity(e);
      const [a, b] = [luminance(over(ink, ground)), luminance(ground)];
      least = Math.min(least, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
    }
    texts += 1;
    lowest = Math.min(lowest, least);
    const what = `<${e.tagName.toLowerCase()} class="${e.getAttribute("class") ?? ""}">`;
    if (least < 4.5) low.push(`${least.toFixed(2)} ${words.slice(0, 60)} ${what}`);
  }
  return { texts, low, least: lowest };
}"""


@dataclass(frozen=True)
class Finding:
    """One node that breaks a rule; ``where`` is ``ours``, or the Streamlit element that it lies in."""

    rule: str
    where: str
    shadow: bool
    html: str
    why: str


@pytest.fixture(params=SIZES)
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    size = SIZES[request.param]
    context = browser.new_context(
        viewport=size,
        has_touch=request.param == "phone",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.set_default_timeout(SOON)
    yield page
    context.close()


def visit(page: Page, server: Server, query: str, unfold: bool = False) -> None:
    """Opens the page and waits until all is there: nothing runs, fades or breathes."""
    page.goto(f"{server.address}/?{query}")
    wait_until_still(page)
    expect(page.locator(".dbe-chart .plot[data-drawn]")).to_have_count(CHARTS, timeout=SOON)
    expect(page.locator(".tiles").get_by_text("✓ counted")).to_have_count(3, timeout=SOON)
    if unfold:
        page.locator(".dbe-picture [data-action=fold]").first.click()
        expect(page.locator(".dbe-picture [data-layer='12']")).to_be_attached(timeout=SOON)
        page.mouse.move(1, 1)
    settle(page)


def on_desk(page: Page) -> bool:
    return page.viewport_size == SIZES["desk"]


def settle(page: Page) -> None:
    expect(page.locator(".status.busy")).to_have_count(0, timeout=SOON)
    wait_until_still(page)
    page.wait_for_function(
        """() => !document.querySelector('[data-stale="true"]') && document.getAnimations().every(
             (a) => a.playState !== "running" || a.effect.getTiming().iterations !== 1)"""
    )


def scan(page: Page, *only: str) -> list[Finding]:
    """What axe finds; ``only`` names the rules to run, else all are."""
    page.evaluate(f"() => {{ if (!window.axe) {{ {AXE} }} }}")
    found: list[dict[str, Any]] = page.evaluate(RUN, list(only))
    return [Finding(**one) for one in found]


def test_what_we_draw_breaks_no_rule_and_every_text_reads(page: Page, instant: Server) -> None:
    broken, low = [], []
    for query, unfold in (STATES if on_desk(page) else PHONE_STATES).items():
        page.emulate_media(color_scheme="light")
        visit(page, instant, query, unfold)
        for scheme, ground in SCHEMES.items():
            page.emulate_media(color_scheme=scheme)
            expect(page.get_by_test_id("stApp")).to_have_css("background-color", ground)
            settle(page)
            broken += [f"{query} {scheme}: {one}" for one in scan(page, *RULES[scheme])]
            measured = page.evaluate(MEASURE)
            assert measured["texts"] > 100
            low += [f"{query} {scheme}: {text}" for text in measured["low"]]
            print(page.viewport_size, query, scheme, measured["texts"], "texts, least contrast", measured["least"])
    assert not broken, f"{len(broken)}: " + "\n".join(broken[:12])
    assert not low, f"{len(low)}: " + "\n".join(low[:20])


def test_the_memory_page_breaks_no_rule_and_every_text_reads(page: Page, instant: Server) -> None:
    broken, low = [], []
    for query in MEMORY if on_desk(page) else PHONE_MEMORY:
        page.emulate_media(color_scheme="light")
        page.goto(f"{instant.address}/memory?{query}")
        wait_until_still(page)
        expect(page.locator(".dbe-timeline .said h3")).to_be_attached(timeout=SOON)
        expect(page.locator(".dbe-chart .plot[data-drawn]")).to_have_count(2, timeout=SOON)
        for scheme, ground in SCHEMES.items():
            page.emulate_media(color_scheme=scheme)
            expect(page.get_by_test_id("stApp")).to_have_css("background-color", ground)
            settle(page)
            broken += [f"{query} {scheme}: {one}" for one in scan(page, *RULES[scheme])]
            measured = page.evaluate(MEASURE)
            assert measured["texts"] > 100
            low += [f"{query} {scheme}: {text}" for text in measured["low"]]
            print(page.viewport_size, query, scheme, measured["texts"], "texts, least contrast", measured["least"])
    assert not broken, f"{len(broken)}: " + "\n".join(broken[:12])
    assert not low, f"{len(low)}: " + "\n".join(low[:20])


def _question(page: Page) -> None:
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()


def _slash(page: Page) -> None:
    page.keyboard.press("/")
    expect(page.locator(".finder input")).to_be_focused()


def _nothing(page: Page) -> None:
    page.mouse.move(1, 1)


@pytest.mark.parametrize(
    ("query", "enter"),
    [
        ("", _question),
        ("", _slash),
        ("present=true", _nothing),
        ("present=true&drawing=paper&select=2-4", _question),
        ("reference=48-24-4&select=unit-2", _nothing),
        ("layers=99&dtype=float99", _nothing),  # the notice
    ],
    ids=["keys", "finder", "presenter", "presenter, keys", "reference", "refused"],
)
def test_what_lies_over_the_page_and_beside_it_breaks_no_rule(
    kept_page: Page, instant: Server, query: str, enter: Callable[[Page], None]
) -> None:
    page = kept_page
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{instant.address}/?height=8&width=8&{query}")
    wait_until_still(page)
    expect(page.get_by_test_id("concat-graph").locator("#layer-2")).to_be_attached()
    enter(page)
    for scheme, ground in SCHEMES.items():
        page.emulate_media(color_scheme=scheme)
        expect(page.get_by_test_id("stApp")).to_have_css("background-color", ground)
        settle(page)
        broken = scan(page, *RULES[scheme])
        assert not broken, f"{scheme}: {broken[:5]}"
        assert not page.evaluate(MEASURE)["low"], scheme


def test_the_gallery_breaks_no_rule_and_every_text_reads(kept_page: Page, instant: Server) -> None:
    page = kept_page
    page.goto(f"{instant.address}/gallery")
    expect(page.locator(".gallery .open").last).to_be_attached(timeout=SOON)
    for scheme, ground in SCHEMES.items():
        page.emulate_media(color_scheme=scheme)
        expect(page.get_by_test_id("stApp")).to_have_css("background-color", ground)
        settle(page)
        broken = scan(page, *RULES[scheme])
        assert not broken, f"{scheme}: {broken[:5]}"
        assert not page.evaluate(MEASURE)["low"], scheme


def test_axe_looks_into_our_panels(browser: Browser, instant: Server) -> None:
    """What is broken on purpose inside a panel's shadow root and inside the picture is found, and is ours."""
    page = browser.new_page(viewport=SIZES["desk"], color_scheme="light")
    page.set_default_timeout(SOON)
    visit(page, instant, "height=8&width=8")
    bad = '<img src="data:," width="9" height="9"><p style="color:#ddd;background:#fff">hardly there</p>'
    for place in (".tiles", ".dbe-picture .strip"):
        page.locator(place).first.evaluate("(element, bad) => element.insertAdjacentHTML('beforeend', bad)", bad)
    found = {(one.rule, one.where, one.shadow) for one in scan(page)}
    assert {("image-alt", "ours", True), ("image-alt", "ours", False), ("color-contrast", "ours", False)} <= found
    low = page.evaluate(MEASURE)["low"]
    assert len([text for text in low if "hardly there" in text]) == 2
    page.close()
