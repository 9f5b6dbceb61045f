"""What a person puts elsewhere to show a Study there: its link, Markdown, a part that is checked, a badge, a frame."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from urllib.parse import urlencode

from explorer.codec import to_link, to_query
from explorer.documents.badge import badge_words
from explorer.documents.gradients_document import PAGE as GRADIENTS
from explorer.documents.network_document import PAGE, network_link
from explorer.documents.network_tables import networks_title
from explorer.graph import concat_graph
from explorer.language import _
from explorer.pictures import spoken
from explorer.spec import Study
from explorer.study import networks_findings


@dataclass(frozen=True)
class Shared:
    """One way to show a Study elsewhere.

    Attributes:
        name: stable, for programs.
        label: what a person calls it.
        line: what it is good for.
        text: what is put elsewhere.
    """

    name: str
    label: str
    line: str
    text: str


def shared(study: Study, base: str, page: str = "") -> tuple[Shared, ...]:
    """Every way, in the order in which a person is offered them.

    Args:
        study: what is shown, its drawing and selection included.
        base: under which people reach the server.
        page: which page shows it: Explore, ``memory``, ``gradients`` or ``networks``.
    """
    if page == PAGE:
        return _of_networks(study, base)
    if page == GRADIENTS:  # whose pictures are measured, so that no file shows them
        link = to_link(study, base, page)
        return _link(link), _frame(link, _("Gradients of plain, residual and dense stacks"))
    link, title = to_link(study, base, page), spoken.title(concat_graph(study.block))
    query = urlencode(to_query(study))
    memory = page == "memory"
    kind, show = ("block", "graph,memory") if memory else ("compare", "graph,table")
    part = f"{kind}?{query}" if query else kind
    return (
        _link(link),
        _markdown(title, to_link(study, base, "block.svg"), link),
        _part(part, show),
        Shared(
            "badge",
            _("Badge"),
            _("One number; show= names another."),
            f"[![{badge_words(study)}]({to_link(study, base, 'badge.svg')})]({link})",
        ),
        _frame(link, title),
    )


def _of_networks(study: Study, base: str) -> tuple[Shared, ...]:
    """The ways of whole networks, whose page has no badge of its own."""
    link, query = network_link(study, base), urlencode(to_query(study))
    part = f"network?{query}" if query else "network"
    title = networks_title(networks_findings(study))
    picture = to_link(study, base, "network.svg")
    return _link(link), _markdown(title, picture, link), _part(part, "graph,totals,stages"), _frame(link, title)


def _link(link: str) -> Shared:
    return Shared("link", _("Link"), _("This page as you see it, drawing and selection included."), link)


def _markdown(title: str, picture: str, link: str) -> Shared:
    return Shared(
        "markdown",
        _("Markdown with the picture"),
        _("For an issue, a wiki, a README: the picture, which leads here."),
        f"[![{title}]({picture})]({link})",
    )


def _part(part: str, show: str) -> Shared:
    return Shared(
        "part",
        _("A part of a README that is checked"),
        _("python -m explorer docs update fills it, docs check fails where it is no longer true."),
        f"<!-- explorer:begin {part} show={show} -->\n<!-- explorer:end -->",
    )


def _frame(link: str, title: str) -> Shared:
    embedded = f"{link}{'&' if '?' in link else '?'}embed=true"
    return Shared(
        "embed",
        _("Embed"),
        _("The live page in a page of yours, without its own menu."),
        f'<iframe src="{escape(embedded)}" title="{escape(title)}" '
        'width="100%" height="900" style="border:0" loading="lazy"></iframe>',
    )
