"""A look into one layer: what it shows equals the live tensors, and it always fits into one answer."""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from explorer.blocks import units
from explorer.findings import FeatureMap, LayerView, MapGroup, Problem, ReadWeights, Values, from_builtins
from explorer.measure import alone, layer, look, maps, values
from explorer.measure.jobs import perform
from explorer.measure.live import live_block
from explorer.measure.picture import brought_in, picture_of
from explorer.spec import (
    BlockSpec,
    DenseBlockSpec,
    InputSpec,
    Job,
    MapsJob,
    ResidualSpec,
    RunSpec,
    WeightsJob,
)
from explorer.theory import block_theory

CPU = torch.device("cpu")
RUN = RunSpec(device="cpu")
INFERENCE = RunSpec(device="cpu", mode="inference")
SMALL = InputSpec(2, 6, 5)


@pytest.fixture(autouse=True, scope="module")
def quick() -> Iterator[None]:
    """Blocks this small gain nothing from more threads; their times are looked at in one test alone."""
    threads, most, fewest = torch.get_num_threads(), alone.MOST, alone.FEWEST
    torch.set_num_threads(1)
    alone.MOST = alone.FEWEST = 2
    yield
    torch.set_num_threads(threads)
    alone.MOST, alone.FEWEST = most, fewest


dense = st.builds(
    DenseBlockSpec,
    in_channels=st.integers(1, 12),
    growth_rate=st.integers(1, 6),
    layers=st.integers(1, 4),
    bottleneck_factor=st.integers(1, 4),
    bottleneck=st.booleans(),
    order=st.sampled_from(("pre", "post")),
)


@st.composite
def stacks(draw: st.DrawFn) -> ResidualSpec:
    c = draw(st.integers(2, 8))
    return ResidualSpec(
        in_channels=c,
        out_channels=draw(st.one_of(st.just(c), st.integers(2, 12))),
        inner_width=draw(st.integers(1, 8)),
        units=draw(st.integers(1, 3)),
        unit=draw(st.sampled_from(("preactivation", "postactivation", "basic"))),
    )


blocks = st.one_of(dense, stacks())
inputs = st.builds(InputSpec, batch=st.integers(1, 3), height=st.integers(2, 7), width=st.integers(1, 40))


@st.composite
def maps_jobs(draw: st.DrawFn, modes: tuple[str, ...] = ("training", "inference")) -> MapsJob:
    block = draw(blocks)
    run = RunSpec(
        device="cpu",
        dtype=draw(st.sampled_from(("float32", "float64"))),
        mode=draw(st.sampled_from(modes)),
        seed=draw(st.integers(0, 5)),
    )
    number = draw(st.integers(1, count_of(block)))
    return MapsJob(block, draw(inputs), run, number, draw(st.sampled_from(("pattern", "noise"))))


def count_of(block: BlockSpec) -> int:
    return block.layers if isinstance(block, DenseBlockSpec) else block.units


def seen(job: Job) -> LayerView:
    return from_builtins(LayerView, perform(job))


def problem_of(answer: dict[str, Any]) -> Problem:
    assert list(answer) == ["problem"]
    return from_builtins(Problem, answer["problem"])


# --- an independent forward pass ------------------------------------------------------------------


@dataclasses.dataclass
class Live:
    """One layer run by plain calls of its modules, beside the watched one."""

    read: Tensor
    outputs: dict[str, Tensor]  # by the module's name, and "relu-N" in order
    activated: Tensor | None
    inside: Tensor | None
    made: Tensor
    joined: Tensor | None
    weight: Tensor


def live(job: MapsJob) -> Live:
    """The layer's tensors, from hooks on its modules and, for functions, from the formulas of the papers."""
    torch.set_grad_enabled(False)
    try:
        return _live(job)
    finally:
        torch.set_grad_enabled(True)


