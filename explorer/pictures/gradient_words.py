"""What the Gradients page says: its headline, titles and lines, generated from what was measured, whatever that is.

A gradient grows or falls; no word judges it, and its size never stands without accuracy.
"""

from __future__ import annotations

import math

from explorer.findings import Beside, Gradients, GradientsFindings, StackFindings
from explorer.findings.gradients import Spread, mean_direct, relative
from explorer.language import _, listed, number_word, plural, stopped
from explorer.pictures.layout.lettering import source_name
from explorer.pictures.words import why
from explorer.spec import GradientOf, Joined, StackSetting

JOINED: tuple[Joined, ...] = ("plain", "residual", "dense")
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_GREW, _FELL, _NOTHING = 3.0, 1 / 3, 0.01
_ALIKE = 2.0  # ratios that differ by less than this factor are told as alike


# --- numbers ----------------------------------------------------------------------------------------------


def power(exponent: int) -> str:
    """``10⁻²⁸``."""
    return f"10{str(exponent).translate(_SUPERSCRIPTS)}"


def figure(value: float) -> str:
    """A ratio with two figures at most: ``88,000``, ``18``, ``8.5``, ``0.17``, ``6·10⁻²⁸``."""
    if value <= 0:
        return "0"
    if not 0.01 <= value < 10**7:
        exponent = math.floor(math.log10(value))
        first = round(value / 10.0**exponent)
        if first == 10:
            exponent, first = exponent + 1, 1
        return power(exponent) if first == 1 else f"{first}·{power(exponent)}"
    if value < 0.995:
        return f"{value:.2f}"
    if value < 9.95:
        return f"{value:.1f}"
    if value < 99.5:
        return f"{value:.0f}"
    step: int = 10 ** (math.floor(math.log10(value)) - 1)
    return f"{round(value / step) * step:,}"


def times(value: float) -> str:
    """:func:`figure` with its sign: ``8.5×``."""
    return f"{figure(value)}×"


def span(spread: Spread) -> str:
    """From the lowest to the highest seed."""
    low, high = figure(spread.low), figure(spread.high)
    if low == high:
        return low
    return f"{low}–{high}" if spread.low >= _NOTHING else _("{low} to {high}").format(low=low, high=high)


def percent(share: float) -> str:
    """A share of a gradient; signed, with a decimal where it would lose its meaning."""
    size = abs(share)
    if 0 < size < 0.0005:
        return _("under 0.1%")
    if size < 0.1 or 0.9 < size < 0.9995:
        return f"{100 * share:.1f}%".replace("-", "−")
    return f"{100 * share:.0f}%".replace("-", "−")


# --- names ------------------------------------------------------------------------------------------------


def joined_name(joined: Joined) -> str:
    """``plain``, ``residual``, ``dense``."""
    return {"plain": _("plain"), "residual": _("residual"), "dense": _("dense")}[joined]


def norm_name(setting: StackSetting) -> str:
    """``BatchNorm`` or ``No BatchNorm``."""
    return _("BatchNorm") if setting.batch_norm else _("No BatchNorm")


def init_name(setting: StackSetting) -> str:
    """``default``, ``He`` or ``half``."""
    return {"default": _("default"), "he": _("He"), "half": _("half")}[setting.init]


def setting_words(setting: StackSetting) -> str:
    """``With BatchNorm``, ``Without BatchNorm and with He’s weights``: the start of a sentence."""
    if setting.init == "default":
        return _("With BatchNorm") if setting.batch_norm else _("Without BatchNorm")
    weights = {"he": _("He’s weights"), "half": _("halved weights")}[setting.init]
    if setting.batch_norm:
        return _("With BatchNorm and {weights}").format(weights=weights)
    return _("Without BatchNorm, with {weights}").format(weights=weights)


def data_name(found: GradientsFindings) -> str:
    """``digits`` or ``noise``."""
    return _("digits") if found.study.gradients.data == "digits" else _("noise")


