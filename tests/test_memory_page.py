"""The Memory page as its script draws it: any Study, any state of its jobs, and words that closed forms bear out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from page_answers import answer_for_page
from strategies import dense_blocks, studies
from streamlit.testing.v1 import AppTest
from study_fakes import answer as answered
from test_explore_page import Answers, Shown, done, failing, pending

from explorer.bench.server import ROOT
from explorer.codec import to_query
from explorer.engine import Done, State
from explorer.findings import StepTrack, from_builtins
from explorer.pictures.memory_cards import CARDS
from explorer.spec import CompareJob, CompiledJob, DenseBlockSpec, InputSpec, Job, PlanJob, StepJob, Study
from explorer.study import memory_jobs
from explorer.theory import block_theory, kept_bytes
from explorer.web import waiting

PARTS = {
    "memory-headline", "memory-status", "course-title", "timeline", "memory-cards", "chart-frontier", "chart-growth",
    "plan-head", "plan", "copies", "held-forms", "inference", "counted",
}  # fmt: skip
SMALL = Study().with_(in_channels=8, growth_rate=4, layers=3, height=6, width=6)
UNITS = {"bytes": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
Answer = Callable[[Job], State]


class MemoryPage(Shown):
    """The frame script on its Memory page, and what its components were given."""

    def __init__(self, study: Study) -> None:
        self.app = AppTest.from_file(str(ROOT / "explorer" / "web" / "frame.py"), default_timeout=60)
        for name, value in to_query(study).items():
            self.app.query_params[name] = value
        self.go("memory")

    def go(self, page: str) -> None:
        """As a person who clicks on the page's name: Streamlit empties the address."""
        self.app.switch_page(f"../../pages/{page}.py")
        if self.app._registered_pages:
            self.app.query_params.clear()
        self.run()

    def still(self) -> list[str]:
        """Everything on the page in its order, but for the buttons that come and go."""
        return [name for name in self.order() if " memory-" not in name or "bidi_component" in name]

    def button(self, key: str) -> bool:
        return any(button.key == key for button in self.app.button)


@pytest.fixture
def answering() -> Iterator[Callable[[Answer], Answers]]:
    with pytest.MonkeyPatch.context() as patch:

        def use(answer: Answer) -> Answers:
            engine = Answers(answer)
            patch.setattr(waiting, "engine", lambda: engine)
            return engine

        yield use


Use = Callable[[Answer], Answers]


def some(job: Job) -> State:
    """Two implementations and what fits; the rest is open."""
    known = isinstance(job, PlanJob) or (isinstance(job, StepJob) and job.implementation in ("list", "shared"))
    return done(job) if known else pending(job)


def really(job: Job) -> State:
    """With steps that were followed for real."""
    return Done(answer_for_page(job))


PROBLEMS = ("refused", "out_of_memory", "timed_out", "worker_lost", "unsupported")
FAILING = {kind: failing(kind, f"It was {kind}", "Choose a smaller batch") for kind in PROBLEMS}
STATES: dict[str, Answer] = {"nothing": pending, "some": some, "everything": done, **FAILING}


# --- any link, any state --------------------------------------------------------------------------


@pytest.mark.parametrize("state", STATES)
@settings(max_examples=12)
@given(study=studies())
def test_every_link_is_drawn_in_every_state(state: str, study: Study) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(waiting, "engine", lambda: Answers(STATES[state]))
        shown = MemoryPage(study)
        assert {*shown.components()} >= PARTS
        begins = "普通代码" if study.view.lang == "zh" else "Plain code holds "
        assert shown.text("memory-headline").startswith(begins)
        assert shown.components()["memory-cards"]["markup"].count("<button") == len(CARDS)


@pytest.mark.parametrize("kind", PROBLEMS)
@pytest.mark.parametrize("job", [StepJob, CompareJob, PlanJob, CompiledJob])
def test_of_one_job_that_fails_the_reason_is_told_and_the_rest_stands(answering: Use, job: type, kind: str) -> None:
    answering(lambda asked: FAILING[kind](asked) if isinstance(asked, job) else done(asked))
    shown = MemoryPage(SMALL.with_(implementation="compiled" if job is CompiledJob else "list"))
    reason = f"It was {kind}. Choose a smaller batch."
    assert shown.text("memory-status") == reason
    parts = shown.components()
    told = {
        StepJob: parts["timeline"]["message"] == reason,
        CompareJob: parts["chart-frontier"]["message"] == reason,
        PlanJob: reason in shown.text("plan"),
        CompiledJob: reason in str(parts["timeline"]["why"]),
    }
    assert [kind for kind, said in told.items() if said] == [job]
    assert bool(parts["timeline"]["list"] or parts["timeline"]["track"]) == (job is not StepJob)
    cards = shown.components()["memory-cards"]["markup"]
    assert cards.count(f'title="{reason}"') == (5 if job is CompareJob else 1 if job is CompiledJob else 0)
    assert ("24 GB take" in shown.text("plan-head")) == (job is not PlanJob)


