"""The Explore page as its script draws it: any Study, any state of its measurements, always in the same order."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import explore_jobs
import pytest
from streamlit.testing.v1 import AppTest
from study_fakes import answer as answered
from study_fakes import counted

from explorer.bench.server import ROOT
from explorer.codec import to_query
from explorer.engine import Done, Engine, Failed, Limits, Pending, State
from explorer.findings import Problem, to_builtins
from explorer.presets import PRESETS
from explorer.spec import CountJob, Job, Study
from explorer.study import count_jobs, time_job
from explorer.theory import study_theory
from explorer.web import waiting

ODD = {
    "one layer": Study().with_(layers=1),
    "64 layers": Study().with_(layers=64),
    "no 1×1": Study().with_(bottleneck=False),
    "post": Study().with_(order="post"),
    "post, no 1×1, paper": Study().with_(order="post", bottleneck=False, drawing="paper"),
    "inference": Study().with_(mode="inference"),
    "a single value": Study().with_(mode="inference", batch=1, height=1, width=1),
    "huge": Study().with_(in_channels=4096, growth_rate=512, layers=64, batch=1024, height=1024, width=1024),
    "tiny": Study().with_(in_channels=1, growth_rate=1, layers=1, height=2, width=1),
    "selected": Study().with_(select="layer-4"),
    "basic, by bytes": Study().with_(unit="basic", match="saved_bytes", dtype="float64"),
}


class Answers:
    """An engine whose every answer comes from one function, at once."""

    def __init__(self, answer: Callable[[Job], State]) -> None:
        self.answer = answer
        self.cancelled: list[Job] = []

    def submit(self, job: Job, waiter: str) -> State:
        return self.answer(job)

    def state(self, job: Job, waiter: str | None = None) -> State:
        return self.answer(job)

    def cancel(self, job: Job, waiter: str) -> None:
        self.cancelled.append(job)


def done(job: Job) -> State:
    return Done(answered(job))


def pending(job: Job) -> State:
    return Pending(running=False, ahead=0, since=0.0)


def failing(kind: str, message: str, advice: str = "") -> Callable[[Job], State]:
    return lambda job: Failed(Problem(kind, message, advice))


class Shown:
    """The frame script, and what its components were given."""

    def __init__(self, study: Study) -> None:
        self.app = AppTest.from_file(str(ROOT / "explorer" / "web" / "frame.py"), default_timeout=60)
        for name, value in to_query(study).items():
            self.app.query_params[name] = value
        self.run()

    def run(self) -> None:
        self.app.run()
        assert not self.app.exception, [e.value for e in self.app.exception]
        assert not self.app.error, [e.value for e in self.app.error]

    def again(self) -> str:
        """Runs the script once more; what the status line says then."""
        self.run()
        return self.text("status-line")

    def elements(self) -> Iterator[Any]:
        def walk(block: Any) -> Iterator[Any]:
            for child in block.children.values():
                yield from walk(child) if hasattr(child, "children") else iter([child])

        return walk(self.app.main)

    def components(self) -> dict[str, dict[str, Any]]:
        """Component key → what it was given."""
        found = {}
        for element in self.elements():
            if element.type == "bidi_component":
                found[_key(element)] = json.loads(element.proto.json)
        return found

    def text(self, key: str) -> str:
        """A panel's text without its markup."""
        return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", self.components()[key]["markup"]))).strip()

    def order(self) -> list[str]:
        """Everything on the page in its order, buttons of the status line left out."""
        keys = [(element.type, _key(element)) for element in self.elements()]
        return [f"{kind} {key}" for kind, key in keys if key not in ("cancel", "again")]


def _key(element: Any) -> str:
    """The key of a component, which Streamlit writes into its id, or of a widget."""
    return str(element.proto.id.split("-", 2)[2] if element.type == "bidi_component" else element.key)


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Job], State]], Answers]:
    def use(answer: Callable[[Job], State]) -> Answers:
        engine = Answers(answer)
        monkeypatch.setattr(waiting, "engine", lambda: engine)
        return engine

    return use


