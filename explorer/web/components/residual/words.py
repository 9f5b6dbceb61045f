"""What the residual picture says beside its drawing. Plain data for the component's script, which computes nothing."""

from __future__ import annotations

from typing import Any

from explorer.findings import BlockTheory, Part, StudyTheory
from explorer.language import _, plural
from explorer.pictures.words import byte_scale, mac_scale
from explorer.spec import BlockSpec, ResidualSpec, Study

Words = dict[str, Any]


def code_words(spec: ResidualSpec) -> Words:
    """The two lines of code that a residual block comes down to, and what they do to the channels."""
    adds = "x + unit(x)" if spec.unit == "preactivation" else "relu(x + unit(x))"
    widths = _("Each sum has {c} channels. What was read is in the sum, and no longer there by itself.").format(
        c=f"{spec.out_channels:,}"
    )
    same = spec.in_channels == spec.out_channels
    remark = _("# still {c} channels") if same else _("# {c} channels: unit 1 projects its x to them")
    return {
        "code": ["for unit in units:", f"    x = {adds}"],
        "remark": remark.format(c=f"{spec.out_channels:,}"),
        "line": widths,
    }


def unit_words(theory: StudyTheory, number: int) -> Words:
    """A unit's title line and its operations in call order, with shapes and parameters."""
    study, block = theory.study, theory.residual.theory
    unit = block.layers[number - 1]
    macs, saved = mac_scale([u.macs for u in block.layers]), byte_scale([u.saved_bytes for u in block.layers])
    facts = [
        _("reads {before}, gives {after}").format(before=f"{unit.in_channels:,}", after=f"{unit.out_channels:,}"),
        plural("{n} parameter", "{n} parameters", unit.parameters).format(n=f"{unit.parameters:,}"),
        f"{macs.text(unit.macs)} {'MMAC' if macs.name == 'million' else f'{macs.unit} MACs'.strip()}",
    ]
    if study.run.mode == "training":
        facts.append(_("{bytes} saved").format(bytes=saved.full(unit.saved_bytes)))
    return {
        "title": _("Unit {number}").format(number=number),
        "facts": " · ".join(facts),
        "steps": [*(_step(study, number, part, _relu(block.spec, part)) for part in unit.parts), _adding(study, block)],
    }


def _relu(spec: BlockSpec, part: Part) -> bool:
    """Whether a ReLU follows the BN ``part``: after every one before a convolution; a sum has its own after it."""
    assert isinstance(spec, ResidualSpec)
    last = {"preactivation": (), "postactivation": ("bn3", "proj.1"), "basic": ("bn2", "proj.1")}[spec.unit]
    return part.kind == "bn" and part.name not in last


def _step(study: Study, number: int, part: Part, relu: bool) -> Words:
    shape = _shape(study, part.out_channels)
    parameters = plural("{n} parameter", "{n} parameters", part.parameters).format(n=f"{part.parameters:,}")
    name = f"units.{number - 1}.{part.name}"
    return {
        "name": _title(part) + (" · ReLU" if relu else ""),
        "module": name,
        "lines": [shape, parameters],
        "kind": part.kind,
    }


def _title(part: Part) -> str:
    if part.kind == "bn":
        return f"BN({part.in_channels:,})"
    kernel = "1×1" if part.kind == "conv1x1" else "3×3"
    projection = f"{_('projection')} " if part.name.startswith("proj") else ""
    return f"{projection}{kernel}, {part.in_channels:,} → {part.out_channels:,}"


def _shape(study: Study, channels: int) -> str:
    size = study.input
    batch = f"{size.batch:,} × " if size.batch > 1 else ""
    return f"{batch}{channels:,} × {size.height} × {size.width}"


def _adding(study: Study, block: BlockTheory) -> Words:
    assert isinstance(block.spec, ResidualSpec)
    name = "+" if block.spec.unit == "preactivation" else "+ · ReLU"
    lines = [_shape(study, block.spec.out_channels), _("what goes past is added")]
    return {"name": name, "module": "torch.add", "lines": lines, "kind": "add"}