def _live(job: MapsJob) -> Live:
    block = live_block(job.block, job.run, CPU)
    x, _ = brought_in(picture_of(job), job, CPU)
    unit = units(block)[job.layer - 1]
    held: dict[str, Tensor] = {}
    inputs: dict[str, Tensor] = {}
    for name, module in unit.named_modules():
        if not list(module.children()):

            def hook(_: nn.Module, given: tuple[Tensor, ...], out: Tensor, name: str = name) -> None:
                held[name], inputs[name] = out.clone(), given[0].clone()

            module.register_forward_hook(hook)
    unit.register_forward_pre_hook(lambda _, given: inputs.__setitem__("", given[0].clone()))
    unit.register_forward_hook(lambda _, given, out: held.__setitem__("", out.clone()))
    block(x)
    spec, read, out = job.block, inputs[""], held[""]
    last = max(name for name in held if name.startswith("conv"))
    weight = unit.get_parameter("conv1.weight")
    if isinstance(spec, DenseBlockSpec):
        pre = spec.order == "pre"
        made = out[:, spec.width_before(job.layer) :]
        assert torch.equal(out[:, : spec.width_before(job.layer)], read)
        alone_reads = last == "conv1" and not pre
        return Live(
            read, held, inputs["conv1"] if pre else None, None if alone_reads else inputs[last], made, None, weight
        )
    branch = held["conv3"] if spec.unit == "preactivation" else held["bn2" if spec.unit == "basic" else "bn3"]
    short = next((held[name] for name in ("proj.1", "proj", "proj.0") if name in held), read)
    activated = inputs["conv1"] if spec.unit == "preactivation" else None
    return Live(read, held, activated, inputs[last], branch, short + branch, weight)


def pixels(one: FeatureMap, size: tuple[int, int]) -> Tensor:
    """The map's values as its pixels tell them."""
    raw = base64.b64decode(one.pixels, validate=True)
    assert len(raw) == size[0] * size[1]
    steps = torch.tensor(list(raw), dtype=torch.float64).view(size)
    return one.low + steps * (one.high - one.low) / 255


def same_values(found: Values, x: Tensor) -> None:
    wide = x.double()
    assert found.mean == pytest.approx(float(wide.mean()), abs=1e-5 * (1 + float(wide.abs().max())))
    assert found.spread == pytest.approx(float(wide.std(correction=0)), rel=1e-4, abs=1e-6)
    assert found.zeros == pytest.approx(float((x == 0).double().mean()), abs=1e-12)


def same_group(found: MapGroup, x: Tensor, size: tuple[int, int]) -> None:
    """Every map of ``found`` within half a step of ``x`` (N, C, H, W), and the values of its channels."""
    end = found.first + found.channels
    same_values(found.values, x[:, found.first : end])
    channels = [one.channel for one in found.maps]
    assert channels == sorted(set(channels)) and channels[0] == found.first and channels[-1] < end
    for one in found.maps:
        small = F.adaptive_avg_pool2d(x[:1, one.channel : one.channel + 1].double(), size)[0, 0]
        step = (one.high - one.low) / 255
        error = (pixels(one, size) - small).abs().max()
        assert float(error) <= 0.5 * step + 1e-5 * (1 + float(small.abs().max()))
        assert one.low == pytest.approx(float(small.min()), abs=1e-5) or one.low == pytest.approx(float(small.min()))
        assert one.high == pytest.approx(float(small.max()), abs=1e-5) or one.high == pytest.approx(float(small.max()))


# --- by value -------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(maps_jobs())
def test_what_is_shown_equals_the_live_tensors(job: MapsJob) -> None:
    found, real = seen(job), live(job)
    size = found.height, found.width
    assert sum(one.channels for one in found.read) == real.read.shape[1]
    for one in found.read:
        same_group(one, real.read, size)
        assert (one.after_relu is None) == (real.activated is None)
        if one.after_relu is not None and real.activated is not None:
            same_values(one.after_relu, real.activated[:, one.first : one.first + one.channels])
    assert (found.inside is None) == (real.inside is None) and (found.joined is None) == (real.joined is None)
    same_group(found.made, real.made, size)
    for shown, tensor in ((found.inside, real.inside), (found.joined, real.joined)):
        if shown is not None and tensor is not None:
            assert (shown.first, shown.channels) == (0, tensor.shape[1])
            same_group(shown, tensor, size)
    for read in found.weights:
        group = next(g for g in found.read if g.source == read.source)
        part = real.weight.detach()[:, group.first : group.first + group.channels].double().abs()
        assert read.mean == pytest.approx(float(part.mean()), rel=1e-5)
        assert read.largest == pytest.approx(float(part.max()), rel=1e-6)
    for step in found.steps:
        if step.name:
            same_values(step.values, real.outputs[step.name.split(".", 2)[2]])


