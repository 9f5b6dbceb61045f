"""What the running server lets in, what it sends with every answer, and what it never loads."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import http.client
import logging
import re
import socket
import sys
import time
import urllib.parse
from pathlib import Path
from unittest.mock import Mock

import pytest
import websockets
import websockets.sync.client
from server import ask, assert_no_traceback, serving
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.app_session import AppSession, AppSessionState
from streamlit.runtime.scriptrunner.exec_code import modified_sys_path

from explorer import web
from explorer.bench.server import Server
from explorer.web import faults
from explorer.web.components.scripts import NAMES, script
from explorer.web.guard import (
    LONGEST_QUERY,
    MOST_PARAMETERS,
    Guard,
    content_policy,
    extra_names,
    host_allowed,
    origin_allowed,
)
from explorer.web.routes import plotly_url, routes
from explorer.web.script import page_script

PATHS = ("/", "/explore", "/plotly.min.js", "/block.svg", "/_stcore/health", "/_stcore/host-config", "/nowhere")


def port_of(server: Server) -> int:
    port = urllib.parse.urlsplit(server.address).port
    assert port
    return port


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_carries_the_security_headers(server: Server, path: str) -> None:
    _, headers, _ = ask(server.address, path)
    policy = headers["content-security-policy"]
    assert "frame-ancestors 'self'" in policy and "script-src 'self'" in policy
    assert "'unsafe-eval'" not in policy and "'unsafe-inline'" not in re.findall(r"script-src[^;]*", policy)[0]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "", "a:b:c"])
def test_a_foreign_host_is_refused_everywhere(server: Server, path: str, host: str) -> None:
    status, headers, body = ask(server.address, path, headers={"Host": host})
    assert status == 400
    assert body.count(b"\n") <= 1 and b"EXPLORER_NAMES" in body
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1234", "127.0.0.1", "[::1]:80", "localhost."])
def test_loopback_names_are_let_in(server: Server, host: str) -> None:
    assert ask(server.address, "/_stcore/health", headers={"Host": host})[0] == 200


def test_extra_names_are_let_in_and_no_others(tmp_path: Path) -> None:
    with serving(tmp_path, environment={"EXPLORER_NAMES": "lab.example.org, *.class.example.org"}) as server:
        for host, status in (
            ("lab.example.org", 200),
            ("room1.class.example.org:80", 200),
            ("127.0.0.1", 200),
            ("class.example.org", 400),
            ("other.example.org", 400),
        ):
            assert ask(server.address, "/plotly.min.js", headers={"Host": host})[0] == status
        assert handshake(server, origin="https://lab.example.org", host="lab.example.org") == 101
        assert handshake(server, origin="https://other.example.org", host="lab.example.org") == 403


def handshake(server: Server, origin: str | None, host: str | None = None) -> int:
    """The status with which the server answers a websocket's opening handshake."""
    connection = http.client.HTTPConnection("127.0.0.1", port_of(server), timeout=10)
    connection.putrequest("GET", "/_stcore/stream", skip_host=True)
    connection.putheader("Host", host or f"127.0.0.1:{port_of(server)}")
    for name, value in (
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ):
        connection.putheader(name, value)
    if origin is not None:
        connection.putheader("Origin", origin)
    connection.endheaders()
    status = connection.getresponse().status
    connection.close()
    return status


def test_only_the_page_itself_may_open_its_websocket(server: Server) -> None:
    port = port_of(server)
    assert handshake(server, f"http://127.0.0.1:{port}") == 101
    assert handshake(server, None) == 101  # a program, not a page
    for origin in (
        "http://evil.example",
        "null",
        f"http://127.0.0.1:{port + 1}",
        f"http://localhost:{port}",
        "file://",
    ):
        assert handshake(server, origin) == 403
    assert handshake(server, f"http://evil.example:{port}", f"evil.example:{port}") == 403


@pytest.mark.parametrize("rubbish", ["hello", b"\xff" * 100], ids=["text", "bytes"])
def test_rubbish_on_the_websocket_prints_no_traceback(server: Server, rubbish: str | bytes) -> None:
    with websockets.sync.client.connect(server.address.replace("http", "ws") + "/_stcore/stream") as socket:
        socket.send(rubbish)
        with contextlib.suppress(websockets.ConnectionClosed, TimeoutError):
            socket.recv(timeout=1)
    assert ask(server.address, "/_stcore/health")[0] == 200
    assert_no_traceback(server.log)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_foreign_page_cannot_change_anything(server: Server, method: str) -> None:
    for path in ("/_stcore/upload_file/a/b", "/plotly.min.js"):
        status, _, body = ask(server.address, path, method, {"Origin": "http://evil.example"})
        assert status == 403 and b"another site" in body


