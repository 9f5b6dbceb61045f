"""Whole networks, one or two beside each other, as text for a terminal and as JSON; and the list of published ones."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from explorer.codec import to_json, to_link
from explorer.documents.network_tables import (
    published_table,
    short,
    shown_networks,
    stages_table,
    totals_table,
)
from explorer.documents.tables import Table
from explorer.documents.terminal import columns, wrapped
from explorer.findings import NetworkCounts, NetworkFindings, NetworksFindings, StageTheory, to_builtins
from explorer.language import _, listed, plural
from explorer.pictures.network_words import headline, label, other_images
from explorer.pictures.words import byte_scale, device_name, thousands, why
from explorer.spec import IMAGE_CHANNELS, NETWORKS, DenseNetSpec, InputSpec, Study
from explorer.study import networks_findings, published_images, published_network

#: Of both documents' form. It goes up when a key changes its meaning or goes, not when one is added.
NETWORK_SCHEMA_VERSION = 1
PAGE = "networks"
HYPHEN = "\u2011"  # with which pages write names, so that no line breaks there


def network_link(study: Study, base: str) -> str:
    """The address of the page that shows the networks of ``study``."""
    return to_link(study, base, PAGE)


# --- as text ----------------------------------------------------------------------------------------


def network_text(found: NetworksFindings) -> str:
    """Totals, then each network stage by stage, in lines of at most ``WIDTH`` columns where names are short."""
    networks = shown_networks(found)
    parts = [[*wrapped(_headline(found)), *wrapped(_where(found))]]
    parts += [wrapped(words) for words in _problems(networks)]
    units = short(networks)
    parts.append(_rows(totals_table(found, units)))
    for one in networks:
        parts.append(
            [*wrapped(_("{network}, stage by stage").format(network=one.name)), *_rows(stages_table([one], units))]
        )
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"


def published_text() -> str:
    """Every published network, a row each."""
    lines = _rows(published_table(map(published_network, NETWORKS)))
    words = _(
        "Closed forms for one image in float32: 224 × 224, or 32 × 32 for CIFAR-10+. "
        "GMACs are billions of multiply-accumulates, held is what stays for backward. "
        "The accuracy is its publisher’s, and was not measured here."
    )
    return "\n".join([*lines, "", *wrapped(words)]) + "\n"


def _rows(table: Table) -> list[str]:
    return columns([table.heads, *table.rows])


def _headline(found: NetworksFindings) -> str:
    """The page's, or, of a network alone, its size and what it holds."""
    if len(shown_networks(found)) == 2:
        return headline(found).replace(HYPHEN, "-")
    theory = found.network.theory
    dense = isinstance(theory.spec, DenseNetSpec)
    layers = sum(len(stage.layers) for stage in theory.stages if stage.kind in ("dense", "residual"))
    scale = byte_scale([theory.saved_bytes, found.shared.theory.saved_bytes])
    has = (
        plural("{n} Bottleneck", "{n} Bottlenecks", layers)
        if dense
        else plural("{n} residual unit", "{n} residual units", layers)
    )
    words = _("{name} has {layers} and {parameters} parameters, and holds {held} for backward.")
    if dense and found.study.written == "shared":
        words = _(
            "{name} has {layers} and {parameters} parameters, and holds {held} for backward, {other} in plain code."
        )
    elif dense:
        words = _(
            "{name} has {layers} and {parameters} parameters, "
            "and holds {held} for backward, {other} with a shared buffer."
        )
    return words.format(
        name=label(found.network.name).replace(HYPHEN, "-"),
        layers=has.format(n=thousands(layers)),
        parameters=thousands(theory.parameters),
        held=scale.full(theory.saved_bytes),
        other=scale.full(found.shared.theory.saved_bytes),
    )


def _problems(networks: Sequence[NetworkFindings]) -> Iterator[str]:
    """Each reason once, with the networks that it concerns where they are not all."""
    for problem in dict.fromkeys(one.problem for one in networks if one.problem):
        whom = [one.name for one in networks if one.problem == problem]
        names = _(" ({names})").format(names=listed(whom)) if len(whom) < len(networks) else ""
        yield _("Not measured{names}: {why}").format(names=names, why=why(problem))


