"""Nonsense in links and command lines: a sentence and an exit code, never a traceback."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import parse_qsl, quote

import pytest
from study_fakes import ABSENT, REFUSED, Instant

from explorer.cli import main
from explorer.cli.sentences import BENCHMARKS
from explorer.codec import from_query, read_leniently, to_query
from explorer.engine import Failed
from explorer.findings import Findings
from explorer.pictures.words import headline
from explorer.spec import FIELDS, Choice, CountJob, SpecError, Study, Whole
from explorer.study import explore, findings

ROOT = Path(__file__).parents[1]
COUNT = 500
DEVICES = 4  # how many more times than another field the device is named: it decides whether anything can run
NONSENSE = (
    *("", " ", "0", "-1", "1.5", "1e3", "0x10", "１２", "٣", "NaN", "inf", "None", "null", "TRUE", "yes", "[]", "{}"),
    *(
        "9" * 30,
        "9" * 5000,
        "a" * 3000,
        "-" * 50,
        "--",
        "-",
        "=",
        "&",
        "%",
        "%s",
        "{0}",
        "\x00",
        "\x1b[31m",
        "\n",
        "\r\n",
    ),
    *(
        "é",
        "\udcff",
        "💥",
        "../../etc/passwd",
        "<script>alert(1)</script>",
        "'; DROP TABLE",
        "$(reboot)",
        "argument x: y",
    ),
    *(
        "cuda:100",
        "cuda:",
        "layer-0",
        "layer-99",
        "5-2",
        "source-",
        "auto ",
        "pre,post",
        "--help",
        "-h",
        "--json",
        "--layers",
    ),
)


def _legal(dice: random.Random, name: str) -> str:
    domain = FIELDS[name].domain
    if isinstance(domain, Whole):
        return str(dice.choice((domain.low, domain.high, dice.randint(domain.low, domain.high))))
    if isinstance(domain, Choice):
        return dice.choice(domain.options)
    words: dict[str, tuple[str, ...]] = {
        "device": ("auto", "cpu", "cuda", "cuda:1", "mps"),
        "select": ("layer-1", ""),
        "reference": ("64-32-12", "64-32-6-b2-plain-post", ""),
    }
    return dice.choice(words.get(name, ("true", "false")))


def _value(dice: random.Random, name: str, wild: float) -> str:
    """A legal value or, as often as ``wild`` says, nonsense, the number past an edge, or another field's value."""
    if dice.random() >= wild:
        return _legal(dice, name)
    domain = FIELDS[name].domain
    past: tuple[str, ...] = (str(domain.low - 1), str(domain.high + 1)) if isinstance(domain, Whole) else ()
    return dice.choice((*past, dice.choice(NONSENSE), dice.choice(NONSENSE), _legal(dice, dice.choice(list(FIELDS)))))


def _name(dice: random.Random, wild: float) -> str:
    name = dice.choice([*FIELDS, *["device"] * DEVICES])
    if dice.random() >= wild / 3:
        return name
    return dice.choice(("".join(dice.sample(name, len(name))), dice.choice(NONSENSE), "k", name.upper(), name[:-1]))


def _text(dice: random.Random, word: str) -> str:
    """``word`` as a link might carry it: quoted, half quoted, or raw."""
    return quote(word.encode("utf-8", "surrogateescape")) if dice.random() < 0.7 else word


def query(seed: int) -> str:
    dice = random.Random(seed)
    wild = dice.choice((0.0, 0.2, 0.6))
    names = [_name(dice, wild) for _ in range(dice.randint(0, 6))]
    values = [_value(dice, name, wild) if name in FIELDS else "x" for name in names]
    pairs = [f"{_text(dice, name)}={_text(dice, value)}" for name, value in zip(names, values, strict=True)]
    return dice.choice(("&", "&", "&&", ";" if wild else "&")).join(pairs)


def command_line(seed: int) -> list[str]:
    dice = random.Random(seed)
    wild = dice.choice((0.0, 0.0, 0.2, 0.6))
    words = [dice.choice(("describe", "describe", "describe", "link", "bench" if wild else "link"))]
    if dice.random() < wild / 3:
        words = dice.choice(([], [dice.choice(NONSENSE)]))
    for _ in range(dice.randint(0, 5)):
        name = _name(dice, wild)
        flag, value = "--" + name.replace("_", "-"), _value(dice, name, wild) if name in FIELDS else "x"
        orderly = ([flag, value], [f"{flag}={value}"])
        words += dice.choice(orderly if dice.random() >= wild / 3 else ([flag], [value], [value, flag]))
    if words[:1] == ["describe"] and dice.random() < 0.4:
        words.insert(dice.randint(1, len(words)), "--json")
    # "bench page" and its like are legal and slow; they have tests of their own.
    return ["link" if word in BENCHMARKS else word for word in words]


def _instantly(study: Study) -> Findings:
    """An engine's answer by the device asked for, so that every exit code occurs."""
    given = {"auto": None, "cpu": None, "mps": ABSENT}.get(study.run.device, REFUSED)
    return explore(study, Instant(given={CountJob: Failed(given)} if given else {}))


def test_500_links_are_read_or_refused_in_a_sentence() -> None:
    refused = 0
    for seed in range(COUNT):
        pairs = parse_qsl(query(seed), keep_blank_values=True)
        reading = read_leniently(pairs)
        for problem in reading.problems:
            refused += 1
            text = str(problem)
            assert text.endswith(".") and "\n" not in text and len(text) < 700 and text.isprintable(), (seed, text)
        assert from_query(to_query(reading.study).items()) == reading.study
        if reading.problems:
            with pytest.raises(SpecError):
                from_query(pairs)
        if seed % 10 == 0:
            assert headline(findings(reading.study)).endswith(".")
    assert refused > COUNT / 2


def test_500_command_lines_end_with_an_exit_code_and_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    codes: dict[int, int] = {}
    for seed in range(COUNT):
        line = command_line(seed)
        code = main(line, _instantly)
        out, err = capsys.readouterr()
        codes[code] = codes.get(code, 0) + 1
        assert code in (0, 2, 3), (seed, line)
        assert "Traceback" not in err + out and "unexpected" not in err, (seed, line, err)
        assert (code == 2) == bool(err), (seed, line, err)
        assert err.count("\n") <= 1 and err.strip("\n").isprintable(), (seed, err)
        assert (code == 2) == (not out), (seed, line)
    assert min(codes.get(code, 0) for code in (0, 2, 3)) >= 10, codes


def _real(words: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "explorer", *words], cwd=ROOT, capture_output=True, timeout=120, env=os.environ
    )


def _small(words: Sequence[str]) -> bool:
    """Whether a process can be given ``words`` at all, and they do not ask for a block of any size to be run."""
    if any("\x00" in word or len(word) > 1000 for word in words):
        return False
    return words[:1] != ["describe"] or main(words, _never) != 3


def _never(study: Study) -> Findings:
    raise RuntimeError("this one would be measured")


def test_12_command_lines_through_the_real_entry(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [line for line in map(command_line, range(COUNT, 3 * COUNT)) if _small(line)][:10]
    tiny = ["describe", "--in-channels", "3", "--growth-rate", "2", "--layers", "1", "--height", "4", "--width", "4"]
    for line in [*lines, tiny, [*tiny, "--json", "--device", "cuda:98"]]:
        capsys.readouterr()
        done = _real(line)
        assert done.returncode in (0, 2, 3), line
        assert b"Traceback" not in done.stderr + done.stdout, (line, done.stderr)
        assert (done.returncode == 2) == bool(done.stderr), (line, done.stderr)