def test_an_endless_link_gets_a_sentence(server: Server) -> None:
    for query in ("x=" + "9" * 60_000, "x=" + "9" * LONGEST_QUERY, "&".join(["a=1"] * (MOST_PARAMETERS + 1))):
        status, _, body = ask(server.address, "/?" + query)
        assert status == 414 and body.startswith(b"This link is too long")
    assert ask(server.address, "/?" + "&".join(["layers=3"] * 60))[0] == 200


def test_plotly_comes_from_the_package_packed_and_for_good(server: Server) -> None:
    status, headers, body = ask(
        server.address, plotly_url(), headers={"Accept-Encoding": "gzip", "X-Forwarded-For": "192.0.2.1"}
    )
    assert status == 200 and headers["content-type"].startswith("text/javascript")
    assert "immutable" in headers["cache-control"] and headers["content-encoding"] == "gzip"
    plain = ask(server.address, "/plotly.min.js")
    assert gzip.decompress(body) == plain[2] and b"plotly.js v" in plain[2][:200]
    assert plain[1]["cache-control"] == "no-cache"
    assert ask(server.address, "/plotly.min.js", headers={"If-None-Match": plain[1]["etag"]})[0] == 304


def test_the_agent_interface_is_off(server: Server) -> None:
    assert ask(server.address, "/_stcore/agent/interact", "POST")[0] >= 400


def sockets_of(pids: list[int]) -> set[tuple[str, int]]:
    """The TCP addresses on which these processes listen (Linux)."""
    inodes = set()
    for pid in pids:
        for link in Path(f"/proc/{pid}/fd").iterdir():
            try:
                inodes.update(re.findall(r"socket:\[(\d+)\]", str(link.readlink())))
            except FileNotFoundError:
                continue
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                address, port = fields[1].split(":")
                packed = bytes.fromhex(address)[::-1] if table == "tcp" else bytes.fromhex(address)
                family = socket.AF_INET if table == "tcp" else socket.AF_INET6
                found.add((socket.inet_ntop(family, packed), int(port, 16)))
    return found


def children_of(pid: int) -> list[int]:
    """A process and all that it started (Linux)."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
    return found


def test_it_listens_on_loopback_and_on_one_port(server: Server) -> None:
    assert sockets_of(children_of(server.process.pid)) == {("127.0.0.1", port_of(server))}


def test_the_web_process_never_loads_torch_and_its_workers_never_streamlit(server: Server) -> None:
    deadline = time.monotonic() + 60
    while (
        time.monotonic() < deadline
    ):  # until a worker is warm: only then is the web process's restraint worth something
        workers = [pid for pid in children_of(server.process.pid)[1:] if "libtorch" in maps(pid)]
        if workers:
            break
        time.sleep(0.2)
    assert workers
    assert "libtorch" not in maps(server.process.pid)
    protobuf = "_upb"  # Streamlit is all Python, but cannot be imported without this library of protobuf's
    assert protobuf in maps(server.process.pid)
    assert protobuf not in "".join(maps(pid) for pid in workers)


def maps(pid: int) -> str:
    """The files that a process has mapped."""
    try:
        return Path(f"/proc/{pid}/maps").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


# --- the guard by itself -----------------------------------------------------------------------------


def test_names_are_read_from_the_environment() -> None:
    assert extra_names({"EXPLORER_NAMES": " Lab.Example.org., *.x.org\n"}) == ("lab.example.org", "*.x.org")
    assert extra_names({}) == ()


def test_a_star_opens_the_address_but_not_the_door_to_other_sites() -> None:
    assert host_allowed("anything.example", ("*",))
    assert not host_allowed("any thing/", ("*",))
    assert not origin_allowed("http://evil.example", "anything.example", ("*",))
    assert origin_allowed("http://anything.example", "anything.example", ("*",))


def test_the_policy_allows_the_inline_script_by_its_hash() -> None:
    policy = content_policy("<script>\n  a = 1\n</script><script src='x.js'></script>")
    assert policy.count("'sha256-") == 1
    assert "'sha256-nHiJsB1GRX6Ku2XBkWKVt2F3CJiowPuMwhcJv+CWmC0='" in policy


def test_a_fault_behind_the_guard_is_one_sentence(caplog: pytest.LogCaptureFixture) -> None:
    sent: list[Message] = []

    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise KeyError("secret")

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/x", "query_string": b"", "headers": [(b"host", b"localhost")]}
    asyncio.run(Guard(broken, (), "default-src 'self'")(scope, receive, send))
    assert sent[0]["status"] == 500
    assert b"secret" not in sent[1]["body"] and b"Traceback" not in sent[1]["body"]
    assert [record.getMessage() for record in caplog.records] == [
        f"GET '/x' failed: KeyError (test_web_http.py:{broken.__code__.co_firstlineno + 1})"
    ]
    assert caplog.records[0].exc_info is None


def test_a_browser_on_this_machine_need_not_unpack_plotly(server: Server) -> None:
    _, headers, _ = ask(server.address, plotly_url(), headers={"Accept-Encoding": "gzip"})
    assert headers["content-encoding"] == "identity"


def test_a_page_names_all_that_it_will_load(server: Server) -> None:
    _, headers, _ = ask(server.address, "/")
    addresses = re.findall(r"<([^>]+)>; rel=(?:modulepreload|preload)", headers["link"])
    assert plotly_url() in addresses and {script(name).address for name in NAMES} <= {*addresses}
    assert any("BidiComponent" in address for address in addresses)
    for address in addresses:
        status, found, _ = ask(server.address, address)
        assert status == 200 and "javascript" in found["content-type"] and "immutable" in found["cache-control"]
    assert "link" not in ask(server.address, "/_stcore/health")[1]


def test_component_scripts_are_kept_by_their_version(server: Server) -> None:
    status, headers, _ = ask(server.address, "/script/panel.js?v=older")
    assert (status, headers["cache-control"]) == (200, "no-cache")
    assert ask(server.address, "/script/nothing.js")[0] == 404
    assert ask(server.address, "/script/..%2fscripts.py.js")[0] in (400, 404)


def test_plotly_is_found_while_streamlit_changes_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is looked up once, at the server's start."""
    (route,) = (route for route in routes() if isinstance(route, Route) and "plotly" in route.path)
    monkeypatch.setattr(sys, "path", [])
    request = Request({"type": "http", "method": "GET", "path": route.path, "query_string": b"", "headers": []})
    assert route.endpoint(request).status_code == 200
    assert plotly_url().startswith(route.path)


