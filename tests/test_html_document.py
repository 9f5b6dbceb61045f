"""The single-file HTML of a Study: what it holds, that it needs nothing else, and that its Study comes back."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import studies
from study_fakes import REFUSED, answers, counted

from explorer.documents.html_document import UNFOLDED, html_document, study_of
from explorer.engine import Done, Failed, Pending
from explorer.findings import Findings, to_builtins
from explorer.presets import PRESETS
from explorer.spec import Job, SpecError, Study
from explorer.study import count_jobs, findings, time_job

ROOT = Path(__file__).parent.parent
LINK = "http://127.0.0.1:8501/?layers=6"
HOSTILE = "\"><script>alert(1)</script><!-- & ' \u2028"
#: Elements without an end, in HTML.
VOID = {"meta", "br", "input", "link", "img", "hr"}


def document(study: Study, link: str = LINK, measured: bool = True) -> str:
    return html_document(findings(study, answers(study) if measured else None), link)


class Seen(HTMLParser):
    """A document's elements; fails where one ends that has not begun."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), (tag, attrs)
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, (self.open[-3:], tag)
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open[-1:] not in (["script"], ["style"]):
            self.texts.append(data)


# --- what it is ---------------------------------------------------------------------------------------------


@settings(max_examples=12)
@given(study=studies(), measured=st.booleans())
def test_a_study_comes_back_and_its_document_is_sound(study: Study, measured: bool) -> None:
    html = document(study, measured=measured)
    assert study_of(html) == study
    seen = Seen(html)
    ids = [given["id"] for _, given in seen.elements if given.get("id")]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_has_one(name: str) -> None:
    assert study_of(document(PRESETS[name], measured=False)) == PRESETS[name]


def test_another_process_writes_the_same_bytes() -> None:
    program = (
        "import hashlib, sys; from explorer.documents.html_document import html_document\n"
        "from explorer.spec import Study; from explorer.study import findings\n"
        f"text = html_document(findings(Study().with_(layers=20)), {LINK!r})\n"
        "print(hashlib.sha256(text.encode()).hexdigest(), 'torch' in sys.modules, 'streamlit' in sys.modules)"
    )
    command = [sys.executable, "-c", program]
    environment = {"PYTHONHASHSEED": "7", "PYTHONPATH": str(ROOT), "TZ": "Asia/Tokyo"}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    own = hashlib.sha256(document(Study().with_(layers=20), measured=False).encode()).hexdigest()
    assert ran.stdout.split() == [own, "False", "False"]


@pytest.mark.parametrize(("layers", "most"), [(1, 140_000), (6, 180_000), (UNFOLDED, 400_000), (64, 400_000)])
@pytest.mark.parametrize("block", [(64, 32), (4096, 512), (1, 1)])
def test_it_stays_small_enough_to_be_sent(layers: int, most: int, block: tuple[int, int]) -> None:
    study = Study().with_(layers=layers, in_channels=block[0], growth_rate=block[1])
    assert len(document(study).encode()) < most


def test_what_is_left_out_of_a_long_block_is_said() -> None:
    said = "one by one would make this file too large"
    for layers in (6, UNFOLDED, UNFOLDED + 1, 64):
        study = Study().with_(layers=layers)
        html = document(study, measured=False)
        views = json.loads(_script(html, "picture"))["views"]
        assert ("unfolded" in views) == (16 < layers <= UNFOLDED)
        assert (said in html) == (layers > UNFOLDED)


def _script(html: str, name: str) -> str:
    found = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    return found[1]


# --- what it needs ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layers", [6, 24])
def test_it_refers_to_nothing_outside(layers: int) -> None:
    html = document(Study().with_(layers=layers))
    for tag, given_ in Seen(html).elements:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base", "form", "image", "use"}
        for name in ("src", "srcset", "action", "data", "poster", "ping", "xlink:href"):
            assert name not in given_ or given_[name] is None, (tag, name)
        assert ("href" in given_) == (tag == "a")
        assert not any(name.startswith("on") for name in given_)
    style = "".join(re.findall(r"<style>(.*?)</style>", html, re.DOTALL))
    assert "@import" not in style and "url(" not in style and "@font-face" not in style
    addresses = set(re.findall(r"https?://[^\s\"'<>\\)]+", html))
    assert addresses == {LINK, "http://www.w3.org/2000/svg"}


