"""Compare on sight: the residual counterpart in the same picture language, and a second Dense Block, pinned."""

from __future__ import annotations

from html import escape

import streamlit as st

from explorer.findings import BlockTheory, StudyTheory
from explorer.language import _
from explorer.pictures.differences import differences, finding, pinned, reference_words
from explorer.pictures.palette import TOKENS
from explorer.pictures.residual_words import residual_line, residual_title
from explorer.pictures.words import block_words
from explorer.spec import DenseBlockSpec, reference_text
from explorer.theory import block_theory
from explorer.web import link
from explorer.web.components.panel import panel
from explorer.web.components.picture import is_unfolded
from explorer.web.components.residual import residual_graph

_WIDE, _HIGH = 132.0, 96.0  # px of one silhouette


def compare(theory: StudyTheory, *, picture: str) -> None:
    """The section. ``picture`` is the key of the Dense Block's picture, whose scale the residual one takes."""
    layers = theory.study.block.layers
    label = f'<span class="rlabel">{escape(theory.residual.label)}</span>'
    head = f'<h2>{escape(residual_title(theory))}</h2><p class="sub">{label} {escape(residual_line(theory))}</p>'
    panel("residual-title", head, layers=layers)
    residual_graph(
        theory,
        key="residual",
        beside_unfolded=is_unfolded(picture, theory.study),
        on_select=link.set_select,
    )
    _reference(theory)


def _reference(theory: StudyTheory) -> None:
    """What is pinned and how the block differs; buttons that pin and let go. Its place is always there."""
    study = theory.study
    reference, own = pinned(study), reference_text(study.block)
    with st.container(key="reference", gap="small"):
        panel("differences", reference_markup(theory, reference), layers=study.block.layers)
        with st.container(key="reference-buttons", horizontal=True, gap="small"):
            if reference != study.block:
                words = _("Pin this block as reference") if reference is None else _("Pin this block instead")
                st.button(words, key="reference-pin", on_click=link.apply, args=({"reference": own},))
            if reference is not None:
                st.button(_("Let go"), key="reference-let-go", on_click=link.apply, args=({"reference": None},))


def reference_markup(theory: StudyTheory, reference: DenseBlockSpec | None) -> str:
    """The panel: what to do where nothing is pinned; else what was changed, both blocks' shapes, and the numbers."""
    study = theory.study
    if reference is None:
        title, line = (
            _("A second Dense Block to compare with"),
            _("Pin the block as it is now, then move a control: what that changes stands here. The link carries it."),
        )
        return f'<h3>{escape(title)}</h3><p class="sub last">{escape(line)}</p>'
    before = block_theory(reference, study.input, study.run)
    line = _("Reference: {words}. Closed forms of both, on the same input and with the same settings.")
    head = f"<h3>{escape(finding(theory.dense, before))}</h3>"
    head += f'<p class="sub">{escape(line.format(words=reference_words(study, reference)))}</p>'
    now = _shape(_("now"), block_words(study), study.block, _one(study.block, reference))
    other = _shape(_("reference"), reference_words(study, reference), reference, _one(study.block, reference))
    return f'{head}<div class="against"><div class="shapes">{now}{other}</div>{_table(theory.dense, before)}</div>'


def _table(now: BlockTheory, before: BlockTheory) -> str:
    heads = ("", _("now"), _("reference"), _("ratio"), "")
    rows = "".join(
        f'<tr><th scope="row">{escape(row.name)}{f" <small>{escape(row.unit)}</small>" if row.unit else ""}</th>'
        f"<td><b>{escape(row.now)}</b></td><td>{escape(row.reference)}</td>"
        f"<td><b>{escape(row.ratio)}</b></td><td>{escape(row.words)}</td></tr>"
        for row in differences(now, before)
    )
    head = "".join(f'<th scope="col">{escape(words)}</th>' if words else "<td></td>" for words in heads)
    return f'<table class="differences"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def _one(*blocks: DenseBlockSpec) -> tuple[float, float]:
    """One scale for all: px a column, and px a channel."""
    return (
        min(14.0, _WIDE / (max(b.layers for b in blocks) + 1)),
        min(0.5, _HIGH / max(b.out_channels for b in blocks)),
    )


def _shape(name: str, words: str, block: DenseBlockSpec, one: tuple[float, float]) -> str:
    """A block as its columns, width by width: what entered in the input's grey, what was made above it."""
    step, channel = one
    rects = []
    for column in range(block.layers + 1):
        x, wide = column * step, max(step - 1.0, 0.62 * step)
        entered = block.in_channels * channel
        rects.append(_rect(x, _HIGH - entered, wide, entered, TOKENS.input))
        grown = column * block.growth_rate * channel
        if grown:
            rects.append(_rect(x, _HIGH - entered - grown, wide, grown, TOKENS.mute))
    label = escape(_("{name}: {words}; {c} channels at its end").format(name=name, words=words, c=block.out_channels))
    svg = f'<svg width="{_WIDE:g}" height="{_HIGH:g}" role="img" aria-label="{label}">{"".join(rects)}</svg>'
    return f"<figure>{svg}<figcaption>{escape(name)} <b>{block.out_channels:,}</b></figcaption></figure>"


def _rect(x: float, y: float, wide: float, high: float, colour: str) -> str:
    return f'<rect x="{x:.2f}" y="{y:.2f}" width="{wide:.2f}" height="{high:.2f}" fill="{colour}"/>'
