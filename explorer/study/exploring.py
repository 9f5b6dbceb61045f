"""The jobs of the Explore page, what is known of them, and all of it at once for who can wait."""

from __future__ import annotations

import time
from collections.abc import Mapping

from explorer.engine import Engine, Pending, State
from explorer.findings import (
    BlockFindings,
    BlockMeasurement,
    BlockTheory,
    Device,
    Findings,
    Role,
    TimeMeasurement,
    Timing,
    reconciled,
)
from explorer.language import _, in_words_of
from explorer.spec import (
    BlockSpec,
    CountJob,
    DeviceJob,
    Image,
    Job,
    MapsJob,
    ResidualSpec,
    Study,
    TimeJob,
    Upload,
    WeightsJob,
)
from explorer.study.reading import seen
from explorer.study.settling import Runs, settled
from explorer.theory import study_theory

ROLES: tuple[Role, ...] = ("dense", "residual", "second")


# --- jobs -----------------------------------------------------------------------------------------


def count_jobs(study: Study) -> dict[Role, CountJob]:
    """The counting job of each block. Equal blocks have equal jobs, which an engine runs once."""
    return {role: CountJob(block, study.input, study.run) for role, block in _blocks(study).items()}


def time_job(study: Study) -> TimeJob:
    """The job that times all blocks of the Study, each once, their runs interleaved."""
    return TimeJob(tuple(dict.fromkeys(_blocks(study).values())), study.input, study.run)


def maps_job(study: Study, upload: Upload | None = None) -> MapsJob | None:
    """The job that looks into what the view selects; None where nothing is selected.

    ``layer-4``, ``2-4`` and ``source-4`` look into Bottleneck 4, ``source-0`` into the first, which reads the
    input as it is; ``unit-2`` looks into the residual block. A picture that no link carries (``image=upload``
    without ``upload``) is the test pattern.
    """
    selected = study.view.selected
    number = next((n for n in (selected.unit, selected.layer, selected.source) if n is not None), None)
    if number is None:
        return None
    blocks, layer = _blocks(study), max(1, number)
    block = blocks["dense"] if selected.unit is None else blocks["residual"]
    if isinstance(block, ResidualSpec) and layer > block.units:
        return None
    image: Image = "pattern" if study.view.image == "upload" and upload is None else study.view.image
    return MapsJob(block, study.input, study.run, layer, image, upload if image == "upload" else None)


def weights_job(study: Study) -> WeightsJob:
    """The job that reads how strongly each Bottleneck weighs each source."""
    return WeightsJob(study.block, study.run)


def _blocks(study: Study) -> dict[Role, BlockSpec]:
    theory = study_theory(study)
    return {
        "dense": theory.dense.spec,
        "residual": theory.residual.theory.spec,
        "second": theory.second.theory.spec,
    }


# --- what is known --------------------------------------------------------------------------------


def findings(study: Study, states: Mapping[Job, State] | None = None) -> Findings:
    """Closed forms, set beside what ``states`` has answered so far.

    ``waiting`` holds the roles whose count is pending, and ``"time"`` while the timing is. A job that
    ``states`` does not hold was not asked for: nothing is known, and nothing waited for. Where a block
    was refused but counted on fake tensors, its counts are shown and the refusal is its ``problem``.
    """
    known: Mapping[Job, State] = states or {}
    theory = study_theory(study)
    jobs, timing_job = count_jobs(study), time_job(study)
    times, timing_problem = seen(TimeMeasurement, timing_job, known, study.run.device)
    waiting: tuple[str, ...] = tuple(role for role, job in jobs.items() if isinstance(known.get(job), Pending))
    if isinstance(known.get(timing_job), Pending):
        waiting = (*waiting, "time")

    def block(role: Role, label: str, forms: BlockTheory) -> BlockFindings:
        measurement, problem = seen(BlockMeasurement, jobs[role], known, study.run.device)
        place = timing_job.blocks.index(forms.spec)
        return reconciled(
            role,
            label,
            forms,
            measurement,
            forward=_at(times.forward, place) if times else None,
            step=_at(times.step, place) if times else None,
            problem=problem or (measurement.refusal if measurement else None),
        )

    with in_words_of(study.view.lang):
        dense = _("dense")
    blocks = (
        block("dense", dense, theory.dense),
        block("residual", theory.residual.label, theory.residual.theory),
        block("second", theory.second.label, theory.second.theory),
    )
    devices = [b.measurement.device for b in blocks if b.measurement] + ([times.device] if times else [])
    asked, _problem = seen(Device, DeviceJob(study.run.device), known, study.run.device)
    return Findings(
        study,
        theory,
        *blocks,
        device=next(iter(devices), asked),
        timing_problem=timing_problem,
        waiting=waiting,
    )


def _at(timings: tuple[Timing, ...], place: int) -> Timing | None:
    return timings[place] if place < len(timings) else None


# --- all at once ----------------------------------------------------------------------------------


def explore(study: Study, engine: Runs | None = None, timeout: float = 900) -> Findings:
    """Builds, runs, counts and times the Study's blocks, and waits for the findings.

    Args:
        study: what to build and run.
        engine: where it runs; None starts one and closes it before returning.
        timeout: seconds after which what is still open is given up and reported as a problem.

    Returns:
        Findings with nothing waiting. Whatever could not be measured has a ``problem`` and its
        closed forms; blocks are timed only where all of them ran. Where nothing could run, ``device``
        is what it would have run on, None if there is no such device.
    """
    if engine is None:
        own = Engine()
        try:
            return explore(study, own, timeout)
        finally:
            own.close()
    deadline = time.monotonic() + timeout
    states = settled(engine, count_jobs(study).values(), deadline, timeout)
    if not findings(study, states).problems:  # what was refused once must not be tried again for its time
        states |= settled(engine, [time_job(study)], deadline, timeout)
    nothing_ran = findings(study, states).device is None
    if nothing_ran and time.monotonic() < deadline:  # where it would have run is known all the same
        states |= settled(engine, [DeviceJob(study.run.device)], deadline, timeout)
    return findings(study, states)
