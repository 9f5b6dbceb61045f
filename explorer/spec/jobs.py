"""What a worker may be asked to do."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from explorer.spec.study import BlockSpec, DenseBlockSpec, Image, InputSpec, RunSpec


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
class CompareJob:
    """Run a training step of one Dense Block in several implementations: what each keeps, its peak, and its time.

    ``rounds``: how often each is timed, one after another in every round; 0 counts alone.
    """

    block: DenseBlockSpec
    input: InputSpec
    run: RunSpec
    implementations: tuple[str, ...]
    rounds: int = 0
    kind: Literal["compare"] = field(default="compare", init=False)


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


Job = CountJob | TimeJob | CompareJob | DeviceJob | MapsJob | WeightsJob
