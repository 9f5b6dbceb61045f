"""Where measurements run: one worker process that the web process talks to, and four calls.

>>> engine = Engine()                                   # doctest: +SKIP
>>> engine.submit(job, waiter="a browser session")      # doctest: +SKIP
Pending(running=False, ahead=0, since=…)

Decisions a reader may wonder about:

* **Two workers, one at a time.** Counts have a worker that is always there. Timings run in a second
  one, started on demand and ended when idle, and only while nothing is being counted, so that a time
  is true. A count that arrives ends the timing that runs, which is begun anew afterwards: nobody
  waits behind a benchmark. A timing that has given way ``Limits.preemptions`` times, or has waited
  long, runs beside the counts: it is not starved, and its spread shows the company it had.
* **A run that nobody waits for** ends after ``Limits.grace_seconds``: a new worker costs about as
  much, so a run that is nearly done is let finish and its answer kept.
* **Nothing but builtins arrives** (:mod:`explorer.engine.worker`), so this process never imports torch.
"""

from explorer.engine.core import Engine
from explorer.engine.states import Done, Failed, Limits, Pending, State

__all__ = ["Done", "Engine", "Failed", "Limits", "Pending", "State"]
