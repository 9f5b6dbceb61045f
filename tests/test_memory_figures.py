"""The frontier and the chart of growth hold the findings' own numbers, and no words in them touch."""

from __future__ import annotations

import json
import re
from itertools import combinations, pairwise
from typing import Any

import plotly.graph_objects as go
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import studies
from study_fakes import CPU

from explorer.findings import Comparison, CompiledStep, ImplementationStep, Plan, PlanRow, Problem
from explorer.pictures.figure_frame import text_width
from explorer.pictures.figure_frontier import HEIGHT, frontier, frontier_line, frontier_title
from explorer.pictures.figure_growth import growth
from explorer.pictures.frontier import Frontier, frontier_of
from explorer.pictures.growth_words import growth_line, growth_title
from explorer.pictures.palette import DARK, LIGHT, TOKENS, Palette
from explorer.pictures.placing import apart
from explorer.spec import Growth, Scale, Study
from explorer.theory.growth import growth_curves
from explorer.web.components.colours import colours_for

MACHINE = int(23.5 * 2**30)
GROWTHS: tuple[Growth, ...] = ("layers", "batch", "resolution")
SCALES: tuple[Scale, ...] = ("linear", "log")

# --- frontier -----------------------------------------------------------------------------------------------


def step(name: str, kept: int, *milliseconds: float, problem: Problem | None = None) -> ImplementationStep:
    return ImplementationStep(name, kept, 2 * kept, milliseconds, problem=problem)


def compiled(budget: str, kept: int, *ratios: float) -> CompiledStep:
    beside = (40.0, 50.0, 60.0)
    return CompiledStep(CPU, budget, kept, tuple(r * b for r, b in zip(ratios, beside, strict=False)), beside, 9.0)


LIST = step("list", 1000, 50, 100, 80)
USUAL = Comparison(
    CPU,
    (step("concat", 1000, 50, 101, 82), LIST, step("shared", 310, 53, 105, 88), step("checkpoint", 70, 61, 122, 97)),
    (step("residual", 1240, 65, 131, 104),),
)
FOUND = frontier_of(USUAL, (compiled("1.0", 1010, 0.86, 0.85, 0.87), compiled("0.25", 290, 0.9, 0.92, 0.91)), ("0.1",))


def test_a_point_is_the_median_of_ratios_round_by_round() -> None:
    points = {point.name: point for point in FOUND.points}
    assert list(points) == ["concat", "list", "shared", "checkpoint", "compiled 1.0", "compiled 0.25", "residual"]
    shared = points["shared"]
    assert (shared.held, shared.time, shared.rounds) == (0.31, 1.06, 3)
    assert shared.low == pytest.approx((1.05 + 1.06) / 2) and shared.high == pytest.approx((1.06 + 1.1) / 2)
    assert points["compiled 0.25"].time == pytest.approx(0.91)  # to its own list, beside which it ran
    assert (points["list"].time, points["list"].low, points["list"].high) == (1, 1, 1)
    assert not points["residual"].dense and FOUND.missing == ("compiled 0.1",)


def test_the_line_joins_what_nothing_of_the_same_function_beats() -> None:
    assert [point.name for point in FOUND.best] == ["compiled 1.0", "compiled 0.25", "checkpoint"]
    for point in FOUND.best:
        assert not any(o.dense and o.time <= point.time and o.held <= point.held for o in FOUND.points if o != point)
    figure = frontier(FOUND)
    assert figure is not None
    joined = figure["data"][0]
    assert joined["y"] == [1.01, 0.29, 0.07]


def test_the_title_names_the_ringed_point_in_words_of_its_own_numbers() -> None:
    assert FOUND.named is not None and FOUND.named.name == "compiled 0.25"
    assert frontier_title(FOUND) == "compiled 0.25 holds 71% less than list and its step takes 9% less time"
    figure = frontier(FOUND)
    assert figure is not None
    ring = figure["data"][-1]
    assert (ring["x"], ring["y"]) == ([FOUND.named.time], [FOUND.named.held])
    noisy = frontier_of(USUAL, (compiled("0.25", 290, 0.7, 0.9, 1.4),))
    assert noisy.named is None and frontier_title(noisy) == "No way measured holds less than list in clearly less time"
    assert "Ring" not in frontier_line(noisy)


def test_what_lies_outside_or_was_not_timed_is_told_in_words() -> None:
    lost = Problem("out_of_memory", "Memory ran out")
    far = Comparison(CPU, (LIST, step("shared", 310, problem=lost)), (step("residual", 2900, 120, 240, 192),))
    found = frontier_of(far, (), ("0.25",))
    line = frontier_line(found)
    assert "Outside: residual, 2.90× held, 2.40× time." in line
    assert line.endswith("Not timed: shared, compiled 0.25. Memory ran out.")
    figure = frontier(found)
    assert figure is not None and not any("residual" in note["text"] for note in figure["layout"]["annotations"])
    assert frontier(frontier_of(Comparison(CPU, (step("list", 10),)))) is None
    with pytest.raises(ValueError, match="no step of list"):
        frontier_of(Comparison(CPU, ()))


