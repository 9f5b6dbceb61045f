"""The block as PyTorch source that runs alone, with the person's numbers in it.

Two classes, as in the source text: a Bottleneck that concatenates its channels to what came in,
and a Denseblock that chains them. Names and their order are those of the measured module, so that
both print alike and a ``state_dict`` of one loads into the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from explorer.findings import Part
from explorer.spec import DenseBlockSpec, Study
from explorer.theory import block_theory

#: The layer's class, by order and whether it has the 1×1; as in the measured module's printed structure.
_NAMES = {
    ("pre", True): "Bottleneck",
    ("pre", False): "PlainLayer",
    ("post", True): "PostBottleneck",
    ("post", False): "PostPlainLayer",
}


def pytorch_source(study: Study) -> str:
    """A Python file that defines the block, runs it once on the study's input and prints what comes out."""
    name = _NAMES[study.block.order, study.block.bottleneck]
    return f'''"""A Dense Block: {_summary(study.block)}."""

import torch
import torch.nn.functional as F
from torch import nn


class {name}(nn.Module):
    def __init__(self, in_channels: int, growth_rate: int) -> None:
        super().__init__()
{_lines(_members(study), 8)}

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # (N, c, H, W)
{_lines(_forward(study), 8)}
        return torch.cat([x, out], 1)  # (N, c + k, H, W)


class Denseblock(nn.Module):
    def __init__(self, in_channels: int, growth_rate: int, layers: int) -> None:
        super().__init__()
        stack = [{name}(in_channels + i * growth_rate, growth_rate) for i in range(layers)]
        self.denseblock = nn.Sequential(*stack)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.denseblock(x)


if __name__ == "__main__":
{_lines(_run(study), 4)}
'''


def _summary(block: DenseBlockSpec) -> str:
    if block.layers == 1:
        return (
            f"{block.in_channels} channels in, one Bottleneck that adds {block.growth_rate}, {block.out_channels} out"
        )
    return (
        f"{block.in_channels} channels in, {block.layers} Bottlenecks that add {block.growth_rate} each, "
        f"{block.out_channels} out"
    )


def _lines(lines: Iterator[str], indent: int) -> str:
    return "\n".join(" " * indent + line for line in lines)


@dataclass(frozen=True)
class _Convolution:
    """One convolution of a Bottleneck with its BN, and its channels as the source writes them."""

    conv: Part
    norm: Part
    reads: str
    makes: str
    shape: str


def _convolutions(study: Study) -> list[_Convolution]:
    parts = block_theory(study.block, study.input, study.run).layers[0].parts
    convs = [part for part in parts if part.kind != "bn"]
    norms = [part for part in parts if part.kind == "bn"]
    if not study.block.bottleneck:
        return [_Convolution(convs[0], norms[0], "in_channels", "growth_rate", "k")]
    return [
        _Convolution(convs[0], norms[0], "in_channels", "mid_channels", "b·k"),
        _Convolution(convs[1], norms[1], "mid_channels", "growth_rate", "k"),
    ]


def _members(study: Study) -> Iterator[str]:
    block = study.block
    if block.bottleneck:
        yield f"mid_channels = {block.bottleneck_factor} * growth_rate  # b·k"
    for each in _convolutions(study):
        kernel = "1" if each.conv.kind == "conv1x1" else "3, padding=1"
        conv = f"self.{each.conv.name} = nn.Conv2d({each.reads}, {each.makes}, {kernel}, bias=False)"
        norm = f"self.{each.norm.name} = nn.BatchNorm2d({each.reads if block.order == 'pre' else each.makes})"
        yield from (norm, conv) if block.order == "pre" else (conv, norm)


def _forward(study: Study) -> Iterator[str]:
    read = "x"
    for each in _convolutions(study):
        conv, norm = f"self.{each.conv.name}", f"self.{each.norm.name}"
        made = f"{conv}(F.relu({norm}({read})))" if study.block.order == "pre" else f"F.relu({norm}({conv}({read})))"
        yield f"out = {made}  # (N, {each.shape}, H, W)"
        read = "out"


def _run(study: Study) -> Iterator[str]:
    block, size, run = study.block, study.input, study.run
    shape = f"{size.batch}, {block.in_channels}, {size.height}, {size.width}"
    wanted = [f'device="{run.device}"'] if run.device not in ("auto", "cpu") else []
    wanted += [f"dtype=torch.{run.dtype}"] if run.dtype != "float32" else []
    cast = f".to({', '.join(wanted)})" if wanted else ""
    yield f"torch.manual_seed({run.seed})"
    yield f"block = Denseblock({block.in_channels}, {block.growth_rate}, {block.layers}){cast}"
    yield f"draw = torch.Generator().manual_seed({run.seed})  # the input's own, on the CPU: the same on every device"
    yield f"x = torch.randn({shape}, generator=draw){cast}"
    call = "output = block(x)"
    if run.mode == "inference":
        yield "block.eval()"
        yield "with torch.no_grad():"
        yield f"    {call}"
    else:
        yield call
    yield "print(block)"
    yield f"print(output.shape)  # torch.Size([{size.batch}, {block.out_channels}, {size.height}, {size.width}])"
