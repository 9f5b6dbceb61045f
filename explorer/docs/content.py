"""What stands in a part: its lines, and the pictures beside the document."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote, urlencode

from explorer.codec import to_link, to_query
from explorer.docs.directive import Directive, read_directive
from explorer.documents.markdown import markdown
from explorer.documents.network_document import images_words, network_link, written_words
from explorer.documents.network_tables import networks_title, shown_networks, stages_table, totals_table
from explorer.documents.picture import networks_svg, svg_document
from explorer.documents.tables import Table, block_table, compare_table, layers_table, memory_table
from explorer.graph import concat_graph
from explorer.language import _, language, speaking, typeset
from explorer.pictures import network_words, spoken
from explorer.pictures.captions import matched_words
from explorer.pictures.layout import layout
from explorer.pictures.lit import lit_description
from explorer.pictures.palette import DARK, LIGHT
from explorer.pictures.words import input_words
from explorer.spec import Study
from explorer.study import networks_findings
from explorer.theory import study_theory
from explorer.version import VERSION

_DIGITS = 12


@dataclass(frozen=True)
class Content:
    """A part's lines without endings, and (file name, SVG) of each picture."""

    lines: tuple[str, ...]
    pictures: tuple[tuple[str, str], ...]

    @property
    def sum(self) -> str:
        """See :func:`sum_of`."""
        return sum_of(self.lines, [text.encode() for _, text in self.pictures])


def content(directive: Directive, number: int, folder: str, base: str, indent: str = "") -> Content:
    """Writes a part; the same for the same arguments, in every process.

    Args:
        directive: what to show.
        number: of the part within its document, which names its pictures.
        folder: where they lie, beside the document.
        base: of the link to the live page.
        indent: what every line begins with.
    """
    with speaking("zh" if directive.study.view.lang == "zh" else "en"):  # whatever the machine's own is
        return _content(directive, number, folder, base, indent)


def _content(directive: Directive, number: int, folder: str, base: str, indent: str) -> Content:
    study = directive.study
    blocks: list[list[str]] = []
    pictures: tuple[tuple[str, str], ...] = ()
    for what in directive.show:
        if what == "graph":
            names = [f"{number}-{palette.name}.svg" for palette in (LIGHT, DARK)]
            draw = networks_svg if directive.kind == "network" else svg_document
            drawn = [typeset(draw(study, palette)) + "\n" for palette in (LIGHT, DARK)]
            pictures = tuple(zip(names, drawn, strict=True))
            alt = escape(_spoken(directive))
            light, dark = (f"{quote(folder)}/{name}" for name in names)
            blocks.append(
                [
                    "<picture>",
                    f'  <source media="(prefers-color-scheme: dark)" srcset="{dark}">',
                    f'  <img alt="{alt}" src="{light}">',
                    "</picture>",
                ]
            )
        else:
            blocks.append(markdown(table_of(directive, what)))
    blocks.append([_foot(directive, base)])
    lines = [""]
    for block in blocks:
        lines += [*block, ""]
    return Content(tuple(f"{indent}{typeset(line)}" if line else "" for line in lines), pictures)


def _spoken(directive: Directive) -> str:
    """The drawing, to those who do not see it."""
    study = directive.study
    if directive.kind == "network":
        return network_words.spoken_title(study.networks.network, study.networks.against)
    graph = concat_graph(study.block)
    drawn = layout(graph, study.view.drawing)
    return f"{spoken.title(graph)} {lit_description(drawn, study.view.selected)}"


def table_of(directive: Directive, what: str) -> Table:
    """The table that ``what`` of a directive's ``show`` names."""
    if directive.kind == "network":
        found = networks_findings(directive.study)
        return totals_table(found) if what == "totals" else stages_table(shown_networks(found))
    make = {
        "table": block_table if directive.kind == "block" else compare_table,
        "layers": layers_table,
        "memory": memory_table,
    }[what]
    return make(directive.study)


def living(study: Study, base: str) -> str:
    """A document of its own: a part that shows every table of ``study``, and which ``docs check`` can check."""
    study = _in_words(study)
    query = urlencode(to_query(study))
    words = f"compare{'?' if query else ''}{query} show=table,layers,memory"
    return _document(spoken.title(concat_graph(study.block)).rstrip(".。"), words, base)


def living_network(study: Study, base: str) -> str:
    """The same of the whole networks of ``study``."""
    study = _in_words(study)
    query = urlencode(to_query(study))
    return _document(
        networks_title(networks_findings(study)), f"network{'?' if query else ''}{query} show=totals,stages", base
    )


def _in_words(study: Study) -> Study:
    """``study`` with the language that is spoken, unless that is English: a document is checked in its own."""
    return study if study.view.lang != "auto" or language() == "en" else study.with_(lang=language())


def _document(title: str, words: str, base: str) -> str:
    found = content(read_directive(words), 1, "", base)
    lines = [f"# {title}", "", f"<!-- explorer:begin {words} -->"]
    return "\n".join([*lines, *found.lines, f"<!-- explorer:end sum={found.sum} -->", ""])


def _foot(directive: Directive, base: str) -> str:
    """Where the numbers come from, and the versions: one line, of which versions and address are never compared."""
    study, of_networks = directive.study, directive.kind == "network"
    said = [images_words(study), written_words(study)] if of_networks else [input_words(study)]
    said.append(_("closed forms"))
    if of_networks:
        said.append(_("accuracy as published"))
    if directive.kind == "compare":
        others = study_theory(study).counterparts
        said += [f"{other.label}: {matched_words(other).rstrip('.。')}" for other in others]
    if directive.against is not None:
        said.append(_("checked against `{target}`").format(target=directive.against))
    link = network_link(study, base) if of_networks else to_link(study, base)
    said.append(_("[live]({link})").format(link=link))
    said.append(_("Dense Block Explorer {version}").format(version=VERSION))
    return f"<sub>{' · '.join(said)}</sub>"


def same(lines: Sequence[str], others: Sequence[str]) -> bool:
    """Whether two parts say the same but for the version that wrote them and the address of the live page."""
    return len(lines) == len(others) and all(_timeless(a) == _timeless(b) for a, b in zip(lines, others, strict=True))


def _timeless(line: str) -> str:
    if not line.lstrip().startswith("<sub>"):
        return line
    return re.sub(r"Dense Block Explorer [\w.+-]+", "", re.sub(r"\]\(https?://[^)?\s]*", "](", line))


def sum_of(lines: Sequence[str], pictures: Sequence[bytes]) -> str:
    """Of the lines, and of each picture: by these edits by hand are told from what has gone stale.

    Like all else that compares, it passes over the version and the live page's address, which anybody may change.
    """
    texts = ["\n".join(map(_timeless, lines)).encode(), *(picture.replace(b"\r\n", b"\n") for picture in pictures)]
    return ".".join(hashlib.sha256(text).hexdigest()[:_DIGITS] for text in texts)
