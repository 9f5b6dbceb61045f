"""Texts with measured numbers put in, and numbers as every part of a lesson writes them."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal

from explorer.findings import Answer, Column
from explorer.language import language
from explorer.lesson.chapter import Axis

#: ``{name}``, ``{name:2}`` with digits behind the point, ``{name:%}`` as whole percent; a brace of its own is doubled.
_BRACES = re.compile(r"\{\{|\}\}|\{([a-z][a-z_0-9-]{0,39})(?::([0-6]|%))?\}|[{}]")
_BOLD = re.compile(r"\*\*(.+?)\*\*", re.DOTALL)
_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
#: From high to low, how far a logarithmic axis reaches of whose numbers two digits can be seen.
WIDE = 1e4
_HUGE, _TINY = 10_000, 0.001  # from where on, and below which, a measured number shows its size alone
_LARGE = 1_000  # from where on nothing is shown behind the point

Value = float | int | str


def names(text: str) -> Iterator[str]:
    """What ``text`` puts in, by name; a brace that is none of a name's is given as it is."""
    for found in _BRACES.finditer(text):
        if found[0] not in ("{{", "}}"):
            yield found[1] or found[0]


def filled(text: object, columns: Sequence[Column], answer: Answer, **more: Value) -> str:
    """``text`` with what was measured put in.

    Args:
        text: with ``{facts}`` of the answer, ``{columns}`` by their names, or names of ``more``, such as ``{control}``.
        columns: of ``answer``, in its order.
        answer: where the numbers come from.
        more: what else is known. A name that nobody knows, which no lesson file may have, becomes a dash.
    """
    known: dict[str, Value] = {
        **dict(answer.facts),
        **{column.name: value for column, value in zip(columns, answer.values, strict=True)},
        **more,
    }

    def put(found: re.Match[str]) -> str:
        if found[1] is None:
            return found[0][0]
        return _put(known.get(found[1], "–"), found[2])

    return _BRACES.sub(put, str(text))


def unbraced(text: object) -> str:
    """A text that puts no number in, with each doubled brace as one."""
    return str(text).replace("{{", "{").replace("}}", "}")


def _put(value: Value, form: str | None) -> str:
    if isinstance(value, str):
        return value
    if form == "%":
        return f"{_digits(100 * value, 0)}%"
    return figure(value) if form is None else _digits(value, int(form))


def marked(text: object) -> str:
    """``text`` as HTML: what it says and no more, but for ``**bold**``."""
    return _BOLD.sub(r"<b>\1</b>", html.escape(str(text)))


def plain(text: object) -> str:
    """``text`` without its marks."""
    return _BOLD.sub(r"\1", str(text))


def figure(value: float) -> str:
    """A number as it is said: whole ones in full, others with three digits; of tiny and huge ones the size alone."""
    if isinstance(value, int) or (math.isfinite(value) and value == round(value) and abs(value) < 1e12):
        return _signed(f"{int(value):,}")
    if not math.isfinite(value):
        return "–"
    size = abs(value)
    if size < _TINY or size >= 1e7:
        return _power(value)
    if size >= _HUGE:
        step: int = 10 ** (math.floor(math.log10(size)) - 1)
        return _signed(f"{round(value / step) * step:,}")
    if size >= 99.95:
        return _digits(value, 0)
    return _signed(f"{value:.3g}")


def number(value: float, digits: int, unit: str) -> str:
    """A value on a chapter's axis, with its unit: ``1.55×``, in Chinese ``1.55 倍``; ``39.06 MiB``; ``88,000×``."""
    if value and not 0.5 * 10.0**-digits <= abs(value) < _HUGE:
        return _with_unit(figure(value), unit)
    return _with_unit(_digits(value, digits if abs(value) < _LARGE else 0), unit)


def _with_unit(told: str, unit: str) -> str:
    if unit == "×":
        return f"{told} 倍" if language() == "zh" else f"{told}×"
    return told if not unit else f"{told}{unit}" if unit == "%" else f"{told} {unit}"


def on_axis(axis: Axis, value: float, *, unit: bool = True) -> str:
    """``value`` as it is written on ``axis``: over many decades its size is all that can be seen, so two digits."""
    if axis.scale == "log" and axis.high / axis.low > WIDE and value > 0:
        step = 10.0 ** (math.floor(math.log10(value)) - 1)
        value = float(f"{round(value / step) * step:.2g}")
        digits = next((digits for digits in range(5) if round(value, digits) == value), axis.digits)
        return number(value, digits, axis.unit if unit else "")
    return number(value, axis.digits, axis.unit if unit else "")


def at(axis: Axis, value: float) -> str:
    """A place on ``axis`` where something is drawn, no longer than it has to be: ``1×``, ``0.5×``."""
    if value > 0 and (value >= _HUGE or value < _TINY) and f"{value:e}".startswith("1.000000"):
        return _with_unit(_power(value), axis.unit)
    digits = next((n for n in range(axis.digits) if value == round(value, n)), axis.digits)
    return number(value, digits, axis.unit)


def _digits(value: float, digits: int) -> str:
    if not math.isfinite(value):
        return "–"
    # Half is rounded up, as in JavaScript: 0.125 is 0.13 in picture and text.
    rounded = Decimal(repr(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return _signed(f"{rounded:,f}")


def _power(value: float) -> str:
    first, _e, exponent = f"{value:.0e}".partition("e")
    power = f"10{str(int(exponent)).translate(_RAISED)}"
    return _signed(power if first == "1" else f"{first}·{power}")


def _signed(text: str) -> str:
    return text.replace("-", "−")
