"""The claim that DenseNet needs fewer parameters and less computing than ResNet, settled at equal accuracy."""

from __future__ import annotations

from html import escape

from explorer.findings import NetworkFindings, NetworksFindings
from explorer.language import _, listed
from explorer.pictures.network_words import claim, label, pair_for
from explorer.pictures.words import Kind, difference, ratio
from explorer.spec import InputSpec
from explorer.theory import network_theory

_MEASURES: tuple[tuple[str, Kind], ...] = (("parameters", "count"), ("macs", "count"), ("saved_bytes", "amount"))


def claim_title(found: NetworksFindings) -> str:
    """The verdict in one sentence."""
    pairs = [pair for other in _residual(found) if (pair := pair_for(found, other)) is not None]
    if not pairs:
        return _("“DenseNet needs fewer parameters and less computing than ResNet”: not told by these networks")
    fewer = [sum(getattr(a.theory, of) < getattr(b.theory, of) for a, b in pairs) for of, _kind in _MEASURES]
    of = len(pairs)
    return _(
        "“DenseNet needs fewer parameters and less computing than ResNet”: at equal or better accuracy, fewer "
        "parameters in {parameters} of {of} pairs, fewer MACs in {macs}, less memory in {held}"
    ).format(parameters=fewer[0], macs=fewer[1], held=fewer[2], of=of)


def claim_line() -> str:
    """What the table sets beside each other."""
    return _(
        "Each ResNet beside the DenseNet of fewest parameters that is at least as accurate, both trained by the same "
        "source; one image, counted here. Shaded: DenseNet needs more."
    )


def claim_table(found: NetworksFindings) -> str:
    """Each ResNet beside the smallest DenseNet that is at least as accurate, by the same source; then two answers."""
    residual = _residual(found)
    told = "".join(
        f"<div><h3>{escape(question)}</h3><p>{escape(answer)}</p></div>" for question, answer in claim(found)
    )
    below = f'<div class="claim" data-part="claim">{told}</div>'
    if not residual:
        return below
    columns = (
        _("At least as accurate as"), _("DenseNet"), _("Parameters"), _("MACs"), _("Held, plain code"),
        _("Held, shared buffer"),
    )  # fmt: skip
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in columns)
    rows = "".join(_row(found, *pair) for other in residual if (pair := pair_for(found, other)) is not None)
    rows += _unmatched([other for other in residual if pair_for(found, other) is None])
    return (
        f'<div class="scroll" tabindex="0" role="group" aria-label="{escape(_("Networks of equal accuracy"))}">'
        f'<table class="plan pairs"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>{below}'
    )


def _residual(found: NetworksFindings) -> list[NetworkFindings]:
    return [one for one in found.family if one.name.startswith("resnet")]


def _row(found: NetworksFindings, one: NetworkFindings, other: NetworkFindings) -> str:
    assert one.published is not None and other.published is not None  # of one family
    first = f'<th scope="row">{escape(label(other.name))} <small>{other.published.top1:.2f}%</small></th>'
    cells = "".join(_cell(getattr(one.theory, of), getattr(other.theory, of), kind) for of, kind in _MEASURES)
    shared = network_theory(one.theory.spec, _images(one), found.study.run.dtype, "shared").saved_bytes
    cells += _cell(shared, other.theory.saved_bytes, "amount")
    return f"<tr>{first}<td>{escape(label(one.name))} <small>{one.published.top1:.2f}%</small></td>{cells}</tr>"


def _unmatched(others: list[NetworkFindings]) -> str:
    """All ResNets that no DenseNet can be set beside, in one row."""
    if not others:
        return ""
    names = escape(listed(label(other.name) for other in others))
    words = escape(_("No DenseNet that the same source has published is as accurate."))
    return f'<tr><th scope="row">{names}</th><td class="no" colspan="5">{words}</td></tr>'


def _images(one: NetworkFindings) -> InputSpec:
    side = 224 if one.published is not None and one.published.benchmark == "ImageNet" else 32
    return InputSpec(1, side, side)


def _cell(value: int, other: int, kind: Kind) -> str:
    more = ' class="more"' if value > other else ""
    return (
        f"<td{more}><b>{escape(ratio(value, other))}</b> <small>{escape(difference(value, other, kind))}</small></td>"
    )
