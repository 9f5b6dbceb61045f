"""A second Dense Block pinned as reference: what was changed, in numbers and words, and on the page."""

from __future__ import annotations

import re

import pytest
from browser import complaints, wait_until_still
from hypothesis import given, settings
from playwright.sync_api import Browser, expect
from strategies import dense_blocks

from explorer.bench.server import Server
from explorer.pictures.differences import changes, differences, finding, pinned, reference_words, signed
from explorer.spec import DenseBlockSpec, InputSpec, Mode, RunSpec, Study, reference_text
from explorer.theory import block_theory, study_theory
from explorer.web.parts.compare import reference_markup

SMALL = "height=8&width=8"
SOON = 60_000


def compared(
    now: DenseBlockSpec, before: DenseBlockSpec, mode: Mode = "training"
) -> tuple[dict[str, tuple[str, str, str, str]], str]:
    one, other = (block_theory(block, InputSpec(), RunSpec(mode=mode)) for block in (now, before))
    rows = {row.name: (row.now, row.reference, row.ratio, row.words) for row in differences(one, other)}
    return rows, finding(one, other)


def test_six_bottlenecks_more() -> None:
    """Parameters of (64, 32, 12): 12 · 36,864 + 12 · 256 + 130 · (12 · 64 + 32 · 66) = 819,840, by hand."""
    rows, words = compared(DenseBlockSpec(layers=12), DenseBlockSpec())
    assert rows["Parameters"] == ("819,840", "335,040", "2.45×", "2.4 times as many")
    assert rows["Output channels"] == ("448", "256", "1.75×", "75% more")
    assert rows["Channels written by concatenation"] == ("3,264", "1,056", "3.09×", "3.1 times as many")
    assert words == "+6 Bottlenecks: 2.4 times as many parameters"


def test_the_other_way_round() -> None:
    rows, words = compared(DenseBlockSpec(), DenseBlockSpec(layers=12))
    assert rows["Parameters"] == ("335,040", "819,840", "0.41×", "59% fewer")
    assert rows["Saved for backward"][3].endswith("less")
    assert words == "−6 Bottlenecks: 59% fewer parameters"


def test_every_change_is_named() -> None:
    now = DenseBlockSpec(128, 24, 12, 2, False, "post")
    assert changes(now, DenseBlockSpec()) == (
        "+6 Bottlenecks", "growth rate −8", "+64 input channels", "without the 1×1", "b = 2, not 4", "post-activation",
    )  # fmt: skip
    assert changes(DenseBlockSpec(layers=7), DenseBlockSpec()) == ("+1 Bottleneck",)


def test_the_same_block_says_so_and_less_than_half_a_percent_is_about_equal() -> None:
    rows, words = compared(DenseBlockSpec(), DenseBlockSpec())
    assert words == "The block shown is the reference"
    assert {row[2:] for row in rows.values()} == {("1.00×", "equal")}
    rows, words = compared(DenseBlockSpec(in_channels=1001), DenseBlockSpec(in_channels=1000))
    assert rows["Parameters"][2:] == ("1.00×", "about equal")
    assert words == "+1 input channel: about as many parameters"


def test_in_inference_the_peak_stands_for_what_is_saved() -> None:
    rows, _words = compared(DenseBlockSpec(), DenseBlockSpec(layers=3), "inference")
    assert "Peak, nothing saved" in rows and "Saved for backward" not in rows


@given(dense_blocks(), dense_blocks())
@settings(max_examples=60)
def test_any_two_blocks_can_be_compared(now: DenseBlockSpec, before: DenseBlockSpec) -> None:
    rows, words = compared(now, before)
    assert len(rows) == 5 and all(all(cells) for cells in rows.values())
    assert (words == "The block shown is the reference") == (now == before)
    for text, reference, _ratio, difference in rows.values():
        fewer = difference.endswith(("fewer", "less"))
        assert fewer <= (float(text.replace(",", "")) <= float(reference.replace(",", "")))


def test_a_study_pins_what_its_link_names() -> None:
    study = Study().with_(reference="128-32-12-b2-post")
    block = pinned(study)
    assert block == DenseBlockSpec(128, 32, 12, 2, order="post") and reference_text(block) == "128-32-12-b2-post"
    assert reference_words(study, block) == "k = 32, L = 12, c₀ = 128, b = 2, post-activation"
    assert pinned(Study()) is None


def test_numbers_carry_their_sign() -> None:
    assert (signed(6), signed(-8), signed(1234)) == ("+6", "−8", "+1,234")


def test_silhouettes_share_one_scale() -> None:
    study = Study().with_(reference="64-32-12")
    markup = reference_markup(study_theory(study), pinned(study))
    now, other = markup.split("<figure>")[1:]
    tops = [min(float(y) for y in re.findall(r' y="([\d.]+)"', part)) for part in (now, other)]
    assert (96 - tops[0]) / (96 - tops[1]) == pytest.approx(256 / 448, rel=0.01)
    assert "64-32-12" not in markup and "Reference: k = 32, L = 12, c₀ = 64." in markup


def test_a_block_is_pinned_compared_and_let_go(browser: Browser, instant: Server) -> None:
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.set_default_timeout(SOON)
    with complaints(page) as found:
        page.goto(f"{instant.address}/?{SMALL}")
        wait_until_still(page)
        page.get_by_role("button", name="Pin this block as reference").click()
        expect(page).to_have_url(re.compile("reference=64-32-6"))
        panel = page.locator(".st-key-differences")
        expect(panel).to_contain_text("The block shown is the reference")
        box = page.get_by_test_id("stSidebar").locator('[class*="st-key-layers_box"] input').first
        box.fill("12")
        box.press("Enter")
        expect(panel).to_contain_text("+6 Bottlenecks: 2.4 times as many parameters")
        expect(panel).to_contain_text("335,040")
        expect(page).to_have_url(re.compile("reference=64-32-6"))
        page.reload()
        wait_until_still(page)
        expect(panel).to_contain_text("+6 Bottlenecks: 2.4 times as many parameters")
        page.get_by_role("button", name="Let go").click()
        expect(page).not_to_have_url(re.compile("reference="))
        expect(panel).to_contain_text("Pin the block as it is now")
        expect(page.get_by_role("button", name="Let go")).to_have_count(0)
    page.context.close()
    assert not found
