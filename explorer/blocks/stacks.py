"""Stacks of equal layers, joined by nothing, by addition or by concatenation, whose gradients are measured.

Each is a stem (3×3 convolution), L layers, and a head that stands for the loss: BatchNorm, ReLU, mean over the map,
one linear layer. The layers are those of the blocks: :class:`~explorer.blocks.dense.Bottleneck` (Huang et al. 2017,
§3) and :class:`~explorer.blocks.residual.PreactivationUnit` (He et al. 2016).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from explorer.blocks.dense import Bottleneck
from explorer.blocks.residual import PreactivationUnit
from explorer.spec import CLASSES, COLOURS, DenseStackSpec, Init, StackSpec, UnitStackSpec


@dataclass
class Record:
    """What one forward made, for whoever asks for its gradients.

    Attributes:
        sources: x0, which the stem makes, and what each layer hands on, first to last.
        read: of a dense stack, the concatenation that each layer reads, and last the one that the loss reads.
    """

    sources: list[Tensor] = field(default_factory=list)
    read: list[Tensor] = field(default_factory=list)


class Stack(nn.Module):
    """Stem, layers, head. Subclasses say how what a layer makes joins what came in."""

    def __init__(self, stem: int, layers: list[nn.Module], out: int, batch_norm: bool) -> None:
        super().__init__()
        self.stem = nn.Conv2d(COLOURS, stem, kernel_size=3, padding=1, bias=False)
        self.layers = nn.ModuleList(layers)
        self.bn = nn.BatchNorm2d(out)
        self.fc = nn.Linear(out, CLASSES)
        if not batch_norm:
            _without_batch_norm(self)

    def forward(self, x: Tensor, record: Record | None = None) -> Tensor:
        """(N, 1, H, W) → (N, 10); ``record`` is filled on the way."""
        record = Record() if record is None else record
        last = self.joined(self.stem(x), record)
        scores: Tensor = self.fc(F.relu(self.bn(last)).mean((2, 3)))
        return scores

    def joined(self, x: Tensor, record: Record) -> Tensor:
        """All layers: x0 → what the loss reads."""
        raise NotImplementedError


class UnitStack(Stack):
    """Units of equal width; ``adds``: whether each adds to what came in, or takes its place."""

    def __init__(self, spec: UnitStackSpec, batch_norm: bool) -> None:
        c, w = spec.channels, spec.inner_width
        units: list[nn.Module] = [
            PreactivationUnit(c, w, c) if spec.unit == "preactivation" else Bottleneck(c, w, c)
            for _ in range(spec.layers)
        ]
        super().__init__(c, units, c, batch_norm)
        self.adds = spec.joined == "residual"

    def joined(self, x: Tensor, record: Record) -> Tensor:
        """(N, c, H, W) → (N, c, H, W)."""
        record.sources.append(x)
        for unit in self.layers:
            made = unit.branch(x) if isinstance(unit, PreactivationUnit) else _bottleneck(unit).new(x)
            x = x + made if self.adds else made
            record.sources.append(x)
        return x


class DenseStack(Stack):
    """Bottlenecks of which each reads the concatenation of the sources that ``spec.reads`` names."""

    def __init__(self, spec: DenseStackSpec, batch_norm: bool) -> None:
        layers: list[nn.Module] = [
            Bottleneck(spec.width_before(reader), spec.mid_channels, spec.growth_rate)
            for reader in range(1, spec.layers + 1)
        ]
        super().__init__(spec.in_channels, layers, spec.width_before(spec.layers + 1), batch_norm)
        self.spec = spec

    def joined(self, x: Tensor, record: Record) -> Tensor:
        """(N, c0, H, W) → the concatenation that the loss reads."""
        record.sources.append(x)
        for reader, layer in enumerate(self.layers, 1):
            record.sources.append(_bottleneck(layer).new(self._concatenated(reader, record)))
        return self._concatenated(self.spec.layers + 1, record)

    def _concatenated(self, reader: int, record: Record) -> Tensor:
        read = torch.cat([record.sources[source] for source in self.spec.reads(reader)], 1)
        record.read.append(read)
        return read


def build_stack(spec: StackSpec, *, batch_norm: bool = True, init: Init = "default") -> Stack:
    """The stack that ``spec`` describes, freshly initialised from torch's global generator.

    Args:
        spec: which.
        batch_norm: whether BatchNorm stands before every ReLU; without, nothing stands there.
        init: of the layers' convolutions. ``default`` is what ``nn.Conv2d`` does, variance 1 / (3 · fan-in); ``he``
            has 2 / fan-in (He et al. 2015, equation 10); ``half`` halves the default's weights. Stem and linear layer
            keep the default.
    """
    stack = DenseStack(spec, batch_norm) if isinstance(spec, DenseStackSpec) else UnitStack(spec, batch_norm)
    draw = _INITS[init]
    with torch.no_grad():
        for module in stack.layers.modules():
            if isinstance(module, nn.Conv2d):
                draw(module.weight)
    return stack


def _he(weight: Tensor) -> None:
    fan_in = weight[0].numel()
    weight.normal_(0.0, math.sqrt(2 / fan_in))


_INITS: dict[Init, Callable[[Tensor], object]] = {
    "default": lambda weight: weight,
    "he": _he,
    "half": lambda weight: weight.mul_(0.5),
}


def _bottleneck(module: nn.Module) -> Bottleneck:
    assert isinstance(module, Bottleneck)
    return module


def _without_batch_norm(module: nn.Module) -> None:
    for name, child in module.named_children():
        if isinstance(child, nn.BatchNorm2d):
            setattr(module, name, nn.Identity())
        else:
            _without_batch_norm(child)
