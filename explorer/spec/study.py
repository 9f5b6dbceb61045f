"""Specs of blocks, input, counterpart, run and view; the Study, everything that one link describes; its fields."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args

from explorer.language import N_, said
from explorer.spec.block import DenseBlockSpec, Unit, reference_block
from explorer.spec.domains import Choice, Domain, Flag, InNotebooks, Pattern, SpecError, Validated, Whole, domain_of
from explorer.spec.network import NAMES, OWN, network_of
from explorer.spec.selection import Selection, selection
from explorer.spec.stack import Data, GradientOf, Init, LearningRate, StackSetting, StackUnit

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
Heights = Literal["channels", "bytes"]
Frontier = Literal["parameters", "macs", "saved_bytes"]
LessonState = Literal["ask", "answer", "play"]
Lang = Literal["auto", "en", "zh"]

#: Implementations whose every tensor is seen, ``list`` first: all others are told relative to it.
TRACKED = ("list", "concat", "checkpoint_1x1", "shared", "checkpoint")

BYTES_PER_ELEMENT: dict[str, int] = {"float32": 4, "float64": 8, "bfloat16": 2, "float16": 2}


@dataclass(frozen=True)
class InputSpec(Validated):
    """The input tensor without its channels: (batch, ·, height, width)."""

    batch: int = domain_of(Whole(1, 1024), 1, N_("images in the batch, N"))
    height: int = domain_of(Whole(1, 1024), 56, N_("height of the map, H"))
    width: int = domain_of(Whole(1, 1024), 56, N_("width of the map, W"))

    @property
    def positions(self) -> int:
        """N·H·W."""
        return self.batch * self.height * self.width


@dataclass(frozen=True)
class CounterpartSpec(Validated):
    """How the residual block beside the Dense Block is chosen."""

    match: Match = domain_of(
        Choice(("depth", "parameters", "macs", "saved_bytes")), "depth", N_("what the residual block has in common")
    )
    unit: Unit = domain_of(
        Choice(("preactivation", "postactivation", "basic")),
        "preactivation",
        N_("kind of residual unit to compare with"),
    )


@dataclass(frozen=True)
class RunSpec(Validated):
    """How and where the block runs. The module is cast to ``dtype``; there is no autocast."""

    dtype: DType = domain_of(
        Choice(("float32", "float64", "bfloat16", "float16")), "float32", N_("type of weights and maps")
    )
    mode: Mode = domain_of(Choice(("training", "inference")), "training", N_("inference keeps nothing for backward"))
    device: str = domain_of(
        Pattern(r"auto|cpu|mps|cuda(:(0|[1-9][0-9]?))?", N_("auto, cpu, cuda, cuda:N or mps")),
        "auto",
        N_("auto takes the machine's accelerator if it has one"),
    )
    seed: int = domain_of(Whole(0, 2**32 - 1), 0, N_("seed of weights and input"))

    @property
    def bytes_per_element(self) -> int:
        """e, bytes of one element of ``dtype``."""
        return BYTES_PER_ELEMENT[self.dtype]


@dataclass(frozen=True)
class ViewSpec(Validated):
    """What the page shows of it; nothing here changes a number."""

    drawing: Drawing = domain_of(Choice(("chain", "paper")), "chain", N_("the chain as coded, or the paper's arrows"))
    select: str | None = domain_of(
        Pattern(
            r"(layer|unit)-[1-9][0-9]?|source-(0|[1-9][0-9]?)|(0|[1-9][0-9]?)-[1-9][0-9]?",
            N_("layer-N, source-N, N-M (source N as Bottleneck M reads it) or unit-N (of the residual block)"),
            optional=True,
        ),
        None,
        N_("selected Bottleneck, source, slice or residual unit"),
    )
    image: Image = domain_of(
        Choice(("pattern", "noise", "upload")),
        "pattern",
        N_("what the feature maps are made from; no link carries an upload"),
    )
    matrix: Matrix = domain_of(
        Choice(("share", "channels", "bytes", "weights")),
        "share",
        N_("what the reuse matrix shows of each source and reader"),
    )
    reference: str | None = domain_of(
        Pattern(
            r"[1-9][0-9]{0,3}-[1-9][0-9]{0,2}-[1-9][0-9]?(-b[1-9][0-9]?)?(-plain)?(-post)?",
            N_(
                "C-K-L, such as 64-32-12 (input channels, growth rate, Bottlenecks), "
                "with -bB, -plain or -post behind it"
            ),
            optional=True,
        ),
        None,
        N_("a second Dense Block, pinned to compare with"),
    )
    present: bool = domain_of(Flag(), False, N_("the view for a lecture hall: large type, no sidebar, keys only"))
    lang: Lang = domain_of(
        Choice(get_args(Lang)),
        "auto",
        N_("language of pages and files, English or Chinese; auto takes the reader's own"),
    )

    @property
    def selected(self) -> Selection:
        """What ``select`` says."""
        return selection(self.select)


@dataclass(frozen=True)
class MemorySpec(Validated):
    """What the Memory page is asked: how the block is written, what is drawn of it, and what shall fit."""

    implementation: Implementation = domain_of(
        Choice(get_args(Implementation)), "list", N_("how the block is written, whose training step is drawn")
    )
    budget: Budget = domain_of(
        Choice(get_args(Budget)),
        "0.25",
        N_("of compiled: the share that it may keep for backward (PyTorch's own setting)"),
    )
    colours: Colours = domain_of(
        Choice(get_args(Colours)), "source", N_("bytes alive by the layer they came from, or by what they are for")
    )
    versus: Growth = domain_of(Choice(get_args(Growth)), "layers", N_("what grows while memory is watched"))
    scale: Scale = domain_of(Choice(get_args(Scale)), "linear", N_("of the chart of growth"))
    largest: Growth = domain_of(Choice(get_args(Growth)), "batch", N_("of what the largest that fits is searched"))
    optimiser: Optimiser = domain_of(
        Choice(get_args(Optimiser)), "none", N_("whose state takes its place beside the step in what fits")
    )


_NETWORK = Pattern(
    f"{NAMES}|{OWN}",
    N_(
        "a published network's name, such as densenet121 or resnet50, "
        "or a DenseNet of one's own, such as 6-12-24-16-k32"
    ),
)


@dataclass(frozen=True)
class NetworksSpec(Validated):
    """What the Networks page is asked: which two networks, on images of which size, and what is drawn of them.

    Batch, dtype and how Dense Blocks are written are those of the other sections.
    """

    network: str = domain_of(_NETWORK, "densenet121", N_("the whole network that is looked at"))
    against: str = domain_of(_NETWORK, "resnet50", N_("the network that it is compared with"))
    image_size: int = domain_of(Whole(8, 1024), 224, N_("height and width of an image, in pixels"))
    heights: Heights = domain_of(
        Choice(get_args(Heights)), "channels", N_("what the networks are drawn as high as: channels, or bytes of a map")
    )
    frontier: Frontier = domain_of(
        Choice(get_args(Frontier)), "parameters", N_("what published accuracy is set against")
    )


@dataclass(frozen=True)
class GradientsSpec(Validated):
    """What the Gradients page is asked. The stacks are as wide and deep as the Study's block."""

    batch_norm: bool = domain_of(Flag(), True, N_("whether the stacks have BatchNorm"))
    init: Init = domain_of(
        Choice(get_args(Init)), "default", N_("initial weights: PyTorch's default, He's, or half the default")
    )
    data: Data = domain_of(Choice(get_args(Data)), "digits", N_("8×8 digits, or noise of that size with random labels"))
    stack_unit: StackUnit = domain_of(
        Choice(get_args(StackUnit)), "preactivation", N_("what the plain and residual stacks are made of")
    )
    seeds: int = domain_of(Whole(5, 20), 5, N_("how many times each is initialised anew"))
    steps: int = domain_of(Whole(10, 1000), 200, N_("training steps after which accuracy is read"))
    learning_rate: LearningRate = domain_of(
        Choice(get_args(LearningRate)), "0.02", N_("learning rate of SGD with momentum 0.9")
    )
    gradient: GradientOf = domain_of(
        Choice(get_args(GradientOf)),
        "raw",
        N_("whose gradient: a layer's output, raw or free of scale (times the size of the map), or its weights"),
    )
    trained: bool = domain_of(Flag(), False, N_("whether gradients are shown after the training steps"))

    @property
    def setting(self) -> StackSetting:
        """What all three stacks are given."""
        return StackSetting(self.batch_norm, self.init, self.data)


