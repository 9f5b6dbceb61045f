"""One block compiled with one budget of memory, beside ``list``: what it keeps, its time, and how long compiling took.

To be run in a process that then ends: a compile that failed leaves hooks behind, and a block with another budget in the
same process would compile this one anew.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import Tensor, nn

from explorer.findings import CompiledStep, Problem
from explorer.language import said
from explorer.measure.admission import refusals
from explorer.measure.compare import Written, counted, need
from explorer.measure.device import describe
from explorer.measure.live import live_input, named_block, ready
from explorer.measure.problems import StoppedError, first_line, known_problem
from explorer.measure.rounds import rounds
from explorer.measure.saved import unpack
from explorer.measure.timing import run_step, synchronise
from explorer.measure.track import own_tensors, storage_key
from explorer.spec import CompiledJob

#: What all rounds take where nobody says how many.
SECONDS = 15.0


def compiled(job: CompiledJob) -> CompiledStep:
    """Compiles, counts what is handed to autograd, and times the step and that of ``list`` in the same rounds.

    Torch keeps what it compiled in its own folder, so that the same block and budget are compiled once a machine.

    Raises:
        StoppedError: no such device, a type it cannot compute in, not enough memory, no compiler, or it failed.
    """
    run = replace(job.run, mode="training")
    device = ready(run)
    place = describe(device)
    beside = Written("list", job.block)
    # How much memory the compiled code takes is not known beforehand; no more than what it is made from.
    like = need(beside, counted(beside, job.input, run).peak_bytes, job.input, run, place)
    refused = refusals((like, like), place)[1]
    if refused is not None:
        raise StoppedError(refused)
    plain = beside.block(run).to(device)
    block = named_block(job.block, run, "compiled", float(job.budget)).to(device)
    x = live_input(job.block, job.input, run, device)
    with _in_this_process(), _cache():
        seconds = _first_step(block, x)
        kept = kept_bytes(block, x)
        times, others = rounds((block, plain), x, job.rounds, SECONDS)
    if isinstance(times, Problem):
        raise StoppedError(times)
    return CompiledStep(place, job.budget, kept, times, () if isinstance(others, Problem) else others, seconds)


def kept_bytes(block: nn.Module, x: Tensor) -> int:
    """Bytes that ``block``, which has been compiled, hands to autograd: each storage once, its own tensors left out."""
    own = {storage_key(tensor) for tensor in own_tensors(block)}
    seen: dict[object, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        if storage_key(tensor) not in own:  # alive as long as the graph, so no key passes to another storage
            seen[storage_key(tensor)] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, unpack):
        y = block(x)
    del y
    return sum(seen.values())


def _first_step(block: nn.Module, x: Tensor) -> float:
    """Seconds of the step that compiles both passes."""
    begun = time.perf_counter()
    try:
        run_step(block, x)
    except Exception as fault:
        if known_problem(fault) is not None:
            raise
        told = said("torch.compile failed: {fault}.", fault=first_line(fault))
        advice = said("Try again; if it fails again, delete the folder {folder}.", folder=os.environ.get(_FOLDER, ""))
        raise StoppedError(Problem("failed", told, advice)) from None
    synchronise(x.device)
    block.zero_grad(set_to_none=True)
    return time.perf_counter() - begun


@contextmanager
def _in_this_process() -> Iterator[None]:
    """Compiles one piece after another: a pool of processes that compile would outlive a worker that is killed."""
    from torch._inductor import config  # half a second, which only this job needs

    with config.patch(compile_threads=1):
        yield


@contextmanager
def _cache() -> Iterator[None]:
    """Torch's folder for what it compiled; where that cannot be written, one that ends with the job."""
    from torch._inductor.runtime.cache_dir_utils import cache_dir

    before = os.environ.get(_FOLDER)
    try:
        try:
            tempfile.TemporaryFile(dir=cache_dir()).close()
        except OSError:
            with tempfile.TemporaryDirectory(prefix="compiled-") as folder:
                os.environ[_FOLDER] = folder
                yield
        else:
            yield
    finally:
        os.environ.pop(_FOLDER, None)  # the question itself sets it
        if before is not None:
            os.environ[_FOLDER] = before


_FOLDER = "TORCHINDUCTOR_CACHE_DIR"
