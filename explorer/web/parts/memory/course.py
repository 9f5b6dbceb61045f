"""The course of a training step, byte by byte, and an instant of it."""

from __future__ import annotations

from contextlib import AbstractContextManager

from explorer.findings import MemoryFindings
from explorer.language import _
from explorer.pictures.memory_course import Flat, compiled_flat
from explorer.pictures.memory_words import course_title
from explorer.pictures.words import why
from explorer.web import link
from explorer.web.components.timeline import timeline
from explorer.web.controls import switch
from explorer.web.parts.head import titled

KEY = "timeline"


def row(found: MemoryFindings) -> AbstractContextManager[None]:
    """The drawn step's title, and beside it what is drawn within."""
    return titled("course-title", course_title(found), found.study.block.layers)


def colours() -> None:
    """The switch between both colourings."""
    switch("colours", _("Colours"), {"source": _("By source layer"), "kind": _("By kind")})


def course(found: MemoryFindings) -> None:
    """The step of the implementation that is chosen, beside those of ``list`` and of the residual block."""
    study = found.study
    name = study.memory.implementation
    track, problem = found.steps.get(name), found.problems.get(name)
    flat: Flat | None = None
    if name == "compiled":
        flat = compiled_flat(found)
    busy = track is None and flat is None and problem is None and name in found.waiting
    message = ""
    if track is None and flat is None:
        message = why(problem) if problem else _("Following every tensor of the step…") if busy else _("Not tracked.")
    timeline(
        study,
        track,
        key=KEY,
        reference=found.steps.get("list"),
        residual=found.steps.get("residual"),
        residual_label=found.theory.residual.label,
        flat=flat,
        message=message,
        busy=busy,
        on_select=link.set_select,
    )
