"""Every colour of the explorer: frame, sources, residual, in light and dark.

Colour is only for data. A source has one colour everywhere: the block's input x0 is a
neutral grey, layer i of L takes its place on a cool ramp, and residual blocks are the one
warm colour. The ramp is linear in OKLCH (Ottosson 2020) and its lightness rises strictly
with the layer, so that the order survives greyscale and colour-blind eyes.

The same names exist three times: :data:`LIGHT` and :data:`DARK` hold hex colours for
figures and files, :data:`TOKENS` holds ``var(--…)`` for what is drawn in the browser and
follows the theme there; :func:`css_variables` defines those variables.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from functools import lru_cache

WHITE, BLACK = "#FFFFFF", "#000000"


@dataclass(frozen=True)
class Ramp:
    """Ends of the layer ramp in OKLCH: lightness 0–1, chroma, hue in degrees."""

    lightness: tuple[float, float]
    chroma: tuple[float, float]
    hue: tuple[float, float]

    def colour(self, t: float) -> str:
        """The hex colour at ``t`` from 0 (first layer) to 1 (last)."""
        return _oklch_hex(*(low + (high - low) * t for low, high in (self.lightness, self.chroma, self.hue)))


@dataclass(frozen=True)
class Palette:
    """One theme's colours by what they are for.

    Attributes:
        background, side, raised, soft: the page, the sidebar, cards on it, quiet fills.
        ink, mute: text and secondary text, both at least 4.5 : 1 on every ground above.
        line, axis: hairlines, chart axes.
        accent: controls, focus, links. counted: the ✓ stamp. residual: residual blocks, and disagreement.
        dense: the Dense Block as a whole, however it is written; never one layer.
        input: x0.
        carried: opacity of a ribbon that carries a source on.
        ramp: the layers' colours; None where they are CSS variables.
    """

    name: str
    background: str
    side: str
    raised: str
    soft: str
    ink: str
    mute: str
    line: str
    axis: str
    accent: str
    counted: str
    residual: str
    dense: str
    input: str
    carried: float
    ramp: Ramp | None

    def source(self, index: int, layers: int) -> str:
        """The colour of source ``index`` (0 is x0) in a block of ``layers`` Bottlenecks.

        Raises:
            ValueError: there is no such source.
        """
        _check(index, layers)
        if self.ramp is None:
            return f"var(--source-{index})"
        return self.input if index == 0 else layer_ramp(self.ramp, layers)[index - 1]

    def sources(self, layers: int) -> tuple[str, ...]:
        """The colours of x0, x1 … xL."""
        return tuple(self.source(i, layers) for i in range(layers + 1))

    def text_on(self, index: int, layers: int) -> str:
        """The text colour to use on source ``index``; at least 4.5 : 1 on every source of every block."""
        _check(index, layers)
        if self.ramp is None:
            return f"var(--on-source-{index})"
        ground = self.source(index, layers)
        usual = (DARK.background, WHITE) if self.name == "dark" else (WHITE, LIGHT.ink)
        # Between them lies a narrow band of middle greys on which only black is dark enough.
        return next((text for text in usual if contrast(text, ground) >= 4.5), BLACK)


def _check(index: int, layers: int) -> None:
    if not 0 <= index <= layers:
        raise ValueError(f"source must be from 0 to {layers}, not {index}")


@lru_cache(maxsize=256)
def layer_ramp(ramp: Ramp, layers: int) -> tuple[str, ...]:
    """Colours of layers 1 … ``layers``: t = (i − 1)/(L − 1), or the middle when there is one."""
    steps = [0.5] if layers == 1 else [i / (layers - 1) for i in range(layers)]
    return tuple(ramp.colour(t) for t in steps)


LIGHT = Palette(
    name="light",
    background="#FFFFFF",
    side="#F6F7F9",
    raised="#FFFFFF",
    soft="#EEF1F4",
    ink="#17202B",
    mute="#586373",
    line="#E1E5EA",
    axis="#C4CAD3",
    accent="#3F5873",
    counted="#1A7C49",
    residual="#C2410C",
    dense="#2155B3",
    input="#AEB5C0",
    carried=0.17,
    ramp=Ramp(lightness=(0.40, 0.76), chroma=(0.165, 0.140), hue=(292, 138)),
)

DARK = Palette(
    name="dark",
    background="#0F1318",
    side="#151A21",
    raised="#1B222B",
    soft="#1B222B",
    ink="#E7EBF0",
    mute="#9BA6B5",
    line="#2A323D",
    axis="#3D4754",
    accent="#86A3C6",
    counted="#5CC98F",
    residual="#FF8548",
    dense="#5D94F7",
    input="#5D6878",
    carried=0.24,
    ramp=Ramp(lightness=(0.62, 0.90), chroma=(0.165, 0.130), hue=(292, 138)),
)

#: Colours that have one name in every theme and one CSS variable each.
FRAME_COLOURS = tuple(f.name for f in fields(Palette) if f.name not in ("name", "carried", "ramp"))

TOKENS = Palette(name="tokens", carried=LIGHT.carried, ramp=None, **{name: f"var(--{name})" for name in FRAME_COLOURS})


def css_variables(layers: int, palette: Palette) -> str:
    """``--ink: #17202B; … --source-3: …;``: what :data:`TOKENS` refers to, for one theme."""
    values = {f"--{name}": str(getattr(palette, name)) for name in FRAME_COLOURS}
    values["--carried"] = f"{palette.carried:g}"
    for i in range(layers + 1):
        values[f"--source-{i}"] = palette.source(i, layers)
        values[f"--on-source-{i}"] = palette.text_on(i, layers)
    return "".join(f"{name}:{value};" for name, value in values.items())


