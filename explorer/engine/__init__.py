"""Where measurements run: one worker process that the web process talks to, and four calls.

>>> engine = Engine()                                   # doctest: +SKIP
>>> engine.submit(job, waiter="a browser session")      # doctest: +SKIP
Pending(running=False, ahead=0, since=…)

Decisions a reader may wonder about:

* **Two workers, one at a time.** Counts and looks have a worker that is always there. Timings run in a
  second one, started on demand and ended when idle, and only while nothing is counted or looked into, so
  that a time is true. What arrives then ends the timing, which is begun anew afterwards: nobody
  waits behind a benchmark. A timing that has given way ``Limits.preemptions`` times, or has waited
  long, runs beside the counts: it is not starved, and its spread shows the company it had.
* **A worker that has compiled ends**, whatever came out: what a compile leaves behind meets nothing that
  is timed after it. One budget is one process.
* **A run that nobody waits for** ends after ``Limits.grace_seconds``: a new worker costs about as
  much, so a run that is nearly done is let finish and its answer kept. A timing ends at once.
* **Nothing but builtins arrives** (:mod:`explorer.engine.worker`), so this process never imports torch.
* **A person's picture is not kept.** Its bytes are in a job only until that is answered or given up; the
  answer is found by the picture's digest (:func:`explorer.engine.line.kept`).
"""

from explorer.engine.core import Engine
from explorer.engine.states import Counters, Done, Failed, Limits, Pending, State

__all__ = ["Counters", "Done", "Engine", "Failed", "Limits", "Pending", "State"]
