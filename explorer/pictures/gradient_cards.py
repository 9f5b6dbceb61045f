"""The six settings as cards, all on one axis; and the table of them."""

from __future__ import annotations

from html import escape

from explorer.findings import Beside, GradientsFindings
from explorer.language import _, listed
from explorer.pictures import gradient_words as words
from explorer.pictures.fan_svg import colour
from explorer.pictures.log_axis import LogAxis
from explorer.pictures.palette import TOKENS
from explorer.pictures.svg_markup import number, tag
from explorer.spec import StackSetting

_STRIP, _PAD = 130.0, 5.0


def setting_value(setting: StackSetting) -> str:
    """How a card says which setting it chooses: ``true-he``."""
    return f"{str(setting.batch_norm).lower()}-{setting.init}"


def cards(found: GradientsFindings) -> str:
    """Buttons; the one of the Study is pressed."""
    spreads = [value for one in found.settings for each in one.found.values() if (value := words.ends(each))]
    axis = LogAxis.over(spreads)
    chosen = found.study.gradients.setting
    drawn = "".join(_card(one, axis, pressed=one.setting == chosen) for one in found.settings)
    group = escape(_("BatchNorm and initial weights"))
    note = f'<p class="note">{escape(words.cards_line(found))}</p>'
    return f'<div class="cards-frame"><div class="cards" role="group" aria-label="{group}">{drawn}</div></div>{note}'


def _card(one: Beside, axis: LogAxis, *, pressed: bool) -> str:
    name, weights = words.norm_name(one.setting), _("weights: {init}").format(init=words.init_name(one.setting))
    rows = ""
    for joined in words.JOINED:
        value = words.ends(one.found[joined])
        text = words.times(value.median) if value else "–"
        rows += f'<span class="r"><span>{escape(words.joined_name(joined))}</span><b>{text}</b></span>'
    return (
        f'<button class="imp" data-field="setting" data-value="{setting_value(one.setting)}"'
        f' aria-pressed="{"true" if pressed else "false"}"><strong>{escape(name)}</strong>'
        f'<span class="r"><span>{escape(weights)}</span></span>{_strip(one, axis)}{rows}</button>'
    )


def _strip(one: Beside, axis: LogAxis) -> str:
    """Three dots on the axis of all six cards."""

    def x(value: float) -> str:
        return number(_PAD + axis.place(value) * (_STRIP - 2 * _PAD))

    drawn = [
        tag("path", {"d": f"M0 13H{number(_STRIP)}", "stroke": TOKENS.axis}),
        tag("path", {"d": f"M{x(1.0)} 4V22", "stroke": TOKENS.mute}),
    ]
    for joined, y in zip(words.JOINED, (13, 7.5, 18.5), strict=True):
        value = words.ends(one.found[joined])
        if value:
            dot = {"cx": x(value.median), "cy": y, "r": 4, "fill": colour(joined), "stroke": TOKENS.background}
            drawn.append(tag("circle", dot))
    return tag(
        "svg", {"class": "strip-svg", "viewBox": f"0 0 {number(_STRIP)} 26", "aria-hidden": "true"}, "".join(drawn)
    )


def table(found: GradientsFindings) -> str:
    """Every setting with its three ratios, accuracy of the one that is chosen, and why."""
    chosen = found.study.gradients.setting
    heads = [
        _("Setting"),
        *(words.joined_name(joined) for joined in words.JOINED),
        _("read right: plain · residual · dense"),
        _("Why"),
    ]
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    body = ""
    for one in found.settings:
        name = listed((words.norm_name(one.setting), words.init_name(one.setting)))
        cells = ""
        for joined in words.JOINED:
            value = words.ends(one.found[joined])
            name_of = escape(words.joined_name(joined))
            cells += f'<td data-of="{name_of}">{words.times(value.median) if value else "–"}</td>'
        own = ' class="own"' if one.setting == chosen else ""
        body += (
            f'<tr{own}><th scope="row">{escape(name)}</th>{cells}'
            f"<td>{escape(words.accuracies(found, one.setting))}</td><td>{escape(words.reason(one))}</td></tr>"
        )
    return (
        f'<div class="scroll"><table class="sixfold"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def verdicts(found: GradientsFindings) -> str:
    """What this shows and what it does not, as pairs."""
    return (
        '<div class="counted">'
        + "".join(
            f"<div><b>{escape(title)}</b><span>{escape(text)}</span></div>" for title, text in words.verdicts(found)
        )
        + "</div>"
    )
