"""How a benchmark waits for the engine."""

from __future__ import annotations

import math
import time

from explorer.engine import Engine, Pending, State
from explorer.spec import Job


def answered(engine: Engine, job: Job, pause: float, patience: float = math.inf) -> State:
    """How ``job`` stands when it is no longer pending, asked every ``pause`` seconds, or after ``patience`` seconds."""
    state = engine.submit(job, "bench")
    end = time.monotonic() + patience
    while isinstance(state, Pending) and time.monotonic() < end:
        time.sleep(pause)
        state = engine.state(job, "bench") or state
    return state