Use = Callable[[Callable[[Job], State]], Answers]


@pytest.mark.parametrize(
    "answer", [pending, done, failing("worker_lost", "The worker was lost")], ids=["wait", "done", "lost"]
)
@pytest.mark.parametrize("study", [*PRESETS.values(), *ODD.values()], ids=[*PRESETS, *ODD])
def test_every_study_is_drawn_in_every_state(answering: Use, study: Study, answer: Callable[[Job], State]) -> None:
    answering(answer)
    shown = Shown(study)
    parts = shown.components()
    assert {"headline", "picture", "tiles", "chart-channels", "chart-parameters", "chart-memory", "modules"} <= {*parts}
    assert f"{study.block.out_channels:,}" in shown.text("headline")


def test_the_default_page_says_what_the_block_is(answering: Use) -> None:
    answering(done)
    shown = Shown(Study())
    tiles = shown.text("tiles")
    for number in (
        "335,040",
        "1,040.4 million",
        "39.06 MiB",
        "426,112 ✓ residual × 6 0.79×",
        "215,808 ✓ ResNet-50 × 3 1.55×",
    ):
        assert number in tiles
    assert tiles.count("✓ counted") == 3 and "measured" in tiles and "10.0 ms" in tiles
    assert "21% fewer" in shown.text("headline") and "55% more" in shown.text("headline")
    assert shown.text("status-line") == ""
    assert shown.text("formulas").count("equal to the count") == 4  # one channel count was seen by shape alone
    assert ">>> print(block)" in shown.text("listings")


def test_closed_forms_are_there_before_anything_has_run(answering: Use) -> None:
    answering(pending)
    shown = Shown(Study())
    tiles = shown.text("tiles")
    assert "426,112 residual × 6 0.79×" in tiles
    assert tiles.count("closed form") == 3 and "0.79×" in tiles and "measuring…" in tiles and "✓" not in tiles
    assert "Counting 3 blocks" in shown.text("status-line")
    memory = shown.components()["chart-memory"]
    assert not memory["figure"] and memory["busy"] and memory["height"] > 200
    assert [button.label for button in shown.app.button if button.key == "cancel"] == ["Cancel"]


def test_nothing_moves_when_measurements_come_in(answering: Use) -> None:
    engine = answering(pending)
    shown = Shown(Study())
    before = shown.order()
    assert len(before) > 15
    for answer in (done, failing("timed_out", "It took too long"), done):
        engine.answer = answer
        shown.run()
        assert shown.order() == before


def test_a_component_is_told_which_content_is_the_newer(answering: Use) -> None:
    engine = answering(pending)
    shown = Shown(Study())
    first = {key: data.get("turn", 0) for key, data in shown.components().items()}
    shown.run()
    assert {key: data.get("turn", 0) for key, data in shown.components().items()} == first
    engine.answer = done
    shown.run()
    then = {key: data.get("turn", 0) for key, data in shown.components().items()}
    assert {key for key in then if then[key] > first[key]} == {
        "headline", "status-line", "tiles", "formulas", "modules", "chart-memory", "listings",
    }  # fmt: skip
    assert all(then[key] >= first[key] for key in then)


def test_cancel_gives_up_and_measuring_again_is_offered(answering: Use) -> None:
    engine = answering(pending)
    shown = Shown(Study())
    shown.app.button(key="cancel").click()
    shown.run()
    assert engine.cancelled
    engine.answer = failing("cancelled", "Stopped")
    shown.run()
    assert [b.label for b in shown.app.button if b.key == "again"] == ["Try again"]
    engine.answer = done
    shown.app.button(key="again").click()
    shown.run()
    assert shown.text("tiles").count("✓ counted") == 3


