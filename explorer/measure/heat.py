"""The feature-reuse heat map of a whole network: with which weights every reader reads each source."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from explorer.blocks.network import build_network
from explorer.findings import Problem
from explorer.findings.heat import HeatBlock, HeatMap, WeightOrigin
from explorer.language import said
from explorer.measure.device import UNKNOWN, describe
from explorer.measure.problems import StoppedError
from explorer.measure.weights import FEWER, sources
from explorer.measure.weights_fetched import fetched_weights
from explorer.measure.weights_file import parameters_of, weights_from_bytes, weights_from_path
from explorer.measure.weights_formats import refused
from explorer.spec import DenseBlockSpec, DenseNetSpec, HeatJob, PublishedJob

SEED = 0  # of fresh weights


def heat(job: HeatJob | PublishedJob) -> HeatMap:
    """Takes the weights that ``job`` asks for and reads them; on the CPU, since nothing is run.

    Raises:
        StoppedError: there are none, their file is refused, or they do not fit in memory.
    """
    spec = job.network
    if isinstance(job, PublishedJob):
        return _read(spec, "published", lambda: fetched_weights(spec))
    if job.weights == "upload":
        data = job.upload.data if job.upload else b""
        return _read(spec, "upload", lambda: weights_from_bytes(spec, data), len(data))
    if job.weights == "server":
        return _read(spec, "server", lambda: weights_from_path(spec, _path()))
    return _read(spec, "fresh", lambda: fresh_weights(spec))


def fresh_weights(spec: DenseNetSpec) -> dict[str, Tensor]:
    """All weights as torchvision initialises them, by ``kaiming_normal_`` in every convolution, from :data:`SEED`."""
    torch.manual_seed(SEED)
    network = build_network(spec)
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
    return network.state_dict()


def heat_blocks(spec: DenseNetSpec, weights: Mapping[str, Tensor]) -> tuple[HeatBlock, ...]:
    """What is read of ``weights``, by our names, of a network of ``spec``.

    Raises:
        StoppedError: their mean is beyond any number.
    """
    found = []
    for number, block in enumerate(spec.blocks):
        last = number == len(spec.block_config) - 1
        names = [f"blocks.{number}.denseblock.{layer}.conv1.weight" for layer in range(block.layers)]
        names.append("classifier.weight" if last else f"transitions.{number}.conv.weight")
        columns = tuple(_column(weights[name], block, reader) for reader, name in enumerate(names, 1))
        found.append(HeatBlock(columns, "classifier" if last else "transition"))
    return tuple(found)


def _column(weight: Tensor, block: DenseBlockSpec, reader: int) -> tuple[float, ...]:
    """Mean |w| by source of ``weight``, (out, in) or (out, in, kernel, kernel)."""
    others = [side for side in range(weight.dim()) if side != 1]
    # Summed as it is read: a wider copy of the classifier may be larger than all else.
    total = torch.linalg.vector_norm(weight, ord=1, dim=others, dtype=torch.float64)
    each = total / (weight.numel() // weight.shape[1])
    if not bool(each.isfinite().all()):
        raise refused(said("The weights are so large that no mean can be taken."), said("Choose other weights."))
    return tuple(float(each[first : first + channels].mean()) for _, first, channels in sources(block, reader))


def _read(
    spec: DenseNetSpec, origin: WeightOrigin, weights: Callable[[], Mapping[str, Tensor]], held: int = 0
) -> HeatMap:
    """``held``: bytes of the file, where they are there already."""
    device = describe(torch.device("cpu"))
    needed = 2 * (held or 4 * parameters_of(spec))  # what is read, and a copy on the way to it
    if device.total_bytes != UNKNOWN and needed > device.free_bytes:
        words = said(
            "These weights need {needed:,.0f} MiB, {free:,.0f} MiB may be used here.",
            needed=needed / 2**20,
            free=device.free_bytes / 2**20,
        )
        raise StoppedError(Problem("refused", words, FEWER, needed_bytes=needed, available_bytes=device.free_bytes))
    return HeatMap(spec, origin, heat_blocks(spec, weights()))


def _path() -> str:
    path = os.environ.get("EXPLORER_WEIGHTS", "")
    if not path:
        raise refused(
            said("This server has no weights of its own."),
            said("Choose a file, or start it with EXPLORER_WEIGHTS."),
        )
    return path
