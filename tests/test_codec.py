"""A Study is its URL, its flags and its JSON: round trips, and what bad input is answered with."""

from __future__ import annotations

import argparse
import json
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from strategies import studies

from explorer.codec import (
    add_flags,
    from_flags,
    from_json,
    from_query,
    read_leniently,
    to_flags,
    to_json,
    to_link,
    to_query,
)
from explorer.spec import FIELDS, SpecError, Study

NAMES = st.one_of(st.sampled_from(list(FIELDS)), st.text(max_size=20))
TEXTS = st.one_of(
    st.text(),
    st.integers().map(str),
    st.sampled_from(
        [
            "",
            "64",
            "1e3",
            "6.0",
            "٦٤",
            "１２",
            "9" * 5000,
            "-0",
            "+7",
            "true",
            "None",
            "\x00",
            "\ud800",
            "layer-1",
            "9-1",
        ]
    ),
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=5,
)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_flags(parser)
    return parser


def _read_flags(words: list[str]) -> Study:
    return from_flags(_parser().parse_args(words))


# --- round trips ------------------------------------------------------------------------------------


@given(studies())
def test_every_study_survives_link_flags_and_json(study: Study) -> None:
    assert from_query(to_query(study).items()) == study
    assert from_query(parse_qsl(urlsplit(to_link(study, "https://lab.example.org/dense/")).query)) == study
    assert _read_flags(to_flags(study)) == study
    assert from_json(json.loads(json.dumps(to_json(study)))) == study


@given(studies())
def test_links_leave_defaults_out_and_json_does_not(study: Study) -> None:
    assert set(to_query(study)) == {name for name in FIELDS if study[name] != FIELDS[name].default}
    assert list(to_json(study)) == list(FIELDS)
    assert to_flags(study)[::2] == [FIELDS[name].flag for name in to_query(study)]


def test_what_a_link_looks_like() -> None:
    assert to_link(Study()) == "/"
    assert to_query(Study()) == {} and to_flags(Study()) == []
    study = Study().with_(growth_rate=48, bottleneck=False, device="cuda:1", select="2-4")
    assert to_link(study, "http://127.0.0.1:8501") == (
        "http://127.0.0.1:8501/?growth_rate=48&bottleneck=false&device=cuda%3A1&select=2-4"
    )
    assert to_flags(study)[:4] == ["--growth-rate", "48", "--bottleneck", "false"]


def test_a_partial_json_object_keeps_defaults() -> None:
    assert from_json({}) == Study()
    assert from_json({"layers": 12}) == Study().with_(layers=12)


def test_the_help_text_of_every_flag_names_range_and_default() -> None:
    text = " ".join(_parser().format_help().split())
    for info in FIELDS.values():
        assert info.flag in text
    assert "a whole number from 1 to 4,096 (default 64)" in text
    assert "one of float32, float64, bfloat16, float16 (default float32)" in text


