from __future__ import annotations

import dataclasses
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from strategies import studies
from study_fakes import ABSENT, CPU, REFUSED, answers, counted

from explorer.engine import Done, Failed, State
from explorer.findings import Findings, Problem, Quantity, Timing, to_builtins
from explorer.pictures import captions, words
from explorer.presets import PRESETS
from explorer.spec import Job, Study
from explorer.study import count_jobs, findings
from explorer.theory import study_theory


def measured(study: Study) -> Findings:
    return findings(study, answers(study))


# --- numbers --------------------------------------------------------------------------------------


def test_numbers_are_written_as_the_field_reads_them() -> None:
    assert words.thousands(1056) == "1,056"
    assert words.MILLION.full(1_040_449_536) == "1,040.4 million"
    assert words.output_sum(-1234.5678901) == "-1234.568" and words.output_sum(float("inf")) == "inf"
    assert [words.ms(x) for x in (23.24, 1.0, 0.996, 0.344, 0.0341, 0.0004, 1234.5)] == [
        "23.2",
        "1.0",
        "1.0",
        "0.34",
        "0.034",
        "0.0004",
        "1,234.5",
    ]
    assert [words.number_word(n) for n in (1, 6, 12, 13, 64)] == ["one", "six", "twelve", "13", "64"]


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (40_956_672, "MiB", "39.06 MiB"),
        (50_000, "KiB", "48.83 KiB"),
        (120, "bytes", "120 bytes"),
        (20 * 2**30, "GiB", "20.00 GiB"),
        (274_688 * 2**30, "TiB", "268.25 TiB"),
        (0, "MiB", "0.00 MiB"),
    ],
)
def test_bytes_take_the_unit_in_which_they_mean_something(value: int, unit: str, text: str) -> None:
    scale = words.byte_scale([value])
    assert (scale.unit, scale.full(value)) == (unit, text)


@given(st.lists(st.integers(1, 10**20), min_size=1, max_size=3))
def test_no_amount_is_rounded_to_nothing(values: list[int]) -> None:
    for scale in (words.byte_scale(values), words.byte_scale(values, 1), words.mac_scale(values)):
        for value in values:
            shown = float(scale.text(value).replace(",", "")) * scale.one
            assert shown == pytest.approx(value, rel=0.51)
            assert shown > 0


@pytest.mark.parametrize(
    ("value", "other", "ratio", "count", "amount"),
    [
        (335_040, 426_112, "0.79×", "21% fewer", "21% less"),
        (335_040, 215_808, "1.55×", "55% more", "55% more"),
        (1000, 1000, "1.00×", "equal", "equal"),
        (1004, 1000, "1.00×", "about equal", "about equal"),
        (1006, 1000, "1.01×", "1% more", "1% more"),
        (995, 1000, "0.99×", "1% fewer", "1% less"),
        (1994, 1000, "1.99×", "99% more", "99% more"),
        (1995, 1000, "2.00×", "2.0 times as many", "2.0 times as much"),
        (3300, 1000, "3.30×", "3.3 times as many", "3.3 times as much"),
        (123_456, 1000, "123×", "123 times as many", "123 times as much"),
        (4, 1000, "< 0.01×", "99.6% fewer", "99.6% less"),
        (1, 10_000, "< 0.01×", "over 99.9% fewer", "over 99.9% less"),
        (None, 1000, "", "", ""),
        (5, 0, "", "", ""),
    ],
)
def test_comparisons(value: int | None, other: int | None, ratio: str, count: str, amount: str) -> None:
    assert words.ratio(value, other) == ratio
    assert words.difference(value, other, "count") == count
    assert words.difference(value, other) == amount


@given(st.integers(1, 10**18), st.integers(1, 10**18))
def test_a_comparison_says_the_right_side_and_never_none_or_all(value: int, other: int) -> None:
    text = words.difference(value, other, "count")
    assert "100%" not in text and not text.startswith("0%")
    if "fewer" in text:
        assert value < other
    elif text not in ("equal", "about equal"):
        assert value > other


