"""What to build and how to run it: frozen, validated dataclasses.

A spec validates itself when it is made, so nothing downstream checks again.
Each field carries its domain and a help text in its dataclass metadata; the
codec (:mod:`explorer.codec`) reads URL parameters, flags and JSON by the same
table, and the page takes its slider bounds from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, Literal

Order = Literal["pre", "post"]
Unit = Literal["preactivation", "postactivation", "basic"]
Match = Literal["depth", "parameters", "macs", "saved_bytes"]
DType = Literal["float32", "float64", "bfloat16", "float16"]
Mode = Literal["training", "inference"]
Drawing = Literal["chain", "paper"]
Image = Literal["pattern", "noise", "upload"]
Matrix = Literal["share", "channels", "bytes", "weights"]

BYTES_PER_ELEMENT: dict[str, int] = {"float32": 4, "float64": 8, "bfloat16": 2, "float16": 2}


class SpecError(ValueError):
    """A value outside what a field allows. The text is fit to be shown to a person.

    Attributes:
        field: the field's name as in code, URL and flags, such as ``growth_rate``; the names of
            all fields that break a rule together, joined by " · ".
        value: the offending value, as given.
        allowed: what would have been allowed, as words that follow "must be".
    """

    def __init__(self, field: str, value: object, allowed: str) -> None:
        self.field, self.value, self.allowed = field, value, allowed
        super().__init__(f"{field} must be {allowed}, not {shown(value)}.")

    @property
    def fields(self) -> tuple[str, ...]:
        """The names in ``field``, one by one."""
        return tuple(self.field.split(" · "))

    def __reduce__(self) -> tuple[type[SpecError], tuple[str, object, str]]:
        return SpecError, (self.field, self.value, self.allowed)


def shown(value: object, limit: int = 40) -> str:
    """``value`` as a person may see it: quoted if text, printable, never longer than ``limit``."""
    if isinstance(value, int) and abs(value) >= 10**limit:  # str() itself refuses beyond 4,300 digits
        return "a number of more than 40 digits"
    try:
        text = ascii(value) if not isinstance(value, str) or not value.isprintable() else f"'{value}'"
    except Exception:  # a foreign object whose repr fails must not hide the message
        text = f"a {type(value).__name__}"
    return text if len(text) <= limit else text[: limit - 1] + "…"


@dataclass(frozen=True)
class Whole:
    """Whole numbers from ``low`` to ``high``, both allowed."""

    low: int
    high: int

    @property
    def words(self) -> str:
        """What is allowed, as words that follow "must be"."""
        return f"a whole number from {self.low:,} to {self.high:,}"

    def holds(self, value: object) -> bool:
        """Whether ``value`` is allowed, its type included."""
        return isinstance(value, int) and not isinstance(value, bool) and self.low <= value <= self.high

    def parse(self, text: str) -> object:
        """The number that ``text`` writes in ASCII digits, or ``text`` itself."""
        short = re.fullmatch(r"[+-]?[0-9]{1,20}", text, re.ASCII)
        return int(text) if short else text


@dataclass(frozen=True)
class Flag:
    """true or false."""

    words: ClassVar[str] = "true or false"

    def holds(self, value: object) -> bool:
        """Whether ``value`` is allowed, its type included."""
        return isinstance(value, bool)

    def parse(self, text: str) -> object:
        """The value that ``text`` writes, or ``text`` itself where it writes none."""
        return {"true": True, "false": False}.get(text.lower(), text)


@dataclass(frozen=True)
class Choice:
    """One of a few words."""

    options: tuple[str, ...]

    @property
    def words(self) -> str:
        """What is allowed, as words that follow "must be"."""
        return "one of " + ", ".join(self.options) if len(self.options) > 1 else self.options[0]

    def holds(self, value: object) -> bool:
        """Whether ``value`` is allowed, its type included."""
        return isinstance(value, str) and value in self.options

    def parse(self, text: str) -> object:
        """The value that ``text`` writes, or ``text`` itself where it writes none."""
        return text


@dataclass(frozen=True)
class Pattern:
    """Words of a form that ``words`` describes; ``optional`` also allows None, written as nothing."""

    regex: str
    words: str
    optional: bool = False

    def holds(self, value: object) -> bool:
        """Whether ``value`` is allowed, its type included."""
        if value is None:
            return self.optional
        return isinstance(value, str) and re.fullmatch(self.regex, value, re.ASCII) is not None

    def parse(self, text: str) -> object:
        """The value that ``text`` writes, or ``text`` itself where it writes none."""
        return None if self.optional and text == "" else text


Domain = Whole | Flag | Choice | Pattern


def _of(domain: Domain, default: object, text: str) -> Any:
    """A dataclass field that knows its domain and its help text."""
    return field(default=default, metadata={"domain": domain, "help": text})


class Validated:
    """Checks every field that has a domain when the object is made."""

    def __post_init__(self) -> None:
        for f in fields(self):  # type: ignore[arg-type]  # every subclass is a dataclass
            domain: Domain | None = f.metadata.get("domain")
            value = getattr(self, f.name)
            if domain is not None and not domain.holds(value):
                raise SpecError(f.name, value, domain.words)


@dataclass(frozen=True)
class DenseBlockSpec(Validated):
    """A Dense Block: ``layers`` Bottlenecks, each reading all channels before it and adding ``growth_rate``.

    With ``bottleneck`` a layer is 1×1 to ``bottleneck_factor · growth_rate`` channels, then 3×3;
    without it the 3×3 reads the concatenation itself. ``order`` is "pre" (BN-ReLU-conv, Huang et
    al. 2017 §3) or "post" (conv-BN-ReLU).
    """

    in_channels: int = _of(Whole(1, 4096), 64, "channels that enter the block, c0")
    growth_rate: int = _of(Whole(1, 512), 32, "channels that each Bottleneck adds, k")
    layers: int = _of(Whole(1, 64), 6, "number of Bottlenecks, L")
    bottleneck_factor: int = _of(Whole(1, 16), 4, "the 1×1 convolution emits this many times k channels, b")
    bottleneck: bool = _of(Flag(), True, "whether a 1×1 convolution comes before the 3×3")
    order: Order = _of(Choice(("pre", "post")), "pre", "pre (BN-ReLU-conv) or post (conv-BN-ReLU)")
    kind: Literal["dense"] = field(default="dense", init=False)

    @property
    def out_channels(self) -> int:
        """C = c0 + L·k."""
        return self.in_channels + self.layers * self.growth_rate

    @property
    def mid_channels(self) -> int:
        """b·k, what the 1×1 convolution emits."""
        return self.bottleneck_factor * self.growth_rate

    def width_before(self, layer: int) -> int:
        """Channels that Bottleneck ``layer`` (from 1) reads: c0 + (layer − 1)·k."""
        return self.in_channels + (layer - 1) * self.growth_rate

    def source_channels(self, source: int) -> int:
        """Channels of ``source``: c0 of the input (0), k of what a Bottleneck made."""
        return self.in_channels if source == 0 else self.growth_rate

    def source_start(self, source: int) -> int:
        """The first channel of ``source`` in every concatenation that holds it."""
        return 0 if source == 0 else self.width_before(source)


@dataclass(frozen=True)
class ResidualSpec(Validated):
    """A stack of residual units c → C, the first with a projection where c ≠ C, then C → C.

    ``inner_width`` is what the 1×1 reduces to (pre- and post-activation units, He et al. 2015, 2016)
    or what the first 3×3 emits (basic units).
    """

    in_channels: int = _of(Whole(1, 4096), 64, "channels that enter the stack")
    out_channels: int = _of(Whole(2, 4096 + 64 * 512), 256, "channels that every unit emits")
    inner_width: int = _of(Whole(1, 4 * (4096 + 64 * 512)), 64, "channels inside a unit")
    units: int = _of(Whole(1, 64), 6, "number of residual units")
    unit: Unit = _of(Choice(("preactivation", "postactivation", "basic")), "preactivation", "kind of residual unit")
    kind: Literal["residual"] = field(default="residual", init=False)

    def width_before(self, layer: int) -> int:
        """Channels that unit ``layer`` (from 1) reads."""
        return self.in_channels if layer == 1 else self.out_channels


BlockSpec = DenseBlockSpec | ResidualSpec


@dataclass(frozen=True)
class InputSpec(Validated):
    """The input tensor without its channels: (batch, ·, height, width)."""

    batch: int = _of(Whole(1, 1024), 1, "images in the batch, N")
    height: int = _of(Whole(1, 1024), 56, "height of the map, H")
    width: int = _of(Whole(1, 1024), 56, "width of the map, W")

    @property
    def positions(self) -> int:
        """N·H·W."""
        return self.batch * self.height * self.width


@dataclass(frozen=True)
class CounterpartSpec(Validated):
    """How the residual block beside the Dense Block is chosen."""

    match: Match = _of(
        Choice(("depth", "parameters", "macs", "saved_bytes")), "depth", "what the residual block has in common"
    )
    unit: Unit = _of(
        Choice(("preactivation", "postactivation", "basic")), "preactivation", "kind of residual unit to compare with"
    )


@dataclass(frozen=True)
class RunSpec(Validated):
    """How and where the block runs. The module is cast to ``dtype``; there is no autocast."""

    dtype: DType = _of(Choice(("float32", "float64", "bfloat16", "float16")), "float32", "type of weights and maps")
    mode: Mode = _of(Choice(("training", "inference")), "training", "inference keeps nothing for backward")
    device: str = _of(
        Pattern(r"auto|cpu|mps|cuda(:(0|[1-9][0-9]?))?", "auto, cpu, cuda, cuda:N or mps"),
        "auto",
        "auto takes the machine's accelerator if it has one",
    )
    seed: int = _of(Whole(0, 2**32 - 1), 0, "seed of weights and input")
    implementation: str = _of(Choice(("concat",)), "concat", "how the block is written; concat is the source text's")

    @property
    def bytes_per_element(self) -> int:
        """e, bytes of one element of ``dtype``."""
        return BYTES_PER_ELEMENT[self.dtype]


@dataclass(frozen=True)
class ViewSpec(Validated):
    """What the page shows of it; nothing here changes a number."""

    drawing: Drawing = _of(Choice(("chain", "paper")), "chain", "the chain as coded, or the paper's arrows")
    select: str | None = _of(
        Pattern(
            r"(layer|unit)-[1-9][0-9]?|source-(0|[1-9][0-9]?)|(0|[1-9][0-9]?)-[1-9][0-9]?",
            "layer-N, source-N, N-M (source N as Bottleneck M reads it) or unit-N (of the residual block)",
            optional=True,
        ),
        None,
        "selected Bottleneck, source, slice or residual unit",
    )
    image: Image = _of(
        Choice(("pattern", "noise", "upload")),
        "pattern",
        "what the feature maps are made from; no link carries an upload",
    )
    matrix: Matrix = _of(
        Choice(("share", "channels", "bytes", "weights")),
        "share",
        "what the reuse matrix shows of each source and reader",
    )
    reference: str | None = _of(
        Pattern(
            r"[1-9][0-9]{0,3}-[1-9][0-9]{0,2}-[1-9][0-9]?(-b[1-9][0-9]?)?(-plain)?(-post)?",
            "C-K-L, such as 64-32-12 (input channels, growth rate, Bottlenecks), with -bB, -plain or -post behind it",
            optional=True,
        ),
        None,
        "a second Dense Block, pinned to compare with",
    )
    present: bool = _of(Flag(), False, "the view for a lecture hall: large type, no sidebar, keys only")


@dataclass(frozen=True)
class Study:
    """Everything one link describes: the block, its input, its counterpart, the run and the view.

    Raises:
        SpecError: a section is of another kind, training on a single value per channel, or a
            selection the block does not have.
    """

    block: DenseBlockSpec = DenseBlockSpec()
    input: InputSpec = InputSpec()
    counterpart: CounterpartSpec = CounterpartSpec()
    run: RunSpec = RunSpec()
    view: ViewSpec = ViewSpec()

    def __post_init__(self) -> None:
        for section in fields(self):
            kind = type(section.default)
            if not isinstance(getattr(self, section.name), kind):
                raise SpecError(section.name, getattr(self, section.name), f"a {kind.__name__}")
        if self.run.mode == "training" and self.input.positions < 2:
            raise SpecError(
                "batch · height · width",
                self.input.positions,
                "at least 2 in training (BatchNorm needs two values a channel)",
            )
        if self.view.select is not None and not _selects(self.view.select, self.block.layers):
            last = self.block.layers
            raise SpecError(
                "select",
                self.view.select,
                f"layer-1 to layer-{last}, source-0 to source-{last}, or N-M with N < M ≤ {last} in this block",
            )
        if self.view.reference is not None:
            reference_block(self.view.reference)

    def with_(self, **values: object) -> Study:
        """A copy with some fields changed, by their flat names: ``study.with_(growth_rate=48)``.

        Raises:
            SpecError: a value is not allowed.
            TypeError: there is no such field.
        """
        sections: dict[str, dict[str, object]] = {}
        for name, value in values.items():
            if name not in FIELDS:
                raise TypeError(f"a Study has no field {name!r}")
            sections.setdefault(FIELDS[name].section, {})[name] = value
        changed: dict[str, Any] = {s: replace(getattr(self, s), **kw) for s, kw in sections.items()}
        return replace(self, **changed)

    def __getitem__(self, name: str) -> Any:
        """A field's value by its flat name: ``study["growth_rate"]``."""
        return getattr(getattr(self, FIELDS[name].section), name)


