"""What a lesson measures on one Dense Block: joins, channels, drawings, the 1×1, statistics, the Transition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from explorer.findings import Answer, BlockMeasurement, Check, Column
from explorer.language import said
from explorer.spec import CheckJob, DenseBlockSpec, InputSpec, Job, Study
from explorer.study.lesson_measure import (
    SHAPE,
    SMALL,
    WIDTHS,
    Measure,
    answer_of,
    block_of,
    counted,
    fields_of,
    on_modules,
    rows_of,
    values_of,
)
from explorer.theory import pays_from, without_bottleneck

_DEPTHS = (3, 6, 12, 24, 48)

# --- joined: concatenation keeps what came in, addition does not ---------------------------------------


def _joined_columns(_study: Study) -> tuple[Column, ...]:
    channels, same = said("channels"), said("channels, bit for bit")
    return (
        Column("cat-channels", said("Out by cat"), channels),
        Column("cat-same", said("Same by cat"), same),
        Column("add-channels", said("Out by adding"), channels, of="residual"),
        Column("add-same", said("Same by adding"), same, of="residual"),
    )


def _joined_jobs(study: Study) -> dict[str, Job]:
    return {"joined": CheckJob("joined", block_of(study, 1), SMALL)}


def _joined_answer(study: Study, found: Mapping[str, Any]) -> Answer:
    check: Check = found["joined"]
    values = values_of(check)
    return answer_of(
        said("Compared channel by channel on live modules, PyTorch {torch}", torch=check.torch),
        tuple(values[name] for name in ("cat_channels", "cat_same", "add_channels", "add_same")),
        **fields_of(study, WIDTHS),
        out=values["cat_channels"],
    )


JOINED = Measure("joined", WIDTHS, _joined_columns, _joined_jobs, _joined_answer, (*WIDTHS, "out"))


# --- channels: a straight line, and what is written for it ---------------------------------------------


def _channels_columns(study: Study) -> tuple[Column, ...]:
    return tuple(Column(f"layer-{n}", said("Layer {n}", n=n)) for n in range(1, study.block.layers + 1))


def _count_jobs(study: Study) -> dict[str, Job]:
    return {"block": counted(block_of(study))}


def _channels_answer(study: Study, found: Mapping[str, Any]) -> Answer:
    block: BlockMeasurement = found["block"]
    cats = [join for join in block.joins if join.op == "cat"]
    return answer_of(
        on_modules(block),
        tuple(cat.output for cat in cats),
        **fields_of(study, SHAPE),
        out=block.output_shape[1],
        written=sum(cat.output for cat in cats),
        added=sum(sum(cat.inputs[1:]) for cat in cats),
    )


CHANNELS = Measure(
    "channels",
    SHAPE,
    _channels_columns,
    _count_jobs,
    _channels_answer,
    (*SHAPE, "out", "written", "added"),
)


# --- drawings: the paper's arrows and the chain's concatenations ---------------------------------------


def _drawings_columns(_study: Study) -> tuple[Column, ...]:
    return (
        Column("arrows", said("Arrows"), said("as the paper draws it")),
        Column("cats", said("Concatenations"), said("as the code runs it")),
    )


def _drawings_jobs(study: Study) -> dict[str, Job]:
    return {"drawings": CheckJob("drawings", block_of(study), SMALL)}


def _drawings_answer(study: Study, found: Mapping[str, Any]) -> Answer:
    check: Check = found["drawings"]
    values = values_of(check)
    return answer_of(
        said("Counted as both ran with the same weights, PyTorch {torch}", torch=check.torch),
        (values["arrows"], values["cats"]),
        layers=study.block.layers,
        difference=values["difference"],
        list_cats=values["list_cats"],
    )


DRAWINGS = Measure(
    "drawings",
    SHAPE,
    _drawings_columns,
    _drawings_jobs,
    _drawings_answer,
    ("layers", "difference", "list_cats"),
)


# --- bottleneck: from which depth the 1×1 saves --------------------------------------------------------


def _bottleneck_columns(_study: Study) -> tuple[Column, ...]:
    return tuple(Column(f"depth-{n}", said("{n} layers", n=n)) for n in _DEPTHS)


def _bottleneck_jobs(study: Study) -> dict[str, Job]:
    given, jobs = study.block, dict[str, Job]()
    for layers in _DEPTHS:
        block = DenseBlockSpec(given.in_channels, given.growth_rate, layers, given.bottleneck_factor)
        jobs[f"with-{layers}"] = counted(block)
        plain = DenseBlockSpec(given.in_channels, given.growth_rate, layers)  # which has no use for the factor
        jobs[f"without-{layers}"] = counted(without_bottleneck(plain))
    return jobs


def _bottleneck_answer(study: Study, found: Mapping[str, Any]) -> Answer:
    counted = {name: one.parameters for name, one in found.items()}
    with_6, without_6 = counted["with-6"], counted["without-6"]
    return answer_of(
        on_modules(found["with-6"]),
        tuple(counted[f"with-{n}"] / counted[f"without-{n}"] for n in _DEPTHS),
        pays_from=pays_from(study.block, "parameters") or 0,  # 0: from no depth on
        with_6=with_6,
        without_6=without_6,
        more_6=with_6 - without_6,
    )


BOTTLENECK = Measure(
    "bottleneck",
    (*WIDTHS, "bottleneck_factor"),
    _bottleneck_columns,
    _bottleneck_jobs,
    _bottleneck_answer,
    ("pays_from", "with_6", "without_6", "more_6"),
)


# --- statistics: which BatchNorm computes again and again ----------------------------------------------


def _statistics_columns(_study: Study) -> tuple[Column, ...]:
    return (
        Column("computed", said("Computed"), said("channel statistics")),
        Column("needed", said("Needed"), said("one a channel"), of="plain"),
    )


def _statistics_answer(study: Study, found: Mapping[str, Any]) -> Answer:
    block: BlockMeasurement = found["block"]
    read = [row.input_shape[1] for row in rows_of(block) if row.kind == "BatchNorm2d" and row.name == "bn1"]
    computed, needed = sum(read), max(read)  # the last layer reads every channel that any of them reads
    answer = answer_of(
        on_modules(block),
        (computed, needed),
        **fields_of(study, SHAPE),
        again=computed - needed,
        times=computed / needed,
    )
    return replace(answer, order=_order(block))


def _order(block: BlockMeasurement) -> tuple[str, ...]:
    """What Bottleneck 1 ran before it concatenated, each operator with how often it had come by then."""
    ran, order = dict[str, int](), list[str]()
    for op, layer in zip(block.timeline.ops, block.timeline.layers, strict=True):
        kind = next((short for short, name in _OPERATORS.items() if name in op), None)
        if layer == 1 and kind is not None:
            ran[kind] = ran.get(kind, 0) + 1
            order.append(f"{kind}{ran[kind]}")
    return tuple(order)


_OPERATORS = {"bn": "batch_norm", "relu": "relu", "conv": "conv"}
_CARDS = {
    "bn1": said("BN"),
    "relu1": said("ReLU"),
    "conv1": said("conv 1×1"),
    "bn2": said("BN"),
    "relu2": said("ReLU"),
    "conv2": said("conv 3×3"),
}


STATISTICS = Measure(
    "statistics",
    SHAPE,
    _statistics_columns,
    _count_jobs,
    _statistics_answer,
    (*SHAPE, "again", "times"),
    _CARDS,
)


# --- transition: what comes out, and what if the pool ran first ----------------------------------------


def _transition_columns(_study: Study) -> tuple[Column, ...]:
    out = said("out ÷ in")
    return (
        Column("channels", said("Channels"), out),
        Column("side", said("Side"), out),
        Column("bytes", said("Bytes"), out),
        Column("macs", said("MACs"), said("pool first ÷ last")),
    )


def _transition_jobs(study: Study) -> dict[str, Job]:
    return {"transition": CheckJob("transition", block_of(study), InputSpec())}


def _transition_answer(_study: Study, found: Mapping[str, Any]) -> Answer:
    check: Check = found["transition"]
    values = values_of(check)
    return answer_of(
        said("Run on live modules in both orders, PyTorch {torch}", torch=check.torch),
        tuple(values[name] for name in ("channels", "side", "bytes", "macs")),
        channels_in=values["channels_in"],
        channels_out=values["channels_out"],
        side_in=values["side_in"],
        side_out=values["side_out"],
        difference=values["difference"],
    )


TRANSITION = Measure(
    "transition",
    SHAPE,
    _transition_columns,
    _transition_jobs,
    _transition_answer,
    ("channels_in", "channels_out", "side_in", "side_out", "difference"),
)
