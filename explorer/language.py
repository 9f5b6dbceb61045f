"""The door that the page's texts go through, so that a second language is a catalogue."""

from __future__ import annotations

import gettext

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_catalogue = gettext.NullTranslations()  # English: the texts in the code are the catalogue


def _(text: str) -> str:
    """``text`` in the person's language. Values are put in afterwards, with ``str.format``."""
    return _catalogue.gettext(text)


def plural(one: str, many: str, count: int) -> str:
    """``one`` or ``many`` in the person's language, as ``count`` asks for."""
    return _catalogue.ngettext(one, many, count)


def number_word(count: int) -> str:
    """Up to twelve as a word: ``six``; beyond as digits."""
    return _(_NUMBERS[count]) if 0 <= count < len(_NUMBERS) else f"{count:,}"
