"""What the picture of the residual block shows, and how to read it."""

from __future__ import annotations

from explorer.findings import StudyTheory
from explorer.language import _
from explorer.pictures.words import thousands
from explorer.spec import ResidualSpec


def residual_title(theory: StudyTheory) -> str:
    """``ResNet adds: from unit 1 on the width stays 256, and each sum replaces what was read``."""
    spec = residual_spec(theory)
    if spec.units == 1:
        words = _("ResNet adds: its one unit gives {c} channels, and their sum replaces what was read")
    elif spec.in_channels == spec.out_channels:
        words = _("ResNet adds: the width stays {c}, and each sum replaces what was read")
    else:
        words = _("ResNet adds: from unit 1 on the width stays {c}, and each sum replaces what was read")
    return words.format(c=thousands(spec.out_channels))


def residual_line(theory: StudyTheory) -> str:
    """How to read the drawing."""
    spec = residual_spec(theory)
    widths = " → ".join(map(thousands, (spec.out_channels, *spec.inner_widths, spec.out_channels)))
    wider = spec.inner_width > max(spec.in_channels, spec.out_channels)
    scale = (
        _("Columns at the scale of the Dense Block above; units, wider inside than the block, at a smaller one.")
        if wider
        else _("Columns and units at the scale of the Dense Block’s columns above.")
    )
    reads = _("Each unit ({widths}) reads the whole column; the line carries it past the unit into the sum.")
    return f"{scale} {reads.format(widths=widths)}"


def residual_spec(theory: StudyTheory) -> ResidualSpec:
    """The residual block that the Study is compared with."""
    spec = theory.residual.theory.spec
    assert isinstance(spec, ResidualSpec)
    return spec
