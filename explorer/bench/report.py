"""A benchmark's rows as a table, and as JSON with the machine and the versions that they hold for."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from explorer.bench.rows import BenchRow, Row
from explorer.memory import total_bytes
from explorer.version import VERSION


def table(rows: Sequence[Row]) -> str:
    """One line per measured thing: median, lowest to highest, unit, number of runs; or why it was not measured."""
    head = ("", "median", "low – high", "", "runs")
    cells = [_cells(r) for r in rows if isinstance(r, BenchRow)]
    wide = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    wide[0] = max((len(r.name) for r in rows), default=0)
    lines = [_line(head, wide)]
    for r in rows:
        if isinstance(r, BenchRow):
            lines.append(_line(_cells(r), wide))
        else:
            lines.append(f"{r.name.ljust(wide[0])}  not measured: {r.reason}")
    return "".join(line + "\n" for line in lines)


def _cells(r: BenchRow) -> tuple[str, ...]:
    return r.name, f"{r.median:,.2f}", f"{r.low:,.2f} – {r.high:,.2f}", r.unit, str(r.runs)


def _line(cells: Sequence[str], wide: Sequence[int]) -> str:
    label, median, spread, unit, runs = cells
    return (
        f"{label.ljust(wide[0])}  {median.rjust(wide[1])}  {spread.rjust(wide[2])}  {unit.ljust(wide[3])}  "
        f"{runs.rjust(wide[4])}"
    ).rstrip()


def document(what: str, rows: Sequence[Row]) -> dict[str, Any]:
    """The rows as JSON values, nothing rounded.

    Keys: ``benchmark``; ``machine`` with ``processor``, ``cores`` and ``memory_bytes`` (null where the system does not
    tell); ``versions`` of ``python``, ``torch`` (null where it is not installed) and ``explorer``; ``rows``, each with
    ``name`` and either ``median``, ``low``, ``high``, ``unit``, ``runs`` or ``not_measured``, the reason.
    """
    return {
        "benchmark": what,
        "machine": {"processor": processor(), "cores": _cores(), "memory_bytes": total_bytes()},
        "versions": {"python": platform.python_version(), "torch": _torch(), "explorer": VERSION},
        "rows": [
            dataclasses.asdict(r) if isinstance(r, BenchRow) else {"name": r.name, "not_measured": r.reason}
            for r in rows
        ],
    }


def processor(root: Path = Path("/")) -> str:
    """The processor's name, or at least its kind.

    Args:
        root: where ``proc`` is found.
    """
    try:
        for line in (root / "proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name" and value.strip():
                return value.strip()
    except OSError:
        pass  # no Linux
    return platform.processor() or platform.machine()


def _cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)  # Linux only
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _torch() -> str | None:
    """Its version as it was installed: a benchmark need not load it."""
    try:
        return importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return None
