"""Files of a network's weights: how large one may be, and where the published ones lie."""

from __future__ import annotations

from explorer.spec.network import NETWORKS, DenseNetSpec

#: Name → torchvision's file (weights IMAGENET1K_V1), whose name ends with the beginning of its SHA-256.
PUBLISHED_WEIGHTS = {
    "densenet121": "https://download.pytorch.org/models/densenet121-a639ec97.pth",
    "densenet161": "https://download.pytorch.org/models/densenet161-8d451a50.pth",
    "densenet169": "https://download.pytorch.org/models/densenet169-b2777c0a.pth",
    "densenet201": "https://download.pytorch.org/models/densenet201-c1103571.pth",
}
_TIMES, _BESIDE = 3, 4 << 20  # in float64 it is twice as large; names and padding are a few hundred bytes a tensor


def most_weight_bytes(parameters: int) -> int:
    """Bytes of the largest file of weights that is read for a network of so many ``parameters``."""
    return _TIMES * 4 * parameters + _BESIDE


def published_weights(spec: DenseNetSpec) -> str | None:
    """The address of the published weights of ``spec``; None where there are none."""
    return next((url for name, url in PUBLISHED_WEIGHTS.items() if NETWORKS[name] == spec), None)
