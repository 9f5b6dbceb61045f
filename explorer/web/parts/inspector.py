"""The inspector under the picture: what the selected layer really read, did and made, on a picture of the person's."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from html import escape
from typing import Any, cast

import streamlit as st

from explorer.engine import State
from explorer.findings import Findings, LayerTheory, LayerView, Problem
from explorer.language import _
from explorer.pictures import inspector as markup
from explorer.pictures.words import why
from explorer.spec import Job, MapsJob, Study, Upload
from explorer.study import maps_job, seen
from explorer.web import link
from explorer.web.components.panel import panel
from explorer.web.controls import switch

FILE = "picture_file"  # key of the widget that takes the person's picture
LARGEST = 8  # MB
TYPES = ["png", "jpg", "jpeg", "webp", "gif", "bmp"]
_UPLOAD = "_upload"  # session: (the widget's name for the file, the Upload)


def looks(study: Study) -> tuple[Job, ...]:
    """The jobs that the inspector wants run for what is selected."""
    job = maps_job(study, _upload(study))
    return () if job is None else (job,)


def inspect(found: Findings, states: Mapping[Job, State]) -> None:
    """Shows the selected layer; nothing where nothing is selected. Its place on the page is always there."""
    study = found.study
    upload = _upload(study)
    job = maps_job(study, upload)
    with st.container(key="inspector", gap="small"):
        if job is None:
            return
        layer = _layer(found, job)
        view, problem = seen(LayerView, job, states, study.run.device)
        if upload is not None and not upload.data:
            problem = Problem("failed", _("The file is empty."), _("Choose another picture."))
        with st.container(key="inspector-head", horizontal=True, vertical_alignment="top", gap="small"):
            panel("inspector-title", _head(study, layer, view, problem), layers=study.block.layers)
            st.button(_("Close"), key="inspector-close", type="tertiary", on_click=link.set_select, args=(None,))
        _choose(study, view, upload is not None)
        _body(study, layer, view, problem)


def _head(study: Study, layer: LayerTheory, view: LayerView | None, problem: Problem | None) -> str:
    words = escape(markup.where(study, layer, view, ran=problem is None))
    if view is not None:
        right, told = markup.agreement(layer, view, study.run.mode == "training")
        words += f' <span class="{"ok" if right else "bad"}">{escape(told)}</span>'
    return f'<h2>{escape(markup.title(study, layer, view))}</h2><p class="sub">{words}</p>'


def _body(study: Study, layer: LayerTheory, view: LayerView | None, problem: Problem | None) -> None:
    selected = study.view.selected
    chosen = selected.source if selected.layer is not None else None
    layers = study.block.layers
    table = markup.read_table(study, layer, view, chosen)
    if view is not None:
        steps = markup.pipeline(study, layer, view)
        html = f'{steps}<p class="sub">{escape(markup.legend())}</p>{table}' + markup.tensors(study, layer, view)
        panel("inspector-values", html, layers=layers, maps=markup.maps_of(view))
    elif problem is not None:
        panel("inspector-values", f'<p class="why ink">{escape(why(problem))}</p>', layers=layers)
    else:
        panel("inspector-values", f'<div class="pipeline sk"></div>{table}', layers=layers)


def _choose(study: Study, view: LayerView | None, uploaded: bool) -> None:
    """What the block is run on: the switch, how that is brought to c₀ channels, and the place for a picture."""
    labels = {"pattern": _("Test pattern"), "noise": _("Noise"), "upload": _("Your picture")}
    words = markup.stem_words(study, view, uploaded=uploaded) if view is not None else ""
    with st.container(key="inspector-picture", horizontal=True, wrap=False, vertical_alignment="center", gap="medium"):
        switch("image", _("Feature maps of"), labels)
        panel("inspector-stem", f'<p class="sub stem">{escape(words)}</p>', layers=study.block.layers)
    if study.view.image == "upload":
        st.file_uploader(
            _("A photograph or drawing, up to {size} MB").format(size=LARGEST),
            type=TYPES,
            key=FILE,
            max_upload_size=LARGEST,
        )


def _layer(found: Findings, job: MapsJob) -> LayerTheory:
    theory = found.theory.dense if job.block.kind == "dense" else found.theory.residual.theory
    return theory.layers[job.layer - 1]


def _upload(study: Study) -> Upload | None:
    """The picture that the person has chosen; held by their session alone, until they leave or take it away."""
    file = st.session_state.get(FILE) if study.view.image == "upload" else None
    if file is None:
        st.session_state.pop(_UPLOAD, None)
        return None
    known = cast(tuple[Any, Upload] | None, st.session_state.get(_UPLOAD))
    if known is None or known[0] != file.file_id:
        data = file.getvalue()
        known = file.file_id, Upload(hashlib.sha256(data).hexdigest(), data)
        st.session_state[_UPLOAD] = known
    return known[1]
