"""Brings the catalogues up to date with the texts in the code: ``make catalogues``.

Every text that the code marks is put into ``explorer/locale/<language>/LC_MESSAGES/explorer.po``, a new one without a
translation; one that the code has no more is taken out. Then each is compiled to the ``explorer.mo`` that is read.
"""

from __future__ import annotations

import ast
import io
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[2]
LOCALE = ROOT / "explorer" / "locale"
FOLDERS = ("explorer", "pages")
#: What marks a text → how many texts it takes.
KEYWORDS = {"_": 1, "N_": 1, "said": 1, "plural": 2}
LANGUAGES = ("zh",)


def extracted(root: Path = ROOT) -> Catalog:
    """All texts that the code in ``root`` marks, without translations.

    Read from the syntax tree: Babel's own reader sees no call within an f-string before Python 3.12.
    """
    found = Catalog(charset="utf-8")
    for folder in FOLDERS:
        for file in sorted((root / folder).rglob("*.py")):
            for message in marked(file.read_text(encoding="utf-8")):
                found.add(message)
    return found


def marked(source: str) -> Iterator[str | tuple[str, str]]:
    """The texts that Python ``source`` marks, in pairs where they depend on a number."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id not in KEYWORDS:
            continue
        values = [one.value for one in node.args[: KEYWORDS[node.func.id]] if isinstance(one, ast.Constant)]
        texts = [value for value in values if isinstance(value, str) and value]
        if len(texts) == KEYWORDS[node.func.id]:
            yield texts[0] if len(texts) == 1 else (texts[0], texts[1])


def read(language: str, locale: Path = LOCALE) -> Catalog:
    """The catalogue of ``language``; an empty one where there is none yet."""
    path = path_of(language, locale)
    if not path.is_file():
        return Catalog(locale=language, charset="utf-8")
    with path.open(encoding="utf-8") as file:
        return read_po(file, locale=language)


def path_of(language: str, locale: Path = LOCALE) -> Path:
    """Where the catalogue of ``language`` stands; the compiled one stands beside it."""
    return locale / language / "LC_MESSAGES" / "explorer.po"


def updated(language: str) -> Catalog:
    """The catalogue of ``language`` with exactly the texts that the code marks. Nothing is guessed from alike ones."""
    before, now = read(language), Catalog(locale=language, charset="utf-8")
    for message in extracted():
        if message.id:
            known = before.get(message.id)
            now.add(
                message.id,
                known.string if known is not None and is_translated(known) else "",
                flags=message.flags - {"fuzzy"},
            )
    return now


def text_of(catalogue: Catalog) -> bytes:
    """The catalogue as its file has it: sorted, and without places and dates, so that it changes only where it must."""
    written = io.BytesIO()
    write_po(written, catalogue, width=0, no_location=True, omit_header=True, sort_output=True)
    return _HEADER + written.getvalue()


def compiled(catalogue: Catalog) -> bytes:
    """The catalogue as ``gettext`` reads it."""
    undated, written = _Undated(locale=catalogue.locale, charset="utf-8"), io.BytesIO()
    for message in catalogue:
        if message.id:
            undated[message.id] = message
    write_mo(written, undated)
    return written.getvalue()


def _headers(_catalogue: Catalog) -> list[tuple[str, str]]:
    return [("Content-Type", "text/plain; charset=utf-8"), ("Plural-Forms", "nplurals=1; plural=0;")]


class _Undated(Catalog):
    """A catalogue whose compiled form is the same whenever and by whichever Babel it is written."""

    mime_headers = property(_headers)


def is_translated(message: Message) -> bool:
    """Whether each form of ``message`` has a translation."""
    forms = message.string if isinstance(message.string, tuple | list) else (message.string,)
    return bool(forms) and all(forms)


def main() -> int:
    """Writes every catalogue, and tells what is not translated."""
    missing = 0
    for language in LANGUAGES:
        catalogue, path = updated(language), path_of(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text_of(catalogue))
        path.with_suffix(".mo").write_bytes(compiled(read(language)))
        empty = [message for message in catalogue if message.id and not is_translated(message)]
        missing += len(empty)
        print(f"{path.relative_to(ROOT)}: {len(catalogue):,} texts, {len(empty):,} without a translation.")
    return 1 if missing else 0


_HEADER = b"""msgid ""
msgstr ""
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

"""

if __name__ == "__main__":
    sys.exit(main())
