"""Runs a Study: which jobs a page needs, and what is known of them at any moment.

:func:`findings`, :func:`memory_findings`, :func:`networks_findings` and :func:`gradients_findings` are pure: closed
forms and whatever the engine has answered so far. A page calls them on every redraw.
"""

from explorer.study.exploring import (
    ROLES,
    count_jobs,
    explore,
    findings,
    maps_job,
    time_job,
    weights_job,
)
from explorer.study.gradients import (
    beside_jobs,
    gradient_jobs,
    gradients_findings,
    measure_gradients,
    training_jobs,
)
from explorer.study.lesson import MEASURES, Measure, lesson_answer, lesson_jobs, measure_lesson
from explorer.study.memory import BUDGETS, RESIDUAL, MemoryJobs, measure_memory, memory_findings, memory_jobs
from explorer.study.networks import (
    measure_networks,
    network_jobs,
    networks_findings,
    published_images,
    published_network,
)
from explorer.study.reading import seen
from explorer.study.settling import Runs, settled

__all__ = [
    "BUDGETS",
    "MEASURES",
    "RESIDUAL",
    "ROLES",
    "Measure",
    "MemoryJobs",
    "Runs",
    "beside_jobs",
    "count_jobs",
    "explore",
    "findings",
    "gradient_jobs",
    "gradients_findings",
    "lesson_answer",
    "lesson_jobs",
    "maps_job",
    "measure_gradients",
    "measure_lesson",
    "measure_memory",
    "measure_networks",
    "memory_findings",
    "memory_jobs",
    "network_jobs",
    "networks_findings",
    "published_images",
    "published_network",
    "seen",
    "settled",
    "time_job",
    "training_jobs",
    "weights_job",
]
