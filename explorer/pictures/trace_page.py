"""A traced module on the page, as HTML: head, picture, tiles, what could not be said, and every concatenation."""

from __future__ import annotations

from html import escape

from explorer.findings import Concatenation, Trace
from explorer.language import _, plural
from explorer.pictures.palette import TOKENS
from explorer.pictures.trace_svg import source_variables, trace_picture
from explorer.pictures.trace_words import headline, short_name, size_words, source_name, title, where
from explorer.pictures.words import Scale, byte_scale, mac_scale
from explorer.spec import OwnModule

WIDE, NARROW = 980.0, 358.0  # px of the picture, on a desk and on a phone
_SHOWN = 4  # sources in a row of the table


def head(own: OwnModule, found: Trace | None, problem: str) -> str:
    """The headline: what it costs; what it is while it runs; or why it did not."""
    target = escape(own.target)
    if problem:
        words = escape(_("{target} could not be run").format(target=own.target))
        return f'<h1>{words}</h1><p class="why" role="alert">{escape(problem)}</p>'
    if found is None:
        return f'<h1>{target}</h1><p class="where">{escape(_("from {folder}").format(folder=_last(own.folder)))}</p>'
    return f'<h1>{escape(headline(found))}</h1><p class="where">{target} · {escape(where(found))}</p>'


def status(running: bool) -> str:
    """What is being done."""
    words = escape(_("Importing and running the module…"))
    busy = f'<p class="status busy" role="status"><i></i>{words}</p>'
    return busy if running else '<p class="status" role="status"></p>'


def picture(found: Trace) -> str:
    """The picture, for a desk and for a phone, with its title."""
    if not found.concatenations:
        return ""
    says = _(
        "One column a concatenation, in the order in which they ran; heights are channels, and a colour is a source. "
        "Point at a slice to see where else it is."
    )
    drawn = "".join(
        f'<div class="frame {kind}" tabindex="0" role="group" aria-label="{escape(title(found))}">'
        f"{trace_picture(found, width, TOKENS)}</div>"
        for kind, width in (("wide", WIDE), ("narrow", NARROW))
    )
    return f'<h2>{escape(_picture_title(found))}</h2><p class="sub">{escape(says)}</p><div class="traced">{drawn}</div>'


def tiles(found: Trace) -> str:
    """Parameters, MACs, what is held, and the peak."""
    scale = mac_scale([found.parameters]) if found.parameters >= 10**8 else Scale("", 1, 0)
    parts = [
        _tile(_("Parameters"), _("counted"), scale, found.parameters, _("numbers that training could set")),
        _tile(_("MACs, forward"), _("counted"), mac_scale([found.macs]), found.macs, _("by torch’s own formulas")),
    ]
    if found.kept_bytes is not None:
        held = byte_scale([found.kept_bytes])
        parts.append(_tile(_("Held for backward"), _("tracked"), held, found.kept_bytes, _between(found)))
    peak = _("of the step, weights and gradients included") if found.training else _("of the forward pass")
    parts.append(_tile(_("Peak"), _("tracked"), byte_scale([found.peak_bytes]), found.peak_bytes, peak))
    return f'<div class="tiles plain-tiles">{"".join(parts)}</div>'


def notes(found: Trace) -> str:
    """What could not be attributed, or is not drawn."""
    if not found.notes and not found.concatenations:
        return ""
    if not found.notes:
        words = _("Every slice was followed to what made it, and every concatenation is drawn")
        return f'<h2 class="last">{escape(words)}</h2>'
    items = "".join(f"<li>{escape(note)}</li>" for note in found.notes)
    return f'<h2>{escape(_("What could not be attributed, or is not drawn"))}</h2><ul class="said">{items}</ul>'


def table(found: Trace) -> str:
    """A row for every concatenation."""
    count = len(found.concatenations)
    words = plural("The concatenation", "All {count} concatenations", count).format(count=count)
    scale = byte_scale([found.copied_bytes // count])
    heads = ("#", _("within"), _("maps"), _("channels"), _("joined"), _("written, {unit}").format(unit=scale.unit))
    rows = "".join(_row(found, cat, number, scale) for number, cat in enumerate(found.concatenations, 1))
    row = "".join(f"<th>{escape(one)}</th>" for one in heads)
    return (
        f'<h2>{escape(words)}</h2><div class="scroll" tabindex="0" role="group" aria-label="{escape(words)}">'
        f'<table class="cats" style="{source_variables(found)}"><thead><tr>{row}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _row(found: Trace, cat: Concatenation, number: int, scale: Scale) -> str:
    parts = list(cat.slices)
    left = max(len(parts) - _SHOWN, 0)
    shown = [*parts[: _SHOWN - 1], *parts[-1:]] if left else parts
    cells = []
    for part in shown:
        source = found.sources[part.source]
        through = " → ".join([source_name(source), *part.through])
        chip = f'<i class="chip" style="--c:var(--t{part.source})"></i>'
        name = f"{escape(short_name(source_name(source)))} {part.channels:,}"
        cells.append(f'<span data-source="{part.source}" title="{escape(through)}">{chip}{name}</span>')
    if left:
        more = escape(_("… {count} more").format(count=left))
        cells.insert(-1, f'<span class="more">{more}</span>')
    where = escape(cat.module or found.name).replace(".", ".<wbr>")  # so that a path breaks where it has parts
    return (
        f"<tr><td>{number}</td><td>{where}</td><td>{size_words(cat)}</td><td>{cat.channels:,}</td>"
        f"<td>{' '.join(cells)}</td><td>{scale.text(cat.copied_bytes)}</td></tr>"
    )


def _tile(name: str, stamp: str, scale: Scale, value: int, means: str) -> str:
    said = f'<div class="v">{escape(scale.text(value))} <small>{escape(scale.unit)}</small></div>'
    mark = f'<div class="k"><span>{escape(name)}</span><span class="plain">{escape(stamp)}</span></div>'
    return f'<div class="tile">{mark}{said}<p class="why quiet">{escape(means)}</p></div>'


def _between(found: Trace) -> str:
    """What is alive between forward and backward, and how much of it autograd was told of."""
    saved = found.saved_bytes or 0
    told = _("{saved} of it maps that autograd was told to keep").format(saved=byte_scale([saved]).full(saved))
    return _("alive between forward and backward") if saved == found.kept_bytes else told


def _picture_title(found: Trace) -> str:
    widest = max(found.concatenations, key=lambda cat: cat.channels)
    far = sum(source.far for source in found.sources)
    words = _("Its widest concatenation has {channels} channels at {size}").format(
        channels=f"{widest.channels:,}", size=size_words(widest)
    )
    if not far:
        return words
    more = plural("{count} skip connection comes from afar", "{count} skip connections come from afar", far)
    return f"{words}; {more.format(count=far)}"


def _last(folder: str) -> str:
    """The folder's own name: where else it lies is nobody's business."""
    return folder.replace("\\", "/").rstrip("/").rpartition("/")[2] or "/"
