"""Every format carries its Study, the same Study gives the same bytes, and each is what its name promises."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import graphviz
import pytest
import torch
from golden import golden
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from strategies import studies
from study_fakes import answers

from explorer.blocks import build
from explorer.cli.sentences import FORMATS
from explorer.documents.badge import SHOWN, badge_document, short
from explorer.documents.csv_document import csv_document
from explorer.documents.graph_text import mermaid_document
from explorer.documents.latex import escaped, latex_document
from explorer.documents.picture import png_document, rendered, svg_document
from explorer.documents.schema import findings_schema
from explorer.exports import Format, badge, formats, study_in
from explorer.findings import Findings
from explorer.language import speaking
from explorer.pictures.layout.lettering import text_width
from explorer.pictures.palette import DARK, LIGHT, TOKENS, contrast
from explorer.spec import FIELDS, DenseBlockSpec, SpecError, Study
from explorer.study import findings
from explorer.theory import study_theory
from explorer.web import answers as answers_module

ROOT = Path(__file__).parents[1]
BASE = "https://lab.example.org"
TWO = Study().with_(layers=2, in_channels=8, growth_rate=4, height=6, width=6, select="layer-2")
LARGEST = Study().with_(in_channels=4096, growth_rate=512, layers=64, batch=1024, height=1024, width=1024)
NAMES = [one.name for one in formats()]
Texts = [one for one in formats() if not one.slow]


def of(name: str) -> Format:
    return next(one for one in formats() if one.name == name)


def made(name: str, study: Study, **options: str) -> bytes:
    return of(name).bytes_of(findings(study), BASE, options)


def measured(study: Study) -> Findings:
    return findings(study, answers(study))


# --- carried, and the same every time ---------------------------------------------------------------


@given(studies())
@settings(max_examples=60)
def test_a_study_comes_back_from_every_format(study: Study) -> None:
    for one in (*Texts, badge()):
        assert study_in(one.bytes_of(findings(study), BASE)) == study, one.name


@given(studies(), st.sampled_from((LIGHT, DARK)))
@settings(max_examples=6)
def test_a_study_comes_back_from_a_png(study: Study, palette: Any) -> None:
    assert study_in(png_document(study, palette, 1)) == study


def test_a_study_comes_back_from_windows_line_endings() -> None:
    for one in Texts:
        text = one.bytes_of(findings(TWO), BASE)
        assert study_in(text.replace(b"\n", b"\r\n")) == TWO, one.name


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x89PNG\r\n\x1a\n",
        b"\x89PNG\r\n\x1a\n\0\0\0\0tEXtDescription\0nothing",
        b"\xff\xfe\x00",
        b"{",
        b"{}",
        b"[1]",
        b'{"study": 3}',
        b'{"study":' * 100_000,
        b'{"study": {"layers": 999}}',
        b"block,layer,quantity,unit,origin,value\n",
        b"block,layer,quantity,unit,origin,value\nstudy,,layers,,given,99\n",
        b"<!-- explorer:begin -->\n<!-- explorer:end -->",
        b"<!-- explorer:begin block?layers=99 -->\n<!-- explorer:end -->",
        b"<!-- explorer:begin block -->",
        b"// explorer-study:?layers=99",
        b"// explorer-study:?nothing=1",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"text " * 10_000,
    ],
)
def test_a_file_that_carries_no_study_is_told_in_a_sentence(data: bytes) -> None:
    with pytest.raises(SpecError) as told:
        study_in(data)
    assert str(told.value).endswith(".") and len(str(told.value)) < 400


_SUMS = """
import hashlib, sys
from explorer.exports import badge, formats
from explorer.spec import Study
from explorer.study import findings
for study in (Study(), Study().with_(layers=24, drawing="paper", select="source-3", mode="inference")):
    for one in (*formats(), badge()):
        print(one.name, hashlib.sha256(one.bytes_of(findings(study), "https://lab.example.org")).hexdigest())
