"""What the chapters of a lesson measure: by name, the numbers of each, the jobs that they come from, the answer.

A measure takes what it depends on from a Study, its ``fields``, and nothing else: whatever else a Study says, a
lesson's blocks are the plain ones. Every column is counted, tracked or measured by a job; accuracy alone is published.
Where a closed form says the same, a test sets it beside.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from explorer.engine import Engine, State
from explorer.findings import (
    Answer,
    BlockMeasurement,
    Check,
    Column,
    Gradients,
    ModuleRow,
    NetworkCounts,
    Problem,
    Purpose,
    StepTrack,
)
from explorer.findings.gradients import relative
from explorer.language import Said, said
from explorer.spec import (
    CheckJob,
    CountJob,
    DenseBlockSpec,
    DenseNetSpec,
    GradientJob,
    InputSpec,
    Job,
    NetworkJob,
    ResidualSpec,
    ResNetSpec,
    RunSpec,
    StepJob,
    Study,
)
from explorer.study.gradients import gradient_jobs
from explorer.study.networks import network_jobs
from explorer.study.reading import seen
from explorer.study.settling import Runs, settled
from explorer.theory import PUBLISHED, pays_from, without_bottleneck

#: What does not depend on the size of the maps is counted on small ones.
SMALL = InputSpec(1, 8, 8)
_FORWARD, _STEP = RunSpec(mode="inference", device="cpu"), RunSpec(device="cpu")
_MIB = 2**20
_DEPTHS = (3, 6, 12, 24, 48)
_EVERY = 4  # layer of which a gradient is shown

#: What each kind of job answers.
_ANSWERS: dict[type[Any], type[Any]] = {
    CheckJob: Check,
    CountJob: BlockMeasurement,
    GradientJob: Gradients,
    NetworkJob: NetworkCounts,
    StepJob: StepTrack,
}


@dataclass(frozen=True)
class Measure:
    """What one chapter of a lesson measures.

    Attributes:
        name: in lesson files.
        fields: of a Study that it depends on: what a lesson may give, or let a person try.
        columns: its numbers, in their order; they are told before anything has run and give no answer away.
        jobs: by name, what is to be run.
        answer: what ``jobs`` found, by the same names, put together; raises :class:`NoAnswerError`.
        facts: the names of all further numbers that an answer has.
        cards: of what is to be put into order: id → label. Empty where there is nothing.
    """

    name: str
    fields: tuple[str, ...]
    columns: Callable[[Study], tuple[Column, ...]]
    jobs: Callable[[Study], dict[str, Job]]
    answer: Callable[[Study, Mapping[str, Any]], Answer]
    facts: tuple[str, ...]
    cards: Mapping[str, Said] = field(default_factory=dict)


class NoAnswerError(Exception):
    """All jobs were done, and yet there is no number to show."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem.message)


def _answer(source: Said, values: tuple[float, ...], **facts: float) -> Answer:
    return Answer(values, tuple(facts.items()), (), source)


def _block(study: Study, layers: int | None = None) -> DenseBlockSpec:
    """The Study's block as every text draws it: BN first, with a 1×1 of four times the growth rate."""
    given = study.block
    return DenseBlockSpec(given.in_channels, given.growth_rate, layers if layers is not None else given.layers)


def _counted(block: DenseBlockSpec | ResidualSpec) -> CountJob:
    return CountJob(block, SMALL, _FORWARD)


def _on_modules(found: BlockMeasurement) -> Said:
    return said("Counted on live modules, PyTorch {torch}", torch=found.device.torch)


def _values(found: Check) -> dict[str, float]:
    """Its numbers by name, whole ones as such."""
    return {name: int(value) if float(value).is_integer() else value for name, value in found.values}


def _rows(found: BlockMeasurement) -> tuple[ModuleRow, ...]:
    if not found.rows:
        raise NoAnswerError(Problem("unsupported", "The table of modules needs torchinfo, which is not installed."))
    return found.rows


# --- 1 joined: concatenation keeps what came in, addition does not ----------------------------------------


def _joined_columns(_study: Study) -> tuple[Column, ...]:
    channels, same = said("channels"), said("channels, bit for bit")
    return (
        Column("cat-channels", said("Out by cat"), channels),
        Column("cat-same", said("Same by cat"), same),
        Column("add-channels", said("Out by adding"), channels, reference=True),
        Column("add-same", said("Same by adding"), same, reference=True),
    )


