"""A lesson file is read, or one sentence says where it cannot be."""

from __future__ import annotations

import copy
import json
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from explorer.language import speaking
from explorer.lesson.chapter import Lesson, Text
from explorer.lesson.places import lines
from explorer.lesson.reading import BUILT_IN, LARGEST, LessonError, built_in, lesson_at, read_lesson, read_lesson_file
from explorer.lesson.shape import schema
from explorer.lesson.words import marked, unbraced
from explorer.study import MEASURES

TEXT = BUILT_IN.read_text(encoding="utf-8")
DATA = tomllib.loads(TEXT)
TOKENS = [  # the claims, word by word
    "使用了通道的拼接(Concatnate)操作,而非ResNet的逐元素相加操作",
    "通道数是按32的增长量增加的",
    "前面层都要一个剪头指向后面的所有层",
    "如果不增加1×1……参数量会急剧增加",
    "相比ResNet,DenseNet参数更少且计算更高效",
    "采用了激活函数在前、卷积层在后的顺序",
    "1×1卷积的作用是降维……平均池化则是降低特征图的尺寸",
    "每一层都会接收其后所有层的梯度……解决了梯度消失的问题",
    "数据需要被复制多次,显存容易增加得很快",
    "ResNet的应用更为广泛",
]


def toml(value: object) -> str:
    """``value`` as TOML: tables within lists as inline ones."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def document(data: dict[str, Any]) -> str:
    """A lesson with a line for each key of a chapter, so that an error's line says which."""
    chapters = data.get("chapter")
    found = [f"{json.dumps(key)} = {toml(value)}" for key, value in data.items() if key != "chapter"]
    if not (isinstance(chapters, list) and all(isinstance(chapter, dict) for chapter in chapters)):
        return "\n".join([*found, *([f"chapter = {toml(chapters)}"] if chapters is not None else [])])
    for chapter in chapters:
        found += ["[[chapter]]", *(f"{json.dumps(key)} = {toml(value)}" for key, value in chapter.items())]
    return "\n".join(found) + "\n"


def read(text: str) -> Lesson | LessonError:
    try:
        return read_lesson(text, "my.toml")
    except LessonError as error:
        assert str(error).startswith("my.toml")
        assert "\n" not in str(error) and "Traceback" not in str(error)
        assert error.line is None or 1 <= error.line <= text.count("\n") + 1
        return error


def wrong(text: str) -> LessonError:
    found = read(text)
    assert isinstance(found, LessonError)
    return found


def changed(before: str, after: str) -> str:
    assert TEXT.count(before) >= 1, before
    return TEXT.replace(before, after, 1)


# --- the ten chapters -----------------------------------------------------------------------------


def test_the_schema_is_one_and_leaves_no_table_open() -> None:
    Draft202012Validator.check_schema(schema())

    def tables(node: object) -> Iterator[dict[str, Any]]:
        if isinstance(node, dict):
            if "properties" in node:
                yield node
            for one in node.values():
                yield from tables(one)
        elif isinstance(node, list):
            for one in node:
                yield from tables(one)

    found = list(tables(schema()))
    assert len(found) > 8 and all(table["additionalProperties"] is False for table in found)
    assert schema()["properties"]["version"] == {"const": 1}


def test_the_ten_chapters_are_read_in_both_languages() -> None:
    lesson = built_in()
    assert [chapter.about for chapter in lesson.chapters] == list(MEASURES)
    assert [chapter.claim.quote for chapter in lesson.chapters if chapter.claim] == TOKENS

    def texts(value: Any) -> Iterator[Text]:
        if isinstance(value, Text):
            yield value
        elif isinstance(value, tuple):
            for one in value:
                yield from texts(one)
        elif hasattr(value, "__dataclass_fields__"):
            for name in value.__dataclass_fields__:
                if name != "meaning":  # a quotation is translated into the other language alone
                    yield from texts(getattr(value, name))

    for text in texts(lesson):
        assert bool(text.en) == bool(text.zh), text
        assert re.findall(r"[错]|[oO]ops|[wW]rong|[bB]etter", text.en + text.zh) == []
        assert re.findall(r"[一-鿿][,;:?!]|[一-鿿]\.(?!\w)|[,;:?!][一-鿿]", text.zh) == [], text.zh


