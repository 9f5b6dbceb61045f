"""Starts the explorer's server, says where it is, opens a browser on it, and ends everything with it.

``python -m explorer.launch [--host 127.0.0.1] [--port 8501] [--names lab.example.org] [--weights FILE] [--no-browser]
[--module package.module:Name [--input 1,3,224,224]] [--lesson FILE] [--lang auto|en|zh]``

``EXPLORER_NAMES`` (names beside the loopback ones that the server answers to) and ``EXPLORER_PUBLIC_URL``
(the address people use, where a proxy stands before the server) are read here and by the server, and so is
``EXPLORER_WEIGHTS`` and ``EXPLORER_LESSON``, the files that ``--weights`` and ``--lesson`` name too. No other way leads
to a file of the server's.

The server runs in a session of its own: Ctrl-C reaches only this process, which asks the server to stop,
and after ``GRACE`` seconds ends whatever is left of it, its workers included.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import getpass
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
import webbrowser
from collections.abc import Mapping, Sequence
from contextvars import copy_context
from pathlib import Path
from queue import SimpleQueue
from typing import NoReturn

from explorer import environment
from explorer.arguments import Arguments, told
from explorer.language import _, of_environment, speak
from explorer.place import HOME
from explorer.spec import SpecError, own_module

GRACE = 3.0  # seconds in which the server may finish
_ANY = ("0.0.0.0", "::")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class LaunchProblem(Exception):
    """Why the server cannot start, as one sentence for a person."""


class _Parser(Arguments):
    def error(self, message: str) -> NoReturn:
        raise LaunchProblem(told(message))


def main(arguments: Sequence[str]) -> int:
    """Runs the server until it ends or is told to; the exit status, 0 after Ctrl-C or SIGTERM."""
    try:
        options = _options(arguments)
        own = _own(options)
        names = server_names(options.host, options.names, os.environ)
        check_installed()
        weights = options.weights or os.environ.get("EXPLORER_WEIGHTS", "")
        lesson = options.lesson or os.environ.get("EXPLORER_LESSON", "")
        surroundings = {**os.environ, "EXPLORER_WEIGHTS": weights, "EXPLORER_LESSON": lesson}
        environment.check(surroundings)
        files = {
            "EXPLORER_WEIGHTS": environment.weights_file(surroundings),
            "EXPLORER_LESSON": environment.served_lesson(surroundings),
        }
        _check_lesson(files["EXPLORER_LESSON"])
        check_port(options.host, options.port)
    except (LaunchProblem, SpecError) as problem:
        print(problem, file=sys.stderr)
        return 2
    told = own | {"EXPLORER_NAMES": ",".join(names)} | {name: str(path) for name, path in files.items() if path}
    return _run(options.host, options.port, names, told, browser=not options.no_browser)


def _spoken(arguments: Sequence[str]) -> int:
    """:func:`main`, in the language of ``--lang``, else of the terminal."""
    speak(of_environment(os.environ))
    try:
        words, language = environment.spoken(arguments)
    except SpecError as problem:
        print(problem, file=sys.stderr)
        return 2
    speak(language)
    return main(words)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = _Parser(
        prog="python -m explorer.launch", description=_("Starts the explorer's server and opens a browser.")
    )
    parser.add_argument("--host", default="127.0.0.1", help=_("the address to listen on; 0.0.0.0 is every one"))
    parser.add_argument("--port", default=8501, type=_port, help=_("the port to listen on"))
    parser.add_argument("--names", default="", help=_("names that people reach this machine by, comma separated"))
    parser.add_argument("--weights", default="", help=_("a file with a network's weights that the server may show"))
    parser.add_argument("--lesson", default="", help=_("a lesson file of yours, shown instead of the ten chapters"))
    parser.add_argument("--no-browser", action="store_true", help=_("only say where the explorer is"))
    parser.add_argument(
        "--module", default="", help=_("a module of yours, as package.module:Name, for a page of its own")
    )
    parser.add_argument("--input", default="", help=_("the sizes that it is run on, such as 1,3,224,224"))
    parser.add_argument(
        "--lang", help=_("language of the terminal: {allowed}").format(allowed=environment.SPOKEN.words)
    )
    return parser.parse_args(arguments)


def _own(options: argparse.Namespace) -> dict[str, str]:
    """What tells the server of a module of the person's own, imported from the folder that they are in.

    Raises SpecError where it cannot be one.
    """
    if not options.module:
        if options.input:
            raise LaunchProblem(_("--input belongs to --module package.module:Name."))
        return {}
    own = own_module(options.module, options.input, str(Path.cwd()))
    return {
        "EXPLORER_MODULE": own.target,
        "EXPLORER_MODULE_INPUT": options.input,
        "EXPLORER_MODULE_FOLDER": own.folder,
    }


def _check_lesson(path: Path | None) -> None:
    """Raises LaunchProblem where the file holds no lesson."""
    if path is None:
        return
    from explorer.lesson.reading import LessonError, read_lesson_file  # which a start without one does not wait for

    try:
        read_lesson_file(path)
    except LessonError as problem:
        raise LaunchProblem(str(problem)) from None


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= 65535):
        words = _("PORT must be a whole number from 1 to 65535, not {text!a}.")
        raise LaunchProblem(words.format(text=text[:40]))
    return int(text)


def server_names(host: str, names: str, variables: Mapping[str, str]) -> tuple[str, ...]:
    """The names beside the loopback ones that the server is to answer to, in order, each once.

    ``host`` itself is one. A server that listens on every address without being told a name
    answers to this machine's own, which no foreign site can take.
    """
    given = f"{names} {variables.get('EXPLORER_NAMES', '')}".replace(",", " ").split()
    if host in _ANY:
        given = given or [socket.gethostname()]
    elif host not in _LOOPBACK:
        given.append(host)
    return tuple(dict.fromkeys(name.lower() for name in given))


def check_installed() -> None:
    """Raises LaunchProblem where this Python lacks the packages."""
    if importlib.util.find_spec("streamlit") is None:
        words = _(
            "Streamlit is not installed for {python}: use make run, or install with "
            "python -m pip install -r requirements.txt (of a package: the extra app)."
        )
        raise LaunchProblem(words.format(python=sys.executable))


def check_port(host: str, port: int) -> None:
    """Raises LaunchProblem where the server could not listen on ``host`` and ``port``."""
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            if os.name != "nt":  # there it would let two servers share the port
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen()
    except (OSError, ValueError) as fault:  # ValueError: what cannot be a name at all
        raise LaunchProblem(_why_not(fault, host, port)) from None


def _why_not(fault: Exception, host: str, port: int) -> str:
    number = fault.errno if isinstance(fault, OSError) else None
    if number == errno.EADDRINUSE:
        other = port + 1 if port < 65535 else port - 1
        words = _("Port {port} is taken: choose another, as in make run PORT={other} (or --port {other}).")
        return words.format(port=port, other=other)
    if number == errno.EACCES:
        words = _("Port {port} is not open to this user: choose one above 1023, as in make run PORT=8501.")
        return words.format(port=port)
    words = _("This machine cannot listen on HOST={host!a}: give one of its own addresses, or 0.0.0.0 for all.")
    return words.format(host=host[:80])


def address(host: str, port: int) -> str:
    """The URL under which a server on ``host`` and ``port`` is found."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def here(host: str, port: int) -> str:
    """The URL under which this machine itself finds the server."""
    return address({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port)


def has_display(platform: str, variables: Mapping[str, str]) -> bool:
    """Whether a browser opened here would be seen by the person who started the server."""
    if platform == "win32":
        return True
    if platform == "darwin":
        return "SSH_CONNECTION" not in variables
    return bool(variables.get("DISPLAY") or variables.get("WAYLAND_DISPLAY"))


def greeting(host: str, port: int, names: Sequence[str], variables: Mapping[str, str], display: bool) -> str:
    """What the terminal says once the server answers."""
    public = variables.get("EXPLORER_PUBLIC_URL")
    if not public and host not in _LOOPBACK:
        public = address(next((name for name in names if "*" not in name), socket.gethostname()), port)
    lines = [_("The explorer is at {address}; Ctrl-C ends it.").format(address=public or here(host, port))]
    if not public and not display:
        lines += [
            _("No display here, so on the machine that you sit at type"),
            f"    ssh -L {port}:{'127.0.0.1' if host == 'localhost' else host}:{port} {_me()}",
            _("and open {address} there.").format(address=here(host, port)),
        ]
    return "\n".join(lines)


def _me() -> str:
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a container's number without a name
        user = "USER"
    return f"{user}@{socket.gethostname()}"


def _run(host: str, port: int, names: Sequence[str], told: Mapping[str, str], browser: bool) -> int:
    command = [sys.executable, "-m", "streamlit", "run", str(HOME / "app.py"), "--server.headless=true"]
    command += [f"--server.address={host}", f"--server.port={port}", "--logger.hideWelcomeMessage=true"]
    events: SimpleQueue[str] = SimpleQueue()  # its put may be called in a signal handler
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda _number, _frame: events.put("stop"))
    server = subprocess.Popen(
        command,
        cwd=HOME,
        env={**os.environ, **told},
        stdin=subprocess.DEVNULL,
        start_new_session=os.name != "nt",
    )
    threading.Thread(target=_watch, args=(server, events), daemon=True).start()
    # A thread begins with no language of its own.
    welcome = copy_context().run
    threading.Thread(target=welcome, args=(_welcome, server, host, port, names, browser), daemon=True).start()
    event = events.get() if os.name != "nt" else _patient(events)
    return _end(server, asked=event == "stop")


