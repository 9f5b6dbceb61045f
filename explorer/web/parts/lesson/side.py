"""What stands beside the picture: the prediction, what is said of it, or the one control."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape

from explorer.findings import Column
from explorer.language import _
from explorer.lesson.feedback import Gap, feedback, gaps, reached
from explorer.lesson.words import marked, on_axis
from explorer.pictures.words import why
from explorer.spec import FIELDS
from explorer.study.lesson import MEASURES
from explorer.web.parts.lesson.fields import label_of, value_of
from explorer.web.parts.lesson.handed import button
from explorer.web.parts.lesson.shown import Shown

_GOAL = re.compile(r"<b>.*?</b>")  # with which a task's text begins
_FAR = 2.0  # times: a gap that is told strongly


def side(shown: Shown) -> str:
    """What belongs there now, as markup."""
    if shown.place.hidden:
        return _kept_back(shown)
    if shown.state == "ask":
        return _prediction(shown)
    if shown.problem is not None:
        return f'<p class="status" role="status">{escape(why(shown.problem))}</p>' + _act(
            {"again": "1"}, _("Try again")
        )
    if shown.state == "answer":
        return _comparison(shown)
    return _control(shown)


def _waiting_line(shown: Shown) -> str:
    if not shown.waits:
        return ""
    return f'<p class="status busy" role="status"><i></i>{escape(_("Running it on the real module…"))}</p>'


def _act(values: Mapping[str, object], words: str, key: str = "") -> str:
    kbd = f"<kbd>{key}</kbd>" if key else ""
    return button(values, f"<span>{escape(words)}</span>{kbd}", "act")


def _prediction(shown: Shown) -> str:
    axis = shown.place.chapter.axis
    rows = ""
    values = shown.values()
    for i, column in enumerate(shown.columns):
        value = values[i] if i in shown.worked else shown.guess.values[i]
        said = "…" if value is None else on_axis(axis, value)
        relation = ""
        if axis.line == 1 and axis.unit:
            relation = f'<td class="n" data-relation>{escape(_relation(shown.guess.values[i]))}</td>'
        if i in shown.worked:
            relation = '<td class="n"></td>' if relation else ""
            said = _("{value}, found").format(value=said)
        name, cell = escape(str(column.label)), f'<td class="n" data-value>{escape(said)}</td>'
        rows += f'<tr data-row="{i}"><td>{name}</td>{cell}{relation}</tr>'
    many = ' class="many"' if len(shown.columns) > 6 else ""
    title = f"<h3>{escape(_('Your prediction'))}</h3>"
    line = escape(
        _("You can still change it. Nothing is scored.")
        if shown.touched
        else _("Leaving it as it stands is a prediction too. Nothing is scored.")
    )
    cards = _cards(shown, asking=True) if shown.guess.placed else ""
    table = f"<table{many}><tbody>{rows}</tbody></table>" if rows else ""
    act = _act({"state": "answer"}, _("Compare with what is found"), "Enter")
    return f'{title}{cards}{table}<p class="m">{line}</p>{act}'


def _relation(value: float) -> str:
    percent = round(abs(value - 1) * 100)
    if percent == 0:
        return _("equal")
    if value > 2:
        return ""
    return (_("{percent}% less") if value < 1 else _("{percent}% more")).format(percent=percent)


def _cards(shown: Shown, *, asking: bool) -> str:
    labels = MEASURES[shown.place.chapter.about].cards
    order = shown.answer.order if shown.answer is not None and not asking else ()
    places = right_places([str(labels[one]) for one in shown.guess.placed], [str(labels[one]) for one in order])
    items = ""
    for at, name in enumerate(shown.guess.placed, 1):
        label = str(labels.get(name, name))
        inside = f'<span class="no">{at}</span><span>{escape(label)}</span>'
        if asking:
            spoken = _("{name}, at place {place}: arrow keys move it").format(name=label, place=at)
            items += (
                f'<li class="card" tabindex="0" data-card="{escape(name)}" data-name="{escape(label)}"'
                f' aria-label="{escape(spoken)}">{inside}</li>'
            )
        else:
            here = places[at - 1] == at
            there = "✓" if here else _("place {place}").format(place=places[at - 1])
            items += (
                f'<li class="card{" here" if here else ""}">{inside}<span class="right">{escape(there)}</span></li>'
            )
    role = _("Cards to be put into order") if asking else _("Your order, and where each belongs")
    rows = -(-len(shown.guess.placed) // 2)  # in two columns, each read downwards
    kind = "cards" if asking else "cards still"
    return f'<ol class="{kind}" style="--rows:{rows}" aria-label="{escape(role)}">{items}</ol>'


def right_places(placed: Sequence[str], order: Sequence[str]) -> list[int]:
    """Where each of ``placed`` belongs in ``order``, from 1; of equal ones each has a place of its own."""
    free = {at for at, name in enumerate(order, 1) if at > len(placed) or placed[at - 1] != name}
    found = []
    for at, name in enumerate(placed, 1):
        if at <= len(order) and order[at - 1] == name:
            found.append(at)
        else:
            place = min((one for one in free if order[one - 1] == name), default=at)
            free.discard(place)
            found.append(place)
    return found


def _kept_back(shown: Shown) -> str:
    words = _("Your prediction is kept. This link holds the answer back until whoever gave it to you shows it.")
    back = _back()
    return f'<h3>{escape(_("Prediction noted"))}</h3><p class="told">{escape(words)}</p>{back}'


def _back() -> str:
    """Back to the prediction, by a button that Enter does not press: whoever waits presses it to go on."""
    return button({"state": "ask"}, escape(_("Back to the prediction")), "quiet")


def _comparison(shown: Shown) -> str:
    if shown.answer is None:
        return _waiting_line(shown) + _back()
    place = shown.place
    said = " ".join(marked(one) for one in feedback(place.chapter, shown.columns, shown.guess, shown.answer))
    rows = ""
    for gap, column in zip(gaps(place.chapter, shown.columns, shown.guess, shown.answer), shown.columns, strict=True):
        rows += _gap_row(gap, column)
    many = ' class="many"' if len(shown.columns) > 6 else ""
    titles = (_("you"), _("found"), _("gap"))
    head = "".join(f'<th class="n" scope="col">{escape(words)}</th>' for words in titles)
    table = f"<table{many}><thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody></table>"
    cards = _cards(shown, asking=False) if shown.guess.placed else ""
    return f'<p class="told">{said}</p>{cards}{table}{_act({"state": "play"}, _("Try it yourself"), "Enter")}'


def _gap_row(gap: Gap, column: Column) -> str:
    kind = "near" if gap.close else "far" if gap.size > _FAR else ""
    given = _("given") if gap.worked else gap.guess
    return (
        f'<tr class="{kind} {column.of}"><td>{escape(gap.label)}</td><td class="n">{escape(given)}</td>'
        f'<td class="n t">{escape(gap.truth)}</td><td class="n">{escape(gap.words)}</td></tr>'
    )


def _control(shown: Shown) -> str:
    place, play = shown.place, shown.place.chapter.play
    label = label_of(play.control)
    dead = place.is_locked
    if place.is_fixed:
        title, line = f"<h3>{escape(_('This link shows one value'))}</h3>", ""
    else:
        title = f"<h3>{escape(_('One control is yours'))}</h3>"
        line = f'<p class="m">{escape(_("At each value it is measured anew."))}</p>'
    control = "" if place.is_without_control else _range(shown, label, dead=dead)
    locks = "".join(
        f'<div class="lock">{escape(label_of(name))}<span>{escape(value_of(name, place.given[name]))}'
        f'<i class="lk" title="{escape(_("stays as it is"))}"></i></span></div>'
        for name in play.locked
    )
    mission = ""
    if shown.answer is not None and not place.is_fixed:
        state = reached(play.task, shown.columns, shown.answer, shown.beside)
        said = shown.words({"open": play.task.text, "near": play.task.near, "done": play.task.done}[state])
        goal = _GOAL.match(shown.words(play.task.text))
        if state == "near" and goal:  # so that the task is always there to be read
            said = f"{goal[0]} {said}"
        mission = f'<div class="mission {state}" role="status">{said}</div>'
    return f'{title}{line}{control}<div class="locks">{locks}</div>{mission}{_waiting_line(shown)}'


def _range(shown: Shown, label: str, *, dead: bool) -> str:
    place, play = shown.place, shown.place.chapter.play
    off = " disabled" if dead else ""
    if isinstance(play.values[0], int):
        low, high = play.values
        reach = f'min="{low}" max="{high}" step="1" value="{place.tried}"'
        common = f'data-control="{{}}" {reach} aria-label="{escape(label)}"{off}'
        return (
            f'<label>{escape(label)}</label><div class="range"><input type="range" {common.format("range")}>'
            f'<input type="number" {common.format("number")}></div>'
        )
    buttons = "".join(
        button(
            {"tried": str(word)},
            escape(value_of(play.control, FIELDS[play.control].domain.parse(str(word)))),
            aria_pressed=str(str(word) == place.tried).lower(),
            **({"aria_disabled": "true"} if dead else {}),
        )
        for word in play.values
    )
    group = f'<div class="seg words" role="group" aria-label="{escape(label)}">{buttons}</div>'
    return f"<label>{escape(label)}</label>{group}"
