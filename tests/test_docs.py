"""Generated parts of documents: what a person, a build and an attacker do with them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from page_answers import answer_for_page
from strategies import studies

from explorer import cli
from explorer.codec import to_query
from explorer.docs.content import content, living, living_network
from explorer.docs.directive import SHOWS, Directive, read_directive
from explorer.docs.document import judge
from explorer.docs.parts import read_document
from explorer.documents.tables import block_table
from explorer.engine import Done, Failed, State
from explorer.findings import Problem
from explorer.spec import CountJob, DenseBlockSpec, Job, NetworkJob, StepJob, Study, network
from explorer.theory import study_theory
from explorer.version import VERSION

ROOT = Path(__file__).parent.parent
BASE = "http://127.0.0.1:8501"
BEGIN = "<!-- explorer:begin block?growth_rate=32&layers=6 show=graph,table -->"
END = "<!-- explorer:end -->"
EMPTY = f"# A network\n\n{BEGIN}\n{END}\n\nWords.\n"

Docs = Callable[..., tuple[int, str]]


@pytest.fixture
def docs(capsys: pytest.CaptureFixture[str]) -> Docs:
    """Runs ``docs`` with some words: exit code, and what was printed."""

    def run(*words: object) -> tuple[int, str]:
        code = cli.main(["docs", *map(str, words)])
        out, err = capsys.readouterr()
        return code, out + err

    return run


@pytest.fixture
def written(tmp_path: Path, docs: Docs) -> Path:
    """A document whose part has been generated."""
    path = tmp_path / "README.md"
    path.write_text(EMPTY)
    assert docs("update", path)[0] == 0
    return path


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


# --- the usual way --------------------------------------------------------------------------------


def test_a_part_is_written_is_current_and_stays_byte_for_byte(tmp_path: Path, docs: Docs) -> None:
    path = tmp_path / "README.md"
    path.write_text(EMPTY)
    code, told = docs("check", path)
    assert code == 1 and "README.md:3: It was never generated." in told and path.read_text() == EMPTY
    assert docs("update", path) == (0, f"{path}:3: Written.\n1 part in 1 document: 1 written.\n")
    text = path.read_text()
    assert text.startswith(f"# A network\n\n{BEGIN}\n") and text.endswith(" -->\n\nWords.\n")
    assert "| parameters | 335,040 |" in text and "| saved for backward, bytes | 40,956,672 |" in text
    assert 'srcset="README.md.explorer/1-dark.svg"' in text and f"[live]({BASE}/)" in text
    before = files(tmp_path)
    assert set(before) == {"README.md", "README.md.explorer/1-light.svg", "README.md.explorer/1-dark.svg"}
    assert docs("check", path) == (0, "1 part in 1 document: 1 current.\n")
    assert docs("update", path)[0] == 0 and files(tmp_path) == before


def test_a_wrong_number_is_named_with_file_and_line(written: Path, docs: Docs) -> None:
    text = written.read_text()
    written.write_text(text.replace("growth_rate=32", "growth_rate=31"))
    code, told = docs("check", written)
    line = next(n for n, row in enumerate(text.splitlines(), 1) if row.startswith("| parameters"))
    now = f"{study_theory(Study(DenseBlockSpec(growth_rate=31))).dense.parameters:,}"
    assert code == 1 and f"{written}:{line}: parameters: 335,040 in the document, {now} now\n" in told
    assert told.index("parameters:") < told.index("The picture 1-light.svg is another one now.")
    assert docs("update", written)[0] == 0 and now in written.read_text()
    assert docs("check", written)[0] == 0


def test_an_edit_by_hand_is_told_from_drift_and_survives(written: Path, docs: Docs) -> None:
    text = written.read_text().replace("335,040", "335,041")
    written.write_text(text)
    code, told = docs("check", written)
    assert code == 1 and "parameters: 335,041 in the document, 335,040 now" in told and "edited by hand" in told
    code, told = docs("update", written)
    assert code == 1 and written.read_text() == text
    assert docs("update", "--force", written)[0] == 0 and "335,040" in written.read_text()
    assert docs("check", written)[0] == 0


def test_a_new_part_before_others_moves_their_pictures_along(written: Path, docs: Docs) -> None:
    """Each finds its neighbour's in its place, which nobody has edited."""
    own = files(written.parent)["README.md.explorer/1-light.svg"]
    first = BEGIN.replace("layers=6", "layers=2")
    written.write_text(f"{first}\n{END}\n\n{written.read_text()}")
    code, told = docs("update", written)
    assert code == 0 and "edited by hand" not in told
    assert files(written.parent)["README.md.explorer/2-light.svg"] == own
    assert docs("check", written)[0] == 0


