"""The files of a Study over HTTP: what each holds, and what is said of a link that is none."""

from __future__ import annotations

import json
import re
import time
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import anyio
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from study_fakes import answer

from explorer.codec import to_query
from explorer.engine import Done, State
from explorer.exports import study_in
from explorer.pictures.palette import DARK, LIGHT
from explorer.spec import DenseBlockSpec, InputSpec, Job, Study
from explorer.web import files
from explorer.web.answers import Answers, TooMany

STUDY = Study(block=DenseBlockSpec(40, 12, 5), input=InputSpec(2, 8, 8))
KINDS = {
    "py": "text/x-python",
    "svg": "image/svg+xml",
    "png": "image/png",
    "html": "text/html",
    "json": "application/json",
    "csv": "text/csv",
    "md": "text/markdown",
    "tex": "application/x-tex",
    "dot": "text/vnd.graphviz",
    "mmd": "text/vnd.mermaid",
}
ROUTES = files.routes()  # of one server, which keeps what it has made
PICTURES = {"svg", "png"}
MEASURED = {"html", "json", "csv"}


class Answered:
    """An engine that has answered everything."""

    def state(self, job: Job, waiter: str | None = None) -> State:
        return Done(answer(job))

    def submit(self, job: Job, waiter: str) -> State:
        return Done(answer(job))


@pytest.fixture(autouse=True)
def answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "engine", Answered)
    monkeypatch.delenv("EXPLORER_PUBLIC_URL", raising=False)


def get(address: str, referer: str = "", known: str = "", language: str = "") -> Response:
    """What the server answers at ``address``, as ``http://lab.example.org:8501``, to who knows the tag ``known``."""
    path, _, query = address.partition("?")
    more = {b"referer": referer, b"if-none-match": known, b"accept-language": language}
    scope = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "server": ("127.0.0.1", 8501),
        "root_path": "",
        "path": path,
        "query_string": query.encode(),
        "headers": [
            (b"host", b"lab.example.org:8501"),
            *((name, value.encode()) for name, value in more.items() if value),
        ],
    }
    route = next(route for route in ROUTES if isinstance(route, Route) and route.path == path)

    async def ask() -> Response:
        found: Response = await route.endpoint(Request(scope))
        return found

    return anyio.run(ask)


def text(found: Response) -> str:
    return bytes(found.body).decode()


def file(ending: str) -> files.Served:
    return next(one for one in files.files() if one.format.name == ending)


@pytest.mark.parametrize(("ending", "kind"), KINDS.items())
def test_each_file_is_at_its_address(ending: str, kind: str) -> None:
    found = get(files.address(file(ending), STUDY))
    assert (found.status_code, found.headers["content-type"].partition(";")[0]) == (200, kind)
    held = {
        "py": "class Denseblock",
        "svg": "<svg",
        "png": "PNG",
        "html": 'id="study"',
        "json": '"growth_rate": 12',
        "csv": "study,,growth_rate,,given,12",
        "md": "# Dense",
        "tex": r"\toprule",
        "dot": "digraph",
        "mmd": "flowchart",
    }
    assert held[ending].encode() in bytes(found.body)
    assert study_in(bytes(found.body)) == STUDY
    assert found.body == get(files.address(file(ending), STUDY)).body
    assert found.body != get(files.address(file(ending), Study())).body


def test_no_file_is_left_out() -> None:
    assert {one.format.name for one in files.files()} == {*KINDS}


@pytest.mark.parametrize("ending", KINDS)
@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("layers=0", "layers"),
        ("layers=" + "9" * 500, "layers"),
        ("layers=3&layers=4", "given once"),
        ("growth=12", "growth_rate"),
        ("measured=2", "measured"),
        ("measured=1&measured=1", "measured"),
        ("seed=nan", "seed"),
        ("%0d%0aset-cookie:x=1", "parameter"),
    ],
)
def test_what_is_no_link_is_told_in_one_line(ending: str, query: str, words: str) -> None:
    found = get(f"/block.{ending}?{query}")
    kind = "image/svg+xml" if ending in PICTURES else "application/problem+json"
    assert (found.status_code, found.headers["content-type"].partition(";")[0]) == (400, kind)
    assert found.headers["cache-control"] == "no-store" and "set-cookie" not in found.headers
    told = text(found)
    assert words in told and "\n" not in told and len(told) < 2000
    if ending in PICTURES:
        assert ElementTree.fromstring(told).findtext("{http://www.w3.org/2000/svg}title", "").endswith(".")
        return
    problem = json.loads(told)
    assert problem["status"] == 400 and problem["detail"].endswith(".")
    assert words in problem["field"] or words in problem["value"] or words in problem["allowed"]


