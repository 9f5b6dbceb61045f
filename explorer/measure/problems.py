"""What stops a measurement, as a :class:`explorer.findings.Problem`; within a worker only."""

from __future__ import annotations

import torch

from explorer.blocks import NoCompilerError
from explorer.findings import Problem
from explorer.language import said
from explorer.memory import SMALLER


class StoppedError(Exception):
    """A measurement cannot go on, for a reason that a person can be told. It never leaves the worker."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem.message)


def known_problem(error: Exception) -> Problem | None:
    """The problem that ``error`` stands for, or None where it is a fault of the program."""
    if isinstance(error, StoppedError):
        return error.problem
    if isinstance(error, NoCompilerError):
        return Problem("unsupported", error.told)
    if is_out_of_memory(error):
        return Problem("out_of_memory", said("The device ran out of memory while the block ran."), SMALLER)
    if is_device_fault(error):
        return Problem("failed", said("The device failed: {fault}.", fault=first_line(error)), said("Ask again."))
    if is_unsupported(error):
        words = said("The device cannot run this: {fault}.", fault=first_line(error))
        return Problem("unsupported", words, said("Choose float32."))
    return None


def is_out_of_memory(error: Exception) -> bool:
    """Whether memory ran out. The CPU's and the MPS allocator, and oneDNN, raise a bare RuntimeError."""
    text = str(error)
    told = "can't allocate memory" in text or "not enough memory" in text or "out of memory" in text
    told = told or first_line(error) in _ONE_DNN_HAS_NO_ROOM
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or (isinstance(error, RuntimeError) and told)


def is_spent(problem: Problem, on_gpu: bool) -> bool:
    """Whether the process should be replaced after ``problem``: memory ran out on the CPU.

    oneDNN remembers a primitive for which there was no room as one that cannot be made: the same convolution fails in
    this process ever after. A GPU's allocator forgets.
    """
    return problem.kind == "out_of_memory" and not on_gpu


#: All that oneDNN says where the limit on a process's memory leaves it no room. Of what it cannot compute it says more:
#: "could not create a primitive descriptor for …".
_ONE_DNN_HAS_NO_ROOM = ("could not create a primitive", "could not execute a primitive")


def is_device_fault(error: Exception) -> bool:
    """Whether an accelerator failed in a way that lasts: an illegal access, an assertion on the device.

    Every later call in the same process fails too, so the process must be replaced.
    """
    if is_out_of_memory(error) or isinstance(error, StoppedError):
        return False
    return isinstance(error, torch.AcceleratorError) or (
        isinstance(error, RuntimeError) and any(sign in str(error) for sign in _FAULTS)
    )


_FAULTS = ("CUDA error", "HIP error", "CUDNN_STATUS_EXECUTION_FAILED", "CUBLAS_STATUS_EXECUTION_FAILED")


def is_unsupported(error: Exception) -> bool:
    """Whether the device has no such operation in this type. MPS raises a TypeError for float64."""
    text = str(error)
    told = "not implemented for" in text or "not supported" in text or "doesn't support" in text
    return isinstance(error, NotImplementedError) or (isinstance(error, RuntimeError | TypeError) and told)


def first_line(error: Exception) -> str:
    """The first line of what ``error`` says, without the full stop, or its kind."""
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(". ")[:200] if lines else type(error).__name__
