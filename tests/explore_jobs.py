"""What a worker does in the test of a dragged slider: waits at a gate, keeps a list of what it ran, answers at once."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from study_fakes import counted, timed

from explorer.findings import to_builtins
from explorer.spec import CountJob, Job, TimeJob

FOLDER = "EXPLORE_JOBS"  # environment variable: where the gate and the list are


def perform(job: Job) -> Any:
    folder = Path(os.environ[FOLDER])
    with (folder / "runs").open("a", encoding="utf-8") as file:
        file.write(f"{job!r}\n")
    while not (folder / "open").exists():
        time.sleep(0.01)
    if isinstance(job, CountJob):
        return to_builtins(counted(job))
    assert isinstance(job, TimeJob)
    return to_builtins(timed(job))
