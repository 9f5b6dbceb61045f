"""``/lesson.md?chapter=5``: a chapter of this server's lesson on paper; with ``state=answer``, with what is measured.

A link that keeps answers back gets none here either.
"""

from __future__ import annotations

import functools
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from explorer.codec import from_query
from explorer.documents.lesson_document import HandOut, lesson_markdown
from explorer.language import language, speaking
from explorer.lesson.position import Position
from explorer.spec import SpecError, Study
from explorer.study import measure_lesson
from explorer.web import files
from explorer.web.answers import Gate, TooMany
from explorer.web.engine_holder import engine
from explorer.web.served_lesson import served

PATH = "/lesson.md"
SECONDS = 60.0  # that measuring may take
_WAITER = "hand-outs"  # all of them share one turn at the engine


def routes() -> list[BaseRoute]:
    """The route of the hand-out."""
    gate = Gate(2)
    return [Route(PATH, functools.partial(_answer, gate), methods=["GET"])]


async def _answer(gate: Gate, request: Request) -> Response:
    pairs = parse_qsl(request.url.query, keep_blank_values=True)
    with speaking(files.asked_in(request, pairs)):
        try:
            study = from_query(pairs)
        except SpecError as problem:
            return files.refused(problem)
        if study.view.lang == "auto" and language() != "en":
            study = study.with_(lang=language())
        try:
            body = await gate.run(lambda: _made(study, files.base(str(request.base_url).rstrip("/"))))
        except TooMany as full:
            return await files.busy(full)
        headers = files.FOR_ALL | {"cache-control": "no-cache", "vary": "Accept-Language"}
        return Response(body, media_type="text/markdown", headers=headers)


def _made(study: Study, base: str) -> str:
    place = Position(served(), study.lesson)
    state = "ask" if study.lesson.hides_answers else study.lesson.state
    answer, problem = None, None
    if place.chapter.is_measured(state):
        answer, problem = measure_lesson(place.chapter.about, place.given, engine(), SECONDS, _WAITER)
    return lesson_markdown(HandOut(place.lesson, place.number, answer, problem, state, base))
