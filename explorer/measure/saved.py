"""Bytes that autograd keeps for backward."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from explorer.measure.track import own_tensors, storage_key


class SavedBytes:
    """What a forward pass made autograd keep: each storage once, parameters and buffers left out.

    Attributes:
        saved: bytes of maps and statistics in the module's own type; the block's input is among them.
        extra: what the device's library keeps beyond that: cuDNN's reserve (bytes, not numbers), and
            statistics kept in a wider type than the module's, as far as they are wider.
    """

    def __init__(self, module: nn.Module, dtype: torch.dtype) -> None:
        self.saved = self.extra = 0
        self._element = dtype.itemsize
        # What is packed lives as long as the graph does, so a key cannot pass to another storage meanwhile.
        self._seen = {storage_key(tensor) for tensor in own_tensors(module)}

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Counts what the forward pass inside saves."""
        with torch.autograd.graph.saved_tensors_hooks(self._pack, unpack):
            yield

    def _pack(self, tensor: Tensor) -> Tensor:
        key = storage_key(tensor)
        if key not in self._seen:
            self._seen.add(key)
            own = own_bytes(tensor, self._element)
            self.saved += own
            self.extra += tensor.untyped_storage().nbytes() - own
        return tensor


def own_bytes(tensor: Tensor, element: int) -> int:
    """Bytes of the storage of ``tensor`` as a module of ``element`` bytes a number would keep it: no reserve."""
    if not tensor.dtype.is_floating_point:
        return 0
    return tensor.untyped_storage().nbytes() * min(element, tensor.dtype.itemsize) // tensor.dtype.itemsize


def unpack(tensor: Tensor) -> Tensor:
    """What was packed, as it is: the tensors are only looked at."""
    return tensor