@pytest.mark.parametrize("ending", sorted(KINDS.keys() - PICTURES))
def test_a_theme_is_refused_where_there_is_none(ending: str) -> None:
    assert get(f"/block.{ending}?theme=dark").status_code == 400


@pytest.mark.parametrize("theme", ["Dark", "", "../../etc", "dark&theme=dark"])
def test_a_theme_is_one_of_three(theme: str) -> None:
    assert get(f"/block.svg?theme={theme}").status_code == 400


def test_a_picture_is_light_dark_or_as_the_system_is() -> None:
    plain, light, dark, auto = (
        text(get(f"/block.svg{more}")) for more in ("", "?theme=light", "?theme=dark", "?theme=auto")
    )
    assert plain == light and LIGHT.background in light and DARK.background not in light
    assert DARK.background in dark and LIGHT.background not in dark
    assert {LIGHT.background, DARK.background} <= set(
        re.findall(r"#\w{6}", auto)
    ) and "prefers-color-scheme:dark" in auto
    assert not set(re.findall(r"var\((--[\w-]+)\)", auto)) - set(re.findall(r"(--[\w-]+):", auto)), (
        "every colour is defined"
    )
    for picture in (light, dark, auto):
        ElementTree.fromstring(picture)


@pytest.mark.parametrize("ending", KINDS)
def test_who_has_a_file_is_told_that_it_is_the_same(ending: str) -> None:
    address = f"/block.{ending}?layers=3"
    first = get(address)
    tag = first.headers["etag"]
    assert re.fullmatch(r'"[0-9a-f]{32}"', tag) and first.headers["cache-control"] in (
        "no-cache",
        "public, max-age=300",
    )
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = get(address, known=known)
        assert (again.status_code, again.body, again.headers["etag"]) == (304, b"", tag)
    assert get(address, known='"other"').status_code == 200
    assert get(f"/block.{ending}?layers=4").headers["etag"] != tag


@pytest.mark.parametrize("query", ["layers=3", "layers=99"])
def test_any_site_may_read_a_file_and_none_as_the_person(query: str) -> None:
    headers = get(f"/block.svg?{query}").headers
    assert headers["access-control-allow-origin"] == "*" and headers["cross-origin-resource-policy"] == "cross-origin"
    assert "access-control-allow-credentials" not in headers


@pytest.mark.parametrize("ending", sorted(KINDS.keys() - MEASURED))
def test_measured_is_refused_where_nothing_is_measured(ending: str) -> None:
    assert get(f"/block.{ending}?measured=1").status_code == 400