@pytest.mark.parametrize("chapter", built_in().chapters, ids=lambda chapter: chapter.name)
def test_what_is_asked_does_not_start_at_its_answer_and_its_notes_are_short(chapter: Any) -> None:
    assert len(chapter.ask.title.en) <= 150 and len(chapter.ask.title.zh) <= 75
    for note in (*chapter.ask.notes, *chapter.reply.notes, *chapter.play.notes):
        assert len(re.sub(r"\{[^}]*\}", "12,345", note.text.en)) <= 155, note.text.en


def test_a_lesson_in_one_language_speaks_it_to_everybody() -> None:
    data = copy.deepcopy(DATA)
    data["chapter"] = data["chapter"][:1]
    del data["title"]["zh"]
    lesson = read(document(data))
    assert isinstance(lesson, Lesson)
    with speaking("zh"):
        assert str(lesson.title) == "DenseNet, ten claims tested"


# --- what cannot be -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (
            "low = 0.05\nhigh = 4",
            "low = 7\nhigh = 4",
            "chapter 5 (parameters), axis.low: must be below axis.high (4), not 7.",
        ),
        ("version = 1", "version = 2", "version: must be 1, not 2."),
        ("version = 1\n", "", "version: is missing."),
        (
            'about = "stages"',
            'about = "stage"',
            "chapter 5 (parameters), about: is not known here; did you mean stages?",
        ),
        (
            'name = "networks"',
            'name = "Net works"',
            "chapter 10, name: must be small letters and digits with dashes "
            "between them, such as block-1, not 'Net works'.",
        ),
        ('name = "networks"', 'name = "memory"', "chapter 10 (memory), name: is the name of an earlier chapter."),
        (
            'scale = "log"',
            'scale = "cubic"',
            "chapter 4 (bottleneck), axis.scale: must be one of linear, log, not 'cubic'.",
        ),
        ("low = 0.2\n", "low = 0\n", "chapter 4 (bottleneck), axis.low: must be above 0 on a logarithmic axis, not 0."),
        ("low = 0.2\n", "low = nan\n", "chapter 4 (bottleneck), axis.low: must be a finite number, not nan."),
        (
            "marks = [0.5, 1, 2]",
            "marks = [0.5, 1, 20]",
            "chapter 4 (bottleneck), axis.marks[3]: must be within the axis, from 0.2 to 5, not 20.",
        ),
        (
            "start = [1, 1, 1, 1, 1]",
            "start = [1, 1]",
            "chapter 4 (bottleneck), ask.start: must have 5 numbers, one a "
            "column (depth-3, depth-6, depth-12, depth-24, depth-48), not 2.",
        ),
        (
            "growth_rate = 32 }",
            "growth_rate = 32000 }",
            "chapter 1 (concatenate), given.growth_rate: must be a whole number from 1 to 512, not 32000.",
        ),
        ("growth_rate = 32 }", "layers = 32 }", "chapter 1 (concatenate), given.layers: is not known here; "),
        (
            "{written}",
            "{writen}",
            "chapter 2 (growth-rate), answer.title.en: names {writen}, which is not measured here; ",
        ),
        (
            'hint.en = "',
            'hint.en = "{out} ',
            "chapter 1 (concatenate), ask.hint.en: names {out}, which is not known before the answer.",
        ),
        (
            'hint.en = "',
            'hint.en = "{% x %} ',
            "chapter 1 (concatenate), ask.hint.en: has a brace that names no number; write it twice to show one.",
        ),
        (
            'against = "add-same"',
            'against = "add-some"',
            "chapter 1 (concatenate), answer.against: is not known here; did you mean add-same?",
        ),
        (
            'against = "add-same"',
            'against = "add-same"\nexpected = "below"',
            "chapter 1 (concatenate), answer.expected: needs answer.against and axis.line, which it tells of.",
        ),
        ('control = "growth_rate"', 'control = "batch"', "chapter 1 (concatenate), play.control: is not known here; "),
        (
            "values = [8, 96]",
            "values = [96, 8]",
            "chapter 1 (concatenate), play.values: must go up from the first to the last, not from 96 to 8.",
        ),
        (
            "values = [8, 96]",
            'values = ["8", "9999"]',
            "chapter 1 (concatenate), play.values[2]: must be a whole number from 1 to 512, not '9999'.",
        ),
        (
            "values = [8, 96]",
            "values = [8, 96, 100]",
            "chapter 1 (concatenate), play.values: must be two whole numbers, ",
        ),
        (
            'values = ["true", "false"]',
            'values = ["true", "no"]',
            "chapter 8 (gradients), play.values[2]: must be true or false, not 'no'.",
        ),
        (
            'locked = ["in_channels"]',
            'locked = ["growth_rate"]',
            "chapter 1 (concatenate), play.locked[1]: is the control, which is the person’s.",
        ),
        (
            'near.en = "**At k = {control} at',
            'nearly.en = "**At k = {control} at',
            "chapter 1 (concatenate), play.task.nearly: is not known here; ",
        ),
        (
            'order = ["conv1", "conv2",',
            'order = ["conv1", "conv3",',
            "chapter 6 (activation-first), ask.order: must have every card of the measure: ",
        ),
        (
            'worked = ["list-held", "list-peak"]',
            'worked = ["list-held", "shared-held", "list-peak", "shared-peak"]',
            "chapter 9 (memory), ask.worked: leaves nothing to predict.",
        ),
        (
            'task.en = "Drag each ring to your prediction"',
            "task.en = 5",
            "chapter 1 (concatenate), ask.task.en: must be text in quotes, not 5.",
        ),
        (
            'page = "?layers=1"',
            'page = "?layers=99"',
            "chapter 1 (concatenate), page: layers must be a whole number from 1 to 64, not '99'.",
        ),
        ('page = "?layers=1"', 'page = "javascript:alert(1)"', "chapter 1 (concatenate), page: must be memory, "),
        ("digits = 2", "digits = 9", "chapter 4 (bottleneck), axis.digits: must be a whole number from 0 to 6, not 9."),
    ],
)
def test_what_cannot_be_is_told_with_its_line(before: str, after: str, told: str) -> None:
    text = changed(before, after)
    error = wrong(text)
    assert f"{error.field}: {error.message}".startswith(told)
    assert str(error) == f"my.toml, line {error.line}, {error.field}: {error.message}"
    if not told.endswith("is missing."):  # the line that was changed, or the next one that the change made wrong
        at = TEXT[: TEXT.index(before)].count("\n") + 1
        assert at <= (error.line or 0) <= at + after.count("\n")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("version = 1\nname = ", "my.toml, line 2: is not TOML: invalid value."),
        ("version = 1\nversion = 1", "my.toml, line 2: is not TOML: cannot overwrite a value."),
        ('version = 1\n\ntitle = """', "my.toml, line 3: is not TOML: "),
        ("a = " + "[" * 3000 + "]" * 3000, "my.toml: has brackets in too many brackets."),
        ("a = " + "9" * 5000, "my.toml: is not TOML: "),
        ("", "my.toml, line 1, version: is missing."),
        ("version = 1\ntitle.en = 'x'\nchapter = []", "my.toml, line 3, chapter: must have at least 1, not 0."),
        ("version = 1\ntitle.en = 'x'\nchapter = [3]", "my.toml, line 3, chapter 1: must be a table of keys, not 3."),
        ("version = 1\ntitle.en = 'x'\nchapter = 'x'", "my.toml, line 3, chapter: must be a list in square brackets, "),
        ("version = 1\ntitle = {}\nchapter = []", "my.toml, line 2, title: must have text in at least one language"),
    ],
)
def test_what_is_no_lesson_at_all_is_told(text: str, told: str) -> None:
    assert str(wrong(text)).startswith(told)


