"""Every text is one of the catalogue's, each catalogue is whole, and a thread speaks its own language."""

from __future__ import annotations

import re
import string
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from babel.messages.catalog import Message
from pseudo import SAME, of_markup, of_page, outside, pseudo_spoken
from streamlit.testing.v1 import AppTest
from study_fakes import answer as answered
from test_explore_page import Answers

from explorer import exports
from explorer.bench.server import ROOT
from explorer.codec import to_query
from explorer.engine import Done, Failed, Pending, State
from explorer.findings import Problem
from explorer.language import (
    LANGUAGES,
    Said,
    _,
    kept,
    language,
    language_of,
    listed,
    number_word,
    plural,
    preferred,
    said,
    speaking,
    stopped,
    typeset,
    typeset_all,
)
from explorer.pictures.layout.lettering import text_width
from explorer.setup import catalogues
from explorer.spec import Job, Study
from explorer.study import findings
from explorer.web import waiting

ZH = catalogues.read("zh")
HAN = r"[\u3400-\u9fff]"


def texts(message: Message) -> list[tuple[str, str]]:
    """Each form of a message: (English, translation); Chinese has one for both."""
    ids, forms = ([words] if isinstance(words, str) else [*(words or ())] for words in (message.id, message.string))
    return [(one, form) for one in ids for form in forms]


def fields(text: str) -> list[str]:
    """The placeholders of a text, with how they are written."""
    return sorted(f"{name}:{how}" for _text, name, how, _as in string.Formatter().parse(text) if name is not None)


# --- the catalogue ---------------------------------------------------------------------------------------------------


def test_every_text_that_the_code_marks_is_translated() -> None:
    marked = {message.id for message in catalogues.extracted() if message.id}
    known = {message.id for message in ZH if message.id and catalogues.is_translated(message) and not message.fuzzy}
    assert marked - known == set()
    assert {message.id for message in ZH if message.id} - marked == set()


def test_every_translation_takes_the_same_values() -> None:
    last = [texts(message)[-1] for message in ZH if message.id and catalogues.is_translated(message)]
    assert [pair for pair in last if fields(pair[0]) != fields(pair[1])] == []  # the plural's: "one layer" has none


def test_the_compiled_catalogue_is_the_written_one() -> None:
    path = catalogues.path_of("zh")
    assert path.with_suffix(".mo").read_bytes() == catalogues.compiled(ZH)
    assert path.read_bytes() == catalogues.text_of(ZH)


def test_no_half_width_sign_stands_beside_a_chinese_character() -> None:
    beside = re.compile(rf"{HAN}[,;:!?()]|[,;:!?()]{HAN}|{HAN}\.(?!\w)|{HAN} {HAN}")
    said_in_zh = [form for message in ZH if message.id for _id, form in texts(message)]
    assert [form for form in said_in_zh if beside.search(re.sub(r"`[^`]*`", "", form))] == []


def test_a_call_within_an_f_string_is_found_and_one_with_a_variable_is_not() -> None:
    source = 'x = f"{_("a")}"\ny = _(name)\nz = plural("one", "many", 2)\nw = said("b {n}", n=1)\nv = other("c")'
    assert set(catalogues.marked(source.replace('f"{_("a")}"', "f\"{_('a')}\""))) == {"a", ("one", "many"), "b {n}"}


# --- what is spoken --------------------------------------------------------------------------------------------------


def test_two_threads_speak_two_languages_at_once() -> None:
    both = threading.Barrier(2)

    def tell(spoken: Any) -> list[str]:
        with speaking(spoken):
            found = []
            for _time in range(50):
                both.wait(timeout=10)
                found.append(_("Share") + str(said("{n} layers", n=3)) + exports.formats()[0].label)
            return found

    with ThreadPoolExecutor(2) as threads:
        chinese, english = threads.map(tell, ("zh", "en"))
    assert len({*chinese}) == len({*english}) == 1
    assert re.search(HAN, chinese[0]) and not re.search(HAN, english[0])
    assert language() == "en"


