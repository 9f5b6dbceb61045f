"""What came out of a Study: plain numbers that travel with unit, convention and origin.

Two halves meet here. :class:`BlockTheory` holds the closed forms of one block,
:class:`BlockMeasurement` what a worker counted on the live module. ``reconciled``
sets them side by side as :class:`Quantity`; where two origins exist they are
compared and a difference is kept, never hidden.

Everything is builtins inside dataclasses, so that a result crosses the worker's
edge without torch (:func:`to_builtins`, :func:`from_builtins`).
"""

from explorer.findings.codec import from_builtins, to_builtins
from explorer.findings.gradients import Beside, Cut, Gradients, GradientsFindings, StackFindings, StackRun, Trained
from explorer.findings.heat import HeatMap
from explorer.findings.inspection import (
    FeatureMap,
    LayerStep,
    LayerView,
    MapGroup,
    Op,
    ReadWeights,
    SourceWeights,
    Values,
)
from explorer.findings.lesson import Answer, Check, Column
from explorer.findings.lives import PURPOSES, Life, Plan, PlanRow, Purpose, StepTrack
from explorer.findings.measurement import (
    GRADIENTS,
    INPUT,
    OWN,
    BlockMeasurement,
    Comparison,
    CompiledStep,
    Device,
    ImplementationStep,
    Join,
    ModuleRow,
    Problem,
    ProblemWords,
    Timeline,
    TimeMeasurement,
    Timing,
)
from explorer.findings.memory import MemoryFindings
from explorer.findings.network import (
    NetworkCounts,
    NetworkFindings,
    NetworksFindings,
    NetworkTheory,
    StageLayer,
    StageTheory,
)
from explorer.findings.own import OwnBlock
from explorer.findings.quantity import Origin, Quantity
from explorer.findings.theory import BlockTheory, Counterpart, LayerTheory, Part, StudyTheory
from explorer.findings.together import CONVENTIONS, BlockFindings, Findings, Role, reconciled
from explorer.findings.traced import Concatenation, Maker, Slice, Source, Trace

__all__ = [
    "CONVENTIONS",
    "GRADIENTS",
    "INPUT",
    "OWN",
    "PURPOSES",
    "Answer",
    "Beside",
    "BlockFindings",
    "BlockMeasurement",
    "BlockTheory",
    "Check",
    "Column",
    "Comparison",
    "CompiledStep",
    "Concatenation",
    "Counterpart",
    "Cut",
    "Device",
    "FeatureMap",
    "Findings",
    "Gradients",
    "GradientsFindings",
    "HeatMap",
    "ImplementationStep",
    "Join",
    "LayerStep",
    "LayerTheory",
    "LayerView",
    "Life",
    "Maker",
    "MapGroup",
    "MemoryFindings",
    "ModuleRow",
    "NetworkCounts",
    "NetworkFindings",
    "NetworkTheory",
    "NetworksFindings",
    "Op",
    "Origin",
    "OwnBlock",
    "Part",
    "Plan",
    "PlanRow",
    "Problem",
    "ProblemWords",
    "Purpose",
    "Quantity",
    "ReadWeights",
    "Role",
    "Slice",
    "Source",
    "SourceWeights",
    "StackFindings",
    "StackRun",
    "StageLayer",
    "StageTheory",
    "StepTrack",
    "StudyTheory",
    "TimeMeasurement",
    "Timeline",
    "Timing",
    "Trace",
    "Trained",
    "Values",
    "from_builtins",
    "reconciled",
    "to_builtins",
]
