"""What a browser will need, told along with the page, so that it need not find out piece by piece.

Streamlit's page loads the code of a widget when the first one of its kind is to be drawn, and that
code asks for more; our charts load Plotly when they are first drawn. Each round costs as much as the
whole page otherwise takes. A ``Link`` header names all of it at once.
"""

from __future__ import annotations

import re
from pathlib import Path

from explorer.web.components.scripts import NAMES, script

#: The chunks of Streamlit's front end that draw what our pages consist of.
CHUNKS = ("BidiComponent", "Html", "Slider", "NumberInput", "Selectbox", "ButtonGroup", "Checkbox", "Button")
_IMPORTED = re.compile(r'(?:from|import)"\./([\w.-]+\.js)"')


def link_header(static: Path, plotly: str) -> str:
    """The header's value.

    Args:
        static: Streamlit's folder of files for the browser, with ``index.html``.
        plotly: the address of Plotly's script.
    """
    scripts = [f"/static/js/{name}" for name in chunks(static)]
    ours = [script(name).address for name in NAMES]
    modules = [f"<{address}>; rel=modulepreload; fetchpriority=low" for address in (*ours, *scripts)]
    return ", ".join([*modules, f"<{plotly}>; rel=preload; as=script; fetchpriority=low"])


def chunks(static: Path) -> list[str]:
    """Files of :data:`CHUNKS` and of all that they import, without what ``index.html`` names itself.

    What another version of Streamlit does not have is left out; the browser finds out by itself then.
    """
    folder = static / "static" / "js"
    known = set(re.findall(r"static/js/([\w.-]+\.js)", (static / "index.html").read_text(encoding="utf-8")))
    found: list[str] = []
    wanted = [path.name for kind in CHUNKS for path in sorted(folder.glob(f"{kind}.*.js"))]
    while wanted:
        name = wanted.pop(0)
        if name in known or not (folder / name).is_file():
            continue
        known.add(name)
        found.append(name)
        wanted += _IMPORTED.findall((folder / name).read_text(encoding="utf-8"))
    return found
