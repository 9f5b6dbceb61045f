"""The files of a Study, each at an address of its own: ``/block.py``, ``.svg``, ``.json``, ``.md``, ``.dot``; its link.

A file is made when it is asked for, from the link alone, so it stays to be had whatever the page draws meanwhile.
``measured=1`` adds to the JSON what has been counted and timed by then; nothing is run for a file.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
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
from explorer.pictures.palette import LIGHT
from explorer.pictures.svg import render
from explorer.spec import Job, SpecError, Study
from explorer.study import count_jobs, findings, time_job
from explorer.web.engine_holder import engine

MEASURED = "measured"


@dataclass(frozen=True)
class File:
    """One of the files: what a person calls it, its name's ending, its media type, and how it is made.

    ``make`` takes the findings and the base of links; ``measured``: it holds measured numbers, where there are any.
    """

    label: str
    ending: str
    kind: str
    make: Callable[[Findings, str], str]
    measured: bool = False

    @property
    def name(self) -> str:
        """Under which a browser saves it."""
        return f"dense_block.{self.ending}"


def files() -> tuple[File, ...]:
    """Every file that the page offers, in the page's order."""
    return (
        File(_("PyTorch, runnable .py"), "py", "text/x-python", lambda found, base: pytorch_source(found.study)),
        File(_("Picture, .svg"), "svg", "image/svg+xml", lambda found, base: _svg(found.study)),
        File(_("Every number, .json"), "json", "application/json", _json, measured=True),
        File(
            _("Tables that can be checked, .md"), "md", "text/markdown", lambda found, base: living(found.study, base)
        ),
        File(_("Graph, .dot"), "dot", "text/vnd.graphviz", lambda found, base: dot(found.study)),
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
        measured = file.measured and (MEASURED, "1") in pairs
        if measured:
            pairs.remove((MEASURED, "1"))
        try:
            study = from_query(pairs)
        except SpecError as problem:
            return PlainTextResponse(f"{problem}\n", 400)
        text = file.make(findings(study, _known(study) if measured else None), base(_page(request)))
        return Response(text, media_type=file.kind, headers={"cache-control": "no-cache"})

    return answer


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


def _svg(study: Study) -> str:
    return render(layout(concat_graph(study.block), study.view.drawing), LIGHT)


def _json(found: Findings, base: str) -> str:
    return json.dumps(describe_json(found, to_link(found.study, base)), indent=2, ensure_ascii=False)
