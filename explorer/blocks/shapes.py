"""What fake tensors need to know of an operator for which torch has not told them: the shape of what it returns.

Without it torch runs the operator after all, on zeros of the full size.
"""

from __future__ import annotations

import torch
from torch import Tensor

_NAME = "batch_norm_update_stats"


def _statistics(x: Tensor, mean: Tensor | None, var: Tensor | None, momentum: float) -> tuple[Tensor, Tensor]:
    """Mean and variance of each channel of ``x``, (N, C, H, W): (C,) each."""
    return x.new_empty(x.shape[1]), x.new_empty(x.shape[1])


#: Kept for as long as it shall hold. A later torch may know the operator by itself.
_library = torch.library.Library("aten", "IMPL", "Meta")  # type: ignore[no-untyped-call]  # torch: untyped
if not torch._C._dispatch_has_kernel_for_dispatch_key(f"aten::{_NAME}", "Meta"):
    _library.impl(_NAME, _statistics)  # type: ignore[no-untyped-call]  # torch: untyped
