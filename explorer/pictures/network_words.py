"""What is said of whole networks: their names, the headline, and what each part shows."""

from __future__ import annotations

import re
from collections.abc import Sequence

from explorer.findings import NetworkFindings, NetworksFindings, NetworkTheory, StageTheory
from explorer.language import _, listed, plural, stopped
from explorer.pictures.words import Scale, byte_scale, difference, mac_scale, ratio, thousands
from explorer.spec import DenseNetSpec, NetworkSpec, network_of

_HYPHEN = "\u2011"  # which no line breaks at
_EVEN = 0.005
_TIMES = 1.995  # from here on "2.0 times" instead of a percentage


def label(name: str) -> str:
    """``DenseNet‑121``, ``DenseNet‑BC‑100, k = 12``, ``ResNet‑50``, or one's own: ``DenseNet 6‑12‑24, k = 24``."""
    found = re.fullmatch(r"(densenet|resnet)(-bc)?([0-9]+)(?:-k([0-9]+))?", name)
    if found is None:
        return _own(network_of(name))
    family = {"densenet": "DenseNet", "resnet": "ResNet"}[found[1]]
    words = _HYPHEN.join([family, *(["BC"] if found[2] else []), found[3]])
    return f"{words}, k = {found[4]}" if found[4] else words


def _own(spec: NetworkSpec) -> str:
    assert isinstance(spec, DenseNetSpec)
    words = [f"DenseNet {_HYPHEN.join(map(str, spec.block_config))}", f"k = {spec.growth_rate}"]
    if spec.stem_channels != DenseNetSpec.stem_channels:
        words.append(_("stem {channels}").format(channels=spec.stem_channels))
    if spec.compression != DenseNetSpec.compression:
        words.append(f"θ = {spec.compression:g}")
    if spec.bottleneck_factor != DenseNetSpec.bottleneck_factor:
        words.append(f"b = {spec.bottleneck_factor}")
    return ", ".join([*words, *([] if spec.bottleneck else [_("without 1×1")])])


def short(name: str) -> str:
    """For a point of a chart: ``121``, ``BC‑100, k = 12``; the family is the line's."""
    return re.sub(f"^(DenseNet|ResNet){_HYPHEN}", "", label(name))


# --- the head ---------------------------------------------------------------------------------------------------


def headline(found: NetworksFindings) -> str:
    """Parameters, MACs and bytes held, of one network beside the other, in one sentence."""
    one, other = found.network, found.against
    names = {"one": label(one.name), "other": label(other.name)}
    if one.name == other.name and one.theory == other.theory:
        return _("{one} beside itself: {parameters} parameters, {held} held for backward.").format(
            one=names["one"],
            parameters=thousands(one.theory.parameters),
            held=byte_scale([one.theory.saved_bytes]).full(one.theory.saved_bytes),
        )
    costs = _costs(
        (
            (one.theory.parameters, other.theory.parameters, _("parameters")),
            (one.theory.macs, other.theory.macs, "MACs"),
        ),
        names["other"],
    )
    scale = byte_scale([one.theory.saved_bytes, other.theory.saved_bytes])
    held = _("holds {one} {unit} for backward against {other}").format(
        one=scale.text(one.theory.saved_bytes), unit=scale.unit, other=scale.text(other.theory.saved_bytes)
    )
    if isinstance(one.theory.spec, DenseNetSpec):
        words = _("{held} with a shared buffer") if _is_plain(found) else _("{held} in plain code")
        held = f"{held}, {words.format(held=scale.text(found.shared.theory.saved_bytes))}"
    pays = one.theory.parameters < other.theory.parameters and one.theory.saved_bytes > other.theory.saved_bytes
    joined = _("{one} has {costs}, but {held}.") if pays else _("{one} has {costs}, and {held}.")
    return joined.format(one=names["one"], costs=costs, held=held)


def _is_plain(found: NetworksFindings) -> bool:
    """Whether the other way that is told is the shared buffer."""
    return found.shared.theory.saved_bytes <= found.network.theory.saved_bytes


