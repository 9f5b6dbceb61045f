"""What the closed forms say of a whole network. They are worked out in :mod:`explorer.theory`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from explorer.findings.measurement import Problem
from explorer.findings.quantity import Quantity
from explorer.findings.theory import Part
from explorer.language import N_
from explorer.spec import NetworkSpec, Study

StageKind = Literal["stem", "dense", "transition", "residual", "head"]


@dataclass(frozen=True)
class StageLayer:
    """One layer of a stage: a Bottleneck, a residual unit, or all of a stem, Transition or head.

    Attributes:
        in_channels, out_channels: that it reads, and after it: the concatenation's width, or the sum's.
        parts: its modules with parameters, in call order.
        saved_bytes: what stays for backward because of it, the whole batch.
    """

    in_channels: int
    out_channels: int
    parts: tuple[Part, ...]
    saved_bytes: int

    @property
    def parameters(self) -> int:
        """Biases, and BN weights and biases, included."""
        return sum(part.parameters for part in self.parts)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of convolutions and linear layers, whole batch."""
        return sum(part.macs for part in self.parts)


@dataclass(frozen=True)
class StageTheory:
    """One stage of a network.

    Attributes:
        name: ``stem``, ``block 1``, ``transition 1``, ``stage 1``, ``head``.
        in_channels, out_channels: of the map that it reads and gives; the head gives the classes.
        height, width: of the map that it gives; 1 × 1 of the head.
        layers: first to last.
        receptive_field: pixels of the image, along one side, that a place of its map depends on; the head's is the
            last map's, since its mean sees all places.
    """

    name: str
    kind: StageKind
    in_channels: int
    out_channels: int
    height: int
    width: int
    layers: tuple[StageLayer, ...]
    receptive_field: int

    @property
    def parameters(self) -> int:
        """Biases, and BN weights and biases, included."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of convolutions and linear layers, whole batch."""
        return sum(layer.macs for layer in self.layers)

    @property
    def saved_bytes(self) -> int:
        """What stays for backward because of it. What an earlier stage keeps already is not counted again."""
        return sum(layer.saved_bytes for layer in self.layers)


@dataclass(frozen=True)
class NetworkTheory:
    """Closed forms of one network on one input."""

    spec: NetworkSpec
    stages: tuple[StageTheory, ...]

    @property
    def parameters(self) -> int:
        """Of all stages."""
        return sum(stage.parameters for stage in self.stages)

    @property
    def macs(self) -> int:
        """Of all stages, whole batch."""
        return sum(stage.macs for stage in self.stages)

    @property
    def saved_bytes(self) -> int:
        """What stays for backward, images included, parameters and buffers left out, the whole batch."""
        return sum(stage.saved_bytes for stage in self.stages)

    @property
    def receptive_field(self) -> int:
        """Pixels of the image, along one side, that a place of the last map depends on."""
        return self.stages[-1].receptive_field


@dataclass(frozen=True)
class NetworkCounts:
    """One training step of one live network, counted: forward, loss = sum, backward.

    Attributes:
        output_shape: (N, classes).
        saved_bytes: what autograd was told to keep, by stage. Not all that is kept where an implementation keeps by
            other means.
        held_bytes: alive between forward and backward, images included, parameters and buffers left out.
        input_bytes: the images.
        peak_bytes: alive at the highest point of the step, parameters, buffers and images included.
        peak_per_image_bytes: how much higher that is for every further image, from 8 to 16 of them.
        device: on which the step was run for real; empty where it was followed on tensors without memory alone.
        device_peak_bytes: what the device's allocator gave at most, where it tells; None otherwise.
    """

    output_shape: tuple[int, ...]
    parameters: int
    macs: int
    saved_bytes: tuple[int, ...]
    held_bytes: int
    input_bytes: int
    peak_bytes: int
    peak_per_image_bytes: int
    device: str = ""
    device_peak_bytes: int | None = None


@dataclass(frozen=True)
class Published:
    """Accuracy as it was published; no number of ours.

    Attributes:
        benchmark: ``ImageNet`` or ``CIFAR-10+``, the data set with the field's usual augmentation.
        top1: per cent of the test images told right at the first guess.
        source: who published it.
    """

    benchmark: str
    top1: float
    source: str


#: Unit and convention of what is told of a network.
_CONVENTIONS = {
    "parameters": (N_("parameters"), N_("BN weight and bias counted")),
    "macs": (N_("MACs"), N_("1 MAC = 1 multiply-accumulate; convolutions and linear layers, whole batch, forward")),
    "saved_bytes": (N_("bytes"), N_("alive between forward and backward; images included, parameters and buffers not")),
    "peak_bytes": (N_("bytes"), N_("live tensor bytes at their highest; parameters, buffers and images included")),
    "peak_per_image_bytes": (N_("bytes"), N_("how much higher that is for a further image, from 8 to 16 of them")),
}


@dataclass(frozen=True)
class NetworkFindings:
    """One network as far as it is known.

    Attributes:
        name: as links write it: a published name, or a network of one's own.
        counts: the live network, in the implementation that is shown; None where it is not counted yet.
        problem: why there are no counts.
        published: its accuracy; None of a network that nobody published.
    """

    name: str
    theory: NetworkTheory
    counts: NetworkCounts | None = None
    problem: Problem | None = None
    published: Published | None = None

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """Parameters, MACs, bytes held for backward, the peak of a step and how it grows by an image, by origin."""
        theory, counts = self.theory, self.counts
        found: dict[str, dict[str, int]] = {name: {} for name in _CONVENTIONS}
        for name in ("parameters", "macs", "saved_bytes"):
            found[name]["closed_form"] = getattr(theory, name)
        if counts is not None:
            for name in ("parameters", "macs"):
                found[name]["counted"] = getattr(counts, name)
            found["saved_bytes"]["tracked"] = counts.held_bytes
            for name in ("peak_bytes", "peak_per_image_bytes"):
                found[name]["tracked"] = getattr(counts, name)
        # The network is counted on tensors that hold no memory, never run.
        return tuple(Quantity(name, *_CONVENTIONS[name], values, ran=False) for name, values in found.items())


@dataclass(frozen=True)
class NetworksFindings:
    """Two networks side by side.

    Attributes:
        network, against: as the Study has them.
        shared: the network with one buffer in each Dense Block, or, where it is shown so, in plain code; the same
            network again where it has no Dense Blocks.
        family: all published networks of the same benchmark, as closed forms, for the frontier.
        waiting: ``network``, ``against``, ``shared``: what is still being counted.
    """

    study: Study
    network: NetworkFindings
    against: NetworkFindings
    shared: NetworkFindings
    family: tuple[NetworkFindings, ...] = ()
    waiting: tuple[str, ...] = ()
