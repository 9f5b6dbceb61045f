"""The files of a Study over HTTP: ``/block.svg``, ``.png``, ``.json`` …, ``/badge.svg`` and, of whole networks,
``/network.json`` and ``.md``, each from its link alone.

So a file stays to be had whatever the page draws meanwhile, and a document elsewhere can show it. All are closed
forms; ``measured=1`` asks for what the live blocks count, too, in those that have room for it. ``theme=light``,
``dark`` or ``auto`` (as the system is) is a picture's. :mod:`explorer.web.openapi` says it all to programs.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

import anyio
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from explorer import environment
from explorer.codec import from_query, of_networks, to_query
from explorer.documents.html_document import content_policy
from explorer.exports import MEASURED, Format, badge, formats, networks
from explorer.language import Language, _, in_words_of, language, language_of, preferred, said, speaking, typeset
from explorer.pictures.notice import notice
from explorer.spec import FIELDS, SpecError, Study, shown
from explorer.web.answers import Answers, NotMade, TooMany
from explorer.web.engine_holder import engine
from explorer.web.guard import framing, plainly

_FRESH = 300  # seconds for which a picture need not be asked for again
_HELD = 0.5  # seconds before a refusal: told at once, 64 programs that ask again at once would hold up the page
#: Any site may show pictures and read numbers, and never as the person who looks at it.
FOR_ALL = {"access-control-allow-origin": "*", "cross-origin-resource-policy": "cross-origin"}
_NONE: Mapping[str, str] = {}
_PROBLEM, _PICTURE = "application/problem+json", "image/svg+xml"


@dataclass(frozen=True)
class Served:
    """A format and where it is served."""

    path: str
    format: Format

    @property
    def name(self) -> str:
        """Under which a browser saves it."""
        return f"{'networks' if self.of_networks else 'dense_block'}.{self.format.name}"

    @property
    def of_networks(self) -> bool:
        """Whether it is of whole networks; its parameter ``name`` is then the network's."""
        return self.path.startswith("/network.")


def served() -> tuple[Served, ...]:
    """Every file that is served, in the order in which a person is offered them; the badge, then those of networks."""
    return (
        *(Served(f"/block.{one.name}", one) for one in formats()),
        Served("/badge.svg", badge()),
        *(Served(f"/network.{one.name}", one) for one in networks()),
    )


def files(*, of_networks: bool = False) -> tuple[Served, ...]:
    """Those of the block, or of the whole networks, that a person downloads."""
    start = "/network." if of_networks else "/block."
    return tuple(one for one in served() if one.path.startswith(start))


def address(file: Served, study: Study) -> str:
    """Where ``file`` of ``study`` is found on this server, with what is measured where it has room for that."""
    query = to_query(study) | ({MEASURED: "1"} if file.format.measured else {})
    return file.path + (f"?{urlencode(query)}" if query else "")


def base(page: str | None, path: str = "") -> str:
    """The address under which people reach this server: what was set, or where the browser has found the page.

    Args:
        page: the address of the page that asks.
        path: what of it is the page's own.
    """
    try:
        public = environment.public_url()
    except SpecError:  # whoever started the server by other means was not told
        public = None
    return public or (page or "").partition("?")[0].removesuffix(path)


def routes() -> list[BaseRoute]:
    """A route for each file."""
    answers = Answers(lambda: engine())  # looked up when it is needed: the server is up before the engine is
    known = [Route(file.path, _answer(file, answers), methods=["GET"]) for file in served()]
    others = ("/block", "/block.{ending}", "/network", "/network.{ending}")
    return [*known, *(Route(path, _nothing, methods=["GET"]) for path in others)]


def _nothing(request: Request) -> Response:
    """For a file that there is none of, where Streamlit would answer with its page."""
    paths = ", ".join(file.path for file in served())
    return told(404, _("There is no such file."), _("There are {paths}.").format(paths=paths), as_picture=False)


