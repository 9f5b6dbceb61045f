"""The Explore page: one Dense Block, drawn, counted and compared."""

from __future__ import annotations

import streamlit as st

from explorer.study import findings
from explorer.web import link, pace, waiting
from explorer.web.controls import drawing_toggle
from explorer.web.parts import charts, compare, head, inspector, matrix, numbers, present, spacing, take

study = link.current_study()
states = waiting.measure(study, () if study.view.present else (*inspector.looks(study), *matrix.looks(study)))
found = findings(study, states)

if study.view.present:
    present.present(found)
else:
    spacing.apply()
    head.head(found, states)
    with head.picture_row(study):
        drawing_toggle()
    present.picture(found)
    inspector.inspect(found, states)
    numbers.show_tiles(found)

    with head.section("compare"):
        compare.compare(found.theory, picture="picture")
    with head.section("growth"):
        left, right = st.columns(2, gap="medium")
        with left:
            charts.channels(found.theory)
        with right:
            charts.parameters(found.theory)
    pace.let_others()
    with head.section("step"):
        charts.memory(found)
    with head.section("reuse"):
        matrix.show_matrix(found, states)
    pace.let_browser_draw(study.block.layers)
    spacing.rest()
    with head.section("meaning"):
        numbers.show_formulas(found)
    with head.section("module-table"):
        numbers.show_modules(found)
    with head.section("take"):
        take.take(found)
        take.plain_view(found)

waiting.watch(states)
