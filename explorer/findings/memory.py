"""What is known of a Study's memory: each implementation's step, their times side by side, and what fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from explorer.findings.lives import Plan, StepTrack
from explorer.findings.measurement import Comparison, CompiledStep, Device, Problem
from explorer.findings.theory import StudyTheory
from explorer.spec import Study


@dataclass(frozen=True)
class MemoryFindings:
    """A Study's memory as far as it is known; what is missing is None or absent.

    Attributes:
        steps: implementation → its training step, tracked on fake tensors; ``residual`` is the counterpart's.
        comparison: all of them timed on the device, in the same rounds.
        compiled: budget → the compiled block beside ``list``.
        plan: the largest that fits.
        problems: why something is missing: an implementation, ``residual``, ``comparison``, ``time of shared``,
            ``plan``, ``compiled 0.1``.
        waiting: what is still being worked out, by the same names.
    """

    study: Study
    theory: StudyTheory
    steps: Mapping[str, StepTrack] = field(default_factory=dict)
    comparison: Comparison | None = None
    compiled: Mapping[str, CompiledStep] = field(default_factory=dict)
    plan: Plan | None = None
    problems: Mapping[str, Problem] = field(default_factory=dict)
    waiting: tuple[str, ...] = ()

    @property
    def device(self) -> Device | None:
        """Where it was measured, once something was."""
        measured = (self.comparison, *self.compiled.values())
        return next((found.device for found in measured if found is not None), None)

    @property
    def machine_bytes(self) -> int | None:
        """The device's own memory, where it is known."""
        if self.device is not None and self.device.total_bytes:
            return self.device.total_bytes
        return self.plan.limits[-1] if self.plan is not None and self.plan.machine else None
