"""What a lesson measures: published numbers through a real worker, other settings against closed forms, extremes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from strategies import dense_blocks, studies
from study_fakes import CPU, Instant, answer
from torch import nn

from explorer.blocks.dense import Denseblock
from explorer.engine import Done, Engine, Failed, Pending, State
from explorer.engine.schedule import AWAITED
from explorer.engine.states import TIMED
from explorer.engine.words import DOING, timed_out
from explorer.findings import Answer, Check, NetworkTheory, Problem, from_builtins
from explorer.language import LANGUAGES, speaking
from explorer.measure import checks
from explorer.measure.jobs import perform
from explorer.spec import (
    FIELDS,
    CheckJob,
    CountJob,
    DenseBlockSpec,
    DenseNetSpec,
    GradientJob,
    InputSpec,
    Job,
    ResNetSpec,
    SpecError,
    Study,
)
from explorer.study import MEASURES, lesson_answer, lesson_jobs, measure_lesson
from explorer.theory import network_theory, one_by_one, pays_from

#: Of each measure: fields that its chapter gives, values, digits that they are told with, facts as published.
PUBLISHED: dict[str, tuple[dict[str, Any], tuple[float, ...], int, dict[str, tuple[float, int]]]] = {
    "joined": ({}, (96, 64, 64, 0), 0, {"in_channels": (64, 0), "growth_rate": (32, 0), "out": (96, 0)}),
    "channels": ({}, (96, 128, 160, 192, 224, 256), 0, {"out": (256, 0), "written": (1_056, 0), "added": (192, 0)}),
    "drawings": ({}, (21, 6), 0, {"difference": (0, 9), "layers": (6, 0), "list_cats": (6, 0)}),
    "bottleneck": (
        {},
        (1.78, 1.34, 0.98, 0.74, 0.61),
        2,
        {"pays_from": (12, 0), "with_6": (335_040, 0), "without_6": (250_560, 0), "more_6": (84_480, 0)},
    ),
    "stages": (
        {},
        (1.55, 0.75, 0.40, 0.14),
        2,
        {
            "block_1": (1.55, 2),
            "block_1_more": (0.55, 2),
            "dense_1": (335_040, 0),
            "stage_1": (215_808, 0),
            "conv3_1": (221_184, 0),
            "out_1": (256, 0),
            "whole": (7_978_856, 0),
            "whole_resnet": (25_557_032, 0),
            "whole_ratio": (0.31, 2),
            "four_ratio": (0.27, 2),
        },
    ),
    "statistics": ({}, (864, 224), 0, {"again": (640, 0)}),
    "transition": (
        {},
        (0.5, 0.5, 0.125, 0.25),
        4,
        {
            "channels_in": (256, 0),
            "channels_out": (128, 0),
            "side_in": (56, 0),
            "side_out": (28, 0),
            "difference": (0, 5),
        },
    ),
    "memory": (
        {},
        (39.06, 12.26, 45.71, 21.95),
        2,
        {"held_less": (0.69, 2), "peak_less": (0.52, 2), "copies_at_peak": (0.28, 2), "conv1_at_peak": (0.40, 2)},
    ),
    "networks": (
        {},
        (0.31, 1.52, 0.47, 0.98),
        2,
        {
            "parameters_dense": (7_978_856, 0),
            "parameters_resnet": (25_557_032, 0),
            "held_dense": (124.64, 2),
            "held_shared": (38.58, 2),
            "held_resnet": (82.13, 2),
            "top1_dense": (74.434, 3),
            "top1_resnet": (76.130, 3),
        },
    ),
}
STACK = {"in_channels": 24, "growth_rate": 12, "layers": 24}
ORDER = ("bn1", "relu1", "conv1", "bn2", "relu2", "conv2")
SLOW = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    running = Engine()
    yield running
    running.close()


def found(name: str, study: Study, engine: Any) -> Answer:
    answer, problem = measure_lesson(name, study, engine)
    assert problem is None
    assert answer is not None
    return answer


def here(name: str, **fields: Any) -> tuple[tuple[float, ...], dict[str, float]]:
    """Measured in this process: values and facts."""
    answer = found(name, Study().with_(**fields), Instant(perform=perform))
    return answer.values, dict(answer.facts)


def checked(job: CheckJob) -> dict[str, float]:
    return dict(from_builtins(Check, perform(job)).values)


def refused(job: CheckJob) -> Problem:
    return from_builtins(Problem, perform(job)["problem"])


# --- what is published ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_numbers_are_measured(name: str, engine: Engine) -> None:
    fields, values, digits, facts = PUBLISHED[name]
    study = Study().with_(**fields)
    answer = found(name, study, engine)
    assert [round(value, digits) for value in answer.values] == list(values)
    known = dict(answer.facts)
    assert {fact: round(known[fact], places) for fact, (_, places) in facts.items()} == {
        fact: value for fact, (value, _) in facts.items()
    }
    assert set(known) == set(MEASURES[name].facts)
    assert answer.order == (ORDER if name == "statistics" else ())


def test_the_published_gradients_are_measured(engine: Engine) -> None:
    """To the two figures that they are told with; :mod:`test_gradients` has the other settings."""
    answer = found("gradients", Study().with_(**STACK), engine)
    assert len(answer.values) == 7
    assert answer.values[-1] == 1
    assert list(answer.values) == sorted(answer.values, reverse=True)
    facts = dict(answer.facts)
    assert answer.values[0] == facts["plain"]
    told = {"plain": 88_000, "residual": 18, "dense": 8.5, "plain_off": 6e-28, "residual_off": 1.0, "dense_off": 1.1}
    assert facts == {"layers": 24} | {fact: pytest.approx(value, rel=0.05) for fact, value in told.items()}


def test_every_measure_has_a_published_number() -> None:
    assert {*PUBLISHED, "gradients"} == set(MEASURES)


# --- other settings, against closed forms -----------------------------------------------------------------

widths = {"in_channels": st.integers(1, 96), "growth_rate": st.integers(1, 48)}
shapes = {**widths, "layers": st.integers(1, 9)}


@SLOW
@given(st.fixed_dictionaries(widths))
def test_concatenation_keeps_every_channel_and_addition_none(fields: dict[str, int]) -> None:
    values, facts = here("joined", **fields)
    c, k = fields["in_channels"], fields["growth_rate"]
    assert values == (c + k, c, c, 0)
    assert facts["out"] == c + k


@SLOW
@given(st.fixed_dictionaries(shapes))
def test_channels_lie_on_a_line(fields: dict[str, int]) -> None:
    values, facts = here("channels", **fields)
    c, k, layers = (fields[name] for name in ("in_channels", "growth_rate", "layers"))
    widths = tuple(c + k * n for n in range(1, layers + 1))
    assert values == widths
    assert (facts["out"], facts["written"], facts["added"]) == (widths[-1], sum(widths), k * layers)


@SLOW
@given(st.fixed_dictionaries(shapes))
def test_both_drawings_are_one_block(fields: dict[str, int]) -> None:
    values, facts = here("drawings", **fields)
    layers = fields["layers"]
    assert values == (layers * (layers + 1) / 2, layers)
    assert facts == {"layers": layers, "difference": 0, "list_cats": layers}


@settings(SLOW, max_examples=2)
@given(
    st.fixed_dictionaries(
        {
            "in_channels": st.integers(1, 64),
            "growth_rate": st.integers(1, 16),
            "bottleneck_factor": st.integers(1, 16),
        }
    )
)
def test_the_1x1_costs_and_pays_as_its_closed_form_says(fields: dict[str, int]) -> None:
    values, facts = here("bottleneck", **fields)
    for depth, value in zip((3, 6, 12, 24, 48), values, strict=True):
        block = Study().with_(**fields, layers=depth).block
        form = one_by_one(block, InputSpec())
        assert value == form.parameters_with / form.parameters_without
        if depth == 6:
            assert facts["more_6"] == form.parameters_cost
        if facts["pays_from"]:
            assert (value < 1) == (depth >= facts["pays_from"])
        else:
            assert value >= 1
    assert facts["pays_from"] == (pays_from(Study().with_(**fields).block, "parameters") or 0)


@settings(SLOW, max_examples=2)
@given(st.integers(1, 64))
def test_blocks_against_stages_are_those_of_both_networks(growth_rate: int) -> None:
    values, facts = here("stages", growth_rate=growth_rate)
    dense, units = (
        network_theory(spec, InputSpec(1, 64, 64)) for spec in (DenseNetSpec(growth_rate=growth_rate), ResNetSpec())
    )
    blocks, stages = _parameters(dense, "dense"), _parameters(units, "residual")
    assert values == tuple(a / b for a, b in zip(blocks, stages, strict=True))
    assert (facts["whole"], facts["whole_resnet"]) == (dense.parameters, units.parameters)
    assert (facts["four_dense"], facts["four_resnet"]) == (sum(blocks), sum(stages))
    assert facts["conv3_1"] == 6 * 9 * 4 * growth_rate**2
    assert facts["out_1"] == 64 + 6 * growth_rate


def _parameters(network: NetworkTheory, kind: str) -> list[int]:
    return [stage.parameters for stage in network.stages if stage.kind == kind]


@SLOW
@given(st.fixed_dictionaries(shapes))
def test_statistics_are_computed_for_every_reader_again(fields: dict[str, int]) -> None:
    values, facts = here("statistics", **fields)
    c, k, layers = (fields[name] for name in ("in_channels", "growth_rate", "layers"))
    assert values == (layers * c + k * layers * (layers - 1) // 2, c + (layers - 1) * k)
    assert facts["again"] == values[0] - values[1]


@SLOW
@given(st.fixed_dictionaries({**widths, "layers": st.integers(1, 4)}))
def test_a_transition_is_an_eighth_with_half_the_channels(fields: dict[str, int]) -> None:
    values, facts = here("transition", **fields)
    c, k, layers = (fields[name] for name in ("in_channels", "growth_rate", "layers"))
    out = c + k * layers
    assert values == (out // 2 / out, 0.5, out // 2 / out / 4, 0.25)
    assert (facts["channels_in"], facts["channels_out"]) == (out, out // 2)
    assert facts["difference"] < 1e-5


# --- what a chapter may rely on ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", MEASURES)
@settings(max_examples=25, deadline=None)
@given(study=studies())
def test_a_measure_depends_on_its_fields_alone(name: str, study: Study) -> None:
    measure = MEASURES[name]
    assert set(measure.fields) <= set(FIELDS)
    bare = Study().with_(**{field: study[field] for field in measure.fields})
    if name == "stages" and study.block.growth_rate > 259:
        with pytest.raises(SpecError):
            lesson_jobs(name, study)
        return
    assert lesson_jobs(name, study) == lesson_jobs(name, bare)
    columns = measure.columns(study)
    assert columns == measure.columns(bare)
    names = [column.name for column in columns]
    assert len(set(names)) == len(names) <= 64, "no more than a link may carry"
    assert all(column.note is None or len(str(column.note)) < 24 for column in columns)


@pytest.mark.parametrize("name", MEASURES)
@settings(max_examples=10, deadline=None)
@given(block=dense_blocks(96, 24, 12), image=st.integers(64, 256), batch_norm=st.booleans())
def test_an_answer_has_a_value_for_each_column_and_the_facts_that_were_told(
    name: str, block: DenseBlockSpec, image: int, batch_norm: bool
) -> None:
    study = replace(Study(), block=block).with_(image_size=image, batch_norm=batch_norm)
    measure, given_ = MEASURES[name], found(name, study, Instant(2))
    assert len(given_.values) == len(measure.columns(study))
    assert tuple(fact for fact, _ in given_.facts) == measure.facts
    assert sorted(given_.order) == sorted(measure.cards)
    assert all(fact.replace("_", "").isalnum() and fact == fact.lower() for fact in measure.facts)


@pytest.mark.parametrize("name", [name for name in MEASURES if name not in ("gradients", "memory")])
def test_a_fake_answers_as_the_worker_does(name: str, engine: Engine) -> None:
    """Where the closed forms say all of it; a fake's gradients and course of a step are made up."""
    study = Study()  # as published, which the engine knows by now
    real, fake = (found(name, study, one) for one in (engine, Instant()))
    assert fake.values == pytest.approx(real.values, rel=1e-9)
    assert dict(fake.facts) == pytest.approx(dict(real.facts), rel=1e-9, abs=1e-5)
    assert fake.order == real.order


