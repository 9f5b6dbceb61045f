"""Rows of whole networks' numbers, which Markdown tells whole, and a terminal in millions and MiB."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from explorer.documents.tables import Table
from explorer.findings import NetworkFindings, NetworksFindings, Quantity, StageTheory
from explorer.language import N_, _
from explorer.pictures.words import Scale, byte_scale, mac_scale, ratio, thousands

MIB = Scale("MiB", 2**20, 2)
BILLION = Scale(N_("billion"), 10**9, 2)


@dataclass(frozen=True)
class Units:
    """What MACs and bytes are told in."""

    macs: Scale
    bytes: Scale

    @property
    def macs_head(self) -> str:
        """What is counted, and in which unit."""
        return f"{_('MACs')}, {self.macs.unit}" if self.macs.unit else _("MACs")


#: For documents, which are compared: nothing is rounded.
WHOLE = Units(Scale("", 1, 0), Scale(N_("bytes"), 1, 0))


def short(networks: Sequence[NetworkFindings]) -> Units:
    """For a person at a terminal: units in which the smaller of ``networks`` keeps its meaning."""
    theories = [one.theory for one in networks]
    macs = mac_scale(theory.macs for theory in theories)
    return Units(macs, byte_scale(theory.saved_bytes for theory in theories))


def shown_networks(found: NetworksFindings) -> tuple[NetworkFindings, ...]:
    """Both networks; one that is set against itself stands alone."""
    return (found.network,) if found.network.name == found.against.name else (found.network, found.against)


def networks_title(found: NetworksFindings) -> str:
    """``densenet121 beside resnet50``."""
    return _(" beside ").join(one.name for one in shown_networks(found))


def totals_table(found: NetworksFindings, units: Units = WHOLE) -> Table:
    """A row a number, a column a network, and their ratio; what was counted under its closed form."""
    networks = shown_networks(found)
    heads = [_("network"), *(one.name for one in networks), *([_("ratio")] if len(networks) == 2 else [])]
    rows = [*_quantities(networks, units), *_others(networks)]
    return Table(tuple(heads), tuple(tuple(row) for row in rows))


def stages_table(networks: Sequence[NetworkFindings], units: Units = WHOLE) -> Table:
    """A row a stage of each network: its map, channels, layers and what it costs."""
    held = _("held, {unit}").format(unit=units.bytes.unit)
    heads = (
        _("stage"),
        _("map"),
        _("channels"),
        _("layers"),
        _("parameters"),
        units.macs_head,
        held,
        _("sees, pixels"),
    )
    rows = []
    for one in networks:
        for stage in one.theory.stages:
            own = stage_name(stage)
            name = f"{one.name}, {own}" if len(networks) > 1 else own
            rows.append((name, *_stage(stage, units)))
    return Table(heads, tuple(rows))


def published_table(networks: Iterable[NetworkFindings]) -> Table:
    """A row a published network."""
    heads = (
        _("network"),
        _("parameters"),
        _("GMACs"),
        _("held, MiB"),
        _("top-1, %"),
        _("dataset"),
        _("published by"),
    )
    rows = []
    for one in networks:
        theory = one.theory
        numbers = (thousands(theory.parameters), _text(theory.macs, BILLION), _text(theory.saved_bytes, MIB))
        rows.append((one.name, *numbers, _top1(one), _benchmark(one), _source(one)))
    return Table(heads, tuple(rows))


def stage_name(stage: StageTheory) -> str:
    """``block 3``, in the language that is spoken; the theory has it in English."""
    number = stage.name.rpartition(" ")[2]
    words = {
        "stem": _("stem"),
        "dense": _("block {number}"),
        "transition": _("transition {number}"),
        "residual": _("stage {number}"),
        "head": _("head"),
    }[stage.kind]
    return words.format(number=number)


def _stage(stage: StageTheory, units: Units) -> tuple[str, ...]:
    return (
        f"{stage.height} × {stage.width}",
        f"{thousands(stage.in_channels)} → {thousands(stage.out_channels)}",
        str(len(stage.layers)),
        thousands(stage.parameters),
        _text(stage.macs, units.macs),
        _text(stage.saved_bytes, units.bytes),
        thousands(stage.receptive_field),
    )


def _quantities(networks: Sequence[NetworkFindings], units: Units) -> Iterator[list[str]]:
    """Each number by origin: a row for the closed forms, one for the counts where there are any."""
    unit = units.bytes.unit
    labels: dict[str, tuple[str, Scale]] = {
        "parameters": (_("parameters"), WHOLE.macs),
        "macs": (units.macs_head, units.macs),
        "saved_bytes": (_("held for backward, {unit}").format(unit=unit), units.bytes),
        "peak_bytes": (_("peak of a step, {unit}").format(unit=unit), units.bytes),
        "peak_per_image_bytes": (_("peak per further image, {unit}").format(unit=unit), units.bytes),
    }
    for together in zip(*(one.quantities for one in networks), strict=True):
        label, scale = labels[together[0].name]
        for origin in ("closed_form", "counted", "tracked"):
            if any(origin in quantity.values for quantity in together):
                words = {
                    "closed_form": label,
                    "counted": _("{what}, counted").format(what=label),
                    "tracked": _("{what}, tracked").format(what=label),
                }[origin]
                cells = [_by(quantity, origin, scale) for quantity in together]
                yield [words, *cells, *_ratio([quantity.values.get(origin) for quantity in together])]


def _by(quantity: Quantity, origin: str, scale: Scale) -> str:
    value = quantity.values.get(origin)
    if value is None:
        return "–"
    if origin == "closed_form" or "closed_form" not in quantity.values:
        return _text(value, scale)
    # Rounded, two numbers that differ may look equal.
    return f"✕ {thousands(value)} {_(quantity.unit)}" if quantity.differs else f"✓ {_text(value, scale)}"


def _others(networks: Sequence[NetworkFindings]) -> Iterator[list[str]]:
    none = [""] if len(networks) == 2 else []
    rows: tuple[tuple[str, Callable[[NetworkFindings], str]], ...] = (
        (_("receptive field, pixels"), lambda one: thousands(one.theory.receptive_field)),
        (_("published top-1, %"), _top1),
        (_("published on"), _benchmark),
        (_("published by"), _source),
    )
    for label, text in rows:
        yield [label, *map(text, networks), *none]


def _top1(one: NetworkFindings) -> str:
    return f"{one.published.top1:g}" if one.published else "–"


def _benchmark(one: NetworkFindings) -> str:
    return one.published.benchmark if one.published else "–"


def _source(one: NetworkFindings) -> str:
    return one.published.source if one.published else "–"


def _ratio(values: Sequence[int | None]) -> list[str]:
    return [ratio(values[0], values[1])] if len(values) == 2 else []


def _text(value: int, scale: Scale) -> str:
    """``value`` in ``scale``; what would read as nothing there, with two digits that mean something."""
    small = value and scale.decimals and value < scale.one / 10**scale.decimals
    return f"{value / scale.one:.2g}" if small else scale.text(value)
