"""The sidebar: one control for every field of a Study that is not a matter of view.

Ranges, defaults and help texts come from :data:`explorer.spec.FIELDS`; here are only labels and places.
A bound widget's key is its field's name; an unbound one's, the name and a count (see :mod:`explorer.web.link`).
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from typing import Any

import streamlit as st

from explorer.language import LANGUAGES, _, language
from explorer.presets import PRESETS
from explorer.spec import FIELDS, Study, Whole
from explorer.web import gradient_controls, link, network_controls, style
from explorer.web.parts.lesson.rail import rail
from explorer.web.widgets import bound_choice, choice, help_of, is_locked, segments, whole_number

_BOX = "_box"  # a number box beside a slider has the slider's key and this
_BOX_WIDTH = 68
_PRESET_FIELDS = [name for name, info in FIELDS.items() if info.section in ("block", "input")]
_CUSTOM = "custom"


def name() -> None:
    """The first line of the sidebar."""
    st.sidebar.markdown(f"**{_('Dense Block Explorer')}**")


def sidebar(study: Study, page: str = "") -> None:
    """Draws the sidebar of ``page`` for ``study``; every widget shows the study's value."""
    with st.sidebar:
        style.hide(study.lesson.hides)
        if page == "networks":
            network_controls.draw(study)
        elif page == "lesson":
            rail(study)
        elif page == "gradients":
            _shape(study)
            gradient_controls.draw(study)
        else:
            _block(study)
        _languages("lang")
        if page not in ("networks", "gradients", "lesson"):
            return
        # Out of sight (see style.py), but there: the parameters of widgets that are gone leave the address.
        with st.container(key="elsewhere"):
            _block(study, shared=page != "networks", shape=page != "gradients")


def without_sidebar() -> None:
    """For a page that the controls change nothing on: hides them, and offers the languages above it instead."""
    style.without_sidebar()
    with st.container(key="languages"):
        _languages("lang_above")


def _languages(widget: str) -> None:
    """A switch between what can be spoken, each called as it calls itself."""
    now = language()
    st.segmented_control(
        _("Language"),
        list(LANGUAGES),
        default=now,
        format_func=LANGUAGES.__getitem__,
        key=link.shown_key(widget, now),
        required=True,
        on_change=_take_language,
        args=(widget,),
        label_visibility="collapsed",
    )


def _take_language(widget: str) -> None:
    chosen = link.taken(widget)
    if chosen is not None:
        link.apply({"lang": chosen})


def _shape(study: Study) -> None:
    """How wide and deep a block is."""
    _preset(study)
    _slider("growth_rate", _("Growth rate k"), study)
    _slider("layers", _("Bottlenecks L"), study)
    _slider("in_channels", _("Input channels c₀"), study)


def _block(study: Study, *, shared: bool = True, shape: bool = True) -> None:
    """The controls of one block; those that it shares with whole networks, and with stacks, only where asked for."""
    if shape:
        _shape(study)
    with st.container(horizontal=True, wrap=False, vertical_alignment="bottom", gap="xsmall"):
        whole_number("height", _("Height H"), width=74)
        whole_number("width", _("Width W"), width=74)
        if shared:
            whole_number("batch", _("Batch N"), width=74)
    if shared:
        bound_choice("dtype", _("dtype"))
    _device(study)
    choice("match", _("Residual block matches"), _match_labels(), study)
    with st.expander(_("Advanced")):
        if shape:
            whole_number("bottleneck_factor", _("Bottleneck factor b"))
        st.toggle(
            _("1×1 convolution first"),
            value=FIELDS["bottleneck"].default,
            key="bottleneck",
            bind="query-params",
            help=help_of("bottleneck"),
            disabled=is_locked("bottleneck"),
        )
        choice("order", _("Order in a Bottleneck"), _order_labels(), study)
        choice("unit", _("Residual unit"), _unit_labels(), study)
        choice("mode", _("Mode"), _mode_labels(), study)
        whole_number("seed", _("Seed"))


def drawing_toggle() -> None:
    """The switch between both drawings of the graph, for the page that shows it."""
    switch("drawing", _("Drawing"), {"chain": _("As coded"), "paper": _("As drawn in the paper")})


