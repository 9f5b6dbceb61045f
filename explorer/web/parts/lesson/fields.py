"""How a lesson tells of a Study's fields."""

from __future__ import annotations

from explorer.language import _
from explorer.spec import Study


def given_words(study: Study, names: list[str]) -> str:
    """What a chapter is measured for, in short: ``k = 32, L = 6``."""
    found = [_short(name).format(value=value_of(name, study[name])) for name in names]
    return ", ".join(found)


def value_of(name: str, value: object) -> str:
    """A field's value for a person."""
    if isinstance(value, bool):
        return _("on") if value else _("off")
    labels = {"default": _("Default"), "he": _("He"), "half": _("Half")}
    return f"{value:,}" if isinstance(value, int) else labels.get(str(value), str(value))


def _short(name: str) -> str:
    """How a chapter's field is told in short."""
    known = {
        "growth_rate": "k = {value}",
        "layers": "L = {value}",
        "in_channels": "c₀ = {value}",
        "bottleneck_factor": "b = {value}",
        "batch_norm": _("BatchNorm {value}"),
        "init": _("weights {value}"),
        "image_size": "{value} × {value}",
    }
    return known.get(name, name + " = {value}")


def step_names() -> dict[str, str]:
    """The steps of a chapter, by their words in a link."""
    return {"ask": _("Predict"), "answer": _("Compare"), "play": _("Try")}


def label_of(name: str) -> str:
    """A field's name for a person."""
    labels = {
        "growth_rate": _("Growth rate k"),
        "layers": _("Bottlenecks L"),
        "in_channels": _("Input channels c₀"),
        "bottleneck_factor": _("Bottleneck factor b"),
        "batch_norm": _("BatchNorm"),
        "init": _("Initial weights"),
        "image_size": _("Image size"),
    }
    return labels.get(name, name)
