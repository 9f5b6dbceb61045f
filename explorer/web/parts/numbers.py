"""The parts of the page that are HTML: tiles, formulas, modules."""

from __future__ import annotations

from html import escape

from explorer.findings import Findings
from explorer.language import _
from explorer.pictures import tables
from explorer.pictures.captions import modules_title
from explorer.pictures.formulas import formulas
from explorer.pictures.tiles import fairness, tiles
from explorer.web.components.panel import panel


def show_tiles(findings: Findings) -> None:
    """The four tiles, and under them what the comparison rests on."""
    panel("tiles", tiles(findings) + fairness(findings), layers=_layers(findings), select=findings.study.view.select)


def show_formulas(findings: Findings) -> None:
    """What the numbers mean."""
    panel("formulas", f"<h2>{escape(_('What the numbers mean'))}</h2>{formulas(findings)}", layers=_layers(findings))


def show_modules(findings: Findings) -> None:
    """Every module of the block."""
    head = _head(modules_title(findings.theory), tables.modules_line(findings))
    panel("modules", head + tables.module_table(findings), layers=_layers(findings), select=findings.study.view.select)


def _head(title: str, line: str) -> str:
    return f'<h2>{escape(title)}</h2><p class="sub">{escape(line)}</p>'


def _layers(findings: Findings) -> int:
    return findings.study.block.layers