def _costs(pairs: Sequence[tuple[int, int, str]], other: str) -> str:
    """``69% fewer parameters and 31% fewer MACs than ResNet‑50``, ``3.2 times the parameters and … of ResNet‑50``.

    ``pairs``: value, the other's, and what it is.
    """
    told: list[tuple[str, str]] = []  # (words, what leads from them to the other network's name)
    for value, beside, what in pairs:
        quotient = value / beside
        if abs(quotient - 1) >= _EVEN and quotient < _TIMES:
            told.append((f"{difference(value, beside, 'count')} {what}", _("than")))
        elif value == beside:
            told.append((_("as many {what}").format(what=what), _("as")))
        else:
            times = (
                f"{quotient:.2f}" if quotient < _TIMES else f"{quotient:.1f}" if quotient < 9.95 else f"{quotient:,.0f}"
            )
            told.append((_("{times} times the {what}").format(times=times, what=what), _("of")))
    (first, leads), (second, also) = told
    if leads == also:
        return _("{first} and {second} {leads} {other}").format(first=first, second=second, leads=leads, other=other)
    return _("{first} {leads} {other} and {second}").format(first=first, second=second, leads=leads, other=other)


def where(found: NetworksFindings) -> str:
    """The input, what a further image costs at the peak, and who published the accuracy."""
    study = found.study
    size = study.networks.image_size
    said = [
        _("Input {n} × 3 × {h} × {w}, {dtype}").format(n=study.input.batch, h=size, w=size, dtype=study.run.dtype),
        _peaks(found),
        _accuracy(found),
        other_images(found),
    ]
    return " · ".join(words for words in said if words)


def _peaks(found: NetworksFindings) -> str:
    ways = [(label(found.network.name), found.network), (label(found.against.name), found.against)]
    if isinstance(found.network.theory.spec, DenseNetSpec):
        other = _("shared buffer") if _is_plain(found) else _("plain code")
        ways.insert(1, (other, found.shared))
    known = [(name, one.counts.peak_per_image_bytes) for name, one in ways if one.counts is not None]
    if len(known) < len(ways):
        return _("peak not yet counted")
    scale = byte_scale([n for _name, n in known], 1)
    (_first, n), *others = dict(known).items()
    told = "".join(f", {name} {scale.text(n)}" for name, n in others)
    return _("peak per further image {first}{told}").format(first=scale.full(n), told=told)


def _accuracy(found: NetworksFindings) -> str:
    known = [one.published for one in (found.network, found.against) if one.published is not None]
    if len(known) < 2 or known[0].benchmark != known[1].benchmark:
        return ""
    return _("top-1 {one:.2f}% against {other:.2f}%, published").format(one=known[0].top1, other=known[1].top1)


def other_images(found: NetworksFindings) -> str:
    """That an accuracy was measured on images of another size than those that are counted here; else empty."""
    sides = {"ImageNet": 224, "CIFAR-10+": 32}
    known = [one.published for one in (found.network, found.against) if one.published is not None]
    others = sorted({sides[one.benchmark] for one in known} - {found.study.networks.image_size})
    if not others:
        return ""
    told = _(" or ").join(f"{side} × {side}" for side in others)
    return _("accuracy is of images of {told}").format(told=told)


def progress(found: NetworksFindings) -> str:
    """What is being counted."""
    words = plural("Counting {count} live network…", "Counting {count} live networks…", len(found.waiting))
    return words.format(count=len(found.waiting))


def differing(found: NetworksFindings) -> str:
    """Where a count differs from its closed form; empty where all agree."""
    said = []
    for one in (found.network, found.against, found.shared):
        counts, theory = one.counts, one.theory
        if counts is None:
            continue
        pairs = (
            (_("parameters"), counts.parameters, theory.parameters),
            (_("MACs"), counts.macs, theory.macs),
            (_("bytes held"), counts.held_bytes, theory.saved_bytes),
        )
        said += [
            _("{name}, {what}: counted {counted}, closed form {form}").format(
                name=label(one.name), what=what, counted=thousands(a), form=thousands(b)
            )
            for what, a, b in pairs
            if a != b
        ]
    return "; ".join(dict.fromkeys(said))


