"""Specs of blocks, input, counterpart, run and view; the Study, everything that one link describes; its fields."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, get_args

from explorer.spec.domains import Choice, Domain, Flag, InNotebooks, Pattern, SpecError, Validated, Whole, domain_of
from explorer.spec.selection import Selection, selection

Order = Literal["pre", "post"]
Unit = Literal["preactivation", "postactivation", "basic"]
Match = Literal["depth", "parameters", "macs", "saved_bytes"]
DType = Literal["float32", "float64", "bfloat16", "float16"]
Mode = Literal["training", "inference"]
Drawing = Literal["chain", "paper"]
Image = Literal["pattern", "noise", "upload"]
Matrix = Literal["share", "channels", "bytes", "weights"]
Implementation = Literal["concat", "list", "checkpoint_1x1", "shared", "compiled", "checkpoint"]
Budget = Literal["1.0", "0.25", "0.1", "0.05"]
Colours = Literal["source", "kind"]
Growth = Literal["batch", "layers", "resolution"]
Scale = Literal["linear", "log"]
Optimiser = Literal["none", "sgd", "momentum", "adam"]

BYTES_PER_ELEMENT: dict[str, int] = {"float32": 4, "float64": 8, "bfloat16": 2, "float16": 2}


@dataclass(frozen=True)
class DenseBlockSpec(Validated, InNotebooks):
    """A Dense Block: ``layers`` Bottlenecks, each reading all channels before it and adding ``growth_rate``.

    With ``bottleneck`` a layer is 1×1 to ``bottleneck_factor · growth_rate`` channels, then 3×3;
    without it the 3×3 reads the concatenation itself. ``order`` is "pre" (BN-ReLU-conv, Huang et
    al. 2017 §3) or "post" (conv-BN-ReLU).
    """

    in_channels: int = domain_of(Whole(1, 4096), 64, "channels that enter the block, c0")
    growth_rate: int = domain_of(Whole(1, 512), 32, "channels that each Bottleneck adds, k")
    layers: int = domain_of(Whole(1, 64), 6, "number of Bottlenecks, L")
    bottleneck_factor: int = domain_of(Whole(1, 16), 4, "the 1×1 convolution emits this many times k channels, b")
    bottleneck: bool = domain_of(Flag(), True, "whether a 1×1 convolution comes before the 3×3")
    order: Order = domain_of(Choice(("pre", "post")), "pre", "pre (BN-ReLU-conv) or post (conv-BN-ReLU)")
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
class ResidualSpec(Validated, InNotebooks):
    """A stack of residual units c → C, the first with a projection where c ≠ C, then C → C.

    ``inner_width`` is what the 1×1 reduces to (pre- and post-activation units, He et al. 2015, 2016)
    or what the first 3×3 emits (basic units).
    """

    in_channels: int = domain_of(Whole(1, 4096), 64, "channels that enter the stack")
    out_channels: int = domain_of(Whole(2, 4096 + 64 * 512), 256, "channels that every unit emits")
    inner_width: int = domain_of(Whole(1, 4 * (4096 + 64 * 512)), 64, "channels inside a unit")
    units: int = domain_of(Whole(1, 64), 6, "number of residual units")
    unit: Unit = domain_of(
        Choice(("preactivation", "postactivation", "basic")), "preactivation", "kind of residual unit"
    )
    kind: Literal["residual"] = field(default="residual", init=False)

    @property
    def inner_widths(self) -> tuple[int, ...]:
        """What the convolutions of a unit but its last emit, in call order."""
        return (self.inner_width,) * (1 if self.unit == "basic" else 2)

    def width_before(self, layer: int) -> int:
        """Channels that unit ``layer`` (from 1) reads."""
        return self.in_channels if layer == 1 else self.out_channels


BlockSpec = DenseBlockSpec | ResidualSpec


@dataclass(frozen=True)
class InputSpec(Validated):
    """The input tensor without its channels: (batch, ·, height, width)."""

    batch: int = domain_of(Whole(1, 1024), 1, "images in the batch, N")
    height: int = domain_of(Whole(1, 1024), 56, "height of the map, H")
    width: int = domain_of(Whole(1, 1024), 56, "width of the map, W")

    @property
    def positions(self) -> int:
        """N·H·W."""
        return self.batch * self.height * self.width


@dataclass(frozen=True)
class CounterpartSpec(Validated):
    """How the residual block beside the Dense Block is chosen."""

    match: Match = domain_of(
        Choice(("depth", "parameters", "macs", "saved_bytes")), "depth", "what the residual block has in common"
    )
    unit: Unit = domain_of(
        Choice(("preactivation", "postactivation", "basic")), "preactivation", "kind of residual unit to compare with"
    )


@dataclass(frozen=True)
class RunSpec(Validated):
    """How and where the block runs. The module is cast to ``dtype``; there is no autocast."""

    dtype: DType = domain_of(
        Choice(("float32", "float64", "bfloat16", "float16")), "float32", "type of weights and maps"
    )
    mode: Mode = domain_of(Choice(("training", "inference")), "training", "inference keeps nothing for backward")
    device: str = domain_of(
        Pattern(r"auto|cpu|mps|cuda(:(0|[1-9][0-9]?))?", "auto, cpu, cuda, cuda:N or mps"),
        "auto",
        "auto takes the machine's accelerator if it has one",
    )
    seed: int = domain_of(Whole(0, 2**32 - 1), 0, "seed of weights and input")

    @property
    def bytes_per_element(self) -> int:
        """e, bytes of one element of ``dtype``."""
        return BYTES_PER_ELEMENT[self.dtype]


@dataclass(frozen=True)
class ViewSpec(Validated):
    """What the page shows of it; nothing here changes a number."""

    drawing: Drawing = domain_of(Choice(("chain", "paper")), "chain", "the chain as coded, or the paper's arrows")
    select: str | None = domain_of(
        Pattern(
            r"(layer|unit)-[1-9][0-9]?|source-(0|[1-9][0-9]?)|(0|[1-9][0-9]?)-[1-9][0-9]?",
            "layer-N, source-N, N-M (source N as Bottleneck M reads it) or unit-N (of the residual block)",
            optional=True,
        ),
        None,
        "selected Bottleneck, source, slice or residual unit",
    )
    image: Image = domain_of(
        Choice(("pattern", "noise", "upload")),
        "pattern",
        "what the feature maps are made from; no link carries an upload",
    )
    matrix: Matrix = domain_of(
        Choice(("share", "channels", "bytes", "weights")),
        "share",
        "what the reuse matrix shows of each source and reader",
    )
    reference: str | None = domain_of(
        Pattern(
            r"[1-9][0-9]{0,3}-[1-9][0-9]{0,2}-[1-9][0-9]?(-b[1-9][0-9]?)?(-plain)?(-post)?",
            "C-K-L, such as 64-32-12 (input channels, growth rate, Bottlenecks), with -bB, -plain or -post behind it",
            optional=True,
        ),
        None,
        "a second Dense Block, pinned to compare with",
    )
    present: bool = domain_of(Flag(), False, "the view for a lecture hall: large type, no sidebar, keys only")

    @property
    def selected(self) -> Selection:
        """What ``select`` says."""
        return selection(self.select)


@dataclass(frozen=True)
class MemorySpec(Validated):
    """What the Memory page is asked: how the block is written, what is drawn of it, and what shall fit."""

    implementation: Implementation = domain_of(
        Choice(get_args(Implementation)), "list", "how the block is written, whose training step is drawn"
    )
    budget: Budget = domain_of(
        Choice(get_args(Budget)), "0.25", "of compiled: the share that it may keep for backward (PyTorch's own setting)"
    )
    colours: Colours = domain_of(
        Choice(get_args(Colours)), "source", "bytes alive by the layer they came from, or by what they are for"
    )
    versus: Growth = domain_of(Choice(get_args(Growth)), "layers", "what grows while memory is watched")
    scale: Scale = domain_of(Choice(get_args(Scale)), "linear", "of the chart of growth")
    largest: Growth = domain_of(Choice(get_args(Growth)), "batch", "of what the largest that fits is searched")
    optimiser: Optimiser = domain_of(
        Choice(get_args(Optimiser)), "none", "whose state takes its place beside the step in what fits"
    )


@dataclass(frozen=True)
class Study(InNotebooks):
    """Everything one link describes: the block, its input, its counterpart, the run and what the pages show.

    Raises:
        SpecError: a section is of another kind, training on a single value per channel, or a
            selection the block does not have.
    """

    block: DenseBlockSpec = DenseBlockSpec()
    input: InputSpec = InputSpec()
    counterpart: CounterpartSpec = CounterpartSpec()
    run: RunSpec = RunSpec()
    view: ViewSpec = ViewSpec()
    memory: MemorySpec = MemorySpec()

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
        if self.view.select is not None and not self.view.selected.fits(self.block.layers):
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