def themed_variables(layers: int, first: str = "", screen: str = "") -> str:
    """CSS by which :data:`TOKENS` are light or dark as the reader's system is.

    Args:
        layers: Bottlenecks of the block, as in :func:`css_variables`.
        first: declarations that stand before them.
        screen: ``screen and`` where paper stays light.
    """
    light, dark = (css_variables(layers, palette) for palette in (LIGHT, DARK))
    return f":root{{{first}{light}}}@media{screen}(prefers-color-scheme:dark){{:root{{{dark}}}}}"


# --- colour arithmetic ------------------------------------------------------------------------------


def contrast(a: str, b: str) -> float:
    """WCAG 2 contrast ratio of two hex colours, from 1 to 21."""
    dark, light = sorted((luminance(a), luminance(b)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    """WCAG relative luminance of a hex colour, from 0 to 1."""
    red, green, blue = (_linear(int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def lightness(colour: str) -> float:
    """OKLCH lightness of a hex colour, from 0 to 1."""
    r, g, b = (_linear(int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5))
    long = 0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b
    medium = 0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b
    short = 0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b
    return 0.2104542553 * math.cbrt(long) + 0.793617785 * math.cbrt(medium) - 0.0040720468 * math.cbrt(short)


def _oklch_hex(lightness: float, chroma: float, hue: float) -> str:
    """The colour, its chroma lowered in small steps until it lies inside sRGB."""
    angle = math.radians(hue)
    while True:
        rgb = _oklab_to_linear(lightness, chroma * math.cos(angle), chroma * math.sin(angle))
        if chroma <= 0 or all(-1e-4 <= v <= 1.0001 for v in rgb):
            break
        chroma -= 0.002
    return "#" + "".join(f"{round(255 * _gamma(min(max(v, 0.0), 1.0))):02X}" for v in rgb)


def _oklab_to_linear(lightness: float, a: float, b: float) -> tuple[float, float, float]:
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.707614701 * short,
    )


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


def _gamma(value: float) -> float:
    return 12.92 * value if value <= 0.0031308 else float(1.055 * value ** (1 / 2.4) - 0.055)
