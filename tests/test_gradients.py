"""The gradients of stacks, measured: the facts that the page must reproduce, shares that sum, equal seeds."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F

from explorer.blocks.stacks import Record, build_stack
from explorer.engine import Engine
from explorer.findings import Gradients, Problem, Trained, from_builtins
from explorer.findings.gradients import Spread, mean_direct, mean_shares, relative
from explorer.measure import gradients as measure
from explorer.measure.digits import images
from explorer.measure.jobs import perform
from explorer.spec import (
    DenseBlockSpec,
    DenseStackSpec,
    GradientJob,
    GradientOf,
    Job,
    Joined,
    StackSetting,
    StackSpec,
    Study,
    TrainJob,
    UnitStackSpec,
)
from explorer.study import beside_jobs, gradient_jobs, measure_gradients
from explorer.theory import stacks_of

PUBLISHED = DenseBlockSpec(24, 12, 24)  # the block of the prototype
GRADIENTS_OF: tuple[GradientOf, ...] = ("free", "weights")
SMALL = stacks_of(DenseBlockSpec(8, 4, 5))


def answer(job: GradientJob) -> Gradients:
    return from_builtins(Gradients, perform(job))


def first(stack: StackSpec, setting: StackSetting, seeds: int = 5) -> float:
    """Layer 1 ÷ the last layer, median."""
    return relative(answer(GradientJob(stack, setting, seeds)).runs)[1].median


def test_the_published_facts_are_reproduced() -> None:
    """k = 12, c0 = 24, L = 24, 5 seeds, digits, float64: to the two figures that they are told with.

    With the default weights, with BatchNorm and without, :mod:`test_lesson_measures` holds them.
    """
    stacks = stacks_of(PUBLISHED)
    setting = StackSetting(False, "he")
    found = [first(stacks[joined], setting) for joined in ("plain", "residual", "dense")]
    assert found == [pytest.approx(value, rel=0.05) for value in (0.17, 2_100, 2.5)]


def test_with_fewer_skips_the_gradient_grows() -> None:
    setting = StackSetting()
    found = [first(DenseStackSpec(24, 12, 24, 4, reach=reach), setting) for reach in (1, 4)]
    assert found == [pytest.approx(2_200, rel=0.05), pytest.approx(41, rel=0.05)]


@pytest.mark.parametrize("joined", ["plain", "residual", "dense"])
@pytest.mark.parametrize("setting", [StackSetting(), StackSetting(False, "he", "noise")])
def test_a_gradient_is_that_of_finite_differences(joined: Joined, setting: StackSetting) -> None:
    """Moving a layer's output along its own gradient changes the loss by the norm that was told."""
    run = answer(GradientJob(SMALL[joined], setting, 5)).runs[2]
    torch.manual_seed(2)
    stack = build_stack(SMALL[joined], batch_norm=setting.batch_norm, init=setting.init).double()
    pictures, labels = (part[:64] for part in images(setting.data).training)
    record = Record()
    loss = F.cross_entropy(stack(pictures, record), labels)
    assert float(loss.detach()) == pytest.approx(run.loss, rel=1e-12)
    grown = torch.autograd.grad(loss, record.sources)
    assert [float(each.norm()) for each in grown] == pytest.approx(list(run.gradients), rel=1e-12)
    named = dict(stack.named_parameters())
    convs = [named["stem.weight"], *(named[f"layers.{n}.conv2.weight"] for n in range(5))]
    of_weights = torch.autograd.grad(F.cross_entropy(stack(pictures), labels), convs)
    assert [float(each.norm()) for each in of_weights] == pytest.approx(list(run.weight_gradients), rel=1e-9)
    sizes = [g * m for g, m in zip(run.gradients, run.maps, strict=True)]
    free, weights = (relative([run], of) for of in GRADIENTS_OF)
    assert [spread.median for spread in free] == pytest.approx([size / sizes[-1] for size in sizes])
    assert weights[1].median == pytest.approx(run.weight_gradients[1] / run.weight_gradients[-1])
    step = 1e-6
    moved = []

    def push(_module: object, _inputs: object, out: torch.Tensor) -> torch.Tensor:
        pushed: torch.Tensor = out + step * grown[0] / grown[0].norm()
        return pushed

    handle = stack.stem.register_forward_hook(push)
    moved.append(float(F.cross_entropy(stack(pictures), labels).detach()))
    handle.remove()
    assert (moved[0] - float(loss.detach())) / step == pytest.approx(run.gradients[0], rel=1e-3)


def test_shares_sum_to_one_and_name_who_sends_back() -> None:
    found = answer(GradientJob(SMALL["dense"], StackSetting(), 5))
    for run in found.runs:
        assert len(run.shares) == 6 and run.sum_error < 1e-12
        for source, row in enumerate(run.shares):
            assert row is not None and len(row) == 6 - source
            assert sum(row) == pytest.approx(1, abs=1e-12)
        assert run.shares[-1] == (1.0,)  # the last layer is read by the loss alone
        assert run.direct == tuple(row[-1] for row in run.shares if row)
    mean = mean_shares(found.runs)
    assert mean[0] is not None and sum(mean[0]) == pytest.approx(1, abs=1e-12)


