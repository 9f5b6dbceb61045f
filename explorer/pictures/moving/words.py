"""What the strip beside the picture says: the code, the equation, a source, a slice, or a Bottleneck's inspector.

Plain data for the component's script, which only puts it in place; it computes nothing.
"""

from __future__ import annotations

from typing import Any

from explorer.findings import BlockTheory, LayerTheory, Part, StudyTheory
from explorer.graph import Graph
from explorer.language import _, plural
from explorer.pictures.layout.lettering import source_name
from explorer.pictures.words import byte_scale, mac_scale, number_word
from explorer.spec import DenseBlockSpec, Study

Words = dict[str, Any]


def chain_words(block: DenseBlockSpec) -> Words:
    """The two lines of code that a Dense Block comes down to, and what they do to the channels."""
    added = plural("# {k} more channel", "# {k} more channels", block.growth_rate)
    return {
        "code": ["for layer in bottlenecks:", "    x = torch.cat([x, layer(x)], 1)"],
        "remarks": [_("# {layers} of them").format(layers=block.layers), added.format(k=block.growth_rate)],
        "line": f"{_sum_words(block)} {_layer_words(block)}",
    }


def _sum_words(block: DenseBlockSpec) -> str:
    return _(
        "{c0} + {layers} · {k} = {c}. DenseNet concatenates: all stay, each layer adds {k}, the growth rate."
    ).format(c0=f"{block.in_channels:,}", layers=block.layers, k=block.growth_rate, c=f"{block.out_channels:,}")


def _layer_words(block: DenseBlockSpec) -> str:
    """What a layer is; short, for with the sum before it has two lines in a corner of the picture."""
    if not block.bottleneck:
        return _("A layer reads all that came before.")
    return _("A Bottleneck: a 1×1 to {middle} channels, then a 3×3 to {k}.").format(
        middle=f"{block.mid_channels:,}", k=block.growth_rate
    )


def paper_words(block: DenseBlockSpec) -> Words:
    """The sentence under the paper's equation (the equation itself is markup)."""
    layers = block.layers
    words = plural(
        "{n} connection into {layers} layer, L(L+1)/2, where a plain stack has {layers}. Same block, same numbers.",
        "{n} connections into {layers} layers, L(L+1)/2, where a plain stack has {layers}. Same block, same numbers.",
        layers,
    )
    return {"line": words.format(n=f"{layers * (layers + 1) // 2:,}", layers=layers)}


def source_words(graph: Graph, source: int) -> Words:
    """Who made ``source``, who reads it, how often concatenation writes it."""
    layers, channels = graph.spec.layers, graph.channels_of(source)
    title = (
        _("{name} made by Bottleneck {number}").format(name=source_name(source), number=source)
        if source
        else _("{name} the block’s input").format(name=source_name(0))
    )
    count = plural("{n} channel", "{n} channels", channels).format(n=f"{channels:,}")
    return {"title": title, "source": source, "line": f"{count}, {_readers(source, layers)} {_copies(source, layers)}"}


def _readers(source: int, layers: int) -> str:
    if source == layers:
        return _("read by what follows the block, by no Bottleneck in it.")
    if source == layers - 1:
        return _("read by Bottleneck {last} and by what follows.").format(last=layers)
    return _("read by Bottlenecks {first} to {last} and by what follows.").format(first=source + 1, last=layers)


def _copies(source: int, layers: int) -> str:
    """The chain's concatenation after Bottleneck i writes sources 0 … i, so x_s is written L − s + 1 times (x0: L)."""
    carried = layers - source
    if source == 0:
        words = plural("Concatenation copies it {n} time.", "Concatenation copies it {n} times.", carried)
        return words.format(n=number_word(carried))
    if carried == 0:
        return _("Concatenation writes it once.")
    words = plural(
        "Concatenation writes it once and copies it {n} time more.",
        "Concatenation writes it once and copies it {n} times more.",
        carried,
    )
    return words.format(n=number_word(carried))


def slice_words(graph: Graph, source: int, layer: int) -> Words:
    """Where ``source`` lies in what Bottleneck ``layer`` reads, and how much of it that is."""
    part, width = graph.slice_read(source, layer), graph.columns[layer - 1].channels
    where = (
        _("Channel {first}").format(first=f"{part.start:,}")
        if part.channels == 1
        else _("Channels {first} to {last}").format(first=f"{part.start:,}", last=f"{part.stop - 1:,}")
    )
    percent = 100 * part.channels / width
    share = f"{percent:.0f}%" if percent >= 9.95 else f"{percent:.2g}%"
    return {
        "title": _("{name} as Bottleneck {number} reads it").format(name=source_name(source), number=layer),
        "source": source,
        "line": _("{where} (from 0) of the {width} that it reads: {share} of its input.").format(
            where=where, width=f"{width:,}", share=share
        ),
    }


# --- the inspector ------------------------------------------------------------------------------------


def bottleneck_words(theory: StudyTheory, number: int) -> Words:
    """A Bottleneck's title line and its operations in call order, with shapes and parameters."""
    study, layer = theory.study, theory.dense.layers[number - 1]
    return {
        "title": _("Bottleneck {number}").format(number=number),
        "facts": _facts(study, theory.dense, layer),
        "source": number,
        "steps": [*_steps(study, layer), _joining(layer)],
    }


def _facts(study: Study, dense: BlockTheory, layer: LayerTheory) -> str:
    macs, saved = (
        mac_scale([item.macs for item in dense.layers]),
        byte_scale([item.saved_bytes for item in dense.layers]),
    )
    facts = [
        _("reads {channels}, adds {made}").format(channels=f"{layer.in_channels:,}", made=f"{layer.new_channels:,}"),
        plural("{n} parameter", "{n} parameters", layer.parameters).format(n=f"{layer.parameters:,}"),
        f"{macs.text(layer.macs)} {'MMAC' if macs.one > 1 else 'MACs'}",
    ]
    if study.run.mode == "training":
        facts.append(_("{bytes} saved").format(bytes=saved.full(layer.saved_bytes)))
    return " · ".join(facts)


def _steps(study: Study, layer: LayerTheory) -> list[Words]:
    """One step a module, with its real name; each BN is followed by its ReLU."""
    steps = []
    for part in layer.parts:
        shape = _shape(study, part.out_channels)
        parameters = plural("{n} parameter", "{n} parameters", part.parameters).format(n=f"{part.parameters:,}")
        name = f"denseblock.{layer.index - 1}.{part.name}"
        steps.append({"name": _title(part), "module": name, "lines": [shape, parameters], "kind": part.kind})
    return steps


def _title(part: Part) -> str:
    if part.kind == "bn":
        return f"BN({part.in_channels:,}) · ReLU"
    kernel = "1×1" if part.kind == "conv1x1" else "3×3"
    return f"{kernel}, {part.in_channels:,} → {part.out_channels:,}"


def _shape(study: Study, channels: int) -> str:
    size = study.input
    batch = f"{size.batch:,} × " if size.batch > 1 else ""
    return f"{batch}{channels:,} × {size.height} × {size.width}"


def _joining(layer: LayerTheory) -> Words:
    lines = [f"{layer.in_channels:,} + {layer.new_channels:,}", f"= {layer.out_channels:,}"]
    return {"name": "cat", "module": "torch.cat", "lines": lines, "kind": "cat"}
