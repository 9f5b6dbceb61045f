"""A chapter of a lesson as a hand-out in Markdown, with or without what was measured, and as JSON."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from explorer.codec import as_text, to_link
from explorer.documents.markdown import markdown
from explorer.documents.tables import Table
from explorer.findings import Answer, Column, Problem, to_builtins
from explorer.language import _, language, listed, plural, typeset
from explorer.lesson.chapter import Chapter, Lesson, Note
from explorer.lesson.words import at, filled, on_axis, unbraced
from explorer.pictures.words import why
from explorer.spec import LessonState, Study
from explorer.study import MEASURES

#: Of the JSON's form. It goes up when a key changes its meaning or goes, not when one is added.
LESSON_SCHEMA_VERSION = 1
_MARKS = re.compile(r"([\\`_\[\]|~#]|\*(?!\*)(?<!\*\*))")
_LINES = re.compile(r"\s*\n\s*")


@dataclass(frozen=True)
class HandOut:
    """What is printed of a chapter.

    Attributes:
        lesson, number: the chapter, from 1.
        answer: what was measured; None where only questions are printed, or nothing was found.
        problem: why nothing was found.
        state: ``ask`` prints questions, ``answer`` what was measured too, ``play`` also what to try.
        base: what links begin with.
        file: the lesson's, as it was named; None for the one that is built in.
    """

    lesson: Lesson
    number: int
    answer: Answer | None
    problem: Problem | None
    state: LessonState
    base: str
    file: str | None = None

    @property
    def answered(self) -> bool:
        """Whether answers are printed."""
        return self.state != "ask"

    @property
    def chapter(self) -> Chapter:
        """The chapter itself."""
        return self.lesson.chapters[self.number - 1]

    @property
    def study(self) -> Study:
        """What it is measured for."""
        return self.chapter.study

    @property
    def columns(self) -> tuple[Column, ...]:
        """What is predicted."""
        return MEASURES[self.chapter.about].columns(self.study)


def lesson_sentence(lesson: Lesson, name: str) -> str:
    """How many chapters there are, and in which languages: what a file is told that can be read."""
    count = len(lesson.chapters)
    titles = [chapter.title for chapter in lesson.chapters]
    spoken = [_("English")] * any(title.en for title in titles) + [_("Chinese")] * any(title.zh for title in titles)
    languages = _("{first} and {last}").format(first=spoken[0], last=spoken[-1]) if len(spoken) > 1 else spoken[0]
    form = plural("{name}: {count} chapter, in {languages}.", "{name}: {count} chapters, in {languages}.", count)
    return typeset(form.format(name=name, count=count, languages=languages))


def lesson_list(lesson: Lesson) -> str:
    """The titles of all chapters, a line each."""
    lines = [f"{lesson.title}", ""]
    lines += [f"{n:2}  {chapter.title}" for n, chapter in enumerate(lesson.chapters, 1)]
    return typeset("\n".join(lines)) + "\n"


# --- Markdown -----------------------------------------------------------------------------------------------


def lesson_markdown(out: HandOut) -> str:
    """Claim, question, axis, a table to fill in; then, if wanted, what was measured, what is said of it, and a task."""
    chapter = out.chapter
    parts = [typeset(f"# {out.number} · {_md(chapter.title)}"), typeset(_where(out))]
    if chapter.claim is not None:
        parts.append(_claim(chapter))  # quoted as it stands in its text
    asked = (f"**{_md(chapter.ask.title)}**", _notes(chapter.ask.notes, None), _axis(chapter), _cards(out))
    parts += [*map(typeset, asked), _table(out)]
    if out.answered:
        parts += [*map(typeset, _answered(out)), _reproduced(out)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _where(out: HandOut) -> str:
    form = _("{lesson} · chapter {n} of {count}")
    return form.format(lesson=_md(out.lesson.title), n=out.number, count=len(out.lesson.chapters))


def _claim(chapter: Chapter) -> str:
    claim = chapter.claim
    assert claim is not None
    quote = _("> The text says: “{quote}”").format(quote=_md(claim.quote))
    if claim.language.partition("-")[0].lower() == language():
        return quote
    return f"{quote} {typeset(_('({meaning})').format(meaning=_md(claim.meaning)))}"


def _axis(chapter: Chapter) -> str:
    axis = chapter.axis
    form = (
        _("Axis: {title}, from {low} to {high}")
        if axis.scale == "linear"
        else _("Axis: {title}, from {low} to {high}, logarithmic")
    )
    ends = (at(axis, end) for end in (axis.low, axis.high))
    words = form.format(title=_md(axis.title), **dict(zip(("low", "high"), ends, strict=True)))
    if axis.line is not None and str(axis.name):
        line = at(axis, axis.line)
        words += _("; {line} is “{name}”").format(line=line, name=_md(axis.name))
    return _sentence(words)


def _cards(out: HandOut) -> str:
    order = out.chapter.ask.order
    if not order:
        return ""
    labels = MEASURES[out.chapter.about].cards
    lying = _("To be put into order: {cards}").format(cards=listed(_md(labels[card]) for card in order))
    blanks = "  ".join(f"{n} ________" for n in range(1, len(order) + 1))
    return f"{lying}\n\n{blanks}"


def _table(out: HandOut) -> str:
    axis, worked = out.chapter.axis, out.chapter.ask.worked
    values = dict(zip((column.name for column in out.columns), out.answer.values, strict=True)) if out.answer else {}
    rows = []
    for column in out.columns:
        found = on_axis(axis, values[column.name]) if column.name in values else "–"
        predicted = _("shown: {value}").format(value=found) if column.name in worked else " "
        rows.append((_labelled(column), predicted, *([found] if out.answered else [])))
    heads = (" ", _("your prediction"), *([_("measured")] if out.answered else []))
    return "\n".join(markdown(Table(_set_row(heads), tuple(map(_set_row, rows)))))


def _set_row(cells: Sequence[str]) -> tuple[str, ...]:
    return tuple(map(typeset, cells))


def _labelled(column: Column) -> str:
    label = _md(column.label)
    return _("{label} ({note})").format(label=label, note=_md(column.note)) if column.note else label


def _answered(out: HandOut) -> list[str]:
    chapter, answer = out.chapter, out.answer
    if answer is None:
        problem = _("Not measured: {why}").format(why=_md(why(out.problem))) if out.problem else ""
        return [problem]
    reply, columns = chapter.reply, out.columns
    parts = [f"## {_md(filled(reply.title, columns, answer))}"]
    if answer.order:
        labels = MEASURES[chapter.about].cards
        parts.append(_("The order: {cards}").format(cards=listed(_md(labels[card]) for card in answer.order)))
    parts.append(_notes(reply.notes, (columns, answer)))
    verdict = _md(filled(reply.verdict, columns, answer))
    parts.append(_("**So the claim is** {verdict}.").format(verdict=verdict))
    parts.append(_sentence(_md(answer.source)))
    if out.state == "play":
        parts.append(_md(filled(chapter.play.task.text, columns, answer, control=_set(out))))
    return parts


def _set(out: HandOut) -> int | str:
    """What the chapter's control is set to before anybody has moved it."""
    value: int | str = out.study[out.chapter.play.control]
    return as_text(value) if isinstance(value, bool) else value


