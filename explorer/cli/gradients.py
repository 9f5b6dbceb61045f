"""``gradients``: what plain, residual and dense stacks send back."""

from __future__ import annotations

import argparse
import sys

from explorer.cli.output import NOT_MEASURED, OK, write, write_found
from explorer.codec import from_flags
from explorer.documents.gradients_document import gradients_json, gradients_link, gradients_text
from explorer.language import _
from explorer.study import measure_gradients


def gradients(options: argparse.Namespace, base: str) -> int:
    """Measures and prints; where something could not be measured, the reason and 3.

    Raises:
        SpecError: a flag is not allowed.
    """
    study = from_flags(options)
    if sys.stderr.isatty():
        write(sys.stderr, _("Measuring gradients, which takes some seconds, and minutes where it trains …") + "\n")
    found = measure_gradients(study, beside=options.beside, training=options.train)
    link = gradients_link(study, base)
    write_found(gradients_json(found, link) if options.json else gradients_text(found), link)
    return NOT_MEASURED if found.problems else OK
