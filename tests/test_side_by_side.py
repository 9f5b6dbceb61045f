"""Measurements beside each other: their order, their threads, their faults."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial

import pytest
import torch

from explorer.measure.side_by_side import side_by_side


@pytest.fixture(autouse=True)
def four_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(("calls", "most", "at_once"), [(5, 99, 4), (2, 99, 2), (5, 2, 2), (5, 0, 1), (1, 1, 1)])
def test_they_share_the_threads_and_answer_in_order(calls: int, most: int, at_once: int) -> None:
    together = threading.Barrier(at_once)

    def call(number: int) -> tuple[int, int]:
        if number < at_once:
            together.wait(10)  # as many as this are under way, or it breaks
        return number, torch.get_num_threads()

    found = side_by_side([partial(call, number) for number in range(calls)], most)
    assert found == [(number, 4 // at_once) for number in range(calls)]
    assert torch.get_num_threads() == 4


def test_no_more_than_fit_run_at_a_time() -> None:
    running, seen, lock = 0, [], threading.Lock()

    def call() -> None:
        nonlocal running
        with lock:
            running += 1
            seen.append(running)
        threading.Event().wait(0.02)
        with lock:
            running -= 1

    side_by_side([call] * 6, 2)
    assert len(seen) == 6 and max(seen) <= 2


def test_a_fault_is_raised_and_the_threads_are_as_before() -> None:
    def fail() -> int:
        raise ArithmeticError("does not sum")

    calls: list[Callable[[], int]] = [lambda: 1, fail, lambda: 2]
    with pytest.raises(ArithmeticError, match="does not sum"):
        side_by_side(calls, 4)
    assert torch.get_num_threads() == 4
