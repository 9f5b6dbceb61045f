"""``--measure``: what a part says beside the counts on the live modules."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from explorer.docs.directive import Directive
from explorer.docs.document import Count, Counted
from explorer.documents.network_tables import shown_networks
from explorer.engine import Engine
from explorer.findings import BlockFindings, MemoryFindings, NetworkFindings, Problem, Quantity
from explorer.language import N_, _
from explorer.pictures.words import thousands, why
from explorer.spec import TRACKED, Job
from explorer.study import (
    RESIDUAL,
    Runs,
    count_jobs,
    findings,
    memory_findings,
    memory_jobs,
    network_jobs,
    networks_findings,
    settled,
)
from explorer.theory import held_forms

_NAMES = {
    "parameters": N_("parameters"),
    "macs": N_("MACs"),
    "saved_bytes": N_("saved for backward, bytes"),
    "peak_bytes": N_("peak of a forward, bytes"),
}
TIMEOUT = 300.0  # seconds for the counts of one part


@contextmanager
def counting(engine: Runs | None = None) -> Iterator[Count]:
    """What counts the blocks of a directive; one engine for all, started here unless one is given."""
    own = Engine() if engine is None else engine
    try:
        yield lambda directive: _counted(directive, own)
    finally:
        if engine is None:
            own.close()


def _counted(directive: Directive, engine: Runs) -> Counted:
    """Builds the blocks, or the networks, whose numbers the part shows, and compares."""
    study, deadline = directive.study, time.monotonic() + TIMEOUT
    if directive.kind == "network":
        of_networks = network_jobs(study)
        answers = settled(engine, [of_networks["network"], of_networks["against"]], deadline, TIMEOUT)
        return _joined([_network(one) for one in shown_networks(networks_findings(study, answers))])
    jobs = count_jobs(study)
    asked = jobs.values() if directive.kind == "compare" else [jobs["dense"]]
    steps: list[Job] = []
    if "memory" in directive.show:
        steps = [job for name, job in memory_jobs(study).steps.items() if name != RESIDUAL]
    states = settled(engine, [*asked, *steps], deadline, TIMEOUT)
    blocks = findings(study, states).blocks
    found = [_block(block) for block in (blocks if directive.kind == "compare" else blocks[:1])]
    if steps:
        found.append(_held(memory_findings(study, states)))
    return _joined(found)


def _joined(found: Sequence[Counted]) -> Counted:
    return Counted(
        tuple(words for one in found for words in one.differs),
        next((one.problem for one in found if one.problem), ""),
    )


def _not_counted(name: str, problem: Problem | None) -> str:
    return _("{name} could not be counted: {why}").format(name=name, why=why(problem) if problem else _("no answer."))


def _network(one: NetworkFindings) -> Counted:
    if one.counts is None:
        return Counted((), _not_counted(one.name, one.problem))
    return Counted(tuple(_differ(one.quantities, one.name)), "")


def _block(block: BlockFindings) -> Counted:
    if block.measurement is None:
        return Counted((), _not_counted(block.label, block.problem))
    return Counted(tuple(_differ((block.parameters, block.macs, block.saved_bytes, block.peak_bytes), block.label)), "")


def _differ(quantities: Iterable[Quantity], label: str) -> Iterator[str]:
    for quantity in quantities:
        if quantity.differs and quantity.live is not None:
            form = quantity.live - quantity.differs
            words = _("{quantity}, {name}: {form} by closed form, {live} counted")
            what, live = _(_NAMES[quantity.name]), thousands(quantity.live)
            yield words.format(quantity=what, name=label, form=thousands(form), live=live)


def _held(found: MemoryFindings) -> Counted:
    said = []
    for form in held_forms(found.study):
        for name in form.names:
            track = found.steps.get(name)
            if name not in TRACKED:
                continue
            if track is None:
                problem = found.problems.get(name)
                reason = why(problem) if problem else _("no answer.")
                return Counted((), _("{name} could not be followed: {why}").format(name=name, why=reason))
            if track.kept_bytes != form.value:
                words = _("held by {name}, bytes: {form} by closed form, {live} counted")
                live = thousands(track.kept_bytes)
                said.append(words.format(name=name, form=thousands(form.value), live=live))
    return Counted(tuple(said), "")
