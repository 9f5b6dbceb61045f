"""What stands below the Memory page's drawing: formulas, copies, what fits, and what is counted, as text."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import dense_blocks, inputs, studies

from explorer.engine import Done, State
from explorer.findings import (
    Comparison,
    CompiledStep,
    Device,
    ImplementationStep,
    MemoryFindings,
    Plan,
    PlanRow,
    Problem,
)
from explorer.measure.lives import step_track
from explorer.pictures.memory_cards import CARDS, card, cards, note
from explorer.pictures.memory_copies import COPIES, copies, written
from explorer.pictures.memory_counted import counted, device_figures
from explorer.pictures.memory_forms import forms, inference
from explorer.pictures.memory_plan import plan_line, plan_table, plan_title
from explorer.pictures.memory_words import course_title, headline, largest_part, progress
from explorer.pictures.rounds import beside
from explorer.spec import TRACKED, DenseBlockSpec, DType, Growth, InputSpec, Job, PlanJob, Study
from explorer.study import memory_findings, memory_jobs
from explorer.theory import held_forms, study_theory

CPU = Device("cpu", "CPU, 2 threads", "2.13.0", 2, 24 << 30, 20 << 30)
SMALL = Study().with_(in_channels=8, growth_rate=4, layers=3, height=6, width=6)


def found(study: Study = SMALL, **more: object) -> MemoryFindings:
    """Findings with every step tracked for real."""
    steps = {name: step_track(job) for name, job in memory_jobs(study).steps.items()}
    return MemoryFindings(study, study_theory(study), steps, **more)  # type: ignore[arg-type]


def compared(**times: tuple[float, ...]) -> Comparison:
    steps = tuple(ImplementationStep(name, 0, 0, taken) for name, taken in times.items())
    return Comparison(CPU, steps)


# --- closed forms -------------------------------------------------------------------------------------------------


def value(put: str) -> int:
    """What a form with numbers comes to."""
    return sum(int(a.replace(",", "")) * int(b.replace(",", "")) for a, b in re.findall(r"([\d,]+) · ([\d,]+)", put))


def symbols(study: Study) -> dict[str, int]:
    block = study.block
    return {
        "A": study.input.positions * study.run.bytes_per_element,
        "S": sum(block.width_before(layer) for layer in range(1, block.layers + 1)),
        "C": block.out_channels,
        "k": block.growth_rate,
        "L": block.layers,
        "b": block.bottleneck_factor,
        "e": study.run.bytes_per_element,
    }


@settings(max_examples=200)
@given(dense_blocks(), inputs(low=2), st.sampled_from(get_args(DType)))
def test_a_form_with_symbols_and_the_same_with_numbers_come_to_what_is_held(
    block: DenseBlockSpec, input: InputSpec, dtype: DType
) -> None:
    study = replace(Study().with_(dtype=dtype), block=block, input=input)
    for form in held_forms(study):
        assert value(form.substituted) == form.value
        code = re.sub(r"(?<=[\dA-Za-z)])(?=[A-Za-z(])", "*", form.symbolic.replace("·", "*").replace("−", "-"))
        assert eval(code, {"__builtins__": {}}, symbols(study)) == form.value  # our own formula
        assert form.quadratic == (form.names[0] == "list")


def test_each_form_says_whether_the_count_agrees() -> None:
    known = found()
    assert forms(known).count("equal to the count") == 4
    wrong = replace(known.steps["shared"], kept_bytes=5)
    told = forms(replace(known, steps={**known.steps, "shared": wrong}))
    assert told.count("equal to the count") == 3 and "counted 5 bytes" in told
    assert "equal" not in forms(replace(known, steps={}))


def test_inference_puts_fused_beside_the_others() -> None:
    told = inference(found())
    assert told.count("<tr>") == 6 and ">fused<" in told and "1.00×" in told


# --- copies -------------------------------------------------------------------------------------------------------


@settings(max_examples=20)
@given(dense_blocks(channels=12, growth=6, layers=6), st.sampled_from(COPIES))
def test_what_is_copied_adds_up_to_what_was_written(block: DenseBlockSpec, name: str) -> None:
    study = replace(SMALL, block=block)
    one = written(block, step_track(memory_jobs(study).steps[name]))
    c0, k, layers, out = block.in_channels, block.growth_rate, block.layers, block.out_channels
    read = [block.width_before(layer) for layer in range(1, layers + 1)]
    assert one.new == layers * k
    if name == "shared":
        assert (sum(one.again), one.backward) == (c0, 0)
        return
    assert one.new + sum(one.again) == sum(read[1:]) + out
    assert one.again[0] == c0 * layers and one.again[1:] == tuple(k * (layers - i) for i in range(1, layers + 1))
    assert one.backward == (sum(read[1:]) if name.startswith("checkpoint") else 0)


def test_the_bars_are_on_one_scale_and_wait_with_their_rows() -> None:
    known = found()
    assert copies(known).count('class="cp"') == copies(replace(known, steps={})).count('class="cp"') == len(COPIES)
    rows = copies(known).split('class="cp"')[1:]
    widths = {
        name: sum(float(w) for w in re.findall(r"width:([\d.]+)%", row)) for name, row in zip(COPIES, rows, strict=True)
    }
    assert widths["checkpoint"] == pytest.approx(100, abs=0.1)
    assert widths["shared"] < widths["concat"] < 100


# --- cards --------------------------------------------------------------------------------------------------------


def test_ratios_are_formed_round_by_round() -> None:
    one = beside((2.0, 30.0, 4.0), (1.0, 10.0, 2.0))
    assert one is not None and one.median == 2.0 and one.is_different
    assert beside((), ()) is None
    even = beside((1.0, 3.0, 2.0), (2.0, 2.0, 2.0))
    assert even is not None and not even.is_different


def test_a_card_says_held_peak_and_time() -> None:
    times = {"list": (10.0, 10.0, 10.0), "shared": (12.0, 12.5, 11.5), "concat": (9.0, 10.0, 11.0)}
    known = found(comparison=compared(**times))
    told = cards(known)
    assert told.count("<button") == len(CARDS) and told.count('aria-pressed="true"') == 1
    shared = told[told.index('data-value="shared"') :].split("</button>")[0]
    assert "12.0 ms" in shared and "1.20×" in shared
    assert "no difference" in told[told.index('data-value="concat"') :].split("</button>")[0]
    assert "not measured" in told[told.index('data-value="checkpoint"') :].split("</button>")[0]
    assert "not compiled" in told and "not tracked" in told


@given(studies())
@settings(max_examples=30, deadline=None)
def test_cards_stand_before_anything_is_known(study: Study) -> None:
    nothing = MemoryFindings(study, study_theory(study))
    assert cards(nothing).count("<button") == len(CARDS)
    assert headline(nothing) and course_title(nothing) and note(nothing) and progress(nothing) == ""
    assert forms(nothing) and copies(nothing) and counted(nothing) and inference(nothing)
    assert plan_table(nothing) and plan_title(nothing) and plan_line(nothing)


def test_a_failed_time_says_why_and_escapes_it() -> None:
    problem = Problem("refused", "Needs <b>9</b> GiB")
    failed = ImplementationStep("shared", 1, 1, (), problem=problem)
    listed = ImplementationStep("list", 1, 1, (3.0, 3.0, 3.0))
    told = cards(found(comparison=Comparison(CPU, (listed, failed))))
    assert 'title="Needs &lt;b&gt;9&lt;/b&gt; GiB."' in told


@pytest.mark.parametrize(("taken", "words"), [(42.46, "42.5 ms"), (101.5, "102 ms"), (1234.5, "1.23 s")])
def test_a_cards_time_has_three_digits(taken: float, words: str) -> None:
    listed = ImplementationStep("list", 1, 1, (taken,) * 3)
    assert f"<span>step {words}</span><b>1.00×</b>" in cards(found(comparison=Comparison(CPU, (listed,))))


def test_a_compiled_card_counts_what_it_holds() -> None:
    step = CompiledStep(CPU, "0.25", 4096, (8.0, 8.0, 8.0), (10.0, 10.0, 10.0), 20.0)
    known = found(compiled={"0.25": step})
    assert card(known, "compiled").held == 4096 and "0.80×" in cards(known)
    # Its milliseconds would not go with those of list's own card, which is of another run.
    assert 'title="8.0 ms, beside 10.0 ms of list in the same run"' in cards(known)
    assert "<span>step</span><b>0.80×</b>" in cards(known)
    assert "holds 4.00 KiB" in course_title(replace(known, study=SMALL.with_(implementation="compiled")))


# --- the head -----------------------------------------------------------------------------------------------------


def test_the_headline_tells_the_default_block() -> None:
    assert headline(found(Study())) == (
        "Plain code holds 39.06 MiB of this block for backward. One shared buffer holds 69% less, "
        "and the peak of a step falls 52%."
    )


@settings(max_examples=30, deadline=None)
@given(dense_blocks(channels=40, growth=8, layers=5))
def test_the_largest_part_of_a_peak_is_the_largest(block: DenseBlockSpec) -> None:
    study = replace(SMALL, block=block)
    track = step_track(memory_jobs(study).steps["list"])
    share, name = largest_part(study, track)
    assert 1 / 6 <= share <= 1 and name
    assert f"{round(100 * share)}% of it {name}" in course_title(
        MemoryFindings(study, study_theory(study), {"list": track})
    )


def test_what_runs_is_said_in_its_order() -> None:
    known = found()
    assert progress(replace(known, waiting=("list", "shared", "plan", "comparison"))) == (
        "Following every tensor of 2 steps…"
    )
    assert progress(replace(known, waiting=("plan", "comparison"))) == "Searching what fits…"
    assert progress(replace(known, waiting=("comparison",))) == "Timing the implementations side by side…"
    assert progress(replace(known, waiting=("compiled 0.1", "compiled 0.05"))) == "Compiling at budget 0.1, 2 to go…"


# --- what fits ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("largest", get_args(Growth))
def test_the_table_of_what_fits_shows_every_number(largest: Growth) -> None:
    study = Study().with_(largest=largest, layers=3, optimiser="adam")
    end = None if largest == "layers" else 4_000
    limits = tuple(n << 30 for n in (8, 16, 24, 80, 5))
    names = TRACKED if largest == "layers" else (*TRACKED, "residual")
    rows = tuple(PlanRow(name, (7 + i, 20 + i, 300 + i, end, 5_000 + i)) for i, name in enumerate(names))
    answer = Plan(limits, rows, machine="CPU, 2 threads")
    known = MemoryFindings(study, study_theory(study), plan=answer)
    table = plan_table(known)
    for row in answer.rows:
        for n in row.largest:
            shown = "64 or more" if n is None else f"{n:,} × {n:,}" if largest == "resolution" else f"{n:,}"
            assert f">{shown}<" in table
    assert "24 GB take" in plan_title(known) and "Adam" not in plan_title(known) and "(adam)" in plan_line(known)
    assert ("this machine" in table) == bool(answer.machine)
    empty = plan_table(replace(known, plan=None))
    assert empty.count("<tr") == table.count("<tr")


def test_a_machine_with_as_much_as_a_common_device_has_the_last_column_alone() -> None:
    limits = tuple(n << 30 for n in (8, 16, 24, 80, 24))
    answer = Plan(limits, (PlanRow("list", (1, 2, 3, 4, 3)),), machine="CPU, 2 threads")
    table = plan_table(MemoryFindings(SMALL, study_theory(SMALL), plan=answer))
    assert [*re.findall(r">([^<]*(?:GB|GiB))<", table)] == [
        "8 GB", "16 GB", "24 GB", "80 GB", "this machine, 24.0 GiB", "of list, at 80 GB",
    ]  # fmt: skip


def test_not_even_one_and_no_end_are_said() -> None:
    rows = (PlanRow("list", (0, 1, 2, 3)), PlanRow("shared", (1, 2, 3, None)), PlanRow("checkpoint", (1, 2, 3, None)))
    limits = tuple(n << 30 for n in (8, 16, 24, 80))
    known = MemoryFindings(SMALL, study_theory(SMALL), plan=Plan(limits, rows))
    table = plan_table(known)
    assert ">none<" in table and ">over " in table
    assert plan_title(known) == "24 GB take 2 images with list, 3 with shared, 3 with checkpoint"


@pytest.mark.parametrize(
    ("largest", "rows", "words"),
    [
        ("batch", (0, 1, 2), "no image with list, 1 image with shared, 2 images with checkpoint"),
        ("batch", (5, None, 2), "5 images with list, any number of images with shared, 2 images with checkpoint"),
        ("layers", (1, 2, None), "1 Bottleneck with list, 2 Bottlenecks with shared, 64 Bottlenecks or more with"),
        ("resolution", (0, 9, None), "nothing with list, 9 × 9 with shared, more than was searched with checkpoint"),
        ("layers", (None, None, None), "64 Bottlenecks, however the block is written"),
    ],
)
def test_the_title_says_one_none_and_no_end(largest: Growth, rows: tuple[int | None, ...], words: str) -> None:
    study = SMALL.with_(largest=largest)
    named = zip(("list", "shared", "checkpoint"), rows, strict=True)
    answer = Plan((24 << 30,), tuple(PlanRow(name, (n,)) for name, n in named))
    assert words in plan_title(MemoryFindings(study, study_theory(study), plan=answer))


def test_no_size_reads_as_nothing() -> None:
    """Little is held beside large weights, and the other way round."""
    wide = Study().with_(in_channels=4096, growth_rate=512, layers=1, height=2, width=1)
    large = Study().with_(batch=1024, height=1024, width=1024)
    for study in (wide, large):
        assert not re.search(r"(?<![\d,.])0\.00 ", note(MemoryFindings(study, study_theory(study))))


def test_as_much_is_said_as_such() -> None:
    study = SMALL.with_(layers=1, order="post", in_channels=64, growth_rate=32)
    assert "holds equal" not in headline(found(study)) and "holds about equal" not in headline(found(study))


def test_a_form_of_two_names_is_checked_for_both() -> None:
    known = found()
    wrong = replace(known.steps["concat"], kept_bytes=7)
    assert "counted 7 bytes" in forms(replace(known, steps={**known.steps, "concat": wrong}))


# --- what is counted ----------------------------------------------------------------------------------------------


def test_the_devices_own_figures_stand_beside_the_tracked() -> None:
    theory = study_theory(SMALL).dense
    own = theory.parameter_bytes + theory.buffer_bytes  # there before the allocator is watched
    step = ImplementationStep("list", 1 << 20, (10 << 20) + own, (1.0,), 11 << 20, 12 << 20)
    known = found(comparison=Comparison(replace(CPU, device="cuda:0", name="NVIDIA H100"), (step,)))
    assert "list 11.00 MiB above its weights at the peak, 10.00 of it tensors, 12.00 reserved" in device_figures(known)
    assert device_figures(found(comparison=compared(list=(1.0,)))).startswith("Not measured: CPU, 2 threads")
    assert device_figures(found()) == "Not measured yet."


def test_the_page_says_what_an_optimiser_would_add() -> None:
    told = counted(found(Study()))
    assert "momentum it has 1.28 MiB, Adam 2.56 MiB" in told


# --- jobs ---------------------------------------------------------------------------------------------------------


def test_what_is_drawn_is_followed_first_and_device_and_mode_do_not_matter() -> None:
    jobs = memory_jobs(SMALL.with_(implementation="shared", device="cuda", seed=3, mode="inference"))
    assert [*jobs.steps][:2] == ["shared", "list"] and {*jobs.steps} == {*TRACKED, "residual"}
    assert jobs.steps["list"] == memory_jobs(SMALL).steps["list"]
    assert jobs.plan.run.mode == jobs.comparison.run.mode == "training"
    assert isinstance(jobs.plan, PlanJob) and jobs.plan.limits[0] == 8 << 30


def test_findings_know_what_was_answered_and_what_is_open() -> None:
    jobs = memory_jobs(SMALL)
    from explorer.measure.jobs import perform

    states: dict[Job, State] = {jobs.steps["list"]: Done(perform(jobs.steps["list"]))}
    known = memory_findings(SMALL, states)
    assert [*known.steps] == ["list"] and known.waiting == () and not known.problems
    assert known.steps["list"] == step_track(jobs.steps["list"])