def test_timings_are_compared_only_where_their_middle_halves_are_apart() -> None:
    fast, slow = Timing(20, 19, 21, 30, 3), Timing(25, 24, 26, 30, 3)
    assert words.timing_difference(fast, slow) == ("0.80×", "20% less")
    assert words.timing_difference(fast, dataclasses.replace(slow, q1=20.5)) == ("", "no difference measured")
    assert words.timing_difference(Timing(75, 74, 76, 30, 3), slow) == ("3.00×", "3.0 times as long")
    assert words.timing_difference(fast, None) == ("", "")


# --- the headline ---------------------------------------------------------------------------------

HEADLINES = {  # verdicts that differ are joined by "but", those that agree by "and"
    "": "64 channels become 256 with 335,040 parameters: 21% fewer than six residual units of the same shape, "
    "but 55% more than ResNet-50’s own three.",
    "in_channels=256 layers=24 height=14 width=14": "256 channels become 1,024 with 2,837,760 parameters: 89% fewer "
    "than 24 residual units of the same shape, and 1% fewer than 24 residual units of width 44.",
    "growth_rate=128 layers=3 height=28 width=28": "64 channels become 448 with 2,068,608 parameters: 3.3 times as "
    "many as three residual units of the same shape, but about as many as three residual units of width 235.",
    "in_channels=1 growth_rate=1 layers=1": "1 channel becomes 2 with 50 parameters: 2.5 times as many as one "
    "residual unit of the same shape, but 7% fewer than one residual unit of width 2.",
}


@pytest.mark.parametrize("name", HEADLINES)
def test_headlines(name: str) -> None:
    values = {n: int(v) for n, v in (pair.split("=") for pair in name.split())}
    assert words.headline(findings(Study().with_(**values))) == HEADLINES[name]


def test_a_counterpart_named_twice_is_said_once() -> None:
    study = Study().with_(layers=1, match="macs")
    theory = study_theory(study)
    assert theory.residual.theory.spec == theory.second.theory.spec
    assert words.headline(findings(study)).count("residual") == 1


@settings(max_examples=300, deadline=None)
@given(studies())
@example(Study().with_(in_channels=4096, growth_rate=512, layers=64, bottleneck_factor=16))
@example(Study().with_(in_channels=4096, growth_rate=1, layers=1, bottleneck_factor=1))
@example(Study().with_(in_channels=1, growth_rate=512, layers=1, bottleneck_factor=16))
def test_every_study_has_a_headline_and_captions(study: Study) -> None:
    found = findings(study)
    theory = found.theory
    sentence = words.headline(found)
    lines = [
        words.where(found),
        captions.graph_title(study),
        captions.channels_title(theory),
        captions.channels_line(theory),
        captions.parameters_title(theory),
        captions.parameters_line(theory),
        captions.memory_title(found),
        captions.memory_line(found),
        captions.modules_title(theory),
        captions.matched_words(theory.residual),
        captions.matched_words(theory.second),
    ]
    for text in (sentence, *lines):
        assert "None" not in text and "  " not in text and "{" not in text and " ." not in text
        assert not re.search(r"\b(better|wins?|loses?|beats?)\b", text)
    assert sentence.endswith(".") and sentence.count(".") - len(re.findall(r"\d\.\d", sentence)) == 1
    tokens = re.findall(r"(?<![\w.,-])(\d[\d,]*\d|\d)(?![\d.%]|,\d| times)", sentence)
    numbers = [int(token.replace(",", "")) for token in tokens]
    for number in numbers:
        assert number in {
            study.block.in_channels,
            study.block.out_channels,
            theory.dense.parameters,
            *(getattr(c.theory.spec, f) for c in (theory.residual, theory.second) for f in ("units", "inner_width")),
        }, (number, sentence)
    assert f"{theory.dense.parameters:,}" in sentence