def _selects(select: str, layers: int) -> bool:
    kind, _, number = select.partition("-")
    last = int(number)
    if kind == "unit":  # how many there are, the counterpart says
        return last <= 64
    if kind in ("layer", "source"):
        return last <= layers
    return int(kind) < last <= layers  # a Bottleneck reads only sources before it


def selected_source(select: str | None) -> int | None:
    """The source that ``select`` names: 2 of ``source-2`` and of ``2-4``; None of a Bottleneck, a unit, or nothing."""
    first, _, second = (select or "").partition("-")
    if first == "source":
        return int(second)
    return int(first) if first.isdigit() else None


def reference_block(text: str) -> DenseBlockSpec:
    """The Dense Block that ``reference=`` names: ``64-32-12``, ``64-32-12-b2``, ``64-32-12-plain-post``.

    Raises:
        SpecError: a number in it is outside what its field allows.
    """
    channels, growth, layers, *rest = text.split("-")
    factor = next((int(word[1:]) for word in rest if word.startswith("b")), 4)
    try:
        return DenseBlockSpec(
            in_channels=int(channels),
            growth_rate=int(growth),
            layers=int(layers),
            bottleneck_factor=factor,
            bottleneck="plain" not in rest,
            order="post" if "post" in rest else "pre",
        )
    except SpecError as problem:
        raise SpecError("reference", text, f"a block whose {problem.field} is {problem.allowed}") from None