@settings(max_examples=60)
@given(maps_jobs())
def test_steps_are_the_layers_own_in_the_order_of_the_closed_forms(job: MapsJob) -> None:
    found = seen(job)
    theory = block_theory(job.block, job.input, job.run).layers[job.layer - 1]
    sequence = "denseblock" if isinstance(job.block, DenseBlockSpec) else "units"
    told = [(step.name, step.op, step.parameters, step.macs) for step in found.steps if step.name]
    assert told == [(f"{sequence}.{job.layer - 1}.{p.name}", p.kind, p.parameters, p.macs) for p in theory.parts]
    names = dict(live_block(job.block, job.run, CPU).named_modules())
    assert all(name in names for name, *_ in told)
    for part, step in zip(theory.parts, [step for step in found.steps if step.name], strict=True):
        assert (step.input_shape[1], step.output_shape[1]) == (part.in_channels, part.out_channels)
    functions = [step for step in found.steps if not step.name]
    joins = [step for step in functions if step.op in ("cat", "add")]
    assert [step.op for step in joins] == ["cat" if sequence == "denseblock" else "add"]
    assert joins[0].input_shape[1] == (found.made.channels)
    assert joins[0].output_shape[1] == theory.out_channels
    assert all(step.op == "relu" and step.input_shape == step.output_shape for step in functions if step not in joins)


@settings(max_examples=120)
@given(maps_jobs(modes=("training", "training", "inference")))
def test_saved_bytes_of_the_steps_are_those_of_the_layer(job: MapsJob) -> None:
    found = seen(job)
    theory = block_theory(job.block, job.input, job.run).layers[job.layer - 1]
    assert sum(step.saved_bytes for step in found.steps) == theory.saved_bytes
    assert all(step.saved_bytes >= 0 for step in found.steps)


def test_saved_bytes_of_sixteen_bit_types_too() -> None:
    run = dataclasses.replace(RUN, dtype="bfloat16")
    for spec in (DenseBlockSpec(4, 2, 3), ResidualSpec(4, 6, 3, 2, "postactivation")):
        theory = block_theory(spec, SMALL, run)
        for number in range(1, len(theory.layers) + 1):
            found = seen(MapsJob(spec, SMALL, run, number))
            assert sum(step.saved_bytes for step in found.steps) == theory.layers[number - 1].saved_bytes


def test_the_default_block_in_its_fourth_bottleneck() -> None:
    """What a person reads there, by hand: 160 channels of 56 × 56 floats, 128 inside, 32 new."""
    found = seen(MapsJob(DenseBlockSpec(), InputSpec(), RUN, 4))
    channel = 56 * 56 * 4
    assert [(s.name, s.op, s.saved_bytes) for s in found.steps] == [
        ("denseblock.3.bn1", "bn", 160 * channel + 160 * 8),
        ("", "relu", 160 * channel),
        ("denseblock.3.conv1", "conv1x1", 0),
        ("denseblock.3.bn2", "bn", 128 * channel + 128 * 8),
        ("", "relu", 128 * channel),
        ("denseblock.3.conv2", "conv3x3", 0),
        ("", "cat", 0),
    ]
    assert [(g.source, g.first, g.channels, len(g.maps)) for g in found.read] == [
        (0, 0, 64, 8),
        (1, 64, 32, 8),
        (2, 96, 32, 8),
        (3, 128, 32, 8),
    ]
    assert found.inside is not None and (found.inside.channels, len(found.inside.maps)) == (128, 16)
    assert (found.made.source, found.made.channels, len(found.made.maps), found.joined) == (4, 32, 32, None)
    assert (found.height, found.width) == (32, 32)
    assert found.read[0].values.mean == pytest.approx(0, abs=1e-6) and found.read[0].values.spread == pytest.approx(1)
    relu = found.steps[1].values
    assert 0.3 < relu.zeros < 0.7 and relu.mean > 0


def test_a_projected_unit_of_resnet_50_keeps_what_its_closing_relu_hands_on_only_where_it_is_the_last() -> None:
    spec, size = ResidualSpec(64, 256, 64, 2, "postactivation"), InputSpec(1, 8, 8)
    first, last = (seen(MapsJob(spec, size, RUN, number)) for number in (1, 2))
    assert [s.name.removeprefix("units.0.") or s.op for s in first.steps] == [
        *("conv1", "bn1", "relu", "conv2", "bn2", "relu", "conv3", "bn3", "proj.0", "proj.1", "add", "relu")
    ]
    assert first.steps[-1].saved_bytes == 0 and last.steps[-1].saved_bytes == 256 * 64 * 4
    assert first.steps[0].saved_bytes == 64 * 64 * 4, "its input"
    assert (first.read[0].source, last.read[0].source) == (0, 1)
    assert first.joined is not None and first.joined.values != first.steps[-1].values, "before the ReLU in place"


