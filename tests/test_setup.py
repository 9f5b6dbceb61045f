"""The set-up: exact pins, what make and the build machine run, and one sentence for all that can go wrong."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from test_rooms import MAY_IMPORT, imports

from explorer.setup import browser, environment
from explorer.setup.environment import SetupProblem, explain, prepare, python_of

ROOT = Path(__file__).resolve().parents[1]
APP, TESTS = ROOT / "requirements.txt", ROOT / "tests" / "requirements.txt"
ON_POSIX = pytest.mark.skipif(os.name == "nt", reason="make needs a POSIX shell; README.md gives the steps by hand")


def pins(path: Path) -> dict[str, str]:
    lines = [re.split("[#;]", line)[0].strip() for line in path.read_text().splitlines()]
    return dict(line.split("==") for line in lines if line and not line.startswith("-r "))


@pytest.mark.parametrize("path", [APP, TESTS])
def test_every_requirement_is_pinned_to_one_version(path: Path) -> None:
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith(("#", "-r "))]
    assert lines and all(re.fullmatch(r'[a-z0-9_-]+==\d+(\.\d+)+(; sys_platform != "win32")?', line) for line in lines)


def test_the_tests_need_what_the_app_needs() -> None:
    assert environment.requirement_files(TESTS) == [TESTS, APP]


def third_party(*folders: str) -> set[str]:
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    names = {name.split(".")[0] for path in files for name in imports(path.read_text(encoding="utf-8"))}
    own = {"explorer", "tests", *(path.stem for path in (ROOT / "tests").glob("*.py"))}
    packages = {"PIL": "pillow", "sklearn": "scikit-learn"}  # installed under another name than they are imported by
    return {packages.get(name, name) for name in names if name and name not in sys.stdlib_module_names} - own


def test_whatever_is_imported_is_pinned() -> None:
    tools = {"playwright", "babel"}  # only make bench, the search for a browser, and make catalogues use them
    assert third_party("explorer", "pages") - tools <= pins(APP).keys()
    assert third_party("tests") <= (pins(APP) | pins(TESTS)).keys()


# --- make -----------------------------------------------------------------------------------------


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """What make reads, in a folder with spaces in its name."""
    folder = tmp_path / "a folder with spaces"
    shutil.copytree(ROOT / "explorer" / "setup", folder / "explorer" / "setup")
    for path in (APP, TESTS, ROOT / "Makefile", ROOT / ".ci" / "run"):
        (folder / path.relative_to(ROOT)).parent.mkdir(exist_ok=True)
        shutil.copy(path, folder / path.relative_to(ROOT))
    return folder


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return path


def run(*command: str | Path, cwd: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    outer = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    return subprocess.run(
        [*map(str, command)], cwd=cwd, env={**outer, **changes}, capture_output=True, text=True, check=False, timeout=60
    )


def said(done: subprocess.CompletedProcess[str]) -> list[str]:
    """What make's recipe said on stderr, without make's own closing line."""
    return [line for line in done.stderr.splitlines() if not line.startswith("make: ***")]


def recorded(copy: Path, target: str, pytest_status: int = 0) -> tuple[list[str], int]:
    """The commands of a target in order, nothing really run; and make's status."""
    log = copy / "log"
    fake = f'echo "$@" >> "{log}"\ncase "$*" in *pytest*) exit {pytest_status};; esac\n'
    script(copy / ".venv" / "bin" / "python", fake)
    python = script(copy / "my python" / "python3", f'[ "$1" = -c ] || echo "$@" >> "{log}"\n')
    done = run("make", target, f"PYTHON={python}", cwd=copy)
    return log.read_text().splitlines(), done.returncode


@ON_POSIX
def test_make_test_checks_before_it_tests(copy: Path) -> None:
    assert recorded(copy, "test") == (
        [
            "-I explorer/setup/environment.py tests/requirements.txt",
            "-m ruff format --check .",
            "-m ruff check .",
            "-m mypy",
            "-m explorer docs check README.md pages",
            "-m explorer.setup.browser",
            "-m pytest --timeout 300 -n 2 --dist loadfile",
        ],
        0,
    )


@ON_POSIX
def test_make_run_needs_only_what_the_app_needs(copy: Path) -> None:
    commands, status = recorded(copy, "run")
    assert commands[0] == "-I explorer/setup/environment.py requirements.txt"
    assert commands[1].startswith("-m explorer.launch --host 127.0.0.1 --port 8501")
    assert len(commands) == 2 and status == 0


@ON_POSIX
@pytest.mark.parametrize("status", [1, 5])
def test_make_fails_with_the_tests_also_where_none_ran(copy: Path, status: int) -> None:
    assert recorded(copy, "test", pytest_status=status)[1] != 0


@ON_POSIX
@pytest.mark.parametrize("status", [0, 5])
def test_the_build_machine_runs_make_test(copy: Path, tmp_path: Path, status: int) -> None:
    make = script(tmp_path / "bin" / "make", f'echo "$PWD|$*"; exit {status}\n')
    done = run("bash", copy / ".ci" / "run", cwd=tmp_path, PATH=f"{make.parent}:{os.environ['PATH']}")
    assert (done.stdout, done.returncode) == (f"{copy}|test\n", status)


