"""The Gradients page: what adding and concatenating do to the gradient of a deep stack, measured."""

from __future__ import annotations

import streamlit as st

from explorer.study import gradients_findings
from explorer.web import link, pace, waiting
from explorer.web.parts import gradients, spacing
from explorer.web.parts.head import section
from explorer.web.parts.share import share

study = link.current_study()
states = gradients.follow(study)
found = gradients_findings(study, states)
spacing.apply()
gradients.head(found)
gradients.fan(found)
gradients.show_cards(found)
with section("edges"):
    gradients.edges(found)
pace.let_others()
with section("cut"):
    left, right = st.columns(2, gap="medium")
    with left:
        gradients.cut(found)
    with right:
        gradients.depth(found)
with section("settings"):
    gradients.table(found)
with section("verdicts"):
    gradients.verdicts(found)
with section("share"):
    share(study, "gradients")

waiting.watch(states)
