"""What is known of a Study's memory, as text for a terminal and as JSON."""

from __future__ import annotations

from typing import Any

from explorer.codec import to_json
from explorer.documents.terminal import columns, wrapped
from explorer.findings import MemoryFindings, to_builtins
from explorer.language import _, listed
from explorer.pictures.memory_cards import card
from explorer.pictures.memory_plan import plan_title
from explorer.pictures.memory_words import headline, held, where
from explorer.pictures.words import byte_scale, ms, ratio, why
from explorer.spec import GIB, TRACKED, Growth


def memory_text(found: MemoryFindings) -> str:
    """Each implementation beside ``list``, and what fits, in lines of at most ``terminal.WIDTH`` columns."""
    lines = [*wrapped(headline(found)), *wrapped(where(found)), ""]
    lines += [*_steps(found), "", *_fits(found)]
    for problem in dict.fromkeys(found.problems.values()):
        whom = listed(_whom(name) for name, one in found.problems.items() if one == problem)
        lines += ["", *wrapped(_("Not measured ({names}): {why}").format(names=whom, why=why(problem)))]
    return "\n".join(line.rstrip() for line in lines).rstrip() + "\n"


def _steps(found: MemoryFindings) -> list[str]:
    cards = [card(found, name) for name in TRACKED]
    plain = cards[0]
    sizes = [size for one in cards for size in (one.held, one.peak) if size]
    scale = byte_scale(sizes)
    rows: list[tuple[str, ...]] = [
        ("", _("held, {unit}").format(unit=scale.unit), "", _("peak"), "", _("step, ms"), "")
    ]
    for one in cards:
        rows.append(
            (
                _whom(one.name),
                scale.text(one.held or 0),
                ratio(one.held, plain.held),
                scale.text(one.peak) if one.peak else "-",
                ratio(one.peak, plain.peak),
                ms(one.milliseconds) if one.milliseconds else "-",
                ratio(one.time.median, 1) if one.time else "",
            )
        )
    return columns(rows)


def _fits(found: MemoryFindings) -> list[str]:
    plan = found.plan
    if plan is None:
        return []
    heads = [_("{size} GB").format(size=limit // GIB) for limit in plan.limits]
    if plan.machine:
        heads[-1] = _("{size} GiB here").format(size=f"{plan.limits[-1] / GIB:.1f}")
    rows: list[tuple[str, ...]] = [(_searched(found.study.memory.largest), *heads)]
    rows += [(_whom(row.name), *(_("> searched") if n is None else f"{n:,}" for n in row.largest)) for row in plan.rows]
    return [*wrapped(plan_title(found)), "", *columns(rows)]


def _searched(largest: Growth) -> str:
    words = {"batch": _("largest batch"), "resolution": _("largest side"), "layers": _("most Bottlenecks")}
    return words[largest]


def _whom(name: str) -> str:
    """What was measured, by what the findings call it: implementations keep their names."""
    what, _space, which = name.partition(" ")
    words = {
        "residual": _("residual"),
        "comparison": _("comparison"),
        "plan": _("plan"),
        "time": _("time of {name}"),
        "compiled": _("compiled {name}"),
    }
    return (
        words[what].format(name=which.removeprefix("of ")) if what in words and (which or what != "compiled") else name
    )


def memory_json(found: MemoryFindings, link: str) -> dict[str, Any]:
    """The findings as JSON values, bytes and milliseconds.

    Keys: ``study`` (every field), ``link``, ``headline``, ``device`` (null where nothing was timed),
    ``implementations`` by name with ``held_bytes`` by origin, and once tracked ``peak_bytes``; once timed
    ``milliseconds`` of each round; ``fits`` with ``limits`` in bytes and the largest for each; ``problems`` by name.
    """
    steps = {step.name: step for step in found.comparison.steps} if found.comparison else {}
    implementations: dict[str, Any] = {}
    for name in TRACKED:
        one: dict[str, Any] = {"held_bytes": {"closed_form": held(found.study, name)}}
        if name in found.steps:
            one["held_bytes"]["tracked"] = found.steps[name].kept_bytes
            one["peak_bytes"] = {"tracked": found.steps[name].peak_bytes}
        step = steps.get(name)
        if step is not None and step.milliseconds:
            one["milliseconds"] = list(step.milliseconds)
        if step is not None and step.device_peak_bytes is not None:
            one["peak_bytes"]["device"] = step.device_peak_bytes
        implementations[name] = one
    return {
        "study": to_json(found.study),
        "link": link,
        "headline": headline(found),
        "device": to_builtins(found.device),
        "implementations": implementations,
        "fits": to_builtins(found.plan),
        "problems": {name: to_builtins(problem.words) for name, problem in found.problems.items()},
    }
