"""All chapters, in the sidebar."""

from __future__ import annotations

from html import escape

from explorer.language import TAGS, _, language
from explorer.lesson.position import Position
from explorer.lesson.words import marked
from explorer.spec import Study
from explorer.web.components.lesson import lesson as part
from explorer.web.parts.lesson.handed import button, take
from explorer.web.parts.lesson.shown import Shown, script_words
from explorer.web.served_lesson import served


def rail(study: Study) -> None:
    """All chapters, in the sidebar: where the person is, and, from their own browser, which they have answered."""
    place = Position(served(), study.lesson)
    shown = Shown(study, place, {})
    chapters = place.lesson.chapters
    items = "".join(
        "<li>"
        + button(
            {"chapter": str(number)},
            f'<span class="no">{number}</span><span>{escape(str(chapter.title))}</span><span class="st"></span>',
            data_chapter=str(number),
            **({"aria_current": "step"} if number == place.number else {}),
        )
        + "</li>"
        for number, chapter in enumerate(chapters, 1)
    )
    count = _("{count} of {all} answered").format(count="{count}", all=len(chapters))
    markup = (
        f'<p class="rail-title">{marked(str(place.lesson.title))}</p>'
        f'<p class="rail-count" data-count="{escape(count)}">&nbsp;</p>{bars(shown)}<ol class="rail">{items}</ol>'
        + button({"present": "true"}, f"<span>{escape(_('Presenter'))}</span><kbd>P</kbd>", "hallway")
    )
    lang = TAGS[language()]
    part("lesson-rail", f'<div lang="{lang}">{markup}</div>', told=script_words(shown) | {"main": False}, on_set=take)


def bars(shown: Shown) -> str:
    """A bar a chapter; which are answered, the browser knows."""
    drawn = "".join(
        f'<i data-chapter="{number}" class="{"on" if number == shown.place.number else ""}"></i>'
        for number in range(1, len(shown.place.lesson.chapters) + 1)
    )
    return f'<div class="prog" aria-hidden="true">{drawn}</div>'
