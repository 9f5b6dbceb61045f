"""A fault of ours, told in one line in the terminal and one sentence on the page.

``EXPLORER_DEBUG=1`` prints the tracebacks, for whoever is to mend it.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

import streamlit as st
from streamlit.runtime.scriptrunner import RerunData, get_script_run_ctx

from explorer.language import _

_log = logging.getLogger("explorer")
_REPLACED = (
    "The fragment with id %s does not exist anymore - it might have been removed during a preceding full-app rerun."
)


def place(fault: BaseException) -> str:
    """Kind, file and line of ``fault``, such as ``TypeError (tiles.py:75)``."""
    trace = fault.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    where = f" ({Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno})" if trace else ""
    return f"{type(fault).__name__}{where}"


def report(what: str, fault: BaseException) -> None:
    """Prints one line that says ``what`` failed, and where."""
    _log.error("%s failed: %s", what, place(fault), exc_info=fault if _debugging() else None)


def script_failed(fault: Exception) -> bool:
    """What ``st.App`` calls when a page's script fails; True: nothing else needs to be shown."""
    if _is_streamlits_race(fault) and _run_again():
        return True
    report("A page", fault)
    st.error(_("This part of the page could not be drawn; the server's terminal names the place. Reload to try again."))
    return True


def _is_streamlits_race(fault: BaseException) -> bool:
    """Whether Streamlit met one session's state in two threads: the run that ends and the one that begins.

    Seen once in some hundred fast changes; nothing of ours is wrong then, and drawing anew mends it.
    """
    trace = fault.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    there = trace is not None and Path(trace.tb_frame.f_code.co_filename).name == "session_state.py"
    return isinstance(fault, RuntimeError) and there and "changed size during iteration" in str(fault)


def _run_again() -> bool:
    """Asks for another run of this page; False where nobody can be asked."""
    context = get_script_run_ctx()
    if context is None or context.script_requests is None:
        return False
    return context.script_requests.request_rerun(
        RerunData(query_string=context.query_string, page_script_hash=context.page_script_hash)
    )


def quiet_streamlit() -> None:
    """Keeps Streamlit from printing what helps nobody who reads the terminal.

    These are tracebacks (a page's before it calls :func:`script_failed`, a websocket's ever), and the line about a
    fragment that a redraw of its page has just replaced.
    """
    for name, rule in (
        ("streamlit.error_util", _print_ours),
        ("streamlit.web.server.starlette.starlette_websocket", _shorten),
        ("streamlit.runtime.app_session", _leave_out_replaced_fragments),
    ):
        logger = logging.getLogger(name)
        if rule not in logger.filters:
            logger.addFilter(rule)


def _shorten(record: logging.LogRecord) -> bool:
    """Leaves the line and drops its traceback: whoever sends us rubbish must not fill the terminal."""
    if not _debugging():
        record.exc_info = None
    return True


def _print_ours(record: logging.LogRecord) -> bool:
    return _debugging() or not record.exc_info


def _leave_out_replaced_fragments(record: logging.LogRecord) -> bool:
    """A page that polls asks now and then for a fragment which is gone by then: nothing is wrong."""
    return _debugging() or record.msg != _REPLACED


def _debugging() -> bool:
    return os.environ.get("EXPLORER_DEBUG", "") not in ("", "0")