def switch(name: str, label: str, labels: Mapping[Any, str]) -> None:
    """A switch for field ``name`` of the view, beside what it changes; ``labels`` by the field's values."""
    segments(name, label, labels, link.current_study(), beside=True)


def stops(domain: Whole) -> list[int]:
    """Where a slider over ``domain`` stops: each number below 64, then 32 stops to every doubling.

    Channel counts are compared by ratio, not by difference: on an even scale to 4,096 every block
    that people build would lie within the first few pixels.
    """
    found = [domain.low]
    while (following := found[-1] + max(1, 1 << max(0, found[-1].bit_length() - 6))) < domain.high:
        found.append(following)
    return [*found, domain.high]


def preset_of(study: Study) -> str:
    """The preset that has this block and input, or ``custom``."""
    return next((p for p, s in PRESETS.items() if (s.block, s.input) == (study.block, study.input)), _CUSTOM)


def _preset(study: Study) -> None:
    now, options = preset_of(study), [*PRESETS, _CUSTOM]
    st.selectbox(
        _("Preset"),
        options,
        index=options.index(now),
        format_func=lambda label: _("Custom") if label == _CUSTOM else _(label),
        key=link.shown_key("preset", now),
        on_change=_apply_preset,
        disabled=is_locked(*_PRESET_FIELDS),
    )


def _apply_preset() -> None:
    chosen = link.taken("preset")
    if isinstance(chosen, str) and chosen in PRESETS:
        link.apply({name: PRESETS[chosen][name] for name in _PRESET_FIELDS})


def _slider(name: str, label: str, study: Study) -> None:
    """A slider for the quick way and a box for the exact one, always in step."""
    info, value = FIELDS[name], study[name]
    assert isinstance(info.domain, Whole)
    options = stops(info.domain)
    with st.container(horizontal=True, wrap=False, vertical_alignment="bottom", gap="small"):
        st.select_slider(
            label,
            sorted({*options, value, info.default}),  # the slider can stand on any number that a link names
            value=info.default,
            key=name,
            bind="query-params",
            help=help_of(name),
            disabled=is_locked(name),
        )
        st.number_input(
            _("{label}, exact").format(label=label),
            min_value=info.domain.low,
            max_value=info.domain.high,
            value=value,
            step=1,
            key=link.shown_key(name + _BOX, value),
            on_change=_take_box,
            args=(name,),
            label_visibility="collapsed",
            disabled=is_locked(name),
            width=_BOX_WIDTH,
        )


def _take_box(name: str) -> None:
    value = link.taken(name + _BOX)
    if value is not None:
        link.apply({name: value})


def _device(study: Study) -> None:
    labels = {"auto": _("Auto"), "cpu": _("CPU")}
    accelerator = "mps" if platform.system() == "Darwin" else "cuda"
    labels[accelerator] = _("GPU")
    labels.setdefault(study.run.device, study.run.device)  # a link may name cuda:1
    st.segmented_control(
        _("Device"),
        list(labels),
        default=study.run.device,
        format_func=lambda option: labels.get(option, option),
        key=link.shown_key("device", study.run.device),
        required=True,
        on_change=link.choose,
        args=("device",),
        help=help_of("device"),
        disabled=is_locked("device"),
        width="stretch",
    )


def _match_labels() -> dict[str, str]:
    return {
        "depth": _("Output shape and depth"),
        "parameters": _("Parameters"),
        "macs": _("MACs"),
        "saved_bytes": _("Bytes saved for backward"),
    }


def _unit_labels() -> dict[str, str]:
    return {
        "preactivation": _("Pre-activation bottleneck"),
        "postactivation": _("Post-activation bottleneck"),
        "basic": _("Basic: two 3×3"),
    }


def _order_labels() -> dict[str, str]:
    return {"pre": _("BN-ReLU-conv (pre)"), "post": _("conv-BN-ReLU (post)")}


def _mode_labels() -> dict[str, str]:
    return {"training": _("Training"), "inference": _("Inference")}
