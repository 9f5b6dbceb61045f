"""What :mod:`explorer.web.files` serves, said to programs: ``/openapi.json`` (OpenAPI 3.1) and ``/schema.json``."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from explorer.codec import NETWORK_NAME
from explorer.documents.schema import Schema, field_schema, findings_schema, network_schema
from explorer.exports import MEASURED, PIXEL_RATIO, SHOW, THEME
from explorer.language import said
from explorer.spec import FIELDS, SpecError
from explorer.version import VERSION
from explorer.web.files import FOR_ALL, Served, refused, served

_OPTIONS = {
    MEASURED: "1 adds what the live blocks count, for which it waits; nothing is run for 0",
    THEME: "colours; auto is as the reader's system is",
    PIXEL_RATIO: "pixels to each of the picture's own",
    SHOW: "which number",
}


def routes() -> list[BaseRoute]:
    """Both documents."""
    return [
        Route("/openapi.json", _answer(openapi()), methods=["GET"]),
        Route("/schema.json", _answer(findings_schema())),
    ]


def openapi() -> Schema:
    """Every file with its parameters, bounds, answers and refusals."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Dense Block Explorer",
            "version": VERSION,
            "description": "A DenseNet block's picture, numbers and source, or whole networks' numbers, from a link.",
        },
        "paths": {one.path: {"get": _operation(one)} for one in served()},
        "components": {
            "schemas": {
                "findings": _without_dialect(findings_schema(), "findings"),
                "networks": _without_dialect(network_schema(), "networks"),
                "problem": _problem(),
            },
            "parameters": {name: _parameter(name, info.help, field_schema(info)) for name, info in FIELDS.items()},
        },
    }


def _operation(file: Served) -> Schema:
    made = file.format
    failed = "image/svg+xml" if made.picture else "application/problem+json"
    problem: Schema = {failed: {"schema": _text() if made.picture else {"$ref": "#/components/schemas/problem"}}}
    own = [
        _parameter(name, _OPTIONS[name], {"type": "string", "enum": list(allowed), "default": allowed[0]})
        for name, allowed in made.options.items()
    ]
    if file.of_networks:
        own.append(_parameter(NETWORK_NAME, "the same as network, of which one is given", _name()))
    return {
        "summary": made.label,
        "operationId": file.path.strip("/").replace(".", "_"),
        "parameters": [*own, *({"$ref": f"#/components/parameters/{name}"} for name in FIELDS)],
        "responses": {
            "200": {
                "description": "The file.",
                "headers": {"ETag": {"schema": {"type": "string"}}},
                "content": {made.kind: {"schema": _content(file)}},
            },
            "304": {"description": "The file is still the one whose ETag If-None-Match names."},
            "400": {"description": "A parameter is unknown, given twice or not allowed.", "content": problem},
            "414": {"description": "The link is too long.", "content": problem},
            "429": {
                "description": "Others are waiting already.",
                "headers": {"Retry-After": {"schema": {"type": "integer"}}},
                "content": problem,
            },
        },
    }


def _name() -> Schema:
    """What the alias of ``network`` may hold; it has no default, since the other has one."""
    return {name: value for name, value in field_schema(FIELDS["network"]).items() if name != "default"}


def _content(file: Served) -> Schema:
    made = file.format
    if made.name == "json":
        return {"$ref": f"#/components/schemas/{'networks' if file.of_networks else 'findings'}"}
    return {"type": "string", "contentMediaType": made.kind} if made.kind == "image/png" else _text()


def _text() -> Schema:
    return {"type": "string"}


def _parameter(name: str, words: str, schema: Schema) -> Schema:
    """One parameter of the query, where nothing is written as nothing."""
    schema = {key: value for key, value in schema.items() if key != "description"}
    if "anyOf" in schema:
        text = next(one for one in schema["anyOf"] if one["type"] == "string")
        schema = {"type": "string", "pattern": f"^({text['pattern'].strip('^$')})?$"}
    return {"name": name, "in": "query", "description": words, "required": False, "schema": schema}


def _without_dialect(schema: Schema, name: str) -> Schema:
    """The schema as the component ``name``, whose own definitions are found from the document's root."""
    text = json.dumps({key: value for key, value in schema.items() if key != "$schema"})
    moved: Schema = json.loads(text.replace('"#/$defs/', f'"#/components/schemas/{name}/$defs/'))
    return moved


def _problem() -> Schema:
    text = {name: _text() for name in ("type", "title", "detail", "field", "value", "allowed")}
    return {
        "type": "object",
        "properties": text | {"status": {"type": "integer"}},
        "required": ["type", "title", "status", "detail"],
        "additionalProperties": False,
    }


def _answer(document: dict[str, Any]) -> Any:
    body = json.dumps(document, ensure_ascii=False)

    def answer(request: Request) -> Response:
        if request.url.query:
            return refused(SpecError("parameter", request.url.query, said("left out of {file}", file=request.url.path)))
        return Response(body, media_type="application/json", headers=FOR_ALL | {"cache-control": "no-cache"})

    return answer
