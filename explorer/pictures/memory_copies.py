"""What concatenation writes in one training step: new slices once, the rest again and again."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from explorer.findings import MemoryFindings, StepTrack
from explorer.language import _
from explorer.pictures.palette import TOKENS
from explorer.pictures.words import byte_scale, within
from explorer.spec import DenseBlockSpec

COPIES = ("concat", "list", "checkpoint_1x1", "checkpoint", "shared")


@dataclass(frozen=True)
class Written:
    """Channels that concatenations of one implementation write in a step.

    Attributes:
        new: by each Bottleneck, written for the first time.
        again: by source, x₀ first: written once more, in forward.
        backward: all that backward writes once more.
    """

    new: int
    again: tuple[int, ...]
    backward: int

    @property
    def total(self) -> int:
        """Of all."""
        return self.new + sum(self.again) + self.backward


def written(block: DenseBlockSpec, track: StepTrack) -> Written:
    """What ``track`` saw: a slice counts as new in the first concatenation that holds it."""
    copies = [life for life in track.storages if life.purpose == "copy"]
    ends = [life.channels for life in copies if life.born < track.backward_from]
    layers = block.layers
    per_source = [
        block.source_channels(source) * sum(end > block.source_start(source) for end in ends)
        for source in range(layers + 1)
    ]
    new = layers * block.growth_rate
    again = (per_source[0], *(n - block.growth_rate for n in per_source[1:]))
    forward, backward = track.written()
    assert sum(per_source) == forward, "a concatenation ends where a source ends"
    return Written(new, again, backward)


def copies(found: MemoryFindings) -> str:
    """One bar an implementation, on one scale, in the colours of the sources."""
    block = found.study.block
    known = {name: written(block, found.steps[name]) for name in COPIES if name in found.steps}
    channel = found.study.input.positions * found.study.run.bytes_per_element
    most = max((one.total for one in known.values()), default=1)
    scale = byte_scale([most * channel], whole=True)
    head = f"<h2>{escape(_title(known, channel))}</h2>"
    line = _(
        "What concatenation writes in one training step, in {unit}. Solid: a new slice, written once. Pale: copied "
        "again, in the colour of its source. Hatched: the same copies made again in backward."
    ).format(unit=scale.unit)
    rows = "".join(
        _row(name, known[name], block, most, within(known[name].total * channel, scale))
        if name in known
        else _missing(name, "–" if name in found.problems else "…")
        for name in COPIES
    )
    return f'{head}<p class="sub">{escape(line)}</p><div class="copies">{rows}</div>'


def _title(known: dict[str, Written], channel: int) -> str:
    plain = known.get("list")
    if plain is None:
        return _("What concatenation writes")
    scale = byte_scale([plain.total * channel], whole=True)
    new = plain.new * channel
    return _("Of {all} that list writes by concatenation, {new} are new").format(
        all=scale.full(plain.total * channel), new=(scale if new >= 0.1 * scale.one else byte_scale([new])).full(new)
    )


def _row(name: str, one: Written, block: DenseBlockSpec, most: int, total: str) -> str:
    new = "".join(_piece(block.growth_rate, most, TOKENS.source(i, block.layers)) for i in range(1, block.layers + 1))
    again = "".join(
        _piece(n, most, TOKENS.source(source, block.layers), "pale") for source, n in enumerate(one.again) if n > 0
    )
    back = f'<i class="hatched" style="width:{_percent(one.backward, most)}"></i>' if one.backward else ""
    return f'<div class="cp"><b>{name}</b><span class="track">{new}{again}{back}</span><em>{escape(total)}</em></div>'


def _missing(name: str, sign: str) -> str:
    return f'<div class="cp"><b>{name}</b><span class="track"></span><em>{sign}</em></div>'


def _piece(channels: int, most: int, colour: str, kind: str = "") -> str:
    pale = f' class="{kind}"' if kind else ""
    return f'<i{pale} style="width:{_percent(channels, most)};background:{colour}"></i>'


def _percent(channels: int, most: int) -> str:
    return f"{100 * channels / most:.3f}%"
