"""What to build and how to run it: frozen, validated dataclasses.

A spec validates itself when it is made, so nothing downstream checks again.
Each field carries its domain and a help text in its dataclass metadata; the
codec (:mod:`explorer.codec`) reads URL parameters, flags and JSON by the same
table, and the page takes its slider bounds from it.
"""

from explorer.spec.domains import Choice, Domain, Flag, Pattern, SpecError, Validated, Whole, shown
from explorer.spec.jobs import CompareJob, CountJob, DeviceJob, Job, MapsJob, TimeJob, Upload, WeightsJob
from explorer.spec.selection import Selection, selection
from explorer.spec.study import (
    BYTES_PER_ELEMENT,
    FIELDS,
    BlockSpec,
    CounterpartSpec,
    DenseBlockSpec,
    Drawing,
    DType,
    FieldInfo,
    Image,
    InputSpec,
    Match,
    Matrix,
    Mode,
    Order,
    ResidualSpec,
    RunSpec,
    Study,
    Unit,
    ViewSpec,
    reference_block,
    reference_text,
)

__all__ = [
    "BYTES_PER_ELEMENT",
    "FIELDS",
    "BlockSpec",
    "Choice",
    "CompareJob",
    "CountJob",
    "CounterpartSpec",
    "DType",
    "DenseBlockSpec",
    "DeviceJob",
    "Domain",
    "Drawing",
    "FieldInfo",
    "Flag",
    "Image",
    "InputSpec",
    "Job",
    "MapsJob",
    "Match",
    "Matrix",
    "Mode",
    "Order",
    "Pattern",
    "ResidualSpec",
    "RunSpec",
    "Selection",
    "SpecError",
    "Study",
    "TimeJob",
    "Unit",
    "Upload",
    "Validated",
    "ViewSpec",
    "WeightsJob",
    "Whole",
    "reference_block",
    "reference_text",
    "selection",
    "shown",
]
