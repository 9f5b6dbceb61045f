"""Whatever ``/openapi.json`` allows is answered as it says, and whatever it does not is refused, never with a fault.

Schemathesis makes the requests from the document alone: 154 for each of the routes, half of them legal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.python.asgi import ASGIClient
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.applications import Starlette
from study_fakes import Instant

from explorer.codec import NETWORK_NAME
from explorer.documents.picture import png_document
from explorer.documents.schema import findings_schema, network_schema
from explorer.spec import FIELDS, Study
from explorer.web import answers, files, openapi
from explorer.web.guard import middleware

EACH = 72  # 28 times: 2,016 requests
PATHS = tuple(one.path for one in files.served())
CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def app() -> Iterator[Starlette]:
    engine, png = Instant(), png_document(Study(), pixel_ratio=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXPLORER_NAMES", "testserver")  # by which schemathesis calls it
        patch.setattr(files, "engine", lambda: engine)
        patch.setattr(
            answers, "_apart", lambda made, *_of: png if made.picture else b"<!DOCTYPE html>"
        )  # a process for each: test_web_answers
        yield Starlette(routes=[*files.routes(), *openapi.routes()], middleware=middleware(files.refusal))


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.name)
@pytest.mark.parametrize("path", PATHS)
def test_every_request_is_answered_as_the_document_says(path: str, mode: GenerationMode, app: Starlette) -> None:
    schema: Any = schemathesis.openapi.from_asgi("/openapi.json", app)
    operation = schema[path]["GET"]
    seen: Counter[int] = Counter()

    @settings(max_examples=EACH, suppress_health_check=[*HealthCheck])
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        response = case.call()
        seen[response.status_code] += 1
        case.validate_response(response, checks=CHECKS)
        if mode is GenerationMode.NEGATIVE and response.status_code != 414:  # too long to be looked at
            case.validate_response(response, checks=[negative_data_rejection])
        assert b"Traceback" not in response.content

    ask()
    assert seen.total() >= EACH and not [status for status in seen if status >= 500]
    assert seen[400 if mode is GenerationMode.NEGATIVE else 200] > EACH // 4, seen


def test_the_document_names_every_parameter_with_its_bounds() -> None:
    document = openapi.openapi()
    layers = document["components"]["parameters"]["layers"]["schema"]
    assert layers == {"default": 6, "type": "integer", "minimum": 1, "maximum": 64}
    assert document["components"]["parameters"].keys() == FIELDS.keys()
    for path, each in document["paths"].items():
        names = [p.get("name") or p["$ref"].rpartition("/")[2] for p in each["get"]["parameters"]]
        one = next(one for one in files.served() if one.path == path)
        assert names == [*one.format.options, *([NETWORK_NAME] if one.of_networks else []), *FIELDS]


def test_every_reference_in_the_document_leads_somewhere() -> None:
    document = openapi.openapi()

    def references(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            yield from (text for name, text in value.items() if name == "$ref")
            yield from (found for inner in value.values() for found in references(inner))
        elif isinstance(value, list):
            yield from (found for inner in value for found in references(inner))

    found = {*references(document)}
    assert len(found) > len(FIELDS)
    for reference in found:
        place: Any = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
        assert isinstance(place, dict)
    for schema in (findings_schema(), network_schema()):
        Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("path", ["/openapi.json", "/schema.json"])
def test_the_documents_themselves_take_no_parameter(path: str, app: Starlette) -> None:
    asgi: Any = app
    client = ASGIClient(asgi)
    assert client.get(path).json() == (openapi.openapi() if path == "/openapi.json" else findings_schema())
    told = client.get(f"{path}?theme=dark")
    assert (told.status_code, told.headers["content-type"]) == (400, "application/problem+json")
    assert told.json()["detail"] == f"parameter must be left out of {path}, not 'theme=dark'."


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "query",
    [
        "seed=" + "9" * 5_000,
        "layers=" + "9" * 1_500,
        "growth_rate=NaN",
        "growth_rate=1e2",
        "growth_rate=١٢",
        "layers=3&layers=3",
        "theme=../../etc",
        "theme=dark&theme=light",
        "layers=3%0d%0aset-cookie:%20a=b",
        "%0d%0aset-cookie:%20a=b",
        "select=layer-7",
        "mode=training&batch=1&height=1&width=1",
        "&".join(f"x{i}=1" for i in range(200)),
        "layers=%00",
        "layers=%ff%fe",
    ],
)
def test_what_attackers_try_is_refused(path: str, query: str, app: Starlette) -> None:
    asgi: Any = app
    told = ASGIClient(asgi).get(f"{path}?{query}")
    assert told.status_code in (400, 414) and b"Traceback" not in told.content and len(told.content) < 4_000
    assert not {"set-cookie", "location"} & {name.lower() for name in told.headers}