def in_english(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: in_english(one) for key, one in value.items() if key != "zh"}
    return [in_english(one) for one in value] if isinstance(value, list) else value


def test_at_most_64_chapters() -> None:
    data = copy.deepcopy(DATA)
    chapter = in_english(data["chapter"][0])
    data["chapter"] = [{**chapter, "name": f"c{n}"} for n in range(65)]
    assert "chapter: must have at most 64, not 65." in str(wrong(document(data)))
    data["chapter"].pop()
    assert isinstance(read(document(data)), Lesson)


def test_a_text_of_many_lines_confuses_no_line() -> None:
    text = changed(
        'hint.en = "Two ways', 'hint.en = """\n[[chapter]]\naxis.low = 7\n# "no\n\\"""" # three\nx.en = "Two ways'
    )
    assert "ask.x" in str(wrong(text)) and wrong(text).line == TEXT[: TEXT.index('hint.en = "Two')].count("\n") + 6


def test_tables_keys_and_inline_tables_have_their_lines() -> None:
    found = lines(
        "a.b = 1 # c = 2\n[t]\n'q r'.s = '''\n[u]\n'''\n[[c]]\nx = [\n1,\n{y = 2}]\n[c.d]\n"
        "[[c]]\n[[c.e]]\nz=1\n[[c.e]]\r\nz=2\n"
    )
    assert found == {
        ("a",): 1, ("a", "b"): 1, (): 2, ("t",): 2, ("t", "q r"): 3, ("t", "q r", "s"): 3, ("c", 0): 6, ("c",): 6,
        ("c", 0, "x"): 7, ("c", 0, "d"): 10, ("c", 1): 11, ("c", 1, "e", 0): 12, ("c", 1, "e"): 12,
        ("c", 1, "e", 0, "z"): 13, ("c", 1, "e", 1): 14, ("c", 1, "e", 1, "z"): 15,
    }  # fmt: skip


