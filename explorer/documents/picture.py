"""The concatenation graph of a Study as a picture in a file of its own, drawn and lit as the view has it."""

from __future__ import annotations

import struct
import zlib
from functools import cache
from importlib.resources import files

from explorer.documents.carried import carried, carried_by
from explorer.graph import concat_graph
from explorer.language import language, said, typeset
from explorer.pictures.layout import layout
from explorer.pictures.network_svg import Shown, network_picture
from explorer.pictures.palette import LIGHT, Palette
from explorer.pictures.svg import render
from explorer.spec import SpecError, Study

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_KEYWORD = b"Description\0"


def svg_document(study: Study, palette: Palette = LIGHT) -> str:
    """SVG text in one theme, or with :data:`explorer.pictures.palette.TOKENS` in the system's."""
    drawn = layout(concat_graph(study.block), study.view.drawing)
    return render(drawn, palette, selected=study.view.selected, carried=carried(study))


def networks_svg(study: Study, palette: Palette = LIGHT) -> str:
    """The same of the Study's two whole networks."""
    return network_picture(Shown.of(study), palette=palette, carried=carried(study))


def png_document(study: Study, palette: Palette = LIGHT, pixel_ratio: int = 2) -> bytes:
    """The same as a PNG with ``pixel_ratio`` pixels to each of the SVG's, in a font that comes with the explorer.

    The same bytes on every machine: fonts of the system are not looked at, unless the words are Chinese, of which the
    explorer brings none.
    """
    return with_study(rendered(typeset(svg_document(study, palette)), pixel_ratio), study)


def rendered(svg: str, pixel_ratio: int = 2) -> bytes:
    """``svg`` drawn by resvg, which holds the interpreter for up to half a second."""
    from resvg_py import svg_to_bytes  # loaded here alone: nobody else needs it

    svg = svg.replace("font-weight:650", "font-weight:700")  # of which the font has no cut
    return svg_to_bytes(svg_string=svg, skip_system_fonts=language() != "zh", font_files=_fonts(), zoom=pixel_ratio)


def with_study(png: bytes, study: Study) -> bytes:
    """``png`` with the Study in a chunk of text behind its header."""
    end = len(_SIGNATURE) + 25  # the header's chunk: length, name, 13 bytes, checksum
    body = b"tEXt" + _KEYWORD + carried(study).encode("latin-1")
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return png[:end] + chunk + png[end:]


def png_study(png: bytes) -> Study:
    """The Study that a PNG of ours carries.

    Raises:
        SpecError: it carries none.
    """
    at = len(_SIGNATURE)
    while png.startswith(_SIGNATURE) and at + 8 <= len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        body = png[at + 8 : at + 8 + length]
        if png[at + 4 : at + 8] == b"tEXt" and body.startswith(_KEYWORD):
            return carried_by(body.removeprefix(_KEYWORD).decode("latin-1"))
        at += length + 12
    raise SpecError("file", "a PNG", said("one that the explorer has written, with its Study in it"))


@cache
def _fonts() -> list[str]:
    folder = files("font_source_sans_pro") / "files"
    return [str(folder / f"SourceSansPro-{weight}.ttf") for weight in ("Regular", "Semibold", "Bold")]
