"""Finds single things out of a Dense Block for a lesson, on live modules: in float32 on the CPU, from seed 0.

BatchNorm computes with the statistics of the batch, as in training, except where each channel has a single value, of
which there are none. Nothing is kept for backward.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils.flop_counter import FlopCounterMode
from torch.utils.weak import WeakTensorKeyDictionary

from explorer.blocks.dense import Denseblock, Layer, layers_of
from explorer.blocks.listed import ListBlock
from explorer.blocks.network import Transition, build_network
from explorer.blocks.residual import PreactivationUnit
from explorer.findings import Check, Problem
from explorer.language import said
from explorer.measure.admission import refusal
from explorer.measure.device import describe
from explorer.measure.live import live_input
from explorer.measure.problems import StoppedError
from explorer.memory import SMALLER
from explorer.spec import (
    CheckJob,
    DenseBlockSpec,
    DenseNetSpec,
    InputSpec,
    NetworkSpec,
    ResNetSpec,
    RunSpec,
    SpecError,
    shown,
)
from explorer.theory import block_theory

#: Multiply-accumulates of the block up to which it is run, twice where it is: some seconds on two cores.
MOST_MACS = 100 * 10**9
_RUN = RunSpec(device="cpu")

Found = dict[str, float]
Module = TypeVar("Module", bound=nn.Module)


def check(job: CheckJob) -> Check:
    """Runs the modules that ``job`` asks for, and answers with numbers by name; see the function of each.

    Raises:
        StoppedError: the block is too large, or its input too small.
    """
    block, run = job.block, _CHECKS[job.what]
    if job.what == "joined":
        block = replace(block, layers=1)
    if job.what != "networks":
        _admit(block, job.input)  # which may follow a step with its backward
    torch.manual_seed(_RUN.seed)
    with torch.no_grad():
        found = run(block, job.input)
    return Check(tuple((name, float(value)) for name, value in found.items()), str(torch.__version__))


def joined(block: DenseBlockSpec, input: InputSpec) -> Found:
    """A block of one layer, which concatenates, and a pre-activation residual unit of as many channels, which adds.

    Of each how many channels leave, and how many of those that came in leave with the same bits, where they were.
    """
    x = live_input(block, input, _RUN, torch.device("cpu"))
    (layer,) = layers_of(block)
    channels = block.in_channels
    unit = PreactivationUnit(channels, max(1, channels // 4), channels)
    found: Found = {"in_channels": channels}
    for name, module in (("cat", layer), ("add", unit)):
        y = _mode(module, input)(x)
        found[f"{name}_channels"] = y.shape[1]
        found[f"{name}_same"] = sum(torch.equal(y[:, c], x[:, c]) for c in range(channels))
    return found


def drawings(block: DenseBlockSpec, input: InputSpec) -> Found:
    """The block as coded, a chain, and as the paper draws it, where each layer reads a list; with the same weights.

    ``arrows``: how many earlier results each layer of the list read, its input among them, together. ``cats`` and
    ``list_cats``: concatenations that ran. ``difference``: the largest one of their outputs.
    """
    x = live_input(block, input, _RUN, torch.device("cpu"))
    chain = _mode(Denseblock(layers_of(block)), input)
    listed = _mode(ListBlock(chain.layers), input)
    with _Concatenations() as coded:
        a = chain(x)
    with _Concatenations() as drawn, ExitStack() as watching:
        read: list[int] = []

        def noted(_first: nn.Module, given: tuple[Any, ...]) -> None:
            read.append(drawn.results(given[0]))

        for layer in listed.layers:
            watching.callback(_first_module(layer).register_forward_pre_hook(noted).remove)
        b = listed(x)
    return {
        "layers": len(read),
        "arrows": sum(read),
        "cats": coded.count,
        "list_cats": drawn.count,
        "difference": float((a - b).abs().max()),
    }


class _Concatenations(TorchFunctionMode):
    """Counts the calls of ``torch.cat``, and knows how many tensors each result was made of."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self._made: MutableMapping[Tensor, int] = WeakTensorKeyDictionary()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        if func is torch.cat:
            self.count += 1
            self._made[out] = len(args[0])
        return out

    def results(self, tensor: Tensor) -> int:
        """How many results were put together in ``tensor``: one of what no concatenation made."""
        return self._made.get(tensor, 1)


