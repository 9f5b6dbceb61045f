"""Figures and tables hold the findings' own numbers, in every palette, at every depth."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from html import unescape
from typing import Any

import plotly.graph_objects as go
import pytest
from hypothesis import given, settings
from strategies import studies
from study_fakes import CPU, counted

from explorer.engine import Done, Failed, State
from explorer.findings import Findings, Problem, Timeline, to_builtins
from explorer.pictures import tables
from explorer.pictures.figure_frame import nice_ticks, tint
from explorer.pictures.figures import channel_growth, live_bytes, parameters_per_layer
from explorer.pictures.memory_steps import MOST_BANDS, MOST_STEPS, bands_of, position
from explorer.pictures.palette import DARK, LIGHT, TOKENS
from explorer.pictures.words import Scale
from explorer.spec import Job, Study
from explorer.study import count_jobs, findings
from explorer.theory import block_theory, study_theory
from explorer.web.components.colours import colours_for

DEPTHS = (1, 2, 6, 10, 12, 13, 16, 40, 64)


def step(layers: int, channel: int, ops: int = 17) -> Timeline:
    """A training step of ``layers`` layers of ``ops`` operations: what forward makes, backward lets go of."""
    forward, backward = ops * 2 // 5, ops - ops * 2 // 5
    changes: list[tuple[int, int, int]] = [(0, -2, 1000 * layers), (0, 0, 64 * channel)]
    names: list[str] = []
    owners: list[int] = []
    for layer in range(1, layers + 1):
        for op in range(forward):
            names.append(f"forward {op}")
            owners.append(layer)
            changes.append((len(names), layer, (layer + op) * channel))
    for layer in range(layers, 0, -1):
        for op in range(backward):
            names.append(f"backward {op}")
            owners.append(layer)
            if op < forward:
                changes.append((len(names), layer, -(layer + op) * channel))
            changes.append((len(names), -1, channel if op < backward - 1 else -(backward - 2) * channel))
    line = Timeline(tuple(names), tuple(owners), tuple(changes), layers * forward + 1, 0, 0)
    totals = line.totals()
    return replace(line, peak_bytes=max(totals), peak_step=totals.index(max(totals)))


def measured(study: Study) -> Findings:
    """Findings in which every block has been counted, with a timeline of its own."""
    states: dict[Job, State] = {}
    for job in count_jobs(study).values():
        layers = len(block_theory(job.block, job.input, job.run).layers)
        line = step(layers, 4 * study.input.positions, 17 if job.block.kind == "dense" else 22)
        states[job] = Done(to_builtins(counted(job, CPU, timeline=line)))
    return findings(study, states)


def all_figures(study: Study, palette: Any) -> list[dict[str, Any]]:
    found = measured(study)
    live = live_bytes(found, palette)
    assert live is not None
    variants = [parameters_per_layer(found.theory, variant, palette) for variant in (True, False)]
    return [channel_growth(found.theory, palette), *variants, live]


def bars(figure: dict[str, Any]) -> list[dict[str, Any]]:
    """The bars on the figure's main axes."""
    return [trace for trace in figure["data"] if trace["type"] == "bar" and "xaxis" not in trace]


def column_slices(trace: dict[str, Any]) -> list[tuple[int, int, float, float]]:
    """(column, source, first channel, channels) of each slice that a trace of the channel chart draws."""
    sources = trace["meta"]["sources"]
    if trace.get("orientation") != "h":
        return list(zip(trace["x"], sources, trace["base"], trace["y"], strict=True))
    rows = zip(sources, trace["base"], trace["x"], trace["y"], trace["width"], strict=True)
    return [
        (column, source, middle - width / 2, width)
        for source, left, length, middle, width in rows
        for column in range(math.ceil(left), math.floor(left + length) + 1)
    ]


# --- numbers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layers", DEPTHS)
def test_channel_columns_add_up_to_the_widths(layers: int) -> None:
    theory = study_theory(Study().with_(layers=layers, in_channels=48, growth_rate=12))
    figure = channel_growth(theory)
    copies, new = bars(figure)
    slices = [*column_slices(copies), *column_slices(new)]
    for column in range(layers + 1):
        stack = sorted((base, channels, source) for x, source, base, channels in slices if x == column)
        assert [source for *_place, source in stack] == list(range(column + 1))
        tops = [base + channels for base, channels, _source in stack]
        assert [0, *tops[:-1]] == [base for base, *_rest in stack], "one on the other, no gap between"
        assert tops[-1] == 48 + 12 * column
    copied = sum(channels for *_place, channels in column_slices(copies))
    assert copied + layers * 12 == theory.dense.written_channels
    assert new["base"] == [0, *(48 + 12 * i for i in range(layers))]
    line = next(trace for trace in figure["data"] if trace.get("mode") == "lines")
    assert line["y"][-1] == 48 + 12 * layers


