"""Stage by stage: who needs fewer parameters, MACs and bytes, as bars; and the same as a table of figures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from explorer.findings import NetworksFindings, NetworkTheory, StageTheory
from explorer.language import N_, _
from explorer.pictures.network_cards import MEASURES, measure_name
from explorer.pictures.network_svg import RAMP
from explorer.pictures.network_words import blocks, label, scale_of
from explorer.pictures.palette import TOKENS
from explorer.pictures.words import Kind, Scale, byte_scale, device_name, difference, ratio, thousands, within

_EVEN = 0.005  # closer than half a percent is no lead
_FAR = 9.5  # times as much: then a ratio needs no words beside it


@dataclass(frozen=True)
class Piece:
    """One layer, and the colour that it has in the pictures."""

    parameters: int
    macs: int
    saved_bytes: int
    colour: str


@dataclass(frozen=True)
class Row:
    """One stage of both networks; ``block`` where it is one, and not what stands around the blocks."""

    name: str
    note: str
    one: tuple[Piece, ...]
    other: tuple[Piece, ...]
    block: bool = False


def total(pieces: tuple[Piece, ...], of: str) -> int:
    """Of all layers, what ``of`` names."""
    return sum(getattr(piece, of) for piece in pieces)


def rows(found: NetworksFindings) -> tuple[Row, ...]:
    """Stem, blocks, all Transitions together, classifier."""
    one, other = found.network.theory, found.against.theory
    first, second = blocks(one), blocks(other)
    made = [Row(_("Stem"), _stem(one), _pieces(one, "stem"), _pieces(other, "stem"))]
    for index in range(max(len(first), len(second))):
        pair = [side[index] if index < len(side) else None for side in (first, second)]
        there = [stage for stage in pair if stage is not None]
        name = _("Block {number}") if there[0].kind == "dense" else _("Stage {number}")
        sizes = dict.fromkeys((stage.height, stage.width) for stage in there)
        note = " / ".join(f"{height} × {width}" for height, width in sizes)
        layers = [_layers(stage) if stage is not None else () for stage in pair]
        made.append(Row(name.format(number=index + 1), note, layers[0], layers[1], block=True))
    between = _pieces(one, "transition"), _pieces(other, "transition")
    if any(between):
        made.append(Row(_("Transitions"), _("between blocks"), *between))
    made.append(Row(_("Classifier"), _("and last BN"), _pieces(one, "head"), _pieces(other, "head")))
    return tuple(made)


def _stem(theory: NetworkTheory) -> str:
    return _("7×7 and pooling") if theory.spec.stem == "imagenet" else _("3×3")


def _pieces(theory: NetworkTheory, kind: str) -> tuple[Piece, ...]:
    return tuple(piece for stage in theory.stages if stage.kind == kind for piece in _layers(stage))


def _layers(stage: StageTheory) -> tuple[Piece, ...]:
    return tuple(
        Piece(layer.parameters, layer.macs, layer.saved_bytes, _colour(stage, place))
        for place, layer in enumerate(stage.layers)
    )


def _colour(stage: StageTheory, place: int) -> str:
    if stage.kind == "residual":
        return TOKENS.residual
    if stage.kind != "dense":
        return TOKENS.input
    share = 0.5 if len(stage.layers) == 1 else place / (len(stage.layers) - 1)
    return TOKENS.source(1 + round(share * (RAMP - 1)), RAMP)


# --- bars -------------------------------------------------------------------------------------------------------


def bars(found: NetworksFindings) -> str:
    """A row a stage, a column a measure; both networks' bars share one scale in a column."""
    every = rows(found)
    scales = {of: _scale(found, every, of) for of in MEASURES}
    heads = "".join(f'<div class="hd" role="columnheader">{escape(_headed(of, scales[of]))}</div>' for of in MEASURES)
    body = "".join(_row(row, every, scales) for row in every)
    words = escape(
        _("Stage by stage, {one} and {other}").format(one=label(found.network.name), other=label(found.against.name))
    )
    return (
        f'<div class="blk-frame"><div class="blk" role="table" aria-label="{words}"><div class="line" role="row">'
        f'<div class="hd" role="columnheader">{escape(_("Stage"))}</div>{heads}</div>{body}</div></div>'
    )


def _scale(found: NetworksFindings, every: tuple[Row, ...], of: str) -> Scale:
    """By what the blocks need: what stands around them may be told in a smaller unit."""
    values = [total(side, of) for row in every if row.block for side in (row.one, row.other)]
    return scale_of(found, of, [value for value in values if value])


def _headed(of: str, scale: Scale) -> str:
    return f"{measure_name(of)}, {scale.unit}" if scale.unit else measure_name(of)


def _row(row: Row, every: tuple[Row, ...], scales: dict[str, Scale]) -> str:
    cells = "".join(_cell(row, every, of, scales[of]) for of in MEASURES)
    note = f"<small>{escape(row.note)}</small>"
    return f'<div class="line" role="row"><div class="st" role="rowheader">{escape(row.name)}{note}</div>{cells}</div>'


