"""``compiled``: the list form through ``torch.compile``, which decides itself what backward shall compute again.

How much it keeps is bounded by PyTorch's activation memory budget, a share of what the compiled block would keep
without one: 1 is that, 0 keeps as little as it can. The bound is obeyed loosely: it is a choice among whole tensors.

The first call compiles, which takes seconds to minutes and a C++ compiler (on a GPU: Triton); so does the first with
another mode, type or shape. Two blocks of one process with different budgets may recompile each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
import torch._functorch.config as partitioner
from torch import Tensor

from explorer.blocks.dense import Layer
from explorer.blocks.listed import ListBlock, listed
from explorer.language import Text, said

#: torch's name for what is missing → what to install.
_MISSING = {
    "InvalidCxxCompiler": said(
        "torch.compile needs a C++ compiler, and none was found: install g++ or clang, then try again."
    ),
    "TritonMissing": said(
        "torch.compile needs Triton on this device, and it was not found: install the triton package, then try again."
    ),
}


class NoCompilerError(RuntimeError):
    """There is none on this machine; ``told`` says what to install."""

    def __init__(self, told: Text) -> None:
        self.told = told
        super().__init__(told)


class CompiledBlock(ListBlock):
    """The block, compiled when it is first called.

    Attributes:
        budget: the activation memory budget, from 0 to 1; 1 until it is set.
    """

    def __init__(self, layers: Iterable[Layer]) -> None:
        super().__init__(layers)
        self.budget = 1.0
        self._run: Callable[[tuple[Layer, ...], Tensor], Tensor] | None = None

    def forward(self, x: Tensor) -> Tensor:
        """(N, c0, H, W) → (N, c0 + L·k, H, W).

        Raises:
            NoCompilerError: compiling needs a compiler, and there is none.
        """
        # Not before it is wanted: what compiles takes a second to be imported.
        self._run = self._run or torch.compile(listed, dynamic=False)
        try:
            with partitioner.patch(activation_memory_budget=self.budget):
                return self._run(self.layers, x)
        except Exception as fault:
            told = f"{type(fault).__name__} {fault}"
            for name, words in _MISSING.items():
                if name in told:
                    raise NoCompilerError(words) from None
            raise
