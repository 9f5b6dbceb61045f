"""The reuse matrix: its numbers, its words, and its markup."""

from __future__ import annotations

import math
import re
from html import unescape

import pytest
from hypothesis import given, settings
from strategies import studies

from explorer.findings import ReadWeights
from explorer.pictures.matrix import reuse_head, reuse_table
from explorer.pictures.reuse import expected_weight, farthest, reuse, title, verdict
from explorer.spec import DenseBlockSpec, Study, WeightsJob, selection
from explorer.theory import study_theory
from explorer.web.parts.matrix import looks

MODES = ("share", "channels", "bytes", "weights")


def sentences(block: DenseBlockSpec) -> list[str]:
    return [f"about {source}" for source in range(block.layers + 1)]


def as_expected(block: DenseBlockSpec, times: float = 1.0) -> ReadWeights:
    return ReadWeights(tuple((times * expected_weight(block, r),) * r for r in range(1, block.layers + 1)))


@pytest.mark.parametrize("layers", [1, 2, 6, 24, 64])
def test_every_reader_reads_all_sources_before_it_and_they_add_up(layers: int) -> None:
    study = Study().with_(layers=layers, in_channels=48, growth_rate=12, batch=2, height=5, width=7, dtype="float16")
    each = 2 * 5 * 7 * 2
    for mode, one in (("share", None), ("channels", 1), ("bytes", each)):
        found = reuse(study.with_(matrix=mode))
        assert [len(row) for row in found.values] == list(range(layers + 1, 0, -1))
        for reader in range(1, layers + 2):
            read = [found.values[source][reader - source - 1] for source in range(reader)]
            width = 48 + 12 * (reader - 1)
            if one is None:
                assert math.isclose(sum(v or 0 for v in read), 1) and found.foot[reader - 1] == width
            else:
                assert sum(v or 0 for v in read) == width * one == found.foot[reader - 1]


def test_the_titles_numbers_are_what_the_bottlenecks_read_and_make() -> None:
    study = Study()
    assert title(study.with_(matrix="channels")) == "Six Bottlenecks read 864 channels in all to make 192"
    read = sum(layer.in_channels for layer in study_theory(study).dense.layers)
    assert read == 864
    assert "10.34 MiB" in title(study.with_(matrix="bytes")) and round(read * 56 * 56 * 4 / 2**20, 2) == 10.34
    assert title(study) == "By Bottleneck 6, the input is 29% of what is read, each layer 14%"
    long = title(study.with_(layers=64))
    assert long == "By Bottleneck 64, the input is 3.1% of what is read, each layer 1.5%"
    assert "0.0625 to 0.0334" in title(study.with_(matrix="weights"))
    assert title(study.with_(layers=1)) == "The only Bottleneck reads the input alone"


def test_untrained_weights_are_expected_as_pytorch_draws_them() -> None:
    import torch

    for block in (DenseBlockSpec(), DenseBlockSpec(bottleneck=False)):
        torch.manual_seed(0)
        kernel, out = (1, block.mid_channels) if block.bottleneck else (3, block.growth_rate)
        weight = torch.nn.Conv2d(block.width_before(4), out, kernel, padding=kernel // 2, bias=False).weight.detach()
        expected = expected_weight(block, 4)
        assert weight.abs().mean().item() == pytest.approx(expected, rel=0.01)
        assert weight.abs().max().item() == pytest.approx(2 * expected, rel=0.01)


def test_what_the_worker_reads_agrees_with_what_is_expected() -> None:
    from explorer.measure.weights import read_weights

    for study in (Study(), Study().with_(bottleneck=False, order="post"), Study().with_(growth_rate=1, in_channels=3)):
        weights = read_weights(WeightsJob(study.block, study.run))
        share, errors = farthest(study.block, weights)
        assert errors < 6 and share > 0
        assert verdict(study.block, weights).endswith("from expected")
        assert "not by chance" in verdict(study.block, as_expected(study.block, 9))
    assert farthest(Study().block, as_expected(Study().block))[0] == pytest.approx(0)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("layers", [1, 2, 6, 16, 17, 24, 40, 64])
def test_the_markup_has_a_cell_for_each_source_and_reader_and_stays_small(layers: int, mode: str) -> None:
    study = Study().with_(layers=layers, matrix=mode)
    weights = as_expected(study.block) if mode == "weights" else None
    markup = reuse_table(study, sentences(study.block), weights)
    assert len(markup) < 120_000
    rows = markup.split("<tr data-source")[1:]
    assert len(rows) == layers + 1
    for source, row in enumerate(rows):
        cells = row.partition("<tr class")[0].count("style=--")
        assert cells == layers + (mode != "weights") - source
        assert f'data-says="about {source}"' in row and f'data-select="source-{source}"' in row
    assert set(re.findall(r"layer-(\d+)", markup)) == {str(n) for n in range(1, layers + 1)}


@pytest.mark.parametrize("layers", [1, 6, 24, 64])
def test_nothing_moves_when_the_weights_come_or_fail(layers: int) -> None:
    study = Study().with_(layers=layers, matrix="weights")
    tell = sentences(study.block)
    waiting = reuse_table(study, tell, busy=True)
    there = reuse_table(study, tell, as_expected(study.block))
    failed = reuse_table(study, tell, problem="<b>The worker was lost</b>")
    assert " busy" in waiting and " busy" not in there + failed
    assert "<b>The" not in failed and "<b>The worker was lost</b>" in unescape(failed)
    shapes = {re.search(r"--least:\d+px;--row:\d+px", text)[0] for text in (waiting, there, failed)}  # type: ignore[index]  # it is there
    assert len(shapes) == 1 and len({text.count("<td") for text in (waiting, there, failed)}) == 1
    assert reuse_head(study) == reuse_head(study.with_(seed=1))


def test_weights_are_asked_for_only_when_they_are_to_be_shown() -> None:
    study = Study()
    assert all(looks(study.with_(matrix=mode)) == () for mode in MODES[:-1])
    assert looks(study.with_(matrix="weights")) == (WeightsJob(study.block, study.run),)


@pytest.mark.parametrize(
    ("select", "source"),
    [(None, None), ("", None), ("layer-4", None), ("unit-2", None), ("source-0", 0), ("source-12", 12), ("2-4", 2)],
)
def test_a_selection_names_a_source_or_none(select: str | None, source: int | None) -> None:
    assert selection(select).source == source


@given(studies())
@settings(max_examples=60)
def test_any_study_has_a_matrix(study: Study) -> None:
    markup = reuse_head(study) + reuse_table(study, sentences(study.block))
    assert len(markup) < 130_000 and "nan" not in markup and "None" not in markup
