"""Documents beside a team's own code: in a repository of their own, through the real entry.

Each look at that code has a process of its own, most of whose time goes into loading torch. So only what is about
that process starts one; the others are forked from one that has loaded torch: see :func:`ready`.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from strategies import dense_blocks

from explorer import cli
from explorer.blocks import build
from explorer.docs import own
from explorer.docs.directive import Directive, read_directive, with_study
from explorer.docs.own import Looked, look
from explorer.findings import OwnBlock
from explorer.measure import against
from explorer.spec import DenseBlockSpec, InputSpec, Study
from explorer.study import apart
from explorer.theory import study_theory

ROOT = Path(__file__).parent.parent
END = "<!-- explorer:end -->"
SETTINGS = "height=8&width=8 show=graph,table"

NETWORK = '''"""A team's network, which knows nothing of the explorer."""

import torch
from torch import nn


class Layer(nn.Module):
    def __init__(self, c, k):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(c), nn.Conv2d(c, 4 * k, 1, bias=False)
        self.bn2, self.conv2 = nn.BatchNorm2d(4 * k), nn.Conv2d(4 * k, k, 3, padding=1, bias=False)

    def forward(self, x):
        return self.conv2(torch.relu(self.bn2(self.conv1(torch.relu(self.bn1(x))))))


class Stage(nn.Module):
    def __init__(self, growth=12):
        super().__init__()
        print("made")
        self.layers = nn.ModuleList([Layer(16 + i * growth, growth) for i in range(3)])

    def forward(self, x):
        features = [x]
        for layer in self.layers:
            features.append(layer(torch.cat(features, 1)))
        return torch.cat(features, 1)


def block(in_channels, growth_rate, layers, *, wide=False):
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList([Layer(in_channels + i * growth_rate, growth_rate) for i in range(layers)])

        forward = Stage.forward

    return Block()


def needy(in_channels, depth):
    raise AssertionError


def failing():
    raise SystemExit(0)


