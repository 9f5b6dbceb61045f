"""``python -m explorer network`` and ``networks``: the closed forms beside the counts, as text and as JSON."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator
from strategies import studies
from study_fakes import REFUSED, Instant, answer

from explorer import cli
from explorer.cli.output import BAD_INPUT, NOT_MEASURED, OK
from explorer.docs.directive import Directive, read_directive
from explorer.docs.parts import read_document
from explorer.documents.network_document import (
    network_document,
    network_json,
    network_link,
    network_text,
    published_json,
    published_text,
)
from explorer.documents.schema import network_schema
from explorer.documents.share import shared
from explorer.documents.terminal import WIDTH
from explorer.engine import Failed
from explorer.exports import study_in
from explorer.findings import NetworksFindings
from explorer.spec import NETWORKS, InputSpec, Job, NetworkJob, Study, network
from explorer.study import measure_networks, networks_findings
from explorer.theory import PUBLISHED, network_theory

ROOT = Path(__file__).parents[1]
BASE = "http://127.0.0.1:8501"
VALIDATOR = Draft202012Validator(network_schema())
Capture = pytest.CaptureFixture[str]
Measure = Callable[[Study], NetworksFindings]


def never(study: Study) -> NetworksFindings:
    raise AssertionError(f"counted {study}")


def counted(study: Study) -> NetworksFindings:
    return measure_networks(study, Instant())


def refused(study: Study) -> NetworksFindings:
    return measure_networks(study, Instant(given={NetworkJob: Failed(REFUSED)}))


def wrongly(study: Study) -> NetworksFindings:
    """One parameter and one byte more than there are."""

    def perform(job: Job) -> Any:
        found = answer(job)
        return found | {"parameters": found["parameters"] + 1, "held_bytes": found["held_bytes"] + 1}

    return measure_networks(study, Instant(perform=perform))


def told(capsys: Capture, *words: str, code: int = OK, measure: Measure = never) -> str:
    assert cli.main(["network", *words], measure_networks=measure) == code
    out, err = capsys.readouterr()
    assert err == ""
    return out


def document(capsys: Capture, *words: str, code: int = OK, measure: Measure = never) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(told(capsys, *words, "--json", code=code, measure=measure))
    assert list(VALIDATOR.iter_errors(found)) == []
    return found


# --- as text ----------------------------------------------------------------------------------------


def test_two_networks_stand_side_by_side(capsys: Capture) -> None:
    out = told(capsys, "densenet121", "--against", "resnet50")
    rows = {line[:26].strip(): line[26:].split() for line in out.splitlines()}
    assert out.startswith(
        "DenseNet-121 has 69% fewer parameters and 31% fewer MACs than ResNet-50, but holds 124.64 MiB for\n"
        "  backward against 82.13, 38.58 with a shared buffer.\n"
        "images 1 × 3 × 224 × 224, float32 · Dense Blocks as list · closed forms\n"
    )
    assert rows["parameters"] == ["7,978,856", "25,557,032", "0.31×"]
    assert rows["MACs, million"] == ["2,834.2", "4,089.2", "0.69×"]
    assert rows["held for backward, MiB"] == ["124.64", "82.13", "1.52×"]
    assert rows["published top-1, %"] == ["74.434", "76.13"]
    stages = [re.split(r"  +", line.strip()) for line in out.splitlines() if re.match(r"(block|stage) 1 ", line)]
    assert stages == [
        ["block 1", "56 × 56", "64 → 256", "6", "335,040", "1,040.4", "39.06", "59"],
        ["stage 1", "56 × 56", "64 → 256", "3", "215,808", "667.9", "31.40", "35"],
    ]
    assert out.endswith(f"\n\n{BASE}/networks\n")
    assert all(len(line) <= WIDTH for line in out.splitlines())


def test_a_network_alone_is_set_against_nothing(capsys: Capture) -> None:
    out = told(capsys, "densenet169")
    assert out.startswith(
        "DenseNet-169 has 82 Bottlenecks and 14,149,480 parameters, and holds 150.63 MiB for backward, 40.48\n"
        "  MiB with a shared buffer.\n"
    )
    assert "×  " not in out.partition("stage by stage")[0] and "resnet50" not in out
    assert told(capsys, "resnet18").startswith(
        "ResNet-18 has 8 residual units and 11,689,512 parameters, and holds 21.19 MiB for backward.\n"
    )


def test_a_network_of_ones_own_on_images_of_ones_own(capsys: Capture) -> None:
    words = ["4-8-k12-t1", "--against", "densenet-bc100-k12", "--image-size", "32", "--batch", "8"]
    out = told(capsys, *words, "--dtype", "float16", "--implementation", "shared")
    assert "images 8 × 3 × 32 × 32, float16 · Dense Blocks as shared · closed forms" in out
    assert "3.04 in plain code" in out and "95.49" in out
    assert out.splitlines()[-1] == (
        f"{BASE}/networks?batch=8&dtype=float16&implementation=shared"
        "&network=4-8-k12-t1&against=densenet-bc100-k12&image_size=32"
    )


def test_what_is_small_keeps_its_meaning(capsys: Capture) -> None:
    head = told(capsys, "densenet-bc100-k12", "--image-size", "32").split("\nhead ")[1].splitlines()[0].split()
    assert head[-3:] == ["0.0034", "0.17", "230"] and "0.00" not in head


def test_what_is_not_told_of_whole_networks_is_said(capsys: Capture) -> None:
    out = told(capsys, "densenet121", "--implementation", "compiled")
    assert "Dense Blocks as list (compiled is not told of whole networks)" in " ".join(out.split())


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_terminal_without_the_signs_gets_their_nearest(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    kept = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(kept, encoding=encoding))
    assert cli.main(["network", "densenet121"]) == OK
    text = kept.getvalue().decode(encoding).partition("http")[0]
    assert "64 -> 256" in text and "?" not in text


# --- counted ----------------------------------------------------------------------------------------


def test_closed_form_counted_and_tracked_stand_together(capsys: Capture) -> None:
    out = told(capsys, "densenet121", "--against", "resnet50", "--measure", measure=counted)
    rows = {line[:36].strip(): re.split(r"  +", line[36:].strip()) for line in out.splitlines()}
    assert rows["parameters, counted"] == ["✓ 7,978,856", "✓ 25,557,032", "0.31×"]
    assert rows["held for backward, MiB, tracked"] == ["✓ 124.64", "✓ 82.13", "1.52×"]
    assert {"MACs, million, counted", "peak of a step, MiB, tracked", "peak per further image, MiB, tracked"} <= {*rows}
    assert "counts on tensors that hold no memory" in " ".join(out.split()) and "✕" not in out


def test_a_disagreement_is_marked_to_the_unit(capsys: Capture) -> None:
    out = told(capsys, "densenet121", "--measure", measure=wrongly)
    held = network_theory(network("densenet121"), InputSpec(1, 224, 224)).saved_bytes
    assert "✕ 7,978,857 parameters" in out and f"✕ {held + 1:,} bytes" in out and "✓ 2,834.2" in out


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_what_could_not_be_counted_exits_3_with_closed_forms_and_the_reason(capsys: Capture, flags: list[str]) -> None:
    out = told(capsys, "densenet121", "--measure", *flags, code=NOT_MEASURED, measure=refused)
    assert REFUSED.message in out and REFUSED.advice in out and "7978856" in out.replace(",", "")


def test_what_one_network_lacks_is_told_once_and_by_name(capsys: Capture) -> None:
    def half(study: Study) -> NetworksFindings:
        found = counted(study)
        return replace(found, against=replace(found.against, counts=None, problem=REFUSED))

    words = ["densenet121", "--against", "resnet50", "--measure"]
    out = told(capsys, *words, code=NOT_MEASURED, measure=half)
    assert f"Not measured (resnet50): {REFUSED.message}" in out and re.search(r"counted +✓ 7,978,856 +–\n", out)
    out = told(capsys, *words, code=NOT_MEASURED, measure=refused)
    assert out.count("Not measured") == 1 and f"Not measured: {REFUSED.message}" in out


def test_a_real_engine_counts_what_the_closed_forms_say() -> None:
    study = Study().with_(network="2-2-k4-c8", against="1-2-k4-c8-plain-cifar", image_size=16, batch=2)
    found = measure_networks(study)
    for one in (found.network, found.against):
        assert one.counts is not None and one.problem is None
        assert not [quantity for quantity in one.quantities if quantity.differs or quantity.live is None]
    assert list(VALIDATOR.iter_errors(network_json(found, ""))) == []


# --- as JSON ----------------------------------------------------------------------------------------


def test_the_json_has_every_number(capsys: Capture) -> None:
    found = document(capsys, "densenet121", "--against", "resnet50", "--batch", "2")
    assert found["link"] == f"{BASE}/networks?batch=2" and found["study"]["against"] == "resnet50"
    assert found["input"] == {"batch": 2, "channels": 3, "height": 224, "width": 224, "dtype": "float32"}
    assert found["implementation"] == "list" and "counted" not in found["network"]
    for side, name in (("network", "densenet121"), ("against", "resnet50")):
        one, theory = found[side], network_theory(NETWORKS[name], InputSpec(2, 224, 224))
        assert (one["name"], one["parameters"], one["macs"]) == (name, theory.parameters, theory.macs)
        for sum_ in ("parameters", "macs", "saved_bytes"):
            assert sum(stage[sum_] for stage in one["stages"]) == one[sum_] == getattr(theory, sum_)
        assert one["accuracy"]["top1"] == PUBLISHED[name].top1 and one["accuracy"]["source"]
    assert found["network"]["spec"]["block_config"] == [6, 12, 24, 16]
    assert found["network"]["stages"][1] == {
        "name": "block 1",
        "kind": "dense",
        "in_channels": 64,
        "out_channels": 256,
        "height": 56,
        "width": 56,
        "layers": 6,
        "parameters": 335_040,
        "macs": 2 * 1_040_449_536,
        "saved_bytes": found["network"]["stages"][1]["saved_bytes"],
        "receptive_field": 59,
    }


def test_a_network_alone_has_nothing_against_it_and_ones_own_no_accuracy(capsys: Capture) -> None:
    found = document(capsys, "6-12-24-16-k32-c64-t0.5")
    assert found["against"] is None and found["network"]["accuracy"] is None
    assert found["network"]["parameters"] == 7_978_856


@pytest.mark.parametrize("measure", [counted, refused])
def test_counts_and_why_there_are_none_stand_beside(capsys: Capture, measure: Measure) -> None:
    code = OK if measure is counted else NOT_MEASURED
    found = document(capsys, "densenet121", "--against", "resnet50", "--measure", code=code, measure=measure)
    for side in (found["network"], found["against"]):
        if measure is counted:
            assert side["counted"]["saved_bytes"] == side["saved_bytes"] < side["counted"]["peak_bytes"]
        else:
            assert side["problem"]["message"] == REFUSED.message


@settings(max_examples=40)
@given(studies())
def test_any_networks_are_told_within_the_schema_and_lead_back(study: Study) -> None:
    text = network_document(study, BASE)
    assert list(VALIDATOR.iter_errors(json.loads(text))) == []
    assert study_in(text.encode()) == study
    assert f"{study.networks.network}, stage by stage" in network_text(networks_findings(study))


def test_the_link_is_the_pages(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPLORER_PUBLIC_URL", "https://lab.example.org/dense/")
    assert document(capsys, "densenet121", "--against", "resnet18")["link"] == network_link(
        Study().with_(against="resnet18"), "https://lab.example.org/dense"
    )


def test_the_schema_is_printed(capsys: Capture) -> None:
    assert cli.main(["schema", "network"]) == OK
    assert json.loads(capsys.readouterr().out) == network_schema()
    Draft202012Validator.check_schema(network_schema())


# --- the list ---------------------------------------------------------------------------------------


def test_the_published_networks_are_listed(capsys: Capture) -> None:
    assert cli.main(["networks"]) == OK
    out = capsys.readouterr().out
    assert out == published_text() and all(len(line) <= WIDTH for line in out.splitlines())
    rows = {line.split()[0]: re.split(r"  +", line) for line in out.splitlines()[1 : 1 + len(NETWORKS)]}
    assert [*rows] == [*NETWORKS]
    assert rows["densenet121"][1:] == [
        "7,978,856",
        "2.83",
        "124.64",
        "74.434",
        "ImageNet",
        PUBLISHED["resnet50"].source,
    ]
    assert rows["densenet-bc100-k12"][1:3] == ["769,162", "0.29"]


def test_the_list_is_json_too(capsys: Capture) -> None:
    assert cli.main(["networks", "--json"]) == OK
    found = json.loads(capsys.readouterr().out)
    assert found == published_json() and [one["name"] for one in found["networks"]] == [*NETWORKS]
    one = Draft202012Validator(network_schema()["$defs"]["network"] | {"$defs": network_schema()["$defs"]})
    for network_ in found["networks"]:
        side = 32 if network_["accuracy"]["benchmark"] == "CIFAR-10+" else 224
        assert network_["input"]["height"] == network_["input"]["width"] == side
        assert list(one.iter_errors({name: value for name, value in network_.items() if name != "input"})) == []


# --- elsewhere --------------------------------------------------------------------------------------


def test_what_is_shared_of_the_networks_page_leads_back_to_it() -> None:
    study = Study().with_(network="densenet169", against="resnet18", batch=4)
    ways = {way.name: way.text for way in shared(study, BASE, "networks")}
    link = f"{BASE}/networks?batch=4&network=densenet169&against=resnet18"
    assert ways["link"] == link == network_link(study, BASE) and ways.keys() == {"link", "markdown", "part", "embed"}
    assert ways["markdown"] == f"[![densenet169 beside resnet18]({link.replace('/networks', '/network.svg')})]({link})"
    assert f'src="{escape(link)}&amp;embed=true" title="densenet169 beside resnet18"' in ways["embed"]
    (part,) = read_document(ways["part"]).parts
    assert read_directive(part.directive) == Directive("network", study, ("graph", "totals", "stages"))


# --- what cannot be ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["densnet121"],
            r"network must be one of densenet121, .* \(did you mean densenet121 .*\), or a .*, not 'densnet121'\.",
        ),
        (
            ["densenet121", "--against", "resnet51"],
            r"against must be one of .* \(.*or resnet50 or .*'resnet51'\.",
        ),
        (["64-64-64-64-64-64-k512-t1"], r"network must be a network whose block_config .*"),
        ([], r"Say which network: densenet121, .* or resnet152\."),
        (
            ["densenet121", "resnet50"],
            r"network takes one name and flags \(a second .* --against\), so 'resnet50' is .*",
        ),
        (["densenet121", "--layers", "3"], r"network has no flag '--layers'; allowed are --against, --image-size, .*"),
        (["densenet121", "--against"], r"--against needs a value: a published network's name, .*"),
        (["densenet121", "--image-size", "7"], r"image_size must be a whole number from 8 to 1,024, not '7'\."),
        (["densenet121", "--image-size", "32"], r"network · image_size must be such that the last map has .*"),
        (["densenet121", "--against", "a", "--against", "b"], r"against must be given once, not 'a, b'\."),
    ],
)
def test_bad_input_exits_2_with_one_sentence(words: list[str], sentence: str, capsys: Capture) -> None:
    assert cli.main(["network", *words], measure_networks=never) == BAD_INPUT
    out, err = capsys.readouterr()
    assert out == "" and re.fullmatch(sentence + "\n", err), err


def test_the_largest_is_told_fast_and_without_torch() -> None:
    code = "import sys\nfrom explorer.cli import main\n"
    code += "assert main(['network', 'densenet264', '--against', 'resnet152', '--batch', '256']) == 0\n"
    code += "assert not {'torch', 'streamlit', 'plotly'} & {*sys.modules}\n"
    took = []
    for _ in range(2):
        start = time.perf_counter()
        env = os.environ | {"PYTHONPATH": str(ROOT)}
        subprocess.run([sys.executable, "-c", code], check=True, env=env, capture_output=True)
        took.append(time.perf_counter() - start)
    assert min(took) < 3
