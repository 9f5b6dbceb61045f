"""For whoever teaches: links for a class, and the chapter on paper."""

from __future__ import annotations

from html import escape
from typing import cast
from urllib.parse import urlencode

import streamlit as st

from explorer.codec import to_link, to_query
from explorer.language import LANGUAGES, _, language
from explorer.spec import Lang, LessonSpec, LessonState, Study, ViewSpec
from explorer.web import files
from explorer.web.components.panel import panel
from explorer.web.parts.lesson.fields import label_of, step_names
from explorer.web.parts.lesson.shown import Shown
from explorer.web.parts.share import copied

_BUILT = "lesson_link_"  # page-only: what the link that is being made shall say


def lecturers(shown: Shown) -> None:
    """Links for a class, made here, and the chapter on paper."""
    with st.expander(_("For lecturers: a link for your class, and the chapter on paper")):
        panel("lesson-lecturers", f'<p class="sub">{escape(_lecturers_line())}</p>', layers=1)
        chapters = shown.place.lesson.chapters
        columns = st.columns(2, gap="medium")
        with columns[0]:
            number = st.selectbox(
                _("It starts at"),
                range(1, len(chapters) + 1),
                index=shown.place.number - 1,
                format_func=lambda n: f"{n} · {chapters[n - 1].title}",
                key=f"{_BUILT}chapter_{shown.place.number}_{language()}",
            )
            state = st.segmented_control(
                _("Step"),
                list(step_names()),
                default="ask",
                format_func=step_names().__getitem__,
                key=f"{_BUILT}state_{language()}",
                required=True,
            )
            spoken = st.segmented_control(
                _("Language"),
                ["auto", *LANGUAGES],
                default="auto",
                format_func=lambda one: LANGUAGES.get(one) or _("The reader’s"),
                key=f"{_BUILT}lang_{language()}",
                required=True,
            )
        with columns[1]:
            control = chapters[(number or 1) - 1].play.control
            lock = st.toggle(
                _("Lock the control: {control}").format(control=label_of(control)),
                key=f"{_BUILT}lock",
                help=_("It stays in sight, and cannot be moved."),
            )
            without = st.toggle(
                _("Hide the control"), key=f"{_BUILT}without", help=_("Only the chapter’s own values are shown.")
            )
            hide = st.toggle(
                _("Keep the answers back"),
                key=f"{_BUILT}hide",
                help=_("A prediction is taken, and nothing of what was found is sent to the browser."),
            )
            present = st.toggle(
                _("Presenter view"), key=f"{_BUILT}present", help=_("Large type, no frame, moved by keys alone.")
            )
        asked = LessonSpec(
            chapter=number or 1,
            state=cast(LessonState, state or "ask"),
            locked=control if lock else None,
            hide=",".join([*(["answers"] if hide else []), *([control] if without else [])]) or None,
        )
        made = Study(lesson=asked, view=ViewSpec(present=present, lang=cast(Lang, spoken or "auto")))
        panel("lesson-links", _links(made), layers=1)


def _lecturers_line() -> str:
    return _(
        "What a link locks or keeps back, its address says: it is for a class that plays along, not for an exam. "
        "Predictions stay in each person’s own browser and address."
    )


def _links(made: Study) -> str:
    """The link, to copy, and the chapter as a hand-out, with and without answers."""
    address = to_link(made, files.base(st.context.url, "lesson"), "lesson")
    sheet = urlencode(
        to_query(Study(lesson=LessonSpec(chapter=made.lesson.chapter), view=ViewSpec(lang=made.view.lang)))
    )
    solved = f"{sheet}&state=answer" if sheet else "state=answer"
    row = (
        f'<div class="share" role="list"><div role="listitem" data-way="class"><p><b>{escape(_("The link"))}</b></p>'
        f"{copied(address, _('the link'))}</div></div>"
    )
    sheets = (
        f'<a href="/lesson.md?{escape(sheet)}" download="chapter-{made.lesson.chapter}.md"><b>.md</b>'
        f"<span>{escape(_('The chapter on paper: questions'))}</span></a>"
        f'<a href="/lesson.md?{escape(solved)}" download="chapter-{made.lesson.chapter}-answers.md"><b>.md</b>'
        f"<span>{escape(_('With answers, measured now'))}</span></a>"
    )
    return f'{row}<nav class="files" aria-label="{escape(_("Hand-outs"))}">{sheets}</nav>'
