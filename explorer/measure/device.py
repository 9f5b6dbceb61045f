"""Which device a measurement runs on, what it is called, and what it can hold and compute."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import nn

from explorer.findings import Device, Problem
from explorer.language import Said, said
from explorer.measure.problems import StoppedError, is_device_fault, is_out_of_memory, is_unsupported
from explorer.memory import available_bytes, data_bytes_left, total_bytes


def resolve(asked: str) -> torch.device:
    """The device that a :class:`explorer.spec.RunSpec` asks for; ``auto`` is the accelerator if there is one.

    Raises:
        StoppedError: this machine has no such device. Never falls back to another one.
    """
    present = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    if asked == "cpu" or (asked == "auto" and present is None):
        return torch.device("cpu")
    if present is None:
        raise _absent(said("No GPU on this machine."))
    if asked == "auto":
        return _indexed(present)
    device = torch.device(asked)
    if device.type != present.type:
        raise _absent(
            said("No {asked} device on this machine; it has {present}.", asked=device.type, present=present.type)
        )
    count = torch.accelerator.device_count()
    if device.index is not None and device.index >= count:
        last = f"{present.type}:{count - 1}"
        raise _absent(said("No {asked} on this machine; {last} is the last one.", asked=asked, last=last))
    return _indexed(device)


def _absent(message: Said) -> StoppedError:
    return StoppedError(Problem("no_device", message, said("Choose auto or cpu.")))


def _indexed(device: torch.device) -> torch.device:
    if device.type == "mps" or device.index is not None:
        return device
    return torch.device(device.type, torch.accelerator.current_device_index())


def describe(device: torch.device) -> Device:
    """Name, torch, threads and memory of ``device`` as they are now."""
    total, free = _memory(device)
    threads = torch.get_num_threads()
    return Device(str(device), _name(device, threads), str(torch.__version__), threads, total, free)


def _name(device: torch.device, threads: int) -> str:
    if device.type == "cpu":
        return f"CPU, {threads} {'thread' if threads == 1 else 'threads'}"
    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    return "Apple GPU (MPS)" if device.type == "mps" else str(device)


def _memory(device: torch.device) -> tuple[int, int]:
    """(total, free) bytes; for the CPU what this process may use, its own limits respected."""
    if device.type == "cuda":
        free, total = torch.cuda.mem_get_info(device)
        cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return total, free + cached  # what torch keeps for itself is free for the next block
    if device.type == "mps":
        most = torch.mps.recommended_max_memory()
        return most, max(0, most - torch.mps.current_allocated_memory())
    whole = total_bytes()
    limits = [n for n in (available_bytes(), data_bytes_left()) if n is not None]
    usable = min(limits) if limits else whole or UNKNOWN  # where no more is known (macOS): all that there is
    return max(whole or UNKNOWN, usable), usable


#: Bytes of a memory that the system does not tell of.
UNKNOWN = 0


def require_dtype(device: torch.device, dtype: torch.dtype, training: bool) -> None:
    """Makes sure that convolution and BatchNorm run in ``dtype`` on ``device``.

    Raises:
        StoppedError: they do not.
    """
    if not _computes(device, dtype, training):
        name = str(dtype).removeprefix("torch.")
        words = (
            said("The CPU cannot compute in {dtype}.", dtype=name)
            if device.type == "cpu"
            else said(
                "{name} ({device}) cannot compute in {dtype}.", name=_name(device, 0), device=str(device), dtype=name
            )
        )
        raise StoppedError(Problem("unsupported", words, said("Choose float32.")))


@lru_cache(maxsize=64)
def _computes(device: torch.device, dtype: torch.dtype, training: bool) -> bool:
    try:
        module = nn.Sequential(nn.Conv2d(1, 1, 3, padding=1, bias=False), nn.BatchNorm2d(1), nn.ReLU())
        module = module.to(device, dtype).train(training)
        with torch.set_grad_enabled(training):
            y = module(torch.zeros(2, 1, 4, 4, device=device, dtype=dtype)).sum()
        if training:
            y.backward()
    except TypeError:  # MPS, for float64
        return False
    except RuntimeError as error:
        if not is_unsupported(error) or is_out_of_memory(error) or is_device_fault(error):
            raise  # it passes, or the device is broken: nothing to remember
        return False
    return True