@pytest.mark.parametrize("layers", DEPTHS)
def test_the_total_of_channels_lies_end_to_end_new_before_copied(layers: int) -> None:
    theory = study_theory(Study().with_(layers=layers, in_channels=48, growth_rate=12))
    figure = channel_growth(theory)
    made, copied = [trace for trace in figure["data"] if trace.get("xaxis") == "x2"]
    ends = [
        base + channels for trace in (made, copied) for base, channels in zip(trace["base"], trace["x"], strict=True)
    ]
    assert [*made["base"], *copied["base"]] == [0, *ends[:-1]] and ends[-1] == theory.dense.written_channels
    assert sum(made["x"]) == 12 * layers
    columns = column_slices(bars(figure)[0])
    for source, channels in zip(copied["meta"]["sources"], copied["x"], strict=True):
        assert channels == sum(width for _x, of, _base, width in columns if of == source)
    words = [note["text"] for note in figure["layout"]["annotations"]]
    assert f"In total {12 * layers:,} new" in words and f"{ends[-1] - 12 * layers:,} copied again" in words


@pytest.mark.parametrize("layers", DEPTHS)
@pytest.mark.parametrize("order", ["pre", "post"])
def test_parameter_bars_add_up_to_the_block_with_and_without_the_1x1(layers: int, order: str) -> None:
    study = Study().with_(layers=layers, order=order)
    tops = set()
    for variant in (True, False):
        figure = parameters_per_layer(study_theory(study), variant)
        block = replace(study.block, bottleneck=variant)
        assert sum(sum(t["y"]) for t in bars(figure)) == block_theory(block, study.input, study.run).parameters
        assert {t["name"] for t in bars(figure)} == ({"3×3", "1×1", "BN"} if variant else {"3×3", "BN"})
        tops.add(tuple(figure["layout"]["yaxis"]["range"]))
    assert len(tops) == 1, "both variants share one axis"


def test_residual_units_are_drawn_where_they_fit_and_named_where_they_do_not() -> None:
    near, far = (parameters_per_layer(study_theory(Study().with_(layers=n)), True) for n in (6, 64))
    lines = [t for t in near["data"] if t.get("mode") == "lines"]
    assert lines and max(lines[0]["y"]) == 74_112
    assert not [t for t in far["data"] if t.get("mode") == "lines"]
    assert any("4,745,664" in note["text"] for note in far["layout"]["annotations"])


@pytest.mark.parametrize("layers", DEPTHS)
def test_live_bytes_are_the_timelines_and_keep_the_peak(layers: int) -> None:
    found = measured(Study().with_(layers=layers))
    figure, line = live_bytes(found), found.dense.measurement.timeline  # type: ignore[union-attr]  # it is measured
    assert figure is not None
    areas = [t for t in figure["data"] if t.get("stackgroup")]
    assert len(areas) <= MOST_BANDS and all(len(t["y"]) <= MOST_STEPS + 1 for t in areas)
    stacked = [sum(column) for column in zip(*(t["y"] for t in areas), strict=True)]
    assert max(stacked) == line.peak_bytes
    by_place = {round(position(line, s), 4): total for s, total in enumerate(line.totals())}
    assert all(by_place[x] == total for x, total in zip(areas[0]["x"][:-1], stacked[:-1], strict=True))
    ring = next(t for t in figure["data"] if t.get("mode") == "markers")
    assert ring["y"] == [line.peak_bytes] and ring["x"] == [position(line, line.peak_step)]
    outline = next(t for t in figure["data"] if t.get("mode") == "lines" and "stackgroup" not in t)
    assert max(outline["y"]) == found.residual.measurement.timeline.peak_bytes  # type: ignore[union-attr]


def test_live_bytes_in_inference_have_no_backward_and_no_gradients() -> None:
    study = Study().with_(mode="inference")
    job = count_jobs(study)["dense"]
    line = Timeline(("conv", "cat"), (1, 1), ((0, -2, 10), (0, 0, 20), (1, 1, 30), (2, 1, -5)), 3, 60, 1)
    figure = live_bytes(findings(study, {job: Done(to_builtins(counted(job, CPU, timeline=line)))}))
    assert figure is not None and figure["layout"]["xaxis"]["range"][1] == 1
    words = [note["text"] for note in figure["layout"]["annotations"]]
    assert "backward" not in words and "op by op" in words
    assert not any(t.get("fillpattern") for t in figure["data"])