def test_nothing_moves_when_answers_come_in(answering: Use) -> None:
    engine = answering(pending)
    shown = MemoryPage(SMALL)
    before = shown.still()
    assert len(before) >= 20
    for answer in (some, done, failing("timed_out", "It took too long"), done):
        engine.answer = answer
        shown.run()
        assert shown.still() == before


def test_what_is_pending_is_told_and_what_is_not_asked_for_is_not(answering: Use) -> None:
    engine = answering(pending)
    shown = MemoryPage(SMALL)
    assert shown.text("memory-status") == "Following every tensor of 6 steps…"
    assert shown.components()["timeline"]["busy"]
    engine.answer = lambda job: pending(job) if isinstance(job, CompareJob) else done(job)
    shown.run()
    assert shown.text("memory-status") == "Timing the implementations side by side…"
    assert shown.components()["chart-frontier"]["busy"] and not shown.components()["timeline"]["busy"]
    engine.answer = lambda job: pending(job) if isinstance(job, CompiledJob) else done(job)
    shown.run()
    assert shown.text("memory-status") == "" and "not compiled" in shown.text("memory-cards")


# --- stopping, leaving, compiling -----------------------------------------------------------------


def test_cancel_gives_up_and_trying_again_is_offered(answering: Use) -> None:
    engine = answering(some)
    shown = MemoryPage(SMALL)
    assert shown.button("memory-cancel") and not shown.button("memory-again")
    shown.app.button(key="memory-cancel").click()
    shown.run()
    steps = memory_jobs(SMALL).steps
    assert {*engine.cancelled} >= {job for name, job in steps.items() if name not in ("list", "shared")}
    assert "Stopped before it was measured" in shown.text("memory-status")
    assert "peaks at" in shown.text("course-title")  # what was there stays
    assert shown.button("memory-again") and not shown.button("memory-cancel")
    engine.answer = done
    shown.app.button(key="memory-again").click()
    shown.run()
    assert shown.text("memory-status") == "" and "not measured" not in shown.text("memory-cards")


def test_leaving_the_page_gives_up_its_jobs_and_keeps_the_study(answering: Use) -> None:
    engine = answering(pending)
    study = SMALL.with_(implementation="shared", colours="kind", select="source-2", dtype="bfloat16", largest="layers")
    shown = MemoryPage(study)
    assert not engine.cancelled
    shown.go("explore")
    assert {*memory_jobs(study).steps.values()} <= {*engine.cancelled}
    assert shown.app.query_params == to_query(study)
    engine.cancelled.clear()
    engine.answer = done
    shown.go("memory")
    assert shown.app.query_params == to_query(study)
    assert "A training step of shared peaks at" in shown.text("course-title")
    assert shown.components()["timeline"]["by"] == "kind" and shown.components()["timeline"]["select"] == 2
    shown.go("explore")
    assert not engine.cancelled  # all was answered


