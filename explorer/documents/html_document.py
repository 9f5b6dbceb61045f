"""A Study as one HTML file that needs nothing else: the moving graph, every number, and the Study itself.

It loads nothing and sends nothing, which its content policy holds it to; it works from a disk, on paper
and, with the drawing at rest, where no script runs. The same Study, findings and link give the same bytes
in every process (two builds of zlib may pack the drawings differently).
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from functools import cache
from html import escape
from html.parser import HTMLParser
from pathlib import Path

from explorer.codec import from_json, to_json
from explorer.documents import html_picture
from explorer.documents.html_tables import compare_table, layers_table
from explorer.findings import Findings
from explorer.language import TAGS, _, language
from explorer.pictures import moving
from explorer.pictures.captions import graph_title
from explorer.pictures.formulas import formulas
from explorer.pictures.palette import themed_variables
from explorer.pictures.svg import family
from explorer.pictures.tables import numbers_sheet
from explorer.pictures.tiles import fairness, tiles
from explorer.pictures.words import block_words, headline, input_words, where, why
from explorer.spec import SpecError, Study
from explorer.version import VERSION

UNFOLDED = 32  # Bottlenecks: longer blocks are shown folded alone, for their file would pass 400 kB otherwise
_STUDY = "study"


def html_document(found: Findings, link: str) -> str:
    """The document.

    Args:
        found: what it tells. What is still being counted is told as not counted.
        link: of the live page.
    """
    return _document(replace(found, waiting=()), link, unfolded=found.study.block.layers <= UNFOLDED)


def content_policy() -> str:
    """What a document may do: run its one script. Whoever serves it sends this along."""
    return (
        f"default-src 'none'; script-src '{html_picture.script_hash()}'; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'"
    )


def study_of(html: str) -> Study:
    """The Study of an HTML document that the explorer wrote.

    Raises:
        SpecError: there is none in it, more than one, or one that is not allowed.
    """
    reader = _Reader()
    with contextlib.suppress(AssertionError):  # what it makes of "<![x"; nothing of ours comes behind that
        reader.feed(html)
        reader.close()
    if len(reader.found) != 1:
        raise SpecError("document", html, _("an HTML file that the explorer wrote, with one Study in it"))
    try:
        data = json.loads(reader.found[0])
    except (ValueError, RecursionError):
        raise SpecError(_STUDY, reader.found[0], _("the JSON that the explorer wrote")) from None
    return from_json(data)


class _Reader(HTMLParser):
    """Collects what stands in a document's scripts of JSON that hold a Study."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._within = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._within = tag == "script" and given.get("id") == _STUDY and given.get("type") == "application/json"
        if self._within:
            self.found.append("")

    def handle_endtag(self, tag: str) -> None:
        self._within = False

    def handle_data(self, data: str) -> None:
        if self._within:
            self.found[-1] += data


# --- its parts ------------------------------------------------------------------------------------------


def _document(found: Findings, link: str, unfolded: bool) -> str:
    study = found.study
    return f"""<!DOCTYPE html>
<html lang="{TAGS[language()]}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{content_policy()}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="Dense Block Explorer {VERSION}">
<title>{escape(headline(found))}</title>
<style>{_colours(study.block.layers)}{_sheet()}</style>
</head>
<body>
<main>
{_head(found)}
<section class="graph">
<div class="row"><h2 id="graph-title">{escape(graph_title(study))}</h2>{html_picture.switch(study)}</div>
<div id="moving">{html_picture.picture(study)}</div>
{_folded(study, unfolded)}</section>
<section class="panel tiles-section">{tiles(found, timed=found.dense.forward is not None)}{fairness(found)}</section>
<section class="panel"><h2>{escape(_("Every number, to the unit"))}</h2>{compare_table(found)}</section>
<section class="panel"><h2>{escape(_("Layer by layer"))}</h2>
<p class="sub">{escape(_("The Dense Block’s closed forms; MACs and bytes are of the whole batch."))}</p>
{layers_table(found)}</section>
<section class="panel"><h2>{escape(_("What the numbers mean"))}</h2>{formulas(found, alone=True)}</section>
{_foot(link)}
</main>
<script type="application/json" id="{_STUDY}">{_json(to_json(study), indent=1)}</script>
<script type="application/json" id="picture">{_json(html_picture.data(found.theory, unfolded))}</script>
<script type="module">{html_picture.script()}</script>
</body>
</html>
"""


def _head(found: Findings) -> str:
    dense = found.dense
    if dense.measurement is None and dense.problem is None:  # nobody asked for a run
        line = " · ".join((block_words(found.study), input_words(found.study), _("closed forms, nothing was run")))
    else:
        line = where(found)
    told = "".join(f'<p class="status">{escape(why(problem))}</p>' for problem in found.problems[:1])
    return f'<header class="panel"><h1>{escape(headline(found))}</h1><p class="where">{escape(line)}</p>{told}</header>'


def _folded(study: Study, unfolded: bool) -> str:
    """What a long block's document leaves out."""
    if unfolded or not html_picture.can_unfold(study):
        return ""
    words = _("All {layers} Bottlenecks one by one would make this file too large; the live page unfolds them.")
    return f'<p class="panel note">{escape(words.format(layers=study.block.layers))}</p>\n'


def _foot(link: str) -> str:
    """The live page, and what wrote the document. Only an address of the web is made a link."""
    shown = escape(link)
    if link.startswith(("http://", "https://")):
        shown = f'<a href="{shown}">{shown}</a>'
    made = _("Dense Block Explorer {version}. This file is complete: it loads nothing, and holds its Study as JSON.")
    return (
        f'<footer class="panel note"><p>{escape(_("Live:"))} {shown}</p>'
        f"<p>{escape(made.format(version=VERSION))}</p></footer>"
    )


def _colours(layers: int) -> str:
    """Light or dark as the system is; on paper light."""
    return themed_variables(layers, first=f"--family:{family()};", screen=" screen and ")


@cache
def _sheet() -> str:
    own = Path(__file__).with_name("document.css").read_text(encoding="utf-8")
    return numbers_sheet() + moving.sheet() + own


def _json(value: object, indent: int | None = None) -> str:
    """For between script tags: nothing in it can end the script, or begin a comment."""
    text = json.dumps(value, ensure_ascii=False, indent=indent, separators=None if indent else (",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
