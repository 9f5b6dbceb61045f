"""What the Memory page says at its head."""

from __future__ import annotations

from explorer.findings import MemoryFindings, StepTrack
from explorer.language import _, plural, stopped
from explorer.pictures.memory_course import drawn_unit, rows
from explorer.pictures.words import block_words, byte_scale, device_words, difference, input_words
from explorer.spec import Study
from explorer.theory import kept_bytes


def headline(found: MemoryFindings) -> str:
    """What plain code holds, what a shared buffer holds, and what becomes of the peak."""
    plain, shared = (held(found.study, name) for name in ("list", "shared"))
    start = _("Plain code holds {bytes} of this block for backward.").format(
        bytes=byte_scale([plain], whole=True).full(plain)
    )
    words = difference(shared, plain)
    words = {_("equal"): _("as much"), _("about equal"): _("about as much")}.get(words, words)
    cured = _("One shared buffer holds {words}").format(words=words)
    peaks = [found.steps[name].peak_bytes for name in ("list", "shared") if name in found.steps]
    if len(peaks) < 2:
        return f"{start} {stopped(cured)}"
    change = round(100 * (peaks[1] / peaks[0] - 1))
    if change == 0:
        same = (
            _("{cured}, and the peak of a step stays the same")
            if peaks[0] == peaks[1]
            else _("{cured}, and the peak of a step stays about the same")
        )
        return f"{start} {stopped(same.format(cured=cured))}"
    falls, rises = (
        _("{cured}, and the peak of a step falls {percent}%"),
        _("{cured}, and the peak of a step rises {percent}%"),
    )
    saved = 100 * (1 - shared / plain)
    if saved < 1 or (change < 0 and -change > saved / 2):  # the peak goes the same way
        words = falls if change < 0 else rises
    elif change < 0:
        words = _("{cured}, yet the peak of a step falls only {percent}%")
    else:
        words = _("{cured}, yet the peak of a step rises {percent}%")
    return f"{start} {stopped(words.format(cured=cured, percent=abs(change)))}"


def held(study: Study, implementation: str) -> int:
    """Bytes that a training step holds for backward, in closed form; whatever the Study's mode."""
    return kept_bytes(study.block, study.input, study.run.dtype, implementation)


def where(found: MemoryFindings) -> str:
    """Block, input, device, and how the times were taken, in one line."""
    study = found.study
    said = [block_words(study), input_words(study.with_(mode="training"))]
    if study.run.mode == "inference":
        said.append(_("a training step all the same: inference holds nothing"))
    if found.device is not None:
        said.append(device_words(found.device))
    if found.comparison is not None:
        rounds = max((len(step.milliseconds) for step in found.comparison.steps), default=0)
        if rounds:
            words = plural("times: {n} interleaved step", "times: {n} interleaved steps", rounds)
            said.append(words.format(n=rounds))
    return " · ".join(said)


def progress(found: MemoryFindings) -> str:
    """What is being worked out now; empty where nothing is."""
    waiting = found.waiting
    steps = [name for name in waiting if name not in ("plan", "comparison") and not name.startswith("compiled ")]
    if steps:
        words = plural("Following every tensor of {n} step…", "Following every tensor of {n} steps…", len(steps))
        return words.format(n=len(steps))
    if "plan" in waiting:
        return _("Searching what fits…")
    if "comparison" in waiting:
        return _("Timing the implementations side by side…")
    if waiting:
        budget = waiting[0].removeprefix("compiled ")
        words = plural(
            "Compiling at budget {budget}, the last one…", "Compiling at budget {budget}, {n} to go…", len(waiting)
        )
        return words.format(budget=budget, n=len(waiting))
    return ""


def course_title(found: MemoryFindings) -> str:
    """The finding of the drawn step: its peak, and what most of it is."""
    name = found.study.memory.implementation
    track = found.steps.get(name)
    if name == "compiled":
        budget = found.study.memory.budget
        step = found.compiled.get(budget)
        if step is None:
            return _("Compiled at budget {budget}: not measured yet").format(budget=budget)
        kept = drawn_unit(found).full(step.kept_bytes)
        return _("Compiled at budget {budget} holds {kept}; its course in between is not tracked").format(
            budget=budget, kept=kept
        )
    if track is None:
        return _("A training step of {name}, operator by operator").format(name=name)
    share, part = largest_part(found.study, track)
    return _("A training step of {name} peaks at {peak}, {percent}% of it {part}").format(
        name=name,
        peak=drawn_unit(found).full(track.peak_bytes),
        percent=round(100 * share),
        part=part,
    )


def largest_part(study: Study, track: StepTrack) -> tuple[float, str]:
    """(share, name) of what takes most at the peak."""
    names = {
        "middle": _("1×1 maps"),
        "normalised": _("normalised copies"),
        "copy": _("the shared buffer") if track.is_buffered else _("concatenation’s copies"),
        "new": _("new slices"),
        "gradient": _("gradients"),
        "input": _("input, weights and statistics"),
    }
    alive = track.alive(track.peak_step)
    parts = [
        (sum(track.nbytes(life) for life in alive if life.purpose in row["purposes"]), row["purposes"][0])
        for row in rows(study.block)
    ]
    most, purpose = max(parts)
    return most / track.peak_bytes, names[purpose]
