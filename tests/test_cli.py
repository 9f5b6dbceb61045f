from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from server import interrupted
from study_fakes import ABSENT, REFUSED, Instant

from explorer import cli
from explorer.bench.report import processor, table
from explorer.bench.rows import BenchRow, NotMeasured, Row
from explorer.codec import from_query, to_flags
from explorer.engine import Failed
from explorer.findings import Findings
from explorer.presets import PRESETS
from explorer.spec import FIELDS, CountJob, DenseBlockSpec, InputSpec, Study, TimeJob
from explorer.study import explore

ROOT = Path(__file__).parents[1]
COMMANDS = "describe, memory, gradients, network, networks, lesson, link, export, trace, serve, schema, docs, bench"
TINY = ["--in-channels", "4", "--growth-rate", "2", "--layers", "2", "--height", "5", "--width", "5"]


def instantly(study: Study) -> Findings:
    return explore(study, Instant())


def refused(study: Study) -> Findings:
    return explore(study, Instant(given={CountJob: Failed(REFUSED)}))


def absent(study: Study) -> Findings:
    return explore(study, Instant(given={CountJob: Failed(ABSENT), TimeJob: Failed(ABSENT)}))


def never(study: Study) -> Findings:
    raise AssertionError(f"measured {study}")


Capture = pytest.CaptureFixture[str]


# --- describe -------------------------------------------------------------------------------------


def test_describe_prints_findings_and_link(capsys: Capture) -> None:
    assert cli.main(["describe", "--layers", "4"], instantly) == 0
    out, err = capsys.readouterr()
    assert out.startswith("64 channels become 192 with 206,720 parameters")
    assert out.rstrip().endswith("http://127.0.0.1:8501/?layers=4")
    assert err == ""


def test_describe_json(capsys: Capture) -> None:
    assert cli.main(["describe", "--json", "--layers=4"], instantly) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["study"]["layers"] == 4
    assert document["link"] == "http://127.0.0.1:8501/?layers=4"
    assert document["dense"]["parameters"]["closed_form"] == document["dense"]["parameters"]["counted"]


@pytest.mark.parametrize("how", [refused, absent])
@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_what_was_not_measured_exits_3_with_closed_forms_and_the_reason(
    how: Callable[[Study], Findings], flags: list[str], capsys: Capture
) -> None:
    assert cli.main(["describe", *flags], how) == 3
    out = capsys.readouterr().out
    reason = REFUSED if how is refused else ABSENT
    assert reason.message in out and reason.advice in out
    assert "335040" in out.replace(",", "")


@pytest.mark.parametrize("name", PRESETS)
def test_flags_of_every_preset_lead_to_it(name: str, capsys: Capture) -> None:
    assert cli.main(["link", *to_flags(PRESETS[name])], never) == 0
    link = capsys.readouterr().out.strip()
    query = link.partition("?")[2]
    pairs = [tuple(pair.split("=")) for pair in query.split("&")] if query else []
    assert from_query((name, value) for name, value in pairs) == PRESETS[name]


def test_the_link_s_base_can_be_set(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPLORER_PUBLIC_URL", "https://lab.example.org/dense/")
    assert cli.main(["link", "--layers", "2"], never) == 0
    assert capsys.readouterr().out == "https://lab.example.org/dense/?layers=2\n"


# --- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ([], f"Say what to do: one of {COMMANDS}; --help explains them."),
        (["descibe"], f"The command must be one of {COMMANDS}, not 'descibe'."),
        (["link", "--layers", "65"], "layers must be a whole number from 1 to 64, not '65'."),
        (["describe", "--layers", "-1"], "layers must be a whole number from 1 to 64, not '-1'."),
        (["describe", "--layers", "six"], "layers must be a whole number from 1 to 64, not 'six'."),
        (["describe", "--layers"], "--layers needs a value: a whole number from 1 to 64."),
        (["describe", "--layers", "--json"], "--layers needs a value: a whole number from 1 to 64."),
        (["describe", "--layers", "2", "--layers", "3"], "layers must be given once, not '2, 3'."),
        (["describe", "--bottleneck", "maybe"], "bottleneck must be true or false, not 'maybe'."),
        (["describe", "--json=yes"], "--json takes no value, not 'yes'."),
        (["describe", "64"], "describe takes flags only, so '64' is not understood; --help lists them."),
        (["bench"], "Say what to bench: page, files, engine, memory, time or gradients."),
        (
            ["bench", "rowing"],
            "What to bench must be one of page, files, engine, memory, time, gradients, not 'rowing'.",
        ),
        (["bench", "page", "--runs", "0"], "runs must be a whole number from 1 to 1,000, not '0'."),
    ],
)
def test_bad_input_exits_2_with_one_sentence(line: list[str], sentence: str, capsys: Capture) -> None:
    assert cli.main(line, never) == 2
    out, err = capsys.readouterr()
    assert (out, err) == ("", sentence + "\n")


