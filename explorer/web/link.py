"""The link and the session: the page's address is the Study, judged by the one codec.

Numbers are bound to the address by Streamlit (``bind="query-params"``), which keeps it in step in the
browser and does not add an entry to the history with every step of a slider. A choice whose label is
not its word in the link cannot be bound (Streamlit writes the label), so :func:`choose` puts it there.

Streamlit has each widget judge its own parameter, and drops what it refuses in silence. Here
:func:`resolve` reads the whole address first, with :func:`explorer.codec.read_leniently`, and hands
the widgets only what is legal; what is not is kept as sentences to show.

The browser sends the state of every widget with every message, so a value that the server has just
set may come back as it was before, as if the person had changed it. Two rules keep that harmless. A
widget that is not bound is never set: :func:`shown_key` gives it a new key, and so a new widget, when
its value is changed by anything but itself. And a bound one is put back when its old value comes with
an address that has the new one (the browser writes both when a person moves it), and by :func:`hold`
when a poll brings it: whatever the person does arrives in a message of its own.

What the server says of the address may cross what the browser itself writes there meanwhile, as when a
choice is followed at once by a slider's step, and would then overwrite it with an older value. So for
:data:`CROSSING` seconds after it has said something, every run whose address is another says that, too:
where nothing has crossed, it is what the browser has already, and makes no entry in its history.

All that this page needs of Streamlit's query parameters beyond ``st.query_params`` is in this module.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast
from urllib.parse import parse_qsl, urlencode

import streamlit as st
from streamlit.runtime.scriptrunner import ScriptRunContext, get_script_run_ctx

from explorer.codec import Reading, read_leniently, to_query
from explorer.language import N_, Language, _, language, language_of, plural, preferred, said
from explorer.language import speak as speak_in
from explorer.spec import FIELDS, ResidualSpec, SpecError, Study
from explorer.theory import counterpart

STUDY, PROBLEMS = "_study", "_link_problems"  # session keys: the Study of this run, and what was not taken
_DRAWN = "_drawn"  # session key: whether the sidebar has been drawn to its end once
_PAGE = "_page"  # session key: the page that was shown last
_SCRIPT = "_script"  # session key: Streamlit's own name of that page
_SHOWN = "_shown"  # session key: unbound widget → (how often it was made anew, its value, its labels' language)
_SET = "_set"  # session key: bound field → (until when its old value may come back, the old one, the new one)
_SAID = "_said"  # session key: (until when it may cross the browser's own, what the server said of the address last)
CROSSING = 5.0  # seconds
AGAIN = 1.5  # seconds
_STREAMLITS_OWN = ("embed", "embed_options")

#: Fields whose widget is bound to the address; the others are written by :func:`choose`.
BOUND = (
    "in_channels", "growth_rate", "layers", "bottleneck_factor", "bottleneck",
    "batch", "height", "width", "dtype", "seed",
)  # fmt: skip
CHOSEN = (
    "order", "mode", "match", "unit", "device", "drawing", "image", "matrix", "reference", "present", "lang",
    "implementation", "budget", "colours", "versus", "scale", "largest", "optimiser",
    "network", "against", "image_size", "heights", "frontier",
    "batch_norm", "init", "data", "stack_unit", "seeds", "steps", "learning_rate", "gradient", "trained",
    "chapter", "state", "guess", "placed", "tried", "locked", "hide",
)  # fmt: skip
#: Sections whose controls stand on a page, so that a choice of this very run is in the session alone.
_OF_PAGES = ("view", "memory", "networks", "gradients", "lesson")
SLIDERS = ("growth_rate", "layers", "in_channels")


_KEPT = N_("The value before it is kept.")


@dataclass(frozen=True)
class Untaken:
    """A value that was not taken, told in the reader's language for as long as it is shown.

    Attributes:
        problem: what is wrong with it.
        kept: what stands in its place, in English; None where those are the defaults.
    """

    problem: SpecError
    kept: str | None = None

    def __str__(self) -> str:
        return f"{self.problem} {_told(self.problem) if self.kept is None else _(self.kept)}"


def speak() -> None:
    """Speaks the language of this session's page. To be called first in every run, a fragment's too.

    Streamlit runs each in a thread which may be new, and speak nothing yet. Callbacks run before that: what they have
    to tell is kept as an object, and put into words when it is shown.
    """
    speak_in(spoken())


def spoken() -> Language:
    """The language of this session's page: what the address or the person has chosen, else the browser's."""
    context = _context()
    if not st.session_state.get(_DRAWN) or context.is_history_navigation:
        chosen = read(context.query_string).study.view.lang
    else:
        chosen = st.session_state.get("lang", "auto")
    if chosen != "auto":
        return chosen
    locale = st.context.locale  # what the browser's script tells of it, or what its request did
    return language_of(locale) if locale else preferred(st.context.headers.get("Accept-Language") or "")


def read(query: str) -> Reading:
    """What the address asks for; Streamlit's own parameters are passed over."""
    pairs = parse_qsl(query, keep_blank_values=True)
    reading = read_leniently((name, text) for name, text in pairs if name.lower() not in _STREAMLITS_OWN)
    problem = _unit_missing(reading.study)
    return reading if problem is None else Reading(reading.study.with_(select=None), (*reading.problems, problem))