"""


def test_another_process_writes_the_same_bytes() -> None:
    command = [sys.executable, "-c", _SUMS]
    runs = [
        subprocess.run(command, cwd=ROOT, env={"PYTHONHASHSEED": seed, "TZ": zone}, capture_output=True, check=True)
        for seed, zone in (("1", "UTC"), ("2", "Asia/Shanghai"))
    ]
    assert runs[0].stdout == runs[1].stdout and len(runs[0].stdout.splitlines()) == 2 * (len(NAMES) + 1)
    first = hashlib.sha256(of("svg").bytes_of(findings(Study()), BASE)).hexdigest()
    assert f"svg {first}".encode() in runs[0].stdout


def test_the_largest_block_s_files_are_far_from_the_largest_that_are_sent() -> None:
    for one in formats():
        assert len(one.bytes_of(findings(LARGEST), BASE)) < answers_module.LARGEST / 4, one.name


def test_the_command_line_names_every_format() -> None:
    assert (*NAMES, "badge") == FORMATS


@pytest.mark.parametrize("one", [*formats(), badge()], ids=lambda one: one.label)
def test_an_option_is_one_that_there_is(one: Format) -> None:
    for options in ({"layers": "3"}, {"theme": "../../etc"}, {"show": "\r\nx"}, {"measured": "yes"}):
        with pytest.raises(SpecError):
            one.bytes_of(findings(Study()), BASE, options)
    for twice in one.defaults.items():
        with pytest.raises(SpecError, match="given once"):
            one.checked([twice, twice])


# --- each format ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tex", "csv", "mmd"])
def test_small_ones_are_as_they_were_looked_at(name: str) -> None:
    text = made(name, TWO).decode()
    assert text == golden(f"export-2.{name}", text)


def test_a_badge_is_as_it_was_looked_at() -> None:
    text = badge_document(Study())
    assert text == golden("badge.svg", text)


@given(studies())
@settings(max_examples=30)
def test_the_numbers_in_csv_are_those_of_the_closed_forms(study: Study) -> None:
    theory = study_theory(study).dense
    rows = list(csv.DictReader(io.StringIO(csv_document(findings(study)))))
    dense = {row["quantity"]: row for row in rows if row["block"] == "dense" and not row["layer"]}
    assert int(dense["parameters"]["value"]) == theory.parameters and dense["macs"]["unit"] == "MACs"
    layers = [int(r["value"]) for r in rows if r["block"] == "dense" and r["layer"] and r["quantity"] == "macs"]
    assert sum(layers) == theory.macs and len(layers) == study.block.layers
    assert not [cell for row in rows for cell in row.values() if cell[:1] in ("=", "+", "@", "\t")]


def test_csv_has_the_same_names_in_every_language() -> None:
    study = Study().with_(match="parameters", growth_rate=12)
    with speaking("zh"):
        chinese = csv_document(findings(study))
    assert chinese == csv_document(findings(study))


def test_measured_numbers_stand_in_csv_beside_the_closed_forms() -> None:
    found = measured(TWO)
    rows = list(csv.DictReader(io.StringIO(csv_document(found))))
    origins = {row["origin"] for row in rows if row["block"] == "dense"}
    assert {"closed_form", "counted", "tracked", "measured"} <= origins
    assert found.dense.forward is not None
    told = next(row for row in rows if row["quantity"] == "forward_median")
    assert float(told["value"]) == found.dense.forward.median and told["unit"] == "ms"


@given(studies(), st.booleans())
@settings(max_examples=40)
def test_every_json_is_as_its_schema_says(study: Study, live: bool) -> None:
    found = measured(study) if live else findings(study)
    document = json.loads(of("json").bytes_of(found, BASE, {"measured": "1"}))
    assert list(_VALIDATOR.iter_errors(document)) == []
    assert document["schema_version"] == 1


_VALIDATOR = Draft202012Validator(findings_schema())


def test_the_schema_is_one_and_refuses_what_is_not_in_it() -> None:
    Draft202012Validator.check_schema(findings_schema())
    document = json.loads(made("json", TWO))
    for change in ({"more": 1}, {"schema_version": 2}, {"study": {**document["study"], "layers": 65}}):
        assert not _VALIDATOR.is_valid(document | change)
    assert findings_schema()["$defs"]["study"]["properties"].keys() == FIELDS.keys()


@pytest.mark.parametrize("drawing", ["chain", "paper"])
def test_mermaid_has_every_read_and_never_more_than_it_draws(drawing: str) -> None:
    for layers in (1, 6, 30, 31, 64):
        text = mermaid_document(Study().with_(layers=layers, drawing=drawing))
        edges = re.findall(r"(\w+) -->\|(\d+)\| (\w+)", text)
        paper = drawing == "paper" and layers <= 30
        assert len(edges) == ((layers + 1) * (layers + 2) // 2 if paper else 3 * layers) <= 500
        assert ("more than Mermaid" in text) == (drawing == "paper" and layers > 30)
        assert sum(int(n) for a, n, b in edges if b == "b1") == 64  # what Bottleneck 1 reads
        nodes = set(re.findall(r"^  ([bc]\d+)[\[(]", text, re.MULTILINE))
        assert {end for a, _n, b in edges for end in (a, b)} == nodes


def test_dot_is_read_by_graphvizs_own_package() -> None:
    text = made("dot", TWO).decode()
    assert text.startswith("// explorer-study:?") and graphviz.Source(text).source.rstrip() == text.rstrip()


@given(studies())
@settings(max_examples=30)
def test_latex_is_ascii_balanced_and_in_columns(study: Study) -> None:
    text = latex_document(study)
    assert text.isascii() or study.view.lang == "zh"
    assert text.count("{") - text.count(r"\{") == text.count("}") - text.count(r"\}")
    for kind, body in re.findall(r"\\begin\{(tabular|longtable)\}(.*?)\\end\{\1\}", text, re.DOTALL):
        columns = re.match(r"\{(\w+)\}", body)
        assert columns
        rows = [line for line in body.splitlines() if line.rstrip().endswith(r"\\") and "&" in line]
        assert len(rows) >= (study.block.layers + 1 if body.split("&")[0].rstrip().endswith("Bottleneck") else 8), kind
        assert {len(re.findall(r"(?<!\\)&", row)) + 1 for row in rows} == {len(columns[1])}
    assert ("longtable" in text) == (study.block.layers > 40)


def test_latex_signs_are_written_as_such() -> None:
    assert escaped("50% of A_1 & {x} #2 $3 ~^\\ c₀·L² × 3") == (
        r"50\% of A\_1 \& \{x\} \#2 \$3 \textasciitilde{}\textasciicircum{}\textbackslash{} "
        r"c$_{0}$$\cdot$L$^2$ $\times$ 3"
    )


# --- pictures ---------------------------------------------------------------------------------------


def lit(svg: str) -> set[str]:
    """The ids that a picture's own rules light."""
    return set(re.findall(r"#(layer-\d+) \[data-kernel", svg))


