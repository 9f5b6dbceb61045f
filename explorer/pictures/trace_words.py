"""What is said of a traced module: headline, cards' words, and the picture for those who do not see it."""

from __future__ import annotations

from explorer.findings import Concatenation, Source, Trace
from explorer.language import _, listed, plural
from explorer.pictures.words import byte_scale, device_name


def headline(found: Trace) -> str:
    """What its concatenations cost, from the numbers alone."""
    count = len(found.concatenations)
    if not count:
        return _("{name} concatenates no maps.").format(name=found.name)
    written = byte_scale([found.copied_bytes]).full(found.copied_bytes)
    times = found.copied_bytes / found.joined_bytes
    start = plural("{name} concatenates once", "{name} concatenates {count} times", count)
    if times < 1.005:
        words = _("and writes {written}: every channel is copied once.")
    else:
        words = _("and writes {written}: {times:.1f} times what it joins, since channels are copied again and again.")
    return f"{start} {words}".format(name=found.name, count=count, written=written, times=times)


def where(found: Trace) -> str:
    """Input, mode and device."""
    shapes = ", ".join(" × ".join(map(str, shape)) for shape in found.input_shapes)
    mode = _("a training step") if found.training else _("a forward pass without gradients")
    ran = _("followed on tensors without memory, since real ones would not fit") if found.fake else _("run")
    told = _("input {shapes} · {mode}, {ran} on {device}, torch {torch}")
    return told.format(shapes=shapes, mode=mode, ran=ran, device=device_name(found.device), torch=found.torch)


def title(found: Trace) -> str:
    """``DenseNet: 9 concatenations of 9 sources.``"""
    count, sources = len(found.concatenations), len(found.sources)
    words = plural("{name}: {count} concatenation", "{name}: {count} concatenations", count)
    of = plural("of {sources} source.", "of {sources} sources.", sources)
    return f"{words} {of}".format(name=found.name, count=count, sources=sources)


def description(found: Trace) -> str:
    """Each map size with its concatenations, in order; and what comes from afar."""
    parts = []
    for stage in found.stages:
        first, last = found.concatenations[stage.start], found.concatenations[stage.stop - 1]
        size = " × ".join(map(str, last.size))
        if len(stage) == 1:
            parts.append(_("At {size}: {channels} channels.").format(size=size, channels=f"{last.channels:,}"))
        else:
            words = _("At {size}: {count} concatenations, from {first} to {last} channels.")
            parts.append(
                words.format(size=size, count=len(stage), first=f"{first.channels:,}", last=f"{last.channels:,}")
            )
    far = [source_name(source) for source in found.sources if source.far]
    if far:
        parts.append(_("From afar: {names}.").format(names=listed([*far[:12], *(["…"] if len(far) > 12 else [])])))
    return " ".join(parts)


def source_words(found: Trace, place: int) -> str:
    """``features.denseblock1.denselayer1 (_DenseLayer): 32 channels, made by convolution in …conv2``."""
    source = found.sources[place]
    name = f"{source_name(source)} ({source.kind})" if source.kind else source_name(source)
    made = _("made by {op} in {module}").format(op=source.op, module=source.module) if source.module else source.op
    words = plural("{name}: {channels} channel", "{name}: {channels} channels", source.channels)
    told = words.format(name=name, channels=f"{source.channels:,}")
    return f"{told}, {made}" if made else told


def source_name(source: Source) -> str:
    """What it is called: a module's path as it is, what is no module in the language that is spoken."""
    if source.maker == "unknown":
        return _("not followed{number}").format(number=source.name.removeprefix("not followed"))
    if source.maker == "input":
        return _("input") + source.name.removeprefix("input")
    return source.name


def size_words(cat: Concatenation) -> str:
    """``56 × 56``."""
    return " × ".join(map(str, cat.size))


def short_name(path: str) -> str:
    """The last part of a module's path that says something: ``denselayer3``, ``layer1.0``."""
    parts = path.split(".")
    first = next((place for place in range(len(parts) - 1, -1, -1) if not parts[place].isdigit()), 0)
    return ".".join(parts[first:])


def slices_words(found: Trace, cat: Concatenation, most: int = 4) -> str:
    """``conv0 64 · denselayer1 32 · … 4 more · denselayer6 32``."""
    words = [f"{short_name(source_name(found.sources[part.source]))} {part.channels:,}" for part in cat.slices]
    if len(words) > most:
        more = _("… {count} more").format(count=len(words) - most + 1)
        words = [*words[: most - 2], more, words[-1]]
    return " · ".join(words)
