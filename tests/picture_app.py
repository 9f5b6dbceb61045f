"""A server for tests of the picture alone: the page in ``picture_page.py``, and the components' scripts."""

import streamlit as st

from explorer.web.routes import routes

app = st.App("picture_page.py", routes=routes())
