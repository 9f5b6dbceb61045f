"""The explorer's web server. Start it with ``python -m streamlit run app.py``."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from explorer import web
from explorer.web import files, handout, openapi, routes
from explorer.web.engine_holder import lifespan
from explorer.web.faults import quiet_streamlit, script_failed
from explorer.web.guard import middleware

quiet_streamlit()
app = st.App(
    Path(web.__file__).with_name("frame.py"),  # beside this file, or in an installed package
    lifespan=lifespan,
    routes=[*routes.routes(), *files.routes(), *handout.routes(), *openapi.routes()],
    middleware=middleware(files.refusal),
    on_script_error=script_failed,
)
