"""The jobs of the Gradients page, and what is known of them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace

from explorer.engine import Engine, Pending, State
from explorer.findings import Beside, Cut, Gradients, GradientsFindings, StackFindings, Trained
from explorer.spec import (
    DenseBlockSpec,
    DenseStackSpec,
    GradientJob,
    Init,
    Job,
    Joined,
    StackSetting,
    StackSpec,
    Study,
    TrainJob,
)
from explorer.study.reading import seen
from explorer.study.settling import Runs, settled
from explorer.theory import MOST_STACK_MACS, mismatch, stack_macs, stack_parameters, stacks_of

INITS: tuple[Init, ...] = ("default", "he", "half")
_AT_ONCE = 50
_DEPTHS = (6, 12, 24, 32)
_REACHES = (1, 2, 3, 4, 6, 8, 12, 16, 20, 28, 40, 52)


def gradient_jobs(study: Study) -> dict[Joined, GradientJob]:
    """Plain, residual and dense stack of ``study`` at initialisation."""
    return _jobs(study, study.block, study.gradients.setting)


def _jobs(study: Study, block: DenseBlockSpec, setting: StackSetting) -> dict[Joined, GradientJob]:
    stacks = stacks_of(block, study.gradients.stack_unit)
    return {joined: GradientJob(stack, setting, study.gradients.seeds) for joined, stack in stacks.items()}


def training_jobs(study: Study) -> dict[Joined, tuple[TrainJob, ...]]:
    """The same stacks, trained from each seed."""
    asked = study.gradients
    stacks = stacks_of(study.block, asked.stack_unit)
    return {
        joined: tuple(
            TrainJob(stack, asked.setting, seed, asked.steps, asked.learning_rate) for seed in range(asked.seeds)
        )
        for joined, stack in stacks.items()
    }


def beside_jobs(study: Study) -> tuple[Job, ...]:
    """What stands beside them, in the order in which a person looks at it.

    The other settings; training from the first seed; skips cut; other depths; then training from the other seeds, which
    takes longest. One that equals another is asked for once.
    """
    found: list[Job] = [job for setting in settings(study) for job in _jobs(study, study.block, setting).values()]
    first, *others = zip(*training_jobs(study).values(), strict=True)  # a seed of all three stacks, then the next
    found += first
    found += [job for _reach, _all, job in _cut_jobs(study)]
    found += [job for layers in depths(study) for job in _depth_jobs(study, layers).values()]
    found += [job for seed in others for job in seed]
    own = set(gradient_jobs(study).values())
    return tuple(job for job in dict.fromkeys(found) if job not in own)


def settings(study: Study) -> tuple[StackSetting, ...]:
    """BatchNorm on and off, each with every initialisation."""
    data = study.gradients.data
    return tuple(StackSetting(batch_norm, init, data) for batch_norm in (True, False) for init in INITS)


def depths(study: Study) -> tuple[int, ...]:
    """Numbers of layers that are set beside each other: round ones, as far as they are run, and the Study's own."""
    own = study.block.layers
    return tuple(sorted({own, *(layers for layers in _DEPTHS if _is_run(study, layers))}))


def _is_run(study: Study, layers: int) -> bool:
    """Whether stacks of so many layers may be run, and take no more than the page's own or a seventh of the most."""
    spec = stacks_of(replace(study.block, layers=layers), study.gradients.stack_unit)
    most = max(map(stack_macs, stacks_of(study.block, study.gradients.stack_unit).values()))
    return max(map(stack_macs, spec.values())) <= max(most, MOST_STACK_MACS // 7)


def _depth_jobs(study: Study, layers: int) -> dict[Joined, GradientJob]:
    return _jobs(study, replace(study.block, layers=layers), study.gradients.setting)


def _cut_jobs(study: Study) -> Iterator[tuple[int | None, bool, GradientJob]]:
    whole = gradient_jobs(study)["dense"]
    stack = whole.stack
    assert isinstance(stack, DenseStackSpec)
    for loss_reads_all in (False, True):
        for reach in _REACHES:
            if reach < stack.layers:
                shorter = replace(stack, reach=reach, loss_reads_all=loss_reads_all)
                yield reach, loss_reads_all, replace(whole, stack=shorter)
        yield None, loss_reads_all, whole


def gradients_findings(study: Study, states: Mapping[Job, State] | None = None) -> GradientsFindings:
    """What is known of the stacks by closed forms, and whatever ``states`` has answered so far."""
    known: Mapping[Job, State] = states or {}

    def found(job: GradientJob) -> Gradients | None:
        return seen(Gradients, job, known, "auto")[0]

    def beside(layers: int, setting: StackSetting, jobs: Mapping[Joined, GradientJob]) -> Beside:
        return Beside(setting, layers, {joined: found(job) for joined, job in jobs.items()})

    own, training = gradient_jobs(study), training_jobs(study)
    dense = own["dense"].stack
    assert isinstance(dense, DenseStackSpec)
    wanted = (*own.values(), *beside_jobs(study))
    waiting = [job for job in wanted if isinstance(known.get(job), Pending)]
    return GradientsFindings(
        study=study,
        stacks={joined: _stack(dense, joined, job, training[joined], known) for joined, job in own.items()},
        settings=tuple(beside(study.block.layers, s, _jobs(study, study.block, s)) for s in settings(study)),
        depths=tuple(beside(n, study.gradients.setting, _depth_jobs(study, n)) for n in depths(study)),
        cuts=tuple(Cut(reach, reads_all, found(job)) for reach, reads_all, job in _cut_jobs(study)),
        waiting=len(waiting),
        training=sum(isinstance(job, TrainJob) for job in waiting),
        jobs=len(wanted),
    )


def _stack(
    dense: DenseStackSpec,
    joined: Joined,
    job: GradientJob,
    training: tuple[TrainJob, ...],
    known: Mapping[Job, State],
) -> StackFindings:
    found, problem = seen(Gradients, job, known, "auto")
    answers = [seen(Trained, one, known, "auto") for one in training]
    problems = [why for _one, why in answers if why is not None]
    spec: StackSpec = job.stack
    return StackFindings(
        joined=joined,
        stack=spec,
        parameters=stack_parameters(spec, job.setting.batch_norm),
        mismatch=mismatch(dense, spec),
        found=found,
        trained=tuple(one for one, _why in answers),
        problem=problem,
        training_problem=problems[0] if problems else None,
    )


def measure_gradients(
    study: Study, engine: Runs | None = None, timeout: float = 900, *, beside: bool = False, training: bool = False
) -> GradientsFindings:
    """Measures the three stacks and waits for the findings.

    Args:
        study: which stacks.
        engine: where it runs; None starts one and closes it before returning.
        timeout: seconds after which what is still open is given up and reported as a problem.
        beside: also the other settings, skips cut and other depths.
        training: also after training.
    """
    running: Runs = engine or Engine()
    try:
        jobs: list[Job] = list(gradient_jobs(study).values())
        jobs += [job for job in beside_jobs(study) if (training if isinstance(job, TrainJob) else beside)]
        end, states = time.monotonic() + timeout, dict[Job, State]()
        for first in range(0, len(jobs), _AT_ONCE):  # no more than an engine lets one waiter wait for
            states |= settled(running, jobs[first : first + _AT_ONCE], end, timeout)
        return gradients_findings(study, states)
    finally:
        if engine is None:
            running.close()
