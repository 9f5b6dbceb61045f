"""The door that every text for a person goes through, so that a language is a catalogue.

    with speaking("zh"):
        _("Share")                # 分享
        str(said("{n} left", n=3))  # put into words only when it is read, in the reader's language

Which language is spoken belongs to the thread or task that asks, so that one server speaks several at once.
English stands in the code; other languages in ``locale/<language>/LC_MESSAGES/explorer.po``, and compiled beside it:
``make catalogues`` brings both up to date with the code.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, lru_cache, wraps
from pathlib import Path
from typing import Any, Literal, ParamSpec, TypeVar

Language = Literal["en", "zh"]
#: What can be spoken, and how each calls itself.
LANGUAGES: dict[Language, str] = {"en": "English", "zh": "中文"}

#: The same, as HTML names them.
TAGS: dict[Language, str] = {"en": "en", "zh": "zh-Hans"}

LOCALE = Path(__file__).with_name("locale")
_HAN = r"[\u2e80-\u2fff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"
_FULL = r"[，。；：！？（）、]"
_TAGS = r"(?:</?[a-zA-Z][^<>]*>)*"
_MARKS = str.maketrans(",;:.!?", "，；：。！？")
_ENTITY = r"&#?\w{1,8};"
_AFTER_HAN = re.compile(rf"{_ENTITY}|((?:{_HAN}|）){_TAGS}) *(?:([,;:!?])|(\.)(?![\w.…])) *")
_BEFORE_HAN = re.compile(rf"{_ENTITY}|(?:([,;])|(?<=[\w`)%])(:) |(?<=[a-zA-Z`)₀-₉%])(\.) ) *(?={_TAGS}{_HAN})")
_BRACKETS = re.compile(rf"({_HAN}{_TAGS}) *\(([^()\n]*)\)|(?<!\])\((?={_HAN})([^()\n]*)\)|(?<!\])\(([^()\n]*{_HAN})\)")
_SPACES = re.compile(rf"(?<={_HAN}) +(?={_HAN})|(?<={_FULL}) +| +(?={_FULL})")
_TIMES = re.compile(rf"(?<=[0-9])×(?: ?(?={_HAN}|{_FULL})|$)")
_RUN = re.compile(rf"[^<>\"\n]*{_HAN}[^<>\"\n]*")  # of text, within markup or JSON, with a Chinese character in it
_ENDS = tuple(".!?…。！？")
_spoken: ContextVar[Language] = ContextVar("language", default="en")
P = ParamSpec("P")
T = TypeVar("T")


def _(text: str) -> str:
    """``text`` in the person's language. Values are put in afterwards, with ``str.format``."""
    return _catalogue(_spoken.get()).gettext(text)


def N_(text: str) -> str:  # gettext's own name for it
    """``text`` as it is, marked as one that the catalogues have; :func:`_` is called when it is shown."""
    return text


def plural(one: str, many: str, count: int) -> str:
    """``one`` or ``many`` in the person's language, as ``count`` asks for."""
    return _catalogue(_spoken.get()).ngettext(one, many, count)


_NUMBERS = (
    N_("no"), N_("one"), N_("two"), N_("three"), N_("four"), N_("five"), N_("six"),
    N_("seven"), N_("eight"), N_("nine"), N_("ten"), N_("eleven"), N_("twelve"),
)  # fmt: skip


def number_word(count: int) -> str:
    """Up to twelve as a word: ``six``; beyond as digits."""
    return _(_NUMBERS[count]) if 0 <= count < len(_NUMBERS) else f"{count:,}"


def listed(words: Iterable[str]) -> str:
    """``words`` one after another: ``a, b, c``."""
    return _(", ").join(words)


def stopped(text: str) -> str:
    """``text`` as a sentence: with a full stop, unless it ends as one."""
    text = text.strip()
    return text if not text or text.endswith(_ENDS) else _("{sentence}.").format(sentence=text)


def typeset(text: str) -> str:
    """``text``, which may be markup, as it is set in the language that is spoken.

    Of Chinese, whatever parts it was put together from: full-width punctuation beside Chinese characters, and no space
    between those.
    """
    if _spoken.get() != "zh" or text.isascii():
        return text
    text = _BRACKETS.sub(_full_brackets, text)
    text = _AFTER_HAN.sub(_after_han, text)
    text = _BEFORE_HAN.sub(_before_han, text)
    text = _RUN.sub(lambda run: _TIMES.sub(" 倍", run[0]), text)
    return _SPACES.sub("", text).replace("。.", "。")


def typeset_all(value: Any) -> Any:
    """``value``, which JSON can hold, with every text in it :func:`typeset`; keys stay."""
    if _spoken.get() != "zh":
        return value
    if isinstance(value, str):
        return typeset(value)
    if isinstance(value, dict):
        return {key: typeset_all(inside) for key, inside in value.items()}
    if isinstance(value, list | tuple):
        return [typeset_all(inside) for inside in value]
    return value


def language() -> Language:
    """What is spoken in this thread or task."""
    return _spoken.get()


