from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.findings import Answer, Column
from explorer.language import said, speaking
from explorer.lesson.chapter import Axis, Text
from explorer.lesson.words import at, figure, filled, marked, names, number, unbraced

COLUMNS = (Column("block-1", said("Block {n}", n=1)),)
ANSWER = Answer((1.552491,), (("written", 1056), ("plain", 87537.8), ("off", 6.475e-28), ("less", 0.686)), (), said(""))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{written} are written", "1,056 are written"),
        ("{block-1}× and {block-1:2}×", "1.55× and 1.55×"),
        ("{plain}×, {off}×", "88,000×, 6·10⁻²⁸×"),
        ("{less:%} less, k = {control}", "69% less, k = 24"),
        ("{{written}} stays", "{written} stays"),
        ("{nobody}", "–"),
        (Text("{written}", "写了 {written}"), "1,056"),
    ],
)
def test_numbers_are_put_in(text: object, words: str) -> None:
    assert filled(text, COLUMNS, ANSWER, control=24) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (1056, "1,056"), (64.0, "64"), (0.125, "0.125"), (17.6079, "17.6"), (1040.449, "1,040"), (87537.8, "88,000"),
        (6.475e-28, "6·10⁻²⁸"), (1.02e-9, "10⁻⁹"), (9.7e-5, "10⁻⁴"), (-3.25, "−3.25"), (0, "0"), (float("nan"), "–"),
    ],
)  # fmt: skip
def test_a_number_as_it_is_said(value: float, words: str) -> None:
    assert figure(value) == words


def test_a_number_on_an_axis_has_its_digits_and_unit() -> None:
    assert number(1.5525, 2, "×") == "1.55×"
    assert number(0.125, 2, "×") == "0.13×"  # as JavaScript rounds it
    assert number(39.059, 2, "MiB") == "39.06 MiB"
    assert number(87537.8, 2, "×") == "88,000×"
    assert number(9891.1, 2, "×") == "9,891×"
    assert number(6.475e-28, 2, "×") == "6·10⁻²⁸×"
    assert number(97.4, 0, "%") == "97%"
    assert number(0, 0, "") == "0"
    with speaking("zh"):
        assert number(1.5525, 2, "×") == "1.55 倍"
        assert number(39.059, 2, "MiB") == "39.06 MiB"


def test_a_place_on_an_axis_is_told_shortly() -> None:
    axis = Axis(1e-7, 1e7, "log", (), Text("x"), unit="×", digits=2)
    assert [at(axis, value) for value in (1e-7, 0.05, 0.2, 1, 1e7)] == ["10⁻⁷×", "0.05×", "0.2×", "1×", "10⁷×"]


def test_marks_are_bold_and_all_else_is_text() -> None:
    assert marked("a **b** <i>c</i> & d") == "a <b>b</b> &lt;i&gt;c&lt;/i&gt; &amp; d"
    assert marked("**<script>alert(1)</script>**") == "<b>&lt;script&gt;alert(1)&lt;/script&gt;</b>"
    assert unbraced("{{k}}") == "{k}"


@settings(deadline=None)  # machines are shared
@given(st.text())
def test_no_text_makes_markup_of_its_own(text: str) -> None:
    html = marked(text).replace("<b>", "").replace("</b>", "")
    assert not set(html) & set("<>\"'")


@settings(deadline=None)  # machines are shared
@given(st.text(alphabet="{}ab-:2% "))
def test_a_text_whose_names_are_known_is_filled(text: str) -> None:
    found = list(names(text))
    if not set(found) & {"{", "}"}:
        assert "–" not in filled(text, COLUMNS, ANSWER, **dict.fromkeys(found, 1))


@settings(deadline=None)  # machines are shared
@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 6))
def test_every_number_can_be_told(value: float, digits: int) -> None:
    assert number(value, digits, "×").endswith("×")
    assert len(figure(value)) < 24
