"""What a worker may be asked to do."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from explorer.spec.block import BlockSpec, DenseBlockSpec, ResidualSpec
from explorer.spec.network import DenseNetSpec, NetworkSpec
from explorer.spec.stack import LearningRate, StackSetting, StackSpec
from explorer.spec.study import Budget, DType, Growth, Image, InputSpec, Optimiser, RunSpec

Check = Literal["joined", "drawings", "transition", "networks"]

#: Memories of common devices, in GB, which are read as 2³⁰ bytes.
MEMORIES, GIB = (8, 16, 24, 80), 2**30


@dataclass(frozen=True)
class CountJob:
    """Run one block once on the device and count: shapes, parameters, MACs, bytes, timeline."""

    block: BlockSpec
    input: InputSpec
    run: RunSpec
    kind: Literal["count"] = field(default="count", init=False)


@dataclass(frozen=True)
class TimeJob:
    """Time several blocks with their runs interleaved, so that a noisy neighbour hits all alike."""

    blocks: tuple[BlockSpec, ...]
    input: InputSpec
    run: RunSpec
    kind: Literal["time"] = field(default="time", init=False)


@dataclass(frozen=True)
class StepJob:
    """Follow every tensor of one training step of one block, on fake tensors, which hold no memory.

    ``implementation``: how a Dense Block is written; residual units are written one way only.
    """

    block: BlockSpec
    input: InputSpec
    run: RunSpec
    implementation: str = "concat"
    kind: Literal["step"] = field(default="step", init=False)


@dataclass(frozen=True)
class CompareJob:
    """Run a training step of one Dense Block in several implementations: what each keeps, its peak, and its time.

    ``fused`` cannot train: with it among them, all run a forward in evaluation, whatever ``run`` says; without, a step.
    ``residuals`` are timed in the same rounds. ``rounds``: how often each is timed, one after another in every round;
    0 counts alone, None takes as many as a person waits for.
    """

    block: DenseBlockSpec
    input: InputSpec
    run: RunSpec
    implementations: tuple[str, ...]
    rounds: int | None = 0
    residuals: tuple[ResidualSpec, ...] = ()
    kind: Literal["compare"] = field(default="compare", init=False)


@dataclass(frozen=True)
class CompiledJob:
    """Compile one Dense Block with one budget and run its step beside ``list``, in a process that then ends.

    ``rounds`` as in :class:`CompareJob`, at least 1.
    """

    block: DenseBlockSpec
    input: InputSpec
    run: RunSpec
    budget: Budget
    rounds: int | None = None
    kind: Literal["compiled"] = field(default="compiled", init=False)


@dataclass(frozen=True)
class PlanJob:
    """Search the largest batch, resolution or number of Bottlenecks whose training step fits into each of ``limits``.

    ``limits``: bytes; the device's own memory is one more. ``residual`` has a row of its own, but not for ``layers``.
    ``optimiser``: whose state is held beside the step.
    """

    block: DenseBlockSpec
    input: InputSpec
    run: RunSpec
    implementations: tuple[str, ...]
    limits: tuple[int, ...]
    largest: Growth = "batch"
    optimiser: Optimiser = "none"
    residual: ResidualSpec | None = None
    kind: Literal["plan"] = field(default="plan", init=False)


@dataclass(frozen=True)
class DeviceJob:
    """Ask the worker which device ``device`` is: its name, memory, torch and threads."""

    device: str = "auto"
    kind: Literal["device"] = field(default="device", init=False)


@dataclass(frozen=True)
class Upload:
    """A picture, or weights, that a person gave, as the file's bytes. Equal files have equal ``digest``.

    ``data`` is empty in what the engine keeps beyond the run: see :meth:`MapsJob.kept`.
    """

    digest: str
    data: bytes = field(default=b"", compare=False, repr=False)


@dataclass(frozen=True)
class MapsJob:
    """Run one block on a picture and look into one layer: values, steps, weights by source."""

    block: BlockSpec
    input: InputSpec
    run: RunSpec
    layer: int
    image: Image = "pattern"
    upload: Upload | None = None
    kind: Literal["maps"] = field(default="maps", init=False)

    def kept(self) -> MapsJob:
        """An equal job without the picture's bytes, which nothing keeps once they were decoded."""
        return replace(self, upload=Upload(self.upload.digest)) if self.upload is not None else self


@dataclass(frozen=True)
class WeightsJob:
    """Read with which weights each Bottleneck's first convolution reads each source."""

    block: DenseBlockSpec
    run: RunSpec
    kind: Literal["weights"] = field(default="weights", init=False)


@dataclass(frozen=True)
class NetworkJob:
    """Count a training step of a whole network: on tensors without memory, and on ``device`` where it fits there.

    ``implementation``: how its Dense Blocks are written.
    """

    network: NetworkSpec
    input: InputSpec
    dtype: DType = "float32"
    implementation: str = "list"
    device: str = "auto"
    kind: Literal["network"] = field(default="network", init=False)


@dataclass(frozen=True)
class HeatJob:
    """Read with which weights every reader of a whole network reads each source: the feature-reuse heat map.

    ``weights``: ``fresh`` ones; those of the file in ``upload``; or of the ``server``'s file, which whoever started
    it named by ``EXPLORER_WEIGHTS``. No path travels in a job, so that none can come from a browser. What was read of
    the server's file is kept like any other answer, so that another file there is seen after a new start.
    """

    network: DenseNetSpec
    weights: Literal["fresh", "upload", "server"] = "fresh"
    upload: Upload | None = None
    kind: Literal["heat"] = field(default="heat", init=False)

    def kept(self) -> HeatJob:
        """An equal job without the file's bytes, which nothing keeps once they were read."""
        return replace(self, upload=Upload(self.upload.digest)) if self.upload is not None else self


@dataclass(frozen=True)
class PublishedJob:
    """The same of the published weights, which are fetched, so that it may take minutes."""

    network: DenseNetSpec
    kind: Literal["published"] = field(default="published", init=False)


@dataclass(frozen=True)
class GradientJob:
    """Measure the gradient at every layer of a stack at initialisation, from the seeds 0 to ``seeds`` − 1."""

    stack: StackSpec
    setting: StackSetting
    seeds: int
    kind: Literal["gradients"] = field(default="gradients", init=False)


@dataclass(frozen=True)
class TrainJob:
    """Train a stack from one seed, read its accuracy on images that were held back, and measure its gradients again."""

    stack: StackSpec
    setting: StackSetting
    seed: int
    steps: int
    learning_rate: LearningRate
    kind: Literal["training"] = field(default="training", init=False)


@dataclass(frozen=True)
class CheckJob:
    """Build and run modules to find one thing out of a Dense Block.

    ``what``: ``joined`` compares what leaves a Bottleneck by concatenation and a residual unit by addition with what
    came in, channel by channel; ``drawings`` runs the block as coded and as the paper draws it and counts what each
    reads and concatenates; ``transition`` runs the Transition behind it with the pool last and first; ``networks``
    builds DenseNet-121 with the block's growth rate, and ResNet-50, and counts the parameters of each.
    """

    what: Check
    block: DenseBlockSpec
    input: InputSpec
    kind: Literal["check"] = field(default="check", init=False)


Job = (
    CountJob
    | TimeJob
    | StepJob
    | CompareJob
    | CompiledJob
    | PlanJob
    | DeviceJob
    | MapsJob
    | WeightsJob
    | NetworkJob
    | HeatJob
    | PublishedJob
    | GradientJob
    | TrainJob
    | CheckJob
)