def _cell(row: Row, every: tuple[Row, ...], of: str, scale: Scale) -> str:
    most = max(total(side, of) for each in every for side in (each.one, each.other)) or 1
    a, b = total(row.one, of), total(row.other, of)
    more = " more" if row.block and b and a > b * (1 + _EVEN) else ""
    quotient = _quotient(a, b)
    kind: Kind = "amount" if of == "saved_bytes" else "count"
    words = difference(a, b, kind) if b and a and abs(a / b - 1) >= _EVEN and a / b < _FAR else ""
    bar = f'<div class="ln">{_bar(row.one, of, most)}<span>{_amount(a, scale, of)}</span></div>'
    bar += f'<div class="ln">{_hatched(b, most)}<span>{_amount(b, scale, of)}</span></div>'
    return (
        f'<div class="cmp{more}" role="cell" data-m="{escape(_headed(of, scale))}"><div>{bar}</div>'
        f'<div class="x">{escape(quotient)}<small>{escape(words)}</small></div></div>'
    )


def _quotient(a: int, b: int) -> str:
    if not a or not b:
        return "–"
    return _("equal") if a == b else ratio(a, b)


def _amount(value: int, scale: Scale, of: str) -> str:
    if not value:
        return escape(_("none"))
    if of == "saved_bytes":
        return escape(within(value, scale))
    return escape(scale.text(value) if value >= scale.one / 20 else thousands(value))


def _bar(pieces: tuple[Piece, ...], of: str, most: int) -> str:
    whole = total(pieces, of)
    if not whole:
        return '<div class="mb"></div>'
    inside = "".join(
        f'<i style="width:{getattr(piece, of) / whole:.2%};background:{piece.colour}"></i>' for piece in pieces
    )
    return f'<div class="mb fine"><div style="width:{whole / most:.2%}">{inside}</div></div>'


def _hatched(value: int, most: int) -> str:
    return (
        f'<div class="mb hatched"><div style="width:{value / most:.2%}"></div></div>'
        if value
        else '<div class="mb"></div>'
    )


# --- figures ----------------------------------------------------------------------------------------------------


def table_title(found: NetworksFindings) -> str:
    """``DenseNet‑121 and ResNet‑50, stage by stage``."""
    return _("{one} and {other}, stage by stage").format(one=label(found.network.name), other=label(found.against.name))


def table_line(found: NetworksFindings) -> str:
    """The conventions of the table, and where the live networks ran."""
    words = _(
        "Map after the stage. MACs of convolutions and the classifier, whole batch. Held for backward: with the stage "
        "that first keeps it. Field: pixels of the image, along a side, that a place of the map depends on."
    )
    ran = [
        _("{name} ran on {device}").format(name=label(one.name), device=device_name(one.counts.device))
        if one.counts.device
        else _("{name} was followed on tensors without memory").format(name=label(one.name))
        for one in (found.network, found.against)
        if one.counts is not None
    ]
    return f"{words} {'; '.join(dict.fromkeys(ran))}." if ran else words


def table(found: NetworksFindings) -> str:
    """Every stage of both networks, one table under the other."""
    return "".join(_table(label(one.name), one.theory) for one in (found.network, found.against))


def _table(name: str, theory: NetworkTheory) -> str:
    held = byte_scale([theory.saved_bytes])
    macs = scale_of_macs(theory)
    columns = (
        _("Stage"), _("Map"), _("Channels"), _("Layers"), _("Parameters"), _("MACs, {unit}").format(unit=macs.unit),
        _("Held, {unit}").format(unit=held.unit), _("Field"),
    )  # fmt: skip
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(text)}</td>" for text in _cells(stage, macs, held)) + "</tr>"
        for stage in theory.stages
    )
    whole = (
        _("Total"), "", "", "", thousands(theory.parameters), macs.text(theory.macs), held.text(theory.saved_bytes),
        thousands(theory.receptive_field),
    )  # fmt: skip
    foot = "".join(f"<td>{escape(text)}</td>" for text in whole)
    return (
        f'<h3>{escape(name)}</h3><div class="scroll" tabindex="0" role="group" aria-label="{escape(name)}">'
        f'<table class="modules stages"><thead><tr>{head}</tr></thead><tbody>{body}</tbody>'
        f"<tfoot><tr>{foot}</tr></tfoot></table></div>"
    )


def scale_of_macs(theory: NetworkTheory) -> Scale:
    """Millions, billions from 100 on."""
    return Scale(N_("million"), 10**6, 1) if theory.macs < 10**11 else Scale(N_("billion"), 10**9, 1)


def _cells(stage: StageTheory, macs: Scale, held: Scale) -> Iterator[str]:
    number = stage.name.rpartition(" ")[2]
    names = {
        "stem": _("Stem"),
        "dense": _("Block {number}"),
        "transition": _("Transition {number}"),
        "residual": _("Stage {number}"),
        "head": _("Classifier"),
    }
    yield names[stage.kind].format(number=number)
    yield f"{stage.height} × {stage.width}"
    yield f"{thousands(stage.in_channels)} → {thousands(stage.out_channels)}"
    yield str(len(stage.layers))
    yield thousands(stage.parameters)
    yield macs.text(stage.macs)
    yield held.text(stage.saved_bytes)
    yield thousands(stage.receptive_field)
