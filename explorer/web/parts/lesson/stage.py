"""The chapter: claim, question or finding, picture, reasons, keys."""

from __future__ import annotations

import re
from html import escape
from urllib.parse import urlencode

from explorer.codec import as_text
from explorer.language import TAGS, _, language, typeset
from explorer.lesson.words import marked
from explorer.pictures.lesson_svg import PHONE, PRESENT, WIDE, LessonFrame, LessonPicture, lesson_picture
from explorer.web.components.lesson import lesson as part
from explorer.web.parts.lesson.fields import given_words, label_of, step_names
from explorer.web.parts.lesson.handed import button, take
from explorer.web.parts.lesson.rail import bars
from explorer.web.parts.lesson.shown import Shown, script_words
from explorer.web.parts.lesson.side import side

_NAME = re.compile(r"(?<=Net)-(?=\d)")


def stage(shown: Shown) -> None:
    """The chapter."""
    present = shown.study.view.present
    head = f'<div class="mprog"><p>{escape(_chapter_of(shown))}</p>{bars(shown)}</div>'
    title = f'<h1 aria-live="polite">{_title(shown)}</h1><p class="where">{_where(shown)}</p>'
    body = (
        f'<div class="bar"><h2>{_task(shown)}</h2>{_steps(shown)}</div>',
        f'<div class="live"><div class="picture">{_pictures(shown, present=present)}</div>',
        f'<div class="side" aria-live="polite">{side(shown)}</div></div>',
        f'<div class="reasons">{_reasons(shown)}</div>',
        _foot(shown),
        "<div data-answered hidden></div>" if shown.state != "ask" and shown.answer is not None else "",
    )
    # A quotation stays as it was written, whatever its punctuation.
    said = f'<div class="said">{_claim(shown)}{typeset(title)}</div>'
    markup = typeset(head) + said + typeset("".join(body))
    lang = TAGS[language()]
    part(
        "lesson-stage",
        f'<div class="{"hallwide" if present else "desk"}" lang="{lang}">{markup}</div>',
        told=script_words(shown) | {"main": True},
        on_set=take,
    )


def _claim(shown: Shown) -> str:
    claim = shown.place.chapter.claim
    if claim is None:
        return '<div class="claim"><p></p><p class="verdict"></p></div>'
    quote = f'<b lang="{escape(claim.language)}">“{escape(claim.quote)}”</b>'
    meaning = str(claim.meaning)
    same = claim.language == language() or not meaning
    text = _("The text says: {quote}.") if same else _("The text says: {quote} ({meaning}).")
    said = typeset(escape(text)).format(quote=quote, meaning=typeset(escape(meaning)))
    verdict = ""
    if shown.state != "ask" and shown.answer is not None:
        verdict = typeset(_("Found: {verdict}.").format(verdict=shown.words(shown.place.chapter.reply.verdict)))
    return f'<div class="claim"><p>{said}</p><p class="verdict">{verdict}</p></div>'


def _title(shown: Shown) -> str:
    chapter = shown.place.chapter
    text = chapter.ask.title
    if shown.state != "ask" and shown.answer is not None:
        text = chapter.reply.title if shown.state == "answer" else chapter.play.title
    return _NAME.sub("\u2011", shown.words(text))  # a network's name is not broken at the end of a line


def _chapter_of(shown: Shown) -> str:
    place = shown.place
    words = _("Chapter {number} of {all}: {title}")
    return words.format(number=place.number, all=len(place.lesson.chapters), title=place.chapter.title)


def _where(shown: Shown) -> str:
    place, chapter = shown.place, shown.place.chapter
    words = _("Chapter {number} of {all}").format(number=place.number, all=len(place.lesson.chapters))
    given = given_words(shown.measured, [name for name, _value in chapter.given])
    source = str(shown.answer.source) if shown.answer is not None else ""
    told = [words, *([given] if given else []), *([source] if source else [])]
    line = escape(" · ".join(told))
    if chapter.page:
        line += f' · <a class="full" href="{escape(_page(shown))}" target="_self">{escape(_("the same at length"))}</a>'
    return line


def _page(shown: Shown) -> str:
    """Where the explorer shows the same at length; language and locks stay."""
    page, asked = shown.place.chapter.page, shown.study.lesson
    lang = shown.study.view.lang
    kept = {"lang": None if lang == "auto" else lang, "locked": asked.locked, "hide": asked.hide}
    query = urlencode({name: value for name, value in kept.items() if value})
    return f"/{page}{'&' if '?' in page else '?'}{query}" if query else f"/{page}"


