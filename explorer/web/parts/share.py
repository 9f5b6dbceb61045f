"""Share: texts to copy, and every format to download, all of what is seen now."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from urllib.parse import urlencode, urlsplit

import streamlit as st

from explorer import environment
from explorer.codec import to_query
from explorer.documents.share import Shared, shared
from explorer.language import _
from explorer.spec import SpecError, Study
from explorer.web import files
from explorer.web.components.panel import panel
from explorer.web.guard import LOOPBACK


def jump() -> str:
    """A button that brings the person here, for the head of a page."""
    return f'<button type="button" class="jump" data-jump="share">{escape(_("Share"))}</button>'


def share(study: Study, page: str = "") -> None:
    """The panel; ``page`` is the one that shows it."""
    base = files.base(st.context.url, page)
    downloads = _downloads(study, page) if page != "gradients" else ""
    panel("share", _copies(shared(study, base, page), study, base) + downloads, layers=study.block.layers)


def _copies(ways: tuple[Shared, ...], study: Study, base: str) -> str:
    rows = "".join(_row(way, study) for way in ways)
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in _notes(base))
    return f'<h3>{escape(_("Share"))}</h3><div class="share" role="list" data-part="share">{rows}</div>{notes}'


def _row(way: Shared, study: Study) -> str:
    picture = ""
    if way.name == "badge":
        query = urlencode(to_query(study) | {"theme": "auto"})
        picture = f'<img alt="" height="20" src="{escape(f"/badge.svg?{query}")}">'
    return (
        f'<div role="listitem" data-way="{way.name}"><p><b>{escape(way.label)}</b>{picture}'
        f'<span class="sub">{escape(way.line)}</span></p>{copied(way.text, way.label)}</div>'
    )


def copied(text: str, what: str) -> str:
    """``text``, and a button that copies it, which says ``what`` it is."""
    return f'<code tabindex="0">{escape(text)}</code>{copier(what)}'


def copier(what: str) -> str:
    """A button that copies the text of the ``code`` beside it and says ``what`` that is."""
    label = escape(_("Copy {what}").format(what=what))
    return (
        f'<button type="button" class="copier" data-copy data-done="{escape(_("Copied"))}" '
        f'data-failed="{escape(_("Ctrl+C"))}" aria-label="{label}">{escape(_("Copy"))}</button>'
    )


def _notes(base: str) -> Iterator[str]:
    """What would keep a shared text from working elsewhere."""
    if urlsplit(base).hostname in LOOPBACK:
        yield _("These addresses work on this machine alone; EXPLORER_PUBLIC_URL sets the one that others use.")
    try:
        framed = bool(environment.frame_ancestors())
    except SpecError:
        framed = False
    if not framed:
        yield _("No other site may frame this server’s pages until EXPLORER_FRAME_ANCESTORS names it.")


def _downloads(study: Study, page: str) -> str:
    links = "".join(
        f'<a href="{escape(files.address(file, study))}" download="{file.name}">'
        f"<b>.{file.format.name}</b><span>{escape(file.format.label)}</span></a>"
        for file in files.files(of_networks=page == "networks")
    )
    title = escape(_("Download"))
    return f'<h3>{title}</h3><nav class="files" aria-label="{escape(_("Files to download"))}">{links}</nav>'