def carry() -> None:
    """Where the person goes to another page: tells the browser of the Study's parameters. To be called first.

    Streamlit writes the other page's address as soon as it learns which page that is, with the bound parameters alone.
    Told of all of them later, the browser would have a second entry in its history, and the first one be in another
    language.
    """
    context = _context()
    goes = context.page_script_hash not in ("", st.session_state.get(_SCRIPT))
    if goes and st.session_state.get(_DRAWN) and not context.is_history_navigation:
        _carry(st.session_state[STUDY])


def _carry(before: Study) -> tuple[Study, tuple[Untaken, ...]]:
    study, problems = _from_controls(before, before.view.select)
    _put({name: study[name] for name in FIELDS})
    return study, problems


def resolve(page: str = "") -> Study:
    """The Study of this run, before any widget is drawn: from the address where it leads, else from the controls.

    The address leads on the first run and when the person goes back or forward. Afterwards the
    controls lead; a change that breaks a rule between fields is undone and told. Whoever goes to another
    ``page`` takes the Study along: Streamlit has emptied the address by then.
    """
    context = _context()
    moved = st.session_state.get(_PAGE, page) != page
    st.session_state[_PAGE], st.session_state[_SCRIPT] = page, context.page_script_hash
    reading = read(context.query_string)
    leads = not st.session_state.get(_DRAWN) or context.is_history_navigation
    if leads:
        study, problems = reading.study, tuple(map(Untaken, reading.problems))
        for name in CHOSEN:
            st.session_state[name] = study[name]
        st.session_state.pop(_SAID, None)
        _tidy(context, reading)
    elif moved:
        study, problems = _carry(st.session_state[STUDY])
    else:
        _put_back(reading.study)
        study, problems = _from_controls(st.session_state[STUDY], _selection(context))
        if time.monotonic() < st.session_state.get(_SAID, (0.0,))[0]:
            _put({name: study[name] for name in FIELDS})
    if not problems and study == st.session_state.get(STUDY):
        problems = st.session_state[PROBLEMS]  # told until dismissed, or until the next change
    # Streamlit seeds a bound widget from the address, and goes on doing so until the browser, which loads each
    # kind of widget on demand, has reported it. Let it see what was decided here, not what the address says.
    with context.session_state.query_params() as params:
        params.set_initial_query_params(urlencode(to_query(study)))
    st.session_state[STUDY], st.session_state[PROBLEMS] = study, problems
    return study


def drawn() -> None:
    """To be called when every control is drawn: from now on, the controls lead."""
    st.session_state[_DRAWN] = True


def current_study() -> Study:
    """The Study that the page shows now, with the view (drawing, selection, matrix …) as it stands.

    Where it is shown in another language than English, that is said, so that every link and file made of it speaks it.
    """
    study: Study = st.session_state[STUDY]
    view = {name: st.session_state[name] for name in CHOSEN if FIELDS[name].section in _OF_PAGES}
    if view["lang"] == "auto" and (here := spoken()) != "en":
        view["lang"] = here
    try:
        return study.with_(**view, select=_selection(_context()))
    except SpecError:  # a selection that this block does not have
        return study.with_(**view, select=None)


def set_select(value: str | None) -> None:
    """Selects ``layer-N``, ``source-N`` or ``N-M`` in the address; None lets go. Best called in a callback."""
    _put({"select": value})


def shown_key(name: str, value: object) -> str:
    """The key of an unbound widget that shows ``value``; another one when the value came from elsewhere.

    Another one in another language, too: Streamlit tells an option by its label, and would take the one that the
    browser still shows for a choice that nobody made.
    """
    shown: dict[str, tuple[int, object, Language]] = st.session_state.setdefault(_SHOWN, {})
    now = value, language()
    generation, *before = shown.get(name, (0, *now))
    if (*before,) != now:
        generation += 1
    shown[name] = generation, *now
    return f"{name}_{generation}"


def taken(name: str) -> object | None:
    """What the person put into the unbound widget ``name``, for its callback; None where they did nothing.

    Streamlit calls back, too, when the run that drew a new widget was interrupted before it was noted.
    """
    generation, before, drawn_in = st.session_state[_SHOWN][name]
    value: object = st.session_state.get(f"{name}_{generation}")
    if value is None or value == before:
        return None
    st.session_state[_SHOWN][name] = generation, value, drawn_in  # so that the widget is kept
    return value


def choose(name: str) -> None:
    """A widget's callback: takes the choice of field ``name`` and puts it into the address."""
    value = taken(name)
    if value is not None:
        apply({name: value})


def hold() -> None:
    """Puts bound widgets back to this run's Study. To be called first in a fragment that runs by itself."""
    speak()
    study: Study = st.session_state[STUDY]
    for name in BOUND:
        if st.session_state.get(name) != study[name]:
            st.session_state[name] = study[name]


