"""The Networks page's parts: two whole networks beside each other, and the claim that one needs less, settled."""

from __future__ import annotations

from explorer.codec import to_link
from explorer.engine import State
from explorer.findings import NetworkFindings, NetworksFindings
from explorer.language import _, kept
from explorer.pictures import figure_accuracy, figure_depth, network_blocks, network_words
from explorer.pictures.network_cards import cards
from explorer.pictures.network_claim import claim_line, claim_table, claim_title
from explorer.pictures.network_svg import RAMP, Shown, network_picture
from explorer.pictures.palette import TOKENS
from explorer.spec import DenseNetSpec, Job, Study
from explorer.study import network_jobs
from explorer.web import controls, waiting
from explorer.web.components.chart import chart
from explorer.web.components.chart import written as as_text
from explorer.web.components.panel import panel
from explorer.web.parts import heat
from explorer.web.parts.head import standing, titled, titled_text

_WIDTHS = {"wide": 980.0, "mid": 680.0, "phone": 350.0}


def follow(study: Study) -> dict[Job, State]:
    """How the counts of both networks and the weights of one stand, after asking for them."""
    looks, long = heat.jobs(study)
    return waiting.follow(study, [*network_jobs(study).values(), *looks], long)


def head(found: NetworksFindings) -> None:
    """Headline, the line under it, and one line that is always there: progress, a problem, or nothing."""
    problem = next((one.problem for one in _all(found) if one.problem is not None), None)
    running, note = network_words.progress(found) if found.waiting else "", ""
    if found.study.memory.implementation not in (found.study.written, "fused"):
        note = _("Whole networks are not compiled here: the Dense Blocks are shown as list.")
    standing("networks", network_words.headline(found), network_words.where(found), running, problem, note)


def _all(found: NetworksFindings) -> tuple[NetworkFindings, ...]:
    return found.network, found.against, found.shared


def picture(found: NetworksFindings) -> None:
    """Both networks as one drawing, whose blocks lead to Explore."""
    with titled("networks-picture-title", network_words.picture_title(found), 1):
        controls.switch("heights", _("Heights"), {"channels": _("Channels"), "bytes": _("Bytes")})
    shown = Shown.of(found.study)
    links = tuple(to_link(block) for block in opened(found))
    panel("networks-picture", _drawings(shown, links), layers=RAMP)


def opened(found: NetworksFindings) -> tuple[Study, ...]:
    """What Explore shows of each Dense Block: the network's, or the other's where that alone has them."""
    study = found.study
    for one in (found.network, found.against):
        if isinstance(one.theory.spec, DenseNetSpec):
            sizes = [(stage.height, stage.width) for stage in one.theory.stages if stage.kind == "dense"]
            return tuple(
                study.with_(
                    in_channels=block.in_channels,
                    growth_rate=block.growth_rate,
                    layers=block.layers,
                    bottleneck_factor=block.bottleneck_factor,
                    bottleneck=block.bottleneck,
                    order=block.order,
                    height=height,
                    width=width,
                    select=None,
                )
                for block, (height, width) in zip(one.theory.spec.blocks, sizes, strict=True)
            )
    return ()


@kept(maxsize=32)
def _drawings(shown: Shown, links: tuple[str, ...]) -> str:
    drawn = "".join(
        f'<div class="{name}">{network_picture(shown, width, TOKENS, links)}</div>' for name, width in _WIDTHS.items()
    )
    return f'<div class="net-frame" data-part="networks">{drawn}</div>'


def show_cards(found: NetworksFindings) -> None:
    """What the network needs, beside the other one."""
    panel("networks-cards", cards(found), layers=RAMP)


def show_blocks(found: NetworksFindings) -> None:
    """Stage by stage, as bars."""
    top = titled_text(network_words.blocks_title(found), network_words.blocks_line(found))
    panel("networks-blocks", top + network_blocks.bars(found), layers=RAMP)


def show_accuracy(found: NetworksFindings) -> None:
    """Published accuracy against what is needed."""
    chart(
        "chart-accuracy",
        network_words.frontier_title(found),
        network_words.frontier_line(found),
        as_text(figure_accuracy.accuracy(found)),
        layers=1,
        height=figure_accuracy.HEIGHT,
    )
    names = {"parameters": _("Parameters"), "macs": _("MACs"), "saved_bytes": _("Bytes held")}
    controls.switch("frontier", _("Accuracy against"), names)


def show_depth(found: NetworksFindings) -> None:
    """What is spent so far, along depth."""
    chart(
        "chart-depth",
        network_words.depth_title(found),
        network_words.depth_line(),
        as_text(figure_depth.depth(found)),
        layers=1,
        height=figure_depth.HEIGHT,
    )


def show_claim(found: NetworksFindings) -> None:
    """The claim, settled with the numbers of this page."""
    panel("networks-claim", titled_text(claim_title(found), claim_line()) + claim_table(found), layers=1)


def show_table(found: NetworksFindings) -> None:
    """Every stage in figures."""
    top = titled_text(network_blocks.table_title(found), network_blocks.table_line(found))
    panel("networks-table", top + network_blocks.table(found), layers=1)
