"""What goes wrong, and the command line, in the language of whoever reads it."""

from __future__ import annotations

import gettext
import json
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from engine_jobs import engine, fake, settled
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer import cli, environment, launch
from explorer.arguments import told, wrapped
from explorer.cli.sentences import COMMANDS
from explorer.codec import from_json, from_query
from explorer.engine import Failed, words
from explorer.findings import Problem, from_builtins, to_builtins
from explorer.language import Said, either, language, language_of, of_environment, reason, said, speaking
from explorer.spec import (
    FIELDS,
    DenseBlockSpec,
    DenseNetSpec,
    DenseStackSpec,
    InputSpec,
    ResNetSpec,
    SpecError,
    Study,
    network,
    network_of,
    own_module,
)

ROOT = Path(__file__).parents[1]
OPEN, CLOSE = "⟦", "⟧"

TRANSLATED = {
    "{field} must be {allowed}, not {value}.": "{field} 必须是 {allowed}，而不是 {value}。",
    "a whole number from {low:,} to {high:,}": "从 {low:,} 到 {high:,} 的整数",
    "number of Bottlenecks, L": "瓶颈层的个数，L",
    "options": "选项",
    "usage: ": "用法：",
    "show this help message and exit": "显示这段帮助",
    "The worker process was killed while it {did} (signal {signal}).": "工作进程在{did}时被终止（信号 {signal}）。",
    "counted this block": "统计这个块",
    "{flag} needs a value: {allowed}.": "{flag} 需要一个值：{allowed}。",
}


class Tiny(gettext.NullTranslations):
    """A few texts in Chinese."""

    def gettext(self, message: str) -> str:
        return TRANSLATED.get(message, message)


class Pseudo(gettext.NullTranslations):
    """Every text in brackets, so that one that no catalogue was asked for stands outside of them."""

    def gettext(self, message: str) -> str:
        return f"{OPEN}{message}{CLOSE}"

    def ngettext(self, one: str, many: str, count: int) -> str:
        return self.gettext(one if count == 1 else many)


def catalogue(monkeypatch: pytest.MonkeyPatch, spoken: gettext.NullTranslations) -> None:
    found = {"en": gettext.NullTranslations(), "zh": spoken}
    monkeypatch.setattr("explorer.language._catalogue", found.__getitem__)


@pytest.fixture
def chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue(monkeypatch, Tiny())


