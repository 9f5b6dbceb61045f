"""Steps of several blocks timed side by side, round by round; one that runs out of memory is left out of the rest."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from torch import Tensor, nn

from explorer.findings import Problem
from explorer.measure.allocator import give_back
from explorer.measure.problems import is_out_of_memory, known_problem
from explorer.measure.timing import clock_of, undisturbed

#: Rounds where nobody says how many: so many at least and at most, as far as there is time.
FEWEST, MOST = 3, 41

S = TypeVar("S")
T = TypeVar("T")


def rounds(
    blocks: Sequence[nn.Module], x: Tensor, count: int | None, seconds: float
) -> list[tuple[float, ...] | Problem]:
    """Milliseconds of a whole step of each block in each round, after one to warm up; or why there are none.

    Each round begins with the next block, so that none always follows the same other one. A block that runs out of
    memory has no times, and the others go on without it, so that their rounds still pair.

    Args:
        blocks: modules of one mode, on the device and of the type of ``x``.
        x: (N, c0, H, W).
        count: how many rounds; None: as many as fit into ``seconds``, from :data:`FEWEST` to :data:`MOST`.
        seconds: what all rounds together may take, the first one included.
    """
    clock = clock_of(x.device)
    taken: list[tuple[float, ...] | Problem] = [() for _ in blocks]
    begun, longest, turn = time.perf_counter(), 0.0, 0
    with undisturbed():
        while turn == 0 or _another(turn - 1, count, time.perf_counter() - begun + longest <= seconds):
            start = time.perf_counter()
            for place in range(len(blocks)):
                at = (place + turn) % len(blocks)
                before = taken[at]
                if isinstance(before, Problem):
                    continue
                found = spared(lambda block: clock(block, x)[1], blocks[at])
                blocks[at].zero_grad(set_to_none=True)
                if isinstance(found, Problem):
                    taken[at] = found
                elif turn:
                    taken[at] = (*before, 1000 * found)
            if turn:
                longest = max(longest, time.perf_counter() - start)
            turn += 1
            if all(isinstance(times, Problem) for times in taken):
                break
    return taken


def _another(done: int, count: int | None, in_time: bool) -> bool:
    if count is not None:
        return done < count
    return done < FEWEST or (done < MOST and in_time)


def spared(call: Callable[[S], T], given: S) -> T | Problem:
    """What ``call`` makes of ``given``, or the problem where memory runs out. Then what it had made is gone."""
    problem = None
    try:
        return call(given)
    except Exception as error:
        if is_out_of_memory(error):
            problem = known_problem(error)
        if problem is None:
            raise
    gc.collect()  # the traceback is gone, and with it what its frames held but in cycles
    give_back()
    return problem
