"""The Lesson page by itself: what it shows of a chapter in each state, and what it keeps back until it is asked for."""

from __future__ import annotations

import dataclasses
import html
import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from html.parser import HTMLParser
from typing import Any

import pytest
from study_fakes import answer as answered
from study_fakes import counted

from explorer.codec import as_text
from explorer.engine import Done, Failed, Pending, State
from explorer.findings import Answer, Problem, to_builtins
from explorer.language import Language, speaking
from explorer.lesson.chapter import Chapter, Lesson, Note, Play, Reply, Text
from explorer.lesson.guess import start
from explorer.lesson.position import Position, nearest
from explorer.lesson.reading import built_in
from explorer.lesson.words import figure, on_axis, plain
from explorer.pictures import lesson_svg
from explorer.pictures.lesson_sketches import Sketch, sketch
from explorer.pictures.lesson_svg import PHONE, PRESENT, WIDE, LessonFrame, LessonPicture, lesson_picture
from explorer.pictures.palette import TOKENS
from explorer.spec import CountJob, Job, LessonSpec, LessonState, SpecError, Study, ViewSpec
from explorer.study.lesson import MEASURES, lesson_answer, lesson_jobs
from explorer.web.parts.lesson import handed, rail, stage
from explorer.web.parts.lesson.shown import Shown

