"""The course of a training step as a browser is given it: its size, its bands by source, and its words."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from page_answers import answer_for_page
from strategies import dense_blocks
from study_fakes import CPU

from explorer.findings import (
    PURPOSES,
    CompiledStep,
    Life,
    MemoryFindings,
    Problem,
    StepTrack,
    from_builtins,
)
from explorer.pictures import memory_course
from explorer.pictures.memory_course import compiled_flat, course_words, kinds, label, op_words, order, rows, unit
from explorer.spec import TRACKED, DenseBlockSpec, DType, InputSpec, Study
from explorer.study import memory_jobs
from explorer.theory import kept_bytes, study_theory
from explorer.web.components.timeline import timeline_data

MOST = 200_000  # bytes that a page may receive for the course of 64 Bottlenecks
SMALL = Study().with_(in_channels=8, growth_rate=4, layers=3, height=6, width=6)

pytestmark = pytest.mark.usefixtures("one_thread")

blocks = dense_blocks(channels=40, growth=12, layers=6)
sizes = st.builds(InputSpec, st.integers(1, 3), st.integers(2, 9), st.integers(1, 9))


def followed(study: Study, name: str) -> StepTrack:
    return from_builtins(StepTrack, answer_for_page(memory_jobs(study).steps[name]))


def of(block: DenseBlockSpec, size: InputSpec, dtype: DType = "float32") -> Study:
    return replace(SMALL.with_(dtype=dtype), block=block, input=size)


def shares(track: StepTrack, block: DenseBlockSpec, life: Life) -> dict[int | str, int]:
    """What a storage has of each source, of weights and of gradients, worked out once more: see course.js."""
    size = track.nbytes(life)
    if life.purpose == "gradient":
        return {"gradients": size}
    if life.purpose in ("own", "other"):
        return {"weights": size}
    if life.purpose not in ("copy", "normalised"):
        return {life.layer if life.purpose != "input" else 0: size}
    of_sources: list[int] = [0] * block.in_channels
    for source in range(1, block.layers + 1):
        of_sources += [source] * block.growth_rate
    within = of_sources[life.start : life.start + life.channels]
    assert len(within) == life.channels, "a map reaches beyond the concatenation"
    return {source: within.count(source) * track.channel_bytes for source in sorted(set(within))}


def by_source(track: StepTrack, block: DenseBlockSpec, step: int) -> dict[int | str, int]:
    """Bytes alive after ``step``, by source."""
    found: dict[int | str, int] = {}
    for life in track.alive(step):
        for band, size in shares(track, block, life).items():
            found[band] = found.get(band, 0) + size
    return found


# --- bands ----------------------------------------------------------------------------------------


@settings(max_examples=25)
@given(blocks, sizes, st.sampled_from(TRACKED))
def test_the_bands_of_every_step_add_up_to_what_is_alive(block: DenseBlockSpec, size: InputSpec, name: str) -> None:
    track = followed(of(block, size), name)
    for step in {0, track.backward_from - 1, track.backward_from, track.peak_step, len(track.ops)}:
        assert sum(by_source(track, block, step).values()) == track.totals[step]


@settings(max_examples=25)
@given(blocks, sizes)
def test_what_forward_leaves_of_each_source_is_the_closed_form(block: DenseBlockSpec, size: InputSpec) -> None:
    """Of ``list``, after its last operator, behind which the output is given up."""
    track = followed(of(block, size), "list")
    found = by_source(track, block, track.backward_from - 1)
    a, layers, k = track.channel_bytes, block.layers, block.growth_rate
    normalised = block.order == "pre"
    middle = 2 * block.mid_channels if block.bottleneck else 0
    made = 0 if block.order == "pre" else 2 * k  # what comes before its BatchNorm, and its ReLU's output
    assert found.pop(0) == a * block.in_channels * (1 + layers + layers * normalised)
    for source in range(1, layers + 1):
        readers = layers - source
        assert found.pop(source) == a * (k * (readers + 1 + readers * normalised) + middle + made)
    assert "gradients" not in found


@settings(max_examples=25)
@given(blocks, sizes, st.sampled_from(TRACKED))
def test_every_purpose_has_one_row_and_one_kind(block: DenseBlockSpec, size: InputSpec, name: str) -> None:
    """So the rows of an instant, and the bands by kind, leave nothing out and count nothing twice."""
    present = {life.purpose for life in followed(of(block, size), name).storages}
    for table in (rows(block), kinds(block)):
        told = [purpose for row in table for purpose in row["purposes"]]
        assert len(told) == len(set(told)) and present <= {*told} <= {*PURPOSES}
    assert ("middle" in order(block)) == block.bottleneck and ("normalised" in order(block)) == (block.order == "pre")


# --- what is sent ---------------------------------------------------------------------------------


def read(packed: str) -> Any:
    return json.loads(zlib.decompress(base64.b64decode(packed)))


@pytest.mark.parametrize("name", TRACKED)
def test_a_page_receives_at_most_200_kb_for_64_bottlenecks(name: str) -> None:
    study = Study().with_(layers=64, implementation=name)
    listed, residual = followed(study, "list"), followed(study, "residual")
    label_of = study_theory(study).residual.label
    data = timeline_data(study, followed(study, name), listed, residual, label_of)
    size = len(json.dumps(data).encode())
    print(name, size, "bytes")
    assert 10_000 < size <= MOST


@settings(max_examples=20)
@given(blocks, sizes, st.sampled_from(TRACKED))
def test_what_is_sent_is_the_whole_step(block: DenseBlockSpec, size: InputSpec, name: str) -> None:
    study = of(block, size).with_(implementation=name)
    listed, residual = followed(study, "list"), followed(study, "residual")
    track = listed if name == "list" else followed(study, name)
    data = timeline_data(study, track, listed, residual, "residual")
    sent = read(data["track"])
    assert [tuple(life) for life in sent["lives"]] == [*track.lives]
    assert tuple(sent["names"][place] for place in sent["ops"]) == track.ops and tuple(sent["at"]) == track.layers
    assert (sent["split"], sent["channel"], sent["buffer"]) == (
        track.backward_from,
        track.channel_bytes,
        track.is_buffered,
    )
    assert sent["purposes"] == [*PURPOSES]
    assert read(data["residual"]) == {"totals": [*residual.totals], "split": residual.backward_from}
    assert bool(data["list"]) == (name != "list")
    assert {*data["ops"]} == {*track.ops}


def test_two_blocks_of_one_step_do_not_share_what_was_packed() -> None:
    track = followed(SMALL, "list")
    other = SMALL.with_(growth_rate=5)
    first, second = timeline_data(SMALL, track), timeline_data(other, track)
    assert read(first["track"])["block"]["k"] == 4 and read(second["track"])["block"]["k"] == 5


# --- words ----------------------------------------------------------------------------------------


@pytest.fixture
def marked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every string that goes through ``_()`` is told from one that does not."""
    monkeypatch.setattr(memory_course, "_", lambda text: f"«{text}»")


