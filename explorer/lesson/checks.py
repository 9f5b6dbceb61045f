"""Whether what a chapter says can be: its measure, fields, columns, axis, control and the numbers its texts name."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from explorer.codec import from_query
from explorer.language import _, listed, plural
from explorer.lesson.places import Path, Place
from explorer.lesson.shape import must_be, not_known
from explorer.lesson.words import names
from explorer.spec import FIELDS, SpecError, Study, Whole
from explorer.study.lesson import MEASURES, Measure

Chapter = Mapping[str, Any]
_CONTROL_SIGNS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
#: Of a chapter's parts, where numbers are known.
_KNOWN = {"answer": (), "play": ("control",)}


class Checks:
    """The checks of one file, in the order in which a person would read it. Each raises LessonError."""

    def __init__(self, data: Mapping[str, Any], place: Place) -> None:
        self._data, self._place = data, place

    def run(self) -> None:
        """Everything that the schema cannot say."""
        self._values((), self._data)
        seen = set[str]()
        for n, chapter in enumerate(self._data["chapter"]):
            at: Path = ("chapter", n)
            if chapter["name"] in seen:
                self._fail((*at, "name"), _("is the name of an earlier chapter."))
            seen.add(chapter["name"])
            self._chapter(at, chapter)

    def _fail(self, path: Path, message: str) -> None:
        raise self._place.error(path, message, self._data)

    def _values(self, path: Path, value: object) -> None:
        """No number without end, no text with signs that no page could show."""
        if isinstance(value, Mapping):
            for name, one in value.items():
                self._values((*path, name), one)
        elif isinstance(value, list):
            for n, one in enumerate(value):
                self._values((*path, n), one)
        elif isinstance(value, str) and _CONTROL_SIGNS.search(value):
            self._fail(path, _("has a sign in it that cannot be shown."))
        elif isinstance(value, (int, float)) and not abs(value) < 1e300:
            self._fail(path, must_be(_("a finite number"), value))

    def _chapter(self, at: Path, chapter: Chapter) -> None:
        measure = MEASURES.get(chapter["about"])
        if measure is None:
            self._fail((*at, "about"), not_known(chapter["about"], MEASURES))
            return
        self._page(at, chapter)
        given = chapter.get("given", {})
        for name, value in given.items():
            self._field((*at, "given", name), name, measure)
            if not FIELDS[name].domain.holds(value):
                self._fail((*at, "given", name), must_be(_(FIELDS[name].domain.words), value))
        columns = self._columns((*at, "given"), measure, given)
        self._axis((*at, "axis"), chapter["axis"])
        self._ask((*at, "ask"), chapter, measure, columns)
        self._answer((*at, "answer"), chapter, columns)
        self._play((*at, "play"), chapter, measure)
        self._texts(at, chapter, {*measure.facts, *columns})

    def _page(self, at: Path, chapter: Chapter) -> None:
        query = chapter.get("page", "").partition("?")[2]
        try:
            from_query(
                (name, value) for name, _sign, value in (pair.partition("=") for pair in query.split("&") if pair)
            )
        except SpecError as problem:
            self._fail((*at, "page"), str(problem))

    def _field(self, path: Path, name: str, measure: Measure) -> None:
        if name not in measure.fields:
            self._fail(path, not_known(name, measure.fields))

    def _columns(self, path: Path, measure: Measure, given: Mapping[str, object]) -> tuple[str, ...]:
        try:
            return tuple(column.name for column in measure.columns(Study().with_(**given)))
        except SpecError as problem:
            self._fail(path, str(problem))
            return ()

    def _axis(self, path: Path, axis: Chapter) -> None:
        self._ends(path, axis["low"], axis["high"], axis["scale"])
        for n, mark in enumerate(axis["marks"]):
            self._within((*path, "marks", n), mark, axis)
        if "line" in axis:
            self._within((*path, "line"), axis["line"], axis)

    def _ends(self, path: Path, low: float, high: float, scale: str) -> None:
        if scale == "log" and low <= 0:
            self._fail((*path, "low"), must_be(_("above 0 on a logarithmic axis"), low))
        if not low < high:
            self._fail((*path, "low"), must_be(_("below axis.high ({high})").format(high=f"{high:g}"), _number(low)))

    def _within(self, path: Path, value: float, axis: Chapter) -> None:
        low, high = axis["low"], axis["high"]
        if not low <= value <= high:
            words = _("within the axis, from {low} to {high}").format(low=f"{low:g}", high=f"{high:g}")
            self._fail(path, must_be(words, _number(value)))

    def _named(self, path: Path, given: Iterable[str], columns: Sequence[str]) -> None:
        for n, name in enumerate(given):
            if name not in columns:
                self._fail((*path, n), not_known(name, columns))

    def _ask(self, path: Path, chapter: Chapter, measure: Measure, columns: Sequence[str]) -> None:
        ask = chapter["ask"]
        if len(ask["start"]) != len(columns):
            form = plural(
                "must have {n} number, one a column ({names}), not {count}.",
                "must have {n} numbers, one a column ({names}), not {count}.",
                len(columns),
            )
            words = form.format(n=len(columns), names=listed(columns), count=len(ask["start"]))
            self._fail((*path, "start"), words)
        for n, value in enumerate(ask["start"]):
            self._within((*path, "start", n), value, chapter["axis"])
        self._named((*path, "worked"), ask.get("worked", ()), columns)
        order = ask.get("order", ())
        if set(ask.get("worked", ())) == set(columns) and not order:
            self._fail((*path, "worked"), _("leaves nothing to predict."))
        if order and set(order) != set(measure.cards):
            names_ = listed(measure.cards) or _("none")
            self._fail((*path, "order"), _("must have every card of the measure: {names}.").format(names=names_))

    def _answer(self, path: Path, chapter: Chapter, columns: Sequence[str]) -> None:
        answer = chapter["answer"]
        if "against" in answer and answer["against"] not in columns:
            self._fail((*path, "against"), not_known(answer["against"], columns))
        if "expected" in answer and ("against" not in answer or "line" not in chapter["axis"]):
            self._fail((*path, "expected"), _("needs answer.against and axis.line, which it tells of."))

    def _play(self, path: Path, chapter: Chapter, measure: Measure) -> None:
        play, axis = chapter["play"], chapter["axis"]
        control = play["control"]
        self._field((*path, "control"), control, measure)
        for n, value in enumerate(play["values"]):
            self._control_value((*path, "values", n), control, value)
        if isinstance(play["values"][0], int) and not play["values"][0] < play["values"][1]:
            first, last = play["values"]
            self._fail(
                (*path, "values"),
                _("must go up from the first to the last, not from {first} to {last}.").format(first=first, last=last),
            )
        for n, name in enumerate(play.get("locked", ())):
            self._field((*path, "locked", n), name, measure)
            if name == control:
                self._fail((*path, "locked", n), _("is the control, which is the person’s."))
        low, high = play.get("low", axis["low"]), play.get("high", axis["high"])
        self._ends(path, low, high, axis["scale"])
        if not low <= axis.get("line", low) <= high:
            self._fail((*path, "low"), _("leaves axis.line out of the axis."))
        task, given = play["task"], chapter.get("given", {})
        for value in play["values"]:
            columns = self._columns((*path, "values"), measure, {**given, control: setting(control, value)})
            self._named((*path, "task", "columns"), task["columns"], columns)
        if task["find"] == "any":
            return
        if not isinstance(play["values"][0], int):
            self._fail((*path, "task", "find"), _("must be any where the control has words: no word is the largest."))
        if "near" not in task:
            self._fail((*path, "task", "near"), _("is missing: what is said where the end is not yet reached."))

    def _control_value(self, path: Path, control: str, value: object) -> None:
        domain = FIELDS[control].domain  # of whole numbers a few may be given as words, where a range would be too many
        if (isinstance(value, int) and not isinstance(domain, Whole)) or not domain.holds(setting(control, value)):
            self._fail(path, must_be(_(domain.words), value))

    def _texts(self, at: Path, chapter: Chapter, known: set[str]) -> None:
        for name, value in chapter.items():
            self._text((*at, name), value, {*known, *_KNOWN[name]} if name in _KNOWN else set())

    def _text(self, path: Path, value: object, known: set[str]) -> None:
        if isinstance(value, Mapping):
            for name, one in value.items():
                self._text((*path, name), one, known)
        elif isinstance(value, list):
            for n, one in enumerate(value):
                self._text((*path, n), one, known)
        elif isinstance(value, str) and path[-1] in ("en", "zh"):
            for name in names(value):
                if name in "{}":
                    self._fail(path, _("has a brace that names no number; write it twice to show one."))
                elif not known:
                    self._fail(path, _("names {{{name}}}, which is not known before the answer.").format(name=name))
                elif name not in known:
                    words = _("names {{{name}}}, which is not measured here; what is: {names}.")
                    self._fail(path, words.format(name=name, names=listed(sorted(known))))


def setting(control: str, value: object) -> object:
    """What a Study's field ``control`` is set to by ``value`` of a lesson file: ``"true"`` is true."""
    return FIELDS[control].domain.parse(value) if isinstance(value, str) else value


def _number(value: float) -> object:
    return int(value) if math.isfinite(value) and value == int(value) else value