def test_what_is_kept_is_kept_for_each_language() -> None:
    asked: list[int] = []

    @kept(maxsize=8)
    def words(n: int) -> str:
        asked.append(n)
        return _("Share")

    assert words(1) == words(1) == "Share"
    with speaking("zh"):
        assert words(1) == words(1) != "Share"
    assert words(1) == "Share" and asked == [1, 1]


def test_a_sentence_is_put_into_words_when_it_is_read() -> None:
    sentence = said("Share")
    assert isinstance(sentence, Said) and str(sentence) == "Share"
    with speaking("zh"):
        assert re.fullmatch(f"{HAN}+", str(sentence))


@pytest.mark.parametrize(
    ("accepted", "spoken"),
    [
        ("", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-US,en;q=0.9,zh;q=0.8", "en"),
        ("de,fr;q=0.9", "en"),
        ("de, zh-Hant;q=0.5, en;q=0.4", "zh"),
        ("zh;q=0, en;q=0.1", "en"),
        ("*;q=0.1, ;;,q=", "en"),
    ],
)
def test_of_what_a_reader_accepts_the_most_wanted_is_spoken(accepted: str, spoken: str) -> None:
    assert preferred(accepted) == spoken


def test_a_locale_names_its_language() -> None:
    assert [language_of(one) for one in ("zh_TW.UTF-8", "ZH-cn", "en", "de", "", None, "zhx")] == [
        "zh", "zh", "en", "en", "en", "en", "en",
    ]  # fmt: skip
    assert {*LANGUAGES} == {"en", "zh"}


# --- Chinese as it is set --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("joined", "well"),
    [
        ("参数, 乘加: 3", "参数，乘加：3"),
        ("参数 (x₀ + x₁). 乘加", "参数（x₀ + x₁）。乘加"),
        ("第一句。 第二句。.", "第一句。第二句。"),
        ("残差 × 6: 按深度", "残差 × 6：按深度"),
        ("普通 0.17×, 残差 18×", "普通 0.17 倍，残差 18 倍"),
        ("三 个 瓶颈层", "三个瓶颈层"),
        ("<b>参数</b>, <b>乘加</b>: 1", "<b>参数</b>，<b>乘加</b>：1"),
        ("&lt;参数&gt;", "&lt;参数&gt;"),
        ("1. 参数", "1. 参数"),
        (
            "见 [这里](http://x.example/?a=1) 的 torch.cat(a) 调用",
            "见 [这里](http://x.example/?a=1) 的 torch.cat(a) 调用",
        ),
        ("1 × 64 × 56 × 56, float32", "1 × 64 × 56 × 56, float32"),
        ("图.svg, 1×1 卷积", "图.svg，1×1 卷积".replace("svg，", "svg, ")),
        ('{"a":"参数","b":"乘加"}', '{"a":"参数","b":"乘加"}'),
    ],
)
def test_what_was_joined_as_in_english_is_set_as_in_chinese(joined: str, well: str) -> None:
    assert typeset(joined) == joined  # English is spoken
    with speaking("zh"):
        assert typeset(joined) == well
        assert typeset(well) == well
        assert typeset_all({"参数, ": [joined, 1]}) == {"参数, ": [well, 1]}


def test_lists_and_sentences_end_as_their_language_has_it() -> None:
    assert (listed(["a", "b"]), stopped("a"), stopped("a?"), stopped("")) == ("a, b", "a.", "a?", "")
    with speaking("zh"):
        assert (listed(["甲", "乙"]), stopped("甲"), stopped("甲。")) == ("甲、乙", "甲。", "甲。")
        assert number_word(6) == "六" and number_word(13) == "13"
        assert plural("{n} layer", "{n} layers", 2) == plural("{n} layer", "{n} layers", 1)


def test_a_chinese_character_is_as_wide_as_its_font_is_high() -> None:
    assert text_width("瓶颈层", "note") == 3 * 13 and text_width("，", "name") == 13


# --- that nothing is shown unmarked -----------------------------------------------------------------------------------

