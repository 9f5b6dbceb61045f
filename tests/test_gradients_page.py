"""The Gradients page by itself and its command line: what is asked for, what is asked for once, and what is printed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest
from study_fakes import Instant

from explorer import cli
from explorer.bench.answers import answered
from explorer.bench.server import ROOT
from explorer.engine import Done, Engine, Failed
from explorer.findings import Gradients, Problem, Trained, from_builtins
from explorer.measure.jobs import perform
from explorer.spec import DenseStackSpec, GradientJob, Job, StackSetting, Study, TrainJob
from explorer.study import beside_jobs, gradient_jobs, measure_gradients
from explorer.study.gradients import depths

Capture = pytest.CaptureFixture[str]
SMALL = ["--in-channels", "8", "--growth-rate", "4", "--layers", "3", "--steps", "10"]


class Counting(Instant):
    """Keeps every answer, as the engine does, and counts what was worked out."""

    def __init__(self) -> None:
        super().__init__()
        self.made: dict[Job, int] = {}
        self.known: dict[Job, object] = {}

    def state(self, job: Job, waiter: str | None = None) -> Done | None:
        if job not in self.known:
            if waiter is None and job not in self._left:
                return None
            self.made[job] = self.made.get(job, 0) + 1
            self.known[job] = self.perform(job)
        return Done(self.known[job])  # type: ignore[arg-type]  # builtins


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counting]:
    counting = Counting()
    monkeypatch.setattr("explorer.web.engine_holder.engine", lambda: counting)
    monkeypatch.setattr("explorer.web.waiting.engine", lambda: counting)
    monkeypatch.setattr("explorer.web.waiting.REST", 0.0)
    yield counting


def opened(**query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "explorer" / "web" / "frame.py"), default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    return app.run().switch_page(str(ROOT / "pages" / "gradients.py")).run()


def test_nothing_is_measured_twice_and_a_view_asks_for_nothing(engine: Counting) -> None:
    app = opened(layers="3", growth_rate="4", in_channels="8")
    assert not app.exception
    stacks = {job for job in engine.made if isinstance(job, GradientJob | TrainJob)}
    study = Study().with_(layers=3, growth_rate=4, in_channels=8)
    assert stacks == {*gradient_jobs(study).values(), *beside_jobs(study)}
    for key, value in (("gradient_0", "free"), ("trained_0", True)):
        next(one for one in app.main.get("button_group") if one.key == key).set_value(value).run()  # type: ignore[union-attr]  # Streamlit's test elements are untyped
    assert {job for job in engine.made if isinstance(job, GradientJob | TrainJob)} == stacks
    assert set(engine.made.values()) == {1}


def test_a_larger_stack_is_set_beside_fewer_depths() -> None:
    assert depths(Study().with_(in_channels=24, growth_rate=12, layers=24)) == (6, 12, 24, 32)
    assert depths(Study().with_(growth_rate=512, layers=2)) == (2,)


def test_a_real_engine_answers_both_kinds_of_jobs() -> None:
    stack = DenseStackSpec(8, 4, 3)
    engine = Engine()
    try:
        for job, kind in (
            (GradientJob(stack, StackSetting(), 5), Gradients),
            (TrainJob(stack, StackSetting(), 0, 10, "0.02"), Trained),
        ):
            state = answered(engine, job, 0.01)
            assert isinstance(state, Done)
            assert from_builtins(kind, state.result).torch  # type: ignore[attr-defined]  # of either kind
    finally:
        engine.close()


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line's measurements run in this process, which has torch loaded."""
    monkeypatch.setattr(
        "explorer.cli.gradients.measure_gradients",
        lambda study, **kw: measure_gradients(study, Instant(perform=perform), **kw),
    )


@pytest.mark.usefixtures("here")
def test_the_command_line_prints_every_layer(capsys: Capture) -> None:
    assert cli.main(["gradients", *SMALL, "--train"]) == 0
    told = capsys.readouterr().out
    assert re.search(r"^stem +[\d.·⁻]+", told, re.MULTILINE) and re.search(
        r"^layer 3 +1\.0 +1\.0 +1\.0", told, re.MULTILINE
    )
    assert "After 10 steps the stacks read of the held-back digits: plain " in told
    assert "x₁ gets" in told and told.rstrip().endswith("/gradients?in_channels=8&growth_rate=4&layers=3&steps=10")
    assert all(len(line) <= 130 for line in told.splitlines())


@pytest.mark.usefixtures("here")
def test_the_command_line_prints_json(capsys: Capture) -> None:
    assert cli.main(["gradients", *SMALL, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found["stacks"]) == {"plain", "residual", "dense"}
    for one in found["stacks"].values():
        assert one["parameters"]["closed_form"] == one["parameters"]["counted"]
        assert len(one["runs"]) == 5 and len(one["runs"][0]["gradients"]) == 4 and one["trained"] == []
    assert found["depths"][0]["ratios"]["dense"]["median"] > 0 and found["problems"] == []


def test_what_cannot_be_measured_is_told_and_exits_3(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    huge = Problem("refused", "One pass takes 99 GMACs", "Lower the growth rate.")
    refusing = Instant(given={GradientJob: Failed(huge)})
    monkeypatch.setattr(
        "explorer.cli.gradients.measure_gradients", lambda study, **kw: measure_gradients(study, refusing, **kw)
    )
    assert cli.main(["gradients", *SMALL]) == 3
    told = capsys.readouterr().out
    assert "The gradients of these stacks were not measured" in told and "Not measured: One pass takes 99 GMACs" in told
    assert cli.main(["gradients", "--seeds", "3"]) == 2
    assert "seeds must be a whole number from 5 to 20, not '3'." in capsys.readouterr().err
