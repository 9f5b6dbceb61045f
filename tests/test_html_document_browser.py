"""The single-file HTML in a real browser, from the disk and with no network: it moves, lights, answers keys, prints.

What the picture's scripts do is tested where the page shows them; here, that a document gives them all they need.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Literal

import pytest
from browser import complaints
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, expect
from study_fakes import answers

from explorer.codec import to_link
from explorer.documents.html_document import html_document
from explorer.pictures.palette import DARK, LIGHT
from explorer.spec import Study
from explorer.study import findings

STUDIES = {
    "short": Study(),
    "paper": Study().with_(drawing="paper", select="2-5", layers=6),
    "folded": Study().with_(layers=20, select="layer-12"),
    "long": Study().with_(layers=64),
}
#: What is wider than the screen, but for a table that scrolls in its own frame.
OUTSIDE = """() => [...document.querySelectorAll("main *")].filter(e => !e.closest(".layers, [hidden]"))
  .filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 100))"""
LANE = "d => document.querySelector('#lane-1-4').getAttribute('d')"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Documents on the disk."""
    path = tmp_path_factory.mktemp("documents")
    for name, study in STUDIES.items():
        text = html_document(findings(study, answers(study)), to_link(study, "http://127.0.0.1:8501/"))
        (path / f"{name}.html").write_text(text, encoding="utf-8")
    (path / "closed.html").write_text(html_document(findings(Study()), "http://127.0.0.1:8501/"), encoding="utf-8")
    return path