def _joined_jobs(study: Study) -> dict[str, Job]:
    return {"joined": CheckJob("joined", _block(study, 1), SMALL)}


def _joined_answer(study: Study, found: Mapping[str, Any]) -> Answer:
    check: Check = found["joined"]
    values = _values(check)
    return _answer(
        said("Compared channel by channel on live modules, PyTorch {torch}", torch=check.torch),
        tuple(values[name] for name in ("cat_channels", "cat_same", "add_channels", "add_same")),
        in_channels=study.block.in_channels,
        growth_rate=study.block.growth_rate,
        out=values["cat_channels"],
    )


# --- 2 channels: a straight line, and what is written for it ----------------------------------------------


def _channels_columns(study: Study) -> tuple[Column, ...]:
    return tuple(Column(f"layer-{n}", said("Layer {n}", n=n)) for n in range(1, study.block.layers + 1))


def _count_jobs(study: Study) -> dict[str, Job]:
    return {"block": _counted(_block(study))}


def _channels_answer(study: Study, found: Mapping[str, Any]) -> Answer:
    block: BlockMeasurement = found["block"]
    cats = [join for join in block.joins if join.op == "cat"]
    return _answer(
        _on_modules(block),
        tuple(cat.output for cat in cats),
        in_channels=study.block.in_channels,
        growth_rate=study.block.growth_rate,
        layers=study.block.layers,
        out=block.output_shape[1],
        written=sum(cat.output for cat in cats),
        added=sum(sum(cat.inputs[1:]) for cat in cats),
    )


# --- 3 drawings: the paper's arrows and the chain's concatenations ----------------------------------------


def _drawings_columns(_study: Study) -> tuple[Column, ...]:
    return (
        Column("arrows", said("Arrows"), said("as the paper draws it")),
        Column("cats", said("Concatenations"), said("as the code runs it")),
    )


def _drawings_jobs(study: Study) -> dict[str, Job]:
    return {"drawings": CheckJob("drawings", _block(study), SMALL)}


def _drawings_answer(study: Study, found: Mapping[str, Any]) -> Answer:
    check: Check = found["drawings"]
    values = _values(check)
    return _answer(
        said("Counted as both ran with the same weights, PyTorch {torch}", torch=check.torch),
        (values["arrows"], values["cats"]),
        layers=study.block.layers,
        difference=values["difference"],
        list_cats=values["list_cats"],
    )


# --- 4 bottleneck: from which depth the 1×1 saves ----------------------------------------------------------


def _bottleneck_columns(_study: Study) -> tuple[Column, ...]:
    return tuple(Column(f"depth-{n}", said("{n} layers", n=n)) for n in _DEPTHS)


def _bottleneck_jobs(study: Study) -> dict[str, Job]:
    given, jobs = study.block, dict[str, Job]()
    for layers in _DEPTHS:
        block = DenseBlockSpec(given.in_channels, given.growth_rate, layers, given.bottleneck_factor)
        jobs[f"with-{layers}"] = _counted(block)
        plain = DenseBlockSpec(given.in_channels, given.growth_rate, layers)  # which has no use for the factor
        jobs[f"without-{layers}"] = _counted(without_bottleneck(plain))
    return jobs


def _bottleneck_answer(study: Study, found: Mapping[str, Any]) -> Answer:
    counted = {name: one.parameters for name, one in found.items()}
    with_6, without_6 = counted["with-6"], counted["without-6"]
    return _answer(
        _on_modules(found["with-6"]),
        tuple(counted[f"with-{n}"] / counted[f"without-{n}"] for n in _DEPTHS),
        pays_from=pays_from(study.block, "parameters") or 0,  # 0: from no depth on
        with_6=with_6,
        without_6=without_6,
        more_6=with_6 - without_6,
    )


# --- 5 stages: each Dense Block of DenseNet-121 against the stage of ResNet-50 -----------------------------


def _blocks(study: Study) -> tuple[DenseBlockSpec, ...]:
    """Those of DenseNet-121 with the Study's growth rate.

    Raises:
        SpecError: it is so large that a later block would read more channels than a spec allows.
    """
    return DenseNetSpec(growth_rate=study.block.growth_rate).blocks


