"""Small jobs for the engine's tests: what a worker does with them, and how a test asks for them.

Runs in worker processes, so it imports nothing heavy.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, cast

from explorer.engine import Done, Engine, Failed, Limits, Pending, State
from explorer.spec import Job, MapsJob, Upload

#: The digest of the pictures of these tests; others that the same process holds do not count.
PICTURE = "of the engine's tests"


Kind = Literal["count", "time", "device", "step", "compiled", "plan"]


@dataclass(frozen=True)
class Fake:
    """``do`` names a function below; ``text`` is its argument; ``number`` tells equal ones apart."""

    do: str
    text: str = ""
    number: int = 0
    kind: Kind = "count"


def fake(do: str, text: object = "", number: int = 0, kind: Kind = "count") -> Job:
    """A job of the tests, where the engine expects one of the explorer's: to it a job is a key with a kind."""
    return cast(Job, Fake(do, str(text), number, kind))


def perform(job: Fake | MapsJob) -> Any:
    return look_at_picture(job) if isinstance(job, MapsJob) else DEEDS[job.do](job.text)


def look_at_picture(job: MapsJob) -> dict[str, Any]:
    """Tells how large the picture is, after the seconds that stand in its bytes, if any do."""
    data = job.upload.data if job.upload else b""
    time.sleep(float(data.partition(b" ")[0] or 0))
    return {"bytes": len(data), "held": pictures_held()}


def pictures_held(_: str = "") -> int:
    """How many pictures with their bytes this process holds."""
    gc.collect()
    # No other thread runs meanwhile: one that is making a tuple of a generator fails if somebody else holds it.
    interval = sys.getswitchinterval()
    sys.setswitchinterval(60)
    try:
        return sum(type(thing) is Upload and thing.digest == PICTURE and bool(thing.data) for thing in gc.get_objects())
    finally:
        sys.setswitchinterval(interval)


def count_pictures(_: str) -> dict[str, Any]:
    return {"held": pictures_held(), "pid": os.getpid()}


def prepare() -> None:
    os.environ["PREPARED"] = "yes"


def refuse_to_prepare() -> None:
    raise ValueError("no such device")


def look_around(_: str) -> dict[str, Any]:
    return {"pid": os.getpid(), "modules": sorted(sys.modules), "prepared": os.environ.get("PREPARED")}


def note(path: str) -> dict[str, Any]:
    """Leaves a line in the file ``path`` for every run."""
    with open(path, "a", encoding="utf-8") as file:  # noqa: PTH123  # one write, appended at once
        file.write(f"{os.getpid()}\n")
    time.sleep(0.05)
    return {}


def note_and_sleep(text: str) -> dict[str, Any]:
    """Writes its pid into a file, then sleeps: ``path seconds``."""
    path, seconds = text.split()
    note(path)
    time.sleep(float(seconds))
    return {"slept": float(seconds)}


def sleep(seconds: str) -> dict[str, Any]:
    time.sleep(float(seconds))
    return {"slept": float(seconds)}


def spin(seconds: str) -> dict[str, Any]:
    """Holds the interpreter in one long operation, as a convolution holds its thread."""
    end = time.monotonic() + float(seconds)
    while time.monotonic() < end:
        sum(range(10**6))
    return {}