def _watch(server: subprocess.Popen[bytes], events: SimpleQueue[str]) -> None:
    server.wait()
    events.put("ended")


def _patient(events: SimpleQueue[str]) -> str:
    """Waits in small steps: on Windows a wait without end keeps Ctrl-C from being heard."""
    while events.empty():
        time.sleep(0.2)
    return events.get()


def _welcome(server: subprocess.Popen[bytes], host: str, port: int, names: Sequence[str], browser: bool) -> None:
    """Waits until the server answers, then says where it is and opens a browser there."""
    asking = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never by way of a proxy
    while server.poll() is None:
        with contextlib.suppress(OSError), asking.open(f"{here(host, port)}/_stcore/health", timeout=5):
            break
        time.sleep(0.05)
    else:
        return
    display = has_display(sys.platform, os.environ)
    print(greeting(host, port, names, os.environ, display or not browser), flush=True)
    if browser and display:
        _open(here(host, port))


def _open(url: str) -> None:
    """Opens the person's browser, which outlives this process and keeps its chatter to itself."""
    opener = {"darwin": "open", "linux": "xdg-open"}.get(sys.platform)
    if opener and shutil.which(opener) and "BROWSER" not in os.environ:
        quiet = subprocess.DEVNULL
        subprocess.Popen([opener, url], stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)
    else:
        webbrowser.open(url)


def _end(server: subprocess.Popen[bytes], asked: bool) -> int:
    """Ends the server and all that it started; the exit status."""
    if asked:
        with contextlib.suppress(OSError):
            server.terminate()  # SIGTERM: it closes the engine and leaves without a word
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(GRACE)
    if os.name != "nt":
        with contextlib.suppress(OSError):
            os.killpg(server.pid, signal.SIGKILL)
    elif server.poll() is None:
        server.kill()
    status = server.wait()
    if asked:
        return 0
    print(_("The server ended by itself, with status {status}.").format(status=status), file=sys.stderr)
    return 1


if __name__ == "__main__":
    try:
        sys.exit(_spoken(sys.argv[1:]))
    except KeyboardInterrupt:  # pressed before the server was started
        sys.exit(130)
