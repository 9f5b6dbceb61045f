"""Tables as HTML text: each module of the block, and what share of a reader's channels each source has.

Every value is escaped here. The classes are those of the page's panel component; ``data-source`` and
``data-opens`` are explained there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

from explorer.findings import BlockTheory, Findings, LayerTheory, ModuleRow
from explorer.language import _
from explorer.pictures.figure_frame import source_name
from explorer.pictures.palette import TOKENS
from explorer.pictures.words import byte_scale, mac_scale, thousands
from explorer.spec import DenseBlockSpec, Study

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
            f'<tbody><tr class="head" data-opens="{group.layer}" style="--c:{colour};--w:{width:.1f}%">'
            f'<td><button aria-expanded="{str(opened).lower()}"><i class="chip"></i>{escape(group.head.name)}</button>'
            f"{cells(group.head)}</tbody>"
            f'<tbody class="leaves" data-group="{group.layer}"{"" if opened else " hidden"}>'
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


# --- who reads what -----------------------------------------------------------------------------------

_WORDY = 10  # readers up to which every cell has its number


def reuse_title(theory: BlockTheory, block: DenseBlockSpec) -> str:
    """``By Bottleneck 6, the input is 29% of what is read, each layer 14%``."""
    read = theory.layers[-1].in_channels
    share = _percent(block.in_channels / read)
    if block.layers == 1:
        return _("The only Bottleneck reads the input alone")
    return _("By Bottleneck {last}, the input is {input} of what is read, each layer {layer}").format(
        last=block.layers, input=share, layer=_percent(block.growth_rate / read)
    )


def reuse_line() -> str:
    """How to read the table of shares."""
    return _("Share of each reader’s channels by source. Structure only: weights are untrained.")


def reuse_table(block: DenseBlockSpec) -> str:
    """Rows are sources, columns their readers (the last is the output); each bar is the source's share."""
    widths = [block.width_before(reader) for reader in range(1, block.layers + 2)]
    body = _numbered(block, widths) if block.layers < _WORDY else _drawn(block, widths)
    return f'<p class="axis">{escape(_("read by Bottleneck, % of its channels"))}</p>{body}'


def _numbered(block: DenseBlockSpec, widths: Sequence[int]) -> str:
    heads = "".join(f'<th scope="col">{name}' for name in _readers(block))
    rows = []
    for source in range(block.layers + 1):
        cells = []
        for reader, width in enumerate(widths, start=1):
            if reader <= source:
                cells.append("<td>")
                continue
            share = block.source_channels(source) / width
            inside = ' class="in"' if share > 0.55 else ""
            cells.append(f'<td{inside} style="--w:{share:.2%}"><i></i><b>{_percent(share, sign="")}</b>')
        colours = f"--c:{TOKENS.source(source, block.layers)};--on:{TOKENS.text_on(source, block.layers)}"
        rows.append(
            f'<tr data-source="{source}" style="{colours}"><th scope="row">{source_name(source)}' + "".join(cells)
        )
    return f'<table class="reuse"><thead><tr><th>{heads}</thead><tbody>{"".join(rows)}</tbody></table>'


def _drawn(block: DenseBlockSpec, widths: Sequence[int]) -> str:
    """Many sources: a column of 100 % for each reader, the input at its foot; one path for each source."""
    count = len(widths)
    stride = next(s for s in (2, 4, 8, 16) if count / s <= 9.5)
    paths = []
    for source in range(block.layers + 1):
        start = block.source_start(source)
        stop = start + block.source_channels(source)
        bars = "".join(
            f"M{reader - 0.95:g} {100 - 100 * stop / width:.2f}h.9V{100 - 100 * start / width:.2f}h-.9z"
            for reader, width in enumerate(widths, start=1)
            if reader > source
        )
        paths.append(f'<path data-source="{source}" d="{bars}" fill="{TOKENS.source(source, block.layers)}"/>')
    readers = [*((str(reader), reader) for reader in range(stride, count - 1, stride)), (_("out"), count)]
    across = "".join(
        f'<span style="left:{(reader - 0.5) / count:.2%}">{escape(name)}</span>' for name, reader in readers
    )
    down = "".join(f'<span style="top:{100 - share}%">{share}</span>' for share in (100, 50, 0))
    ends = f"{_percent(block.in_channels / widths[-1])}, {_percent(block.growth_rate / widths[-1])}"
    words = _("Shares of the output: input and each layer {shares}.").format(shares=ends)
    return (
        f'<div class="shares"><div class="across">{across}</div><div class="down">{down}</div>'
        f'<svg viewBox="0 0 {count} 100" preserveAspectRatio="none" role="img" aria-label="{escape(words)}">'
        f"{''.join(paths)}</svg></div>"
    )


def _readers(block: DenseBlockSpec) -> Iterator[str]:
    yield from map(str, range(1, block.layers + 1))
    yield escape(_("out"))


def _percent(share: float, sign: str = "%") -> str:
    whole = round(share * 100)
    if whole == 0:
        return f"< 1{sign}"
    return f"> 99{sign}" if whole == 100 and share < 1 else f"{whole}{sign}"
