"""One file per question asked of a live module. Everything here runs in a worker, never in the web process."""

import contextlib
import os
from pathlib import Path

# Both are read when torch is loaded or asked for the first time, so they are set before any file here does so.
#
# OpenMP's threads spin while they wait for each other. On a busy machine a thread then waits, spinning, for
# one that has no core: with two threads beside other work a step took 3 s instead of 0.2 s.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# Entering a FakeTensorMode asks whether there is a GPU. Asked through the driver's management library, the
# question does not initialise CUDA, which a process that is forked later would not survive.
os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")
# Torch makes the folder for what it compiles when the first fake tensor is made, and nothing could be counted where it
# cannot. A wish that cannot be fulfilled counts for nothing: then the folder is torch's own.
_folder = os.environ.get("TORCHINDUCTOR_CACHE_DIR")
if _folder is not None:
    with contextlib.suppress(OSError):
        Path(_folder).mkdir(parents=True, exist_ok=True)
    if not Path(_folder).is_dir():
        del os.environ["TORCHINDUCTOR_CACHE_DIR"]