def test_the_numbers_are_closed_forms_and_measured_where_that_is_asked_for() -> None:
    def parameters(query: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(text(get(f"/block.json?{query}")))["dense"]["parameters"]
        return found

    query = urlencode(to_query(STUDY))
    assert parameters(query).keys() < parameters(query + "&measured=1").keys()
    assert len({*parameters(query + "&measured=1").values()}) == 1
    assert parameters(query + "&measured=0").keys() == parameters(query).keys()
    assert files.address(file("json"), STUDY) == f"/block.json?{query}&measured=1"


@pytest.mark.parametrize(
    ("referer", "base"),
    [
        ("", "http://lab.example.org:8501/"),
        ("https://lab.example.org:8501/explore?layers=3", "https://lab.example.org:8501/"),
        ("https://evil.example/", "http://lab.example.org:8501/"),
        ("javascript://lab.example.org:8501/", "http://lab.example.org:8501/"),
        ("http://[", "http://lab.example.org:8501/"),
    ],
)
def test_the_link_within_begins_as_the_pages_own(referer: str, base: str) -> None:
    assert json.loads(text(get("/block.json?layers=3", referer)))["link"] == f"{base}?layers=3"


def test_the_link_within_begins_as_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPLORER_PUBLIC_URL", "https://blocks.example.org/dense")
    assert json.loads(text(get("/block.json?layers=3")))["link"] == "https://blocks.example.org/dense/?layers=3"


def test_who_is_turned_away_is_told_when_to_come_again_and_not_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However fast a program asks again, it takes little of the page's time."""

    async def full(*_: object) -> bytes:
        raise TooMany

    monkeypatch.setattr(Answers, "file", full)
    begun = time.monotonic()
    found = get("/block.svg?layers=2")
    assert (found.status_code, found.headers["retry-after"]) == (429, "1")
    assert found.headers["cache-control"] == "no-store" and "Others are waiting" in text(found)
    assert time.monotonic() - begun >= files._HELD


# --- whole networks ---------------------------------------------------------------------------------

NETWORK = "name=densenet121&against=resnet50&image_size=224&batch=1"


def test_whole_networks_are_at_their_addresses() -> None:
    found = get(f"/network.json?{NETWORK}")
    document = json.loads(text(found))
    assert (found.status_code, found.headers["content-type"]) == (200, "application/json")
    assert (document["network"]["parameters"], document["against"]["parameters"]) == (7_978_856, 25_557_032)
    assert document["link"] == "http://lab.example.org:8501/networks"
    assert found.headers["access-control-allow-origin"] == "*"
    tables = get(f"/network.md?{NETWORK}")
    assert tables.headers["content-type"].partition(";")[0] == "text/markdown"
    assert "| parameters | 7,978,856 | 25,557,032 | 0.31× |" in text(tables)
    for ending in ("json", "md"):
        address = f"/network.{ending}?{NETWORK}"
        assert study_in(bytes(get(address).body)) == Study()
        assert get(address, known=get(address).headers["etag"]).status_code == 304
        assert get(address).body == get(address.replace("name=", "network=")).body
        assert get(address).body == get(f"/network.{ending}").body != get(f"/network.{ending}?name=resnet18").body


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ("name=resnet51", "network", "or resnet50 or"),
        ("against=resnet51", "against", "or resnet50 or"),
        ("name=resnet50&network=resnet18", "network", "given once"),
        ("name=resnet50&name=resnet18", "network", "given once"),
        ("image_size=32", "network · image_size", "at least two places"),
        ("theme=dark", "theme", "left out of /network."),
        ("measured=1", "measured", "left out of /network."),
        ("nam=resnet50", "parameter", "one of"),
    ],
)
@pytest.mark.parametrize("ending", ["json", "md"])
def test_what_are_no_networks_is_told(ending: str, query: str, field: str, words: str) -> None:
    found = get(f"/network.{ending}?{query}")
    assert (found.status_code, found.headers["content-type"]) == (400, "application/problem+json")
    problem = json.loads(text(found))
    assert problem["field"] == field and words in problem["allowed"]


def test_a_block_has_no_name() -> None:
    assert get("/block.json?name=resnet50").status_code == 400


@pytest.mark.parametrize("path", ["/network", "/network.gif", "/block", "/block.gif"])
def test_what_is_no_file_is_told_with_those_there_are(path: str) -> None:
    request = {"type": "http", "method": "GET", "path": path}
    route = next(route for route in ROUTES if route.matches(request)[0] is Match.FULL)
    assert isinstance(route, Route)
    told = json.loads(text(route.endpoint(Request(request))))
    assert told["status"] == 404 and "/block.json" in told["detail"] and "/network.json" in told["detail"]


# --- the language of a file ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["svg", "png", "html", "md", "tex"])
def test_a_file_for_a_person_speaks_as_its_address_or_its_reader_does(ending: str) -> None:
    address = files.address(file(ending), STUDY)
    english, asked = get(address), get(address, language="zh-CN,zh;q=0.9")
    named = get(files.address(file(ending), STUDY.with_(lang="zh")))
    assert english.body != asked.body == named.body
    assert study_in(bytes(asked.body)) == STUDY.with_(lang="zh")
    assert get(address, language="de").body == english.body
    assert get(files.address(file(ending), STUDY.with_(lang="en")), language="zh").body != named.body
    assert all("Accept-Language" in found.headers["vary"] for found in (english, asked, named))


@pytest.mark.parametrize("ending", ["py", "json", "csv"])
def test_a_file_for_programs_is_the_same_for_every_reader(ending: str) -> None:
    address = files.address(file(ending), STUDY)
    assert get(address, language="zh-CN").body == get(address).body
    assert "Accept-Language" not in get(address).headers.get("vary", "")


def test_what_is_wrong_with_a_link_is_told_in_the_readers_language() -> None:
    said = [json.loads(text(get("/block.json?layers=99" + lang, language=how))) for lang, how in
            (("", ""), ("", "zh-CN"), ("&lang=zh", ""), ("&lang=en", "zh-CN"))]  # fmt: skip
    assert said[0] == said[3] and said[1] == said[2]
    assert said[0]["title"] == "This link is not allowed." and re.search("[\u4e00-\u9fff]", said[1]["title"])
    assert {*said[0]} == {*said[1]} and said[1]["field"] == "layers"
