"""No English is left in what a command prints, nor on the Lesson page, when another language is spoken."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pseudo import CLOSE, OPEN, SAME, of_markup, outside, pseudo_spoken
from study_fakes import Instant
from test_lesson_page import STATES, Draw, every_chapter, shown_of
from test_lesson_page import drawn as drawn

from explorer import cli
from explorer.documents.terminal import WIDTH, columns, wide, wrapped
from explorer.engine import Failed
from explorer.findings import Problem
from explorer.language import speaking
from explorer.spec import CompareJob, CountJob, GradientJob, LessonState, NetworkJob, StepJob, TimeJob, ViewSpec
from explorer.study import explore, measure_gradients, measure_lesson, measure_memory, measure_networks

Capture = pytest.CaptureFixture[str]
REFUSED = Failed(Problem("refused", "⟦Refused⟧", "⟦Try less⟧"))
EVERY = dict.fromkeys((CountJob, TimeJob, StepJob, CompareJob, NetworkJob, GradientJob), REFUSED)
BARE = dict.fromkeys((CountJob, StepJob), REFUSED)

#: What is the same in every language, beside what it is on a page.
CODE = (
    r"https?://\S*", r"python -m explorer [^\n]*", r"\b(densenet|resnet)[\w-]*", r"He et al\. \d+(, \w+ \d+)?",
    *SAME, r"\bPyTorch\b",
)  # fmt: skip


@pytest.fixture
def pseudo() -> Iterator[None]:
    with pseudo_spoken():
        yield


def printed(line: list[str], capsys: Capture, given: Any = None) -> tuple[int, str]:
    """The exit code of a command, and all that it prints."""
    engine = Instant(given=given)
    code = cli.main(
        ["--lang", "zh", *line],
        explore=lambda study: explore(study, engine),
        measure_memory=lambda study: measure_memory(study, engine),
        measure_networks=lambda study: measure_networks(study, engine),
    )
    told = capsys.readouterr()
    return code, told.out + told.err


TEXTS: tuple[list[str], ...] = (
    ["describe"], ["describe", "--mode", "inference"], ["describe", "--match", "parameters", "--layers", "1"],
    ["describe", "--bottleneck", "false", "--order", "post", "--layers", "40"],
    ["memory"], ["memory", "--largest", "resolution", "--optimiser", "adam"], ["memory", "--largest", "layers"],
    ["network", "densenet121"], ["network", "resnet50", "--measure"], ["network", "6-12-k24", "--measure"],
    ["network", "densenet121", "--against", "resnet50", "--measure", "--implementation", "shared"],
    ["networks"], ["link"], ["link", "--layers", "3"], ["lesson"], ["lesson", "--chapter", "99"],
    ["gradients", "--beside"], ["gradients", "--train", "--layers", "2"],
    ["export", "md"], ["export", "svg"], ["export", "html"], ["export", "html", "--measure"], ["export", "badge"],
)  # fmt: skip


@pytest.fixture
def instant(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the commands that measure by themselves are answered with, by the kind of the job."""
    given: dict[Any, Any] = {}

    def gradients(study: Any, **asked: Any) -> Any:
        return measure_gradients(study, Instant(given=given), **asked)

    monkeypatch.setattr("explorer.cli.gradients.measure_gradients", gradients)
    return given


@pytest.mark.parametrize("given", [{}, EVERY], ids=["measured", "refused"])
@pytest.mark.parametrize("line", TEXTS, ids=" ".join)
def test_no_english_is_left_in_what_a_command_prints(
    line: list[str], given: dict[Any, Any], instant: dict[Any, Any], pseudo: None, capsys: Capture
) -> None:
    instant.update(given)
    code, told = printed(line, capsys, given)
    assert code in (0, 2, 3) and (OPEN in told or line[0] in ("link", "lesson"))
    told = of_markup(told) if line[0] == "export" else told
    assert outside(re.sub(r"`[^`]*`", "", told), CODE) == []


@pytest.mark.parametrize("line", [one for one in TEXTS if one[0] in ("describe", "memory")], ids=" ".join)
def test_no_english_is_left_where_only_some_of_it_was_refused(line: list[str], pseudo: None, capsys: Capture) -> None:
    code, told = printed(line, capsys, BARE)
    assert code == 3 and outside(told, CODE) == []