# --- the picture ------------------------------------------------------------------------------------------------


def picture_title(found: NetworksFindings) -> str:
    """What the drawing shows."""
    dense = [isinstance(one.theory.spec, DenseNetSpec) for one in (found.network, found.against)]
    if found.study.networks.heights == "bytes":
        stages = blocks(found.network.theory)
        first, last = stages[0], stages[-1]
        quotient = first.out_channels * first.height * first.width / (last.out_channels * last.height * last.width)
        if quotient > 1.05:
            return _(
                "Channels grow, maps shrink faster: the first output is {times:.0f} times the last in bytes"
            ).format(times=quotient)
        return _("What each stage gives, in bytes of an image")
    if dense == [True, False] or dense == [False, True]:
        return _("Dense Blocks grow and are cut; residual stages step up and stay")
    return _("Dense Blocks grow, and Transitions cut them") if all(dense) else _("Residual stages step up and stay")


def blocks(theory: NetworkTheory) -> tuple[StageTheory, ...]:
    """Its Dense Blocks or residual stages."""
    return tuple(stage for stage in theory.stages if stage.kind in ("dense", "residual"))


def side_words(one: NetworkFindings, *, phone: bool = False, opens: bool = True) -> tuple[str, str]:
    """Two lines on one network; ``opens`` where a block of the drawing leads to Explore."""
    spec = one.theory.spec
    if isinstance(spec, DenseNetSpec):
        cut = _("Transitions keep {share:.0%} of the channels and halve the map.").format(share=spec.compression)
        act = _("Tap a block to open it.") if phone else _("Click a block to open it in Explore.")
        words = _("Dense: {k} channels more a layer") if phone else _("Dense: each block grows by {k} channels a layer")
        said = [] if (phone and opens) or len(spec.block_config) == 1 else [cut]
        return words.format(k=spec.growth_rate), " ".join([*said, *([act] if opens else [])])
    within = _("Each unit narrows to a quarter (1×1), works there (3×3), widens (1×1), adds.")
    if spec.expansion == 1:
        within = _("Each unit is two 3×3 convolutions, and adds.")
    return _("Residual: a stage keeps its width"), _("Each unit adds to what it read.") if phone else within


def stage_words(stage: StageTheory, number: int) -> tuple[str, str]:
    """Two lines on one stage, for whoever points at it."""
    if stage.kind == "dense":
        first = _("Block {number}: {layers} layers, {before} → {after} channels")
    else:
        first = _("Stage {number}: {layers} units, {before} → {after} channels")
    scale = byte_scale([stage.saved_bytes])
    macs = mac_scale([stage.macs])
    second = _("{parameters} parameters · {macs} {unit} MACs · {held} held").format(
        parameters=thousands(stage.parameters),
        macs=macs.text(stage.macs),
        unit=macs.unit,
        held=scale.full(stage.saved_bytes),
    )
    return (
        first.format(
            number=number,
            layers=len(stage.layers),
            before=thousands(stage.in_channels),
            after=thousands(stage.out_channels),
        ),
        second,
    )


def spoken_title(upper: str, lower: str) -> str:
    """For those who do not see the drawing."""
    return _("{upper} above, {lower} below: width of each stage along depth.").format(
        upper=label(upper), lower=label(lower)
    )


def spoken_description(theory: NetworkTheory) -> str:
    """The stages of one network in words."""
    told = []
    for number, stage in enumerate(blocks(theory), 1):
        words = (
            _("block {number}: {before} to {after} channels at {h} × {w}")
            if stage.kind == "dense"
            else _("stage {number}: {after} channels at {h} × {w}")
        )
        told.append(
            words.format(
                number=number,
                before=thousands(stage.in_channels),
                after=thousands(stage.out_channels),
                h=stage.height,
                w=stage.width,
            )
        )
    return "; ".join(told)