number = 7
'''

#: Loads torch once, then answers each line of input in a process forked for it.
FORKS = """
import os, sys
from pathlib import Path
from explorer.measure import against

for line in sys.stdin:
    folder, asked, found = line[:-1].split("\\t")
    child = os.fork()
    if not child:
        os.chdir(folder)
        against.main(Path(asked), Path(found))
        os._exit(0)
    os.waitpid(child, 0)
    print("answered", flush=True)
"""

Docs = Callable[..., tuple[int, str]]


@pytest.fixture
def team(tmp_path: Path) -> Path:
    """A git repository with a package and a document."""
    (tmp_path / "mypackage").mkdir()
    (tmp_path / "mypackage" / "__init__.py").write_text("")
    (tmp_path / "mypackage" / "blocks.py").write_text(NETWORK)
    link = f"block?in_channels=16&growth_rate=12&layers=3&{SETTINGS} against=mypackage.blocks:Stage"
    (tmp_path / "README.md").write_text(f"# Ours\n\n<!-- explorer:begin {link} -->\n{END}\n\nBy hand.\n")
    git(tmp_path, "init", "-q")
    commit(tmp_path)
    return tmp_path


def git(folder: Path, *words: str) -> str:
    names = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.org"]
    ran = subprocess.run(["git", *names, *words], cwd=folder, capture_output=True, text=True, check=True)
    return ran.stdout


def commit(folder: Path) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "State")


def docs(folder: Path, *words: str) -> tuple[int, str]:
    """Runs ``docs`` in ``folder`` as its team would: exit code, and what was printed."""
    command = [sys.executable, "-m", "explorer", "docs", *words]
    env = {"PYTHONPATH": str(ROOT), "PATH": "", "PYTHONDONTWRITEBYTECODE": "1"}
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=env, check=False)
    return ran.returncode, ran.stdout + ran.stderr


@pytest.fixture(scope="module")
def loaded() -> Iterator[SimpleNamespace]:
    """What stands in for ``subprocess`` where a look is asked for: it sends the question to :data:`FORKS`."""
    command = [sys.executable, "-c", FORKS]
    env = {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=env
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        questions, answers = process.stdin, process.stdout

        def run(command: list[str], **_: object) -> SimpleNamespace:
            assert command[1:3] == ["-m", "explorer.measure.against"]
            print(Path.cwd(), *command[3:], sep="\t", file=questions, flush=True)
            assert answers.readline() == "answered\n"
            return SimpleNamespace(returncode=0)

        yield SimpleNamespace(**{**vars(subprocess), "run": run})


@pytest.fixture
def ready(
    team: Path, loaded: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Docs:
    """``docs`` without its start, in the team's folder; torch is loaded."""
    monkeypatch.chdir(team)
    monkeypatch.setattr(apart, "subprocess", loaded)

    def run(*words: str) -> tuple[int, str]:
        code = cli.main(["docs", *words])
        out, err = capsys.readouterr()
        return code, out + err

    return run


def test_code_that_changes_fails_the_check_until_the_document_follows(team: Path, ready: Docs) -> None:
    readme, blocks = team / "README.md", team / "mypackage" / "blocks.py"
    code, told = docs(team, "check", "README.md")
    assert code == 3 and "--allow-import allows it" in told
    assert docs(team, "update", "--allow-import", "README.md")[0] == 0
    assert ready("check", "--allow-import", "README.md")[0] == 0
    assert "checked against `mypackage.blocks:Stage`" in readme.read_text()
    commit(team)

    blocks.write_text(NETWORK.replace("growth=12", "growth=16"))
    code, told = docs(team, "check", "--allow-import", "README.md")
    before, after = (
        study_theory(Study(DenseBlockSpec(16, k, 3), InputSpec(1, 8, 8))).dense.parameters for k in (12, 16)
    )
    assert (
        code == 1
        and f"README.md:3: parameters: {before:,} in the document, {after:,} in mypackage.blocks:Stage" in told
    )
    assert "channels after each concatenation: 28, 40, 52 (3) in the document, 32, 48, 64 (3) in" in told
    assert git(team, "status", "--short", "README.md") == "", "check writes nothing"

    code, told = ready("update", "--allow-import", "README.md")
    text = readme.read_text()
    assert code == 0 and "block?in_channels=16&growth_rate=16&layers=3" in text and f"{after:,}" in text
    assert text.startswith("# Ours\n\n") and text.endswith(" -->\n\nBy hand.\n")
    commit(team)
    assert ready("update", "--allow-import", "README.md")[0] == 0
    assert git(team, "status", "--short") == "", "a second update changes no byte"

    readme.write_text(text.replace(f"{after:,}", "1"))
    assert ready("check", "--allow-import", "README.md")[0] == 1
    blocks.write_text(NETWORK)
    code, told = ready("update", "--allow-import", "README.md")
    assert code == 1 and "edited by hand" in told and "| parameters | 1 |" in readme.read_text()


def directive(target: str, more: str = "") -> Directive:
    return read_directive(f"block?in_channels=16&growth_rate=12&layers=3&{SETTINGS} against={target}{more}")


def test_what_is_called_with_what_and_what_cannot_be(
    team: Path, loaded: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(team)
    assert look(directive("mypackage.blocks:block")) == Looked(())
    assert "SystemExit: 0" in look(directive("mypackage.blocks:failing")).problem
    with monkeypatch.context() as soon:
        soon.setattr(own, "TIMEOUT", 0.01)
        assert "No answer within 0.01 s" in look(directive("mypackage.blocks:block")).problem
    monkeypatch.setattr(apart, "subprocess", loaded)
    assert look(directive("mypackage.blocks:block", " args=16,12,3")) == Looked(())
    for target, more, words in (
        ("mypackage.blocks:needy", "", "It needs depth; say with args=… what to call it with."),
        ("mypackage.blocks:number", "", "It is of type int, which cannot be called."),
        ("mypackage.blocks:failing", "", "SystemExit: 0"),
        ("mypackage.blocks:Layer", " args=9,4", "RuntimeError: "),
        ("mypackage.blocks:none", "", "AttributeError: "),
        ("nopackage:Block", "", "ModuleNotFoundError: No module named 'nopackage'"),
    ):
        found = look(directive(target, more))
        assert not found.differs and words in found.problem and "\n" not in found.problem, found


def test_code_that_is_no_dense_block_is_told_and_nothing_is_written(team: Path, ready: Docs) -> None:
    readme = team / "README.md"
    text = readme.read_text().replace("blocks:Stage", "blocks:Layer args=16,12")
    readme.write_text(text)
    code, told = ready("update", "--allow-import", "README.md")
    assert code == 1 and "channels after each concatenation: 28, 40, 52 (3) in the document, none in" in told
    assert readme.read_text() == text


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("against=os", "against must be package.module:Name, not 'os'."),
        ("against=os:system('x')", "against must be package.module:Name"),
        ("args=1,2", "args belongs to against"),
        ("against=a:b args=1;2", "args must be whole numbers"),
        ("against=a:b against=c:d", "against must be given once."),
    ],
)
def test_settings_that_cannot_be_are_refused(words: str, sentence: str) -> None:
    with pytest.raises(Exception, match=r".") as problem:
        read_directive(f"block {words}")
    assert sentence in str(problem.value)


@settings(max_examples=40, deadline=None)
@given(dense_blocks(12, 6, 4))
def test_any_block_is_found_again_by_its_counts(block: DenseBlockSpec) -> None:
    """What the explorer builds, looked at as if it were a team's, has the closed forms and is found again."""
    study = Study(block, InputSpec(2, 5, 4))
    counted = counts(block, study)
    theory = study_theory(study).dense
    assert (counted.output_shape, counted.parameters) == (theory.output_shape, theory.parameters)
    assert counted.saved_bytes == theory.saved_bytes
    other = replace(study, block=replace(block, growth_rate=block.growth_rate + 1, layers=1))
    found = own._that(other, counted)
    assert found is not None
    again = study_theory(found).dense
    assert (again.output_shape, again.parameters, again.saved_bytes) == (
        theory.output_shape,
        theory.parameters,
        theory.saved_bytes,
    )
    assert (found.block.growth_rate, found.block.layers) == (block.growth_rate, block.layers)
    text = "block?layers=2 show=table against=a.b:C"
    assert read_directive(with_study(text, found)) == Directive("block", found, ("table",), "a.b:C")


def counts(block: DenseBlockSpec, study: Study) -> OwnBlock:
    size = study.input
    shape = size.batch, block.in_channels, size.height, size.width
    against.made = lambda: build(block)  # type: ignore[attr-defined]  # called by its name
    try:
        return against.look_at("explorer.measure.against:made", None, {}, shape, "float32")
    finally:
        del against.made  # type: ignore[attr-defined]
