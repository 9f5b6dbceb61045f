"""Several measurements at once, each on torch threads of its own.

Worker threads of OpenMP sleep between two operators (``explorer.measure``), so two threads for one small operator
gain next to nothing: 24 layers took as long on two as on one. Two runs beside each other take little more than half.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

T = TypeVar("T")


def side_by_side(calls: list[Callable[[], T]], most: int) -> list[T]:
    """What ``calls`` return, in their order; at most ``most`` run at a time, which share torch's threads.

    Raises:
        Exception: what a call raised, the first of them; those under way are finished before.
    """
    threads = torch.get_num_threads()
    at_once = max(1, min(most, threads, len(calls)))

    def prepare() -> None:
        torch.set_num_threads(threads // at_once)

    try:
        with ThreadPoolExecutor(at_once, initializer=prepare) as pool:
            return [run.result() for run in [pool.submit(call) for call in calls]]
    finally:
        torch.set_num_threads(threads)  # a thread's number becomes that of all that begin after it