# --- values -----------------------------------------------------------------------------------------------


def ends(found: Gradients | None, of: GradientOf = "raw") -> Spread | None:
    """Layer 1 ÷ the last layer, at initialisation; None where no seed has it."""
    spreads = relative(found.runs, of) if found is not None else ()
    return spreads[1] if spreads else None


def course(one: StackFindings, found: GradientsFindings) -> tuple[Spread, ...]:
    """What the fan draws of one stack: the gradient at x0 and each layer ÷ at the last one, as the page asks for it."""
    asked = found.study.gradients
    return relative(one.runs(trained=asked.trained), asked.gradient)


def _first(found: GradientsFindings) -> dict[Joined, float]:
    """Layer 1 ÷ last layer of those stacks that have it, as the page asks for it."""
    courses = {joined: course(one, found) for joined, one in found.stacks.items()}
    return {joined: spreads[1].median for joined, spreads in courses.items() if spreads}


def accuracy(one: StackFindings) -> float | None:
    """Median held-back accuracy of the seeds that did not diverge; None where there is none."""
    known = [value for value in one.accuracies if value is not None]
    return Spread.of(known).median if known else None


def diverged(one: StackFindings) -> int:
    """How many seeds' training did not stay finite."""
    return sum(value is None for value in one.accuracies)


# --- head -------------------------------------------------------------------------------------------------


def headline(found: GradientsFindings) -> str:
    """One sentence or two on the gradients of all three stacks, whatever was measured."""
    asked, layers = found.study.gradients, found.study.block.layers
    if asked.trained:
        return _trained_headline(found)
    spreads = {joined: ends(one.found) for joined, one in found.stacks.items()}
    values = {joined: spread.median for joined, spread in spreads.items() if spread}
    problem = next((one.problem for one in found.stacks.values() if one.problem), None)
    if len(values) < 3:
        if problem is not None:
            return _("The gradients of these stacks were not measured")
        return _("Three stacks of {layers}, joined by nothing, by adding and by concatenating: their gradients").format(
            layers=plural("{n} layer", "{n} layers", layers).format(n=layers)
        )
    plain, residual, dense = (values[joined] for joined in JOINED)
    where = setting_words(asked.setting)
    if layers == 1:
        return _("With one layer there is no way back to compare: every gradient comes straight from the loss")
    words = {"where": where, "plain": times(plain), "residual": times(residual), "dense": times(dense)}
    if plain > _GREW and max(residual, dense) < plain / _ALIKE:
        return _(
            "{where} a plain stack’s gradient does not vanish: on its way back it grows {plain}. "
            "Residual keeps that to {residual}, dense to {dense}."
        ).format(**words)
    if plain < _NOTHING and all(_FELL < value < _GREW for value in (residual, dense)):
        return _(
            "{where} the plain stack’s gradient vanishes, to {fallen} of itself. "
            "Adding cures it as well as concatenating: {residual} and {dense}."
        ).format(**words, fallen=figure(plain))
    if plain < _NOTHING:
        return _(
            "{where} the plain stack’s gradient vanishes, to {fallen} of itself. Adding: {residual}, concatenating: "
            "{dense}."
        ).format(**words, fallen=figure(plain))
    told = [f"{joined_name(joined)} {verb(values[joined])}" for joined in JOINED]
    return _("{where}, on its way back from layer {last} to layer 1, the gradient {told}.").format(
        where=where, last=layers, told=_("of {a}, of {b} and of {c}").format(a=told[0], b=told[1], c=told[2])
    )


def verb(value: float) -> str:
    """``grows 18×``, ``falls to 0.17×``, ``stays near its size (1.1×)``."""
    if value > _GREW:
        return _("grows {times}").format(times=times(value))
    if value < _FELL:
        return _("falls to {times}").format(times=times(value))
    return _("stays near its size ({times})").format(times=times(value))


