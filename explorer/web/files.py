"""The files of a Study, each at an address of its own: ``/block.py``, ``.svg``, ``.json``, ``.md``, ``.dot``; its link.

A file is made when it is asked for, from the link alone, so it stays to be had whatever the page draws meanwhile.
``measured=1`` adds to the JSON what has been counted and timed by then; nothing is run for a file. ``theme=light``,
``dark`` or ``auto`` (as the system is) is the picture's.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from explorer import environment
from explorer.codec import from_query, to_link, to_query
from explorer.docs.content import living
from explorer.documents.json_document import describe_json
from explorer.documents.source import pytorch_source
from explorer.engine import State
from explorer.findings import Findings
from explorer.graph import concat_graph, to_dot
from explorer.language import _
from explorer.pictures.layout import layout
from explorer.pictures.notice import notice
from explorer.pictures.palette import DARK, LIGHT, TOKENS
from explorer.pictures.svg import render
from explorer.spec import Job, SpecError, Study, shown
from explorer.study import count_jobs, findings, time_job
from explorer.web.engine_holder import engine

MEASURED, THEME = "measured", "theme"
_THEMES = {"light": LIGHT, "dark": DARK, "auto": TOKENS}
_FRESH = 300  # seconds for which a picture need not be asked for again
#: Any site may show pictures and read numbers, and never as the person who looks at it.
_FOR_ALL = {"access-control-allow-origin": "*", "cross-origin-resource-policy": "cross-origin"}

Options = Mapping[str, str]


@dataclass(frozen=True)
class File:
    """One of the files.

    Attributes:
        label: what a person calls it.
        ending: of its name.
        kind: its media type.
        make: takes the findings, the base of links, and what of ``options`` was asked for.
        options: parameters beside a Study's, each with what it may be; the first is what it is where nothing is said.
        linked: whether the link within depends on who asks.
    """

    label: str
    ending: str
    kind: str
    make: Callable[[Findings, str, Options], str]
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    linked: bool = False

    @property
    def name(self) -> str:
        """Under which a browser saves it."""
        return f"dense_block.{self.ending}"

    @property
    def measured(self) -> bool:
        """Whether it holds measured numbers, where there are any."""
        return MEASURED in self.options


def files() -> tuple[File, ...]:
    """Every file that the page offers, in the page's order."""
    return (
        File(
            _("PyTorch, runnable .py"), "py", "text/x-python", lambda found, base, options: pytorch_source(found.study)
        ),
        File(_("Picture, .svg"), "svg", "image/svg+xml", _svg, {THEME: tuple(_THEMES)}),
        File(_("Every number, .json"), "json", "application/json", _json, {MEASURED: ("0", "1")}, linked=True),
        File(
            _("Tables that can be checked, .md"),
            "md",
            "text/markdown",
            lambda found, base, options: living(found.study, base),
            linked=True,
        ),
        File(_("Graph, .dot"), "dot", "text/vnd.graphviz", lambda found, base, options: dot(found.study)),
    )


def address(file: File, study: Study) -> str:
    """Where ``file`` of ``study`` is found on this server."""
    query = to_query(study) | ({MEASURED: "1"} if file.measured else {})
    return f"/block.{file.ending}" + (f"?{urlencode(query)}" if query else "")


def base(page: str | None) -> str:
    """The address under which people reach this server: what was set, or where the browser has found the page."""
    try:
        public = environment.public_url()
    except SpecError:  # whoever started the server by other means was not told
        public = None
    return public or (page or "").partition("?")[0]


def dot(study: Study) -> str:
    """The graph in Graphviz's language, in the drawing that the view has."""
    colours = dict(enumerate(LIGHT.sources(study.block.layers)))
    return to_dot(concat_graph(study.block), study.view.drawing, colours)


def routes() -> list[BaseRoute]:
    """A route for each file."""
    return [Route(f"/block.{file.ending}", _answer(file), methods=["GET"]) for file in files()]


def _answer(file: File) -> Callable[[Request], Response]:
    def answer(request: Request) -> Response:  # not async, so that making it does not hold up the event loop
        pairs = parse_qsl(request.url.query, keep_blank_values=True)
        try:
            options = _taken(file, pairs)
            study = from_query(pairs)
        except SpecError as problem:
            return _refused(file, problem)
        measured = options.get(MEASURED) == "1"
        text = file.make(findings(study, _known(study) if measured else None), base(_page(request)), options)
        body = text.encode()
        tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = _FOR_ALL | {"etag": tag, "cache-control": "no-cache"}
        if file.kind.startswith("image/"):
            headers["cache-control"] = f"public, max-age={_FRESH}"
        if file.linked:
            headers["vary"] = "Referer"
        known = re.split(r"\s*,\s*", request.headers.get("if-none-match", "").strip())
        if "*" in known or tag in [one.removeprefix("W/") for one in known]:
            return Response(status_code=304, headers=headers)
        return Response(body, media_type=file.kind, headers=headers)

    return answer


def _taken(file: File, pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Takes the file's own parameters out of ``pairs``.

    Raises:
        SpecError: one is given twice, or not allowed.
    """
    options = {}
    for name, allowed in file.options.items():
        values = [value for one, value in pairs if one == name]
        pairs[:] = [pair for pair in pairs if pair[0] != name]
        if len(values) > 1:
            raise SpecError(name, ", ".join(values), "given once")
        if values and values[0] not in allowed:
            raise SpecError(name, values[0], f"one of {', '.join(allowed)}")
        options[name] = values[0] if values else allowed[0]
    return options


def _refused(file: File, problem: SpecError) -> Response:
    """Why there is no such file: a picture of the sentence where a picture was asked for, else a problem (RFC 9457)."""
    headers = _FOR_ALL | {"cache-control": "no-store"}
    if file.kind.startswith("image/"):
        return Response(notice(str(problem)), 400, media_type=file.kind, headers=headers)
    told = {
        "type": "about:blank",
        "title": "This link is not allowed.",
        "status": 400,
        "detail": str(problem),
        "field": problem.field,
        "value": shown(problem.value),
        "allowed": problem.allowed,
    }
    return Response(json.dumps(told, ensure_ascii=False), 400, media_type="application/problem+json", headers=headers)


def _known(study: Study) -> dict[Job, State]:
    """What the engine has answered of ``study`` already."""
    jobs: tuple[Job, ...] = (*count_jobs(study).values(), time_job(study))
    states = {job: engine().state(job) for job in jobs}
    return {job: state for job, state in states.items() if state is not None}


def _page(request: Request) -> str:
    """The page from which a file is asked for, as the browser sees it, or the server's own address."""
    host, referer = request.headers.get("host", ""), request.headers.get("referer", "")
    for here in (f"https://{host}/", f"http://{host}/"):
        if referer.startswith(here):
            return here
    return str(request.base_url)


def _svg(found: Findings, base: str, options: Options) -> str:
    study = found.study
    return render(layout(concat_graph(study.block), study.view.drawing), _THEMES[options[THEME]])


def _json(found: Findings, base: str, options: Options) -> str:
    return json.dumps(describe_json(found, to_link(found.study, base)), indent=2, ensure_ascii=False)