def speak(spoken: Language) -> None:
    """From now on, this thread or task speaks ``spoken``."""
    _spoken.set(spoken)


@contextmanager
def speaking(spoken: Language) -> Iterator[None]:
    """Within, ``spoken`` is spoken."""
    token = _spoken.set(spoken)
    try:
        yield
    finally:
        _spoken.reset(token)


def in_words_of(chosen: Language | Literal["auto"]) -> AbstractContextManager[None]:
    """Within, ``chosen`` is spoken; where that is ``auto``, what is spoken already."""
    return speaking(language() if chosen == "auto" else chosen)


def of_environment(variables: Mapping[str, str]) -> Language:
    """The language of a terminal, by the first of the usual variables that says something."""
    return language_of(next(filter(None, map(variables.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), None))


def language_of(locale: str | None, otherwise: Language = "en") -> Language:
    """The language of a locale such as ``zh-CN`` or ``zh_TW.UTF-8``, if it is spoken here."""
    return _named(locale or "") or otherwise


def preferred(accepted: str, otherwise: Language = "en") -> Language:
    """Of what an ``Accept-Language`` header lists the first that is spoken here, the most wanted first."""
    wanted: list[tuple[float, str]] = []
    for one in accepted.split(","):
        locale, _semicolon, quality = one.partition(";")
        number = re.fullmatch(r"q=([01](?:\.[0-9]{0,3})?)", quality.strip())
        wanted.append((float(number[1]) if number else 1.0, locale.strip()))
    for weight, locale in sorted(wanted, key=lambda one: -one[0]):
        if weight > 0 and (spoken := _named(locale)) is not None:
            return spoken
    return otherwise


def _named(locale: str) -> Language | None:
    first = locale.replace("_", "-").partition("-")[0].lower()
    return next((spoken for spoken in LANGUAGES if spoken == first), None)


@dataclass(frozen=True)
class Said:
    """A sentence that is put into words when it is read: it may have been made for people of several languages.

    Attributes:
        template: English, marked by :func:`said` for the catalogues.
        values: what is put into it, by name; a sentence or phrase among them is put into words with it.
    """

    template: str
    values: tuple[tuple[str, Value], ...] = ()

    def __str__(self) -> str:
        return _(self.template).format(**dict(self.values))


#: What a template is filled with.
Value = str | int | float | Said
#: A text as it is, such as what an exception says, or one that is put into words when it is read.
Text = str | Said


def said(template: str, **values: Value) -> Said:
    """``template`` with ``values``, put into words by ``str``."""
    return Said(template, tuple(values.items()))


#: What the system says most often of a file, as it says it.
_SYSTEM = (
    N_("No such file or directory"),
    N_("Permission denied"),
    N_("Is a directory"),
    N_("Not a directory"),
    N_("No space left on device"),
    N_("File name too long"),
    N_("Read-only file system"),
    N_("Input/output error"),
    N_("Too many levels of symbolic links"),
)


def reason(fault: BaseException, otherwise: Text) -> Text:
    """What the system says of ``fault``; ``otherwise`` where it says nothing."""
    told = getattr(fault, "strerror", None)
    return Said(told) if told in _SYSTEM else told or otherwise


def one_by_one(names: Iterable[str]) -> Text:
    """``names`` as :func:`listed` has them, but put into words when they are read."""
    return _chained(names, N_("{one}, {other}"))


def either(names: Iterable[str]) -> Text:
    """``names``, of which one will do: ``a or b or c``."""
    return _chained(names, N_("{one} or {other}"))


def _chained(names: Iterable[str], template: str) -> Text:
    """``names``, each put behind those before it by ``template``."""
    first, *rest = names
    found: Text = first
    for name in rest:
        found = Said(template, (("one", found), ("other", name)))
    return found


def kept(maxsize: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Like ``functools.lru_cache``, for what has words in it: kept for each language."""

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        @lru_cache(maxsize)
        def answered(_language: Language, *args: Any, **kwargs: Any) -> T:
            return function(*args, **kwargs)

        keyed: Callable[..., T] = answered

        @wraps(function)
        def asked(*args: P.args, **kwargs: P.kwargs) -> T:
            return keyed(_spoken.get(), *args, **kwargs)

        asked.cache_info = answered.cache_info  # type: ignore[attr-defined]
        asked.cache_clear = answered.cache_clear  # type: ignore[attr-defined]
        return asked

    return decorate


@cache
def _catalogue(spoken: Language) -> gettext.NullTranslations:
    """The catalogue of a language; English has none, since the texts in the code are it."""
    return gettext.NullTranslations() if spoken == "en" else gettext.translation("explorer", LOCALE, [spoken])


def _full_brackets(found: re.Match[str]) -> str:
    before = found[1] or ""
    return f"{before}（{next(part for part in found.groups()[1:] if part is not None)}）"


def _after_han(found: re.Match[str]) -> str:
    return found[1] + (found[2] or found[3]).translate(_MARKS) if found[1] else found[0]


def _before_han(found: re.Match[str]) -> str:
    mark = found[1] or found[2] or found[3]
    return mark.translate(_MARKS) if mark else found[0]