def _trained_headline(found: GradientsFindings) -> str:
    asked = found.study.gradients
    after = _("After {steps} steps").format(steps=asked.steps)
    told = []
    for joined in JOINED:
        one = found.stacks[joined]
        read, lost = accuracy(one), diverged(one)
        name = joined_name(joined)
        if read is not None:
            told.append(_("{name} {percent:.0f}%").format(name=name, percent=100 * read))
        elif lost:
            told.append(_("{name} has diverged").format(name=name))
    if not told:
        if found.training:
            return _("Training three stacks for {steps} steps, from {seeds} seeds each").format(
                steps=asked.steps, seeds=number_word(asked.seeds)
            )
        return _("These stacks were not trained")
    what = _("the held-back digits") if asked.data == "digits" else _("the held-back noise, where guessing reads 10%,")
    return _("{after} the stacks read of {what}: {told}.").format(after=after, what=what, told=listed(told))


def where(found: GradientsFindings) -> str:
    """On what: the block, how well the stacks match, the images, the seeds, the arithmetic."""
    block, asked = found.study.block, found.study.gradients
    gaps = [abs(one.mismatch) for one in found.stacks.values()]
    version = next((one.found.torch for one in found.stacks.values() if one.found is not None), "")
    said = [
        f"k = {block.growth_rate}, L = {block.layers}, c₀ = {block.in_channels}",
        _("layers’ parameters matched within {gap:.1%}").format(gap=max(gaps)),
        _("{data}, 64 images of 8 × 8").format(data=data_name(found)),
        _("{seeds} seeds").format(seeds=asked.seeds),
        _("float64 on the CPU") + (_(", torch {version}").format(version=version) if version else ""),
    ]
    if not block.bottleneck or block.order != "pre" or block.bottleneck_factor != 4:
        said.insert(1, _("Bottlenecks of b = {b} in pre-activation order").format(b=block.bottleneck_factor))
    return " · ".join(said)


def progress(found: GradientsFindings) -> str:
    """What is being measured."""
    done = found.jobs - found.waiting
    if not found.measured:
        return _("Measuring the gradient at every layer…")
    if found.training:
        return _("Measuring and training: {done} of {all} done…").format(done=done, all=found.jobs)
    return _("Measuring what stands beside it: {done} of {all} done…").format(done=done, all=found.jobs)


# --- the fan ----------------------------------------------------------------------------------------------


def fan_title(found: GradientsFindings) -> str:
    """What the lines say."""
    values, asked, layers = _first(found), found.study.gradients, found.study.block.layers
    if not values:
        return _("The gradient at every layer")
    told = listed(f"{joined_name(joined)} {times(value)}" for joined, value in values.items())
    if asked.gradient == "free":
        return _("Free of scale: {told}").format(told=told)
    if asked.gradient == "weights":
        return _("Of 3×3 weights: {told}").format(told=told)
    if asked.trained or layers < 3 or "plain" not in values or "dense" not in values:
        return _("Layer 1 ÷ layer {last}: {told}").format(last=layers, told=told)
    plain, dense = (values[joined] ** (1 / (layers - 1)) for joined in ("plain", "dense"))
    if plain < _NOTHING ** (1 / 2):
        return _("A plain unit passes back {plain:.1%} of the gradient’s size, a dense one {dense:.0%}").format(
            plain=plain, dense=dense
        )
    return _("A plain unit multiplies the gradient by {plain:.2f}, a dense one by {dense:.2f}").format(
        plain=plain, dense=dense
    )


def fan_axis(found: GradientsFindings, *, phone: bool = False) -> str:
    """What stands over the fan."""
    last = found.study.block.layers
    if found.study.gradients.gradient == "weights":
        if phone:
            return _("gradient of weights, ÷ in layer {last}").format(last=last)
        return _("gradient norm of a layer’s 3×3 weights ÷ in layer {last}").format(last=last)
    if found.study.gradients.gradient == "free":
        if phone:
            return _("gradient × map, ÷ at layer {last}").format(last=last)
        return _("gradient norm × map’s size (rms), ÷ at layer {last}").format(last=last)
    if phone:
        return _("gradient at a layer, ÷ at layer {last}").format(last=last)
    return _("gradient norm at a layer’s output ÷ at layer {last}").format(last=last)


