"""Curves of growth are the closed forms themselves, at every x."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import studies

from explorer.spec import Growth, InputSpec, Study
from explorer.theory import block_theory, counterpart, kept_bytes
from explorer.theory.growth import CURVES, ENDS, growth_curves, held_bytes, polynomial, stands_at

GROWTHS: tuple[Growth, ...] = ("layers", "batch", "resolution")


def at(study: Study, x: int) -> Study:
    """The Study with what grows at ``x``."""
    sizes = {"layers": {"layers": x}, "batch": {"batch": x}, "resolution": {"height": x, "width": x}}
    return study.with_(**sizes[study.memory.versus])


@given(studies(), st.sampled_from(GROWTHS), st.integers(2, 64))
@settings(max_examples=60, deadline=None)
def test_every_point_is_the_closed_form_of_the_block_there(study: Study, growth: Growth, x: int) -> None:
    study = Study(study.block, study.input, study.counterpart, replace(study.run, mode="training")).with_(versus=growth)
    there = at(study, x)
    for name in CURVES[1:]:
        assert held_bytes(study, name, x) == kept_bytes(there.block, there.input, there.run.dtype, name)
    # Only another depth has another counterpart: no width is solved for anew where the maps grow.
    spec = counterpart(there if growth == "layers" else study).theory.spec
    assert held_bytes(study, "residual", x) == block_theory(spec, there.input, there.run).saved_bytes


@pytest.mark.parametrize("growth", GROWTHS)
def test_a_study_stands_on_its_own_curves(growth: Growth) -> None:
    study = Study(input=InputSpec(3, 28, 28)).with_(versus=growth)
    found = growth_curves(study, (1,))
    assert found.now == stands_at(study) == {"layers": 6, "batch": 3, "resolution": 28}[growth]
    for curve in found.curves[1:]:
        assert curve.now == kept_bytes(study.block, study.input, "float32", curve.name)


def test_coefficients_are_those_of_the_default_block() -> None:
    curves = {curve.name: polynomial(curve.coefficients) for curve in growth_curves(Study(), (1,)).curves}
    assert curves == {
        "residual": "96 L² + 128 L",
        "list": "32 L² + 352 L",
        "checkpoint_1x1": "288 L + 32",
        "shared": "160 L + 64",
        "checkpoint": "32 L + 32",
    }


@given(studies())
@settings(max_examples=25, deadline=None)
def test_coefficients_give_the_channels_of_any_depth(study: Study) -> None:
    found = growth_curves(Study(study.block, counterpart=study.counterpart), (1,))
    for curve in found.curves:
        assert curve.coefficients or curve.name == "residual"
        if curve.coefficients:
            powers = reversed(range(len(curve.coefficients)))
            layers = study.block.layers
            assert sum(c * layers**p for c, p in zip(curve.coefficients, powers, strict=True)) == curve.channels


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((32, 352, 0), "32 L² + 352 L"),
        ((Fraction(1, 2), -3, 1200), "0.5 L² − 3 L + 1,200"),
        ((-2, 5), "−2 L + 5"),
        ((1, -1, 1), "L² − L + 1"),
        ((0,), "0"),
    ],
)
def test_a_polynomial_reads_as_one(values: tuple[int, ...], words: str) -> None:
    assert polynomial([Fraction(value) for value in values]) == words


@pytest.mark.parametrize("growth", GROWTHS)
@pytest.mark.parametrize("limit", [1, 2**25, 2**31, 2**34, 2**60])
def test_a_crossing_is_the_last_x_that_fits(growth: Growth, limit: int) -> None:
    study = Study(input=InputSpec(4, 28, 28)).with_(versus=growth)
    for curve in growth_curves(study, (1,), limit).curves:
        if curve.fits is None:
            assert held_bytes(study, curve.name, ENDS[growth]) <= limit
            continue
        assert curve.fits == 0 or held_bytes(study, curve.name, curve.fits) <= limit
        assert held_bytes(study, curve.name, curve.fits + 1) > limit


def test_without_a_limit_nothing_crosses_and_concat_is_lists() -> None:
    found = growth_curves(Study(), (1, 6, 12))
    assert {curve.fits for curve in found.curves} == {None}
    assert found.curve("concat") is found.curve("list") and found.curve("list").points[1][1] == found.curve("list").now
