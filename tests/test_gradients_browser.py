"""The Gradients page in a browser: one lit layer in all pictures, cards that choose, phone width."""

from __future__ import annotations

import re
from typing import Literal

from browser import page_of, wait_until_still
from playwright.sync_api import Browser, Page, expect
from test_axe_browser import AXE, MEASURE, RUN
from test_networks_browser import CUT

from explorer.bench.server import Server

SOON = 60_000
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
STACKS = "in_channels=24&growth_rate=12&layers=12"


def visit(page: Page, server: Server, query: str = STACKS) -> None:
    page.set_default_timeout(SOON)
    page.goto(f"{server.address}/gradients?{query}")
    wait_until_still(page)
    expect(page.locator(".fan-svg:visible")).to_have_count(1)
    expect(page.locator(".status.busy")).to_have_count(0, timeout=SOON)
    expect(page.locator(".dbe-chart .plot[data-drawn]")).to_have_count(2, timeout=SOON)


def test_one_layer_is_lit_in_all_pictures_by_pointer_keys_and_link(kept_page: Page, instant: Server) -> None:
    page = kept_page
    visit(page, instant)
    place = page.locator(".places .at.on h3")
    expect(place).to_have_text("At layer 1, 11 layers before the last")
    page.locator(".fan-frame .wide .hit[data-points='5']").hover()
    expect(place).to_have_text("At layer 5, 7 layers before the last")
    expect(page.locator(".edges .told .at.on")).to_contain_text("what comes back to x₅")
    page.locator(".edges-frame .wide g[data-points='9'] .hit").hover()
    expect(place).to_have_text("At layer 9, 3 layers before the last")
    page.mouse.move(5, 5)
    expect(place).to_have_text("At layer 1, 11 layers before the last")
    page.locator(".fan-frame").focus()
    for _step in range(3):
        page.keyboard.press("ArrowRight")
    expect(place).to_have_text("At layer 4, 8 layers before the last")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"select=source-4"))
    page.reload()
    wait_until_still(page)
    expect(place).to_have_text("At layer 4, 8 layers before the last")


def test_its_link_is_shared_and_leads_back(kept_page: Page, instant: Server) -> None:
    page = kept_page
    visit(page, instant, f"{STACKS}&init=he")
    ways = page.locator(".share [data-way]")
    expect(ways).to_have_count(2)
    link = ways.first.locator("code").inner_text()
    assert link == f"{instant.address}/gradients?{STACKS}&init=he" == page.url
    expect(page.locator("a[download]")).to_have_count(0)


def test_a_card_chooses_its_setting_and_back_undoes_it(kept_page: Page, instant: Server) -> None:
    page = kept_page
    visit(page, instant)
    expect(page.locator("h1")).to_contain_text("With BatchNorm a plain stack’s gradient does not vanish")
    page.locator(".imp", has_text="No BatchNorm").filter(has_text="He").click()
    page.wait_for_url(re.compile(r"batch_norm=false.*init=he|init=he.*batch_norm=false"))
    expect(page.locator("h1")).to_contain_text("Without BatchNorm")
    expect(page.locator(".imp[aria-pressed=true]")).to_contain_text("weights: He")
    page.get_by_test_id("stMain").get_by_text("200 steps", exact=True).click()
    expect(page.locator("h1")).to_contain_text("After 200 steps the stacks read of the held-back digits: plain 13%")
    page.go_back()
    page.go_back()
    expect(page.locator("h1")).to_contain_text("With BatchNorm a plain stack’s gradient does not vanish")


def test_it_reads_on_a_desk_and_a_phone_in_light_and_dark(browser: Browser, instant: Server) -> None:
    for width, height in ((1440, 900), (390, 844)):
        with page_of(browser, width, height) as page:
            visit(page, instant)
            assert page.evaluate(CUT) == []
            page.evaluate(f"() => {{ if (!window.axe) {{ {AXE} }} }}")
            for scheme in SCHEMES:
                page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                wait_until_still(page)
                ours = [found for found in page.evaluate(RUN, []) if found["where"] == "ours"]
                assert not ours, ours[:3]
                measured = page.evaluate(MEASURE)
                assert measured["texts"] > 100 and not measured["low"], measured["low"][:10]
