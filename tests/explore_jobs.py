"""What a worker does in the test of a dragged slider: waits at a gate, keeps a list of what it ran, answers at once."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from study_fakes import answer

from explorer.spec import Job

FOLDER = "EXPLORE_JOBS"  # environment variable: where the gate and the list are


def perform(job: Job) -> Any:
    folder = Path(os.environ[FOLDER])
    with (folder / "runs").open("a", encoding="utf-8") as file:
        file.write(f"{job!r}\n")
    while not (folder / "open").exists():
        time.sleep(0.01)
    return answer(job)
