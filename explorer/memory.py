"""How much memory this process has and may still use, a container's limit respected. Standard library only."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from explorer.language import said

#: What to do where memory or time is short.
SMALLER = said("Lower the batch, the height and width, or the number of layers.")

#: A control group without a limit says "max" (version 2) or a number near 2**63 (version 1).
UNLIMITED = 1 << 60


def total_bytes(root: Path = Path("/")) -> int | None:
    """Bytes the process may hold in all: the machine's, or its container's limit; None if unknown.

    Args:
        root: where ``proc`` and ``sys`` are found.
    """
    limits = [limit for limit, _ in _groups(root)]
    whole = _meminfo(root, "MemTotal")
    if whole is None:
        whole = windows_memory()[0] if sys.platform == "win32" else pages("SC_PHYS_PAGES")
    return min((n for n in (whole, *limits) if n is not None), default=None)


def available_bytes(root: Path = Path("/")) -> int | None:
    """Bytes that can be allocated now: the system's, or what is left of the container's; None if unknown.

    Args:
        root: where ``proc`` and ``sys`` are found.
    """
    left = [room for _, room in _groups(root)]
    free = windows_memory()[1] if sys.platform == "win32" else _meminfo(root, "MemAvailable")
    return min((n for n in (free, *left) if n is not None), default=None)


def data_bytes(root: Path = Path("/")) -> int:
    """Bytes that this process holds already, by the measure that RLIMIT_DATA limits; 0 if unknown."""
    return _kilobytes(root / "proc/self/status", "VmData") or 0


def data_bytes_left() -> int | None:
    """Bytes that RLIMIT_DATA still allows this process; None where there is no such limit."""
    try:
        import resource  # Unix only
    except ImportError:
        return None
    limit, _ = resource.getrlimit(resource.RLIMIT_DATA)
    return None if limit == resource.RLIM_INFINITY else max(0, limit - data_bytes())


def limit_memory(limit: int | None) -> None:
    """Lets this process allocate ``limit`` bytes more; None takes four fifths of what is available now.

    Beyond it an allocation fails within milliseconds, in torch's own words, and the worker lives on.
    It is set anew before every job, since what is available changes with what else runs.
    """
    try:
        import resource  # Unix only
    except ImportError:
        return
    if limit is None:
        available = available_bytes()
        if available is None:
            return
        limit = available * 4 // 5
    limit += data_bytes()
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


def pages(name: str) -> int | None:
    """Bytes of memory by ``sysconf``, which macOS has too; None where it does not tell."""
    try:
        count, size = os.sysconf(name), os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # no sysconf (Windows), no such name
        return None
    return count * size if count > 0 and size > 0 else None


def windows_memory() -> tuple[int | None, int | None]:
    """(all, available) physical bytes by Windows' own call; None where there is none."""
    import ctypes

    class Status(ctypes.Structure):
        """MEMORYSTATUSEX of the Windows API."""

        _fields_ = (
            ("length", ctypes.c_uint32),
            ("load", ctypes.c_uint32),
            ("total", ctypes.c_uint64),
            ("available", ctypes.c_uint64),
            ("rest", ctypes.c_uint64 * 5),
        )

    status = Status(length=ctypes.sizeof(Status))
    library = getattr(ctypes, "windll", None)
    if library is None or not library.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
        return None, None
    return int(status.total), int(status.available)


def _meminfo(root: Path, name: str) -> int | None:
    return _kilobytes(root / "proc/meminfo", name)


def _kilobytes(path: Path, name: str) -> int | None:
    """The value of a line such as ``MemTotal:  16384 kB``, in bytes."""
    try:
        return next(
            int(line.split()[1]) * 1024 for line in path.read_text().splitlines() if line.startswith(f"{name}:")
        )
    except (OSError, ValueError, StopIteration):
        return None


def _groups(root: Path) -> list[tuple[int, int]]:
    """(limit, bytes left) of every control group around this process that has a limit."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        _, names, path = line.split(":", 2)
        if names == "":  # version 2
            base, limit, used, cache = root / "sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"
        elif "memory" in names.split(","):  # version 1
            base = root / "sys/fs/cgroup/memory"
            limit, used, cache = "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"
        else:
            continue
        # A container often sees its own group as the mount's root: its path leads nowhere there.
        group = base / path.lstrip("/")
        inside = [group, *(g for g in group.parents if g == base or base in g.parents), base]
        found += [_room(folder, limit, used, cache) for folder in dict.fromkeys(inside)]
    return [room for room in found if room is not None]


def _room(folder: Path, limit: str, used: str, cache: str) -> tuple[int, int] | None:
    try:
        most = int((folder / limit).read_text())
        now = int((folder / used).read_text())
        stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):  # no such file, or "max"
        return None
    if most >= UNLIMITED:
        return None
    return most, max(0, most - now + int(stat.get(cache, 0)))  # file cache is given back under pressure
