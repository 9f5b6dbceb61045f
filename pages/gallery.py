"""The Gallery page: blocks worth seeing, as ``gallery.md`` beside this file shows them."""

from __future__ import annotations

from pathlib import Path

from explorer.language import language
from explorer.web import controls
from explorer.web.parts import spacing
from explorer.web.parts.gallery import gallery

controls.without_sidebar()
spacing.apply()
document = Path(__file__).with_suffix(".md")
spoken = document.with_suffix(f".{language()}.md")  # a document of its own in another language than English
gallery(spoken if spoken.is_file() else document)