ratio = st.floats(0.7, 1.85)


@given(
    # At most two in a heap, and list's own; of ten in one place some would touch.
    st.lists(st.tuples(st.floats(0.02, 1.2), ratio), min_size=6, max_size=6, unique_by=lambda pair: round(5 * pair[0])),
    st.sampled_from((340, 460, 650)),
)
@settings(max_examples=25, deadline=None)
def test_names_of_points_never_touch_each_other(measured: list[tuple[float, float]], width: int) -> None:
    names = ("checkpoint_1x1", "shared", "checkpoint")
    steps = [
        step(n, round(1000 * h), *(t * b for b in (50, 100, 80))) for n, (h, t) in zip(names, measured, strict=False)
    ]
    budgets = [
        compiled(b, round(1000 * h), t, t, t) for b, (h, t) in zip(("0.25", "0.1", "1.0"), measured[3:], strict=True)
    ]
    figure = frontier(frontier_of(Comparison(CPU, (LIST, *steps)), budgets))
    assert figure is not None
    layout = figure["layout"]
    left, right = layout["xaxis"]["range"]
    boxes = []
    for note in layout["annotations"]:
        if "y" not in note or note.get("yref") == "paper":
            continue
        x = (note["x"] - left) / (right - left) * width + note.get("ax", note.get("xshift", 0))
        y = (HEIGHT - 62) * (1 - note["y"] / layout["yaxis"]["range"][1]) + note.get("ay", -note.get("yshift", 0))
        wide = text_width(note["text"])
        start = x - {"left": 0, "center": wide / 2, "right": wide}[note["xanchor"]]
        boxes.append((start, y - 7, start + wide, y + 7))
        assert start >= -1 and start + wide <= width + 1
    assert len(boxes) == 7
    for one, other in combinations(boxes, 2):
        apart_by = max(one[0] - other[2], other[0] - one[2], one[1] - other[3], other[1] - one[3])
        assert apart_by >= 0, (one, other)


# --- growth -------------------------------------------------------------------------------------------------


