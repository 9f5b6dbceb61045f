"""``bench``: measures and prints."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from explorer.cli.output import INTERRUPTED, NOT_MEASURED, OK, complain, write
from explorer.cli.sentences import RUNS
from explorer.language import _
from explorer.spec import SpecError

if TYPE_CHECKING:
    from explorer.bench.rows import Row


def bench(what: str, runs: str, as_json: bool) -> int:
    """Runs one benchmark. Each is imported where it is asked for: they bring a browser and PyTorch."""
    count = RUNS.parse(runs)
    if not isinstance(count, int) or not RUNS.holds(count):
        raise SpecError("runs", runs, RUNS.rule)
    measure: Callable[[int], Sequence[Row]]
    if what == "engine":
        from explorer.bench.engine import bench_engine as measure
    elif what == "files":
        from explorer.bench.files import bench_files as measure
    elif what == "memory":
        from explorer.bench.implementations import bench_memory as measure
    elif what == "time":
        from explorer.bench.implementations import bench_time as measure
    elif what == "gradients":
        from explorer.bench.gradients import bench_gradients as measure
    else:
        from explorer.bench.page import bench_page as measure
    from explorer.bench.faults import told
    from explorer.bench.report import document, table

    if sys.stderr.isatty():
        write(sys.stderr, _("Measuring, which takes some minutes …") + "\n")
    try:
        with told(what):
            rows = measure(count)
    except RuntimeError as problem:  # a server did not start, a count failed, there is no browser
        return complain(str(problem), NOT_MEASURED)
    except KeyboardInterrupt:  # rows are printed together, so a table that is missing needs a word
        return complain(_("The {what} benchmark was interrupted.").format(what=what), INTERRUPTED)
    if as_json:
        write(sys.stdout, json.dumps(document(what, rows), indent=2, allow_nan=False) + "\n")
    else:
        write(sys.stdout, table(rows))
    return OK
