"""The Module page in a browser: one server, started with a module of a person's own that changes on disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import page_of, wait_until_still
from playwright.sync_api import Browser, Page, expect
from server import serving
from test_axe_browser import AXE, MEASURE, RUN

from explorer.bench.server import Server

SOON = 60_000  # ms
FILE = Path(__file__).with_name("traced_modules.py")


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of a person's own."""
    path = tmp_path_factory.mktemp("team") / "networks.py"
    path.write_text(FILE.read_text(encoding="utf-8"), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def serves(networks: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The explorer, started with a U-Net of that file."""
    own = {"MODULE": "networks:UNet", "MODULE_INPUT": "2,3,32,32", "MODULE_FOLDER": str(networks.parent)}
    variables = {f"EXPLORER_{name}": value for name, value in own.items()}
    with serving(tmp_path_factory.mktemp("server"), environment=variables) as running:
        yield running


def opened(page: Page, server: Server) -> None:
    page.goto(f"{server.address}/module")
    wait_until_still(page)
    expect(page.locator(".plain-tiles .tile")).to_have_count(4, timeout=SOON)


def changed(page: Page, networks: Path, text: str) -> None:
    networks.write_text(text, encoding="utf-8")
    page.get_by_role("button", name="Reload").click()


def test_a_desk_shows_it_and_follows_the_file(page: Page, serves: Server, networks: Path) -> None:
    opened(page, serves)  # a cold link
    expect(page.locator("h1")).to_have_text(
        "UNet concatenates 2 times and writes 0.12 MiB: every channel is copied once."
    )
    expect(page.locator("h2").first).to_contain_text("2 skip connections come from afar")
    expect(page.locator(".plain-tiles")).to_contain_text("7,641")
    picture = page.locator(".traced .wide")
    expect(picture.locator("svg")).to_have_attribute("aria-label", "UNet: 2 concatenations of 4 sources. At 16 × 16: "
        "16 channels. At 32 × 32: 12 channels. From afar: enc1, enc2.")  # fmt: skip
    expect(page.locator(".traced .narrow")).to_be_hidden()
    expect(page.locator(".cats tbody tr").last).to_contain_text("enc1 4")
    skip, other = (picture.locator(f".slice:not(.copy)[data-source='{place}']") for place in (0, 2))
    skip.hover()
    expect(other).to_have_class("slice dim")
    expect(page.locator(".cats [data-source='0']")).not_to_have_class("dim")
    expect(page.locator(".cats [data-source='2']")).to_have_class("dim")

    text = networks.read_text(encoding="utf-8")
    changed(page, networks, text.replace("two = self.dec2(torch.cat([two, self.up2(low)], dim=1))", "two = low[:, :8]"))
    expect(page.get_by_role("alert")).to_contain_text(
        "Its forward, on an input of 2 × 3 × 32 × 32, raised", timeout=SOON
    )
    expect(page.locator("h1")).to_have_text("networks:UNet could not be run")
    changed(page, networks, text.replace("width: int = 4", "width: int = 6"))
    expect(page.locator(".cats tbody tr").last).to_contain_text("enc1 6", timeout=SOON)


def test_a_phone_has_a_picture_of_its_own_and_the_address_names_no_module(browser: Browser, serves: Server) -> None:
    with page_of(browser, 390, 844) as page:
        page.goto(f"{serves.address}/module?module=os:getcwd&EXPLORER_MODULE=os:getcwd")
        wait_until_still(page)
        expect(page.locator("h1")).to_contain_text("UNet concatenates", timeout=SOON)
        expect(page.locator(".traced .narrow svg")).to_be_visible()
        expect(page.locator(".traced .wide")).to_be_hidden()
        main = page.get_by_test_id("stMain")
        assert main.evaluate("(main) => main.scrollWidth <= main.clientWidth")
        assert page.locator(".traced .narrow").evaluate("(frame) => frame.scrollWidth <= frame.clientWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_every_text_can_be_read(scheme: str, browser: Browser, serves: Server) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    opened(page, serves)
    page.evaluate(AXE)
    assert [one for one in page.evaluate(RUN, []) if one["where"] in ("ours", "page")] == []
    measured = page.evaluate(MEASURE)
    assert measured["texts"] > 30 and measured["low"] == []
    context.close()


def test_without_a_module_there_is_no_such_page(kept_page: Page, instant: Server) -> None:
    kept_page.goto(f"{instant.address}/module")
    wait_until_still(kept_page)
    expect(kept_page.get_by_role("link", name="Gallery")).to_be_visible()
    expect(kept_page.get_by_role("link", name="Module")).to_have_count(0)
    expect(kept_page.locator("h1")).not_to_contain_text("UNet")