def _first_module(layer: Layer) -> nn.Module:
    """The one that reads what the layer reads; ``list`` runs a layer without calling it."""
    return next(layer.children())


def transition(block: DenseBlockSpec, input: InputSpec) -> Found:
    """What the Transition behind the block makes of its output: BN, ReLU, 1×1 convolution to half, 2×2 mean pool.

    ``channels``, ``side`` and ``bytes``: what leaves ÷ what came in. Then with the pool before the convolution, and
    the same weights: ``macs`` ÷ those of the usual order, and the largest ``difference`` ÷ the largest value.
    """
    if min(input.height, input.width) < 2:
        words = said("A map of {height} × {width} cannot be pooled by 2 × 2", height=input.height, width=input.width)
        raise StoppedError(Problem("unsupported", words, said("Make it at least 2 × 2.")))
    x = _mode(Denseblock(layers_of(block)), input)(live_input(block, input, _RUN, torch.device("cpu")))
    after = _mode(Transition(x.shape[1], x.shape[1] // 2), input)

    def pool_first() -> Tensor:
        return after.conv(F.avg_pool2d(F.relu(after.bn(x)), kernel_size=2, stride=2))  # type: ignore[no-any-return]  # torch types a module's call as Any

    macs, out = _counted(lambda: after(x))
    fewer, same = _counted(pool_first)
    return {
        "channels_in": x.shape[1],
        "channels_out": out.shape[1],
        "side_in": x.shape[2],
        "side_out": out.shape[2],
        "channels": out.shape[1] / x.shape[1],
        "side": out.shape[2] / x.shape[2],
        "bytes": out.nbytes / x.nbytes,
        "macs": fewer / macs,
        "difference": float((out - same).abs().max() / out.abs().max()),
    }


def _counted(run: Callable[[], Tensor]) -> tuple[int, Tensor]:
    """Multiply-accumulates by torch's own formulas, which count two for one, and what came out."""
    with FlopCounterMode(display=False) as counter:
        out = run()
    return counter.get_total_flops() // 2, out


def networks(block: DenseBlockSpec, _input: InputSpec) -> Found:
    """Parameters of DenseNet-121 with the block's growth rate and of ResNet-50, built whole, without memory."""
    try:
        pair: dict[str, NetworkSpec] = {"dense": DenseNetSpec(growth_rate=block.growth_rate), "resnet": ResNetSpec()}
    except SpecError as problem:
        allowed, value = problem.rule, shown(problem.value)
        words = said("{field} must be {allowed}, not {value}.", field=problem.field, allowed=allowed, value=value)
        raise StoppedError(Problem("unsupported", words, said("Lower the growth rate."))) from None
    with torch.device("meta"):
        live = {name: build_network(spec) for name, spec in pair.items()}
    return {name: sum(one.numel() for one in network.parameters()) for name, network in live.items()}


_CHECKS: dict[str, Callable[[DenseBlockSpec, InputSpec], Found]] = {
    "joined": joined,
    "drawings": drawings,
    "transition": transition,
    "networks": networks,
}


def _mode(module: Module, input: InputSpec) -> Module:
    return module.train(input.positions > 1)


def _admit(block: DenseBlockSpec, input: InputSpec) -> None:
    """Refuses what would take more memory, or many times as long, than a person has.

    Of memory as if what a training step keeps were kept, which is more than two forwards take.
    """
    macs = block_theory(block, input, _RUN).macs
    if macs > MOST_MACS:
        words = said(
            "The block takes {macs:,.0f} GMACs; up to {most:,.0f} are run", macs=macs / 1e9, most=MOST_MACS / 1e9
        )
        raise StoppedError(Problem("refused", words, SMALLER))
    refused = refusal((block,), input, _RUN, describe(torch.device("cpu")))
    if refused is not None:
        raise StoppedError(refused)
