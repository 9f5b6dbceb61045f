"""Builds the block and its input as a run asks: seed, type, device, mode."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from explorer.blocks import build
from explorer.measure.device import require_dtype, resolve
from explorer.spec import BlockSpec, InputSpec, RunSpec


def dtype_of(run: RunSpec) -> torch.dtype:
    """torch's name for the run's type."""
    dtype = getattr(torch, run.dtype)
    assert isinstance(dtype, torch.dtype)
    return dtype


def ready(run: RunSpec) -> torch.device:
    """The device that ``run`` asks for, which computes in its type.

    Raises:
        StoppedError: there is no such device, or it cannot.
    """
    device = resolve(run.device)
    require_dtype(device, dtype_of(run), training=run.mode == "training")
    return device


def live_block(spec: BlockSpec, run: RunSpec, device: torch.device) -> nn.Module:
    """The block on ``device`` in the run's type and mode. The same seed gives the same weights everywhere."""
    torch.manual_seed(run.seed)
    return build(spec).to(device, dtype_of(run)).train(run.mode == "training")


def live_input(spec: BlockSpec, input: InputSpec, run: RunSpec, device: torch.device) -> Tensor:
    """Standard normal numbers, (N, c0, H, W); drawn on the CPU, so that they are the same on every device."""
    draw = torch.Generator().manual_seed(run.seed)
    x = torch.randn(_shape(spec, input), generator=draw)
    return x.to(device, dtype_of(run))


def planned_block(spec: BlockSpec, run: RunSpec) -> nn.Module:
    """The block as :func:`live_block` makes it, for a context in which tensors hold no memory.

    It is made in its type: a module of fake tensors cannot be cast.
    """
    with default_dtype(dtype_of(run)):
        return build(spec).train(run.mode == "training")


def named_block(spec: BlockSpec, run: RunSpec, implementation: str, budget: float = 1.0) -> nn.Module:
    """The block in the run's type, written as ``implementation`` says, in training mode whatever the run says."""
    torch.manual_seed(run.seed)
    with default_dtype(dtype_of(run)):
        return build(spec, implementation, budget)


def planned_input(spec: BlockSpec, input: InputSpec, run: RunSpec) -> Tensor:
    """An input of the right shape and type whose values do not matter."""
    return torch.empty(_shape(spec, input), dtype=dtype_of(run))


@contextmanager
def default_dtype(dtype: torch.dtype) -> Iterator[None]:
    """New parameters are of ``dtype``; torch has no such context of its own."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def _shape(spec: BlockSpec, input: InputSpec) -> tuple[int, int, int, int]:
    return input.batch, spec.in_channels, input.height, input.width
