"""The jobs of the Networks page, and what is known of them."""

from __future__ import annotations

import time
from collections.abc import Mapping

from explorer.engine import Engine, Pending, State
from explorer.findings import NetworkCounts, NetworkFindings, NetworksFindings
from explorer.spec import NETWORKS, TRACKED, DenseNetSpec, DType, InputSpec, Job, NetworkJob, Study, network_of
from explorer.study.reading import seen
from explorer.study.settling import Runs, settled
from explorer.theory import PUBLISHED, network_theory

PLAIN = TRACKED[0]


def network_jobs(study: Study) -> dict[str, NetworkJob]:
    """``network``, ``against`` and ``shared``: see :class:`explorer.findings.NetworksFindings`. Equal ones run once."""
    shown = study.written
    beside = PLAIN if shown == "shared" else "shared"
    network, against = (network_of(name) for name in (study.networks.network, study.networks.against))
    around = study.images, study.run.dtype
    device = study.run.device
    return {
        "network": NetworkJob(network, *around, _as_written(network, shown), device),
        "against": NetworkJob(against, *around, device=device),
        "shared": NetworkJob(network, *around, _as_written(network, beside), device),
    }


def _as_written(network: object, implementation: str) -> str:
    """A ResNet is written one way, so that its jobs are equal."""
    return implementation if isinstance(network, DenseNetSpec) else PLAIN


def networks_findings(study: Study, states: Mapping[Job, State] | None = None) -> NetworksFindings:
    """Closed forms, and whatever ``states`` has answered so far."""
    known: Mapping[Job, State] = states or {}
    jobs = network_jobs(study)
    names = {"network": study.networks.network, "against": study.networks.against, "shared": study.networks.network}

    def found(which: str) -> NetworkFindings:
        job, name = jobs[which], names[which]
        counts, problem = seen(NetworkCounts, job, known, "auto")
        theory = network_theory(job.network, job.input, job.dtype, job.implementation)
        return NetworkFindings(name, theory, counts, problem, PUBLISHED.get(name))

    waiting = tuple(which for which, job in jobs.items() if isinstance(known.get(job), Pending))
    return NetworksFindings(study, found("network"), found("against"), found("shared"), family(study), waiting)


def family(study: Study) -> tuple[NetworkFindings, ...]:
    """The published networks of the benchmark of the Study's own; ImageNet's where it is nobody's."""
    own = PUBLISHED.get(study.networks.network) or PUBLISHED.get(study.networks.against) or PUBLISHED["densenet121"]
    same = (name for name in NETWORKS if PUBLISHED[name].benchmark == own.benchmark)
    return tuple(published_network(name, study.run.dtype) for name in same)


def published_images(name: str) -> InputSpec:
    """One image of the size on which the accuracy of network ``name`` was measured."""
    side = 224 if PUBLISHED[name].benchmark == "ImageNet" else 32
    return InputSpec(1, side, side)


def published_network(name: str, dtype: DType = "float32") -> NetworkFindings:
    """Closed forms of the published network ``name``, on :func:`published_images`."""
    theory = network_theory(NETWORKS[name], published_images(name), dtype)
    return NetworkFindings(name, theory, published=PUBLISHED[name])


def measure_networks(study: Study, engine: Runs | None = None, timeout: float = 300) -> NetworksFindings:
    """Counts both networks and waits for the findings.

    Args:
        engine: where it runs; None starts one and closes it before returning.
        timeout: seconds after which what is still open is given up and reported as a problem.
    """
    running: Runs = engine or Engine()
    try:
        jobs = tuple(network_jobs(study).values())
        return networks_findings(study, settled(running, jobs, time.monotonic() + timeout, timeout))
    finally:
        if engine is None:
            running.close()