@pytest.mark.parametrize("kind", ["tex", "mmd"])
def test_what_a_file_for_another_program_says_to_a_person_is_marked(kind: str, pseudo: None, capsys: Capture) -> None:
    words = {"tex": r"\\caption\{(.*)\}", "mmd": r"accTitle: (.*)"}[kind]
    code, told = printed(["export", kind], capsys)
    found = re.findall(words, told)
    assert code == 0 and found and [run for one in found for run in outside(one, CODE)] == []


def test_what_programs_read_is_the_same_in_every_language(pseudo: None, capsys: Capture) -> None:
    for line in (["export", "py"], ["export", "dot"], ["schema", "block"], ["schema", "network"]):
        assert OPEN not in printed(line, capsys)[1]


@pytest.mark.parametrize("name", ["DenseNet", "UNet", "Elsewhere", "InPlace", "Mixed"])
def test_no_english_is_left_in_a_trace(name: str, pseudo: None) -> None:
    import torch
    import traced_modules

    from explorer import trace
    from explorer.documents.trace_document import trace_text
    from explorer.pictures.trace_page import notes

    size = {"InPlace": (2, 3, 8, 8), "Elsewhere": (2, 3, 8, 8), "Mixed": (2, 4, 4, 4)}.get(name, (1, 3, 32, 32))
    module = getattr(traced_modules, name)()
    found = trace(module, torch.zeros(size))
    parts = {part for path, _module in module.named_modules() for part in path.split(".") if part}
    own = (r"[\w.]+\.\w+", *(rf"\b{part}\b" for part in parts), rf"\b(zeros in )?{name}\b")
    with speaking("zh"):
        text, told = trace_text(found), found.notes
        assert outside(text, (*CODE, *own)) == []
        assert all(one.startswith(OPEN) and one.endswith(CLOSE) for one in told)
        assert outside(of_markup(notes(found)), CODE) == []
    assert OPEN not in "".join(found.notes)


DOCUMENTS = {
    "none.md": "Nothing.\n",
    "empty.md": "<!-- explorer:begin block show=table -->\n<!-- explorer:end -->\n",
    "words.md": "<!-- explorer:begin block show=table -->\nMine.\n<!-- explorer:end -->\n",
    "sum.md": "<!-- explorer:begin block show=table -->\nMine.\n<!-- explorer:end sum=0123 -->\n",
    "wrong-sum.md": "<!-- explorer:begin block show=table -->\n<!-- explorer:end sum=x -->\n",
    "open.md": "<!-- explorer:begin block -->\n",
    "nested.md": "<!-- explorer:begin block -->\n<!-- explorer:begin block -->\n",
    "ended.md": "<!-- explorer:end -->\n",
    "marker.md": "<!-- explorer:middle -->\n",
    "beside.md": "x <!-- explorer:begin block -->\n",
} | {
    f"directive-{number}.md": f"<!-- explorer:begin {words} -->\n<!-- explorer:end -->\n"
    for number, words in enumerate(
        (
            "", "blok", "%%", "http://[", "block#x", "block?layers=65", "block show=tabel", "block show=xyz",
            "block show=table,table", "block show=table show=table", "block of=x", "block against=1",
            "block args=1", "block against=a:B args=x", "network against=a:B", "block against=a:B",
        )
    )
}  # fmt: skip
#: Of the person's own: what was written wrongly.
OWN = (r"“[^”]*”", r"'[^']*'", r"explorer:\w+", r"\w+=…|\w+=[\w:.,?&]*", r"package\.module:Name", r"--[a-z-]+")