def test_no_run_of_the_page_moves_the_import_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search in another thread would pass over a package that is installed."""
    monkeypatch.setattr(sys, "path", [path for path in sys.path if not path.endswith("explorer/web")])
    before = [*sys.path]
    with modified_sys_path(str(Path(web.__file__).with_name("frame.py"))):
        assert sys.path != before  # as Streamlit does
    path = page_script()
    before = [*sys.path]
    with modified_sys_path(str(path)):
        assert sys.path == before
    assert sys.path == before and before[-1] == str(path.parent) and page_script() == path and sys.path == before


def test_streamlits_race_over_a_sessions_state_is_drawn_anew_and_other_faults_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    told: list[str] = []

    def run_again() -> bool:
        asked.append("again")
        return True

    monkeypatch.setattr(faults, "_run_again", run_again)
    monkeypatch.setattr(faults, "report", lambda what, fault: told.append(what))
    monkeypatch.setattr("streamlit.error", told.append)

    def raised(file: str) -> Exception:
        code = compile("d = {1: 1}\nfor k in d: d[k + 1] = 1", file, "exec")
        try:
            exec(code, {})
        except RuntimeError as fault:
            return fault
        raise AssertionError("a dictionary may not grow while it is walked")

    assert faults.script_failed(raised("/lib/streamlit/runtime/state/session_state.py"))
    assert asked == ["again"] and not told
    assert faults.script_failed(raised("/pages/explore.py"))
    assert asked == ["again"] and told[0] == "A page"


def test_streamlits_line_about_a_replaced_fragment_is_not_printed(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line is Streamlit's own, so that a version with other words is noticed."""
    faults.quiet_streamlit()
    logger = logging.getLogger("streamlit.runtime.app_session")
    session = Mock(AppSession, _state=AppSessionState.APP_NOT_RUNNING)
    session.has_fragment.return_value = False

    def ask_for_it() -> None:
        AppSession.request_rerun(session, ClientState(fragment_id="gone"))

    logger.addHandler(caplog.handler)  # it hands nothing on to the root, where caplog listens
    try:
        ask_for_it()
        assert not caplog.messages
        logger.info("The fragment with id %s is something else.", "gone")
        monkeypatch.setenv("EXPLORER_DEBUG", "1")
        ask_for_it()
    finally:
        logger.removeHandler(caplog.handler)
    assert len(caplog.messages) == 2
    assert caplog.messages[0] == "The fragment with id gone is something else."
    assert caplog.messages[1].startswith("The fragment with id gone does not exist anymore")
