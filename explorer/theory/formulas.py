"""The closed forms as a person reads them: the formula, and the same with the Study's numbers put in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from explorer.findings import BlockTheory
from explorer.language import _
from explorer.spec import DenseBlockSpec, Study
from explorer.theory.memory import dense_moments


@dataclass(frozen=True)
class Formula:
    """One closed form.

    Attributes:
        name: what it gives, for people.
        symbolic: the formula, in the symbols of :mod:`explorer.theory`.
        substituted: the same with numbers put in; it evaluates to ``value``.
        value: the result.
        unit: what one is.
        quantity: the :class:`explorer.findings.Quantity` that it is the closed form of, or empty.
        note: what its symbols stand for where that needs saying, or empty.
    """

    name: str
    symbolic: str
    substituted: str
    value: int
    unit: str
    quantity: str = ""
    note: str = ""


def formulas(theory: BlockTheory, study: Study) -> tuple[Formula, ...]:
    """The closed forms of ``study``'s Dense Block, whose results ``theory`` holds, in reading order."""
    return tuple(_formulas(theory, study))


def _formulas(theory: BlockTheory, study: Study) -> Iterator[Formula]:
    block, run, input = study.block, study.run, study.input
    c0, k, layers, out = block.in_channels, block.growth_rate, block.layers, block.out_channels
    read = sum(layer.in_channels for layer in theory.layers)
    channel = input.positions * run.bytes_per_element

    yield Formula(_("Output channels"), "C = c₀ + L·k", f"{_n(c0)} + {layers} · {k}", out, "channels")
    yield Formula(
        _("Channels read, all layers"),
        "S = L·c₀ + k·L·(L − 1)/2",
        f"{layers} · {_n(c0)} + {k} · {_n(layers * (layers - 1) // 2)}",
        read,
        "channels",
    )
    yield Formula(
        _("Channels written by concatenation"),
        "S + C − c₀",
        f"{_n(read)} + {_n(out)} − {_n(c0)}",
        theory.written_channels,
        "channels",
        note=_("each of the L concatenations writes all channels so far once more"),
    )
    symbolic, substituted = _parameters(block, read)
    yield Formula(_("Parameters"), symbolic, substituted, theory.parameters, "parameters", "parameters")
    symbolic, substituted = _macs(block, read, input.positions)
    yield Formula(_("MACs of the convolutions"), symbolic, substituted, theory.macs, "MACs", "macs")
    yield Formula(
        _("Bytes of one channel"),
        "A = N·H·W·e",
        f"{_n(input.batch)} · {_n(input.height)} · {_n(input.width)} · {run.bytes_per_element}",
        channel,
        "bytes",
    )
    yield Formula(
        _("Bytes written by concatenation"),
        "A·(S + C − c₀)",
        f"{_n(channel)} · {_n(theory.written_channels)}",
        theory.written_bytes,
        "bytes",
    )
    yield Formula(
        _("Receptive field"),
        "1 + 2L",
        f"1 + 2 · {layers}",
        theory.receptive_field,
        "pixels",
        note=_("side of the square of the input that an output value depends on"),
    )
    if run.mode == "training":
        symbolic, substituted = _saved(block, read, channel, run.bytes_per_element)
        yield Formula(_("Saved for backward"), symbolic, substituted, theory.saved_bytes, "bytes", "saved_bytes")
        return
    yield Formula(
        _("Saved for backward"), "0", "0", 0, "bytes", "saved_bytes", _("inference keeps nothing for backward")
    )
    if theory.peak_bytes is not None:
        symbolic, substituted = _peak(theory, block, channel)
        note = _("c = c₀ + (L − 1)·k, what the last Bottleneck reads; P = parameters and buffers, in bytes")
        yield Formula(_("Peak"), symbolic, substituted, theory.peak_bytes, "bytes", "peak_bytes", note)
    # training has no closed peak: it is tracked


def _parameters(block: DenseBlockSpec, read: int) -> tuple[str, str]:
    k, layers, middle = block.growth_rate, block.layers, block.mid_channels
    if block.bottleneck and block.order == "pre":
        each = 2 * middle + 9 * middle * k
        return "(2 + bk)·S + L·(2bk + 9bk²)", f"{_n(2 + middle)} · {_n(read)} + {layers} · {_n(each)}"
    if block.bottleneck:
        each = 2 * middle + 9 * middle * k + 2 * k
        return "bk·S + L·(2bk + 9bk² + 2k)", f"{_n(middle)} · {_n(read)} + {layers} · {_n(each)}"
    if block.order == "pre":
        return "(2 + 9k)·S", f"{_n(2 + 9 * k)} · {_n(read)}"
    return "9k·S + L·2k", f"{_n(9 * k)} · {_n(read)} + {layers} · {_n(2 * k)}"


def _macs(block: DenseBlockSpec, read: int, positions: int) -> tuple[str, str]:
    k, middle = block.growth_rate, block.mid_channels
    if block.bottleneck:
        narrow, wide = middle * read, 9 * middle * k * block.layers
        return "N·H·W·(bk·S + 9bk²·L)", f"{_n(positions)} · ({_n(narrow)} + {_n(wide)})"
    return "N·H·W·9k·S", f"{_n(positions)} · {_n(9 * k)} · {_n(read)}"


def _saved(block: DenseBlockSpec, read: int, channel: int, element: int) -> tuple[str, str]:
    """Maps at A bytes a channel and BatchNorm's two statistics at e bytes each."""
    k, layers = block.growth_rate, block.layers
    middle = block.mid_channels if block.bottleneck else 0
    if block.order == "pre":
        maps, statistics = 2 * read + 2 * middle * layers, read + middle * layers
        symbolic = "A·(2S + 2bkL) + 2e·(S + bkL)" if middle else "A·2S + 2e·S"
    else:
        maps, statistics = read + 2 * (middle + k) * layers, (middle + k) * layers
        symbolic = "A·(S + 2bkL + 2kL) + 2e·(bkL + kL)" if middle else "A·(S + 2kL) + 2e·kL"
    return symbolic, f"{_n(channel)} · {_n(maps)} + {_n(2 * element)} · {_n(statistics)}"


def _peak(theory: BlockTheory, block: DenseBlockSpec, channel: int) -> tuple[str, str]:
    if block.order == "pre":
        words = "max(3c, c + 3bk, 2c + 2k)" if block.bottleneck else "max(3c, 2c + 2k)"
    else:
        words = "max(c + 2bk, c + bk + 2k, 2c + 2k)" if block.bottleneck else "2c + 2k"
    moments = dense_moments(block)
    highest = f"max({', '.join(_n(moment) for moment in moments)})" if len(moments) > 1 else _n(moments[0])
    held = ("c₀ + ", f"{_n(block.in_channels)} + ") if block.layers > 1 else ("", "")
    own = theory.parameter_bytes + theory.buffer_bytes
    return f"A·({held[0]}{words}) + P", f"{_n(channel)} · ({held[1]}{highest}) + {_n(own)}"


def _n(value: int) -> str:
    return f"{value:,}"
