"""``shared``: one buffer of C channels for the whole block, and a backward written out.

Every layer reads the first c channels of the buffer and writes its k behind them: nothing is concatenated. What is
kept for backward is linear in L:

- the buffer, which is the output (C channels);
- mean and variance of each channel, worked out when it is written and shared by all its readers: a channel's batch
  statistics are the same for everybody, so the chain works out S = c₀ + c₁ + … of them, and here they are C
  (Pleiss et al. 2017, arXiv 1707.06990, share the storage of the normalised maps; their readers have statistics of
  their own);
- what comes out of each layer's first convolution (b·k channels), freed as backward goes.

Normalised and activated maps are made again in backward, a few channels at a time.

**Backward.** Let x̂ = (x − μ)·r be a channel normalised, r = 1/√(σ² + ε). Reader i sees γᵢ·x̂ + βᵢ, and dzᵢ is what comes
back to it. The gradient of a BatchNorm is linear in γᵢ·dzᵢ:

    dx = r · (g − mean(g) − x̂ · mean(g·x̂)),    g = Σᵢ γᵢ·dzᵢ  over all readers i

so g is gathered over the readers and goes through the normalisation once a channel, when the layer that made the
channel needs its gradient; mean(g) and mean(g·x̂) are sums of γᵢ·dβᵢ and γᵢ·dγᵢ, which each reader has anyway. In post
order a layer's first convolution reads the buffer itself, and g is the gradient.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

import explorer.blocks.shapes  # noqa: F401  # for the operator below, which fake tensors do not know
from explorer.blocks.buffer import in_order, room
from explorer.blocks.dense import Bottleneck, Layer, PlainLayer, PostBottleneck, PostPlainLayer
from explorer.blocks.listed import ListBlock
from explorer.blocks.marks import running

_aten = torch.ops.aten
#: How many channels' normalised maps backward makes again at a time: at least so many channels, more where that many
#: numbers are fewer. Smaller parts cost time (each is some ten operators) and, beside the buffer, save little.
CHANNELS, NUMBERS = 128, 2**20


class SharedBlock(ListBlock):
    """The block over one buffer."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, c0, H, W) → (N, c0 + L·k, H, W).

        In evaluation with gradients it is ``list``: there a channel has other statistics for each of its readers.

        Raises:
            ValueError: in training, each channel has a single value.
        """
        if not self.training:
            return self._evaluated(x)
        if x.numel() == x.shape[1]:
            raise ValueError(f"Expected more than 1 value per channel when training, got input size {list(x.shape)}")
        plans = [_plan(layer) for layer in self.layers]
        out: Tensor = _Shared.apply(self, plans, x, *(p for plan in plans for p in plan.parameters))  # type: ignore[no-untyped-call]  # torch's own
        return out

    def _evaluated(self, x: Tensor) -> Tensor:
        if torch.is_grad_enabled():
            return super().forward(x)
        buffer = room(self, x)
        for layer, c in in_order(self, x):
            buffer[:, c : c + layer.growth_rate] = layer.new(buffer[:, :c])
        return buffer


@dataclass(frozen=True)
class _Plan:
    """A layer as the two passes go through it.

    Attributes:
        head: the BatchNorm before the first convolution, which reads shared statistics; None in post order.
        conv: the first convolution, which reads the buffer.
        tail: what follows it: BatchNorm, ReLU, and a convolution or nothing.
        makes: k.
    """

    head: nn.BatchNorm2d | None
    conv: nn.Conv2d
    tail: tuple[tuple[nn.BatchNorm2d, nn.Conv2d | None], ...]
    makes: int

    @property
    def parameters(self) -> list[nn.Parameter]:
        """Its parameters, in the order in which the passes take them."""
        modules = [self.head, self.conv, *(module for pair in self.tail for module in pair)]
        return [parameter for module in modules if module is not None for parameter in module.parameters()]


def _plan(layer: Layer) -> _Plan:
    k = layer.growth_rate
    if isinstance(layer, Bottleneck):
        return _Plan(layer.bn1, layer.conv1, ((layer.bn2, layer.conv2),), k)
    if isinstance(layer, PlainLayer):
        return _Plan(layer.bn1, layer.conv1, (), k)
    if isinstance(layer, PostBottleneck):
        return _Plan(None, layer.conv1, ((layer.bn1, layer.conv2), (layer.bn2, None)), k)
    assert isinstance(layer, PostPlainLayer)
    return _Plan(None, layer.conv1, ((layer.bn1, None),), k)


class _Shared(torch.autograd.Function):
    """Both passes of a whole block; arguments: it, its layers' plans, x, and the plans' parameters."""

    @staticmethod
    def forward(ctx: Any, block: SharedBlock, plans: list[_Plan], x: Tensor, *parameters: Tensor) -> Tensor:
        """(N, c0, H, W) → (N, C, H, W); running statistics move on by one step."""
        buffer = room(block, x)
        normalised = buffer.shape[1] if plans[0].head is not None else 0
        mean, var = (buffer.new_empty(normalised, dtype=parameters[0].dtype) for _ in range(2))
        statistics = _Statistics(buffer, mean, var)
        statistics.see(x, 0)
        kept: list[list[_Kept]] = []
        c = x.shape[1]
        given = iter(parameters)
        for index, plan in enumerate(plans):
            with running(index):
                out, tail = _tail_forward(plan, _head_forward(plan, statistics, c, given), given)
                statistics.write(out, c)
            kept.append(tail)
            c += plan.makes
            ctx.computed_in = out.dtype
            del out
        ctx.plans, ctx.kept = plans, kept
        ctx.save_for_backward(buffer, mean, var, *parameters)
        return buffer

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        """(N, C, H, W) → the gradients of x and of every parameter; ``grad`` is only read."""
        buffer, mean, var, *parameters = ctx.saved_tensors
        plans: list[_Plan] = ctx.plans
        # Given up as backward goes, unless the graph is to be gone through again.
        kept: list[list[_Kept]] = ctx.kept
        if torch._C._autograd._get_current_graph_task_keep_graph():
            kept = [list(layer) for layer in kept]
        gathered = _Gathered(grad, _Statistics(buffer, mean, var), plans[-1])
        found: list[Tensor] = []  # gradients of parameters, last layer first, each layer's in order
        c, end = buffer.shape[1], len(parameters)
        for index in reversed(range(len(plans))):
            plan = plans[index]
            c -= plan.makes
            own = parameters[end - len(plan.parameters) : end]
            end -= len(own)
            with running(index):
                d = gathered.gradient(c, c + plan.makes).to(ctx.computed_in)
                d, tail = _tail_backward(plan, own, kept.pop(), d)
                found[:0] = [*gathered.read(plan, own, c, d), *tail]
                del d
        x = gathered.gradient(0, c) if ctx.needs_input_grad[2] else None
        return None, None, x, *found


@dataclass(frozen=True)
class _Kept:
    """What a BatchNorm of a tail read, with its batch mean and 1/√(σ² + ε)."""

    read: Tensor
    mean: Tensor
    inverse: Tensor


@dataclass(frozen=True)
class _Statistics:
    """The buffer, and mean and biased variance of its channels; of none in post order, where nobody normalises them."""

    buffer: Tensor
    mean: Tensor
    var: Tensor

    def write(self, maps: Tensor, at: int) -> None:
        """Puts ``maps`` into the buffer from channel ``at`` on."""
        self.buffer[:, at : at + maps.shape[1]] = maps
        self.see(maps, at)

    def see(self, maps: Tensor, at: int) -> None:
        """Works out the statistics of ``maps``, unless nobody within the block reads them, as the last layer's."""
        end = at + maps.shape[1]
        if end < self.mean.numel():
            wide = maps.to(torch.promote_types(maps.dtype, torch.float32))
            self.mean[at:end], self.var[at:end] = _aten.batch_norm_update_stats(wide, None, None, 0.0)

    def activated(self, a: int, b: int, norm: nn.BatchNorm2d, weight: Tensor, bias: Tensor) -> Tensor:
        """ReLU of channels a … b as ``norm`` sees them with its ``weight`` and ``bias``."""
        x, mean, var = self.buffer[:, a:b], self.mean[a:b], self.var[a:b]
        return F.batch_norm(x, mean, var, weight[a:b], bias[a:b], False, 0.0, norm.eps).relu_()

    def count(self, norm: nn.BatchNorm2d, c: int) -> None:
        """Moves the running statistics of ``norm``, which reads c channels, on by this batch."""
        factor, values = _factor(norm), self.buffer.numel() // self.buffer.shape[1]
        if norm.running_mean is not None and norm.running_var is not None:
            norm.running_mean.lerp_(self.mean[:c].to(norm.running_mean.dtype), factor)
            unbiased = self.var[:c] * (values / (values - 1))
            norm.running_var.lerp_(unbiased.to(norm.running_var.dtype), factor)


