from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from hypothesis import given, settings
from strategies import studies
from study_fakes import ABSENT, CPU, REFUSED, answers, counted

from explorer.blocks import build
from explorer.documents.json_document import describe_json
from explorer.documents.session import session_text
from explorer.documents.source import pytorch_source
from explorer.documents.table import describe_text
from explorer.engine import Done, Failed, State
from explorer.findings import BlockMeasurement, Findings, Problem, to_builtins
from explorer.measure.jobs import perform
from explorer.presets import PRESETS
from explorer.spec import CountJob, Job, Study
from explorer.study import count_jobs, findings, time_job

LINK = "http://127.0.0.1:8501/"


def measured(study: Study) -> Findings:
    return findings(study, answers(study))


def without(study: Study, problem: Problem) -> Findings:
    return findings(study, dict.fromkeys([*count_jobs(study).values(), time_job(study)], Failed(problem)))


# --- table ----------------------------------------------------------------------------------------


def test_the_table_sets_origins_side_by_side() -> None:
    text = describe_text(measured(Study()))
    rows = {" ".join(line.split()) for line in text.splitlines()}
    assert rows >= {
        "dense 335,040 ✓ 335,040",
        "residual × 6 426,112 ✓ 426,112 0.79× 21% fewer",
        "ResNet-50 × 3 215,808 ✓ 215,808 1.55× 55% more",
        "dense 40,956,672 ✓ 40,956,672 39.06 MiB",
        "dense 10.0 9.9 to 10.1 30",
        "6 224 32 256 66,240 205.5 8.42",
    }


def test_overlapping_times_are_not_compared() -> None:
    study = Study()
    found = measured(study)
    assert found.dense.forward is not None and found.residual.forward is not None
    close = dataclasses.replace(found.residual.forward, q1=9.0)
    text = describe_text(dataclasses.replace(found, residual=dataclasses.replace(found.residual, forward=close)))
    assert "no difference measured" in text


def test_the_table_says_why_something_is_missing_and_keeps_the_closed_forms() -> None:
    text = describe_text(without(Study().with_(device="cuda"), ABSENT))
    assert "No GPU on this machine. Choose another device." in text
    assert "335,040" in text and "✓" not in text and "ms" not in text.split()


def test_a_disagreement_is_marked_with_both_numbers() -> None:
    job = count_jobs(Study())["dense"]
    found = findings(Study(), {job: Done(to_builtins(counted(job, parameters=335_168)))})
    text = describe_text(found)
    assert "335,040   ✕ 335,168" in text and "Counted 335,168, 128 more." in text


def _refused(job: CountJob) -> BlockMeasurement:
    return counted(job, fake=True, output_sum=None, refusal=REFUSED)


def test_counts_of_a_refused_block_are_said_not_to_come_from_a_run() -> None:
    study = Study()
    jobs = count_jobs(study)
    states: dict[Job, State] = {job: Done(to_builtins(counted(job))) for job in jobs.values()}
    states[jobs["dense"]] = Done(to_builtins(_refused(jobs["dense"])))
    text = describe_text(findings(study, states))
    assert "Not run (dense): Needs 61.2 GiB, 22.0 are free. Lower the batch. Counted on fake tensors" in text
    rows = {" ".join(line.split()) for line in text.splitlines()}
    assert "dense 335,040 ✓ 335,040 not run" in rows and "residual × 6 426,112 ✓ 426,112 0.79× 21% fewer" in rows
    assert text.count("  not run") == 4  # four quantities, of one block
    document = describe_json(findings(study, states), LINK)
    assert document["dense"]["ran"] is False and document["residual"]["ran"] is True
    assert "output_sum" not in document["dense"]


def test_the_table_tells_what_only_a_run_gives() -> None:
    study = Study()
    live = [
        (job, counted(job, output_sum=-1234.5678, saved_extra_bytes=1_048_576, device_peak_bytes=46_000_128))
        for job in count_jobs(study).values()
    ]
    found = findings(study, {job: Done(to_builtins(measurement)) for job, measurement in live})
    rows = {" ".join(line.split()) for line in describe_text(found).splitlines()}
    assert {"dense -1234.568 1,048,576", "sum of the output library's reserve, bytes"} <= rows
    assert any(row.startswith("dense") and row.split()[2] == "46,000,128" for row in rows)  # the allocator's
    document = describe_json(found, LINK)["dense"]
    assert (document["output_sum"], document["saved_extra_bytes"]) == (-1234.5678, 1_048_576)
    assert (document["receptive_field"], document["written_bytes"]) == (13, 1_056 * 56 * 56 * 4)


def test_inference_says_that_nothing_is_kept() -> None:
    text = describe_text(measured(Study().with_(mode="inference")))
    assert "Saved for backward, bytes: inference keeps nothing" in text
    assert "Training step" not in text and "Peak of an inference forward" in text


