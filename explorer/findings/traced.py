"""What a forward pass of a person's own module really concatenated, and what its step costs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from explorer.language import Text
from explorer.spec.domains import InNotebooks

#: Who made channels. ``module``: an operator in one. ``input``: what it was given. ``parameter``: a tensor of its own.
#: ``constant``: made from no maps, as by ``torch.zeros``. ``unknown``: nothing that could be followed.
Maker = Literal["module", "input", "parameter", "constant", "unknown"]


@dataclass(frozen=True)
class Source:
    """Channels that were made at once, by one operator.

    Attributes:
        name: of the outermost module that holds the operator and gave these channels and nothing else; unique.
        kind: that module's class; of inputs and parameters empty.
        maker: what made them.
        module: the innermost module that ran then.
        op: the operator, in torch's words.
        channels: how many were made.
        size: of the maps as they were made: (H, W).
        made: after how many operators of the forward pass.
        far: whether it waited, as a skip connection does: before it was first joined, maps of another size were made
            of it, or others of another size were joined.
    """

    name: str
    kind: str
    maker: Maker
    module: str
    op: str
    channels: int
    size: tuple[int, ...]
    made: int
    far: bool = False


@dataclass(frozen=True)
class Slice:
    """Neighbouring channels of a concatenation.

    Attributes:
        source: the place of their source in :attr:`Trace.sources`.
        channels: how many.
        through: what they went through since they were made, without being mixed: ``batch_norm``, ``relu``.
    """

    source: int
    channels: int
    through: tuple[str, ...] = ()


@dataclass(frozen=True)
class Concatenation:
    """One ``torch.cat`` of maps along their channels.

    Attributes:
        module: the innermost module that ran; empty for the whole.
        shape: of the result, (N, C, H, W) or with another number of sizes.
        inputs: channels of each tensor that was joined.
        slices: the same by source, earlier concatenations taken apart.
        copied_bytes: of the result, all of which is written.
        made: after how many operators of the forward pass.
    """

    module: str
    shape: tuple[int, ...]
    inputs: tuple[int, ...]
    slices: tuple[Slice, ...]
    copied_bytes: int
    made: int

    @property
    def channels(self) -> int:
        """Of the result."""
        return self.shape[1]

    @property
    def size(self) -> tuple[int, ...]:
        """Of the maps: (H, W)."""
        return self.shape[2:]


@dataclass(frozen=True)
class Trace(InNotebooks):
    """What :func:`explorer.trace` found.

    Attributes:
        name: the module's class.
        input_shapes, output_shapes: of all tensors, in order.
        training: the module's mode: a training step was followed, else a forward pass without gradients.
        device, torch: where it ran, and torch's version.
        fake: whether it ran on tensors without memory, since real ones would not fit.
        parameters: numbers in all of its parameters.
        macs: multiply-accumulates of the forward pass, by torch's own formulas.
        saved_bytes: what autograd was told to keep, parameters and buffers left out; None without a backward pass.
        kept_bytes: alive between forward and backward, parameters and buffers left out; None without.
        peak_bytes: at the highest point, parameters, buffers, input and gradients included.
        sources: of all channels that were joined, in the order in which they were made.
        concatenations: in the order in which they ran.
        told: what is not drawn or could not be attributed, each in a sentence that is put into words when it is read.
    """

    name: str
    input_shapes: tuple[tuple[int, ...], ...]
    output_shapes: tuple[tuple[int, ...], ...]
    training: bool
    device: str
    torch: str
    fake: bool
    parameters: int
    macs: int
    saved_bytes: int | None
    kept_bytes: int | None
    peak_bytes: int
    sources: tuple[Source, ...]
    concatenations: tuple[Concatenation, ...]
    told: tuple[Text, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """What was told, in the language of whoever reads it."""
        return tuple(map(str, self.told))

    @cached_property
    def copied_bytes(self) -> int:
        """What all concatenations write."""
        return sum(one.copied_bytes for one in self.concatenations)

    @cached_property
    def joined_bytes(self) -> int:
        """What they would write if each source were written once, where it is first read."""
        seen: set[int] = set()
        total = 0
        for one in self.concatenations:
            new = [part for part in one.slices if part.source not in seen]
            seen |= {part.source for part in new}
            total += one.copied_bytes // one.channels * sum(part.channels for part in new)
        return total

    @cached_property
    def stages(self) -> tuple[range, ...]:
        """Neighbouring concatenations of the same map size, as places in :attr:`concatenations`."""
        found: list[range] = []
        for place, one in enumerate(self.concatenations):
            if found and self.concatenations[place - 1].size == one.size:
                found[-1] = range(found[-1].start, place + 1)
            else:
                found.append(range(place, place + 1))
        return tuple(found)