def hold_back_signals(seconds: str) -> dict[str, Any]:
    """Blocks what can be blocked, so that only the hardest kill ends it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    return sleep(seconds)


def stop_itself(_: str) -> dict[str, Any]:
    os.kill(os.getpid(), signal.SIGSTOP)
    return {}


def kill_itself(number: str) -> dict[str, Any]:
    os.kill(os.getpid(), int(number))
    return sleep("5")


def leave(code: str) -> dict[str, Any]:
    os._exit(int(code))


def exit_politely(code: str) -> dict[str, Any]:
    sys.exit(int(code))


def recurse(_: str) -> dict[str, Any]:
    return recurse(_)


def raises(text: str) -> dict[str, Any]:
    raise ValueError(text)


class Strange(Exception):
    def __init__(self, one: int, two: int) -> None:
        super().__init__("strange")

    def __str__(self) -> str:
        raise RuntimeError("no words")


def raise_strange(_: str) -> dict[str, Any]:
    raise Strange(1, 2)


def allocate(size: str) -> dict[str, Any]:
    return {"bytes": len(bytearray(int(size)))}


def huge(size: str) -> dict[str, Any]:
    return {"text": "x" * int(size)}


def local_function(_: str) -> dict[str, Any]:
    return {"function": lambda: 1}


def own_class(_: str) -> dict[str, Any]:
    return {"job": Fake("echo")}


def no_dict(_: str) -> Any:
    return [1]


def problem(_: str) -> dict[str, Any]:
    return {"problem": {"kind": "refused", "told": "It would not fit.", "needed_bytes": 10}}


def break_device(_: str) -> dict[str, Any]:
    return {"problem": {"kind": "failed", "told": "The GPU reported an error."}, "worker_broken": True}


def succeed_and_break(_: str) -> dict[str, Any]:
    return {"pid": os.getpid(), "worker_broken": True}


def bad_problem(_: str) -> dict[str, Any]:
    return {"problem": {"nothing": 1}}


def echo(text: str) -> dict[str, Any]:
    return {"text": text, "pid": os.getpid(), "shape": (1, 2)}


def chatter(_: str) -> dict[str, Any]:
    print("said on purpose", flush=True)
    return {}


def torch_version(_: str) -> dict[str, Any]:
    import torch

    return {"torch": torch.__version__}


def torch_error(_: str) -> dict[str, Any]:
    import torch

    return {"ones": torch.ones(2) @ torch.ones(3)}


def torch_allocate(size: str) -> dict[str, Any]:
    import torch

    return {"sum": float(torch.zeros(int(size) // 4)[0])}


DEEDS: dict[str, Callable[[str], Any]] = {
    f.__name__: f
    for f in (
        look_around, note, note_and_sleep, sleep, spin, hold_back_signals, stop_itself, kill_itself, leave,
        exit_politely, recurse, raises, raise_strange, allocate, huge, local_function, own_class, no_dict, problem,
        break_device, succeed_and_break, count_pictures,
        bad_problem, echo, chatter, torch_version, torch_error, torch_allocate,
    )
}  # fmt: skip


# --- for tests ------------------------------------------------------------------------------------


@contextlib.contextmanager
def engine(limits: Limits | None = None, prepare: str | None = None, preload: tuple[str, ...] = ()) -> Iterator[Engine]:
    made = Engine(f"{__name__}:perform", limits, prepare=prepare, preload=preload)
    try:
        yield made
    finally:
        made.close()


def settled(made: Engine, job: Job, waiter: str = "test", seconds: float = 120) -> State:
    """Asks for ``job`` and waits for its answer."""
    state: State | None = made.submit(job, waiter)
    end = time.monotonic() + seconds
    while isinstance(state, Pending):
        assert time.monotonic() < end, f"{job} was not answered within {seconds} s"
        time.sleep(0.005)
        state = made.state(job, waiter)
    assert state is not None, f"{job} was forgotten"
    return state


def result(made: Engine, job: Job, waiter: str = "test", seconds: float = 120) -> dict[str, Any]:
    state = settled(made, job, waiter, seconds)
    assert isinstance(state, Done), state
    return state.result


def failure(made: Engine, job: Job, waiter: str = "test", seconds: float = 120) -> tuple[str, str]:
    """Kind and message of the failure that ``job`` ends in."""
    state = settled(made, job, waiter, seconds)
    assert isinstance(state, Failed), state
    return state.problem.kind, state.problem.message


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> float:
    """Waits for ``condition``; how long it took."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() < begun + seconds, "it did not come to pass"
        time.sleep(0.005)
    return time.monotonic() - begun
