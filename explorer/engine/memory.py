"""How much memory this process may use, the limit of its container respected. Standard library only."""

from __future__ import annotations

from pathlib import Path

#: A control group without a limit says "max" (version 2) or a number near 2**63 (version 1).
UNLIMITED = 1 << 60


def available_bytes(root: Path = Path("/")) -> int | None:
    """Bytes that can be allocated now: the system's, or what is left of the container's; None if unknown.

    Args:
        root: where ``proc`` and ``sys`` are found.
    """
    known = [room for room in (_system(root), _container(root)) if room is not None]
    return min(known, default=None)


def _system(root: Path) -> int | None:
    try:
        lines = (root / "proc/meminfo").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError, StopIteration):
        return None


def _container(root: Path) -> int | None:
    try:
        groups = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return None
    rooms = []
    for line in groups:
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
        rooms += [_room(folder, limit, used, cache) for folder in dict.fromkeys(inside)]
    return min((room for room in rooms if room is not None), default=None)


def _room(folder: Path, limit: str, used: str, cache: str) -> int | None:
    try:
        most = int((folder / limit).read_text())
        now = int((folder / used).read_text())
        stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):  # no such file, or "max"
        return None
    if most >= UNLIMITED:
        return None
    return max(0, most - now + int(stat.get(cache, 0)))  # file cache is given back under pressure


def data_bytes(root: Path = Path("/")) -> int:
    """Bytes that this process holds already, by the measure that RLIMIT_DATA limits; 0 if unknown."""
    try:
        lines = (root / "proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData:"))
    except (OSError, ValueError, StopIteration):
        return 0
