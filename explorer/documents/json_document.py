"""Findings as one JSON document: integers by origin, nothing rounded, what is not known left out."""

from __future__ import annotations

import math
from typing import Any

from explorer.codec import to_json
from explorer.findings import (
    BlockFindings,
    Counterpart,
    Findings,
    LayerTheory,
    Problem,
    Timing,
    to_builtins,
)
from explorer.pictures.words import headline

#: Of the documents' form. It goes up when a key changes its meaning or goes, not when one is added.
SCHEMA_VERSION = 1


def describe_json(findings: Findings, link: str) -> dict[str, Any]:
    """The findings as JSON values.

    Keys: ``schema_version`` (of :mod:`explorer.documents.schema`), ``study`` (every field), ``link``, ``headline``,
    ``device`` (null where nothing ran), and ``dense``, ``residual``, ``second`` with ``output_shape``, ``per_layer``
    and, by origin, ``parameters``, ``macs``, ``saved_bytes``, ``peak_bytes``; ``written_bytes``, ``receptive_field``;
    once counted ``ran`` (false: counted on fake tensors, because the run was refused), and of a run ``output_sum``
    and ``saved_extra_bytes``. Bytes, MACs of the whole batch, milliseconds. An origin that does not apply, a time
    not taken and a ``problem`` that does not exist are absent.
    """
    document = {
        "schema_version": SCHEMA_VERSION,
        "study": to_json(findings.study),
        "link": link,
        "headline": headline(findings),
        "device": to_builtins(findings.device),
        "dense": _block(findings.dense),
        "residual": _block(findings.residual, findings.theory.residual),
        "second": _block(findings.second, findings.theory.second),
    }
    if findings.timing_problem is not None:
        document["timing_problem"] = _problem(findings.timing_problem)
    return document


def _block(block: BlockFindings, counterpart: Counterpart | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {"label": block.label}
    if counterpart is not None:
        found |= {"matched": counterpart.matched, "remainder": counterpart.remainder, "note": counterpart.note}
    found |= {
        "spec": to_builtins(block.theory.spec),
        "output_shape": list(block.theory.output_shape),
        "parameters": dict(block.parameters.values),
        "macs": dict(block.macs.values),
        "saved_bytes": dict(block.saved_bytes.values),
        "peak_bytes": dict(block.peak_bytes.values),
        "written_bytes": block.theory.written_bytes,
        "receptive_field": block.theory.receptive_field,
        "per_layer": [_layer(layer) for layer in block.theory.layers],
    }
    live = block.measurement
    if live is not None:
        found |= {"output_shape": list(live.output_shape), "ran": not live.fake}
        if live.output_sum is not None:
            # JSON has no infinities: a half-precision sum that overflowed is written as text.
            found["output_sum"] = live.output_sum if math.isfinite(live.output_sum) else str(live.output_sum)
        if live.saved_extra_bytes:
            found["saved_extra_bytes"] = live.saved_extra_bytes
    times = {name: _timing(t) for name, t in (("forward", block.forward), ("step", block.step)) if t is not None}
    if times:
        found["times"] = times
    if block.problem is not None:
        found["problem"] = _problem(block.problem)
    return found


def _layer(layer: LayerTheory) -> dict[str, Any]:
    return {
        "layer": layer.index,
        "in_channels": layer.in_channels,
        "new_channels": layer.new_channels,
        "out_channels": layer.out_channels,
        "parameters": layer.parameters,
        "macs": layer.macs,
        "saved_bytes": layer.saved_bytes,
        "written_channels": layer.written_channels,
        "parts": [to_builtins(part) for part in layer.parts],
    }


def _timing(timing: Timing) -> dict[str, Any]:
    return {
        "median_ms": timing.median,
        "q1_ms": timing.q1,
        "q3_ms": timing.q3,
        "runs": timing.runs,
        "warmup": timing.warmup,
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {name: value for name, value in to_builtins(problem.words).items() if value not in (None, "")}
