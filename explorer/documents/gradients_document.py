"""What was measured of the gradients of three stacks, as text for a terminal and as JSON."""

from __future__ import annotations

import dataclasses
from typing import Any

from explorer.codec import to_json, to_link
from explorer.documents.terminal import columns, wrapped
from explorer.findings import Beside, Gradients, GradientsFindings, StackFindings, to_builtins
from explorer.findings.gradients import Spread, relative
from explorer.language import _
from explorer.pictures import gradient_words as words
from explorer.pictures.words import why
from explorer.spec import Study

PAGE = "gradients"
#: Of the JSON's form. It goes up when a key changes its meaning or goes, not when one is added.
GRADIENTS_SCHEMA_VERSION = 1


def gradients_link(study: Study, base: str) -> str:
    """The address of the page that shows the stacks of ``study``."""
    return to_link(study, base, PAGE)


def gradients_text(found: GradientsFindings) -> str:
    """Headline, layer by layer, accuracy where it was measured, and what stands beside it where that was."""
    parts = [[*wrapped(words.headline(_untrained(found))), *wrapped(words.where(found))]]
    if any(one.accuracies for one in found.stacks.values()):
        parts[0] += wrapped(words.headline(_after(found)))
    parts += [wrapped(_("Not measured{names}: {why}").format(names="", why=why(problem))) for problem in found.problems]
    joined = [words.joined_name(one) for one in words.JOINED]
    if rows := _layer_rows(found):
        heads = (_("gradient at / at the last"), *joined, _("free of scale:"), *joined)
        parts.append(columns([heads, *rows]))
    if found.stacks["dense"].found is not None:
        parts.append([*wrapped(words.edges_title(found)), *wrapped(words.edges_line(found))])
    if known := [one for one in found.settings if all(one.found.values())]:
        rows = [(f"{words.norm_name(one.setting)}, {words.init_name(one.setting)}", *_ends(one)) for one in known]
        parts.append(columns([(_("layer 1 / last layer"), *joined), *rows]))
    if len(deep := [one for one in found.depths if all(one.found.values())]) > 1:
        parts.append(columns([(_("layers"), *joined), *((f"{one.layers}", *_ends(one)) for one in deep)]))
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"


def _untrained(found: GradientsFindings) -> GradientsFindings:
    return dataclasses.replace(found, study=found.study.with_(trained=False, gradient="raw"))


def _after(found: GradientsFindings) -> GradientsFindings:
    return dataclasses.replace(found, study=found.study.with_(trained=True, gradient="raw"))


def _layer_rows(found: GradientsFindings) -> list[tuple[str, ...]]:
    raw = [relative(found.stacks[joined].runs(trained=False)) for joined in words.JOINED]
    free = [relative(found.stacks[joined].runs(trained=False), "free") for joined in words.JOINED]
    if not all((*raw, *free)):
        return []

    def cells(columns_: list[tuple[Spread, ...]], layer: int) -> tuple[str, ...]:
        return tuple(words.figure(spreads[layer].median) for spreads in columns_)

    layers = range(found.study.block.layers + 1)
    return [
        (_("layer {layer}").format(layer=layer) if layer else _("stem"), *cells(raw, layer), "", *cells(free, layer))
        for layer in layers
    ]


def _ends(one: Beside) -> tuple[str, ...]:
    values = (words.ends(one.found[joined]) for joined in words.JOINED)
    return tuple(words.times(value.median) if value else _("no finite value") for value in values)


def gradients_json(found: GradientsFindings, link: str) -> dict[str, Any]:
    """The findings as JSON values.

    Keys: ``schema_version``, ``study`` (every field), ``link``, ``headline``, ``stacks`` by how their layers are
    joined: ``stack``, ``parameters`` by origin, ``mismatch`` (of the layers' parameters, relative to the dense
    stack's), ``runs`` at initialisation as :class:`explorer.findings.StackRun` has them, null where they were not
    measured, ``lost`` seeds, and ``trained``, one a seed; ``settings``, ``depths`` and ``cuts`` with layer 1 ÷ last
    layer, null where it was not measured; ``problems``.
    """
    return {
        "schema_version": GRADIENTS_SCHEMA_VERSION,
        "study": to_json(found.study),
        "link": link,
        "headline": words.headline(_untrained(found)),
        "stacks": {joined: _stack(one) for joined, one in found.stacks.items()},
        "settings": [to_builtins(one.setting) | {"ratios": _ratios(one)} for one in found.settings],
        "depths": [{"layers": one.layers, "ratios": _ratios(one)} for one in found.depths],
        "cuts": [
            {"reach": cut.reach, "loss_reads_all": cut.loss_reads_all, "ratio": _ratio(cut.found)} for cut in found.cuts
        ],
        "problems": [to_builtins(problem.words) for problem in found.problems],
    }


def _stack(one: StackFindings) -> dict[str, Any]:
    found = one.found
    return {
        "stack": to_builtins(one.stack),
        "parameters": {"closed_form": one.parameters, "counted": found.parameters if found else None},
        "mismatch": one.mismatch,
        "runs": to_builtins(found.runs) if found else None,
        "lost": list(found.lost) if found else [],
        "trained": [to_builtins(each) for each in one.trained if each is not None],
    }


def _ratios(one: Beside) -> dict[str, Any]:
    return {joined: _ratio(found) for joined, found in one.found.items()}


def _ratio(found: Gradients | None) -> dict[str, float] | None:
    value = words.ends(found)
    plain: dict[str, float] | None = to_builtins(value) if value else None
    return plain
