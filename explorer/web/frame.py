"""The script that Streamlit runs for every page: style, sidebar, notices, then the page itself."""

from __future__ import annotations

import streamlit as st

from explorer.language import _
from explorer.place import HOME
from explorer.web import controls, link, notice, own_module, pace, style

PAGES = HOME / "pages"

link.speak()
link.carry()
st.set_page_config(
    page_title=_("Dense Block Explorer"),
    layout="wide",
    initial_sidebar_state="collapsed" if st.context.is_embedded else style.SIDEBAR_WIDTH,
    # With an entry of its own the menu is there, and in it the switch between light and dark.
    menu_items={"About": _("A DenseNet block, built and run as you move its sliders. Every number is counted.")},
)
pages = [
    st.Page(PAGES / "explore.py", title=_("Explore"), default=True),
    st.Page(PAGES / "memory.py", title=_("Memory"), url_path="memory"),
    st.Page(PAGES / "gradients.py", title=_("Gradients"), url_path="gradients"),
    st.Page(PAGES / "networks.py", title=_("Networks"), url_path="networks"),
    st.Page(PAGES / "lesson.py", title=_("Lesson"), url_path="lesson"),
    st.Page(PAGES / "gallery.py", title=_("Gallery"), url_path="gallery"),
]
if own_module.runner() is not None:  # the server was started with a module of a person's own
    pages.append(st.Page(PAGES / "module.py", title=_("Module"), url_path="module"))
page = st.navigation(
    pages,
    position="hidden" if st.context.is_embedded else "top",  # in somebody else's page, without our own frame
)
style.apply()
with pace.in_turn():
    controls.name()  # so that the sidebar has its place from the start
    study = link.resolve(page.url_path)
    notice.show(st.session_state[link.PROBLEMS])
    page.run()
    controls.sidebar(study, page.url_path)  # after the page: what it shows, the person has just set
    link.drawn()