# --- block by block ---------------------------------------------------------------------------------------------


def losing(found: NetworksFindings, of: str) -> list[int]:
    """Numbers of the stages in which the network needs more than the other; ``of`` as ``frontier=`` has it."""
    pairs = zip(blocks(found.network.theory), blocks(found.against.theory), strict=False)
    return [number for number, (a, b) in enumerate(pairs, 1) if getattr(a, of) > getattr(b, of) * (1 + _EVEN)]


def blocks_title(found: NetworksFindings) -> str:
    """Where the lead changes."""
    other = label(found.against.name)
    count = min(len(blocks(found.network.theory)), len(blocks(found.against.theory)))
    more = [set(losing(found, of)) for of in ("parameters", "macs", "saved_bytes")]
    everything = sorted(more[0] & more[1] & more[2])
    bytes_more = sorted(more[2])
    stage = _("{other}’s stage").format(other=other)
    if len(everything) == count:
        return _("Every block needs more of everything than {stage}").format(stage=stage)
    if everything and len(bytes_more) == count:
        return _("{which} needs more of everything than {stage}; all {count} hold more bytes").format(
            which=_numbers(everything), stage=stage, count=count
        )
    if everything:
        return _("{which} needs more of everything than {stage}").format(which=_numbers(everything), stage=stage)
    if bytes_more:
        return _("{which} holds more bytes than {stage}, and none needs more of everything").format(
            which=_numbers(bytes_more), stage=stage
        )
    return _("No block holds more than {stage}").format(stage=stage)


def _numbers(numbers: Sequence[int]) -> str:
    if len(numbers) == 1:
        return _("Block {number}").format(number=numbers[0])
    return _("Each of blocks {numbers}").format(numbers=listed(map(str, numbers)))


def blocks_line(found: NetworksFindings) -> str:
    """How to read the rows."""
    return _(
        "Above: {one}, its layers in their colours. Hatched: {other} at the same depth. Shaded: {one} needs more. "
        "Bars of a column share one scale."
    ).format(one=label(found.network.name), other=label(found.against.name))


# --- published accuracy -----------------------------------------------------------------------------------------


def frontier_title(found: NetworksFindings) -> str:
    """What it takes to be at least as accurate as the other family's network."""
    pair = matched(found)
    of = found.study.networks.frontier
    if pair is None:
        return _("Published accuracy against what a network needs")
    one, other = pair
    a, b = getattr(one.theory, of), getattr(other.theory, of)
    names = {"one": label(one.name), "other": label(other.name)}
    if of == "saved_bytes":
        words = _("Past {other}’s accuracy, {one} holds {words}")
        return words.format(words=_relative(a, b, "amount"), **names)
    what = _("parameters") if of == "parameters" else _("MACs")
    return _("Past {other}’s accuracy, {one} needs {words} {what}").format(
        words=_relative(a, b, "count"), what=what, **names
    )


def _relative(value: int, other: int, kind: str) -> str:
    return difference(value, other, "count" if kind == "count" else "amount")


def matched(found: NetworksFindings) -> tuple[NetworkFindings, NetworkFindings] | None:
    """The DenseNet with the fewest parameters that is at least as accurate as a ResNet, by the same source; and it.

    The ResNet is one of the two that are compared, or ResNet-50.
    """
    names = (found.against.name, found.network.name, "resnet50")
    family = {one.name: one for one in found.family}
    other = next((family[name] for name in names if name in family and name.startswith("resnet")), None)
    return pair_for(found, other) if other is not None else None


