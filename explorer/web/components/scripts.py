"""The components' scripts and styles, which a browser loads once.

Streamlit sends a component's JavaScript and CSS along with every redraw of every element, some 200 kB
a slider step here. So what it gets is one line, which imports the script from a route of ours; the
address bears the script's hash, so a browser keeps it until it changes.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from explorer.pictures import moving
from explorer.pictures.network_svg import network_style
from explorer.pictures.palette import TOKENS
from explorer.pictures.residual_svg import residual_style
from explorer.pictures.svg import style
from explorer.pictures.tables import numbers_sheet

_HERE = Path(__file__).parent
FOLDER = "/script"
#: Component → its scripts, which are served as one; those that others need too lie in a lower room.
_SCRIPTS: dict[str, tuple[str | Path, ...]] = {
    "panel": ("panel.js", "grid.js", "maps.js", "copy.js", moving.DRAWN),
    "chart": ("chart.js", moving.THEME, moving.DRAWN),
    "picture": moving.SCRIPTS,
    "timeline": ("course.js", "chart.js", "maps.js", "timeline.js", moving.DRAWN),
    "lesson": ("lesson.js", moving.DRAWN),
    "residual": (*moving.FRAMED, "residual.js"),
}
NAMES = tuple(_SCRIPTS)
# One promise for all elements of a kind, and a new try after one that failed. While the script loads, Streamlit may
# pass a call with another one, even with the same data, may make the newer call first, and ends the older by calling
# what it returned, which must not end what the newer one shows. So only what has left the page is ended.
_IMPORT = """
let script;
export default async (element) => {
  script ??= import(new URL("%s", location.origin).href);
  try {
    const end = (await script).default(element);
    return () => setTimeout(() => element.parentElement.isConnected || end());
  } catch (fault) {
    script = undefined;
    throw fault;
  }
};
"""
_STYLE = """const sheet = new CSSStyleSheet();
sheet.replaceSync(%s);
"""


@dataclass(frozen=True)
class Script:
    """A component's script as it is served: its text and its address."""

    text: str
    address: str

    @property
    def importing(self) -> str:
        """The script that Streamlit is given in its place."""
        return _IMPORT % self.address


@cache
def script(name: str) -> Script:
    """The script of component ``name``, one of :data:`NAMES`; it finds its style as the ``sheet`` to adopt.

    Raises:
        KeyError: there is no such component.
    """
    sheet = "".join(_text(name, file.name) for file in sorted((_HERE / name).glob("*.css")))
    if name == "panel":
        sheet += numbers_sheet() + style(TOKENS, ".net") + style(TOKENS, ".heat") + network_style(TOKENS)
    if name == "picture":
        sheet = moving.sheet()
    if name == "residual":
        sheet = style(TOKENS, ".dbe-residual .concat") + residual_style(TOKENS, ".dbe-residual .concat") + sheet
    text = "\n".join([_STYLE % json.dumps(sheet), *(_text(name, file) for file in _SCRIPTS[name])])
    mark = hashlib.sha256(text.encode()).hexdigest()[:12]
    return Script(text, f"{FOLDER}/{name}.js?v={mark}")


def _text(name: str, file: str | Path) -> str:
    """Of component ``name``; a path of its own is taken as it is."""
    return (_HERE / name / file).read_text(encoding="utf-8")
