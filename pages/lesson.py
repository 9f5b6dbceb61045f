"""The Lesson page: ten claims about DenseNet, each predicted, measured and tried."""

from __future__ import annotations

from explorer.web import link, notice, style, waiting
from explorer.web.parts import spacing
from explorer.web.parts.head import section
from explorer.web.parts.lesson.lecturers import lecturers
from explorer.web.parts.lesson.shown import follow
from explorer.web.parts.lesson.stage import stage
from explorer.web.served_lesson import refused

study = link.current_study()
shown = follow(study)
spacing.apply()
if study.view.present:
    style.present_lesson()
elif (fault := refused()) is not None:
    notice.say(fault)
stage(shown)
if not study.view.present and not study.lesson.hides_answers:
    with section("lecturers"):
        lecturers(shown)

waiting.watch(shown.states)
