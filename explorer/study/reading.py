"""What a worker answered, decoded once and kept while it is in use; never under the name of another device."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeVar

from explorer.engine import Done, Failed, State
from explorer.findings import (
    BlockMeasurement,
    Check,
    Comparison,
    CompiledStep,
    Device,
    Gradients,
    HeatMap,
    LayerView,
    NetworkCounts,
    Plan,
    Problem,
    ReadWeights,
    StepTrack,
    TimeMeasurement,
    Trained,
    from_builtins,
)
from explorer.language import said
from explorer.spec import Job

T = TypeVar(
    "T",
    bound=BlockMeasurement
    | Check
    | TimeMeasurement
    | Comparison
    | CompiledStep
    | Device
    | Gradients
    | HeatMap
    | LayerView
    | NetworkCounts
    | Plan
    | ReadWeights
    | StepTrack
    | Trained,
)


def seen(kind: type[T], job: Job, states: Mapping[Job, State], asked: str) -> tuple[T | None, Problem | None]:
    """What ``job`` answered, or why it did not; both None while it is open. ``asked`` is the device asked for."""
    return _read(kind, states.get(job), asked)


def _read(kind: type[T], state: State | None, asked: str) -> tuple[T | None, Problem | None]:
    """A job's answer, or why there is none; both None while it is open."""
    if isinstance(state, Failed):
        return None, state.problem
    if not isinstance(state, Done):
        return None, None
    answer: T | Problem = _decoded(_Answer(kind, state.result))
    if isinstance(answer, Problem):
        return None, answer
    # Those that are the same on every device, or of one that they name.
    if isinstance(answer, ReadWeights | StepTrack | Plan | NetworkCounts | HeatMap | Gradients | Trained | Check):
        return answer, None
    device = answer if isinstance(answer, Device) else answer.device
    if not _is(device.device, asked):
        return None, Problem(
            "failed",
            said(
                "{asked} was asked for, but {answered} answered; its numbers are not shown",
                asked=asked,
                answered=device.device,
            ),
        )
    return answer, None


def _is(device: str, asked: str) -> bool:
    """Whether numbers taken on ``device`` may stand under the name ``asked``."""
    return asked == "auto" or device == asked or (":" not in asked and device.partition(":")[0] == asked)


class _Answer:
    """What a worker sent and how to read it; equal only to itself, so that no cache hashes what is in it."""

    def __init__(self, kind: type[Any], result: dict[str, Any]) -> None:
        self.kind, self.result = kind, result

    def __hash__(self) -> int:
        return id(self.result)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Answer) and other.result is self.result and other.kind is self.kind


# Bounded: a result of 64 Bottlenecks is some hundred kilobytes. An entry holds the result itself,
# so that its identity cannot pass to another one while the entry lives.
@lru_cache(maxsize=256)
def _decoded(answer: _Answer) -> Any:
    if "problem" in answer.result:
        return from_builtins(Problem, answer.result["problem"])
    return from_builtins(answer.kind, answer.result)
