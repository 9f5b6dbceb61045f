"""The palette for components: CSS variables that follow the reader's theme by themselves.

Streamlit sets ``color-scheme`` with its theme, and ``light-dark()`` picks by it, so a theme switch
repaints HTML without a word from the server; the chart's script resolves the same variables.
"""

from __future__ import annotations

import re
from functools import lru_cache

from explorer.pictures.palette import DARK, FRAME_COLOURS, LIGHT

_SOURCE = re.compile(r"--(?:on-)?source-(\d+)")


def colours_for(text: str, layers: int) -> str:
    """Declarations of the frame's colours and of each source colour that ``text`` refers to."""
    return declarations(frozenset(int(source) for source in set(_SOURCE.findall(text))), layers)


@lru_cache(maxsize=256)
def declarations(sources: frozenset[int], layers: int) -> str:
    """``--ink:light-dark(…);…`` for the frame, and for ``sources`` of a block of ``layers`` Bottlenecks."""
    found = [f"--{name}:light-dark({getattr(LIGHT, name)},{getattr(DARK, name)});" for name in FRAME_COLOURS]
    for source in sorted(sources):
        for name, colour in (("source", "source"), ("on-source", "text_on")):
            light, dark = (getattr(palette, colour)(source, layers) for palette in (LIGHT, DARK))
            found.append(f"--{name}-{source}:light-dark({light},{dark});")
    return "".join(found)