@pytest.fixture
def pseudo(monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue(monkeypatch, Pseudo())


def outside(text: str) -> str:
    """What of ``text`` stands in no brackets."""
    depth, left = 0, []
    for sign in text:
        depth += (sign == OPEN) - (sign == CLOSE)
        if not depth and sign != CLOSE:
            left.append(sign)
    assert depth == 0, text
    return "".join(left)


# --- what a spec does not allow ---------------------------------------------------------------------

BAD: dict[str, Callable[[], object]] = {
    "whole": lambda: DenseBlockSpec(layers=65),
    "flag": lambda: DenseBlockSpec(bottleneck=3),  # type: ignore[arg-type]
    "choice": lambda: DenseBlockSpec(order="mid"),  # type: ignore[arg-type]
    "wholes": lambda: DenseNetSpec(block_config=()),
    "share": lambda: DenseNetSpec(compression=0.0),
    "too many channels": lambda: DenseNetSpec(block_config=(64, 64), growth_rate=512, compression=1.0),
    "shortcut": lambda: ResNetSpec(shortcut="padding"),
    "reach": lambda: DenseStackSpec(layers=3, reach=4),
    "pattern": lambda: from_query([("device", "tpu")]),
    "select": lambda: from_query([("select", "layer-60")]),
    "reference": lambda: from_query([("reference", "9999-32-6")]),
    "network": lambda: network("densenet12"),
    "no network": lambda: network("%%"),
    "own network": lambda: network_of("6-12-k999"),
    "of a field": lambda: network_of("densenot", "against"),
    "training on one value": lambda: Study(input=InputSpec(1, 1, 1)),
    "image too small": lambda: from_query([("image_size", "8")]),
    "section": lambda: Study(block=InputSpec()),  # type: ignore[arg-type]
    "twice": lambda: from_query([("layers", "2"), ("layers", "3")]),
    "unknown": lambda: from_query([("layer", "2")]),
    "no object": lambda: from_json([]),
    "huge": lambda: DenseBlockSpec(layers=10**50),
    "foreign": lambda: DenseBlockSpec(layers=(1, 2)),  # type: ignore[arg-type]
    "module": lambda: own_module("no", None, "."),
    "sizes": lambda: own_module("a:B", "x", "."),
    "threads": lambda: environment.check({"EXPLORER_THREADS": "many"}),
    "seconds": lambda: environment.check({"EXPLORER_COUNT_SECONDS": "-1"}),
    "address": lambda: environment.check({"EXPLORER_PUBLIC_URL": "here"}),
    "origins": lambda: environment.check({"EXPLORER_FRAME_ANCESTORS": "here there"}),
    "weights": lambda: environment.check({"EXPLORER_WEIGHTS": "/none"}),
}


def error_of(make: Callable[[], object]) -> SpecError:
    with pytest.raises(SpecError) as caught:
        make()
    return caught.value


@pytest.mark.parametrize("kind", BAD)
def test_a_spec_error_is_put_into_the_words_of_whoever_reads_it(kind: str, pseudo: None) -> None:
    error = error_of(BAD[kind])
    assert OPEN not in str(error) and "{" not in str(error) and str(error).startswith(f"{error.field} must be ")
    with speaking("zh"):
        assert str(error).startswith(OPEN) and str(error).endswith(CLOSE) and not outside(str(error))
        allowed = error.allowed  # alone code may stand: package.module:Name
        assert re.search(OPEN, allowed) or not re.search(r"\w \w", allowed)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_a_spec_error_in_chinese(chinese: None) -> None:
    error = error_of(lambda: DenseBlockSpec(layers=65))
    with speaking("zh"):
        assert str(error) == "layers 必须是 从 1 到 64 的整数，而不是 65。"
    assert str(error) == "layers must be a whole number from 1 to 64, not 65."


def test_every_help_text_and_domain_is_in_the_catalogues() -> None:
    from explorer.setup.catalogues import extracted

    known = {message.id for message in extracted()}
    for info in FIELDS.values():
        assert info.help in known, info.name
        assert info.domain.rule.template in known, info.name
    for where in (words.DOING, words._TOO_LONG):
        assert known >= set(where.values())


# --- what was not measured -------------------------------------------------------------------------

nested = st.recursive(
    st.text(max_size=8) | st.integers(-(10**9), 10**9) | st.floats(allow_nan=False, allow_infinity=False),
    lambda value: st.builds(
        lambda values: Said("".join(f"{{{name}}} " for name in values), tuple(values.items())),
        st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), value, max_size=3),
    ),
    max_leaves=6,
)


@given(nested)
def test_a_problem_passes_through_the_codec_and_json(value: str | float | Said) -> None:
    problem = Problem("failed", said("It broke: {fault}", fault=value), "as {it} is", 3)
    for passed in (to_builtins(problem), json.loads(json.dumps(to_builtins(problem)))):
        again = from_builtins(Problem, passed)
        assert again == problem and str(again.told) == str(problem.told)
        assert again.advice == "as {it} is"


def test_documents_have_a_problem_in_words(chinese: None) -> None:
    problem = words.worker_lost("count", -9)
    with speaking("zh"):
        assert to_builtins(problem.words)["message"] == "工作进程在统计这个块时被终止（信号 9, SIGKILL）。"
    assert problem.words.message == "The worker process was killed while it counted this block (signal 9, SIGKILL)."


PROBLEMS: dict[str, Callable[[], Problem]] = {
    "killed": lambda: words.worker_lost("count", -9),
    "signal": lambda: words.worker_lost("nothing known", -250),
    "ended": lambda: words.worker_lost("maps", 3),
    "not started": words.not_started,
    "late": lambda: words.timed_out("plan", 60.0),
    "late device": lambda: words.timed_out("device", 60.0),
    "late other": lambda: words.timed_out("other", 60.0),
    "cancelled": words.cancelled,
    "picture": words.picture_gone,
    "weights": words.weights_gone,
    "busy": lambda: words.busy(1000),
    "closed": words.closed,
    "plain": lambda: words.not_plain("a Tensor"),
}


@pytest.mark.parametrize("kind", PROBLEMS)
def test_what_the_engine_tells_is_wholly_put_into_words(kind: str, pseudo: None) -> None:
    problem = PROBLEMS[kind]()
    assert OPEN not in problem.message + problem.advice and "{" not in problem.message + problem.advice
    with speaking("zh"):
        assert not outside(problem.message) and not outside(problem.advice)


