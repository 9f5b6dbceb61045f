"""What ``docs`` prints: sentences with file and line, a diff, JSON, or annotations of GitHub Actions."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Sequence
from typing import Literal

from explorer.docs.command import Options, Outcome, code_of
from explorer.language import N_, _, listed, plural, typeset

Form = Literal["text", "json", "github"]
_STANDS = {
    "current": N_("{n} current"),
    "drifted": N_("{n} drifted"),
    "edited": N_("{n} edited by hand"),
    "empty": N_("{n} never generated"),
    "broken": N_("{n} not checked"),
}
_WRITTEN = N_("{n} written")


def report(
    outcomes: Sequence[Outcome], options: Options, form: Form, *, diff: bool = False, quiet: bool = False
) -> str:
    """All outcomes in one text.

    Args:
        outcomes: of every document.
        options: what was asked for.
        form: for a person, as JSON, or for GitHub.
        diff: whether a unified diff follows each document that differs (for a person).
        quiet: whether to leave out what is current, and the sum.
    """
    if form == "json":
        return json.dumps(_document(outcomes), indent=2, ensure_ascii=False) + "\n"
    if form == "github":
        return "".join(_annotation(name, line, words, wrong) for name, line, words, wrong in _told(outcomes, options))
    lines = [
        f"{name}:{line}: {words}" if line else f"{name}: {words}"
        for name, line, words, _wrong in _told(outcomes, options)
    ]
    if diff:
        lines += [line for outcome in outcomes for line in _diff(outcome)]
    if not quiet:
        lines.append(_sum(outcomes))
    return "".join(f"{line}\n" for line in lines)


def _told(outcomes: Sequence[Outcome], options: Options) -> Iterator[tuple[str, int, str, bool]]:
    """(document, line or 0, words, whether it makes the exit code other than 0)."""
    for outcome in outcomes:
        if outcome.problem:
            yield outcome.name, 0, outcome.problem, True
        if outcome.state is None:
            continue
        anew = set(outcome.state.written) if options.do == "update" else set()
        for number, part in enumerate(outcome.state.parts, 1):
            done = outcome.written and number in anew
            if not (done and part.status == "empty"):
                for line, words in part.told:
                    yield outcome.name, line, words, not done
            if number in anew and not outcome.problem:
                yield outcome.name, part.line, _("Written.") if done else _("Would be written."), not done
        if options.do == "update" and not outcome.problem:
            for name in outcome.state.stale:
                words = (
                    _("The picture {name} belongs to no part any more and is taken away.")
                    if outcome.written
                    else _("The picture {name} belongs to no part any more and would be taken away.")
                )
                yield outcome.name, 0, words.format(name=name), False


def _sum(outcomes: Sequence[Outcome]) -> str:
    parts = [part for outcome in outcomes if outcome.state for part in outcome.state.parts]
    written = sum(len(outcome.state.written) for outcome in outcomes if outcome.written and outcome.state)
    counts = dict.fromkeys((_WRITTEN, *_STANDS.values()), 0) | {_WRITTEN: written}
    for outcome in outcomes:
        for number, part in enumerate(outcome.state.parts if outcome.state else (), 1):
            counts[_STANDS[part.status]] += not (outcome.written and outcome.state and number in outcome.state.written)
    stand = listed(_(words).format(n=n) for words, n in counts.items() if n)
    unread = sum(outcome.state is None for outcome in outcomes)
    told = (_("{parts} in {documents}: {stand}.") if stand else _("{parts} in {documents}.")).format(
        parts=plural("{n} part", "{n} parts", len(parts)).format(n=len(parts)),
        documents=plural("{n} document", "{n} documents", len(outcomes)).format(n=len(outcomes)),
        stand=stand,
    )
    if unread:
        words = plural("{n} document could not be read.", "{n} documents could not be read.", unread)
        told = f"{told} {words.format(n=unread)}"
    return typeset(told)


def _diff(outcome: Outcome) -> list[str]:
    state = outcome.state
    if state is None or state.after == state.before:
        return []
    before, after = (text.splitlines() for text in (state.before, state.after))
    return list(difflib.unified_diff(before, after, outcome.name, outcome.name, lineterm=""))


def _document(outcomes: Sequence[Outcome]) -> dict[str, object]:
    return {
        "schema": 1,
        "exit_code": code_of(outcomes),
        "documents": [
            {
                "name": outcome.name,
                "exit_code": outcome.code,
                "problem": outcome.problem or None,
                "written": outcome.written,
                "parts": [
                    {
                        "number": number,
                        "line": part.line,
                        "status": part.status,
                        "told": [{"line": line, "words": words} for line, words in part.told],
                    }
                    for number, part in enumerate(outcome.state.parts if outcome.state else (), 1)
                ],
            }
            for outcome in outcomes
        ],
    }


def _annotation(name: str, line: int, words: str, wrong: bool) -> str:
    """A workflow command; see GitHub's documentation of ``::error``."""
    where = f"file={_escaped(name, property=True)}" + (f",line={line}" if line else "")
    return f"::{'error' if wrong else 'notice'} {where}::{_escaped(words)}\n"


def _escaped(text: str, *, property: bool = False) -> str:
    for sign, code in (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"), *(((":", "%3A"), (",", "%2C")) if property else ())):
        text = text.replace(sign, code)
    return text
