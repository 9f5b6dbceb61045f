"""Closed forms against the published figures, against sums done another way, and against each other."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies import dense_blocks, inputs, residual_blocks, studies

from explorer.findings import BlockTheory, from_builtins, to_builtins
from explorer.presets import PRESETS
from explorer.spec import (
    BYTES_PER_ELEMENT,
    BlockSpec,
    CounterpartSpec,
    DenseBlockSpec,
    InputSpec,
    Match,
    ResidualSpec,
    RunSpec,
    Study,
    Unit,
)
from explorer.theory import (
    Formula,
    block_theory,
    convolutions_3x3,
    counterpart,
    formulas,
    one_by_one,
    pays_from,
    second_counterpart,
    study_theory,
    without_bottleneck,
)
from explorer.theory.match import nearest_width

DEFAULT = Study()
MATCHES: tuple[Match, ...] = ("parameters", "macs", "saved_bytes")
UNITS: tuple[Unit, ...] = ("preactivation", "postactivation", "basic")
runs = st.builds(
    RunSpec,
    dtype=st.sampled_from(sorted(BYTES_PER_ELEMENT)),
    mode=st.sampled_from(("training", "inference")),
)


def _theory(spec: BlockSpec, size: int = 56, run: RunSpec | None = None) -> BlockTheory:
    return block_theory(spec, InputSpec(height=size, width=size), run or RunSpec())


# --- published figures --------------------------------------------------------------------------------


def test_the_default_block_to_the_unit() -> None:
    dense = study_theory(DEFAULT).dense
    assert dense.output_shape == (1, 256, 56, 56)
    assert (dense.parameters, dense.macs, dense.saved_bytes) == (335_040, 1_040_449_536, 40_956_672)
    assert dense.written_channels == 1_056 and dense.written_bytes == 1_056 * 56 * 56 * 4
    assert sum(layer.new_channels for layer in dense.layers) == 192
    assert dense.receptive_field == 13
    assert [layer.parameters for layer in dense.layers] == [45_440, 49_600, 53_760, 57_920, 62_080, 66_240]


def test_six_residual_units_of_the_same_output() -> None:
    beside = counterpart(DEFAULT)
    assert beside.theory.spec == ResidualSpec(64, 256, 64, 6, "preactivation")
    theory = beside.theory
    assert (theory.parameters, theory.macs, theory.saved_bytes) == (426_112, 1_323_040_768, 53_002_752)
    assert (beside.label, beside.words) == ("residual × 6", "six residual units of the same shape")
    assert (beside.matched, beside.remainder, beside.note) == ("depth", 0, "")


def test_resnet_50s_own_stage() -> None:
    own = second_counterpart(DEFAULT)
    assert own.theory.spec == ResidualSpec(64, 256, 64, 3, "postactivation")
    assert (own.theory.parameters, own.theory.macs, own.theory.saved_bytes) == (215_808, 667_942_912, 32_926_720)
    assert (own.label, own.words, own.matched) == ("ResNet-50 × 3", "ResNet-50’s own three", "canonical")
    assert own.note == "ResNet-50’s stage has 3 convolutions of 3×3, the Dense Block 6."


def test_the_ratios_that_the_page_says() -> None:
    theory = study_theory(DEFAULT)
    dense, residual, own = theory.dense, theory.residual.theory, theory.second.theory
    assert [f"{getattr(dense, q) / getattr(residual, q):.2f}" for q in MATCHES] == ["0.79", "0.79", "0.77"]
    assert [f"{getattr(dense, q) / getattr(own, q):.2f}" for q in MATCHES] == ["1.55", "1.56", "1.24"]
    assert [f"{t.macs / 1e6:,.1f}" for t in (dense, residual, own)] == ["1,040.4", "1,323.0", "667.9"]
    assert [f"{t.saved_bytes / 2**20:.2f}" for t in (dense, own)] == ["39.06", "31.40"]


def test_the_source_texts_block() -> None:
    dense = study_theory(PRESETS["The source text's block"]).dense
    assert (dense.parameters, dense.output_shape) == (335_040, (1, 256, 256, 256))
    assert [layer.in_channels for layer in dense.layers] == [64, 96, 128, 160, 192, 224]


@pytest.mark.parametrize(
    ("number", "stage", "ratio"),
    [
        (1, ResidualSpec(64, 256, 64, 3, "postactivation"), "1.55"),
        (2, ResidualSpec(256, 512, 128, 4, "postactivation"), "0.75"),
        (3, ResidualSpec(512, 1024, 256, 6, "postactivation"), "0.40"),
        (4, ResidualSpec(1024, 2048, 512, 3, "postactivation"), "0.14"),
    ],
)
def test_densenet_121s_blocks_beside_resnet_50s_stages(number: int, stage: ResidualSpec, ratio: str) -> None:
    dense = study_theory(PRESETS[f"DenseNet-121, block {number}"]).dense
    assert f"{dense.parameters / _theory(stage).parameters:.2f}" == ratio


def test_equal_depth_and_width_is_generous_to_a_later_block() -> None:
    theory = study_theory(PRESETS["DenseNet-121, block 3"])
    assert (theory.dense.parameters, theory.residual.theory.parameters) == (2_837_760, 26_876_416)
    assert f"{2_837_760 / 26_876_416:.2f}" == "0.11"


def test_where_densenet_loses_it_loses_in_everything() -> None:
    theory = study_theory(PRESETS["Where DenseNet loses"])
    for quantity in MATCHES:
        assert getattr(theory.dense, quantity) > getattr(theory.residual.theory, quantity)


@pytest.mark.parametrize("study", PRESETS.values(), ids=list(PRESETS))
def test_every_preset_has_its_theory(study: Study) -> None:
    theory = study_theory(study)
    for block in (theory.dense, theory.residual.theory, theory.second.theory):
        assert block.output_shape == (1, study.block.out_channels, study.input.height, study.input.width)


# --- totals done another way --------------------------------------------------------------------------


@given(dense_blocks(), inputs(), runs)
def test_layers_of_a_dense_block_sum_to_the_papers_forms(block: DenseBlockSpec, size: InputSpec, run: RunSpec) -> None:
    theory = block_theory(block, size, run)
    c0, k, count, b = block.in_channels, block.growth_rate, block.layers, block.bottleneck_factor
    e = run.bytes_per_element
    read = count * c0 + k * count * (count - 1) // 2
    maps, area = size.batch * size.height * size.width, size.batch * size.height * size.width * e
    forms = {  # parameters, MACs, saved
        (True, "pre"): (
            (2 + b * k) * read + count * (2 * b * k + 9 * b * k**2),
            maps * (b * k * read + 9 * b * k**2 * count),
            area * (2 * read + 2 * b * k * count) + 2 * e * (read + b * k * count),
        ),
        (False, "pre"): ((2 + 9 * k) * read, maps * 9 * k * read, 2 * area * read + 2 * e * read),
        (True, "post"): (
            b * k * read + count * (2 * b * k + 9 * b * k**2 + 2 * k),
            maps * (b * k * read + 9 * b * k**2 * count),
            area * (read + 2 * (b * k + k) * count) + 2 * e * (b * k + k) * count,
        ),
        (False, "post"): (
            9 * k * read + 2 * k * count,
            maps * 9 * k * read,
            area * (read + 2 * k * count) + 2 * e * k * count,
        ),
    }
    parameters, macs, saved = forms[block.bottleneck, block.order]
    assert (theory.parameters, theory.macs) == (parameters, macs)
    assert theory.saved_bytes == (saved if run.mode == "training" else 0)
    assert theory.written_channels == read + block.out_channels - c0
    assert theory.receptive_field == 1 + 2 * count


@given(residual_blocks(), inputs(), runs)
def test_units_of_a_residual_stack_sum_to_their_forms(spec: ResidualSpec, size: InputSpec, run: RunSpec) -> None:
    theory = block_theory(spec, size, run)
    w, out, e = spec.inner_width, spec.out_channels, run.bytes_per_element
    area = size.positions * e
    parameters = saved = 0
    for c in [spec.in_channels] + [out] * (spec.units - 1):
        p = int(c != out)
        if spec.unit == "preactivation":
            parameters += 2 * c + c * w + 9 * w * w + 4 * w + w * out + p * c * out
            saved += area * (2 * c + 4 * w) + 2 * e * (c + 2 * w)
        elif spec.unit == "postactivation":
            parameters += c * w + 9 * w * w + w * out + 4 * w + 2 * out + p * (c * out + 2 * out)
            saved += area * (c + 4 * w + out + p * out) + 2 * e * (2 * w + out + p * out)
        else:
            parameters += 9 * c * w + 9 * w * out + 2 * w + 2 * out + p * (c * out + 2 * out)
            saved += area * (c + 2 * w + out + p * out) + 2 * e * (w + out + p * out)
    saved += 0 if spec.unit == "preactivation" else area * out
    assert theory.parameters == parameters
    assert theory.saved_bytes == (saved if run.mode == "training" else 0)
    weights = sum(part.parameters for layer in theory.layers for part in layer.parts if part.kind != "bn")
    assert theory.macs == weights * size.positions
    assert theory.written_bytes == theory.written_channels == 0
    assert theory.receptive_field == 1 + 2 * convolutions_3x3(spec)


@given(st.one_of(dense_blocks(layers=12), residual_blocks(units=12)), inputs(), runs)
def test_what_holds_for_every_block(spec: BlockSpec, size: InputSpec, run: RunSpec) -> None:
    theory = block_theory(spec, size, run)
    e = run.bytes_per_element
    assert theory.input_bytes == size.positions * spec.in_channels * e
    assert theory.parameter_bytes == theory.parameters * e
    norms = [part for layer in theory.layers for part in layer.parts if part.kind == "bn"]
    assert theory.buffer_bytes == sum(2 * e * bn.in_channels + 8 for bn in norms)
    assert [layer.index for layer in theory.layers] == list(range(1, len(theory.layers) + 1))
    for layer, following in zip(theory.layers, theory.layers[1:], strict=False):
        assert layer.out_channels == following.in_channels
    assert theory.layers[-1].out_channels == spec.out_channels == theory.output_shape[1]
    assert sum(p.kind == "conv3x3" for layer in theory.layers for p in layer.parts) == convolutions_3x3(spec)
    if run.mode == "training":
        assert theory.peak_bytes is None and theory.saved_bytes >= theory.input_bytes
    else:
        output = size.positions * spec.out_channels * e
        assert theory.peak_bytes is not None
        assert theory.peak_bytes >= theory.parameter_bytes + theory.buffer_bytes + theory.input_bytes + output
    assert from_builtins(BlockTheory, to_builtins(theory)) == theory  # residual specs too


@pytest.mark.parametrize(
    ("spec", "names"),
    [
        (DenseBlockSpec(), "bn1 conv1 bn2 conv2"),
        (DenseBlockSpec(order="post"), "conv1 bn1 conv2 bn2"),
        (DenseBlockSpec(bottleneck=False), "bn1 conv1"),
        (DenseBlockSpec(bottleneck=False, order="post"), "conv1 bn1"),
        (ResidualSpec(), "bn1 conv1 bn2 conv2 bn3 conv3 proj"),
        (ResidualSpec(unit="postactivation"), "conv1 bn1 conv2 bn2 conv3 bn3 proj.0 proj.1"),
        (ResidualSpec(unit="basic"), "conv1 bn1 conv2 bn2 proj.0 proj.1"),
        (ResidualSpec(in_channels=256), "bn1 conv1 bn2 conv2 bn3 conv3"),
    ],
)
def test_parts_bear_the_modules_names(spec: BlockSpec, names: str) -> None:
    theory = _theory(spec)
    assert " ".join(part.name for part in theory.layers[0].parts) == names
    if isinstance(spec, ResidualSpec):
        assert not any(part.name.startswith("proj") for layer in theory.layers[1:] for part in layer.parts)


@pytest.mark.parametrize(
    ("spec", "channels"),
    [
        (DenseBlockSpec(64, 32, 6), 64 + 3 * 224),  # ReLU of bn1
        (DenseBlockSpec(64, 32, 1), 64 + 3 * 128),  # one layer reads the input itself: ReLU of bn2
        (DenseBlockSpec(8, 32, 1, bottleneck=False), 2 * 8 + 2 * 32),  # concatenation
        (DenseBlockSpec(64, 32, 6, order="post"), 64 + 2 * 224 + 2 * 32),
        (ResidualSpec(64, 256, 64, 6), 64 + 4 * 256),
        (ResidualSpec(64, 256, 64, 1), 2 * 64 + 3 * 256),
        (ResidualSpec(64, 256, 64, 1, "postactivation"), 64 + 3 * 256),
        (ResidualSpec(64, 256, 64, 3, "postactivation"), 64 + 256 + 64 + 2 * 256),
    ],
)
def test_the_peak_of_a_forward_without_gradient(spec: BlockSpec, channels: int) -> None:
    theory = _theory(spec, run=RunSpec(mode="inference"))
    assert theory.peak_bytes == channels * 56 * 56 * 4 + theory.parameter_bytes + theory.buffer_bytes


# --- the 1×1 convolution ------------------------------------------------------------------------------


def test_the_1x1_costs_parameters_at_the_default_block() -> None:
    cost = one_by_one(DEFAULT.block, DEFAULT.input)
    assert (cost.parameters_with, cost.parameters_without, cost.parameters_cost) == (335_040, 250_560, 84_480)
    assert (cost.parameters_from, cost.macs_from) == (12, 12)
    assert one_by_one(without_bottleneck(DEFAULT.block), DEFAULT.input) == cost


def test_it_does_not_pay_where_both_cost_the_same() -> None:
    even = DenseBlockSpec(36, 5, 1)  # c₀ = 9bk/(9 − b)
    cost = one_by_one(even, DEFAULT.input)
    assert cost.macs_with == cost.macs_without
    assert pays_from(even, "macs") == 2 and pays_from(replace(even, bottleneck_factor=9), "macs") is None


@given(dense_blocks(channels=300, growth=64, layers=40), st.sampled_from(("parameters", "macs")))
def test_it_pays_from_just_the_layer_that_is_said(block: DenseBlockSpec, quantity: str) -> None:
    first = pays_from(block, "parameters" if quantity == "parameters" else "macs")
    for layers in range(1, 65):
        cost = one_by_one(replace(block, layers=layers), InputSpec(height=2, width=2))
        saves = (cost.parameters_cost if quantity == "parameters" else cost.macs_with - cost.macs_without) < 0
        assert saves == (first is not None and layers >= first)


# --- counterparts -------------------------------------------------------------------------------------


def _study(block: DenseBlockSpec, match: Match, unit: Unit, mode: str = "training") -> Study:
    return Study(block, InputSpec(height=7, width=5), CounterpartSpec(match, unit)).with_(mode=mode)


@given(dense_blocks(), st.sampled_from(UNITS))
def test_matched_by_depth(block: DenseBlockSpec, unit: Unit) -> None:
    beside = counterpart(_study(block, "depth", unit))
    spec = beside.theory.spec
    assert isinstance(spec, ResidualSpec)
    assert (spec.in_channels, spec.out_channels, spec.unit) == (block.in_channels, block.out_channels, unit)
    assert beside.remainder == convolutions_3x3(spec) - block.layers
    if unit == "basic":
        assert spec.inner_width == block.out_channels and beside.remainder == block.layers % 2
    else:
        assert spec.inner_width == max(1, block.out_channels // 4) and beside.remainder == 0
    assert bool(beside.note) == bool(beside.remainder)


@settings(deadline=None)
@given(dense_blocks(channels=40, growth=12, layers=5), st.sampled_from(MATCHES), st.sampled_from(UNITS))
def test_the_solved_width_is_the_nearest_of_all(block: DenseBlockSpec, match: Match, unit: Unit) -> None:
    study = _study(block, match, unit)
    beside = counterpart(study)
    spec = beside.theory.spec
    assert isinstance(spec, ResidualSpec)
    target = getattr(block_theory(block, study.input, study.run), match)

    def distance(width: int) -> int:
        other = block_theory(replace(spec, inner_width=width), study.input, study.run)
        return abs(int(getattr(other, match)) - int(target))

    assert spec.inner_width == min(range(1, spec.inner_width + 12), key=distance)  # the first of equals
    assert beside.remainder == getattr(beside.theory, match) - target
    assert beside.matched == match
    assert beside.label.endswith(f"× {spec.units}, width {spec.inner_width}")
    if beside.remainder:
        assert f"{abs(beside.remainder):,} {'more' if beside.remainder > 0 else 'fewer'} " in beside.note


@pytest.mark.parametrize(("target", "width"), [(1, 1), (2, 1), (3, 1), (4, 2), (5, 2), (6, 3), (1_000_000, 147_456)])
def test_of_two_equally_near_widths_the_smaller(target: int, width: int) -> None:
    assert nearest_width(lambda w: 2 * w, target) == width


def test_width_one_may_still_exceed_the_target() -> None:
    beside = counterpart(Study().with_(in_channels=1000, growth_rate=1, match="parameters"))
    assert isinstance(beside.theory.spec, ResidualSpec) and beside.theory.spec.inner_width == 1
    assert beside.remainder > 0
    assert beside.note == f"Even width 1 leaves {beside.remainder:,} more parameters than the Dense Block."


@given(dense_blocks(), st.sampled_from(UNITS))
def test_inference_matches_what_training_would_save(block: DenseBlockSpec, unit: Unit) -> None:
    trained = counterpart(_study(block, "saved_bytes", unit))
    beside = counterpart(_study(block, "saved_bytes", unit, "inference"))
    assert beside.theory.spec == trained.theory.spec and beside.remainder == trained.remainder
    assert beside.theory.saved_bytes == 0
    assert beside.note.startswith("Inference saves nothing for backward, so the width matches")


def test_an_odd_number_of_convolutions_has_no_equal_in_basic_units() -> None:
    beside = counterpart(Study().with_(layers=7, unit="basic"))
    assert (beside.label, beside.remainder) == ("basic × 4", 1)
    assert beside.note == "Basic units hold two convolutions of 3×3 each: these have 8, the Dense Block 7."
    solved = counterpart(Study().with_(layers=7, unit="basic", match="macs"))
    assert solved.note.endswith("; the basic units hold 8 convolutions of 3×3, the Dense Block 7.")
    assert counterpart(Study().with_(layers=6, unit="basic")).words == "three basic residual units of the same shape"


def test_one_unit_and_many_are_worded_rightly() -> None:
    assert counterpart(Study().with_(layers=1)).words == "one residual unit of the same shape"
    assert counterpart(Study().with_(layers=24)).words == "24 residual units of the same shape"
    words = counterpart(Study().with_(layers=12, unit="postactivation", match="macs")).words
    assert re.fullmatch(r"twelve post-activation residual units of width [\d,]+", words)


@given(studies())
def test_the_second_counterpart(study: Study) -> None:
    second = second_counterpart(study)
    spec = second.theory.spec
    assert isinstance(spec, ResidualSpec)
    block, size = study.block, study.input
    canonical = (block.in_channels, block.out_channels, size.height, size.width) == (64, 256, 56, 56)
    assert (second.matched == "canonical") == canonical
    assume(not canonical)
    assert spec.unit == "preactivation" and spec.units == block.layers
    assert second.matched == ("depth" if study.counterpart.match == "parameters" else "parameters")
    if second.matched == "parameters":
        assert second.remainder == second.theory.parameters - block_theory(block, size, study.run).parameters


@pytest.mark.parametrize(
    ("values", "canonical"),
    [
        ({}, True),
        ({"growth_rate": 16, "layers": 12}, True),
        ({"batch": 8, "dtype": "float64", "match": "macs", "unit": "basic"}, True),
        ({"bottleneck": False}, True),
        ({"height": 28}, False),
        ({"width": 57}, False),
        ({"layers": 5}, False),
        ({"in_channels": 32, "growth_rate": 56, "layers": 4}, False),
    ],
)
def test_when_resnet_50s_own_stage_stands_beside(values: dict[str, object], canonical: bool) -> None:
    assert (second_counterpart(Study().with_(**values)).matched == "canonical") == canonical


@given(studies())
def test_both_counterparts_have_the_blocks_output_shape(study: Study) -> None:
    theory = study_theory(study)
    assert theory.study is study
    shapes = {t.output_shape for t in (theory.dense, theory.residual.theory, theory.second.theory)}
    assert shapes == {(study.input.batch, study.block.out_channels, study.input.height, study.input.width)}
    viewed = study_theory(study.with_(select=None, drawing="paper"))
    assert (viewed.dense, viewed.residual, viewed.second) == (theory.dense, theory.residual, theory.second)


# --- formulas -----------------------------------------------------------------------------------------


def _evaluated(text: str, symbols: dict[str, int]) -> int:
    """The value of a formula as written: ``2bk`` is a product, ``k²`` a square, 1,056 a number."""
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text).replace("·", "*").replace("−", "-").replace("²", "**2")
    tokens = re.findall(r"max|\*\*2|c₀|[A-Za-z]|\d+|[-+*/(),]", text)
    assert "".join(tokens) == text.replace(" ", ""), f"not understood: {text}"
    words: list[str] = []
    for token in tokens:
        factor = token in symbols or token.isdigit()
        if factor and words and (words[-1].isdigit() or words[-1] == "**2"):
            words.append("*")
        words.append(str(symbols[token]) if token in symbols else token)
    return int(eval(" ".join(words), {"__builtins__": {}, "max": max}))


def _symbols(study: Study, theory: BlockTheory) -> dict[str, int]:
    block, size = study.block, study.input
    return {
        "c₀": block.in_channels,
        "c": block.width_before(block.layers),
        "C": block.out_channels,
        "k": block.growth_rate,
        "L": block.layers,
        "b": block.bottleneck_factor,
        "S": sum(block.width_before(i) for i in range(1, block.layers + 1)),
        "N": size.batch,
        "H": size.height,
        "W": size.width,
        "e": study.run.bytes_per_element,
        "A": size.positions * study.run.bytes_per_element,
        "P": theory.parameter_bytes + theory.buffer_bytes,
    }


@given(studies())
def test_every_formula_evaluates_to_its_result(study: Study) -> None:
    theory = study_theory(study).dense
    for formula in formulas(theory, study):
        assert _evaluated(formula.substituted, {}) == formula.value, formula
        assert _evaluated(formula.symbolic.split(" = ")[-1], _symbols(study, theory)) == formula.value, formula
        if formula.quantity:
            assert getattr(theory, formula.quantity) == formula.value


def _by_name(study: Study) -> dict[str, Formula]:
    return {formula.name: formula for formula in formulas(study_theory(study).dense, study)}


def test_the_formulas_of_the_default_block_as_a_person_reads_them() -> None:
    rows = _by_name(DEFAULT)
    assert rows["Parameters"].symbolic == "(2 + bk)·S + L·(2bk + 9bk²)"
    assert rows["Parameters"].substituted == "130 · 864 + 6 · 37,120"
    assert rows["MACs of the convolutions"].substituted == "3,136 · (110,592 + 221,184)"
    assert rows["Saved for backward"].substituted == "12,544 · 3,264 + 8 · 1,632"
    assert rows["Channels written by concatenation"].value == 1_056
    assert rows["Bytes written by concatenation"].substituted == "12,544 · 1,056"
    assert rows["Receptive field"].value == 13
    assert "Peak" not in rows


def test_inference_has_a_peak_and_keeps_nothing() -> None:
    rows = _by_name(DEFAULT.with_(mode="inference"))
    assert rows["Saved for backward"].value == 0
    assert rows["Peak"].symbolic == "A·(c₀ + max(3c, c + 3bk, 2c + 2k)) + P"
    assert "c₀ + max" not in _by_name(DEFAULT.with_(mode="inference", layers=1))["Peak"].symbolic
