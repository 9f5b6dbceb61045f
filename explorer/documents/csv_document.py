"""A Study and its numbers as CSV: one number a row, so that every program that reads tables can filter them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from explorer.codec import as_text, from_query, to_json
from explorer.findings import BlockFindings, Findings, Timing
from explorer.language import said, speaking
from explorer.spec import SpecError, Study
from explorer.theory import study_theory

HEADS = ("block", "layer", "quantity", "unit", "origin", "value")
_STUDY = "study"  # the "block" of the rows that say what was asked for

Row = tuple[str, str, str, str, str, str]


def csv_document(findings: Findings) -> str:
    """The Study's fields, then every number by block, layer (empty: the whole block) and origin.

    Whole numbers of bytes, MACs of the whole batch, milliseconds; nothing is rounded.
    """
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(HEADS)
    for name, value in to_json(findings.study).items():
        table.writerow((_STUDY, "", name, "", "given", as_text(value)))
    with speaking("en"):  # programs filter by these names
        english = study_theory(findings.study)
    for label, block in zip(("dense", english.residual.label, english.second.label), findings.blocks, strict=True):
        table.writerows(_rows(label, block))
    return text.getvalue()


def csv_study(text: str) -> Study:
    """The Study whose rows stand in ``text``.

    Raises:
        SpecError: they are no rows of ours, or what they say is not allowed.
    """
    rows = list(csv.reader(io.StringIO(text)))
    fields = [row for row in rows if len(row) == len(HEADS) and row[0] == _STUDY]
    if tuple(rows[0] if rows else ()) != HEADS or not fields:
        words = said("CSV with the columns {columns} and the rows of a study", columns=", ".join(HEADS))
        raise SpecError("file", text[:80], words)
    return from_query((name, value) for _study, _layer, name, _unit, _origin, value in fields)


def _rows(label: str, block: BlockFindings) -> Iterator[Row]:
    forms = block.theory
    for quantity in (block.parameters, block.macs, block.saved_bytes, block.peak_bytes):
        for origin, value in quantity.values.items():
            yield label, "", quantity.name, quantity.unit, origin, str(value)
    yield label, "", "written_bytes", "bytes", "closed_form", str(forms.written_bytes)
    yield label, "", "receptive_field", "pixels", "closed_form", str(forms.receptive_field)
    for name, timing in (("forward", block.forward), ("step", block.step)):
        if timing is not None:
            yield from _times(label, name, timing)
    for layer in forms.layers:
        numbers = {
            "in_channels": ("channels", layer.in_channels),
            "new_channels": ("channels", layer.new_channels),
            "out_channels": ("channels", layer.out_channels),
            "parameters": ("parameters", layer.parameters),
            "macs": ("MACs", layer.macs),
            "saved_bytes": ("bytes", layer.saved_bytes),
        }
        for name, (unit, value) in numbers.items():
            yield label, str(layer.index), name, unit, "closed_form", str(value)


def _times(label: str, name: str, timing: Timing) -> Iterator[Row]:
    for part, value in (("median", timing.median), ("q1", timing.q1), ("q3", timing.q3)):
        yield label, "", f"{name}_{part}", "ms", "measured", repr(value)
    yield label, "", f"{name}_runs", "", "measured", str(timing.runs)