def test_a_share_is_what_is_lost_when_its_reader_sends_nothing_back() -> None:
    """Cutting one reader's way back takes its part out of the source's gradient."""
    spec = SMALL["dense"]
    assert isinstance(spec, DenseStackSpec)
    torch.manual_seed(0)
    stack = build_stack(spec).double()
    pictures, labels = (part[:64] for part in images("digits").training)
    record = Record()
    loss = F.cross_entropy(stack(pictures, record), labels)
    whole, reader3 = torch.autograd.grad(loss, [record.sources[1], record.read[2]])
    part = reader3[:, 8:12]  # x1's slice in what layer 3 reads
    share = float((part * whole).sum() / whole.pow(2).sum())
    run = answer(GradientJob(spec, StackSetting(), 5)).runs[0]
    assert run.shares[1] is not None
    assert run.shares[1][1] == pytest.approx(share, rel=1e-9)


def test_what_does_not_sum_is_a_fault_and_not_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = measure._sent_back

    def wrong(spec: DenseStackSpec, record: Record, source: int) -> Any:
        for part in sent(spec, record, source):
            yield part * (1 + 1e-9)

    monkeypatch.setattr(measure, "_sent_back", wrong)
    with pytest.raises(RuntimeError, match="what readers send back to x0 misses its gradient"):
        perform(GradientJob(SMALL["dense"], StackSetting(), 5))


def test_the_residual_share_is_what_the_additions_carry() -> None:
    found = answer(GradientJob(SMALL["residual"], StackSetting(), 5))
    for run in found.runs:
        assert run.shares == () and run.direct[-1] == pytest.approx(1)
    direct = mean_direct(found.runs, 1)
    assert direct is not None and 0 < direct < 1
    plain = answer(GradientJob(SMALL["plain"], StackSetting(), 5))
    assert all(run.direct == () and run.shares == () for run in plain.runs)
    assert mean_direct(plain.runs, 1) is None


@pytest.mark.parametrize("joined", ["plain", "residual", "dense"])
def test_equal_seeds_give_equal_numbers(joined: Joined) -> None:
    job = GradientJob(SMALL[joined], StackSetting(), 6)
    one, other = perform(job), perform(job)
    assert one == other
    fewer = answer(GradientJob(SMALL[joined], StackSetting(), 5))
    assert fewer.runs == answer(job).runs[:5]
    trained = TrainJob(SMALL[joined], StackSetting(), 1, 12, "0.02")
    assert perform(trained) == perform(trained)


def test_a_small_stack_learns_the_digits_and_a_fast_one_diverges() -> None:
    found = from_builtins(Trained, perform(TrainJob(SMALL["dense"], StackSetting(), 0, 500, "0.02")))
    assert found.steps == 500 and found.accuracy is not None and found.accuracy > 0.9
    assert found.run is not None and len(found.run.gradients) == 6
    plain = UnitStackSpec("residual", "preactivation", 32, 8, 24)
    lost = from_builtins(Trained, perform(TrainJob(plain, StackSetting(False, "he"), 0, 60, "0.1")))
    assert lost.accuracy is None and lost.run is None and lost.steps <= 60


def test_noise_has_nothing_to_learn_and_digits_are_as_shipped() -> None:
    noise, digits = images("noise"), images("digits")
    for found in (noise, digits):
        assert found.training[0].shape == (1437, 1, 8, 8) and found.held_back[0].shape == (360, 1, 8, 8)
    every = torch.cat([digits.training[0], digits.held_back[0]])
    assert float(every.mean()) == pytest.approx(0, abs=1e-9) and float(every.std()) == pytest.approx(1)
    assert sorted(set(digits.held_back[1].tolist())) == list(range(10))
    trained = from_builtins(Trained, perform(TrainJob(SMALL["dense"], StackSetting(data="noise"), 0, 20, "0.02")))
    assert trained.accuracy is not None and trained.accuracy < 0.2


def test_what_is_too_large_is_refused_in_words() -> None:
    huge = perform(GradientJob(DenseStackSpec(4096, 512, 64, 16), StackSetting(), 5))
    problem = from_builtins(Problem, huge["problem"])
    assert problem.kind == "refused" and "GMACs" in problem.message and "Lower the growth rate" in problem.advice


def test_spreads_are_of_those_seeds_that_are_known() -> None:
    assert Spread.of([3, 1, 2]) == Spread(2, 1, 3)
    assert relative([]) == () and mean_shares([]) == ()


def test_nothing_is_measured_anew_that_was_measured() -> None:
    """Told by the engine's own counters: from another setting and back, and asked for twice."""
    block = DenseBlockSpec(4, 2, 3)
    study = Study(block)
    engine = Engine()
    try:
        first = measure_gradients(study, engine, beside=True)
        after = engine.counters
        assert after.runs == len({*gradient_jobs(study).values(), *untrained(study)}) and after.reused == 0
        other = measure_gradients(study.with_(batch_norm=False), engine)
        again = measure_gradients(study, engine, beside=True)
        assert engine.counters.runs == after.runs, "the six settings were measured beside the first"
        assert engine.counters.reused >= 3 + len({*gradient_jobs(study).values(), *untrained(study)})
        assert again.stacks == first.stacks and other.stacks["plain"].found is not None
    finally:
        engine.close()


def untrained(study: Study) -> list[Job]:
    return [job for job in beside_jobs(study) if not isinstance(job, TrainJob)]
