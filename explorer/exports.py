"""Every format in which a Study leaves the explorer, and the way back: one list for page, HTTP and command line.

What is exported is made of the Study alone: closed forms, and whatever has been measured by then where a
format has room for it. The same Study gives the same bytes in every run and process.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from explorer.codec import from_json, to_link
from explorer.docs.content import living, living_network
from explorer.docs.directive import DirectiveError, read_directive
from explorer.docs.parts import PartError, read_document
from explorer.documents.badge import SHOWN, badge_document
from explorer.documents.carried import carried, carried_by
from explorer.documents.csv_document import HEADS, csv_document, csv_study
from explorer.documents.graph_text import dot_document, mermaid_document
from explorer.documents.html_document import html_document, study_of
from explorer.documents.json_document import describe_json
from explorer.documents.latex import latex_document
from explorer.documents.network_document import network_document
from explorer.documents.picture import networks_svg, png_document, png_study, svg_document
from explorer.documents.source import pytorch_source
from explorer.findings import Findings
from explorer.language import _, in_words_of, one_by_one, said, typeset, typeset_all
from explorer.pictures.palette import DARK, LIGHT, TOKENS
from explorer.spec import SpecError, Study

MEASURED, THEME, PIXEL_RATIO, SHOW = "measured", "theme", "pixel_ratio", "show"
_THEMES = {"light": LIGHT, "dark": DARK, "auto": TOKENS}

#: What a person reads, and not a program alone.
_READ = ("image/svg+xml", "text/html", "text/markdown", "application/x-tex")

Options = Mapping[str, str]


@dataclass(frozen=True)
class Format:
    """One of the formats.

    Attributes:
        name: the ending of its files.
        kind: its media type.
        label: what a person calls it.
        make: takes the findings, the base of links, and every option.
        options: parameters beside a Study's, each with what it may be; the first is what it is where nothing is said.
        linked: whether a link to the live page stands in it.
        slow: whether it takes a tenth of a second or more, in which nothing else runs in the process.
    """

    name: str
    kind: str
    label: str
    make: Callable[[Findings, str, Options], str | bytes]
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    linked: bool = False
    slow: bool = False

    @property
    def measured(self) -> bool:
        """Whether it holds measured numbers, where there are any."""
        return MEASURED in self.options

    @property
    def spoken(self) -> bool:
        """Whether it is for a person, in a language, and not for programs alone."""
        return self.kind in _READ or self.picture

    @property
    def picture(self) -> bool:
        """Whether it is shown as an image."""
        return self.kind.startswith("image/")

    @property
    def defaults(self) -> dict[str, str]:
        """Every option as it is where nothing is said."""
        return {name: allowed[0] for name, allowed in self.options.items()}

    def bytes_of(self, found: Findings, base: str, options: Options | None = None) -> bytes:
        """The file.

        Args:
            found: findings of the Study.
            base: of the link to the live page.
            options: what differs from :attr:`defaults`.

        Raises:
            SpecError: there is no such option, or it may not be that.
        """
        given = self.checked((options or {}).items())
        with in_words_of(found.study.view.lang):
            made = self.make(found, base, given)
            if isinstance(made, str) and self.kind in _READ:
                made = typeset(made)
        return made.encode() if isinstance(made, str) else made

    def checked(self, pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
        """All options, from those that are given as (name, value).

        Raises:
            SpecError: one is unknown, given twice, or not allowed.
        """
        options: dict[str, str] = {}
        for name, value in pairs:
            allowed = self.options.get(name)
            if allowed is None:
                names = list(self.options)
                none = said("none of {format}", format=self.name)
                raise SpecError(
                    "parameter", name, said("one of {options}", options=one_by_one(names)) if names else none
                )
            if name in options:
                raise SpecError(name, f"{options[name]}, {value}", said("given once"))
            if value not in allowed:
                raise SpecError(name, value, said("one of {options}", options=one_by_one(allowed)))
            options[name] = value
        return self.defaults | options


def formats() -> tuple[Format, ...]:
    """Every format of a Study, in the order in which a person is offered them."""
    theme = {THEME: tuple(_THEMES)}
    measured = {MEASURED: ("0", "1")}
    return (
        Format("py", "text/x-python", _("PyTorch, runs alone"), _source),
        Format("svg", "image/svg+xml", _("Picture, as shapes"), _svg, theme),
        Format(
            "png",
            "image/png",
            _("Picture, in pixels"),
            _png,
            {THEME: ("light", "dark"), PIXEL_RATIO: ("2", "1", "3")},
            slow=True,
        ),
        Format(
            "html",
            "text/html",
            _("All of it, moving graph"),
            lambda found, base, options: html_document(found, to_link(found.study, base)),
            measured,
            linked=True,
            slow=True,
        ),
        Format("json", "application/json", _("Every number"), _json, measured, linked=True),
        Format(
            "csv", "text/csv", _("Every number, in rows"), lambda found, base, options: csv_document(found), measured
        ),
        Format(
            "md",
            "text/markdown",
            _("Tables, checkable"),
            lambda found, base, options: living(found.study, base),
            linked=True,
        ),
        Format(
            "tex",
            "application/x-tex",
            _("Tables for a paper"),
            lambda found, base, options: latex_document(found.study),
        ),
        Format(
            "dot", "text/vnd.graphviz", _("Graph for Graphviz"), lambda found, base, options: dot_document(found.study)
        ),
        Format(
            "mmd",
            "text/vnd.mermaid",
            _("Graph for Mermaid"),
            lambda found, base, options: mermaid_document(found.study),
        ),
    )


def badge() -> Format:
    """One number as a badge, which is no file of its own but stands at ``/badge.svg``."""
    return Format(
        "svg",
        "image/svg+xml",
        _("One number as a badge"),
        lambda found, base, options: badge_document(found.study, options[SHOW], _THEMES[options[THEME]]),
        {SHOW: SHOWN, THEME: tuple(_THEMES)},
    )


def networks() -> tuple[Format, ...]:
    """Every format of the whole networks of a Study; of the findings they take the Study alone."""
    return (
        Format(
            "svg",
            "image/svg+xml",
            _("Whole networks, as shapes"),
            lambda found, base, options: networks_svg(found.study, _THEMES[options[THEME]]),
            {THEME: tuple(_THEMES)},
        ),
        Format(
            "json",
            "application/json",
            _("Whole networks, every number"),
            lambda found, base, options: network_document(found.study, base),
            linked=True,
        ),
        Format(
            "md",
            "text/markdown",
            _("Whole networks, tables, checkable"),
            lambda found, base, options: living_network(found.study, base),
            linked=True,
        ),
    )


def study_in(data: bytes) -> Study:
    """The Study that a file of any of the formats carries.

    Raises:
        SpecError: it carries none, or one that is not allowed.
    """
    if data.startswith(b"\x89PNG"):
        return png_study(data)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise SpecError("file", data[:40], said("a PNG, or text in UTF-8")) from None
    if text.lstrip()[:9].lower() == "<!doctype":
        return study_of(text)
    if text.lstrip().startswith("{"):
        return _json_study(text)
    if text.startswith(",".join(HEADS[:3])):
        return csv_study(text)
    if "<!-- explorer:begin" in text:
        return _markdown_study(text)
    return carried_by(text)


def _json_study(text: str) -> Study:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise SpecError("file", text[:80], said("JSON ({problem})", problem=str(problem))) from None
    if "study" not in document:
        raise SpecError("file", text[:80], said("JSON with a study in it"))
    return from_json(document["study"])


def _markdown_study(text: str) -> Study:
    try:
        return read_directive(read_document(text).parts[0].directive).study
    except (PartError, DirectiveError) as problem:
        words = said("Markdown whose parts can be read ({problem})", problem=str(problem))
        raise SpecError("file", text[:80], words) from None
    except IndexError:
        raise SpecError("file", text[:80], said("Markdown with a generated part")) from None


def _source(found: Findings, base: str, options: Options) -> str:
    return f"# {carried(found.study)}\n{pytorch_source(found.study)}"


def _svg(found: Findings, base: str, options: Options) -> str:
    return svg_document(found.study, _THEMES[options[THEME]])


def _png(found: Findings, base: str, options: Options) -> bytes:
    return png_document(found.study, _THEMES[options[THEME]], int(options[PIXEL_RATIO]))


def _json(found: Findings, base: str, options: Options) -> str:
    document = typeset_all(describe_json(found, to_link(found.study, base)))
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
