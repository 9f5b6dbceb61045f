"""The inspector's markup: what it says of a layer, what it leaves out, and that nothing in it becomes markup."""

from __future__ import annotations

import dataclasses

import pytest
from study_fakes import looked

from explorer.findings import LayerTheory, LayerView
from explorer.pictures import inspector
from explorer.spec import MapsJob, SpecError, Study
from explorer.study import findings, maps_job
from explorer.theory import study_theory


def job_of(study: Study) -> MapsJob:
    job = maps_job(study)
    assert job is not None
    return job


def layer_of(study: Study) -> LayerTheory:
    job, theory = job_of(study), study_theory(study)
    return (theory.dense if job.block.kind == "dense" else theory.residual.theory).layers[job.layer - 1]


def view_of(study: Study) -> LayerView:
    return looked(job_of(study))


@pytest.mark.parametrize(
    ("select", "kind", "layer"),
    [("layer-4", "dense", 4), ("2-4", "dense", 4), ("source-4", "dense", 4), ("source-0", "dense", 1),
     ("unit-3", "residual", 3)],
)  # fmt: skip
def test_each_selection_opens_its_layer(select: str, kind: str, layer: int) -> None:
    job = job_of(Study().with_(select=select))
    assert (job.block.kind, job.layer) == (kind, layer)


def test_nothing_selected_and_a_unit_that_is_not_there_open_nothing() -> None:
    assert maps_job(Study()) is None
    assert maps_job(Study().with_(select="unit-64")) is None


def test_an_upload_that_the_link_cannot_carry_is_the_test_pattern_and_says_so() -> None:
    study = Study().with_(select="layer-1", image="upload")
    assert job_of(study).image == "pattern" and job_of(study).upload is None
    assert "A link carries no picture" in inspector.stem_words(study, view_of(study), uploaded=False)
    assert "A link carries no picture" not in inspector.stem_words(study, view_of(study), uploaded=True)


def test_steps_that_do_not_add_up_are_told_with_both_numbers() -> None:
    study = Study().with_(select="layer-2")
    view, layer = view_of(study), layer_of(study)
    assert inspector.agreement(layer, view, training=True) == (
        True, "✓ parameters, MACs, saved bytes: the steps add up to the closed form",
    )  # fmt: skip
    wrong = dataclasses.replace(view, steps=(dataclasses.replace(view.steps[0], saved_bytes=7), *view.steps[1:]))
    right, words = inspector.agreement(layer, wrong, training=True)
    assert not right and words == f"✕ saved bytes: 7 counted, {layer.saved_bytes:,} expected"
    assert inspector.agreement(layer, wrong, training=False)[0]


def test_every_source_has_a_row_before_and_after_it_ran() -> None:
    study = Study().with_(select="2-5")
    layer = layer_of(study)
    for view in (None, view_of(study)):
        rows = inspector.read_table(study, layer, view, 2)
        assert rows.count("<tr data-source=") == 5
        assert rows.count("class=chosen") == 1
        assert rows.count("<canvas") == (5 if view else 0)


def test_every_canvas_finds_its_maps() -> None:
    for select in ("layer-6", "unit-2"):
        study = Study().with_(select=select)
        view, layer = view_of(study), layer_of(study)
        markup = inspector.read_table(study, layer, view, None) + inspector.tensors(study, layer, view)
        maps = inspector.maps_of(view)
        assert {f'data-maps="{name}"' in markup for name in maps} == {True}
        assert markup.count("<canvas") == len(maps)


def test_what_a_worker_says_never_becomes_markup() -> None:
    study = Study().with_(select="layer-1")
    view = view_of(study)
    evil = "<img src=x onerror=alert(1)>"
    steps = tuple(dataclasses.replace(step, name=evil) for step in view.steps)
    assert "<img" not in inspector.pipeline(study, layer_of(study), dataclasses.replace(view, steps=steps))


@pytest.mark.parametrize(("share", "words"), [(0, "0%"), (0.001, "<1%"), (0.125, "12%"), (1, "100%")])
def test_a_share_above_none_never_reads_as_none(share: float, words: str) -> None:
    assert inspector.percent(share) == words


@pytest.mark.parametrize("select", ["unit-0", "unit-65", "units-1", "unit-01"])
def test_a_unit_that_no_block_has_is_refused(select: str) -> None:
    with pytest.raises(SpecError, match="select must be"):
        Study().with_(select=select)


def test_findings_do_not_depend_on_what_the_inspector_shows() -> None:
    study = Study().with_(select="layer-3", image="noise")
    assert findings(study).theory.dense == findings(Study()).theory.dense