@settings(max_examples=60, deadline=None)
@given(studies())
def test_the_table_is_plain_narrow_and_complete_for_every_study(study: Study) -> None:
    for found in (findings(study), measured(study), without(study, REFUSED)):
        text = describe_text(found)
        assert max(map(len, text.splitlines())) <= 100
        assert "None" not in text and "\x1b" not in text and "\n\n\n" not in text and text.endswith("\n")
        for block in found.blocks:
            assert f"{block.theory.parameters:,}" in text and f"{block.theory.macs:,}" in text


# --- JSON -----------------------------------------------------------------------------------------


def test_json_gives_integers_by_origin() -> None:
    document = describe_json(measured(Study()), LINK)
    assert {"study", "link", "device", "dense", "residual", "second"} <= set(document)
    dense, residual, second = document["dense"], document["residual"], document["second"]
    assert dense["output_shape"] == [1, 256, 56, 56]
    assert dense["parameters"] == {"closed_form": 335_040, "counted": 335_040}
    assert dense["macs"] == {"closed_form": 1_040_449_536, "counted": 1_040_449_536}
    assert dense["saved_bytes"] == {"closed_form": 40_956_672, "tracked": 40_956_672}
    assert set(dense["peak_bytes"]) == {"tracked"}
    assert sum(layer["parameters"] for layer in dense["per_layer"]) == 335_040
    assert (residual["label"], residual["matched"]) == ("residual × 6", "depth")
    assert (second["label"], second["matched"]) == ("ResNet-50 × 3", "canonical")
    assert residual["parameters"]["counted"] == 426_112 and second["parameters"]["counted"] == 215_808
    assert dense["times"]["forward"]["median_ms"] == 10.0
    assert document["study"]["growth_rate"] == 32 and document["link"] == LINK
    assert document["device"]["name"] == CPU.name


def test_json_leaves_out_what_is_not_known() -> None:
    document = describe_json(without(Study().with_(device="cuda"), ABSENT), LINK)
    assert document["device"] is None
    for role in ("dense", "residual", "second"):
        block = document[role]
        assert set(block["parameters"]) == set(block["saved_bytes"]) == {"closed_form"}
        assert block["peak_bytes"] == {}
        assert "times" not in block and block["problem"]["message"] == ABSENT.message


def test_json_has_the_allocator_s_peak_where_there_is_one_and_the_closed_one_in_inference() -> None:
    study = Study().with_(mode="inference")
    job = count_jobs(study)["dense"]
    found = findings(study, {job: Done(to_builtins(counted(job, device_peak_bytes=9)))})
    assert set(describe_json(found, LINK)["dense"]["peak_bytes"]) == {"closed_form", "tracked", "device"}


@pytest.mark.parametrize("total", [math.inf, -math.inf, math.nan])
def test_json_stays_json_when_a_sum_overflows(total: float) -> None:
    job = count_jobs(Study())["dense"]
    found = findings(Study(), {job: Done(to_builtins(counted(job, output_sum=total)))})
    document = describe_json(found, LINK)
    assert document["dense"]["output_sum"] == str(total)
    json.dumps(document, allow_nan=False)


@settings(max_examples=60, deadline=None)
@given(studies())
def test_json_survives_a_round_trip_for_every_study(study: Study) -> None:
    for found in (findings(study), measured(study)):
        document = describe_json(found, LINK)
        assert json.loads(json.dumps(document, allow_nan=False)) == document


# --- PyTorch source -------------------------------------------------------------------------------

VARIANTS = [
    Study().with_(in_channels=5, growth_rate=3, layers=3, height=6, width=7, batch=2).with_(**more)
    for more in cast(
        tuple[dict[str, object], ...],
        (
            {},
            {"bottleneck_factor": 1},
            {"bottleneck_factor": 2, "dtype": "float64"},
            {"layers": 1},
            {"bottleneck": False},
            {"order": "post"},
            {"order": "post", "bottleneck": False, "bottleneck_factor": 7},
            {"mode": "inference", "dtype": "bfloat16", "seed": 11},
        ),
    )
]


def _module(study: Study) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "block"}
    exec(compile(pytorch_source(study), "block.py", "exec"), names)
    return names


@pytest.mark.parametrize("study", VARIANTS)
@pytest.mark.parametrize("training", [True, False])
def test_the_source_computes_what_the_measured_block_computes(study: Study, training: bool) -> None:
    block = study.block
    torch.manual_seed(1)
    ours = build(block).train(training)
    theirs = _module(study)["Denseblock"](block.in_channels, block.growth_rate, block.layers).train(training)
    theirs.load_state_dict(ours.state_dict(), strict=True)
    assert list(theirs.state_dict()) == list(ours.state_dict())
    assert repr(theirs) == repr(ours)
    x = torch.randn(2, block.in_channels, 6, 7)
    assert torch.equal(theirs(x), ours(x))
    for key, value in ours.state_dict().items():  # running statistics too
        assert torch.equal(theirs.state_dict()[key], value)


