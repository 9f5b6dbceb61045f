"""Widgets for a field of a Study, which every control of the sidebar is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from explorer.language import _
from explorer.spec import FIELDS, Choice, Study, Whole
from explorer.web import link


def is_locked(*names: str) -> bool:
    """Whether the link locks the control of one of ``names``: it is seen, and cannot be moved."""
    return bool({*names} & {*link.current_study().lesson.locks})


def whole_number(name: str, label: str, width: int | None = None) -> None:
    """A box for a number that is bound to the address."""
    info = FIELDS[name]
    assert isinstance(info.domain, Whole)
    st.number_input(
        label,
        min_value=info.domain.low,
        max_value=info.domain.high,
        value=info.default,
        step=1,
        key=name,
        bind="query-params",
        help=help_of(name),
        disabled=is_locked(name),
        width=width or "stretch",
    )


def bound_choice(name: str, label: str) -> None:
    """A choice whose labels are its words in the link."""
    info = FIELDS[name]
    assert isinstance(info.domain, Choice)
    options = list(info.domain.options)
    st.selectbox(
        label,
        options,
        index=options.index(info.default),
        key=name,
        bind="query-params",
        help=help_of(name),
        disabled=is_locked(name),
    )


def choice(name: str, label: str, labels: dict[str, str], study: Study) -> None:
    """A choice whose labels are longer than its words in the link."""
    st.selectbox(
        label,
        list(labels),
        index=list(labels).index(study[name]),  # what the browser shows if it has to mount the widget anew
        format_func=lambda option: labels.get(option, option),
        key=link.shown_key(name, study[name]),
        on_change=link.choose,
        args=(name,),
        help=help_of(name),
        disabled=is_locked(name),
    )


def chosen_number(name: str, label: str, study: Study, width: int | None = None) -> None:
    """A box for a number that is not bound to the address."""
    domain, now = FIELDS[name].domain, study[name]
    assert isinstance(domain, Whole)
    st.number_input(
        label,
        min_value=domain.low,
        max_value=domain.high,
        value=now,
        step=1,
        key=link.shown_key(name, now),
        on_change=link.choose,
        args=(name,),
        help=help_of(name),
        disabled=is_locked(name),
        width=width or "stretch",
    )


def segments(name: str, label: str, labels: Mapping[Any, str], study: Study, *, beside: bool = False) -> None:
    """A choice of which all are seen at once, by the field's values.

    ``beside`` what it changes, in a page, it is as wide as its words and shows no name.
    """
    now = study[name]
    st.segmented_control(
        label,
        list(labels),
        default=now,
        format_func=labels.__getitem__,
        key=link.shown_key(name, now),
        required=True,
        on_change=link.choose,
        args=(name,),
        disabled=is_locked(name),
        help=None if beside else help_of(name),
        label_visibility="collapsed" if beside else "visible",
        width="content" if beside else "stretch",
    )


def help_of(name: str) -> str:
    """What the field is, and what it allows."""
    text = _(FIELDS[name].help)
    return _("{text}: {allowed}.").format(text=text[0].upper() + text[1:], allowed=FIELDS[name].domain.words)
