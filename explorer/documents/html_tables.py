"""The tables of an HTML document: every number whole, with its unit, and where it comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from explorer.findings import BlockFindings, BlockTheory, Findings, Quantity, Timing
from explorer.language import _
from explorer.pictures.captions import counted_beside, origin_words
from explorer.pictures.palette import TOKENS
from explorer.pictures.words import device_words, ms, ratio, thousands, timing_difference


def compare_table(found: Findings) -> str:
    """The Dense Block beside its residual blocks, a row a quantity."""
    blocks = [found.dense, *rivals(found)]
    heads = [_("Quantity, unit and origin"), *(block.label for block in blocks)]
    body = "".join(_row(row) for row in _rows(found, blocks))
    return _table(_("Every number, to the unit"), "compare", heads, f"<tbody>{body}</tbody>")


def rivals(found: Findings) -> list[BlockFindings]:
    """Both residual blocks; one where the two are the same."""
    return [found.residual, found.second][: len(found.theory.counterparts)]


def _origin(block: BlockFindings, quantity: Quantity) -> str:
    """Where a number comes from. In a file nothing is on its way, so a closed form is just that."""
    if quantity.live is None and quantity.value is not None:
        return f"{_('closed form')} ({_(quantity.convention)})"
    return origin_words(block, quantity)


@dataclass(frozen=True)
class _Row:
    """One quantity: what it is, what one is, a cell of HTML for each block, and where the numbers come from."""

    name: str
    unit: str
    cells: list[str]
    origin: str


def _rows(found: Findings, blocks: Sequence[BlockFindings]) -> Iterator[_Row]:
    size, training = found.study.input, found.study.run.mode == "training"
    shapes = [f"{size.batch} × {b.theory.spec.in_channels} × {size.height} × {size.width}" for b in blocks]
    yield _Row(
        _("Input"), "N × C × H × W", [f'<b class="shape">{shape}</b>' for shape in shapes], found.study.run.dtype
    )
    shapes = [" × ".join(map(str, b.theory.output_shape)) for b in blocks]
    yield _Row(_("Output"), "N × C × H × W", [f'<b class="shape">{shape}</b>' for shape in shapes], _("closed form"))
    of: list[tuple[str, Callable[[BlockFindings], Quantity]]] = [
        (_("Parameters"), lambda b: b.parameters),
        (_("MACs, forward"), lambda b: b.macs),
    ]
    if training:
        of.append((_("Saved for backward"), lambda b: b.saved_bytes))
    if found.dense.peak_bytes.value is not None:
        of.append((_("Peak of a training step") if training else _("Peak, nothing saved"), lambda b: b.peak_bytes))
    for name, quantity in of:
        own = quantity(found.dense)
        cells = [_cell(quantity(block), own if block is not found.dense else None) for block in blocks]
        yield _Row(name, own.unit, cells, _origin(found.dense, own))
    yield _theory(blocks, _("Written by concatenation"), _("bytes"), lambda b: b.written_bytes)
    yield _theory(blocks, _("Receptive field"), _("pixels"), lambda b: b.receptive_field)
    yield from _times(found, blocks, _("Forward time"), lambda block: block.forward)
    yield from _times(found, blocks, _("Time of a training step"), lambda block: block.step)


def _cell(quantity: Quantity, beside: Quantity | None) -> str:
    """The number; where it differs from its closed form, both; and Dense's as a multiple of it."""
    if quantity.value is None:
        return "–"
    text = f"<b>{thousands(quantity.value)}</b>"
    if quantity.differs:
        text += f'<br><span class="bad">✕ {escape(counted_beside(quantity))}</span>'
    return text + _small(ratio(beside.value, quantity.value) if beside is not None else "")


def _small(text: str) -> str:
    return f"<br><small>{escape(text)}</small>" if text else ""


def _theory(blocks: Sequence[BlockFindings], name: str, unit: str, of: Callable[[BlockTheory], int]) -> _Row:
    return _Row(name, unit, [f"<b>{thousands(of(block.theory))}</b>" for block in blocks], _("closed form"))


def _times(
    found: Findings, blocks: Sequence[BlockFindings], name: str, of: Callable[[BlockFindings], Timing | None]
) -> Iterator[_Row]:
    """A row of times, if the Dense Block has been timed."""
    own = of(found.dense)
    if own is None:
        return
    cells = []
    for block in blocks:
        timing = of(block)
        if timing is None:
            cells.append("–")
            continue
        half = _("{q1} to {q3}").format(q1=ms(timing.q1), q3=ms(timing.q3))
        times = "" if block is found.dense else " ".join(word for word in timing_difference(own, timing) if word)
        cells.append(f"<b>{ms(timing.median)}</b>{_small(half)}{_small(times)}")
    origin = _("measured on {device}: median of {runs} runs, and their middle half")
    device = device_words(found.device) if found.device else ""
    yield _Row(name, "ms", cells, origin.format(device=device, runs=own.runs))


def layers_table(found: Findings) -> str:
    """The Dense Block, a row a Bottleneck; a row lights what that Bottleneck makes."""
    dense, training = found.dense.theory, found.study.run.mode == "training"
    heads = [_("Bottleneck"), _("reads, channels"), _("makes"), _("gives"), _("parameters"), _("MACs")]
    rows = []
    for layer in dense.layers:
        numbers = [layer.in_channels, layer.new_channels, layer.out_channels, layer.parameters, layer.macs]
        cells = [thousands(number) for number in [*numbers, *([layer.saved_bytes] if training else [])]]
        colour = TOKENS.source(layer.index, len(dense.layers))
        head = f'<th scope="row"><i class="chip" style="--c:{colour}"></i>{layer.index}</th>'
        rows.append(f'<tr data-source="{layer.index}">{head}{_cells(cells)}</tr>')
    reads, makes = (sum(getattr(layer, name) for layer in dense.layers) for name in ("in_channels", "new_channels"))
    totals = [reads, makes, dense.layers[-1].out_channels, dense.parameters, dense.macs]
    total = _cells(thousands(number) for number in [*totals, *([dense.saved_bytes] if training else [])])
    foot = f'<tfoot><tr><th scope="row">{escape(_("Total"))}</th>{total}</tr></tfoot>'
    body = f"<tbody>{''.join(rows)}</tbody>{foot}"
    return _table(_("Layer by layer"), "layers", [*heads, *([_("saved, bytes")] if training else [])], body)


def _cells(texts: Iterable[str]) -> str:
    return "".join(f"<td>{escape(text)}</td>" for text in texts)


def _row(row: _Row) -> str:
    told = f"{escape(row.name)}<small>{escape(f'{_(row.unit)} · {row.origin}')}</small>"
    numbers = "".join(f"<td>{cell}</td>" for cell in row.cells)
    return f'<tr><th scope="row">{told}</th>{numbers}</tr>'


def _table(name: str, kind: str, heads: Sequence[str], body: str) -> str:
    """A table that scrolls within its own frame, also by keys."""
    columns = "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
    table = f'<table class="numbers {kind}" style="--blocks:{len(heads) - 1}">'
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(name)}">{table}'
        f"<thead><tr>{columns}</tr></thead>{body}</table></div>"
    )