ODD = {"select": "unit-2", "layers": 40, "match": "parameters", "order": "post", "bottleneck": False}
STUDIES: dict[str, tuple[dict[str, object], ...]] = {
    "explore": (
        {},
        {"select": "layer-3", "matrix": "weights", "reference": "64-24-12"},
        ODD | {"drawing": "paper"},
        {"present": True},
    ),
    "memory": ({}, {"optimiser": "adam", "colours": "kind", "versus": "batch", "scale": "log", "mode": "inference"}),
    "gradients": ({}, {"trained": True, "batch_norm": False, "gradient": "weights", "data": "noise"}),
    "networks": ({}, {"network": "6-12-24-16-k24", "against": "densenet121", "heights": "bytes", "frontier": "macs"}),
}
CASES = [(page, over) for page, many in STUDIES.items() for over in many]


def done(job: Job) -> State:
    return Done(answered(job))


def pending(job: Job) -> State:
    return Pending(running=False, ahead=0, since=0.0)


def failing(job: Job) -> State:
    return Failed(Problem("refused", "⟦Refused⟧", "⟦Try less⟧"))


@pytest.fixture
def pseudo() -> Iterator[None]:
    with pseudo_spoken():
        yield


def drawn(page: str, study: Study) -> AppTest:
    app = AppTest.from_file(str(ROOT / "explorer" / "web" / "frame.py"), default_timeout=60)
    for name, value in to_query(study).items():
        app.query_params[name] = value
    if page != "explore":
        app.switch_page(str(ROOT / "pages" / f"{page}.py"))
    app.run()
    assert not app.exception and not app.error
    return app


@pytest.mark.parametrize("answer", [done, pending, failing])
@pytest.mark.parametrize(("page", "over"), CASES, ids=lambda value: str(value))
def test_every_text_of_a_page_is_marked(
    page: str, over: dict[str, object], answer: Any, pseudo: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Answers(answer)
    monkeypatch.setattr(waiting, "engine", lambda: engine)
    monkeypatch.setattr("explorer.web.parts.heat.engine", lambda: engine)
    app = drawn(page, Study().with_(**over, lang="zh"))
    allowed = (*SAME, r"The (pattern|noise) of a test")  # the last is the fake worker's
    left = {run for shown in of_page(app) for run in outside(shown, allowed)}
    assert left == set()


@pytest.mark.parametrize("over", [{}, {"match": "parameters", "mode": "inference", "layers": 40}], ids=str)
@pytest.mark.parametrize("name", ["svg", "html", "md", "badge", "network.svg", "network.md"])
def test_every_text_of_a_file_is_marked(name: str, over: dict[str, object], pseudo: None) -> None:
    many = {one.name: one for one in exports.formats()} | {"badge": exports.badge()}
    many |= {f"network.{one.name}": one for one in exports.networks()}
    text = many[name].bytes_of(findings(Study().with_(**over, lang="zh")), "http://x.example").decode()
    assert outside(of_markup(re.sub(r"`[^`]*`", "", text)), SAME) == []


def test_an_unmarked_text_would_be_seen() -> None:
    assert outside("⟦marked ⟦twice⟧⟧ and not marked", SAME) == ["and not marked"]
    assert outside("⟦marked⟧ 1.5 MiB ✓", SAME) == []


# --- files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["svg", "html", "md", "tex", "dot", "mmd", "csv", "json", "py"])
def test_a_file_speaks_the_language_of_its_study_and_carries_it(name: str) -> None:
    made = next(one for one in exports.formats() if one.name == name)
    chinese, english = (
        made.bytes_of(findings(Study().with_(lang=lang)), "http://x.example").decode() for lang in ("zh", "en")
    )
    if name not in ("csv", "json", "py", "dot"):  # which programs read
        assert re.search(HAN, chinese)
    assert not re.search(HAN, english)
    assert exports.study_in(chinese.encode()).view.lang == "zh"
    with speaking("zh"):  # whatever else is spoken
        assert made.bytes_of(findings(Study().with_(lang="en")), "http://x.example").decode() == english
