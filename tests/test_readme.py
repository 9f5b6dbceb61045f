"""Every number in the README is generated, measured and stamped as such, or held here."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from explorer import launch
from explorer.cli.output import BAD_INPUT, DRIFTED, NOT_MEASURED, OK
from explorer.cli.parser import DEFAULT_BASE
from explorer.documents.badge import SHOWN
from explorer.engine.states import Limits
from explorer.exports import formats
from explorer.spec import MEMORIES, DenseBlockSpec, InputSpec, Study
from explorer.theory import kept_bytes, study_theory
from explorer.web.answers import TooMany

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
GRADIENTS = (ROOT / "tests" / "test_lesson_measures.py").read_text(encoding="utf-8")  # which measures them
#: What was measured once, on a machine that is named there; times and downloads are never compared.
MEASURED = ("### What is downloaded", "## How fast it is", "## Ways to write the block")


def parameters(**changes: int) -> str:
    return f"{study_theory(Study().with_(**changes)).dense.parameters:,}"


#: A phrase of the README with a number in it → whether that is so.
FACTS: dict[str, Callable[[], bool]] = {
    "Python 3.11 or newer": lambda: PROJECT["requires-python"] == ">=3.11",
    "server on http://127.0.0.1:8501": lambda: DEFAULT_BASE == "http://127.0.0.1:8501",
    "8, 16, 24 or 80 GB": lambda: MEMORIES == (8, 16, 24, 80),
    "The exit status is 0; 2 for a flag that cannot be; 3 where something was not measured": lambda: (
        (OK, BAD_INPUT, NOT_MEASURED) == (0, 2, 3)
    ),
    "The exit status is 0 where all is current; 1 where something has drifted, was edited or never generated; "
    "2 for wrong usage; 3 where something could not be checked": lambda: DRIFTED == 1,
    "“parameters: 335,040 in the document, 316,038 now”": lambda: (
        (parameters(), parameters(growth_rate=31)) == ("335,040", "316,038")
    ),
    "at layer 1 is 88,000 times that at layer 24 in the plain stack, 18 times in the residual one, 8.5 times in the "
    "dense one; without BatchNorm 6·10⁻²⁸, 1.0 and 1.1 times": lambda: all(
        value in GRADIENTS
        for value in (
            '{"plain": 88_000, "residual": 18, "dense": 8.5,',
            '"plain_off": 6e-28, "residual_off": 1.0, "dense_off": 1.1}',
        )
    ),
    "less than 20 MB": lambda: "size < 20e6" in (ROOT / "tests" / "test_package.py").read_text(encoding="utf-8"),
    "gets 429 with Retry-After": lambda: TooMany.seconds > 0,
    "The server listens on 127.0.0.1 alone": lambda: launch._options([]).host == "127.0.0.1",
    "after how long a count is stopped; else 60": lambda: Limits.count_seconds == 60,
}


def prose() -> str:
    """What stands outside of generated parts, code, and sections of what was measured."""
    text = re.sub(r"<!-- explorer:begin.*?explorer:end[^>]*-->", "", README, flags=re.DOTALL)
    text = re.sub(r"^```.*?^```|^    [^\n]*$", "", text, flags=re.DOTALL | re.MULTILINE)
    sections = re.split(r"^(?=##+ )", text, flags=re.MULTILINE)
    return " ".join(" ".join(one for one in sections if not one.startswith(MEASURED)).split())


@pytest.mark.parametrize("phrase", FACTS)
def test_what_is_said_is_so(phrase: str) -> None:
    assert phrase in prose() and FACTS[phrase]()


def test_no_other_number_is_said() -> None:
    text = prose()
    for phrase in FACTS:
        text = text.replace(phrase, "")
    text = re.sub(r"`[^`]*`", "", text)  # names, flags and addresses
    text = re.sub(r"https?://\S+|1×1|3×3|\bc?[₀-₉]", "", text)
    assert re.findall(r".{0,60}\d.{0,30}", text) == []


def test_every_format_is_told_with_its_name_and_address() -> None:
    for one in formats():
        assert f"`{one.name}`" in README and f"`/block.{one.name}`" in README
    badge = next(line for line in README.splitlines() if line.startswith("| Badge |"))
    assert all(name in badge for name in SHOWN)


def test_what_each_implementation_keeps_is_its_closed_form() -> None:
    block, size = DenseBlockSpec(128, 32, 12), InputSpec(4, 28, 28)
    whole = kept_bytes(block, size, "float32", "list")
    told = {
        name: float(kept.split()[0])
        for name, kept in re.findall(r"^\| `(\w+)` \| [^|]+ \| ([\d.]+(?: \([\d.]+ MiB\))?) \|", README, re.MULTILINE)
    }
    assert f"1 ({whole / 2**20:.1f} MiB)" in README
    for name in ("list", "concat", "checkpoint", "checkpoint_1x1", "shared"):
        assert told[name] == pytest.approx(kept_bytes(block, size, "float32", name) / whole, abs=0.005)


def test_torch_is_the_one_that_is_pinned() -> None:
    pin = next(line for line in (ROOT / "requirements.txt").read_text().splitlines() if line.startswith("torch=="))
    assert {*re.findall(r"(?:torch|PyTorch)(?:==| )(\d+\.\d+\.\d+)", README)} == {pin.removeprefix("torch==")}
