"""What Streamlit's own elements on the page need: space between the parts, and ink for Graphviz in the dark."""

from __future__ import annotations

import streamlit as st

_CSS = """
<style>
.st-key-status { margin: 0 0 -6px; min-height: 20px; flex-wrap: nowrap; }
.st-key-status [data-testid="stButton"] { display: flex; } /* else a line box of its own, and a higher one */
.st-key-status [data-testid="stButton"] button { min-height: 20px; height: 20px; padding: 0; }
.st-key-status > :last-child:not(:first-child) { flex: none; width: auto; }
.st-key-inspector:not(:has([data-testid="stElementContainer"])) { display: none; }
.st-key-inspector { margin-bottom: 12px; }
.st-key-inspector-head { flex-wrap: nowrap; justify-content: space-between; }
.st-key-inspector-picture > :first-child { flex: none; width: auto; }
.st-key-picture-row { margin-bottom: -6px; flex-wrap: nowrap; }
[class*="st-key-section-"] { margin-top: 32px; contain-intrinsic-size: auto 500px; }
[class*="st-key-section-"] [data-testid="stHorizontalBlock"] { gap: 32px; }
[data-testid="stGraphVizChart"] svg :is(text, [fill="black"]) { fill: currentColor; }
[data-testid="stGraphVizChart"] svg [stroke="black"] { stroke: currentColor; }
@media (max-width: 760px) { :is(.st-key-picture-row, .st-key-inspector-picture) { flex-wrap: wrap; } }
</style>
"""

_RESTING = """
<style>
:is(.st-key-section-compare, .st-key-section-growth, .st-key-section-step, .st-key-section-reuse) {
  content-visibility: auto;
}
</style>
"""


def apply() -> None:
    """Puts the rules into the page."""
    st.html(_CSS)


def rest() -> None:
    """Lets the browser lay out and paint the charts out of sight when they come into sight, and not with every redraw.

    To be called when all of them have been laid out once: a browser remembers their size, so that nothing moves.
    """
    st.html(_RESTING)
