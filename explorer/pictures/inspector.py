"""The inspector as HTML: one layer's operators as a pipeline, and the real values that went through it.

Every value is escaped here. A canvas names its maps by ``data-maps``; the page's panel component paints
them in the canvas's own colour. Classes are those of the panel's style sheets.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from explorer.findings import LayerStep, LayerTheory, LayerView, MapGroup, SourceWeights, Values
from explorer.language import _, listed, plural
from explorer.pictures.figure_frame import source_name
from explorer.pictures.palette import TOKENS
from explorer.pictures.words import Scale, byte_scale, device_words, mac_scale, ms, thousands
from explorer.spec import Study

_OPS = {"bn": "BN", "relu": "ReLU", "conv1x1": "1×1", "conv3x3": "3×3", "cat": "cat", "add": "+"}
#: How many maps stand side by side before a strip begins a new line.
COLUMNS = {"read": 8, "inside": 16, "made": 16, "joined": 16}


@dataclass(frozen=True)
class Maps:
    """The pixels of one canvas: equally large maps, ``columns`` side by side."""

    width: int
    height: int
    columns: int
    pixels: tuple[str, ...]


# --- words ------------------------------------------------------------------------------------------------


def title(study: Study, layer: LayerTheory, view: LayerView | None) -> str:
    """What the layer does to the channels and, once it has run, what its last convolution sees."""
    if not _is_dense(study):
        words = _("Residual unit {n} adds its branch to what it read: {width} channels, none of them kept as it was")
        return words.format(n=layer.index, width=thousands(layer.out_channels))
    words = plural(
        "Bottleneck {n} reads {width} channels of {count} source and adds {made}",
        "Bottleneck {n} reads {width} channels of {count} sources and adds {made}",
        layer.index,
    ).format(n=layer.index, width=thousands(layer.in_channels), count=layer.index, made=thousands(layer.new_channels))
    inside = view.inside if view is not None else None
    if inside is None:
        return words
    return _("{words}; {zeros} of what its 3×3 sees is zero").format(words=words, zeros=percent(inside.values.zeros))


def agreement(layer: LayerTheory, view: LayerView, training: bool) -> tuple[bool, str]:
    """Whether the steps' parameters, MACs and saved bytes sum to the closed forms, and the sentence that says so."""
    pairs = [
        (_("parameters"), sum(step.parameters for step in view.steps), layer.parameters),
        (_("MACs"), sum(step.macs for step in view.steps), layer.macs),
    ]
    if training:
        pairs.append((_("saved bytes"), sum(step.saved_bytes for step in view.steps), layer.saved_bytes))
    wrong = [
        _("{what}: {counted} counted, {expected} expected").format(
            what=what, counted=thousands(counted), expected=thousands(expected)
        )
        for what, counted, expected in pairs
        if counted != expected
    ]
    if wrong:
        return False, "✕ " + "; ".join(wrong)
    return True, _("✓ {names}: the steps add up to the closed form").format(
        names=listed(name for name, _c, _e in pairs)
    )


def stem_words(study: Study, view: LayerView, *, uploaded: bool) -> str:
    """What the maps were made from, and what a link leaves out."""
    words = view.stem
    if study.view.image == "upload" and not uploaded:
        words += " " + _("A link carries no picture: choose one here. Until then this is the test pattern.")
    return words


def percent(share: float) -> str:
    """``0.5`` → ``50%``; ``<1%`` where a share above 0 would round to none."""
    return "<1%" if 0 < share < 0.005 else f"{100 * share:.0f}%"


# --- the pipeline --------------------------------------------------------------------------------------


def pipeline(study: Study, layer: LayerTheory, view: LayerView) -> str:
    """The layer's operators in order: shape, parameters, MACs, bytes saved, time, share of zeros."""
    macs = mac_scale(step.macs for step in view.steps)
    size = byte_scale(step.saved_bytes for step in view.steps)
    boxes = "".join(_box(step, macs, size) for step in view.steps)
    return f'<ol class="pipeline" style="--c:{_colour(study, layer.index)}">{boxes}</ol>'


