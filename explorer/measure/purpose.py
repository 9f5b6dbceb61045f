"""What each tensor of a step is for, from the operator that made it and from what that operator read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

from explorer.findings import PURPOSES, Purpose

_aten = torch.ops.aten
_CONVOLUTIONS = (_aten.convolution, _aten.conv2d, _aten.mkldnn_convolution, _aten.cudnn_convolution)
#: Operators that make room without reading what they are given.
_ROOM = (_aten.empty, _aten.new_empty, _aten.empty_like)
_ZEROS = (_aten.zeros, _aten.new_zeros, _aten.zeros_like, _aten.ones_like)


@dataclass(frozen=True)
class Role:
    """What a storage is for, the layer that made it, whether it holds maps (N, ·, H, W), and where they start.

    ``start``: of normalised maps, the channel of the concatenation that is their first.
    """

    purpose: Purpose
    layer: int
    is_map: bool
    start: int = 0

    @property
    def place(self) -> int:
        """Of the purpose, in :data:`explorer.findings.PURPOSES`."""
        return PURPOSES.index(self.purpose)


class Roles:
    """The roles of the storages alive. What was let go of must be said: storages' keys are used again."""

    def __init__(self, x: Tensor) -> None:
        self._n, _, *self._area = x.shape
        self._known: dict[int, Role] = {}

    def know(self, key: int, role: Role) -> None:
        """Storage ``key`` has ``role``."""
        self._known[key] = role

    def forget(self, key: int) -> None:
        """Storage ``key`` is gone."""
        self._known.pop(key, None)

    def of(
        self, func: Any, args: Sequence[Any], kwargs: Any, made: Sequence[Tensor], layer: int, in_backward: bool
    ) -> list[Role]:
        """The role of each tensor that ``func`` has made out of ``args`` while ``layer`` ran.

        A gradient is what was made of a gradient, and in backward whatever was not made of maps. So maps that a
        backward pass makes again (a checkpoint's) are what they were in the forward pass.
        """
        packet = func._overloadpacket
        leaves = (leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor))
        known = [(leaf, self._known[_key(leaf)]) for leaf in leaves if _key(leaf) in self._known]
        read = [role for _, role in known]
        purpose = self._purpose(packet, args, read, layer, in_backward)
        # A weight may have the shape of maps; so has what is made of weights alone.
        alone = not any(role.is_map for role in read)
        weights = {tuple(tensor.shape) for tensor, role in known if alone and _own(tensor)}
        # Of a convolution's gradients only the first is of maps, and a block's own input asks for none.
        maps_asked = packet is not _aten.convolution_backward or bool(args[-1][0])
        found = []
        for index, tensor in enumerate(made):
            fits = tensor.dim() == 4 and tensor.shape[0] == self._n and [*tensor.shape[2:]] == self._area
            after_maps = packet is _aten.convolution_backward and index > 0
            weight = after_maps or not maps_asked or tuple(tensor.shape) in weights
            is_map = fits and not weight
            start = self._start(known) if purpose == "normalised" else 0
            found.append(Role(purpose if is_map or purpose == "gradient" else "other", layer, is_map, start))
        return found

    def _start(self, known: Sequence[tuple[Tensor, Role]]) -> int:
        """Where in the concatenation the first maps of ``known`` begin: a part of a buffer is a view of it."""
        tensor, role = next((tensor, role) for tensor, role in known if role.is_map)
        positions = self._area[0] * self._area[1]
        return role.start + tensor.storage_offset() // positions

    def _purpose(self, packet: Any, args: Sequence[Any], read: list[Role], layer: int, in_backward: bool) -> Purpose:
        maps = [role for role in read if role.is_map]
        if in_backward and (not maps or packet in _ZEROS or any(role.purpose == "gradient" for role in read)):
            return "gradient"
        if packet is _aten.cat or packet in _ROOM:
            return "copy"
        if packet in _CONVOLUTIONS:
            return "middle" if [*args[1].shape[2:]] == [1, 1] else "new"
        if not maps:
            return "other"
        first = maps[0]
        if first.purpose in ("normalised", "middle") or (first.purpose == "new" and first.layer == layer):
            return first.purpose
        return "normalised"


def _own(tensor: Tensor) -> bool:
    """Whether every element is a number of its own; not so in an expanded one, as the gradient of a sum."""
    return tensor.untyped_storage().nbytes() >= tensor.numel() * tensor.element_size()


def _key(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)
