"""A chart with its title and reading line: a Plotly figure that redraws in place, in the reader's theme.

Plotly's script is loaded once from our own server. With the same ``key`` a chart keeps its place and
its zoom; its height is fixed, so that nothing below moves while it waits or redraws. Hover on a source
travels to the other pictures as the DOM event ``dbe-source`` (``detail.source``: a number, or null).
"""

from __future__ import annotations

import json
from pathlib import Path

import streamlit as st

from explorer.language import _
from explorer.pictures.figure_frame import Figure
from explorer.spec import selection
from explorer.web.components.colours import colours_for, declarations
from explorer.web.components.scripts import script
from explorer.web.components.turns import sent
from explorer.web.routes import plotly_url

_HERE = Path(__file__).parent
_component = st.components.v2.component(
    "dense_block_explorer.chart",
    html=(_HERE / "chart.html").read_text(encoding="utf-8"),
    js=script("chart").importing,
    isolate_styles=False,  # Plotly keeps its own style sheet in the document
)


def written(figure: Figure) -> str:
    """``figure`` as :func:`chart` takes it: as text, which can be kept."""
    return json.dumps(figure, separators=(",", ":"), ensure_ascii=False)


def chart(
    key: str,
    title: str,
    line: str,
    figure: str | None,
    *,
    layers: int,
    height: int,
    message: str = "",
    busy: bool = False,
    select: str | None = None,
) -> None:
    """Shows ``figure`` under its title.

    Args:
        key: keeps the chart's place from run to run.
        title: the finding.
        line: how to read it.
        figure: what :mod:`explorer.pictures.figures` made with the palette ``TOKENS``, :func:`written`; None shows
            ``message``.
        layers: Bottlenecks of the block, which decide the source colours.
        height: px, the same with and without a figure.
        message: said in the figure's place while there is none.
        busy: whether the figure is on its way.
        select: what the view selects; its source stays lit while nothing is pointed at.
    """
    text = figure or ""
    _component(
        key=key,
        data=sent(
            key,
            {
                "title": title,
                "line": line,
                "figure": text,
                "message": message,
                "fault": _("This chart could not be drawn."),
                "busy": busy,
                "height": height,
                "colours": declarations(frozenset(), layers),
                "palette": colours_for(text, layers),
                "plotly": plotly_url(),
                "source": selection(select).source,
            },
            (title, line, text, message, busy, layers, select),
        ),
    )
