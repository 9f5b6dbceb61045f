"""The script that Streamlit runs for every page, and how it finds it."""

from __future__ import annotations

import sys
from pathlib import Path


def page_script() -> Path:
    """The path of ``frame.py``, whose folder is on the import path from now on.

    Streamlit puts that folder first for every run and takes it away afterwards. Python meanwhile walks the same list
    for an import in another thread, and passes over an entry when the list moves up: a package that is installed is
    then not found. A folder that is there already stays; it stands last, so that no file of ours hides a library.
    """
    path = Path(__file__).with_name("frame.py")
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    return path
