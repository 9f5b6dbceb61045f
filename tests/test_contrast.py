"""Contrast, computed: every text colour on every ground it stands on, and sources that eyes of all kinds tell apart.

4.5 : 1 is WCAG 2's bar for text. Distances are in OKLab times 100 (about 2 is the least that an eye notices);
colour-vision deficiencies are simulated after Machado et al. 2009, severity 1. The arithmetic here is its
own, so that a slip in the palette's is seen.
"""

from __future__ import annotations

import itertools
import math
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from explorer.graph import concat_graph
from explorer.pictures import palette as of
from explorer.pictures.layout import layout
from explorer.pictures.layout.lettering import text_box
from explorer.pictures.layout.shapes import Box, Orientation, Point
from explorer.pictures.memory_course import kinds
from explorer.pictures.palette import DARK, LIGHT, Palette
from explorer.spec import DenseBlockSpec, Drawing

ROOT = Path(__file__).parents[1]
BAR = 4.5
THEMES = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
TEXTS = ("ink", "mute", "accent", "counted", "residual", "dense")
GROUNDS = ("background", "side", "raised", "soft")
Colour = tuple[float, float, float]  # linear light, 0 to 1

SIMULATED = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "deuter": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
}
#: Least distance of neighbours up to L = 6, the default, and up to L = 8; beyond, place and label tell them apart.
APART = {"normal": (9.0, 6.4), "deuter": (5.3, 3.9), "protan": (6.8, 4.5)}


# --- arithmetic -----------------------------------------------------------------------------------------


def linear(colour: str) -> Colour:
    values = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values)
    return red, green, blue


def luminance(colour: Colour) -> float:
    return 0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2]


def contrast(text: Colour, ground: Colour) -> float:
    low, high = sorted((luminance(text), luminance(ground)))
    return (high + 0.05) / (low + 0.05)


def oklab(colour: Colour) -> Colour:
    r, g, b = colour
    cones = (
        0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b,
        0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b,
        0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b,
    )
    long, medium, short = (math.cbrt(max(v, 0.0)) for v in cones)
    return (
        0.2104542553 * long + 0.793617785 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.428592205 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.808675766 * short,
    )


def from_oklab(lab: Colour) -> Colour:
    light, a, b = lab
    long = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (light - 0.0894841775 * a - 1.291485548 * b) ** 3
    rgb = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.707614701 * short,
    )
    red, green, blue = (min(max(v, 0.0), 1.0) for v in rgb)
    return red, green, blue


def mixed(over: str, under: str, share: float, space: str) -> Colour:
    """CSS ``color-mix(in space, over share, under)``, in linear light."""
    if space == "oklab":
        a, b = oklab(linear(over)), oklab(linear(under))
        x, y, z = (share * p + (1 - share) * q for p, q in zip(a, b, strict=True))
        return from_oklab((x, y, z))
    assert space == "srgb"
    a, b = ((int(c[1:3], 16), int(c[3:5], 16), int(c[5:7], 16)) for c in (over, under))
    return linear("#" + "".join(f"{round(share * p + (1 - share) * q):02X}" for p, q in zip(a, b, strict=True)))


def seen(colour: str, eyes: str) -> Colour:
    light = linear(colour)
    r, g, b = (min(max(sum(m * v for m, v in zip(row, light, strict=True)), 0.0), 1.0) for row in SIMULATED[eyes])
    return oklab((r, g, b))


def distance(a: str, b: str, eyes: str) -> float:
    return 100 * math.dist(seen(a, eyes), seen(b, eyes))


def test_the_arithmetic_is_that_of_the_standards() -> None:
    black, white = linear("#000000"), linear("#FFFFFF")
    assert contrast(black, white) == pytest.approx(21)
    assert contrast(linear("#777777"), white) == pytest.approx(4.48, abs=0.01)
    assert oklab(white) == pytest.approx((1, 0, 0), abs=1e-4)
    assert from_oklab(oklab(linear("#087AA2"))) == pytest.approx(linear("#087AA2"), abs=1e-4)
    assert of.contrast("#087AA2", "#FFFFFF") == pytest.approx(contrast(linear("#087AA2"), white))


