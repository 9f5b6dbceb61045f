"""The heat map of the Networks page: whose weights it shows, and a file of them that a person gives."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from html import escape
from typing import cast

import streamlit as st

from explorer import environment
from explorer.engine import Done, Failed, State
from explorer.findings import HeatMap, NetworksFindings, Problem
from explorer.language import _, kept
from explorer.pictures import heat_words
from explorer.pictures.heat_svg import heat_picture
from explorer.pictures.layout.shapes import Orientation
from explorer.pictures.network_words import label
from explorer.pictures.palette import TOKENS
from explorer.pictures.words import why
from explorer.spec import (
    DenseNetSpec,
    HeatJob,
    InputSpec,
    Job,
    PublishedJob,
    SpecError,
    Study,
    Upload,
    most_weight_bytes,
    network_of,
    published_weights,
)
from explorer.study import seen
from explorer.theory import network_theory
from explorer.web import link, waiting
from explorer.web.components.panel import panel
from explorer.web.engine_holder import engine

CHOICE, FILE = "heat_weights", "heat_file"  # keys of the widgets; the file's is numbered
_GIVEN = "_heat_given"  # session: (the file's name, the Upload)
_TURN = "_heat_turn"  # session: how many files were given: each has a widget of its own, so that none is kept in it
_EMPTY = hashlib.sha256(b"").hexdigest()
_WIDTHS: dict[str, tuple[Orientation, float]] = {"wide": ("horizontal", 980.0), "phone": ("vertical", 350.0)}


def jobs(study: Study) -> tuple[tuple[Job, ...], tuple[Job, ...]]:
    """The job that reads the chosen weights: among those asked for at once, or among those that take long."""
    named = _dense(study)
    if named is None:
        return (), ()
    _name, spec = named
    choice = _choice(spec)
    if choice == "published":
        return (), (PublishedJob(spec),)
    if choice == "server":
        return (HeatJob(spec, "server"),), ()
    upload = _upload(spec) if choice == "upload" else None
    return (HeatJob(spec) if upload is None else HeatJob(spec, "upload", upload),), ()


def _dense(study: Study) -> tuple[str, DenseNetSpec] | None:
    """Of the two networks the first that has sources to weigh, and its name; None of two ResNets."""
    for name in (study.networks.network, study.networks.against):
        spec = network_of(name)
        if isinstance(spec, DenseNetSpec):
            return name, spec
    return None


def _choices(spec: DenseNetSpec) -> dict[str, str]:
    found = {"fresh": _("Fresh"), "upload": _("Your file")}
    if _servers_file() is not None:
        found["server"] = _("This server’s file")
    if published_weights(spec) is not None:
        found["published"] = _("Published")
    return found


def _servers_file() -> str | None:
    try:
        path = environment.weights_file()
    except SpecError:  # whoever started the server was told
        return None
    return path.name if path is not None else None


def _choice(spec: DenseNetSpec) -> str:
    chosen = st.session_state.get(CHOICE)
    return chosen if isinstance(chosen, str) and chosen in _choices(spec) else "fresh"


def _upload(spec: DenseNetSpec) -> Upload | None:
    """The file that was given; without its bytes once it was answered."""
    known = cast(tuple[str, Upload] | None, st.session_state.get(_GIVEN))
    if known is None:
        return None
    name, upload = known
    if upload.data and isinstance(engine().state(HeatJob(spec, "upload", upload).kept()), Done | Failed):
        upload = Upload(upload.digest)
        st.session_state[_GIVEN] = name, upload
    return upload


def _take_file() -> None:
    """The uploader's callback: takes the file, and puts an empty uploader in the place of the one that holds it."""
    turn = st.session_state.get(_TURN, 0)
    file = st.session_state.get(f"{FILE}_{turn}")
    if file is None:
        return
    data = file.getvalue()
    upload = Upload(hashlib.sha256(data).hexdigest(), data)
    st.session_state[_GIVEN] = file.name, upload
    st.session_state[_TURN] = turn + 1
    named = _dense(link.current_study())
    if named is not None:  # a refusal of before, as that a file was gone, must not stand for this one
        engine().cancel(HeatJob(named[1], "upload", upload).kept(), waiting.waiter())


def show(found: NetworksFindings, states: Mapping[Job, State]) -> None:
    """The map with its title, and under it whose weights it shows; nothing of two ResNets."""
    named = _dense(found.study)
    if named is None:
        return
    name, spec = named
    choice, (at_once, long) = _choice(spec), jobs(found.study)
    (job,) = at_once or long
    read, problem = seen(HeatMap, job, states, "auto")
    given = cast(tuple[str, Upload] | None, st.session_state.get(_GIVEN)) if choice == "upload" else None
    if choice == "upload" and given is None:
        problem = None
    if given is not None and given[1].digest == _EMPTY:
        read, problem = None, Problem("failed", _("The file is empty."), _("Choose another one."))
    panel("networks-heat", _markup(name, spec, choice, read, problem), layers=1)
    options = _choices(spec)
    with st.container(key="heat-weights", horizontal=True, vertical_alignment="center", gap="small"):
        st.segmented_control(
            _("Weights"),
            list(options),
            default="fresh",
            format_func=options.__getitem__,
            key=CHOICE,
            required=True,
            label_visibility="collapsed",
        )
    if choice == "upload":
        most = most_megabytes(spec)
        st.file_uploader(
            _("Weights of {name}, .safetensors or .pth, up to {size} MiB").format(name=label(name), size=most),
            type=["safetensors", "pth", "pt", "bin"],
            key=f"{FILE}_{st.session_state.get(_TURN, 0)}",
            max_upload_size=most,
            on_change=_take_file,
            help=_("Read as tensors only: nothing in it is run, and nothing is kept."),
        )


def most_megabytes(spec: DenseNetSpec) -> int:
    """MiB of the largest file that is taken: three times the weights, and no more than the server takes of any."""
    most = most_weight_bytes(network_theory(spec, InputSpec(1, 256, 256)).parameters)
    return min(math.ceil(most / 2**20), int(st.get_option("server.maxUploadSize")))


def _markup(name: str, spec: DenseNetSpec, choice: str, read: HeatMap | None, problem: Problem | None) -> str:
    if problem is not None:
        title = _("The weights of {name} were not read").format(name=label(name))
        told = f'<p class="why ink" role="alert">{escape(_file_words(choice))}{escape(why(problem))}</p>'
        return f"<h2>{escape(title)}</h2>{told}"
    if read is None:
        title = _("How {name} reads its own features").format(name=label(name))
        words = escape(_("Fetching the published weights…") if choice == "published" else _("Reading weights…"))
        return f'<h2>{escape(title)}</h2><p class="sub">{words}</p><div class="heat-room"></div>'
    line = _file_words(choice) + heat_words.line(read)
    return f'<h2>{escape(heat_words.title(read))}</h2><p class="sub">{escape(line)}</p>{_drawings(read)}'


def _file_words(choice: str) -> str:
    """The name of the file that was read, in front of what is said of it."""
    given = st.session_state.get(_GIVEN) if choice == "upload" else None
    name = given[0] if given is not None else _servers_file() if choice == "server" else None
    if name is None:
        return ""
    shown = name if len(name) <= 60 else f"{name[:59]}…"
    return f"{shown}: "


@kept(maxsize=16)
def _drawings(read: HeatMap) -> str:
    drawn = "".join(
        f'<div class="{kind}">{heat_picture(read, orientation, width, TOKENS, standalone=False)}</div>'
        for kind, (orientation, width) in _WIDTHS.items()
    )
    return f'<div class="heat-frame" data-part="heat">{drawn}</div>'