def place_title(found: GradientsFindings, layer: int) -> str:
    """Where in the stack: the title over the three values."""
    behind = found.study.block.layers - layer
    if layer == 0:
        return _("At x₀, which the stem makes")
    if behind == 0:
        return _("At layer {layer}, the last").format(layer=layer)
    words = plural("{n} layer before the last", "{n} layers before the last", behind).format(n=behind)
    return _("At layer {layer}, {words}").format(layer=layer, words=words)


def place_line(found: GradientsFindings) -> str:
    """What the three values are."""
    return _("median, and range of {seeds} seeds").format(seeds=number_word(found.study.gradients.seeds))


def learns_title(found: GradientsFindings) -> str:
    """Over the accuracies."""
    return _("Does it learn? Read right after {steps} steps, %").format(steps=found.study.gradients.steps)


def learns_line(found: GradientsFindings) -> str:
    """Under it."""
    if found.study.gradients.data == "noise":
        return _("360 held-back images of noise with random labels: there is nothing to learn.")
    return _("360 held-back digits, one dot a seed; the same SGD for all.")


def learns_note(found: GradientsFindings) -> str:
    """What gradient size and accuracy say together, where they contradict each other; else nothing."""
    values = {joined: ends(one.found) for joined, one in found.stacks.items()}
    read = {joined: accuracy(one) for joined, one in found.stacks.items()}
    plain, plain_read, dense_read = values["plain"], read["plain"], read["dense"]
    if plain is None or plain_read is None or found.study.gradients.data == "noise":
        return ""
    best = max((value for value in read.values() if value is not None), default=0.0)
    if plain_read < 0.5 < best and plain.median > _GREW:
        return _("Plain starts with the largest gradients and learns least: size is not use.")
    if plain_read < 0.5 and dense_read is not None and dense_read < 0.5 and plain.median < _NOTHING:
        return _("Dense keeps its gradient’s size here and hardly learns: a kept gradient is not enough.")
    if plain_read < 0.5 < best and plain.median > _NOTHING:
        return _("Plain’s gradient does not vanish here, and yet it hardly learns: a gradient is not enough.")
    return ""


