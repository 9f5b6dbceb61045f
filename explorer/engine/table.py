"""The bounded table of answers, successes and failures both; what was used least recently goes first."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from explorer.engine.states import Done, Failed, Limits
from explorer.engine.worker import read_answer
from explorer.spec import Job

#: What passes by itself: whoever asks later has it looked at again.
SHORTAGES = frozenset({"refused", "out_of_memory"})


@dataclass(frozen=True)
class Answer:
    """An outcome, a result as it came through the pipe; when it came (monotonic), how often in a row it was lost."""

    outcome: bytes | Failed
    at: float
    lost: int = 0
    short: bool = False

    @property
    def size(self) -> int:
        """Bytes on the pipe."""
        return len(self.outcome) if isinstance(self.outcome, bytes) else 0


def _lacked_memory(result: dict[str, Any]) -> bool:
    """Whether something was counted on fake tensors alone, since it would not fit, or left out of a comparison."""
    groups = [result.get(name) for name in ("steps", "residuals")]  # of a comparison; others may call a number so
    steps = [step for group in groups if isinstance(group, tuple) for step in group]
    problems = [step.get("problem") for step in steps if isinstance(step, dict)]
    return result.get("refusal") is not None or any(p is not None and p["kind"] in SHORTAGES for p in problems)


class Table:
    """Job → answer, bounded in number and in bytes. Not thread-safe: the engine's lock guards it."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._answers: OrderedDict[Job, Answer] = OrderedDict()
        self._bytes = 0
        self._unpacked: OrderedDict[Job, tuple[Done, int]] = OrderedDict()
        self._unpacked_bytes = 0

    def __len__(self) -> int:
        return len(self._answers)

    def get(self, job: Job) -> Done | Failed | None:
        """The answer to ``job``, which counts as used. While it is in use, the result is the same object."""
        answer = self._answers.get(job)
        if answer is None:
            return None
        self._answers.move_to_end(job)
        if isinstance(answer.outcome, Failed):
            return dataclasses.replace(answer.outcome, again=self._again(answer))
        if job not in self._unpacked:
            self._keep_unpacked(job, Done(read_answer(answer.outcome)), answer.size)
        self._unpacked.move_to_end(job)
        return self._unpacked[job][0]

    def put(self, job: Job, outcome: bytes | Failed, now: float) -> None:
        """Keeps ``outcome``; drops the least recently used answers beyond the bounds, never this one.

        Args:
            job: what was answered.
            outcome: a result as :func:`explorer.engine.worker.answer` packed it, or why there is none.
            now: monotonic seconds.
        """
        before = self.drop(job)
        lost, short = 0, False
        if isinstance(outcome, bytes):
            result = read_answer(outcome)
            short = _lacked_memory(result)
            self._keep_unpacked(job, Done(result), len(outcome))
        else:
            short = outcome.problem.kind in SHORTAGES
            if outcome.problem.kind == "worker_lost":
                lost = 1 + (before.lost if before else 0)
        self._answers[job] = answer = Answer(outcome, now, lost, short)
        self._bytes += answer.size
        while len(self) > 1 and (len(self) > self._limits.table_size or self._bytes > self._limits.table_bytes):
            self.drop(next(iter(self._answers)))

    def drop(self, job: Job) -> Answer | None:
        """Forgets and returns the answer to ``job``."""
        answer = self._answers.pop(job, None)
        if answer is not None:
            self._bytes -= answer.size
            self._drop_unpacked(job)
        return answer

    def forget_failure(self, job: Job) -> None:
        """Forgets why ``job`` failed or was refused, so that the next request runs it. A result stays."""
        answer = self._answers.get(job)
        if answer is not None and (answer.short or isinstance(answer.outcome, Failed)):
            self.drop(job)

    def may_retry(self, job: Job, now: float) -> bool:
        """Whether ``job``, though answered, is run when it is asked for again.

        A page asks anew at each redraw. A cancelled job runs at once; what a lost worker left after
        ``retry_seconds``, twice as long each time, ``retries`` times; a lack of memory is looked at again
        after ``shortage_seconds``. A deadline that was missed would be missed again: only
        :meth:`forget_failure` helps there.
        """
        answer = self._answers.get(job)
        if answer is None:
            return False
        if answer.short:
            return now >= answer.at + self._limits.shortage_seconds
        if isinstance(answer.outcome, bytes):
            return False
        again = self._again(answer)
        return answer.outcome.problem.kind == "cancelled" or (again is not None and now >= again)

    def _again(self, answer: Answer) -> float | None:
        if not 0 < answer.lost <= self._limits.retries:
            return None
        doubled: int = 1 << (answer.lost - 1)
        return answer.at + self._limits.retry_seconds * doubled

    def _keep_unpacked(self, job: Job, done: Done, size: int) -> None:
        self._unpacked[job] = done, size
        self._unpacked_bytes += size
        while len(self._unpacked) > 1 and self._unpacked_bytes > self._limits.unpacked_bytes:
            self._drop_unpacked(next(iter(self._unpacked)))

    def _drop_unpacked(self, job: Job) -> None:
        self._unpacked_bytes -= self._unpacked.pop(job, (None, 0))[1]
