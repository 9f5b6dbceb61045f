"""All closed forms of one block on one input."""

from __future__ import annotations

from functools import lru_cache

from explorer.findings import BlockTheory, LayerTheory, Part
from explorer.spec import BYTES_PER_ELEMENT, BlockSpec, DenseBlockSpec, DType, InputSpec, Mode, ResidualSpec, RunSpec
from explorer.theory.memory import peak_channels, saved_channels
from explorer.theory.parts import dense_parts, unit_parts

COUNTER_BYTES = 8  # BatchNorm's num_batches_tracked, int64 whatever the module's dtype


def block_theory(spec: BlockSpec, input: InputSpec, run: RunSpec) -> BlockTheory:
    """The closed forms of ``spec`` on ``input``; of ``run`` only dtype and mode matter.

    Parameters and MACs: :mod:`explorer.theory.parts`; bytes: :mod:`explorer.theory.memory`.
    The chain writes c₁ + … + c_L channels by concatenation. A 3×3 convolution adds 2 to the
    receptive field: 1 + 2L for a dense block.
    """
    return _block_theory(spec, input, run.dtype, run.mode)


@lru_cache(maxsize=512)
def _block_theory(spec: BlockSpec, input: InputSpec, dtype: DType, mode: Mode) -> BlockTheory:
    element = BYTES_PER_ELEMENT[dtype]
    channel_bytes = input.positions * element
    count = spec.layers if isinstance(spec, DenseBlockSpec) else spec.units
    layers = tuple(layer_theory(spec, i, input, dtype, mode) for i in range(1, count + 1))
    parts = [part for layer in layers for part in layer.parts]
    parameter_bytes = element * sum(part.parameters for part in parts)
    buffer_bytes = sum(_buffer_bytes(part, element) for part in parts)
    peak = channel_bytes * peak_channels(spec) + parameter_bytes + buffer_bytes if mode == "inference" else None
    return BlockTheory(
        spec=spec,
        output_shape=(input.batch, spec.out_channels, input.height, input.width),
        layers=layers,
        saved_bytes=sum(layer.saved_bytes for layer in layers),
        peak_bytes=peak,
        parameter_bytes=parameter_bytes,
        buffer_bytes=buffer_bytes,
        input_bytes=channel_bytes * spec.in_channels,
        written_bytes=channel_bytes * sum(layer.written_channels for layer in layers),
        receptive_field=1 + 2 * convolutions_3x3(spec),
    )


def layer_theory(spec: BlockSpec, index: int, input: InputSpec, dtype: DType, mode: Mode) -> LayerTheory:
    """The closed forms of one Bottleneck or residual unit; ``index`` counts from 1."""
    saved = 0
    if mode == "training":
        maps, statistics = saved_channels(spec, index)
        saved = BYTES_PER_ELEMENT[dtype] * (input.positions * maps + 2 * statistics)
    before = spec.width_before(index)
    if isinstance(spec, ResidualSpec):
        parts = unit_parts(spec, index, input.positions)
        return LayerTheory(index, before, spec.out_channels, spec.out_channels, parts, saved, written_channels=0)
    parts = dense_parts(spec, index, input.positions)
    after = spec.width_before(index + 1)
    return LayerTheory(index, before, after, spec.growth_rate, parts, saved, written_channels=after)


def convolutions_3x3(spec: BlockSpec) -> int:
    """How many 3×3 convolutions a block has: what ``match=depth`` makes equal."""
    if isinstance(spec, DenseBlockSpec):
        return spec.layers
    return spec.units * (2 if spec.unit == "basic" else 1)


def _buffer_bytes(part: Part, element: int) -> int:
    """running_mean and running_var in the module's dtype, and the counter."""
    return 2 * element * part.out_channels + COUNTER_BYTES if part.kind == "bn" else 0
