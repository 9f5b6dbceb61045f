"""What stands in for a worker on the Memory page: closed forms, and times and limits in proportion to them."""

from __future__ import annotations

import math

from explorer.findings import (
    PURPOSES,
    Comparison,
    CompiledStep,
    Device,
    ImplementationStep,
    Plan,
    PlanRow,
    Purpose,
    StepTrack,
)
from explorer.spec import (
    BlockSpec,
    CompareJob,
    CompiledJob,
    DenseBlockSpec,
    InputSpec,
    PlanJob,
    ResidualSpec,
    RunSpec,
    StepJob,
)
from explorer.theory import block_theory, kept_bytes, optimiser_bytes


def stepped(job: StepJob) -> StepTrack:
    """What a worker would send for ``job``: the closed form of what is held, and a course of six operators."""
    theory = block_theory(job.block, job.input, job.run)
    channel = job.input.positions * job.run.bytes_per_element
    kept = held(job.block, job.input, job.run, job.implementation)
    ops = ("cat", "relu", "sum", "ones_like", "threshold_backward", "end")
    joined: list[tuple[int, int, Purpose, int, int]] = []  # channels, layer, purpose, born, gone
    made = [(layer.new_channels, layer.index) for layer in theory.layers]
    if job.implementation == "shared":
        joined.append((theory.layers[-1].out_channels, 0, "copy", 1, 2))
    elif isinstance(job.block, DenseBlockSpec):
        joined += [(layer.out_channels, layer.index, "copy", 1, 2) for layer in theory.layers]
    joined += [(channels, layer, "new", 2, 3) for channels, layer in made]
    joined += [(kept // channel, 1, "normalised", 2, 6), (theory.layers[-1].in_channels, 1, "gradient", 4, 7)]
    sizes: list[tuple[int, int, int, Purpose, int, int]] = [
        (0, theory.parameter_bytes + theory.buffer_bytes, 0, "own", 0, 7),
        (job.block.in_channels, 0, 0, "input", 0, 7),
        (0, kept % channel, 1, "other", 2, 6),
        *((channels, 0, layer, what, born, gone) for channels, layer, what, born, gone in joined),
    ]
    lives = tuple((wide, flat, of, PURPOSES.index(what), born, gone, 0) for wide, flat, of, what, born, gone in sizes)
    return StepTrack(ops, (1, 1, 0, 0, 1, 0), 4, channel, kept, lives)


def held(block: BlockSpec, size: InputSpec, run: RunSpec, implementation: str = "list") -> int:
    """Bytes held for backward, by the closed forms."""
    if isinstance(block, ResidualSpec):
        return block_theory(block, size, run).saved_bytes
    return kept_bytes(block, size, run.dtype, implementation)


#: Step time of each implementation and of each budget, relative to ``list``; about what a CPU measures.
TIMES = {"list": 1.0, "concat": 1.01, "checkpoint_1x1": 1.16, "shared": 1.05, "checkpoint": 1.33, "residual": 0.9}
BUDGET_TIMES = {"1.0": (1.01, 0.83), "0.25": (0.21, 0.79), "0.1": (0.12, 0.95), "0.05": (0.07, 1.12)}


def compared(job: CompareJob, device: Device) -> Comparison:
    """What a worker would send for ``job``: times that grow with the block, over seven rounds."""

    def step(name: str, block: BlockSpec) -> ImplementationStep:
        kept = held(block, job.input, job.run, name)
        own = block_theory(block, job.input, job.run).parameter_bytes
        return ImplementationStep(name, kept, kept + 2 * own, rounds(block, job.input, job.run, TIMES[name]))

    steps = tuple(step(name, job.block) for name in job.implementations)
    return Comparison(device, steps, tuple(step("residual", block) for block in job.residuals))


def compiled(job: CompiledJob, device: Device) -> CompiledStep:
    """What a worker would send for ``job``."""
    share, time = BUDGET_TIMES[job.budget]
    kept = int(share * held(job.block, job.input, job.run))
    own, beside = (rounds(job.block, job.input, job.run, factor) for factor in (time, 1.0))
    return CompiledStep(device, job.budget, kept, own, beside, 21.5)


def rounds(block: BlockSpec, size: InputSpec, run: RunSpec, factor: float) -> tuple[float, ...]:
    """Milliseconds of seven steps of a small machine, of which every round is a little different."""
    usual = factor * (0.15 + block_theory(block, size, run).macs / 7e6)
    return tuple(usual * (1 + 0.01 * math.sin(3 * i + 9 * factor)) for i in range(7))


def planned(job: PlanJob, device: Device) -> Plan:
    """What a worker would send for ``job``: by proportion to what is held."""
    state = optimiser_bytes(job.block, job.run.dtype, job.optimiser)
    limits = (*job.limits, device.total_bytes)
    blocks: list[tuple[str, BlockSpec]] = [(name, job.block) for name in job.implementations]
    if job.residual is not None and job.largest != "layers":
        blocks.append(("residual", job.residual))

    def largest(block: BlockSpec, fit: float) -> int | None:
        """Where ``fit`` inputs fit: what is held grows with images, with positions, and about with L²."""
        if job.largest == "batch":
            return int(fit * job.input.batch)
        if job.largest == "resolution":
            return int((fit * job.input.height * job.input.width) ** 0.5)
        assert isinstance(block, DenseBlockSpec)
        deep = int(block.layers * fit**0.5)
        return deep if deep < 64 else None

    rows = []
    for name, block in blocks:
        needs = 1.2 * max(1, held(block, job.input, job.run, name))
        fits = tuple(largest(block, max(0, limit - state) / needs) for limit in limits)
        per_one = int(needs) // job.input.batch if job.largest == "batch" else 0
        rows.append(PlanRow(name, fits, per_one))
    return Plan(limits, tuple(rows), state, device.name)