@pytest.mark.usefixtures("marked")
@pytest.mark.parametrize("more", [{}, {"order": "post"}, {"bottleneck": False}, {"dtype": "bfloat16"}], ids=str)
def test_every_operator_of_every_implementation_has_words(more: dict[str, object]) -> None:
    study = SMALL.with_(layers=2, **more)
    names = {op for name in (*TRACKED, "residual") for op in followed(study, name).ops}
    assert len(names) > 8
    assert [name for name in sorted(names) if not op_words(name).startswith("«")] == []
    assert op_words("an_op_of_the_future_") == "an op of the future"


@pytest.mark.usefixtures("marked")
@pytest.mark.parametrize("block", [DenseBlockSpec(), DenseBlockSpec(order="post", bottleneck=False)], ids=str)
def test_every_word_of_the_drawing_can_be_translated(block: DenseBlockSpec) -> None:
    study = replace(Study(), block=block)
    words = course_words(study, unit([2**20]), None)
    names = [row["name"] for row in rows(block)] + [kind["name"] for kind in kinds(block)]
    told = [*(text for key, text in words.items() if key != "flat"), *names, label(study, None, unit([]))]
    assert len(told) > 30 and [text for text in told if not text.startswith("«")] == []
    assert words["hint"].count("«") == 1 + len(order(block))


def test_the_hint_names_what_stands_in_a_bottleneck_in_its_order() -> None:
    def hint(**more: object) -> str:
        return course_words(Study().with_(**more), unit([2**20]), None)["hint"]

    assert "copy, normalised, 1×1, its ReLU, new slice." in hint()
    assert "copy, 1×1, its ReLU, new slice." in hint(order="post")
    assert "copy, normalised, new slice." in hint(bottleneck=False)
    assert "copy, new slice." in hint(order="post", bottleneck=False)


def test_the_drawing_says_of_itself_what_it_shows() -> None:
    study = SMALL.with_(implementation="shared")
    track = followed(study, "shared")
    said = label(study, track, unit([track.peak_bytes]))
    forward, backward = track.backward_from - 1, len(track.ops) - track.backward_from + 1
    assert f"of shared: {forward} operators forward, {backward} backward" in said
    assert f"{track.peak_bytes / 2**10:,.2f} KiB after operator {track.peak_step}." in said


def test_compiled_code_has_a_line_in_the_place_of_a_course_and_says_why() -> None:
    study = SMALL.with_(implementation="compiled", budget="0.1")
    nothing = MemoryFindings(study, study_theory(study))
    budget = f"compiled {study.memory.budget}"
    kept = kept_bytes(study.block, study.input, "float32", "list") // 8
    known = replace(nothing, compiled={"0.1": CompiledStep(CPU, "0.1", kept, (1.0,), (1.0,), 9.0)})
    failed = replace(nothing, problems={budget: Problem("unsupported", "No C++ compiler", "Install g++")})
    waits = replace(nothing, waiting=(budget,))
    assert compiled_flat(known).kept_bytes == kept
    assert compiled_flat(known).words == f"compiled, budget 0.1: {kept / 2**10:.2f} KiB held for backward, counted"
    for found, reason in ((failed, "No C++ compiler. Install g++."), (waits, "Compiling at budget 0.1…")):
        flat = compiled_flat(found)
        assert flat.kept_bytes is None and reason in flat.why and "No curve for compiled code" in flat.why
    assert "Not compiled yet" in compiled_flat(nothing).why[1]
    other = replace(known, study=study.with_(budget="1.0"))
    assert compiled_flat(other).kept_bytes is None