def test_pictures_of_a_part_that_is_gone_are_taken_away_and_nothing_else_is(written: Path, docs: Docs) -> None:
    more = f"{BEGIN.replace('layers=6', 'layers=2')}\n{END}\n"
    before = written.read_text()
    written.write_text(before + more)
    assert docs("update", written)[0] == 0
    folder = written.with_name("README.md.explorer")
    kept = {"3-light.svg": "<svg/>", "mine.svg": (folder / "1-light.svg").read_text(), "4-dark.svg.txt": "words"}
    for name, text in kept.items():
        (folder / name).write_text(text)
    written.write_text(before)
    code, told = docs("update", "--dry-run", written)
    assert (
        "2-dark.svg belongs to no part any more and would be taken away." in told and (folder / "2-dark.svg").exists()
    )
    code, told = docs("update", written)
    assert code == 0 and "2-light.svg belongs to no part any more and is taken away." in told
    assert {path.name for path in folder.iterdir()} == {"1-light.svg", "1-dark.svg", *kept}
    again = files(written.parent)
    assert docs("update", written)[0] == 0 and files(written.parent) == again
    written.write_text(before.replace("block?", "block?nothing=1&"))  # what it shows is not known: nothing is taken
    assert docs("update", written)[0] == 3 and files(folder).keys() == {"1-light.svg", "1-dark.svg", *kept}


def test_a_picture_edited_missing_or_stale_is_told(written: Path, docs: Docs) -> None:
    picture = written.with_name("README.md.explorer") / "1-dark.svg"
    svg = picture.read_bytes()
    picture.unlink()
    code, told = docs("check", written)
    assert code == 1 and "The picture 1-dark.svg is missing." in told
    assert docs("update", written)[0] == 0 and picture.read_bytes() == svg
    picture.write_bytes(svg + b"<!-- mine -->")
    code, told = docs("update", written)
    assert code == 1 and "1-dark.svg was edited by hand" in told and picture.read_bytes() != svg
    assert docs("update", "--force", written)[0] == 0 and picture.read_bytes() == svg


def test_words_where_nothing_was_generated_are_kept(tmp_path: Path, docs: Docs) -> None:
    path = tmp_path / "a.md"
    path.write_text(f"{BEGIN}\nmine\n{END}\n")
    code, told = docs("update", path)
    assert code == 1 and "words in it that were not generated" in told and "mine" in path.read_text()


