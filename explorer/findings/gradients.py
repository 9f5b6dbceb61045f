"""What was measured of the gradients of stacks: at initialisation, after training, by edge."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from explorer.findings.measurement import Problem
from explorer.spec import GradientOf, Joined, StackSetting, StackSpec, Study


@dataclass(frozen=True)
class StackRun:
    """One stack from one seed: one forward and backward of one batch, in float64 on the CPU.

    Attributes:
        seed: what it was initialised from.
        gradients: ‖∂loss/∂xₛ‖ (Frobenius, over the whole batch) at x0, which the stem makes, and at each layer's
            output, first to last: L + 1 numbers.
        maps: root mean square of x0 and each layer's output.
        weight_gradients: ‖∂loss/∂w‖ of the stem's convolution and of each layer's 3×3 one: L + 1 numbers.
        weights: ‖w‖ of the same.
        loss: cross-entropy of the batch.
        shares: of a dense stack with all skips, ``shares[s][ℓ − s − 1]``: the share of the gradient at source s that
            comes back from reader ℓ > s, the loss last: ⟨g(s, ℓ), G(s)⟩ ÷ ‖G(s)‖², signed, together 1; None of a
            source whose gradient is exactly zero. Empty of any other stack.
        direct: of a residual stack, the share of the gradient at xₛ that the additions alone carry back from the
            loss; of a dense one, the last of ``shares``. Empty of a plain stack and of one with skips cut.
        sum_error: the largest difference between a source's gradient and the sum of what its readers send back,
            relative to the largest entry; 0 where nothing is summed.
    """

    seed: int
    gradients: tuple[float, ...]
    maps: tuple[float, ...]
    weight_gradients: tuple[float, ...]
    weights: tuple[float, ...]
    loss: float
    shares: tuple[tuple[float, ...] | None, ...] = ()
    direct: tuple[float | None, ...] = ()
    sum_error: float = 0.0


@dataclass(frozen=True)
class Gradients:
    """One stack at initialisation, from several seeds.

    Attributes:
        parameters: counted on the live module.
        runs: those whose gradient is finite everywhere, by seed.
        lost: seeds whose gradient is not.
        torch: its version.
    """

    stack: StackSpec
    setting: StackSetting
    parameters: int
    runs: tuple[StackRun, ...]
    lost: tuple[int, ...]
    torch: str
    kind: Literal["gradients"] = field(default="gradients", init=False)


@dataclass(frozen=True)
class Trained:
    """One stack after training from one seed.

    Attributes:
        steps: taken; fewer than asked for where the loss ceased to be finite.
        accuracy: share of the held-back images that are read right; None where the loss ceased to be finite.
        run: the gradients afterwards; None likewise, and where they are not finite.
    """

    stack: StackSpec
    setting: StackSetting
    seed: int
    steps: int
    accuracy: float | None
    run: StackRun | None
    torch: str
    kind: Literal["trained"] = field(default="trained", init=False)


@dataclass(frozen=True)
class Spread:
    """Median, lowest and highest of several seeds."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """Of at least one value; the upper median of an even number."""
        ordered = sorted(values)
        return cls(ordered[len(ordered) // 2], ordered[0], ordered[-1])


def relative(runs: Iterable[StackRun], of: GradientOf = "raw") -> tuple[Spread, ...]:
    """The gradient at each layer ÷ at the last one, over ``runs``: L + 1 spreads, x0's first.

    Args:
        runs: a run whose last gradient is zero counts for nothing.
        of: ``raw``, a layer's output; ``free`` of scale, each times the root mean square of its map, so that a layer
            whose weights are all doubled, and its readers' halved, has what it had before; ``weights``, of the stem's
            convolution and of each layer's 3×3 one.
    """
    rows = []
    for run in runs:
        sizes = _sizes(run, of)
        if sizes[-1] > 0:
            rows.append([size / sizes[-1] for size in sizes])
    return tuple(Spread.of(column) for column in zip(*rows, strict=True))


def _sizes(run: StackRun, of: GradientOf) -> list[float]:
    if of == "weights":
        return list(run.weight_gradients)
    if of == "free":
        return [gradient * rms for gradient, rms in zip(run.gradients, run.maps, strict=True)]
    return list(run.gradients)


def mean_shares(runs: Iterable[StackRun]) -> tuple[tuple[float, ...] | None, ...]:
    """The mean of ``shares`` over ``runs``, source by source; None where no run knows them. Empty of no dense stack."""
    found: list[tuple[float, ...] | None] = []
    for rows in zip(*(run.shares for run in runs), strict=True):
        known = [row for row in rows if row is not None]
        found.append(tuple(sum(part) / len(known) for part in zip(*known, strict=True)) if known else None)
    return tuple(found)


def mean_direct(runs: Iterable[StackRun], source: int) -> float | None:
    """The mean of ``direct`` at ``source`` over ``runs``; None where no run knows it."""
    known = [share for run in runs if run.direct and (share := run.direct[source]) is not None]
    return sum(known) / len(known) if known else None


@dataclass(frozen=True)
class StackFindings:
    """What is known of one of the three stacks of a Study.

    Attributes:
        parameters: of the whole, as a closed form.
        mismatch: by which share its layers' parameters differ from the dense stack's.
        found: at initialisation.
        trained: from each seed; None where that is open, or was not measured.
        problem: why there is none of ``found``; ``training_problem`` of ``trained``.
    """

    joined: Joined
    stack: StackSpec
    parameters: int
    mismatch: float
    found: Gradients | None = None
    trained: tuple[Trained | None, ...] = ()
    problem: Problem | None = None
    training_problem: Problem | None = None

    @property
    def accuracies(self) -> tuple[float | None, ...]:
        """Of each seed that was trained, held-back accuracy; None where training diverged."""
        return tuple(one.accuracy for one in self.trained if one is not None)

    def runs(self, *, trained: bool) -> tuple[StackRun, ...]:
        """At initialisation, or after training."""
        if trained:
            return tuple(one.run for one in self.trained if one is not None and one.run is not None)
        return self.found.runs if self.found is not None else ()


@dataclass(frozen=True)
class Beside:
    """Plain, residual and dense in another setting or at another depth; None where that is open, or failed."""

    setting: StackSetting
    layers: int
    found: dict[Joined, Gradients | None]


@dataclass(frozen=True)
class Cut:
    """The dense stack with skips up to ``reach`` layers; ``reach`` None: all."""

    reach: int | None
    loss_reads_all: bool
    found: Gradients | None


@dataclass(frozen=True)
class GradientsFindings:
    """All that the Gradients page shows.

    Attributes:
        settings: all six, in the order of the page; one of them is the Study's.
        depths: the Study's setting at several depths, shallow ones first.
        cuts: shortest reach first, for both values of ``loss_reads_all``.
        waiting: how many jobs are open, and ``jobs`` how many there are.
        training: how many of the open ones train.
    """

    study: Study
    stacks: dict[Joined, StackFindings]
    settings: tuple[Beside, ...] = ()
    depths: tuple[Beside, ...] = ()
    cuts: tuple[Cut, ...] = ()
    waiting: int = 0
    training: int = 0
    jobs: int = 0

    @cached_property
    def shares(self) -> tuple[tuple[float, ...] | None, ...]:
        """The mean shares of the dense stack, as the page asks for it; empty where it was not measured."""
        return mean_shares(self.stacks["dense"].runs(trained=self.study.gradients.trained))

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """Why something is missing, each reason once, of initialisation first."""
        stacks = self.stacks.values()
        problems = [one.problem for one in stacks] + [one.training_problem for one in stacks]
        return tuple(dict.fromkeys(problem for problem in problems if problem is not None))

    @property
    def measured(self) -> bool:
        """Whether all three stacks are known at initialisation."""
        return all(one.found is not None for one in self.stacks.values())
