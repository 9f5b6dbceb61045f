"""What the theme in ``.streamlit/config.toml`` cannot say: widths, and details of the sidebar's widgets."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache

import streamlit as st

SIDEBAR_WIDTH = 300  # px
MAIN_WIDTH = 980  # px, where the window has room
_PHONE = 768  # px up to which Streamlit folds the pages' names into the sidebar

_CSS = f"""
<style>
[data-testid="stMainBlockContainer"] {{
  max-width: {MAIN_WIDTH}px; padding: 3.6rem 0 3rem; width: calc(100% - 2.5rem); margin-inline: auto;
}}
[data-testid="stMain"] {{ font-feature-settings: "tnum"; }}

[data-testid="stApp"]:lang(zh) :is(p, h1, h2, h3, li) {{ text-wrap: pretty; }}

/* Streamlit fades out what the run under way has not sent yet. Each element would get a layer of its own for that, and
   the page be a tenth slower; that numbers are on their way is said where they stand. */
[data-testid="stElementContainer"][data-stale="true"] {{ opacity: 1 !important; transition: none !important; }}
.st-key-notice:not(:has([data-testid="stHtml"])) {{ display: none; }}
.st-key-notice {{ margin-top: 8px; }} /* its frame would lie under Streamlit's header */
.st-key-notice [data-testid="stHtml"] :is(p, ul) {{ margin: 0 0 .5rem; padding: 0; }}
.st-key-notice-said p {{ margin: 0; }}
.st-key-notice [data-testid="stHtml"] li {{ margin-left: 1.25rem; }}

/* The number stands in the box beside the slider: no need to say it, or the ends, again. */
[data-testid="stSidebar"] [data-testid="stSliderThumbValue"],
[data-testid="stSidebar"] [data-testid="stSliderTickBar"] {{ display: none; }}
[data-testid="stSidebar"] [data-testid="stNumberInputStepUp"],
[data-testid="stSidebar"] [data-testid="stNumberInputStepDown"] {{ display: none; }}

/* The name stands where Streamlit leaves an empty line for a logo; the button to close stays on top of it. */
[data-testid="stSidebarHeader"] {{ position: absolute; inset: 0 0 auto auto; pointer-events: none; z-index: 1; }}
[data-testid="stSidebarHeader"] > * {{ pointer-events: auto; }}
[data-testid="stSidebar"] [data-testid="stSidebarUserContent"] {{ padding: 1.1rem 0 2rem; }}

/* Help appears when it may be wanted: on the control under the pointer or in focus. */
@media (hover: hover) {{
  [data-testid="stSidebar"] [data-testid="stTooltipIcon"] {{ opacity: 0; transition: opacity .14s linear; }}
  [data-testid="stSidebar"] [data-testid="stElementContainer"]:hover [data-testid="stTooltipIcon"],
  [data-testid="stSidebar"] [data-testid="stElementContainer"]:focus-within [data-testid="stTooltipIcon"] {{
    opacity: 1;
  }}
}}
[data-testid="stSidebar"] [data-testid="stVerticalBlock"] {{ gap: .75rem; }}

/* Where there is no sidebar, the languages stand above the page's title; on a phone they are in the sidebar. */
.st-key-languages {{ align-items: end; margin: .75rem 0 -3.25rem; z-index: 1; }}
@media (max-width: {_PHONE}px) {{ .st-key-languages {{ display: none; }} }}

/* Controls of other pages, whose values stay in the address. */
.st-key-elsewhere {{ display: none; }}

@media (max-width: 640px) {{
  [data-testid="stMainBlockContainer"] {{ padding: 4rem 16px 3rem; width: 100%; }}
}}
</style>
"""

PRESENT_WIDTH, PRESENT_HEIGHT = 1010, 610  # px that headline and picture take at the page's own size
_LARGEST = 4.0
_SIDEBAR = ("stSidebar", "stExpandSidebarButton", "stSidebarCollapsedControl")


def apply() -> None:
    """Puts the style into the page."""
    st.html(_CSS)


def present() -> None:
    """Puts the presenter view's style into the page: nothing but the main part, as large as the window allows."""
    st.html(_present_css())


def present_lesson() -> None:
    """Puts the style of the lesson's presenter view into the page, whose sizes its own sheet has."""
    hidden = ", ".join(f'[data-testid="{name}"]' for name in (*_SIDEBAR, "stHeader", "stToolbar"))
    main = '[data-testid="stMainBlockContainer"]'
    rules = f"{hidden} {{ display: none !important; }} {main} {{ max-width: none; padding: 0; width: 100%; }}"
    st.html(f"<style>{rules}</style>")


def hide(names: Iterable[str]) -> None:
    """Puts the controls of the fields ``names`` out of sight; their values stay in the address."""
    keys = [
        selector
        for name in names
        for selector in (
            f".st-key-{name}",
            f'[class*="st-key-{name}_box_"]',
            *(f'[class*="st-key-{name}_{digit}"]' for digit in range(10)),
        )
    ]
    if keys:
        st.html(f"<style>{', '.join(keys)} {{ display: none !important; }}</style>")


def without_sidebar() -> None:
    """Hides the controls from a page that they change nothing on; they stay as they are for the others.

    Not on a phone, where Streamlit puts the ways to the other pages among them.
    """
    hidden = ", ".join(f'[data-testid="{name}"]' for name in _SIDEBAR)
    st.html(f"<style>@media (min-width: {_PHONE + 1}px) {{ {hidden} {{ display: none !important; }} }}</style>")


@cache
def _present_css() -> str:
    hidden = (*_SIDEBAR, "stHeader", "stToolbar")
    main = '[data-testid="stMainBlockContainer"]'
    steps = []
    for zoom in (1 + step / 50 for step in range(1, round((_LARGEST - 1) * 50) + 1)):
        room = (math.ceil(side * zoom) for side in (PRESENT_WIDTH, PRESENT_HEIGHT))
        fits = "(min-width: {}px) and (min-height: {}px)".format(*room)
        steps.append(f"@media {fits} {{ {main} {{ zoom: {zoom:.2f}; --zoom: {zoom:.2f}; }} }}")
    return (
        "<style>"
        + ", ".join(f'[data-testid="{name}"]' for name in hidden)
        + " { display: none !important; }\n"
        + f"{main} {{ padding-top: .75rem; }}\n"
        # No tile looks in at the lower edge: they begin where the screen ends, a scroll away.
        + ".st-key-stage { min-height: calc(100vh / var(--zoom, 1) - .75rem); }\n"
        + "\n".join(steps)
        + "</style>"
    )