def test_a_problem_comes_out_of_a_real_worker_for_readers_of_two_languages(pseudo: None) -> None:
    with engine() as made:
        states = [settled(made, fake("raises", "a fault")), settled(made, fake("leave", "3"))]
    for state in states:
        if isinstance(state, Failed):
            english = state.problem.message
            with speaking("zh"):
                assert not outside(state.problem.message) and state.problem.message != english
            assert OPEN not in english
    assert any(isinstance(state, Failed) for state in states)


def test_a_device_that_is_not_there_is_told_in_both_languages(pseudo: None) -> None:
    from explorer.measure.jobs import perform
    from explorer.spec import DeviceJob

    problem = from_builtins(Problem, perform(DeviceJob("cuda:77"))["problem"])
    with speaking("zh"):
        assert not outside(problem.message) and not outside(problem.advice)


# --- the command line ---------------------------------------------------------------------------------

Capture = pytest.CaptureFixture[str]
WRONG: tuple[list[str], ...] = (
    [], ["descibe"], ["link", "--layers", "65"], ["describe", "--layers"], ["describe", "--json=yes"],
    ["describe", "64"], ["bench"], ["bench", "rowing"], ["bench", "page", "--runs", "0"], ["bench", "page", "--runs"],
    ["docs"], ["docs", "check"], ["docs", "check", "--force", "x"], ["docs", "update", "x", "--report", "no"],
    ["export"], ["export", "no"], ["export", "py", "--measure"], ["export", "py", "--theme", "dark"],
    ["export", "svg", "--theme", "no"], ["link", "--from", "/none"], ["link", "--from", "x", "--layers", "2"],
    ["network"], ["network", "densenet12"], ["network", "a", "b"], ["network", "densenet121", "--lay", "3"],
    ["trace"], ["trace", "no"], ["schema", "no"], ["describe", "--growthrate", "3"], ["describe", "--xyz"],
    ["export", "svg", "--output", "/none/at/all.svg"], ["serve", "--port", "no"], ["serve", "--port"],
    ["serve", "--no-browser=1"], ["serve", "--input", "1,2"], ["serve", "--what"], ["--lang", "xx", "networks"],
    ["--lang", "zh", "--lang", "en", "networks"], ["gradients", "--steps", "1"], ["memory", "--budget", "2"],
)  # fmt: skip


