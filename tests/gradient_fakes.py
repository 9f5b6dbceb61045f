"""What stands in for a worker where gradients are measured: sizes that grow by equal steps, shares that sum to one."""

from __future__ import annotations

from explorer.findings.gradients import Gradients, StackRun, Trained
from explorer.spec import GradientJob, Joined, TrainJob

#: Layer 1 ÷ the last layer, by how layers are joined; and how many of ten images are read after training.
RATIOS: dict[Joined, float] = {"plain": 88_000.0, "residual": 18.0, "dense": 8.5}
READ: dict[Joined, float | None] = {"plain": 0.13, "residual": 0.98, "dense": 0.97}


def run(seed: int, ratio: float, layers: int, joined: Joined, *, edges: bool) -> StackRun:
    """Gradients that grow by equal steps from the last layer to the first, a little more with each seed."""
    steps = [layers - s for s in range(layers + 1)]
    sizes = [ratio ** (n / max(1, layers - 1)) * (1 + 0.002 * seed) ** n for n in steps]
    rows = tuple(tuple([0.5 / n] * n + [0.5]) if n else (1.0,) for n in steps)
    direct = {"plain": (), "residual": tuple([0.25] * layers + [1.0]), "dense": tuple(row[-1] for row in rows)}
    return StackRun(
        seed=seed,
        gradients=tuple(sizes),
        maps=tuple([1.0] * (layers + 1)),
        weight_gradients=tuple([1.0] * (layers + 1)),
        weights=tuple([1.0] * (layers + 1)),
        loss=2.3,
        shares=rows if edges else (),
        direct=direct[joined] if edges or joined == "residual" else (),
        sum_error=3e-16 if edges else 0.0,
    )


def _run(job: GradientJob | TrainJob, seed: int, ratios: dict[Joined, float]) -> StackRun:
    stack = job.stack
    edges = stack.kind == "dense_stack" and stack.reach is None
    return run(seed, ratios[stack.joined], stack.layers, stack.joined, edges=edges)


def gradients(job: GradientJob, ratios: dict[Joined, float] = RATIOS) -> Gradients:
    """What a worker would send for ``job``."""
    runs = tuple(_run(job, seed, ratios) for seed in range(job.seeds))
    return Gradients(job.stack, job.setting, 1, runs, (), "2.13.0")


def trained(job: TrainJob, ratios: dict[Joined, float] = RATIOS, read: dict[Joined, float | None] = READ) -> Trained:
    """What a worker would send for ``job``; training that diverged where nothing is read."""
    accuracy = read[job.stack.joined]
    made = None if accuracy is None else _run(job, job.seed, ratios)
    return Trained(job.stack, job.setting, job.seed, job.steps, accuracy, made, "2.13.0")
