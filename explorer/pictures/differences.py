"""The block shown beside a second Dense Block, pinned as a reference: what was changed, and what that does.

A ratio is the block shown ÷ the reference. Both are closed forms on the same input, in the same run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from explorer.findings import BlockTheory
from explorer.language import _, listed, plural
from explorer.pictures.words import Kind, Scale, block_words, byte_scale, difference, mac_scale, ratio, thousands
from explorer.spec import DenseBlockSpec, Study, ViewSpec, reference_block


@dataclass(frozen=True)
class Difference:
    """One quantity of both blocks, as text. ``now`` and ``reference`` share the ``unit``."""

    name: str
    now: str
    reference: str
    unit: str
    ratio: str
    words: str


def pinned(study: Study) -> DenseBlockSpec | None:
    """The Dense Block that the Study's view pins as reference."""
    return reference_block(study.view.reference) if study.view.reference else None


def reference_words(study: Study, reference: DenseBlockSpec) -> str:
    """``k = 32, L = 6, c₀ = 64`` and what else differs from the paper's block."""
    return block_words(replace(study, block=reference, view=ViewSpec()))


def differences(now: BlockTheory, reference: BlockTheory) -> tuple[Difference, ...]:
    """What a person would compare, one quantity a row; saved bytes give way to the peak in inference."""
    rows = [
        _row(_("Parameters"), now.parameters, reference.parameters, "count"),
        _row(_("MACs, forward"), now.macs, reference.macs, "count", mac_scale),
    ]
    if now.peak_bytes is not None and reference.peak_bytes is not None:
        rows.append(_row(_("Peak, nothing saved"), now.peak_bytes, reference.peak_bytes, "amount", byte_scale))
    else:
        rows.append(_row(_("Saved for backward"), now.saved_bytes, reference.saved_bytes, "amount", byte_scale))
    out = now.spec.out_channels, reference.spec.out_channels
    written = now.written_channels, reference.written_channels
    return (
        *rows,
        _row(_("Output channels"), *out, "count"),
        _row(_("Channels written by concatenation"), *written, "count"),
    )


def _plain(values: Iterable[int]) -> Scale:
    return Scale("", 1, 0)


def _row(
    name: str, now: int, reference: int, kind: Kind, scale_for: Callable[[Iterable[int]], Scale] = _plain
) -> Difference:
    scale = scale_for([now, reference])
    words = difference(now, reference, kind)
    return Difference(name, scale.text(now), scale.text(reference), scale.unit, ratio(now, reference), words)


def finding(now: BlockTheory, reference: BlockTheory) -> str:
    """``+6 Bottlenecks, growth rate −8: 2.1 times as many parameters``; what was changed, and what it costs."""
    before, after = _dense(reference), _dense(now)
    if before == after:
        return _("The block shown is the reference")
    words = difference(now.parameters, reference.parameters, "count")
    if now.parameters == reference.parameters:
        words = _("exactly as many parameters")
    elif words == _("about equal"):
        words = _("about as many parameters")
    else:
        words = _("{words} parameters").format(words=words)
    return _("{changed}: {words}").format(changed=listed(changes(after, before)), words=words)


def changes(now: DenseBlockSpec, reference: DenseBlockSpec) -> tuple[str, ...]:
    """What was changed to come from ``reference`` to ``now``, in words: ``+6 Bottlenecks``, ``growth rate −8``."""
    found = []
    if more := now.layers - reference.layers:
        words = plural("{more} Bottleneck", "{more} Bottlenecks", abs(more))
        found.append(words.format(more=signed(more)))
    if more := now.growth_rate - reference.growth_rate:
        found.append(_("growth rate {more}").format(more=signed(more)))
    if more := now.in_channels - reference.in_channels:
        words = plural("{more} input channel", "{more} input channels", abs(more))
        found.append(words.format(more=signed(more)))
    if now.bottleneck != reference.bottleneck:
        found.append(_("with the 1×1") if now.bottleneck else _("without the 1×1"))
    if now.bottleneck_factor != reference.bottleneck_factor:
        found.append(_("b = {now}, not {before}").format(now=now.bottleneck_factor, before=reference.bottleneck_factor))
    if now.order != reference.order:
        found.append(_("pre-activation") if now.order == "pre" else _("post-activation"))
    return tuple(found)


def signed(value: int) -> str:
    """``+6``, ``−8`` (with a true minus)."""
    return f"+{thousands(value)}" if value > 0 else f"−{thousands(-value)}"


def _dense(theory: BlockTheory) -> DenseBlockSpec:
    assert isinstance(theory.spec, DenseBlockSpec)
    return theory.spec
