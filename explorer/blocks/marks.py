"""Which layer runs, said to whoever watches operators: torch's profiler, and :mod:`explorer.measure.track`.

The chain's layers run in a forward of their own, which a module hook sees. Where a block reads and writes for its
layers, or computes them anew in backward, only the block knows.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch
from torch.autograd.profiler import record_function

#: What a mark begins with; the number of the layer follows, from 0, as in the module's own names.
PREFIX = "denseblock."


def running(index: int) -> AbstractContextManager[object]:
    """A context for what layer ``index``, from 0, does; compiled code has no layers."""
    return nullcontext() if torch.compiler.is_compiling() else record_function(f"{PREFIX}{index}")