@contextlib.contextmanager
def opened(
    browser: Browser,
    file: Path,
    width: int = 1440,
    height: int = 900,
    scheme: Literal["light", "dark"] = "light",
    scripts: bool = True,
    still: bool = True,
) -> Iterator[Page]:
    """The document, of which the browser must say nothing and which must ask for nothing."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        java_script_enabled=scripts,
        offline=True,
        reduced_motion="reduce" if still else "no-preference",
    )
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        said.append(message.text)

    def sent(request: Request) -> None:
        asked.append(request.url)

    page.on("console", heard)
    page.on("request", sent)
    with complaints(page) as found:
        page.goto(file.as_uri())
        if scripts:
            expect(graph(page).locator(".drawing svg .slice").first).to_be_visible()
        yield page
    context.close()
    assert not found and not said
    assert asked == [file.as_uri()]


def graph(page: Page) -> Locator:
    return page.get_by_test_id("concat-graph")


def lit(page: Page) -> list[str]:
    found: list[str] = graph(page).locator("svg .on:not(.source)").evaluate_all("all => all.map(e => e.id).sort()")
    return found


def test_one_drawing_turns_into_the_other_and_back(browser: Browser, folder: Path) -> None:
    with opened(browser, folder / "short.html", still=False) as page:
        chain = page.evaluate(LANE)
        page.evaluate(
            """() => { window.seen = new Set(); const lane = document.querySelector('#lane-1-4');
            new MutationObserver(() => window.seen.add(lane.getAttribute('d'))).observe(lane, { attributes: true }) }"""
        )
        page.get_by_role("button", name="As drawn in the paper").click()
        expect(graph(page)).to_have_attribute("data-moving", "")
        expect(graph(page)).not_to_have_attribute("data-moving", "", timeout=60_000)
        paper = page.evaluate(LANE)
        assert paper != chain and page.evaluate("window.seen.size") > 2
        expect(page.locator("h2").first).to_have_text("Every layer feeds every later one")
        expect(graph(page).locator(".equation")).to_be_visible()
        page.emulate_media(reduced_motion="reduce")
        page.keyboard.press("m")
        expect(page.get_by_role("button", name="As coded")).to_have_attribute("aria-pressed", "true")
        page.wait_for_function(f"was => ({LANE})() === was", arg=chain)
        assert not graph(page).evaluate("root => root.hasAttribute('data-moving')")


def test_pointing_lights_what_belongs_together_in_picture_and_tables(browser: Browser, folder: Path) -> None:
    with opened(browser, folder / "short.html") as page:
        graph(page).locator('[data-layer="3"]').hover()
        expect(graph(page).locator(".facts")).to_have_text(
            "Bottleneck 3 reads 128, adds 32 · 53,760 parameters · 167.0 MMAC · 6.13 MiB saved"
        )
        assert lit(page) == sorted(
            [
                "flare-3",
                "lane-0-3",
                "lane-1-3",
                "lane-2-3",
                "layer-3",
                "slice-2-0",
                "slice-2-1",
                "slice-2-2",
                "slice-3-3",
            ]
        )
        rows = page.locator(".layers tr[data-source]")
        expect(rows.nth(2)).to_have_class("lit")
        rows.nth(1).hover()
        expect(graph(page).locator(".about")).to_contain_text("made by Bottleneck 2")
        path = lit(page)
        assert {"ribbon-2", "lane-2-3", "lane-2-6", "slice-2-2", "slice-6-2", "layer-2"} <= set(path)
        page.mouse.move(2, 2)
        expect(graph(page).locator("svg")).not_to_have_class(re.compile(r"\blit\b"))
        assert lit(page) == []


def test_keys_walk_select_and_let_go(browser: Browser, folder: Path) -> None:
    with opened(browser, folder / "short.html") as page:
        for _ in range(3):  # the two drawings, then the one stop in the picture
            page.keyboard.press("Tab")
        expect(page.locator(":focus")).to_have_attribute("data-source", "0")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowDown")
        expect(page.locator(":focus")).to_have_attribute("data-layer", "1")
        page.keyboard.press("End")
        page.keyboard.press("Enter")
        sixth = graph(page).locator('[data-layer="6"]')
        expect(sixth).to_have_attribute("aria-pressed", "true")
        page.get_by_role("button", name="As drawn in the paper").click()
        expect(graph(page).locator(".inspector .facts")).to_contain_text("Bottleneck 6")
        page.keyboard.press("Escape")
        expect(sixth).not_to_have_attribute("aria-pressed", "true")
        expect(graph(page).locator(".equation")).to_be_visible()
        page.keyboard.press("?")
        expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
        expect(page.get_by_role("dialog", name="Keys")).not_to_contain_text("presenter")


def test_it_begins_as_the_study_says(browser: Browser, folder: Path) -> None:
    with opened(browser, folder / "paper.html") as page:
        expect(page.get_by_role("button", name="As drawn in the paper")).to_have_attribute("aria-pressed", "true")
        expect(graph(page).locator(".about")).to_contain_text("as Bottleneck 5 reads it")
        assert lit(page) == ["lane-2-5", "layer-5", "slice-2-2"]
    with opened(browser, folder / "folded.html") as page:  # what is selected would lie in the fold
        expect(graph(page).locator(".inspector .facts")).to_contain_text("Bottleneck 12")
        expect(graph(page).locator("[data-layer]")).to_have_count(20)


def test_long_blocks_fold_and_what_is_folded_is_found(browser: Browser, folder: Path) -> None:
    with opened(browser, folder / "folded.html") as page:
        page.keyboard.press("Escape")
        graph(page).get_by_role("button", name=re.compile("fold")).click()
        expect(graph(page).locator("[data-layer]")).to_have_count(11)
        page.keyboard.press("/")
        page.keyboard.type("bottleneck 10")
        page.keyboard.press("Enter")
        expect(graph(page).locator("[data-layer]")).to_have_count(20)
        expect(page.locator(":focus")).to_have_attribute("data-layer", "10")
    with opened(browser, folder / "long.html") as page:
        expect(graph(page).locator("[data-action]")).to_have_count(0)
        page.keyboard.press("/")
        page.keyboard.type("bottleneck 30")
        page.keyboard.press("Enter")
        expect(graph(page).locator(".inspector .facts")).to_contain_text("Bottleneck 30 reads 992")
        expect(graph(page).locator("[data-layer]")).to_have_count(11)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_light_or_dark_as_the_system_is_and_light_on_paper(
    browser: Browser, folder: Path, scheme: Literal["light", "dark"]
) -> None:
    colours = """() => [getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color,
      getComputedStyle(document.querySelector('#slice-3-3')).fill]"""

    def told(*hexes: str) -> list[str]:
        return [f"rgb({', '.join(str(int(one[i : i + 2], 16)) for i in (1, 3, 5))})" for one in hexes]

    own = {"light": LIGHT, "dark": DARK}[scheme]
    with opened(browser, folder / "short.html", scheme=scheme) as page:
        assert page.evaluate(colours) == told(own.background, own.ink, own.source(3, 6))
        page.emulate_media(media="print")
        assert page.evaluate(colours) == told(LIGHT.background, LIGHT.ink, LIGHT.source(3, 6))
        for hidden in (".bar", ".switch"):
            expect(page.locator(hidden)).to_be_hidden()
        page.set_viewport_size({"width": 718, "height": 1000})
        expect(graph(page).locator(".drawing svg")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 718


@pytest.mark.parametrize(("name", "scripts"), [("short", True), ("short", False), ("closed", True)])
def test_a_phone_has_it_upright_and_nothing_leaves_the_screen(
    browser: Browser, folder: Path, name: str, scripts: bool
) -> None:
    with opened(browser, folder / f"{name}.html", 390, 844, scripts=scripts) as page:
        expect(graph(page).locator("svg.vertical")).to_be_visible()
        expect(graph(page).locator("svg.horizontal")).to_have_count(0 if scripts else 1)
        assert page.evaluate(OUTSIDE) == []


@pytest.mark.parametrize("name", ["paper", "long"])
def test_without_a_script_it_is_a_document_all_the_same(browser: Browser, folder: Path, name: str) -> None:
    with opened(browser, folder / f"{name}.html", scripts=False) as page:
        picture = page.get_by_role("img", name=re.compile("Dense Block: 64 channels become"))
        expect(picture).to_have_count(1)
        expect(picture).to_be_visible()
        strip = graph(page).locator(".equation" if name == "paper" else ".code")
        expect(strip).to_be_visible()
        for hidden in (".bar", ".switch"):
            expect(page.locator(hidden)).to_be_hidden()
        for shown in (".tiles", ".compare", ".layers", ".forms", "footer"):
            expect(page.locator(shown)).to_be_visible()
        expect(page.locator(".layers tbody tr")).to_have_count(STUDIES[name].block.layers)


def test_no_other_script_runs_in_it(browser: Browser, folder: Path, tmp_path: Path) -> None:
    text = (folder / "short.html").read_text(encoding="utf-8")
    changed = tmp_path / "changed.html"
    planted = "<script>window.ran = true</script><img src=x onerror='window.ran = true'></main>"
    changed.write_text(text.replace("</main>", planted), encoding="utf-8")
    page = browser.new_page()
    with complaints(page) as found:
        page.goto(changed.as_uri())
        expect(graph(page).locator(".drawing svg .slice").first).to_be_visible()
        assert page.evaluate("window.ran") is None
    page.close()
    assert len(found) >= 2 and all("Content Security Policy" in one for one in found)


@pytest.mark.parametrize(("name", "width", "scheme"), [("short", 390, "dark"), ("folded", 1440, "light")])
def test_axe_finds_nothing(
    browser: Browser, folder: Path, name: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce", bypass_csp=True
    )
    page = context.new_page()
    page.goto((folder / f"{name}.html").as_uri())
    expect(graph(page).locator(".drawing svg .slice").first).to_be_visible()
    page.add_script_tag(content=(files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] }).then((run) => run.violations)")
    context.close()
    assert [(one["id"], one["nodes"][0]["html"][:120]) for one in found] == []