@dataclass(frozen=True)
class LessonSpec(Validated):
    """Where a person is in the lesson, and what they predicted. Nothing here touches the Study's own block."""

    chapter: int = domain_of(Whole(1, 99), 1, N_("chapter of the lesson"))
    state: LessonState = domain_of(
        Choice(get_args(LessonState)), "ask", N_("predict first, then compare, then try for oneself")
    )
    guess: str | None = domain_of(
        Pattern(
            r"[0-9]{1,12}(\.[0-9]{1,6})?(e-?[0-9]{1,3})?(,[0-9]{1,12}(\.[0-9]{1,6})?(e-?[0-9]{1,3})?){0,63}",
            N_("numbers with commas between them, such as 0.6,0.6,0.7,0.8"),
            optional=True,
        ),
        None,
        N_("what was predicted, column by column"),
    )
    placed: str | None = domain_of(
        Pattern(r"[a-z0-9]{1,20}(-[a-z0-9]{1,20}){0,19}", N_("names of cards with dashes between them"), optional=True),
        None,
        N_("cards in the order in which they were put"),
    )
    tried: str | None = domain_of(
        Pattern(r"[a-z0-9]{1,20}", N_("a value of the chapter's control"), optional=True),
        None,
        N_("what the chapter's control was set to"),
    )
    locked: str | None = domain_of(
        Pattern(
            r"[a-z_0-9]{1,30}(,[a-z_0-9]{1,30}){0,49}", N_("names of fields with commas between them"), optional=True
        ),
        None,
        N_("fields whose controls cannot be moved in this link"),
    )
    hide: str | None = domain_of(
        Pattern(
            r"[a-z_0-9]{1,30}(,[a-z_0-9]{1,30}){0,49}",
            N_("answers, names of fields, or both, with commas between them"),
            optional=True,
            lower=True,
        ),
        None,
        N_("what this link does not show: the lesson's answers, or the controls of fields"),
    )

    @property
    def locks(self) -> tuple[str, ...]:
        """The fields in ``locked``."""
        return tuple(self.locked.split(",")) if self.locked else ()

    @property
    def hides(self) -> tuple[str, ...]:
        """The fields in ``hide``."""
        return tuple(name for name in (self.hide or "").split(",") if name and name != "answers")

    @property
    def hides_answers(self) -> bool:
        """Whether the link keeps the answers back."""
        return "answers" in (self.hide or "").split(",")


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
    networks: NetworksSpec = NetworksSpec()
    gradients: GradientsSpec = GradientsSpec()
    lesson: LessonSpec = LessonSpec()

    def __post_init__(self) -> None:
        for section in fields(self):
            kind = type(section.default)
            if not isinstance(getattr(self, section.name), kind):
                raise SpecError(section.name, getattr(self, section.name), said("a {kind}", kind=kind.__name__))
        if self.run.mode == "training" and self.input.positions < 2:
            raise SpecError(
                "batch · height · width",
                self.input.positions,
                said("at least 2 in training (BatchNorm needs two values a channel)"),
            )
        if self.view.select is not None and not self.view.selected.fits(self.block.layers):
            last = self.block.layers
            raise SpecError(
                "select",
                self.view.select,
                said(
                    "layer-1 to layer-{last}, source-0 to source-{last}, or N-M with N < M ≤ {last} in this block",
                    last=last,
                ),
            )
        if self.view.reference is not None:
            reference_block(self.view.reference)
        for one in self.lesson.locks:
            if one not in FIELDS:
                raise SpecError("locked", one, said("names of fields, such as growth_rate"))
        for one in self.lesson.hides:
            if one not in FIELDS:
                raise SpecError("hide", one, said("answers, or names of fields, such as growth_rate"))
        self._check_network("network", self.networks.network)
        self._check_network("against", self.networks.against)

    def _check_network(self, name: str, text: str) -> None:
        side = network_of(text, name).last_side(self.networks.image_size)
        if self.input.batch * side * side < 2:
            raise SpecError(
                f"{name} · image_size",
                f"{text} · {self.networks.image_size}",
                said(
                    "such that the last map has at least two places in the batch (BatchNorm needs two values a channel)"
                ),
            )

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

    @property
    def written(self) -> str:
        """How the Dense Blocks of whole networks are written; what compiles is told of blocks alone: ``list`` then."""
        return self.memory.implementation if self.memory.implementation in TRACKED else TRACKED[0]

    @property
    def images(self) -> InputSpec:
        """What whole networks are given: square images."""
        return InputSpec(self.input.batch, self.networks.image_size, self.networks.image_size)

    def __getitem__(self, name: str) -> Any:
        """A field's value by its flat name: ``study["growth_rate"]``."""
        return getattr(getattr(self, FIELDS[name].section), name)


@dataclass(frozen=True)
class FieldInfo:
    """One field of a Study: where it lives, what it allows, its default, and its help text, which ``_`` translates."""

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
