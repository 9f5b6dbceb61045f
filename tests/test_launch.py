"""Starting and ending: what the terminal says, who the server answers to, and that nothing is left behind."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from server import ask
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from explorer.bench.server import ROOT, free_port
from explorer.launch import LaunchProblem, check_port, greeting, has_display, main, server_names

ON_LINUX = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are counted in /proc")


# --- what is said ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "names", "outer", "expected"),
    [
        ("127.0.0.1", "", "", ()),
        ("127.0.0.1", "lab.example.org", "", ("lab.example.org",)),
        ("0.0.0.0", "Lab.example.org,b", "b c", ("lab.example.org", "b", "c")),
        ("0.0.0.0", "", "", (socket.gethostname().lower(),)),
        ("192.0.2.7", "", "", ("192.0.2.7",)),
        ("::1", "", "a", ("a",)),
    ],
)
def test_the_names_the_server_answers_to(host: str, names: str, outer: str, expected: tuple[str, ...]) -> None:
    assert server_names(host, names, {"EXPLORER_NAMES": outer}) == expected


@pytest.mark.parametrize(
    ("platform", "environment", "display"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("darwin", {}, True),
        ("darwin", {"SSH_CONNECTION": "…"}, False),
        ("win32", {}, True),
    ],
)
def test_where_a_browser_would_be_seen(platform: str, environment: dict[str, str], display: bool) -> None:
    assert has_display(platform, environment) is display


def test_without_a_display_the_terminal_says_how_to_reach_it() -> None:
    first, *rest = greeting("127.0.0.1", 8502, (), {}, display=False).splitlines()
    assert first == "The explorer is at http://127.0.0.1:8502; Ctrl-C ends it."
    assert "ssh -L 8502:127.0.0.1:8502 " in rest[1] and "http://127.0.0.1:8502" in rest[2]
    assert greeting("127.0.0.1", 8502, (), {}, display=True) == first


def test_a_served_explorer_is_told_by_the_name_that_people_use() -> None:
    assert "at http://lab.example.org:80;" in greeting("0.0.0.0", 80, ("*.example.org", "lab.example.org"), {}, True)
    public = {"EXPLORER_PUBLIC_URL": "https://lab.example.org/blocks"}
    assert "at https://lab.example.org/blocks;" in greeting("127.0.0.1", 8501, (), public, display=False)
    assert "ssh" not in greeting("127.0.0.1", 8501, (), public, display=False)


# --- what cannot be -------------------------------------------------------------------------------


def test_a_taken_port_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert main(["--port", str(port)]) == 2
        with pytest.raises(LaunchProblem, match=f"Port {port} is taken"):
            check_port("0.0.0.0", port)
    out, err = capsys.readouterr()
    assert out == "" and re.fullmatch(rf"Port {port} is taken: .* PORT=\d+ .*\.\n", err)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port", "eighty"], "PORT must be a whole number from 1 to 65535, not 'eighty'."),
        (["--port", "0"], "PORT must be a whole number from 1 to 65535, not '0'."),
        (["--port", "65536"], "PORT must be a whole number from 1 to 65535, not '65536'."),
        (["--port", "٨٠"], "PORT must be a whole number"),
        (["--host", "192.0.2.7"], "This machine cannot listen on HOST='192.0.2.7'"),
        (["--host", "no..such"], "This machine cannot listen on HOST='no..such'"),
        (["--host", "a\0b"], "This machine cannot listen on HOST='a\\x00b'"),
        (
            ["--weights", "none.pth"],
            "EXPLORER_WEIGHTS must be the path of a file with a network's weights, not",
        ),
        (["--hosts", "x"], "Unrecognized arguments: --hosts x."),
    ],
)
def test_what_cannot_be_is_one_sentence(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--port", str(free_port()), *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith(words) and err.count("\n") == 1


def test_the_server_is_told_the_file_of_weights_by_a_path_that_holds_in_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "weights.pth").touch()
    monkeypatch.chdir(tmp_path)
    told: list[dict[str, str]] = []

    def run(*arguments: Any, browser: bool) -> int:
        told.append(arguments[3])
        return 0

    monkeypatch.setattr("explorer.launch._run", run)
    for place in ("option", "variable"):
        monkeypatch.setenv("EXPLORER_WEIGHTS", "weights.pth" if place == "variable" else "")
        options = ["--weights", "weights.pth"] if place == "option" else []
        assert main(["--port", str(free_port()), *options]) == 0
    assert [names["EXPLORER_WEIGHTS"] for names in told] == [str(tmp_path.resolve() / "weights.pth")] * 2


def test_a_python_without_the_packages_is_one_sentence() -> None:
    without = [sys.executable, "-S", "-m", "explorer.launch"]  # -S leaves out what pip has installed
    done = subprocess.run(without, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2 and re.fullmatch(r"Streamlit is not installed for .*\.\n", done.stderr)


# --- beginning and end ----------------------------------------------------------------------------


@contextlib.contextmanager
def launched(port: int, log: Path, home: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """The explorer started as by make, on a machine that never saw Streamlit and has no display."""
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    command = [sys.executable, "-m", "explorer.launch", "--port", str(port), *options]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**environment, "HOME": str(home)},
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
        )
    try:
        wait_until(lambda: "Ctrl-C ends it" in log.read_text() or process.poll() is not None)
        yield process
    finally:
        process.terminate()
        process.wait(10)


def wait_until(holds: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def processes_with(words: str) -> dict[int, int]:
    """Process group of each running process whose command line holds ``words``, by process."""
    found = {}
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if folder.name.isdigit() and words in (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode():
                found[int(folder.name)] = os.getpgid(int(folder.name))
    return found


def members(group: int) -> list[int]:
    """The processes of a process group that still run; those ended but not yet collected do not count."""
    found = []
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if folder.name.isdigit():
                state, _parent, its_group = (folder / "stat").read_text().rsplit(")", 1)[1].split()[:3]
                if int(its_group) == group and state != "Z":
                    found.append(int(folder.name))
    return found


@ON_LINUX
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_everything_ends_soon(number: signal.Signals, tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log"
    with launched(port, log, tmp_path) as process:
        printed = log.read_text()
        assert f"http://127.0.0.1:{port}" in printed and f"ssh -L {port}:127.0.0.1:{port}" in printed
        assert "mail" not in printed.lower()
        (group,) = set(processes_with(f"--server.port={port}").values())
        with connect(f"ws://127.0.0.1:{port}/_stcore/stream", subprotocols=[Subprotocol("streamlit")]):
            wait_until(lambda: len(members(group)) > 2)  # server, helper processes, worker
            start = time.monotonic()
            process.send_signal(number)
            assert process.wait(60) == 0
            assert time.monotonic() - start < 20  # 5 s, and a busy machine longer
        assert members(group) == []
    assert log.read_text() == printed  # it left without a word


@ON_LINUX
def test_a_server_that_ends_by_itself_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log"
    with launched(port, log, tmp_path) as process:
        # The server leads its group; what it starts bears its command line, too, until it has one of its own.
        (group,) = set(processes_with(f"--server.port={port}").values())
        os.kill(group, signal.SIGKILL)
        assert process.wait(10) == 1
        assert members(group) == []
    assert log.read_text().splitlines()[-1] == "The server ended by itself, with status -9."


def test_a_served_explorer_answers_to_its_names_alone(tmp_path: Path) -> None:
    port = free_port()
    with launched(port, tmp_path / "log", tmp_path, "--no-browser", "--names", "lab.example.org"):
        for host, status in (("lab.example.org", 200), ("127.0.0.1", 200), ("evil.example.org", 400)):
            assert ask(f"http://127.0.0.1:{port}", headers={"Host": host})[0] == status
