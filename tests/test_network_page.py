"""The Networks page: its pictures and words are what closed forms say, and any two networks can be set side by side."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from strategies import networks
from study_fakes import network_counted
from test_explore_page import done, failing, pending
from test_memory_page import MemoryPage, answering  # noqa: F401  # a fixture

from explorer.codec import from_query
from explorer.documents.network_document import network_text
from explorer.engine import Done, State
from explorer.findings import NetworksFindings, to_builtins
from explorer.language import Language, speaking
from explorer.pictures import figure_accuracy, figure_depth, network_blocks, network_cards, network_claim, network_words
from explorer.pictures.layout.network import network_layout
from explorer.pictures.network_svg import Shown, network_picture
from explorer.spec import NETWORKS, DenseNetSpec, InputSpec, Job, NetworkJob, SpecError, Study, network_of
from explorer.study import network_jobs, networks_findings
from explorer.theory import PUBLISHED
from explorer.web.parts.networks import opened

SVG = "{http://www.w3.org/2000/svg}"
Use = Callable[[Callable[[Job], State]], Any]


def counted(study: Study) -> NetworksFindings:
    """All that the page knows once both networks were counted."""
    states: dict[Job, State] = {job: Done(to_builtins(network_counted(job))) for job in network_jobs(study).values()}
    return networks_findings(study, states)


def asked() -> st.SearchStrategy[Study]:
    return networks().map(lambda section: replace(Study(), networks=section))


# --- words ------------------------------------------------------------------------------------------


def test_the_headline_settles_the_claim_with_both_sides() -> None:
    found = networks_findings(Study())
    assert network_words.headline(found) == (
        "DenseNet‑121 has 69% fewer parameters and 31% fewer MACs than ResNet‑50, "
        "but holds 124.64 MiB for backward against 82.13, 38.58 with a shared buffer."
    )
    assert "peak not yet counted" in network_words.where(found)
    assert (
        network_words.blocks_title(found)
        == "Block 1 needs more of everything than ResNet‑50’s stage; all 4 hold more bytes"
    )
    assert network_words.frontier_title(found) == "Past ResNet‑50’s accuracy, DenseNet‑201 needs 22% fewer parameters"
    assert network_words.depth_title(found) == (
        "ResNet‑50 spends 59% of its parameters in stage 4, DenseNet‑121 36% in block 3"
    )


@pytest.mark.parametrize(
    ("network", "against", "words"),
    [
        ("resnet50", "densenet121", "has 3.2 times the parameters of DenseNet‑121 and 44% more MACs,"),
        ("resnet50", "resnet18", "has 2.2 times the parameters and 2.3 times the MACs of ResNet‑18,"),
        ("densenet169", "densenet121", "has 77% more parameters and 19% more MACs than DenseNet‑121,"),
        ("densenet121", "6-12-24-16-k32-c65", "has 1.00 times the parameters"),
    ],
)
def test_what_one_network_needs_is_told_of_the_other(network: str, against: str, words: str) -> None:
    assert words in network_words.headline(networks_findings(Study().with_(network=network, against=against)))


def test_every_ratio_of_a_card_is_of_the_network_that_is_shown() -> None:
    text = network_cards.cards(networks_findings(Study()))
    assert [float(ratio) for ratio in re.findall(r"([\d.]+)×", text)] == [0.31, 0.40, 0.69, 0.66, 1.52, 3.23]
    assert re.findall(r"<b>([+−][\d.]+)</b>", text) == ["−1.70", "−2.46"]


def test_images_of_another_size_than_the_accuracys_are_told() -> None:
    small = Study().with_(network="resnet110", against="densenet-bc100-k12")
    assert "accuracy is of images of 32 × 32" in network_words.where(networks_findings(small))
    assert "accuracy is of" not in network_words.where(networks_findings(small.with_(image_size=32)))


def test_the_claim_is_told_of_networks_of_equal_accuracy() -> None:
    found = networks_findings(Study())
    title = network_claim.claim_title(found)
    assert title.endswith("fewer parameters in 3 of 3 pairs, fewer MACs in 1, less memory in 0")
    cells = re.findall(r"<tr>(.*?)</tr>", network_claim.claim_table(found))
    row = next(cell for cell in cells if "ResNet‑50 " in cell)
    assert "DenseNet‑201" in row and "0.78×" in row and "1.05×" in row and "2.37×" in row and "0.52×" in row
    assert next(cell for cell in cells if "ResNet‑101" in cell).count("No DenseNet that the same source") == 1


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("densenet121", "DenseNet‑121"),
        ("densenet-bc100-k12", "DenseNet‑BC‑100, k = 12"),
        ("densenet40-k12", "DenseNet‑40, k = 12"),
        ("resnet152", "ResNet‑152"),
        ("6-12-k24", "DenseNet 6‑12, k = 24"),
        ("3-5-k20-c30-t0.7-plain", "DenseNet 3‑5, k = 20, stem 30, θ = 0.7, without 1×1"),
    ],
)
def test_networks_have_the_names_that_people_know(name: str, words: str) -> None:
    assert network_words.label(name) == words


def test_every_published_network_has_an_accuracy_with_its_source() -> None:
    assert PUBLISHED.keys() == NETWORKS.keys()
    assert all(one.source and 60 < one.top1 < 100 for one in PUBLISHED.values())


@settings(max_examples=40)
@given(asked())
def test_no_two_networks_are_without_words(study: Study) -> None:
    found = counted(study)
    said = [
        network_words.headline(found), network_words.where(found), network_words.picture_title(found),
        network_words.blocks_title(found), network_words.blocks_line(found), network_words.frontier_title(found),
        network_words.depth_title(found), network_claim.claim_title(found), network_blocks.table_title(found),
    ]  # fmt: skip
    assert all(text and "{" not in text and "nan" not in text and "inf" not in text.split() for text in said)
    assert network_words.differing(found) == ""


@settings(max_examples=60)
@given(asked(), st.integers(8, 63), st.integers(1, 3))
def test_nor_is_anything_missing_on_the_smallest_images_that_are_allowed(study: Study, size: int, batch: int) -> None:
    try:
        small = study.with_(image_size=size, batch=batch)
    except SpecError:
        reject()
    found = counted(small)
    markup = network_cards.cards(found) + network_blocks.bars(found) + network_blocks.table(found)
    assert "0.00 " not in markup and "nan" not in markup
    network_picture(Shown.of(small))
    assert network_words.headline(found) and figure_depth.depth(found)["alt"]


def test_a_count_that_differs_is_said() -> None:
    study = Study()
    found = counted(study)
    assert found.network.counts is not None
    wrong = replace(found, network=replace(found.network, counts=replace(found.network.counts, held_bytes=7)))
    assert "counted 7, closed form 130,69" in network_words.differing(wrong)
    assert "✕ counts differ" in network_cards.cards(wrong) and "✕ differs" in network_cards.cards(wrong)
    assert "✕" not in network_cards.cards(found) and network_cards.cards(found).count("✓ counted") == 3


def test_where_it_ran_is_told_in_the_language_that_is_spoken() -> None:
    found = counted(Study())
    told: tuple[tuple[str, Language, str], ...] = (
        ("CPU, 2 threads", "en", "CPU, 2 threads"),
        ("CPU, 2 threads", "zh", "CPU，2 个线程"),
        ("NVIDIA H200", "zh", "NVIDIA H200"),
    )
    for name, spoken, words in told:
        assert found.network.counts is not None
        ran = replace(found, network=replace(found.network, counts=replace(found.network.counts, device=name)))
        with speaking(spoken):
            for text in (network_blocks.table_line(ran), network_cards.cards(ran), network_text(ran)):
                assert words in " ".join(text.split()) and (spoken == "en" or "thread" not in text)


# --- pictures ---------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(asked(), st.sampled_from((350.0, 680.0, 980.0)))
def test_the_drawing_stays_in_its_frame_and_has_every_stage(study: Study, width: float) -> None:
    section = study.networks
    size = InputSpec(1, section.image_size, section.image_size)
    shown = Shown(section.network, section.against, size, heights=section.heights)
    root = ET.fromstring(network_picture(shown, width))
    assert float(root.get("width", "")) == width + 32  # margins
    height = float(root.get("height", "")) - 32
    for one in root.iter(f"{SVG}rect"):
        x, y, w, h = (float(one.get(name, "0")) for name in ("x", "y", "width", "height"))
        assert x >= -17 and x + w <= width + 17 and y >= -17 and y + h <= height + 17, ET.tostring(one)
    texts = [one.text or "" for one in root.iter(f"{SVG}text")]
    upper, lower = shown.networks
    if section.heights == "channels":
        for network in (upper, lower):
            for stage in network_words.blocks(network.theory):
                assert f"{stage.out_channels:,}" in texts


def test_heights_are_channels_on_one_scale() -> None:
    upper, lower = Shown("densenet121", "resnet50", InputSpec(1, 224, 224)).networks
    drawn = network_layout(upper.theory, lower.theory, "float32")
    scale = drawn.upper.stages[0].height / 256
    for side, theory in ((drawn.upper, upper.theory), (drawn.lower, lower.theory)):
        for stage, numbers in zip(side.stages, network_words.blocks(theory), strict=True):
            assert stage.height == pytest.approx(scale * numbers.out_channels)
    first = drawn.upper.stages[0]
    assert [round(height / scale) for height in first.heights] == [64, *[32] * 6]
    in_bytes = network_layout(upper.theory, lower.theory, "float32", "bytes").upper.stages
    assert in_bytes[0].height / in_bytes[3].height == pytest.approx(256 * 56 * 56 / (1024 * 7 * 7))


def test_the_largest_network_is_drawn_in_few_elements() -> None:
    text = network_picture(Shown("densenet264", "resnet152", InputSpec(1, 224, 224)))
    assert len(text) < 80_000


@settings(max_examples=25)
@given(asked())
def test_bars_and_charts_add_up_to_the_closed_forms(study: Study) -> None:
    found = networks_findings(study)
    for of in network_cards.MEASURES:
        rows = network_blocks.rows(found)
        assert sum(network_blocks.total(row.one, of) for row in rows) == getattr(found.network.theory, of)
        assert sum(network_blocks.total(row.other, of) for row in rows) == getattr(found.against.theory, of)
    lines = [trace for trace in figure_depth.depth(found)["data"] if trace["mode"] == "lines"]
    of = study.networks.frontier
    assert [line["y"][-1] for line in lines] == [getattr(one.theory, of) for one in (found.against, found.network)]
    assert all(line["y"] == sorted(line["y"]) and line["x"] == sorted(line["x"]) for line in lines)
    dots = figure_accuracy.accuracy(found)["data"][-1]
    assert dots["x"] == [getattr(one.theory, of) for one in found.family]


# --- the page ---------------------------------------------------------------------------------------


class NetworksPage(MemoryPage):
    """The frame script on its Networks page."""

    def go(self, page: str) -> None:
        super().go("networks" if page == "memory" else page)

    def markup(self, key: str) -> str:
        text: str = self.components()[key]["markup"]
        return text


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"network": "resnet50", "against": "resnet18", "heights": "bytes", "frontier": "macs"},
        {"network": "densenet-bc100-k12", "against": "densenet40-k12", "image_size": 32, "frontier": "saved_bytes"},
        {"network": "4-8-k12-c24-t1-cifar", "against": "densenet264", "implementation": "shared", "batch": 256},
        {"network": "resnet50", "against": "resnet18", "image_size": 9, "batch": 2},
        {"network": "densenet121", "against": "densenet121", "implementation": "compiled", "dtype": "bfloat16"},
    ],
    ids=str,
)
def test_the_page_shows_any_two(answering: Use, fields: dict[str, Any]) -> None:  # noqa: F811
    answering(done)
    study = Study().with_(**fields)
    page = NetworksPage(study)
    assert not page.app.exception
    found = counted(study)
    assert network_words.headline(found) in _plain(page.markup("networks-headline"))
    assert "✓ counted" in page.markup("networks-cards")


def _plain(markup: str) -> str:
    return re.sub("<[^>]+>", "", markup).replace("&quot;", '"')


def test_while_nothing_is_counted_all_closed_forms_are_there(answering: Use) -> None:  # noqa: F811
    answering(pending)
    page = NetworksPage(Study())
    assert "Counting 3 live networks…" in page.markup("networks-status")
    assert page.markup("networks-cards").count("closed form") == 3
    assert page.button("networks-cancel")


def test_what_could_not_be_counted_is_told(answering: Use) -> None:  # noqa: F811
    answering(failing("timed_out", "Counting this network took longer than the 60 s allowed.", "Try again."))
    page = NetworksPage(Study())
    assert "took longer" in page.markup("networks-status") and page.button("networks-again")


def test_a_click_on_a_block_leads_to_that_very_block() -> None:
    study = Study().with_(batch=3, dtype="bfloat16")
    theories = [stage for stage in networks_findings(study).network.theory.stages if stage.kind == "dense"]
    found = opened(networks_findings(study))
    assert [(one.block.in_channels, one.block.layers, one.input.height) for one in found] == [
        (64, 6, 56), (128, 12, 28), (256, 24, 14), (512, 16, 7),
    ]  # fmt: skip
    assert all(one.input.batch == 3 and one.run.dtype == "bfloat16" for one in found)
    assert [one.block.out_channels for one in found] == [stage.out_channels for stage in theories]


def test_links_in_the_drawing_are_studies(answering: Use) -> None:  # noqa: F811
    answering(done)
    page = NetworksPage(Study().with_(network="resnet50", against="densenet169"))
    links = re.findall(r'<a href="([^"]+)" class="pair"', page.markup("networks-picture"))
    assert len(links) == 3 * 4  # widths, blocks
    last = from_query(parse_qsl(urlsplit(links[3].replace("&amp;", "&")).query))
    assert (last.block.in_channels, last.block.layers, last.input.height) == (640, 32, 7)
    assert (last.networks.network, last.networks.against) == ("resnet50", "densenet169")  # so that back is there


def test_a_network_of_ones_own_is_built_from_the_one_that_is_shown(answering: Use) -> None:  # noqa: F811
    answering(done)
    page = NetworksPage(Study())
    page.app.sidebar.text_input(key="own_block_config_0").set_value("4, 8").run()
    page.app.sidebar.number_input(key="own_growth_rate_0").set_value(24).run()
    page.run()
    assert page.app.session_state["network"] == "4-8-k24"
    assert "4‑8, k = 24 has" in page.markup("networks-headline")


def test_what_cannot_be_built_is_told_and_what_was_there_stays(answering: Use) -> None:  # noqa: F811
    answering(done)
    page = NetworksPage(Study())
    page.app.sidebar.text_input(key="own_block_config_0").set_value("none").run()
    assert page.app.session_state["network"] == "densenet121"
    assert any(
        "block_config must be 1 to 6 whole numbers" in str(text) for text in page.app.session_state["_link_problems"]
    )


def test_a_network_for_cifar_brings_its_images(answering: Use) -> None:  # noqa: F811
    answering(done)
    page = NetworksPage(Study())
    page.app.sidebar.selectbox(key="network_0").set_value("densenet-bc100-k12").run()
    assert (page.app.session_state["image_size"], page.app.session_state["against"]) == (32, "resnet110")
    page.app.sidebar.selectbox(key="network_0").set_value("densenet121").run()
    assert (page.app.session_state["image_size"], page.app.session_state["against"]) == (224, "resnet50")


def test_images_of_which_nothing_is_left_are_told() -> None:
    with pytest.raises(ValueError, match="at least two places"):
        Study().with_(network="2-2-2-2-2-2-k4", image_size=64)


def test_the_largest_network_needs_no_more_than_its_closed_forms() -> None:
    study = Study().with_(network="densenet264", batch=256)
    assert isinstance(network_of("densenet264"), DenseNetSpec)
    job = network_jobs(study)["network"]
    assert isinstance(job, NetworkJob) and job.input.batch == 256
    assert "66.19 GiB" in network_words.headline(networks_findings(study))