def spoken(found: GradientsFindings) -> str:
    """The fan for those who do not see it."""
    told = []
    for joined in JOINED:
        spreads = course(found.stacks[joined], found)
        if spreads:
            told.append(
                _("{name}: {first} at layer 1, {middle} in the middle").format(
                    name=joined_name(joined),
                    first=times(spreads[1].median),
                    middle=times(spreads[len(spreads) // 2].median),
                )
            )
    return f"{stopped(fan_axis(found))} {stopped('; '.join(told) or _('not measured'))}"


# --- cards ------------------------------------------------------------------------------------------------


def cards_line(found: GradientsFindings) -> str:
    """Under the six cards."""
    return _(
        "All six at initialisation, layer 1 ÷ layer {last}. Strip: logarithmic, one scale, tick = 1×. "
        "Weights: PyTorch’s default, which the source text’s code gets from nn.Conv2d; He’s, √6 times as large; half."
    ).format(last=found.study.block.layers)


# --- by edge ----------------------------------------------------------------------------------------------


def edges_title(found: GradientsFindings) -> str:
    """How much of x₁'s gradient comes straight from the loss."""
    rows, layers = found.shares, found.study.block.layers
    row = rows[1] if len(rows) > 1 else None
    if row is None:
        return _("Which reader sends back how much")
    if layers == 1:
        return _("x₁ gets all of its gradient straight from the loss")
    later = plural("the {n} later layer", "the {n} later layers", layers - 1).format(n=layers - 1)
    if row[-1] > 0.5:
        return _("x₁ gets {direct} of its gradient straight from the loss; {later} add {rest}").format(
            direct=percent(row[-1]), later=later, rest=percent(1 - row[-1])
        )
    return _("x₁ gets {direct} of its gradient straight from the loss and {rest} through {later}").format(
        direct=percent(row[-1]), later=later, rest=percent(1 - row[-1])
    )


def edges_line(found: GradientsFindings) -> str:
    """How it was taken, how exactly, and what the residual stack does."""
    asked = found.study.gradients
    runs = found.stacks["dense"].runs(trained=asked.trained)
    if not runs:
        return _("Taken where the sources are concatenated, once the dense stack is measured.")
    said = _(
        "Captured at each concatenation: what the readers send back sums to the whole, largest error {error}. "
        "A share is the projection on the whole, so that a row adds up to 100%; mean of {seeds} seeds."
    ).format(error=figure(max(run.sum_error for run in runs)), seeds=number_word(len(runs)))
    residual = mean_direct(found.stacks["residual"].runs(trained=asked.trained), 1)
    if residual is not None:
        said += " " + _(
            "In the residual stack {direct} of layer 1’s gradient comes straight from the loss: there, too, every "
            "later unit sends gradient back."
        ).format(direct=percent(residual))
    return said


def back_line(row: tuple[float, ...] | None, source: int, layers: int) -> str:
    """What one source gets from its readers; ``row`` as :attr:`explorer.findings.StackRun.shares` has it."""
    name = source_name(source)
    if row is None:
        return _("The gradient at {name} is exactly zero: nothing comes back.").format(name=name)
    if source == layers:
        return _("{name} has no later layer: all of its gradient comes straight from the loss.").format(name=name)
    readers = row[:-1]
    later = 1 - row[-1]
    said = _("Below the line: what comes back to {name} from each reader, together 100%.").format(name=name)
    if later <= 0.2 or len(readers) < 3:
        return said
    ordered = sorted(range(len(readers)), key=lambda index: -readers[index])
    total, count = 0.0, 0
    for index in ordered:
        total, count = total + readers[index], count + 1
        if total >= later / 2:
            break
    biggest = ordered[0]
    return (
        said
        + " "
        + _("Half of what later layers send comes from {count} of {all}; reader {reader} alone sends {share}.").format(
            count=count, all=len(readers), reader=source + 1 + biggest, share=percent(readers[biggest])
        )
    )


# --- skips cut, depth -------------------------------------------------------------------------------------


def cut_title(found: GradientsFindings) -> str:
    """What short skips do, and all of them."""
    values = {(cut.reach, cut.loss_reads_all): ends(cut.found) for cut in found.cuts}
    one, all_ = values.get((1, False)), values.get((None, False))
    if one is None or all_ is None:
        return _("With skips cut short")
    direct = values.get((1, True))
    if one.median < _NOTHING and direct is not None:
        return _("Skips of one layer only: {one}. The direct line to the loss alone brings it back to {direct}").format(
            one=times(one.median), direct=times(direct.median)
        )
    four = values.get((4, False))
    if four is not None and one.median > 10:
        return _("Skips of one layer leave {one}, of four {four}; all of them, {all}").format(
            one=times(one.median), four=times(four.median), all=times(all_.median)
        )
    return _("Cut to one layer the gradient is {one}; all skips give {all}").format(
        one=times(one.median), all=times(all_.median)
    )


def cut_line(found: GradientsFindings) -> str:
    """How to read it."""
    return _(
        "Solid: every layer, and the loss, reads the last m outputs alone. Dashed: layers are cut the same way, but "
        "the loss reads everything. Fewer inputs mean fewer weights: at m = 1 each layer reads {k} channels."
    ).format(k=found.study.block.growth_rate)


def depth_title(found: GradientsFindings) -> str:
    """From the shallowest to the deepest."""
    known = [one for one in found.depths if all(ends(each) for each in one.found.values())]
    if len(known) < 2:
        return _("With depth")
    first, last = known[0].layers, known[-1]
    told = listed(
        f"{joined_name(joined)} {times(value.median)}" for joined in JOINED if (value := ends(last.found[joined]))
    )
    return _("From {first} to {last} layers: {told}").format(first=first, last=last.layers, told=told)


def depth_line(found: GradientsFindings) -> str:
    """How to read it."""
    return _("Stacks of equal depth and matched parameters, at initialisation, in the setting above; band: all seeds.")


# --- all settings, and what it shows ----------------------------------------------------------------------


def table_title(found: GradientsFindings) -> str:
    """In how many settings a plain stack vanishes and explodes, and how dense stays."""
    rows = [{joined: ends(each) for joined, each in one.found.items()} for one in found.settings]
    known = [{joined: value.median for joined, value in row.items() if value} for row in rows]
    if any(len(row) < 3 for row in known):
        return _("All six settings")
    falls = sum(row["plain"] < _NOTHING for row in known)
    grows = sum(row["plain"] > 10 for row in known)
    dense = max(max(row["dense"], 1 / row["dense"]) for row in known)
    return _(
        "Untrained, plain vanishes in {falls} of six settings and grows tenfold in {grows}; dense stays within {dense}"
    ).format(falls=number_word(falls), grows=number_word(grows), dense=times(dense))


def table_line(found: GradientsFindings) -> str:
    """What the columns are."""
    asked = found.study.gradients
    return _(
        "Gradient at layer 1 ÷ layer {last}, at initialisation, median of {seeds} seeds. Accuracy is measured for the "
        "setting that is chosen: after {steps} steps of SGD, rate {rate}, momentum 0.9, batches of 32."
    ).format(last=found.study.block.layers, seeds=number_word(asked.seeds), steps=asked.steps, rate=asked.learning_rate)


def reason(one: Beside) -> str:
    """Why a setting gives what it gives; told of what is known of it."""
    setting = one.setting
    if setting.batch_norm:
        return {
            "default": _("BatchNorm rescales every map and so amplifies the way back (Yang et al. 2019)."),
            "he": _("BatchNorm undoes the weights’ scale before every layer of the dense stack; a sum keeps it."),
            "half": _("Small branches: the residual stack is close to the identity."),
        }[setting.init]
    return {
        "default": _("Every convolution shrinks its map; the direct path carries the gradient."),
        "he": _("A sum grows with every unit; a concatenation sums nothing."),
        "half": _("Weights so small that what a plain stack sends back is beyond what float32 can hold."),
    }[setting.init]


def accuracies(found: GradientsFindings, setting: StackSetting) -> str:
    """Plain, residual and dense accuracy of ``setting``, where it was trained; else that it was not."""
    if setting != found.study.gradients.setting:
        return _("choose it to train")
    told = []
    for joined in JOINED:
        one = found.stacks[joined]
        read = accuracy(one)
        told.append(f"{100 * read:.0f}%" if read is not None else _("diverged") if diverged(one) else "–")
    if set(told) == {"–"}:
        return _("waits for its turn") if found.training else _("not trained")
    return " · ".join(told)


def verdicts(found: GradientsFindings) -> list[tuple[str, str]]:
    """What this shows, and what it does not: a claim and the measured values, each; only of what was measured."""
    said: list[tuple[str, str]] = []
    values = {joined: ends(one.found) for joined, one in found.stacks.items()}
    plain, residual, dense = (values[joined] for joined in JOINED)
    if plain and residual and dense:
        said += _verdicts_at_start(found, plain, residual, dense)
    row = found.shares[1] if len(found.shares) > 1 else None
    trained = found.study.gradients.trained
    if row is not None and found.study.block.layers > 1:
        also = mean_direct(found.stacks["residual"].runs(trained=trained), 1)
        words = _("{rest} of x₁’s gradient comes through later layers.").format(rest=percent(1 - row[-1]))
        if also is not None:
            words += " " + _("A residual stack does the same: {rest}.").format(rest=percent(1 - also))
        said.append((_("Shown: later layers do send gradient"), words))
    said.append(
        (
            _("Not shown: that a large gradient is a useful one"),
            _("Size says nothing of direction. Accuracy stands beside it for that reason.")
            + (f" {note}" if (note := learns_note(found)) else ""),
        )
    )
    said.append(
        (
            _("Mind: a gradient’s size depends on its layer’s own scale"),
            _free_words(found),
        )
    )
    said.append(
        (
            _("Not measured here: large images, long training, Adam"),
            _(
                "8 × 8 images, {steps} steps. Adam divides by the gradient’s size and would hide much of this; other "
                "learning rates and steps are in the sidebar."
            ).format(steps=found.study.gradients.steps),
        )
    )
    said.append(
        (
            _("Not a Transition"),
            _(
                "The loss reads the stack’s whole output through {norm}ReLU, mean and one linear layer. In a whole "
                "network a Transition stands between: the direct path ends at each block."
            ).format(norm=_("BatchNorm, ") if found.study.gradients.batch_norm else ""),
        )
    )
    return said


def _verdicts_at_start(
    found: GradientsFindings, plain: Spread, residual: Spread, dense: Spread
) -> list[tuple[str, str]]:
    values = {
        "plain": times(plain.median),
        "residual": times(residual.median),
        "dense": times(dense.median),
    }
    away = [max(one.median, 1 / one.median) for one in (plain, residual, dense) if one.median > 0]
    said = []
    if len(away) == 3 and away[0] > _ALIKE * max(away[1:]):
        said.append(
            (
                _("Shown: a skip keeps the gradient’s scale"),
                _("Plain is {plain}; residual {residual} and dense {dense}.").format(**values),
            )
        )
    else:
        said.append(
            (
                _("Not shown here: that a skip keeps the gradient’s scale"),
                _("Plain is {plain}, residual {residual}, dense {dense}.").format(**values),
            )
        )
    free = {joined: ends(one.found, "free") for joined, one in found.stacks.items()}
    beside = ""
    if free["residual"] and free["dense"]:
        beside = " " + _("Free of scale: {residual} and {dense}.").format(
            residual=times(free["residual"].median), dense=times(free["dense"].median)
        )
    if not _keeps_closer(residual, dense) or not _keeps_closer(free["residual"], free["dense"]):
        title = _("Not shown: that concatenating does it better than adding")
        words = _("Adding gives {residual}, concatenating {dense}.").format(**values)
    else:
        title = _("Shown in this setting: concatenating keeps the scale closer than adding")
        words = _(
            "Adding gives {residual}, concatenating {dense}: a sum of maps grows, a concatenation does not."
        ).format(**values)
    said.append((title, words + beside))
    return said


def _keeps_closer(residual: Spread | None, dense: Spread | None) -> bool:
    """Whether the dense stack's gradient stays closer to its size than the residual one's, by more than a little."""
    if residual is None or dense is None or min(residual.median, dense.median) <= 0:
        return False
    away = [max(one.median, 1 / one.median) for one in (residual, dense)]
    return away[0] > _ALIKE * away[1]


def _free_words(found: GradientsFindings) -> str:
    free = ends(found.stacks["plain"].found, "free")
    said = _(
        "“Free of scale” takes the gradient times the map’s size: doubling a layer’s output changes nothing in it."
    )
    if free is not None:
        said += " " + _("Plain is then {free}.").format(free=times(free.median))
    return said


def missing(found: GradientsFindings) -> str:
    """Why a part has nothing to show."""
    return why(found.problems[0]) if found.problems else _("Not measured yet.")
