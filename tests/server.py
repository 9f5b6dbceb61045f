"""The explorer's own server for a test: started on a free port, watched, and stopped.

    with serving(tmp_path) as server:
        page.goto(server.address)

Leaving the block stops the server and fails the test if it printed a traceback or a fault.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from email.message import Message
from pathlib import Path

from explorer.bench.server import ROOT, Server, running_server


@contextlib.contextmanager
def serving(folder: Path, *options: str, environment: Mapping[str, str] | None = None) -> Iterator[Server]:
    """The explorer on a free loopback port; what it prints goes to ``folder/server.log``."""
    log = folder / "server.log"
    with running_server(ROOT / "app.py", log, *options, environment=environment) as server:
        yield server
    assert_no_traceback(log)


@contextlib.contextmanager
def serving_at_once(folder: Path) -> Iterator[Server]:
    """As :func:`serving`, with a stand-in for the workers that answers at once with what the closed forms say."""
    log = folder / "server.log"
    with running_server(Path(__file__).with_name("instant_app.py"), log) as server:
        yield server
    assert_no_traceback(log)


def assert_no_traceback(log: Path) -> None:
    """Fails if what a server printed holds a traceback, or one of its own lines about a fault."""
    printed = log.read_text(errors="replace")
    assert not any(sign in printed for sign in ("Traceback", 'File "', " failed: ")), printed[-3000:]


def ask(
    address: str, path: str = "/", method: str = "GET", headers: Mapping[str, str] | None = None
) -> tuple[int, Message, bytes]:
    """Status, headers and body of one HTTP request, refusals included."""
    request = urllib.request.Request(address + path, method=method, headers=dict(headers or {}))
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.headers, refusal.read()


def interrupted(process: subprocess.Popen[str], how: signal.Signals) -> tuple[str, str]:
    """What a program printed when it was asked to end, which takes it 5 s, and a busy machine longer.

    Ctrl-C comes as a terminal sends it, to the whole process group; SIGTERM to the program alone.
    """
    begun = time.monotonic()
    if how is signal.SIGINT:
        os.killpg(process.pid, how)
    else:
        process.send_signal(how)
    out, err = process.communicate(timeout=60)
    assert time.monotonic() - begun < 20
    return out, err


def workers(server: Server) -> list[int]:
    """The processes below the server that have loaded torch and are no fork server (they have no children)."""
    return [pid for pid in descendants(server.process.pid) if "libtorch" in maps(pid) and not descendants(pid)]


def descendants(leader: int) -> list[int]:
    """The processes that ``leader`` started, those that they started, and so on (Linux)."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue
        parents[int(stat.parent.name)] = int(text.rsplit(")", 1)[1].split()[1])
    return [pid for pid in parents if leader in _ancestors(pid, parents)]


def _ancestors(pid: int, parents: dict[int, int]) -> list[int]:
    found = []
    while pid in parents and (pid := parents[pid]):
        found.append(pid)
    return found


def maps(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/maps").read_text()
    except OSError:
        return ""


def cpu_seconds(pid: int) -> float:
    """How long a process has kept a core busy; 0 once it is gone."""
    try:
        user, system = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
    except OSError:
        return 0.0
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
