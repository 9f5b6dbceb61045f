"""The feature-reuse heat map: its numbers beside a computation of their own, its job, its words and its picture."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from engine_jobs import result
from test_weights_file import SMALL, older, safe, state_of, zipped
from torch import Tensor

from explorer.engine import Engine, Failed, Limits, Pending, words
from explorer.engine.line import kept, lacks_weights, weight
from explorer.engine.schedule import Schedule
from explorer.findings import Problem, from_builtins, to_builtins
from explorer.findings.heat import HeatBlock, HeatMap
from explorer.measure.heat import fresh_weights
from explorer.measure.jobs import perform
from explorer.pictures.heat_svg import heat_picture
from explorer.pictures.heat_words import description, is_even, line, title, weight_text
from explorer.pictures.layout.lettering import text_box
from explorer.pictures.layout.shapes import Orientation, TextShape
from explorer.pictures.palette import DARK, LIGHT, TOKENS
from explorer.spec import NETWORKS, DenseNetSpec, HeatJob, PublishedJob, Upload

PLAIN = DenseNetSpec((3, 2), 3, 5, 1.0, bottleneck=False, stem="cifar", classes=4)
DENSE = {name: spec for name, spec in NETWORKS.items() if isinstance(spec, DenseNetSpec)}
ODD = {
    "deep": DenseNetSpec((64,) * 6, 4, 8),
    "one": DenseNetSpec((1,), 4, 8, classes=10),
    "mixed": DenseNetSpec((1, 64, 1, 1, 2, 1), 4, 8),
}


@pytest.fixture(autouse=True, scope="module")
def quick() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def given(data: bytes) -> Upload:
    return Upload(hashlib.sha256(data).hexdigest(), data)


def seen(job: HeatJob | PublishedJob) -> HeatMap:
    answer = perform(job)
    assert "problem" not in answer, answer
    return from_builtins(HeatMap, answer)


def by_hand(spec: DenseNetSpec, w: dict[str, Tensor]) -> list[list[list[float]]]:
    """Block, reader, source: mean |w|, from torchvision's names and the paper's widths."""
    found, c0, k = [], spec.stem_channels, spec.growth_rate
    for block, layers in enumerate(spec.block_config, 1):
        names = [f"features.denseblock{block}.denselayer{layer}.conv1.weight" for layer in range(1, layers + 1)]
        last = block == len(spec.block_config)
        names.append("classifier.weight" if last else f"features.transition{block}.conv.weight")
        columns = []
        for name in names:
            each = w[name].double().abs().flatten(2).mean(2).mean(0) if w[name].dim() == 4 else w[name].abs().mean(0)
            cuts = [0, *range(c0, len(each) + 1, k)]
            columns.append([float(each[a:b].mean()) for a, b in itertools.pairwise(cuts)])
        found.append(columns)
        c0 = int(spec.compression * (c0 + layers * k))
    return found


def flat(heat: HeatMap) -> list[float]:
    return [mean for block in heat.blocks for _, _, mean in block.cells()]


# --- numbers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("write", [safe, zipped])
@pytest.mark.parametrize("spec", [SMALL, PLAIN], ids=["bottlenecks", "3×3"])
def test_means_are_those_of_the_weights_in_the_file(spec: DenseNetSpec, write: Any) -> None:
    state = state_of(spec)
    expected = by_hand(spec, state)
    for spelled in (state, older(state)):
        heat = seen(HeatJob(spec, "upload", given(write(spelled))))
        assert heat.spec == spec and heat.origin == "upload"
        assert flat(heat) == pytest.approx([m for block in expected for column in block for m in column], rel=1e-6)
        assert [[len(c) for c in block.columns] for block in heat.blocks] == [[len(c) for c in b] for b in expected]
        assert [block.follower for block in heat.blocks] == ["transition", "classifier"]
        assert [block.layers for block in heat.blocks] == list(spec.block_config)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64], ids=str)
def test_means_of_narrow_and_wide_numbers_are_summed_alike(dtype: torch.dtype) -> None:
    state = {name: v.to(dtype) if v.is_floating_point() else v for name, v in state_of(SMALL).items()}
    heat = seen(HeatJob(SMALL, "upload", given(zipped(state))))
    wide = {name: v.double() for name, v in state.items()}
    assert flat(heat) == pytest.approx([m for b in by_hand(SMALL, wide) for column in b for m in column], rel=1e-9)


def test_densenet_121_from_a_file_of_torch_save() -> None:
    spec = DENSE["densenet121"]
    state = state_of(spec)
    expected = by_hand(spec, state)
    heat = seen(HeatJob(spec, "upload", given(zipped(older(state)))))
    assert flat(heat) == pytest.approx([m for block in expected for column in block for m in column], rel=1e-6)


@pytest.mark.parametrize("name", ["densenet121", "densenet40-k12"])
def test_fresh_weights_lie_at_the_level_of_torchvisions_initialisation(name: str) -> None:
    spec = DENSE[name]
    heat = seen(HeatJob(spec))
    assert heat == seen(HeatJob(spec)), "the same seed"
    assert heat.origin == "fresh" and is_even(heat)
    for block, dense in zip(heat.blocks, spec.blocks, strict=True):
        for reader, column in enumerate(block.columns, 1):
            fan_in = dense.width_before(reader) * (1 if spec.bottleneck or reader > dense.layers else 9)
            level = 2 / math.sqrt(math.pi * fan_in)
            if reader > dense.layers and block.follower == "classifier":
                level = 1 / (2 * math.sqrt(fan_in))  # which torchvision leaves to torch
            assert sum(column) / len(column) == pytest.approx(level, rel=0.02 if name == "densenet121" else 0.06)
    if name == "densenet121":
        assert 0.05 < heat.spread < 0.07 and heat.largest == pytest.approx(0.14, abs=0.002)


def test_answers_are_plain_and_go_through_json() -> None:
    heat = seen(HeatJob(SMALL))
    assert from_builtins(HeatMap, json.loads(json.dumps(to_builtins(heat)))) == heat
    assert len(json.dumps(to_builtins(seen(HeatJob(ODD["deep"]))))) < 400_000


# --- the job ----------------------------------------------------------------------------------------


def problem_of(job: HeatJob | PublishedJob) -> Problem:
    answer = perform(job)
    assert list(answer) == ["problem"]
    return from_builtins(Problem, answer["problem"])


def test_refusals_are_answers() -> None:
    assert "no weights file" in problem_of(HeatJob(SMALL, "upload", given(b"hello there"))).message
    assert "empty" in problem_of(HeatJob(SMALL, "upload")).message
    assert "no published weights" in problem_of(PublishedJob(SMALL)).message
    state = {name: v.double() if v.is_floating_point() else v for name, v in state_of(SMALL).items()}
    state["classifier.weight"].fill_(1.7e308)
    assert "so large that no mean" in problem_of(HeatJob(SMALL, "upload", given(safe(state)))).message
    huge = DenseNetSpec((1,), 512, 4096, classes=100_000, bottleneck_factor=16)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("explorer.measure.device.available_bytes", lambda: 10**9)
        problem = problem_of(HeatJob(huge))
    assert problem.kind == "refused" and problem.needed_bytes is not None and "may be used here" in problem.message


def test_the_servers_file_is_the_one_that_it_was_started_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EXPLORER_WEIGHTS", raising=False)
    assert "no weights of its own" in problem_of(HeatJob(SMALL, "server")).message
    path = tmp_path / "weights.pth"
    path.write_bytes(zipped(state_of(SMALL)))
    monkeypatch.setenv("EXPLORER_WEIGHTS", str(path))
    heat = seen(HeatJob(SMALL, "server"))
    assert heat.origin == "server" and flat(heat) == flat(seen(HeatJob(SMALL, "upload", given(path.read_bytes()))))
    path.unlink()
    message = problem_of(HeatJob(SMALL, "server")).message
    assert message == "'weights.pth' cannot be read: No such file or directory."


def holds_data(job: Any) -> bool:
    return job.upload is not None and bool(job.upload.data)


def test_the_engine_keeps_a_file_while_its_job_waits_and_runs_and_not_beyond() -> None:
    schedule = Schedule(Limits())
    job = HeatJob(SMALL, "upload", given(b"weights"))
    schedule.submit(job, "a", 0)
    assert not any(holds_data(key) for key in schedule._asks)
    ask = schedule.take(schedule.counts, 0)
    assert ask is not None and holds_data(ask.job)
    schedule.ended(schedule.counts, b"\x80\x05}.", False, 1)
    assert not holds_data(ask.job) and not any(holds_data(key) for key in schedule._table._answers)
    assert not isinstance(
        schedule.submit(replace(job, upload=Upload(job.upload.digest if job.upload else "")), "b", 2), Pending
    )
    other = HeatJob(SMALL, "upload", Upload("another"))
    assert lacks_weights(other) and not lacks_weights(job) and not lacks_weights(HeatJob(SMALL))
    assert schedule.submit(other, "a", 3) == Failed(words.weights_gone()) and schedule.state(other, None, 3) is None
    assert kept(job) == job and not holds_data(kept(job)) and weight(job) == 0


def test_a_fetch_runs_beside_the_counts_and_gives_way_to_nobody() -> None:
    schedule = Schedule(Limits())
    fetch = PublishedJob(SMALL)
    schedule.submit(fetch, "a", 0)
    assert schedule.take(schedule.times, 0) is not None
    schedule.submit(HeatJob(SMALL), "b", 1)
    assert not schedule.must_end(schedule.times, 1) and schedule.take(schedule.counts, 1) is not None
    assert Limits().seconds("published") == Limits().compile_seconds
    for kind in ("heat", "published"):
        assert "network's weights" in words.timed_out(kind, 9).message
        assert "network's weights" in words.worker_lost(kind, 1).message


def test_a_worker_answers_and_holds_no_file_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "weights.safetensors"
    path.write_bytes(safe(state_of(SMALL)))
    monkeypatch.setenv("EXPLORER_WEIGHTS", str(path))  # as launch sets it, before the worker is there
    made = Engine(prepare=None)
    try:
        job = HeatJob(SMALL, "upload", given(path.read_bytes()))
        heat = from_builtins(HeatMap, result(made, job))
        assert flat(heat) == flat(seen(job))
        assert from_builtins(HeatMap, result(made, job.kept())) == heat, "of what is known no file is needed"
        assert flat(from_builtins(HeatMap, result(made, HeatJob(SMALL, "server")))) == flat(heat)
        bad = made.submit(HeatJob(SMALL, "upload", Upload("gone")), "a")
        assert isinstance(bad, Failed) and "gone by now" in bad.problem.message
    finally:
        made.close()


# --- words ------------------------------------------------------------------------------------------


def trained(spec: DenseNetSpec) -> HeatMap:
    """As the paper found them: inputs of later blocks are read little, the classifier prefers what is late."""
    blocks = []
    for number, block in enumerate(seen(HeatJob(spec)).blocks):
        columns = [
            [mean * ((0.2 if s == 0 and number else 1.0) + (s == len(column) - 1)) for s, mean in enumerate(column)]
            for column in block.columns
        ]
        if block.follower == "classifier":
            columns[-1] = [0.01 * (1 + s) for s in range(len(columns[-1]))]
        blocks.append(HeatBlock(tuple(map(tuple, columns)), block.follower))
    return HeatMap(spec, "upload", tuple(blocks))


def test_the_title_says_what_the_weights_are() -> None:
    fresh = seen(HeatJob(DENSE["densenet121"]))
    assert title(fresh) == "Untrained: every reader weighs all its sources alike, within 7%"
    assert title(replace(fresh, origin="upload")).startswith("As if untrained: every reader weighs all its sources")
    assert title(seen(HeatJob(ODD["deep"]))).startswith("Untrained: sources are weighed alike, and chance alone parts")
    found = trained(DENSE["densenet121"])
    assert not is_even(found)
    assert title(found) == (
        "Trained: x₁₅ of block 4 is read most, 1.9 times the mean of its 2 readers; "
        "the classifier weighs early sources 0.33 times as much as late ones"
    )
    assert "least x₀" in description(found) and "least" not in description(fresh)
    assert description(fresh).count("Block ") == 4 and "from 0.0353 to 0.0502" not in description(found)


def test_the_line_names_the_weights_and_their_law() -> None:
    fresh = seen(HeatJob(PLAIN))
    assert "of the 3×3" in line(fresh) and "2/√(π·9c)" in line(fresh) and "Training is what" in line(fresh)
    said = {origin: line(replace(fresh, origin=origin)) for origin in ("upload", "server", "published")}
    assert "is not kept" in said["upload"] and "IMAGENET1K_V1" in said["published"] and len(set(said.values())) == 3


@pytest.mark.parametrize(
    ("mean", "text"), [(0.13990, "0.140"), (0.00962, "0.00962"), (0.0, "0"), (12.3, "12.3"), (1.2e-12, "1.2e-12")]
)
def test_weights_are_written_in_three_digits(mean: float, text: str) -> None:
    assert weight_text(mean) == text


def test_weights_that_are_all_nothing_are_drawn_and_told() -> None:
    fresh = seen(HeatJob(SMALL))
    nothing = HeatMap(
        SMALL, "upload", tuple(HeatBlock(tuple((0.0,) * len(c) for c in b.columns), b.follower) for b in fresh.blocks)
    )
    assert "within 0%" in title(nothing) and description(nothing) and ET.fromstring(heat_picture(nothing)) is not None


# --- the picture ------------------------------------------------------------------------------------

SVG = "{http://www.w3.org/2000/svg}"
FORMS: tuple[tuple[Orientation, float], ...] = (("horizontal", 980.0), ("vertical", 390.0))
LARGE = {name: DENSE[name] for name in ("densenet121", "densenet264", "densenet40-k12", "densenet-bc190-k40")} | ODD


@pytest.fixture(scope="module")
def heats() -> dict[str, HeatMap]:
    """Drawn without building all those networks."""
    found = {}
    for name, spec in LARGE.items():
        last = len(spec.blocks) - 1
        found[name] = HeatMap(
            spec,
            "fresh",
            tuple(
                HeatBlock(
                    tuple(tuple(0.1 / math.sqrt(r) for _ in range(r)) for r in range(1, layers + 2)),
                    "classifier" if n == last else "transition",
                )
                for n, layers in enumerate(spec.block_config)
            ),
        )
    return found


@pytest.mark.parametrize("form", FORMS, ids=["desk", "phone"])
@pytest.mark.parametrize("name", LARGE)
def test_every_cell_is_drawn_once_inside_and_no_texts_touch(name: str, form: Any, heats: dict[str, HeatMap]) -> None:
    found, (orientation, width) = heats[name], form
    root = ET.fromstring(heat_picture(found, orientation, width))
    height = float(root.attrib["height"])
    assert float(root.attrib["width"]) == width
    cells = [place for path in root.iter(f"{SVG}path") for place in re.findall(r"M(\S+) (\S+?)h", path.attrib["d"])]
    assert len(cells) == len(set(cells)) == len(flat(found))
    blocks = [g for g in root.iter(f"{SVG}g") if "data-block" in g.attrib]
    (side,) = {float(g.attrib["data-cell"]) for g in blocks}  # one scale
    assert 1 <= side <= 16 and len(blocks) == len(found.blocks)
    assert all(0 <= float(x) <= width - side and 0 <= float(y) <= height - side for x, y in cells)
    boxes = []
    for text in root.iter(f"{SVG}text"):
        shape = TextShape(
            id="",
            point=(float(text.attrib["x"]), float(text.attrib["y"])),
            text=text.text or "",
            role=text.attrib["class"],  # type: ignore[arg-type]  # one of the roles, or text_box fails
            anchor=text.attrib["text-anchor"],  # type: ignore[arg-type]  # as above
        )
        boxes.append(text_box(shape))
    assert all(box.x >= 0 and box.right <= width + 1 and box.y >= 0 and box.bottom <= height for box in boxes)
    for number, box in enumerate(boxes):
        assert not any(box.overlaps(other, by=2.0) for other in boxes[:number])
    for g in blocks:
        x, layers = float(g.attrib["data-x"]), int(g.attrib["data-layers"])
        assert float(g.attrib["data-follower"]) >= x + layers * side


def test_blocks_of_64_have_few_names_of_full_size(heats: dict[str, HeatMap]) -> None:
    for orientation, width in FORMS:
        drawn = heat_picture(heats["densenet264"], orientation, width)
        root = ET.fromstring(drawn)
        third = next(g for g in root.iter(f"{SVG}g") if g.attrib.get("id") == "heat-names-3")
        texts = [text.text for text in third]
        assert {"Block 3", "1", "10", "60", "T", "x₀", "x₆₄"} <= set(texts) and len(texts) < 34
        assert 'font-size="' not in drawn and ".note{font-size:13px" in drawn and len(drawn) < 90_000


def test_the_picture_says_itself_and_follows_the_theme(heats: dict[str, HeatMap]) -> None:
    found = heats["densenet121"]
    light, dark = (heat_picture(found, palette=palette) for palette in (LIGHT, DARK))
    assert LIGHT.dense in light and DARK.dense in dark and light != dark
    assert f'<title id="heat-title">{title(found)}</title>' in light and description(found) in light
    assert 'aria-labelledby="heat-title heat-desc"' in light
    page = heat_picture(found, palette=TOKENS, standalone=False)
    assert "var(--dense)" in page and "#" not in page and f'aria-label="{title(found)}. ' in page
    assert "prefers-color-scheme:dark" in heat_picture(found, palette=TOKENS)


def test_the_largest_mean_is_in_full_colour_and_none_is_invisible(heats: dict[str, HeatMap]) -> None:
    tints = [float(t) for t in re.findall(r'<path fill-opacity="([\d.]+)"', heat_picture(heats["densenet121"]))]
    assert max(tints) == 1 and min(tints) >= 0.08


def test_the_fresh_network_is_built_as_it_is(heats: dict[str, HeatMap]) -> None:
    weights = fresh_weights(SMALL)
    assert {"blocks.0.denseblock.1.conv1.weight", "transitions.0.conv.weight", "classifier.weight"} <= weights.keys()