@pytest.mark.parametrize("name", MEASURES)
def test_labels_can_be_said_in_every_language(name: str) -> None:
    study = Study()
    for language in LANGUAGES:
        with speaking(language):
            for column in MEASURES[name].columns(study):
                assert str(column.label)
            assert all(str(card) for card in MEASURES[name].cards.values())
            assert str(found(name, study, Instant()).source)


def test_columns_do_not_give_the_answer_away() -> None:
    for name, (_, values, _, _) in PUBLISHED.items():
        said = " ".join(f"{column.label} {column.note or ''}" for column in MEASURES[name].columns(Study()))
        assert not {f"{value:g}" for value in values if value > 9 or value % 1} & set(said.split()), name


# --- open, failed, nothing to show ------------------------------------------------------------------------


@pytest.mark.parametrize("name", MEASURES)
def test_nothing_is_told_while_a_job_is_open(name: str) -> None:
    jobs = list(lesson_jobs(name, Study()).values())
    states: dict[Job, State] = {job: Done(answer(job)) for job in jobs}
    assert lesson_answer(name, Study(), {}) == (None, None)
    assert lesson_answer(name, Study(), states | {jobs[-1]: Pending(True, 0, 0.0)}) == (None, None)
    lost = Problem("worker_lost", "It was.")
    assert lesson_answer(name, Study(), {jobs[-1]: Failed(lost)}) == (None, lost), "at once"
    assert lesson_answer(name, Study(), states)[1] is None