class Unasked(Answers):
    """An engine that has not heard of a compiled block before it is asked for."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer)
        self.compiled: list[CompiledJob] = []

    def submit(self, job: Job, waiter: str) -> State:
        if isinstance(job, CompiledJob):
            self.compiled.append(job)
        return self.answer(job)

    def state(self, job: Job, waiter: str | None = None) -> State:
        unasked = isinstance(job, CompiledJob) and job not in self.compiled
        return None if unasked else self.answer(job)  # type: ignore[return-value]  # an Engine's own answer


def test_compile_asks_for_every_budget_once_and_for_nothing_before(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Unasked(done)
    monkeypatch.setattr(waiting, "engine", lambda: engine)
    monkeypatch.setattr(waiting, "REST", 0.0)
    shown = MemoryPage(SMALL)
    shown.run()
    assert engine.compiled == [] and shown.button("memory-compile")
    shown.app.button(key="memory-compile").click()
    shown.run()
    assert [*dict.fromkeys(engine.compiled)] == [*memory_jobs(SMALL).compiled.values()]
    assert len({job.budget for job in engine.compiled}) == 4
    assert not shown.button("memory-compile") and "not compiled" not in shown.text("memory-cards")


def compiling(monkeypatch: pytest.MonkeyPatch) -> tuple[MemoryPage, Unasked]:
    """The page after Compile was pressed, and an engine that is still at it."""
    engine = Unasked(lambda job: pending(job) if isinstance(job, CompiledJob) else done(job))
    monkeypatch.setattr(waiting, "engine", lambda: engine)
    monkeypatch.setattr(waiting, "REST", 0.0)
    shown = MemoryPage(SMALL)
    shown.app.button(key="memory-compile").click()
    shown.run()
    return shown, engine


def test_compile_asks_again_after_cancel(monkeypatch: pytest.MonkeyPatch) -> None:
    shown, engine = compiling(monkeypatch)
    engine.compiled.clear()
    shown.app.button(key="memory-cancel").click()
    shown.run()
    assert engine.compiled == [] and shown.button("memory-compile")
    shown.app.button(key="memory-compile").click()
    shown.run()
    assert [job.budget for job in engine.compiled] and not shown.button("memory-compile")


def test_budgets_are_compiled_one_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    shown, engine = compiling(monkeypatch)
    assert {job.budget for job in engine.compiled} == {"1.0"}
    assert shown.text("memory-status") == "Compiling at budget 1.0, 4 to go…"
    assert not shown.button("memory-compile")


# --- cards and words ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CARDS)
def test_the_chosen_card_is_pressed_and_its_step_is_drawn(answering: Use, name: str) -> None:
    answering(done)
    shown = MemoryPage(SMALL.with_(implementation=name))
    markup = shown.components()["memory-cards"]["markup"]
    pressed = re.findall(r'data-value="(\w+)" aria-pressed="true"', markup)
    assert pressed == [name]
    words = "Compiled at budget 0.25 holds" if name == "compiled" else f"A training step of {name} peaks at"
    assert shown.text("course-title").startswith(words)
    timeline = shown.components()["timeline"]
    assert bool(timeline["track"]) == (name != "compiled") and bool(timeline["list"]) == (name != "list")
    assert f"of {name}:" in timeline["label"] or name == "compiled"


def nbytes(text: str, pattern: str) -> tuple[float, float]:
    """(bytes, half of the last digit) of the amount that ``pattern`` finds after its words."""
    found = re.search(pattern + r" ([\d,.]+) (bytes|KiB|MiB|GiB|TiB)", text)
    assert found is not None, (pattern, text)
    return float(found[1].replace(",", "")) * UNITS[found[2]], 0.0051 * UNITS[found[2]]


@settings(max_examples=12)
@given(
    block=dense_blocks(channels=40, growth=12, layers=4),
    size=st.builds(InputSpec, st.integers(1, 3), st.integers(2, 9), st.integers(1, 9)),
    name=st.sampled_from(("list", "concat", "checkpoint_1x1", "shared", "checkpoint")),
)
def test_what_the_head_says_is_borne_out(block: DenseBlockSpec, size: InputSpec, name: str) -> None:
    study = replace(SMALL.with_(implementation=name), block=block, input=size)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(waiting, "engine", lambda: Answers(really))
        shown = MemoryPage(study)
    steps = {one: from_builtins(StepTrack, answer_for_page(job)) for one, job in memory_jobs(study).steps.items()}
    theory = block_theory(study.block, study.input, study.run)
    own = theory.parameter_bytes + theory.buffer_bytes
    held = {one: kept_bytes(study.block, study.input, study.run.dtype, one) for one in ("list", "shared", name)}

    headline = shown.text("memory-headline")
    said, off = nbytes(headline, "Plain code holds")
    assert said == pytest.approx(held["list"], abs=off)
    change = 100 * (held["shared"] / held["list"] - 1)
    cured = re.search(r"One shared buffer holds (\d+)% (less|more)", headline)
    assert cured is None or int(cured[1]) == pytest.approx(abs(change), abs=0.51)
    assert cured is None or (cured[2] == "less") == (change < 0)
    moved = 100 * (steps["shared"].peak_bytes / steps["list"].peak_bytes - 1)
    peak = re.search(
        r"(and|yet) the peak of a step (falls|rises|stays(?: about)? the same)(?:(?: only)? (\d+)%)?", headline
    )
    assert peak is not None, headline
    assert int(peak[3] or 0) == pytest.approx(abs(moved), abs=0.51)
    still = "stays the same" if moved == 0 else "stays about the same"
    assert peak[2] == (still if not peak[3] else "falls" if moved < 0 else "rises")
    assert ("falls only" in headline) == (peak[1] == "yet" and moved < -0.5)

    title = shown.text("course-title")
    said, off = nbytes(title, f"A training step of {name} peaks at")
    assert said == pytest.approx(steps[name].peak_bytes, abs=off)
    percent = re.search(r", (\d+)% of it ", title)
    assert percent is not None and 16 <= int(percent[1]) <= 100

    note = shown.text("memory-cards")
    alive, off = nbytes(note, f"When the forward pass of {name} ends,")
    assert alive == pytest.approx(held[name] + own, abs=off)
    assert steps[name].kept_bytes == held[name]
    assert sum(steps[name].nbytes(life) for life in steps[name].alive(0) if life.purpose == "own") == own
    unit = off / 0.0051
    for words, amount in (("held for backward", held[name]), ("weights and running statistics", own)):
        part = re.search(rf"([\d,.]+)(?: (bytes|KiB))? {words}", note)  # without a unit, that of the sum
        assert part is not None, note
        one = UNITS[part[2]] if part[2] else unit
        assert float(part[1].replace(",", "")) * one == pytest.approx(amount, abs=0.0051 * one)


def test_the_made_up_answers_are_as_a_worker_sends_them() -> None:
    """What stands in for a worker here holds what the closed form says, as its real steps do."""
    for name, job in memory_jobs(SMALL).steps.items():
        made, real = (from_builtins(StepTrack, of(job)) for of in (answered, answer_for_page))
        assert made.kept_bytes == real.kept_bytes and made.channel_bytes == real.channel_bytes, name
        assert made.is_buffered == real.is_buffered == (name == "shared")
        before_backward = sum(made.nbytes(life) for life in made.alive(made.backward_from - 1))
        assert before_backward >= made.kept_bytes
