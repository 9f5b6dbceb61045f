"""Which layer runs, said to whoever watches operators: torch's profiler, and :mod:`explorer.measure.track`.

The chain's layers run in a forward of their own, which a module hook sees. Where a block reads and writes for its
layers, or computes them anew in backward, only the block knows.
"""

from __future__ import annotations

from torch.autograd.profiler import record_function

#: What a mark begins with; the number of the layer follows, from 0, as in the module's own names.
PREFIX = "denseblock."


def running(index: int) -> record_function:
    """A context for what layer ``index``, from 0, does."""
    return record_function(f"{PREFIX}{index}")
