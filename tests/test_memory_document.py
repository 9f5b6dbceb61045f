"""``python -m explorer memory``: the same numbers as the page, as text and as JSON."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from explorer import cli
from explorer.cli.output import NOT_MEASURED, OK
from explorer.documents.memory_document import memory_json, memory_text
from explorer.documents.terminal import WIDTH
from explorer.findings import Comparison, Device, ImplementationStep, MemoryFindings, Plan, PlanRow, Problem
from explorer.measure.lives import step_track
from explorer.spec import Study
from explorer.study import measure_memory, memory_jobs
from explorer.theory import kept_bytes, study_theory

SMALL = Study().with_(in_channels=8, growth_rate=4, layers=3, height=6, width=6)
CPU = Device("cpu", "CPU, 2 threads", "2.13.0", 2, 24 << 30, 20 << 30)


def found(study: Study = SMALL) -> MemoryFindings:
    steps = {name: step_track(job) for name, job in memory_jobs(study).steps.items()}
    timed = tuple(ImplementationStep(name, 0, 0, (2.0, 3.0, 2.5)) for name in steps if name != "residual")
    rows = (PlanRow("list", (7, None), 9), PlanRow("shared", (9, None), 8), PlanRow("checkpoint", (11, None), 8))
    plan = Plan((24 << 30, 25 << 30), rows, 0, "CPU")
    return MemoryFindings(study, study_theory(study), steps, Comparison(CPU, timed), plan=plan)


def test_the_text_fits_a_terminal_and_has_every_number() -> None:
    text = memory_text(found())
    assert all(len(line) <= WIDTH for line in text.splitlines())
    for words in (
        "list",
        "checkpoint_1x1",
        "24 GB take 7 images with list",
        "25.0 GiB here",
        "> searched",
        "CPU, 2 threads",
    ):
        assert words in text


def test_the_json_has_both_origins_of_what_is_held() -> None:
    document = json.loads(json.dumps(memory_json(found(), "http://x/memory"), allow_nan=False))
    for name, one in document["implementations"].items():
        form = kept_bytes(SMALL.block, SMALL.input, "float32", name)
        assert one["held_bytes"] == {"closed_form": form, "tracked": form}
        assert one["peak_bytes"]["tracked"] > form and one["milliseconds"] == [2.0, 3.0, 2.5]
    assert document["fits"]["rows"][0] == {"name": "list", "largest": [7, None], "per_one": 9}
    assert document["study"]["layers"] == 3 and document["problems"] == {}


def test_what_is_missing_is_told_with_its_reason() -> None:
    missing = replace(found(), comparison=None, plan=None, problems={"comparison": Problem("refused", "Too large.")})
    assert "Not measured (comparison): Too large." in memory_text(missing)


@pytest.mark.parametrize("as_json", [False, True])
def test_the_command_prints_what_was_measured(capsys: pytest.CaptureFixture[str], as_json: bool) -> None:
    words = ["memory", "--layers", "3", "--optimiser", "adam", *(["--json"] if as_json else [])]
    asked: list[Study] = []

    def measure(study: Study) -> MemoryFindings:
        asked.append(study)
        return found()

    assert cli.main(words, measure_memory=measure) == OK
    assert asked == [Study().with_(layers=3, optimiser="adam")]
    assert "/memory?layers=3&optimiser=adam" in capsys.readouterr().out


def test_what_was_not_measured_is_an_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    missing = replace(found(), problems={"plan": Problem("timed_out", "It took too long.")})
    assert cli.main(["memory"], measure_memory=lambda _: missing) == NOT_MEASURED
    assert "It took too long." in capsys.readouterr().out


def test_a_real_engine_answers() -> None:
    answered = measure_memory(SMALL)
    assert not answered.problems and not answered.waiting
    assert answered.plan is not None and answered.comparison is not None
    assert all(step.milliseconds for step in (*answered.comparison.steps, *answered.comparison.residuals))
    for name, track in answered.steps.items():
        if name != "residual":
            assert track.kept_bytes == kept_bytes(SMALL.block, SMALL.input, "float32", name)
