"""One look into one layer of a live forward pass: what a :class:`explorer.spec.MapsJob` asks for."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor, nn

from explorer.blocks import units
from explorer.findings import Device, LayerView, MapGroup, Problem
from explorer.language import Text, said
from explorer.measure.admission import refusal
from explorer.measure.device import describe
from explorer.measure.layer import LayerWatch, Role
from explorer.measure.live import live_block, ready
from explorer.measure.maps import INSIDE, MADE, group, maps_per_source, size_of
from explorer.measure.picture import brought_in, picture_of
from explorer.measure.problems import StoppedError
from explorer.measure.timing import undisturbed
from explorer.measure.values import ChannelValues
from explorer.measure.weights import source_weights, sources
from explorer.spec import BlockSpec, DenseBlockSpec, InputSpec, MapsJob


def look(job: MapsJob) -> LayerView:
    """Builds the block, runs it once on the picture, as far as the layer asked for, and looks into that one.

    What comes after the layer changes nothing that it sees, so it is not run; what comes before it need keep
    nothing for backward. In training BatchNorm uses the batch's statistics throughout.

    Raises:
        StoppedError: no such device or layer, a picture that cannot be read, or not enough memory.
    """
    device = ready(job.run)
    _require_layer(job.block, job.layer)
    place = describe(device)
    picture = picture_of(job)
    refused = refusal((job.block,), job.input, job.run, place)
    if refused is not None:
        raise StoppedError(refused)
    x, stem = brought_in(picture, job, device)
    block = live_block(job.block, job.run, device)
    chain = units(block)
    seen = _Seen(job.block, job.input, job.layer)
    unit = chain[job.layer - 1]
    watch = LayerWatch(block, unit, job.layer < len(chain), seen.keep)
    with undisturbed(collect=False), torch.no_grad():
        for before in chain[: job.layer - 1]:
            x = before(x)
        with torch.set_grad_enabled(block.training), watch.watching():
            unit(x)
    return seen.view(place, stem, watch, unit)


def _require_layer(spec: BlockSpec, layer: int) -> None:
    last = spec.layers if isinstance(spec, DenseBlockSpec) else spec.units
    if not 1 <= layer <= last:
        words = (
            said("This block has no Bottleneck {layer}.", layer=layer)
            if isinstance(spec, DenseBlockSpec)
            else said("This block has no residual unit {layer}.", layer=layer)
        )
        raise StoppedError(Problem("unsupported", words, said("Choose one from 1 to {last}.", last=last)))


class _Seen:
    """Turns tensors into maps and values while they exist."""

    def __init__(self, spec: BlockSpec, input: InputSpec, layer: int) -> None:
        self._spec, self._layer = spec, layer
        self._size = size_of(input.height, input.width)
        self._sources = sources(spec, layer)
        dense = isinstance(spec, DenseBlockSpec)
        self._most = maps_per_source(
            [channels for _, _, channels in self._sources], (INSIDE, MADE, 0 if dense else MADE), self._size
        )
        self._read: tuple[MapGroup, ...] = ()
        self._one: dict[Role, MapGroup] = {}

    def keep(self, role: Role, x: Tensor, values: ChannelValues) -> None:
        """Looks at ``x``, (N, C, H, W), which may be changed afterwards, and whose channels have ``values``."""
        if role == "read":
            self._read = tuple(
                group(x, values, source, first, channels, self._most) for source, first, channels in self._sources
            )
        elif role == "activated":
            self._read = tuple(
                dataclasses.replace(one, after_relu=values.over(one.first, one.channels)) for one in self._read
            )
        else:
            most = INSIDE if role == "inside" else MADE
            self._one[role] = group(x, values, self._layer, 0, int(x.shape[1]), most)

    def view(self, place: Device, stem: Text, watch: LayerWatch, unit: nn.Module) -> LayerView:
        """All of it."""
        return LayerView(
            device=place,
            layer=self._layer,
            brought=stem,
            height=self._size.height,
            width=self._size.width,
            steps=watch.steps,
            read=self._read,
            inside=self._one.get("inside"),
            made=self._one["made"],
            joined=self._one.get("joined"),
            weights=source_weights(unit, self._spec, self._layer),
        )
