"""Who draws when: one page at a time, and what is on the first screen first, one's own and others'.

Python runs one thread at a time. Fifty pages drawn at once would all be done after the time of fifty;
one after the other they are done after half of that on average, and so many threads also hinder each
other (measured with fifty people, each with new blocks: a median of 0.15 s in place of 1.6 s).

Streamlit's front end takes what has arrived and draws all of it before it looks at anything else, so
controls and formulas that nobody is looking at would hold up the charts that a slider has just changed.
They are sent when a browser has had the time to draw the rest.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import streamlit as st

from explorer.web import link

DRAWING, DRAWING_LAYER = 0.2, 0.004  # seconds a browser takes for the charts, about, and more for each Bottleneck
LONGEST = 2.0  # seconds after which a page is drawn without its turn: one that hangs must not stop all others
_LOOK = 0.004  # seconds between two looks at whether something newer is to be drawn


@contextmanager
def in_turn() -> Iterator[None]:
    """Draws a page, within, when no other page is being drawn."""
    turn = _Turn(_desk())
    turn.take(first_screen=True)
    token = _turn.set(turn)
    try:
        yield
    finally:
        _turn.reset(token)
        turn.give()


def let_others() -> None:
    """Lets the first screens of other pages go before the rest of this one.

    To be called within :func:`in_turn`.
    """
    turn = _turn.get()
    turn.give()
    turn.take(first_screen=False)


def let_browser_draw(layers: int) -> None:
    """Waits a little before the rest of the page is sent; a newer request ends the wait, and this run, at once.

    To be called within :func:`in_turn`, for a block of ``layers`` Bottlenecks.
    """
    turn = _turn.get()
    turn.give()
    try:
        end = time.monotonic() + DRAWING + layers * DRAWING_LAYER
        while time.monotonic() < end:
            time.sleep(_LOOK)
            _ = link.STUDY in st.session_state  # where Streamlit stops a run whose page is wanted anew
    finally:
        turn.take(first_screen=False)


class Desk:
    """Where one page is drawn at a time: first screens before the rest of others, and else as they came."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._busy = False
        self._waiting: tuple[deque[threading.Event], deque[threading.Event]] = (deque(), deque())

    def take(self, first_screen: bool, timeout: float = LONGEST) -> bool:
        """Waits for the desk; False where it did not come free within ``timeout`` seconds."""
        queue, called = self._waiting[0 if first_screen else 1], threading.Event()
        with self._lock:
            if not self._busy:
                self._busy = True
                return True
            queue.append(called)
        if called.wait(timeout):
            return True
        with self._lock:
            if called.is_set():  # just now
                return True
            queue.remove(called)
            return False

    def give(self) -> None:
        """Hands the desk on. To be called by who has it."""
        with self._lock:
            for queue in self._waiting:
                if queue:
                    queue.popleft().set()
                    return
            self._busy = False


class _Turn:
    """One run's place at the desk; used by its thread alone."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._held = False

    def take(self, first_screen: bool) -> None:
        self._held = self._desk.take(first_screen)

    def give(self) -> None:
        if self._held:
            self._held = False
            self._desk.give()


_turn: ContextVar[_Turn] = ContextVar("turn")


@st.cache_resource(show_spinner=False)
def _desk() -> Desk:
    """One for all sessions."""
    return Desk()