CHAPTERS = {chapter.name: number for number, chapter in enumerate(built_in().chapters, 1)}
LANGUAGES: tuple[Language, ...] = ("en", "zh")
STATES: tuple[LessonState, ...] = ("ask", "answer", "play")
#: State and ``hide`` of links that show no answer.
KEPT_BACK: tuple[tuple[LessonState, str | None], ...] = (
    ("ask", None), ("ask", "answers"), ("answer", "answers"), ("play", "answers"),
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Sent:
    """What the browser is sent: markup, and what the script is told."""

    markup: str
    told: str

    @property
    def all(self) -> str:
        return html.unescape(self.markup) + self.told

    @property
    def words(self) -> str:
        """All that can be seen or heard of it."""
        heard = " ".join(re.findall(r' (?:aria-label|aria-valuetext|title)="([^"]*)"', self.markup))
        return html.unescape(re.sub(r"<[^<>]*>", "", self.markup) + heard)


Draw = Callable[..., Sent]
_NUMBER = re.compile(r"[0-9][0-9,]*(?:\.[0-9]+)?")

every_chapter = pytest.mark.parametrize("number", CHAPTERS.values(), ids=list(CHAPTERS))
every_language = pytest.mark.parametrize("spoken", LANGUAGES)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Iterator[Draw]:
    """What the page sends to the browser: the markup, and what its script is told."""
    sent: list[tuple[str, str]] = []

    def part(key: str, markup: str, *, told: Mapping[str, object], on_set: Any) -> None:
        assert on_set is handed.take
        sent.append((markup, json.dumps(told, ensure_ascii=False)))

    monkeypatch.setattr(stage, "part", part)
    monkeypatch.setattr(rail, "part", part)

    def draw(shown: Shown, spoken: Language = "en") -> Sent:
        sent.clear()
        monkeypatch.setattr(rail, "served", lambda: shown.place.lesson)
        with speaking(spoken):
            stage.stage(shown)
            if not shown.study.view.present:
                rail.rail(shown.study)
        return Sent(*map("".join, zip(*sent, strict=True)))

    yield draw


def states_of(place: Position) -> dict[Job, State]:
    """Answers for all that the page would ask for."""
    studies = [place.given, place.at(place.tried)]
    if place.beyond is not None:
        studies.append(place.at(place.beyond))
    jobs = {job for study in studies for job in lesson_jobs(place.chapter.about, study).values()}
    return {job: Done(answered(job)) for job in jobs}


def shown_of(
    number: int,
    state: LessonState = "ask",
    *,
    lesson: Lesson | None = None,
    states: Mapping[Job, State] | None = None,
    view: ViewSpec | None = None,
    **asked: Any,
) -> Shown:
    spec = LessonSpec(chapter=number, state=state, **asked)
    place = Position(lesson or built_in(), spec)
    study = Study(lesson=spec, view=view or ViewSpec())
    return Shown(study, place, states_of(place) if states is None else states)


def given_answer(number: int) -> Answer:
    """What the chapter's question is answered with here."""
    place = Position(built_in(), LessonSpec(chapter=number))
    found, problem = lesson_answer(place.chapter.about, place.given, states_of(place))
    assert found is not None, problem
    return found


def texts_of(value: object) -> Iterator[Text]:
    """Every text in a part of a lesson."""
    if isinstance(value, Text):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from texts_of(one)
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from texts_of(getattr(value, field.name))


def pieces(text: Text) -> list[str]:
    """What of a text is written by itself, between numbers."""
    with_marks = [text.en, text.zh]
    return [part.strip() for one in with_marks for part in re.split(r"\{[^{}]*\}|\*\*", one) if len(part.strip()) > 5]


def kept_back(chapter: Chapter) -> set[str]:
    """All that is written in answer and play, and nowhere before."""
    before = " ".join(
        plain(one)
        for text in texts_of((chapter.title, chapter.claim, chapter.axis, chapter.ask))
        for one in (text.en, text.zh)
    )
    for spoken in LANGUAGES:
        with speaking(spoken):
            before += "".join(f" {column.label}" for column in shown_of(CHAPTERS[chapter.name]).columns)
    after = (chapter.reply, chapter.play)
    return {piece for text in texts_of(after) for piece in pieces(text) if piece not in before}


# --- where a person is --------------------------------------------------------------------------------------


def test_a_chapter_that_there_is_not_gives_way_to_the_last() -> None:
    count = len(built_in().chapters)
    assert count == 10
    assert [Position(built_in(), LessonSpec(chapter=n)).number for n in (1, count, count + 1, 99)] == [1, 10, 10, 10]
    one = Lesson(Text("One"), built_in().chapters[:1])
    assert Position(one, LessonSpec(chapter=7)).chapter is one.chapters[0]


@every_chapter
def test_a_value_that_the_control_has_not_gives_way_to_the_nearest(number: int) -> None:
    play = built_in().chapters[number - 1].play

    def tried(text: str | None) -> int | str:
        return Position(built_in(), LessonSpec(chapter=number, tried=text)).tried

    first, last = play.values[0], play.values[-1]
    place = Position(built_in(), LessonSpec(chapter=number))
    assert tried(None) == place.start == nearest(play, as_text(place.given[play.control]))
    if isinstance(first, int) and isinstance(last, int):
        assert [tried(str(n)) for n in (0, first, first + 1, last, last + 1, 10**9)] == [
            first, first, first + 1, last, last, last,
        ]  # fmt: skip
        assert tried("true") == place.start
    else:
        assert [tried(str(word)) for word in play.values] == list(play.values)
        assert tried("maybe") == place.start
        if str(first).isdecimal():
            assert [tried("7"), tried("99999")] == [first, last]


@every_chapter
def test_a_prediction_of_another_lesson_or_beyond_the_axis_is_none_or_brought_to_its_ends(number: int) -> None:
    chapter = built_in().chapters[number - 1]
    at_start = start(chapter)
    count = len(at_start.values)
    assert shown_of(number, guess="1," * count + "1").guess == at_start
    assert shown_of(number, placed="a-b-c").guess == at_start
    far = shown_of(number, guess=",".join(["999999999999"] * count)).guess
    assert set(far.values) == {chapter.axis.high}
    low = shown_of(number, guess=",".join(["0"] * count)).guess
    assert set(low.values) == {chapter.axis.low}


# --- what the script hands over -----------------------------------------------------------------------------


@pytest.fixture
def handed_on(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    found: list[object] = []
    monkeypatch.setattr("explorer.web.link.apply", found.append)
    monkeypatch.setattr("explorer.web.link.tell", found.append)
    monkeypatch.setattr("explorer.web.waiting.again", lambda: found.append("again"))
    return found


@pytest.mark.parametrize(
    ("values", "passed"),
    [
        ({"guess": "0.6,1", "state": "answer"}, {"state": "answer", "guess": "0.6,1"}),
        ({"tried": "12"}, {"tried": "12"}),
        ({"present": "true"}, {"present": True}),
        ({"lang": "zh"}, {"lang": "zh"}),
        ({"placed": "bn1-conv1"}, {"placed": "bn1-conv1"}),
        (
            {"chapter": "3"},
            {"chapter": 3, "state": "ask", "guess": None, "placed": None, "tried": None},
        ),
        (
            {"chapter": "3", "state": "answer", "guess": "1", "placed": None, "tried": None},
            {"chapter": 3, "state": "answer", "guess": "1", "placed": None, "tried": None},
        ),
        ({"state": "ask", "tried": None}, {"state": "ask", "tried": None}),
        ({"state": "ask", "layers": "9", "device": "cuda", "hide": "", "locked": ""}, {"state": "ask"}),
    ],
)
def test_what_may_be_is_passed_on(handed_on: list[object], values: dict[str, str | None], passed: object) -> None:
    handed.take(values)
    assert handed_on == [passed]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("chapter", "0"), ("chapter", "100"), ("chapter", "two"), ("chapter", ""), ("state", "found"), ("state", ""),
        ("guess", "1;2"), ("guess", "<b>"), ("guess", "-1"), ("guess", "nan"), ("placed", "A B"), ("placed", "-"),
        ("tried", "1.5"), ("tried", "<script>"), ("present", "maybe"), ("lang", "fr"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_and_nothing_of_it_passed_on(handed_on: list[object], name: str, value: str) -> None:
    handed.take({"state": "answer", "lang": "zh", name: value})
    assert len(handed_on) == 1
    assert isinstance(handed_on[0], SpecError) and name in str(handed_on[0])


def test_nothing_known_is_nothing_done_and_to_ask_anew_is_that_alone(handed_on: list[object]) -> None:
    handed.take({})
    handed.take({"layers": "9", "device": "cuda"})
    assert handed_on == []
    handed.take({"again": "1", "state": "answer"})
    assert handed_on == ["again"]


# --- what is kept back --------------------------------------------------------------------------------------


@every_language
@every_chapter
def test_a_question_is_the_same_whatever_its_answer_is(
    drawn: Draw, monkeypatch: pytest.MonkeyPatch, number: int, spoken: Language
) -> None:
    """So nothing of it can be read from the page, however it is written; an example worked first excepted."""
    found, worked = given_answer(number), shown_of(number).worked
    cards = built_in().chapters[number - 1].ask.order
    others = [
        tuple(value if n in worked else factor * value + 1 for n, value in enumerate(found.values))
        for factor in (0.1, 7.0)
    ]
    pages = set()
    for values, order in itertools.product((found.values, *others), (found.order, tuple(reversed(cards)))):
        other = Answer(values, tuple((name, 3.0) for name, _value in found.facts), order, found.source)
        monkeypatch.setattr("explorer.web.parts.lesson.shown.lesson_answer", lambda *_, other=other: (other, None))
        pages |= {drawn(shown_of(number, state, hide=hide), spoken) for state, hide in KEPT_BACK}
    assert len(pages) == len(KEPT_BACK)


@every_language
@every_chapter
def test_a_question_has_neither_the_answers_numbers_nor_its_words(drawn: Draw, number: int, spoken: Language) -> None:
    chapter, found = built_in().chapters[number - 1], given_answer(number)
    with speaking(spoken):
        known = " ".join(
            plain(text) for text in (*texts_of(chapter.ask), *texts_of(chapter.claim), *texts_of(chapter.axis))
        )
        known += "".join(f" {as_text(value)} {figure(value)}" for value in chapter.axis.marks + chapter.ask.start)
        known += "".join(f" {value}" for _name, value in chapter.given) + " 10 " * 3
        columns = MEASURES[chapter.about].columns(shown_of(number).measured)
        known += "".join(f" {column.label} {column.note or ''}" for column in columns)
        allowed, worked = {*_NUMBER.findall(known)}, shown_of(number).worked
        numbers = [value for n, value in enumerate(found.values) if n not in worked]
        numbers += [value for _name, value in found.facts]
        written = {f for value in numbers for f in (figure(value), on_axis(chapter.axis, value, unit=False))}
    for state, hide in KEPT_BACK:
        sent = drawn(shown_of(number, state, hide=hide), spoken)
        assert not ({*_NUMBER.findall(sent.words)} & written) - allowed - {str(n) for n in range(1, 11)}
        assert [piece for piece in kept_back(chapter) if piece in sent.all] == []


@every_chapter
def test_it_is_told_once_it_is_asked_for(drawn: Draw, number: int) -> None:
    chapter = built_in().chapters[number - 1]
    parts: dict[LessonState, Reply | Play] = {"answer": chapter.reply, "play": chapter.play}
    for state, part in parts.items():
        told = drawn(shown_of(number, state)).words
        for text in (part.title, *(note.text for note in part.notes)):
            missing = [p for p in pieces(Text(text.en)) if p not in told.replace("\u2011", "-")]
            assert missing == []
        assert "{" not in told.replace("{count}", "") and "**" not in told


def test_what_a_link_keeps_back_is_kept_back_in_every_state(drawn: Draw) -> None:
    sent = drawn(shown_of(5, "answer", hide="answers", guess="1,1,1,1"))
    assert "Prediction noted" in sent.words and "1.55" not in sent.all and 'class="truth"' not in sent.markup
    assert 'class="mission' not in drawn(shown_of(5, "play", hide="answers")).markup
    assert '"hidden": true' in sent.told and '"state": "ask"' in sent.told


@every_language
@every_chapter
def test_the_control_is_hidden_or_locked_where_the_link_says_so(drawn: Draw, number: int, spoken: Language) -> None:
    control = built_in().chapters[number - 1].play.control
    free = drawn(shown_of(number, "play"), spoken).markup
    locked = drawn(shown_of(number, "play", locked=control), spoken).markup
    without = drawn(shown_of(number, "play", hide=control), spoken).markup
    moved = 'type="range"' if 'type="range"' in free else "aria-pressed"
    assert moved in free and moved in locked and moved not in without and "data-control" not in without
    assert (" disabled" in locked or 'aria-disabled="true"' in locked) and " disabled" not in free
    assert "mission" in free and "mission" not in locked and "mission" not in without
    others = drawn(shown_of(number, "play", locked="seed", hide="seed"), spoken).markup
    assert re.sub(r"[?&](?:amp;)?locked=seed&amp;hide=seed", "", others) == free  # but for where the page leads


# --- while it is measured, and where it cannot be -----------------------------------------------------------


@every_language
@every_chapter
def test_while_it_is_measured_nothing_is_made_up(drawn: Draw, number: int, spoken: Language) -> None:
    chapter = built_in().chapters[number - 1]
    place = Position(built_in(), LessonSpec(chapter=number))
    waiting: dict[Job, State] = {job: Pending(False, 0, 0.0) for job in states_of(place)}
    for state in STATES:
        sent = drawn(shown_of(number, state, states=waiting), spoken)
        assert 'class="truth"' not in sent.markup and "None" not in sent.words.split()
        assert ("status busy" in sent.markup) == (state != "ask")
        said = kept_back(chapter) - ({*pieces(chapter.ask.title)} if state != "ask" else set())
        assert [piece for piece in said if piece in sent.all] == []


@every_chapter
def test_where_it_cannot_be_measured_the_page_says_why_and_asks_anew(drawn: Draw, number: int) -> None:
    place = Position(built_in(), LessonSpec(chapter=number))
    failed = Failed(Problem("failed", "It broke: <script>alert(1)</script>.", "Try & see."))
    broken: dict[Job, State] = dict.fromkeys(states_of(place), failed)
    for state in STATES:
        sent = drawn(shown_of(number, state, states=broken))
        assert "<script" not in sent.markup and 'class="truth"' not in sent.markup
        if state == "ask":
            assert "It broke" not in sent.all
        else:
            assert "It broke: &lt;script&gt;alert(1)&lt;/script&gt;" in sent.markup
            assert html.escape(json.dumps({"again": "1"})) in sent.markup and "status busy" not in sent.markup
        assert [piece for piece in kept_back(place.chapter) if piece in sent.all] == []


def test_a_worker_without_a_table_of_modules_is_told_of() -> None:
    place = Position(built_in(), LessonSpec(chapter=CHAPTERS["activation-first"]))
    states: dict[Job, State] = {
        job: Done(to_builtins(counted(job, rows=()))) if isinstance(job, CountJob) else Done(answered(job))
        for job in states_of(place)
    }
    found, problem = lesson_answer(place.chapter.about, place.given, states)
    assert found is None and problem is not None and "torchinfo" in str(problem.message)


# --- texts of anybody's -------------------------------------------------------------------------------------

BAD = """<script>alert(1)</script>"'&</title><img src=x onerror=alert(1)> {nobody} } """


def spoiled(value: Any, *, put: str = "") -> Any:
    """``value`` with every text in it hostile."""
    if isinstance(value, Text):
        return Text(BAD + put, BAD + put + "中")
    if isinstance(value, tuple) and value and isinstance(value[0], Note):
        return tuple(Note(spoiled(note.title, put=put), spoiled(note.text, put=put)) for note in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changes = {
            field.name: spoiled(getattr(value, field.name), put=put)
            for field in dataclasses.fields(value)
            if field.name not in ("given",)
        }
        return dataclasses.replace(value, **changes)
    return value


def hostile(number: int) -> Lesson:
    chapter = built_in().chapters[number - 1]
    known = dataclasses.replace(
        spoiled(chapter),
        claim=dataclasses.replace(spoiled(built_in().chapters[0].claim), quote=BAD, language='zh"><script>'),
        page="?layers=1&\"'><script>alert(1)</script>",
        axis=dataclasses.replace(spoiled(chapter.axis), unit=f"{BAD}"),
    )
    return Lesson(Text(BAD, BAD), (known,) * 3)


class Tags(HTMLParser):
    """What a browser would make of markup."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes |= {name for name, _value in attrs}


@every_language
@every_chapter
def test_a_hostile_lesson_stays_text(drawn: Draw, number: int, spoken: Language) -> None:
    lesson = hostile(number)
    friendly, seen = Tags(), Tags()
    for state in STATES:
        for view in (ViewSpec(), ViewSpec(present=True)):
            friendly.feed(drawn(shown_of(number, state, view=view), spoken).markup)
            sent = drawn(shown_of(2, state, lesson=lesson, view=view), spoken)
            seen.feed(sent.markup)
            assert "<script>alert(1)</script>" in sent.words
    assert seen.names <= friendly.names | {"ol", "li", "td"}
    assert not [name for name in seen.attributes if name.startswith("on") or not re.fullmatch(r"[a-zA-Z-]+[12]?", name)]


@every_language
@every_chapter
def test_every_state_is_drawn_at_every_place_of_the_control(drawn: Draw, number: int, spoken: Language) -> None:
    values = built_in().chapters[number - 1].play.values
    for state in STATES:
        for present in (False, True):
            sent = drawn(shown_of(number, state, view=ViewSpec(present=present)), spoken)
            assert not {"None", "nan", "inf"} & {*sent.words.split()}
            parsed = Tags()
            parsed.feed(sent.markup)
            assert {"svg", "h1", "footer"} <= parsed.names
    middle = [(values[0] + values[1]) // 2] if isinstance(values[0], int) and isinstance(values[1], int) else []
    for tried in (*values, *middle):
        sent = drawn(shown_of(number, "play", tried=str(tried)), spoken)
        assert 'class="truth"' in sent.markup and 'class="mission' in sent.markup


# --- the picture --------------------------------------------------------------------------------------------

_TEXT = re.compile(r'<text class="([^"]*)" x="([^"]*)" y="([^"]*)" text-anchor="([^"]*)"[^>]*>([^<]*)</text>')


def pictures(number: int) -> Iterator[tuple[LessonFrame, LessonPicture, str]]:
    for frame, state in itertools.product((WIDE, PHONE, PRESENT), STATES):
        values = built_in().chapters[number - 1].play.values if state == "play" else (None,)
        for tried in values:
            shown = shown_of(number, state, tried=None if tried is None else str(tried))
            picture = LessonPicture(
                shown.place.chapter,
                shown.columns,
                shown.measured,
                state,
                None if state == "play" else shown.guess.values,
                shown.values(),
                fixed=shown.worked,
            )
            yield frame, picture, lesson_picture(picture, frame)


def columns_in(svg: str) -> list[float]:
    """Where what stands under the axis has its middle."""
    return [float(x) for role, x, _y, anchor, _words in _TEXT.findall(svg) if (role, anchor) == ("name", "middle")]


@every_language
@every_chapter
def test_columns_stay_where_they_are_and_texts_are_in_the_frame(number: int, spoken: Language) -> None:
    with speaking(spoken):
        places: dict[LessonFrame, set[tuple[float, ...]]] = {}
        for frame, picture, svg in pictures(number):
            if len(picture.columns) == len(shown_of(number).columns):
                places.setdefault(frame, set()).add(tuple(columns_in(svg)))
            for role, x, y, anchor, words in _TEXT.findall(svg):
                width = lesson_svg._width(html.unescape(words)) * (16 / 13 if "found" in role else 1)
                left = float(x) - {"start": 0, "middle": width / 2, "end": width}[anchor]
                where = f"{picture.state} {frame.width:g}: {words}"
                assert left >= -1 and left + width <= frame.width + 1, where
                assert 10 <= float(y) <= frame.height, where
        assert [len(found) for found in places.values()] == [1, 1, 1]


@every_chapter
def test_what_is_asked_has_a_ring_a_column_and_what_is_found_a_bar(number: int) -> None:
    for _frame, picture, svg in pictures(number):
        rings, bars = svg.count('class="ring"'), svg.count('class="truth"')
        asked = len(picture.columns) - len(picture.fixed)
        assert rings == (0 if picture.state == "play" else asked)
        assert bars == (len(picture.fixed) if picture.state == "ask" else len(picture.columns))
        assert svg.count('role="slider"') == (asked if picture.state == "ask" else 0)


_SKETCH = re.compile(r'<g class="sketch">(.*?)</g>')
_PIECE = re.compile(r"<(?:rect|circle|polygon|path) [^>]*>")
#: Chapters whose columns have each its own thing that is given: depths and stages.
OWN = ("bottleneck", "parameters")


def sketched(number: int, *, asking: bool, column: int = 0, **asked: Any) -> set[str]:
    """The pieces of a column's drawing, each column's at one place."""
    shown = shown_of(number, "ask" if asking else "play", **asked)
    drawn = sketch(shown.place.chapter.about, Sketch(shown.measured, column, 60, 40, 58, 36, TOKENS, asking=asking))
    found = _PIECE.findall(drawn)
    assert found
    return set(found)


@every_chapter
def test_what_is_drawn_under_a_question_tells_nothing_of_its_answer(number: int) -> None:
    count = len(shown_of(number).columns)
    asked = [sketched(number, asking=True, column=column) for column in range(count)]
    named = built_in().chapters[number - 1].name in OWN
    assert named or all(pieces == asked[0] for pieces in asked)
    if number in (1, 2, 3, 6, 7, 9):  # what comes of it is drawn afterwards
        assert all(sketched(number, asking=False, column=column) != asked[column] for column in range(count))


@pytest.mark.parametrize("number", [2, 3, 6, 7])
def test_what_was_drawn_under_a_question_stays_where_it_is(number: int) -> None:
    for column in range(len(shown_of(number).columns)):
        assert sketched(number, asking=True, column=column) < sketched(number, asking=False, column=column)


def _reach(piece: str) -> tuple[float, float]:
    """From where to where a drawn piece goes."""
    at = {name: float(value) for name, value in re.findall(r' (x|width|cx|r)="([0-9.-]+)"', piece)}
    if "cx" in at:
        return at["cx"] - at["r"], at["cx"] + at["r"]
    if "x" in at:
        return at["x"], at["x"] + at["width"]
    if "points" in piece:
        xs = [float(x) for x in re.findall(r"(-?[0-9.]+),", piece)]
    elif arrow := re.search(r"M([0-9.]+) [0-9.]+h-([0-9.]+)", piece):
        xs = [float(arrow[1]), float(arrow[1]) - float(arrow[2])]
    else:
        xs = [float(x) for x in re.findall(r"(?:M|Q[0-9. -]+ )([0-9.]+) ", piece)]
    return min(xs), max(xs)


@every_chapter
def test_drawings_of_neighbouring_columns_are_apart(number: int) -> None:
    for frame, picture, svg in pictures(number):
        last = 0.0
        for drawn in _SKETCH.findall(svg):
            reaches = [_reach(piece) for piece in _PIECE.findall(drawn)]
            left = min(start for start, _end in reaches)
            assert left >= last, f"{picture.state} {frame.width:g}: {left} < {last}"
            last = max(end for _start, end in reaches)
        assert last <= frame.width


@every_chapter
def test_the_line_that_bars_stand_on_has_its_name(number: int) -> None:
    axis = built_in().chapters[number - 1].axis
    for _frame, picture, svg in pictures(number):
        names = [words for role, x, _y, _anchor, words in _TEXT.findall(svg) if (role, x) == ("name", "0")]
        if axis.line is not None and picture.low <= axis.line <= picture.high:
            assert " ".join(names) == str(axis.name)
        else:
            assert not names


@every_chapter
def test_no_chevron_lies_on_the_first_rings_number(number: int) -> None:
    for _frame, picture, svg in pictures(number):
        if picture.state != "ask":
            continue
        ring = re.search(r'class="ring" cx="[^"]*" cy="([^"]*)"', svg)
        said = re.search(r'<text class="you halo" x="[^"]*" y="([^"]*)" text-anchor="([^"]*)"', svg)
        invite = re.search(r'class="invite"[^>]*><path d="([^"]*)"', svg)
        assert ring and said and invite
        sides = {float(y) > float(ring[1]) for y in re.findall(r"M[0-9.]+ ([0-9.]+)l", invite[1])}
        below = float(said[1]) > float(ring[1])
        assert sides == ({True, False} if said[2] == "start" else {not below})