def reference_text(block: DenseBlockSpec) -> str:
    """``block`` as ``reference=`` writes it; :func:`reference_block` reads it."""
    words = [str(block.in_channels), str(block.growth_rate), str(block.layers)]
    if block.bottleneck_factor != 4:
        words.append(f"b{block.bottleneck_factor}")
    if not block.bottleneck:
        words.append("plain")
    if block.order == "post":
        words.append("post")
    return "-".join(words)


@dataclass(frozen=True)
class FieldInfo:
    """One field of a Study: where it lives, what it allows, its default and help text."""

    name: str
    section: str
    domain: Domain
    default: Any
    help: str

    @property
    def flag(self) -> str:
        """The field as a command line flag."""
        return "--" + self.name.replace("_", "-")


def _study_fields() -> Iterator[FieldInfo]:
    for section in fields(Study):
        for f in fields(section.default):  # type: ignore[arg-type]  # each section's default is a dataclass
            if "domain" in f.metadata:
                yield FieldInfo(f.name, section.name, f.metadata["domain"], f.default, f.metadata["help"])


#: Every field of a Study by its one name, in the order in which links, flags and JSON list them.
FIELDS: dict[str, FieldInfo] = {info.name: info for info in _study_fields()}


@dataclass(frozen=True)
class CountJob:
    """Run one block once on the device and count: shapes, parameters, MACs, bytes, timeline."""

    block: BlockSpec
    input: InputSpec
    run: RunSpec
    kind: Literal["count"] = field(default="count", init=False)


