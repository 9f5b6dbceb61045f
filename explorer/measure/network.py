"""Whole networks counted on the meta device, whose tensors have shapes and lives alone: a training step of each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from explorer.blocks.network import build_network, stages_of
from explorer.findings.network import NetworkCounts
from explorer.measure.allocator import watch_peak
from explorer.measure.device import describe, resolve
from explorer.measure.live import default_dtype
from explorer.measure.track import StepTracker, counted_bytes, own_tensors, storage_key
from explorer.spec import IMAGE_CHANNELS, DType, InputSpec, NetworkJob, NetworkSpec

QUICK_MACS = 12 * 10**9  # of a forward pass, at which a step on a CPU of two cores takes seconds
FROM_TO = 8, 16  # images in the batch between which a further image's share of the peak is taken


def counted_network(job: NetworkJob) -> NetworkCounts:
    """What the live network counts: on the device where it fits there twice and takes seconds, else without memory.

    Raises:
        StoppedError: there is no such device.
    """
    planned = count_network(job.network, job.input, job.dtype, job.implementation)
    device = resolve(job.device)
    place = describe(device)
    if 2 * planned.peak_bytes > place.free_bytes or not _is_quick(planned, device, job.dtype):
        return planned
    kind: torch.dtype = getattr(torch, job.dtype)
    torch.manual_seed(0)
    network = build_network(job.network, job.implementation).to(device, kind)
    images = torch.randn((job.input.batch, IMAGE_CHANNELS, job.input.height, job.input.width)).to(device, kind)
    if device.type == "cpu":
        return replace(
            counted_step(network, images), peak_per_image_bytes=planned.peak_per_image_bytes, device=place.name
        )
    # A GPU's libraries keep more than the tensors of the network, which its allocator tells.
    peak = watch_peak(device)
    network(images).sum().backward()
    return replace(planned, device=place.name, device_peak_bytes=peak())


def _is_quick(planned: NetworkCounts, device: torch.device, dtype: DType) -> bool:
    """Whether a step takes no more than seconds; a CPU computes 16 bits at a small part of its speed."""
    return device.type != "cpu" or (dtype in ("float32", "float64") and planned.macs <= QUICK_MACS)


def count_network(
    spec: NetworkSpec,
    input: InputSpec,
    dtype: DType,
    implementation: str = "list",
    between: tuple[int, int] | None = FROM_TO,
) -> NetworkCounts:
    """Follows forward, loss = sum and backward of the live network, on tensors that have shapes and lives alone.

    Args:
        between: batches of which the peak is taken, too, for a further image's share; None leaves that 0.
    """
    kind: torch.dtype = getattr(torch, dtype)
    with torch.device("meta"), default_dtype(kind):
        network = build_network(spec, implementation)

        def counted(batch: int) -> NetworkCounts:
            return counted_step(network, torch.empty((batch, IMAGE_CHANNELS, input.height, input.width), dtype=kind))

        counts = counted(input.batch)
        if between is None:
            return counts
        few, more = (counted(batch).peak_bytes for batch in between)
        return replace(counts, peak_per_image_bytes=(more - few) // (between[1] - between[0]))


def counted_step(network: nn.Module, images: Tensor) -> NetworkCounts:
    """One step of ``network`` on ``images``, both without memory or with."""
    own = sum(tensor.untyped_storage().nbytes() for tensor in own_tensors(network))
    # The meta device's BatchNorm keeps statistics of 16-bit maps in 32 bits, the CPU's in 16.
    widest = images.dtype.itemsize
    tracker, saved = StepTracker(network, (), images, widest), _SavedByStage(network, widest)
    with saved.watching(), tracker.forward():
        made = network(images)
        shape = tuple(made.shape)
        loss = made.sum()
        del made
    images_bytes = images.untyped_storage().nbytes()
    held = tracker.live_bytes - own - loss.untyped_storage().nbytes()
    del images
    with tracker.backward():
        loss.backward()
    network.zero_grad(set_to_none=True)  # so that the next step begins as this one
    peak = tracker.timeline().peak_bytes
    parameters = sum(parameter.numel() for parameter in network.parameters())
    return NetworkCounts(shape, parameters, tracker.macs, tuple(saved.stages), held, images_bytes, peak, 0)


class _SavedByStage:
    """Bytes that autograd was told to keep while each stage ran: each storage once, parameters and buffers left out.

    A shared buffer and a checkpoint keep by other means, so for them only what is alive between the passes counts.
    """

    def __init__(self, network: nn.Module, widest: int) -> None:
        modules = stages_of(network)
        self.stages = [0] * len(modules)
        self._now, self._widest = 0, widest
        self._modules = modules
        self._seen = {storage_key(tensor) for tensor in own_tensors(network)}

    @contextmanager
    def watching(self) -> Iterator[None]:
        hooks = []
        for number, module in enumerate(self._modules):
            if module is not None:
                hooks.append(module.register_forward_pre_hook(self._at(number)))
                hooks.append(module.register_forward_hook(self._at(number + 1)))
        try:
            with torch.autograd.graph.saved_tensors_hooks(self._pack, lambda tensor: tensor):
                yield
        finally:
            for hook in hooks:
                hook.remove()

    def _at(self, number: int) -> Any:
        def hook(*_: object) -> None:
            self._now = number

        return hook

    def _pack(self, tensor: Tensor) -> Tensor:
        key = storage_key(tensor)
        if key not in self._seen:
            self._seen.add(key)
            self.stages[self._now] += counted_bytes(tensor, self._widest)
        return tensor