def _box(step: LayerStep, macs: Scale, size: Scale) -> str:
    shape = " × ".join(map(str, step.output_shape[1:] if step.output_shape[0] == 1 else step.output_shape))
    rows: list[tuple[str, str]] = [(_("to"), shape)]
    if step.op == "cat":
        rows = [(_("new"), thousands(step.input_shape[1])), *rows]
    if step.parameters:
        rows.append((_("parameters"), thousands(step.parameters)))
    if step.macs:
        rows.append((_("MACs"), macs.full(step.macs)))
    rows.append((_("saved"), size.full(step.saved_bytes) if step.saved_bytes else "0"))
    rows.append((_("time"), f"{ms(step.time.median)} ms"))
    rows.append((_("mean"), _number(step.values.mean)))
    rows.append((_("spread"), _number(step.values.spread)))
    if step.op == "relu" or step.values.zeros > 0:
        rows.append((_("zeros"), percent(step.values.zeros)))
    told = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(text)}</dd></div>" for name, text in rows)
    name = escape(step.name or {"relu": "F.relu", "cat": "torch.cat", "add": "add"}.get(step.op, ""))
    return f'<li class="{step.op}"><b>{_OPS[step.op]}</b><code>{name.replace(".", ".<wbr>")}</code><dl>{told}</dl></li>'


# --- values by source -------------------------------------------------------------------------------------


def read_table(study: Study, layer: LayerTheory, view: LayerView | None, chosen: int | None) -> str:
    """What the layer reads, a row a source: maps, values, and the weights it is read with; a skeleton until it ran."""
    groups = {group.source: group for group in view.read} if view else {}
    weights = {weight.source: weight for weight in view.weights} if view else {}
    most = max((weight.mean for weight in weights.values()), default=0.0)
    heads = [
        _("Source"),
        _("Channels"),
        _("Feature maps"),
        _("Mean"),
        _("Spread"),
        _("Zeros after ReLU"),
        _("Mean |w|"),
    ]
    rows = "".join(
        _row(study, source, channels, groups.get(source), weights.get(source), most, source == chosen)
        for source, channels in sources_read(study, layer)
    )
    head = "".join(f'<th scope="col">{escape(text)}' for text in heads)
    label = escape(_("What it reads, by source"))
    return (
        f'<div class="scroll read" tabindex="0" role="region" aria-label="{label}">'
        f'<table class="values"><thead><tr>{head}</thead><tbody>{rows}</tbody></table></div>'
    )


def sources_read(study: Study, layer: LayerTheory) -> list[tuple[int, int]]:
    """(source, channels) of what the layer reads, oldest first."""
    if not _is_dense(study):
        return [(layer.index - 1, layer.in_channels)]
    return [(source, study.block.source_channels(source)) for source in range(layer.index)]


def _row(
    study: Study,
    source: int,
    channels: int,
    group: MapGroup | None,
    weight: SourceWeights | None,
    most: float,
    chosen: bool,
) -> str:
    colour = _colour(study, source)
    name = source_name(source) if _is_dense(study) else _unit_name(source)
    strip = _canvas(f"read-{source}", group, colour) if group else '<i class="sk strip"></i>'
    after = group.after_relu if group else None
    bar = weight.mean / most * 100 if weight and most else 0
    cells = [
        _number(group.values.mean) if group else "",
        _number(group.values.spread) if group else "",
        percent(after.zeros) if after else ("–" if group else ""),
    ]
    mark = f' data-source="{source}"' if _is_dense(study) else ""
    return (
        f'<tr{mark}{" class=chosen" if chosen else ""} style="--c:{colour}">'
        f'<th scope="row"><i class="chip"></i>{escape(name)}'
        f"<td>{escape(thousands(channels))}<td>{strip}"
        + "".join(f"<td>{escape(text)}" for text in cells)
        + f'<td class="bar" style="--w:{bar:.1f}%">{escape(_number(weight.mean) if weight else "")}'
    )


