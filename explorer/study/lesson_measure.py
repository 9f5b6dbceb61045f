"""What a chapter of a lesson measures, as a chapter may ask for it.

A measure takes what it depends on from a Study, its ``fields``, and nothing else: whatever else a Study says, a
lesson's blocks are the plain ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from explorer.findings import Answer, BlockMeasurement, Check, Column, ModuleRow, Problem
from explorer.language import Said, said
from explorer.spec import CountJob, DenseBlockSpec, InputSpec, Job, ResidualSpec, RunSpec, Study

#: What does not depend on the size of the maps is counted on small ones, in a forward.
SMALL, FORWARD = InputSpec(1, 8, 8), RunSpec(mode="inference", device="cpu")

#: Fields that most depend on.
WIDTHS = ("in_channels", "growth_rate")
SHAPE = (*WIDTHS, "layers")


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
    cards: Mapping[str, Said] = field(default_factory=dict, hash=False)


class NoAnswerError(Exception):
    """All jobs were done, and yet there is no number to show."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem.message)


def answer_of(source: Said, values: tuple[float, ...], **facts: float) -> Answer:
    """The numbers of the columns, and the facts by name; without cards."""
    return Answer(values, tuple(facts.items()), (), source)


def fields_of(study: Study, names: tuple[str, ...]) -> dict[str, int]:
    """What the Study says of the fields ``names``, which are facts of an answer, too."""
    return {name: study[name] for name in names}


def block_of(study: Study, layers: int | None = None) -> DenseBlockSpec:
    """The Study's block as every text draws it: BN first, with a 1×1 of four times the growth rate."""
    given = study.block
    return DenseBlockSpec(given.in_channels, given.growth_rate, layers if layers is not None else given.layers)


def counted(block: DenseBlockSpec | ResidualSpec) -> CountJob:
    """One forward on small maps, for what does not depend on their size."""
    return CountJob(block, SMALL, FORWARD)


def on_modules(found: BlockMeasurement) -> Said:
    """Where a count was taken."""
    return said("Counted on live modules, PyTorch {torch}", torch=found.device.torch)


def values_of(found: Check) -> dict[str, float]:
    """Its numbers by name, whole ones as such."""
    return {name: int(value) if float(value).is_integer() else value for name, value in found.values}


def rows_of(found: BlockMeasurement) -> tuple[ModuleRow, ...]:
    """The modules that ran.

    Raises:
        NoAnswerError: the worker has no table of them.
    """
    if not found.rows:
        words = said("The table of modules needs torchinfo, which is not installed.")
        raise NoAnswerError(Problem("unsupported", words))
    return found.rows
