"""``against=package.module:Name``: the team's own code beside the block that a part tells of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from explorer.docs.directive import Directive
from explorer.findings import OwnBlock, from_builtins
from explorer.language import _
from explorer.pictures.words import thousands
from explorer.spec import DenseBlockSpec, SpecError, Study
from explorer.study.apart import ApartError, run_apart
from explorer.theory import study_theory

TIMEOUT = 120.0  # seconds, imports included


@dataclass(frozen=True)
class Looked:
    """What a look at that code gave.

    Attributes:
        differs: what is another way in it than in the document.
        problem: why it could not be looked at; empty where it was.
        study: the Study that it is, where it differs and is a Dense Block whose numbers are the closed forms.
    """

    differs: tuple[str, ...]
    problem: str = ""
    study: Study | None = None


def look(directive: Directive) -> Looked:
    """Runs what ``directive.against`` names, in a process of its own, and compares."""
    try:
        own = _run(directive)
    except ApartError as problem:
        return Looked((), _("{target} could not be run: {problem}").format(target=directive.against, problem=problem))
    differs = tuple(_differs(directive, own))
    return Looked(differs, study=_that(directive.study, own) if differs else None)


def _run(directive: Directive) -> OwnBlock:
    study = directive.study
    block, size = study.block, study.input
    asked = {
        "target": directive.against,
        "args": directive.args,
        "named": {"in_channels": block.in_channels, "growth_rate": block.growth_rate, "layers": block.layers},
        "shape": [size.batch, block.in_channels, size.height, size.width],
        "dtype": study.run.dtype,
    }
    return from_builtins(OwnBlock, run_apart("explorer.measure.against", asked, TIMEOUT))


def _differs(directive: Directive, own: OwnBlock) -> Iterator[str]:
    study = directive.study
    theory = study_theory(study).dense
    facts: list[tuple[str, str, str]] = [
        (_("output"), _shape(theory.output_shape), _shape(own.output_shape)),
        (_("parameters"), thousands(theory.parameters), thousands(own.parameters)),
        (_("channels after each concatenation"), _listed(_widths(study.block)), _listed(own.concatenations)),
    ]
    if study.run.mode == "training":
        saved = thousands(theory.saved_bytes), thousands(own.saved_bytes)
        facts.append((_("saved for backward, bytes"), *saved))
    for name, here, there in facts:
        if here != there:
            words = _("{name}: {here} in the document, {there} in {target}")
            yield words.format(name=name, here=here, there=there, target=directive.against)


def _widths(block: DenseBlockSpec) -> tuple[int, ...]:
    return tuple(block.width_before(layer + 1) for layer in range(1, block.layers + 1))


def _shape(shape: Sequence[int]) -> str:
    return " × ".join(map(str, shape))


def _listed(widths: Sequence[int]) -> str:
    if not widths:
        return _("none")
    shown = [str(width) for width in widths]
    if len(shown) > 8:
        shown = [*shown[:3], "…", *shown[-3:]]
    return f"{', '.join(shown)} ({len(widths)})"


def _that(study: Study, own: OwnBlock) -> Study | None:
    """The Study whose closed forms are what was counted, looked for near the one that the document has."""
    widths = own.concatenations
    if not widths:
        return None
    growth = widths[0] - study.block.in_channels
    own_kind = study.block.bottleneck_factor, study.block.bottleneck, study.block.order
    kinds = [own_kind, *((factor, True, order) for order in ("pre", "post") for factor in range(1, 17))]
    kinds += [(study.block.bottleneck_factor, False, order) for order in ("pre", "post")]
    for factor, bottleneck, order in kinds:
        try:
            block = replace(
                study.block,
                growth_rate=growth,
                layers=len(widths),
                bottleneck_factor=factor,
                bottleneck=bottleneck,
                order=order,
            )
            # What is selected may be a Bottleneck that is there no longer.
            found = replace(study, block=block, view=replace(study.view, select=None))
        except SpecError:
            continue
        theory = study_theory(found).dense
        same = (theory.output_shape, theory.parameters, _widths(block)) == (own.output_shape, own.parameters, widths)
        if same and (study.run.mode == "inference" or theory.saved_bytes == own.saved_bytes):
            return found
    return None
