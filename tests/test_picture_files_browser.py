"""A block's picture shown by another site's page, as documents and slides show it."""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.sync_api import Browser

from explorer.bench.server import Server
from explorer.pictures.palette import DARK, LIGHT

# The colour of the picture's upper left corner; a canvas tells it only if the picture may be read.
CORNER = """async (address) => {
  const picture = new Image();
  picture.crossOrigin = "anonymous";
  picture.src = address;
  await picture.decode();
  const pen = Object.assign(document.createElement("canvas"), { width: 9, height: 9 }).getContext("2d");
  pen.drawImage(picture, 0, 0);
  return "#" + [...pen.getImageData(2, 2, 1, 1).data].slice(0, 3).map((n) => n.toString(16).padStart(2, "0")).join("");
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_another_sites_page_shows_the_picture_in_its_theme(
    browser: Browser, instant: Server, scheme: Literal["light", "dark"]
) -> None:
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    own = {"light": LIGHT, "dark": DARK}
    for theme in ("light", "dark", "auto"):
        ground = own[scheme if theme == "auto" else theme].background
        assert page.evaluate(CORNER, f"{instant.address}/block.svg?layers=3&theme={theme}") == ground.lower()
    context.close()
