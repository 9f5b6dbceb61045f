"""``network`` and ``networks``: whole DenseNets and ResNets."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from explorer.cli.output import NOT_MEASURED, OK, write, write_found
from explorer.codec import from_flags
from explorer.documents.network_document import (
    network_json,
    network_link,
    network_text,
    published_json,
    published_text,
)
from explorer.findings import NetworksFindings
from explorer.language import _
from explorer.spec import Study
from explorer.study import networks_findings


def network(options: argparse.Namespace, base: str, measure: Callable[[Study], NetworksFindings]) -> int:
    """Prints one network, or two side by side; where they were to be counted and could not be, the reason and 3.

    Raises:
        SpecError: there is no such network, or it does not fit the images.
    """
    options.network = [options.name]
    options.against = options.against or [options.name]  # against itself it stands alone
    study = from_flags(options)
    if options.measure and sys.stderr.isatty():
        write(sys.stderr, _("Counting on the live networks …") + "\n")
    found = measure(study) if options.measure else networks_findings(study)
    link = network_link(study, base)
    write_found(network_json(found, link) if options.json else network_text(found), link)
    return NOT_MEASURED if found.network.problem or found.against.problem else OK


def networks(as_json: bool) -> int:
    """Prints the published networks."""
    if as_json:
        write_found(published_json(), "")
    else:
        write(sys.stdout, published_text())
    return OK
