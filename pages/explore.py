"""The Explore page: one Dense Block, drawn, counted and compared."""

from __future__ import annotations

import streamlit as st

from explorer.language import _
from explorer.study import findings
from explorer.web import waiting
from explorer.web.controls import drawing_toggle
from explorer.web.link import current_study

study = current_study()
states = waiting.measure(study)
found = findings(study, states)
block = study.block
st.title(
    _("{before} channels become {after}: {layers} Bottlenecks with growth rate {k}").format(
        before=block.in_channels, after=block.out_channels, layers=block.layers, k=block.growth_rate
    ),
    anchor=False,
)
drawing_toggle()
st.write(found.dense.parameters.stamp, found.waiting, found.dense.forward, found.device)
waiting.watch(states)
