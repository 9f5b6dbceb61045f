"""What is on the first screen is sent first, and the browser gets the time to draw it.

Streamlit's front end takes what has arrived and draws all of it before it looks at anything else, so
controls and formulas that nobody is looking at would hold up the charts that a slider has just changed.
"""

from __future__ import annotations

import time

import streamlit as st

from explorer.web import link

DRAWING = 0.08  # seconds a browser takes for the first screen, about
_LOOK = 0.004  # seconds between two looks at whether something newer is to be drawn


def let_browser_draw() -> None:
    """Waits a little before the rest of the page is sent; a newer request ends the wait, and this run, at once."""
    end = time.monotonic() + DRAWING
    while time.monotonic() < end:
        time.sleep(_LOOK)
        _ = link.STUDY in st.session_state  # where Streamlit stops a run whose page is wanted anew
