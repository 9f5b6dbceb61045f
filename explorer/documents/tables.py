"""Tables of a Study's closed forms, every number whole, before they are written in one notation or another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from explorer.findings import BlockTheory, Findings
from explorer.language import _
from explorer.pictures.words import block_words, thousands
from explorer.spec import Study
from explorer.theory import held_forms, study_theory


@dataclass(frozen=True)
class Table:
    """Heads and rows of cells. The first column is words, the others are numbers."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def html(table: Table) -> str:
    """``table`` as an HTML element without a class."""

    def row(cells: Sequence[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    head, body = row(table.heads, "th"), "".join(row(cells, "td") for cells in table.rows)
    return f"<table><thead>{head}</thead><tbody>{body}</tbody></table>"


def block_table(study: Study) -> Table:
    """The Dense Block: a row a number."""
    return _table([block_words(study), _("closed form")], _rows(study, [study_theory(study).dense]))


def compare_table(study: Study) -> Table:
    """The Dense Block beside both residual blocks, or the one that both are."""
    theory = study_theory(study)
    heads = [block_words(study), _("dense"), *(other.label for other in theory.counterparts)]
    return _table(heads, _rows(study, [theory.dense, *(other.theory for other in theory.counterparts)]))


def layers_table(study: Study) -> Table:
    """The Dense Block, a row a Bottleneck."""
    heads = [_("Bottleneck"), _("reads"), _("makes"), _("gives"), _("parameters"), _("MACs")]
    training = study.run.mode == "training"
    rows = []
    for layer in study_theory(study).dense.layers:
        numbers = [layer.in_channels, layer.new_channels, layer.out_channels, layer.parameters, layer.macs]
        rows.append([str(layer.index), *map(thousands, [*numbers, *([layer.saved_bytes] if training else [])])])
    return _table([*heads, *([_("saved, bytes")] if training else [])], rows)


def memory_table(study: Study) -> Table:
    """What each way to write the block holds for backward, with its formula."""
    rows = []
    for form in held_forms(study):
        grows = _("with L²") if form.quadratic else _("with L")
        rows.append([", ".join(f"`{name}`" for name in form.names), form.symbolic, thousands(form.value), grows])
    return _table([_("held for backward by"), _("formula"), _("bytes"), _("grows")], rows)


def findings_table(findings: Findings) -> Table:
    """Each number of all blocks, with where it comes from and whether its origins agree."""
    rows = []
    for name in ("parameters", "macs", "saved_bytes", "peak_bytes"):
        quantities = [getattr(block, name) for block in findings.blocks]
        if any(quantity.value is not None for quantity in quantities):
            head = f"{name.removesuffix('_bytes')}, {quantities[0].unit}" if "bytes" in name else quantities[0].unit
            cells = ("–" if q.value is None else f"{thousands(q.value)} {q.stamp}" for q in quantities)
            rows.append([head, *cells])
    return _table([block_words(findings.study), *(block.label for block in findings.blocks)], rows)


def _rows(study: Study, blocks: Sequence[BlockTheory]) -> Iterable[list[str]]:
    size = study.input
    yield [_("input"), *(f"{size.batch} × {b.spec.in_channels} × {size.height} × {size.width}" for b in blocks)]
    yield [_("output"), *(" × ".join(map(str, b.output_shape)) for b in blocks)]
    yield [_("parameters"), *(thousands(b.parameters) for b in blocks)]
    yield [_("MACs"), *(thousands(b.macs) for b in blocks)]
    if study.run.mode == "training":
        yield [_("saved for backward, bytes"), *(thousands(b.saved_bytes) for b in blocks)]
    else:
        yield [_("peak of a forward, bytes"), *(thousands(b.peak_bytes or 0) for b in blocks)]
    yield [_("written by concatenation, bytes"), *(thousands(b.written_bytes) for b in blocks)]
    yield [_("receptive field, pixels"), *(thousands(b.receptive_field) for b in blocks)]


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    return Table(tuple(heads), tuple(map(tuple, rows)))
