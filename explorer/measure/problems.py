"""What stops a measurement, as a :class:`explorer.findings.Problem`; within a worker only."""

from __future__ import annotations

import torch

from explorer.findings import Problem

SMALLER = "Lower batch or input size, or use bfloat16."


class StoppedError(Exception):
    """A measurement cannot go on, for a reason that a person can be told. It never leaves the worker."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem.message)


def known_problem(error: Exception) -> Problem | None:
    """The problem that ``error`` stands for, or None where it is a fault of the program."""
    if isinstance(error, StoppedError):
        return error.problem
    text = str(error)
    if isinstance(error, MemoryError | torch.OutOfMemoryError) or _is_out_of_memory(text):
        return Problem("out_of_memory", "The device ran out of memory while the block ran.", SMALLER)
    if isinstance(error, RuntimeError | TypeError) and _is_unsupported(text):
        return Problem("unsupported", f"The device cannot run this: {text.splitlines()[0][:200]}", "Choose float32.")
    return None


def _is_out_of_memory(text: str) -> bool:
    # The CPU's and the MPS allocator raise a bare RuntimeError.
    return "can't allocate memory" in text or "not enough memory" in text or "out of memory" in text


def _is_unsupported(text: str) -> bool:
    return "not implemented for" in text or "not supported" in text or "doesn't support" in text