# --- text -----------------------------------------------------------------------------------------------


@THEMES
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("text", TEXTS)
def test_every_text_colour_reads_on_every_ground(theme: Palette, text: str, ground: str) -> None:
    assert contrast(linear(getattr(theme, text)), linear(getattr(theme, ground))) >= BAR


@THEMES
def test_streamlits_own_elements_have_the_same_colours(theme: Palette) -> None:
    """What the palette promises holds for widgets and text that Streamlit draws, too."""
    config = tomllib.loads((ROOT / ".streamlit/config.toml").read_text(encoding="utf-8"))["theme"][theme.name]
    names = {
        "backgroundColor": "background", "textColor": "ink", "grayTextColor": "mute", "greenTextColor": "counted",
        "orangeTextColor": "residual", "borderColor": "line", "secondaryBackgroundColor": "soft",
        "primaryColor": "accent",
    }  # fmt: skip
    assert {key: config[key] for key in names} == {key: getattr(theme, name) for key, name in names.items()}
    assert config["sidebar"]["backgroundColor"] == theme.side


@THEMES
def test_labels_read_on_the_source_colours_of_every_block(theme: Palette) -> None:
    for layers in range(1, 65):
        for source in range(layers + 1):
            text, ground = theme.text_on(source, layers), theme.source(source, layers)
            assert contrast(linear(text), linear(ground)) >= BAR, (layers, source)


#: Tints that bear no text, so that theirs may be any: selector → why.
WORDLESS = {".grid.tinted td[style]": "a cell of the large matrix; its numbers stand in the empty half"}


def tints() -> Iterator[tuple[str, float, str]]:
    """Every tinted ground with text in our style sheets: colour space, share of the source, the colour under it."""
    rule = re.compile(r"([^{}]+)\{([^{}]*)\}")
    mix = re.compile(r"background(?:-color)?:\s*color-mix\(in (\w+), var\(--(?:of|c)\) (\d+)%, var\(--([\w-]+)\)")
    for sheet in sorted((ROOT / "explorer/web").rglob("*.css")):
        for selector, body in rule.findall(
            re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.DOTALL)
        ):
            if selector.strip() in WORDLESS:
                continue
            found = mix.findall(body)
            assert len(re.findall(r"background(?:-color)?:\s*color-mix", body)) == len(found), f"not understood: {body}"
            for space, share, under in found:
                text = re.search(r"(?<![\w-])color:\s*var\(--([\w-]+)\)", body)
                assert text is None or text[1] == "ink", f"{selector}: only ink stands on a tint"
                yield space, int(share) / 100, under


@THEMES
def test_ink_reads_on_every_tint_of_every_source(theme: Palette) -> None:
    grounds = sorted(set(tints()))
    for space, share, under in grounds:
        for layers in range(1, 65):
            for source in range(layers + 1):
                ground = mixed(theme.source(source, layers), getattr(theme, under), share, space)
                assert contrast(linear(theme.ink), ground) >= BAR, (space, share, layers, source)


# The picture's texts are ink or mute and carry no ground of their own. So they must stand on the page's.
PICTURED = [*((64, 32, n) for n in (1, 2, 3, 6, 12, 16, 24)), (1024, 32, 16), (24, 12, 16), (512, 4, 6), (8, 64, 24)]
SIZES: tuple[tuple[Orientation, float], ...] = (("horizontal", 976), ("horizontal", 640), ("vertical", 340))
DRAWINGS: tuple[Drawing, ...] = ("chain", "paper")


@pytest.mark.parametrize("drawing", DRAWINGS)
def test_texts_of_the_picture_stand_on_the_page_and_on_no_colour(drawing: Drawing) -> None:
    found, texts = [], 0
    for sizes in PICTURED:
        graph = concat_graph(DenseBlockSpec(*sizes))
        for size, folded in itertools.product(SIZES, (True, False)):
            drawn = layout(graph, drawing, *size, folded)
            areas = [ribbon.box for ribbon in drawn.ribbons if ribbon.shown]
            areas += [part.box for part in drawn.slices if part.shown]
            areas += [around(corners) for b in drawn.bottlenecks for _, corners in b.pieces]
            points = [p for lane in drawn.lanes if lane.shown for p in curve(lane.points)]
            for text in drawn.texts:
                texts += 1
                box = text_box(text)
                core = Box(box.x + 0.1 * box.width, box.y + 3, 0.8 * box.width, box.height - 6)  # the estimate is wide
                over = any(area.overlaps(core, by=0.5) for area in areas)
                if over or any(core.x < x < core.right and core.y < y < core.bottom for x, y in points):
                    found.append((sizes, size, folded, text.text))
    assert texts > 1000
    assert not found