# --- what a look leaves behind --------------------------------------------------------------------


@pytest.mark.parametrize("image", ["pattern", "noise"])
def test_the_same_seed_gives_the_same_picture_and_another_seed_another(image: Any) -> None:
    def untimed(seed: int) -> list[Any]:
        found = seen(MapsJob(DenseBlockSpec(4, 2, 2), SMALL, dataclasses.replace(RUN, seed=seed), 2, image))
        return [found.read, found.inside, found.made, found.weights, [step.values for step in found.steps]]

    assert untimed(3) == untimed(3)
    assert untimed(3) != untimed(4)


def test_timing_an_operator_changes_nothing_that_later_ones_see() -> None:
    """Running statistics and maps that ReLU and addition write in place are those of one plain run."""
    for spec in (DenseBlockSpec(4, 2, 2), ResidualSpec(4, 6, 3, 2, "postactivation")):
        job = MapsJob(spec, SMALL, RUN, 2)
        watched, plain = (live_block(spec, RUN, CPU) for _ in range(2))
        x, _ = brought_in(picture_of(job), job, CPU)
        watch = layer.LayerWatch(watched, units(watched)[1], False, lambda *_: None)
        with watch.watching():
            y = watched(x)
        assert torch.equal(y, plain(x))
        for name, value in plain.state_dict().items():
            assert torch.equal(value, watched.state_dict()[name]), name
        y.sum().backward()
        plain(x).sum().backward()
        assert not any(m._forward_hooks or m._forward_pre_hooks for m in watched.modules())
        for one, other in zip(watched.parameters(), plain.parameters(), strict=True):
            assert one.grad is not None and torch.equal(one.grad, other.grad)  # type: ignore[arg-type]  # both have one


def test_later_layers_are_not_run() -> None:
    """They change nothing that is seen."""
    ran = []
    original = nn.Conv2d.forward

    def note(self: nn.Conv2d, x: Tensor) -> Tensor:
        ran.append(self.in_channels)
        return original(self, x)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nn.Conv2d, "forward", note)
        seen(MapsJob(DenseBlockSpec(4, 2, 5), SMALL, RUN, 2))
    assert ran == [4, 8, 6, 8]


# --- times ----------------------------------------------------------------------------------------


def test_every_operator_is_timed_alone_five_times_or_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alone, "FEWEST", 5)
    monkeypatch.setattr(alone, "MOST", 20)
    found = seen(MapsJob(DenseBlockSpec(), InputSpec(), RUN, 4))
    for step in found.steps:
        assert 0 < step.time.q1 <= step.time.median <= step.time.q3
        assert 5 <= step.time.runs <= 20 and step.time.warmup == 1


def test_a_slow_operator_is_run_once_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    monkeypatch.setattr(alone, "SLOW", 0.0)
    timing = alone.time_alone(lambda: lambda: calls.append(1), CPU)
    assert (len(calls), timing.runs, timing.warmup) == (1, 1, 0)
    assert timing.q1 == timing.median == timing.q3


def test_operators_of_a_hundredth_of_a_second_keep_to_the_time_they_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alone, "FEWEST", 5)
    monkeypatch.setattr(alone, "MOST", 20)
    clock = iter(n * 0.01 for n in range(1000))
    monkeypatch.setattr("explorer.measure.alone.time.perf_counter", lambda: next(clock))
    assert alone.time_alone(lambda: lambda: None, CPU).runs == 5


# --- how much is sent -----------------------------------------------------------------------------

EXTREMES: list[tuple[BlockSpec, InputSpec, int]] = [
    (DenseBlockSpec(1, 1, 64), InputSpec(2, 32, 32), 64),
    (DenseBlockSpec(64, 8, 64, 1), InputSpec(1, 32, 32), 64),
    (DenseBlockSpec(64, 8, 64, 1, order="post"), InputSpec(1, 33, 32), 64),
    (DenseBlockSpec(64, 8, 64, bottleneck=False), InputSpec(1, 40, 44), 33),
    (DenseBlockSpec(16, 8, 24, 2), InputSpec(2, 40, 40), 24),
    (DenseBlockSpec(32, 512, 3, 1), InputSpec(1, 32, 32), 3),
    (ResidualSpec(64, 512, 64, 2), InputSpec(1, 32, 32), 1),
    (ResidualSpec(64, 512, 64, 2, "basic"), InputSpec(1, 1, 1024), 2),
]


