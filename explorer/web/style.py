"""What the theme in ``.streamlit/config.toml`` cannot say: widths, and details of the sidebar's widgets."""

from __future__ import annotations

import streamlit as st

SIDEBAR_WIDTH = 300  # px
MAIN_WIDTH = 980  # px, where the window has room

_CSS = f"""
<style>
[data-testid="stMainBlockContainer"] {{
  max-width: {MAIN_WIDTH}px; padding: 4.25rem 0 3rem; width: calc(100% - 4.5rem); margin-inline: auto;
}}
[data-testid="stMain"] {{ font-feature-settings: "tnum"; }}
.st-key-notice:not(:has([data-testid="stMarkdown"])) {{ display: none; }}

/* The number stands in the box beside the slider: no need to say it, or the ends, again. */
[data-testid="stSidebar"] [data-testid="stSliderThumbValue"],
[data-testid="stSidebar"] [data-testid="stSliderTickBar"] {{ display: none; }}
[data-testid="stSidebar"] [data-testid="stNumberInputStepUp"],
[data-testid="stSidebar"] [data-testid="stNumberInputStepDown"] {{ display: none; }}
[data-testid="stSidebar"] [data-testid="stSidebarUserContent"] {{ padding-bottom: 2rem; }}
[data-testid="stSidebar"] [data-testid="stVerticalBlock"] {{ gap: .75rem; }}

@media (max-width: 640px) {{
  [data-testid="stMainBlockContainer"] {{ padding: 4rem 16px 3rem; width: 100%; }}
}}
</style>
"""


def apply() -> None:
    """Puts the style into the page."""
    st.html(_CSS)
