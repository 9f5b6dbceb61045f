"""What ``pip install .`` brings: closed forms, pictures and documents, and nothing large."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
import venv
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from server import assert_no_traceback

from explorer.bench.server import end, free_port

ROOT = Path(__file__).parent.parent
CONFIGURED = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = CONFIGURED["project"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the package and what it needs alone."""
    folder = tmp_path_factory.mktemp("package")
    source = folder / "source"
    kept = shutil.ignore_patterns(".[!s]*", "__pycache__", "tests", "build", "*.egg-info")
    shutil.copytree(ROOT, source, ignore=kept)
    venv.create(folder / "env", with_pip=True)
    python = folder / "env" / "bin" / "python"
    words = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(source)]
    subprocess.run(words, check=True, capture_output=True, timeout=240)
    return python


def run(python: Path, *words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(python), "-I", "-m", "explorer", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def test_it_is_small_and_has_none_of_the_large_libraries(installed: Path) -> None:
    (packages,) = (installed.parents[1] / "lib").glob("python*/site-packages")
    own = [path for path in packages.iterdir() if not path.name.startswith(("pip", "setuptools", "_distutils"))]
    names = {path.name for path in own}
    assert {"explorer", "graphviz", "pebble", "resvg_py", "font_source_sans_pro"} <= names
    assert not names & {"torch", "streamlit", "plotly", "PIL", "starlette", "tests", "pages"}
    size = sum(file.stat().st_size for path in own for file in path.rglob("*") if file.is_file())
    assert size < 20e6
    for file in ("web/components/timeline/timeline.js", "pictures/moving/picture.js", "documents/document.css"):
        assert (packages / "explorer" / file).is_file()


def test_documents_are_written_and_checked_with_it_and_counts_say_what_is_missing(
    installed: Path, tmp_path: Path
) -> None:
    (tmp_path / "a.md").write_text("<!-- explorer:begin compare show=graph,table -->\n<!-- explorer:end -->\n")
    assert run(installed, "docs", "update", "a.md", folder=tmp_path).returncode == 0
    assert run(installed, "docs", "check", "a.md", folder=tmp_path).returncode == 0
    ran = run(installed, "docs", "check", "--measure", "a.md", folder=tmp_path)
    assert ran.returncode == 3 and "PyTorch is not installed" in ran.stdout and "Traceback" not in ran.stderr
    ran = run(installed, "describe", folder=tmp_path)
    assert ran.returncode == 3 and "335,040" in ran.stdout and "PyTorch is not installed" in ran.stdout
    ran = run(installed, "network", "densenet121", "--measure", folder=tmp_path)
    assert ran.returncode == 3 and "7,978,856" in ran.stdout and "PyTorch is not installed" in ran.stdout


def test_its_pins_are_those_of_the_requirements() -> None:
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    pins = set(re.findall(r"^[\w-]+==[\w.]+", text, re.MULTILINE))
    extras = PROJECT["optional-dependencies"]
    wanted = {pin.partition(";")[0] for pin in (*PROJECT["dependencies"], *extras["measure"], *extras["app"])}
    assert wanted - {"dense-block-explorer[measure]"} == pins


def test_no_part_of_it_is_left_out() -> None:
    folders = {".".join(path.parent.relative_to(ROOT).parts) for path in (ROOT / "explorer").rglob("__init__.py")}
    listed = set(CONFIGURED["tool"]["setuptools"]["packages"])
    assert listed == folders | {"explorer.served", "explorer.served.pages"}


def test_the_page_is_served_from_what_is_installed(installed: Path, tmp_path: Path, page: Page) -> None:
    """With the libraries of this environment, since the package's own would take long to install."""
    (packages,) = (installed.parents[1] / "lib").glob("python*/site-packages")
    port = free_port()
    command = [sys.executable, "-P", "-m", "explorer.launch", "--no-browser", "--port", str(port)]
    environment = {**os.environ, "PYTHONPATH": str(packages)}
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=output, stderr=output)
    try:
        while b"The explorer is at" not in log.read_bytes():
            assert process.poll() is None, log.read_text()
            time.sleep(0.05)
        page.goto(f"http://127.0.0.1:{port}/?layers=3")
        expect(page.get_by_test_id("concat-graph").locator("#layer-3")).to_be_attached(timeout=60_000)
    finally:
        end(process)
    assert_no_traceback(log)


def test_hooks_run_what_there_is() -> None:
    text = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    ids, entries = re.findall(r"- id: (\S+)", text), re.findall(r"entry: python -m explorer (.*)", text)
    assert (ids, entries) == (["explorer-docs", "explorer-docs-check"], ["docs update", "docs check"])
    for entry in entries:
        words = [sys.executable, "-m", "explorer", *entry.split(), "README.md", "--quiet"]
        assert subprocess.run(words, cwd=ROOT, check=False).returncode == 0
