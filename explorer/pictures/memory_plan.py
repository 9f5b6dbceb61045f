"""What fits: the largest batch, resolution or number of Bottlenecks for a device, by the peak of a training step."""

from __future__ import annotations

from html import escape

from explorer.findings import MemoryFindings, PlanRow
from explorer.language import _, plural
from explorer.pictures.words import Scale, byte_scale, thousands, why
from explorer.spec import GIB, MEMORIES, Growth
from explorer.theory.growth import ENDS

ROWS = ("concat", "list", "checkpoint_1x1", "shared", "checkpoint", "residual")
_BEST = 24  # GB, which the title names


def plan_title(found: MemoryFindings) -> str:
    """The finding: what 24 GB take, written plainly, shared and with checkpoints."""
    plan, largest = found.plan, found.study.memory.largest
    rows = {row.name: row for row in plan.rows} if plan else {}
    if plan is None or not {"list", "shared", "checkpoint"} <= rows.keys() or _BEST * GIB not in plan.limits:
        return _("What fits?")
    place = plan.limits.index(_BEST * GIB)
    if all(rows[name].largest[place] is None for name in ("list", "shared", "checkpoint")):
        return {
            "batch": _("{size} GB take more images than were searched, however the block is written"),
            "resolution": _("{size} GB take larger images than were searched, however the block is written"),
            "layers": _("{size} GB take 64 Bottlenecks, however the block is written"),
        }[largest].format(size=_BEST)
    found_largest = [rows[name].largest[place] for name in ("list", "shared", "checkpoint")]
    told = [_counted(n, largest) for n in found_largest]
    if all(n is not None and n > 1 for n in found_largest):  # what is counted needs to be said once
        told[1:] = [_value(n, largest) for n in found_largest[1:]]
    words = _("{size} GB take {list} with list, {shared} with shared, {checkpoint} with checkpoint")
    return words.format(size=_BEST, list=told[0], shared=told[1], checkpoint=told[2])


def _counted(n: int | None, largest: Growth) -> str:
    """``553 images``, ``no image``, ``1,312 × 1,312``."""
    if largest == "resolution":
        return _value(n, largest) if n else _("nothing") if n == 0 else _("more than was searched")
    if n is None:
        return _("any number of images") if largest == "batch" else _("64 Bottlenecks or more")
    if n == 0:
        return _("no image") if largest == "batch" else _("no Bottleneck")
    words = (
        plural("{n} image", "{n} images", n) if largest == "batch" else plural("{n} Bottleneck", "{n} Bottlenecks", n)
    )
    return words.format(n=thousands(n))


def plan_line(found: MemoryFindings) -> str:
    """What is searched, what is counted, and what the optimiser takes."""
    memory, input = found.study.memory, found.study.input
    searched = {
        "batch": _("Largest batch whose training step peaks within the memory"),
        "resolution": _("Largest square input, at batch {batch}, whose training step peaks within the memory"),
        "layers": _("Largest number of Bottlenecks, up to 64, whose training step peaks within the memory"),
    }[memory.largest].format(batch=thousands(input.batch))
    by = _("{searched}, by following the step on fake tensors: weights, input, maps and gradients at its peak.")
    words = [
        by.format(searched=searched),
        _("1 GB is read as 2³⁰ bytes; workspaces and an allocator’s gaps come on top."),
    ]
    if found.plan is not None and memory.optimiser != "none":
        size = found.plan.optimiser_bytes
        told = byte_scale([size]).full(size) if size else _("no bytes")
        state = _("The optimiser’s state is included: {bytes} ({name}).")
        if memory.largest == "layers":
            state = _("The optimiser’s state at each L is included, here {bytes} ({name}).")
        words.append(state.format(bytes=told, name=memory.optimiser))
    else:
        words.append(_("No optimiser state."))
    if memory.largest == "layers":
        words.append(_("The residual block is another one at each L, and left out."))
    if found.plan is not None and found.plan.machine:
        words.append(_("This machine: all of its memory."))
    return " ".join(words)


def plan_table(found: MemoryFindings) -> str:
    """The table; while it is worked out its rows stand there empty, so that nothing moves when they come."""
    study, plan = found.study, found.plan
    largest, problem = study.memory.largest, found.problems.get("plan")
    if problem is not None and plan is None:
        return f'<p class="why ink">{escape(why(problem))}</p>'
    limits = plan.limits if plan else tuple(size * GIB for size in MEMORIES)
    batch = largest == "batch"
    sizes = [_("{size} GB").format(size=limit // GIB) for limit in limits]
    if plan is not None and plan.machine:  # its own memory comes last
        sizes[-1] = _("this machine, {size} GiB").format(size=f"{limits[-1] / GIB:,.1f}")
    each = byte_scale([row.per_one for row in plan.rows] if plan else [])
    heads = [_("Implementation"), *sizes, *([_("{unit} per image").format(unit=each.unit)] if batch else [])]
    head = "".join(f'<th scope="col">{escape(words)}</th>' for words in (*heads, _("of list, at 80 GB")))
    rows = {row.name: row for row in plan.rows} if plan else {}
    names = [name for name in ROWS if name != "residual" or largest != "layers"]
    written = "".join(_row(name, rows, limits, largest, _label(found, name), each) for name in names)
    told = _("not counted: its kernels allocate out of the tracker’s sight")
    # Beside the first columns alone: on a phone the others are out of sight.
    rest = f'<td colspan="{len(heads) - 4}"></td>'
    compiled = f'<tr><th scope="row">compiled</th><td class="no" colspan="4">{escape(told)}</td>{rest}</tr>'
    table = f'<table class="plan"><thead><tr>{head}</tr></thead><tbody>{written}{compiled}</tbody></table>'
    label = escape(_("What fits"), quote=True)
    return f'<div class="frame" tabindex="0" role="region" aria-label="{label}">{table}</div>'  # it scrolls on a phone


def _label(found: MemoryFindings, name: str) -> str:
    return found.theory.residual.label if name == "residual" else name


def _row(name: str, rows: dict[str, PlanRow], limits: tuple[int, ...], largest: Growth, label: str, each: Scale) -> str:
    row, plain = rows.get(name), rows.get("list")
    cells = "".join(f"<td>{escape(_value(n, largest)) if row else ''}</td>" for n in (row.largest if row else limits))
    if largest == "batch":
        cells += f"<td>{each.text(row.per_one)}</td>" if row and row.per_one else "<td></td>"
    place = limits.index(MEMORIES[-1] * GIB) if MEMORIES[-1] * GIB in limits else 0
    values = [one.largest[place] for one in rows.values()]
    known = [n for n in values if n]
    own, other = (one.largest[place] if one else None for one in (row, plain))
    if own and other:
        bar = f'<span class="pb"><i style="width:{100 * own / max(known):.2f}%"></i></span><b>{own / other:,.2f}×</b>'
    else:
        bar = "–" if row else ""
    kind = ' class="res"' if name == "residual" else ""
    return f'<tr{kind}><th scope="row">{escape(label)}</th>{cells}<td class="barc">{bar}</td></tr>'


def _value(largest: int | None, kind: Growth) -> str:
    if largest is None:
        if kind == "layers":
            return _("64 or more")
        return _("over {n}").format(n=_value(ENDS[kind], kind))
    if largest == 0:
        return _("none")
    return f"{thousands(largest)} × {thousands(largest)}" if kind == "resolution" else thousands(largest)
