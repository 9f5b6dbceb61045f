"""What the chart of growth says: a title, by the peak where a plan is known, and how to read it."""

from __future__ import annotations

from explorer.findings import Plan
from explorer.language import _
from explorer.pictures.words import byte_scale, thousands
from explorer.spec import BYTES_PER_ELEMENT, Growth, Study
from explorer.theory.growth import growth_curves, held_bytes, largest_held, stands_at


def growth_title(study: Study, device_bytes: int | None = None, plan: Plan | None = None) -> str:
    """``At batch 600 a step of list no longer fits this machine; one of shared fits until 1,311``.

    Args:
        study: ``memory.versus`` says what grows. Beside ``list`` stands its own implementation, or ``shared``.
        device_bytes: of the machine; None or 0 where unknown.
        plan: of the Study; it is used where it searched what grows, and knows the machine.
    """
    other = _other(study)
    if plan is not None and plan.machine and study.memory.largest == study.memory.versus:
        rows = {row.name: row.largest[-1] for row in plan.rows}
        if "list" in rows and other in rows:
            return _fits(study, rows["list"], other, rows[other])
    if not device_bytes:
        return _shape(study, other)
    return _held(study, largest_held(study, "list", device_bytes), other, largest_held(study, other, device_bytes))


def growth_line(study: Study) -> str:
    """How to read the chart: what stands beside the curves, and what is left out there."""
    along, element = study.memory.versus, BYTES_PER_ELEMENT[study.run.dtype]
    channel = thousands(study.input.positions * element)
    if along == "layers":
        words = [_("Beside each curve: channels held; each is {bytes} bytes.").format(bytes=channel)]
    else:
        words = [_("Beside each curve: channels held; at the dotted line each is {bytes} bytes.").format(bytes=channel)]
    words.append(_("BatchNorm’s statistics are in the curves but not in these counts."))
    words.append(_("The curves are what is held; a step’s peak, by which it fits or does not, lies higher."))
    residual = growth_curves(study, (1,)).curve("residual")
    if along == "layers" and len(residual.coefficients) == 3:
        words.append(_("The residual block widens with L, so it too grows with L²."))
    elif along == "layers":
        words.append(_("The residual block is another one at each L."))
    return " ".join(words)


def _other(study: Study) -> str:
    own = study.memory.implementation
    return own if own in ("checkpoint_1x1", "checkpoint") else "shared"


def _at(along: Growth, value: int) -> str:
    words = {"layers": "L = {n}", "batch": _("batch {n}"), "resolution": "{n} × {n}"}
    return words[along].format(n=thousands(value))


def _anywhere(along: Growth) -> str:
    return {
        "layers": _("up to L = 64, the most here"),
        "batch": _("at any batch"),
        "resolution": _("at any resolution"),
    }[along]


def _fits(study: Study, first: int | None, other: str, second: int | None) -> str:
    """By the peak of a step, from a plan's answers."""
    along, here = study.memory.versus, stands_at(study)
    if first is None:
        return _("A step of list fits this machine {anywhere}, and so does one of {other}").format(
            anywhere=_anywhere(along), other=other
        )
    if first == 0 and second == 0:
        return _("Not even a step at {one} fits this machine, with list or with {other}").format(
            one=_at(along, 1), other=other
        )
    until = (
        _("one of {other} fits {anywhere}").format(other=other, anywhere=_anywhere(along))
        if second is None
        else _("one of {other} fits until {n}").format(other=other, n=thousands(second))
    )
    if first == 0:
        return _("A step of list does not fit this machine; {until}").format(until=until)
    if here <= first:
        return _("A step of list fits this machine until {last}; {until}").format(last=_at(along, first), until=until)
    if second is not None and here > second:
        return _("At {own} no step of list or {other} fits this machine; {until}").format(
            own=_at(along, here), other=other, until=until
        )
    return _("At {own} a step of list no longer fits this machine; {until}").format(own=_at(along, here), until=until)


def _held(study: Study, first: int | None, other: str, second: int | None) -> str:
    """By what is held, which is less than the peak."""
    along = study.memory.versus
    if first is None:
        return _("What list holds fits this machine {anywhere}").format(anywhere=_anywhere(along))
    if first == 0 and second == 0:
        return _("Even at {one} list and {other} hold more than this machine has").format(
            one=_at(along, 1), other=other
        )
    past = (
        _("{other} nowhere up to L = 64")
        if second is None and along == "layers"
        else _("{other} nowhere")
        if second is None
        else _("{other} past {n}")
    )
    past = past.format(other=other, n=thousands(second or 0))
    if first == 0:
        return _("What list holds fills this machine from the start, {past}").format(past=past)
    return _("What list holds fills this machine past {first}, {past}").format(first=_at(along, first), past=past)


def _shape(study: Study, other: str) -> str:
    """Without a machine: how the curves grow."""
    along = study.memory.versus
    if along == "layers":
        return _("What list holds grows with L², what {other} holds with L").format(other=other)
    if along == "resolution":
        return _("Twice the side holds four times the bytes, however the block is written")
    values = [held_bytes(study, name, 2) - held_bytes(study, name, 1) for name in ("list", other)]
    scale = byte_scale(values)
    return _("Each image makes list hold {first} more, {other} {second}").format(
        first=scale.full(values[0]), second=scale.full(values[1]), other=other
    )
