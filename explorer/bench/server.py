"""A Streamlit server of our own on a free loopback port, started and stopped for a benchmark or a test."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from explorer.bench.faults import LONGEST, BenchError

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Server:
    """A running server: its address, process and the file that holds all that it printed."""

    address: str
    process: subprocess.Popen[bytes]
    log: Path
    started: float  # time.perf_counter() just before the process was started

    def resident_bytes(self) -> int:
        """Memory that the server's process itself holds (Linux; 0 elsewhere)."""
        status = Path(f"/proc/{self.process.pid}/status")
        lines = status.read_text().splitlines() if status.exists() else []
        return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:")), 0)

    def processor_seconds(self) -> float:
        """Time on all cores that the server's process itself has used (Linux; 0 elsewhere)."""
        stat = Path(f"/proc/{self.process.pid}/stat")
        if not stat.exists():
            return 0.0
        user, system = stat.read_text().rpartition(")")[2].split()[11:13]  # behind the name, which may hold spaces
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def running_server(
    script: Path, log: Path, *options: str, folder: Path = ROOT, environment: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Runs ``streamlit run script`` in ``folder`` until the block ends; yields as soon as it is healthy.

    Raises:
        BenchError: the server ended or did not answer within 60 s; a note holds what it printed last.
    """
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)]
    command += ["--server.address", "127.0.0.1", "--server.headless", "true", *options]
    with log.open("wb") as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
    server = Server(f"http://127.0.0.1:{port}", process, log, started)
    try:
        _wait_until_healthy(server)
        yield server
    finally:
        end(process)


def _wait_until_healthy(server: Server) -> None:
    while time.perf_counter() - server.started < 60:
        if server.process.poll() is not None:
            break
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{server.address}/_stcore/health", timeout=5):
            return
        time.sleep(0.02)
    printed = server.log.read_text(errors="replace").strip()
    last = printed.splitlines()[-1].strip().rstrip(".")[:LONGEST] if printed else "it printed nothing"
    problem = BenchError(f"The server did not start: {last}.")
    problem.add_note(printed[-2000:])
    raise problem


def end(process: subprocess.Popen[Any]) -> None:
    """Asks ``process`` to end (SIGTERM) and waits until it has; kills it after 10 s. Nothing where it has ended."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