def _notes(notes: Sequence[Note], known: tuple[Sequence[Column], Answer] | None) -> str:
    def put(text: object) -> str:
        return _md(filled(text, *known) if known else unbraced(text))

    return "\n".join(
        f"- {_('**{title}**: {text}').format(title=put(note.title), text=put(note.text))}" for note in notes
    )


def _reproduced(out: HandOut) -> str:
    words = ["python", "-m", "explorer", "lesson", *([out.file] if out.file else [])]
    command = shlex.join(
        [
            *words,
            "--chapter",
            f"{out.number}",
            "--state",
            "answer",
            *(["--lang", language()] if language() != "en" else []),
        ]
    )
    lines = [_("To measure it again:"), "", f"    {command}", "", _("Live: {link}").format(link=live_link(out))]
    if out.file:
        serve = shlex.join(["python", "-m", "explorer.launch", "--lesson", out.file])
        lines += ["", _("where the explorer was started with this lesson:"), "", f"    {serve}"]
    return "\n".join(lines)


def live_link(out: HandOut) -> str:
    """The address of the page that asks this chapter, in the language of the hand-out."""
    spoken = {"lang": language()} if language() != "en" else {}
    return to_link(Study().with_(chapter=out.number, **spoken), out.base, "lesson")


def _sentence(words: str) -> str:
    return _("{sentence}.").format(sentence=words)


def _md(text: object) -> str:
    """``text`` as Markdown that says it and no more, but for ``**bold**``: no marks, no markup, one line."""
    line = _LINES.sub(" ", str(text)).strip()
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MARKS.sub(r"\\\1", line)


# --- JSON ---------------------------------------------------------------------------------------------------


def lesson_json(out: HandOut) -> dict[str, Any]:
    """The chapter as JSON values.

    Keys: ``schema_version``, ``number``, ``chapter`` (as :class:`explorer.lesson.chapter.Chapter` has it; without
    ``reply`` and ``play`` where answers are not wanted), ``columns``, ``answer`` with its values, facts, order and
    source, null where it was not wanted or not found; ``problem``, ``link``.
    """
    chapter: dict[str, Any] = to_builtins(out.chapter)
    chapter["given"] = dict(out.chapter.given)
    if not out.answered:
        chapter = {name: value for name, value in chapter.items() if name not in ("reply", "play")}
    answer = out.answer if out.answered else None
    return {
        "schema_version": LESSON_SCHEMA_VERSION,
        "number": out.number,
        "chapter": chapter,
        "columns": [{"name": column.name, "label": str(column.label)} for column in out.columns],
        "answer": answer
        and {
            "values": {column.name: value for column, value in zip(out.columns, answer.values, strict=True)},
            "facts": dict(answer.facts),
            "order": list(answer.order),
            "source": str(answer.source),
        },
        "problem": to_builtins(out.problem) if out.problem else None,
        "link": live_link(out),
    }