@dataclass(frozen=True)
class TimeJob:
    """Time several blocks with their runs interleaved, so that a noisy neighbour hits all alike."""

    blocks: tuple[BlockSpec, ...]
    input: InputSpec
    run: RunSpec
    kind: Literal["time"] = field(default="time", init=False)


@dataclass(frozen=True)
class DeviceJob:
    """Ask the worker which device ``device`` is: its name, memory, torch and threads."""

    device: str = "auto"
    kind: Literal["device"] = field(default="device", init=False)


@dataclass(frozen=True)
class Upload:
    """A picture that a person gave, as its file's bytes. Equal files have equal ``digest``.

    ``data`` is empty in what the engine keeps beyond the run: see :meth:`MapsJob.kept`.
    """

    digest: str
    data: bytes = field(default=b"", compare=False, repr=False)


@dataclass(frozen=True)
class MapsJob:
    """Run one block on a picture and look into one layer: values, steps, weights by source."""

    block: BlockSpec
    input: InputSpec
    run: RunSpec
    layer: int
    image: Image = "pattern"
    upload: Upload | None = None
    kind: Literal["maps"] = field(default="maps", init=False)

    def kept(self) -> MapsJob:
        """An equal job without the picture's bytes, which nothing keeps once they were decoded."""
        return replace(self, upload=Upload(self.upload.digest)) if self.upload is not None else self


@dataclass(frozen=True)
class WeightsJob:
    """Read with which weights each Bottleneck's first convolution reads each source."""

    block: DenseBlockSpec
    run: RunSpec
    kind: Literal["weights"] = field(default="weights", init=False)


Job = CountJob | TimeJob | DeviceJob | MapsJob | WeightsJob
