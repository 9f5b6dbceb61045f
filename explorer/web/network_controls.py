"""The sidebar of the Networks page: which two networks, on which images, and a network of one's own."""

from __future__ import annotations

import re
from dataclasses import replace

import streamlit as st

from explorer.language import _
from explorer.pictures.network_words import label
from explorer.spec import NETWORKS, DenseNetSpec, SpecError, Study, network_of, network_text
from explorer.web import link
from explorer.web.widgets import bound_choice, choice, chosen_number, help_of, is_locked, whole_number

_SIZES = {"imagenet": 224, "cifar": 32}  # px of the images that a network with such a stem is for
_BESIDE = {"imagenet": "resnet50", "cifar": "resnet110"}  # of the same kind, where what was there is of the other


def draw(study: Study) -> None:
    """All controls of the page."""
    _network("network", _("Network"), study)
    _network("against", _("Against"), study)
    with st.container(horizontal=True, wrap=False, vertical_alignment="bottom", gap="xsmall"):
        chosen_number("image_size", _("Image size"), study, width=113)
        whole_number("batch", _("Batch N"), width=113)
    bound_choice("dtype", _("dtype"))
    choice("implementation", _("Dense blocks written as"), _implementations(), study)
    with st.expander(_("Build your own"), expanded=study.networks.network not in NETWORKS):
        _own(study)


def _network(name: str, words: str, study: Study) -> None:
    now: str = study[name]
    names = [*NETWORKS, *([] if now in NETWORKS else [now])]
    st.selectbox(
        words,
        names,
        index=names.index(now),
        format_func=label,
        key=link.shown_key(name, now),
        on_change=_take_network,
        args=(name,),
        help=_("A published network; one of your own is built below.") if name == "network" else help_of(name),
        disabled=is_locked(name),
    )


def _take_network(name: str) -> None:
    """Takes the network; if it is for other images than the one before, they and one to compare with come with it."""
    chosen = link.taken(name)
    if not isinstance(chosen, str):
        return
    study = link.current_study()
    values: dict[str, object] = {name: chosen}
    before, after = (network_of(text).stem for text in (study[name], chosen))
    if name == "network" and before != after:
        if study.networks.image_size == _SIZES[before]:
            values["image_size"] = _SIZES[after]
        if network_of(study.networks.against).stem != after:
            values["against"] = _BESIDE[after]
    link.apply(values)


def _implementations() -> dict[str, str]:
    return {
        "list": _("list, as in torchvision"),
        "concat": _("concat, the source text’s chain"),
        "checkpoint_1x1": _("checkpoint_1x1, up to the 1×1"),
        "shared": _("shared, one buffer a block"),
        "checkpoint": _("checkpoint, whole Bottlenecks"),
        "compiled": _("compiled, shown as list here"),
    }


# --- a network of one's own -------------------------------------------------------------------------------------


def _own(study: Study) -> None:
    spec = _base(study)
    blocks = "-".join(map(str, spec.block_config))
    st.text_input(
        _("Bottlenecks in each block"),
        value=blocks,
        key=link.shown_key("own_block_config", blocks),
        on_change=_take_own,
        args=("block_config",),
        max_chars=40,
        help=_("One to six numbers from 1 to 64, such as 6-12-24-16."),
    )
    with st.container(horizontal=True, wrap=False, vertical_alignment="bottom", gap="xsmall"):
        _own_whole("growth_rate", _("Growth rate k"), spec.growth_rate, 512)
        _own_whole("stem_channels", _("Stem channels"), spec.stem_channels, 4096)
    st.number_input(
        _("Compression θ"),
        min_value=0.01,
        max_value=1.0,
        value=spec.compression,
        step=0.05,
        key=link.shown_key("own_compression", spec.compression),
        on_change=_take_own,
        args=("compression",),
        help=_("The share of channels that a Transition keeps: above 0, up to 1."),
    )


def _own_whole(part: str, words: str, value: int, most: int) -> None:
    st.number_input(
        words,
        min_value=1,
        max_value=most,
        value=value,
        step=1,
        key=link.shown_key(f"own_{part}", value),
        on_change=_take_own,
        args=(part,),
        width=106,
    )


def _base(study: Study) -> DenseNetSpec:
    """What is changed: the network that is shown, or DenseNet-121 where that is none."""
    spec = network_of(study.networks.network)
    return spec if isinstance(spec, DenseNetSpec) else DenseNetSpec()


def _take_own(part: str) -> None:
    given = link.taken(f"own_{part}")
    if given is None:
        return
    value: object = given
    if part == "block_config":
        value = tuple(map(int, re.findall(r"[0-9]{1,4}", str(given))))
    elif part == "compression" and isinstance(given, int | float):
        value = round(float(given), 4)
    study = link.current_study()
    try:
        spec = replace(_base(study), **{part: value})  # type: ignore[arg-type]  # judged by the spec itself
        text = network_text(spec)
        study.with_(network=text)
    except SpecError as problem:
        link.tell(problem)
        return
    link.apply({"network": text})
