"""Hand-outs, and the command that prints them."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

import pytest
from golden import golden
from study_fakes import Instant

from explorer import cli, environment, launch
from explorer.cli.lesson import lesson
from explorer.cli.parser import parser
from explorer.documents.lesson_document import HandOut, lesson_json, lesson_markdown
from explorer.findings import Answer, Problem
from explorer.language import speaking
from explorer.lesson.reading import BUILT_IN, built_in, read_lesson
from explorer.lesson.words import on_axis
from explorer.spec import LessonState, SpecError, Study
from explorer.study import measure_lesson

Capture = pytest.CaptureFixture[str]
BASE = "https://lab.example.org"


def hand_out(number: int, state: LessonState, file: str | None = None) -> HandOut:
    chapter = built_in().chapters[number - 1]
    answer, problem = measure_lesson(chapter.about, chapter.study, Instant())
    return HandOut(built_in(), number, answer if state != "ask" else None, problem, state, BASE, file)


@pytest.mark.parametrize(("number", "state"), [(5, "ask"), (6, "answer"), (1, "play")])
def test_a_hand_out_is_what_it_was(number: int, state: LessonState) -> None:
    text = lesson_markdown(hand_out(number, state))
    assert text == golden(f"lesson-{number}-{state}.md", text)


@pytest.mark.parametrize("number", range(1, 11))
def test_questions_alone_give_no_answer_away(number: int) -> None:
    text = lesson_markdown(hand_out(number, "ask"))
    reply = built_in().chapters[number - 1].reply
    assert str(reply.verdict) not in text and "So the claim" not in text
    assert "{" not in text and text.count("| --- |") == 1
    full = lesson_markdown(hand_out(number, "answer"))
    assert full.startswith(text.partition("\n| ")[0]) and "{" not in full
    assert str(reply.verdict) in full and f"Live: {BASE}/lesson" in full


def test_the_claim_is_translated_for_those_who_do_not_read_it() -> None:
    assert "(it concatenates channels" in lesson_markdown(hand_out(1, "ask"))
    with speaking("zh"):
        text = lesson_markdown(hand_out(1, "answer"))
    assert "使用了通道的拼接(Concatnate)操作,而非ResNet" in text and "it concatenates" not in text
    assert "拼接输出 96 个通道" in text


def test_chinese_is_typeset_wherever_it_leaves() -> None:
    with speaking("zh"):
        texts = [lesson_markdown(hand_out(number, "play")) for number in range(1, 11)]
    assert "| 共享，峰值（最高点） |" in texts[8]
    for text in texts:
        said = [line for line in text.splitlines() if not line.startswith(("> ", "    "))]
        assert not re.search(r"[\u4e00-\u9fff，。：；] +[\u4e00-\u9fff，。：；]", "\n".join(said))


def test_paper_has_the_numbers_of_the_page() -> None:
    out = hand_out(9, "answer")
    assert out.answer is not None
    text = lesson_markdown(out)
    assert all(f"| {on_axis(out.chapter.axis, value)} |" in text for value in out.answer.values)


def test_texts_of_a_file_make_no_markup() -> None:
    text = BUILT_IN.read_text(encoding="utf-8")
    text = text.replace("Concatenate, not add", "<script>x</script> [a](b) `c` | **d** *e*", 1)
    out = HandOut(read_lesson(text, "my.toml"), 1, None, None, "ask", BASE)
    assert lesson_markdown(out).startswith(
        "# 1 · &lt;script&gt;x&lt;/script&gt; \\[a\\](b) \\`c\\` \\| **d** \\*e\\*\n"
    )


def test_a_file_s_hand_out_says_how_to_serve_it() -> None:
    text = lesson_markdown(hand_out(2, "answer", "my lessons/a.toml"))
    assert "    python -m explorer lesson 'my lessons/a.toml' --chapter 2 --state answer\n" in text
    assert "    python -m explorer.launch --lesson 'my lessons/a.toml'\n" in text


def test_json_keeps_answers_to_those_who_ask_for_them() -> None:
    asked, told = lesson_json(hand_out(5, "ask")), lesson_json(hand_out(5, "answer"))
    assert asked["answer"] is None and not {"reply", "play"} & set(asked["chapter"])
    assert round(told["answer"]["values"]["block-1"], 3) == 1.552
    assert told["answer"]["facts"]["whole_resnet"] == 25_557_032
    json.dumps(told, allow_nan=False)


# --- the command ----------------------------------------------------------------------------------


def instantly(name: str, study: Study) -> tuple[Answer | None, Problem | None]:
    return measure_lesson(name, study, Instant())


def run(*words: str) -> int:
    options: argparse.Namespace = parser().parse_args(["lesson", *words])
    return lesson(options, BASE, instantly)


def test_it_lists_the_chapters_and_checks_a_file(tmp_path: Path, capsys: Capture) -> None:
    assert run() == 0
    assert " 5  Parameters against ResNet\n" in capsys.readouterr().out
    assert run("--lang", "zh") == 0
    assert " 5  参数：与 ResNet 相比\n" in capsys.readouterr().out
    assert run(str(BUILT_IN)) == 0
    assert capsys.readouterr().out == "chapters.toml: 10 chapters, in English and Chinese.\n"
    assert run(str(BUILT_IN), "--json") == 0
    assert json.loads(capsys.readouterr().out)["chapters"][9]["name"] == "networks"


def test_it_prints_one_chapter_or_all(capsys: Capture) -> None:
    assert run("--chapter", "5", "--state", "answer") == 0
    out = capsys.readouterr().out
    assert out.startswith("# 5 · Parameters against ResNet\n") and "needs 55% more" in out
    assert run("--state", "ask") == 0
    assert capsys.readouterr().out.count("\n# ") == 9
    assert run("--chapter", "9", "--lang", "zh") == 0  # whose worked example is measured
    assert "39.06 MiB" in capsys.readouterr().out


def test_what_was_not_measured_exits_3_with_the_question_and_the_reason(capsys: Capture) -> None:
    problem = Problem("timeout", "Stopped after 60 s", "Try again")
    options = parser().parse_args(["lesson", "--chapter", "5", "--state", "answer"])
    assert lesson(options, BASE, lambda _name, _study: (None, problem)) == 3
    out = capsys.readouterr().out
    assert "Stopped after 60 s." in out and "| Block 1 (6 layers, 3 units) |   | – |" in out
    assert "true of the whole network" not in out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nowhere.toml"], "nowhere.toml: there is no such file.\n"),
        (["."], ": is a folder, not a lesson file.\n"),
        (["--chapter", "11"], "chapter must be a whole number from 1 to 10, not 11.\n"),
        (["--chapter", "0"], "chapter must be a whole number from 1 to 10, not '0'.\n"),
        (["--state", "told"], "state must be one of ask, answer, play, not 'told'.\n"),
        (["--lang", "fr"], "lang must be one of auto, en, zh, not 'fr'.\n"),
        (["a.toml", "b.toml"], "lesson takes one file and flags, so 'b.toml' is not understood; --help lists them.\n"),
        (["--chaptre", "5"], "lesson has no flag '--chaptre' (did you mean --chapter?)"),
    ],
)
def test_what_cannot_be_is_one_sentence(words: list[str], told: str, capsys: Capture) -> None:
    assert cli.main(["lesson", *words]) == 2
    out, err = capsys.readouterr()
    assert out == "" and told in err and err.count("\n") == 1


def test_a_broken_file_is_told_by_line_and_in_the_asked_language(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "my.toml"
    path.write_text("version = 1\ntitle.en = 'x'\n\nchapter = []\n", encoding="utf-8")
    assert cli.main(["lesson", str(path)]) == 2
    assert capsys.readouterr().err == "my.toml, line 4, chapter: must have at least 1, not 0.\n"


# --- serving one ----------------------------------------------------------------------------------


def test_the_server_is_told_the_lesson_and_a_broken_one_ends_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    given: list[dict[str, str]] = []

    def served(host: str, port: int, names: object, variables: dict[str, str], browser: bool) -> int:
        given.append(variables)
        return 0

    monkeypatch.setattr(launch, "_run", served)
    monkeypatch.setattr(launch, "check_port", lambda host, port: None)
    monkeypatch.chdir(tmp_path)
    Path("good.toml").write_bytes(BUILT_IN.read_bytes())
    Path("bad.toml").write_text("version = 2\ntitle.en = 1\n", encoding="utf-8")
    assert launch.main(["--lesson", "good.toml"]) == 0
    assert environment.served_lesson(given[0]) == tmp_path / "good.toml"
    assert launch.main(["--lesson", ""]) == 0  # as make run says it
    assert environment.served_lesson(given[1]) is None
    assert launch.main(["--lesson", "bad.toml"]) == 2
    assert launch.main(["--lesson", "none.toml"]) == 2
    monkeypatch.setenv("EXPLORER_LESSON", "bad.toml")
    assert launch.main([]) == 2
    assert len(given) == 2
    told = capsys.readouterr().err.splitlines()
    assert told == [
        "bad.toml, line 1, version: must be 1, not 2.",
        "EXPLORER_LESSON must be the path of a lesson file, not 'none.toml'.",
        "bad.toml, line 1, version: must be 1, not 2.",
    ]


def test_the_variable_is_checked_where_the_program_starts() -> None:
    with pytest.raises(SpecError, match="EXPLORER_LESSON must be the path of a lesson file"):
        environment.check({"EXPLORER_LESSON": "/nowhere/at/all.toml"})
