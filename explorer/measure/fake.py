"""The same counts on fake tensors, which have shapes and lifetimes but hold no memory."""

from __future__ import annotations

from functools import lru_cache

from torch._subclasses.fake_tensor import FakeTensorMode

from explorer.measure.live import planned_block, planned_input
from explorer.measure.step import Counts, count_step
from explorer.spec import BlockSpec, InputSpec, RunSpec


@lru_cache(maxsize=64)
def fake_counts(spec: BlockSpec, input: InputSpec, run: RunSpec) -> Counts:
    """What :func:`explorer.measure.step.count_step` would count, to the byte, without its sum.

    The fake tensors are on the CPU: a GPU's library may keep a reserve that they do not know.
    """
    with FakeTensorMode():
        return count_step(planned_block(spec, run), planned_input(spec, input, run), with_sum=False)