# --- the line under it ----------------------------------------------------------------------------


def test_where_names_block_input_device_and_torch() -> None:
    assert words.where(measured(Study())) == (
        "k = 32, L = 6, c₀ = 64 · input 1 × 64 × 56 × 56, float32 · built and run on CPU, 2 threads, torch 2.13.0"
    )


def _ran(study: Study, state: State | None) -> str:
    states: dict[Job, State] = {} if state is None else dict.fromkeys(count_jobs(study).values(), state)
    return words.ran_words(findings(study, states))


def test_where_says_why_nothing_ran() -> None:
    study = Study()
    fake = counted(count_jobs(study)["dense"], fake=True, refusal=REFUSED, output_sum=None)
    assert _ran(study, None) == "not yet run"
    assert _ran(study, Done(to_builtins(fake))) == ("not run on CPU, 2 threads, torch 2.13.0: counted on fake tensors")
    assert _ran(study.with_(device="cuda"), Failed(ABSENT)) == "not run: no GPU on this machine"
    assert _ran(study.with_(device="cuda:3"), Failed(ABSENT)) == "not run: no cuda:3 on this machine"
    assert _ran(study.with_(device="mps"), Failed(ABSENT)) == "not run: no Apple GPU on this machine"
    assert _ran(study, Failed(Problem("timed_out", "It took long"))) == "not run: it took too long"


def test_where_names_what_departs_from_the_default() -> None:
    study = Study().with_(bottleneck_factor=2, order="post", mode="inference", dtype="bfloat16")
    assert words.block_words(study) == "k = 32, L = 6, c₀ = 64, b = 2, post-activation"
    assert words.block_words(Study().with_(bottleneck=False)) == "k = 32, L = 6, c₀ = 64, without the 1×1"
    assert words.input_words(study) == "input 1 × 64 × 56 × 56, bfloat16, inference"
    build = dataclasses.replace(CPU, torch="2.13.0+cpu")
    assert words.device_words(build) == "CPU, 2 threads, torch 2.13.0"


def test_a_problem_reads_as_sentences() -> None:
    assert words.why(REFUSED) == "Needs 61.2 GiB, 22.0 are free. Lower the batch."
    assert words.why(Problem("failed", "It stopped.")) == "It stopped."


# --- captions -------------------------------------------------------------------------------------


def test_titles_state_the_finding() -> None:
    found = measured(Study())
    theory = found.theory
    assert captions.graph_title(Study()) == "Each Bottleneck reads everything before it and adds 32 channels"
    assert captions.graph_title(Study(), "paper") == "Every layer feeds every later one"
    assert captions.channels_title(theory) == "Concatenation writes 1,056 channels to add 192"
    assert captions.channels_line(theory).endswith("5.5 channels written for each new one.")
    assert captions.parameters_title(theory) == "Here the 1×1 costs 84,480 parameters more than it saves"
    assert captions.parameters_line(theory) == (
        "With it 335,040, without 250,560. At c₀ = 64, k = 32 it pays from L = 12."
    )
    assert captions.modules_title(theory) == (
        "6 Bottlenecks of four modules: parameters grow by 4,160 from each to the next"
    )


def test_the_memory_title_gives_both_peaks() -> None:
    study = Study()
    peaks = {"dense": 45_927_629, "residual": 61_131_981, "second": 40_000_000}
    states: dict[Job, State] = {
        job: Done(to_builtins(counted(job, peak_bytes=peaks[role]))) for role, job in count_jobs(study).items()
    }
    found = findings(study, states)
    assert captions.memory_title(found) == "Training this block peaks at 43.8 MiB, 0.75× the residual block’s 58.3"
    assert captions.memory_title(findings(study)) == "The peak of a training step is tracked while the block runs"
    inference = findings(study.with_(mode="inference"))
    assert captions.memory_title(inference).startswith("An inference forward peaks at ")
    assert "radients" not in captions.memory_line(inference)
    assert "loss = sum of the output" in captions.memory_line(found)


