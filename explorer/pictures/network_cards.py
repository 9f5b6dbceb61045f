"""The four tiles of the Networks page: what the network needs, by stage, beside the other one and a third."""

from __future__ import annotations

from html import escape

from explorer.findings import NetworkCounts, NetworkFindings, NetworksFindings, NetworkTheory
from explorer.language import _
from explorer.pictures.network_svg import RAMP
from explorer.pictures.network_words import differing, label, matched, scale_of
from explorer.pictures.palette import TOKENS
from explorer.pictures.words import Kind, device_name, difference, ratio
from explorer.spec import DenseNetSpec
from explorer.theory import network_theory

MEASURES = ("parameters", "macs", "saved_bytes")
_LOW, _HIGH = 65.0, 80.0  # per cent of ImageNet's test images, the ends of the accuracy's scale
_CIFAR_LOW, _CIFAR_HIGH = 90.0, 100.0


def cards(found: NetworksFindings) -> str:
    """All four as markup; under them a difference between a count and its closed form, where there is one."""
    tiles = "".join([*(_measure(found, of) for of in MEASURES), _accuracy(found)])
    wrong = differing(found)
    told = f'<p class="note ink"><b class="bad">{escape(_("✕ counts differ"))}</b> {escape(wrong)}</p>' if wrong else ""
    return f'<div class="tiles">{tiles}</div>{told}'


def measure_name(of: str) -> str:
    """``Parameters``, ``MACs, forward``, ``Held for backward``."""
    return {
        "parameters": _("Parameters"),
        "macs": _("MACs, forward"),
        "saved_bytes": _("Held for backward"),
    }[of]


def third(found: NetworksFindings, of: str) -> tuple[str, int] | None:
    """Beside both: of bytes the network written otherwise, else the DenseNet as accurate as the ResNet."""
    if of == "saved_bytes":
        if not isinstance(found.network.theory.spec, DenseNetSpec):
            return None
        way = found.shared.theory
        name = _("shared buffer") if way.saved_bytes <= found.network.theory.saved_bytes else _("plain code")
        return name, way.saved_bytes
    pair = matched(found)
    if pair is None or pair[0].name in (found.network.name, found.against.name):
        return None
    one = pair[0]
    if not one.theory.spec.last_side(found.study.networks.image_size):
        return None  # nothing would be left of so small an image
    if of == "parameters":
        return label(one.name), one.theory.parameters
    theory = network_theory(
        one.theory.spec, found.study.images, found.study.run.dtype
    )  # the family's images are the paper's
    return label(one.name), theory.macs


def _measure(found: NetworksFindings, of: str) -> str:
    one, other = found.network, found.against
    values = [getattr(one.theory, of), getattr(other.theory, of)]
    extra = third(found, of)
    if extra is not None:
        values.append(extra[1])
    scale, most = scale_of(found, of, values), max(values)
    kind: Kind = "amount" if of == "saved_bytes" else "count"
    rows = _row(scale.text(values[1]), label(other.name), values[0], values[1], values[1] / most, kind, hatched=True)
    if extra is not None:
        rows += _row(scale.text(extra[1]), extra[0], values[0], extra[1], extra[1] / most, kind, hatched=False)
    head = f"<span>{escape(measure_name(of))}</span>{stamp(one, of)}"
    value = f'<div class="v">{escape(scale.text(values[0]))} <small>{escape(scale.unit)}</small></div>'
    return (
        f'<div class="tile"><div class="k">{head}</div>{value}{_stages(one.theory, of, values[0] / most)}{rows}</div>'
    )


def stamp(one: NetworkFindings, of: str) -> str:
    """Where a number comes from: the live network counted it, too, or the closed form alone."""
    if one.counts is None:
        return f'<span class="plain">{escape(_("closed form"))}</span>'
    same = counted(one.counts, of) == getattr(one.theory, of)
    words = _("✓ counted") if same else _("✕ differs")
    ran = (
        _("run on {device}").format(device=device_name(one.counts.device))
        if one.counts.device
        else _("on tensors without memory")
    )
    tip = _("the live network, {ran}, counts the same as the closed form").format(ran=ran) if same else ""
    return f'<span class="{"ok" if same else "bad"}" title="{escape(tip)}">{escape(words)}</span>'


