"""The explorer with a stand-in for its workers that answers at once, for tests of what a page does with answers."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import streamlit as st

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from page_answers import answer_for_page  # noqa: E402
from study_fakes import Instant  # noqa: E402

from explorer.web import engine_holder, faults, guard, routes  # noqa: E402

# Before a page takes it from there.
engine_holder.engine = cache(lambda: Instant(perform=answer_for_page))  # type: ignore[assignment]

from explorer.web import files, handout, script  # noqa: E402

faults.quiet_streamlit()
app = st.App(
    script.page_script(),
    routes=[*routes.routes(), *files.routes(), *handout.routes()],
    middleware=guard.middleware(),
    on_script_error=faults.script_failed,
)
