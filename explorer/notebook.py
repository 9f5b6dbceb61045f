"""How specs, Studies and findings show themselves in a notebook: a picture, the numbers, and the same as plain text.

They name this module in a string alone (:class:`explorer.spec.InNotebooks`), since it stands above them. The HTML
is for the front ends that would else show the Markdown without the picture; its SVG is an image, so that no rule
of it reaches the page around.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from html import escape

from explorer.documents.markdown import markdown
from explorer.documents.picture import svg_document
from explorer.documents.table import describe_text
from explorer.documents.tables import Table, compare_table, findings_table
from explorer.documents.tables import html as as_html
from explorer.documents.trace_document import trace_table, trace_text
from explorer.findings import Findings, Trace
from explorer.language import _
from explorer.pictures import trace_words
from explorer.pictures.layout.residual import residual_layout
from explorer.pictures.residual_svg import render_residual, title
from explorer.pictures.trace_svg import trace_picture
from explorer.pictures.words import block_words, headline, thousands, where
from explorer.spec import DenseBlockSpec, InputSpec, ResidualSpec, RunSpec, Study
from explorer.study import findings
from explorer.theory import block_theory

_TALL = 300.0  # px that a residual block's widest column takes


def bundle(shown: object) -> dict[str, str]:
    """Media type → what is shown of a Dense Block's or residual block's spec, a Study, findings, or a trace.

    Raises:
        TypeError: it is none of these.
    """
    if isinstance(shown, Trace):
        lines = [trace_words.where(shown), *shown.notes]
        return _bundle(trace_text(shown), trace_words.headline(shown), lines, trace_picture(shown), trace_table(shown))
    if isinstance(shown, ResidualSpec):
        return _bundle(repr(shown), title(shown), [], _residual_picture(shown), _residual_table(shown))
    study = Study(shown) if isinstance(shown, DenseBlockSpec) else shown
    if isinstance(study, Study):
        head = headline(findings(study))
        return _bundle(repr(shown), head, [_closed(study)], svg_document(study), compare_table(study))
    if isinstance(study, Findings):
        lines = [where(study), *(f"{problem.message}" for problem in study.problems)]
        picture = svg_document(study.study)
        return _bundle(describe_text(study), headline(study), lines, picture, findings_table(study))
    raise TypeError(f"{type(shown).__name__} has no picture")


def _closed(study: Study) -> str:
    return _("{block}; closed forms, nothing has been run: explore(study) runs it.").format(block=block_words(study))


def _residual_picture(spec: ResidualSpec) -> str:
    return render_residual(residual_layout(spec, _TALL / max(spec.in_channels, spec.out_channels)))


def _residual_table(spec: ResidualSpec) -> Table:
    forms = block_theory(spec, InputSpec(), RunSpec())
    rows = {
        _("output"): " × ".join(map(str, forms.output_shape)),
        _("parameters"): thousands(forms.parameters),
        _("MACs"): thousands(forms.macs),
        _("saved for backward, bytes"): thousands(forms.saved_bytes),
    }
    return Table((spec.unit, _("closed form")), tuple(rows.items()))


def _bundle(plain: str, head: str, lines: Iterable[str], svg: str, table: Table) -> dict[str, str]:
    text = "\n\n".join([f"**{head}**", *lines, "\n".join(markdown(table))])
    source = base64.b64encode(svg.encode()).decode()
    html = [f"<p><b>{escape(head)}</b></p>", *(f"<p>{escape(line)}</p>" for line in lines)]
    image = f'<img alt="{escape(head)}" src="data:image/svg+xml;base64,{source}" style="max-width:100%">'
    return {
        "text/plain": plain,
        "text/markdown": text,
        "image/svg+xml": svg,
        "text/html": "\n".join([*html, image, as_html(table)]),
    }
