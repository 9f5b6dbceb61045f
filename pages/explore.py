"""The Explore page: one Dense Block, drawn, counted and compared."""

from __future__ import annotations

import streamlit as st

from explorer.language import _
from explorer.web.controls import drawing_toggle
from explorer.web.link import current_study

study = current_study()
block = study.block
st.title(
    _("{before} channels become {after}: {layers} Bottlenecks with growth rate {k}").format(
        before=block.in_channels, after=block.out_channels, layers=block.layers, k=block.growth_rate
    ),
    anchor=False,
)
drawing_toggle()