# --- files ----------------------------------------------------------------------------------------


def test_files_that_hold_none(tmp_path: Path) -> None:
    (tmp_path / "large.toml").write_bytes(b"#" * (LARGEST + 1))
    (tmp_path / "bytes.toml").write_bytes(b"version = 1\ntitle.en = '\xff'\n")
    told = []
    for name in ("none.toml", "large.toml", "bytes.toml", "a\0b", "x" * 5000):
        with pytest.raises(LessonError) as error:
            read_lesson_file(tmp_path / name)
        told.append(str(error.value)[-60:])
    assert told[:3] == [
        "none.toml: there is no such file.",
        "large.toml: is larger than a lesson file may be, 256 kB.",
        "bytes.toml, line 2: is not UTF-8 text.",
    ]
    with pytest.raises(LessonError, match="is a folder, not a lesson file"):
        read_lesson_file(tmp_path)
    os.mkfifo(tmp_path / "pipe.toml")
    with pytest.raises(LessonError, match=r"pipe\.toml: is not a file\.$"):
        read_lesson_file(tmp_path / "pipe.toml")


def test_a_file_that_has_changed_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())  # as some editors save it
    assert lesson_at(None) is built_in()
    assert lesson_at(path) == built_in() and lesson_at(path) is lesson_at(path)
    path.write_text(TEXT.replace("ten claims", "some claims"), encoding="utf-8")
    assert lesson_at(path).title.en == "DenseNet, some claims tested"
    path.unlink()
    with pytest.raises(LessonError, match="there is no such file"):
        lesson_at(path)


# --- nothing in a file is more than text --------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "{{7*7}} ${{x}} <%= 1 %>"]
)
def test_markup_in_a_text_stays_text(text: str) -> None:
    data = copy.deepcopy(DATA)
    data["chapter"] = data["chapter"][:1]
    data["chapter"][0]["ask"]["title"]["en"] = text
    lesson = read(document(data))
    assert isinstance(lesson, Lesson)
    assert lesson.chapters[0].ask.title.en == unbraced(text)
    assert "<" not in marked(lesson.chapters[0].ask.title)