class _Gathered:
    """What backward has gathered for each channel: g of its readers, and the sums of g and of g·x̂."""

    def __init__(self, grad: Tensor, statistics: _Statistics, last: _Plan) -> None:
        buffer = statistics.buffer
        n, channels, height, width = buffer.shape
        self._grad, self._statistics = grad, statistics
        self._values = n * height * width
        self._read = channels - last.makes  # nobody reads what the last layer makes
        self._normalised = last.head is not None
        self._eps = last.head.eps if last.head else 0.0
        self._inverse = torch.rsqrt(statistics.var + self._eps)
        self._g = buffer.new_zeros((n, self._read, height, width))
        self._sums = statistics.mean.new_zeros((2, self._read))

    def gradient(self, a: int, b: int) -> Tensor:
        """Of channels a … b, all of whose readers have been through :meth:`read`: (N, b − a, H, W)."""
        grad = self._grad[:, a:b]
        if a >= self._read:
            return grad.clone(memory_format=torch.contiguous_format)
        if not self._normalised:
            return grad + self._g[:, a:b]
        buffer, mean, r = self._statistics.buffer, self._statistics.mean[a:b], self._inverse[a:b]
        g, gx = (each[a:b] / self._values for each in self._sums)
        out = grad + _per_channel(r * (r * gx * mean - g), grad)
        out.addcmul_(self._g[:, a:b], _per_channel(r, grad))
        return out.addcmul_(buffer[:, a:b], _per_channel(-r * r * gx, grad))

    def read(self, plan: _Plan, own: list[Tensor], c: int, d: Tensor) -> list[Tensor]:
        """Takes ``d``, the gradient of what the first convolution of a layer makes out of the first c channels.

        Returns:
            The gradients of that part's parameters, which come first in ``own``.
        """
        weight = own[0] if plan.head is None else own[2]
        found = [torch.empty_like(parameter) for parameter in own[: 1 if plan.head is None else 3]]
        for a, b in _parts(c, self._values):
            x = self._statistics.buffer[:, a:b]
            z = x if plan.head is None else self._statistics.activated(a, b, plan.head, own[0], own[1])
            dz, dw = _conv_backward(d, z, weight[:, a:b], plan.conv)
            found[-1][:, a:b] = dw
            dz = dz.to(x.dtype)
            if plan.head is None:
                self._g[:, a:b] += dz
                continue
            _relu_backward(dz, z)
            del z
            shared = (self._statistics.mean[a:b], self._inverse[a:b], True, self._eps, [False, True, True])
            _, found[0][a:b], found[1][a:b] = _aten.native_batch_norm_backward(dz, x, own[0][a:b], None, None, *shared)
            self._g[:, a:b].addcmul_(dz, _per_channel(own[0][a:b], dz))
            del dz
        if plan.head is not None:
            dgamma, dbeta, _ = found
            self._sums[:, :c].addcmul_(own[0], torch.stack((dbeta, dgamma)))
        return found


