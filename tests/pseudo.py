"""A language for tests: every text that the code marks stands in ⟦brackets⟧, so that what is not marked stands out."""

from __future__ import annotations

import base64
import gettext
import json
import re
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from html import unescape
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from explorer import language
from explorer.setup.catalogues import extracted

OPEN, CLOSE = "⟦", "⟧"


@cache
def marked() -> frozenset[str]:
    """Every text that the code marks; of those with a number both forms."""
    found: set[str] = set()
    for message in extracted():
        found.update([message.id] if isinstance(message.id, str) else message.id)
    return frozenset(found)


class Pseudo(gettext.NullTranslations):
    """The catalogue: what is in no catalogue comes back as it was."""

    def gettext(self, message: str) -> str:
        return f"{OPEN}{message}{CLOSE}" if message in marked() else message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


@contextmanager
def pseudo_spoken() -> Iterator[None]:
    """Within, Chinese is the language of the tests. What was kept in Chinese before and during it is forgotten."""
    pseudo = Pseudo()
    with pytest.MonkeyPatch.context() as patch:
        real = language._catalogue
        patch.setattr(language, "_catalogue", lambda spoken: pseudo if spoken == "zh" else real(spoken))
        patch.setattr(language, "typeset", lambda text: text)
        forget()
        yield
    forget()


def forget() -> None:
    """Empties what :func:`explorer.language.kept` keeps."""
    for name, module in list(sys.modules.items()):
        if name.startswith("explorer."):
            for value in list(vars(module).values()):
                if hasattr(value, "cache_clear") and hasattr(value, "__wrapped__"):
                    value.cache_clear()


def outside(text: str, allowed: Iterable[str] = ()) -> list[str]:
    """Runs of Latin letters in ``text`` that stand in no brackets and are not ``allowed`` (regular expressions)."""
    rest: list[str] = []
    depth = 0
    for piece in re.split(rf"([{OPEN}{CLOSE}])", text):
        if piece == OPEN:
            depth += 1
            rest.append("\n")
        elif piece == CLOSE:
            depth -= 1
            rest.append("\n")
        elif depth <= 0:
            rest.append(piece)
    left = "".join(rest)
    for pattern in allowed:
        left = re.sub(pattern, " ", left)
    return re.findall(r"[A-Za-z][A-Za-z’'-]*[A-Za-z](?: [A-Za-z][A-Za-z’'-]*)*", left)


# --- what is shown -------------------------------------------------------------------------------------------------

#: Texts that are the same in every language: code, names of modules, options and files, units, keys, published names.
SAME = (
    r"for \w+ in \w+:", r"torch\.cat|torchvision|IMAGENET1K_V1|\btorch\b",
    r"\b(denseblock|bottlenecks?|layer|units?)\b", r"\b(Adam|SGD)\b",
    r"\b[KMGT]iB\b|\bms\b|\b[KMGT]?MACs?\b",
    r"\b(BN|ReLU|relu|bn\d?|conv(\d|1x1|3x3)?|proj|add|cat|fc|max|px)\b",
    r"\b(Home|End|Esc|Enter|Ctrl|Tab|Page Up|Page Down)\b", r"\b(BatchNorm2d|Conv2d|Bottleneck|BatchNorm)\b",
    r"\b(list|concat|shared|fused|compiled|checkpoint(_1x1)?)\b", r"\.?\b(py|svg|png|html|json|csv|md|tex|dot|mmd)\b",
    r"\b(float|bfloat)\d*\b", r"\b(dense|res)net(-bc)?\d*|\b(DenseNet|ResNet|CIFAR|BC|ImageNet|English)\b",
    r"b?k\w?L?(?![a-z])", r"https?://\S*", r"explorer-study\S*", r"Huang et al\. \d+(, \w+ \d+)?",
)  # fmt: skip
_ATTRIBUTES = "aria-label|title|alt|placeholder|data-done|data-failed|aria-valuetext|aria-roledescription"
_FIGURE = ("text", "title", "hovertemplate", "ticktext", "alt", "hovertext", "customdata")
#: Of what a component is sent: no words, but colours, keys and packed numbers.
_NO_WORDS = {
    "colours", "palette", "plotly", "turn", "lang", "drawing", "select", "orientation", "room", "maps", "purposes",
    "order", "by", "track", "list", "residual", "key", "colour", "fill", "on", "code",
}  # fmt: skip


def of_markup(markup: str) -> str:
    """What a person reads or hears of HTML or SVG; code in it is left out."""
    markup = re.sub(r"<!--.*?-->|<(style|metadata|script|code|pre)\b.*?</\1>", " ", markup, flags=re.DOTALL)
    said = re.findall(rf'(?:{_ATTRIBUTES})="([^"]*)"', markup)
    return unescape("\n".join([re.sub(r"<[^>]*>", "\n", markup), *said]))


def of_component(data: Any, key: str = "", *, figure: bool = False) -> Iterator[str]:
    """What a person reads of the data that a component is sent."""
    if isinstance(data, dict):
        for inside, value in data.items():
            if figure or inside not in _NO_WORDS:
                yield from of_component(value, inside, figure=figure)
    elif isinstance(data, list | tuple):
        for value in data:
            yield from of_component(value, key, figure=figure)
    elif isinstance(data, str) and figure:
        if key in _FIGURE:
            yield of_markup(re.sub(r"%\{[^}]*\}", " ", data))
    elif isinstance(data, str) and key == "figure":
        yield from of_component(json.loads(data), figure=True) if data else ()
    elif isinstance(data, str) and key == "svg":
        yield of_markup(zlib.decompress(base64.b64decode(data)).decode()) if data else ""
    elif isinstance(data, str) and not re.fullmatch(r"eJ[\w+/=]{16,}", data):
        yield of_markup(data)


def of_page(app: AppTest) -> Iterator[str]:
    """What a person reads on a page that was drawn, its sidebar included."""

    def walk(block: Any) -> Iterator[Any]:
        for child in block.children.values():
            yield from walk(child) if hasattr(child, "children") else iter([child])

    for element in [*walk(app.main), *walk(app.sidebar)]:
        if element.type == "bidi_component":
            yield from of_component(json.loads(element.proto.json))
        elif element.type in ("markdown", "caption"):
            yield of_markup(element.value)
        elif element.type == "html":
            yield of_markup(element.proto.body)
        elif element.type != "code":
            for name in ("label", "help", "placeholder"):
                said = getattr(element, name, None)
                yield said if isinstance(said, str) else ""
            yield from map(str, getattr(element, "options", None) or ())
