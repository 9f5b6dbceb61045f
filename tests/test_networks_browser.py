"""The Networks page in a real browser: a block leads to Explore and back, nothing is cut, files are refused."""

from __future__ import annotations

import io
import pickle
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import torch
from browser import page_of, wait_until_still
from playwright.sync_api import Browser, Page, expect
from safetensors.torch import save_file
from test_axe_browser import AXE, MEASURE, RUN

from explorer.bench.server import ROOT, Server
from explorer.blocks.network import build_network
from explorer.blocks.weights import to_torchvision
from explorer.spec import NETWORKS, InputSpec, network
from explorer.theory import network_theory

SOON = 60_000

#: Texts that end beyond the window.
CUT = """() => [...document.querySelectorAll('[data-testid=stMain] *')]
  .flatMap((e) => [e, ...(e.shadowRoot?.querySelectorAll('*') ?? [])])
  .filter((e) => e.childElementCount === 0 && e.textContent.trim() && e.checkVisibility({ visibilityProperty: true }))
  .filter((e) => !e.closest('.scroll, code, [role=tooltip], style, script'))
  .filter((e) => {
    const box = e.getBoundingClientRect();
    return box.width > 1 && (box.right > innerWidth + 1 || box.left < -1);
  })
  .map((e) => e.textContent.trim().slice(0, 40))"""


def visit(page: Page, server: Server, query: str = "") -> None:
    page.set_default_timeout(SOON)
    page.goto(f"{server.address}/networks?{query}")
    wait_until_still(page)
    expect(page.locator(".net-frame svg:visible")).to_have_count(1)


def test_a_block_leads_to_explore_and_back(kept_page: Page, instant: Server) -> None:
    page = kept_page
    visit(page, instant, "network=densenet169")
    expect(page.locator("h1")).to_contain_text("DenseNet‑169 has 45% fewer parameters")
    block = page.locator(".wide .pair[data-n='2']")
    block.hover()
    expect(page.locator(".wide .say.of-2").first).to_be_visible()
    expect(page.locator(".wide .say.of-2").first).to_contain_text("Block 2: 12 layers, 128 → 512 channels")
    expect(page.locator(".wide .say.default").first).to_be_hidden()
    block.click()
    page.wait_for_url(re.compile(r"layers=12"))
    wait_until_still(page)
    expect(page.locator("h1")).to_contain_text("128 channels become 512")
    page.go_back()
    wait_until_still(page)
    expect(page.locator("h1")).to_contain_text("DenseNet‑169 has")
    page.get_by_role("spinbutton", name="Image size").fill("96")
    page.keyboard.press("Enter")
    expect(page.locator(".where").first).to_contain_text("Input 1 × 3 × 96 × 96")
    page.wait_for_url(re.compile(r"image_size=96"))
    page.get_by_text("Bytes", exact=True).click()
    page.wait_for_url(re.compile(r"heights=bytes"))
    expect(page.get_by_test_id("stSidebar").get_by_text("Growth rate k").first).to_be_hidden()
    page.get_by_role("link", name="Explore", exact=True).click()
    wait_until_still(page)
    assert "network=densenet169" in page.url and "image_size=96" in page.url


def test_keys_reach_every_block(kept_page: Page, instant: Server) -> None:
    page = kept_page
    visit(page, instant)
    last = page.locator(".wide .pair[data-n='4']")
    last.focus()
    expect(page.locator(".wide .say.of-4").last).to_be_visible()
    assert "Opens in Explore" in (last.get_attribute("aria-label") or "")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"layers=16"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_is_cut(browser: Browser, instant: Server, scheme: str) -> None:
    with page_of(browser, 390, 844) as page:
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of its words
        visit(page, instant)
        expect(page.locator(".phone svg:visible").first).to_be_visible()
        expect(page.locator(".heat-frame svg:visible")).to_have_count(1)
        assert page.evaluate(CUT) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_every_text_can_be_read(scheme: str, browser: Browser, instant: Server) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    visit(page, instant, "heights=bytes" if scheme == "dark" else "")
    expect(page.locator(".heat-frame svg:visible")).to_have_count(1)
    page.evaluate(AXE)
    assert [one for one in page.evaluate(RUN, []) if one["where"] in ("ours", "page")] == []
    measured = page.evaluate(MEASURE)
    assert measured["texts"] > 100 and measured["low"] == []
    context.close()


class Harmful:
    """What a pickle may ask for."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def test_a_file_that_would_run_code_is_refused_and_the_page_stays(
    kept_page: Page, server: Server, tmp_path: Path
) -> None:
    page, trap = kept_page, tmp_path / "trap"
    visit(page, server, "network=2-2-k4&against=resnet18")
    page.get_by_text("Your file", exact=True).click()
    buffer = io.BytesIO()
    pickle.dump({"features.conv0.weight": Harmful(trap)}, buffer)
    given = page.get_by_test_id("stFileUploaderDropzoneInput")
    given.set_input_files({"name": "evil.pth", "mimeType": "application/octet-stream", "buffer": buffer.getvalue()})
    told = page.locator(".why.ink")
    expect(told).to_contain_text("evil.pth")
    expect(page.locator("h2", has_text="were not read")).to_be_visible()
    assert not trap.exists()
    expect(page.locator("h1")).to_contain_text("ResNet‑18")
    expect(page.locator(".net-frame svg:visible")).to_have_count(1)
    page.get_by_text("Fresh", exact=True).click()
    expect(page.locator("h2", has_text="Untrained")).to_be_visible()


def test_a_file_of_real_size_is_read_and_one_with_nan_or_nothing_is_told(
    kept_page: Page, server: Server, tmp_path: Path
) -> None:
    """DenseNet-121 in float32 is larger than a server takes where nobody raised its limit."""
    torch.manual_seed(1)
    module = build_network(network("densenet121"))
    weights = to_torchvision(network("densenet121"), module.state_dict())
    good, bad, empty = (tmp_path / name for name in ("good.safetensors", "nan.pth", "empty.pth"))
    save_file({name: value.contiguous() for name, value in weights.items()}, good)
    weights["classifier.bias"][3] = float("nan")
    torch.save(weights, bad)
    empty.write_bytes(b"")
    assert good.stat().st_size > 30 * 2**20 < bad.stat().st_size
    page = kept_page
    visit(page, server)
    page.get_by_text("Your file", exact=True).click()
    for file, words in ((good, "good.safetensors: Row: source."), (bad, "holds NaN"), (empty, "The file is empty")):
        page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(file)
        expect(page.locator(".st-key-section-heat")).to_contain_text(words, timeout=SOON)
    expect(page.locator("h2", has_text="were not read")).to_be_visible()


def test_the_server_takes_the_published_networks_in_float32() -> None:
    limit = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["server"]["maxUploadSize"]
    for name, spec in NETWORKS.items():
        if spec.kind == "resnet":  # whose weights weigh no sources
            continue
        assert 4 * network_theory(spec, InputSpec(1, 256, 256)).parameters < limit * 2**20, name