def pair_for(found: NetworksFindings, other: NetworkFindings) -> tuple[NetworkFindings, NetworkFindings] | None:
    """As :func:`matched`, for the ResNet ``other``."""
    if other.published is None:
        return None
    able = [
        one
        for one in found.family
        if isinstance(one.theory.spec, DenseNetSpec)
        and one.published is not None
        and one.published.source == other.published.source
        and one.published.top1 >= other.published.top1
    ]
    best = min(able, key=lambda one: one.theory.parameters, default=None)
    return (best, other) if best is not None else None


def frontier_line(found: NetworksFindings) -> str:
    """How to read it, and who published what."""
    sources = dict.fromkeys(one.published.source for one in found.family if one.published is not None)
    return _(
        "Up is more accurate, left needs less. Lines join one family. Accuracy: {sources}; counts made here."
    ).format(sources="; ".join(sources))


# --- along depth ------------------------------------------------------------------------------------------------


def depth_title(found: NetworksFindings) -> str:
    """Where each network spends most."""
    of = found.study.networks.frontier
    names = []
    for one in (found.against, found.network):
        stages = blocks(one.theory)
        most = max(stages, key=lambda stage: int(getattr(stage, of)))
        share = getattr(most, of) / getattr(one.theory, of)
        kind = _("block {number}") if most.kind == "dense" else _("stage {number}")
        names.append((label(one.name), f"{share:.0%}", kind.format(number=stages.index(most) + 1)))
    what = {"parameters": _("its parameters"), "macs": _("its MACs"), "saved_bytes": _("what it holds")}[of]
    (a, x, first), (b, y, second) = names
    return _("{a} spends {x} of {what} in {first}, {b} {y} in {second}").format(
        a=a, x=x, what=what, first=first, b=b, y=y, second=second
    )


def depth_line() -> str:
    """How to read it."""
    return _("Summed from the image on, stages side by side; dots end a stage. The last rise is the classifier.")


# --- the claim --------------------------------------------------------------------------------------------------


def claim(found: NetworksFindings) -> list[tuple[str, str]]:
    """What the numbers say of the claim beyond networks of equal accuracy: (question, answer)."""
    return [
        (_("Where does it win and lose?"), _stages_words(found)),
        (_("What does it cost in memory?"), _bill(found)),
    ]


def _stages_words(found: NetworksFindings) -> str:
    one, other = label(found.network.name), label(found.against.name)
    pairs = list(zip(blocks(found.network.theory), blocks(found.against.theory), strict=False))
    said = []
    for of, what in (("parameters", _("parameters")), ("macs", _("MACs")), ("saved_bytes", _("bytes held"))):
        ratios = [ratio(getattr(a, of), getattr(b, of)) for a, b in pairs]
        said.append(_("{ratios} the {what}").format(what=what, ratios=_joined(ratios)))
    return _("Block by block, {one} needs {told} of {other}’s stages.").format(
        one=one, other=other, told="; ".join(said)
    )


def _joined(words: Sequence[str]) -> str:
    if len(words) < 2:
        return "".join(words)
    return _("{first} and {last}").format(first=listed(words[:-1]), last=words[-1])


def _bill(found: NetworksFindings) -> str:
    one, other = found.network, found.against
    scale = byte_scale([one.theory.saved_bytes, other.theory.saved_bytes])
    words = _("For backward {one} holds {a}, {other} {b}").format(
        one=label(one.name),
        a=scale.full(one.theory.saved_bytes),
        other=label(other.name),
        b=scale.full(other.theory.saved_bytes),
    )
    if isinstance(one.theory.spec, DenseNetSpec):
        way = _("with a shared buffer {held}") if _is_plain(found) else _("in plain code {held}")
        words += "; " + way.format(held=scale.full(found.shared.theory.saved_bytes))
    peaks = _peaks(found)
    return f"{stopped(words)} {stopped(peaks[0].upper() + peaks[1:])}"


def scale_of(found: NetworksFindings, of: str, values: Sequence[int]) -> Scale:
    """The unit in which ``values`` of what ``of`` names are told."""
    if of == "saved_bytes":
        return byte_scale(values)
    return mac_scale(values) if of == "macs" else Scale("", 1, 0)
