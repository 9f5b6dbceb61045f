"""Who may import whom. The rooms are those of README.md; the imports are read from the source, not run."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Each room and the rooms it may import. The order is the house's: a room imports only what stands above it.
BASE = {"spec", "language", "memory"}
READERS = BASE | {"codec", "presets", "findings", "theory", "graph"}
MAY_IMPORT: dict[str, set[str]] = {
    "language": set(),
    "spec": {"language"},
    "place": set(),
    "arguments": {"language"},
    "memory": {"language"},
    "codec": BASE,
    "presets": BASE,
    "environment": {"spec", "language"},
    "findings": BASE,
    "theory": BASE | {"findings"},
    "graph": BASE | {"findings", "theory"},
    "blocks": {"spec", "language"},
    "measure": BASE | {"findings", "theory", "blocks"},
    "engine": BASE | {"environment", "findings"},  # names measure only in a string
    "study": READERS | {"engine"},
    "lesson": READERS | {"study"},
    "pictures": BASE | {"findings", "theory", "graph", "lesson"},
    "version": set(),
    "documents": READERS | {"lesson", "study", "pictures", "version"},
    "docs": READERS | {"engine", "study", "pictures", "documents", "version"},
    "notebook": READERS | {"study", "pictures", "documents"},  # the specs' own face, which they name in a string
    "exports": READERS | {"pictures", "documents", "docs"},
    "web": READERS
    | {"environment", "lesson", "engine", "study", "pictures", "documents", "docs", "exports", "place", "version"},
    "setup": set(),  # runs before a package is installed
    "launch": {"environment", "place", "spec", "language", "arguments", "lesson"},
    "bench": READERS | {"engine", "setup", "version"},
    "cli": READERS
    | {"environment", "lesson", "engine", "study", "pictures", "documents", "docs", "exports", "bench", "launch"}
    | {"arguments"},
    "__main__": {"cli"},
    "__init__": {"spec", "findings", "study", "measure"},  # the Python face: four names, looked up when asked for
    "app.py": {"web"},
    "pages": READERS | {"lesson", "study", "web"},
}

# Each library with a say in who sees it, and the rooms that may import it.
LIBRARIES: dict[str, set[str]] = {
    "torch": {"blocks", "measure"},
    "torchinfo": {"measure"},
    "pebble": {"engine"},
    "PIL": {"measure"},
    "safetensors": {"measure"},
    "graphviz": {"graph"},
    "resvg_py": {"documents"},
    "streamlit": {"web", "app.py", "pages"},
    "streamlit.proto": {"web", "app.py", "pages", "bench"},  # bench speaks the websocket's language
    "starlette": {"web"},
}

FILES = sorted([*(ROOT / "explorer").rglob("*.py"), *(ROOT / "pages").glob("*.py"), ROOT / "app.py"])


def room_of(path: Path) -> str:
    """The room of a file: the module or package right under ``explorer``, ``pages``, or ``app.py``."""
    parts = path.relative_to(ROOT).parts
    return parts[0] if parts[0] != "explorer" else parts[1].removesuffix(".py")


def imports(source: str, package: str = "") -> Iterator[str]:
    """The full name of all that ``source``, a module of ``package``, imports anywhere in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*parents, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def breaches(room: str, source: str, package: str = "") -> list[str]:
    """What ``source``, a module in ``room``, imports against the tables above."""
    found = []
    for name in imports(source, package):
        top, *rest = name.split(".")
        if top == "explorer":
            target = rest[0] if rest and rest[0] in MAY_IMPORT else "__init__"
            if target != room and target not in MAY_IMPORT[room]:
                found.append(f"{room} imports {name}")
        else:
            rules = [key for key in LIBRARIES if name == key or name.startswith(f"{key}.")]
            if rules and room not in LIBRARIES[max(rules, key=len)]:
                found.append(f"{room} imports {name}")
    return found


def package_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).parent.parts)


def test_every_file_stands_in_a_room_of_the_table() -> None:
    assert {room_of(path) for path in FILES} == set(MAY_IMPORT)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_import_runs_against_the_rooms(path: Path) -> None:
    assert breaches(room_of(path), path.read_text(encoding="utf-8"), package_of(path)) == []


def test_the_table_itself_has_no_way_round() -> None:
    def reach(room: str, seen: frozenset[str] = frozenset()) -> set[str]:
        assert room not in seen, f"{room} reaches itself"
        below = MAY_IMPORT[room] - {"__init__"}
        return below.union(*(reach(other, seen | {room}) for other in below))

    for room in MAY_IMPORT:
        reach(room)
    for entry, torch_room in itertools.product(("app.py", "pages", "cli", "web"), ("blocks", "measure")):
        assert torch_room not in reach(entry)
    assert not reach("measure") & {"web", "engine", "study", "cli"}


@pytest.mark.parametrize(
    ("room", "source", "package"),
    [
        ("web", "import torch", ""),
        ("web", "def f():\n    from torch.nn import functional", ""),
        ("web", "from explorer.measure.jobs import perform", ""),
        ("web", "from explorer import blocks", ""),
        ("web", "from ..blocks import build", "explorer.web"),
        ("graph", "import streamlit.components.v2", ""),
        ("bench", "import streamlit as st", ""),
        ("theory", "from explorer.study import explore", ""),
        ("measure", "from explorer import explore", ""),
        ("engine", "import explorer.measure.jobs", ""),
        ("findings", "if True:\n    from explorer.graph import concat_graph", ""),
    ],
)
def test_a_breach_is_seen(room: str, source: str, package: str) -> None:
    assert len(breaches(room, source, package)) == 1


@pytest.mark.parametrize(
    ("room", "source", "package"),
    [
        ("bench", "from streamlit.proto.BackMsg_pb2 import BackMsg", ""),
        ("web", "from explorer.web import link\nfrom . import take\nfrom .. import spec", "explorer.web"),
        ("measure", "import torch\nfrom explorer.blocks import build", ""),
        ("engine", "perform = 'explorer.measure.jobs:perform'", ""),
    ],
)
def test_what_the_rooms_allow_passes(room: str, source: str, package: str) -> None:
    assert breaches(room, source, package) == []