def curves(figure: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {trace["name"]: trace for trace in figure["data"] if trace["mode"] == "lines"}


@pytest.mark.parametrize("grows", GROWTHS)
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("layers", [1, 6, 64])
def test_curves_and_points_are_the_closed_forms(grows: Growth, scale: Scale, layers: int) -> None:
    study = Study().with_(layers=layers, versus=grows, scale=scale)
    figure = growth(study, MACHINE)
    points = next(trace for trace in figure["data"] if trace["mode"] == "markers")
    found = growth_curves(study, (1,))
    for curve in found.curves:
        trace = curves(figure)["list, concat" if curve.name == "list" else curve.name]
        if curve.name == "residual" and max(trace["y"]) > figure["layout"]["yaxis"]["range"][1]:
            continue  # it leaves the chart
        assert sum(f"= {found.now:,}:" in text for text in trace["text"]) == 1
        if scale == "linear":
            assert trace["y"][trace["x"].index(found.now)] == curve.now and curve.now in points["y"]
    low, high = figure["layout"]["xaxis"]["range"]
    if not (grows == "layers" and layers == 64):
        assert 0.02 < (points["x"][0] - low) / (high - low) < 0.95, "not at the edge"


def test_the_limit_is_drawn_where_the_curves_come_near_it() -> None:
    def limits(study: Study, device: int | None) -> list[Any]:
        figure = growth(study, device)
        return [shape["y0"] for shape in figure["layout"]["shapes"] if shape.get("xref") == "paper"]

    near = Study().with_(batch=64, versus="batch")
    assert limits(near, MACHINE) == [MACHINE]
    assert limits(near, None) == limits(Study(), MACHINE) == limits(near, 0) == []
    words = [note["text"] for note in growth(near, MACHINE)["layout"]["annotations"]]
    assert "<b>this machine</b><br>23.5 GiB" in words and "<b>shared</b><br>1,024 channels" in words


def test_the_coefficients_stand_beside_the_curves() -> None:
    words = [note["text"] for note in growth(Study())["layout"]["annotations"]]
    assert "<b>list, concat</b><br>32 L² + 352 L" in words and "<b>residual</b><br>96 L² + 128 L" in words
    solved = growth(Study().with_(match="parameters"))["layout"]["annotations"]
    assert "<b>residual</b>" in [note["text"] for note in solved], "no polynomial where a width is solved for"


@pytest.mark.parametrize("grows", GROWTHS)
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("layers", [1, 6, 33, 64])
@pytest.mark.parametrize("batch", [1, 64])
def test_names_at_the_curves_ends_keep_their_distance(grows: Growth, scale: Scale, layers: int, batch: int) -> None:
    study = Study().with_(layers=layers, batch=batch, versus=grows, scale=scale)
    layout = growth(study, MACHINE)["layout"]
    named = [note for note in layout["annotations"] if note["text"].startswith("<b>")]
    plot = layout["height"] - layout["margin"]["t"] - layout["margin"]["b"]
    places = sorted(note["y"] * plot for note in named)
    assert len(named) in (5, 6) and all(b - a >= 32 for a, b in pairwise(places))
    assert places[0] >= 5 and places[-1] <= plot + 6
    for note in named:
        assert max(map(text_width, re.sub("</?b>", "", note["text"]).split("<br>"))) + 10 <= layout["margin"]["r"]


@given(
    st.lists(st.floats(0, 250), min_size=1, max_size=6),
)
def test_places_pushed_apart_stay_in_order_and_inside(wanted: list[float]) -> None:
    wanted = sorted(wanted)
    places = apart(wanted, 33, 10, 246)
    assert all(b - a >= 33 - 1e-6 for a, b in pairwise(places))
    assert places[0] >= 10 - 1e-6 and places[-1] <= 246 + 1e-6
    if all(b - a >= 33 for a, b in pairwise(wanted)) and wanted[0] >= 10 and wanted[-1] <= 246:
        assert places == pytest.approx(wanted)


def planned(first: int | None, second: int | None) -> Plan:
    rows = (PlanRow("list", (1, first)), PlanRow("shared", (1, second)))
    return Plan((2**33, 2**34), rows, 0, "CPU, 2 threads")


@pytest.mark.parametrize(
    ("batch", "plan", "title"),
    [
        (96, planned(90, 410), "At batch 96 a step of list no longer fits this machine; one of shared fits until 410"),
        (96, planned(40, 90), "At batch 96 no step of list or shared fits this machine; one of shared fits until 90"),
        (8, planned(90, 410), "A step of list fits this machine until batch 90; one of shared fits until 410"),
        (8, planned(90, None), "A step of list fits this machine until batch 90; one of shared fits at any batch"),
        (8, planned(None, None), "A step of list fits this machine at any batch, and so does one of shared"),
        (8, planned(0, 0), "Not even a step at batch 1 fits this machine, with list or with shared"),
        (8, planned(0, 4), "A step of list does not fit this machine; one of shared fits until 4"),
    ],
)
def test_the_title_goes_by_the_peak_where_a_plan_is_known(batch: int, plan: Plan, title: str) -> None:
    study = Study().with_(batch=batch, versus="batch", largest="batch")
    assert growth_title(study, MACHINE, plan) == title
    elsewhere = study.with_(largest="resolution")
    assert growth_title(elsewhere, MACHINE, plan) == (
        "What list holds fills this machine past batch 616, shared past 1,964"
    )


def test_without_a_machine_the_title_tells_how_the_curves_grow() -> None:
    assert growth_title(Study()) == "What list holds grows with L², what shared holds with L"
    assert growth_title(Study().with_(implementation="checkpoint")).endswith("what checkpoint holds with L")
    assert "four times" in growth_title(Study().with_(versus="resolution"))
    assert growth_title(Study().with_(versus="batch")).endswith("shared 12.25 MiB")
    assert growth_title(Study(), MACHINE) == "What list holds fits this machine up to L = 64, the most here"
    assert "12,544 bytes" in growth_line(Study()) and "L²" in growth_line(Study())


# --- form ---------------------------------------------------------------------------------------------------


def all_figures(study: Study, palette: Palette) -> list[dict[str, Any]]:
    figure = frontier(FOUND, palette)
    assert figure is not None
    return [growth(study.with_(versus=g, scale=s), MACHINE, palette) for g in GROWTHS for s in SCALES] + [figure]


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("layers", [1, 6, 64])
def test_every_figure_is_valid_plotly_in_both_themes(layers: int, palette: Palette) -> None:
    for figure in all_figures(Study().with_(layers=layers), palette):
        go.Figure({"data": figure["data"], "layout": figure["layout"]})
        text = json.dumps(figure)
        assert "var(" not in text and len(text) < 60_000
        assert figure["alt"].endswith(".") and figure["config"]["displayModeBar"] is False
        assert len(figure["layout"]["yaxis"]["tickvals"]) <= 5
        assert all(note["font"]["size"] >= 12.5 for note in figure["layout"]["annotations"])


def test_with_tokens_every_colour_is_a_variable_that_the_component_defines() -> None:
    for figure in all_figures(Study(), TOKENS):
        text = json.dumps(figure)
        assert not re.search(r"#[0-9A-Fa-f]{6}", text)
        assert set(re.findall(r"var\((--[\w-]+)\)", text)) <= set(re.findall(r"(--[\w-]+):", colours_for(text, 6)))


@given(studies(), st.sampled_from(GROWTHS), st.sampled_from(SCALES), st.sampled_from((None, 2**20, 2**34, 2**50)))
@settings(max_examples=40, deadline=None)
def test_any_study_can_be_drawn(study: Study, grows: Growth, scale: Scale, device: int | None) -> None:
    study = study.with_(versus=grows, scale=scale)
    assert growth(study, device)["alt"] and growth_title(study, device) and growth_line(study)


def test_a_frontier_of_nothing_says_so() -> None:
    empty = Frontier((), ("list",))
    assert frontier(empty) is None and frontier_line(empty) == "Not timed yet."
    assert "how long" in frontier_title(empty)
