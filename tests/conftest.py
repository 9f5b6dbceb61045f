"""What all tests share: how hypothesis searches, and an environment without the person's own settings."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# No deadline: one run of a block varies with what else the machine does. No database: nothing is written
# into the checkout, and a failure prints what repeats it. On a build machine the examples are always the
# same, so that a change is blamed only for what it changed.
settings.register_profile(
    "explorer",
    deadline=None,
    database=None,
    print_blob=True,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("explorer")

for name in [name for name in os.environ if name.startswith(("EXPLORER_", "STREAMLIT_"))]:
    del os.environ[name]

# Threads that spin while they wait slow a busy machine down many times; torch reads this when it is loaded,
# which here may be before the measuring room, which sets it too.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