def _stages() -> tuple[ResidualSpec, ...]:
    """Those of ResNet-50; where their stride is makes no difference to their parameters."""
    network = ResNetSpec()
    before, stages = network.stem_channels, list[ResidualSpec]()
    for units, width in zip(network.stage_config, network.inner_widths, strict=True):
        stages.append(ResidualSpec(before, network.expansion * width, width, units, network.unit))
        before = network.expansion * width
    return tuple(stages)


def _stages_columns(study: Study) -> tuple[Column, ...]:
    pairs = enumerate(zip(_blocks(study), _stages(), strict=True), 1)
    return tuple(
        Column(
            f"block-{n}",
            said("Block {n}", n=n),
            said("{layers} layers, {units} units", layers=block.layers, units=stage.units),
        )
        for n, (block, stage) in pairs
    )


def _stages_jobs(study: Study) -> dict[str, Job]:
    jobs: dict[str, Job] = {f"block-{n}": _counted(block) for n, block in enumerate(_blocks(study), 1)}
    jobs |= {f"stage-{n}": _counted(stage) for n, stage in enumerate(_stages(), 1)}
    return jobs | {"networks": CheckJob("networks", _blocks(study)[0], SMALL)}


def _stages_answer(study: Study, found: Mapping[str, Any]) -> Answer:
    first: BlockMeasurement = found["block-1"]
    dense = [found[f"block-{n}"].parameters for n in range(1, 5)]
    units = [found[f"stage-{n}"].parameters for n in range(1, 5)]
    ratios = tuple(a / b for a, b in zip(dense, units, strict=True))
    whole = _values(found["networks"])
    return _answer(
        _on_modules(first),
        ratios,
        growth_rate=study.block.growth_rate,
        block_1=ratios[0],
        block_1_more=ratios[0] - 1,
        dense_1=dense[0],
        stage_1=units[0],
        conv3_1=sum(row.parameters for row in _rows(first) if row.kind == "Conv2d" and row.name == "conv2"),
        out_1=first.output_shape[1],
        four_dense=sum(dense),
        four_resnet=sum(units),
        four_ratio=sum(dense) / sum(units),
        whole=whole["dense"],
        whole_resnet=whole["resnet"],
        whole_ratio=whole["dense"] / whole["resnet"],
    )


# --- 6 statistics: which BatchNorm computes again and again ------------------------------------------------


def _statistics_columns(_study: Study) -> tuple[Column, ...]:
    return (
        Column("computed", said("Computed"), said("channel statistics")),
        Column("needed", said("Needed"), said("one a channel"), reference=True),
    )