@pytest.mark.parametrize("word", ["--layer", "--lay", "--growthrate", "--k", "-k", "--Layers"])
def test_an_unknown_flag_is_named_with_those_there_are(word: str, capsys: Capture) -> None:
    assert cli.main(["describe", word, "3"], never) == 2
    err = capsys.readouterr().err
    assert word in err and "--growth-rate" in err and err.count("\n") == 1


def test_a_near_miss_is_pointed_out(capsys: Capture) -> None:
    cli.main(["link", "--growthrate", "3"], never)
    assert "did you mean --growth-rate?" in capsys.readouterr().err


# --- help -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", [["--help"], ["describe", "--help"], ["link", "-h"], ["bench", "--help"]])
def test_help_exits_0(line: list[str], capsys: Capture) -> None:
    assert cli.main(line, never) == 0
    out, err = capsys.readouterr()
    assert "python -m explorer" in out and err == ""


def test_help_names_every_flag_with_what_it_allows_and_its_default(capsys: Capture) -> None:
    cli.main(["describe", "--help"], never)
    out = " ".join(capsys.readouterr().out.split())
    for info in FIELDS.values():
        assert info.flag in out and info.domain.words in out
    assert "(default 32)" in out


# --- benchmarks -----------------------------------------------------------------------------------


def test_bench_prints_what_was_measured(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explorer.bench.engine.bench_engine", lambda runs: [BenchRow("count", 30, 28, 41, "ms", runs)])
    assert cli.main(["bench", "engine", "--runs", "3"], never) == 0
    assert capsys.readouterr().out.splitlines()[1].split() == ["count", "30.00", "28.00", "–", "41.00", "ms", "3"]


@pytest.mark.parametrize("what", ["memory", "time"])
def test_implementations_are_benched(capsys: Capture, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    from explorer.bench import implementations as bench

    small = {"a block": (DenseBlockSpec(6, 4, 2), InputSpec(2, 5, 5))}
    monkeypatch.setattr(bench, "BLOCKS", small)
    monkeypatch.setattr(bench, "BUDGETS", ())  # compiling takes long, and has tests of its own
    assert cli.main(["bench", what, "--runs", "2"], never) == 0
    printed = capsys.readouterr().out
    assert f"a block, list: {'kept' if what == 'memory' else 'step'}" in printed
    for name in bench.TRAINED[1:]:
        for amount in ("kept", "peak") if what == "memory" else ("step",):
            assert f"a block, {name}: {amount} ÷ list" in printed
    assert ("a block, fused: forward ÷ list" in printed) is (what == "time")


def test_a_benchmark_prints_json_with_the_machine_and_the_versions(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [BenchRow("count", 30.123, 28, 41, "ms", 3), NotMeasured("on a GPU", "no GPU here")]
    monkeypatch.setattr("explorer.bench.engine.bench_engine", lambda runs: rows)
    assert cli.main(["bench", "engine", "--json"], never) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["benchmark"] == "engine"
    assert found["machine"]["processor"] and found["machine"]["cores"] >= 1
    assert found["machine"]["memory_bytes"] is None or found["machine"]["memory_bytes"] > 1 << 28
    assert found["versions"]["python"].startswith(f"{sys.version_info[0]}.{sys.version_info[1]}.")
    assert found["versions"]["torch"] and found["versions"]["explorer"] in (ROOT / "pyproject.toml").read_text()
    assert found["rows"] == [
        {"name": "count", "median": 30.123, "low": 28, "high": 41, "unit": "ms", "runs": 3},
        {"name": "on a GPU", "not_measured": "no GPU here"},
    ]


def test_the_processor_is_named_as_the_system_names_it(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text("processor\t: 0\nmodel name\t: A Processor @ 2 GHz\n\nmodel name\t: other\n")
    assert processor(tmp_path) == "A Processor @ 2 GHz"
    assert processor(tmp_path / "nowhere")


def test_a_benchmark_that_could_not_run_says_why(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(runs: int) -> list[BenchRow]:
        raise RuntimeError("There is no browser.")

    monkeypatch.setattr("explorer.bench.page.bench_page", fails)
    assert cli.main(["bench", "page"], never) == 3
    assert capsys.readouterr() == ("", "There is no browser.\n")


def test_the_bench_table_is_aligned() -> None:
    rows: list[Row] = [
        BenchRow("start to first charts", 1.5, 1.25, 12.0, "s", 10),
        NotMeasured("what takes a GPU to measure", "no GPU"),
    ]
    head, row, missing = table(rows).splitlines()
    assert " ".join(row.split()) == "start to first charts 1.50 1.25 – 12.00 s 10"
    assert head.index("median") + len("median") == row.index("1.50") + len("1.50")
    assert missing == "what takes a GPU to measure  not measured: no GPU"
    assert row.index("1.50") > len("what takes a GPU to measure")
    assert table([]).split() == ["median", "low", "–", "high", "runs"]


# --- terminals ------------------------------------------------------------------------------------


class Terminal(io.TextIOWrapper):
    """A terminal of some encoding."""

    def __init__(self, encoding: str) -> None:
        self.bytes = io.BytesIO()
        super().__init__(self.bytes, encoding=encoding, errors="strict")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437", "utf-8"])
def test_a_terminal_without_the_signs_gets_their_nearest(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    terminal = Terminal(encoding)
    monkeypatch.setattr(sys, "stdout", terminal)
    assert cli.main(["describe"], instantly) == 0
    text = terminal.bytes.getvalue().decode(encoding)
    assert "?" not in text.partition("http")[0]
    assert ("✓" in text) == (encoding == "utf-8")
    if encoding == "ascii":
        assert "residual x 6" in text and "c0 = 64" in text


class Broken(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_a_reader_that_left_is_no_error(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdout", Broken())
    assert cli.main(["describe"], instantly) == 0
    assert capfd.readouterr().err == ""


def _raiser(error: BaseException) -> Callable[[Study], Findings]:
    def fails(study: Study) -> Findings:
        raise error

    return fails


def test_ctrl_c_ends_quietly(capsys: Capture) -> None:
    assert cli.main(["describe"], _raiser(KeyboardInterrupt())) == 130
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("error", [RuntimeError("a\nb"), MemoryError(), RecursionError("deep"), OSError(28, "full")])
def test_whatever_fails_unexpectedly_is_one_sentence(error: Exception, capsys: Capture) -> None:
    assert cli.main(["describe"], _raiser(error)) == 3
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and type(error).__name__ in err and "Traceback" not in err


# --- the real entry -------------------------------------------------------------------------------


def real(words: Sequence[str], **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "explorer", *words],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )


def test_describe_for_real() -> None:
    done = real(["describe", *TINY, "--json"])
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    for role in ("dense", "residual", "second"):
        block = document[role]
        assert block["parameters"]["closed_form"] == block["parameters"]["counted"]
        assert block["macs"]["closed_form"] == block["macs"]["counted"]
        assert block["saved_bytes"]["closed_form"] == block["saved_bytes"]["tracked"]
        assert block["times"]["forward"]["runs"] >= 3


def test_a_machine_without_the_device_exits_3_with_closed_forms() -> None:
    done = real(["describe", "--device", "cuda:97"])
    assert (done.returncode, done.stderr) == (3, "")
    assert "335,040" in done.stdout and "Not measured" in done.stdout and "✓" not in done.stdout


def test_a_plain_terminal_for_real() -> None:
    done = real(["describe", *TINY], LANG="C", LC_ALL="C", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert (done.returncode, done.stderr) == (0, "")
    assert "residual x 2" in done.stdout


@pytest.mark.parametrize("seconds", [1.0, 3.0])
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_sigterm_for_real(how: signal.Signals, seconds: float) -> None:
    """Ctrl-C as a terminal does it, to the whole process group, workers included; SIGTERM to the program alone.

    ``communicate`` returns only when the last process that holds the output has ended.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "explorer", "describe", "--layers", "64", "--batch", "2"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    time.sleep(seconds)
    out, err = interrupted(process, how)
    assert (process.returncode, out, err) == (130, "", "")


def test_a_broken_pipe_for_real() -> None:
    line = f"'{sys.executable}' -m explorer describe {' '.join(TINY)} | head -n 1"
    done = subprocess.run(["sh", "-c", line], cwd=ROOT, capture_output=True, encoding="utf-8", timeout=120)
    assert done.stdout.startswith("4 channels become") and done.stderr == ""