def _task(shown: Shown) -> str:
    chapter = shown.place.chapter
    if shown.state == "ask":
        return marked(str(chapter.ask.task))
    if shown.state == "answer":
        return escape(
            _("Line of rings: your prediction. Bars: found")
            if chapter.axis.joined
            else _("Rings: your prediction. Bars: found")
        )
    if shown.place.is_fixed:
        return escape(_("Bars: found"))
    moved = shown.place.tried != shown.place.start
    start = given_words(shown.place.at(shown.place.start), [chapter.play.control])
    if moved and start:
        return escape(_("Bars: found at your value. Dashed: at {start}").format(start=start))
    return escape(_("Move {control}, and watch the bars").format(control=label_of(chapter.play.control)))


def _steps(shown: Shown) -> str:
    asked = shown.place.asked.state
    drawn = "".join(
        button({"state": state}, escape(label), **({"aria_current": "step"} if state == asked else {}))
        for state, label in step_names().items()
    )
    return f'<div class="seg" role="group" aria-label="{escape(_("Steps of the chapter"))}">{drawn}</div>'


def _pictures(shown: Shown, *, present: bool) -> str:
    place = shown.place
    before: tuple[float | None, ...] = ()
    if shown.state == "play" and place.tried != place.start:
        first = shown.found(place.at(place.start))[0]
        before = first.values if first is not None else ()
    columns = shown.columns
    picture = LessonPicture(
        chapter=place.chapter,
        columns=columns,
        study=shown.measured,
        state="ask" if shown.state == "ask" else "answer" if shown.state == "answer" else "play",
        guess=None if shown.state == "play" else shown.guess.values,
        values=shown.values(),
        before=before if len(before) == len(columns) else (),
        fixed=shown.worked,
    )
    frames: dict[str, LessonFrame] = {"hall": PRESENT, "phone": PHONE} if present else {"wide": WIDE, "phone": PHONE}
    return "".join(f'<div class="{name}">{lesson_picture(picture, frame)}</div>' for name, frame in frames.items())


def _reasons(shown: Shown) -> str:
    chapter = shown.place.chapter
    by_state = {"ask": chapter.ask.notes, "answer": chapter.reply.notes, "play": chapter.play.notes}
    notes = by_state[shown.state] if shown.state == "ask" or shown.answer is not None else ()
    return "".join(f"<div><h3>{shown.words(note.title)}</h3><p>{shown.words(note.text)}</p></div>" for note in notes)


def _foot(shown: Shown) -> str:
    place = shown.place
    chapters = place.lesson.chapters
    back = next_ = '<span class="gap"></span>'
    if place.number > 1:
        words = f"← {place.number - 1} {chapters[place.number - 2].title}"
        back = button({"chapter": str(place.number - 1)}, escape(words), "back")
    if place.number < len(chapters):
        words = f"{place.number + 1} {chapters[place.number].title} →"
        next_ = button({"chapter": str(place.number + 1)}, escape(words), "next")
    present = shown.study.view.present
    other = "en" if language() == "zh" else "zh"
    hidden = (
        button({"state": "ask", "tried": None}, _("predict again"), "again hidden", tabindex="-1")
        + button({"present": as_text(not present)}, _("presenter"), "presenter hidden", tabindex="-1")
        + button({"lang": other}, other, "language hidden", tabindex="-1")
    )
    keys = f'<span class="keys" aria-hidden="true">{_keys(shown)}</span>'
    return f'<footer class="foot">{back}{keys}{next_}{hidden}</footer>'


def _keys(shown: Shown) -> str:
    again = ("R", _("predict again"))
    by_state = {
        "ask": [("Tab", _("next ring")), ("↑ ↓", _("move it")), ("Enter", _("compare"))],
        "answer": [("Enter", _("try")), again] if shown.answer is not None else [again],
        "play": [again] if shown.place.is_fixed else [("← →", _("change it")), again],
    }
    keys = [again] if shown.place.hidden else by_state[shown.state]
    common = [("N", _("next chapter")), ("P", _("leave presenter") if shown.study.view.present else _("presenter"))]
    return "".join(f"<span><kbd>{key}</kbd> {escape(words)}</span>" for key, words in (*keys, *common))