def test_a_version_and_the_pages_address_are_never_compared(
    written: Path, docs: Docs, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files(written.parent)
    monkeypatch.setattr("explorer.docs.content.VERSION", "9.9.9")
    assert docs("check", written)[0] == 0 and docs("update", written)[0] == 0
    assert files(written.parent) == before
    text = written.read_text()
    by_hand = text.replace("(http://127.0.0.1:8501/", "(https://mine.example.org/").replace(
        "Explorer 0.1.0", "Explorer 8"
    )
    assert by_hand != text
    written.write_text(by_hand)
    assert docs("check", written)[0] == 0 and docs("update", written)[0] == 0
    assert written.read_text() == by_hand


def test_update_brings_links_to_the_address_that_a_person_has_set(
    written: Path, docs: Docs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXPLORER_PUBLIC_URL", "https://lab.example.org/blocks")
    before = files(written.parent)
    assert docs("check", written)[0] == 0 and "Would be written." in docs("update", "--dry-run", written)[1]
    assert files(written.parent) == before
    assert docs("update", written)[0] == 0 and "[live](https://lab.example.org/blocks/)" in written.read_text()
    moved = files(written.parent)
    assert docs("update", written)[0] == 0 and files(written.parent) == moved
    monkeypatch.delenv("EXPLORER_PUBLIC_URL")
    assert docs("check", written)[0] == 0 and docs("update", written)[0] == 0 and files(written.parent) == moved


def test_folders_that_hold_nothing_or_cannot_be_read_give_3(
    tmp_path: Path, docs: Docs, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, told = docs("check", tmp_path)
    assert code == 3 and "There is no Markdown document in this folder." in told
    (tmp_path / ".github").mkdir()
    (tmp_path / ".github" / "README.md").write_text(EMPTY)
    assert docs("check", tmp_path)[0] == 1

    def closed(folder: Path, onerror: Callable[[OSError], None]) -> list[object]:
        onerror(PermissionError(13, "Permission denied", str(folder)))
        return []

    monkeypatch.setattr("os.walk", closed)
    code, told = docs("check", tmp_path)
    assert code == 3 and "This folder cannot be read: permission denied." in told


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("around", ["", "\N{ZERO WIDTH NO-BREAK SPACE}", "Käse \x00\t \n"])
def test_what_stands_around_a_part_is_kept_byte_for_byte(tmp_path: Path, docs: Docs, ending: str, around: str) -> None:
    path = tmp_path / "a.md"
    start = around if not around or around[0] != "K" else around.replace("\n", ending)
    end = f"{ending}{ending}last line without an end"
    path.write_bytes(f"{start}{BEGIN}{ending}{END}{end}".encode())
    path.chmod(0o640)
    assert docs("update", path)[0] == 0
    text = path.read_bytes().decode()
    assert text.startswith(f"{start}{BEGIN}{ending}") and text.endswith(f" -->{end}")
    inside = text.removeprefix(start).removesuffix(end)
    assert set(re.findall(r"\r\n|\r|\n", inside)) == {ending}
    assert path.stat().st_mode & 0o777 == 0o640 and docs("check", path)[0] == 0


def test_folders_are_searched_and_what_is_hidden_or_a_link_is_not(tmp_path: Path, docs: Docs) -> None:
    for name in ("a.md", "b/c.MARKDOWN", ".git/d.md", "node_modules/e.md", "f.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(EMPTY)
    (tmp_path / "link.md").symlink_to(tmp_path / ".git" / "d.md")
    (tmp_path / "around").symlink_to(tmp_path)
    code, told = docs("check", tmp_path, tmp_path / "a.md")
    assert code == 1 and "2 parts in 2 documents" in told
    assert docs("check", tmp_path / "f.txt")[0] == 1, "a file that is named is read whatever its ending"
    (tmp_path / "none.md").write_text("nothing\n")
    assert docs("check", tmp_path / "none.md") == (0, "0 parts in 1 document.\n")


# --- what cannot be checked -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (f"{BEGIN}\n", 1, "has no end"),
        (f"\n{END}\n", 2, "has not begun"),
        (f"{BEGIN}\n{BEGIN}\n{END}\n", 2, "begins within the one of line 1"),
        (f"see {BEGIN}\n{END}\n", 1, "stands alone on its line"),
        ("<!-- explorer:begin block\n", 1, "stands alone"),
        ("<!-- explorer:beginn block -->\n<!-- explorer:end -->\n", 1, "not explorer:beginn"),
        (f"{BEGIN}\n<!-- explorer:end sum=xyz -->\n", 2, "sum=…"),
        (f"<!-- explorer:begin -->\n{END}\n", 1, "what to show"),
        (f"<!-- explorer:begin blok -->\n{END}\n", 1, "did you mean block?"),
        (
            f"<!-- explorer:begin block?layers=99 -->\n{END}\n",
            1,
            "layers must be a whole number from 1 to 64, not '99'",
        ),
        (f"<!-- explorer:begin block?layer=9 -->\n{END}\n", 1, "did you mean layers?"),
        (f"<!-- explorer:begin block show=grph -->\n{END}\n", 1, "did you mean graph?"),
        (f"<!-- explorer:begin block show=table show=graph -->\n{END}\n", 1, "given once"),
        (f"<!-- explorer:begin block show=table,table -->\n{END}\n", 1, "twice"),
        (f"<!-- explorer:begin block theme=dark -->\n{END}\n", 1, "A setting is show=…"),
        (f"<!-- explorer:begin ftp://x/?layers=3 -->\n{END}\n", 1, "begins with block, compare or network"),
        (f"<!-- explorer:begin network?name=resnet51 -->\n{END}\n", 1, "or resnet50 or"),
        (f"<!-- explorer:begin network?nam=resnet50 -->\n{END}\n", 1, "parameter must be one of"),
        (f"<!-- explorer:begin network?name=resnet50&network=resnet18 -->\n{END}\n", 1, "given once"),
        (f"<!-- explorer:begin block?name=resnet50 -->\n{END}\n", 1, "parameter must be one of"),
        (f"<!-- explorer:begin network show=table -->\n{END}\n", 1, "show must be some of graph, totals, stages"),
        (f"<!-- explorer:begin block show=stages -->\n{END}\n", 1, "show must be some of graph, table"),
        (f"<!-- explorer:begin network against=a.b:C -->\n{END}\n", 1, "stands in its link"),
        (f"<!-- explorer:begin http://[x?layers=3 -->\n{END}\n", 1, "is no link"),
    ],
)
def test_a_marker_or_directive_that_cannot_be_gives_3_and_a_sentence(
    tmp_path: Path, docs: Docs, text: str, line: int, words: str
) -> None:
    path = tmp_path / "a.md"
    path.write_text(text)
    for do in ("check", "update"):
        code, told = docs(do, path)
        assert code == 3 and f"{path}:{line}: " in told and words in told, told
        assert path.read_text() == text


def test_a_broken_part_leaves_the_others_to_be_written(tmp_path: Path, docs: Docs) -> None:
    path = tmp_path / "a.md"
    path.write_text(f"<!-- explorer:begin blok -->\n{END}\n{EMPTY}")
    assert docs("update", path)[0] == 3 and "| parameters | 335,040 |" in path.read_text()


@pytest.mark.parametrize(
    "code", ["```\n{}\n```", "~~~ md\n{}\n~~~~", "    {}", "`{}`", "``x` {}``", "````\n```\n{}\n````"]
)
def test_markers_in_code_are_none(tmp_path: Path, docs: Docs, code: str) -> None:
    path = tmp_path / "a.md"
    path.write_text(code.replace("{}", BEGIN) + f"\n\n{EMPTY}")
    code_, told = docs("update", path)
    assert code_ == 0 and "1 part in" in told


def test_files_that_cannot_be_read_or_written_give_3(tmp_path: Path, docs: Docs) -> None:
    assert docs("check", tmp_path / "no.md")[0] == 3
    os.mkfifo(tmp_path / "pipe.md")
    code, told = docs("check", tmp_path / "pipe.md")
    assert code == 3 and "It is no file." in told
    odd = tmp_path / "odd.md"
    odd.write_bytes(b"\xff" + EMPTY.encode())
    code, told = docs("check", odd)
    assert code == 3 and "no UTF-8: byte 1" in told
    good = tmp_path / "good.md"
    good.write_text(EMPTY)
    assert docs("check", odd, good)[0] == 3, "what cannot be checked goes before what has drifted"


def test_nothing_is_written_through_a_link(tmp_path: Path, docs: Docs) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (outside / "a.md").write_text(EMPTY)
    (inside / "a.md").symlink_to(outside / "a.md")
    code, told = docs("update", inside / "a.md")
    assert code == 3 and "It is a link" in told
    (inside / "b.md").write_text(EMPTY)
    (inside / "b.md.explorer").symlink_to(outside)
    assert docs("update", inside / "b.md")[0] == 3
    (inside / "b.md.explorer").unlink()
    (inside / "b.md.explorer").mkdir()
    (outside / "x.svg").write_text("precious")
    (inside / "b.md.explorer" / "1-light.svg").symlink_to(outside / "x.svg")
    assert docs("update", "--force", inside / "b.md")[0] == 3
    assert files(outside) == {"a.md": EMPTY.encode(), "x.svg": b"precious"}


def test_standard_input_is_read_and_written(docs: Docs, tmp_path: Path) -> None:
    text = EMPTY.replace("graph,", "")

    def piped(*words: str, given: str) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "explorer", "docs", *words, "-"]
        return subprocess.run(command, input=given.encode(), capture_output=True, cwd=ROOT, check=False)

    first = piped("update", given=text)
    assert first.returncode == 0 and b"| parameters | 335,040 |" in first.stdout and b"Written" in first.stderr
    second = piped("check", given=first.stdout.decode())
    assert second.returncode == 0 and b"1 current" in second.stdout
    third = piped("check", given=EMPTY)
    assert third.returncode == 3 and b"no folder for pictures" in third.stdout


# --- how it is told -------------------------------------------------------------------------------


def test_dry_runs_and_checks_write_nothing_and_show_what_would_be(written: Path, docs: Docs) -> None:
    written.write_text(written.read_text().replace("layers=6", "layers=5"))
    before = files(written.parent)
    code, told = docs("update", "--dry-run", "--diff", written)
    assert code == 1 and "Would be written." in told and "\n-| parameters | 335,040 |\n" in told
    assert docs("check", "--diff", written)[0] == 1 and files(written.parent) == before
    code, told = docs("check", "--quiet", written)
    assert "document:" not in told and "parameters" in told


def test_json_and_github_tell_the_same(written: Path, docs: Docs) -> None:
    written.write_text(written.read_text().replace("layers=6", "layers=5"))
    code, told = docs("check", "--report", "json", written)
    found = json.loads(told)
    assert code == found["exit_code"] == 1 and found["documents"][0]["parts"][0]["status"] == "drifted"
    words = [one["words"] for one in found["documents"][0]["parts"][0]["told"]]
    code, told = docs("check", "--report", "github", written)
    assert len(told.splitlines()) == len(words)
    assert all(line.startswith(f"::error file={written},line=") for line in told.splitlines())
    assert docs("update", "--report", "github", written)[1].splitlines()[-1].startswith("::notice ")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "Say what to do with documents: check or update."),
        (("chek", "a.md"), "What to do with documents must be one of check, update"),
        (("check",), "Say which documents"),
        (("check", "--force", "a.md"), "--force belongs to docs update"),
        (("check", "--report", "xml", "a.md"), "--report must be one of text, json, github"),
        (("update", "--dry", "a.md"), "did you mean --dry-run?"),
    ],
)
def test_wrong_usage_gives_2_and_a_sentence(docs: Docs, words: tuple[str, ...], sentence: str) -> None:
    code, told = docs(*words)
    assert code == 2 and sentence in told and told.count("\n") == 1