def counted(counts: NetworkCounts, of: str) -> int:
    """What the live network counted of the measure."""
    return {"parameters": counts.parameters, "macs": counts.macs, "saved_bytes": counts.held_bytes}[of]


def _stages(theory: NetworkTheory, of: str, share: float) -> str:
    """The network's bar, cut by stage; a Transition counts with the block before it."""
    parts: list[tuple[int, str]] = []
    blocks = [stage for stage in theory.stages if stage.kind in ("dense", "residual")]
    for stage in theory.stages:
        amount = getattr(stage, of)
        if stage.kind == "transition":
            parts[-1] = (parts[-1][0] + amount, parts[-1][1])
        elif stage.kind == "dense":
            place = blocks.index(stage) / max(1, len(blocks) - 1)
            parts.append((amount, TOKENS.source(1 + round(0.85 * place * (RAMP - 1)), RAMP)))
        elif stage.kind == "residual":
            parts.append((amount, TOKENS.residual))
        else:
            parts.append((amount, TOKENS.input))
    total = sum(amount for amount, _colour in parts)
    pieces = "".join(f'<i style="width:{amount / total:.3%};background:{c}"></i>' for amount, c in parts)
    return f'<div class="br own"><div class="mb"><div style="width:{share:.2%}">{pieces}</div></div></div>'


def _row(text: str, name: str, value: int, other: int, share: float, kind: Kind, *, hatched: bool) -> str:
    """A number with its name and a bar, and how the network that is shown, of ``value``, compares with it."""
    bar = "hatched" if hatched else "dense"
    words = difference(value, other, kind)
    return (
        f'<div class="rv"><span title="{escape(name)}"><b>{escape(text)}</b> <em>{escape(name)}</em></span>'
        f"<b>{escape(ratio(value, other))}</b></div>"
        f'<div class="br"><div class="mb {bar}"><div style="width:{share:.2%}"></div></div>'
        f'<span title="{escape(words)}">{escape(words)}</span></div>'
    )


# --- accuracy ---------------------------------------------------------------------------------------------------


def _accuracy(found: NetworksFindings) -> str:
    one, other = found.network, found.against
    known = one.published or other.published
    benchmark = known.benchmark if known is not None else "ImageNet"
    name = _("{benchmark} top-1").format(benchmark=benchmark)
    head = f'<div class="k"><span>{escape(name)}</span><span class="plain">{escape(_("published"))}</span></div>'
    if one.published is None:
        words = _("Nobody has published the accuracy of this network; it is not trained here.")
        return f'<div class="tile">{head}<p class="why quiet">{escape(words)}</p></div>'
    body = f'<div class="v">{one.published.top1:.2f} <small>%</small></div>'
    low, high = (_LOW, _HIGH) if benchmark == "ImageNet" else (_CIFAR_LOW, _CIFAR_HIGH)
    body += _place(one.published.top1, low, high, TOKENS.dense, f"{low:.0f}–{high:.0f}%")
    beside: list[NetworkFindings] = [other]
    pair = matched(found)
    if pair is not None and pair[0].name not in (one.name, other.name):
        beside.append(pair[0])
    for each in beside:
        if each.published is None or each.published.benchmark != benchmark:
            continue
        points = one.published.top1 - each.published.top1
        colour = TOKENS.dense if isinstance(each.theory.spec, DenseNetSpec) else TOKENS.residual
        body += (
            f'<div class="rv"><span><b>{each.published.top1:.2f}</b> <em>{escape(label(each.name))}</em></span>'
            f"<b>{points:+.2f}</b></div>".replace("-", "−")
        )
        body += _place(each.published.top1, low, high, colour, _("points"))
    return f'<div class="tile" title="{escape(one.published.source)}">{head}{body}</div>'


def _place(value: float, low: float, high: float, colour: str, words: str) -> str:
    place = min(1.0, max(0.0, (value - low) / (high - low)))
    return (
        f'<div class="br"><div class="spot"><u style="left:calc({place:.2%} - 4px);background:{colour}"></u></div>'
        f"<span>{escape(words)}</span></div>"
    )
