"""What a selection lights in a picture that stands in a file, as style rules: the page's own script does it there.

The rules name elements by id, class and ``data-…`` alone, which every renderer of SVG understands.
"""

from __future__ import annotations

from collections.abc import Iterable

from explorer.pictures import spoken
from explorer.pictures.layout import Layout
from explorer.pictures.palette import Palette
from explorer.spec import Selection

_ALL = (".slice", ".lane", ".flare", ".comb")


def lit_style(drawn: Layout, selected: Selection, palette: Palette) -> str:
    """CSS by which all but what belongs to ``selected`` steps back; empty where this drawing has nothing selected."""
    if not _shows(selected):
        return ""
    back = [
        _rule(_ALL, "fill-opacity:.09;stroke-opacity:.09"),
        _rule([".ribbon"], "fill-opacity:.05"),
        _rule([".bottleneck polygon"], "fill-opacity:.16"),
        _rule([".bottleneck text", ".source"], f"fill:{palette.mute}"),
    ]
    return "".join([*back, *_forward(drawn, selected, palette)])


def lit_description(drawn: Layout, selected: Selection) -> str:
    """What the drawing shows and what is lit in it, for those who do not see it."""
    words = spoken.description(drawn)
    if not _shows(selected):
        return words
    layer, source = selected.layer, selected.source
    said = [] if source is None else [spoken.source(drawn.graph, source)]
    said += [] if layer is None else [spoken.bottleneck(drawn.graph.bottlenecks[layer - 1])]
    return f"{words} {'; '.join(said)}."


def _shows(selected: Selection) -> bool:
    return selected.unit is None and (selected.layer is not None or selected.source is not None)


def _forward(drawn: Layout, selected: Selection, palette: Palette) -> Iterable[str]:
    """The rules for what belongs to the selection: as in picture.js, a source's whole path, or what a layer reads."""
    layer, source = selected.layer, selected.source
    full, ink = "fill-opacity:1;stroke-opacity:1", f"fill:{palette.ink}"
    if layer is None:
        assert source is not None
        whole = [f'.slice[data-source="{source}"]', *(f'{kind}[data-of="{source}"]' for kind in _ALL[1:])]
        yield _rule(whole, full)
        yield _rule([f'.ribbon[data-of="{source}"]'], "fill-opacity:.42")
        readers = range(max(1, source), drawn.graph.spec.layers + 1)
        yield _rule([f"#layer-{n} text" for n in readers], ink)
        yield _rule([f'.source[data-of="{source}"]'], ink)
        yield from _bottleneck(source)
        return
    read = range(layer) if source is None else [source]
    # The paper's drawing has each source once, in its own column; the chain has a copy in the column before the reader.
    columns = {n: n if drawn.drawing == "paper" else layer - 1 for n in read}
    own = [] if source is not None else [layer]
    places = [*columns.items(), *((n, n) for n in own)]
    lanes = [f'.lane[data-of="{n}"][data-to="{layer}"]' for n in read]
    flares = [f'.flare[data-of="{n}"]' for n in own]
    yield _rule([f'.slice[data-source="{n}"][data-column="{at}"]' for n, at in places] + lanes + flares, full)
    yield _rule([f"#layer-{layer} text", *(f'.source[data-of="{n}"]' for n, _at in places)], ink)
    yield from _bottleneck(layer)


def _bottleneck(layer: int) -> Iterable[str]:
    if layer:
        yield _rule([f'#layer-{layer} [data-kernel="1x1"]'], "fill-opacity:.42")
        yield _rule([f'#layer-{layer} [data-kernel="3x3"]'], "fill-opacity:.78")
        yield _rule([f"#layer-{layer} .name"], "text-decoration:underline")


def _rule(selectors: Iterable[str], body: str) -> str:
    return f"{','.join(selectors)}{{{body}}}"
