"""The one engine that all sessions share, from the server's start to its end.

It lives in Streamlit's resource cache and in a module of its own, so that editing a page while the
server runs does not replace it. ``st.App`` waits for whatever its lifespan awaits before it answers;
hence the engine starts in a thread and the page is up before the worker is.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st

from explorer.engine import Engine

_COLLECT_EVERY = 20.0  # seconds
#: Python's own collections are rarer than by default (700, 10, 10): a picture makes thousands of objects, none of them
#: in cycles, and every full look through all that is kept took a fifth of the time in which pictures are made.
_RARELY = (20_000, 20, 100)


@st.cache_resource(show_spinner=False)
def engine() -> Engine:
    """The shared engine, started on first use."""
    return Engine()


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    """Starts engine and garbage collector beside the server, and ends both with it."""
    del app
    stopping = threading.Event()
    starter = threading.Thread(target=engine, name="engine-start", daemon=True)
    starter.start()
    threading.Thread(target=_collect_garbage, args=(stopping,), name="garbage", daemon=True).start()
    try:
        yield
    finally:
        stopping.set()
        starter.join(timeout=2)
        if not starter.is_alive():
            engine().close()


def _collect_garbage(stopping: threading.Event) -> None:
    """Collects every few seconds in place of Streamlit's collection after every script run, and of most of Python's.

    A full collection after each run was the largest single cost of a redraw. What the imports made
    is set aside once, so that each later collection looks only at what sessions made.
    """
    gc.set_threshold(*_RARELY)
    stopping.wait(_COLLECT_EVERY)
    gc.collect()
    gc.freeze()
    while not stopping.wait(_COLLECT_EVERY):
        gc.collect()
