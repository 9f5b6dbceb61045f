"""The explorer's web server. Start it with ``python -m streamlit run app.py``."""

from __future__ import annotations

import streamlit as st

from explorer.web import files, handout, openapi, routes
from explorer.web.engine_holder import lifespan
from explorer.web.faults import quiet_streamlit, script_failed
from explorer.web.guard import middleware
from explorer.web.script import page_script

quiet_streamlit()
app = st.App(
    page_script(),
    lifespan=lifespan,
    routes=[*routes.routes(), *files.routes(), *handout.routes(), *openapi.routes()],
    middleware=middleware(files.refusal),
    on_script_error=script_failed,
)