@pytest.mark.parametrize("line", WRONG, ids=" ".join)
def test_no_english_is_left_in_what_the_command_line_says_is_wrong(
    line: list[str], pseudo: None, capsys: Capture
) -> None:
    spoken = line if "--lang" in line else ["--lang", "zh", *line]
    monkeypatched = {"LANG": "zh_CN.UTF-8"} if "--lang" in line else {}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in monkeypatched.items():
            patch.setenv(name, value)
        assert cli.main(spoken) in (2, 3)
    err = capsys.readouterr().err
    assert err.startswith(OPEN) and outside(err) == "\n", err
    assert language() == "en"


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)], ids=lambda words: " ".join(words) or "top")
def test_no_english_is_left_in_help(
    command: list[str], pseudo: None, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100000")
    assert cli.main(["--lang", "zh", *command, "--help"]) == 0
    out = outside(capsys.readouterr().out)
    assert not re.search(r"[a-z]+ [a-z]+ [a-z]+", re.sub(r"\[[^\]]*\]|python -m explorer[ a-z.]*", "", out)), out


def test_help_and_errors_in_chinese(chinese: None, capsys: Capture) -> None:
    assert cli.main(["--lang", "zh", "describe", "--help"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("用法：") and "选项:" in out and "瓶颈层的个数，L" in out and "显示这段帮助" in out
    assert cli.main(["--lang=zh", "describe", "--layers"]) == 2
    assert capsys.readouterr().err == "--layers 需要一个值：从 1 到 64 的整数。\n"


@pytest.mark.parametrize(
    ("variables", "spoken"),
    [
        ({"LANG": "zh_CN.UTF-8"}, True),
        ({"LC_MESSAGES": "zh_TW", "LANG": "de_DE"}, True),
        ({"LC_ALL": "C", "LC_MESSAGES": "zh_CN", "LANG": "zh_CN"}, False),
        ({"LC_ALL": "", "LANG": "zh"}, True),
        ({"LANG": "C.UTF-8"}, False),
        ({}, False),
    ],
)
def test_the_terminal_s_language_is_that_of_its_environment(variables: dict[str, str], spoken: bool) -> None:
    assert (of_environment(variables) == "zh") is spoken
    assert environment.spoken(["networks"], variables) == (["networks"], "zh" if spoken else "en")


@pytest.mark.parametrize(
    ("line", "left", "spoken"),
    [
        ("--lang zh describe", "describe", "zh"),
        ("describe --lang=zh", "describe --lang=zh", "zh"),
        ("describe --lang zh --json", "describe --lang zh --json", "zh"),
        ("networks --json --lang zh", "networks --json", "zh"),
        ("--lang en describe --lang zh", "describe --lang zh", "en"),
        ("--lang auto networks", "networks", "en"),
        ("docs check -- --lang zh", "docs check -- --lang zh", "en"),
    ],
)
def test_lang_is_read_wherever_it_stands(line: str, left: str, spoken: str) -> None:
    assert environment.spoken(line.split(), {}, takes=("describe",)) == (left.split(), spoken)


def test_the_command_line_for_real() -> None:
    for flag, variables in ((["--lang", "zh"], {}), ([], {"LANG": "zh_CN.UTF-8"})):
        line = [sys.executable, "-m", "explorer", *flag, "link", "--layers", "65"]
        ran = subprocess.run(
            line,
            cwd=ROOT,
            env={"PATH": "", "PYTHONUTF8": "1"} | variables,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert ran.returncode == 2 and "65" in ran.stderr and "Traceback" not in ran.stderr and not ran.stdout


def test_the_launch_speaks_too(pseudo: None, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    for line in (["--port", "0"], ["--lang", "xx"], ["--nonsense"], ["--port"]):
        with speaking("en"):
            assert launch._spoken(line) == 2
        assert outside(capsys.readouterr().err) == "\n"
    for line in (["--lang", "en", "--port", "0"], ["--lang=en", "--nonsense"]):
        with speaking("en"):
            assert launch._spoken(line) == 2
        assert OPEN not in capsys.readouterr().err


@pytest.mark.parametrize("spoken", ["en", "zh"])
def test_no_bad_line_gives_a_traceback_in_either_language(spoken: str, pseudo: None, capsys: Capture) -> None:
    flags = [info.flag for info in FIELDS.values()]

    @settings(max_examples=300)
    @given(
        st.sampled_from(["link", "describe", "export", "network", "memory"]),
        st.sampled_from(flags),
        st.text(max_size=12),
    )
    def check(command: str, flag: str, value: str) -> None:
        name = flag[2:].replace("-", "_")
        domain = FIELDS[name].domain
        if domain.holds(domain.parse(value)) or flag == "--lang":
            return
        code = cli.main(["--lang", spoken, command, f"{flag}={value}"])
        out, err = capsys.readouterr()
        assert code == 2 and not out and err.count("\n") >= 1 and "Traceback" not in err
        assert (OPEN in err) is (spoken == "zh"), err

    check()


# --- small parts ---------------------------------------------------------------------------------------


def test_a_line_of_chinese_is_wrapped_by_columns() -> None:
    text = "稠密块的参数量与乘加次数，以及 reference-block 的（对照）。" * 3
    lines = wrapped(text, 24)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(not line.startswith(tuple("，。；：（）")[:4]) for line in lines)
    assert wrapped("", 9) == [] and wrapped("one two three", 8) == ["one two", "three"]


def test_what_argparse_says_becomes_a_sentence(pseudo: None) -> None:
    assert told("argument --port: expected one argument") == "Argument --port: expected one argument."
    assert told("unrecognized arguments: --a {b}") == "Unrecognized arguments: --a {b}."
    with speaking("zh"):
        assert not outside(told("unrecognized arguments: --a {b}"))


def test_what_the_system_says_and_either_of_several(pseudo: None) -> None:
    gone, odd = FileNotFoundError(2, "No such file or directory"), OSError(99, "An {odd} fault")
    assert str(reason(gone, "?")) == "No such file or directory" and reason(odd, "?") == "An {odd} fault"
    assert reason(ValueError(), "?") == "?" and language_of("zh") == "zh"
    with speaking("zh"):
        assert str(reason(gone, "?")) == f"{OPEN}No such file or directory{CLOSE}"
    assert str(either(["a", "b", "c"])) == "a or b or c" and either(["a"]) == "a"
