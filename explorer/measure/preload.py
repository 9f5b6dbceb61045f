"""Imported once by the fork server, so that every new worker starts with torch loaded and warm.

It runs a small block on fake tensors and on the meta device: their first use imports a symbolic
algebra package and costs most of a second. No real tensor operator runs, so no thread pool exists
when a worker is forked, and CUDA is never initialised, which a fork would not survive.

What fails here would fail in the terminal, as a traceback of the fork server's. It is left to the first
job, which meets the same fault and tells the page.
"""

from __future__ import annotations

import contextlib

with contextlib.suppress(Exception):
    import explorer.measure.jobs  # noqa: F401  # imported for the workers that are forked from here
    from explorer.measure.fake import fake_counts
    from explorer.measure.table import module_rows
    from explorer.spec import DenseBlockSpec, InputSpec, RunSpec

    _SMALL = DenseBlockSpec(2, 1, 1), InputSpec(2, 2, 2), RunSpec()
    fake_counts(*_SMALL)
    module_rows(*_SMALL)