def tensors(study: Study, layer: LayerTheory, view: LayerView) -> str:
    """The maps inside the layer, what it makes, and, of a residual unit, what the addition leaves."""
    dense = _is_dense(study)
    colour = _colour(study, layer.index)
    parts = []
    if view.inside is not None:
        what = _("What its 3×3 reads, after BN and ReLU") if dense else _("What its last convolution reads")
        parts.append(_figure("inside", what, view.inside, colour))
    made = _("What it makes: {name}, its new slice").format(name=source_name(layer.index)) if dense else _("Its branch")
    parts.append(_figure("made", made, view.made, colour))
    if view.joined is not None:
        parts.append(_figure("joined", _("After the addition"), view.joined, colour))
    return f'<div class="tensors">{"".join(parts)}</div>'


def _figure(name: str, what: str, group: MapGroup, colour: str) -> str:
    shown = _("{shown} of {all} channels").format(shown=len(group.maps), all=thousands(group.channels))
    facts = f"{shown} · {values_words(group.values)}"
    return (
        f'<figure style="--c:{colour}"><figcaption><b>{escape(what)}</b> <span>{escape(facts)}</span></figcaption>'
        f"{_canvas(name, group, colour)}</figure>"
    )


def values_words(values: Values) -> str:
    """``mean 0.02, spread 0.61, 48% zeros``."""
    words = _("mean {mean}, spread {spread}").format(mean=_number(values.mean), spread=_number(values.spread))
    return words + (_(", {zeros} zeros").format(zeros=percent(values.zeros)) if values.zeros else "")


def _canvas(name: str, group: MapGroup, colour: str) -> str:
    kind = name.partition("-")[0]
    columns = min(COLUMNS[kind], len(group.maps))
    told = _("{shown} of {all} feature maps: {values}").format(
        shown=len(group.maps), all=thousands(group.channels), values=values_words(group.values)
    )
    return (
        f'<canvas data-maps="{name}" role="img" aria-label="{escape(told)}" '
        f'style="color:{colour};--n:{columns}"></canvas>'
    )


def maps_of(view: LayerView) -> dict[str, Maps]:
    """Every canvas's maps by its name in the markup."""
    found: dict[str, Sequence[MapGroup]] = {f"read-{group.source}": [group] for group in view.read}
    found |= {
        name: [group]
        for name, group in (("inside", view.inside), ("made", view.made), ("joined", view.joined))
        if group is not None
    }
    return {
        name: Maps(view.width, view.height, COLUMNS[name.partition("-")[0]], _pixels(groups))
        for name, groups in found.items()
    }


def _pixels(groups: Iterable[MapGroup]) -> tuple[str, ...]:
    return tuple(one.pixels for group in groups for one in group.maps)


def legend() -> str:
    """How the maps are to be read."""
    return _(
        "Each square is one channel of the first image: the page’s own colour is its lowest value, full colour "
        "its highest. Values are of all channels and images. What is saved is told where it is kept first."
    )


def where(study: Study, layer: LayerTheory, view: LayerView | None, ran: bool = True) -> str:
    """The layer's place in the module, and where it ran; not ``ran``: it did not, and why is said elsewhere."""
    place = f"denseblock.{layer.index - 1}" if _is_dense(study) else _("unit {n}").format(n=layer.index)
    if view is None and not ran:
        return _("{place}, not run: see below").format(place=place)
    if view is None:
        return _("{place}: running it on the picture…").format(place=place)
    return _("{place}, run on {device}, weights untrained (seed {seed})").format(
        place=place, device=device_words(view.device), seed=study.run.seed
    )


def _is_dense(study: Study) -> bool:
    return study.view.selected.unit is None


def _unit_name(source: int) -> str:
    return _("input") if source == 0 else _("unit {n}").format(n=source)


def _colour(study: Study, source: int) -> str:
    """Of what ``source`` made: its own in a Dense Block, the one warm colour in a residual block."""
    return TOKENS.source(source, study.block.layers) if _is_dense(study) else TOKENS.residual


def _number(value: float) -> str:
    """Three significant digits; ``≈ 0`` for what rounding left of a zero."""
    if 0 < abs(value) < 1e-5:
        return "≈ 0"
    return f"{value:.3g}" if value else "0"
