"""What the environment sets, checked where the program starts, so that a slip is told and not passed over.

Deeper inside, whoever reads a variable takes its default where it makes no sense.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from explorer.language import LANGUAGES, Language, Said, of_environment, said
from explorer.spec import FIELDS, OwnModule, SpecError, Whole, own_module

_ORIGIN = re.compile(r"https?://(\*\.)?[a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)*(:[0-9]{1,5})?", re.ASCII)
THREADS = Whole(1, 1024)
#: What ``--lang`` may be.
SPOKEN = FIELDS["lang"].domain
_LANG = "--lang"


def check(environment: Mapping[str, str] = os.environ) -> None:
    """Looks at every variable that has a form.

    Raises:
        SpecError: one of them does not have it.
    """
    public_url(environment)
    frame_ancestors(environment)
    weights_file(environment)
    served_module(environment)
    served_lesson(environment)
    threads = environment.get("EXPLORER_THREADS")
    if threads and not THREADS.holds(THREADS.parse(threads)):
        raise SpecError("EXPLORER_THREADS", threads, THREADS.rule)
    for name in ("EXPLORER_COUNT_SECONDS", "EXPLORER_MEMORY_BYTES"):
        text = environment.get(name)
        if text and above_zero(text) is None:
            raise SpecError(name, text, said("a number above 0"))


def spoken(
    words: Sequence[str], environment: Mapping[str, str] = os.environ, takes: Collection[str] = ()
) -> tuple[list[str], Language]:
    """The words of a command line without ``--lang``, and the language that is to be spoken, before they are read.

    It is that of ``--lang``, else of the terminal. Behind a command of ``takes`` the flag stays where it is, since it
    says what the page speaks, too; before it, it is of the terminal alone.

    Raises:
        SpecError: ``--lang`` is given twice, or is no language.
    """
    kept: list[str] = []
    before: list[str] = []
    behind: list[str] = []
    left = list(words)
    while left:
        word = left.pop(0)
        if word == "--":
            kept += [word, *left]
            break
        name, equals, value = word.partition("=")
        if name != _LANG:
            kept.append(word)
            continue
        if not equals:
            value = left.pop(0) if left and not left[0].startswith("-") else ""
        command = next((one for one in kept if not one.startswith("-")), None)
        if command in takes:
            behind.append(value)
            kept.append(word)
            kept += [value] if not equals and value else []
        else:
            before.append(value)
    if len(before) > 1:
        raise SpecError("lang", ", ".join(before), said("given once"))
    for value in before:
        if not SPOKEN.holds(value):
            raise SpecError("lang", value, SPOKEN.rule)
    asked = next((value for value in (*before, *behind) if value in LANGUAGES), None)
    return kept, next((one for one in LANGUAGES if one == asked), None) or of_environment(environment)


def public_url(environment: Mapping[str, str] = os.environ) -> str | None:
    """``EXPLORER_PUBLIC_URL``, the base of printed links; None where it is not set.

    Raises:
        SpecError: it is no address that a link could begin with.
    """
    text = environment.get("EXPLORER_PUBLIC_URL")
    if not text:
        return None
    if not _begins_a_link(text):
        raise SpecError("EXPLORER_PUBLIC_URL", text, said("an http or https address without ? and #"))
    return text


def frame_ancestors(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """``EXPLORER_FRAME_ANCESTORS``, the sites that may show the page in a frame of theirs, beside this server itself.

    Raises:
        SpecError: one of them is neither an origin (``https://wiki.example.org``, ``https://*.example.org``) nor ``*``.
    """
    sites = tuple(re.split(r"[\s,]+", environment.get("EXPLORER_FRAME_ANCESTORS", "").strip()))
    for site in sites:
        if site and site != "*" and not _ORIGIN.fullmatch(site):
            raise SpecError("EXPLORER_FRAME_ANCESTORS", site, said("origins such as https://wiki.example.org, or *"))
    return tuple(site for site in sites if site)


def weights_file(environment: Mapping[str, str] = os.environ) -> Path | None:
    """``EXPLORER_WEIGHTS``, a file with a network's weights that this server may show; None where it is not set.

    Raises:
        SpecError: there is no such file.
    """
    return _file("EXPLORER_WEIGHTS", said("the path of a file with a network's weights"), environment)


def served_lesson(environment: Mapping[str, str] = os.environ) -> Path | None:
    """``EXPLORER_LESSON``, the file whose lesson the page Lesson shows; None where the one that is built in is shown.

    Raises:
        SpecError: there is no such file.
    """
    return _file("EXPLORER_LESSON", said("the path of a lesson file"), environment)


def _file(name: str, words: Said, environment: Mapping[str, str]) -> Path | None:
    text = environment.get(name)
    if not text:
        return None
    try:
        path = Path(text).resolve()
        found = path.is_file()
    except (OSError, ValueError, RuntimeError):  # a loop of links, a name that cannot be one
        found = False
    if not found:
        raise SpecError(name, text, words)
    return path


def served_module(environment: Mapping[str, str] = os.environ) -> OwnModule | None:
    """``EXPLORER_MODULE``, what the page Module runs, on ``EXPLORER_MODULE_INPUT``; None where it is not set.

    It is imported from ``EXPLORER_MODULE_FOLDER``, or the folder that the program runs in.

    Raises:
        SpecError: one of them cannot be.
    """
    target = environment.get("EXPLORER_MODULE")
    if not target:
        return None
    folder = environment.get("EXPLORER_MODULE_FOLDER") or str(Path.cwd())
    return own_module(target, environment.get("EXPLORER_MODULE_INPUT"), folder)


def _begins_a_link(text: str) -> bool:
    try:
        parts = urlsplit(text)
        named = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # an unclosed bracket, a port that is no number
        return False
    return named and text.isprintable() and not any(sign in text for sign in "?# \\<>\"'")


def above_zero(text: str) -> float | None:
    """The finite number above 0 that ``text`` writes; None where it writes none."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 < value < math.inf else None
