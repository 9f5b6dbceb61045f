"""``checkpoint`` and ``checkpoint_1x1``: what is cheap to make again is not kept for backward, but recomputed there.

Chen et al. 2016 (arXiv 1604.06174) for any network; Pleiss et al. 2017 (arXiv 1707.06990) for DenseNets, whose
concatenations and BatchNorms take much memory and little time.

A recomputed BatchNorm sees the same batch a second time. Left alone it would count it twice: its running statistics
would move on twice a step, while the gradients stay right, so that nobody notices before evaluation. Here the
second pass leaves them as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from explorer.blocks.dense import Denseblock, Layer
from explorer.blocks.listed import joined
from explorer.blocks.marks import running


class CheckpointBlock(Denseblock):
    """Of each layer only its k new channels are kept: concatenation and layer are computed again in backward."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, c0, H, W) → (N, c0 + L·k, H, W)."""
        features = [x]
        for index, layer in enumerate(self.layers):
            features.append(recomputed(index, layer, layer.new, features))
        return joined(features)


class Checkpoint1x1Block(Denseblock):
    """Recomputes as far as the first convolution and keeps what comes out of it, as torchvision's ``memory_efficient``.

    That is the 1×1 of a Bottleneck. A layer without one is recomputed whole: its first convolution is its 3×3.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(N, c0, H, W) → (N, c0 + L·k, H, W)."""
        features = [x]
        for index, layer in enumerate(self.layers):
            with running(index):
                features.append(layer.finish(recomputed(index, layer, layer.start, features)))
        return joined(features)


def recomputed(index: int, layer: Layer, part: Callable[[Tensor], Tensor], features: list[Tensor]) -> Tensor:
    """``part`` of ``layer`` on all ``features`` together, of which autograd keeps the features and nothing else."""

    def run(*features: Tensor) -> Tensor:
        with running(index):
            return part(joined(features))

    def contexts() -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
        return nullcontext(), _StatisticsLeftAlone(layer)

    # Nothing in a block is random, so no generator's state need be kept.
    out: Tensor = checkpoint(run, *features, use_reentrant=False, preserve_rng_state=False, context_fn=contexts)
    return out


class _StatisticsLeftAlone:
    """A context in which BatchNorms normalise by their batch as ever, but do not count it; entered once a backward.

    Switching ``track_running_stats`` off would make them keep other tensors, which checkpointing refuses.
    """

    def __init__(self, module: nn.Module) -> None:
        self._module = module

    def __enter__(self) -> None:
        norms = [m for m in self._module.modules() if isinstance(m, nn.BatchNorm2d) and m.training]
        self._before = [(norm, norm.momentum, norm.num_batches_tracked) for norm in norms]
        for norm in norms:
            norm.momentum, norm.num_batches_tracked = 0.0, None

    def __exit__(self, *_: object) -> None:
        for norm, momentum, tracked in self._before:
            norm.momentum, norm.num_batches_tracked = momentum, tracked