@pytest.mark.parametrize("study", [*VARIANTS[:1], *VARIANTS[-1:]])
def test_the_source_runs_alone(study: Study, tmp_path: Path) -> None:
    import runpy

    file = tmp_path / "block.py"
    file.write_text(pytorch_source(study), encoding="utf-8")
    names = runpy.run_path(str(file), run_name="__main__")
    assert tuple(names["output"].shape) == (2, study.block.out_channels, 6, 7)
    assert names["output"].dtype == getattr(torch, study.run.dtype)
    assert names["output"].requires_grad == (study.run.mode == "training")


@pytest.mark.parametrize("mode", ["training", "inference"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_source_draws_the_weights_and_the_input_of_the_measured_run(mode: str, dtype: str, tmp_path: Path) -> None:
    """So what is said of the measured run's output can be checked with the file."""
    import runpy

    changes = {"layers": 3, "height": 9, "width": 7, "batch": 2, "seed": 7, "mode": mode, "dtype": dtype}
    study = Study().with_(device="cpu", **changes)
    measured = perform(CountJob(study.block, study.input, study.run))["output_sum"]
    file = tmp_path / "block.py"
    file.write_text(pytorch_source(study), encoding="utf-8")
    output = runpy.run_path(str(file), run_name="__main__")["output"]
    assert float(output.detach().double().sum()) == pytest.approx(measured, rel=1e-4)


def test_the_source_names_a_device_only_where_one_was_asked_for() -> None:
    assert "device=" not in pytorch_source(Study())
    assert '.to(device="cuda:1", dtype=torch.float16)' in pytorch_source(
        Study().with_(device="cuda:1", dtype="float16")
    )


@given(studies())
def test_the_source_is_python_of_at_most_120_columns(study: Study) -> None:
    source = pytorch_source(study)
    compile(source, "block.py", "exec")
    assert max(map(len, source.splitlines())) <= 120
    assert f"Denseblock({study.block.in_channels}, {study.block.growth_rate}, {study.block.layers})" in source


# --- the session ----------------------------------------------------------------------------------

SESSION = """\
>>> block = Denseblock(64, 32, 6)
>>> print(block)
Denseblock(
  (denseblock): Sequential(
    (0): Bottleneck(
      (bn1): BatchNorm2d(64, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)
      (conv1): Conv2d(64, 128, kernel_size=(1, 1), stride=(1, 1), bias=False)
      (bn2): BatchNorm2d(128, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)
      (conv2): Conv2d(128, 32, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), bias=False)
    )
"""


def _with_structure(study: Study) -> Findings:
    job: CountJob = count_jobs(study)["dense"]
    states: dict[Job, State] = {job: Done(to_builtins(counted(job, structure=repr(build(study.block)))))}
    return findings(study, states)


def test_the_worked_example_s_session() -> None:
    text = session_text(_with_structure(PRESETS["The source text's block"]))
    assert text is not None
    text = text.replace("affine=True, bias=True,", "affine=True,")  # newer versions of torch print it too
    assert text.startswith(SESSION)
    assert text.endswith(
        ">>> output = block(torch.randn(1, 64, 256, 256))\n>>> output.shape\ntorch.Size([1, 256, 256, 256])\n"
        "# The measured run, with weights and input as the PyTorch file draws them (seed 0, CPU, 2 threads, torch "
        "2.13.0): the output’s sum was 1.5.\n"
    )
    assert [f"BatchNorm2d({c}, " in text for c in (64, 96, 128, 160, 192, 224)] == [True] * 6


@pytest.mark.parametrize("study", VARIANTS)
def test_the_session_comes_out_when_it_is_typed(study: Study) -> None:
    """Runs the session's own commands on the exported classes and compares what Python prints."""
    text = session_text(_with_structure(study))
    assert text is not None
    names = _module(study)
    printed: list[str] = []
    names["print"] = lambda value: printed.append(str(value))
    for line in text.splitlines():
        if line == ">>> output.shape":
            printed.append(repr(names["output"].shape))
        elif line.startswith(">>> "):
            exec(line.removeprefix(">>> "), names)
    assert [line for line in text.splitlines() if not line.startswith((">>>", "#"))] == "\n".join(printed).splitlines()


def test_the_session_of_a_refused_block_says_that_nothing_ran() -> None:
    job = count_jobs(Study())["dense"]
    text = session_text(findings(Study(), {job: Done(to_builtins(_refused(job)))}))
    assert text is not None
    assert text.startswith("# Needs 61.2 GiB, 22.0 are free. Lower the batch.\n# Not run: ")
    assert "measured run" not in text and "torch.Size([1, 256, 56, 56])" in text


def test_there_is_no_session_before_the_block_was_built() -> None:
    assert session_text(findings(Study())) is None
