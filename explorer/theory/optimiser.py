"""Bytes of state that an optimiser keeps beside the parameters, from its first step on."""

from __future__ import annotations

from explorer.spec import BYTES_PER_ELEMENT, BlockSpec, DType, InputSpec, Optimiser, RunSpec
from explorer.theory.closed_forms import block_theory

STEP_BYTES = 4  # Adam's count of steps, a float32 scalar for each parameter tensor
_BUFFERS: dict[Optimiser, int] = {"none": 0, "sgd": 0, "momentum": 1, "adam": 2}


def optimiser_bytes(spec: BlockSpec, dtype: DType, optimiser: Optimiser) -> int:
    """Bytes of ``optimiser``'s state for a block whose parameters are of ``dtype``.

    Momentum keeps one number a parameter, Adam two, both in the parameters' type. Adam counts its steps as well: once
    for each parameter tensor, of which a convolution has one and a BatchNorm two.
    """
    buffers = _BUFFERS[optimiser]
    if not buffers:
        return 0
    theory = block_theory(spec, InputSpec(), RunSpec(dtype=dtype))
    state = buffers * BYTES_PER_ELEMENT[dtype] * theory.parameters
    if optimiser != "adam":
        return state
    tensors = sum(2 if part.kind == "bn" else 1 for layer in theory.layers for part in layer.parts)
    return state + STEP_BYTES * tensors