def test_who_waits_is_told_of_the_end_of_patience() -> None:
    given_, problem = measure_lesson("joined", Study(), Instant(10**9), timeout=0.05)
    assert given_ is None
    assert problem is not None
    assert problem.kind == "timed_out"


def test_a_worker_without_a_table_of_modules_leaves_no_number() -> None:
    def without(job: Job) -> Any:
        told = answer(job)
        return {**told, "rows": ()} if isinstance(job, CountJob) else told

    for name in ("statistics", "stages"):
        given_, problem = measure_lesson(name, Study(), Instant(perform=without))
        assert given_ is None
        assert problem is not None
        assert "torchinfo" in problem.message


def test_gradients_of_no_seed_leave_no_number() -> None:
    def lost(job: Job) -> Any:
        told = answer(job)
        return {**told, "runs": (), "lost": (0, 1, 2, 3, 4)} if isinstance(job, GradientJob) else told

    given_, problem = measure_lesson("gradients", Study(), Instant(perform=lost))
    assert given_ is None
    assert problem is not None
    assert problem.kind == "failed"


# --- checks -------------------------------------------------------------------------------------------


def test_a_check_is_awaited_like_a_count() -> None:
    kind = CheckJob("joined", DenseBlockSpec(), InputSpec()).kind
    assert kind in AWAITED
    assert kind not in TIMED
    assert kind in DOING
    assert "Trying" in timed_out(kind, 60).message


