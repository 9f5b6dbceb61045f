"""``trace`` and ``serve --module``: a module of the person's own by its name, in a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from pathlib import Path

import pytest

from explorer import cli, environment, launch
from explorer.findings import Trace, from_builtins
from explorer.language import Said, said
from explorer.measure.own_module import answered, trace_named
from explorer.spec import OwnModule, SpecError, own_module
from explorer.study import apart
from explorer.study.apart import ApartError, trace_apart
from explorer.web.own_module import Runner, Standing

NETWORKS = """
import os
import sys
import time
import torch
from torch import nn

print("imported")
number = 5


class Two(nn.Module):
    def __init__(self, channels=3):
        super().__init__()
        self.conv = nn.Conv2d(channels, 4, 3, padding=1)

    def forward(self, x):
        print("ran")
        return torch.cat([x, self.conv(x)], 1)


made = Two(2)
paired = lambda: (Two(), {"x": torch.zeros(1, 3, 8, 8)})
needy = lambda channels: Two(channels)
leaves = lambda: sys.exit(3)
fails = lambda: 1 / 0
hangs = lambda: time.sleep(60)


class Forks(Two):
    def forward(self, x):
        for _ in range(2):
            if os.fork() == 0:
                time.sleep(120)
                os._exit(0)
        with open("forked", "w") as file:
            file.write(str(os.getpid()))
        return super().forward(x)
