"""The blocks as PyTorch modules, one file per idea: :func:`build` turns a spec into a module."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from torch import nn

from explorer.blocks.checkpoints import Checkpoint1x1Block, CheckpointBlock
from explorer.blocks.compiled import CompiledBlock, NoCompilerError
from explorer.blocks.dense import Denseblock, Layer, layers_of
from explorer.blocks.fused import FusedBlock
from explorer.blocks.listed import ListBlock
from explorer.blocks.residual import residual_stack
from explorer.blocks.shared import SharedBlock
from explorer.language import said
from explorer.spec import BlockSpec, DenseBlockSpec, ResidualSpec, SpecError

__all__ = ["IMPLEMENTATIONS", "NoCompilerError", "build", "units"]

#: How a Dense Block may be written: name → what its layers are put into. All have the same parameters and buffers in
#: the same order, and are the same function; they differ in memory and time. ``concat`` is the source text's own code.
IMPLEMENTATIONS: dict[str, Callable[[Iterable[Layer]], Denseblock]] = {
    "concat": Denseblock,
    "list": ListBlock,
    "checkpoint": CheckpointBlock,
    "checkpoint_1x1": Checkpoint1x1Block,
    "shared": SharedBlock,
    "compiled": CompiledBlock,
    "fused": FusedBlock,
}


def build(spec: BlockSpec, implementation: str = "concat", budget: float = 1.0) -> nn.Module:
    """The module that ``spec`` describes, freshly initialised from torch's global generator.

    Args:
        spec: a dense block or a stack of residual units.
        implementation: how a dense block is written; residual units are written one way only.
        budget: of ``compiled``: how much it may keep for backward, as a share from 0 to 1.

    Returns:
        A module on the CPU, in float32 and training mode, that maps
        (N, spec.in_channels, H, W) to (N, spec.out_channels, H, W).

    Raises:
        SpecError: ``spec`` is no block, there is no such implementation, or ``budget`` is no share.
    """
    if not isinstance(spec, DenseBlockSpec | ResidualSpec):
        raise SpecError("spec", spec, said("a DenseBlockSpec or a ResidualSpec"))
    if implementation not in IMPLEMENTATIONS:
        raise SpecError("implementation", implementation, said("one of {options}", options=", ".join(IMPLEMENTATIONS)))
    if not 0 <= budget <= 1:
        raise SpecError("budget", budget, said("a number from 0 to 1"))
    if isinstance(spec, ResidualSpec):
        return residual_stack(spec)
    block = IMPLEMENTATIONS[implementation](layers_of(spec))
    if isinstance(block, CompiledBlock):
        block.budget = budget
    return block


def units(block: nn.Module) -> tuple[nn.Module, ...]:
    """The Bottlenecks or residual units of a block that :func:`build` made, first to last."""
    (sequence,) = block.children()
    return tuple(sequence.children())