def _head_forward(plan: _Plan, statistics: _Statistics, c: int, given: Iterator[Tensor]) -> Tensor:
    """What a layer's first convolution makes of the first c channels; takes its parameters from ``given``."""
    if plan.head is None:
        return F.conv2d(statistics.buffer[:, :c], next(given), padding=plan.conv.padding)
    read = statistics.activated(0, c, plan.head, next(given), next(given))
    statistics.count(plan.head, c)
    return F.conv2d(read, next(given), padding=plan.conv.padding)


def _tail_forward(plan: _Plan, out: Tensor, given: Iterator[Tensor]) -> tuple[Tensor, list[_Kept]]:
    """The layer's k channels, and what backward needs of their making; takes its parameters from ``given``."""
    kept = []
    for norm, conv in plan.tail:
        before, moving = out, (norm.running_mean, norm.running_var)
        out, mean, inverse = torch.native_batch_norm(
            before, next(given), next(given), *moving, True, _factor(norm), norm.eps
        )
        kept.append(_Kept(before, mean, inverse))
        out = out.relu_()
        out = out if conv is None else F.conv2d(out, next(given), padding=conv.padding)
    return out, kept


def _tail_backward(plan: _Plan, own: list[Tensor], kept: list[_Kept], d: Tensor) -> tuple[Tensor, list[Tensor]]:
    """From the gradient of a layer's k channels to that of its first convolution's; and the tail's parameters'."""
    found: list[Tensor] = []
    end = len(own)
    for norm, conv in reversed(plan.tail):
        one = kept.pop()
        start = end - (2 if conv is None else 3)
        weight, bias = own[start], own[start + 1]
        var = one.inverse.pow(-2) - norm.eps
        activated = F.batch_norm(one.read, one.mean, var, weight, bias, False, 0.0, norm.eps).relu_()
        last = []
        if conv is not None:
            d, dw = _conv_backward(d, activated, own[end - 1], conv)
            last = [dw.to(own[end - 1].dtype)]
        _relu_backward(d, activated)
        del activated
        d, dgamma, dbeta = _aten.native_batch_norm_backward(
            d, one.read, weight, None, None, one.mean, one.inverse, True, norm.eps, [True, True, True]
        )
        del one
        found[:0] = [dgamma, dbeta, *last]
        end = start
    return d, found