@pytest.mark.parametrize("drawing", ["chain", "paper"])
@pytest.mark.parametrize(
    ("select", "words", "bottlenecks"),
    [
        ("layer-4", "Bottleneck 4: 160 → 128 → 32 channels.", {"layer-4"}),
        ("source-2", "x₂: 32 channels, made by Bottleneck 2.", {"layer-2"}),
        ("source-0", "x₀: 64 channels, the block's input.", set()),
        ("2-5", "x₂: 32 channels, made by Bottleneck 2; Bottleneck 5", {"layer-5"}),
    ],
)
def test_what_is_selected_is_lit_in_the_file_and_said(
    drawing: str, select: str, words: str, bottlenecks: set[str]
) -> None:
    svg = svg_document(Study().with_(drawing=drawing, select=select))
    root = ElementTree.fromstring(svg)
    assert words in root.findtext("{*}desc", "")
    assert lit(svg) == bottlenecks
    named = set(re.findall(r'\[data-column="(\d+)"\]', svg.split("</style>")[0]))
    for column in named:
        assert f'data-column="{column}"' in svg.split("</style>")[1]


@pytest.mark.parametrize("select", [None, "unit-2"])
def test_where_nothing_of_the_block_is_selected_all_has_its_colour(select: str | None) -> None:
    assert "fill-opacity:.09" not in svg_document(Study().with_(select=select))


def test_a_png_has_the_size_of_its_picture_times_the_ratio() -> None:
    for ratio in (1, 2, 3):
        png = png_document(TWO, DARK, ratio)
        assert struct.unpack(">II", png[16:24]) == (980 * ratio, 432 * ratio)


@given(st.integers(0, 10**18))
def test_a_badge_s_number_has_three_digits_and_its_value(value: int) -> None:
    text = short(value)
    number, _space, prefix = text.partition(" ")
    scale = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15, "E": 10**18}[prefix]
    assert float(number.replace(",", "")) * scale == pytest.approx(value, rel=0.006)
    assert len(number.replace(".", "")) <= 5


@pytest.mark.parametrize("show", SHOWN)
@pytest.mark.parametrize("palette", [LIGHT, DARK, TOKENS], ids=lambda palette: palette.name)
def test_a_badge_s_words_fit_and_read(show: str, palette: Any) -> None:
    for study in (Study(), LARGEST, TWO.with_(mode="inference")):
        svg = badge_document(study, show, palette)
        root = ElementTree.fromstring(svg)
        texts = root.findall("{*}text")
        width = sum(text_width(text.text or "", "name") * 12 / 13 for text in texts)
        assert width + 20 < float(root.attrib["width"])
        assert rendered(svg, 1).startswith(b"\x89PNG")
        assert root.attrib["aria-label"] == root.findtext("{*}title")
        if palette is not TOKENS:
            grounds = [palette.soft, palette.dense]
            inks = [text.attrib["fill"] for text in texts]
            assert min(contrast(ink, ground) for ink, ground in zip(inks, grounds, strict=True)) >= 4.5


def test_a_badge_says_335_k() -> None:
    assert "parameters: 335 k" in badge_document(Study())
    assert DenseBlockSpec() == Study().block


_RUN = """
import runpy, sys, torch
names = runpy.run_path(sys.argv[1], run_name="__main__")
block, x = names["block"], names["x"]
torch.save({"state": block.state_dict(), "x": x, "train": block(x), "eval": block.eval()(x)}, sys.argv[2])
"""


@pytest.mark.parametrize("plain", [False, True])
def test_the_source_gives_the_same_in_an_interpreter_of_its_own(plain: bool, tmp_path: Path) -> None:
    """Parameters, outputs and running statistics are those of the block that is measured."""
    study = TWO.with_(order="post", bottleneck=False) if plain else TWO
    file, result = tmp_path / "block.py", tmp_path / "result.pt"
    file.write_bytes(made("py", study))
    command = [sys.executable, "-I", "-c", _RUN, str(file), str(result)]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=120)
    given = torch.load(result)
    ours = build(study.block)
    ours.load_state_dict(given["state"], strict=True)
    assert sum(p.numel() for p in ours.parameters()) == study_theory(study).dense.parameters
    assert torch.equal(ours.eval()(given["x"]), given["eval"])
    assert torch.allclose(ours.train()(given["x"]), given["train"], atol=1e-6)
