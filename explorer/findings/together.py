"""Closed forms and measurements side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from explorer.findings.measurement import BlockMeasurement, Device, Problem, Timing
from explorer.findings.quantity import Quantity
from explorer.findings.theory import BlockTheory, StudyTheory
from explorer.language import N_
from explorer.spec import InNotebooks, Study

Role = Literal["dense", "residual", "second"]


@dataclass(frozen=True)
class BlockFindings:
    """One block: closed forms, what was counted so far, and why not if not."""

    role: Role
    label: str
    theory: BlockTheory
    parameters: Quantity
    macs: Quantity
    saved_bytes: Quantity
    peak_bytes: Quantity
    measurement: BlockMeasurement | None = None
    forward: Timing | None = None
    step: Timing | None = None
    problem: Problem | None = None


@dataclass(frozen=True)
class Findings(InNotebooks):
    """A Study's findings as far as they are known. ``waiting`` names the roles still being counted."""

    study: Study
    theory: StudyTheory
    dense: BlockFindings
    residual: BlockFindings
    second: BlockFindings
    device: Device | None = None
    timing_problem: Problem | None = None
    waiting: tuple[str, ...] = ()

    @property
    def blocks(self) -> tuple[BlockFindings, BlockFindings, BlockFindings]:
        """Dense, the chosen counterpart, the second one."""
        return self.dense, self.residual, self.second

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every reason for which something was not measured, each once, in the blocks' order."""
        found = [block.problem for block in self.blocks] + [self.timing_problem]
        return tuple(dict.fromkeys(problem for problem in found if problem))


CONVENTIONS: dict[str, tuple[str, str]] = {
    "parameters": (N_("parameters"), N_("BN weight and bias counted")),
    "macs": (N_("MACs"), N_("1 MAC = 1 multiply-accumulate; convolutions only, whole batch, forward")),
    "saved_bytes": (
        N_("bytes"),
        N_("kept by autograd for backward, each storage once; input included, parameters not"),
    ),
    "peak_bytes": (N_("bytes"), N_("live tensor bytes at their highest; parameters, buffers and input included")),
}


def reconciled(
    role: Role,
    label: str,
    theory: BlockTheory,
    measurement: BlockMeasurement | None = None,
    forward: Timing | None = None,
    step: Timing | None = None,
    problem: Problem | None = None,
) -> BlockFindings:
    """Closed forms and counts side by side, one :class:`Quantity` each."""
    live = measurement
    found: dict[str, dict[str, int | None]] = {
        "parameters": {"closed_form": theory.parameters, "counted": live.parameters if live else None},
        "macs": {"closed_form": theory.macs, "counted": live.macs if live else None},
        "saved_bytes": {"closed_form": theory.saved_bytes, "tracked": live.saved_bytes if live else None},
        "peak_bytes": {
            "closed_form": theory.peak_bytes,
            "tracked": live.peak_bytes if live else None,
            "device": live.device_peak_bytes if live else None,
        },
    }
    quantities = {
        name: Quantity(
            name,
            *CONVENTIONS[name],
            {o: v for o, v in values.items() if v is not None},
            ran=live is None or not live.fake,
        )
        for name, values in found.items()
    }
    return BlockFindings(
        role, label, theory, **quantities, measurement=live, forward=forward, step=step, problem=problem
    )
