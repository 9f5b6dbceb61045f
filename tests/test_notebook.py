"""What a notebook shows of a spec, a Study or findings; and what ``import explorer`` offers, no more and no less."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from strategies import residual_blocks, studies
from study_fakes import ABSENT, Instant

import explorer
from explorer.engine import Failed
from explorer.notebook import bundle
from explorer.spec import CountJob, DenseBlockSpec, InputSpec, ResidualSpec, Study
from explorer.study import explore
from explorer.theory import study_theory

TYPES = {"text/plain", "text/markdown", "image/svg+xml", "text/html"}


@given(studies())
@settings(max_examples=30)
def test_a_study_shows_its_picture_and_its_numbers(study: Study) -> None:
    shown = study._repr_mimebundle_()
    assert shown.keys() == TYPES and shown["text/plain"] == repr(study)
    ElementTree.fromstring(shown["image/svg+xml"])
    parameters = f"{study_theory(study).dense.parameters:,}"
    assert parameters in shown["text/markdown"] and parameters in shown["text/html"]
    assert study.block._repr_mimebundle_()["image/svg+xml"] == Study(study.block)._repr_mimebundle_()["image/svg+xml"]


@given(residual_blocks())
@settings(max_examples=20)
def test_a_residual_block_shows_its_own(spec: ResidualSpec) -> None:
    shown = spec._repr_mimebundle_()
    root = ElementTree.fromstring(shown["image/svg+xml"])
    assert (root.findtext("{*}title") or "") in shown["text/markdown"]


def test_findings_say_where_each_number_comes_from_and_what_is_missing() -> None:
    shown = explore(Study(), Instant())._repr_mimebundle_()
    assert "| parameters | 335,040 ✓ counted | 426,112 ✓ counted | 215,808 ✓ counted |" in shown["text/markdown"]
    missing = explore(Study(), Instant(given={CountJob: Failed(ABSENT)}))._repr_mimebundle_()
    assert ABSENT.message in missing["text/markdown"] and "335,040 closed form" in missing["text/html"]


def test_the_html_has_the_picture_as_an_image_and_nothing_that_runs() -> None:
    html = Study()._repr_mimebundle_()["text/html"]
    source = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', html)
    assert source and base64.b64decode(source[1]).decode() == Study()._repr_mimebundle_()["image/svg+xml"]
    assert "<style" not in html and "<script" not in html and html.count("<img") == 1


def test_nothing_else_has_a_picture() -> None:
    with pytest.raises(TypeError, match="InputSpec has no picture"):
        bundle(InputSpec())
    assert not hasattr(InputSpec(), "_repr_mimebundle_")


def test_four_names_are_offered_and_none_brings_a_page_or_torch() -> None:
    assert explorer.__all__ == ["DenseBlockSpec", "Study", "explore", "trace"]
    code = "import sys\nfrom explorer import *\nStudy(DenseBlockSpec())._repr_mimebundle_()\nexplore\n"
    code += "assert not {'streamlit', 'torch', 'plotly', 'starlette'} & {*sys.modules}, 'brought'\n"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    assert DenseBlockSpec is explorer.DenseBlockSpec