# --- whole networks -------------------------------------------------------------------------------

NETWORK = "<!-- explorer:begin network?name=densenet121&against=resnet50&image_size=224&batch=1{} -->"


def test_whole_networks_are_a_part_too_and_each_number_of_theirs_is_checked(tmp_path: Path, docs: Docs) -> None:
    path = tmp_path / "a.md"
    path.write_text(f"{NETWORK.format('')}\n{END}\n")
    assert docs("check", path)[0] == 1 and docs("update", path)[0] == 0 and docs("check", path)[0] == 0
    text = path.read_text()
    assert "| parameters | 7,978,856 | 25,557,032 | 0.31× |" in text
    assert "| densenet121, block 1 | 56 × 56 | 64 → 256 | 6 | 335,040 | 1,040,449,536 | 40,956,672 | 59 |" in text
    assert f"[live]({BASE}/networks)" in text and len(files(tmp_path)) == 3
    path.write_text(text.replace("25,557,032", "25,557,033"))
    code, told = docs("check", path)
    assert code == 1 and "parameters, resnet50: 25,557,033 in the document, 25,557,032 now" in told
    path.write_text(text.replace("against=resnet50", "against=resnet101"))
    code, told = docs("check", path)
    assert code == 1 and "parameters, resnet101: 25,557,032 in the document, 44,549,160 now" in told
    path.write_text(f"{NETWORK.format(' show=totals')}\n{END}\n")
    assert docs("update", path)[0] == 0 and "block 1" not in path.read_text()


