"""Makes ``.venv`` and installs there what a requirements file pins; does nothing where that is done.

Started by make with any Python ≥ 3.11 before a package is installed, hence standard library only and
run as a file: ``python -I explorer/setup/environment.py requirements.txt``.

A stamp in ``.venv`` holds a digest of the files installed. A marker lies there while pip works: where it
is found again, pip was cut off and packages may be half written, so the environment is made anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[2]
OLDEST = (3, 11)
_TOO_LITTLE = 5 * 2**20  # bytes
_LOG, _MARKER, _STAMP = "install.log", "installing", "installed"
_NO_SPACE = re.compile(r"No space left on device|Errno 28|Disk quota exceeded|not enough space on the disk", re.I)
_NO_NETWORK = re.compile(
    r"name resolution|getaddrinfo failed|nodename nor servname|Network is unreachable|NewConnectionError"
    r"|NameResolutionError|ConnectTimeout|ReadTimeout|ProxyError|Connection refused|No route to host",
    re.I,
)
_NO_BUILD = re.compile(r"Could not find a version that satisfies the requirement (\S+)(?:.*(from versions: none))?")


class SetupProblem(Exception):
    """Why the environment could not be made, as one sentence for a person."""


def main(arguments: Sequence[str]) -> int:
    """Makes the environment for the requirements file named; 0, or 1 after one sentence on stderr."""
    try:
        with _one_at_a_time(), _terminable():
            prepare(ROOT / ".venv", ROOT / (arguments[0] if arguments else "requirements.txt"))
    except SetupProblem as problem:
        print(problem, file=sys.stderr)
        return 1
    except OSError as fault:
        print(explain(str(fault), ROOT / ".venv"), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped; the next make begins the installation again.", file=sys.stderr)
        return 130
    return 0


def prepare(venv: Path, requirements: Path) -> None:
    """Leaves in ``venv`` a working environment with all that ``requirements`` pins.

    Raises:
        SetupProblem: it could not be made.
    """
    files = requirement_files(requirements)
    if not healthy(venv):
        make(venv)
    stamp = venv / _STAMP
    if stamp.exists() and digest(files) in stamp.read_text(encoding="utf-8").split():
        return
    stamp.unlink(missing_ok=True)
    install(venv, requirements)
    # Who has installed the tests' requirements has installed the app's: a line for each file.
    stamp.write_text("\n".join(digest(requirement_files(path)) for path in files), encoding="utf-8")


def requirement_files(path: Path) -> list[Path]:
    """``path`` and the files that it includes with ``-r``."""
    included = re.findall(r"^-r\s+(\S+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    return [path, *(found for name in included for found in requirement_files((path.parent / name).resolve()))]


def digest(files: Sequence[Path]) -> str:
    """A digest of what ``files`` say."""
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()


def python_of(venv: Path) -> Path:
    """The interpreter of ``venv``."""
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def healthy(venv: Path) -> bool:
    """Whether ``venv`` has an interpreter that starts and pip, and no installation in it was cut off."""
    if (venv / _MARKER).exists():
        return False
    test = f"import sys, pip; sys.exit(sys.version_info < {OLDEST} or sys.prefix == sys.base_prefix)"
    try:
        return subprocess.run([python_of(venv), "-I", "-c", test], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def make(venv: Path) -> None:
    """Makes ``venv`` anew, whatever lay there.

    Raises:
        SetupProblem: this Python cannot make virtual environments, or the disk is full.
    """
    if importlib.util.find_spec("ensurepip") is None:
        raise SetupProblem(
            f"This Python {platform.python_version()} cannot make a virtual environment: on Debian and Ubuntu, "
            "apt install python3-venv cures it; elsewhere, name another, as in make PYTHON=python3.12."
        )
    print(f"Making {venv.name} with Python {platform.python_version()}.", flush=True)
    command = [sys.executable, "-I", "-m", "venv", "--clear", str(venv)]
    made = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if made.returncode != 0:
        raise SetupProblem(explain(made.stdout, venv))


def install(venv: Path, requirements: Path) -> None:
    """Installs what ``requirements`` pins.

    Raises:
        SetupProblem: pip failed.
    """
    name = requirements.relative_to(ROOT) if requirements.is_relative_to(ROOT) else requirements
    print(f"Installing what {name} pins; the first time takes minutes, most of it for PyTorch.", flush=True)
    marker, log = venv / _MARKER, venv / _LOG
    marker.touch()
    command = [str(python_of(venv)), "-m", "pip", "install", "--disable-pip-version-check", "-r", str(requirements)]
    with log.open("w", encoding="utf-8") as errors:
        done = _run(command, errors)
    report = log.read_text(encoding="utf-8", errors="replace")
    if not done:
        if _NO_NETWORK.search(report) and not _NO_SPACE.search(report):
            marker.unlink()  # pip writes nothing before all is downloaded
        raise SetupProblem(explain(report, venv))
    marker.unlink()


def explain(report: str, venv: Path) -> str:
    """What went wrong by what pip, venv or the system said, as one sentence."""
    folders = {str(folder): shutil.disk_usage(folder).free for folder in (venv.parent, Path(tempfile.gettempdir()))}
    if _NO_SPACE.search(report) or min(folders.values()) < _TOO_LITTLE:  # venv does not pass the reason on
        free = " and ".join(f"{size / 2**30:.1f} GiB are free in {folder}" for folder, size in folders.items())
        return f"The disk is full ({free}): make room and run the same command again."
    if _NO_NETWORK.search(report):
        return (
            "The package index cannot be reached: connect this machine to the network and run the same command again."
        )
    if missing := _NO_BUILD.search(report):
        system = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
        if missing[2]:
            return f"Either the package index cannot be reached, or {missing[1]} is not published for {system}."
        return f"{missing[1]} is not published for {system}; try another, as in make PYTHON=python3.12."
    errors = re.findall(r"^error:\s*(.+?)\.?\s*$", report, re.IGNORECASE | re.MULTILINE)
    reason = errors[-1] if errors else "the installer ended without saying why"
    where = f" The whole report is in {venv.name}/{_LOG}." if (venv / _LOG).exists() else ""
    return f"The environment could not be made: {reason}.{where}"


def _run(command: Sequence[str], report: IO[str]) -> bool:
    """Runs ``command``, its errors written to ``report``; whether it succeeded. Cut off, it ends the command too."""
    process = subprocess.Popen(command, stderr=report, stdin=subprocess.DEVNULL, env={**os.environ, "PIP_USER": "0"})
    try:
        return process.wait() == 0
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
        raise


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Waits while another make installs into the same folder."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    with (ROOT / "requirements.txt").open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print("Another make is at work on .venv; waiting for it.", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """Within, SIGTERM ends the work as Ctrl-C does, pip included."""

    def stop(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