def apply(values: Mapping[str, object]) -> None:
    """A widget's callback: sets the controls of several fields, as one step of the browser's history."""
    told = st.session_state.setdefault(_SET, {})
    for name, value in values.items():
        if name in BOUND:
            told[name] = time.monotonic() + CROSSING, st.session_state[STUDY][name], value
        st.session_state[name] = value
    _put(values)


def tell(problem: SpecError) -> None:
    """A widget's callback: what the person put in cannot be, and what was there stays."""
    st.session_state[PROBLEMS] = (Untaken(problem, _KEPT),)


def dismiss() -> None:
    """A widget's callback: the person has read what was not taken."""
    st.session_state[PROBLEMS] = ()


def _put_back(address: Study) -> None:
    """Sets bound widgets anew whose old value has come back with an ``address`` that has the new one.

    What was just set is set once more by each run of the next moments: what one run tells the browser of a widget is
    lost where the next run has drawn it before it was sent.
    """
    now = time.monotonic()
    for name, (until, old, new) in st.session_state.get(_SET, {}).items():
        value = st.session_state.get(name)
        came_back = now < until and value == old and address[name] == new
        if came_back or (now < until - CROSSING + AGAIN and value == new):
            st.session_state[name] = new


def _selection(context: ScriptRunContext) -> str | None:
    """What the address selects, whether or not the block has it."""
    return dict(parse_qsl(context.query_string)).get("select")


def _unit_missing(study: Study) -> SpecError | None:
    """What is wrong with a selected unit that the residual block does not have, whose units the theory alone knows."""
    unit = study.view.selected.unit
    if unit is None:
        return None
    spec = counterpart(study).theory.spec
    if not isinstance(spec, ResidualSpec) or unit <= spec.units:
        return None
    return SpecError(
        "select", study.view.select, said("unit-1 to unit-{units} of this residual block", units=spec.units)
    )


def _told(problem: SpecError) -> str:
    """What is shown instead of what was wrong with a link."""
    infos = [FIELDS[name] for name in problem.fields if name in FIELDS]
    if not infos:
        return _("It is passed over.")
    instead = {
        "select": _("Nothing is selected."),
        "locked": _("Nothing is locked."),
        "hide": _("The answers stay hidden."),
    }
    if infos[0].default is None:
        return instead.get(infos[0].name) or _("It is passed over.")
    defaults = [str(info.default).lower() if isinstance(info.default, bool) else str(info.default) for info in infos]
    words = plural("The default, {values}, is kept.", "The defaults, {values}, are shown.", len(defaults))
    return words.format(values=" · ".join(defaults))


def _from_controls(before: Study, select: str | None) -> tuple[Study, tuple[Untaken, ...]]:
    names = [*BOUND, *CHOSEN]
    values = {name: st.session_state.get(name, before[name]) for name in names}
    values = {
        name: before[name] if value is None and FIELDS[name].default is not None else value
        for name, value in values.items()
    }
    problems: tuple[Untaken, ...] = ()
    try:
        study = before.with_(**values, select=None)
    except SpecError as problem:  # each widget keeps its own bounds, so this is a rule between fields
        problems = (Untaken(problem, _KEPT),)
        study = before.with_(select=None)
        apply({name: before[name] for name in names if values[name] != before[name]})
    if select is not None:
        try:
            chosen = study.with_(select=select)
            if missing := _unit_missing(chosen):
                raise missing
            study = chosen
        except SpecError:  # fewer Bottlenecks or units than before: what was selected is gone
            _put({"select": None})
    return study, problems


def _tidy(context: ScriptRunContext, reading: Reading) -> None:
    """Takes out of the address what was not taken from it, in one step."""
    if not reading.problems:
        return
    legal = to_query(reading.study)
    given = dict(parse_qsl(context.query_string, keep_blank_values=True))
    wrong: dict[str, object] = {
        name: None for name in given if name not in legal and name.lower() not in _STREAMLITS_OWN
    }
    _put(wrong | {name: reading.study[name] for name in legal})


def _put(values: Mapping[str, object]) -> None:
    """Sets parameters (default or None: takes them out) and tells the browser once, as one entry of its history.

    It is told what is not in the address that its message came with, or may not be in it any more.
    """
    with _context().session_state.query_params() as params:
        before = params.to_dict()
        for name, value in values.items():
            info = FIELDS.get(name)
            if value is None or info is None or value == info.default:
                params.discard_param_no_forward_msg(name)
                continue
            text = str(value).lower() if isinstance(value, bool) else str(value)
            # A select slider's parameter is a list to Streamlit, which compares it with what it would write itself.
            params.set_with_no_forward_msg(name, [text] if name in SLIDERS else text)
        after = params.to_dict()
        until, said = st.session_state.get(_SAID, (0.0, before))
        now = time.monotonic()
        if after != before or (now < until and after != said):
            params.set_with_no_forward_msg("_", "")
            params.remove_param("_")  # to remove one that is there is what tells the browser of all of them
            st.session_state[_SAID] = now + CROSSING if after != before else until, after


def _context() -> ScriptRunContext:
    return cast(ScriptRunContext, get_script_run_ctx())