def _conv_backward(d: Tensor, x: Tensor, weight: Tensor, conv: nn.Conv2d) -> tuple[Tensor, Tensor]:
    """The gradients of input and weight, in the type of ``d``: under autocast convolutions compute in another."""
    x, weight = x.to(d.dtype), weight.to(d.dtype)
    rest = (None, conv.stride, conv.padding, conv.dilation, False, [0, 0], conv.groups, [True, True, False])
    dx, dw, _ = _aten.convolution_backward(d, x, weight, *rest)
    return dx, dw


def _relu_backward(d: Tensor, activated: Tensor) -> None:
    """``d`` becomes 0 where ``activated`` is, in place."""
    _aten.threshold_backward.grad_input(d, activated, 0, grad_input=d)


def _factor(norm: nn.BatchNorm2d) -> float:
    """Counts a batch, and says how far the running statistics move to it, as BatchNorm's own forward does."""
    if norm.num_batches_tracked is not None:
        norm.num_batches_tracked.add_(1)
    if norm.momentum is not None:
        return norm.momentum
    return 1.0 / float(norm.num_batches_tracked or 1)


def part_channels(values: int) -> int:
    """How many channels of ``values`` numbers each (N·H·W) backward goes through at most at a time."""
    return max(CHANNELS, NUMBERS // values)


def _parts(channels: int, values: int) -> Iterator[tuple[int, int]]:
    """Equal parts of ``channels``, each of which has ``values`` numbers."""
    most = part_channels(values)
    size = -(-channels // -(-channels // most))
    return ((a, min(channels, a + size)) for a in range(0, channels, size))


def _per_channel(values: Tensor, like: Tensor) -> Tensor:
    """One value a channel, for maps (N, C, H, W) in the type of ``like``."""
    return values.to(like.dtype).view(1, -1, 1, 1)
