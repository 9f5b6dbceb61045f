"""The Gallery page: blocks worth seeing, as ``gallery.md`` beside this file shows them."""

from __future__ import annotations

from pathlib import Path

from explorer.web import controls
from explorer.web.parts import spacing
from explorer.web.parts.gallery import gallery

controls.without_sidebar()
spacing.apply()
gallery(Path(__file__).with_suffix(".md"))