def _where(found: NetworksFindings) -> str:
    """The images, how the Dense Blocks are written, and where the numbers come from."""
    networks = shown_networks(found)
    told = [images_words(found.study)]
    if any(isinstance(one.theory.spec, DenseNetSpec) for one in networks):
        told.append(written_words(found.study))
    live = [one.counts for one in networks if one.counts]
    devices = dict.fromkeys(device_name(counts.device) or _("tensors that hold no memory") for counts in live)
    if differs := other_images(found):
        told.append(differs)
    if live:
        told.append(_("closed forms, and counts on {devices}").format(devices=_(" and on ").join(devices)))
    else:
        told.append(_("closed forms"))
    return " · ".join(told)


def images_words(study: Study) -> str:
    """``images 1 × 3 × 224 × 224, float32``."""
    size = study.images
    shape = f"{size.batch} × {IMAGE_CHANNELS} × {size.height} × {size.width}"
    return _("images {shape}, {dtype}").format(shape=shape, dtype=study.run.dtype)


def written_words(study: Study) -> str:
    """``Dense Blocks as list``, and why not as was asked for."""
    asked, name = study.memory.implementation, study.written
    if asked == name:
        return _("Dense Blocks as {name}").format(name=name)
    return _("Dense Blocks as {name} ({asked} is not told of whole networks)").format(name=name, asked=asked)


# --- as JSON ----------------------------------------------------------------------------------------


def network_json(found: NetworksFindings, link: str) -> dict[str, Any]:
    """The findings as JSON values.

    Keys: ``schema_version``, ``study`` (every field), ``link``, ``headline``, ``input``, ``implementation`` (how
    Dense Blocks are written), ``network``, and ``against``, null where the network stands alone. ``parameters``,
    ``macs`` and ``saved_bytes`` are closed forms, of the whole batch; a ResNet is written one way. ``counted`` is
    what the live network gave, absent until then: on ``device`` or, where that is null, on tensors that hold no
    memory; parameters and MACs are counted there, bytes are tracked. ``problem`` is why there is none.
    """
    against = None if len(shown_networks(found)) == 1 else _network(found.against)
    return {
        "schema_version": NETWORK_SCHEMA_VERSION,
        "study": to_json(found.study),
        "link": link,
        "headline": _headline(found),
        "input": _input(found.study.images, found.study.run.dtype),
        "implementation": found.study.written,
        "network": _network(found.network),
        "against": against,
    }


def network_document(study: Study, base: str) -> str:
    """The closed forms of both networks as the text of a JSON file."""
    found = network_json(networks_findings(study), network_link(study, base))
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def published_json() -> dict[str, Any]:
    """Every published network as in :func:`network_json`, each with its ``input``."""
    networks = [_network(published_network(name)) | {"input": _input(published_images(name))} for name in NETWORKS]
    return {"schema_version": NETWORK_SCHEMA_VERSION, "networks": networks}


def _input(size: InputSpec, dtype: str = "float32") -> dict[str, Any]:
    return {
        "batch": size.batch,
        "channels": IMAGE_CHANNELS,
        "height": size.height,
        "width": size.width,
        "dtype": dtype,
    }


def _network(one: NetworkFindings) -> dict[str, Any]:
    theory = one.theory
    found: dict[str, Any] = {
        "name": one.name,
        "spec": {name: list(v) if isinstance(v, tuple) else v for name, v in to_builtins(theory.spec).items()},
        "parameters": theory.parameters,
        "macs": theory.macs,
        "saved_bytes": theory.saved_bytes,
        "receptive_field": theory.receptive_field,
        "accuracy": to_builtins(one.published),
        "stages": [_stage(stage) for stage in theory.stages],
    }
    if one.counts is not None:
        found["counted"] = _counted(one.counts)
    if one.problem is not None:
        found["problem"] = {
            name: value for name, value in to_builtins(one.problem.words).items() if value not in (None, "")
        }
    return found


def _stage(stage: StageTheory) -> dict[str, Any]:
    return {
        "name": stage.name,
        "kind": stage.kind,
        "in_channels": stage.in_channels,
        "out_channels": stage.out_channels,
        "height": stage.height,
        "width": stage.width,
        "layers": len(stage.layers),
        "parameters": stage.parameters,
        "macs": stage.macs,
        "saved_bytes": stage.saved_bytes,
        "receptive_field": stage.receptive_field,
    }


def _counted(counts: NetworkCounts) -> dict[str, Any]:
    return {
        "output_shape": list(counts.output_shape),
        "parameters": counts.parameters,
        "macs": counts.macs,
        "saved_bytes": counts.held_bytes,
        "peak_bytes": counts.peak_bytes,
        "peak_per_image_bytes": counts.peak_per_image_bytes,
        "device": counts.device or None,
        "device_peak_bytes": counts.device_peak_bytes,
    }