@pytest.mark.parametrize(
    "text", ["{answer.__class__}", "{0}", "{out!r}", "{out:>1000000000}", "{out.real}", "{", "}", "{}"]
)
def test_a_name_of_a_number_is_nothing_but_a_name(text: str) -> None:
    data = copy.deepcopy(DATA)
    data["chapter"][0]["answer"]["title"]["en"] = text
    assert "answer.title.en: has a brace that names no number" in str(wrong(document(data)))


def test_a_sign_that_cannot_be_shown_is_told() -> None:
    assert "ask.title.en: has a sign in it that cannot be shown." in str(
        wrong(changed('title.en = "A layer', 'title.en = "\\u0000A layer'))
    )


# --- whatever is done to the ten chapters, one sentence comes of it -----------------------------------

Path_ = tuple[Any, ...]


def places(value: object, path: Path_ = ()) -> Iterator[Path_]:
    if path:
        yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in pairs:
        yield from places(one, (*path, key))


PLACES = list(places(DATA))
KEYS = [path for path in PLACES if isinstance(path[-1], str)]


def at(data: Any, path: Path_) -> Any:
    for key in path:
        data = data[key]
    return data


def told_in(text: str, path: Path_, found: LessonError) -> None:
    """The line is that of the key of a chapter, or of the chapter, that ``path`` leads to."""
    own = lines(text)
    expected = {own[path[:n]] for n in range(1, len(path) + 1) if path[:n] in own} | {1}
    assert found.line in expected, (path, str(found))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(KEYS))
def test_a_key_that_is_left_out(path: Path_) -> None:
    data = copy.deepcopy(DATA)
    del at(data, path[:-1])[path[-1]]
    found = read(document(data))
    if isinstance(found, LessonError):
        told_in(document(data), path, found)


JUNK = st.one_of(
    st.none().map(lambda _none: "x" * 500), st.booleans(), st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=20).filter(lambda text: text.isprintable()),
    st.lists(st.integers(-5, 5), max_size=3),
    st.dictionaries(st.sampled_from(("en", "zh", "x")), st.integers(), max_size=2),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(PLACES), JUNK)
def test_another_value(path: Path_, value: object) -> None:
    data = copy.deepcopy(DATA)
    at(data, path[:-1])[path[-1]] = value
    read(document(data))


@settings(max_examples=50, deadline=None)
@given(st.sampled_from([path for path in PLACES if isinstance(at(DATA, path), dict)]))
def test_a_key_that_nobody_knows(path: Path_) -> None:
    data = copy.deepcopy(DATA)
    at(data, path)["unheard-of"] = 1
    found = wrong(document(data))
    assert "unheard-of: " in str(found)
    told_in(document(data), (*path, "unheard-of"), found)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([path for path in PLACES if path[-1] in ("en", "zh") and len(path) > 3]))
def test_a_number_that_nobody_measures(path: Path_) -> None:
    data = copy.deepcopy(DATA)
    at(data, path[:-1])[path[-1]] = "{nonsense}"
    found = wrong(document(data))
    assert "{nonsense}" in str(found)
    told_in(document(data), path, found)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 9))
def test_an_axis_the_wrong_way_round(n: int) -> None:
    data = copy.deepcopy(DATA)
    axis = data["chapter"][n]["axis"]
    axis["low"], axis["high"] = axis["high"], axis["low"] + (axis["low"] == 0)
    found = wrong(document(data))
    assert "axis.low: must be below axis.high" in str(found)
    told_in(document(data), ("chapter", n, "axis"), found)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(TEXT) - 1), st.integers(1, 40), st.text(max_size=6))
def test_any_part_of_the_file_may_be_lost(begin: int, length: int, instead: str) -> None:
    read((TEXT[:begin] + instead + TEXT[begin + length :]).encode("utf-8", "replace").decode())