def test_an_answer_is_never_too_large_for_a_page() -> None:
    for spec, size, number in EXTREMES:
        answer = perform(MapsJob(spec, size, RUN, number))
        found = from_builtins(LayerView, answer)
        groups = [g for g in (*found.read, found.inside, found.made, found.joined) if g is not None]
        raw = sum(len(base64.b64decode(m.pixels)) for g in groups for m in g.maps)
        assert raw <= 200_000 and len(json.dumps(answer)) < 300_000
        assert all(1 <= len(g.maps) <= 8 for g in found.read)
        assert len(found.made.maps) == min(32, found.made.channels)


def numbers() -> st.SearchStrategy[float]:
    """Numbers as long as a float's text can be."""
    return st.sampled_from((-2.2250738585072014e-308, -1.2345678901234567e-300, 0.1234567890123456))


@given(
    sources=st.lists(st.integers(1, 4096), min_size=1, max_size=64),
    height=st.integers(1, 1024),
    width=st.integers(1, 1024),
    joined=st.booleans(),
    number=numbers(),
)
@settings(max_examples=40)
def test_the_plan_holds_for_any_widths_and_the_longest_numbers(
    sources: list[int], height: int, width: int, joined: bool, number: float
) -> None:
    size = maps.size_of(height, width)
    assert max(size.height, size.width) <= 32 and min(size.height, size.width) >= 1
    if max(height, width) > 32:
        assert max(size.height, size.width) == 32
    most = maps.maps_per_source(sources, (16, 32, 32 if joined else 0), size)
    assert 1 <= most <= 8
    area = size.height * size.width
    text = base64.b64encode(bytes(area)).decode()
    some = Values(number, number, number)

    def filled(source: int, first: int, channels: int, shown: int) -> MapGroup:
        one = FeatureMap(36_863, number, number, text)
        return MapGroup(source, first, channels, some, (one,) * min(shown, channels), some)

    groups = [filled(63, 36_863, channels, most) for channels in sources]
    others = [filled(64, 0, 4096, 16), filled(64, 0, 4096, 32), *([filled(64, 0, 4096, 32)] if joined else [])]
    shown = sum(len(g.maps) for g in (*groups, *others))
    assert shown * area <= 200_000
    plain = [dataclasses.asdict(g) for g in (*groups, *others)]
    weights = [{"source": 63, "mean": number, "largest": number} for _ in sources]
    assert len(json.dumps([plain, weights])) < 300_000 - 7_000, "the rest is for the steps"


def test_more_maps_of_each_source_fit_where_there_are_fewer_sources() -> None:
    size = maps.Size(32, 32)
    fits = [maps.maps_per_source([32] * count, (16, 32), size) for count in (1, 8, 18, 32, 64)]
    assert fits == sorted(fits, reverse=True) and (fits[0], fits[-1]) == (8, 2)


@given(st.integers(0, 100), st.integers(1, 600), st.integers(1, 32))
def test_channels_are_chosen_evenly(first: int, channels: int, most: int) -> None:
    chosen = maps.evenly(first, channels, most)
    assert len(chosen) == min(channels, most) and chosen[0] == first and chosen[-1] < first + channels
    gaps = {b - a for a, b in zip(chosen, [*chosen[1:], first + channels], strict=True)}
    assert max(gaps) - min(gaps) <= 1


# --- values and pixels ----------------------------------------------------------------------------


