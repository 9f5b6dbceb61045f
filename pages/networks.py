"""The Networks page: whole DenseNets and ResNets side by side, and the honest answer to "fewer parameters"."""

from __future__ import annotations

import streamlit as st

from explorer.study import networks_findings
from explorer.web import link, pace, waiting
from explorer.web.parts import heat, networks, spacing
from explorer.web.parts.head import section
from explorer.web.parts.share import share

study = link.current_study()
states = networks.follow(study)
found = networks_findings(study, states)
spacing.apply()
networks.head(found)
networks.picture(found)
networks.show_cards(found)
with section("claim"):
    networks.show_claim(found)
with section("blocks"):
    networks.show_blocks(found)
pace.let_others()
with section("accuracy"):
    left, right = st.columns(2, gap="medium")
    with left:
        networks.show_accuracy(found)
    with right:
        networks.show_depth(found)
with section("heat"):
    heat.show(found, states)
with section("stages"):
    networks.show_table(found)
with section("share"):
    share(study, "networks")

waiting.watch(states)
