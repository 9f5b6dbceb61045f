"""The gradient at every layer of a stack, and which reader sends back how much of it.

All in float64 on the CPU: a plain stack without BatchNorm sends back less than float32 can hold.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from threading import Lock

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from explorer.blocks.stacks import Record, Stack, build_stack
from explorer.findings import Problem
from explorer.findings.gradients import Gradients, StackRun, Trained
from explorer.language import said
from explorer.measure.device import UNKNOWN, describe
from explorer.measure.digits import Images, images
from explorer.measure.problems import StoppedError
from explorer.measure.side_by_side import side_by_side
from explorer.spec import IMAGES, DenseStackSpec, GradientJob, StackSetting, StackSpec, TrainJob, UnitStackSpec
from explorer.theory.stacks import MOST_STACK_MACS, stack_bytes, stack_macs

BATCH, MOMENTUM = 32, 0.9  # of training
#: A source's gradient and the sum of what its readers send back may differ by this much of its largest entry.
ROUNDING = 1e-11
SMALLER = said("Lower the growth rate, the number of layers or the input channels.")


def gradients(job: GradientJob) -> Gradients:
    """Measures a stack at initialisation, from the seeds 0, 1, ….

    Raises:
        StoppedError: the stack is too large.
        ArithmeticError: what a source's readers send back does not sum to its gradient.
    """
    fit, data, drawing = _admit(job.stack), images(job.setting.data), Lock()

    def run(seed: int) -> tuple[int, StackRun | None]:
        with drawing:  # from torch's one generator
            # Drawn in float32, as for training: these are the weights that it begins with.
            stack = _built(job.stack, job.setting, seed).double()
        return sum(weight.numel() for weight in stack.parameters()), measured(stack, job.stack, data, seed)

    counted, found = zip(*side_by_side([partial(run, seed) for seed in range(job.seeds)], fit), strict=True)
    runs = tuple(run for run in found if run is not None)
    lost = tuple(seed for seed, run in enumerate(found) if run is None)
    return Gradients(job.stack, job.setting, counted[0], runs, lost, str(torch.__version__))


def train(job: TrainJob) -> Trained:
    """Trains a stack in float32 by SGD, reads its accuracy on images that were held back, and measures it again.

    Raises:
        StoppedError: the stack is too large.
        ArithmeticError: as :func:`gradients`.
    """
    _admit(job.stack)
    data = images(job.setting.data)
    stack = _built(job.stack, job.setting, job.seed)
    rate = float(job.learning_rate)
    optimiser = torch.optim.SGD(stack.parameters(), rate, momentum=MOMENTUM)
    pictures, labels = data.training[0].float(), data.training[1]
    for step in range(job.steps):
        chosen = torch.randint(len(pictures), (BATCH,))
        loss = F.cross_entropy(stack(pictures[chosen]), labels[chosen])
        if not math.isfinite(float(loss.detach())):
            return _trained(job, step, None, None)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch: untyped
        optimiser.step()
    accuracy = _accuracy(stack, data)
    if accuracy is None:
        return _trained(job, job.steps, None, None)
    return _trained(job, job.steps, accuracy, measured(stack.double(), job.stack, data, job.seed))


def _trained(job: TrainJob, steps: int, accuracy: float | None, run: StackRun | None) -> Trained:
    return Trained(job.stack, job.setting, job.seed, steps, accuracy, run, str(torch.__version__))


def _built(spec: StackSpec, setting: StackSetting, seed: int) -> Stack:
    torch.manual_seed(seed)
    return build_stack(spec, batch_norm=setting.batch_norm, init=setting.init)


def _admit(spec: StackSpec) -> int:
    """How many fit into memory beside each other. Refuses what would take far more time, or memory, than there is."""
    macs = stack_macs(spec)
    if macs > MOST_STACK_MACS:
        words = said(
            "One pass through this stack takes {macs:,.0f} GMACs; up to {most:,.0f} are run",
            macs=macs / 1e9,
            most=MOST_STACK_MACS / 1e9,
        )
        raise StoppedError(Problem("refused", words, SMALLER))
    place, needed = describe(torch.device("cpu")), stack_bytes(spec)
    if place.total_bytes != UNKNOWN and needed > place.free_bytes:
        words = said(
            "This stack needs {needed:,.0f} MiB, {free:,.0f} MiB may be used here",
            needed=needed / 2**20,
            free=place.free_bytes / 2**20,
        )
        raise StoppedError(Problem("refused", words, SMALLER, needed_bytes=needed, available_bytes=place.free_bytes))
    return 1 if place.total_bytes == UNKNOWN else place.free_bytes // max(needed, 1)


def _accuracy(stack: nn.Module, data: Images) -> float | None:
    """Share of the held-back images that are read right; None where a score is not finite."""
    stack.eval()
    with torch.no_grad():
        scores = stack(data.held_back[0].float())
    stack.train()
    if not bool(scores.isfinite().all()):
        return None
    return float((scores.argmax(1) == data.held_back[1]).double().mean())


# --- one backward -----------------------------------------------------------------------------------------


def measured(stack: Stack, spec: StackSpec, data: Images, seed: int) -> StackRun | None:
    """One forward and backward of the first images; None where a gradient is not finite.

    BatchNorm computes with the statistics of the batch, as in training.

    Raises:
        ArithmeticError: what a source's readers send back does not sum to its gradient.
    """
    record = Record()
    stack.zero_grad()
    pictures, labels = (part[:IMAGES] for part in data.training)
    loss = F.cross_entropy(_kept(stack, pictures, record), labels)
    loss.backward()  # type: ignore[no-untyped-call]  # torch: untyped
    whole = [_gradient(source) for source in record.sources]
    if not all(bool(each.isfinite().all()) for each in whole):
        return None
    convs = [stack.stem, *(layer.conv2 for layer in stack.layers)]
    weights = [conv.weight for conv in convs if isinstance(conv, nn.Conv2d)]
    run = StackRun(
        seed=seed,
        gradients=tuple(_norm(each) for each in whole),
        maps=tuple(float(source.detach().pow(2).mean().sqrt()) for source in record.sources),
        weight_gradients=tuple(_norm(_gradient(weight)) for weight in weights),
        weights=tuple(_norm(weight.detach()) for weight in weights),
        loss=float(loss.detach()),
    )
    if isinstance(spec, DenseStackSpec) and spec.reach is None:
        edges = _edges(spec, record, whole)
        direct = tuple(row[-1] if row is not None else None for row in edges.shares)
        return replace(run, shares=edges.shares, direct=direct, sum_error=edges.error)
    if isinstance(spec, UnitStackSpec) and spec.joined == "residual":
        return replace(run, direct=tuple(_share(whole[-1], each) for each in whole))
    return run


def _kept(stack: Stack, pictures: Tensor, record: Record) -> Tensor:
    """The scores; all that ``record`` has noted keeps its gradient."""
    scores: Tensor = stack(pictures, record)
    for tensor in (*record.sources, *record.read):
        tensor.retain_grad()
    return scores


@dataclass(frozen=True)
class _Edges:
    shares: tuple[tuple[float, ...] | None, ...]
    error: float


def _edges(spec: DenseStackSpec, record: Record, whole: list[Tensor]) -> _Edges:
    """What each reader sends back to each source, taken where they are concatenated."""
    shares: list[tuple[float, ...] | None] = []
    worst = 0.0
    for source, gradient in enumerate(whole):
        total = torch.zeros_like(gradient)
        row = []
        for part in _sent_back(spec, record, source):
            total += part
            row.append(_share(part, gradient))
        largest = float(gradient.abs().max())
        error = float((total - gradient).abs().max()) / largest if largest else float(total.abs().max())
        if not error <= ROUNDING:
            raise ArithmeticError(f"what readers send back to x{source} misses its gradient by {error:.1e}")
        worst = max(worst, error)
        known = [share for share in row if share is not None]
        if len(known) == len(row) and abs(sum(known) - 1) > ROUNDING * len(row):
            raise ArithmeticError(f"the shares of x{source} sum to {sum(known):.15f}")
        shares.append(tuple(known) if len(known) == len(row) else None)
    return _Edges(tuple(shares), worst)


def _sent_back(spec: DenseStackSpec, record: Record, source: int) -> Iterator[Tensor]:
    """The gradient of ``source``'s slice in each concatenation that holds it, the loss's last."""
    channels = spec.source_channels(source)
    for reader in range(source + 1, spec.layers + 2):
        first = sum(spec.source_channels(before) for before in spec.reads(reader) if before < source)
        yield _gradient(record.read[reader - 1])[:, first : first + channels]


def _share(part: Tensor, whole: Tensor) -> float | None:
    """⟨part, whole⟩ ÷ ‖whole‖²; both scaled first, since a square of 10⁻²⁰⁰ is nothing."""
    largest = whole.abs().max()
    if float(largest) == 0:
        return None
    scaled = whole / largest
    return float((part / largest * scaled).sum() / scaled.pow(2).sum())


def _norm(tensor: Tensor) -> float:
    largest = tensor.abs().max()
    return float(largest * (tensor / largest).norm()) if float(largest) else 0.0


def _gradient(tensor: Tensor) -> Tensor:
    return tensor.grad if tensor.grad is not None else torch.zeros_like(tensor)