def test_the_1x1_is_judged_by_its_numbers_on_every_preset() -> None:
    for study in PRESETS.values():
        theory = study_theory(study)
        plain = study_theory(study.with_(bottleneck=False))
        costs = theory.dense.parameters - plain.dense.parameters
        assert ("costs" in captions.parameters_title(theory)) == (costs > 0)
        assert f"{abs(costs):,}" in captions.parameters_title(theory)
        assert f"{abs(costs):,}" in captions.parameters_title(plain)


# --- stamps ---------------------------------------------------------------------------------------


def test_stamps_say_where_a_number_comes_from() -> None:
    found, empty = measured(Study()), findings(Study())
    assert captions.stamp(found, found.dense, found.dense.parameters) == "✓ counted"
    assert captions.stamp(found, found.dense, found.dense.peak_bytes) == "tracked"
    assert captions.stamp(empty, empty.dense, empty.dense.parameters) == "closed form"
    assert captions.stamp(empty, empty.dense, empty.dense.peak_bytes) == "not measured"
    assert captions.time_stamp(found, found.dense) == "measured"
    waiting = dataclasses.replace(empty, waiting=("dense", "time"))
    assert captions.stamp(waiting, waiting.dense, waiting.dense.peak_bytes) == "measuring…"
    assert captions.time_stamp(waiting, waiting.dense) == "measuring…"
    refused = findings(Study(), dict.fromkeys(count_jobs(Study()).values(), Failed(REFUSED)))
    assert captions.time_stamp(refused, refused.dense) == "not run"
    absent = findings(Study(), dict.fromkeys(count_jobs(Study()).values(), Failed(ABSENT)))
    assert captions.time_stamp(absent, absent.dense) == "not measured"


def test_a_count_on_fake_tensors_has_a_stamp_of_its_own() -> None:
    for mode, peak in (("training", "tracked, not run"), ("inference", "✓ counted, not run")):
        study = Study().with_(mode=mode)
        job = count_jobs(study)["dense"]
        fake = counted(job, fake=True, output_sum=None, refusal=REFUSED)
        found = findings(study, {job: Done(to_builtins(fake))})
        assert captions.stamp(found, found.dense, found.dense.macs) == "✓ counted, not run"
        assert captions.stamp(found, found.dense, found.dense.peak_bytes) == peak
        assert captions.stamp(found, found.residual, found.residual.macs) == "closed form"
        wrong = findings(study, {job: Done(to_builtins(dataclasses.replace(fake, macs=1)))})
        assert captions.stamp(wrong, wrong.dense, wrong.dense.macs) == "✕ counts differ"


def test_macs_take_a_greater_unit_where_millions_are_too_long() -> None:
    for value, text in ((99 * 10**9, "99,000.0 million"), (10**11, "100.0 billion"), (4 * 10**14, "400.0 trillion")):
        assert words.mac_scale([value]).full(value) == text


def test_a_disagreement_shows_both_numbers() -> None:
    quantity = Quantity("parameters", "parameters", "", {"closed_form": 335_040, "counted": 335_168})
    assert captions.disagreement(quantity) == "Counted 335,168, 128 more."
    fewer = dataclasses.replace(quantity, values={"closed_form": 335_040, "counted": 335_039})
    assert captions.disagreement(fewer) == "Counted 335,039, 1 fewer."
    assert captions.disagreement(measured(Study()).dense.parameters) == ""


def test_origins_in_full() -> None:
    found = measured(Study())
    assert captions.origin_words(found.dense, found.dense.saved_bytes).startswith(
        "closed form = saved tensors, to the byte ("
    )
    job = count_jobs(Study())["dense"]
    fake = findings(Study(), {job: Done(to_builtins(counted(job, fake=True)))})
    assert "on fake tensors, not run" in captions.origin_words(fake.dense, fake.dense.macs)