@SLOW
@given(dense_blocks(24, 8, 6), st.integers(1, 3), st.integers(1, 5), st.integers(1, 5))
def test_checks_hold_for_every_variant_of_a_block(block: DenseBlockSpec, batch: int, height: int, width: int) -> None:
    """Other orders, without the 1×1, on maps that are no square, of one place too."""
    size, layers = InputSpec(batch, height, width), block.layers
    seen = checked(CheckJob("joined", block, size))
    assert (seen["cat_channels"], seen["cat_same"]) == (block.in_channels + block.growth_rate, block.in_channels)
    assert seen["add_channels"] == block.in_channels
    seen = checked(CheckJob("drawings", block, size))
    assert (seen["arrows"], seen["cats"], seen["list_cats"]) == (layers * (layers + 1) / 2, layers, layers)
    assert seen["difference"] == 0


@SLOW
@given(dense_blocks(24, 8, 3), st.integers(2, 9), st.integers(2, 9))
def test_a_transition_drops_what_is_left_of_an_odd_side(block: DenseBlockSpec, height: int, width: int) -> None:
    assume(height * width > 1)
    seen = checked(CheckJob("transition", block, InputSpec(2, height, width)))
    assert (seen["side_in"], seen["side_out"]) == (height, height // 2)
    assert seen["macs"] == pytest.approx((height // 2) * (width // 2) / (height * width))
    assert seen["difference"] < 1e-5


def test_arrows_and_concatenations_are_those_that_ran(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawn as it is coded, every layer but the first reads one thing made of two."""
    monkeypatch.setattr(checks, "ListBlock", Denseblock)
    seen = checked(CheckJob("drawings", DenseBlockSpec(), InputSpec(1, 8, 8)))
    assert (seen["arrows"], seen["list_cats"]) == (1 + 5 * 2, 6)


def test_a_channel_that_is_changed_does_not_count_as_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    class Changes(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = torch.cat((x, x), 1)
            y[:, 1, 0, 0] += 1e-6
            return y

    monkeypatch.setattr(checks, "layers_of", lambda _block: [Changes()])
    seen = checked(CheckJob("joined", DenseBlockSpec(8, 8, 1), InputSpec(2, 4, 4)))
    assert (seen["cat_channels"], seen["cat_same"]) == (16, 7)


@pytest.mark.parametrize("what", ["joined", "drawings", "transition", "networks"])
def test_the_same_job_has_the_same_answer(what: Any) -> None:
    job = CheckJob(what, DenseBlockSpec(16, 8, 3), InputSpec(2, 6, 6))
    first = perform(job)
    torch.manual_seed(123)
    torch.rand(7)
    assert perform(job) == first


@pytest.mark.parametrize("what", ["joined", "drawings", "transition"])
def test_what_is_far_too_large_is_refused_at_once(what: Any) -> None:
    start = time.monotonic()
    huge = refused(CheckJob(what, DenseBlockSpec(4096, 512, 64, 16), InputSpec(1024, 1024, 1024)))
    assert huge.kind == "refused"
    assert "GMACs" in huge.message
    assert time.monotonic() - start < 10


@pytest.mark.parametrize("what", ["drawings", "transition"])
def test_what_would_take_minutes_is_refused(what: Any) -> None:
    slow = refused(CheckJob(what, DenseBlockSpec(64, 128, 16), InputSpec(1, 160, 160)))
    assert slow.kind == "refused"
    assert "GMACs" in slow.message


@pytest.mark.parametrize("what", ["joined", "drawings", "transition"])
def test_what_does_not_fit_is_refused_with_what_it_needs(what: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "describe", lambda _device: replace(CPU, free_bytes=2**20))
    problem = refused(CheckJob(what, DenseBlockSpec(), InputSpec()))
    assert problem.kind == "refused"
    assert problem.needed_bytes is not None
    assert problem.available_bytes == 2**20 < problem.needed_bytes


def test_the_smallest_and_the_deepest_block_are_run() -> None:
    assert checked(CheckJob("joined", DenseBlockSpec(1, 1, 1), InputSpec(1, 1, 1)))["cat_same"] == 1
    assert checked(CheckJob("drawings", DenseBlockSpec(1, 1, 1), InputSpec(1, 1, 1)))["arrows"] == 1
    assert checked(CheckJob("drawings", DenseBlockSpec(16, 8, 64), InputSpec(1, 8, 8)))["arrows"] == 2_080
    assert checked(CheckJob("transition", DenseBlockSpec(1, 1, 1), InputSpec(1, 2, 2)))["bytes"] == 0.125


def test_a_map_of_one_place_cannot_be_pooled() -> None:
    problem = refused(CheckJob("transition", DenseBlockSpec(), InputSpec(4, 1, 8)))
    assert problem.kind == "unsupported"
    assert "1 × 8" in problem.message
    with speaking("zh"):
        assert "1 × 8" in problem.message, "put into words when it is read"


def test_networks_that_would_be_too_wide_are_told() -> None:
    problem = refused(CheckJob("networks", DenseBlockSpec(64, 300), InputSpec()))
    assert problem.kind == "unsupported"
    assert "channels" in problem.message
