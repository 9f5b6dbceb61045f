"""A second renderer, resvg, draws our pictures as the browser does, and words fit in the font that it has."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import pytest
from PIL import Image, ImageChops
from playwright.sync_api import Browser, Page

from explorer.documents.badge import badge_document
from explorer.documents.picture import rendered, svg_document
from explorer.pictures.palette import DARK, LIGHT, Palette
from explorer.spec import Study

STUDIES = {
    "default": Study(),
    "lit, paper": Study().with_(drawing="paper", select="layer-4"),
    "folded, lit": Study().with_(layers=24, select="source-3"),
    "plain, one": Study().with_(bottleneck=False, layers=1, in_channels=3, growth_rate=5),
}


@pytest.fixture(scope="module")
def sheet(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1000, "height": 700})
    yield page
    page.close()


def drawn_by_the_browser(sheet: Page, svg: str) -> Image.Image:
    """As an image in a page, which runs and loads nothing."""
    sheet.set_content('<body style="margin:0"><img style="display:block"></body>')
    sheet.evaluate(
        """async (svg) => {
             const image = document.querySelector("img");
             image.src = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
             await image.decode();
           }""",
        svg,
    )
    return Image.open(io.BytesIO(sheet.locator("img").screenshot())).convert("RGB")


def drawn_by_resvg(svg: str) -> Image.Image:
    return Image.open(io.BytesIO(rendered(svg, 1))).convert("RGB")


def without_words(svg: str) -> str:
    """Both have another font, so only the shapes can be the same."""
    return re.sub(r"<text.*?</text>", "", svg)


def apart(one: Image.Image, other: Image.Image) -> float:
    """The share of pixels that differ by more than edges do."""
    assert one.size == other.size
    grey = ImageChops.difference(one, other).convert("L")
    return sum(grey.histogram()[48:]) / (one.width * one.height)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=lambda palette: palette.name)
@pytest.mark.parametrize("name", STUDIES)
def test_both_draw_the_same_shapes(name: str, palette: Palette, sheet: Page) -> None:
    svg = without_words(svg_document(STUDIES[name], palette))
    assert apart(drawn_by_the_browser(sheet, svg), drawn_by_resvg(svg)) < 0.002


def test_a_shape_that_only_one_draws_is_seen(sheet: Page) -> None:
    svg = without_words(svg_document(Study()))
    less = svg.replace('class="slice copy"', 'class="slice copy" display="none"', 3)
    assert apart(drawn_by_the_browser(sheet, svg), drawn_by_resvg(less)) > 0.002


def test_words_have_ink_and_lie_within(sheet: Page) -> None:
    """Words darken their own places and nothing reaches the edge, in both."""
    for svg in (svg_document(Study()), svg_document(Study().with_(layers=64)), badge_document(Study())):
        for draw in (lambda text: drawn_by_the_browser(sheet, text), drawn_by_resvg):
            words = ImageChops.difference(draw(svg), draw(without_words(svg)))
            box = words.getbbox()
            assert box is not None and box[0] > 0 and box[1] > 0 and box[2] < words.width and box[3] < words.height
