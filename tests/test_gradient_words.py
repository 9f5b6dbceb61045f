"""What the Gradients page says, for every way in which a measurement may come out."""

from __future__ import annotations

import dataclasses
import re

import pytest
from gradient_fakes import gradients, trained

from explorer.engine import Done, Failed, Pending, State
from explorer.findings import GradientsFindings, Problem, to_builtins
from explorer.findings.gradients import Spread
from explorer.pictures import edges_svg, fan_svg, figure_gradients, gradient_cards
from explorer.pictures import gradient_words as words
from explorer.pictures.log_axis import LogAxis
from explorer.spec import GradientJob, Job, Joined, Study, TrainJob
from explorer.study import beside_jobs, gradient_jobs, gradients_findings, training_jobs

STUDY = Study().with_(in_channels=24, growth_rate=12, layers=24)


def found(
    plain: float,
    residual: float,
    dense: float,
    study: Study = STUDY,
    accuracy: dict[Joined, float | None] | None = None,
    *,
    beside: bool = False,
) -> GradientsFindings:
    ratios: dict[Joined, float] = {"plain": plain, "residual": residual, "dense": dense}
    jobs: list[Job] = list(gradient_jobs(study).values())
    if beside:
        jobs += [job for job in beside_jobs(study) if isinstance(job, GradientJob)]
    if accuracy is not None:
        jobs += [job for each in training_jobs(study).values() for job in each]

    def answered(job: Job) -> State:
        if isinstance(job, TrainJob):
            return Done(to_builtins(trained(job, ratios, accuracy or {})))
        assert isinstance(job, GradientJob)
        return Done(to_builtins(gradients(job, ratios)))

    return gradients_findings(study, {job: answered(job) for job in jobs})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (88_123.0, "88,000"),
        (18.2, "18"),
        (8.54, "8.5"),
        (0.999, "1.0"),
        (1.0, "1.0"),
        (0.171, "0.17"),
        (6.2e-28, "6·10⁻²⁸"),
        (0.96e-48, "10⁻⁴⁸"),
        (5.1e6, "5,100,000"),
        (3e9, "3·10⁹"),
        (0.0, "0"),
    ],
)
def test_ratios_have_two_figures(value: float, text: str) -> None:
    assert words.figure(value) == text


@pytest.mark.parametrize(
    ("values", "setting", "text"),
    [
        (
            (88_000, 18, 8.5),
            {},
            "With BatchNorm a plain stack’s gradient does not vanish: on its way back it grows .*×. "
            "Residual keeps that to .*×, dense to .*×.",
        ),
        (
            (6e-28, 1.0, 1.1),
            {"batch_norm": False},
            "Without BatchNorm the plain stack’s gradient vanishes, to .*·10⁻²⁸ of itself. "
            "Adding cures it as well as concatenating: .* and .*",
        ),
        (
            (1e-9, 2_100, 2.5),
            {"batch_norm": False, "init": "half"},
            "Without BatchNorm, with halved weights the plain stack’s gradient vanishes, .* Adding: .*",
        ),
        (
            (0.17, 2_100, 2.5),
            {"batch_norm": False, "init": "he"},
            "Without BatchNorm, with He’s weights, on its way back from layer 24 to layer 1, the gradient of plain "
            "falls to 0..*×, of residual grows .*× and of dense .*",
        ),
        ((5.0, 6.0, 4.0), {}, "With BatchNorm, on its way back .*of plain grows .*, of residual grows .*"),
    ],
)
def test_the_headline_follows_what_was_measured(
    values: tuple[float, float, float], setting: dict[str, object], text: str
) -> None:
    assert re.fullmatch(text, words.headline(found(*values, STUDY.with_(**setting))))


def test_before_anything_is_measured_nothing_is_claimed() -> None:
    open_ = gradients_findings(STUDY, {job: Pending(False, 0, 0.0) for job in gradient_jobs(STUDY).values()})
    assert words.headline(open_).startswith("Three stacks of 24 layers")
    assert not re.search(r"\d×", words.headline(open_) + words.fan_title(open_) + words.edges_title(open_))
    assert open_.waiting == 3 and not open_.measured
    why = Problem("refused", "One pass takes 99 GMACs", "Lower the growth rate.")
    failed = gradients_findings(STUDY, {job: Failed(why) for job in gradient_jobs(STUDY).values()})
    assert words.headline(failed) == "The gradients of these stacks were not measured"
    assert "99 GMACs" in words.missing(failed)


def test_one_layer_has_nothing_to_compare() -> None:
    one = found(1, 1, 1, STUDY.with_(layers=1))
    assert words.headline(one).startswith("With one layer there is no way back")
    assert words.edges_title(one) == "x₁ gets all of its gradient straight from the loss"


def test_accuracy_stands_with_the_gradient_and_a_lost_seed_is_told() -> None:
    read: dict[Joined, float | None] = {"plain": 0.13, "residual": None, "dense": 0.98}
    both = found(88_000, 18, 8.5, accuracy=read)
    side = fan_svg.beside(both)
    assert "5 of 5 diverged" in side and ">13</text>" in side and ">98</text>" in side
    assert words.learns_note(both) == "Plain starts with the largest gradients and learns least: size is not use."
    after = found(88_000, 18, 8.5, STUDY.with_(trained=True), read)
    assert words.headline(after) == (
        "After 200 steps the stacks read of the held-back digits: plain 13%, residual has diverged, dense 98%."
    )
    assert "diverged" in fan_svg.beside(after)


