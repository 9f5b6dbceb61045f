"""The module table as HTML text.

Every value is escaped here. The classes are those of ``numbers.css``; ``data-source`` and ``data-opens`` are
explained at the page's panel component.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from itertools import groupby
from pathlib import Path

from explorer.findings import Findings, LayerTheory, ModuleRow
from explorer.language import _
from explorer.pictures.palette import TOKENS
from explorer.pictures.words import byte_scale, mac_scale, thousands
from explorer.spec import Study


@cache
def numbers_sheet() -> str:
    """The style of what shows numbers as HTML: head, tiles, formulas and this table."""
    return Path(__file__).with_name("numbers.css").read_text(encoding="utf-8")


# --- the modules --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Group:
    """A Bottleneck and the modules in it, in call order."""

    layer: int
    head: ModuleRow
    leaves: tuple[ModuleRow, ...]


def module_groups(findings: Findings) -> tuple[Group, ...]:
    """The Bottlenecks as torchinfo lists them; their closed forms until it has."""
    live = findings.dense.measurement
    planned = tuple(_planned(layer, findings.study) for layer in findings.theory.dense.layers)
    if live is None or not live.rows:
        return planned
    rows = {layer: list(found) for layer, found in groupby(live.rows, key=lambda row: row.layer) if layer}
    return tuple(_counted(group, rows.get(group.layer, [])) for group in planned)


def _counted(planned: Group, rows: Sequence[ModuleRow]) -> Group:
    if not rows:
        return planned
    top = min(row.depth for row in rows)
    heads = [row for row in rows if row.depth == top]
    if len(heads) != 1 or len(rows) == 1:  # no row for the Bottleneck itself: its modules stand alone
        return Group(planned.layer, planned.head, tuple(rows))
    return Group(planned.layer, heads[0], tuple(row for row in rows if row is not heads[0]))


def _planned(layer: LayerTheory, study: Study) -> Group:
    size, element = study.input, study.run.bytes_per_element

    def row(depth: int, name: str, kind: str, before: int, after: int, parameters: int, macs: int) -> ModuleRow:
        place = (size.height, size.width)
        shapes = (size.batch, before, *place), (size.batch, after, *place)
        return ModuleRow(
            name, kind, depth, layer.index, *shapes, parameters, macs, after * size.positions * element
        )  # fmt: skip

    head = row(
        2,
        f"denseblock.{layer.index - 1}",
        "Bottleneck",
        layer.in_channels,
        layer.out_channels,
        layer.parameters,
        layer.macs,
    )
    leaves = tuple(
        row(
            3,
            part.name,
            "BatchNorm2d" if part.kind == "bn" else "Conv2d",
            part.in_channels,
            part.out_channels,
            part.parameters,
            part.macs,
        )
        for part in layer.parts
    )
    return Group(layer.index, head, leaves)


def modules_line(findings: Findings) -> str:
    """Where the table's numbers come from."""
    live = findings.dense.measurement
    if live is None or not live.rows:
        return _("Closed forms, in call order; MACs of convolutions; bytes are each module’s own output.")
    return _(
        "Listed by torchinfo on the same module without memory (meta device), in call order; "
        "MACs of convolutions; bytes are each module’s own output."
    )


def module_table(findings: Findings, open_layer: int = 1) -> str:
    """The table as HTML, one Bottleneck unfolded."""
    groups = module_groups(findings)
    dense = findings.dense
    rows = [row for group in groups for row in (group.head, *group.leaves)]
    macs = mac_scale(row.macs for row in rows)
    size = byte_scale(row.output_bytes for row in rows)
    most = max(group.head.parameters for group in groups)

    def cells(row: ModuleRow) -> str:
        numbers = (
            thousands(row.parameters) if row.parameters else "–",
            macs.text(row.macs) if row.macs else "–",
            size.text(row.output_bytes),
        )
        shapes = (" × ".join(map(str, shape)) for shape in (row.input_shape, row.output_shape))
        return "".join(f"<td>{escape(text)}" for text in (row.kind, *shapes, *numbers))

    heads = [
        _("Module"), _("Type"), _("Input"), _("Output"), _("Parameters"),
        _("MACs, {unit}").format(unit=macs.unit) if macs.unit else _("MACs"),
        _("Output, {unit}").format(unit=size.unit),
    ]  # fmt: skip
    body = []
    for group in groups:
        opened = group.layer == open_layer
        colour = TOKENS.source(group.layer, len(groups))
        width = group.head.parameters / most * 100
        body.append(
            f'<tbody data-source="{group.layer}">'
            f'<tr class="head" data-opens="{group.layer}" style="--c:{colour};--w:{width:.1f}%">'
            f'<td><button aria-expanded="{str(opened).lower()}"><i class="chip"></i>{escape(group.head.name)}</button>'
            f"{cells(group.head)}</tbody>"
            f'<tbody class="leaves" data-source="{group.layer}" data-group="{group.layer}"'
            f"{'' if opened else ' hidden'}>"
            + "".join(f"<tr><td>{escape(row.name.rpartition('.')[2])}{cells(row)}" for row in group.leaves)
            + "</tbody>"
        )
    total = (
        thousands(dense.parameters.live or dense.theory.parameters),
        macs.text(dense.macs.live or dense.theory.macs),
    )
    return (
        '<div class="scroll"><table class="modules"><thead><tr>'
        + "".join(f'<th scope="col">{escape(head)}' for head in heads)
        + "</thead>"
        + "".join(body)
        + f"<tfoot><tr><td>{escape(_('Total'))}<td><td><td><td>{total[0]}<td>{total[1]}<td></tfoot></table></div>"
    )
