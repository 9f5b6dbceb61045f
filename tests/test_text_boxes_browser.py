"""The picture as the page shows it: no text overlaps another, is cut, or lies under the strip.

The component's own script draws it, with its links, its strip and its rooms, in an empty page: no server. The
drawings as files are measured in ``test_picture_browser.py``.
"""

from __future__ import annotations

import pytest
from browser import complaints
from playwright.sync_api import Browser
from test_picture_browser import SETTINGS, source_sans

from explorer.pictures.layout import folding
from explorer.pictures.moving import markup
from explorer.pictures.moving.drawings import DRAWINGS
from explorer.spec import Drawing, Study
from explorer.theory import study_theory
from explorer.web.components.picture import picture_data
from explorer.web.components.scripts import script

#: The page's main column on a desk and on a phone, px.
WIDE, PHONE = 980, 358

# Draws one block and measures, first in the page's font and then in the browser's own.
DRAW = """async ([data, width]) => {
  const frame = document.getElementById("frame"), root = frame.querySelector(".dbe-picture");
  frame.style.width = `${width}px`;
  window.end?.();
  root.querySelector(".drawing").replaceChildren();
  window.end = window.draw({ parentElement: frame, data, setTriggerValue() {}, setStateValue() {} });
  while (!root.querySelector(".drawing svg text")) await new Promise((done) => setTimeout(done, 2));
  const shared = (a, b) => [Math.min(a.right, b.right) - Math.max(a.left, b.left),
                            Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)];
  const found = [];
  let boxes = 0;
  const measure = (font) => {
    const room = root.querySelector(".drawing svg").getBoundingClientRect();
    const all = (selector) => [...root.querySelectorAll(selector)];
    const texts = all(".drawing svg text").map((e) => [e.textContent, e.getBoundingClientRect()]);
    const said = all(".strip :is(pre, p, .formula, b, span)").filter((e) => e.textContent.trim());
    const strip = said.map((e) => {
      const range = document.createRange();
      range.selectNodeContents(e);
      return [e.textContent, range.getBoundingClientRect()];
    }).filter(([, box]) => box.width);
    boxes += texts.length + strip.length;
    texts.forEach(([text, box], i) => {
      if (!box.width) found.push(`${font}: ${text} is empty`);
      const out = Math.max(room.left - box.left, box.right - room.right, room.top - box.top, box.bottom - room.bottom);
      if (out > 1.5) found.push(`${font}: ${text} is cut`);
      for (const [other, its] of texts.slice(i + 1)) {
        const [w, h] = shared(box, its);
        if (w > 1.5 && h > 5) found.push(`${font}: ${text} over ${other}`);
      }
      for (const [other, its] of strip) {
        const [w, h] = shared(box, its);
        if (w > 1 && h > 3) found.push(`${font}: the strip's "${other.slice(0, 30)}" over ${text}`);
      }
    });
    const frameBox = root.getBoundingClientRect();
    for (const [text, box] of strip)
      if (!said.some((e) => e.textContent === text && e.closest("pre, .steps")) && box.right > frameBox.right + 1.5)
        found.push(`${font}: the strip's "${text.slice(0, 30)}" is cut`);
  };
  document.documentElement.className = "";
  measure("page");
  document.documentElement.className = "fallback";
  measure("fallback");
  return { found, boxes };
}"""


@pytest.mark.parametrize("drawing", ["chain", "paper"])
def test_no_text_overlaps_or_is_cut_on_the_page(browser: Browser, drawing: Drawing) -> None:
    page = browser.new_page(viewport={"width": 1100, "height": 900}, reduced_motion="reduce")
    look = "body { font-family: 'Source Sans', sans-serif } .fallback * { font-family: sans-serif !important }"
    with complaints(page) as complained:
        page.set_content(f"{source_sans()}<style>{look}</style><div id=frame>{markup()}</div>")
        module = script("picture").text.replace("export default function mount", "window.draw = function", 1)
        page.add_script_tag(content=module, type="module")
        page.evaluate("document.fonts.load('13px \"Source Sans\"')")
        bad, boxes, drawn = [], 0, 0
        for c0, k, layers in SETTINGS:
            for width, room in ((WIDE, DRAWINGS[0]), (PHONE, DRAWINGS[-1])):
                for unfolded in (False, True) if folding(layers, *room) else (False,):
                    study = Study().with_(in_channels=c0, growth_rate=k, layers=layers, drawing=drawing)
                    data = picture_data(study_theory(study), unfolded) | {"turn": drawn}
                    result = page.evaluate(DRAW, [data, width])
                    which = f"{c0} {k} {layers} {width} unfolded={unfolded}"
                    bad += [f"{which} {text}" for text in result["found"]]
                    boxes += result["boxes"]
                    drawn += 1
    page.close()
    print(drawn, "drawings", boxes, "boxes")
    assert not complained
    assert drawn >= 2 * len(SETTINGS) and boxes > 2000
    assert not bad, f"{len(bad)} in {drawn} drawings, the first: {bad[:8]}"