# --- bad input ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pairs", "field", "message"),
    [
        ([("layers", "65")], "layers", "layers must be a whole number from 1 to 64, not '65'."),
        ([("layers", "0")], "layers", "layers must be a whole number from 1 to 64, not '0'."),
        ([("layers", "six")], "layers", "layers must be a whole number from 1 to 64, not 'six'."),
        ([("layers", "")], "layers", "layers must be a whole number from 1 to 64, not ''."),
        ([("layers", "6.0")], "layers", "layers must be a whole number from 1 to 64, not '6.0'."),
        ([("layers", "٦")], "layers", "layers must be a whole number from 1 to 64, not '٦'."),
        ([("layers", "6\n")], "layers", r"layers must be a whole number from 1 to 64, not '6\n'."),
        ([("layers", "6"), ("layers", "7")], "layers", "layers must be given once, not '6, 7'."),
        ([("layers", "6"), ("layers", "6")], "layers", "layers must be given once, not '6, 6'."),
        ([("bottleneck", "1")], "bottleneck", "bottleneck must be true or false, not '1'."),
        ([("order", "Pre")], "order", "order must be one of pre, post, not 'Pre'."),
        ([("device", "cuda:x")], "device", "device must be auto, cpu, cuda, cuda:N or mps, not 'cuda:x'."),
        ([("scale", "log10")], "scale", "scale must be one of linear, log, not 'log10'."),
    ],
)
def test_one_sentence_says_what_is_wrong(pairs: list[tuple[str, str]], field: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        from_query(pairs)
    assert caught.value.field == field
    assert str(caught.value) == message


def test_huge_digits_are_refused_without_being_converted() -> None:
    with pytest.raises(SpecError) as caught:
        from_query([("seed", "9" * 100_000)])
    assert str(caught.value).startswith("seed must be a whole number from 0 to 4,294,967,295, not '999")
    assert len(str(caught.value)) < 120


def test_an_unknown_parameter_is_named_with_the_nearest_known_one() -> None:
    with pytest.raises(SpecError, match=r"not 'growth_rte'") as caught:
        from_query([("growth_rte", "48")])
    assert "did you mean growth_rate?" in str(caught.value)
    with pytest.raises(SpecError, match="one of in_channels, growth_rate, layers"):
        from_json({"zzz": 1})


def test_unknown_flags_never_reach_the_study() -> None:
    with pytest.raises(SystemExit) as caught:  # argparse's own answer, exit code 2
        argparse.ArgumentParser.parse_args(_parser(), ["--growth", "48", "--nonsense", "1"])
    assert caught.value.code == 2


def test_a_flag_given_twice_is_refused() -> None:
    with pytest.raises(SpecError, match="layers must be given once, not '6, 7'"):
        _read_flags(["--layers", "6", "--layers", "7"])


@pytest.mark.parametrize("data", [None, [], "layers=6", 6, [["layers", 6]]])
def test_json_that_is_no_object(data: object) -> None:
    with pytest.raises(SpecError, match="study must be an object of field names and values"):
        from_json(data)


@pytest.mark.parametrize("value", ["6", 6.0, True, None, [6], {"layers": 6}])
def test_json_numbers_are_numbers(value: object) -> None:
    with pytest.raises(SpecError, match="layers must be a whole number from 1 to 64"):
        from_json({"layers": value})


# --- the page's lenient reading -------------------------------------------------------------------------


def test_a_lenient_reading_keeps_what_is_right() -> None:
    reading = read_leniently([("layers", "99"), ("growth_rate", "48"), ("colour", "red"), ("order", "post")])
    assert reading.study == Study().with_(growth_rate=48, order="post")
    assert [problem.field for problem in reading.problems] == ["layers", "parameter"]


def test_a_selection_is_judged_against_the_block_asked_for() -> None:
    assert read_leniently([("select", "layer-9"), ("layers", "12")]).study.view.select == "layer-9"
    reading = read_leniently([("select", "layer-9"), ("layers", "8"), ("drawing", "paper")])
    assert reading.study == Study().with_(layers=8, drawing="paper")
    assert [problem.field for problem in reading.problems] == ["select"]


def test_a_single_value_a_channel_drops_the_input_and_nothing_else() -> None:
    pairs = [("height", "1"), ("width", "1"), ("layers", "3"), ("dtype", "float64")]
    reading = read_leniently(pairs)
    assert reading.study == Study().with_(layers=3, dtype="float64")
    assert [problem.field for problem in reading.problems] == ["batch · height · width"]
    assert not read_leniently([*pairs, ("mode", "inference")]).problems


@pytest.mark.parametrize(
    "query",
    [
        "hide=answers,typo",
        "hide=typo",
        "hide=answers,",
        "hide=answers&hide=answers",
        "hide=layers&hide=typo",
        "HIDE=answers",
    ],
)
def test_a_link_that_hides_what_cannot_be_read_shows_no_answers(query: str) -> None:
    reading = read_leniently(parse_qsl(f"{query}&chapter=5&state=answer"))
    assert reading.study.lesson.hides_answers and reading.study.lesson.chapter == 5
    assert [problem.field for problem in reading.problems] in (["hide"], ["parameter"])


def test_what_a_link_hides_may_be_written_in_either_case() -> None:
    reading = read_leniently([("hide", "Answers,Growth_Rate")])
    assert reading.study.lesson.hide == "answers,growth_rate" and not reading.problems
    assert not read_leniently([("hide", "")]).study.lesson.hides_answers


@pytest.mark.parametrize("field", ["locked", "hide"])
def test_names_that_are_none_of_fields_are_told_one_by_one(field: str) -> None:
    with pytest.raises(SpecError, match=r"names of fields, such as growth_rate, not 'nosuch'\.$"):
        from_query([(field, "nosuch,device")])


@given(studies())
def test_a_good_link_reads_the_same_leniently(study: Study) -> None:
    reading = read_leniently(to_query(study).items())
    assert reading.study == study and not reading.problems


# --- fuzzing --------------------------------------------------------------------------------------------


@settings(max_examples=500, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(st.tuples(NAMES, TEXTS), max_size=6))
@example([("height", "1"), ("width", "1"), ("select", "layer-64"), ("drawing", "paper")])
def test_no_query_raises_anything_but_a_spec_error(pairs: list[tuple[str, str]]) -> None:
    reading = read_leniently(pairs)
    for problem in reading.problems:
        assert str(problem).isprintable() and len(str(problem)) < 450
    if reading.problems:
        with pytest.raises(SpecError):
            from_query(pairs)
    else:
        assert from_query(pairs) == reading.study
    assert from_query(to_query(reading.study).items()) == reading.study


@settings(max_examples=500, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.one_of(JSON, st.dictionaries(NAMES, JSON, max_size=4)))
def test_no_json_raises_anything_but_a_spec_error(data: object) -> None:
    try:
        study = from_json(data)
    except SpecError as problem:
        assert str(problem).isprintable()
    else:
        assert isinstance(data, dict)
        assert all(study[name] == value for name, value in data.items())