def test_nothing_is_drawn_of_a_block_that_was_not_tracked() -> None:
    assert live_bytes(findings(Study())) is None


@pytest.mark.parametrize("layers", range(1, 65))
def test_bands_hold_every_source_once(layers: int) -> None:
    bands = bands_of(layers)
    members = [member for band in bands for member in band.members]
    assert len(bands) <= MOST_BANDS and sorted(members) == list(range(-2, layers + 1))


# --- form ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layers", DEPTHS)
@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_every_figure_is_valid_plotly_in_both_themes(layers: int, palette: Any) -> None:
    for figure in all_figures(Study().with_(layers=layers), palette):
        go.Figure({"data": figure["data"], "layout": figure["layout"]})
        assert "var(" not in json.dumps(figure)
        assert figure["alt"].endswith(".") and figure["config"]["displayModeBar"] is False
        assert figure["layout"]["showlegend"] is False and figure["layout"]["template"] == {}
        assert len(figure["layout"]["yaxis"]["tickvals"]) <= 4 and figure["layout"]["yaxis"]["range"][0] == 0


def test_with_tokens_every_colour_is_a_variable_that_the_component_defines() -> None:
    for figure in all_figures(Study().with_(layers=12), TOKENS):
        text = json.dumps(figure)
        assert not re.search(r"#[0-9A-Fa-f]{6}", text)
        defined = set(re.findall(r"(--[\w-]+):", colours_for(text, 12)))
        assert set(re.findall(r"var\((--[\w-]+)\)", text)) <= defined


def test_a_deep_blocks_figures_stay_small() -> None:
    sizes = [len(json.dumps(figure, separators=(",", ":"))) for figure in all_figures(Study().with_(layers=64), TOKENS)]
    assert max(sizes) < 150_000, sizes


@given(studies())
@settings(max_examples=60, deadline=None)
def test_any_study_can_be_drawn(study: Study) -> None:
    theory = study_theory(study)
    for variant in (True, False):
        assert parameters_per_layer(theory, variant)["alt"]
    assert channel_growth(theory)["alt"]
    assert tables.module_table(findings(study))


@pytest.mark.parametrize("top", [1, 3, 9, 10, 59, 256, 1056, 66_240, 335_040, 2**40])
def test_ticks_are_round_few_and_below_the_top(top: int) -> None:
    values, texts = nice_ticks(top, Scale("", 1, 0))
    assert 1 <= len(values) <= 4 and max(values) <= top and len(set(texts)) == len(texts)
    assert [float(text.replace(",", "")) for text in texts] == values


def test_a_tint_lies_between_colour_and_background() -> None:
    assert tint(LIGHT, "#000000", 0.5) == "#808080"
    assert tint(LIGHT, LIGHT.ink, 1.0) == LIGHT.ink and tint(DARK, DARK.ink, 0.0) == DARK.background


# --- tables -------------------------------------------------------------------------------------------


def test_the_module_table_adds_up_and_has_the_modules_own_names() -> None:
    groups = tables.module_groups(findings(Study()))
    assert [group.head.parameters for group in groups] == [45_440, 49_600, 53_760, 57_920, 62_080, 66_240]
    assert all(sum(leaf.parameters for leaf in group.leaves) == group.head.parameters for group in groups)
    assert [leaf.name for leaf in groups[0].leaves] == ["bn1", "conv1", "bn2", "conv2"]
    markup = tables.module_table(findings(Study()))
    assert "335,040" in markup and "1,040.4" in markup and markup.count("data-opens") == 6


def test_text_from_a_worker_is_escaped() -> None:
    study = Study().with_(layers=1)
    job = count_jobs(study)["dense"]
    live = counted(job)
    rows = tuple(replace(row, name="<script>x</script>", kind='"><img src=x>') for row in live.rows)
    markup = tables.module_table(findings(study, {job: Done(to_builtins(replace(live, rows=rows)))}))
    assert "<script>" not in markup and "<img" not in markup and "<img src=x>" in unescape(markup)


def test_a_problem_keeps_the_closed_forms_in_the_table() -> None:
    study = Study()
    lost = Failed(Problem("worker_lost", "The worker was lost"))
    found = findings(study, dict.fromkeys(count_jobs(study).values(), lost))
    assert "335,040" in tables.module_table(found)