@pytest.mark.parametrize("kind", ["no_device", "unsupported"])
def test_what_lies_in_the_request_is_said_once_and_not_tried_again(answering: Use, kind: str) -> None:
    answering(failing(kind, "No GPU on this machine", "Choose auto or cpu"))
    shown = Shown(Study().with_(device="cuda"))
    for part in ("tiles", "status-line"):
        assert "No GPU on this machine. Choose auto or cpu." in shown.text(part)
    assert "No GPU on this machine" in shown.components()["chart-memory"]["message"]
    assert not [b for b in shown.app.button if b.key in ("again", "cancel")]
    assert "335,040" in shown.text("tiles") and "✓" not in shown.text("tiles")


def test_counts_that_differ_are_shown_with_both_numbers(answering: Use) -> None:
    def wrong(job: Job) -> State:
        if isinstance(job, CountJob):
            live = counted(job)
            return Done(to_builtins(replace(live, parameters=live.parameters + 128)))
        return done(job)

    answering(wrong)
    tiles = Shown(Study()).text("tiles")
    assert "✕ counts differ" in tiles and "Counted 335,168, 128 more." in tiles and "335,040" in tiles


@pytest.mark.parametrize("kind", ["residual", "dense"])
def test_a_difference_is_told_where_it_is_and_nowhere_else(answering: Use, kind: str) -> None:
    """Both residual blocks differ, or the Dense Block alone."""

    def wrong(job: Job) -> State:
        if isinstance(job, CountJob) and job.block.kind == kind:
            live = counted(job)
            return Done(to_builtins(replace(live, macs=live.macs - 7)))
        return done(job)

    answering(wrong)
    shown = Shown(Study())
    tiles = shown.text("tiles")
    if kind == "residual":
        told = f"Counted {study_theory(Study()).residual.theory.macs - 7:,}, 7 fewer."
        assert "✕ residual × 6" in tiles and "✕ ResNet-50 × 3" in tiles
        counted_macs = f"{study_theory(Study()).residual.theory.macs - 7:,}"
        assert tiles.count(f"✕ counted {counted_macs} (−7)") == 1 and tiles.count("(−7)") == 2
        assert tiles.count("✓ counted") == 3 and "✕ counts differ Please report this state" in tiles
        assert f'aria-label="counts differ: {told}' in shown.components()["tiles"]["markup"]
    else:
        assert tiles.count("7 fewer") == 1 and tiles.count("✓ residual × 6") == 3
        assert "MACs, forward ✕ counts differ" in tiles and tiles.count("✓ counted") == 2


def test_what_was_saved_in_inference_is_told_though_no_tile_shows_it(answering: Use) -> None:
    def wrong(job: Job) -> State:
        return Done(to_builtins(counted(job, saved_bytes=4))) if isinstance(job, CountJob) else done(job)

    answering(wrong)
    tiles = Shown(Study().with_(mode="inference")).text("tiles")
    assert "✕ counts differ dense, saved for backward: Counted 4, 4 more." in tiles
    assert "residual × 6, saved for backward: Counted 4, 4 more." in tiles


def test_what_was_seen_beyond_the_numbers_is_told_with_them(answering: Use) -> None:
    def extra(job: Job) -> State:
        if isinstance(job, CountJob):
            return Done(to_builtins(counted(job, saved_extra_bytes=3 * 2**20, device_peak_bytes=46_137_344)))
        return done(job)

    answering(extra)
    shown = Shown(Study())
    forms = shown.text("formulas")
    assert "3,145,728 bytes = 3.00 MiB more beside the tensors" in forms
    assert "Peak of a training step tracked Tracked by storage, no closed form" in forms
    assert "the allocator of CPU, 2 threads says 46,137,344 bytes = 44.00 MiB" in forms
    assert "Receptive field 1 + 2 L 1 + 2 · 6 = 13" in forms
    assert "Bytes written by concatenation" in forms and "13,246,464 bytes = 12.63 MiB" in forms
    assert "allocator" in Shown(Study().with_(mode="inference")).text("formulas")
    answering(done)
    assert "allocator" not in Shown(Study()).text("formulas")


