"""A language for tests: every text that the code marks stands in ⟦brackets⟧, so that what is not marked stands out."""

from __future__ import annotations

import gettext
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache

import pytest

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