def around(points: tuple[Point, ...]) -> Box:
    xs, ys = zip(*points, strict=True)
    return Box(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))


def curve(points: tuple[Point, ...]) -> Iterator[Point]:
    """Places along cubic Bézier segments."""
    for i in range(0, len(points) - 1, 3):
        a, b, c, d = points[i : i + 4]
        for t in (0, 0.25, 0.5, 0.75, 1):
            weights = ((1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t * t, t**3)
            yield tuple(sum(w * p[k] for w, p in zip(weights, (a, b, c, d), strict=True)) for k in (0, 1))  # type: ignore[misc]  # two of them


# --- bytes by kind ---------------------------------------------------------------------------------------


def by_theme(text: str) -> tuple[str, str]:
    """(light, dark) of CSS ``light-dark(#AAAAAA, #BBBBBB)``."""
    found = re.fullmatch(r"light-dark\((#\w{6}),\s*(#\w{6})\)", text)
    assert found is not None, text
    return found[1], found[2]


@THEMES
def test_names_read_on_the_bands_of_each_kind_and_neighbours_are_told_apart(theme: Palette) -> None:
    sheet = (ROOT / "explorer/web/components/timeline/timeline.css").read_text(encoding="utf-8")
    own = {name: by_theme(value) for name, value in re.findall(r"--([\w-]+): (light-dark\([^)]*\));", sheet)}
    dark = theme is DARK
    fills = []
    for kind in kinds(DenseBlockSpec()):
        name = kind["fill"].removeprefix("var(--").removesuffix(")")
        if name not in own:
            assert kind["purposes"] == ["gradient"]  # hatched; its name has a halo
            continue
        fill = own[name][dark]
        ink = theme.ink if kind["on"] == "var(--ink)" else by_theme(kind["on"])[dark]
        assert contrast(linear(ink), linear(fill)) >= BAR, name
        fills.append(fill)
    assert len(fills) == 5
    for one, other in itertools.combinations(fills, 2):
        for eyes in SIMULATED:
            assert distance(one, other, eyes) >= 4.5, (one, other, eyes)


# --- sources --------------------------------------------------------------------------------------------


@THEMES
@pytest.mark.parametrize("layers", range(2, 65))
def test_lightness_rises_with_every_layer(theme: Palette, layers: int) -> None:
    """Strictly, in OKLab and as a grey copier sees it, so that the order needs no hue."""
    colours = [linear(colour) for colour in theme.sources(layers)[1:]]
    assert all(oklab(a)[0] < oklab(b)[0] for a, b in itertools.pairwise(colours))
    assert all(luminance(a) < luminance(b) for a, b in itertools.pairwise(colours))


@THEMES
@pytest.mark.parametrize("eyes", SIMULATED)
def test_neighbours_are_told_apart_without_normal_colour_vision(theme: Palette, eyes: str) -> None:
    for layers in range(2, 9):
        least = APART[eyes][0] if layers <= 6 else APART[eyes][1]
        apart = [distance(a, b, eyes) for a, b in itertools.pairwise(theme.sources(layers)[1:])]
        assert round(min(apart), 1) >= least, (layers, apart)


@THEMES
@pytest.mark.parametrize("eyes", SIMULATED)
def test_the_residual_colour_and_x0_are_told_from_every_layer(theme: Palette, eyes: str) -> None:
    for layers in range(1, 65):
        colours = theme.sources(layers)[1:]
        assert round(min(distance(theme.residual, c, eyes) for c in colours), 1) >= (13.9 if layers == 6 else 13.5)
        assert min(distance(theme.input, c, eyes) for c in colours) >= 7
    assert distance(theme.residual, theme.input, eyes) >= 13.9