@given(
    shape=st.tuples(st.integers(1, 5), st.integers(1, 7), st.integers(1, 6), st.integers(1, 6)),
    together=st.integers(1, 200),
    seed=st.integers(0, 99),
)
def test_values_do_not_depend_on_how_much_is_looked_at_together(
    shape: tuple[int, int, int, int], together: int, seed: int
) -> None:
    x = torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).relu() + 3 * (seed % 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(values, "TOGETHER", together)
        found = values.channel_values(x)
    half = max(1, shape[1] // 2)
    for first, channels in ((0, shape[1]), (0, half), (shape[1] - half, half)):
        part, told = x[:, first : first + channels], found.over(first, channels)
        assert told.mean == pytest.approx(float(part.mean()), abs=1e-12)
        assert told.spread == pytest.approx(float(part.std(correction=0)), abs=1e-7)
        assert told.zeros == float((part == 0).double().mean())


def test_sixteen_bit_values_are_added_up_in_more_bits() -> None:
    x = torch.full((1, 1, 300, 300), 60_000.0, dtype=torch.float16)
    found = values.channel_values(x).all
    assert found.mean == pytest.approx(float(x[0, 0, 0, 0])) and found.zeros == 0
    assert found.spread == pytest.approx(0, abs=1)


def test_a_constant_map_is_black_and_what_is_not_finite_breaks_nothing() -> None:
    same = maps.feature_map(3, torch.full((2, 2), 0.5))
    assert (same.low, same.high, base64.b64decode(same.pixels)) == (0.5, 0.5, bytes(4))
    odd = maps.feature_map(0, torch.tensor([[float("nan"), 1.0], [float("inf"), float("-inf")], [0.0, 0.5]]))
    assert (odd.low, odd.high) == (0, 1)
    assert list(base64.b64decode(odd.pixels)) == [0, 255, 255, 0, 0, 128]
    assert maps.feature_map(0, torch.full((1, 1), float("nan"))).low == 0


# --- refusals -------------------------------------------------------------------------------------


def test_a_layer_that_the_block_has_not_is_told() -> None:
    for spec, number, words in (
        (DenseBlockSpec(4, 2, 3), 4, "no Bottleneck 4"),
        (ResidualSpec(4, 6, 3, 2), 3, "no residual unit 3"),
        (DenseBlockSpec(4, 2, 3), 0, "no Bottleneck 0"),
    ):
        problem = problem_of(perform(MapsJob(spec, SMALL, RUN, number)))
        assert problem.kind == "unsupported" and words in problem.message


def test_what_does_not_fit_is_refused_before_anything_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("it was made")

    monkeypatch.setattr(look, "brought_in", fail)
    monkeypatch.setattr(look, "live_block", fail)
    problem = problem_of(perform(MapsJob(DenseBlockSpec(4096, 512, 2), InputSpec(1024, 1024, 1024), RUN, 1)))
    assert problem.kind == "refused" and problem.needed_bytes is not None


def test_no_such_device_is_told() -> None:
    job = MapsJob(DenseBlockSpec(), InputSpec(), RunSpec(device="cuda:99"), 1)
    assert problem_of(perform(job)).kind == "no_device"


# --- weights by reader and source -----------------------------------------------------------------


@settings(max_examples=40)
@given(dense, st.sampled_from(("float32", "float64", "bfloat16")), st.integers(0, 9))
def test_weights_are_those_of_the_live_block_by_source(spec: DenseBlockSpec, dtype: Any, seed: int) -> None:
    run = RunSpec(device="cpu", dtype=dtype, seed=seed)
    found = from_builtins(ReadWeights, perform(WeightsJob(spec, run)))
    assert [len(row) for row in found.rows] == list(range(1, spec.layers + 1))
    for number, (row, unit) in enumerate(zip(found.rows, units(live_block(spec, run, CPU)), strict=True), 1):
        weight = unit.get_parameter("conv1.weight").detach().double().abs()
        widths = [spec.in_channels, *[spec.growth_rate] * (number - 1)]
        parts = torch.split(weight, widths, dim=1)
        assert row == pytest.approx([float(part.mean()) for part in parts], rel=1e-5)
    view = seen(MapsJob(spec, InputSpec(1, 2, 2), run, spec.layers))
    assert tuple(one.mean for one in view.weights) == found.rows[-1]


def test_too_many_weights_are_refused_with_what_to_lower() -> None:
    problem = problem_of(perform(WeightsJob(DenseBlockSpec(4096, 512, 64, 16), RunSpec(device="cpu", dtype="float64"))))
    assert problem.kind == "refused" and "growth rate" in problem.advice and "batch" not in problem.advice


def test_an_answer_is_builtins_to_its_depths() -> None:
    def types_in(value: Any) -> set[type]:
        inner = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, tuple) else ()
        return {type(value)}.union(*map(types_in, inner))

    jobs: list[Job] = [
        MapsJob(DenseBlockSpec(4, 2, 2), SMALL, RUN, 2),
        MapsJob(ResidualSpec(4, 6, 3, 2, "basic"), SMALL, INFERENCE, 1),
        WeightsJob(DenseBlockSpec(4, 2, 2), RUN),
    ]
    for job in jobs:
        assert types_in(perform(job)) <= {int, float, str, bool, type(None), tuple, dict}
