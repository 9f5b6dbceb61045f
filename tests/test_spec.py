"""What a spec allows, and the one sentence it refuses the rest with."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, fields

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import dense_blocks, residual_blocks, selections, studies

from explorer.presets import PRESETS
from explorer.spec import (
    FIELDS,
    CounterpartSpec,
    DenseBlockSpec,
    FieldInfo,
    GradientsSpec,
    InputSpec,
    LessonSpec,
    MemorySpec,
    NetworksSpec,
    Pattern,
    ResidualSpec,
    RunSpec,
    SpecError,
    Study,
    ViewSpec,
    Whole,
    shown,
)

WHOLE = [info for info in FIELDS.values() if isinstance(info.domain, Whole)]
SECTIONS = {
    "block": DenseBlockSpec,
    "input": InputSpec,
    "counterpart": CounterpartSpec,
    "run": RunSpec,
    "view": ViewSpec,
    "memory": MemorySpec,
    "networks": NetworksSpec,
    "gradients": GradientsSpec,
    "lesson": LessonSpec,
}
#: What no field takes, whatever it allows.
ODD: list[object] = [
    -1,
    10**5000,
    -(10**5000),
    float("nan"),
    float("inf"),
    3.0,
    "",
    "non sense",
    "x" * 100_000,
    "\x00\x1b[31m",
    "\ud800",
    "٦٤",
    "auto\n",
    b"64",
    [],
    {},
    object(),
]


def test_the_positional_form_is_the_first_three_fields() -> None:
    block = DenseBlockSpec(64, 32, 6)
    assert (block.in_channels, block.growth_rate, block.layers) == (64, 32, 6)
    assert block == DenseBlockSpec() == Study().block
    assert (block.bottleneck_factor, block.bottleneck, block.order) == (4, True, "pre")


def test_widths_of_the_worked_example() -> None:
    block = DenseBlockSpec(64, 32, 6)
    assert [block.width_before(i) for i in range(1, 7)] == [64, 96, 128, 160, 192, 224]
    assert (block.mid_channels, block.out_channels) == (128, 256)


@given(dense_blocks())
def test_the_last_width_is_the_output(block: DenseBlockSpec) -> None:
    assert block.width_before(block.layers) + block.growth_rate == block.out_channels


@given(residual_blocks())
def test_only_the_first_residual_unit_reads_the_input(spec: ResidualSpec) -> None:
    widths = [spec.width_before(i) for i in range(1, spec.units + 1)]
    assert widths == [spec.in_channels] + [spec.out_channels] * (spec.units - 1)


@pytest.mark.parametrize("info", FIELDS.values(), ids=list(FIELDS))
def test_every_field_names_its_default_and_help(info: FieldInfo) -> None:
    assert info.domain.holds(info.default)
    assert getattr(SECTIONS[info.section](), info.name) == info.default == Study()[info.name]
    assert info.help and info.domain.words
    assert info.flag == "--" + info.name.replace("_", "-")


def test_every_field_of_every_section_has_a_domain() -> None:
    named = {f.name for section in SECTIONS.values() for f in fields(section) if f.init}
    assert named == set(FIELDS)
    assert {f.name for f in fields(Study)} == set(SECTIONS)


@pytest.mark.parametrize("info", WHOLE, ids=lambda info: info.name)
def test_whole_numbers_hold_their_bounds_and_nothing_beyond(info: FieldInfo) -> None:
    assert isinstance(info.domain, Whole)
    section = SECTIONS[info.section]
    for value in (info.domain.low, info.domain.high):
        assert getattr(section(**{info.name: value}), info.name) == value
    for value in (info.domain.low - 1, info.domain.high + 1):
        with pytest.raises(SpecError) as caught:
            section(**{info.name: value})
        assert str(caught.value) == (
            f"{info.name} must be a whole number from {info.domain.low:,} to {info.domain.high:,}, not {value}."
        )


@pytest.mark.parametrize("info", FIELDS.values(), ids=list(FIELDS))
@pytest.mark.parametrize("value", ODD, ids=range(len(ODD)))
def test_a_refusal_names_field_value_and_range(info: FieldInfo, value: object) -> None:
    with pytest.raises(SpecError) as caught:
        SECTIONS[info.section](**{info.name: value})
    error = caught.value
    assert (error.field, error.allowed) == (info.name, info.domain.words)
    assert error.value is value
    assert str(error) == f"{info.name} must be {info.domain.words}, not {shown(value)}."
    assert str(error).isprintable() and len(str(error)) < 200


def test_true_is_no_number_and_one_is_no_flag() -> None:
    with pytest.raises(SpecError, match="layers must be a whole number from 1 to 64, not True"):
        DenseBlockSpec(layers=True)
    with pytest.raises(SpecError, match="bottleneck must be true or false, not 1"):
        DenseBlockSpec(bottleneck=1)  # type: ignore[arg-type]  # the point of the test


@pytest.mark.parametrize("device", ["cuda:", "cuda:100", "cuda:07", "cuda:-1", "CUDA", " cpu", "cpu ", "tpu", "cuda:١"])
def test_devices_that_are_none(device: str) -> None:
    with pytest.raises(SpecError, match="device must be auto, cpu, cuda, cuda:N or mps"):
        RunSpec(device=device)


def test_batchnorm_needs_two_values_a_channel_in_training() -> None:
    one = InputSpec(1, 1, 1)
    with pytest.raises(SpecError, match=r"batch · height · width must be at least 2 in training") as caught:
        Study(input=one)
    assert caught.value.field == "batch · height · width"
    assert Study(input=one, run=RunSpec(mode="inference")).input.positions == 1
    for two in (InputSpec(2, 1, 1), InputSpec(1, 2, 1), InputSpec(1, 1, 2)):
        assert Study(input=two).input.positions == 2


@given(st.integers(1, 64), st.data())
def test_a_selection_must_be_one_the_block_has(layers: int, data: st.DataObject) -> None:
    select = data.draw(selections(layers))
    block = DenseBlockSpec(layers=layers)
    assert Study(block, view=ViewSpec(select=select)).view.select == select
    beyond = data.draw(
        st.sampled_from(
            [f"layer-{layers + 1}", f"source-{layers + 1}", f"0-{layers + 1}", f"{layers}-{layers}", f"{layers}-1"]
        )
    )
    with pytest.raises(SpecError) as caught:
        Study(block, view=ViewSpec(select=beyond))
    assert caught.value.field == "select" and f"layer-{layers}," in str(caught.value)


@pytest.mark.parametrize("select", ["layer-0", "layer-01", "source-00", "1", "-", "2-", "layer-", "layer-100", "0-0"])
def test_selections_that_are_none(select: str) -> None:
    domain = FIELDS["select"].domain
    assert isinstance(domain, Pattern) and not domain.holds(select)


@given(studies())
def test_studies_are_values(study: Study) -> None:
    again = pickle.loads(pickle.dumps(study))
    assert again == study and hash(again) == hash(study)
    assert study.with_(**{name: study[name] for name in FIELDS}) == study
    with pytest.raises(FrozenInstanceError):
        study.block.layers = 7  # type: ignore[misc]  # the point of the test


def test_with_changes_only_what_it_is_told() -> None:
    study = Study().with_(growth_rate=48, height=7, select="layer-2")
    assert study.block == DenseBlockSpec(64, 48, 6)
    assert study.input == InputSpec(1, 7, 56)
    assert study.view == ViewSpec(select="layer-2")
    assert study.run == RunSpec() and study.counterpart == CounterpartSpec()
    with pytest.raises(TypeError, match="no field 'growth'"):
        Study().with_(growth=48)
    with pytest.raises(SpecError, match="growth_rate must be a whole number from 1 to 512, not 0"):
        Study().with_(growth_rate=0)


@pytest.mark.parametrize("value", [64, "sixty", None, 10**5000], ids=["number", "text", "none", "huge"])
def test_errors_cross_a_process_boundary(value: object) -> None:
    error = SpecError("layers", value, "a whole number from 1 to 64")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is SpecError and str(again) == str(error)
    assert (again.field, again.value, again.allowed) == (error.field, error.value, error.allowed)


class _Unreadable:
    def __repr__(self) -> str:
        raise RuntimeError("no")


@given(st.text())
def test_shown_is_short_and_printable(text: str) -> None:
    assert shown(text).isprintable() and len(shown(text)) <= 40


def test_shown_survives_what_cannot_be_shown() -> None:
    assert shown(_Unreadable()) == "a _Unreadable"
    assert shown(10**5000) == shown(-(10**5000)) == "a number of more than 40 digits"


@pytest.mark.parametrize("study", PRESETS.values(), ids=list(PRESETS))
def test_presets_differ_only_in_block_and_input(study: Study) -> None:
    assert study == Study(study.block, study.input)
    assert (study.input.batch, study.input.height) == (1, study.input.width)


def test_presets_are_unique() -> None:
    assert len(set(PRESETS.values())) == len(PRESETS)
    assert PRESETS["DenseNet-121, block 1"] == Study()


@pytest.mark.parametrize("section", ["block", "input", "counterpart", "run", "view"])
def test_a_study_takes_no_section_of_another_kind(section: str) -> None:
    with pytest.raises(SpecError, match=f"{section} must be a .*Spec, not 5"):
        Study(**{section: 5})  # type: ignore[arg-type]  # what it refuses