def test_every_layer_has_its_place_and_one_is_lit() -> None:
    one = found(88_000, 18, 8.5)
    drawn = fan_svg.fan(one, fan_svg.WIDE)
    assert {int(n) for n in re.findall(r'data-at="(\d+)"', drawn)} == set(range(1, 25))
    assert {int(n) for n in re.findall(r'data-points="(\d+)"', drawn)} == set(range(1, 25))
    assert "nan" not in drawn and "plain" in drawn
    for picture in (edges_svg.matrix(one), edges_svg.readers(one)):
        assert {int(n) for n in re.findall(r'data-at="(\d+)"', picture)} == set(range(25))
        assert "nan" not in picture


def test_the_matrix_says_what_comes_straight_from_the_loss() -> None:
    one = found(88_000, 18, 8.5)
    assert words.edges_title(one) == (
        "x₁ gets 50% of its gradient straight from the loss and 50% through the 23 later layers"
    )
    assert "In the residual stack 25% of layer 1’s gradient comes straight from the loss" in words.edges_line(one)
    assert words.back_line((0.1, 0.6, 0.1, 0.2), 1, 4) == (
        "Below the line: what comes back to x₁ from each reader, together 100%. "
        "Half of what later layers send comes from 1 of 3; reader 3 alone sends 60%."
    )
    assert "exactly zero" in words.back_line(None, 2, 4) and "no later layer" in words.back_line((1.0,), 4, 4)


def test_what_stands_beside_it_is_told_in_titles() -> None:
    whole = found(88_000, 18, 8.5, beside=True)
    assert words.table_title(whole) == (
        "Untrained, plain vanishes in no of six settings and grows tenfold in six; dense stays within "
        f"{words.times(whole_dense(whole))}"
    )
    assert words.depth_title(whole).startswith("From 6 to 32 layers: plain ")
    assert len(whole.settings) == 6 and [one.layers for one in whole.depths] == [6, 12, 24, 32]
    assert words.cut_title(whole).startswith("Cut to one layer") or "of four" in words.cut_title(whole)
    for figure in (figure_gradients.cut(whole), figure_gradients.depth(whole)):
        assert figure["data"] and "nan" not in str(figure) and figure["alt"]
    table = gradient_cards.table(whole)
    assert table.count("<tr") == 7 and table.count('class="own"') == 1 and table.count("choose it to train") == 5
    assert gradient_cards.cards(whole).count('aria-pressed="true"') == 1


def whole_dense(one: GradientsFindings) -> float:
    return max(value.median for each in one.settings if (value := words.ends(each.found["dense"])))


def test_the_verdict_says_what_is_shown_and_what_is_not() -> None:
    shown = dict(words.verdicts(found(88_000, 10, 8.5)))
    assert "Shown: a skip keeps the gradient’s scale" in shown
    assert "Not shown: that concatenating does it better than adding" in shown
    other = dict(words.verdicts(found(1.1, 2_100, 2.5)))
    assert "Not shown here: that a skip keeps the gradient’s scale" in other
    assert "Shown in this setting: concatenating keeps the scale closer than adding" in other
    assert all("Not shown: that a large gradient is a useful one" in each for each in (shown, other))


def test_jobs_are_asked_for_once_and_dearest_last() -> None:
    jobs = beside_jobs(STUDY)
    assert len(set(jobs)) == len(jobs) and not set(jobs) & set(gradient_jobs(STUDY).values())
    assert sum(isinstance(job, TrainJob) for job in jobs) == 15
    kinds = [job.kind for job in jobs]
    assert kinds.index("training") == 15  # behind the five other settings
    large = STUDY.with_(growth_rate=48, layers=12, in_channels=256)
    assert [one.layers for one in gradients_findings(large).depths] == [6, 12]


def test_an_axis_has_room_for_every_seed_and_marks_one() -> None:
    axis = LogAxis.over([Spread(6e-28, 1e-29, 1e-27), Spread(1, 1, 1)])
    assert axis.place(1e-29) > 0 and 0 in axis.decades() and len(list(axis.decades())) <= 10
    flat = LogAxis.over([Spread(1.1, 1.0, 1.2)])
    assert flat.high - flat.low >= 1.5


def test_no_word_blames_and_every_state_is_words() -> None:
    trained = dataclasses.replace(STUDY, gradients=dataclasses.replace(STUDY.gradients, trained=True))
    for study in (
        STUDY,
        trained,
        STUDY.with_(data="noise"),
        STUDY.with_(gradient="free"),
        STUDY.with_(gradient="weights"),
    ):
        for one in (gradients_findings(study), found(88_000, 18, 8.5, study)):
            said = [words.headline(one), words.where(one), words.fan_title(one), words.cards_line(one)]
            said += [words.spoken(one), words.cut_title(one), words.depth_title(one), words.table_title(one)]
            assert all(said) and not re.search(r"\bNone\b|nan|\bwrong\b|better", " ".join(said))
