"""The palette: contrast of every text, order of the ramp, and the agreed hexes."""

import itertools
import re

import pytest

from explorer.pictures import palette as p
from explorer.pictures.palette import DARK, LIGHT, TOKENS, Palette

THEMES = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda t: t.name)


@THEMES
def test_the_six_layers_of_the_source_texts_block_have_the_agreed_colours(theme: Palette) -> None:
    agreed = {
        "light": "#AEB5C0 #4E2B97 #2155B3 #087AA2 #05979D #08B58C #83C66C",
        "dark": "#5D6878 #8A6FE0 #5D94F7 #0CB7F2 #13D3DB #5DE8BC #B3F39D",
    }
    assert " ".join(theme.sources(6)) == agreed[theme.name]


@THEMES
@pytest.mark.parametrize("text", ["ink", "mute", "accent", "counted", "residual", "dense"])
@pytest.mark.parametrize("ground", ["background", "side", "raised"])
def test_text_reads_on_every_ground(theme: Palette, text: str, ground: str) -> None:
    assert p.contrast(getattr(theme, text), getattr(theme, ground)) >= 4.5


@THEMES
def test_ink_reads_on_quiet_fills(theme: Palette) -> None:
    assert p.contrast(theme.ink, theme.soft) >= 4.5
    assert p.contrast(theme.mute, theme.soft) >= 4.5


@THEMES
@pytest.mark.parametrize("layers", range(1, 65))
def test_text_reads_on_every_source(theme: Palette, layers: int) -> None:
    for i, colour in enumerate(theme.sources(layers)):
        assert p.contrast(theme.text_on(i, layers), colour) >= 4.5, (i, colour)


@THEMES
@pytest.mark.parametrize("layers", range(2, 65))
def test_lightness_rises_with_the_layer(theme: Palette, layers: int) -> None:
    values = [p.lightness(colour) for colour in theme.sources(layers)[1:]]
    assert all(a < b for a, b in itertools.pairwise(values))


@THEMES
def test_one_layer_takes_the_middle_of_the_ramp(theme: Palette) -> None:
    assert theme.source(1, 1) == theme.source(2, 3)


@THEMES
def test_the_residual_colour_is_like_no_source(theme: Palette) -> None:
    assert theme.residual not in {colour for layers in range(1, 65) for colour in theme.sources(layers)}


def test_tokens_refer_to_variables_that_both_themes_define() -> None:
    names = {TOKENS.source(6, 6), TOKENS.text_on(0, 6), TOKENS.ink, TOKENS.residual, TOKENS.input}
    for theme in (LIGHT, DARK):
        css = p.css_variables(6, theme)
        assert all(f"{name[4:-1]}:" in css for name in names)
        assert len(re.findall(r"--source-\d+:", css)) == 7


@pytest.mark.parametrize("index", [-1, 7])
def test_a_source_that_is_not_there_is_refused(index: int) -> None:
    for palette in (LIGHT, TOKENS):
        with pytest.raises(ValueError, match="from 0 to 6"):
            palette.source(index, 6)
        with pytest.raises(ValueError, match="from 0 to 6"):
            palette.text_on(index, 6)


def test_contrast_is_that_of_wcag() -> None:
    assert p.contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert p.contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)