def _statistics_answer(study: Study, found: Mapping[str, Any]) -> Answer:
    block: BlockMeasurement = found["block"]
    read = [row.input_shape[1] for row in _rows(block) if row.kind == "BatchNorm2d" and row.name == "bn1"]
    computed, needed = sum(read), max(read)  # the last layer reads every channel that any of them reads
    answer = _answer(
        _on_modules(block),
        (computed, needed),
        in_channels=study.block.in_channels,
        growth_rate=study.block.growth_rate,
        layers=study.block.layers,
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


# --- 7 transition: what comes out, and what if the pool ran first ------------------------------------------


def _transition_columns(_study: Study) -> tuple[Column, ...]:
    out = said("out ÷ in")
    return (
        Column("channels", said("Channels"), out),
        Column("side", said("Side"), out),
        Column("bytes", said("Bytes"), out),
        Column("macs", said("MACs"), said("pool first ÷ last")),
    )


def _transition_jobs(study: Study) -> dict[str, Job]:
    return {"transition": CheckJob("transition", _block(study), InputSpec())}


def _transition_answer(_study: Study, found: Mapping[str, Any]) -> Answer:
    check: Check = found["transition"]
    values = _values(check)
    return _answer(
        said("Run on live modules in both orders, PyTorch {torch}", torch=check.torch),
        tuple(values[name] for name in ("channels", "side", "bytes", "macs")),
        channels_in=values["channels_in"],
        channels_out=values["channels_out"],
        side_in=values["side_in"],
        side_out=values["side_out"],
        difference=values["difference"],
    )


# --- 8 gradients: of a plain stack, from the last layer to the first ---------------------------------------


def _shown(study: Study) -> tuple[int, ...]:
    """Every fourth layer, and the last."""
    layers = study.block.layers
    return tuple(dict.fromkeys((*range(1, layers + 1, _EVERY), layers)))


def _gradients_columns(study: Study) -> tuple[Column, ...]:
    return tuple(Column(f"layer-{n}", said("Layer {n}", n=n), reference=True) for n in _shown(study))


def _gradients_jobs(study: Study) -> dict[str, Job]:
    asked, given = study.gradients, study.block
    stacks = Study().with_(
        in_channels=given.in_channels,
        growth_rate=given.growth_rate,
        layers=given.layers,
        batch_norm=asked.batch_norm,
        init=asked.init,
    )
    jobs: dict[str, Job] = {str(name): job for name, job in gradient_jobs(stacks).items()}
    return jobs | {f"{name}_off": job for name, job in gradient_jobs(stacks.with_(batch_norm=False)).items()}


def _gradients_answer(study: Study, found: Mapping[str, Any]) -> Answer:
    curves = {name: [spread.median for spread in relative(one.runs)] for name, one in found.items()}
    if not all(curves.values()):
        words = "No seed gave a gradient at the last layer that is finite and not zero."
        raise NoAnswerError(Problem("failed", words, "Choose other initial weights, or fewer layers."))
    plain: Gradients = found["plain"]
    return _answer(
        said("Measured: median of {seeds} seeds, PyTorch {torch}", seeds=len(plain.runs), torch=plain.torch),
        tuple(curves["plain"][n] for n in _shown(study)),
        layers=study.block.layers,
        **{name: curve[1] for name, curve in curves.items()},
    )


# --- 9 memory: what one shared buffer saves, held and at the peak ------------------------------------------


def _memory_columns(_study: Study) -> tuple[Column, ...]:
    held, peak = said("held for backward"), said("highest point")
    return (
        Column("list-held", said("Plain, held"), held),
        Column("shared-held", said("Shared, held"), held),
        Column("list-peak", said("Plain, peak"), peak),
        Column("shared-peak", said("Shared, peak"), peak),
    )


def _memory_jobs(study: Study) -> dict[str, Job]:
    return {name: StepJob(_block(study), InputSpec(), _STEP, name) for name in ("list", "shared")}


def _memory_answer(_study: Study, found: Mapping[str, Any]) -> Answer:
    plain, shared = found["list"], found["shared"]
    values = (plain.kept_bytes, shared.kept_bytes, plain.peak_bytes, shared.peak_bytes)
    return _answer(
        said("Every tensor of one training step tracked, 1 image of 56 × 56"),
        tuple(value / _MIB for value in values),
        held_less=1 - shared.kept_bytes / plain.kept_bytes,
        peak_less=1 - shared.peak_bytes / plain.peak_bytes,
        copies_at_peak=_share_at_peak(plain, "copy"),
        conv1_at_peak=_share_at_peak(plain, "middle"),
    )


def _share_at_peak(track: StepTrack, purpose: Purpose) -> float:
    alive = track.alive(track.peak_step)
    return sum(track.nbytes(life) for life in alive if life.purpose == purpose) / track.peak_bytes


# --- 10 networks: DenseNet-121 and ResNet-50 on three axes -------------------------------------------------


def _networks_columns(_study: Study) -> tuple[Column, ...]:
    return (
        Column("parameters", said("Parameters"), said("counted")),
        Column("held", said("Held"), said("for backward")),
        Column("held-shared", said("Held, shared"), said("with one buffer")),
        Column("accuracy", said("Accuracy"), said("published")),
    )


def _networks_jobs(study: Study) -> dict[str, Job]:
    return {**network_jobs(Study().with_(image_size=study.networks.image_size))}


def _networks_answer(study: Study, found: Mapping[str, Any]) -> Answer:
    dense, units, shared = found["network"], found["against"], found["shared"]
    top1_dense, top1_resnet = PUBLISHED["densenet121"].top1, PUBLISHED["resnet50"].top1
    return _answer(
        said("Networks counted on {size} × {size}; accuracy published", size=study.networks.image_size),
        (
            dense.parameters / units.parameters,
            dense.held_bytes / units.held_bytes,
            shared.held_bytes / units.held_bytes,
            top1_dense / top1_resnet,
        ),
        parameters_dense=dense.parameters,
        parameters_resnet=units.parameters,
        held_dense=dense.held_bytes / _MIB,
        held_shared=shared.held_bytes / _MIB,
        held_resnet=units.held_bytes / _MIB,
        top1_dense=top1_dense,
        top1_resnet=top1_resnet,
    )


# --- all of them ----------------------------------------------------------------------------------------

_WIDTHS = ("in_channels", "growth_rate")
_SHAPE = (*_WIDTHS, "layers")

#: What a chapter may be about, by name.
MEASURES: dict[str, Measure] = {
    measure.name: measure
    for measure in (
        Measure("joined", _WIDTHS, _joined_columns, _joined_jobs, _joined_answer, (*_WIDTHS, "out")),
        Measure(
            "channels",
            _SHAPE,
            _channels_columns,
            _count_jobs,
            _channels_answer,
            (*_SHAPE, "out", "written", "added"),
        ),
        Measure(
            "drawings",
            _SHAPE,
            _drawings_columns,
            _drawings_jobs,
            _drawings_answer,
            ("layers", "difference", "list_cats"),
        ),
        Measure(
            "bottleneck",
            (*_WIDTHS, "bottleneck_factor"),
            _bottleneck_columns,
            _bottleneck_jobs,
            _bottleneck_answer,
            ("pays_from", "with_6", "without_6", "more_6"),
        ),
        Measure(
            "stages",
            ("growth_rate",),
            _stages_columns,
            _stages_jobs,
            _stages_answer,
            (
                "growth_rate",
                "block_1",
                "block_1_more",
                "dense_1",
                "stage_1",
                "conv3_1",
                "out_1",
                "four_dense",
                "four_resnet",
                "four_ratio",
                "whole",
                "whole_resnet",
                "whole_ratio",
            ),
        ),
        Measure(
            "statistics",
            _SHAPE,
            _statistics_columns,
            _count_jobs,
            _statistics_answer,
            (*_SHAPE, "again", "times"),
            _CARDS,
        ),
        Measure(
            "transition",
            _SHAPE,
            _transition_columns,
            _transition_jobs,
            _transition_answer,
            ("channels_in", "channels_out", "side_in", "side_out", "difference"),
        ),
        Measure(
            "gradients",
            (*_SHAPE, "batch_norm", "init"),
            _gradients_columns,
            _gradients_jobs,
            _gradients_answer,
            ("layers", "plain", "residual", "dense", "plain_off", "residual_off", "dense_off"),
        ),
        Measure(
            "memory",
            _SHAPE,
            _memory_columns,
            _memory_jobs,
            _memory_answer,
            ("held_less", "peak_less", "copies_at_peak", "conv1_at_peak"),
        ),
        Measure(
            "networks",
            ("image_size",),
            _networks_columns,
            _networks_jobs,
            _networks_answer,
            (
                "parameters_dense",
                "parameters_resnet",
                "held_dense",
                "held_shared",
                "held_resnet",
                "top1_dense",
                "top1_resnet",
            ),
        ),
    )
}


def lesson_jobs(name: str, study: Study) -> dict[str, Job]:
    """What the measure ``name`` runs for ``study``, by name; equal jobs run once.

    Raises:
        KeyError: there is no such measure.
        SpecError: a network that follows from ``study`` would be too wide.
    """
    return MEASURES[name].jobs(study)


def lesson_answer(name: str, study: Study, states: Mapping[Job, State]) -> tuple[Answer | None, Problem | None]:
    """What was measured, or why it was not; both None while a job is open and none has failed."""
    measure, found = MEASURES[name], dict[str, Any]()
    for which, job in measure.jobs(study).items():
        found[which], problem = seen(_ANSWERS[type(job)], job, states, "auto")
        if problem is not None:
            return None, problem
    if any(one is None for one in found.values()):
        return None, None
    try:
        return measure.answer(study, found), None
    except NoAnswerError as none:
        return None, none.problem


def measure_lesson(
    name: str, study: Study, engine: Runs | None = None, timeout: float = 300
) -> tuple[Answer | None, Problem | None]:
    """Measures for one chapter and waits for the answer, or why there is none.

    Args:
        name: of the measure.
        study: its ``fields`` count.
        engine: where it runs; None starts one and closes it before returning.
        timeout: seconds after which what is still open is given up and reported as a problem.
    """
    running: Runs = engine or Engine()
    try:
        states = settled(running, lesson_jobs(name, study).values(), time.monotonic() + timeout, timeout)
        return lesson_answer(name, study, states)
    finally:
        if engine is None:
            running.close()
