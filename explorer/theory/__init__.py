"""Closed forms: what can be said of a Study before anything has run.

Symbols throughout, as in Huang et al. 2017 (arXiv 1608.06993) where it has them:

- c₀ channels that enter the block, k growth rate, L Bottlenecks, b factor of the 1×1 convolution;
- cᵢ = c₀ + i·k channels that Bottleneck i + 1 reads, C = c₀ + L·k, S = c₀ + … + c_{L−1};
- N images of H×W in the batch, e bytes per element, A = N·H·W·e bytes of one channel;
- for residual units c channels in, w inside, C out.
"""

from explorer.theory.bottleneck import OneByOne, one_by_one, pays_from, without_bottleneck
from explorer.theory.closed_forms import block_theory, convolutions_3x3
from explorer.theory.formulas import Formula, formulas
from explorer.theory.held import HeldForm, held_forms
from explorer.theory.implementations import inference_peak_bytes, kept_bytes
from explorer.theory.match import counterpart, second_counterpart, study_theory
from explorer.theory.network import network_theory
from explorer.theory.optimiser import optimiser_bytes
from explorer.theory.published import PUBLISHED
from explorer.theory.stacks import MOST_STACK_MACS, matched_stack, mismatch, stack_macs, stack_parameters, stacks_of

__all__ = [
    "MOST_STACK_MACS",
    "PUBLISHED",
    "Formula",
    "HeldForm",
    "OneByOne",
    "block_theory",
    "convolutions_3x3",
    "counterpart",
    "formulas",
    "held_forms",
    "inference_peak_bytes",
    "kept_bytes",
    "matched_stack",
    "mismatch",
    "network_theory",
    "one_by_one",
    "optimiser_bytes",
    "pays_from",
    "second_counterpart",
    "stack_macs",
    "stack_parameters",
    "stacks_of",
    "study_theory",
    "without_bottleneck",
]