def test_a_network_against_itself_stands_alone() -> None:
    found = content(read_directive("network?name=resnet50"), 1, "", BASE)
    assert "| network | resnet50 |" in found.lines and "ratio" not in "".join(found.lines)
    assert any(line.startswith("| stage 1 | 56 × 56 |") for line in found.lines)


def test_the_address_of_the_networks_page_is_a_directive() -> None:
    found = read_directive("https://lab.example.org/dense/networks?against=resnet18")
    assert found == Directive("network", Study().with_(against="resnet18"), ("graph", "totals", "stages"))


@settings(max_examples=20, deadline=None)
@given(study=studies())
def test_any_networks_document_is_current_and_holds_its_study(study: Study) -> None:
    text = living_network(study, BASE)
    assert read_directive(read_document(text).parts[0].directive).study == study
    state = judge(text, None, "https://elsewhere.example.org")
    assert [part.status for part in state.parts] == ["current"] and not state.is_changed


def test_measure_compares_whole_networks(tmp_path: Path, docs: Docs, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.md"
    path.write_text(f"{NETWORK.format(' show=totals')}\n{END}\n")
    good = Fake()
    measuring(monkeypatch, good)
    assert docs("update", "--measure", path)[0] == 0 and docs("check", "--measure", path)[0] == 0
    assert {job.network for job in good.asked if isinstance(job, NetworkJob)} == {
        network("densenet121"),
        network("resnet50"),
    }
    measuring(monkeypatch, Fake(more=128))
    code, told = docs("check", "--measure", path)
    assert code == 1 and "parameters, resnet50: 25,557,032 by closed form, 25,557,160 counted" in told
    measuring(monkeypatch, Fake(problem=Problem("worker_lost", "The worker is gone", "Try again")))
    code, told = docs("check", "--measure", path)
    assert code == 3 and "densenet121 could not be counted: The worker is gone. Try again." in told


# --- beside the live module -----------------------------------------------------------------------


class Fake:
    """An engine whose counts are the closed forms, ``more`` added to each count of parameters."""

    def __init__(self, more: int = 0, problem: Problem | None = None) -> None:
        self.more, self.problem, self.asked = more, problem, list[Job]()

    def submit(self, job: Job, waiter: str) -> State:
        self.asked.append(job)
        if self.problem is not None:
            return Failed(self.problem)
        answer = answer_for_page(job)
        if isinstance(job, CountJob | NetworkJob):
            answer = {**answer, "parameters": answer["parameters"] + self.more}  # the other is kept for all
        return Done(answer)

    def state(self, job: Job, waiter: str | None = None) -> State | None:
        return None

    def cancel(self, job: Job, waiter: str) -> None: ...

    def close(self) -> None: ...


def measuring(monkeypatch: pytest.MonkeyPatch, engine: Fake) -> None:
    monkeypatch.setattr("explorer.docs.measured.Engine", lambda: engine)


def test_measure_compares_every_block_that_is_shown(
    tmp_path: Path, docs: Docs, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.md"
    start = "<!-- explorer:begin {}?layers=2&height=8&width=8&in_channels=8&growth_rate=4 show=table{} -->"
    for kind, more, blocks in (("block", "", 1), ("compare", "", 3), ("block", ",memory", 1)):
        path.write_text(f"{start.format(kind, more)}\n{END}\n")
        good = Fake()
        measuring(monkeypatch, good)
        assert docs("update", "--measure", path)[0] == 0 and docs("check", "--measure", path)[0] == 0
        assert sum(isinstance(job, CountJob) for job in set(good.asked)) == blocks
        assert any(isinstance(job, StepJob) for job in good.asked) == bool(more)
    measuring(monkeypatch, Fake(more=128))
    text = path.read_text()
    own = study_theory(read_directive(start.split("begin ")[1].format("block", "").removesuffix(" -->")).study)
    form = own.dense.parameters
    code, told = docs("check", "--measure", path)
    assert code == 1 and f"parameters, dense: {form:,} by closed form, {form + 128:,} counted" in told
    assert docs("check", path)[0] == 0, "without it closed forms are enough"
    path.write_text(text.replace("layers=2", "layers=3"))
    before = path.read_text()
    assert docs("update", "--measure", path)[0] == 1 and path.read_text() == before, "nothing untrue is written"


def test_what_could_not_be_counted_gives_3_and_why(written: Path, docs: Docs, monkeypatch: pytest.MonkeyPatch) -> None:
    measuring(monkeypatch, Fake(problem=Problem("worker_lost", "The worker is gone", "Try again")))
    code, told = docs("check", "--measure", written)
    assert code == 3 and "dense could not be counted: The worker is gone. Try again." in told


def test_the_readme_is_borne_out_by_the_live_modules() -> None:
    command = [sys.executable, "-m", "explorer", "docs", "check", "--measure", "README.md"]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


# --- any document, any Study ----------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(study=studies(), kind=st.sampled_from(("block", "compare")), shows=st.permutations(SHOWS))
def test_any_part_is_what_its_directive_says_and_settles_at_once(study: Study, kind: str, shows: list[str]) -> None:
    query = "&".join(f"{name}={value}" for name, value in to_query(study).items())
    show = ",".join(shows[: 1 + len(query) % len(SHOWS)])
    words = f"{kind}?{query} show={show}"
    directive = read_directive(words)
    assert (directive.kind, directive.study, ",".join(directive.show)) == (kind, study, show)
    found = content(directive, 1, "a.md.explorer", BASE)
    assert found == content(directive, 1, "a.md.explorer", BASE)
    text = f"<!-- explorer:begin {words} -->\n{END}\n"
    if "graph" not in directive.show:
        state = judge(text, None, BASE)
        assert state.is_changed
        again = judge(state.after, None, BASE)
        assert not again.is_changed and [part.status for part in again.parts] == ["current"]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [BEGIN, END, "```", "~~~", "", "words", "    indented", f"`{BEGIN}`", "<!-- explorer:x -->", "\x0b"]
        ),
        max_size=12,
    ),
    st.sampled_from(("\n", "\r\n", "\r")),
)
def test_any_text_is_read_and_kept_or_refused_with_a_line(lines: list[str], ending: str) -> None:
    text = ending.join(lines)
    state = judge(text, Path("/nowhere/a.md"), BASE)
    assert state.before == text
    if all(part.status != "broken" for part in state.parts):
        assert read_document(text).text == text
    for part in state.parts:
        assert 1 <= part.line <= max(1, len(lines))