def unsaid(text: str) -> list[str]:
    """What is left of a report but the names of files and lines."""
    return outside(re.sub(r"(?m)^\S+\.md(:\d+)?: ", "", text), (*CODE, *OWN))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_english_is_left_in_what_is_said_of_a_document(
    name: str, pseudo: None, capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text(DOCUMENTS[name], encoding="utf-8")
    for line in (["check", name], ["update", "--dry-run", name], ["update", name], ["check", name, "none.md"]):
        code, told = printed(["docs", *line], capsys)
        assert code in (0, 1, 3) and OPEN in told and unsaid(told) == [], told
    english = cli.main(["--lang", "en", "docs", "check", name])
    assert english in (0, 1, 3) and OPEN not in capsys.readouterr().out


def test_no_english_is_left_in_what_has_drifted(
    pseudo: None, capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "drifted.md"
    file.write_text("<!-- explorer:begin block show=graph,table -->\n<!-- explorer:end -->\n", encoding="utf-8")
    assert printed(["docs", "update", file.name], capsys)[0] == 0
    written = file.read_text(encoding="utf-8")
    assert OPEN not in written  # a part speaks its own language, whatever the terminal's is
    pictures = tmp_path / "drifted.md.explorer"
    (pictures / "1-light.svg").write_text("<svg/>", encoding="utf-8")
    for text in (written.replace("335,040", "335,041"), written.replace("| MACs", "| MAC"), written + "\n", written):
        file.write_text(text.replace("growth", "grows") if text == written else text, encoding="utf-8")
        code, told = printed(["docs", "check", file.name], capsys)
        data = (r"\b(parameters|MACs?|closed form)\b", r"\bk = \d+.*c₀ = \d+")  # of the document itself
        assert (
            code == 1
            and outside(re.sub(r"(?m)^\S+\.md(:\d+)?: |: .* in the|\S+\.svg", "", told), (*CODE, *OWN, *data)) == []
        )
    assert printed(["docs", "update", "--force", file.name], capsys)[0] == 0


# --- the Lesson page -----------------------------------------------------------------------------------------

#: What a lesson's own Chinese has of English: a quotation's word, the measure of ImageNet, and a language's code.
LESSON = (r"\b(Concatnate|He)\b", r"\btop[-\u2011]1\b", r"\ben\b")


@every_chapter
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("present", [False, True], ids=["page", "hall"])
def test_no_english_is_left_on_the_lesson_page(
    number: int, state: LessonState, present: bool, drawn: Draw, pseudo: None
) -> None:
    every: tuple[Any, ...] = (None, {})
    for states in every:
        sent = drawn(shown_of(number, state, states=states, view=ViewSpec(present=present)), "zh")
        assert outside(of_markup(sent.markup), (*CODE, *LESSON)) == []
        assert OPEN in sent.markup


@every_chapter
@pytest.mark.parametrize("state", STATES)
def test_no_english_is_left_in_a_hand_out(number: int, state: LessonState, pseudo: None) -> None:
    from explorer.documents.lesson_document import HandOut, lesson_markdown
    from explorer.lesson.reading import built_in

    chapter = built_in().chapters[number - 1]
    with speaking("zh"):
        answer, problem = measure_lesson(chapter.about, chapter.study, Instant())
        out = HandOut(built_in(), number, answer if state != "ask" else None, problem, state, "http://x.example")
        text = re.sub(r"`[^`]*`", "", lesson_markdown(out))
    assert outside(of_markup(text), (*CODE, *LESSON)) == []


# --- in a terminal -------------------------------------------------------------------------------------------


def test_a_chinese_character_takes_two_columns() -> None:
    assert wide("瓶颈层 3×3，") == 6 + 1 + 3 + 2
    with speaking("zh"):
        lines = columns([("", "参数"), ("稠密", "1"), ("residual", "12")])
        assert lines == ["          参数", "稠密         1", "residual    12"]


def test_a_chinese_text_breaks_between_characters_and_keeps_its_signs_in_line() -> None:
    text = "稠密块把前面所有层的输出拼接起来，再交给 torch.nn.Conv2d 这一层（即 3×3 卷积）处理。" * 6
    with speaking("zh"):
        lines = wrapped(text)
        assert len(lines) > 3 and all(WIDTH - 24 <= wide(line) <= WIDTH + 2 for line in lines[:-1])
        assert not any(line.lstrip()[0] in "，。；：！？、）” " for line in lines)
        assert "".join(line.strip() for line in lines).replace(" ", "") == text.replace(" ", "")
    assert wrapped("a " * 80)[0] == ("a " * 50).strip()