def test_its_policy_allows_its_own_script_alone() -> None:
    html = document(Study())
    (policy,) = [
        given_["content"] or ""
        for tag, given_ in Seen(html).elements
        if tag == "meta" and given_.get("http-equiv") == "Content-Security-Policy"
    ]
    (module,) = re.findall(r'<script type="module">(.*?)</script>', html, re.DOTALL)
    mark = base64.b64encode(hashlib.sha256(module.encode()).digest()).decode()
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules == {
        "default-src": "'none'",
        "script-src": f"'sha256-{mark}'",
        "style-src": "'unsafe-inline'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert html.index("Content-Security-Policy") < html.index("<style>")
    assert "import(" not in module and "fetch(" not in module and "eval(" not in module


# --- what it says -------------------------------------------------------------------------------------------


def test_it_says_what_the_page_says_with_unit_and_origin() -> None:
    html = document(Study())
    words = " ".join(" ".join(Seen(html).texts).split())
    for said in (
        "64 channels become 256 with 335,040 parameters: 21% fewer than six residual units of the same shape",
        "k = 32, L = 6, c₀ = 64 · input 1 × 64 × 56 × 56, float32 · built and run on CPU, 2 threads, torch 2.13.0",
        "Each Bottleneck reads everything before it and adds 32 channels",
        "As coded As drawn in the paper",
        "335,040 426,112 0.79× 215,808 1.55×",
        "parameters · closed form = counted on the live module (BN weight and bias counted)",
        "ms · measured on CPU, 2 threads, torch 2.13.0: median of 30 runs, and their middle half",
        "6 224 32 256 66,240 205,520,896 8,833,792",
        "Total 864 192 256 335,040 1,040,449,536 40,956,672",
        "Dense Block Explorer 0.1.0",
        LINK,
    ):
        assert said in words, said


def test_nothing_is_waited_for_in_a_document() -> None:
    study = Study()
    jobs: list[Job] = [*count_jobs(study).values(), time_job(study)]
    waiting = findings(study, dict.fromkeys(jobs, Pending(True, 0, 0.0)))
    assert waiting.waiting
    assert html_document(waiting, LINK) == document(study, measured=False)


def test_what_was_refused_is_told_and_a_disagreement_is_shown_with_both_numbers() -> None:
    study = Study()
    refused = html_document(findings(study, {job: Failed(REFUSED) for job in count_jobs(study).values()}), LINK)
    assert "Needs 61.2 GiB, 22.0 are free. Lower the batch." in refused
    job = count_jobs(study)["dense"]
    differs = html_document(findings(study, {job: Done(to_builtins(counted(job, parameters=335_168)))}), LINK)
    assert "✕ counted 335,168 (+128)" in differs and "<b>335,040</b>" in differs


# --- who writes into it -------------------------------------------------------------------------------------


def _planted(found: Findings) -> Findings:
    """``found`` with hostile text wherever a worker's words go."""
    assert found.device is not None
    device = dataclasses.replace(found.device, name=HOSTILE, torch=HOSTILE)
    problem = dataclasses.replace(REFUSED, told=HOSTILE, advised=HOSTILE)
    assert found.dense.measurement is not None
    measurement = dataclasses.replace(found.dense.measurement, device=device)
    dense = dataclasses.replace(found.dense, label=HOSTILE, problem=problem, measurement=measurement)
    second = dataclasses.replace(found.second, label=HOSTILE)
    return dataclasses.replace(found, dense=dense, second=second, device=device)


def test_hostile_text_stays_text() -> None:
    study = Study()
    plain = Seen(document(study))
    html = html_document(_planted(findings(study, answers(study))), HOSTILE)
    assert "alert(1)" in html and "<script>alert" not in html
    planted = Seen(html)
    assert sum(tag == "script" for tag, _ in planted.elements) == sum(tag == "script" for tag, _ in plain.elements)
    assert study_of(html) == study


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", "//example.org", "/?layers=6", ""])
def test_only_an_address_of_the_web_is_made_a_link(link: str) -> None:
    assert not any(tag == "a" for tag, _ in Seen(document(Study(), link)).elements)


# --- and back -----------------------------------------------------------------------------------------------


def _holding(text: str) -> str:
    return f'<p>x</p><script type="application/json" id="study">{text}</script>'


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("", "an HTML file that the explorer wrote"),
        ("<p>Hello</p>", "an HTML file that the explorer wrote"),
        ("<!-- " + _holding("{}") + " -->", "an HTML file that the explorer wrote"),
        (_holding("{}").replace("application/json", "text/plain"), "an HTML file that the explorer wrote"),
        (_holding("{}") * 2, "with one Study in it"),
        ("<![x" + _holding("{}"), "an HTML file that the explorer wrote"),
        (_holding("{"), "the JSON that the explorer wrote"),
        (_holding("[" * 100_000), "the JSON that the explorer wrote"),
        (_holding("9" * 5000), "the JSON that the explorer wrote"),
        (_holding("[1]"), "an object of field names and values"),
        (_holding('{"layers": 65}'), "a whole number from 1 to 64"),
        (_holding('{"layers": NaN}'), "a whole number from 1 to 64"),
        (_holding('{"depth": 6}'), "one of in_channels"),
    ],
)
def test_anything_else_is_refused_with_a_sentence(html: str, words: str) -> None:
    with pytest.raises(SpecError, match=re.escape(words)) as refused:
        study_of(html)
    assert len(str(refused.value)) < 600


@given(text=st.text() | st.text("<>!-/[]&;=\"' scriptudy", max_size=60))
def test_no_text_ends_otherwise(text: str) -> None:
    for html in (text, _holding(text), text + _holding("{}")):
        try:
            found = study_of(html)
        except SpecError:
            continue
        assert found == Study()


def test_closed_forms_alone_are_called_so() -> None:
    text = html_document(findings(Study()), "http://127.0.0.1:8501/")
    assert "closed forms, nothing was run" in text
    assert not re.search("not yet (run|counted|tracked)", text)
