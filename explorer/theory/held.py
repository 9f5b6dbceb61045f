"""What each implementation holds for backward, as a formula with symbols and with the person's values put in."""

from __future__ import annotations

from dataclasses import dataclass

from explorer.spec import BYTES_PER_ELEMENT, Study
from explorer.theory.implementations import kept_bytes

#: Implementations that hold the same have one formula.
HELD = (("list", "concat"), ("checkpoint_1x1",), ("shared",), ("checkpoint",))


@dataclass(frozen=True)
class HeldForm:
    """A·maps + 2e·statistics of one implementation.

    Attributes:
        names: the implementations that hold so much.
        symbolic: in S, C, k, b and L; A are the bytes of one channel, e those of one number.
        substituted: the same with numbers.
        value: bytes.
        quadratic: whether it grows with L², else with L.
    """

    names: tuple[str, ...]
    symbolic: str
    substituted: str
    value: int
    quadratic: bool


def held_forms(study: Study) -> tuple[HeldForm, ...]:
    """The forms of :func:`explorer.theory.implementations.kept_channels`, summed over all layers."""
    return tuple(_form(study, names) for names in HELD)


def _form(study: Study, names: tuple[str, ...]) -> HeldForm:
    block, dtype = study.block, study.run.dtype
    maps, statistics = _terms(study, names[0])
    sums = _symbols(study)
    element = BYTES_PER_ELEMENT[dtype]
    channel = study.input.positions * element
    symbolic, put = f"A·{_written(maps)}", f"{channel:,} · {_total(maps, sums):,}"
    if statistics:
        symbolic += f" + 2e·{_written(statistics)}"
        put += f" + {2 * element} · {_total(statistics, sums):,}"
    return HeldForm(names, symbolic, put, kept_bytes(block, study.input, dtype, names[0]), names[0] == "list")


Terms = tuple[tuple[int, str], ...]  # (factor, symbol)


def _terms(study: Study, name: str) -> tuple[Terms, Terms]:
    """(maps, statistics) as sums of symbols; a block without the 1×1 has no bkL."""
    post = study.block.order == "post"
    middle: Terms = ((1, "bkL"),) if study.block.bottleneck else ()
    twice: Terms = ((2, "bkL"),) if study.block.bottleneck else ()
    made: Terms = ((1, "kL"),)
    if name == "list":
        if post:
            return ((1, "S"), *twice, (2, "kL")), (*middle, *made)
        return ((2, "S"), *twice), ((1, "S"), *middle)
    if name == "checkpoint_1x1":
        if post:
            return ((1, "C"), *twice, *made), (*middle, *made)
        return ((1, "C"), (-1, "k"), *twice), middle
    if name == "shared":
        return (((1, "C"), *middle, *made), (*middle, *made)) if post else (((1, "C"), *middle),) * 2
    return ((1, "C"), (-1, "k")), ()


def _symbols(study: Study) -> dict[str, int]:
    block = study.block
    read = sum(block.width_before(layer) for layer in range(1, block.layers + 1))
    made = block.growth_rate * block.layers
    return {
        "S": read,
        "C": block.out_channels,
        "k": block.growth_rate,
        "kL": made,
        "bkL": block.bottleneck_factor * made,
    }


def _total(terms: Terms, symbols: dict[str, int]) -> int:
    return sum(factor * symbols[symbol] for factor, symbol in terms)


def _written(terms: Terms) -> str:
    """``(C − k + 2bkL)``; no brackets around one term."""
    text = ""
    for factor, symbol in terms:
        sign = (" − " if factor < 0 else " + ") if text else ""
        text += f"{sign}{abs(factor) if abs(factor) > 1 else ''}{symbol}"
    return f"({text})" if len(terms) > 1 else text