@settings(max_examples=30, deadline=None)
@given(study=studies())
def test_the_pages_own_tables_are_current_and_hold_their_study(study: Study) -> None:
    text = living(study, BASE)
    document = read_document(text)
    assert read_directive(document.parts[0].directive).study == study
    state = judge(text, None, "https://elsewhere.example.org")
    assert [part.status for part in state.parts] == ["current"] and not state.is_changed


def test_a_whole_address_is_a_directive() -> None:
    found = read_directive("https://lab.example.org/memory?layers=3&implementation=shared show=memory")
    assert found == Directive("block", Study().with_(layers=3, implementation="shared"), ("memory",))


def test_the_version_is_the_projects() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == VERSION


def test_the_table_has_the_closed_forms() -> None:
    rows = {row[0]: row[1] for row in block_table(Study()).rows}
    theory = study_theory(Study()).dense
    assert rows["MACs"] == f"{theory.macs:,}" and rows["output"] == "1 × 256 × 56 × 56"
    assert "saved for backward, bytes" not in {row[0] for row in block_table(Study().with_(mode="inference")).rows}


def test_a_check_needs_no_torch_and_under_a_second(written: Path) -> None:
    code = f"import sys\nfrom explorer.cli import main\nassert main(['docs', 'check', {str(written)!r}]) == 0\n"
    code += "assert not {'torch', 'streamlit', 'plotly'} & {*sys.modules}\n"
    took = []
    for _ in range(3):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, env=os.environ | {"PYTHONPATH": str(ROOT)})
        took.append(time.perf_counter() - start)
    assert min(took) < 1