"""
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a package of somebody's own, in which the commands run."""
    package = tmp_path / "ours"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "networks.py").write_text(NETWORKS)
    (package / "broken.py").write_text("import nothing_of_that_name\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_table_and_json_say_what_was_found(team: Path, capsys: Capture) -> None:
    assert cli.main(["trace", "ours.networks:Two", "--input", "2,3,8,8"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("Two concatenates once and writes 3.50 KiB: every channel is copied once.") and err == ""
    assert "input 2 × 3 × 8 × 8" in out and "input 3 · conv 4" in out and "imported" not in out
    assert cli.main(["trace", "ours.networks:paired", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["input_shapes"] == [[1, 3, 8, 8]] and told["concatenations"][0]["inputs"] == [3, 4]
    assert told["copied_bytes"] == 7 * 64 * 4 and told["parameters"] == 4 * 3 * 9 + 4


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "Say which module: package.module:Name"),
        (["ours.networks"], "module must be package.module:Name, not 'ours.networks'."),
        (["ours.networks:Two", "--input", "3,"], "input must be sizes such as 1,3,224,224, not '3,'."),
        (["ours.networks:Two", "--inptu=1"], "did you mean --input?"),
    ],
)
def test_what_cannot_be_asked_for_exits_2(words: list[str], says: str, capsys: Capture) -> None:
    assert cli.main(["trace", *words]) == 2
    out, err = capsys.readouterr()
    assert out == "" and says in err and err.count("\n") == 1


@pytest.mark.parametrize(
    ("target", "shape", "says"),
    [
        (
            "ours.absent:Two",
            None,
            "ours.absent cannot be imported: ModuleNotFoundError: No module named 'ours.absent'.",
        ),
        ("ours.broken:Two", None, "ours.broken cannot be imported: ModuleNotFoundError: No module named 'nothing_of"),
        ("ours.networks:Three", None, "ours.networks has no Three."),
        (
            "ours.networks:number",
            None,
            "ours.networks:number is of type int: neither a torch.nn.Module nor what gives one.",
        ),
        (
            "ours.networks:time.time",
            None,
            "ours.networks:time.time gives an object of type float, and no torch.nn.Module.",
        ),
        ("ours.networks:needy", None, "ours.networks:needy raised TypeError: <lambda>() missing 1 required"),
        ("ours.networks:fails", None, "ours.networks:fails raised ZeroDivisionError: division by zero."),
        ("ours.networks:leaves", None, "ours.networks:leaves raised SystemExit: 3."),
        (
            "ours.networks:made",
            (1, 3, 4, 4),
            "Its forward, on an input of 1 × 3 × 4 × 4, raised RuntimeError: Given gro",
        ),
    ],
)
def test_what_fails_is_told_in_a_sentence(
    team: Path, target: str, shape: tuple[int, ...] | None, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(team)
    told = answered(lambda: trace_named(target, shape))
    sentence = str(from_builtins(Said, told["problem"]))
    assert sentence.startswith(says) and "\n" not in sentence


def test_a_module_that_hangs_is_stopped_and_exits_3(
    team: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(apart, "TRACE_SECONDS", 0.2)
    assert cli.main(["trace", "ours.networks:hangs"]) == 3
    assert capsys.readouterr() == ("", "No answer within 0.2 s.\n")
    with pytest.raises(ApartError, match="folder to import it from is not there"):
        trace_apart(own_module("ours.networks:Two", None, str(team / "absent")))


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are looked for under /proc")
def test_nothing_that_a_module_forks_is_left(team: Path, capsys: Capture) -> None:
    assert cli.main(["trace", "ours.networks:Forks", "--input", "1,3,8,8"]) == 0
    group = int((team / "forked").read_text())
    end = time.monotonic() + 20
    while (left := _members(group)) and time.monotonic() < end:  # an orphan's end is for the system to record
        time.sleep(0.02)
    assert left == []


def _members(group: int) -> list[str]:
    """Processes of a group that have not ended."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _parent, its_group = stat.read_text().rsplit(")", 1)[1].split()[:3]
            if int(its_group) == group and state != "Z":
                found.append(stat.parent.name)
    return found


def test_serve_hands_the_module_to_the_server(team: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    given: list[dict[str, str]] = []

    def run(host: str, port: int, names: object, variables: dict[str, str], browser: bool) -> int:
        given.append(variables)
        return 0

    monkeypatch.setattr(launch, "_run", run)
    monkeypatch.setattr(launch, "check_port", lambda host, port: None)
    assert cli.main(["serve", "--module", "ours.networks:Two", "--input", "1,3,8,8"]) == 0
    assert environment.served_module(given[0]) == OwnModule("ours.networks:Two", (1, 3, 8, 8), str(team))
    assert cli.main(["serve", "--module", "", "--input", ""]) == 0  # as make run says it
    assert environment.served_module(given[1]) is None
    assert cli.main(["serve", "--module", "ours"]) == 2
    assert cli.main(["serve", "--input", "1,3,8,8"]) == 2
    told = capsys.readouterr().err.splitlines()
    assert told == [
        "module must be package.module:Name, not 'ours'.",
        "--input belongs to --module package.module:Name.",
    ]


def test_the_server_s_variables_are_checked() -> None:
    for variables in ({"EXPLORER_MODULE": "os.system"}, {"EXPLORER_MODULE": "a:b", "EXPLORER_MODULE_INPUT": "x"}):
        with pytest.raises(SpecError):
            environment.check(variables)
    own = environment.served_module({"EXPLORER_MODULE": "a:b"})
    assert own is not None and own.folder == os.getcwd() and own.shape is None  # noqa: PTH109


def test_a_runner_runs_one_at_a_time_and_tells_what_failed() -> None:
    begun, go = threading.Semaphore(0), threading.Semaphore(0)

    def run(own: OwnModule) -> Trace:
        begun.release()
        go.acquire()
        if own.shape is None:
            raise ApartError("It left.")
        raise RuntimeError("unforeseen")

    fault = said("It could not be run ({kind}).", kind="RuntimeError")
    for shape, problem in ((None, "It left."), ((1, 3, 8, 8), fault)):
        runner = Runner(OwnModule("ours.networks:Two", shape, "."), run)
        assert runner.standing() == Standing()
        for _ in range(3):
            runner.start()
        assert begun.acquire(timeout=10) and runner.standing() == Standing(runs=1, running=True)
        go.release()
        while runner.standing().running:
            time.sleep(0.01)
        ended = runner.standing()
        assert (ended.runs, ended.running, ended.found, str(ended.problem)) == (1, False, None, str(problem))
        assert not begun.acquire(blocking=False)