def test_a_refused_block_keeps_its_counts_from_fake_tensors(answering: Use) -> None:
    refusal = Problem("refused", "Needs 61.2 GiB, 22.0 are free", "Lower batch or input size")

    def fake(job: Job) -> State:
        if isinstance(job, CountJob):
            return Done(to_builtins(counted(job, fake=True, output_sum=None, refusal=refusal)))
        return Failed(refusal)

    answering(fake)
    shown = Shown(Study())
    assert shown.text("tiles").count("✓ counted, not run") == shown.text("tiles").count("✓ counted") == 3
    assert "ok" not in re.findall(r'class="(\w+)" role="img"', shown.components()["tiles"]["markup"])
    assert shown.text("formulas").count("equal to the count, not run") == 4
    listings = shown.text("listings")
    assert "# Not run: " in listings and "the block was not run" in listings and "comes out" not in listings
    assert "not run Needs 61.2 GiB, 22.0 are free. Lower batch or input size." in shown.text("tiles")
    assert "not run on CPU, 2 threads, torch 2.13.0: counted on fake tensors" in shown.text("headline")


def test_in_inference_the_tile_says_that_nothing_is_saved(answering: Use) -> None:
    answering(done)
    tiles = Shown(Study().with_(mode="inference")).text("tiles")
    assert "Peak, nothing saved ✓ counted" in tiles and "Saved for backward" not in tiles


def test_the_variant_switch_belongs_to_the_page_alone(answering: Use) -> None:
    answering(done)
    shown = Shown(Study())
    narrow = json.loads(shown.components()["chart-parameters"]["figure"])
    shown.app.button_group(key="explore_one_by_one_with_en").set_value("without")
    shown.run()
    plain = json.loads(shown.components()["chart-parameters"]["figure"])
    assert {t.get("name") for t in narrow["data"]} - {t.get("name") for t in plain["data"]} == {"1×1"}
    assert shown.app.query_params == {}


def test_the_variant_shown_follows_the_block(answering: Use) -> None:
    answering(done)
    shown = Shown(Study())

    def figure() -> dict[str, Any]:
        found: dict[str, Any] = json.loads(shown.components()["chart-parameters"]["figure"])
        return found

    assert "1×1" in {t.get("name") for t in figure()["data"]} and "with the 1×1" in figure()["alt"]
    shown.app.toggle(key="bottleneck").set_value(False)
    shown.run()
    assert "1×1" not in {t.get("name") for t in figure()["data"]} and "without the 1×1" in figure()["alt"]
    assert shown.app.button_group(key="explore_one_by_one_without_en").value == "without"


def test_of_a_slider_dragged_through_twenty_values_the_last_alone_is_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With the real engine, whose worker is held up in the first block's first count meanwhile."""
    monkeypatch.setenv(explore_jobs.FOLDER, str(tmp_path))
    runs = Engine("explore_jobs:perform", Limits(grace_seconds=280))
    monkeypatch.setattr(waiting, "engine", lambda: runs)
    try:
        shown = Shown(Study())
        _until(lambda: (tmp_path / "runs").exists())
        for value in range(33, 53):
            shown.app.sidebar.select_slider(key="growth_rate").set_value(value)
            shown.run()
        (tmp_path / "open").touch()
        _until(lambda: shown.again() == "")
        last = Study().with_(growth_rate=52)
        assert shown.text("tiles").count("✓ counted") == 3 and "measured" in shown.text("tiles")
        ran = (tmp_path / "runs").read_text(encoding="utf-8").splitlines()
        settled = [repr(job) for job in (*count_jobs(last).values(), time_job(last))]
        assert len(ran) == 5 and ran[0] in map(repr, count_jobs(Study()).values())
        assert sorted(ran[1:]) == sorted(settled)
    finally:
        runs.close()


def _until(true: Callable[[], bool], seconds: float = 240) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)