@ON_POSIX
@pytest.mark.parametrize("old", [None, "exit 1\n", "echo 'python3: not installed' >&2; exit 127\n"])
def test_no_python_new_enough_is_one_sentence(copy: Path, tmp_path: Path, old: str | None) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    if old:
        script(folder / "python3", old)
    make = shutil.which("make")
    assert make
    done = run(make, "run", cwd=copy, PATH=str(folder))
    assert done.returncode != 0 and done.stdout == ""
    assert len(said(done)) == 1 and "Python 3.11 or newer, and none is on the PATH" in said(done)[0]


@ON_POSIX
def test_a_named_python_that_will_not_do_is_one_sentence(copy: Path) -> None:
    done = run("make", "run", "PYTHON=python2.7", cwd=copy)
    assert said(done) == ["PYTHON=python2.7 does not start Python 3.11 or newer, which the explorer needs."]


# --- the environment ------------------------------------------------------------------------------


def test_the_environment_is_made_once_and_made_anew_when_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    venv, inner, outer = tmp_path / "the venv", tmp_path / "inner.txt", tmp_path / "outer.txt"
    inner.write_text("# nothing yet\n")
    outer.write_text("-r inner.txt\n")
    installed: list[Path] = []
    really = environment.install

    def install(venv: Path, requirements: Path) -> None:
        installed.append(requirements)

    monkeypatch.setattr(environment, "install", install)
    prepare(venv, outer)
    prepare(venv, outer)
    prepare(venv, inner)  # part of outer, hence there
    assert installed == [outer] and not (venv / "installing").exists()
    marks = venv / "made once"
    marks.touch()

    inner.write_text("# changed\n")
    prepare(venv, inner)
    prepare(venv, outer)  # what it includes has changed
    assert installed == [outer, inner, outer] and marks.exists()

    (venv / "installing").touch()  # pip was cut off
    assert not environment.healthy(venv)
    python_of(venv).unlink()
    prepare(venv, outer)
    assert environment.healthy(venv) and not marks.exists() and len(installed) == 4

    monkeypatch.setattr(environment, "install", really)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
    inner.write_text("pebble==5.2.3\n")
    with pytest.raises(SetupProblem, match="The package index cannot be reached"):
        prepare(venv, inner)
    assert environment.healthy(venv)  # nothing was half written


@pytest.mark.parametrize(
    ("report", "sentence"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "The disk is full"),
        ("WARNING: … Temporary failure in name resolution\nERROR: No matching", "The package index cannot be reached"),
        (
            "ERROR: Could not find a version that satisfies the requirement torch==2.13.0 (from versions: 1.0)",
            "torch==2.13.0 is not published for Python",
        ),
        (
            "ERROR: Could not find a version that satisfies the requirement torch==2.13.0 (from versions: none)",
            "Either the package index cannot be reached, or torch==2.13.0 is not published for Python",
        ),
        ("ERROR: something else.\n", "The environment could not be made: something else."),
        ("", "The environment could not be made: the installer ended without saying why."),
    ],
)
def test_what_pip_says_becomes_one_sentence(report: str, sentence: str, tmp_path: Path) -> None:
    told = explain(report, tmp_path / ".venv")
    assert told.startswith(sentence) and told.endswith(".") and "\n" not in told


def test_a_python_without_venv_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SetupProblem, match="cannot make a virtual environment: on Debian"):
        environment.make(tmp_path / "venv")


# --- the tests' browser ---------------------------------------------------------------------------


@ON_POSIX
def test_a_browser_counts_only_if_it_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert browser.find_browser() is None
    script(tmp_path / "chromium-browser", "echo 'install me by other means'; exit 1\n")
    assert browser.find_browser() is None
    chrome = script(tmp_path / "google-chrome", "exit 0\n")
    assert browser.find_browser() == str(chrome)


@ON_POSIX
@pytest.mark.parametrize(
    ("system", "user", "expected"),
    [
        ({"ID": "debian"}, 0, True),
        ({"ID": "raspbian", "ID_LIKE": "debian"}, 0, True),
        ({"ID": "debian"}, 1000, False),
        ({"ID": "ubuntu", "ID_LIKE": "debian"}, 0, False),
        ({"ID": "linuxmint", "ID_LIKE": "ubuntu debian"}, 0, False),
        ({"ID": "fedora"}, 0, False),
        ({}, 0, False),
    ],
)
def test_debian_packages_are_for_root_on_debian(
    system: Mapping[str, str], user: int, expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(tmp_path / "apt-get", "exit 0\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: user)
    assert browser.debian_root(system) is expected


# --- the README says what is there -----------------------------------------------------------------


def test_the_readme_names_every_room_variable_and_target() -> None:
    readme, makefile = (ROOT / "README.md").read_text(encoding="utf-8"), (ROOT / "Makefile").read_text()
    rooms = set(re.findall(r"^\| (`.*?`) \|", readme, re.MULTILINE))
    named = {name.strip("` ") for row in rooms for name in row.split(",")}
    assert {room for room in MAY_IMPORT if room.isalpha()} - {"pages"} <= named

    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "explorer").rglob("*.py"))
    variable = re.compile(r"EXPLORER_[A-Z_]+")
    assert set(variable.findall(readme)) == set(variable.findall(code))

    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE)) - {"environment"}
    assert set(re.findall(r"^    make ([a-z]+)", readme, re.MULTILINE)) == targets


def test_the_example_of_the_readme_holds() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    guarded = "if __name__ == '__main__':\n" + "".join(f"    {line}\n" for line in example.splitlines())
    done = run(sys.executable, "-c", guarded, cwd=ROOT)
    assert (done.stdout, done.stderr, done.returncode) == ("335040\n", "", 0)
