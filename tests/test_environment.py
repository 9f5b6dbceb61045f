"""Variables that make no sense are told in one sentence, before anything starts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from explorer.environment import check, frame_ancestors, public_url, weights_file
from explorer.spec import SpecError


@pytest.mark.parametrize("text", ["https://lab.example.org", "http://10.0.0.7:8501/explorer", "http://[::1]:8501"])
def test_addresses_that_links_may_begin_with(text: str) -> None:
    assert public_url({"EXPLORER_PUBLIC_URL": text}) == text
    assert public_url({}) is public_url({"EXPLORER_PUBLIC_URL": ""}) is None


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)",
        "lab.example.org",
        "https://lab.example.org/?a=b",
        "https://lab#x",
        "http://[::1",
        "http://lab:port",
        "https://lab example.org",
        "https://lab\n.example.org",
        "https://",
    ],
)
def test_addresses_that_are_none(text: str) -> None:
    with pytest.raises(SpecError, match="EXPLORER_PUBLIC_URL must be an http or https address without"):
        check({"EXPLORER_PUBLIC_URL": text})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("EXPLORER_THREADS", text) for text in ("abc", "0", "-1", "1.5", "9" * 400)),
        *(("EXPLORER_COUNT_SECONDS", text) for text in ("0", "-3", "nan", "inf", "soon")),
        ("EXPLORER_MEMORY_BYTES", "lots"),
    ],
)
def test_numbers_that_are_none(name: str, text: str) -> None:
    with pytest.raises(SpecError, match=f"{name} must be a"):
        check({name: text})
    check({name: "2"})


def test_sites_that_may_frame_the_page() -> None:
    sites = "https://wiki.example.org, http://10.0.0.7:8080\n https://*.example.org *"
    assert frame_ancestors({"EXPLORER_FRAME_ANCESTORS": sites}) == (
        "https://wiki.example.org",
        "http://10.0.0.7:8080",
        "https://*.example.org",
        "*",
    )
    assert frame_ancestors({}) == frame_ancestors({"EXPLORER_FRAME_ANCESTORS": " "}) == ()


@pytest.mark.parametrize(
    "text", ["wiki.example.org", "'none'", "https://a.org/path", "https://a;script-src *", "data:", "https://*.*"]
)
def test_sites_that_are_none(text: str) -> None:
    with pytest.raises(SpecError, match="EXPLORER_FRAME_ANCESTORS must be origins such as"):
        check({"EXPLORER_FRAME_ANCESTORS": text})


def test_a_file_of_weights_is_one(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    path.touch()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert weights_file({"EXPLORER_WEIGHTS": str(path)}) == path.resolve()
    assert weights_file({}) is weights_file({"EXPLORER_WEIGHTS": ""}) is None
    for text in (str(tmp_path), str(tmp_path / "none"), str(tmp_path / "loop"), "a\0b", "/dev/null", "x" * 9_999):
        with pytest.raises(SpecError, match="EXPLORER_WEIGHTS must be the path of a file with a network's"):
            check({"EXPLORER_WEIGHTS": text})


@pytest.mark.parametrize("module", ["explorer", "explorer.launch"])
def test_a_slip_is_told_before_anything_starts(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPLORER_THREADS", "many")
    words = ["describe"] if module == "explorer" else ["--no-browser"]
    ended = subprocess.run([sys.executable, "-m", module, *words], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 2
    assert ended.stderr == "EXPLORER_THREADS must be a whole number from 1 to 1,024, not 'many'.\n"