def _answer(file: Served, answers: Answers) -> Callable[[Request], Awaitable[Response]]:
    made = file.format

    async def answer(request: Request) -> Response:
        pairs = parse_qsl(request.url.query, keep_blank_values=True)
        with speaking(asked_in(request, pairs)):
            return await in_words(request, pairs)

    async def in_words(request: Request, pairs: list[tuple[str, str]]) -> Response:
        try:
            options = made.checked([pair for pair in pairs if pair[0] in made.options])
            fields = _fields(file, pairs)
            study = from_query(of_networks(fields) if file.of_networks else fields)
            if made.spoken and study.view.lang == "auto" and language() != "en":
                study = study.with_(lang=language())  # so that it stands in the file, too
        except SpecError as problem:
            return refused(problem, as_picture=made.picture)
        make = answers.measured if options.get(MEASURED) == "1" else answers.file
        try:
            with in_words_of("en" if study.view.lang == "auto" and not made.spoken else study.view.lang):
                body = await make(made, study, base(_page(request)), options)
        except TooMany as full:
            return await busy(full, as_picture=made.picture)
        except NotMade as problem:
            return told(503, _("It was not made."), str(problem), as_picture=made.picture)
        return _sent(made, body, request)

    return answer


def _sent(made: Format, body: bytes, request: Request) -> Response:
    """The file, or word that whoever asks has it already."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = FOR_ALL | {"etag": tag, "cache-control": "no-cache"}
    if made.picture:
        headers["cache-control"] = f"public, max-age={_FRESH}"
    if vary := [name for name, varies in (("Referer", made.linked), ("Accept-Language", made.spoken)) if varies]:
        headers["vary"] = ", ".join(vary)
    if made.kind == "text/html":
        headers["content-security-policy"] = f"{content_policy()}; {framing()}"
    known = re.split(r"\s*,\s*", request.headers.get("if-none-match", "").strip())
    if "*" in known or tag in [one.removeprefix("W/") for one in known]:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=made.kind, headers=headers)


def asked_in(request: Request, pairs: list[tuple[str, str]]) -> Language:
    """The language that the address names, else the one that the reader prefers."""
    named = next((value for name, value in pairs if name == "lang"), "auto")
    return language_of(named, preferred(request.headers.get("accept-language", "")))


def _fields(file: Served, pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """What of ``pairs`` is the Study's.

    Raises:
        SpecError: a parameter is another file's.
    """
    rest = [pair for pair in pairs if pair[0] not in file.format.options]
    for name, value in rest:
        others = [] if name in FIELDS else [one.path for one in served() if name in one.format.options]
        if others:
            words = said("left out of {file}: it is for {others}", file=file.path, others=", ".join(others))
            raise SpecError(name, value, words)
    return rest


def refusal(path: str, status: int, sentence: str) -> Response:
    """What is said to a request that the guard refuses: as a file's own refusals where it asks for one."""
    file = next((one for one in served() if one.path == path), None)
    if file is None:
        return plainly(path, status, sentence)
    return told(status, _("This request is refused."), sentence, as_picture=file.format.picture)


async def busy(full: TooMany, *, as_picture: bool = False) -> Response:
    """What is said, after a moment, where too many wait already."""
    await anyio.sleep(_HELD)
    words = _("Others are waiting for their files already: ask again in a second.")
    return told(429, _("Too many at once."), words, {"retry-after": str(full.seconds)}, as_picture=as_picture)


def refused(problem: SpecError, *, as_picture: bool = False) -> Response:
    """What is said of a parameter that may not be."""
    about = {"field": problem.field, "value": shown(problem.value), "allowed": problem.allowed}
    return told(400, _("This link is not allowed."), str(problem), about=about, as_picture=as_picture)


def told(
    status: int,
    title: str,
    detail: str,
    headers: Mapping[str, str] = _NONE,
    about: Mapping[str, str] = _NONE,
    *,
    as_picture: bool = False,
) -> Response:
    """Why there is no file: a picture of the sentence where a picture was asked for, else a problem (RFC 9457)."""
    sent = {**FOR_ALL, "cache-control": "no-store", **headers}
    title, detail = typeset(title), typeset(detail)
    if as_picture:
        return Response(notice(detail), status, media_type=_PICTURE, headers=sent)
    problem = {"type": "about:blank", "title": title, "status": status, "detail": detail, **about}
    return Response(json.dumps(problem, ensure_ascii=False), status, media_type=_PROBLEM, headers=sent)


def _page(request: Request) -> str:
    """The page from which a file is asked for, as the browser sees it, or the server's own address."""
    host, referer = request.headers.get("host", ""), request.headers.get("referer", "")
    for here in (f"https://{host}/", f"http://{host}/"):
        if referer.startswith(here):
            return here
    return str(request.base_url)
