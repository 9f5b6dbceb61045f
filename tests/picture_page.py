"""A page for tests of the picture alone: the graph, a slider, the toggle, and what is selected."""

import streamlit as st

from explorer.codec import read_leniently
from explorer.theory import study_theory
from explorer.web.components.picture import concat_graph

st.set_page_config(layout="wide", initial_sidebar_state="expanded")
study = read_leniently(st.query_params.items()).study
st.sidebar.write("Dense Block")


def choose(value: str | None) -> None:
    st.session_state["chosen"] = value


drawing = st.segmented_control("Drawing", ["chain", "paper"], default="chain") or "chain"
growth_rate = st.slider("Growth rate", 1, 64, study.block.growth_rate)
study = study.with_(drawing=drawing, growth_rate=growth_rate)
study = study.with_(select=st.session_state.setdefault("chosen", study.view.select))
concat_graph(study_theory(study), key="picture", on_select=choose)
st.write(f"selected: {study.view.select or 'nothing'}")
