"""What a lesson measures of a Dense Block beside something else: ResNet, a plain stack, a shared buffer, accuracy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from explorer.findings import Answer, BlockMeasurement, Column, Gradients, Problem, Purpose, StepTrack
from explorer.findings.gradients import relative
from explorer.language import said
from explorer.spec import (
    CheckJob,
    DenseBlockSpec,
    DenseNetSpec,
    InputSpec,
    Job,
    ResidualSpec,
    ResNetSpec,
    RunSpec,
    StepJob,
    Study,
)
from explorer.study.gradients import gradient_jobs
from explorer.study.lesson_measure import (
    SHAPE,
    SMALL,
    Measure,
    NoAnswerError,
    answer_of,
    block_of,
    counted,
    on_modules,
    rows_of,
    values_of,
)
from explorer.study.networks import network_jobs
from explorer.theory import PUBLISHED

_STEP = RunSpec(device="cpu")
_MIB = 2**20
_EVERY = 4  # layer of which a gradient is shown

# --- stages: each Dense Block of DenseNet-121 against the stage of ResNet-50 ---------------------------


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
    jobs: dict[str, Job] = {f"block-{n}": counted(block) for n, block in enumerate(_blocks(study), 1)}
    jobs |= {f"stage-{n}": counted(stage) for n, stage in enumerate(_stages(), 1)}
    return jobs | {"networks": CheckJob("networks", _blocks(study)[0], SMALL)}


def _stages_answer(study: Study, found: Mapping[str, Any]) -> Answer:
    first: BlockMeasurement = found["block-1"]
    dense = [found[f"block-{n}"].parameters for n in range(1, 5)]
    units = [found[f"stage-{n}"].parameters for n in range(1, 5)]
    ratios = tuple(a / b for a, b in zip(dense, units, strict=True))
    whole = values_of(found["networks"])
    return answer_of(
        on_modules(first),
        ratios,
        growth_rate=study.block.growth_rate,
        block_1=ratios[0],
        block_1_more=ratios[0] - 1,
        dense_1=dense[0],
        stage_1=units[0],
        conv3_1=sum(row.parameters for row in rows_of(first) if row.kind == "Conv2d" and row.name == "conv2"),
        out_1=first.output_shape[1],
        four_dense=sum(dense),
        four_resnet=sum(units),
        four_ratio=sum(dense) / sum(units),
        whole=whole["dense"],
        whole_resnet=whole["resnet"],
        whole_ratio=whole["dense"] / whole["resnet"],
    )


STAGES = Measure(
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
)


# --- gradients: of a plain stack, from the last layer to the first -------------------------------------


def _shown(study: Study) -> tuple[int, ...]:
    """Every fourth layer, and the last."""
    layers = study.block.layers
    return tuple(dict.fromkeys((*range(1, layers + 1, _EVERY), layers)))


def _gradients_columns(study: Study) -> tuple[Column, ...]:
    return tuple(Column(f"layer-{n}", said("Layer {n}", n=n), of="plain") for n in _shown(study))


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
        words = said("No seed gave a gradient at the last layer that is finite and not zero.")
        raise NoAnswerError(Problem("failed", words, said("Choose other initial weights, or fewer layers.")))
    plain: Gradients = found["plain"]
    return answer_of(
        said("Measured: median of {seeds} seeds, PyTorch {torch}", seeds=len(plain.runs), torch=plain.torch),
        tuple(curves["plain"][n] for n in _shown(study)),
        layers=study.block.layers,
        **{name: curve[1] for name, curve in curves.items()},
    )


GRADIENTS = Measure(
    "gradients",
    (*SHAPE, "batch_norm", "init"),
    _gradients_columns,
    _gradients_jobs,
    _gradients_answer,
    ("layers", "plain", "residual", "dense", "plain_off", "residual_off", "dense_off"),
)


# --- memory: what one shared buffer saves, held and at the peak ----------------------------------------


def _memory_columns(_study: Study) -> tuple[Column, ...]:
    held, peak = said("held for backward"), said("highest point")
    return (
        Column("list-held", said("Plain, held"), held),
        Column("shared-held", said("Shared, held"), held),
        Column("list-peak", said("Plain, peak"), peak),
        Column("shared-peak", said("Shared, peak"), peak),
    )


def _memory_jobs(study: Study) -> dict[str, Job]:
    return {name: StepJob(block_of(study), InputSpec(), _STEP, name) for name in ("list", "shared")}


def _memory_answer(_study: Study, found: Mapping[str, Any]) -> Answer:
    plain, shared = found["list"], found["shared"]
    values = (plain.kept_bytes, shared.kept_bytes, plain.peak_bytes, shared.peak_bytes)
    return answer_of(
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


MEMORY = Measure(
    "memory",
    SHAPE,
    _memory_columns,
    _memory_jobs,
    _memory_answer,
    ("held_less", "peak_less", "copies_at_peak", "conv1_at_peak"),
)


# --- networks: DenseNet-121 and ResNet-50 on three axes ------------------------------------------------


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
    return answer_of(
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


NETWORKS = Measure(
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
)
