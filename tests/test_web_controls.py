"""The frame script by itself: every legal link gives its block, no link gives a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import studies
from streamlit.testing.v1 import AppTest

from explorer.codec import to_query
from explorer.engine import Failed, State
from explorer.findings import Problem
from explorer.presets import PRESETS
from explorer.spec import FIELDS, Choice, Job, ResidualSpec, Study, Whole
from explorer.theory import counterpart
from explorer.web import controls, engine_holder, link

ROOT = Path(__file__).resolve().parents[1]
BESIDE = ("view", "memory", "networks", "gradients", "lesson")  # sections whose controls stand where they act


class NoEngine:
    """An engine that refuses everything at once, so that a page is drawn from its closed forms."""

    def submit(self, job: Job, waiter: str) -> State:
        return Failed(Problem("refused", "There is no worker in this test."))

    def state(self, job: Job, waiter: str | None = None) -> State | None:
        return self.submit(job, waiter or "")

    def cancel(self, job: Job, waiter: str) -> None:
        return None


@pytest.fixture(autouse=True)
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("explorer.web.waiting", "explorer.web.engine_holder"):
        monkeypatch.setattr(f"{module}.engine", NoEngine)
    assert engine_holder.engine is NoEngine  # type: ignore[comparison-overlap]  # replaced just above


@pytest.fixture
def app() -> Iterator[AppTest]:
    yield fresh()


def fresh(**query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "explorer" / "web" / "frame.py"), default_timeout=30)
    for name, text in query.items():
        app.query_params[name] = text
    return app


def study_of(app: AppTest) -> Study:
    """The Study of the last run, which must not have failed."""
    assert not app.exception and not app.error, [item.value for item in (*app.exception, *app.error)]
    study: Study = app.session_state[link.STUDY]
    return study


def shown(app: AppTest) -> dict[str, Any]:
    """What the sidebar's widgets show, by field; a key's count is left out."""
    found: dict[str, Any] = {}
    sidebar = app.sidebar
    for group in (sidebar.select_slider, sidebar.number_input, sidebar.selectbox, sidebar.toggle, sidebar.button_group):
        for widget in group:
            assert widget.key is not None
            name, _, count = widget.key.rpartition("_")
            found[name if count.isdigit() else widget.key] = widget.value
    return found


def test_the_default_page_is_the_default_study(app: AppTest) -> None:
    app.run()
    assert study_of(app) == Study()
    assert not app.get("notice-box")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(studies())
def test_every_link_gives_exactly_its_study_and_its_controls_show_it(study: Study) -> None:
    app = fresh(**to_query(study)).run()
    residual, unit = counterpart(study).theory.spec, study.view.selected.unit
    assert isinstance(residual, ResidualSpec)
    missing = unit is not None and unit > residual.units
    assert study_of(app) == (study.with_(select=None) if missing else study)
    found = shown(app)
    beside = [name for name in link.CHOSEN if FIELDS[name].section in BESIDE]
    for name in (*link.BOUND, *(name for name in link.CHOSEN if name not in beside)):
        value = [study[name]] if name == "device" and isinstance(found[name], list) else study[name]
        assert found[name] == value, name
    for name in link.SLIDERS:
        assert found[name + "_box"] == study[name]
    assert found["preset"] == controls.preset_of(study)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.sampled_from([*FIELDS, "embed", "foo", "Layers", "__proto__"]),
        st.one_of(
            st.text(max_size=30),
            st.sampled_from(["inf", "nan", "-1", "1e9", "1.0", " 3", "٣", "1_0", "true", "", "0", "9" * 5000, "\x00"]),
        ),
        max_size=9,  # a page with many takes no longer than one with few
    )
)
def test_no_link_breaks_the_page_or_passes_in_silence(query: dict[str, str]) -> None:
    app = fresh(**query).run()
    study = study_of(app)
    told = [*map(str, app.session_state[link.PROBLEMS])]
    judged = {name for line in told for name in line.partition(" must be ")[0].split(" · ")}
    for name, text in query.items():
        if name == "embed":
            continue
        taken = name in FIELDS and to_query(study).get(name, _text(FIELDS[name].default)) == text.lower().lstrip("+")
        heard = name in judged if name in FIELDS else any(f"not '{name}'" in line for line in told)
        assert taken or heard, (name, text, told)
    app.run()
    assert study_of(app) == study


def _text(value: object) -> str:
    return "" if value is None else str(value).lower()


def test_what_was_not_taken_is_told_until_it_is_dismissed() -> None:
    app = fresh(layers="99", growth_rate="24").run()
    assert any("layers must be a whole number from 1 to 64" in item.proto.body for item in app.get("html"))
    assert study_of(app) == Study().with_(growth_rate=24)
    app.run()
    assert any("layers must be" in item.proto.body for item in app.get("html"))
    app.button(key="dismiss").click().run()
    assert not any("layers must be" in item.proto.body for item in app.get("html"))
    assert study_of(app) == Study().with_(growth_rate=24)


def test_what_was_not_taken_is_told_until_the_next_change() -> None:
    app = fresh(layers="99").run()
    app.sidebar.select_slider(key="growth_rate").set_value(33).run()
    assert study_of(app) == Study().with_(growth_rate=33)
    assert not app.session_state[link.PROBLEMS]


@pytest.mark.parametrize("name", link.SLIDERS)
def test_slider_and_box_move_each_other(app: AppTest, name: str) -> None:
    app.run()
    app.sidebar.select_slider(key=name).set_value(7).run()
    assert study_of(app)[name] == shown(app)[name + "_box"] == 7
    box = next(widget for widget in app.sidebar.number_input if (widget.key or "").startswith(name + "_box"))
    domain = FIELDS[name].domain
    assert isinstance(domain, Whole)
    box.set_value(domain.high - 3).run()
    assert study_of(app)[name] == shown(app)[name] == domain.high - 3
    assert app.query_params[name] == str(domain.high - 3)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_sets_block_and_input_and_leaves_the_rest(preset: str) -> None:
    app = fresh(match="macs", dtype="float64", growth_rate="7").run()
    app.sidebar.selectbox(key="preset_0").set_value(preset).run()
    wanted = PRESETS[preset].with_(match="macs", dtype="float64")
    assert study_of(app) == wanted
    assert {name: app.query_params[name] for name in app.query_params} == to_query(wanted)


@pytest.mark.parametrize("name", [n for n in link.CHOSEN if FIELDS[n].section not in BESIDE and n != "device"])
def test_every_choice_reaches_the_link(name: str) -> None:
    domain = FIELDS[name].domain
    assert isinstance(domain, Choice)
    for option in domain.options[1:]:
        app = fresh().run()
        app.sidebar.selectbox(key=f"{name}_0").set_value(option).run()
        assert study_of(app)[name] == option
        assert app.query_params[name] == option
        assert study_of(fresh(**{name: option}).run())[name] == option


def test_a_link_may_name_a_device_that_the_switch_does_not_offer() -> None:
    app = fresh(device="cuda:1").run()
    assert study_of(app).run.device == "cuda:1"


def test_a_rule_between_controls_undoes_the_change_and_says_so() -> None:
    app = fresh(height="1", width="2").run()
    app.sidebar.number_input(key="width").set_value(1).run()
    assert study_of(app).input.width == 2
    assert "at least 2 in training" in str(app.session_state[link.PROBLEMS][0])
    assert shown(app)["width"] == 2


def test_a_selection_goes_when_its_layer_goes() -> None:
    app = fresh(select="layer-5").run()
    assert study_of(app).view.select == "layer-5"
    app.sidebar.select_slider(key="layers").set_value(3).run()
    assert study_of(app).view.select is None
    assert "select" not in app.query_params


def test_a_unit_that_the_residual_block_does_not_have_is_told() -> None:
    app = fresh(select="unit-9").run()
    assert study_of(app).view.select is None
    assert [*map(str, app.session_state[link.PROBLEMS])] == [
        "select must be unit-1 to unit-6 of this residual block, not 'unit-9'. Nothing is selected.",
    ]
    assert "select" not in app.query_params


def test_a_selection_goes_when_its_unit_goes() -> None:
    app = fresh(select="unit-6", layers="9").run()
    assert study_of(app).view.select == "unit-6"
    app.sidebar.select_slider(key="layers").set_value(3).run()
    assert study_of(app).view.select is None
    assert "select" not in app.query_params


def test_sliders_stop_at_every_small_number_and_at_both_ends() -> None:
    for name in link.SLIDERS:
        domain = FIELDS[name].domain
        assert isinstance(domain, Whole)
        stops = controls.stops(domain)
        assert stops[0] == domain.low and stops[-1] == domain.high
        assert stops == sorted(set(stops)) and len(stops) < 300
        assert set(range(1, 65)) <= set(stops)


def test_fields_are_bound_or_chosen_and_none_is_forgotten() -> None:
    assert {*link.BOUND, *link.CHOSEN} == {*FIELDS} - {"select"}


def test_a_link_locks_controls_and_leaves_the_others() -> None:
    app = fresh(locked="growth_rate,height,match,drawing").run()
    assert study_of(app).lesson.locks == ("growth_rate", "height", "match", "drawing")
    sidebar, dead = app.sidebar, set()
    for group in (sidebar.select_slider, sidebar.number_input, sidebar.selectbox, sidebar.toggle, sidebar.button_group):
        for widget in group:
            name, _, count = str(widget.key).rpartition("_")
            if widget.disabled:
                dead.add(name if count.isdigit() else widget.key)
    assert dead == {"growth_rate", "growth_rate_box", "height", "match", "preset"}


@pytest.mark.parametrize("name", ["locked", "hide"])
def test_a_link_that_locks_or_hides_what_there_is_not_says_so(name: str) -> None:
    app = fresh(**{name: "growth_rate,nonsense"}).run()
    hidden = name == "hide"  # what cannot be read hides the answers
    assert study_of(app) == (Study().with_(hide="answers") if hidden else Study())
    (told,) = app.session_state[link.PROBLEMS]
    instead = "The answers stay hidden." if hidden else "Nothing is locked."
    assert str(told).startswith(f"{name} must be ")
    assert str(told).endswith(f"names of fields, such as growth_rate, not 'nonsense'. {instead}")
    assert study_of(fresh(hide="answers,layers").run()).lesson.hides == ("layers",)
