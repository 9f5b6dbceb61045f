"""Small texts kept as files that a person can review. GOLDEN_OVERWRITE=1 writes them anew."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).with_name("golden")


def golden(name: str, text: str) -> str:
    """What file ``name`` holds, to be compared with ``text``; ``text`` itself where it was just written.

    Raises:
        FileNotFoundError: there is no such file yet.
    """
    path = FOLDER / name
    if os.environ.get("GOLDEN_OVERWRITE") == "1":
        FOLDER.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return path.read_text(encoding="utf-8")
