"""The Memory page: where the bytes of a training step go, why, and what each way to write the block costs."""

from __future__ import annotations

import streamlit as st

from explorer.study import memory_findings
from explorer.web import link, pace, waiting
from explorer.web.parts import spacing
from explorer.web.parts.head import section
from explorer.web.parts.memory import below, charts, course, head, jobs
from explorer.web.parts.share import share

study = link.current_study()
states = jobs.follow(study)
found = memory_findings(study, states)
spacing.apply()
head.head(found)
with course.row(found):
    course.colours()
course.course(found)
head.show_cards(found)
with section("frontier"):
    left, right = st.columns(2, gap="medium")
    with left:
        charts.show_frontier(found)
    with right:
        charts.show_growth(found)

with section("plan"):
    below.show_plan(found)
pace.let_others()
with section("copies"):
    left, right = st.columns(2, gap="medium")
    with left:
        below.show_copies(found)
    with right:
        below.show_forms(found)
with section("inference"):
    below.show_inference(found)
with section("counted"):
    below.show_counted(found)
with section("share"):
    share(study, "memory")

waiting.watch(states)
